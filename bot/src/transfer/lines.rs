//! The file of an export: JSON lines. First a header, then one line a value in the order of plugins and keys, at last a
//! trailer with count and hash of the lines between. `sed '1d;$d' FILE | sha256sum` gives the same hash.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::record::{Digest, Record};

/// What the header says the file is.
const FORMAT: &str = "chatops-storage";

/// Version of the format.
const VERSION: u32 = 1;

/// Says whose values these are. No part of the hash: the same values of another bot have the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    /// Name of the ChatBot.
    pub bot: String,
    /// First part of the keys in Redis; absent for other storages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// Ends a complete file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    pub values: u64,
    pub sha256: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Record(Record),
    Trailer(Trailer),
}

/// A file is no export, or a damaged one.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    #[error("it is no export of chatops-bot: its first line is not the header of one")]
    NoHeader,
    #[error(
        "it has version {0} of the format, this program reads version {VERSION}: use a newer chatops-bot"
    )]
    Version(u32),
    #[error("line {line} is not a value: {error}")]
    Line { line: u64, error: serde_json::Error },
    #[error("line {0} is out of order: the file was changed by hand, or is two files in one")]
    Order(u64),
    #[error("it ends in the middle: the export was interrupted; go on with \"export --resume\"")]
    CutOff,
    #[error("there is something behind its end, in line {0}")]
    BehindEnd(u64),
    #[error("it holds {found} values and says that they are {expected}: it is damaged")]
    Count { expected: u64, found: u64 },
    #[error("its values are not those that were exported: the hash is {found}, the file says {expected}")]
    Hash { expected: String, found: String },
}

impl Header {
    pub fn new(bot: impl Into<String>, prefix: Option<String>) -> Header {
        Header { format: FORMAT.to_owned(), version: VERSION, bot: bot.into(), prefix }
    }
}

/// Writes a file.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    digest: Digest,
}

impl<W: Write> Writer<W> {
    /// Starts a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn start(mut out: W, header: &Header) -> io::Result<Writer<W>> {
        writeln!(out, "{}", serde_json::to_string(header)?)?;
        Ok(Writer { out, digest: Digest::default() })
    }

    /// Goes on with a file whose values so far are those of `digest`.
    pub fn go_on(out: W, digest: Digest) -> Writer<W> {
        Writer { out, digest }
    }

    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let line = record.line();
        writeln!(self.out, "{line}")?;
        self.digest.add(&line);
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<(Trailer, W)> {
        let trailer = Trailer { values: self.digest.values, sha256: self.digest.sha256() };
        writeln!(self.out, "{}", serde_json::to_string(&trailer)?)?;
        self.out.flush()?;
        Ok((trailer, self.out))
    }
}

