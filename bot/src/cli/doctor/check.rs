//! One check and its outcome.

use chatops_crds::{advice, bot_report::Fault};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    /// It works, but not as it should.
    Warn,
    Fail,
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub name: String,
    pub outcome: Outcome,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Check {
    pub(super) fn ok(name: impl Into<String>, what: impl Into<String>) -> Check {
        Check { name: name.into(), outcome: Outcome::Ok, what: what.into(), fix: String::new() }
    }

    pub(super) fn warn(name: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { name: name.into(), outcome: Outcome::Warn, what: what.into(), fix: fix.into() }
    }

    pub(super) fn fail(name: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Check {
        Check { name: name.into(), outcome: Outcome::Fail, what: what.into(), fix: fix.into() }
    }

    /// A fault in the words of the ChatBot's conditions, where they are the same everywhere.
    pub(super) fn fault(name: impl Into<String>, fault: &Fault) -> Check {
        match advice::network(fault) {
            Some(advice) => Check::fail(name, advice.what.clone(), advice.remedy()),
            None => Check::fail(name, words(fault), String::new()),
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.outcome == Outcome::Fail
    }
}

/// The code and its arguments, e.g. `StorageInUse (address redis:6379, owner …)`.
pub(super) fn words(fault: &Fault) -> String {
    let args: Vec<_> = fault.args.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if args.is_empty() {
        format!("{:?}", fault.code)
    } else {
        format!("{:?} ({})", fault.code, args.join(", "))
    }
}
