//! What the commands say: a bar while they work, at the end what became of the values.

use std::{
    fmt,
    io::{self, Write},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use crate::transfer::{Carried, Digest, Item};

/// Redraws a second.
const REDRAWS: u8 = 5;

/// A bar on standard error if that is a terminal, otherwise nothing.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar for `what`; it has an end where `total` is known.
    pub(super) fn start(what: &'static str, total: Option<u64>) -> Progress {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(REDRAWS));
        let template = match total {
            Some(_) => "{msg} {wide_bar} {pos}/{len} values, {eta} left",
            None => "{spinner} {msg} {pos} values, {per_sec}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress(bar.with_style(style).with_message(what))
    }

    /// One value more.
    pub(super) fn seen(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Says a line on standard output. Who closes the pipe has seen enough.
pub(super) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Lists `items` under a heading, if there are some.
pub(super) fn list(heading: &str, items: &[Item]) {
    if items.is_empty() {
        return;
    }
    say(format_args!("{heading} ({}):", items.len()));
    for Item { plugin, key, reason } in items {
        say(format_args!("  {plugin} {key:?}: {reason}"));
    }
}

/// `1 value`, `2 values`.
pub(super) fn values(count: u64) -> String {
    match count {
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    }
}

/// `1 value was`, `2 values were`.
fn values_were(count: u64) -> String {
    format!("{} {}", values(count), if count == 1 { "was" } else { "were" })
}

/// `1 value is`, `2 values are`.
pub(super) fn values_are(count: u64) -> String {
    format!("{} {}", values(count), if count == 1 { "is" } else { "are" })
}

/// Says what became of the values.
///
/// # Errors
/// [`Failure`] when one is not in the storage, or not as it should be. `lost` are those that were none from the start.
pub(super) fn outcome(
    carried: &Carried,
    verified: Option<(Digest, Vec<Item>)>,
    lost: u64,
) -> Result<(), Failure> {
    list("Another value is there, and stays; --overwrite replaces it", &carried.conflicts);
    list("Refused by the storage", &carried.refused);
    let Carried { written, replaced, same, .. } = carried;
    let replaced =
        if *replaced == 0 { String::new() } else { format!(", {replaced} of them in place of others") };
    let Some((digest, wrong)) = verified else {
        say(format_args!("Dry run: {} would be written{replaced}, {same} there already.", values(*written)));
        return not_carried(carried, lost);
    };
    say(format_args!("{} written{replaced}, {same} there already.", values_were(*written)));
    if !wrong.is_empty() {
        list("Not as it was written", &wrong);
        return Err(Failure::NotVerified(values(wrong.len() as u64)));
    }
    say(format_args!("Read back: {}, sha256 {}", values(digest.values), digest.sha256()));
    not_carried(carried, lost)
}

fn not_carried(carried: &Carried, lost: u64) -> Result<(), Failure> {
    match carried.not_carried().count() as u64 + lost {
        0 => Ok(()),
        count => Err(Failure::NotCarried(values_were(count))),
    }
}
