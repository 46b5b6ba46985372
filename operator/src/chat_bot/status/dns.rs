//! `DNSReady`: whether the names that the bot needs resolve, as it found by asking.

use chatops_crds::shared::conditions::{DNS_READY, Reason, Status, Verdict};

use super::{Facts, faults};

pub fn dns_ready(facts: &Facts<'_>) -> Verdict {
    let Some(report) = facts.report() else { return facts.hindrance().unknown(DNS_READY) };
    match facts.reports().find_map(|report| report.dns.fault.as_ref()) {
        Some(fault) => faults::network::fault(fault).on(DNS_READY),
        None if report.dns.checked => {
            let message = "Every name that the bot needs resolves in its pod";
            Verdict::new(DNS_READY, Status::True, Reason::DNSResolves, message)
        }
        None => {
            let message = "The bot has not looked its names up yet";
            Verdict::new(DNS_READY, Status::Unknown, Reason::DNSUnchecked, message)
        }
    }
}
