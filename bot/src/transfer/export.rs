//! From a storage into a file. An interrupted export goes on where it was; in the end the storage is read once more, so
//! that a value which changed meanwhile is told.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

use super::{
    lines::{FormatError, Header, Reader, Trailer, Writer},
    record::Digest,
    walk::Walk,
};
use crate::storage::{Storage, StorageError};

/// Why there is no complete file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot write the file: {0}")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("the file is of bot \"{found}\", not of \"{wanted}\": name another file")]
    OtherBot { found: String, wanted: String },
}

/// A file that was written to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    pub trailer: Trailer,
    /// The lasting values that the storage held when it was read once more.
    pub read_back: Digest,
    /// Those that the file holds.
    pub written: Digest,
}

/// Where an interrupted export goes on.
#[derive(Debug)]
pub struct Resume {
    file: File,
    digest: Digest,
    content: Digest,
    last: Option<(String, String)>,
    /// The file was complete already.
    pub is_complete: bool,
}

/// Finds out how far an interrupted export came, and cuts off a half line. The file stays open for [`Resume::export`].
///
/// # Errors
/// [`ExportError`] when the file is no export of this bot, or a damaged one.
pub fn resume(path: &Path, header: &Header) -> Result<Resume, ExportError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut reader = Reader::open(BufReader::new(&file))?;
    if reader.header.bot != header.bot || reader.header.prefix != header.prefix {
        let name = |header: &Header| header.prefix.clone().unwrap_or_else(|| header.bot.clone());
        return Err(ExportError::OtherBot { found: name(&reader.header), wanted: name(header) });
    }
    let mut content = Digest::default();
    let is_complete = loop {
        match reader.read() {
            Ok(Some(record)) => content.add_lasting(&record),
            Ok(None) => break true,
            Err(FormatError::CutOff) => break false,
            Err(error) => return Err(error.into()),
        }
    };
    let (digest, last, good) = (reader.digest().clone(), reader.last().cloned(), reader.good_bytes());
    drop(reader);
    if !is_complete {
        file.set_len(good)?;
        file.seek(SeekFrom::End(0))?;
    }
    Ok(Resume { file, digest, content, last, is_complete })
}

impl Resume {
    /// Values that the file holds already.
    pub fn values(&self) -> u64 {
        self.digest.values
    }

    /// Writes what is missing; `seen` is told of each value.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(self, storage: &dyn Storage, seen: impl Fn()) -> Result<Exported, ExportError> {
        let Resume { file, digest, content, last, is_complete } = self;
        if is_complete {
            let trailer = Trailer { values: digest.values, sha256: digest.sha256() };
            return Ok(Exported { trailer, read_back: content_of(storage, seen).await?, written: content });
        }
        let writer = Writer::go_on(BufWriter::new(file), digest);
        let (exported, out) = write(storage, writer, content, last.as_ref(), seen).await?;
        out.get_ref().sync_all()?;
        Ok(exported)
    }
}

/// Writes a whole file to `out`; `seen` is told of each value.
///
/// # Errors
/// [`ExportError`].
pub async fn export<W: Write>(
    storage: &dyn Storage,
    header: &Header,
    out: W,
    seen: impl Fn(),
) -> Result<(Exported, W), ExportError> {
    let writer = Writer::start(out, header)?;
    write(storage, writer, Digest::default(), None, seen).await
}

async fn write<W: Write>(
    storage: &dyn Storage,
    mut writer: Writer<W>,
    mut content: Digest,
    after: Option<&(String, String)>,
    seen: impl Fn(),
) -> Result<(Exported, W), ExportError> {
    let mut walk = Walk::start(storage, after).await?;
    while let Some(record) = walk.step().await? {
        writer.write(&record)?;
        content.add_lasting(&record);
        seen();
    }
    let (trailer, out) = writer.finish()?;
    let read_back = content_of(storage, || {}).await?;
    Ok((Exported { trailer, read_back, written: content }, out))
}

/// Count and hash of the lasting values that a storage holds.
async fn content_of(storage: &dyn Storage, seen: impl Fn()) -> Result<Digest, StorageError> {
    let mut digest = Digest::default();
    let mut walk = Walk::start(storage, None).await?;
    while let Some(record) = walk.step().await? {
        digest.add_lasting(&record);
        seen();
    }
    Ok(digest)
}