/// Reads a file, and tells at its end whether it is complete and undamaged.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    pub header: Header,
    digest: Digest,
    last: Option<(String, String)>,
    /// Number of the line that was read last.
    line: u64,
    /// Bytes of the lines that were read and are good.
    good: u64,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn open(mut input: R) -> Result<Reader<R>, FormatError> {
        let mut first = Vec::new();
        input.read_until(b'\n', &mut first)?;
        let header: Header = serde_json::from_slice(&first).map_err(|_| FormatError::NoHeader)?;
        match header.version {
            _ if header.format != FORMAT || !first.ends_with(b"\n") => return Err(FormatError::NoHeader),
            VERSION => {}
            version => return Err(FormatError::Version(version)),
        }
        let good = first.len() as u64;
        Ok(Reader { input, header, digest: Digest::default(), last: None, line: 1, good, ended: false })
    }

    /// The next value; none behind the last one of a file that is complete and undamaged.
    ///
    /// # Errors
    /// [`FormatError`]. After [`FormatError::CutOff`] the reader stands behind the last complete line.
    pub fn read(&mut self) -> Result<Option<Record>, FormatError> {
        if self.ended {
            return Ok(None);
        }
        let mut text = Vec::new();
        self.input.read_until(b'\n', &mut text)?;
        if !text.ends_with(b"\n") {
            return Err(FormatError::CutOff);
        }
        self.line += 1;
        let line = serde_json::from_slice(&text).map_err(|error| self.malformed(&text, error))?;
        match line {
            Line::Record(record) => {
                let place = Some((record.plugin.clone(), record.key.clone()));
                if place <= self.last {
                    return Err(FormatError::Order(self.line));
                }
                self.last = place;
                self.digest.add(&record.line());
                self.good += text.len() as u64;
                Ok(Some(record))
            }
            Line::Trailer(trailer) => {
                self.end(&trailer)?;
                Ok(None)
            }
        }
    }

    /// The reason in terms of a value, which nearly all lines are.
    fn malformed(&self, text: &[u8], error: serde_json::Error) -> FormatError {
        let error = serde_json::from_slice::<Record>(text).err().unwrap_or(error);
        FormatError::Line { line: self.line, error }
    }

    fn end(&mut self, trailer: &Trailer) -> Result<(), FormatError> {
        let mut rest = Vec::new();
        self.input.read_until(b'\n', &mut rest)?;
        if !rest.is_empty() {
            return Err(FormatError::BehindEnd(self.line + 1));
        }
        let (found, hash) = (self.digest.values, self.digest.sha256());
        if trailer.values != found {
            return Err(FormatError::Count { expected: trailer.values, found });
        }
        if trailer.sha256 != hash {
            return Err(FormatError::Hash { expected: trailer.sha256.clone(), found: hash });
        }
        self.ended = true;
        Ok(())
    }

    /// The values so far.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Plugin and key of the last value so far.
    pub fn last(&self) -> Option<&(String, String)> {
        self.last.as_ref()
    }

    /// Bytes up to the end of the last value so far.
    pub fn good_bytes(&self) -> u64 {
        self.good
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(plugin: &str, key: &str, value: Value) -> Record {
        Record { plugin: plugin.into(), key: key.into(), value, ttl: None }
    }

    fn file(records: &[Record]) -> String {
        let mut writer = Writer::start(Vec::new(), &Header::new("ops", Some("prod/ops".into()))).unwrap();
        records.iter().for_each(|record| writer.write(record).unwrap());
        String::from_utf8(writer.finish().unwrap().1).unwrap()
    }

    fn read(file: &str) -> Result<Vec<Record>, FormatError> {
        let mut reader = Reader::open(file.as_bytes())?;
        let mut records = Vec::new();
        while let Some(record) = reader.read()? {
            records.push(record);
        }
        assert!(reader.read()?.is_none(), "the end stays the end");
        Ok(records)
    }

    fn two() -> [Record; 2] {
        [record("a", "k", json!({"x": [1, null]})), Record { ttl: Some(5), ..record("b", "", json!("é")) }]
    }

    #[test]
    fn a_file_is_header_values_and_trailer_and_its_hash_can_be_checked_by_hand() {
        let file = file(&two());
        let lines: Vec<_> = file.lines().collect();
        assert_eq!(lines[0], r#"{"format":"chatops-storage","version":1,"bot":"ops","prefix":"prod/ops"}"#);
        assert_eq!(lines[2], r#"{"plugin":"b","key":"","value":"é","ttl":5}"#);
        let mut digest = Digest::default();
        lines[1..3].iter().for_each(|line| digest.add(line));
        assert_eq!(lines[3], format!(r#"{{"values":2,"sha256":"{}"}}"#, digest.sha256()));
        assert_eq!(read(&file).unwrap(), two());
    }

    #[test]
    fn nothing_is_a_file_too() {
        assert_eq!(read(&file(&[])).unwrap(), []);
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_told() {
        let whole = file(&two());
        let header = whole.find('\n').unwrap();
        for length in (0..whole.len()).filter(|length| whole.is_char_boundary(*length)) {
            let outcome = read(&whole[..length]);
            match outcome {
                Err(FormatError::NoHeader) if length <= header => {}
                Err(FormatError::CutOff) if length > header => {}
                other => panic!("{length}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_was_changed_added_or_taken_away_is_told() {
        let whole = file(&two());
        let lines: Vec<_> = whole.lines().collect();
        let joined = |order: &[usize]| order.iter().map(|at| format!("{}\n", lines[*at])).collect::<String>();
        assert!(matches!(read(&whole.replace('é', "e")), Err(FormatError::Hash { .. })));
        assert!(matches!(read(&whole.replace(":5}", ":6}")), Err(FormatError::Hash { .. })));
        assert!(matches!(read(&joined(&[0, 1, 3])), Err(FormatError::Count { expected: 2, found: 1 })));
        assert!(matches!(read(&joined(&[0, 2, 1, 3])), Err(FormatError::Order(3))));
        assert!(matches!(read(&joined(&[0, 1, 1, 2, 3])), Err(FormatError::Order(3))));
        assert!(matches!(read(&joined(&[0, 1, 2, 3, 0])), Err(FormatError::BehindEnd(5))));
        assert!(matches!(read(&whole.replace("\"key\"", "\"kee\"")), Err(FormatError::Line { line: 2, .. })));
        assert!(matches!(read(&joined(&[1, 2, 3])), Err(FormatError::NoHeader)));
        assert!(matches!(read("not an export\n"), Err(FormatError::NoHeader)));
        let newer = whole.replace("\"version\":1", "\"version\":2");
        assert!(matches!(read(&newer), Err(FormatError::Version(2))));
    }
}
