//! The rules by which commands are kept, as a pure state machine: time is handed in. It *is* the place where commands
//! are kept in memory and beside the embedded store, and says what the script for Redis has to do.

mod histories;
mod lanes;

use std::collections::BTreeMap;

use super::ledger::{Batch, Claim, History, Lane, Operation, Outcome, Taken, Terms};
use crate::chat::{Incoming, MessageKey};
use histories::Histories;
use lanes::Lanes;

/// How far a command is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It waits, or runs and may be run again.
    Waiting,
    /// It runs, or ran, and may not be run again.
    Started,
    /// It has run; this is its answer.
    Answered(String),
}

/// A command that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    pub incoming: Incoming,
    pub phase: Phase,
    /// Lines of the history that came with it.
    pub recalled: Vec<String>,
}

/// Everything that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Book {
    terms: Terms,
    commands: BTreeMap<MessageKey, Kept>,
    lanes: Lanes,
    sessions: BTreeMap<String, Session>,
    /// Messages that were taken, and when they may be forgotten.
    seen: BTreeMap<MessageKey, u64>,
    histories: Histories,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Session {
    /// When its lease runs out.
    until: u64,
    /// The number of its last batch, and what that came to.
    last: (u64, Vec<Outcome>),
}

/// Why a session can do nothing with a command.
enum NotHeld {
    Fenced,
    Missing,
}

impl From<NotHeld> for Outcome {
    fn from(not_held: NotHeld) -> Outcome {
        match not_held {
            NotHeld::Fenced => Outcome::Fenced,
            NotHeld::Missing => Outcome::Missing,
        }
    }
}

impl Book {
    pub fn new(terms: Terms) -> Book {
        Book {
            terms,
            commands: BTreeMap::new(),
            lanes: Lanes::default(),
            sessions: BTreeMap::new(),
            seen: BTreeMap::new(),
            histories: Histories::default(),
        }
    }

    /// Does what `batch` asks at `now`, in milliseconds of any clock that goes forward.
    pub fn apply(&mut self, batch: &Batch, now: u64) -> Vec<Outcome> {
        let session = batch.session.as_str();
        if batch.operations.first() == Some(&Operation::Join) && !self.sessions.contains_key(session) {
            self.sessions
                .insert(session.to_owned(), Session { until: self.lease_from(now), ..Session::default() });
        }
        match self.sessions.get(session) {
            None => return vec![Outcome::Gone; batch.operations.len()],
            Some(known) if known.last.0 == batch.number => return known.last.1.clone(),
            Some(_) => {}
        }
        let outcomes: Vec<_> =
            batch.operations.iter().map(|operation| self.one(session, operation, now)).collect();
        if let Some(known) = self.sessions.get_mut(session) {
            known.last = (batch.number, outcomes.clone());
        }
        outcomes
    }

    fn one(&mut self, session: &str, operation: &Operation, now: u64) -> Outcome {
        match operation {
            Operation::Join => Outcome::Noted,
            Operation::Beat => self.beat(session, now),
            Operation::Accept { incoming, run, answer, history } => {
                self.accept(session, incoming, (*run, answer.as_deref()), history.as_ref(), now)
            }
            Operation::Claim { lanes, except } => self.claim(session, *lanes, except),
            Operation::Start(key) => self.start(session, key),
            Operation::Answer { key, text, next } => self.answer(session, key, text, *next),
            Operation::Finish { key, next } => self.finish(session, key, *next),
            Operation::Leave => {
                self.sessions.remove(session);
                self.lanes.free(|owner| owner == session);
                Outcome::Noted
            }
        }
    }

    /// Where everybody's lease could run out, since nobody could renew it, nobody's has.
    fn beat(&mut self, session: &str, now: u64) -> Outcome {
        self.seen.retain(|_, until| *until > now);
        self.histories.forget(now);
        let until = self.lease_from(now);
        let was_late = self.sessions.get(session).is_some_and(|known| known.until <= now);
        for (name, known) in &mut self.sessions {
            if was_late || name == session {
                known.until = until;
            }
        }
        self.sessions.retain(|_, known| known.until > now);
        let sessions = &self.sessions;
        self.lanes.free(|owner| !sessions.contains_key(owner));
        Outcome::Noted
    }

    fn accept(
        &mut self,
        session: &str,
        incoming: &Incoming,
        (run, answer): (bool, Option<&str>),
        history: Option<&History>,
        now: u64,
    ) -> Outcome {
        let key = &incoming.key;
        let is_known =
            self.seen.get(key).is_some_and(|until| *until > now) || self.commands.contains_key(key);
        if is_known {
            return Outcome::Duplicate;
        }
        self.seen.insert(key.clone(), now.saturating_add(millis(self.terms.memory)));
        let lane = Lane::of(incoming);
        if self.commands.len() >= self.terms.backlog || self.lanes.length(&lane) >= self.terms.lane {
            return Outcome::Busy;
        }
        let recalled = history.map(|history| self.histories.recall(incoming, history, &self.terms, now));
        let recalled = recalled.unwrap_or_default();
        let is_next = self.lanes.last(&lane).is_none_or(|last| self.is_answered(last));
        self.commands.insert(
            key.clone(),
            Kept { incoming: incoming.clone(), phase: Phase::Waiting, recalled: recalled.clone() },
        );
        if !self.lanes.push(&lane, &incoming.channel.id, key, session, run && is_next) {
            return Outcome::Queued;
        }
        if let Some(text) = answer {
            self.answer(session, key, text, false);
        }
        Outcome::Run { recalled }
    }

