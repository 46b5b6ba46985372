//! What a person would type to make the change that the operator does not make. Pure. Each command can be copied as it
//! stands into a POSIX shell; words in capitals are for the reader to fill in.

use serde_json::{Value, json};

use super::{
    corefile,
    detect::{Objects, Server},
    place::{COREFILE, NAMESPACE, OWN_KEY, Place, Refusal, data},
    stub_zones::StubZones,
};

/// The command for the server that was found; none where nobody knows which it is.
///
/// # Errors
/// When the present configuration cannot be edited.
pub fn command(objects: &Objects, server: &Server, stub: &StubZones) -> Result<Option<String>, Refusal> {
    Ok(Some(match server {
        Server::Corefile { .. } => corefile_command(objects, stub)?,
        Server::Custom { port } => custom_command(objects, &corefile::own_file(stub, *port)),
        Server::KubeDns => kube_dns_command(objects, stub)?,
        Server::Eks => eks_command(objects, stub)?,
        Server::CloudDns => cloud_dns_command(stub),
        Server::OpenShift { servers } => openshift_command(stub, servers.is_empty()),
        Server::Unknown(_) => return Ok(None),
    }))
}

/// Puts the block before what is there, whatever its length. A shell drops final line breaks of what a command prints,
/// so that one is added.
fn corefile_command(objects: &Objects, stub: &StubZones) -> Result<String, Refusal> {
    let before = corefile_of(objects)?;
    let after = corefile::apply(&before, stub)?;
    let name = Place::Corefile.config_map();
    if corefile::undo(&before)? != before {
        return Ok(merge_patch(name, COREFILE, &after));
    }
    let block = corefile::own_file(stub, corefile::read(&before)?.port);
    Ok(format!(
        "kubectl -n {NAMESPACE} create configmap {name} --dry-run=client -o json --from-literal=Corefile=\"{block}$(kubectl -n {NAMESPACE} get configmap {name} -o jsonpath='{{.data.Corefile}}')\n\" | kubectl -n {NAMESPACE} patch configmap {name} --type=merge --patch-file=/dev/stdin"
    ))
}

fn custom_command(objects: &Objects, file: &str) -> String {
    let name = Place::Custom.config_map();
    match objects.custom {
        Some(_) => merge_patch(name, OWN_KEY, file),
        None => format!(
            "kubectl -n {NAMESPACE} create configmap {name} --from-literal={OWN_KEY}={}",
            quoted(file)
        ),
    }
}

fn kube_dns_command(objects: &Objects, stub: &StubZones) -> Result<String, Refusal> {
    let (name, key) = (Place::KubeDns.config_map(), Place::KubeDns.key());
    let before = objects.kube_dns.as_ref().map(data);
    let after = Place::KubeDns.set(before.as_ref().unwrap_or(&Default::default()), stub, None, 0)?;
    let value = after.get(key).map(String::as_str).unwrap_or_default();
    Ok(match before {
        Some(_) => merge_patch(name, key, value),
        None => {
            format!("kubectl -n {NAMESPACE} create configmap {name} --from-literal={key}={}", quoted(value))
        }
    })
}

fn eks_command(objects: &Objects, stub: &StubZones) -> Result<String, Refusal> {
    let values = json!({"corefile": corefile::apply(&corefile_of(objects)?, stub)?});
    Ok(format!(
        "aws eks update-addon --cluster-name CLUSTER --addon-name coredns --configuration-values {}",
        quoted(&values.to_string())
    ))
}

fn cloud_dns_command(stub: &StubZones) -> String {
    let zones = stub.zones.iter().map(|zone| {
        format!(
            "gcloud dns managed-zones create {} --dns-name={zone}. --visibility=private --networks=NETWORK --forwarding-targets={} --description=chatops",
            zone.as_str().split('.').collect::<Vec<_>>().join("-"),
            stub.upstream_list(",")
        )
    });
    zones.collect::<Vec<_>>().join(" && ")
}

fn openshift_command(stub: &StubZones, is_first: bool) -> String {
    let server =
        json!({"name": "chatops", "zones": stub.zones, "forwardPlugin": {"upstreams": stub.upstreams}});
    let (path, value) =
        if is_first { ("/spec/servers", json!([server])) } else { ("/spec/servers/-", server) };
    let patch = json!([{"op": "add", "path": path, "value": value}]);
    format!("oc patch dns.operator/default --type=json -p {}", quoted(&patch.to_string()))
}

