//! Events: what a condition says when it changes, once.

use chatops_crds::shared::conditions::{READY, Reason};
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};

use super::{FIELD_MANAGER, apply::hash_of, client::brief};

/// What is worth an Event: in `after` and not in `before` is something wrong, or the object became ready. Conditions
/// that say the same make one Event.
pub fn news<'a>(before: &[Condition], after: &'a [Condition]) -> Vec<&'a Condition> {
    let mut news: Vec<&Condition> = Vec::new();
    for condition in after.iter().filter(|condition| is_worth_telling(condition)) {
        let told =
            |other: &Condition| (&other.reason, &other.message) == (&condition.reason, &condition.message);
        if !before.iter().any(told) && !news.iter().copied().any(told) {
            news.push(condition);
        }
    }
    news
}

fn is_worth_telling(condition: &Condition) -> bool {
    let under_way = [Reason::Pending, Reason::Progressing].map(Reason::as_str);
    match condition.status.as_str() {
        "True" => condition.type_ == READY,
        _ => !under_way.contains(&condition.reason.as_str()),
    }
}

/// Publishes one Event about the object of `regarding`. Its name is made of what it says and of the condition's
/// transition, so that it is published once, whatever happens to the operator. A failure is logged and nothing more:
/// the condition says the same.
pub async fn publish(client: &Client, regarding: &ObjectReference, condition: &Condition, now: Timestamp) {
    let event = event(regarding, condition, now);
    let namespace = regarding.namespace.clone().unwrap_or_default();
    let created =
        Api::<Event>::namespaced(client.clone(), &namespace).create(&PostParams::default(), &event).await;
    match created {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        Err(error) => tracing::warn!(
            error = brief(&error),
            reason = condition.reason,
            "an Event could not be published"
        ),
    }
}

fn event(regarding: &ObjectReference, condition: &Condition, now: Timestamp) -> Event {
    let Condition { reason, message, last_transition_time, .. } = condition;
    let name = regarding.name.clone().unwrap_or_default();
    let hash = hash_of(&(&regarding.uid, reason, message, last_transition_time));
    let good = condition.status == "True" || *reason == Reason::Suspended.as_str();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{hash}")),
            namespace: regarding.namespace.clone(),
            ..ObjectMeta::default()
        },
        action: Some("Reconcile".into()),
        event_time: Some(MicroTime(now)),
        note: Some(message.clone()),
        reason: Some(reason.clone()),
        regarding: Some(regarding.clone()),
        reporting_controller: Some(format!("chatops.dev/{FIELD_MANAGER}")),
        reporting_instance: Some(FIELD_MANAGER.into()),
        type_: Some(if good { "Normal" } else { "Warning" }.into()),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Condition {
        Condition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.into(),
            message: message.into(),
            observed_generation: Some(1),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    }

    fn reasons(before: &[Condition], after: &[Condition]) -> Vec<String> {
        news(before, after).into_iter().map(|c| c.reason.clone()).collect()
    }

    #[test]
    fn conditions_that_say_the_same_make_one_event() {
        let missing = |type_| condition(type_, "False", "TokensSecretNotFound", "Secret missing");
        let after = [missing("Ready"), missing("CredentialsValid")];
        assert_eq!(reasons(&[], &after), ["TokensSecretNotFound"]);
        assert_eq!(reasons(&after[1..], &after), Vec::<String>::new(), "it was told before");
    }

    #[test]
    fn nothing_is_told_while_nothing_changes() {
        let after = [condition("Ready", "True", "Connected", "")];
        assert_eq!(reasons(&after, &after), Vec::<String>::new());
    }

    #[test]
    fn a_rollout_under_way_is_no_news_and_readiness_is() {
        let under_way = [condition("Ready", "False", "Progressing", "")];
        let ready =
            [condition("Ready", "True", "Connected", ""), condition("Connected", "True", "Connected", "x")];
        assert_eq!(reasons(&[], &under_way), Vec::<String>::new());
        assert_eq!(reasons(&under_way, &ready), ["Connected"]);
    }

    #[test]
    fn an_event_of_the_same_outage_has_the_same_name_and_one_of_the_next_another() {
        let regarding = ObjectReference { name: Some("ops".into()), ..ObjectReference::default() };
        let first = condition("Ready", "False", "StorageUnreachable", "down");
        let mut next = first.clone();
        next.last_transition_time = Time(Timestamp::from_second(60).unwrap());
        let name =
            |c: &Condition, at| event(&regarding, c, Timestamp::from_second(at).unwrap()).metadata.name;
        assert_eq!(name(&first, 1), name(&first, 2));
        assert_ne!(name(&first, 1), name(&next, 1));
    }
}
