//! Stub zones in the cluster's DNS: written for those who ask, told, and taken out again without a trace.

mod security;
mod standing;
mod world;

use chatops_operator::cluster_dns::{canary::Answer, place::OWN_KEY, record::ANNOTATION, undo::undo};
use serde_json::{Value, json};

use crate::api_server::Fault;
use world::{COREFILE, Dns, KUBEADM, asking, corefile_of, zones_fail};

#[tokio::test(start_paused = true)]
async fn zones_that_failed_are_written_and_told_once_they_resolve() {
    let dns = Dns::new("apply");
    dns.script.set("slack.com", Answer::Fails);
    dns.api.put("chatbots", asking("Apply"));
    let message = dns.told("False/StubZonePending").await;
    assert!(message.contains("kube-system/coredns"), "{message}");
    let text = corefile_of(&dns.api);
    assert!(text.contains("slack.com:53 slack-edge.com:53 {") && text.ends_with(KUBEADM), "{text}");
    dns.stays("False/StubZonePending", 60).await;
    dns.script.set("slack.com", Answer::Resolves);
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn zones_that_resolved_all_along_are_not_called_applied_before_two_minutes_are_over() {
    let dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("False/StubZonePending").await;
    dns.stays("False/StubZonePending", 110).await;
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn with_the_last_user_of_all_namespaces_the_file_is_what_it_was() {
    let dns = Dns::new("apply");
    let before = dns.api.system("configmaps", "coredns").unwrap();
    dns.api.put("chatbots", asking("Apply"));
    let mut second = asking("Apply");
    second["metadata"]["namespace"] = json!("dev");
    dns.api.put("chatbots", second);
    dns.told("True/StubZoneApplied").await;
    dns.api.delete("chatbots", "ops");
    dns.rest(600).await;
    assert_ne!(corefile_of(&dns.api), KUBEADM, "somebody still asks");
    dns.api.delete_in("dev", "chatbots", "ops");
    dns.eventually("the block goes", |api| (corefile_of(api) == KUBEADM).then_some(())).await;
    let mut after = dns.api.system("configmaps", "coredns").unwrap();
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_for_any_more_goes_also_when_that_happened_while_the_operator_was_away() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.kill();
    dns.api.delete("chatbots", "ops");
    dns.api.edit_system("configmaps", "coredns", |coredns| {
        let text = coredns["data"]["Corefile"]
            .as_str()
            .unwrap()
            .replace("cache 30\n    reload", "cache 60\n    reload");
        coredns["data"]["Corefile"] = json!(text);
    });
    dns.start();
    let theirs = KUBEADM.replace("cache 30", "cache 60");
    dns.eventually("the block goes", |api| (corefile_of(api) == theirs).then_some(())).await;
    let annotations = &dns.api.system("configmaps", "coredns").unwrap()["metadata"]["annotations"];
    assert!(annotations.is_null(), "{annotations}");
}

#[tokio::test(start_paused = true)]
async fn undo_takes_out_what_the_operator_wrote_and_has_nothing_to_do_the_second_time() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.kill();
    let done = undo(&dns.api.client()).await.unwrap();
    assert_eq!(done, ["ConfigMap kube-system/coredns: what the operator wrote to Corefile is out"]);
    assert_eq!(corefile_of(&dns.api), KUBEADM);
    dns.system_writes();
    assert_eq!(undo(&dns.api.client()).await.unwrap(), Vec::<String>::new());
    assert_eq!(dns.system_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_nothing_changes() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.rest(60).await;
    dns.api.take_writes();
    dns.rest(3600).await;
    assert_eq!(dns.api.take_writes(), []);
    dns.kill();
    dns.start();
    dns.rest(600).await;
    assert_eq!(dns.system_writes(), 0, "a restart");
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn a_foreign_block_of_the_zone_is_a_conflict_and_not_touched() {
    let dns = Dns::new("apply");
    let theirs = format!("{KUBEADM}dns://Slack.COM.:53, example.com {{\n    forward . 10.0.0.1\n}}\n");
    dns.set_corefile(&theirs);
    dns.api.put("chatbots", asking("Apply"));
    let message = dns.told("False/StubZoneConflict").await;
    assert!(message.contains("dns://Slack.COM.:53") && message.contains("--cluster-dns-zone"), "{message}");
    assert_eq!((corefile_of(&dns.api), dns.system_writes()), (theirs, 0));
    dns.set_corefile(KUBEADM);
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn a_change_by_somebody_else_between_reading_and_writing_is_not_lost() {
    let dns = Dns::new("apply");
    let (api, mut raced) = (dns.api.clone(), false);
    dns.api.on_request(move |call| {
        if call.is_write() && call.namespace == "kube-system" && !raced {
            raced = true;
            return Some(Fault::Refused(409, "Conflict"));
        }
        None
    });
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    assert!(corefile_of(&api).ends_with(KUBEADM));
}

#[tokio::test(start_paused = true)]
async fn zones_that_resolve_worse_are_taken_out_and_not_tried_again() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("False/StubZonePending").await;
    dns.script.set("kubernetes.default.svc.cluster.local", Answer::Fails);
    dns.stays("False/StubZonePending", 100).await;
    dns.told("False/StubZoneRolledBack").await;
    assert_eq!(corefile_of(&dns.api), KUBEADM);
    dns.script.set("kubernetes.default.svc.cluster.local", Answer::Resolves);
    dns.rest(600).await;
    dns.kill();
    dns.start();
    dns.system_writes();
    dns.rest(600).await;
    assert_eq!(dns.system_writes(), 0);
    dns.told("False/StubZoneRolledBack").await;
    dns.api.edit("chatbots", "ops", |bot| bot["spec"]["dns"]["clusterStubZone"] = json!("None"));
    dns.eventually("the annotation goes", |api| {
        api.system("configmaps", "coredns")?["metadata"]["annotations"].is_null().then_some(())
    })
    .await;
    dns.api.edit("chatbots", "ops", |bot| bot["spec"]["dns"]["clusterStubZone"] = json!("Apply"));
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn what_others_take_back_is_put_back_twice_and_then_left_also_after_a_restart() {
    let mut dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    for round in 0..3 {
        dns.set_corefile(KUBEADM);
        if round < 2 {
            dns.eventually("it is put back", |api| (corefile_of(api) != KUBEADM).then_some(())).await;
        }
    }
    let message = dns.told("False/StubZoneReverted").await;
    assert!(message.contains("three times"), "{message}");
    dns.kill();
    dns.start();
    dns.system_writes();
    dns.rest(3600).await;
    assert_eq!((dns.system_writes(), corefile_of(&dns.api).as_str()), (0, KUBEADM));
    dns.told("False/StubZoneReverted").await;
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_also_drops_the_annotation_is_not_fought_either() {
    let dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    for _ in 0..10 {
        dns.api.edit_system("configmaps", "coredns", |coredns| {
            coredns["data"]["Corefile"] = json!(KUBEADM);
            coredns["metadata"].as_object_mut().unwrap().remove("annotations");
        });
        dns.rest(60).await;
    }
    assert_eq!(dns.system_writes(), 3, "once, and put back twice");
    dns.told("False/StubZoneReverted").await;
}

#[tokio::test(start_paused = true)]
async fn kube_dns_gets_entries_among_those_of_others() {
    let dns = Dns::of_kube_dns();
    let theirs = "{\n  \"acme.local\": [\"10.0.0.1\"]\n}\n";
    dns.set_stub_domains(Some(theirs));
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    let text = dns.stub_domains().unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["slack.com"], json!(["8.8.8.8", "1.1.1.1:5353"]));
    assert_eq!(read["acme.local"], json!(["10.0.0.1"]));
    dns.set_stub_domains(Some(&text.replacen('{', "{\"new.local\":[],", 1)));
    dns.api.delete("chatbots", "ops");
    let rest = theirs.replacen('{', "{\"new.local\":[],", 1);
    dns.eventually("only theirs is left", |_| (dns.stub_domains().as_deref() == Some(&rest)).then_some(()))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_key_of_kube_dns_that_was_not_there_goes_again() {
    let dns = Dns::of_kube_dns();
    let before = dns.api.system("configmaps", "kube-dns").unwrap()["data"].clone();
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.api.delete("chatbots", "ops");
    dns.eventually("the key goes", |_| dns.stub_domains().is_none().then_some(())).await;
    assert_eq!(dns.api.system("configmaps", "kube-dns").unwrap()["data"], before);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_entry_of_kube_dns_and_broken_json_are_left_as_they_are() {
    let dns = Dns::of_kube_dns();
    dns.set_stub_domains(Some(r#"{"slack.com": ["10.0.0.1"]}"#));
    dns.api.put("chatbots", asking("Apply"));
    dns.told("False/StubZoneConflict").await;
    dns.set_stub_domains(Some("{'slack.com': []}"));
    dns.told("False/ClusterDNSUnknown").await;
    assert_eq!(dns.system_writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn beside_a_corefile_that_imports_the_operator_has_a_file_of_its_own() {
    let dns = Dns::new("apply");
    let theirs = format!("{KUBEADM}import custom/*.server\n");
    dns.set_corefile(&theirs);
    dns.api.put("chatbots", asking("Apply"));
    let message = dns.told("False/StubZonePending").await;
    assert!(message.contains("`kubectl -n kube-system create configmap coredns-custom`"), "{message}");
    dns.api.put("configmaps", json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns-custom", "namespace": "kube-system"},
        "data": {"their.override": "log"},
    }));
    dns.told("True/StubZoneApplied").await;
    let custom = || dns.api.system("configmaps", "coredns-custom").unwrap();
    assert!(custom()["data"][OWN_KEY].as_str().unwrap().contains("slack.com:53"));
    assert_eq!(corefile_of(&dns.api), theirs);
    dns.api.delete("chatbots", "ops");
    dns.eventually("the key goes", |_| custom()["data"][OWN_KEY].is_null().then_some(())).await;
    assert_eq!(custom()["data"], json!({"their.override": "log"}));
}

#[tokio::test(start_paused = true)]
async fn a_corefile_that_begins_to_import_has_the_zones_in_one_place_only() {
    let dns = Dns::new("apply");
    dns.api.put("chatbots", asking("Apply"));
    dns.told("True/StubZoneApplied").await;
    dns.api.put("configmaps", json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns-custom", "namespace": "kube-system"},
    }));
    dns.set_corefile(&format!("{}import custom/*.server\n", corefile_of(&dns.api)));
    dns.eventually("it is moved", |api| {
        let moved = api.system("configmaps", "coredns-custom")?["data"][OWN_KEY].is_string();
        (moved && corefile_of(api) == format!("{KUBEADM}import custom/*.server\n")).then_some(())
    })
    .await;
    dns.told("True/StubZoneApplied").await;
}

#[tokio::test(start_paused = true)]
async fn upstreams_that_do_not_help_are_said_to_be_the_reason() {
    let dns = Dns::new("apply");
    zones_fail(&dns);
    dns.api.put("chatbots", asking("Apply"));
    dns.rest(180).await;
    let message = dns.told("False/StubZonePending").await;
    assert!(message.contains("--cluster-dns-upstream"), "{message}");
    assert!(
        dns.api.system("configmaps", COREFILE.0).unwrap()["metadata"]["annotations"][ANNOTATION].is_string()
    );
}
