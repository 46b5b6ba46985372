//! `make demo`: the main job on a real cluster, with a simulated Slack, for a person to watch.
//!
//! Everything a person could not do with kubectl happens before the first `kubectl apply`: a local cluster is started
//! and the images are loaded. It leaves everything running and says how to go on.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use chatops_e2e::{
    cluster::{Cluster, Options},
    slack::Remote,
};
use clap::{Parser, ValueEnum};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

/// Name of the local cluster, and of the namespace of the samples.
const CLUSTER: &str = "demo";
const NAMESPACE: &str = "chatops-demo";

/// How long anything may take that starts pods.
const PATIENCE: &str = "--timeout=120s";

/// How long the node may take to let in what was not let in before, and how often that is tried.
const LET_IN: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(100);

/// Run the main job and leave it running.
#[derive(Parser)]
struct Arguments {
    /// Where to run it.
    #[arg(long, value_enum, default_value = "local")]
    cluster: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    /// A cluster of its own on this machine.
    Local,
    /// The cluster that the kubeconfig names; the images must be on its nodes.
    Current,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let start = Instant::now();
    let demo = match Arguments::parse().cluster {
        Place::Local => Demo::on_a_local_cluster().await?,
        Place::Current => Demo::on_the_current_cluster().await?,
    };
    demo.install().await?;
    demo.converse().await?;
    demo.show().await?;
    demo.how_to_go_on(start).await
}

/// kubectl, aimed at a cluster.
struct Demo {
    kubectl: PathBuf,
    /// None for the one that the kubeconfig names.
    cluster: Option<Cluster>,
}

impl Demo {
    async fn on_a_local_cluster() -> Result<Self> {
        title("A Kubernetes node comes up on this machine")?;
        let cluster = Cluster::up(CLUSTER, Options::default()).await?;
        cluster.load_images().await?;
        Ok(Self { kubectl: cluster.kubectl_program(), cluster: Some(cluster) })
    }

    async fn on_the_current_cluster() -> Result<Self> {
        let demo = Self { kubectl: "kubectl".into(), cluster: None };
        let context = demo.kubectl(&["config", "current-context"]).await.context("no current cluster")?;
        title(&format!("On the cluster of context {}", context.trim()))?;
        say(
            "Its nodes need the images chatops-operator:0.1.0, chatops-bot:0.1.0 and chatops-slack-simulator:0.1.0",
        )?;
        say("(make image builds them; README.md says how to load them).")?;
        Ok(demo)
    }

    async fn install(&self) -> Result<()> {
        title("The operator, from manifests/")?;
        self.show_kubectl(&["apply", "-k", "manifests"]).await?;
        let operator = ["-n", "chatops-system", "rollout", "status", "deployment/chatops-operator", PATIENCE];
        self.show_kubectl(&operator).await?;

        title("A ChatBot, two BotPlugins, a Redis and a simulated Slack, from manifests/samples")?;
        if self.kubectl(&["get", "namespace", NAMESPACE]).await.is_err() {
            self.show_kubectl(&["create", "namespace", NAMESPACE]).await?;
        }
        self.show_kubectl(&["-n", NAMESPACE, "apply", "-k", "manifests/demo"]).await?;
        self.until_ready().await
    }

    async fn until_ready(&self) -> Result<()> {
        let wait = ["-n", NAMESPACE, "wait", "--for=condition=Ready", "chatbot/ops", PATIENCE];
        self.show_kubectl(&wait).await
    }

    async fn converse(&self) -> Result<()> {
        title("A conversation in #general")?;
        self.type_and_expect("!help", "!democmd add").await?;
        self.type_and_expect("!democmd add colour blue", "saved").await?;
        self.type_and_expect("!democmd get colour", "blue").await?;

        title("The bot's pod is deleted; a new one connects")?;
        let pods = "app.kubernetes.io/name=chatops-bot";
        self.show_kubectl(&["-n", NAMESPACE, "delete", "pod", "-l", pods, "--wait=true"]).await?;
        let rollout = ["-n", NAMESPACE, "rollout", "status", "deployment/ops-bot", PATIENCE];
        self.show_kubectl(&rollout).await?;
        self.until_ready().await?;
        self.type_and_expect("!democmd get colour", "blue").await
    }

