//! Step 2, pure: everything that was found → what can be built, or *all* problems at once.

use chatops_crds::{
    ChatBot, ChatBotSpec,
    bot_config::{self, BotConfig, Placement, render},
    resolve::{Problem, Resolution},
    shared::conditions::Reason,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};

use super::Settings;

/// A ChatBot that can be built: everything is known and fits.
#[derive(Clone, Debug)]
pub struct ValidatedBot {
    pub namespace: String,
    pub name: String,
    /// Reference of the objects to their ChatBot.
    pub owner: OwnerReference,
    pub spec: ChatBotSpec,
    pub image: String,
    /// Image of the managed Redis, if there is one.
    pub redis_image: String,
    /// Text of the bot's configuration file.
    pub config: String,
    /// What the bot will report once it has taken up `config`.
    pub config_hash: String,
    /// Changes when the pods have to be replaced.
    pub restart_hash: String,
    /// Namespace from which the operator asks the bot.
    pub operator_namespace: String,
}

/// Why a ChatBot cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error(
        "{error}: remove commands or select fewer plugins (spec.plugins.selector); the largest is BotPlugin \"{plugin}\" with {bytes} bytes. The configuration before stays in force"
    )]
    TooLarge { error: bot_config::TooLarge, plugin: String, bytes: usize },
    /// Only an object that did not come from an API server lacks it.
    #[error("metadata.uid is missing")]
    NoUid,
}

impl Invalid {
    /// Reason of the condition that tells it.
    pub fn reason(&self) -> Reason {
        match self {
            Invalid::Problem(problem) => problem.reason(),
            Invalid::TooLarge { .. } => Reason::ConfigTooLarge,
            Invalid::NoUid => Reason::InvalidSpec,
        }
    }
}

/// What `bot` and its catalogue of commands come to.
///
/// # Errors
/// Every problem that stands in the way. Problems of single plugins do not: they are the status's to tell.
pub fn validate(
    bot: &ChatBot,
    resolution: &Resolution,
    settings: &Settings,
    cluster_id: &str,
) -> Result<ValidatedBot, Vec<Invalid>> {
    let mut problems: Vec<Invalid> =
        resolution.problems.iter().filter(|problem| problem.is_fatal()).cloned().map(Invalid::from).collect();
    let (namespace, name) = (bot.namespace().unwrap_or_default(), bot.name_any());
    let placement =
        Placement::Pod { cluster_domain: settings.cluster_domain.clone(), cluster_id: cluster_id.into() };
    let config = render(&namespace, &name, &bot.spec, resolution, &placement);
    let text = config.to_yaml().unwrap_or_else(|error| {
        problems.push(too_large(error, &config));
        String::new()
    });
    // It does not block the ChatBot's deletion: that would take the right to update finalizers on some clusters.
    let owner = bot.controller_owner_ref(&());
    if owner.is_none() {
        problems.push(Invalid::NoUid);
    }
    let redis_image = bot.spec.storage.managed_redis.as_ref().and_then(|redis| redis.image.clone());
    match owner {
        Some(owner) if problems.is_empty() => Ok(ValidatedBot {
            namespace,
            name,
            owner,
            spec: bot.spec.clone(),
            image: bot.spec.image.clone().unwrap_or_else(|| settings.bot_image.clone()),
            redis_image: redis_image.unwrap_or_else(|| settings.redis_image.clone()),
            config_hash: bot_config::hash(&text),
            restart_hash: config.restart_hash(),
            config: text,
            operator_namespace: settings.operator_namespace.clone(),
        }),
        _ => Err(problems),
    }
}

fn too_large(error: bot_config::TooLarge, config: &BotConfig) -> Invalid {
    let size = |plugin| serde_yaml::to_string(plugin).map_or(0, |text| text.len());
    let sizes = config.plugins.iter().map(|plugin| (size(plugin), plugin.name.clone()));
    let (bytes, plugin) = sizes.max().unwrap_or_default();
    Invalid::TooLarge { error, plugin, bytes }
}
