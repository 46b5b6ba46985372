//! Lines from a thread of its own, since reading blocks. The thread reads the next line when it is asked for one, so
//! that a prompt appears behind the answer.

use std::{
    io::{self, BufRead},
    sync::mpsc::Sender,
    thread,
};

use tokio::sync::mpsc;

/// Lines that somebody types.
#[derive(Debug)]
pub struct Lines {
    wanted: Sender<()>,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Lines {
    /// Lines that `read` returns, until it returns none.
    pub(super) fn from(mut read: impl FnMut() -> Option<String> + Send + 'static) -> Lines {
        let (wanted, asked) = std::sync::mpsc::channel();
        let (typed, lines) = mpsc::unbounded_channel();
        thread::spawn(move || {
            while asked.recv().is_ok() {
                let Some(line) = read() else { return };
                if typed.send(line).is_err() {
                    return;
                }
            }
        });
        Lines { wanted, lines }
    }

    /// The next line; none at the end of the input.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.wanted.send(()).ok()?;
        self.lines.recv().await
    }
}

/// The lines of standard input.
pub fn pipe() -> Lines {
    Lines::from(|| {
        let mut line = Vec::new();
        let length = io::stdin().lock().read_until(b'\n', &mut line).ok()?;
        (length > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    })
}
