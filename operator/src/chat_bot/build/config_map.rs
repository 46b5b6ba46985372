//! The bot's configuration file, which the pod mounts and follows.

use chatops_crds::bot_config::FILE_NAME;
use k8s_openapi::api::core::v1::ConfigMap;

use super::{super::validate::ValidatedBot, metadata};

pub fn build(bot: &ValidatedBot) -> ConfigMap {
    ConfigMap {
        metadata: metadata::build(bot),
        data: Some([(FILE_NAME.into(), bot.config.clone())].into()),
        ..ConfigMap::default()
    }
}
