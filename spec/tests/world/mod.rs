//! A small ledger with a month in it: a registrar, two payers, two funds, two workers. Every example starts from here.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::cbor::Cbor;
use peal_spec::hash::Seed;
use peal_spec::posting::Posting;
use peal_spec::receipt::Outcome;
use peal_spec::refusal::Refusal;
use peal_spec::role::Role;
use peal_spec::statement::Source;
use peal_spec::value::{Insurance, Time};

use crate::book::Book;
use crate::cast::*;

/// One commit as the vectors tell it.
pub struct Commit {
    pub time: Time,
    pub postings: Vec<Vec<u8>>,
    pub seeds: Vec<Seed>,
    pub answers: Vec<Result<Vec<Outcome>, Refusal>>,
    pub size: u64,
    pub checkpoint: String,
    pub directory: (u64, peal_spec::hash::Hash),
    pub root: peal_spec::hash::Hash,
}

pub struct World {
    pub book: Book,
    pub commits: Vec<Commit>,
    pub registrar: Person,
    pub platform: Person,
    pub employer: Person,
    pub fund: Person,
    pub other_fund: Person,
    pub lin: Person,
    pub wang: Person,
    seeds: u64,
}

pub const OPERATOR: [u8; 32] = [7; 32];

impl World {
    pub fn commit(&mut self, after: u64, postings: &[Posting]) -> Vec<Result<Vec<Outcome>, Refusal>> {
        self.commit_bytes(after, postings.iter().map(Cbor::to_bytes).collect())
    }

    pub fn commit_bytes(&mut self, after: u64, postings: Vec<Vec<u8>>) -> Vec<Result<Vec<Outcome>, Refusal>> {
        let counter = &mut self.seeds;
        let (answers, seeds) = self.book.commit(time(after), &postings, || {
            *counter += 1;
            seed("record", *counter)
        });
        let last = *self.book.commits.last().unwrap();
        self.commits.push(Commit {
            time: time(after),
            postings,
            seeds,
            answers: answers.clone(),
            size: self.book.log.len() as u64,
            checkpoint: self.book.checkpoint.clone(),
            directory: (last.directory_size, last.directory_root),
            root: peal_spec::tree::root(&self.book.log),
        });
        answers
    }

    /// The registrar and everyone's account, and the roles.
    pub fn founded() -> Self {
        let mut w = World {
            book: Book::new(ORIGIN, OPERATOR),
            commits: vec![],
            registrar: Person::new("registrar"),
            platform: Person::new("platform"),
            employer: Person::new("employer"),
            fund: Person::new("fund"),
            other_fund: Person::new("other fund"),
            lin: Person::new("lin"),
            wang: Person::new("wang"),
            seeds: 0,
        };
        let opening = w.registrar.open(0);
        w.commit(0, &[opening]);
        let openings: Vec<Posting> =
            [&mut w.platform, &mut w.employer, &mut w.fund, &mut w.other_fund, &mut w.lin, &mut w.wang]
                .into_iter()
                .map(|p| p.open(60))
                .collect();
        w.commit(60, &openings);
        let addresses: Vec<_> = w.book.accounts.iter().map(|a| a.address).collect();
        let people = [
            &mut w.registrar,
            &mut w.platform,
            &mut w.employer,
            &mut w.fund,
            &mut w.other_fund,
            &mut w.lin,
            &mut w.wang,
        ];
        for (person, address) in people.into_iter().zip(addresses) {
            person.address = Some(address);
        }
        let (platform, employer, fund, other) =
            (w.platform.at(), w.employer.at(), w.fund.at(), w.other_fund.at());
        let r = &mut w.registrar;
        let grants = vec![
            r.grant(120, platform, Role::Platform, &[Insurance::PENSION, Insurance::WORK_INJURY], None),
            r.grant(120, employer, Role::Employer, &[], Some(time(86_400))),
            r.grant(120, fund, Role::Fund, &[Insurance::PENSION], None),
            r.grant(120, other, Role::Fund, &[Insurance::MEDICAL], None),
        ];
        let grants = r.post(120, grants);
        w.commit(120, &[grants]);
        w
    }

    /// The month: contributions by two payers and herself, settled, corrected, voided.
    pub fn lived() -> Self {
        let mut w = Self::founded();
        let (lin, wang, fund) = (w.lin.at(), w.wang.at(), w.fund.at());
        let by_platform = vec![
            w.platform.contribute(180, lin, fund, Source::Platform, 202609, 145_400, "2026-09/lin"),
            w.platform.contribute(180, wang, fund, Source::Platform, 202609, 145_400, "2026-09/wang"),
            w.platform.contribute(180, lin, fund, Source::Platform, 202608, 90_000, "2026-08/lin"),
        ];
        let by_platform = w.platform.post(180, by_platform);
        let by_employer =
            vec![w.employer.contribute(180, lin, fund, Source::Employer, 202609, 20_000, "sep")];
        let by_employer = w.employer.post(180, by_employer);
        w.commit(180, &[by_platform, by_employer]);
        let by_lin = vec![w.lin.contribute(240, lin, fund, Source::Self_, 202610, 30_000, "mine-1")];
        let by_lin = w.lin.post(240, by_lin);
        w.commit(240, &[by_lin]);
        let corrections = vec![
            w.platform.correct(300, lin, 2, 202608, Some(pension(95_000))),
            w.platform.correct(300, wang, 1, 202609, None),
        ];
        let corrections = w.platform.post(300, corrections);
        let settlements = vec![w.fund.settle(300, lin, 1, 202609, pension(145_400))];
        let settlements = w.fund.post(300, settlements);
        w.commit(300, &[corrections, settlements]);
        w
    }
}
