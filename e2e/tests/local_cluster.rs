//! The local cluster itself: that pods, DNS, volumes and live configuration work in it as the product's tests
//! presume, that it recovers from a crash, and that nothing of it is left when it is stopped.
//!
//! One scenario, because a cluster takes seconds to start; each step is a function that reads as a sentence.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chatops_e2e::cluster::{self, Cluster, Options};

const NAME: &str = "selftest";
const OTHER: &str = "selftest-other";
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local_cluster/workload.yaml");
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_runs_pods_recovers_from_a_crash_and_leaves_nothing_behind() -> Result<()> {
    Cluster::remove(NAME).await?;
    Cluster::remove(OTHER).await?;
    let cluster = Cluster::up(NAME, Options::default()).await?;
    let state = cluster.kubeconfig().parent().context("a kubeconfig is in a folder")?.to_owned();

    pods_under_the_restricted_profile_become_available(&cluster).await?;
    a_pod_that_breaks_the_restricted_profile_is_refused(&cluster).await?;
    logs_and_exec_work(&cluster).await?;
    a_service_is_found_by_name_and_reached(&cluster).await?;
    an_outside_name_is_found_only_without_the_search_list(&cluster).await?;
    a_pod_reaches_a_server_of_this_process(&cluster).await?;
    a_changed_config_map_arrives_when_the_pod_is_annotated(&cluster).await?;
    a_missing_image_is_reported_within_seconds(&cluster).await?;
    the_audit_log_tells_who_did_what(&cluster).await?;
    let file = a_pod_that_is_not_root_writes_to_a_claimed_volume(&cluster).await?;

    a_second_start_attaches(&cluster).await?;
    another_cluster_runs_beside_it().await?;

    let cluster = a_crash_is_noticed_and_the_next_start_heals_it(cluster, &state).await?;
    ensure!(!file.exists(), "the file {} of the crashed cluster was left", file.display());
    let node = cluster.node_ip();
    cluster.down().await?;
    nothing_is_left(&state, node)
}

async fn pods_under_the_restricted_profile_become_available(cluster: &Cluster) -> Result<()> {
    cluster.load_image(&cluster::image_archive("redis")?).await?;
    kubectl(cluster, &["apply", "--filename", MANIFEST]).await?;
    for deployment in ["deployment/redis", "deployment/ndots-1"] {
        kubectl(cluster, &["--namespace=work", "rollout", "status", deployment, "--timeout=60s"]).await?;
    }
    Ok(())
}

async fn a_pod_that_breaks_the_restricted_profile_is_refused(cluster: &Cluster) -> Result<()> {
    let output = cluster.kubectl(["--namespace=work", "run", "root", "--image=redis:7"]).await?;
    let message = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && message.contains("violates PodSecurity"), "{message}");
    Ok(())
}

async fn logs_and_exec_work(cluster: &Cluster) -> Result<()> {
    let logs = kubectl(cluster, &["--namespace=work", "logs", "deployment/redis"]).await?;
    ensure!(logs.contains("Ready to accept connections"), "{logs}");
    let answer = exec(cluster, "redis", &["redis-cli", "ping"]).await?;
    ensure!(answer == "PONG", "{answer}");
    Ok(())
}

async fn a_service_is_found_by_name_and_reached(cluster: &Cluster) -> Result<()> {
    let ping = ["redis-cli", "-h", "redis.work.svc.cluster.local", "ping"];
    let deadline = Instant::now() + DEADLINE;
    loop {
        // kube-proxy knows of a new pod a moment after the Deployment does.
        match exec(cluster, "ndots-1", &ping).await {
            Ok(answer) if answer == "PONG" => return Ok(()),
            seen => ensure!(Instant::now() < deadline, "no PONG from the service: {seen:?}"),
        }
    }
}

async fn an_outside_name_is_found_only_without_the_search_list(cluster: &Cluster) -> Result<()> {
    let look_up = ["getent", "ahostsv4", "slack.chatops.test"];
    let with_default = exec(cluster, "redis", &look_up).await?;
    let with_ndots_1 = exec(cluster, "ndots-1", &look_up).await?;
    ensure!(with_default.starts_with("203.0.113."), "the wildcard should have answered: {with_default}");
    ensure!(with_ndots_1.starts_with(&cluster.node_ip().to_string()), "{with_ndots_1}");
    Ok(())
}

