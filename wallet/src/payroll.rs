//! From the lines of a payroll file to statements: which contributions are new, which differ and are to be corrected, which are there already.
//!
//! A plan needs no key and no network, so that a dry run shows exactly what would be signed.

use std::collections::{BTreeMap, HashMap, HashSet};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::{Amount, Body, Contribution, Correction, Evidence, Source, Statement, What};
use peal_spec::value::{Insurance, Month, Origin, Text, Time};

use crate::import::roster::Roster;
use crate::import::{Draft, Fault, work};
use crate::journal::Journal;
use crate::outbox::{Label, Sent};
use crate::words::Chain;

/// What holds for all lines of a file.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The payer.
    pub issuer: Address,
    /// The fund of each insurance.
    pub funds: BTreeMap<Insurance, Address>,
    /// Who pays, where the file does not say.
    pub source: Source,
    /// Whether amounts that differ from what was recorded are to be corrected.
    pub revised: bool,
}

/// A statement to be made.
#[derive(Clone, Debug)]
pub struct Item {
    /// Line in the file, and reference.
    pub label: Label,
    /// The account it is about.
    pub account: Address,
    /// For a correction, the contribution.
    pub refers: Option<u64>,
    /// The month, where the type has one.
    pub month: Option<Month>,
    /// What it says.
    pub body: Body,
}

/// What is to be done about a file.
#[derive(Debug, Default)]
pub struct Plan {
    /// Statements to be made, in the file's order.
    pub items: Vec<Item>,
    /// Lines that cannot be used.
    pub faults: Vec<Fault>,
    /// Lines recorded already, as they are.
    pub recorded: usize,
}

/// What earlier runs have signed already: account, reference or target, and whether it is a correction.
pub type Covered = HashSet<(Address, String, bool)>;

fn key(account: &Address, statement: &Statement, label: &Label) -> (Address, String, bool) {
    (*account, label.key.clone(), statement.refers.is_some())
}

/// What the batches of a job cover. With `retry`, statements that were refused are not.
pub fn covered(sent: &[Sent], retry: bool) -> Covered {
    let mut covered = Covered::new();
    for fate in sent.iter().filter(|s| s.result.is_ok()).flat_map(Sent::fates) {
        if let Some(account) = fate.statement.address
            && (fate.outcome.is_ok() || !retry)
        {
            covered.insert(key(&account, fate.statement, fate.label));
        }
    }
    covered
}

fn fault(line: usize, field: &'static str, problem: impl Into<String>, remedy: &'static str) -> Fault {
    Fault { line, field, problem: problem.into(), remedy }
}

fn contribution(draft: &Draft, terms: &Terms) -> Result<Contribution, Fault> {
    let text =
        |field, remedy| move |e: peal_spec::value::BadValue| fault(draft.line, field, e.to_string(), remedy);
    let fund = terms.funds.get(&draft.insurance).copied().ok_or_else(|| {
        fault(
            draft.line,
            "insurance",
            format!("no fund is given for {}", draft.insurance),
            "name it with --fund INSURANCE=ADDRESS",
        )
    })?;
    let place: Option<Text<64>> = draft
        .place
        .as_ref()
        .map(|p| p.parse())
        .transpose()
        .map_err(text("place", "shorten it to 64 bytes"))?;
    let evidence = Evidence { orders: draft.orders, shift: draft.shift, place };
    let some = evidence.orders.is_some() || evidence.shift.is_some() || evidence.place.is_some();
    Ok(Contribution {
        who: Payer {
            source: draft.source.map_or(terms.source, Source::from),
            issuer: terms.issuer,
            reference: draft.reference.parse().map_err(text("reference", "shorten it to 64 bytes"))?,
        },
        what: What {
            insurance: draft.insurance,
            scheme: draft.scheme.parse().map_err(text("scheme", "shorten it to 32 bytes"))?,
            fund,
        },
        amount: amount(draft),
        evidence: some.then_some(evidence),
    })
}

fn amount(draft: &Draft) -> Amount {
    Amount { amount: draft.amount, credited: draft.credited, base: draft.base, currency: draft.currency }
}

fn correction(terms: &Terms, month: Month, amount: Option<Amount>) -> Option<Body> {
    let reason = format!("revised return {month}").parse().ok()?;
    Some(Body::Correction(Correction { who: Corrector { issuer: terms.issuer, reason }, amount }))
}

