//! What came through a socket, on its way to the inbox, and what its envelope is acknowledged with.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout};

use super::{
    acknowledgement::{Asker, NOT_KEPT, NOT_TAKEN, Said},
    link::Link,
    reaction::{self, Refused},
};
use crate::{
    chat::Incoming,
    inbox::{Accepted, Full, Inbox},
};

/// An envelope that Slack need not deliver again, if it has an id to acknowledge.
pub(super) struct Taken {
    pub envelope_id: Option<String>,
    pub arrival: Instant,
    /// What whoever typed it is told at once.
    pub said: Option<Said>,
}

/// Ends once the inbox has `incoming`, or when that takes too long: with nothing where nobody waits, so that Slack
/// delivers it again.
pub(super) fn offer(
    link: &Link,
    inbox: &Inbox,
    incoming: Incoming,
    envelope_id: Option<String>,
    asker: Asker,
) -> BoxFuture<'static, Option<Taken>> {
    let (arrival, metrics) = (Instant::now(), link.metrics.clone());
    let accepted = timeout(link.timing.accept, inbox.accept(incoming));
    Box::pin(async move {
        let (outcome, told) = match accepted.await {
            Ok(Ok(Accepted::New)) => ("accepted", None),
            Ok(Ok(Accepted::Duplicate)) => ("duplicate", None),
            Ok(Ok(Accepted::Ignored)) => ("ignored", None),
            Ok(Ok(Accepted::Busy)) => ("busy", None),
            Ok(Err(Full)) => ("refused", Some(NOT_TAKEN)),
            Err(_) => ("refused", Some(NOT_KEPT)),
        };
        metrics.incoming(outcome);
        let said = told.and_then(|told| asker.told(told));
        (told.is_none() || said.is_some()).then_some(Taken { envelope_id, arrival, said })
    })
}

/// The same for a reaction to the message `on`, once it is known who reacted and where.
pub(super) fn react(
    link: &Arc<Link>,
    inbox: &Inbox,
    (incoming, on): (Incoming, String),
    envelope_id: Option<String>,
) -> BoxFuture<'static, Option<Taken>> {
    let (link, inbox, arrival) = (link.clone(), inbox.clone(), Instant::now());
    Box::pin(async move {
        match reaction::placed(&link, incoming, &on).await {
            Ok(incoming) => offer(&link, &inbox, incoming, envelope_id, Asker::Nobody).await,
            Err(Refused::Later(error)) => {
                tracing::warn!(%error, "a reaction is left to its next delivery");
                None
            }
            Err(refused) => {
                tracing::info!(%refused, "a reaction runs nothing");
                link.metrics.incoming("ignored");
                Some(Taken { envelope_id, arrival, said: None })
            }
        }
    })
}
