//! `storage export`.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    Failure,
    place::{Located, Place},
    show::{self, Progress},
};
use crate::{
    storage::Storage,
    transfer::{self, ExportError, Exported},
};

/// Only who exported may read the values.
const MODE: u32 = 0o600;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    from: Place,

    /// The file to write. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Go on with an export into FILE that was interrupted.
    #[arg(long, requires = "output")]
    resume: bool,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let located = options.from.locate()?;
    let kept = located.open().await?;
    let storage = &*kept.storage;
    let exported = match &options.output {
        None => to_standard_output(storage, &located).await.map_err(Failure::Output)?,
        Some(path) => to_file(storage, &located, path, options.resume).await?,
    };
    let Exported { trailer, read_back, written } = exported;
    if read_back != written {
        let (written, now) = (written.values, read_back.values);
        return Err(Failure::Changed { written, now, hint: located.suspend() });
    }
    let summary = format!("Exported {}, sha256 {}", show::values(trailer.values), trailer.sha256);
    // Standard output may be the file.
    let _ = writeln!(io::stderr(), "{summary}");
    Ok(())
}

async fn to_standard_output(storage: &dyn Storage, located: &Located) -> Result<Exported, ExportError> {
    let progress = Progress::start("exporting", None);
    let out = BufWriter::new(io::stdout());
    let (exported, _) = transfer::export(storage, &located.header(), out, || progress.seen()).await?;
    Ok(exported)
}

async fn to_file(
    storage: &dyn Storage,
    located: &Located,
    path: &Path,
    resume: bool,
) -> Result<Exported, Failure> {
    let failed = |error| Failure::Export { path: path.to_owned(), error };
    let progress = Progress::start("exporting", None);
    match create(path) {
        Ok(file) => {
            let (header, out) = (located.header(), BufWriter::new(file));
            let exported = transfer::export(storage, &header, out, || progress.seen()).await;
            let (exported, out) = exported.map_err(failed)?;
            out.get_ref().sync_all().map_err(|error| failed(error.into()))?;
            Ok(exported)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && resume => {
            let resumed = transfer::resume(path, &located.header()).map_err(failed)?;
            let (values, is_complete) = (show::values(resumed.values()), resumed.is_complete);
            let state = if is_complete { "is complete" } else { "is continued" };
            let _ = writeln!(io::stderr(), "{} holds {values} already and {state}", path.display());
            resumed.export(storage, || progress.seen()).await.map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::Exists(path.to_owned())),
        Err(error) => Err(failed(error.into())),
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}
