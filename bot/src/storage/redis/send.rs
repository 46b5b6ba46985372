//! Sending a command and waiting for its answer, also while a cluster moves the bot's keys or a failover is under way:
//! a command that a server refused for such a reason was not run, and is sent again.

use std::time::Duration;

use ::redis::{Cmd, ErrorKind, RedisError, RedisResult, Value as Answer, cmd, pipe};
use chatops_crds::chat_bot::storage::Topology;
use tokio::time::{Instant, timeout};

use super::{
    COMMAND_DEADLINE, cluster,
    connect::{Access, dial},
    fault,
    link::{Open, Shared},
};
use crate::storage::StorageError;

/// For how long a command is sent again. Moving the few keys of a bot takes less.
const WINDOW: Duration = Duration::from_secs(8);

/// Between two times, unless another connection is there earlier.
const PAUSE: Duration = Duration::from_millis(100);

/// What running a command twice does. Without an answer nobody knows whether it was run: only what may be run twice is
/// sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Repeatable,
    Once,
}

impl Shared {
    /// The answer to `command`, whose keys are all this bot's.
    pub(super) async fn send(&self, command: &Cmd, effect: Effect) -> Result<Answer, StorageError> {
        let end = Instant::now() + WINDOW;
        let mut link = self.link.subscribe();
        loop {
            let open = self.open(&mut link).await?;
            link.mark_unchanged();
            let error = match self.send_to(&open, command).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.doubt.notify_one();
            if !self.is_worth_another_time(&error, effect) || Instant::now() > end {
                return Err(failed(&error));
            }
            // Elapsed: the same server may do it now.
            let _ = timeout(PAUSE, link.changed()).await;
        }
    }

    /// The answer of the server at the end of `open`, or of the one that the keys are on their way to.
    pub(super) async fn send_to(&self, open: &Open, command: &Cmd) -> RedisResult<Answer> {
        let error = match answered(command.query_async(&mut open.connection.clone())).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(address) = cluster::redirection(&error, &open.address) else { return Err(error) };
        match fault::server_code(&error).as_deref() {
            Some("ASK") => self.ask(address, command).await.unwrap_or(Err(error)),
            _ => {
                self.moved_to(Some(address));
                Err(error)
            }
        }
    }

    /// The answer of a server that only answers whoever knows that it has not all keys yet. None: it is not there.
    async fn ask(&self, address: String, command: &Cmd) -> Option<RedisResult<Answer>> {
        let mut importing = self.importing.lock().await;
        let node = match importing.take() {
            Some(node) if *node.address == *address && !node.driver.is_finished() => node,
            other => {
                if let Some(other) = other {
                    other.retire();
                }
                let access = Access::read(&self.config).await.ok()?;
                dial(&access.server(&self.config, &address)).await.ok()?
            }
        };
        let connection = &mut node.connection.clone();
        *importing = Some(node);
        drop(importing);
        let mut both = pipe();
        both.add_command(cmd("ASKING")).ignore().add_command(command.clone());
        let answer: RedisResult<Vec<Answer>> = answered(both.query_async(connection)).await;
        Some(match answer {
            Ok(answers) => {
                let none = || RedisError::from((ErrorKind::Client, "no answer"));
                answers.into_iter().next().ok_or_else(none)
            }
            Err(error) => Err(of_the_command(error)),
        })
    }

    fn is_worth_another_time(&self, error: &RedisError, effect: Effect) -> bool {
        match (fault::server_code(error).as_deref(), self.config.topology) {
            (Some("MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN"), Topology::Cluster) => true,
            (Some("READONLY" | "LOADING" | "MASTERDOWN"), Topology::Cluster | Topology::Sentinel) => true,
            (Some(_), _) => false,
            (None, _) => effect == Effect::Repeatable && error.is_io_error(),
        }
    }
}

/// The same, with a deadline. The connection has one for an answer, but none for getting the command out.
pub(super) async fn answered<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let late = || std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer").into();
    timeout(2 * COMMAND_DEADLINE, answer).await.unwrap_or_else(|_| Err(late()))
}

/// What a server said to one of several commands, as if there were no others.
fn of_the_command(error: RedisError) -> RedisError {
    let causes = error.clone().into_server_errors();
    let cause = causes.and_then(|causes| causes.first().map(|(_, cause)| cause.clone()));
    cause.map_or(error, RedisError::from)
}

fn failed(error: &RedisError) -> StorageError {
    match fault::server_code(error) {
        Some(code) => StorageError::Refused(code),
        None => StorageError::NoAnswer(error.to_string()),
    }
}
