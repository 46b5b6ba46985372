//! Commands kept in the bot's Redis, so that several replicas share them and none is lost with a replica. One script
//! does what [`super::book`] says; its keys are in the slot of the bot's other keys.

use std::sync::Arc;

use ::redis::Value as Answer;
use futures::future::BoxFuture;

use super::ledger::{Batch, Claim, History, Lane, Ledger, Operation, Outcome, Taken, Terms};
use crate::{
    chat::{Incoming, MessageKey},
    storage::{Redis, RedisRun, Storage, StorageError},
};

const SCRIPT: &str = include_str!("redis.lua");

/// What the script calls its keys, in its order. Histories of people follow them.
const KEYS: [&str; 8] = ["commands", "queue", "lanes", "ready", "turns", "sessions", "seen", "last"];

/// Commands in Redis.
#[derive(Clone, Debug)]
pub struct InRedis {
    redis: Redis,
    terms: Terms,
}

impl InRedis {
    pub fn new(redis: Redis, terms: Terms) -> InRedis {
        InRedis { redis, terms }
    }

    async fn run(&self, batch: &Batch) -> Result<Vec<Outcome>, StorageError> {
        let terms = &self.terms;
        let mut arguments = vec![batch.session.clone(), batch.number.to_string()];
        arguments.push(terms.lease.as_millis().to_string());
        arguments.push(terms.memory.as_millis().to_string());
        arguments.extend([terms.backlog.to_string(), terms.lane.to_string()]);
        arguments.extend([terms.history.to_string(), terms.history_memory.as_millis().to_string()]);
        let mut keys = KEYS.map(str::to_owned).to_vec();
        for operation in &batch.operations {
            let (name, rest) = encode(operation, &mut keys);
            arguments.extend([name.to_owned(), rest.len().to_string()]);
            arguments.extend(rest);
        }
        let answer = self.redis.run_script(SCRIPT, "inbox", &keys, &arguments).await?;
        decode(answer, batch.operations.len())
            .ok_or_else(|| StorageError::Refused("the inbox holds something unexpected".into()))
    }
}

impl Ledger for InRedis {
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Outcome>, StorageError>> {
        Box::pin(self.run(batch))
    }

    fn outlasts(&self) -> bool {
        true
    }

    fn guarded(&self, session: &str, key: &MessageKey) -> Option<Arc<dyn Storage>> {
        let run = RedisRun { session: session.to_owned(), command: key.0.clone() };
        Some(Arc::new(self.redis.within(run)))
    }
}

/// An operation in the words of the script; adds the keys that it needs to `keys`.
fn encode(operation: &Operation, keys: &mut Vec<String>) -> (&'static str, Vec<String>) {
    let flag = |set: &bool| String::from(if *set { "1" } else { "" });
    match operation {
        Operation::Join => ("join", vec![]),
        Operation::Beat => ("beat", vec![]),
        Operation::Leave => ("leave", vec![]),
        Operation::Accept { incoming, run, answer, history } => {
            let message = serde_json::to_string(incoming).unwrap_or_default();
            let command = [incoming.key.0.clone(), Lane::of(incoming).to_string(), message, flag(run)];
            let (what, line) = match history {
                None => ("", String::new()),
                Some(History::Remember(line)) => ("remember", line.clone()),
                Some(History::Repeat(place)) => ("repeat", place.to_string()),
                Some(History::List) => ("list", String::new()),
            };
            if history.is_some() {
                keys.push(format!("history:{}", incoming.user.id));
            }
            let history = [keys.len().to_string(), what.to_owned(), line];
            ("accept", command.into_iter().chain(history).chain(answer.clone()).collect())
        }
        Operation::Claim { lanes, except } => ("claim", [&[lanes.to_string()][..], &except[..]].concat()),
        Operation::Start(key) => ("start", vec![key.0.clone()]),
        Operation::Answer { key, text, next } => ("answer", vec![key.0.clone(), text.clone(), flag(next)]),
        Operation::Finish { key, next } => ("finish", vec![key.0.clone(), flag(next)]),
    }
}

fn decode(answer: Answer, operations: usize) -> Option<Vec<Outcome>> {
    let outcomes = array(answer)?;
    if let [Answer::BulkString(word)] = outcomes.as_slice()
        && word == b"gone"
    {
        return Some(vec![Outcome::Gone; operations]);
    }
    outcomes.into_iter().map(outcome).collect()
}

fn outcome(answer: Answer) -> Option<Outcome> {
    let mut parts = array(answer)?.into_iter();
    Some(match text(parts.next()?)?.as_str() {
        "run" => Outcome::Run { recalled: texts(parts.next()?)? },
        "queued" => Outcome::Queued,
        "duplicate" => Outcome::Duplicate,
        "busy" => Outcome::Busy,
        "noted" => Outcome::Noted,
        "fenced" => Outcome::Fenced,
        "missing" => Outcome::Missing,
        "next" => Outcome::Next(taken(parts)?.map(Box::new)),
        "claimed" => Outcome::Claimed(parts.map(claim).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// A command, or nothing. Outside: not a command.
fn taken(mut parts: impl Iterator<Item = Answer>) -> Option<Option<Taken>> {
    let Some(message) = parts.next() else { return Some(None) };
    let started = text(parts.next()?)? == "s";
    Some(Some(Taken { incoming: incoming(message)?, started, recalled: texts(parts.next()?)? }))
}

fn claim(answer: Answer) -> Option<Claim> {
    let mut parts = array(answer)?.into_iter();
    let answered = array(parts.next()?)?.into_iter().map(|answered| {
        let mut parts = array(answered)?.into_iter();
        Some((incoming(parts.next()?)?, text(parts.next()?)?))
    });
    Some(Claim { answered: answered.collect::<Option<_>>()?, run: taken(array(parts.next()?)?.into_iter())? })
}

fn incoming(answer: Answer) -> Option<Incoming> {
    serde_json::from_str(&text(answer)?).ok()
}

fn texts(answer: Answer) -> Option<Vec<String>> {
    array(answer)?.into_iter().map(text).collect()
}

fn array(answer: Answer) -> Option<Vec<Answer>> {
    if let Answer::Array(items) = answer { Some(items) } else { None }
}

fn text(answer: Answer) -> Option<String> {
    match answer {
        Answer::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Answer::SimpleString(text) => Some(text),
        _ => None,
    }
}
