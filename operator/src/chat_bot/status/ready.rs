//! `Ready`: a message typed now will be answered, and no required plugin is missing.

use chatops_crds::shared::conditions::{PROGRESSING, READY, Reason, Status, Verdict};

use super::{Facts, plugins, slack};

pub fn ready(facts: &Facts<'_>) -> Verdict {
    let report = facts.answering().filter(|_| facts.wanted() > 0).and_then(|pod| pod.says());
    let Some(report) = report else { return facts.hindrance().on(READY) };
    if let Some(cause) = slack::shared_app(facts) {
        return cause.on(READY);
    }
    if let Some(problem) = plugins::problem_of_a_required_plugin(facts) {
        return problem.on(READY);
    }
    let mut message = match &report.slack.workspace {
        Some(workspace) => format!("Answers as @{} in workspace {}", workspace.bot_user, workspace.team),
        None => "Answers".into(),
    };
    let (answering, wanted) = (facts.answering_pods(), facts.wanted());
    if i32::try_from(answering).is_ok_and(|answering| answering < wanted) {
        message += &format!(", by {answering} of {wanted} pods: condition {PROGRESSING} tells of the others");
    }
    Verdict::new(READY, Status::True, Reason::Connected, message)
}
