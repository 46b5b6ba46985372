//! Objects that are created once and then left alone, also unread: a Secret's content is nobody's business but its
//! users'.

use k8s_openapi::api::core::v1::Secret;
use kube::{Client, ResourceExt, api::PostParams};

use super::{
    FIELD_MANAGER,
    apply::{ApplyError, api},
};

/// Creates `secret`; one of its name that is there already stays as it is. Takes the right to `create` Secrets and no
/// other.
///
/// # Errors
/// [`ApplyError`] when the API server does not take it.
pub async fn create_once(client: &Client, secret: &Secret) -> Result<(), ApplyError> {
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    let name = secret.name_any();
    match api(client, secret).create(&params, secret).await {
        Ok(_created) => {
            tracing::info!(name, namespace = secret.namespace(), "the Secret is created");
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(ApplyError::new::<Secret>(&name, error)),
    }
}
