//! Lines from a thread of its own, since reading blocks. The thread reads the next line when it is asked for one, so
//! that a prompt appears behind the answer.

use std::{
    io::{self, BufRead},
    sync::mpsc::Sender,
    thread,
};

use tokio::sync::mpsc;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whatever the person wants to say.
    Message,
    /// A value.
    Value {
        question: String,
        /// What can be answered; empty: anything.
        choices: Vec<String>,
    },
}

/// Lines that somebody types.
#[derive(Debug)]
pub struct Lines {
    asked: Sender<Asked>,
    lines: mpsc::UnboundedReceiver<Option<String>>,
    /// A person sees what is asked.
    pub(super) is_interactive: bool,
}

impl Lines {
    /// Lines that `read` returns; it returns none where nothing more is said.
    pub(super) fn from(
        is_interactive: bool,
        mut read: impl FnMut(Asked) -> Option<String> + Send + 'static,
    ) -> Lines {
        let (asked, questions) = std::sync::mpsc::channel();
        let (typed, lines) = mpsc::unbounded_channel();
        thread::spawn(move || {
            while let Ok(question) = questions.recv() {
                if typed.send(read(question)).is_err() {
                    return;
                }
            }
        });
        Lines { asked, lines, is_interactive }
    }

    /// The next line; none at the end of the input, and where a question is not answered.
    pub(super) async fn next(&mut self, asked: Asked) -> Option<String> {
        self.asked.send(asked).ok()?;
        self.lines.recv().await?
    }
}

/// The lines of standard input.
pub fn pipe() -> Lines {
    Lines::from(false, |_| {
        let mut line = Vec::new();
        let length = io::stdin().lock().read_until(b'\n', &mut line).ok()?;
        (length > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    })
}
