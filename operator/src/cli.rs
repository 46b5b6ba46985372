//! The command line: what was typed → what is meant.

mod config;
mod crds;
mod dns;
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
    /// Print the CustomResourceDefinitions as YAML, or their JSON Schemas for editors
    Crds(crds::Args),
    /// What the operator does to the cluster's own DNS: take it out, or print it
    Dns(dns::Args),
}

/// Runs the program; its errors go to standard error.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(*args).map_err(|error| error.to_string()),
        Command::Crds(args) => crds::run(&args).map_err(|error| error.to_string()),
        Command::Dns(args) => dns::run(&args).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chatops-operator: {error}");
            ExitCode::FAILURE
        }
    }
}