    fn claim(&mut self, session: &str, lanes: usize, except: &[String]) -> Outcome {
        let mut claims = Vec::new();
        while claims.len() < lanes
            && let Some(lane) = self.lanes.take(session, except)
        {
            let mut claim = Claim::default();
            for key in self.lanes.keys(&lane) {
                match self.commands.get(&key) {
                    Some(Kept { incoming, phase: Phase::Answered(text), .. }) => {
                        claim.answered.push((incoming.clone(), text.clone()));
                    }
                    Some(_) | None => break,
                }
            }
            claim.run = self.next(&lane);
            claims.push(claim);
        }
        Outcome::Claimed(claims)
    }

    fn start(&mut self, session: &str, key: &MessageKey) -> Outcome {
        match self.held(session, key) {
            Ok((_, kept)) => {
                kept.phase = Phase::Started;
                Outcome::Noted
            }
            Err(not_held) => not_held.into(),
        }
    }

    fn answer(&mut self, session: &str, key: &MessageKey, text: &str, next: bool) -> Outcome {
        let lane = match self.held(session, key) {
            Ok((lane, kept)) => {
                kept.phase = Phase::Answered(text.to_owned());
                lane
            }
            Err(not_held) => return not_held.into(),
        };
        self.lanes.set_running(&lane, false);
        Outcome::Next(if next { self.next(&lane).map(Box::new) } else { None })
    }

    fn finish(&mut self, session: &str, key: &MessageKey, next: bool) -> Outcome {
        let (lane, has_answer) = match self.held(session, key) {
            Ok((lane, kept)) => (lane, matches!(kept.phase, Phase::Answered(_))),
            Err(not_held) => return not_held.into(),
        };
        self.commands.remove(key);
        let is_idle = self.lanes.remove(&lane, key, has_answer);
        Outcome::Next(if is_idle && next { self.next(&lane).map(Box::new) } else { None })
    }

    /// The first command of an idle lane that has no answer, which runs from now on.
    fn next(&mut self, lane: &Lane) -> Option<Taken> {
        let keys = self.lanes.keys(lane);
        let mut kept = keys.iter().filter_map(|key| self.commands.get(key));
        let kept = kept.find(|kept| !matches!(kept.phase, Phase::Answered(_)))?;
        self.lanes.set_running(lane, true);
        Some(Taken {
            incoming: kept.incoming.clone(),
            started: kept.phase == Phase::Started,
            recalled: kept.recalled.clone(),
        })
    }

    /// Whether it has run. Then so have those in front of it.
    fn is_answered(&self, key: &MessageKey) -> bool {
        self.commands.get(key).is_some_and(|kept| matches!(kept.phase, Phase::Answered(_)))
    }

    /// A command whose lane the session has.
    fn held(&mut self, session: &str, key: &MessageKey) -> Result<(Lane, &mut Kept), NotHeld> {
        let Some(kept) = self.commands.get_mut(key) else {
            return Err(if self.seen.contains_key(key) { NotHeld::Fenced } else { NotHeld::Missing });
        };
        let lane = Lane::of(&kept.incoming);
        if self.lanes.owner(&lane) == Some(session) { Ok((lane, kept)) } else { Err(NotHeld::Fenced) }
    }

    fn lease_from(&self, now: u64) -> u64 {
        now.saturating_add(millis(self.terms.lease))
    }

    /// What is kept under `key`.
    pub fn kept(&self, key: &MessageKey) -> Option<&Kept> {
        self.commands.get(key)
    }

    /// The lines of a person, the latest first.
    pub fn history(&self, user: &str) -> &[String] {
        self.histories.of(user)
    }

    /// Whether no command is kept.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Takes in what was kept when the process before ended, in the order in which it came, and what it remembered:
    /// messages, and the lines of people, each until when.
    pub fn restore(
        &mut self,
        kept: impl IntoIterator<Item = Kept>,
        seen: impl IntoIterator<Item = (MessageKey, u64)>,
        histories: impl IntoIterator<Item = (String, (Vec<String>, u64))>,
    ) {
        self.seen.extend(seen);
        self.histories.restore(histories);
        for command in kept {
            let (lane, key) = (Lane::of(&command.incoming), command.incoming.key.clone());
            self.lanes.push(&lane, &command.incoming.channel.id, &key, "", false);
            self.commands.insert(key, command);
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
