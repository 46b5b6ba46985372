//! What is mounted into the bot's pod. Secrets and certificates are optional: the pod starts without them, and the bot
//! says what is missing and takes it up when it appears.

use chatops_crds::{
    bot_config::{
        APP_TOKEN_FILE, BOT_TOKEN_FILE, CA_FILE, CERTIFICATE_FILE, CONFIG_DIR, DATA_DIR, KEY_FILE,
        PROXY_CREDENTIALS_DIR, REDIS_CA_DIR, REDIS_CERTIFICATE_DIR, REDIS_CREDENTIALS_DIR,
        SENTINEL_CREDENTIALS_DIR, TOKENS_DIR, TRUSTED_CA_DIR, render::managed_redis_name,
    },
    chat_bot::storage::Redis,
    shared::references::{CaKind, CaRef},
};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, KeyToPath, PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume,
    VolumeMount,
};

use super::super::{dereference::child_name, validate::ValidatedBot};

/// Keys of a Secret with credentials, and the files they become.
const CREDENTIALS: &[(&str, &str)] = &[("username", "username"), ("password", "password")];

/// Something mounted: the volume and its folder.
pub(super) struct Mounted {
    pub volume: Volume,
    folder: &'static str,
    read_only: bool,
}

impl Mounted {
    fn read_only(volume: Volume, folder: &'static str) -> Self {
        Self { volume, folder, read_only: true }
    }

    pub(super) fn mount(&self) -> VolumeMount {
        VolumeMount {
            name: self.volume.name.clone(),
            mount_path: self.folder.into(),
            read_only: self.read_only.then_some(true),
            ..VolumeMount::default()
        }
    }
}

/// Everything that is mounted, in a fixed order.
pub(super) fn mounted(bot: &ValidatedBot) -> Vec<Mounted> {
    let tokens = &bot.spec.slack.tokens_secret_ref;
    let keys = [(&*tokens.keys.bot_token, BOT_TOKEN_FILE), (&*tokens.keys.app_token, APP_TOKEN_FILE)];
    let mut mounted = vec![
        Mounted::read_only(config(bot), CONFIG_DIR),
        Mounted::read_only(secret("tokens", &tokens.name, &keys), TOKENS_DIR),
    ];
    mounted.extend(network(bot));
    if let Some(redis) = &bot.spec.storage.redis {
        mounted.extend(of_redis(redis));
    }
    if bot.spec.storage.managed_redis.is_some() {
        mounted.push(password(bot));
    }
    if bot.spec.storage.embedded.is_some() {
        let volume = claimed("data", &child_name(&bot.name));
        mounted.push(Mounted { volume, folder: DATA_DIR, read_only: false });
    }
    mounted
}

/// The password of the managed Redis, for the bot and for the server alike.
pub(super) fn password(bot: &ValidatedBot) -> Mounted {
    let volume = secret("redis-credentials", &managed_redis_name(&bot.name), &[("password", "password")]);
    Mounted::read_only(volume, REDIS_CREDENTIALS_DIR)
}

/// The volume of the PersistentVolumeClaim `claim`.
pub(super) fn claimed(volume: &str, claim: &str) -> Volume {
    let source = PersistentVolumeClaimVolumeSource { claim_name: claim.into(), read_only: None };
    Volume { name: volume.into(), persistent_volume_claim: Some(source), ..Volume::default() }
}

fn network(bot: &ValidatedBot) -> impl Iterator<Item = Mounted> {
    let network = &bot.spec.network;
    let proxy = network.proxy.as_ref().and_then(|proxy| proxy.credentials_secret_ref.as_ref());
    let credentials = proxy.map(|proxy| secret("proxy-credentials", &proxy.name, CREDENTIALS));
    let ca = network.trusted_ca_ref.as_ref().map(|ca| certificates("trusted-ca", ca));
    let credentials = credentials.map(|volume| Mounted::read_only(volume, PROXY_CREDENTIALS_DIR));
    credentials.into_iter().chain(ca.map(|volume| Mounted::read_only(volume, TRUSTED_CA_DIR)))
}

fn of_redis(redis: &Redis) -> impl Iterator<Item = Mounted> {
    let server = redis.credentials_secret_ref.as_ref().map(|credentials| {
        let volume = secret("redis-credentials", &credentials.name, CREDENTIALS);
        Mounted::read_only(volume, REDIS_CREDENTIALS_DIR)
    });
    let sentinel = redis.sentinel_credentials_secret_ref.as_ref().map(|credentials| {
        let volume = secret("sentinel-credentials", &credentials.name, CREDENTIALS);
        Mounted::read_only(volume, SENTINEL_CREDENTIALS_DIR)
    });
    let tls = redis.tls.as_ref();
    let ca = tls
        .and_then(|tls| tls.ca_ref.as_ref())
        .map(|ca| Mounted::read_only(certificates("redis-ca", ca), REDIS_CA_DIR));
    let certificate = tls.and_then(|tls| tls.client_certificate_secret_ref.as_ref()).map(|certificate| {
        let files = [(CERTIFICATE_FILE, CERTIFICATE_FILE), (KEY_FILE, KEY_FILE)];
        Mounted::read_only(secret("redis-certificate", &certificate.name, &files), REDIS_CERTIFICATE_DIR)
    });
    [server, sentinel, ca, certificate].into_iter().flatten()
}

fn config(bot: &ValidatedBot) -> Volume {
    let source = ConfigMapVolumeSource { name: child_name(&bot.name), ..ConfigMapVolumeSource::default() };
    Volume { name: "config".into(), config_map: Some(source), ..Volume::default() }
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
