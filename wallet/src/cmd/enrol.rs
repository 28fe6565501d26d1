//! `peal enrol`: a platform, an employer, a bureau or an agent opens accounts for people who have none.
//!
//! 1. For each member fresh words are made; they are sealed in the outbox together with the signed openings, before these are sent.
//! 2. The openings are sent in batches. A crash or a lost answer leaves the outbox; the same command goes on from there, with the same words.
//! 3. Roster and cards are written, whole or not at all. The same command writes the same files again, until the words are forgotten.
//!
//! For members who are not there yet nobody keeps words: whoever opens the account is its guardian, until the person comes and makes her own.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, WriterBuilder};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::posting::Posting;
use peal_spec::statement::{Body, Opened, Recovery, Statement};
use peal_spec::value::{Text, Time};
use peal_wallet::disk;
use peal_wallet::import::{Fault, roster};
use peal_wallet::outbox::{Job, Label, Outbox, Sent};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Wallet;
use peal_wallet::words::{Words, random, random_seed};
use serde_json::json;
use zeroize::Zeroizing;

use super::Done;
use super::bulk;
use super::context::{self, Common};

/// The most bytes in a list of members.
const MAX_LIST: u64 = 256 << 20;
const HEADER: [&str; 2] = ["worker", "name"];

/// Open accounts for members who have none, as a platform, employer, bureau or agent
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal enrol members.csv --roster roster.csv --cards cards.csv\n  \
    peal enrol members.csv --existing old-roster.csv --roster roster.csv --cards cards.csv\n  \
    peal enrol members.csv --roster roster.csv --unclaimed\n\n\
    members.csv has the header worker,name. cards.csv holds every member's 24 words: hand each member his own, then run the same command\n\
    with --forget-words and remove the cards. With --unclaimed nobody has the words: a member who comes makes his own (peal recover begin),\n\
    you approve of them (peal recover approve), and he takes over at once.")]
pub(crate) struct Args {
    /// The members: CSV with the header worker,name
    #[arg(value_name = "MEMBERS.csv")]
    members: PathBuf,
    /// Write the roster here: worker,address
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// Write the cards here, readable by you only: worker,name,address,words
    #[arg(long, value_name = "FILE", required_unless_present = "unclaimed")]
    cards: Option<PathBuf>,
    /// Open them for members who are not there yet: nobody has the words, and this account is the only guardian
    #[arg(long, conflicts_with_all = ["cards", "forget_words"])]
    unclaimed: bool,
    /// A roster of workers who have accounts already: it goes into the new one, and no account is opened for them
    #[arg(long, value_name = "ROSTER.csv")]
    existing: Option<PathBuf>,
    /// Forget the words of these members for good: the cards cannot be written again (batches with members of other lists are kept)
    #[arg(long)]
    forget_words: bool,
    /// Openings in one posting
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    batch: u64,
}

struct Member {
    line: u64,
    worker: String,
    name: String,
}

fn members(path: &Path) -> Result<(Vec<Member>, Vec<Fault>), Trouble> {
    let bytes = disk::read(path, MAX_LIST)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let (mut members, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let fault =
        |line: u64, field, problem: String, remedy| Fault { line: line as usize, field, problem, remedy };
    for (place, record) in reader.records().enumerate() {
        let line = |p: Option<&csv::Position>| p.map_or(place as u64 + 1, csv::Position::line);
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                faults.push(fault(
                    line(e.position()),
                    "line",
                    "it is not CSV in UTF-8".into(),
                    "save the file as CSV in UTF-8",
                ));
                continue;
            }
        };
        let line = line(record.position());
        if place == 0 {
            if record.iter().ne(HEADER) {
                return Err(Trouble::unusable(
                    "this is no list of members",
                    format!("{}, line {line}", path.display()),
                    "write the header worker,name and a member on each line after it",
                ));
            }
            continue;
        }
        let (worker, name) = (record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default());
        if record.len() != 2 {
            faults.push(fault(line, "line", format!("{} fields, not 2", record.len()), "write worker,name"));
        } else if let Err(e) = worker.parse::<Text<64>>() {
            faults.push(fault(
                line,
                "worker",
                e.to_string(),
                "write the worker's key as in the payroll file",
            ));
        } else if !seen.insert(worker.to_owned()) {
            faults.push(fault(
                line,
                "worker",
                "the worker stands in the file twice".into(),
                "keep one line for each worker",
            ));
        } else {
            members.push(Member { line, worker: worker.to_owned(), name: name.to_owned() });
        }
    }
    Ok((members, faults))
}

