//! `Accepted`: whether the spec can be built and its objects are the bot's own.

use chatops_crds::shared::conditions::{ACCEPTED, Reason, Status, Verdict};

use super::{super::apply, Cause, Facts};
use crate::cluster::apply::ApplyError;

pub fn accepted(facts: &Facts<'_>) -> Verdict {
    match problem(facts) {
        Some(problem) => problem.on(ACCEPTED),
        None => Verdict::new(ACCEPTED, Status::True, Reason::Accepted, "The spec can be built"),
    }
}

/// Why it cannot.
pub fn problem(facts: &Facts<'_>) -> Option<Cause> {
    if let Err(problems) = facts.validated {
        let reason = problems.first().map_or(Reason::InvalidSpec, |problem| problem.reason());
        let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
        return Some(Cause::new(Status::False, reason, messages.join("; ")));
    }
    match facts.apply_error {
        None => {
            let unfit = facts.unfit?;
            Some(Cause::new(Status::False, Reason::InvalidSpec, format!("{unfit}. The bot goes on with it")))
        }
        Some(error @ apply::Error::Foreign { .. }) => Some(Cause::new(
            Status::False,
            Reason::NotOwned,
            format!("{error}: delete or rename it, or give the ChatBot another name. It is left as it is"),
        )),
        Some(apply::Error::Child(error @ ApplyError::Invalid { .. })) => Some(Cause::new(
            Status::False,
            Reason::InvalidSpec,
            format!("{error}: correct the field of spec that it names, most likely in spec.pod"),
        )),
        Some(apply::Error::Child(_)) => None,
    }
}