    /// Types as alice and shows what comes back.
    async fn type_and_expect(&self, text: &str, expected: &str) -> Result<()> {
        say(&format!("  alice  {text}"))?;
        let simulator = ["-n", NAMESPACE, "exec", "deploy/slack-simulator", "--", "slack-simulator"];
        let answer = self.kubectl(&[&simulator[..], &["type", "#general", "alice", text]].concat()).await?;
        for line in answer.trim_end().lines() {
            say(&format!("  ops    {line}"))?;
        }
        ensure!(answer.contains(expected), "the answer to {text:?} should contain {expected:?}");
        Ok(())
    }

    async fn show(&self) -> Result<()> {
        title("What the cluster says about it")?;
        self.show_kubectl(&["-n", NAMESPACE, "get", "chatbots,botplugins"]).await
    }

    async fn how_to_go_on(&self, start: Instant) -> Result<()> {
        let page = match &self.cluster {
            Some(cluster) => Some(self.page_at_the_node(cluster).await?),
            None => None,
        };
        title(&format!("Done in {:.0} s, and everything is left running", start.elapsed().as_secs_f64()))?;
        match self.cluster.as_ref().zip(page) {
            Some((cluster, page)) => {
                let folder = self.kubectl.parent().context("kubectl stands in a folder")?;
                say(&format!("  browser    {page}"))?;
                say("  type on    make chat")?;
                say(&format!(
                    "  look       export KUBECONFIG={} PATH=\"{}:$PATH\"",
                    cluster.kubeconfig().display(),
                    folder.display()
                ))?;
                say(&format!("             kubectl -n {NAMESPACE} describe chatbot ops"))?;
                say("  stop       make cluster-down")
            }
            None => {
                say(&format!(
                    "  browser    kubectl -n {NAMESPACE} port-forward service/slack-simulator 8080"
                ))?;
                say("             and open http://127.0.0.1:8080/")?;
                say(&format!(
                    "  type on    kubectl -n {NAMESPACE} exec -it deploy/slack-simulator -- slack-simulator chat"
                ))?;
                say(&format!("  look       kubectl -n {NAMESPACE} describe chatbot ops"))?;
                say(&format!(
                    "  stop       kubectl delete namespace {NAMESPACE} && kubectl delete -k manifests"
                ))
            }
        }
    }

    /// Where this machine, and no other, reaches the page of the simulated Slack: at a port of the node.
    async fn page_at_the_node(&self, cluster: &Cluster) -> Result<String> {
        let patch = r#"{"spec":{"type":"NodePort"}}"#;
        let port = "jsonpath={.spec.ports[0].nodePort}";
        let service = ["-n", NAMESPACE, "patch", "service", "slack-simulator", "-p", patch, "-o", port];
        let address = format!("http://{}:{}/", cluster.node_ip(), self.kubectl(&service).await?.trim());
        let simulator = Remote::new(&address)?;
        let answers = async {
            while simulator.state().await.is_err() {
                sleep(RETRY).await;
            }
        };
        timeout(LET_IN, answers).await.with_context(|| format!("the simulated Slack is not at {address}"))?;
        Ok(address)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.args(args).stdin(Stdio::null());
        if let Some(cluster) = &self.cluster {
            command.env("KUBECONFIG", cluster.kubeconfig());
        }
        command
    }

    /// Runs kubectl and returns what it printed.
    async fn kubectl(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).output().await.context("cannot run kubectl")?;
        if !output.status.success() {
            bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Shows the command, runs it, and shows what it prints.
    async fn show_kubectl(&self, args: &[&str]) -> Result<()> {
        say(&format!("  $ kubectl {}", args.join(" ")))?;
        for line in self.kubectl(args).await?.lines() {
            say(&format!("    {line}"))?;
        }
        Ok(())
    }
}

fn title(text: &str) -> Result<()> {
    say(&format!("\n=== {text}"))
}

fn say(text: &str) -> Result<()> {
    writeln!(io::stdout(), "{text}").context("cannot print")
}
