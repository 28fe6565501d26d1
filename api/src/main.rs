//! `peald`, the operator's daemon.

#![forbid(unsafe_code)]

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use peal_api::command::{Failure, audit, backup, init, purge, restore, retention, serve};
use peal_spec::value::Origin;

/// Postings are read by many threads and freed by one, and heads of all sizes come and go: the system's allocator takes a fifth of the
/// writer's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs a PEAL ledger: social-insurance contributions, append-only, signed and provable.
#[derive(Parser)]
#[command(
    name = "peald",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  peald init --origin ledger.example/2026        make a ledger in ./peald-data
  peald serve                                    run it
  peald audit                                    replay everything and compare
  peald backup /backups/monday                   copy it while it runs
  peald retention                                what it keeps, and what was erased
  peald completions bash > /etc/bash_completion.d/peald"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a ledger: keys, configuration, trust list and database. Nothing is overwritten
    #[command(after_help = "\
Examples:
  peald init --origin ledger.example/2026
  peald init --origin test.example --dir /var/lib/peald --listen 0.0.0.0:7878

The origin stands in every signature and can never change. Afterwards move registrar.words offline.")]
    Init {
        /// The ledger's name: up to 100 bytes without space or +, best a host name of yours and a year
        #[arg(long, value_name = "NAME")]
        origin: Origin,
        /// Where to make it; must be new or empty
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data")]
        dir: PathBuf,
        /// Where it will listen
        #[arg(long, env = "PEALD_LISTEN", default_value = "127.0.0.1:7878", value_name = "ADDRESS:PORT")]
        listen: SocketAddr,
    },
    /// Run a ledger until SIGTERM or SIGINT
    #[command(after_help = "\
Examples:
  peald serve
  peald serve --dir /var/lib/peald --listen 127.0.0.1:0 --port-file port    a free port, written to a file when ready

Prints `listening on http://ADDRESS:PORT` when it is ready. On SIGTERM it finishes what is under way and exits with 0.

If a witness, or a note that somebody has shown, has seen more of this ledger than is here, it was put back from an older copy: it answers
reads, refuses postings with 503 `rolled-back`, logs why, and has the metric peal_signs at 0. Put back the newest copy and start it again.")]
    Serve {
        /// The ledger's directory
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data")]
        dir: PathBuf,
        /// Where to listen, instead of what peald.toml says; port 0 takes a free one
        #[arg(long, env = "PEALD_LISTEN", value_name = "ADDRESS:PORT")]
        listen: Option<SocketAddr>,
        /// A file to write the port to, once ready
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
        /// Sign on a restored ledger that has no witnesses; needed once after `peald restore`
        #[arg(long)]
        restored_without_witnesses: bool,
    },
    /// Copy a ledger, while it runs, to a new directory
    #[command(after_help = "\
Examples:
  peald backup /backups/monday
  peald backup /backups/monday --from /var/lib/peald

The running daemon makes the copy, of one moment; if none runs, this command does. The copy is checked before it gets its name. It holds
database, peald.toml, trust and registrar.address; the operator's key only with --with-key. Run it as the user that runs the daemon.")]
    Backup {
        /// Where to make it; must be new or empty
        #[arg(value_name = "DIR")]
        to: PathBuf,
        /// The ledger's directory
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data", value_name = "LEDGERDIR")]
        from: PathBuf,
        /// Copy the operator's key too
        #[arg(long)]
        with_key: bool,
    },
    /// Make a ledger's directory from a backup
    #[command(after_help = "\
Examples:
  peald restore /backups/monday /var/lib/peald --key /safe/operator.key

Every file must have the hash that the manifest names, and the database must end with its checkpoint. A restored ledger signs nothing until
as many witnesses as peald.toml needs, at least one, have confirmed that they have not seen more of it.")]
    Restore {
        /// What `peald backup` has made
        backup: PathBuf,
        /// Where to make the ledger; must be new or empty
        #[arg(value_name = "LEDGERDIR")]
        dir: PathBuf,
        /// The operator's key, if it is not in the backup
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Replay a ledger from its postings and compare every tree, state and signature
    #[command(after_help = "\
Examples:
  peald audit
  peald audit --dir /var/lib/peald --json

Exit code: 0 no difference, 1 a difference, 2 it could not be audited. The server may be running.")]
    Audit {
        /// The ledger's directory
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data")]
        dir: PathBuf,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete what was erased from all files of the database, now
    #[command(after_help = "\
Examples:
  peald purge
  peald purge --dir /var/lib/peald

What people or bureaus had erased is given to nobody from that moment, and is taken out of the database within an hour; its old files are
merged in time. This has them merged now: it reads and writes all records, and postings wait while what is in memory is written. A backup
does the same first. Copies and backups made before an erasure still hold what was erased: make new ones and destroy those.")]
    Purge {
        /// The ledger's directory
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data")]
        dir: PathBuf,
    },
    /// Report what the database keeps, by type of record, and what was erased and how far that is carried out
    #[command(after_help = "\
Examples:
  peald retention
  peald retention --dir /backups/monday --json

It reads every record. If the ledger is running its daemon makes the report; postings go on meanwhile.")]
    Retention {
        /// The directory of a ledger, or of a backup
        #[arg(long, env = "PEALD_DIR", default_value = "peald-data")]
        dir: PathBuf,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  peald completions zsh > ~/.zfunc/_peald")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("peald: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Init { origin, dir, listen } => {
            let made = init::init(&dir, &origin, listen)?;
            print!("{}", init::told(&dir, &made));
        }
        Command::Serve { dir, listen, port_file, restored_without_witnesses } => {
            serve::serve(&dir, listen, port_file.as_deref(), restored_without_witnesses)?;
        }
        Command::Backup { to, from, with_key } => {
            print!("{}", backup::backup(&to, &from, with_key, std::io::stderr().is_terminal())?);
        }
        Command::Restore { backup, dir, key } => {
            print!("{}", restore::restore(&backup, &dir, key.as_deref(), std::io::stderr().is_terminal())?);
        }
        Command::Audit { dir, json } => return audit::audit(&dir, json, std::io::stderr().is_terminal()),
        Command::Purge { dir } => print!("{}", purge::purge(&dir)?),
        Command::Retention { dir, json } => print!("{}", retention::retention(&dir, json)?),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "peald", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}
