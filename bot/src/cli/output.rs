//! What the program says to the person at its terminal, besides the log, without secrets.

use std::io::{self, IsTerminal, Write};

use super::manifests::Diagnostic;
use crate::mask;

/// Says what went wrong. Nobody is left to tell if that fails.
pub(super) fn error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {}", mask::current().apply(message));
}

/// Shows problems on standard error.
pub(super) fn problems(diagnostics: &[Diagnostic]) {
    let styled = io::stderr().is_terminal();
    for diagnostic in diagnostics {
        let _ = writeln!(io::stderr(), "{}\n", mask::current().apply(&diagnostic.render(styled)));
    }
}

/// Prints what was asked for on standard output.
pub(super) fn text(text: &str) {
    let _ = write!(io::stdout(), "{}", mask::current().apply(text));
}
