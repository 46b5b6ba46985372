//! `storage import`: from an export, or, in `errbot.rs`, from Errbot's Redis.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueEnum;
use futures::future::BoxFuture;

use super::{
    Failure,
    copy::Writing,
    errbot,
    place::Place,
    show::{self, Progress},
};
use crate::transfer::{Carrier, Header, Reader, Record, Records, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    to: Place,

    /// The file that "storage export" wrote; - is standard input, which is kept in memory.
    #[arg(value_name = "FILE", required_unless_present = "from", conflicts_with = "from")]
    file: Option<PathBuf>,

    /// Whose data to read, if not an export.
    #[arg(long, value_enum, requires = "redis")]
    from: Option<Foreign>,

    #[command(flatten)]
    errbot: errbot::FromErrbot,

    #[command(flatten)]
    writing: Writing,
}

/// A bot whose data can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Foreign {
    /// Errbot with the plugin err-storage-redis.
    Errbot,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let Options { to, file, from, errbot, writing } = options;
    match (from, file) {
        (Some(Foreign::Errbot), _) => errbot::run(&to, &errbot, writing).await,
        (None, Some(file)) => from_file(&to, &file, writing).await,
        // The parser requires one of them.
        (None, None) => Ok(()),
    }
}

async fn from_file(to: &Place, path: &Path, writing: Writing) -> Result<(), Failure> {
    let export = Export::new(path)?;
    // A damaged file is found out before anything is written.
    let (header, values) = export.check()?;
    let located = to.locate_or_make()?;
    let kept = located.open().await?;
    let storage = &*kept.storage;
    let bot = &header.bot;
    show::say(format_args!(
        "{}: {} of bot \"{bot}\"\nto {}",
        export.path.display(),
        show::values(values),
        located.shown()
    ));
    let Writing { overwrite, dry_run } = writing;
    let carrier = Carrier { target: storage, overwrite, dry_run };
    let carried = {
        let progress = Progress::start("importing", Some(values));
        carrier.carry(&mut export.lines()?, || progress.seen()).await?
    };
    if dry_run {
        return show::outcome(&carried, None, 0);
    }
    let progress = Progress::start("reading back", Some(values));
    let verified = verify(storage, &mut export.lines()?, &carried, || progress.seen()).await?;
    drop(progress);
    show::outcome(&carried, Some(verified), 0)
}

/// What was exported. It is read several times.
struct Export {
    path: PathBuf,
    /// All of it, if it came through a pipe.
    piped: Option<Arc<[u8]>>,
}

impl Export {
    fn new(path: &Path) -> Result<Export, Failure> {
        if path != Path::new("-") {
            return Ok(Export { path: path.to_owned(), piped: None });
        }
        let (path, mut bytes) = (PathBuf::from("standard input"), Vec::new());
        match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => Ok(Export { path, piped: Some(bytes.into()) }),
            Err(error) => Err(Failure::File { path, error: error.into() }),
        }
    }

    fn check(&self) -> Result<(Header, u64), Failure> {
        let progress = Progress::start("checking the file", None);
        let mut lines = self.lines()?;
        while lines.step()?.is_some() {
            progress.seen();
        }
        let values = lines.reader.digest().values;
        Ok((lines.reader.header, values))
    }

    fn lines(&self) -> Result<Lines, Failure> {
        let failed = |error| Failure::File { path: self.path.clone(), error };
        let text: Box<dyn BufRead + Send> = match &self.piped {
            Some(bytes) => Box::new(Cursor::new(bytes.clone())),
            None => Box::new(BufReader::new(File::open(&self.path).map_err(|error| failed(error.into()))?)),
        };
        let reader = Reader::open(text).map_err(failed)?;
        Ok(Lines { path: self.path.clone(), reader })
    }
}

/// The values of an export.
struct Lines {
    path: PathBuf,
    reader: Reader<Box<dyn BufRead + Send>>,
}

impl Lines {
    fn step(&mut self) -> Result<Option<Record>, Failure> {
        self.reader.read().map_err(|error| Failure::File { path: self.path.clone(), error })
    }
}

impl Records for Lines {
    type Error = Failure;

    fn next(&mut self) -> BoxFuture<'_, Result<Option<Record>, Failure>> {
        Box::pin(async { self.step() })
    }
}
