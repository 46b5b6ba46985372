//! What is told to ChatBots where nothing may be written, and where something does not let it.

use serde_json::json;

use super::world::{Dns, KUBEADM, asking, corefile_of};
use crate::api_server::Fault;

#[tokio::test(start_paused = true)]
async fn diagnose_tells_the_command_and_writes_nothing_whichever_side_says_it() {
    for (mode, asked) in [("diagnose", "Diagnose"), ("apply", "Diagnose")] {
        let dns = Dns::new(mode);
        dns.api.put("chatbots", asking(asked));
        let message = dns.told("False/StubZoneDiagnosed").await;
        assert!(
            message.contains("kubectl -n kube-system create configmap coredns --dry-run=client"),
            "{message}"
        );
        dns.rest(600).await;
        assert_eq!((dns.system_writes(), corefile_of(&dns.api).as_str()), (0, KUBEADM), "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_a_person_made_as_told_is_noticed() {
    let dns = Dns::new("diagnose");
    dns.api.put("chatbots", asking("Diagnose"));
    dns.told("False/StubZoneDiagnosed").await;
    let applied = Dns::new("apply");
    applied.api.put("chatbots", asking("Apply"));
    applied.told("True/StubZoneApplied").await;
    dns.set_corefile(&corefile_of(&applied.api));
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_more_than_the_flags_allow_is_told_so() {
    for (mode, asked, wanted) in
        [("off", "Apply", "apply"), ("off", "Diagnose", "diagnose"), ("diagnose", "Apply", "apply")]
    {
        let dns = Dns::new(mode);
        dns.api.put("chatbots", asking(asked));
        let message = dns.told("False/StubZoneNotAllowed").await;
        assert!(message.contains(&format!("--cluster-dns={wanted}")), "{message}");
        dns.rest(600).await;
        assert_eq!(dns.system_writes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_has_no_such_condition() {
    let dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.api.edit("chatbots", "ops", |bot| bot["spec"]["dns"]["clusterStubZone"] = json!("None"));
    dns.eventually("the condition goes", |_| dns.condition().is_none().then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn without_the_role_the_operator_says_which_manifest_grants_it() {
    let dns = Dns::new("apply");
    dns.api.on_request(|call| {
        (call.is_write() && call.namespace == "kube-system").then_some(Fault::Refused(403, "Forbidden"))
    });
    dns.api.put("chatbots", asking("Apply"));
    let message = dns.told("False/StubZoneNotAllowed").await;
    assert!(message.contains("manifests/cluster-dns/apply"), "{message}");
    dns.api.on_request(|call| (call.namespace == "kube-system").then_some(Fault::Refused(403, "Forbidden")));
    let message = dns.told("Unknown/ClusterDNSUnknown").await;
    assert!(message.contains("manifests/cluster-dns/diagnose"), "{message}");
    dns.api.without_faults();
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_fails_for_a_while_changes_nothing_that_was_told() {
    let dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.api.on_request(|call| {
        (call.namespace == "kube-system").then_some(Fault::Refused(503, "ServiceUnavailable"))
    });
    dns.stays("True/StubZoneApplied", 300).await;
}

#[tokio::test(start_paused = true)]
async fn a_chat_bot_that_cannot_be_read_loses_nothing() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.kill();
    dns.api.edit("chatbots", "ops", |bot| bot["spec"]["dns"]["clusterStubZone"] = json!("OfTheFuture"));
    dns.system_writes();
    dns.start();
    dns.rest(600).await;
    assert_eq!(dns.system_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_manages_is_told_and_not_written() {
    let dns = Dns::new("apply");
    dns.api.edit_system("configmaps", "coredns", |coredns| {
        coredns["metadata"]["labels"] = json!({"eks.amazonaws.com/component": "coredns"});
    });
    dns.api.put("chatbots", asking("Apply"));
    let message = dns.told("False/ClusterDNSManaged").await;
    assert!(message.contains("aws eks update-addon"), "{message}");
    assert_eq!(dns.system_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_too_long_for_a_condition_comes_whole_in_events() {
    let dns = Dns::new("apply");
    let theirs = format!("{}{KUBEADM}", "# a comment of somebody\n".repeat(100));
    dns.set_corefile(&theirs);
    dns.api.edit_system("configmaps", "coredns", |coredns| {
        coredns["metadata"]["labels"] = json!({"eks.amazonaws.com/component": "coredns"});
    });
    dns.api.put("chatbots", asking("Apply"));
    dns.told("False/ClusterDNSManaged").await;
    let command = dns
        .eventually("all parts", |api| {
            let notes =
                api.list("events").into_iter().map(|event| event["note"].as_str().unwrap().to_owned());
            let mut parts: Vec<(usize, usize, String)> = notes
                .filter_map(|note| {
                    let (head, part) = note.split_once(", to be joined without a break: ")?;
                    let (index, of) = head.strip_prefix("Part ")?.split_once(" of ")?;
                    Some((index.parse().unwrap(), of.parse().unwrap(), part.to_owned()))
                })
                .collect();
            parts.sort();
            let is_whole = parts.first().is_some_and(|(_, of, _)| *of == parts.len());
            is_whole.then(|| parts.into_iter().map(|(_, _, part)| part).collect::<String>())
        })
        .await;
    assert!(command.starts_with("aws eks update-addon") && command.contains("a comment of somebody"));
    dns.rest(60).await;
    dns.api.take_writes();
    dns.rest(3600).await;
    assert_eq!(dns.api.take_writes(), [], "each part is published once");
}
