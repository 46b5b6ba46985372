//! The command line: what was typed → what is meant.

mod crds;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "chatops-operator", version, about = "Runs the chat bots that ChatBot objects describe")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator, inside a cluster or against the cluster of your kubeconfig
    Run(Box<run::Args>),
    /// Print the CustomResourceDefinitions as YAML
    Crds(crds::Args),
}

/// Runs the program; its errors go to standard error.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(*args).map_err(|error| error.to_string()),
        Command::Crds(args) => crds::run(&args).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chatops-operator: {error}");
            ExitCode::FAILURE
        }
    }
}
