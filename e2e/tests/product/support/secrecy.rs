//! No secret value in any object, status, Event, log, metric or chat message.

use super::{shared, world::World};

/// Kinds whose objects may show a secret by mistake; Secrets themselves are left out.
const KINDS: &str = "chatbots,botplugins,deployments,replicasets,pods,configmaps,services,serviceaccounts,\
                     networkpolicies,poddisruptionbudgets,events,endpointslices";

/// Looks everywhere a value could have leaked to.
pub async fn assert_nothing_leaked(world: &World) {
    let secrets = world.secrets();
    for (place, text) in places(world).await {
        let leaked = secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert!(leaked.is_none(), "a secret value stands in {place}:\n{text}");
    }
}

async fn places(world: &World) -> Vec<(&'static str, String)> {
    let operator = |args: &str| {
        let args = format!("-n {} {args}", shared::OPERATOR_NAMESPACE);
        async move {
            let args: Vec<_> = args.split_whitespace().collect();
            shared::kubectl(world.cluster, &args).await
        }
    };
    let bot_metrics = match world.pods().await.first().and_then(|pod| pod.metadata.name.clone()) {
        Some(pod) => {
            let proxy = format!("get --raw /api/v1/namespaces/{}/pods/{pod}:8080/proxy", world.namespace);
            world.try_kubectl(&format!("{proxy}/metrics")).await
                + &world.try_kubectl(&format!("{proxy}/status")).await
        }
        None => String::new(),
    };
    // kubectl keeps what it applied in an annotation of the Secret only; objects are read without it.
    let chat = serde_json::to_string(&world.slack.transcript()).expect("a transcript is JSON");
    vec![
        ("the namespace's objects", world.kubectl(&format!("get {KINDS} -o json")).await),
        ("a bot's log", world.try_kubectl("logs -l app.kubernetes.io/name=chatops-bot --tail=-1").await),
        ("a bot's metrics or report", bot_metrics),
        ("the operator's log", operator("logs deployment/chatops-operator --tail=-1").await),
        ("the chat", chat),
    ]
}