/// A member whose account is open.
struct Enrolled {
    address: Address,
    /// Until they are forgotten.
    words: Option<Words>,
    /// Whether nobody ever had them: whoever opened the account is its guardian.
    unclaimed: bool,
}

/// Who is enrolled, by worker.
fn enrolled(wallet: &Wallet, sent: &[Sent]) -> Result<HashMap<String, Enrolled>, Trouble> {
    let mut all = HashMap::new();
    for sent in sent {
        let sealed = sent.batch.sealed.as_ref().map(|sealed| wallet.sealer().unseal(sealed)).transpose();
        let opened = sealed.map_err(|e| e.at("the words of an outbox batch"))?;
        let posting = Posting::from_bytes(&sent.batch.posting).ok();
        let statements = posting.map(|posting| posting.statements).unwrap_or_default();
        for (i, fate) in sent.fates().into_iter().enumerate() {
            let Ok((number, _)) = fate.outcome else { continue };
            let entropy = opened.as_ref().and_then(|words| words.get(i * 32..i * 32 + 32)).map(|bytes| {
                let mut entropy = Zeroizing::new([0; 32]);
                entropy.copy_from_slice(bytes);
                Words::new(entropy)
            });
            let address = Address { number, id: fate.root };
            let unclaimed = matches!(
                statements.get(i).map(Statement::body),
                Some(Ok(Body::Opened(opened))) if !opened.recovery.guardians.is_empty()
            );
            all.insert(fate.label.key.clone(), Enrolled { address, words: entropy, unclaimed });
        }
    }
    Ok(all)
}

