//! What Slack says of the tokens and their scopes, and whether its clock and ours agree.

use chatops_crds::{
    advice,
    bot_report::{Fault, FaultCode},
};
use jiff::{Timestamp, fmt::rfc2822};

use super::check::{Check, words};
use crate::adapter::slack::{Accepted, Inspection};

/// Above this, tokens and certificates are refused for reasons that nobody finds.
const MAX_SKEW_SECONDS: i64 = 60;

pub(super) fn judge(inspection: &Inspection) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Err(fault) = &inspection.tokens {
        return vec![token("tokens", fault)];
    }
    match &inspection.bot {
        Some(Ok(accepted)) => {
            checks.extend(clock(accepted, Timestamp::now()));
            checks.push(Check::ok("bot token", format!("@{} in {}", accepted.user, accepted.team)));
            checks.push(scopes(accepted));
        }
        Some(Err(fault)) => checks.push(token("bot token", fault)),
        None => (),
    }
    match &inspection.app {
        Some(Ok(_)) => checks.push(Check::ok("app token", "opens sockets")),
        Some(Err(fault)) => checks.push(token("app token", fault)),
        None => (),
    }
    checks
}

fn clock(accepted: &Accepted, now: Timestamp) -> Option<Check> {
    let slacks = rfc2822::parse(accepted.date.as_deref()?).ok()?.timestamp();
    let skew = now.as_second() - slacks.as_second();
    let what = format!("{skew} s ahead of Slack's");
    Some(if skew.abs() > MAX_SKEW_SECONDS {
        Check::warn("clock", what, "synchronise the clock of this machine (NTP)")
    } else {
        Check::ok("clock", what)
    })
}

fn scopes(accepted: &Accepted) -> Check {
    let fix = "add them under \"OAuth & Permissions\" of the Slack app and install it again";
    match (accepted.missing_required.as_slice(), accepted.missing_optional.as_slice()) {
        ([], []) => Check::ok("scopes", "all that the bot needs"),
        ([], optional) => {
            Check::warn("scopes", format!("not granted: {}", advice::scopes::listed(optional)), fix)
        }
        (required, _) => {
            Check::fail("scopes", format!("nothing can be answered without {}", required.join(", ")), fix)
        }
    }
}

fn token(name: &str, fault: &Fault) -> Check {
    let fix = match fault.code {
        FaultCode::TokensSecretNotFound | FaultCode::TokensSecretKeyMissing => {
            "put both tokens of the Slack app where the bot reads them: the Secret of spec.slack.tokensSecretRef, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN"
        }
        FaultCode::InvalidBotToken => {
            "use the bot token (xoxb-…) from \"OAuth & Permissions\" of the Slack app"
        }
        FaultCode::InvalidAppToken => {
            "use an app-level token (xapp-…) with scope connections:write from \"Basic Information\" of the Slack app"
        }
        FaultCode::TokenRevoked => "install the Slack app again and use its new token",
        FaultCode::SocketModeDisabled => "switch Socket Mode on under \"Socket Mode\" of the Slack app",
        _ if advice::network(fault).is_some() => return Check::fault(name, fault),
        _ => "",
    };
    Check::fail(name, words(fault), fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::check::Outcome;

    fn accepted(date: &str) -> Accepted {
        Accepted {
            team: "acme".into(),
            user: "ops".into(),
            missing_required: Vec::new(),
            missing_optional: Vec::new(),
            date: Some(date.into()),
        }
    }

    #[test]
    fn a_clock_that_is_more_than_a_minute_off_is_told() {
        let now: Timestamp = "2026-11-25T17:06:42Z".parse().unwrap();
        let judged = |date| clock(&accepted(date), now).unwrap();
        assert_eq!(judged("Wed, 25 Nov 2026 17:06:40 GMT").outcome, Outcome::Ok);
        let off = judged("Wed, 25 Nov 2026 17:08:00 GMT");
        assert_eq!((off.outcome, off.what.as_str()), (Outcome::Warn, "-78 s ahead of Slack's"));
    }

    #[test]
    fn missing_scopes_fail_only_where_nothing_can_be_answered() {
        let mut accepted = accepted("");
        assert_eq!(scopes(&accepted).outcome, Outcome::Ok);
        accepted.missing_optional = vec!["im:history".into()];
        assert_eq!(scopes(&accepted).outcome, Outcome::Warn);
        accepted.missing_required = vec!["chat:write".into()];
        assert!(scopes(&accepted).what.contains("chat:write"));
    }
}
