//! `peal consent`: what a person lets others read, claim or pay; who looked; and how it is taken back.

mod give;
mod list;
mod take_back;

use peal_spec::rights::{Months, Part, Scope};
use peal_spec::value::Insurance;
use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::{self, Common};

/// Let others read, claim or pay; see who looked; take it back
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal consent give --to peal1... --right read --days 30 --purpose \"pension advice\"\n  \
    peal consent list                           what others may do, and who looked\n  peal consent take-back 12"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Give(Box<give::Args>),
    List(list::Args),
    TakeBack(take_back::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Give(args) => give::run(common, args),
        What::List(args) => list::run(common, args),
        What::TakeBack(args) => take_back::run(common, args),
    }
}

/// Which records, and which parts of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Within {
    /// Of these insurances only [default: all]
    #[arg(long, value_name = "INSURANCES", value_delimiter = ',')]
    insurance: Vec<Insurance>,
    /// Of these months only, as 2026-01..2026-06 [default: all]
    #[arg(long, value_name = "MONTHS")]
    months: Option<Months>,
    /// Of what is read only these parts: who, what, amount, evidence, claims [default: all]
    #[arg(long = "part", value_name = "PARTS", value_delimiter = ',')]
    parts: Vec<Part>,
}

impl Within {
    pub(crate) fn scope(&self) -> Scope {
        let parts = if self.parts.is_empty() { Part::ALL } else { &self.parts };
        Scope {
            insurances: context::rising(&self.insurance),
            months: self.months,
            parts: context::rising(parts),
        }
    }
}

/// A scope in words.
pub(crate) fn words(scope: &Scope) -> String {
    let list =
        |names: Vec<String>, all: &str| if names.is_empty() { all.to_owned() } else { names.join(", ") };
    let insurances = list(scope.insurances.iter().map(ToString::to_string).collect(), "all insurances");
    let months = scope.months.map_or_else(|| "all months".to_owned(), |m| m.to_string());
    let parts = list(scope.parts.iter().map(ToString::to_string).collect(), "no facets");
    format!("{insurances}; {months}; {parts}")
}
