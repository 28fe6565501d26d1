//! Tests of the ledger on a store that fails: a fixed script of postings, and what must hold whatever happened.

#[path = "../../tests/world/mod.rs"]
mod world;

mod crashes;
mod slow;
mod told;

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use peal_spec::hash::Seed;
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::posting::Checked;
use peal_spec::receipt::Receipt;
use peal_spec::role::Role;
use peal_spec::statement::Statement;
use peal_spec::tree;

use self::world::{NOW, Person, World, cny, operator, origin, time};
use crate::audit::audit_on;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::schema::{Family, meta};
use crate::settings::Settings;
use crate::store::Rows;
use crate::store::faulty::{Medium, Tables};

/// Longer than any step of these tests takes on any machine: who waits so long hangs.
const LONG: Duration = Duration::from_secs(120);

/// A fixed clock and fixed seeds, so that the same postings in the same commits give the same bytes; and so little room that rows and
/// heads are on their way into the store all the time, and heads come back from it.
fn settings() -> Settings {
    Settings {
        clock: Arc::new(|| NOW),
        seeds: Arc::new(|| Seed([0x77; 16])),
        fresh_bytes: 3_000,
        records_between_heads: 25,
        head_bytes: 2_000,
        ..Settings::default()
    }
}

fn verifier() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: operator().public() }
}

/// Postings, signed once: the opening of account 0, and what is sent after it.
struct Script {
    opening: Checked,
    postings: Vec<Checked>,
    /// What becomes of them without any fault, and the rows that there are then.
    answers: Vec<Result<Receipt, Error>>,
    tables: Tables,
}

