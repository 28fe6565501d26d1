//! A posting of one statement: signed, kept in the outbox, sent, and believed when its receipt holds.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor as _, Writer};
use peal_spec::statement::{Body, Statement};
use peal_spec::value::Month;
use peal_wallet::outbox::{Job, Label, Outbox};
use peal_wallet::payroll::{self, Item};
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::wallet::{Contents, Wallet};

use super::{bulk, context};

/// One statement to be said.
#[derive(Clone)]
pub(crate) struct Said {
    /// The account it is about.
    pub(crate) account: Address,
    /// The record it is about.
    pub(crate) refers: Option<u64>,
    /// The month it is about.
    pub(crate) month: Option<Month>,
    /// What it says.
    pub(crate) body: Body,
    /// The generation of the key that signs it.
    pub(crate) generation: u32,
    /// Whether the same may be said again later, as a new statement.
    pub(crate) again: bool,
}

impl Said {
    /// Something about an account that may be said again later, signed by the present key.
    pub(crate) fn again(contents: &Contents, account: Address, refers: Option<u64>, body: Body) -> Self {
        Self { account, refers, month: None, body, generation: contents.generation, again: true }
    }

    /// Says it, under a job that its own contents name.
    pub(crate) fn say(self, wallet: &mut Wallet, name: &str) -> Result<Recorded, Trouble> {
        let job = self.job(wallet, name);
        say_in(wallet, &job, name, &self)
    }

    /// The job that its own contents name.
    pub(crate) fn job(&self, wallet: &Wallet, name: &str) -> Job {
        let mut head = Writer::with_capacity(64);
        self.account.encode(&mut head);
        head.optional(self.refers.as_ref());
        head.optional(self.month.as_ref());
        let (head, facets) = (head.into_bytes(), self.body.facets());
        let parts: Vec<&[u8]> = facets.iter().chain([head.as_slice()]).collect();
        Outbox::of(wallet.path()).job(name, &parts)
    }
}

/// Where it was recorded.
pub(crate) struct Recorded {
    /// Sequence in the account.
    pub(crate) sequence: u64,
    /// Whether an earlier run had recorded it.
    pub(crate) before: bool,
}

impl Recorded {
    /// Whether it is recorded by this run.
    pub(crate) fn how(&self) -> &'static str {
        if self.before { "was recorded before" } else { "is recorded" }
    }
}

/// Says what has a month and a reference of its own: the same again is the same thing.
pub(crate) fn once(
    wallet: &mut Wallet,
    name: &str,
    account: Address,
    refers: Option<u64>,
    month: Month,
    body: Body,
) -> Result<Recorded, Trouble> {
    let generation = wallet.contents.generation;
    Said { account, refers, month: Some(month), body, generation, again: false }.say(wallet, name)
}

/// Says it once, however often it is tried. The wallet is saved.
pub(crate) fn say(wallet: &mut Wallet, name: &str, parts: &[&[u8]], said: Said) -> Result<Recorded, Trouble> {
    let job = Outbox::of(wallet.path()).job(name, parts);
    say_in(wallet, &job, name, &said)
}

fn say_in(wallet: &mut Wallet, job: &Job, name: &str, said: &Said) -> Result<Recorded, Trouble> {
    let result = deliver(wallet, job, name, said);
    wallet.save()?;
    if said.again && result.is_ok() {
        job.finish()?;
    }
    result
}

/// Says it now. What an earlier run had begun and never heard the answer to is sent first, and answered as it was then; so it is said once
/// more. A refusal named `done` then means that what was said before still stands.
pub(crate) fn say_now(
    wallet: &mut Wallet,
    name: &str,
    parts: &[&[u8]],
    said: &dyn Fn() -> Said,
    done: &str,
) -> Result<Recorded, Trouble> {
    let begun = !Outbox::of(wallet.path()).job(name, parts).batches()?.is_empty();
    let first = say(wallet, name, parts, said());
    let earlier = match first {
        _ if !begun => return first,
        Err(trouble) if trouble.kind != Kind::Refused => return Err(trouble),
        earlier => earlier.ok(),
    };
    match (say(wallet, name, parts, said()), earlier) {
        (Err(trouble), Some(earlier)) if trouble.kind == Kind::Refused && trouble.what.starts_with(done) => {
            Ok(earlier)
        }
        (answer, _) => answer,
    }
}

/// What is to be done where the key that was to come next is the present one already.
pub(crate) fn keys_changed(mut trouble: Trouble) -> Trouble {
    if trouble.what.starts_with("next-key") {
        "the keys were changed already, perhaps by a command whose answer was lost: run `peal sync`, then this again"
            .clone_into(&mut trouble.remedy);
    }
    trouble
}

fn deliver(wallet: &mut Wallet, job: &Job, name: &str, said: &Said) -> Result<Recorded, Trouble> {
    let path = wallet.path().to_owned();
    let contents = &mut wallet.contents;
    let remote = context::remote(contents)?;
    if job.batches()?.is_empty() {
        let now = context::now()?;
        let label = Label { line: 1, key: name.to_owned() };
        let item = Item {
            label: label.clone(),
            account: said.account,
            refers: said.refers,
            month: said.month,
            body: said.body.clone(),
        };
        let statement: Statement = payroll::statement(&item, &contents.chain(), &contents.origin, now);
        job.add_signed_by(contents, said.generation, now, false, vec![(label, statement)], None)?;
    }
    let mut journal = bulk::journal(&path)?;
    let sent = job.deliver(contents, &remote, &mut |sent| bulk::note(&mut journal, sent))?;
    let last = sent.last().and_then(|s| s.fates().pop().map(|f| (f.outcome, s.before)));
    match last {
        Some((Ok((_, sequence)), before)) => Ok(Recorded { sequence, before }),
        Some((Err(problem), _)) => {
            // What is refused may be tried again once the cause is mended.
            job.finish()?;
            Err(problem.at(&format!("{name} for account {}", said.account)))
        }
        None => Err(Trouble::unavailable("nothing was sent", name, "run the command again")),
    }
}
