//! Clusters as they are found, and what serves their names.

use serde_json::json;

use super::*;

fn config_map(key: &str, value: &str) -> Option<ConfigMap> {
    Some(serde_json::from_value(json!({"data": {key: value}})).unwrap())
}

fn deployment(replicas: i32) -> Option<Deployment> {
    let spec = json!({"replicas": replicas, "selector": {}, "template": {}});
    Some(serde_json::from_value(json!({"spec": spec})).unwrap())
}

const PLAIN: &str = ".:53 {\n    forward . 8.8.8.8\n    reload\n}\n";

#[test]
fn kubeadm_has_a_corefile() {
    let mut objects = Objects { coredns: config_map("Corefile", PLAIN), ..Objects::default() };
    assert_eq!(objects.server(None), Server::Corefile { reloads: true });
    objects.coredns = config_map("Corefile", ".:53 { }");
    assert_eq!(objects.server(None), Server::Corefile { reloads: false });
    objects.custom = config_map("x.server", "");
    assert_eq!(
        objects.server(None),
        Server::Corefile { reloads: false },
        "what is not imported does nothing"
    );
}

#[test]
fn aks_and_k3s_import_files_of_others() {
    for import in ["import custom/*.server", "import /etc/coredns/custom/*.server"] {
        let text = format!("{PLAIN}{import}\n");
        let objects = Objects { coredns: config_map("Corefile", &text), ..Objects::default() };
        assert_eq!(objects.server(None), Server::Custom { port: 53 }, "{import}");
    }
}

#[test]
fn kube_dns_serves_where_it_runs_and_coredns_does_not() {
    let mut objects = Objects { kube_dns_deployment: deployment(2), ..Objects::default() };
    assert_eq!(objects.server(None), Server::KubeDns);
    objects.coredns = config_map("Corefile", PLAIN);
    assert_eq!(objects.server(None), Server::KubeDns, "a Corefile is left over");
    objects.coredns_deployment = deployment(2);
    assert_eq!(objects.server(None), Server::Corefile { reloads: true });
    objects.kube_dns_deployment = deployment(0);
    objects.coredns_deployment = None;
    assert_eq!(objects.server(None), Server::Corefile { reloads: true });
}

#[test]
fn what_a_provider_manages_is_recognised() {
    let mut objects = Objects { coredns: config_map("Corefile", PLAIN), ..Objects::default() };
    assert_eq!(objects.server(Some("169.254.169.254")), Server::CloudDns);
    assert_eq!(objects.server(Some("10.96.0.10")), Server::Corefile { reloads: true });
    objects.coredns.as_mut().unwrap().labels_mut().insert(EKS_LABEL.into(), "coredns".into());
    assert_eq!(objects.server(None), Server::Eks);
    objects.openshift = Some(Vec::new());
    assert_eq!(objects.server(None), Server::OpenShift { servers: Vec::new() });
}

#[test]
fn what_cannot_be_told_says_why() {
    let mut objects = Objects::default();
    assert!(matches!(objects.server(None), Server::Unknown(why) if why.contains("neither")));
    objects.forbidden = Some("403 Forbidden: no".into());
    assert_eq!(objects.server(None), Server::Unknown("403 Forbidden: no".into()));
}
