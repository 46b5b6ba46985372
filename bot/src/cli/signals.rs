//! SIGTERM and SIGINT: the first asks for an orderly end, the second for an end.

use std::{io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit status after a second signal, as a shell has it for SIGINT.
const ABORTED: i32 = 130;

pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from the system.
    pub(super) fn listen() -> io::Result<Signals> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Signals { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns at the next signal, with its name.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Ends the process at the next signal.
    pub(super) async fn abort(mut self) {
        let signal = self.next().await;
        tracing::warn!(signal, "aborted by a second signal");
        process::exit(ABORTED);
    }
}
