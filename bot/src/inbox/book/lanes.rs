//! Which session has which lane, what is in it, and whose turn it is. Lanes that nobody has take turns by channel: each
//! channel's lanes stand one turn behind the other, so that a channel with many does not keep the others waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::ledger::Lane;
use crate::chat::MessageKey;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lanes {
    lanes: BTreeMap<Lane, State>,
    /// Lanes that nobody has, with their turns.
    ready: BTreeSet<(u64, Lane)>,
    /// The last turn that each channel got.
    turns: BTreeMap<String, u64>,
    /// The turn that was taken last.
    now: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    channel: String,
    /// The session that has it.
    owner: Option<String>,
    /// A command of it runs.
    is_running: bool,
    /// All commands of the lane, in order.
    keys: VecDeque<MessageKey>,
}

impl Lanes {
    pub(super) fn owner(&self, lane: &Lane) -> Option<&str> {
        self.lanes.get(lane)?.owner.as_deref()
    }

    pub(super) fn length(&self, lane: &Lane) -> usize {
        self.lanes.get(lane).map_or(0, |state| state.keys.len())
    }

    pub(super) fn keys(&self, lane: &Lane) -> Vec<MessageKey> {
        self.lanes.get(lane).map(|state| state.keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// The last command.
    pub(super) fn last(&self, lane: &Lane) -> Option<&MessageKey> {
        self.lanes.get(lane)?.keys.back()
    }

    /// Adds a command at the end. Whether `session` runs it at once, which it does only if it would (`run`), and if it
    /// has the lane or nobody has.
    pub(super) fn push(
        &mut self,
        lane: &Lane,
        channel: &str,
        key: &MessageKey,
        session: &str,
        run: bool,
    ) -> bool {
        let is_new = !self.lanes.contains_key(lane);
        let state = self.lanes.entry(lane.clone()).or_default();
        channel.clone_into(&mut state.channel);
        state.keys.push_back(key.clone());
        let is_idle_here = state.owner.as_deref() == Some(session) && !state.is_running;
        if run && (is_new || is_idle_here) {
            state.owner = Some(session.to_owned());
            state.is_running = true;
            return true;
        }
        if is_new {
            self.offer(lane);
        }
        false
    }

    /// The lane whose turn it is, outside the channels of `except`; `session` has it from now on.
    pub(super) fn take(&mut self, session: &str, except: &[String]) -> Option<Lane> {
        let lanes = &mut self.lanes;
        let is_wanted = |lane: &Lane| lanes.get(lane).is_some_and(|state| !except.contains(&state.channel));
        let (turn, lane) = self.ready.iter().find(|(_, lane)| is_wanted(lane))?.clone();
        self.ready.remove(&(turn, lane.clone()));
        self.now = turn;
        if self.ready.is_empty() {
            self.turns.clear();
            self.now = 0;
        }
        lanes.get_mut(&lane)?.owner = Some(session.to_owned());
        Some(lane)
    }

    /// A command of the lane runs, or none does.
    pub(super) fn set_running(&mut self, lane: &Lane, is_running: bool) {
        if let Some(state) = self.lanes.get_mut(lane) {
            state.is_running = is_running;
        }
    }

    /// Removes a command, which runs unless it has an answer, and the lane if it was the last. Whether nothing runs in
    /// the lane now.
    pub(super) fn remove(&mut self, lane: &Lane, key: &MessageKey, has_answer: bool) -> bool {
        let Some(state) = self.lanes.get_mut(lane) else { return true };
        state.keys.retain(|other| other != key);
        state.is_running &= has_answer;
        let is_idle = !state.is_running;
        if state.keys.is_empty() {
            self.lanes.remove(lane);
        }
        is_idle
    }

    /// Takes the lanes from the sessions that `is_lost` names.
    pub(super) fn free(&mut self, is_lost: impl Fn(&str) -> bool) {
        let lost = |state: &State| state.owner.as_deref().is_some_and(&is_lost);
        let mut freed: Vec<_> =
            self.lanes.iter().filter(|(_, state)| lost(state)).map(|(lane, _)| lane.clone()).collect();
        freed.sort();
        for lane in freed {
            if let Some(state) = self.lanes.get_mut(&lane) {
                state.owner = None;
                state.is_running = false;
            }
            self.offer(&lane);
        }
    }

    fn offer(&mut self, lane: &Lane) {
        let Some(state) = self.lanes.get(lane) else { return };
        let last = self.turns.entry(state.channel.clone()).or_default();
        *last = (*last + 1).max(self.now);
        self.ready.insert((*last, lane.clone()));
    }
}
