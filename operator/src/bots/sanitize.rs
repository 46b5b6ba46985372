//! A report comes from a process that talks to strangers: its words reach conditions and terminals, so they are cut and
//! made printable, and lists are bounded.

use chatops_crds::bot_report::{Envelope, Fault};

/// Longest word, in characters; the contract cuts arguments at the same length.
const MAX_CHARS: usize = 200;

/// Most entries of a list.
const MAX_ENTRIES: usize = 1000;

/// `envelope` with nothing in it that could harm a reader.
pub(super) fn sanitize(mut envelope: Envelope) -> Envelope {
    envelope.hash.retain(|c| c.is_ascii_alphanumeric());
    envelope.hash.truncate(128);
    // They are for people who ask the bot itself.
    envelope.lookups = Vec::new();
    let report = &mut envelope.report;
    let slack = &mut report.slack;
    for text in [&mut report.bot_version, &mut report.config_hash] {
        clean(text);
    }
    if let Some(workspace) = &mut slack.workspace {
        for text in
            [&mut workspace.team, &mut workspace.team_id, &mut workspace.bot_user, &mut workspace.bot_user_id]
        {
            clean(text);
        }
    }
    for scopes in [&mut slack.missing_required_scopes, &mut slack.missing_optional_scopes] {
        scopes.truncate(MAX_ENTRIES);
        scopes.iter_mut().for_each(clean);
    }
    for fault in [
        &mut report.config_fault,
        &mut slack.credentials_fault,
        &mut slack.connection_fault,
        &mut report.storage.fault,
        &mut report.dns.fault,
    ]
    .into_iter()
    .flatten()
    {
        clean_fault(fault);
    }
    report.plugins.truncate(MAX_ENTRIES);
    for plugin in &mut report.plugins {
        clean(&mut plugin.name);
        plugin.faults.truncate(MAX_ENTRIES);
        plugin.faults.iter_mut().for_each(clean_fault);
    }
    envelope
}

fn clean_fault(fault: &mut Fault) {
    fault.args.values_mut().for_each(clean);
}

fn clean(text: &mut String) {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().count() > MAX_CHARS || !text.chars().all(harmless) {
        *text = text.chars().filter(|c| harmless(*c)).take(MAX_CHARS).collect();
    }
}

#[cfg(test)]
mod tests {
    use chatops_crds::bot_report::{BotReport, FaultCode, SlackReport};

    use super::*;

    #[test]
    fn words_of_a_report_are_printable_and_short() {
        let nasty = format!("a\u{1b}[31m\u{202e}b{}", "c".repeat(500));
        let mut fault = Fault::new(FaultCode::SlackUnreachable);
        fault.args.insert("host".into(), nasty);
        let slack = SlackReport { connection_fault: Some(fault), ..SlackReport::default() };
        let report = BotReport { slack, ..BotReport::default() };
        let clean = sanitize(Envelope { hash: "ab/c?&1".into(), ..Envelope::new(report) });
        let host = clean.report.slack.connection_fault.unwrap().arg("host").to_owned();
        assert!(host.starts_with("a[31mbc"), "{host}");
        assert_eq!(host.chars().count(), MAX_CHARS);
        assert_eq!(clean.hash, "abc1");
    }
}
