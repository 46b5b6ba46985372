//! `Progressing`: whether the last change is in force, on its way, or stuck. A stuck rollout says so here, while `Ready`
//! stays true as long as the old pod answers.

use chatops_crds::shared::conditions::{PROGRESSING, Reason, Status, Verdict};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};

use super::{
    super::apply,
    Cause, Facts, accepted,
    facts::{obstacle, silence},
    faults,
};
use crate::cluster::{apply::ApplyError, rollout::is_rolled_out};

pub fn progressing(facts: &Facts<'_>) -> Verdict {
    let problem = accepted::problem(facts).or_else(|| failure(facts));
    if let Some(problem) = problem {
        return problem.on(PROGRESSING);
    }
    let rolled_out = facts.deployment.is_some_and(|deployment| is_rolled_out(deployment, facts.wanted()));
    match (rolled_out, facts.wanted()) {
        (true, 0) => done("The bot is suspended, and no pod is left"),
        (true, _) => configuration(facts),
        (false, 0) => under_way("The bot's pod is being stopped"),
        (false, _) => match facts.newest_pods().find_map(|pod| stuck(pod, facts)) {
            Some(cause) => Verdict::new(PROGRESSING, Status::False, cause.reason, cause.message),
            None => under_way("The bot's pod is being rolled out"),
        },
    }
}

/// The pods are as wanted; the configuration is taken up without replacing them.
fn configuration(facts: &Facts<'_>) -> Verdict {
    let wanted = facts.validated.map(|valid| valid.config_hash.as_str()).unwrap_or_default();
    let reports = || facts.newest_pods().filter_map(|pod| pod.says());
    if let Some(fault) = reports().find_map(|report| report.config_fault.as_ref()) {
        return faults::config_fault(fault).on(PROGRESSING);
    }
    if reports().any(|report| report.config_hash != wanted) {
        return under_way("The bot is taking up its new configuration");
    }
    done("The last change is in force")
}

/// The Deployment itself says that it cannot go on, or its objects may not be created.
pub fn failure(facts: &Facts<'_>) -> Option<Cause> {
    if let Some(apply::Error::Child(error @ ApplyError::Forbidden { .. })) = facts.apply_error {
        let message =
            format!("{error}: check the namespace's quota and admission, and the operator's ClusterRole");
        return Some(Cause::new(Status::False, Reason::CreationForbidden, message));
    }
    if facts.wanted() == 0 {
        return None;
    }
    let deployment = facts.deployment?;
    if let Some(failure) = condition(deployment, "ReplicaFailure", "True") {
        let message = format!(
            "the bot's pod may not be created ({}): check the namespace's quota and admission, and spec.pod",
            failure.message.clone().unwrap_or_default()
        );
        return Some(Cause::new(Status::False, Reason::CreationForbidden, message));
    }
    let exceeded = condition(deployment, "Progressing", "False")
        .filter(|condition| condition.reason.as_deref() == Some("ProgressDeadlineExceeded"))?;
    let known = facts.newest_pods().any(|pod| stuck(pod, facts).is_some());
    (!known).then(|| {
        let message = format!(
            "the bot's pod did not become ready in time ({}): `kubectl describe pods` and the bot's log show why",
            exceeded.message.clone().unwrap_or_default()
        );
        Cause::new(Status::False, Reason::DeploymentUnavailable, message)
    })
}

fn stuck(pod: &crate::bots::pods::BotPod, facts: &Facts<'_>) -> Option<Cause> {
    obstacle(pod).or_else(|| faults::reported(pod, facts)).or_else(|| silence(pod))
}

fn condition<'a>(deployment: &'a Deployment, type_: &str, status: &str) -> Option<&'a DeploymentCondition> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == type_ && condition.status == status)
}

fn done(message: &str) -> Verdict {
    Verdict::new(PROGRESSING, Status::True, Reason::RolledOut, message)
}

fn under_way(message: &str) -> Verdict {
    Verdict::new(PROGRESSING, Status::True, Reason::Progressing, message)
}
