//! What the benchmark is told: which parts, how large, and where.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::http::ClientArgs;

/// A part that can be run alone; the machine's limits are measured in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The ledger in this process: postings of 1,000 over an empty and over the large ledger, postings of one
    Library,
    /// The ledger behind peald, from another process: postings of 1,000 and of one
    Http,
    /// Copies and proofs of a long history while postings come in, and their check offline
    Proofs,
    /// The same rate when the ledger has grown, memory, opening, bytes on disk
    Growth,
    /// PostgreSQL beside it
    Postgres,
}

/// Measures the ledger beside what this machine can do at most, in one run, and checks every answer
#[derive(Clone, Debug, Parser)]
#[command(
    name = "bench",
    after_help = "Every figure is the median of several runs, with the least and the greatest. The table goes to standard output, how far it is to\n\
    standard error, everything to the file of --out.\n\n\
    Example:\n  make bench ARGS='--only library,postgres --accounts 100000'\n  make bench ARGS='--folder /srv/bench --keep'    the large ledger is made once"
)]
pub struct Args {
    /// All parts in tiny sizes, under a minute: that everything works, not how fast
    #[arg(long)]
    pub smoke: bool,
    /// Only these parts
    #[arg(long, value_delimiter = ',', value_name = "PART,PART")]
    pub only: Vec<Part>,
    /// Accounts of the large ledger [default: 1000000]
    #[arg(long, value_name = "N")]
    accounts: Option<usize>,
    /// Records that it holds before anything is measured [default: 10000000]
    #[arg(long, value_name = "N")]
    records: Option<u64>,
    /// Records that it grows to [default: 20000000]
    #[arg(long, value_name = "N")]
    grown: Option<u64>,
    /// Accounts of the empty ledger [default: 300000]
    #[arg(long, value_name = "N")]
    empty_accounts: Option<usize>,
    /// Statements of a run in postings of 1,000 [default: 500000]
    #[arg(long, value_name = "N")]
    statements: Option<usize>,
    /// Statements of a run in postings of one [default: 100000]
    #[arg(long, value_name = "N")]
    singles: Option<usize>,
    /// Runs of each figure [default: 5]
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Records of the history that is proved [default: 2400]
    #[arg(long, value_name = "N")]
    history: Option<usize>,
    /// Rows that PostgreSQL's table holds before anything is measured [default: 2000000]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Connections that post statements one by one over HTTP [default: 250]
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// Where ledgers and tables are made: a folder on the disk that is to be measured [default: one below target/, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Leave the large ledger in the folder for the next run
    #[arg(long, requires = "folder")]
    pub keep: bool,
    /// The file for all figures
    #[arg(long, value_name = "FILE", default_value = "target/bench/latest.json")]
    pub out: PathBuf,
    #[command(flatten)]
    pub client: ClientArgs,
}

/// How much work each part does.
#[derive(Clone, Debug)]
pub struct Sizes {
    pub accounts: usize,
    pub records: u64,
    pub grown: u64,
    pub empty_accounts: usize,
    pub statements: usize,
    pub singles: usize,
    pub runs: usize,
    pub history: usize,
    /// Postings over which the second history is spread.
    pub few: usize,
    /// Copies made under load.
    pub copies: usize,
    pub rows: usize,
    pub connections: usize,
    /// How long one of the machine's limits is measured in a run.
    pub machine: Duration,
    /// How long a load at half of what is possible goes on.
    pub half: f64,
    /// Without change on disk for so long, compaction is level; it is waited for so long at most.
    pub rest: Duration,
    pub patience: Duration,
}

impl Args {
    /// The sizes: what was said, or the full size, or the tiny one.
    pub fn sizes(&self) -> Sizes {
        let s = self.smoke;
        fn pick<T>(given: Option<T>, smoke: bool, full: T, tiny: T) -> T {
            given.unwrap_or(if smoke { tiny } else { full })
        }
        let history = pick(self.history, s, 2400, 120).max(4);
        Sizes {
            accounts: pick(self.accounts, s, 1_000_000, 2000).max(10),
            records: pick(self.records, s, 10_000_000, 20_000),
            grown: pick(self.grown, s, 20_000_000, 80_000),
            empty_accounts: pick(self.empty_accounts, s, 300_000, 1000).max(10),
            statements: pick(self.statements, s, 500_000, 4000).max(1000),
            singles: pick(self.singles, s, 100_000, 500).max(10),
            runs: pick(self.runs, s, 5, 3).max(1),
            history,
            few: (history / 12).max(2),
            copies: pick(None, s, 100, 10),
            rows: pick(self.rows, s, 2_000_000, 10_000),
            connections: pick(self.connections, s, 250, 50).max(1),
            machine: Duration::from_millis(pick(None, s, 700, 40)),
            half: pick(None, s, 10.0, 1.0),
            rest: Duration::from_secs(pick(None, s, 5, 1)),
            patience: Duration::from_secs(pick(None, s, 180, 10)),
        }
    }

    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}
