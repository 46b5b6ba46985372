//! How a bot's pod resolves names.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{World, in_a_world};

/// The `resolv.conf` that the running bot sees, read through its process: the image has no shell.
async fn resolv_conf(world: &World) -> String {
    let (uid, _) = world.pod_identity().await;
    let process = fs::read_dir("/proc")
        .expect("/proc is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|process| is_the_bot(process, &uid))
        .expect("a chatops-bot process in the pod");
    fs::read_to_string(process.join("root/etc/resolv.conf")).expect("resolv.conf is read")
}

fn is_the_bot(process: &Path, pod_uid: &str) -> bool {
    let read = |name: &str| fs::read_to_string(process.join(name)).unwrap_or_default();
    read("comm").trim() == "chatops-bot" && read("cgroup").contains(pod_uid)
}

fn options(resolv_conf: &str) -> Vec<String> {
    let line = resolv_conf.lines().find_map(|line| line.strip_prefix("options ")).unwrap_or_default();
    let mut options: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    options.sort();
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn resolv_conf_is_what_dns_says() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        assert_eq!(options(&resolv_conf(&world).await), ["attempts:3", "ndots:1", "timeout:2"]);
        world.delete("chatbot ops").await;

        world
            .ready_bot(json!({"dns": {
                "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
                "nameservers": ["198.18.255.254"],
            }}))
            .await;
        let file = resolv_conf(&world).await;
        assert_eq!(options(&file), ["attempts:3", "edns0", "ndots:2", "timeout:2"]);
        let servers: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("nameserver ")).collect();
        assert_eq!(servers, ["10.96.0.10", "198.18.255.254"], "the cluster's name server comes first");
    })
    .await;
}

/// The node has a search domain with a wildcard record, as company networks do: with Kubernetes' default of `ndots:5`
/// the name is asked there first, and the answer is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_fails_only_because_of_the_search_list_resolves() {
    in_a_world(|world| async move {
        let url = world.api_url();
        let port = url.rsplit_once(':').map(|(_, rest)| rest).expect("the simulator's URL has a port");
        let by_name = format!("http://slack.chatops.test:{port}");
        let with =
            |options: Value| json!({"slack": {"apiURL": by_name.clone()}, "dns": {"options": options}});

        world.apply_bot(with(json!([{"name": "ndots", "value": "5"}]))).await;
        world.told("Ready", "False", "SlackUnreachable").await;

        world.apply_bot(with(json!([]))).await;
        world.ready().await;
        assert_eq!(world.ask("!echo by name").await, "by name");
    })
    .await;
}
