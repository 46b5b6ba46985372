//! Which cluster is meant.

use std::env;

use kube::{Config, config::InferConfigError};

/// A kubeconfig that is named wins; without one, a pod's own cluster; without that, the user's kubeconfig. Says also
/// whether it is the pod's own.
pub(super) async fn infer() -> Result<(Config, bool), InferConfigError> {
    if env::var_os("KUBECONFIG").is_none()
        && let Ok(config) = Config::incluster()
    {
        return Ok((config, true));
    }
    Ok((Config::infer().await?, false))
}
