//! `peal look`: a grantee, or a bureau, reads another's account.
//!
//! 1. The access is recorded there, and its job stays in the outbox.
//! 2. The proof is fetched, checked and written.
//! 3. The job is removed: to look again is another access.
//!
//! Whatever fails after 1 leaves the job, and the same command goes on with the access that is recorded; only where that opens nothing any more,
//! being too old, another one is. So a consent for one use is not lost with an answer or a full disk.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::rights::{Looked, Says};
use peal_spec::statement::{Access, AccessUnasked, Body};
use peal_spec::value::Text;
use peal_spec::verify::Verdict;
use peal_spec::{proof, verify};
use peal_wallet::layout::Style;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;
use peal_wallet::{disk, report};
use serde_json::json;

use super::Done;
use super::consent::{Within, words};
use super::context::{self, Common};
use super::single::{Recorded, Said};

/// Read another's account by her consent; she sees who looked
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("ground").required(true).args(["consent", "unasked"]),
    after_help = "Example:\n  peal look --account peal1... --consent 12 --insurance work-injury --purpose \"the accident of 3 March\" --out her.peal\n  \
    peal look --account peal1... --unasked \"section 12 of the audit act\" --purpose audit --out her.peal\n\n\
    --unasked is for bureaus, and alarms the person."
)]
pub(crate) struct Args {
    /// Whose account
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// By this consent, which its giver has named
    #[arg(long, value_name = "N")]
    consent: Option<u64>,
    /// Without a consent, as a bureau, on this ground
    #[arg(long, value_name = "GROUND")]
    unasked: Option<Says>,
    #[command(flatten)]
    within: Within,
    /// What for
    #[arg(long, value_name = "TEXT")]
    purpose: Text<128>,
    /// The proof to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The answer where an access is none, is too old, or its consent was taken back.
const CLOSED: &str = "no-access";

/// Reads by the access that is recorded, checks what comes and writes it.
fn look(contents: &Contents, args: &Args, access: u64) -> Result<(Vec<u8>, Verdict), Trouble> {
    let remote = context::remote(contents)?;
    let key = contents.chain().reading(contents.reading);
    let path = format!("/v1/accounts/{}/shared", args.account);
    let query = format!("access={access}");
    let place = format!("{}{path}", remote.base());
    let who = contents.address()?;
    let answer = remote.signed_get(&path, &query, proof::MEDIA_TYPE, &who, &key, context::now()?)?;
    let file = answer.map_err(|problem| problem.at(&place))?;
    let verdict = verify::verify_file(&file, &contents.trust, context::now()?).map_err(|e| {
        let why = e.map_or("it is no proof".to_owned(), |f| f.to_string());
        Trouble::refused(
            format!("what the ledger gave does not hold: {why}"),
            &place,
            "do not rely on it; tell the operator",
        )
    })?;
    if verdict.address != args.account.to_string() {
        let what = "the ledger gave a proof of another account";
        return Err(Trouble::refused(what, &place, "do not rely on it; tell the operator"));
    }
    disk::replace(&args.out, &file)?;
    Ok((file, verdict))
}

/// What failed after the access was recorded.
fn after(mut trouble: Trouble, recorded: &Recorded) -> Trouble {
    let more = format!(
        "; the access {} as record {}, and for 10 minutes the same command needs no other",
        recorded.how(),
        recorded.sequence
    );
    trouble.remedy.push_str(&more);
    trouble
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let looked = Looked { purpose: args.purpose.clone(), scope: args.within.scope() };
    let at = words(&looked.scope);
    let body = match &args.unasked {
        Some(says) => Body::AccessUnasked(AccessUnasked { who, looked, says: says.clone() }),
        None => Body::Access(Access { who, looked }),
    };
    // Not to be said again until the file is there.
    let said = Said { again: false, ..Said::again(&wallet.contents, args.account, args.consent, body) };
    let job = said.job(&wallet, "look");
    let kept = !job.batches()?.is_empty();
    let mut recorded = said.clone().say(&mut wallet, "look")?;
    let mut read = look(&wallet.contents, args, recorded.sequence);
    if kept && read.as_ref().is_err_and(|trouble| trouble.what.starts_with(CLOSED)) {
        job.finish()?;
        recorded = said.say(&mut wallet, "look")?;
        read = look(&wallet.contents, args, recorded.sequence);
    }
    let (file, verdict) = read.map_err(|trouble| after(trouble, &recorded))?;
    job.finish()?;
    let out = args.out.display().to_string();
    let text = format!(
        "The access is record {} of that account: its holder sees it.\n{out}: {} bytes, of {at}. This is what it shows:\n{}",
        recorded.sequence,
        file.len(),
        report::verdict(&verdict, Style::of_stdout())
    );
    let json = json!({ "access": recorded.sequence, "file": out, "bytes": file.len(), "verdict": verdict });
    Ok(Done::well(text, json))
}
