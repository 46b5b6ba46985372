//! What the conditions are computed from, and the question that several of them ask: why does nothing answer?

use std::collections::BTreeSet;

use chatops_crds::{
    ChatBot,
    bot_report::BotReport,
    resolve::Resolution,
    shared::conditions::{Reason, Status, Verdict},
};
use k8s_openapi::api::apps::v1::Deployment;

use super::{
    super::{
        apply,
        build::claim::Unfit,
        dereference::{Dereferenced, UnreadablePlugin},
        validate::{Invalid, ValidatedBot},
    },
    accepted, faults, rollout,
};
use crate::{
    bots::{
        pods::{BotPod, Obstacle, spokesman},
        reports::BotName,
        servers::ServerPod,
    },
    cluster::labels,
};

/// Everything that is known of a bot.
#[derive(Debug)]
pub struct Facts<'a> {
    pub bot: &'a ChatBot,
    pub resolution: &'a Resolution,
    pub unreadable: &'a [UnreadablePlugin],
    pub validated: Result<&'a ValidatedBot, &'a [Invalid]>,
    /// Why not everything could be applied.
    pub apply_error: Option<&'a apply::Error>,
    /// As it was applied, or as it is.
    pub deployment: Option<&'a Deployment>,
    pub pods: &'a [BotPod],
    /// What of the spec the volume does not fit.
    pub unfit: Option<&'a Unfit>,
    /// Pods of the managed Redis.
    pub redis_pods: &'a [ServerPod],
    /// Other bots that take messages of the same Slack app.
    pub sharing: &'a BTreeSet<BotName>,
}

/// Why something is as it is, before it is said of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub status: Status,
    pub reason: Reason,
    pub message: String,
}

impl Cause {
    pub fn new(status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }

    /// The cause as a verdict on condition `type_`.
    pub fn on(self, type_: &'static str) -> Verdict {
        Verdict::new(type_, self.status, self.reason, self.message)
    }

    /// The cause as a verdict on a condition that can only be known from a report, which is missing.
    pub fn unknown(self, type_: &'static str) -> Verdict {
        Verdict::new(type_, Status::Unknown, self.reason, self.message)
    }
}

impl<'a> Facts<'a> {
    pub fn new(
        bot: &'a ChatBot,
        resolution: &'a Resolution,
        found: &'a Dereferenced,
        validated: &'a Result<ValidatedBot, Vec<Invalid>>,
        applied: Option<&'a Result<apply::Applied, apply::Error>>,
    ) -> Self {
        let as_applied = applied.and_then(|applied| applied.as_ref().ok()?.deployment.as_deref());
        Self {
            bot,
            resolution,
            unreadable: &found.unreadable,
            validated: validated.as_ref().map_err(Vec::as_slice),
            apply_error: applied.and_then(|applied| applied.as_ref().err()),
            deployment: as_applied.or(found.children.deployment.as_deref()),
            pods: &found.pods,
            unfit: applied.and_then(|applied| applied.as_ref().ok()?.unfit.as_ref()),
            redis_pods: &found.redis_pods,
            sharing: &found.sharing,
        }
    }

    /// Pods that should run.
    pub fn wanted(&self) -> i32 {
        self.bot.spec.wanted_replicas()
    }

    /// Hash of the newest pod template.
    pub fn newest_template(&self) -> Option<&str> {
        let annotations = self.deployment?.spec.as_ref()?.template.metadata.as_ref()?.annotations.as_ref()?;
        annotations.get(labels::TEMPLATE).map(String::as_str)
    }

