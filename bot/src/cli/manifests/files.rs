//! From the paths on the command line to the texts of files, and noticing that one changed.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// What files in a folder must end with to be read, as for kubectl.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A file's name as people see it, and its text. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its place among the files.
    pub index: usize,
    pub name: Arc<str>,
    pub text: Arc<str>,
}

/// A path that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {error}", path = .path.display())]
pub struct ReadError {
    path: PathBuf,
    error: io::Error,
}

/// What tells one state of a file from another without reading it: device, inode, size and time of the last change
/// in nanoseconds. A file that is swapped through a link has another inode.
pub type Stamp = (u64, u64, u64, i128);

/// Reads all files.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<SourceFile>, ReadError> {
    let mut files = Vec::new();
    for path in paths {
        for path in expand(path)? {
            let (name, text) = if is_stdin(&path) {
                ("stdin".into(), stdin(&path)?)
            } else {
                let text =
                    fs::read_to_string(&path).map_err(|error| ReadError { path: path.clone(), error })?;
                (path.display().to_string().into(), text.into())
            };
            files.push(SourceFile { index: files.len(), name, text });
        }
    }
    Ok(files)
}

/// The stamps of all files there are now, in a stable order.
pub fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    let files = paths.iter().flat_map(|path| expand(path).unwrap_or_default());
    files.filter(|path| !is_stdin(path)).map(|path| fs::metadata(path).ok().map(|m| stamp(&m))).collect()
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    (metadata.dev(), metadata.ino(), metadata.size(), nanoseconds)
}

/// The files of a folder in the order of their names, or the path itself.
fn expand(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    if is_stdin(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error| ReadError { path: path.to_owned(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let is_wanted = file.extension().is_some_and(|ending| ENDINGS.iter().any(|e| ending == *e));
        if is_wanted && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input can be read once: a reload sees the same text.
fn stdin(path: &Path) -> Result<Arc<str>, ReadError> {
    static TEXT: OnceLock<Arc<str>> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(text.clone());
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| ReadError { path: path.to_owned(), error })?;
    Ok(TEXT.get_or_init(|| text.into()).clone())
}
