//! `peal completions`: what a shell needs to complete the commands.

use clap::CommandFactory as _;
use clap_complete::Shell;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::{Cli, Done};

/// Write completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal completions bash > ~/.local/share/bash-completion/completions/peal")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "peal", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let json = json!({ "shell": args.shell.to_string(), "script": script });
    Ok(Done::well(script, json))
}