    /// Pods of the newest template.
    pub fn newest_pods(&self) -> impl Iterator<Item = &'a BotPod> {
        let template = self.newest_template().map(str::to_owned);
        self.pods.iter().filter(move |pod| template.is_some() && pod.template == template)
    }

    /// The report of the pod that speaks for the bot.
    pub fn report(&self) -> Option<&'a BotReport> {
        spokesman(self.pods, self.newest_template())?.says()
    }

    /// What the pods say that are of the same template as the one that speaks for the bot, that one's first.
    pub fn reports(&self) -> impl Iterator<Item = &'a BotReport> {
        let speaker = spokesman(self.pods, self.newest_template());
        let alike = self.pods.iter().filter(move |pod| {
            speaker.is_some_and(|speaker| pod.template == speaker.template && pod.uid != speaker.uid)
        });
        speaker.into_iter().chain(alike).filter_map(BotPod::says)
    }

    /// Pods by which a message typed now would be answered.
    pub fn answering_pods(&self) -> usize {
        self.pods.iter().filter(|pod| pod.answers()).count()
    }

    /// A pod by which a message typed now would be answered.
    pub fn answering(&self) -> Option<&'a BotPod> {
        self.pods.iter().find(|pod| pod.answers())
    }

    /// A pod is up that has not been asked yet, and no other answers.
    pub fn is_awaiting_a_first_report(&self) -> bool {
        self.wanted() > 0 && self.answering().is_none() && self.pods.iter().any(BotPod::is_awaited)
    }

    /// Why nothing answers. What a running pod says comes first, for it is the one that would answer.
    pub fn hindrance(&self) -> Cause {
        if self.wanted() == 0 {
            return self.suspended();
        }
        let pods = || self.newest_pods().chain(self.pods);
        pods()
            .find_map(|pod| faults::reported(pod, self))
            .or_else(|| pods().find_map(obstacle))
            .or_else(|| pods().find_map(silence))
            .or_else(|| accepted::problem(self))
            .or_else(|| rollout::failure(self))
            .unwrap_or_else(|| self.under_way())
    }

    fn suspended(&self) -> Cause {
        let field = if self.bot.spec.suspend { "spec.suspend is true" } else { "spec.replicas is 0" };
        Cause::new(Status::False, Reason::Suspended, format!("{field}: no pod of the bot runs"))
    }

    fn under_way(&self) -> Cause {
        let message = if self.pods.iter().any(|pod| pod.says().is_some()) {
            "The bot is connecting to Slack"
        } else {
            "The bot's pod is starting"
        };
        Cause::new(Status::False, Reason::Progressing, message)
    }
}

/// What keeps the pod's process from running.
pub fn obstacle(pod: &BotPod) -> Option<Cause> {
    let name = &pod.name;
    let see = format!("`kubectl describe pod {name}` shows more");
    let (reason, message) = match pod.obstacle.as_ref().filter(|_| !pod.leaving)? {
        Obstacle::ImagePull { image } => (
            Reason::ImagePullFailed,
            format!(
                "Pod \"{name}\" cannot pull image \"{image}\": correct spec.image, or name a Secret for the registry in spec.pod.imagePullSecrets; {see}"
            ),
        ),
        Obstacle::Unschedulable { message } => (
            Reason::PodUnschedulable,
            format!("no node takes the bot's pod ({message}): {}", placement(message)),
        ),
        Obstacle::Crashing { detail } => (
            Reason::ContainerCrashing,
            format!(
                "the bot in Pod \"{name}\" ends again and again ({detail}): `kubectl logs {name} --previous` shows why"
            ),
        ),
        Obstacle::NotCreated { message } => (
            Reason::DeploymentUnavailable,
            format!(
                "the container of Pod \"{name}\" cannot be created ({message}): check spec.image and spec.pod; {see}"
            ),
        ),
    };
    Some(Cause::new(Status::False, reason, message))
}

/// What to do about a pod that no node takes for the reason that the scheduler gives.
pub fn placement(message: &str) -> &'static str {
    if message.to_lowercase().contains("persistentvolumeclaim") {
        "its volume is not there: `kubectl describe pvc` shows why; correct storageClassName in spec.storage, or give the cluster a default storage class"
    } else {
        "adapt nodeSelector, tolerations, affinity or resources in spec.pod, or add a node"
    }
}

/// The pod runs and does not answer the operator.
pub fn silence(pod: &BotPod) -> Option<Cause> {
    let silent = pod.running && !pod.leaving && pod.report == crate::bots::reports::ReportState::Silent;
    silent.then(|| {
        Cause::new(
            Status::Unknown,
            Reason::StatusUnreachable,
            format!(
                "Pod \"{}\" has not answered the operator on port 8080 for 15 s: check its node, and NetworkPolicies that keep the operator out",
                pod.name
            ),
        )
    })
}
