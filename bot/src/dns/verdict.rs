//! When a look is believed: nothing that is told may come and go because one packet was lost. Pure.

use std::time::Duration;

use chatops_crds::bot_report::{Fault, FaultCode};

/// Between two looks while all is well. With the time a look takes, a fault is named within 15 s.
const PEACE: Duration = Duration::from_secs(8);

/// The same while something is wrong: recovery is told within 10 s.
const TROUBLE: Duration = Duration::from_secs(3);

/// Before a second look at something that looks different from what was told.
const DOUBT: Duration = Duration::from_millis(300);

/// What was told, and what might have to be told next.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    told: Option<Option<Fault>>,
    /// Seen once.
    doubtful: Option<Option<Fault>>,
}

/// What follows from a look.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// To be told.
    pub news: Option<Option<Fault>>,
    /// Until the next look.
    pub pause: Duration,
}

impl Verdict {
    /// Takes `seen` into account. `connected`: the bot works in spite of it.
    pub(super) fn see(&mut self, seen: Option<Fault>, connected: bool) -> Next {
        if self.told.as_ref().is_some_and(|told| is_same(told.as_ref(), seen.as_ref())) {
            self.doubtful = None;
            return Next { news: None, pause: self.pause() };
        }
        let confirmed = self.doubtful.as_ref().is_some_and(|before| is_same(before.as_ref(), seen.as_ref()));
        if confirmed || self.is_certain(seen.as_ref(), connected) {
            self.told = Some(seen.clone());
            self.doubtful = None;
            return Next { news: Some(seen), pause: self.pause() };
        }
        self.doubtful = Some(seen);
        Next { news: None, pause: DOUBT }
    }

    /// One look is enough.
    fn is_certain(&self, seen: Option<&Fault>, connected: bool) -> bool {
        match seen {
            // At the start it is the best that is known; a recovery may be luck.
            None => self.told.is_none(),
            // One lost packet makes a look slow.
            Some(fault) if fault.code == FaultCode::DnsSlow => false,
            // To come to it the question was sent several times.
            Some(fault) => {
                !connected || fault.code == FaultCode::DnsBlocked || fault.arg("error") == "timeout"
            }
        }
    }

    fn pause(&self) -> Duration {
        if matches!(self.told, Some(None)) { PEACE } else { TROUBLE }
    }
}

/// Whether people are told the same. What else differs between two looks, such as the seconds, is not worth telling.
fn is_same(told: Option<&Fault>, seen: Option<&Fault>) -> bool {
    match (told, seen) {
        (Some(told), Some(seen)) if told.code == FaultCode::DnsSlow => seen.code == told.code,
        (Some(told), Some(seen)) => told.code == seen.code && told.args.get("host") == seen.args.get("host"),
        (told, seen) => told == seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: FaultCode) -> Option<Fault> {
        Some(Fault::new(code).with("host", "slack.com"))
    }

    #[test]
    fn the_first_look_is_told_at_once() {
        let mut verdict = Verdict::default();
        assert_eq!(verdict.see(None, false), Next { news: Some(None), pause: PEACE });
        let servfail = fault(FaultCode::DnsForwarderUnusable);
        assert_eq!(Verdict::default().see(servfail.clone(), false).news, Some(servfail));
    }

    #[test]
    fn one_failed_look_of_a_bot_that_works_is_not_told() {
        let mut verdict = Verdict::default();
        verdict.see(None, true);
        let servfail = fault(FaultCode::DnsForwarderUnusable);
        assert_eq!(verdict.see(servfail.clone(), true), Next { news: None, pause: DOUBT });
        assert_eq!(verdict.see(None, true), Next { news: None, pause: PEACE });
        assert_eq!(verdict.see(servfail.clone(), true).news, None);
        assert_eq!(verdict.see(servfail.clone(), true), Next { news: Some(servfail), pause: TROUBLE });
    }

    #[test]
    fn silence_needs_no_second_look() {
        let mut verdict = Verdict::default();
        verdict.see(None, true);
        let blocked = fault(FaultCode::DnsBlocked).map(|fault| fault.with("error", "timeout"));
        assert_eq!(verdict.see(blocked.clone(), true).news, Some(blocked));
    }

    #[test]
    fn a_recovery_is_told_after_two_good_looks_and_a_slow_look_is_none() {
        let mut verdict = Verdict::default();
        verdict.see(fault(FaultCode::DnsBlocked), false);
        assert_eq!(verdict.see(fault(FaultCode::DnsSlow), false), Next { news: None, pause: DOUBT });
        assert_eq!(verdict.see(None, false), Next { news: None, pause: DOUBT });
        assert_eq!(verdict.see(None, false), Next { news: Some(None), pause: PEACE });
    }

    #[test]
    fn seconds_that_differ_from_look_to_look_are_not_told_again() {
        let slow = |seconds: &str, host: &str| {
            Some(Fault::new(FaultCode::DnsSlow).with("host", host).with("seconds", seconds))
        };
        let mut verdict = Verdict::default();
        verdict.see(slow("2", "slack.com"), false);
        assert!(verdict.see(slow("4", "slack.com"), false).news.is_some());
        assert_eq!(verdict.see(slow("5", "files.slack.com"), false).news, None);
    }
}
