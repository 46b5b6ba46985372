//! Storage in a Redis or Valkey server, of which there may be several: one that sentinels name, or one of a cluster.
//! All keys of a bot are in one slot of a cluster, so there is always one server that has them all, and one connection
//! to it that [`Redis::run`] keeps open. [`keys`] says how the keys are laid out, [`scripts`] how they change.

mod cluster;
mod connect;
mod credentials;
mod fault;
mod greet;
mod keeper;
mod keys;
mod link;
mod listing;
mod scripts;
mod send;
mod sentinel;
mod tls;

use std::{sync::Arc, time::Duration};

use ::redis::{FromRedisValue, Value as Answer, cmd, from_redis_value};
use chatops_crds::{bot_config::RedisConfig, bot_report::StorageReport};

use self::{link::Shared, send::Effect};
use super::{
    Limits, Outcome, Page, StorageError,
    texts::{Texts, Write, Written},
};

/// How long looking up a server's name may take, connecting to it, and the handshake of TLS; each.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// How long a server may take to answer a command.
const COMMAND_DEADLINE: Duration = Duration::from_secs(2);

/// A bot's values in Redis. Clones share one connection, which [`Redis::run`] keeps open.
#[derive(Clone, Debug)]
pub struct Redis {
    shared: Arc<Shared>,
    limits: Limits,
    /// The run that all writes are part of.
    within: Option<Run>,
}

/// A run of a command that the inbox in the same server keeps.
#[derive(Clone, Debug)]
pub struct Run {
    /// The session of the inbox that runs it.
    pub session: String,
    /// The command's key.
    pub command: String,
}

impl Redis {
    /// Storage in the servers that `config` names; nothing is connected before [`Redis::run`].
    pub fn new(config: RedisConfig) -> Redis {
        Redis::with_limits(config, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(config: RedisConfig, limits: Limits) -> Redis {
        Redis { shared: Arc::new(Shared::new(config)), limits, within: None }
    }

    /// The same values, written as part of `run`: a write happens once however often the command is run, and then
    /// finds what it found the first time; once another session has the command, it is refused.
    pub fn within(&self, run: Run) -> Redis {
        Redis { within: Some(run), ..self.clone() }
    }

    /// Runs a script over keys of this bot that belong to `part` of it, and may be run again if no answer comes.
    ///
    /// # Errors
    /// As every operation.
    pub async fn run_script(
        &self,
        script: &str,
        part: &str,
        keys: &[String],
        arguments: &[String],
    ) -> Result<Answer, StorageError> {
        let mut eval = cmd("EVAL");
        eval.arg(script).arg(keys.len());
        for key in keys {
            eval.arg(self.shared.keys.of(part, key));
        }
        eval.arg(arguments);
        self.shared.send(&eval, Effect::Repeatable).await
    }

    /// Keeps a connection open, and tells `report` how it fares whenever that changes. Never returns: faults are
    /// outlasted.
    pub async fn run(&self, report: impl Fn(StorageReport)) {
        keeper::keep(&self.shared, report).await;
    }

    async fn write_once(&self, write: &Write) -> Result<Written, StorageError> {
        let command = scripts::write(&self.shared.keys, write, self.limits.keys, self.within.as_ref());
        // A write that is part of a run knows whether it happened.
        let effect = if self.within.is_some() { Effect::Repeatable } else { Effect::Once };
        match self.shared.send(&command, effect).await? {
            Answer::Array(items) if items.is_empty() => Err(StorageError::Fenced),
            Answer::Array(items) if items.len() == 1 => Ok(Written::Full),
            answer => {
                let (done, before): (bool, _) = decoded(answer)?;
                Ok(if done { Written::Done(before) } else { Written::Unexpected(before) })
            }
        }
    }
}

impl Texts for Redis {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn text<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut get = cmd("GET");
            get.arg(self.shared.keys.value(plugin, key));
            decoded(self.shared.send(&get, Effect::Repeatable).await?)
        })
    }

    fn write(&self, write: Write) -> Outcome<'_, Written> {
        Box::pin(async move {
            match self.write_once(&write).await? {
                Written::Full => {
                    // Keys whose values have run out count until somebody notices.
                    self.sweep(&write.plugin).await?;
                    self.write_once(&write).await
                }
                written => Ok(written),
            }
        })
    }

    fn page<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page> {
        Box::pin(self.listed(plugin, prefix, after, limit))
    }

    fn names(&self) -> Outcome<'_, Vec<String>> {
        Box::pin(async move {
            let mut range = cmd("ZRANGEBYLEX");
            range.arg(self.shared.keys.plugins()).arg("-").arg("+");
            decoded(self.shared.send(&range, Effect::Repeatable).await?)
        })
    }

    fn disown(&self) -> Outcome<'_, ()> {
        Box::pin(async move {
            let release = scripts::release(&self.shared.keys, self.shared.config.owner.as_deref());
            self.shared.send(&release, Effect::Once).await.map(drop)
        })
    }
}

fn decoded<T: FromRedisValue>(answer: Answer) -> Result<T, StorageError> {
    from_redis_value(answer).map_err(|_| StorageError::Refused("unexpected answer".into()))
}