impl Script {
    /// The script: every kind of statement, refusals, repeats; with `long`, also postings of several parts and references that only a
    /// row of their own knows.
    fn new(long: bool) -> Self {
        let mut world = World {
            dir: tempfile::tempdir().unwrap(),
            ledger: None,
            settings: settings(),
            clock: Arc::new(AtomicU64::new(NOW)),
            ids: AtomicU64::new(1000),
            registrar: Person::new(0),
            platform: Person::new(1),
            fund: Person::new(2),
            worker: Person::new(3),
        };
        let mut people: Vec<Person> = (0..6).map(Person::new).collect();
        let openings: Vec<Checked> = people.iter().map(|person| world.opening(person)).collect();
        for (person, opening) in people.iter_mut().zip(&openings) {
            person.address.number = person.name;
            person.address.id = opening.roots()[0];
        }
        [world.registrar, world.platform, world.fund, world.worker] =
            [people[0], people[1], people[2], people[3]];
        let world = world;
        let (platform, fund, worker) = (&world.platform, &world.fund, &world.worker);
        let pay = |person: &Person, reference: &str, amount: u64| {
            let reference = reference.to_owned();
            world.contribution(person, 202_601, |c| {
                c.who.reference = reference.parse().unwrap();
                c.amount = cny(amount);
            })
        };
        let many = |person: &Person, range: std::ops::Range<u64>| -> Vec<Statement> {
            range.map(|i| pay(person, &format!("m{i}"), 10 + i)).collect()
        };
        let mut postings: Vec<Checked> = openings[1..5].to_vec();
        let mut post =
            |issuer: &Person, all: bool, statements| postings.push(world.posting(issuer, all, statements));
        let granted = |person, role| world.granted(person, role, &[], None);
        post(&world.registrar, false, vec![granted(platform, Role::Platform), granted(fund, Role::Fund)]);
        let length = if long { 270 } else { 9 };
        post(platform, false, many(worker, 0..length));
        post(
            fund,
            false,
            vec![world.settled(worker, 2, 202_601, cny(11)), world.settled(worker, 3, 202_601, cny(1))],
        );
        post(
            platform,
            false,
            vec![world.corrected(worker, 4, 202_601, Some(cny(4))), pay(&people[4], "a", 1)],
        );
        // A void one, and what cannot follow on it.
        post(platform, false, vec![world.corrected(worker, 5, 202_601, None)]);
        post(
            fund,
            false,
            vec![world.settled(worker, 5, 202_601, cny(14)), world.settled(worker, 4, 202_601, cny(4))],
        );
        post(platform, true, vec![pay(&people[4], "b", 1), pay(worker, "m3", 1)]);
        post(platform, true, vec![pay(&people[4], "b", 1), pay(worker, "b", 1)]);
        // References that are taken, by an early record and by a late one; and a new one.
        post(
            platform,
            false,
            vec![pay(worker, "m1", 1), pay(worker, &format!("m{}", length - 2), 1), pay(worker, "c", 1)],
        );
        let turned = Person { generation: 1, ..*worker };
        post(&turned, false, vec![world.rotated(worker, 1)]);
        let turned = Person { generation: 1, ..*platform };
        post(&turned, false, vec![world.rotated(platform, 1)]);
        // The old key is refused, whole and without a trace.
        post(platform, false, vec![pay(worker, "old key", 1)]);
        post(&turned, false, many(&people[4], 20..30));
        if long {
            post(&turned, false, many(worker, 270..300));
            post(&turned, false, vec![pay(worker, "m268", 1), pay(worker, "m280", 1), pay(worker, "d", 1)]);
        }
        // A person is bound, cannot be bound again, is set free and bound elsewhere, the last two in one posting.
        post(&world.registrar, false, vec![granted(fund, Role::Bureau)]);
        let bound = |person: &Person, who: u8| world.bound(person, who);
        let refers = if long { 309 } else { 17 };
        post(fund, false, vec![bound(&people[4], 1), bound(&people[4], 2), bound(worker, 1)]);
        post(fund, false, vec![world.withdrawn(&people[4], 13), bound(worker, 1), bound(worker, 2)]);
        post(fund, true, vec![bound(worker, 3), bound(&people[4], 3)]);
        post(fund, false, vec![bound(&people[4], 3), world.withdrawn(worker, refers)]);
        // Work is recorded and erased, by her and by a bureau; and what cannot be erased.
        let from = refers + 2;
        post(
            &turned,
            false,
            vec![world.engaged(worker, "w1", "Suzhou"), world.engaged(worker, "w2", "Suzhou")],
        );
        post(fund, false, vec![world.erased(fund, worker, from), world.erased(fund, worker, from)]);
        let her = Person { generation: 1, ..*worker };
        post(&her, true, vec![world.erased(worker, worker, from + 1), world.erased(worker, worker, 1)]);
        post(&her, false, vec![world.erased(worker, worker, from + 1)]);
        post(
            &turned,
            false,
            vec![world.engaged(worker, "w1", "Suzhou"), world.engaged(worker, "w3", "Suzhou")],
        );
        post(&world.registrar, false, vec![world.revoked(platform, 1)]);
        post(&turned, false, vec![pay(worker, "without the role", 1)]);
        postings.push(openings[5].clone());
        // Sent again, at once and late.
        postings.push(openings[5].clone());
        postings.push(postings[6].clone());

        let mut script =
            Self { opening: openings[0].clone(), postings, answers: Vec::new(), tables: Tables::default() };
        let medium = Medium::default();
        let ledger = script.open(&medium).unwrap();
        script.answers = script.postings.iter().map(|posting| submit(&ledger, posting)).collect();
        ledger.close();
        drop(ledger);
        script.tables = medium.tables();
        audit(&medium).unwrap();
        script
    }

