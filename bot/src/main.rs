//! `chatops-bot`: see `chatops_bot::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chatops_bot::cli::main()
}