async fn a_pod_reaches_a_server_of_this_process(cluster: &Cluster) -> Result<()> {
    let listener = cluster.listen()?;
    let SocketAddr::V4(address) = listener.local_addr()? else { bail!("not an IPv4 address") };
    let server = tokio::task::spawn_blocking(move || -> Result<()> {
        listener.set_nonblocking(false)?;
        let (mut connection, _) = listener.accept()?;
        answer_one_request(&mut connection)
    });
    let port = address.port().to_string();
    let answer =
        exec(cluster, "redis", &["redis-cli", "-h", &address.ip().to_string(), "-p", &port, "ping"]).await?;
    server.await??;
    ensure!(answer == "from outside", "{answer}");
    Ok(())
}

fn answer_one_request(connection: &mut TcpStream) -> Result<()> {
    let read = connection.read(&mut [0; 1024])?;
    ensure!(read > 0, "the pod closed the connection");
    Ok(connection.write_all(b"+from outside\r\n")?)
}

/// By itself the kubelet looks after a minute: longer than the deadline here.
async fn a_changed_config_map_arrives_when_the_pod_is_annotated(cluster: &Cluster) -> Result<()> {
    let patch = r#"{"data":{"greeting":"changed"}}"#;
    kubectl(cluster, &["--namespace=work", "patch", "configmap/settings", "--patch", patch]).await?;
    kubectl(cluster, &["--namespace=work", "annotate", "pod", "--selector=app=redis", "refresh=now"]).await?;
    let began = Instant::now();
    loop {
        let content = exec(cluster, "redis", &["cat", "/settings/greeting"]).await?;
        if content == "changed" {
            return Ok(());
        }
        ensure!(began.elapsed() < DEADLINE, "still {content:?}");
    }
}

async fn a_missing_image_is_reported_within_seconds(cluster: &Cluster) -> Result<()> {
    let condition = "jsonpath={.status.containerStatuses[0].state.waiting.reason}";
    kubectl(cluster, &["run", "unknown", "--image=chatops/none:1"]).await?;
    let began = Instant::now();
    loop {
        let reason = kubectl(cluster, &["get", "pod/unknown", "--output", condition]).await?;
        if reason == "ErrImagePull" || reason == "ImagePullBackOff" {
            return Ok(());
        }
        ensure!(began.elapsed() < DEADLINE, "the pod waits because of {reason:?}");
    }
}