/// Plans what is to be signed. `zeros` are the lines, workers and references of a revised return that are nothing now.
pub fn plan(
    drafts: &[Draft],
    zeros: &[(usize, String, String)],
    roster: &Roster<Address>,
    journal: &Journal,
    covered: &Covered,
    terms: &Terms,
) -> Plan {
    let mut plan = Plan::default();
    for draft in drafts {
        let account = match roster.account(draft.line, &draft.worker) {
            Ok(account) => *account,
            Err(fault) => {
                // A line may pay several contributions; its worker is missing once.
                if plan.faults.last() != Some(&fault) {
                    plan.faults.push(fault);
                }
                continue;
            }
        };
        let label = Label { line: draft.line as u64, key: draft.reference.clone() };
        let covers = |correction| covered.contains(&(account, draft.reference.clone(), correction));
        let known = journal.under(&account, &draft.reference);
        match known {
            // Unless it says the same, a line of this reference was recorded by another run.
            Some(line) if line.amount == amount(draft) => plan.recorded += 1,
            Some(line) if line.amount.amount == 0 => plan.faults.push(fault(
                draft.line,
                "reference",
                format!("{} was voided", draft.reference),
                "pay it under a new reference",
            )),
            Some(line) if terms.revised => {
                if !covers(true)
                    && let Some(body) = correction(terms, line.month, Some(amount(draft)))
                {
                    plan.items.push(Item {
                        label,
                        account,
                        refers: Some(line.sequence),
                        month: Some(line.month),
                        body,
                    });
                }
            }
            Some(line) => plan.faults.push(fault(
                draft.line,
                "amount",
                format!(
                    "{} was recorded as {} {}",
                    draft.reference,
                    line.amount.currency.format(line.amount.amount),
                    line.amount.currency
                ),
                "correct it with `peal correct`, or import the return as --kind revised",
            )),
            None if covers(false) => {}
            None => match contribution(draft, terms) {
                Ok(c) => {
                    let body = Body::Contribution(c);
                    plan.items.push(Item { label, account, refers: None, month: Some(draft.month), body });
                }
                Err(fault) => plan.faults.push(fault),
            },
        }
    }
    for (line, worker, reference) in zeros {
        let Some(account) = roster.get(worker) else { continue };
        let Some(known) = journal.under(account, reference).filter(|l| l.amount.amount > 0) else { continue };
        if !covered.contains(&(*account, reference.clone(), true))
            && let Some(body) = correction(terms, known.month, None)
        {
            let label = Label { line: *line as u64, key: reference.clone() };
            plan.items.push(Item {
                label,
                account: *account,
                refers: Some(known.sequence),
                month: Some(known.month),
                body,
            });
        }
    }
    plan
}

/// Plans the engagements of a file: those that no earlier run has signed.
pub fn plan_work(rows: &[work::Row], roster: &Roster<Address>, covered: &Covered, issuer: Address) -> Plan {
    let mut plan = Plan::default();
    let mut lines = HashMap::new();
    for row in rows {
        let reference = row.reference.to_string();
        let account = match roster.account(row.line, &row.worker) {
            Ok(account) => *account,
            Err(fault) => {
                plan.faults.push(fault);
                continue;
            }
        };
        // Two workers of the file may have one account.
        let first = *lines.entry((account, reference.clone())).or_insert(row.line);
        if first != row.line {
            let problem = format!("{reference} stands on line {first} for the same account");
            let remedy = "give each engagement a reference of its own";
            plan.faults.push(fault(row.line, "reference", problem, remedy));
        } else if !covered.contains(&(account, reference.clone(), false)) {
            let label = Label { line: row.line as u64, key: reference };
            let body = Body::Engagement(row.engagement(issuer));
            plan.items.push(Item { label, account, refers: None, month: Some(row.month), body });
        }
    }
    plan
}

/// Makes the statement of an item: its seed comes from the words and from what it says.
pub fn statement(item: &Item, chain: &Chain, origin: &Origin, now: Time) -> Statement {
    let mut statement =
        Statement::new(Default::default(), Some(item.account), now, item.refers, item.month, &item.body);
    // Without its seed, the statement is all that the seed depends on.
    statement.seed = chain.statement_seed(&[origin.as_str().as_bytes(), &statement.to_bytes()]);
    statement
}