/// Makes words and signs openings for members, in batches.
fn sign(
    wallet: &Wallet,
    job: &Job,
    members: &[&Member],
    batch: usize,
    unclaimed: bool,
) -> Result<(), Trouble> {
    let opener = wallet.contents.address()?;
    let (who, recovery) = match unclaimed {
        true => (Some(opener), Recovery { guardians: vec![opener], need: 1, delay: Time::default() }),
        false => (Some(opener), Recovery::default()),
    };
    let now = context::now()?;
    let bar = context::progress(members.len() as u64, "making words");
    for members in members.chunks(batch) {
        let mut statements = Vec::with_capacity(members.len());
        let mut secret = Zeroizing::new(Vec::with_capacity(members.len() * 32));
        for member in members {
            let entropy = random::<32>()?;
            secret.extend_from_slice(entropy.as_slice());
            let keys = Words::new(entropy).chain().keys(0);
            let body = Body::Opened(Opened { who, keys, recovery: recovery.clone() });
            let statement = Statement::new(random_seed()?, None, now, None, None, &body);
            statements.push((Label { line: member.line, key: member.worker.clone() }, statement));
            bar.inc(1);
        }
        let sealed = if unclaimed { None } else { Some(wallet.sealer().seal(&secret)?) };
        job.add(&wallet.contents, now, false, statements, sealed)?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn write(rows: impl Iterator<Item = Vec<String>>) -> Zeroizing<Vec<u8>> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        // Writing to memory does not fail.
        let _ = writer.write_record(&row);
    }
    Zeroizing::new(writer.into_inner().unwrap_or_default())
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (members, mut faults) = members(&args.members)?;
    let existing = match &args.existing {
        None => None,
        Some(path) => {
            let (existing, bad) = roster::parse(&disk::read(path, MAX_LIST)?, str::parse::<Address>);
            if let Some(fault) = bad.first() {
                let what = format!("this roster cannot be used: {fault}");
                return Err(Trouble::unusable(what, path.display(), "mend that line"));
            }
            Some(existing)
        }
    };
    let known = |worker: &str| existing.as_ref().and_then(|r| r.get(worker)).copied();

    let mut wallet = common.open()?;
    // One job for all lists: a member is enrolled once, whatever list he stands in.
    let job = Outbox::of(wallet.path()).job("enrol", &[]);
    let mut journal = bulk::journal(wallet.path())?;
    let mut sent =
        if job.batches()?.is_empty() { Vec::new() } else { bulk::deliver(&mut wallet, &job, &mut journal)? };
    let mut done = enrolled(&wallet, &sent)?;
    let fresh: Vec<&Member> =
        members.iter().filter(|m| known(&m.worker).is_none() && !done.contains_key(&m.worker)).collect();
    let opened = fresh.len();
    if !fresh.is_empty() {
        sign(&wallet, &job, &fresh, args.batch as usize, args.unclaimed)?;
        sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
        done = enrolled(&wallet, &sent)?;
    }

    let mut roster_rows = vec![vec!["worker".to_owned(), "address".to_owned()]];
    let mut cards = vec![["worker", "name", "address", "words"].map(str::to_owned).to_vec()];
    let old = existing.iter().flat_map(|r| r.entries());
    roster_rows.extend(old.map(|e| vec![e.worker().to_owned(), e.address.to_string()]));
    let kept = roster_rows.len() - 1;
    let (mut forgotten, mut unclaimed) = (0usize, 0usize);
    for member in members.iter().filter(|m| known(&m.worker).is_none()) {
        if let Some(one) = done.get(&member.worker) {
            let address = one.address.to_string();
            roster_rows.push(vec![member.worker.clone(), address.clone()]);
            match &one.words {
                Some(words) => {
                    let phrase = words.phrase();
                    cards.push(vec![member.worker.clone(), member.name.clone(), address, phrase.to_string()]);
                }
                None if one.unclaimed => unclaimed += 1,
                None => forgotten += 1,
            }
        }
    }
    let accounts = roster_rows.len() - 1;
    disk::replace(&args.roster, &write(roster_rows.into_iter()))?;
    // Cards that hold fewer words must not take the place of those that hold all.
    let written = cards.len() - 1;
    let cards_file = args.cards.as_ref().filter(|_| forgotten == 0);
    if let Some(file) = cards_file {
        disk::replace(file, &write(cards.into_iter()))?;
    }
    if args.forget_words && cards_file.is_none() && written > 0 {
        return Err(Trouble::unusable(
            format!(
                "the words of {written} members are on no card, because those of {forgotten} others were forgotten"
            ),
            args.members.display(),
            "write the cards of these members first, with a list that has only them",
        ));
    }
    let listed: HashSet<&str> = members.iter().map(|m| m.worker.as_str()).collect();
    if args.forget_words {
        // Words that are not on these cards may be on none yet.
        for mut batch in
            job.batches()?.into_iter().filter(|b| b.labels.iter().all(|l| listed.contains(l.key.as_str())))
        {
            batch.forget_sealed()?;
        }
    }

    // Earlier refusals of a member who is enrolled by now are history.
    let mut tally = bulk::tally(&sent, "id-taken");
    tally
        .refused
        .retain(|r| listed.contains(r.key.as_str()) && !done.contains_key(&r.key) && known(&r.key).is_none());
    let mut last = HashMap::new();
    tally.refused.drain(..).for_each(|r| drop(last.insert(r.key.clone(), r)));
    let mut refused: Vec<_> = last.into_values().collect();
    refused.sort_by_key(|r| r.line);
    faults.sort_by_key(|f| f.line);
    let new = opened - refused.len().min(opened);
    let cards_text = match (&args.cards, cards_file) {
        (_, Some(file)) => format!(
            "{}: {written} cards with words. Hand each member his own, then use --forget-words.\n",
            file.display()
        ),
        (Some(file), None) => format!(
            "{} was not written: nobody here has the words of {forgotten} members any more.\n",
            file.display()
        ),
        (None, None) => String::new(),
    };
    let mut text = format!(
        "{}: {accounts} accounts ({new} opened now, {kept} had one already)\n{cards_text}",
        args.roster.display()
    );
    if unclaimed > 0 {
        let _ = writeln!(
            text,
            "Nobody has the keys of {unclaimed} of them: when a member comes, he makes his own with `peal recover begin`, and you approve of them \
             with `peal recover approve`."
        );
    }
    if args.unclaimed && accounts > kept + unclaimed {
        let _ = writeln!(
            text,
            "{} were opened with words before: write their cards with --cards.",
            accounts - kept - unclaimed
        );
    }
    if args.forget_words {
        text.push_str("The words are forgotten here: only the cards hold them now.\n");
    }
    if !faults.is_empty() {
        bulk::list_faults(&mut text, &faults);
    }
    bulk::list_refused(&mut text, &refused);
    let json = json!({
        "roster": args.roster.display().to_string(), "cards": cards_file.map(|file| file.display().to_string()),
        "accounts": accounts, "opened_now": new, "existing": kept, "cards_written": if cards_file.is_some() { written } else { 0 },
        "words_forgotten": forgotten, "unclaimed": unclaimed, "faults": bulk::faults_json(&faults), "refused": refused,
    });
    let failed = !faults.is_empty() || !refused.is_empty();
    Ok(Done::with_code(u8::from(failed), text, json))
}
