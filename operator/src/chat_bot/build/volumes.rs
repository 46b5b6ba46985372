//! What is mounted into the bot's pod. Secrets and certificates are optional: the pod starts without them, and the bot
//! says what is missing and takes it up when it appears.

use chatops_crds::{
    bot_config::{
        APP_TOKEN_FILE, BOT_TOKEN_FILE, CA_FILE, CONFIG_DIR, REDIS_CA_DIR, REDIS_CREDENTIALS_DIR, TOKENS_DIR,
    },
    shared::references::{CaKind, CaRef},
};
use k8s_openapi::api::core::v1::{ConfigMapVolumeSource, KeyToPath, SecretVolumeSource, Volume, VolumeMount};

use super::super::{dereference::child_name, validate::ValidatedBot};

const CONFIG: &str = "config";
const TOKENS: &str = "tokens";
const REDIS_CREDENTIALS: &str = "redis-credentials";
const REDIS_CA: &str = "redis-ca";

pub(super) fn volumes(bot: &ValidatedBot) -> Vec<Volume> {
    let tokens = &bot.spec.slack.tokens_secret_ref;
    let keys = [(&*tokens.keys.bot_token, BOT_TOKEN_FILE), (&*tokens.keys.app_token, APP_TOKEN_FILE)];
    let mut volumes = vec![config(bot), secret(TOKENS, &tokens.name, &keys)];
    if let Some(credentials) = bot.spec.storage.redis.as_ref().and_then(|r| r.credentials_secret_ref.as_ref())
    {
        let keys = [("username", "username"), ("password", "password")];
        volumes.push(secret(REDIS_CREDENTIALS, &credentials.name, &keys));
    }
    if let Some(ca) = redis_ca(bot) {
        volumes.push(certificates(REDIS_CA, ca));
    }
    volumes
}

pub(super) fn mounts(bot: &ValidatedBot) -> Vec<VolumeMount> {
    let folders = [
        (CONFIG, CONFIG_DIR),
        (TOKENS, TOKENS_DIR),
        (REDIS_CREDENTIALS, REDIS_CREDENTIALS_DIR),
        (REDIS_CA, REDIS_CA_DIR),
    ];
    volumes(bot)
        .iter()
        .filter_map(|volume| folders.iter().find(|(name, _)| *name == volume.name))
        .map(|(name, folder)| VolumeMount {
            name: (*name).into(),
            mount_path: (*folder).into(),
            read_only: Some(true),
            ..VolumeMount::default()
        })
        .collect()
}

fn redis_ca(bot: &ValidatedBot) -> Option<&CaRef> {
    bot.spec.storage.redis.as_ref()?.tls.as_ref()?.ca_ref.as_ref()
}

fn config(bot: &ValidatedBot) -> Volume {
    let source = ConfigMapVolumeSource { name: child_name(&bot.name), ..ConfigMapVolumeSource::default() };
    Volume { name: CONFIG.into(), config_map: Some(source), ..Volume::default() }
}

fn secret(volume: &str, secret: &str, keys: &[(&str, &str)]) -> Volume {
    let source = SecretVolumeSource {
        secret_name: Some(secret.into()),
        items: Some(keys.iter().map(|(key, path)| item(key, path)).collect()),
        optional: Some(true),
        default_mode: None,
    };
    Volume { name: volume.into(), secret: Some(source), ..Volume::default() }
}

fn certificates(volume: &str, ca: &CaRef) -> Volume {
    match ca.kind {
        CaKind::Secret => secret(volume, &ca.name, &[(&ca.key, CA_FILE)]),
        CaKind::ConfigMap => {
            let source = ConfigMapVolumeSource {
                name: ca.name.clone(),
                items: Some(vec![item(&ca.key, CA_FILE)]),
                optional: Some(true),
                default_mode: None,
            };
            Volume { name: volume.into(), config_map: Some(source), ..Volume::default() }
        }
    }
}

fn item(key: &str, path: &str) -> KeyToPath {
    KeyToPath { key: key.into(), path: path.into(), mode: None }
}
