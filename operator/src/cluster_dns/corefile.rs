//! Our server block in a Corefile: put in, replaced, taken out. Pure; every byte that is not ours stays.
//!
//! The block stands between two comment lines at the very start of the file. There it needs nothing of what follows it
//! (no final line break, no end of a comment), so that taking it out leaves the file byte for byte as it was; and which
//! block comes first makes no difference to CoreDNS, which takes the longest zone that matches. A file that cannot be
//! told apart is refused, never guessed at: a wrong brace would take the cluster's DNS away.

mod blocks;
mod lexer;

use std::ops::Range;

use blocks::Blocks;
use lexer::{BOM, Comment, lex};

use super::stub_zones::{DNS_PORT, StubZones};

/// Nothing in it that means something between a shell's double quotes.
const BEGIN: &str = "# BEGIN chatops-operator: do not edit up to END; chatops-operator dns undo takes it out";
const END: &str = "# END chatops-operator";

/// How both lines are recognised, whatever else a later version writes on them.
const BEGIN_WORDS: &str = "# BEGIN chatops-operator";
const END_WORDS: &str = "# END chatops-operator";

/// Seconds an answer is kept: what kubeadm's Corefile has for all other names.
const CACHE_SECONDS: u32 = 30;

/// Why a Corefile is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("line {line}: braces do not match, or stand where CoreDNS does not take them")]
    Unbalanced { line: usize },
    #[error("line {line}: a quote is not closed")]
    Quote { line: usize },
    #[error(
        "the server block \"{0}\" has no braces, so that no other block can be added: put braces around it"
    )]
    NoBraces(String),
    #[error(
        "the server block \"{0}\" takes its zone from an environment variable, so that it cannot be told what it serves"
    )]
    Environment(String),
    #[error(
        "the server block \"{0}\" uses the plugin bind, so that a block beside it has to name the same addresses"
    )]
    Bind(String),
    #[error("the lines \"{BEGIN_WORDS}\" and \"{END_WORDS}\" do not match: delete the one that is left over")]
    Markers,
    #[error("the server block \"{0}\" already serves that zone")]
    Taken(String),
}

/// What a Corefile says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// CoreDNS takes up changes without a restart.
    pub reloads: bool,
    /// Files imported outside of blocks, e.g. `custom/*.server`.
    pub imports: Vec<String>,
    /// On which pods ask.
    pub port: u16,
}

/// # Errors
/// When the file cannot be told apart.
pub fn read(text: &str) -> Result<Read, Error> {
    let Blocks { reloads, imports, .. } = &Blocks::parse(&lex(text))?;
    let port = Blocks::parse(&lex(&undo(text)?))?.port();
    Ok(Read { reloads: *reloads, imports: imports.clone(), port })
}

/// The file with our block for `stub`, in place of any former one.
///
/// # Errors
/// When the file cannot be told apart, or a block of somebody else serves one of the zones.
pub fn apply(text: &str, stub: &StubZones) -> Result<String, Error> {
    let theirs = undo(text)?;
    let blocks = Blocks::parse(&lex(&theirs))?;
    let port = blocks.port();
    free(&blocks, stub, port)?;
    let beside = blocks.servers.iter().find(|server| {
        server.keys.iter().any(|key| key.port == Some(port)) && server.directives.iter().any(|d| d == "bind")
    });
    if let Some(server) = beside {
        return Err(Error::Bind(
            server.keys.iter().map(|key| key.text.as_str()).collect::<Vec<_>>().join(" "),
        ));
    }
    let block = block(stub, port, if theirs.contains("\r\n") { "\r\n" } else { "\n" });
    if stands(text, &block, &blocks)? {
        return Ok(text.to_owned());
    }
    let (mark, rest) = match theirs.strip_prefix(BOM) {
        Some(rest) => (BOM.to_string(), rest),
        None => (String::new(), theirs.as_str()),
    };
    Ok(mark + &block + rest)
}

/// Whether `block` is there, and is a server block beside `theirs`: somebody may have written something before it.
fn stands(text: &str, block: &str, theirs: &Blocks) -> Result<bool, Error> {
    let [one] = &ours(text)?[..] else { return Ok(false) };
    let is_equal = text[one.clone()].lines().eq(block.lines());
    let beside = |all: Blocks| all.servers.len() == theirs.servers.len() + 1;
    Ok(is_equal && Blocks::parse(&lex(text)).is_ok_and(beside))
}

/// The file without our block; unchanged if there is none.
///
/// # Errors
/// When only one of the two lines around it is there.
pub fn undo(text: &str) -> Result<String, Error> {
    let mut theirs = text.to_owned();
    for ours in ours(text)?.into_iter().rev() {
        theirs.replace_range(ours, "");
    }
    Ok(theirs)
}

/// Whether no block of `text`, imported beside a Corefile, serves one of the zones.
///
/// # Errors
/// When one does, or the text cannot be told apart.
pub fn leaves_free(text: &str, stub: &StubZones, port: u16) -> Result<(), Error> {
    free(&Blocks::parse(&lex(&undo(text)?))?, stub, port)
}

/// The whole content of a file of our own, imported beside a Corefile whose pods ask on `port`.
pub fn own_file(stub: &StubZones, port: u16) -> String {
    block(stub, port, "\n")
}

/// Whether `text` is such a file, of any zones.
pub fn is_own_file(text: &str) -> bool {
    matches!(undo(text), Ok(rest) if rest.trim().is_empty() && rest.len() < text.len())
}

fn free(blocks: &Blocks, stub: &StubZones, port: u16) -> Result<(), Error> {
    let serving = |zone: &str| blocks.servers.iter().find_map(|server| server.serving(zone, port));
    match stub.zones.iter().find_map(|zone| serving(zone.as_str())) {
        Some(key) => Err(Error::Taken(key.text.clone())),
        None => Ok(()),
    }
}

fn block(stub: &StubZones, port: u16, newline: &str) -> String {
    let keys: Vec<String> = stub.zones.iter().map(|zone| format!("{zone}:{port}")).collect();
    let lines = [
        BEGIN.into(),
        format!("{} {{", keys.join(" ")),
        "    errors".into(),
        format!("    cache {CACHE_SECONDS}"),
        format!("    forward . {}", stub.upstream_list(" ")),
        "}".into(),
        END.into(),
        String::new(),
    ];
    lines.join(newline)
}

/// The bytes of each of our blocks, with both lines around it.
fn ours(text: &str) -> Result<Vec<Range<usize>>, Error> {
    let lexed = lex(text);
    let (mut found, mut begun) = (Vec::new(), None::<usize>);
    for Comment { text: comment, line_start, line_end } in lexed.comments {
        // A byte order mark on the same line is not ours.
        let start = if line_start == 0 && text.starts_with(BOM) { BOM.len_utf8() } else { line_start };
        match begun {
            None if comment.starts_with(BEGIN_WORDS) => begun = Some(start),
            Some(begin) if comment.starts_with(END_WORDS) => {
                found.push(begin..line_end);
                begun = None;
            }
            _ if comment.starts_with(BEGIN_WORDS) || comment.starts_with(END_WORDS) => {
                return Err(Error::Markers);
            }
            _ => {}
        }
    }
    if begun.is_some() { Err(Error::Markers) } else { Ok(found) }
}

/// Port on which a file of our own serves where the Corefile beside it cannot be read.
pub const USUAL_PORT: u16 = DNS_PORT;

#[cfg(test)]
mod tests;
