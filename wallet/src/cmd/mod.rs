//! The commands, one a file. Each gives back a [`Done`]: text for people and the same as JSON; nothing else is written to standard output.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

mod context;
mod single;
mod bulk;
mod pack;
mod earnings;
mod carried;

mod open;
mod restore;
mod address;
mod words;
mod sync;
mod watch;
mod show;
mod standing;
mod entitled;
mod register;
mod pay;
mod received;
mod prove;
mod verify;
mod archive;
mod scheme;
mod due;
mod project;
mod import;
mod work;
mod matching;
mod settle;
mod fund;
mod correct;
mod claim;
mod consent;
mod look;
mod identity;
mod enrol;
mod erase;
mod grant;
mod revoke;
mod rotate;
mod moving;
mod vouch;
mod arrive;
mod whither;
mod transfer;
mod recognise;
mod import_history;
mod recover;
mod trust;
mod ledgers;
mod witness;
mod completions;

use context::Common;

/// The wallet, the verifier and the payroll tool of PEAL, the Portable Employment Account Ledger.
///
/// Exit codes: 0 all is well; 1 refused or not valid; 2 the input or the environment cannot be used; 3 not available now, try again.
#[derive(Debug, Parser)]
#[command(
    name = "peal",
    version,
    arg_required_else_help = true,
    after_help = "Example, a worker's first day:\n  peal open --ledger https://ledger.example --trust trust.txt\n  peal sync\n  peal show\n\n\
                  Example, a verifier's whole work:\n  peal verify history.peal --trust trust.txt"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Open(open::Args),
    Restore(restore::Args),
    Address(address::Args),
    Words(words::Args),
    Sync(sync::Args),
    Watch(watch::Args),
    Show(show::Args),
    Standing(standing::Args),
    Entitled(entitled::Args),
    Register(register::Args),
    Pay(pay::Args),
    Received(received::Args),
    Prove(prove::Args),
    Verify(verify::Args),
    Archive(archive::Args),
    Scheme(scheme::Args),
    Due(due::Args),
    Project(project::Args),
    Import(import::Args),
    Work(work::Args),
    Match(matching::Args),
    Settle(settle::Args),
    Fund(fund::Args),
    Correct(correct::Args),
    Claim(claim::Args),
    Consent(consent::Args),
    Look(look::Args),
    Identity(identity::Args),
    Erase(erase::Args),
    Enrol(enrol::Args),
    Grant(grant::Args),
    Revoke(revoke::Args),
    Rotate(rotate::Args),
    Move(moving::Args),
    Vouch(vouch::Args),
    Arrive(arrive::Args),
    Whither(whither::Args),
    Transfer(transfer::Args),
    Recognise(recognise::Args),
    ImportHistory(import_history::Args),
    Recover(recover::Args),
    Trust(trust::Args),
    Ledgers(ledgers::Args),
    Witness(witness::Args),
    Completions(completions::Args),
}

/// What a command has done.
#[derive(Debug)]
pub(crate) struct Done {
    code: u8,
    text: String,
    json: Value,
}

impl Done {
    /// All is well.
    pub(crate) fn well(text: impl Into<String>, json: Value) -> Self {
        Self { code: 0, text: text.into(), json }
    }

    /// All is well, and all of it was said already.
    pub(crate) fn said() -> Self {
        Self::well("", Value::Null)
    }

    /// The same, with an exit code of its own.
    pub(crate) fn with_code(code: u8, text: impl Into<String>, json: Value) -> Self {
        Self { code, text: text.into(), json }
    }
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let Cli { common, command } = Cli::parse();
    let result = match command {
        Command::Open(args) => open::run(&common, &args),
        Command::Restore(args) => restore::run(&common, &args),
        Command::Address(args) => address::run(&common, &args),
        Command::Words(args) => words::run(&common, &args),
        Command::Sync(args) => sync::run(&common, &args),
        Command::Watch(args) => watch::run(&common, &args),
        Command::Show(args) => show::run(&common, &args),
        Command::Standing(args) => standing::run(&common, &args),
        Command::Entitled(args) => entitled::run(&common, &args),
        Command::Register(args) => register::run(&args),
        Command::Pay(args) => pay::run(&common, &args),
        Command::Received(args) => received::run(&common, &args),
        Command::Prove(args) => prove::run(&common, &args),
        Command::Verify(args) => verify::run(&common, &args),
        Command::Archive(args) => archive::run(&common, &args),
        Command::Scheme(args) => scheme::run(&args),
        Command::Due(args) => due::run(&common, &args),
        Command::Project(args) => project::run(&common, &args),
        Command::Import(args) => import::run(&common, &args),
        Command::Work(args) => work::run(&common, &args),
        Command::Match(args) => matching::run(&common, &args),
        Command::Settle(args) => settle::run(&common, &args),
        Command::Fund(args) => fund::run(&common, &args),
        Command::Correct(args) => correct::run(&common, &args),
        Command::Claim(args) => claim::run(&common, &args),
        Command::Consent(args) => consent::run(&common, &args),
        Command::Look(args) => look::run(&common, &args),
        Command::Identity(args) => identity::run(&common, &args),
        Command::Erase(args) => erase::run(&common, &args),
        Command::Enrol(args) => enrol::run(&common, &args),
        Command::Grant(args) => grant::run(&common, &args),
        Command::Revoke(args) => revoke::run(&common, &args),
        Command::Rotate(args) => rotate::run(&common, &args),
        Command::Move(args) => moving::run(&common, &args),
        Command::Vouch(args) => vouch::run(&common, &args),
        Command::Arrive(args) => arrive::run(&common, &args),
        Command::Whither(args) => whither::run(&common, &args),
        Command::Transfer(args) => transfer::run(&common, &args),
        Command::Recognise(args) => recognise::run(&common, &args),
        Command::ImportHistory(args) => import_history::run(&common, &args),
        Command::Recover(args) => recover::run(&common, &args),
        Command::Trust(args) => trust::run(&common, &args),
        Command::Ledgers(args) => ledgers::run(&common, &args),
        Command::Witness(args) => witness::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    // A reader that has gone away (`peal show | head`) is no fault.
    match result {
        Ok(done) => {
            let text = if common.json && !done.json.is_null() { pretty(&done.json) } else { done.text };
            let newline = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
            let _ = write!(std::io::stdout().lock(), "{text}{newline}");
            ExitCode::from(done.code)
        }
        Err(trouble) => {
            tell(&trouble, common.json);
            ExitCode::from(trouble.code())
        }
    }
}

fn pretty(json: &Value) -> String {
    // Plain values always encode.
    serde_json::to_string_pretty(json).unwrap_or_default()
}

fn tell(trouble: &Trouble, as_json: bool) {
    if as_json {
        let _ = writeln!(std::io::stdout().lock(), "{}", pretty(&json!({ "error": trouble })));
    } else {
        let _ = writeln!(std::io::stderr().lock(), "peal: {trouble}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_about_and_an_example() {
        fn walk(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} has no about text");
            if command.get_subcommands().next().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{name} has no example");
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
