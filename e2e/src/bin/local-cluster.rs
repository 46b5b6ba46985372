//! The local cluster at the command line. What it does is in [`chatops_e2e::cluster`]; here is what it says.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use chatops_e2e::cluster::{Cluster, Options};
use clap::{Parser, Subcommand};

/// A complete one-node Kubernetes cluster on this machine.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    /// Which cluster: clusters of different names run side by side.
    #[arg(long, global = true, default_value = "local", env = "LOCAL_CLUSTER")]
    name: String,

    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start the cluster, or attach to it when it runs.
    Up {
        /// Only etcd, API server and controller-manager: objects, but no pods.
        #[arg(long)]
        control_plane_only: bool,
    },
    /// Stop the cluster and remove every trace of it.
    Down {
        /// Leave the folder of logs.
        #[arg(long)]
        keep_logs: bool,
    },
    /// Say whether the cluster works, and which of its parts run.
    Status,
    /// Make images of docker archives known to the node; without any, those that e2e/scripts/images.sh built.
    LoadImage { archives: Vec<PathBuf> },
    /// Print the path of the administrator's kubeconfig.
    Kubeconfig,
    /// Run the cluster's own kubectl as its administrator.
    #[command(disable_help_flag = true)]
    Kubectl {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new("chatops_e2e=info"))
        .without_time()
        .with_level(false)
        .with_target(false)
        .init();
    let Cli { name, command } = Cli::parse();
    match run(&name, command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if even this fails.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(name: &str, command: Action) -> Result<()> {
    match command {
        Action::Up { control_plane_only } => {
            let cluster = Cluster::up(name, Options { control_plane_only, ..Options::default() }).await?;
            print(&format!("export KUBECONFIG={}", cluster.kubeconfig().display()))
        }
        Action::Down { keep_logs: false } => Cluster::remove(name).await,
        Action::Down { keep_logs: true } => {
            print(&Cluster::remove_but_logs(name).await?.display().to_string())
        }
        Action::Status => status(name).await,
        Action::LoadImage { archives } => {
            let cluster = Cluster::attach(name).await?;
            if archives.is_empty() {
                return cluster.load_images().await;
            }
            for archive in archives {
                cluster.load_image(&archive).await?;
            }
            Ok(())
        }
        Action::Kubeconfig => print(&Cluster::attach(name).await?.kubeconfig().display().to_string()),
        Action::Kubectl { args } => {
            let cluster = Cluster::attach(name).await?;
            Err(cluster.kubectl_command().args(args).exec()).context("cannot run kubectl")
        }
    }
}

async fn status(name: &str) -> Result<()> {
    for component in Cluster::components_of(name)? {
        let state = if component.running { "running" } else { "ended" };
        print(&format!("{:<24} {:>8}  {state}", component.name, component.pid))?;
    }
    let cluster = Cluster::attach(name).await?;
    print(&format!("healthy, {}", cluster.server_url()))
}

fn print(line: &str) -> Result<()> {
    writeln!(io::stdout(), "{line}").context("cannot write")
}