    fn short() -> &'static Self {
        static SCRIPT: OnceLock<Script> = OnceLock::new();
        SCRIPT.get_or_init(|| Script::new(false))
    }

    fn long() -> &'static Self {
        static SCRIPT: OnceLock<Script> = OnceLock::new();
        SCRIPT.get_or_init(|| {
            let script = Script::new(true);
            // Of each family there is something that can be lost.
            let kept = Family::ALL.into_iter().filter(|family| *family != Family::Journal);
            kept.for_each(|family| assert!(!script.tables.of(family).is_empty(), "{family:?}"));
            script
        })
    }

    /// Opens the ledger of a medium, made if it is not there.
    fn open(&self, medium: &Medium) -> Result<Ledger, Error> {
        let disk = medium.open()?;
        if disk.bytes(Family::Meta, meta::FORMAT)?.is_none() {
            Ledger::create_on(&disk, &operator(), &origin(), &self.opening, &settings())?;
        }
        Ledger::open_on(Box::new(disk), operator(), &origin(), settings())
    }

    /// Sends postings until the ledger stops; returns how many were answered. The answers are those of a run without faults.
    fn send(&self, ledger: &Ledger, from: usize) -> usize {
        for (at, (posting, expected)) in self.postings.iter().zip(&self.answers).enumerate().skip(from) {
            match submit(ledger, posting) {
                Err(Error::Unavailable { .. } | Error::Corrupt(_)) => return at,
                answer => assert_eq!(answer, *expected, "posting {at}"),
            }
        }
        self.postings.len()
    }
}

fn submit(ledger: &Ledger, posting: &Checked) -> Result<Receipt, Error> {
    ledger.submit(posting.clone(), 1000)?.wait()
}

/// The audit of what can be read of a medium, which is left as it is.
fn audit(medium: &Medium) -> Result<crate::AuditReport, Error> {
    audit_on(Box::new(medium.fork().open().unwrap()), &verifier(), &origin(), &mut |_, _| {})
}

/// What must hold of a medium after whatever happened, when the first `answered` postings of a script were answered; an error says what
/// does not.
fn check(script: &Script, medium: &Medium, answered: usize) -> Result<(), String> {
    let says = |what: &'static str| move |e: Error| format!("{what}: {e}");
    let begun = medium.fork().open().unwrap().bytes(Family::Meta, meta::FORMAT).unwrap().is_some();
    if begun {
        audit(medium).map_err(says("audit"))?;
    } else if answered > 0 {
        return Err("there is no ledger any more".into());
    }
    let ledger = script.open(medium).map_err(says("open"))?;
    let now = ledger.published().checkpoint.clone();
    for (posting, answer) in script.postings.iter().zip(&script.answers).take(answered) {
        let found = ledger.receipt(&posting.digest()).map_err(says("receipt"))?;
        let Ok(receipt) = answer else {
            // Refused without a trace.
            if found.is_some() {
                return Err("a refused posting left a trace".into());
            }
            continue;
        };
        let (checkpoint, _) = receipt.check(posting, &verifier()).map_err(|e| format!("receipt: {e:?}"))?;
        let path = ledger.consistency(checkpoint.size, now.size).map_err(says("consistency"))?;
        tree::check_consistency(checkpoint.size, &checkpoint.root, now.size, &now.root, &path)
            .map_err(|e| format!("consistency: {e:?}"))?;
        if found.as_ref().map(|f| &f.receipt) != Some(receipt) {
            return Err(format!("another receipt than was handed out: {found:?}"));
        }
    }
    // Everything sent again gives the same receipt, or is recorded now, once.
    for (at, (posting, expected)) in script.postings.iter().zip(&script.answers).enumerate() {
        let answer = submit(&ledger, posting);
        if answer != *expected {
            return Err(format!("posting {at} sent again: {answer:?} instead of {expected:?}"));
        }
    }
    ledger.close();
    if let Some(fault) = ledger.fault() {
        return Err(format!("closing: {fault}"));
    }
    drop(ledger);
    let tables = medium.tables();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Journal) {
        if tables.of(family) != script.tables.of(family) {
            return Err(format!("{} is not what it would be without a fault", family.name()));
        }
    }
    audit(medium).map_err(says("last audit"))?;
    Ok(())
}

/// Runs a case that must come to an end.
fn in_time(what: &str, case: impl FnOnce() + Send + 'static) {
    let (done, over) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        case();
        let _ = done.send(());
    });
    match over.recv_timeout(LONG) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("{what} hangs"),
        _ => thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)),
    }
}
