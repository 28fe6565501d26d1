//! Proofs that belong together: of an account, and of those that arrived in it. They are one history if an arrival that the one shows names origin,
//! address, size and root of the other; no ledger is asked, and neither need be there any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use peal_spec::hash::Hash;
use peal_spec::proof::{Proof, View};
use peal_spec::standing::{ELSEWHERE, History, Overlap, Rule, standing};
use peal_spec::tree;
use peal_spec::value::{Day, Insurance};
use peal_spec::verify::{MoveShown, Verdict};
use serde::Serialize;

use crate::layout::clean;
use crate::passbook::money;

/// A proof that was found valid.
pub struct Valid<'a> {
    /// Its file.
    pub file: &'a str,
    /// What it shows.
    pub proof: Proof,
    /// What was found.
    pub verdict: &'a Verdict,
}

/// One history of several files.
#[derive(Clone, Debug, Serialize)]
pub struct Joined {
    /// The files, the account where the person is now first.
    pub files: Vec<String>,
    /// The records by which the later ones name the earlier ones.
    pub arrivals: Vec<u64>,
    /// Months that count, over all of them, by insurance.
    pub months: Vec<(String, u64)>,
    /// Months that were paid to more than one fund, by insurance.
    pub overlaps: Vec<(String, Overlap)>,
    /// Records that may count and are not shown.
    pub not_shown: u64,
}

/// Whether an arrival names the account of a proof as it stood then.
fn names(arrival: &MoveShown, of: &Valid<'_>) -> bool {
    let here = arrival.kind == "arrival"
        && arrival.origin.as_ref() == Some(&of.verdict.origin)
        && arrival.address.as_ref() == Some(&of.verdict.address);
    if !here {
        return false;
    }
    let size = arrival.size.and_then(|size| usize::try_from(size).ok());
    let leaves: Vec<Hash> = of.proof.subject.shown.iter().map(|shown| shown.record.leaf()).collect();
    let root = size.filter(|_| of.verdict.complete).and_then(|size| leaves.get(..size)).map(tree::root);
    root.is_some_and(|root| Some(root.to_string()) == arrival.root)
}

/// The histories that several valid proofs make.
pub fn joined(all: &[Valid<'_>], today: Day) -> Vec<Joined> {
    // By origin and address, which files are of that account.
    let mut of_account: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, valid) in all.iter().enumerate() {
        of_account.entry((&valid.verdict.origin, &valid.verdict.address)).or_default().push(at);
    }
    let before: Vec<Vec<(usize, &MoveShown)>> = all
        .iter()
        .map(|valid| {
            let named = valid.verdict.moves.iter().rev().filter_map(|arrival| {
                let account = (arrival.origin.as_deref()?, arrival.address.as_deref()?);
                let other = of_account.get(&account)?.iter().find(|of| names(arrival, &all[**of]))?;
                Some((*other, arrival))
            });
            named.collect()
        })
        .collect();
    let later: BTreeSet<usize> = before.iter().flatten().map(|(other, _)| *other).collect();
    let mut found = Vec::new();
    for start in (0..all.len()).filter(|at| !later.contains(at)) {
        let (mut chain, mut arrivals, mut at) = (vec![(start, None)], Vec::new(), 0);
        while let Some((place, _)) = chain.get(at).copied() {
            at += 1;
            for (other, arrival) in &before[place] {
                if !chain.iter().any(|(known, _)| known == other) {
                    chain.push((*other, arrival.size));
                    arrivals.push(arrival.sequence);
                }
            }
        }
        if chain.len() > 1 {
            found.push(of(all, &chain, arrivals, today));
        }
    }
    found
}

fn of(all: &[Valid<'_>], chain: &[(usize, Option<u64>)], arrivals: Vec<u64>, today: Day) -> Joined {
    let views: Vec<View> = chain
        .iter()
        .map(|(at, size)| {
            let mut view = all[*at].proof.subject.clone();
            // What was recorded there since has not arrived.
            view.size = size.unwrap_or(view.size).min(view.size);
            let size = view.size;
            view.shown.retain(|shown| shown.record.sequence < size);
            view
        })
        .collect();
    let (history, not_shown) = History::of_proofs(&views.iter().collect::<Vec<_>>());
    let names =
        chain.iter().flat_map(|(at, _)| &all[*at].verdict.entries).filter_map(|e| e.insurance.clone());
    let mut insurances: Vec<Insurance> = names.filter_map(|name| name.parse().ok()).collect();
    insurances.sort_unstable();
    insurances.dedup();
    let mut joined = Joined {
        files: chain.iter().map(|(at, _)| all[*at].file.to_owned()).collect(),
        arrivals,
        months: Vec::new(),
        overlaps: Vec::new(),
        not_shown,
    };
    for insurance in insurances {
        let standing = standing(&history, &Rule::plain(insurance), today);
        joined.months.push((insurance.to_string(), standing.counts.months));
        joined.overlaps.extend(standing.overlaps.into_iter().map(|overlap| (insurance.to_string(), overlap)));
    }
    joined
}

/// The same for people.
pub fn render(joined: &Joined) -> String {
    let mut out = format!("One history: {}\n", clean(&joined.files.join(" after ")));
    let of = |file: usize| joined.files.get(file).map_or("?", String::as_str);
    for (n, arrival) in joined.arrivals.iter().enumerate() {
        let _ = writeln!(out, "  record {arrival} names what {} shows, by size and root", clean(of(n + 1)));
    }
    for (insurance, months) in &joined.months {
        let _ = writeln!(out, "  {insurance:<12} {months} month{}", if *months == 1 { "" } else { "s" });
    }
    let fund = |number: u64| {
        let back = usize::try_from(number / ELSEWHERE).unwrap_or(0);
        format!("fund {} of {}", number % ELSEWHERE, clean(of(back)))
    };
    for (insurance, overlap) in &joined.overlaps {
        for owed in &overlap.owed {
            let amount = money(Some(owed.amount), Some(&owed.currency));
            let _ = writeln!(
                out,
                "  paid twice   {insurance} {}: {} keeps; {} owes {amount} back",
                overlap.month,
                fund(overlap.keeps),
                fund(owed.fund)
            );
        }
    }
    if joined.not_shown > 0 {
        let _ = writeln!(out, "  not shown    {} records that may count", joined.not_shown);
    }
    out
}
