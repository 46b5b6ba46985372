//! What servers and sentinels want to see, read from where it is mounted.

use chatops_crds::{
    bot_config::SecretSource,
    bot_report::{Fault, FaultCode},
};

use crate::secret::{self, Secret};

/// A password, and the name of a user if it is not the default one. Compared to notice a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    pub username: Option<String>,
    pub password: Option<Secret>,
}

impl Credentials {
    /// Reads them; the user name is optional where a password is wanted.
    pub(super) async fn read(
        username: Option<&SecretSource>,
        password: Option<&SecretSource>,
    ) -> Result<Credentials, Fault> {
        let Some(password) = password else { return Ok(Credentials::default()) };
        let password = secret::read(password)
            .await
            .map_err(|missing| Fault::new(FaultCode::StorageSecretNotFound).with("key", missing.key()))?;
        let username = match username {
            Some(source) => secret::read_name(source).await.ok(),
            None => None,
        };
        Ok(Credentials { username, password: Some(password) })
    }

    /// The user's name for people.
    pub(super) fn user(&self) -> &str {
        self.username.as_deref().unwrap_or("default")
    }
}
