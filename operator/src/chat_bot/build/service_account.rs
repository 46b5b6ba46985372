//! The bot's identity, which may do nothing and gets no token.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::{super::validate::ValidatedBot, metadata};

pub fn build(bot: &ValidatedBot) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata::build(bot),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
