//! A ChatBot that this operator cannot read: it says so, and its objects stay as they are.

use std::time::Duration;

use chatops_crds::{
    ChatBot,
    shared::conditions::{ACCEPTED, READY, Reason, Status, Verdict, merge},
};
use kube::core::{DeserializeGuard, error_boundary::InvalidObject};

use super::Context;
use crate::cluster::status::write_unreadable;

pub(super) async fn report(
    invalid: &InvalidObject,
    context: &Context,
) -> Result<Option<Duration>, kube::Error> {
    let message = format!(
        "the object cannot be read: {}. Correct it, or upgrade the operator if the object was written for a newer one. The bot's objects stay as they are",
        invalid.error
    );
    let verdicts =
        [READY, ACCEPTED].map(|type_| Verdict::new(type_, Status::False, Reason::InvalidSpec, &*message));
    let now = (context.clock)();
    let generation = invalid.metadata.generation;
    let object = DeserializeGuard::<ChatBot>(Err(invalid.clone()));
    let conditions = |before: &[_]| merge(before, &verdicts, generation, now);
    write_unreadable(&context.client, &object, conditions, now).await?;
    Ok(None)
}