/// Whether servers of OpenShift's DNS operator serve every zone.
pub fn openshift_has(servers: &[Value], stub: &StubZones) -> bool {
    let served: Vec<&str> = servers
        .iter()
        .filter_map(|server| server["zones"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    stub.zones.iter().all(|zone| served.contains(&zone.as_str()))
}

fn corefile_of(objects: &Objects) -> Result<String, Refusal> {
    let text = objects.coredns.as_ref().and_then(|coredns| data(coredns).remove(COREFILE));
    text.ok_or(Refusal::NoCorefile)
}

fn merge_patch(name: &str, key: &str, value: &str) -> String {
    let patch = json!({"data": {key: value}}).to_string();
    format!("kubectl -n {NAMESPACE} patch configmap {name} --type=merge -p {}", quoted(&patch))
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.split('\'').collect::<Vec<_>>().join("'\\''"))
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn stub() -> StubZones {
        StubZones::parse(&["slack.com".into()], &["8.8.8.8".into()], "cluster.local").unwrap()
    }

    fn config_map(key: &str, value: &str) -> Option<ConfigMap> {
        Some(serde_json::from_value(json!({"data": {key: value}})).unwrap())
    }

    /// Runs `command` in a shell where kubectl, aws and oc print their arguments, or for `get` the Corefile.
    fn typed(command: &str, corefile: &str) -> String {
        let programs = "kubectl() { case \"$3\" in get) printf %s \"$COREFILE\";; create) printf '%s\\0' \"$@\";; patch) case \"$6$7\" in *stdin*) cat;; *) printf '%s\\0' \"$@\";; esac;; esac; }\naws() { printf '%s\\0' \"$@\"; }\noc() { printf '%s\\0' \"$@\"; }\n";
        let mut shell = Command::new("sh")
            .env("COREFILE", corefile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(format!("{programs}{command}\n").as_bytes()).unwrap();
        String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn a_shell_makes_of_the_command_just_what_the_operator_would_write() {
        let before = "# it's \"mine\" $HOME `id` \\\n.:53 {\n    forward . /etc/resolv.conf\n    reload\n}\n";
        let objects = Objects { coredns: config_map("Corefile", before), ..Objects::default() };
        let after = corefile::apply(before, &stub()).unwrap();
        let command = |server| command(&objects, &server, &stub()).unwrap().unwrap();

        let typed_corefile = typed(&command(Server::Corefile { reloads: true }), before);
        let literal =
            typed_corefile.split('\0').find_map(|word| word.strip_prefix("--from-literal=Corefile="));
        assert_eq!(literal, Some(after.as_str()));

        let eks = typed(&command(Server::Eks), before);
        let values: Value = serde_json::from_str(eks.split('\0').nth(7).unwrap()).unwrap();
        assert_eq!(values["corefile"], json!(after));
    }

    #[test]
    fn what_is_long_in_the_cluster_does_not_make_the_command_long() {
        let before = format!("{}.:53 {{ }}\n", "# a comment\n".repeat(500));
        let objects = Objects { coredns: config_map("Corefile", &before), ..Objects::default() };
        let command = command(&objects, &Server::Corefile { reloads: true }, &stub()).unwrap().unwrap();
        assert!(command.len() < 700, "{}", command.len());
    }

    #[test]
    fn foreign_entries_of_kube_dns_are_part_of_the_patch() {
        let theirs = r#"{"a.b":["10.0.0.1"]}"#;
        let objects = Objects { kube_dns: config_map("stubDomains", theirs), ..Objects::default() };
        let command = command(&objects, &Server::KubeDns, &stub()).unwrap().unwrap();
        let words = typed(&command, "");
        let patch: Value = serde_json::from_str(words.split('\0').nth(7).unwrap()).unwrap();
        assert_eq!(patch["data"]["stubDomains"], r#"{"slack.com":["8.8.8.8"],"a.b":["10.0.0.1"]}"#);
    }

    #[test]
    fn openshift_gets_a_list_or_one_more_of_it() {
        for (is_first, path) in [(true, "/spec/servers"), (false, "/spec/servers/-")] {
            let words = typed(&openshift_command(&stub(), is_first), "");
            let patch: Value = serde_json::from_str(words.split('\0').nth(4).unwrap()).unwrap();
            assert_eq!(patch[0]["path"], path);
        }
        let servers = [json!({"name": "x", "zones": ["slack.com"]})];
        assert!(openshift_has(&servers, &stub()) && !openshift_has(&[], &stub()));
    }
}
