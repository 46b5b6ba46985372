//! The volume: taken up if it is there, created if not, made larger where that is allowed.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::{Client, ResourceExt};

use super::super::build::claim::{Claim, Unfit};
use crate::cluster::apply::{ApplyError, Finding, Prepared, find_fitting, write as write_child};

/// The volume as it was found.
pub(super) struct Found {
    pub desired: Prepared<PersistentVolumeClaim>,
    pub finding: Finding<PersistentVolumeClaim>,
    unfit: Option<Unfit>,
    field: &'static str,
}

pub(super) async fn look(
    client: &Client,
    claim: &Claim,
    cached: Option<Arc<PersistentVolumeClaim>>,
) -> Result<Found, ApplyError> {
    let mut unfit = None;
    let fit = |actual: Option<&PersistentVolumeClaim>| {
        unfit = actual.and_then(|actual| claim.unfit(actual));
        claim.fit(actual)
    };
    let (desired, finding) = find_fitting(client, claim.wanted(), cached, fit).await?;
    Ok(Found { desired, finding, unfit, field: claim.field })
}

/// Returns what of the spec the volume does not fit. One that may not be changed is such a case, and no error: it is
/// there and can be used.
pub(super) async fn write(client: &Client, found: Found) -> Result<Option<Unfit>, ApplyError> {
    let Found { desired, finding, unfit, field } = found;
    let exists = matches!(finding, Finding::Differs(Some(_)));
    match write_child(client, &desired, finding).await {
        Ok(_written) => Ok(unfit),
        Err(ApplyError::Invalid { message, .. } | ApplyError::Forbidden { message, .. }) if exists => {
            // What follows the first line is the whole spec, before and after.
            let message = message.lines().next().unwrap_or_default().to_owned();
            Ok(Some(Unfit::Refused { field, claim: desired.object().name_any(), message }))
        }
        Err(error) => Err(error),
    }
}
