//! Takes everything of the operator's out of the cluster's DNS, once, for somebody who uninstalls it.

use kube::Client;

use super::{
    detect::Objects,
    place::{NAMESPACE, Refusal},
    plan::{self, Records},
};
use crate::cluster::{client::brief, foreign};

/// How often an object is read again because somebody else changed it meanwhile.
const TRIES: usize = 5;

/// Why not everything is out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the cluster's DNS cannot be read: {}", brief(.0))]
    Read(#[source] kube::Error),
    #[error("ConfigMap {NAMESPACE}/{name} cannot be changed: {}", brief(.source))]
    Write { name: &'static str, source: kube::Error },
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("may not be read, so that it is not known whether something is left: {0}")]
    Forbidden(String),
    #[error("somebody else changes the cluster's DNS again and again: try once more")]
    Busy,
}

/// What was done, one line each; none if there was nothing of the operator's.
///
/// # Errors
/// When something is left or may be left.
pub async fn undo(client: &Client) -> Result<Vec<String>, Error> {
    let mut done = Vec::new();
    for _ in 0..TRIES {
        let objects = Objects::read(client).await.map_err(Error::Read)?;
        if let Some(words) = objects.forbidden {
            return Err(Error::Forbidden(words));
        }
        let mut conflict = false;
        for leftover in plan::leftovers(&objects, None, &Records::default()) {
            let write = leftover?;
            let name = write.place.config_map();
            match foreign::replace(client, &write.config_map).await {
                Ok(_) => done.push(format!(
                    "ConfigMap {NAMESPACE}/{name}: what the operator wrote to {} is out",
                    write.place.key()
                )),
                Err(kube::Error::Api(status)) if status.code == 409 => conflict = true,
                Err(source) => return Err(Error::Write { name, source }),
            }
        }
        if !conflict {
            return Ok(done);
        }
    }
    Err(Error::Busy)
}
