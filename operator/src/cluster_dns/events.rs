//! A command that is too long for a condition, in Events. An Event's note holds 1 kB (API reference, events.k8s.io/v1),
//! so that it comes in parts.

use chatops_crds::{
    ChatBot,
    shared::conditions::{CLUSTER_DNS, Reason},
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};
use kube::{Client, Resource};

use crate::cluster::events;

/// Bytes of the command in one part.
const PART: usize = 900;

/// Tells `bot` the whole command. The Events' names are made of what they say, so that none is published twice.
pub async fn publish(client: &Client, bot: &ChatBot, reason: Reason, command: &str, now: Timestamp) {
    let parts = parts(command);
    for (index, part) in parts.iter().enumerate() {
        let condition = Condition {
            type_: CLUSTER_DNS.into(),
            status: "False".into(),
            reason: reason.as_str().into(),
            message: format!("Part {} of {}, to be joined without a break: {part}", index + 1, parts.len()),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        };
        events::publish(client, &bot.object_ref(&()), &condition, now).await;
    }
}

fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while rest.len() > PART {
        let cut = (0..=PART).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, left) = rest.split_at(cut);
        parts.push(part);
        rest = left;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole_and_each_fits() {
        let text = "é x".repeat(1000);
        let parts = parts(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|part| part.len() <= PART));
    }
}
