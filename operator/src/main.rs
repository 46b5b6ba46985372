//! The program `chatops-operator`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chatops_operator::cli::main()
}
