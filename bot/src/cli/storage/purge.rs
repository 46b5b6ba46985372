//! `storage purge` and `storage release`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{
    Failure,
    place::{Located, Place},
    show::{self, Progress},
};
use crate::transfer;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    of: Place,

    /// Remove the values without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,

    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Release {
    #[command(flatten)]
    of: Place,

    /// Only say which keys would be given up.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let located = options.of.locate()?;
    let kept = located.open().await?;
    let storage = &*kept.storage;
    let counts = {
        let progress = Progress::start("counting", None);
        transfer::count(storage, || progress.seen()).await?
    };
    let total: u64 = counts.values().sum();
    show::say(located.shown());
    for (plugin, count) in &counts {
        show::say(format_args!("  {plugin}: {}", show::values(*count)));
    }
    if options.dry_run {
        show::say(format_args!("Dry run: {} would be removed.", show::values(total)));
        return Ok(());
    }
    if !options.yes && !is_confirmed(&located, total) {
        return Err(Failure::NotConfirmed);
    }
    let removed: u64 = {
        let progress = Progress::start("removing", Some(total));
        transfer::purge(storage, || progress.seen()).await?.values().sum()
    };
    let left: u64 = transfer::count(storage, || {}).await?.values().sum();
    if left > 0 {
        return Err(Failure::NotPurged(show::values_are(left), located.suspend()));
    }
    show::say(format_args!("{} removed, none is left.", show::values(removed)));
    Ok(())
}

/// Somebody at a terminal types the name of the bot.
fn is_confirmed(located: &Located, total: u64) -> bool {
    let (stdin, mut stderr) = (io::stdin(), io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return false;
    }
    let question = format!("To remove {} for good, type the name \"{}\": ", show::values(total), located.bot);
    let mut typed = String::new();
    let asked = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    let answered = asked.and_then(|()| stdin.lock().read_line(&mut typed));
    answered.is_ok() && typed.trim() == located.bot
}

pub(super) async fn release(options: Release) -> Result<(), Failure> {
    let located = options.of.locate()?;
    let kept = located.open().await?;
    if options.dry_run {
        show::say(format_args!("Dry run: would give up {}.", located.shown()));
        return Ok(());
    }
    kept.storage.release().await?;
    show::say(format_args!("Given up: {}. The next bot that uses them takes them.", located.shown()));
    Ok(())
}
