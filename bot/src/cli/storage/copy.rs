//! `storage copy`.

use super::{
    Failure,
    place::{Place, Target},
    show::{self, Progress},
};
use crate::transfer::{Carrier, Walk, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    from: Place,

    #[command(flatten)]
    to: Target,

    #[command(flatten)]
    writing: Writing,
}

/// How values are written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Writing {
    /// Replace values that differ. Without it they stay, and are listed.
    #[arg(long)]
    pub overwrite: bool,

    /// Only say what would be written.
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let Options { from, to, writing: Writing { overwrite, dry_run } } = options;
    let (source, target) = (from.locate()?, to.locate(&from)?);
    if source.storage == target.storage {
        return Err(Failure::SameStorage);
    }
    let (from, to) = (source.open().await?, target.open().await?);
    show::say(format_args!("From {}\nto {}", source.shown(), target.shown()));
    let (from, target) = (&*from.storage, &*to.storage);
    let carrier = Carrier { target, overwrite, dry_run };
    let carried = {
        let progress = Progress::start("copying", None);
        carrier.carry(&mut Walk::start(from, None).await?, || progress.seen()).await?
    };
    if dry_run {
        return show::outcome(&carried, None, 0);
    }
    let progress = Progress::start("reading back", Some(carried.total()));
    let verified = verify(target, &mut Walk::start(from, None).await?, &carried, || progress.seen()).await?;
    drop(progress);
    show::outcome(&carried, Some(verified), 0)
}
