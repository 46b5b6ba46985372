//! Every message names the object and the fix, and fits.

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::*;

fn stub(zones: usize) -> StubZones {
    let zones: Vec<String> = (0..zones).map(|i| format!("zone-{i}.example.com")).collect();
    StubZones::parse(&zones, &["8.8.8.8".into()], "cluster.local").unwrap()
}

fn objects() -> Objects {
    let coredns: ConfigMap =
        serde_json::from_value(json!({"data": {"Corefile": ".:53 {\n    forward . 9.9.9.9\n}\n"}})).unwrap();
    Objects { coredns: Some(coredns), ..Objects::default() }
}

#[test]
fn a_command_that_fits_is_in_the_message_as_a_whole() {
    let said = diagnosed(&objects(), &Server::Corefile { reloads: true }, &stub(2));
    assert_eq!((said.status, said.reason, &said.command), (Status::False, Reason::StubZoneDiagnosed, &None));
    assert!(said.message.ends_with("--patch-file=/dev/stdin"), "{}", said.message);
    assert!(said.message.len() <= MAX_MESSAGE, "{}", said.message.len());
}

#[test]
fn a_command_that_does_not_fit_is_not_cut_but_told_elsewhere() {
    let said = diagnosed(&objects(), &Server::Corefile { reloads: true }, &stub(16));
    assert!(said.message.len() <= MAX_MESSAGE && said.message.contains("Events"), "{}", said.message);
    assert!(said.command.unwrap().contains("zone-15.example.com"));
}

#[test]
fn every_provider_gets_its_own_exact_command() {
    for (server, program) in [
        (Server::Eks, "aws eks update-addon"),
        (Server::CloudDns, "gcloud dns managed-zones create zone-0-example-com"),
        (Server::OpenShift { servers: Vec::new() }, "oc patch dns.operator/default"),
    ] {
        let said = managed(&objects(), &server, &stub(2));
        assert_eq!(said.reason, Reason::ClusterDNSManaged);
        assert!(said.message.contains(program), "{}", said.message);
    }
    let servers = vec![json!({"zones": ["zone-0.example.com", "zone-1.example.com"]})];
    assert_eq!(managed(&objects(), &Server::OpenShift { servers }, &stub(2)).reason, Reason::StubZoneApplied);
}

#[test]
fn a_conflict_is_told_apart_from_what_cannot_be_read() {
    let taken = Refusal::Corefile(corefile::Error::Taken("slack.com:53".into()));
    assert_eq!(refused(&taken).reason, Reason::StubZoneConflict);
    let broken = Refusal::Corefile(corefile::Error::Unbalanced { line: 3 });
    assert_eq!(refused(&broken).reason, Reason::ClusterDNSUnknown);
    assert!(refused(&broken).message.contains("line 3"));
}
