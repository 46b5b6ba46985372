//! What people typed last, so that they can repeat it. Pure.

use std::collections::BTreeMap;

use super::millis;
use crate::{
    chat::Incoming,
    inbox::ledger::{History, Terms},
};

/// Lines by person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Histories(BTreeMap<String, Lines>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Lines {
    /// The latest first, each once.
    lines: Vec<String>,
    /// When they may be forgotten.
    until: u64,
}

impl Histories {
    /// Notes what `incoming` adds, and returns what it asks for.
    pub(super) fn recall(
        &mut self,
        incoming: &Incoming,
        history: &History,
        terms: &Terms,
        now: u64,
    ) -> Vec<String> {
        let user = &incoming.user.id;
        let line = match history {
            History::List => return self.of(user).to_vec(),
            History::Remember(line) => line.clone(),
            History::Repeat(place) => match place.checked_sub(1).and_then(|index| self.of(user).get(index)) {
                Some(line) => line.clone(),
                None => return Vec::new(),
            },
        };
        let Lines { lines, until } = self.0.entry(user.clone()).or_default();
        lines.retain(|other| *other != line);
        lines.insert(0, line.clone());
        lines.truncate(terms.history);
        *until = now.saturating_add(millis(terms.history_memory));
        if matches!(history, History::Repeat(_)) { vec![line] } else { Vec::new() }
    }

    pub(super) fn of(&self, user: &str) -> &[String] {
        self.0.get(user).map_or(&[], |history| &history.lines)
    }

    /// Forgets what is old at `now`.
    pub(super) fn forget(&mut self, now: u64) {
        self.0.retain(|_, history| history.until > now);
    }

    pub(super) fn restore(&mut self, histories: impl IntoIterator<Item = (String, (Vec<String>, u64))>) {
        self.0.extend(histories.into_iter().map(|(user, (lines, until))| (user, Lines { lines, until })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::typed;

    #[test]
    fn each_line_stands_once_and_the_oldest_are_forgotten() {
        let terms = Terms { history: 3, ..Terms::default() };
        let incoming = typed("");
        let mut histories = Histories::default();
        let mut recall = |history: History| histories.recall(&incoming, &history, &terms, 0);
        for line in ["a", "b", "a", "c"] {
            assert!(recall(History::Remember(line.into())).is_empty());
        }
        assert_eq!(recall(History::List), ["c", "a", "b"]);
        assert_eq!(recall(History::Repeat(3)), ["b"]);
        assert_eq!(recall(History::List), ["b", "c", "a"]);
        for nothing in [0, 4, usize::MAX] {
            assert!(recall(History::Repeat(nothing)).is_empty());
        }
        recall(History::Remember("d".into()));
        assert_eq!(recall(History::List), ["d", "b", "c"]);
        histories.forget(millis(terms.history_memory));
        assert!(histories.of("U1").is_empty());
    }
}