async fn the_audit_log_tells_who_did_what(cluster: &Cluster) -> Result<()> {
    let token = kubectl(cluster, &["--namespace=work", "create", "token", "default"]).await?;
    let as_account = [
        &format!("--token={token}"),
        "--kubeconfig=/dev/null",
        &format!("--server={}", cluster.server_url()),
    ];
    let authority = format!("--certificate-authority={}", cluster.certificate_authority().display());
    let refused = cluster.kubectl(as_account.into_iter().chain([&*authority, "get", "secrets"])).await?;
    let message = String::from_utf8_lossy(&refused.stderr);
    ensure!(message.contains("Forbidden"), "{message}");

    let log = fs::read_to_string(cluster.audit_log())?;
    let by_account = log.lines().filter(|line| line.contains("system:serviceaccount:work:default"));
    ensure!(
        by_account.clone().any(|line| line.contains(r#""verb":"list""#) && line.contains(r#""code":403"#)),
        "nothing of it in {:?}",
        by_account.collect::<Vec<_>>()
    );
    Ok(())
}

/// Returns the file as the node sees it.
async fn a_pod_that_is_not_root_writes_to_a_claimed_volume(cluster: &Cluster) -> Result<PathBuf> {
    kubectl(
        cluster,
        &["--namespace=work", "exec", "deploy/redis", "--", "sh", "-c", "echo kept > /data/file"],
    )
    .await?;
    let volume =
        kubectl(cluster, &["--namespace=work", "get", "pvc", "data", "--output=jsonpath={.spec.volumeName}"])
            .await?;
    let folder = kubectl(cluster, &["get", "pv", &volume, "--output=jsonpath={.spec.hostPath.path}"]).await?;
    let file = Path::new(&folder).join("file");
    ensure!(file.is_file(), "there is no file {}", file.display());
    Ok(file)
}

async fn a_second_start_attaches(cluster: &Cluster) -> Result<()> {
    let before = Cluster::components_of(NAME)?;
    let again = Box::pin(Cluster::up(NAME, Options::default())).await?;
    ensure!(again.server_url() == cluster.server_url());
    ensure!(Cluster::components_of(NAME)? == before, "it was started anew");
    Ok(())
}

async fn another_cluster_runs_beside_it() -> Result<()> {
    let other = Cluster::up(OTHER, Options { control_plane_only: true, ..Options::default() }).await?;
    let namespaces = kubectl(&other, &["get", "namespaces", "--output=name"]).await?;
    ensure!(!namespaces.contains("work"), "it is the same cluster: {namespaces}");
    other.down().await?;
    Cluster::attach(NAME).await.map(drop).context("stopping one cluster harmed the other")
}

async fn a_crash_is_noticed_and_the_next_start_heals_it(cluster: Cluster, state: &Path) -> Result<Cluster> {
    let node = cluster.node_ip();
    for component in Cluster::components_of(NAME)? {
        if ["kubelet", "etcd", "containerd"].contains(&&*component.name) {
            let killed =
                std::process::Command::new("kill").args(["-9", &component.pid.to_string()]).status()?;
            ensure!(killed.success(), "{} could not be killed", component.name);
        }
    }
    let began = Instant::now();
    while Cluster::attach(NAME).await.is_ok() {
        ensure!(began.elapsed() < DEADLINE, "nobody noticed the crash");
    }
    let problem = Cluster::attach(NAME).await.err().context("it is well again")?.to_string();
    ensure!(problem.contains("has ended"), "{problem}");

    let healed = Cluster::up(NAME, Options::default()).await?;
    pods_under_the_restricted_profile_become_available(&healed).await?;
    ensure!(healed.node_ip() == node, "the addresses of the crashed cluster were not freed");
    let kubelets = processes_that_mention(&state.join("kubelet"))?;
    ensure!(kubelets.len() == 1, "processes of the crashed cluster live on: {kubelets:?}");
    Ok(healed)
}

fn nothing_is_left(state: &Path, node: Ipv4Addr) -> Result<()> {
    ensure!(!state.exists(), "{} is left", state.display());
    let namespace = Path::new("/run/netns").join(format!("chatops-{NAME}"));
    ensure!(!namespace.exists(), "the network namespace is left");
    let host = Ipv4Addr::from(u32::from(node) - 1);
    let addresses = std::process::Command::new("ip").args(["-brief", "address"]).output()?;
    ensure!(!String::from_utf8_lossy(&addresses.stdout).contains(&host.to_string()), "the interface is left");
    let folder = state.to_string_lossy();
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    ensure!(!mounts.contains(&*folder), "mounts are left: {mounts}");
    for hierarchy in fs::read_dir("/sys/fs/cgroup")? {
        let cgroup = hierarchy?.path().join(format!("chatops-{NAME}"));
        ensure!(!cgroup.exists(), "{} is left", cgroup.display());
    }
    for shared in ["/var/lib/cni/results", "/var/log/containers", "/run/netns"] {
        let left = entries_that_mention(Path::new(shared), state)?;
        ensure!(left.is_empty(), "left: {left:?}");
    }
    let processes = processes_that_mention(state)?;
    ensure!(processes.is_empty(), "processes are left: {processes:?}");
    Ok(())
}

/// The files in `folder` that contain `path`, and the links that lead below it.
fn entries_that_mention(folder: &Path, path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mentions = |entry: &PathBuf| {
        fs::read_link(entry).is_ok_and(|target| target.starts_with(path))
            || fs::read_to_string(entry).is_ok_and(|content| content.contains(&*path.to_string_lossy()))
    };
    Ok(entries.into_iter().filter(mentions).collect())
}

/// The command lines, of any process but this one, that contain `path`.
fn processes_that_mention(path: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        let command = fs::read(process?.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(&*path.to_string_lossy()) {
            found.push(command);
        }
    }
    Ok(found)
}

async fn exec(cluster: &Cluster, deployment: &str, command: &[&str]) -> Result<String> {
    let target = format!("deployment/{deployment}");
    kubectl(cluster, &[&["--namespace=work", "exec", &target, "--"], command].concat()).await
}

/// Runs kubectl and returns its output, trimmed.
async fn kubectl(cluster: &Cluster, args: &[&str]) -> Result<String> {
    let output = cluster.kubectl(args).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "kubectl {args:?}: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
