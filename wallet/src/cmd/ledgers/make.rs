//! `peal ledgers make`: a version of a directory, signed.

use std::path::{Path, PathBuf};

use peal_spec::cbor::COUNT_LIMIT;
use peal_spec::ledgers::{BadDirectory, Block, Directory, MAX_DIRECTORY, blocks};
use peal_spec::note::{KeyType, Note, VerifierKey};
use peal_spec::value::{Day, Origin, Time};
use peal_wallet::disk;
use peal_wallet::ledgers::Publisher;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context;

/// Sign a version of a directory
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal ledgers make ledgers.txt --key directory.key --version 8 --expires 2027-01-01 -o ledgers.note\n\n\
    The list is a trust list (spec/README.md §15), in which a ledger may have two lines more:\n  \
    url https://ledger.example           where it answers\n  \
    barred it has signed two logs        do not trust it any more from now on\n\n\
    To replace a key: name the new one in a version (--next), sign a later version with both (--key OLD --key NEW), and from\n\
    then on with the new one alone."
)]
pub(crate) struct Args {
    /// The list
    #[arg(value_name = "LIST")]
    list: PathBuf,
    /// The publisher's key, as `peal ledgers key` makes it; twice for two signatures
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// The directory's name, if it is to be compared with that of the key
    #[arg(long, value_name = "NAME")]
    name: Option<Origin>,
    /// The number of this version: above that of every earlier one
    #[arg(long = "version", value_name = "N", value_parser = clap::value_parser!(u64).range(1..COUNT_LIMIT))]
    number: u64,
    /// When it expires: a day, 2027-01-01, or a time, 2027-01-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = moment)]
    expires: Time,
    /// When it is issued [default: now]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    issued: Option<Time>,
    /// The key that may sign later versions in the place of this one
    #[arg(long, value_name = "VKEY")]
    next: Option<VerifierKey>,
    /// The new file
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
}

/// A time, or the beginning of a day (UTC).
fn moment(text: &str) -> Result<Time, String> {
    let day = || text.parse::<Day>().ok().and_then(|day| Time::new(day.number().checked_mul(86_400)?));
    let time = text.parse().ok().or_else(day);
    time.ok_or_else(|| "a day as 2027-01-01, or a time as 2027-01-01T12:00:00Z".to_owned())
}

/// The keys, all of one name.
fn publishers(args: &Args) -> Result<(Origin, Vec<Publisher>), Trouble> {
    let publishers = args.keys.iter().map(|path| Publisher::read(path)).collect::<Result<Vec<_>, _>>()?;
    let names =
        args.name.iter().chain(publishers.iter().map(|p| &p.name)).chain(args.next.iter().map(|k| &k.name));
    let mut names: Vec<&Origin> = names.collect();
    names.dedup();
    let [name] = names[..] else {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        return Err(Trouble::unusable(
            format!("these names differ: {}", names.join(", ")),
            "--key, --name and --next",
            "give keys of one name",
        ));
    };
    if args.next.as_ref().is_some_and(|next| next.kind != KeyType::Ed25519) {
        return Err(Trouble::unusable(
            "this key cosigns",
            "--next",
            "give one that `peal ledgers key` has made",
        ));
    }
    Ok((name.clone(), publishers))
}

fn read(path: &Path) -> Result<Vec<Block>, Trouble> {
    let bytes = disk::read(path, MAX_DIRECTORY as u64)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Trouble::unusable("this list is not UTF-8", path.display(), "write it anew, as UTF-8")
    })?;
    blocks(&text).map_err(|BadDirectory { line, what }| {
        Trouble::unusable(
            what,
            format!("{}, line {line}", path.display()),
            "mend that line as spec/ledgers.md §1 says",
        )
    })
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let (name, publishers) = publishers(args)?;
    let issued = args.issued.map_or_else(context::now, Ok)?;
    if args.expires <= issued {
        let what = format!("it would expire at {}, and is issued at {issued}", args.expires);
        return Err(Trouble::unusable(what, "--expires", "give a later time"));
    }
    let (version, expires, next) = (args.number, args.expires, args.next.clone());
    let directory = Directory { name, version, issued, expires, next, blocks: read(&args.list)? };
    let text = directory.to_string();
    // What is signed is what every reader reads.
    text.parse::<Directory>().map_err(|bad| {
        let remedy = "shorten the list; if it is short, tell the makers of this program";
        Trouble::unusable(format!("the directory would not be read: {bad}"), args.list.display(), remedy)
    })?;
    let mut note = Note { text, lines: Vec::new() };
    for publisher in &publishers {
        note.lines.extend(Note::sign(note.text.clone(), &publisher.name, &publisher.key).lines);
    }
    disk::create(&args.out, note.to_string().as_bytes())?;
    let (out, ledgers) = (args.out.display().to_string(), directory.blocks.len());
    let keys: Vec<String> = publishers.iter().map(|p| p.verifier().to_string()).collect();
    let text = format!(
        "{out}: version {version} of {}, {ledgers} ledgers, until {expires}. Readers pin the key\n  {}\n",
        directory.name,
        keys.join("\n  ")
    );
    let json = json!({
        "name": directory.name.to_string(), "version": version, "issued": issued.to_string(), "expires": expires.to_string(),
        "ledgers": ledgers, "keys": keys, "out": out,
    });
    Ok(Done::well(text, json))
}
