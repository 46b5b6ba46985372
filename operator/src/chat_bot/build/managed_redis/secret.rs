//! The Secret with the password, which bot and server mount.

use chatops_crds::chat_bot::storage::DeletionPolicy;
use k8s_openapi::api::core::v1::Secret;

use super::super::{super::validate::ValidatedBot, metadata};

/// Key of the password.
const PASSWORD: &str = "password";

pub(super) fn build(bot: &ValidatedBot, policy: DeletionPolicy) -> Secret {
    let metadata = metadata::kept(metadata::of_redis(bot), policy);
    Secret { metadata, type_: Some("Opaque".into()), ..Secret::default() }
}

/// `secret` with `password` in it.
pub fn with_password(secret: &Secret, password: String) -> Secret {
    Secret { string_data: Some([(PASSWORD.into(), password)].into()), ..secret.clone() }
}
