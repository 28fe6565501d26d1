//! What `spec/README.md` §19 promises of every history, each checked by itself on what the ledger gives out, without the rules that it follows
//! from: plain lists and plain sums.

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::Copy;
use peal_spec::facet::Source;
use peal_spec::posting::Signed;
use peal_spec::rights::{Consent, Months, Right, Scope};
use peal_spec::role::Role;
use peal_spec::statement::{Body, Contribution, Type};
use peal_spec::value::{Insurance, Month};

/// How long a party has to answer, in seconds.
const HEARING: u64 = 15 * 86_400;

/// A record, and what it says.
#[derive(Clone, Debug)]
pub struct Told {
    /// Place in the account.
    pub sequence: u64,
    /// Place in the log.
    pub log_index: u64,
    /// The commit's time.
    pub time: u64,
    /// The record that it is about.
    pub refers: Option<u64>,
    /// Its month.
    pub month: Option<Month>,
    /// Its type.
    pub kind: Type,
    /// Who signed it, where what it says is erased.
    pub signer: Option<Address>,
    /// What it says; none of what is erased.
    pub body: Option<Body>,
}

impl Told {
    fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// Who says it.
    fn issuer(&self) -> Option<Address> {
        self.body.as_ref().map_or(self.signer, Body::issuer)
    }
}

/// An account's history.
#[derive(Clone, Debug)]
pub struct Life {
    /// Whose.
    pub address: Address,
    /// All of it.
    pub told: Vec<Told>,
}

/// What does not keep a promise: its number on the page, the account and the sequence.
pub type Breach = (u8, u64, u64);

impl Life {
    /// Of a whole copy.
    ///
    /// # Panics
    /// If what a record says cannot be read.
    pub fn of(copy: &Copy) -> Self {
        let told = copy.rows.iter().map(|row| {
            let (record, statement) = (&row.record, row.statement.as_ref());
            let body = statement.map(|s| s.body().expect("a statement that can be read"));
            let signed = copy.postings.get(row.link.posting as usize).filter(|_| body.is_none());
            let signed = signed.map(|cose| Signed::read(cose).expect("a posting that can be read"));
            let signer = signed.and_then(|signed| signed.payload.issuer);
            Told {
                sequence: record.sequence,
                log_index: record.log_index,
                time: record.time.seconds(),
                refers: record.refers,
                month: record.month,
                kind: record.kind,
                signer,
                body,
            }
        });
        Self { address: copy.address, told: told.collect() }
    }

    fn at(&self, sequence: Option<u64>) -> Option<&Told> {
        self.told.get(usize::try_from(sequence?).ok()?)
    }

    /// What was said about a record before another one.
    fn about(&self, of: u64, before: u64) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |t| t.refers == Some(of) && t.sequence < before)
    }
}

/// Every breach of a promise in these histories, which are all of a ledger.
pub fn breaches(lives: &[Life]) -> Vec<Breach> {
    let mut found = Vec::new();
    for life in lives {
        let all = Checks { lives, life };
        for told in &life.told {
            let kept = [
                (1, all.follows(told)),
                (2, all.keys_follow(told)),
                (3, all.nobody_judges_himself(told)),
                (4, all.consent_holds(told)),
                (6, all.within_the_award(told)),
                (7, all.within_what_was_paid(told)),
                (8, all.once(told)),
                (9, all.by_whom_it_must_be(told)),
                (10, interest_is_reckoned(told)),
                (11, all.role_was_given(told)),
                (12, all.one_binding_a_person(told)),
                (13, all.erased_where_it_was_said(told)),
            ];
            let broken = kept.into_iter().filter(|(_, kept)| !kept);
            found.extend(broken.map(|(promise, _)| (promise, life.address.number, told.sequence)));
        }
    }
    found
}

struct Checks<'a> {
    lives: &'a [Life],
    life: &'a Life,
}

impl Checks<'_> {
    fn follows(&self, told: &Told) -> bool {
        let place = self.life.told.iter().position(|t| std::ptr::eq(t, told)).unwrap_or_default();
        let before = place.checked_sub(1).map(|n| &self.life.told[n]);
        told.sequence == place as u64
            && before.is_none_or(|b| b.log_index < told.log_index && b.time <= told.time)
    }

    /// The hash of the next key and the guardians, their number and the delay, as of a record.
    fn policy(&self, before: u64) -> (peal_spec::hash::Hash, Vec<Address>, u64) {
        let mut policy = (peal_spec::hash::Hash::default(), Vec::new(), 0);
        for told in self.life.told.iter().take_while(|t| t.sequence < before) {
            match told.body() {
                Some(Body::Opened(b)) => {
                    policy = (b.keys.next, b.recovery.guardians.clone(), b.recovery.delay.seconds());
                }
                Some(Body::RecoveryChanged(b)) => {
                    policy = (b.keys.next, b.recovery.guardians.clone(), b.recovery.delay.seconds());
                }
                Some(Body::Rotated(b)) => policy.0 = b.keys.next,
                Some(Body::RecoveryCompleted(b)) => policy.0 = b.keys.next,
                _ => {}
            }
        }
        policy
    }

    fn keys_follow(&self, told: &Told) -> bool {
        let (next, guardians, delay) = self.policy(told.sequence);
        let Some(body) = told.body() else { return true };
        match body {
            Body::Rotated(b) => b.keys.key.commitment() == next,
            Body::RecoveryChanged(b) => b.keys.key.commitment() == next,
            Body::RecoveryApproved(b) => {
                guardians.contains(&b.who) || self.had(b.who, &[Role::Bureau], None, told)
            }
            Body::RecoveryCompleted(b) => {
                self.life.told.iter().take_while(|t| t.sequence < told.sequence).any(|t| {
                    matches!(t.body(), Some(Body::RecoveryApproved(a)) if a.keys == b.keys)
                        && t.time + delay <= told.time
                })
            }
            _ => true,
        }
    }

    fn nobody_judges_himself(&self, told: &Told) -> bool {
        let claim = |sequence| match self.life.at(sequence).and_then(|t| Some((t.body()?, t.time))) {
            Some((Body::Claim(b), time)) => Some((b.claim.party, b.claim.bureau, time)),
            Some((Body::ClaimFor(b), time)) => Some((b.claim.party, b.claim.bureau, time)),
            _ => None,
        };
        let person = self.life.address;
        let Some(body) = told.body() else { return true };
        match body {
            Body::Claim(_) | Body::ClaimFor(_) => claim(Some(told.sequence))
                .is_some_and(|(party, bureau, _)| party != bureau && party != person && bureau != person),
            Body::ClaimClosed(b) => {
                claim(told.refers).is_some_and(|(_, bureau, _)| b.who == bureau || b.who == person)
            }
            Body::Ruling(b) => claim(told.refers).is_some_and(|(_, bureau, filed)| {
                let mut before = self.life.about(told.refers.unwrap_or_default(), told.sequence);
                let answered = before.any(|t| t.kind == Type::ClaimAnswered);
                b.who == bureau && (answered || filed + HEARING <= told.time)
            }),
            Body::ClaimAnswered(b) => claim(told.refers).is_some_and(|(party, _, _)| b.who == party),
            Body::ClaimRemedied(b) => claim(told.refers).is_some_and(|(party, _, _)| b.who == party),
            _ => true,
        }
    }

    fn consent_holds(&self, told: &Told) -> bool {
        let Some(body) = told.body() else { return true };
        let (who, right, scope) = match body {
            Body::Access(b) => (b.who, Right::Read, b.looked.scope.clone()),
            Body::ClaimFor(b) => {
                let insurances = b.claim.insurance.into_iter().collect();
                (b.who, Right::Claim, Scope { insurances, months: b.claim.months, parts: Vec::new() })
            }
            Body::PaidFor(b) => {
                let months = told.month.map(|month| Months { first: month, last: month });
                let insurances = vec![b.0.what.insurance];
                (b.0.who.issuer, Right::Pay, Scope { insurances, months, parts: Vec::new() })
            }
            _ => return true,
        };
        let Some(Body::ConsentGranted(given)) = self.life.at(told.refers).and_then(Told::body) else {
            return false;
        };
        let consent = &given.consent;
        let before: Vec<&Told> = self.life.about(told.refers.unwrap_or_default(), told.sequence).collect();
        let taken_back = before.iter().any(|t| t.kind == Type::ConsentRevoked);
        let used = before.iter().any(|t| t.kind != Type::ConsentRevoked);
        consent.grantee == who
            && told.time < consent.until.seconds()
            && !taken_back
            && !(consent.once && used)
            && consent.rights.contains(&right)
            && covers(consent, &scope)
    }

    fn within_the_award(&self, told: &Told) -> bool {
        let Some(Body::Benefit(_)) = told.body() else { return true };
        let Some(award) = self.life.at(told.refers) else { return false };
        let (Some(Body::Award(b)), Some(first), Some(month)) = (award.body(), award.month, told.month) else {
            return false;
        };
        let steps = b.amount.steps.iter();
        let each = steps.flat_map(|step| std::iter::repeat_n(step.amount, step.months as usize));
        let gives =
            month.ordinal().checked_sub(first.ordinal()).and_then(|n| each.into_iter().nth(n as usize));
        let paid = self.life.about(award.sequence, told.sequence + 1).filter(|t| t.month == told.month);
        let paid = paid.filter_map(|t| match t.body() {
            Some(Body::Benefit(b)) => Some(u128::from(b.amount.amount)),
            _ => None,
        });
        gives.is_some_and(|gives| paid.sum::<u128>() <= u128::from(gives))
    }

    fn within_what_was_paid(&self, told: &Told) -> bool {
        if !matches!(told.kind, Type::Refund | Type::RefundReceived) {
            return true;
        }
        let (mut settled, mut refunded, mut received) = (0, 0, 0);
        for t in self.life.about(told.refers.unwrap_or_default(), told.sequence + 1) {
            match t.body() {
                Some(Body::Settlement(b)) => settled += u128::from(b.amount.amount),
                Some(Body::Refund(b)) => refunded += u128::from(b.amount.amount),
                Some(Body::RefundReceived(b)) => received += u128::from(b.amount.amount),
                _ => {}
            }
        }
        received <= refunded && refunded <= settled
    }

    fn once(&self, told: &Told) -> bool {
        let earlier = self.life.told.iter().take_while(|t| t.sequence < told.sequence);
        let mine = told.body().and_then(reference);
        let fresh = mine.is_none() || earlier.into_iter().all(|t| t.body().and_then(reference) != mine);
        let about = |of: u64| self.life.about(of, told.sequence);
        let settled = |of| about(of).any(|t| t.kind == Type::Settlement);
        let voided =
            |of| about(of).any(|t| matches!(t.body(), Some(Body::Correction(b)) if b.amount.is_none()));
        let over = matches!(told.kind, Type::Settlement | Type::Correction)
            && told.refers.is_none_or(|of| settled(of) || voided(of));
        fresh && !over
    }

    fn by_whom_it_must_be(&self, told: &Told) -> bool {
        let of = self.life.at(told.refers);
        let target = of.and_then(Told::body);
        let issuer = of.and_then(Told::issuer);
        let fund = target.and_then(|body| match body {
            Body::Award(b) => Some(b.what.fund),
            other => contribution(other).map(|c| c.what.fund),
        });
        let Some(body) = told.body() else { return true };
        match body {
            Body::Correction(b) => issuer == Some(b.who.issuer),
            Body::RefundReceived(b) => issuer == Some(b.who.issuer),
            Body::Settlement(b) => fund == Some(b.who.issuer),
            Body::Refund(b) => fund == Some(b.who.issuer),
            Body::Benefit(b) => fund == Some(b.who.issuer),
            _ => true,
        }
    }

    fn role_was_given(&self, told: &Told) -> bool {
        if told.kind == Type::Engagement {
            let employs = |who| self.had(who, &[Role::Platform, Role::Employer], None, told);
            return told.issuer().is_some_and(employs);
        }
        let Some(body) = told.body() else { return true };
        match body {
            Body::AccessUnasked(b) => self.had(b.who, &[Role::Bureau], None, told),
            Body::IdentityBound(b) => self.had(b.who, &[Role::Bureau], None, told),
            Body::Erased(b) => b.who == self.life.address || self.had(b.who, &[Role::Bureau], None, told),
            Body::AccountLinked(b) => {
                b.who == self.life.address || self.had(b.who, &[Role::Bureau], None, told)
            }
            Body::Withdrawn(b) => {
                let said = self.life.at(told.refers).and_then(Told::issuer);
                said == Some(b.who) || self.had(b.who, &[Role::Bureau], None, told)
            }
            Body::Award(b) => {
                self.had(b.who.issuer, &[Role::Fund, Role::Bureau], Some(b.what.insurance), told)
            }
            Body::Contribution(_) | Body::Matching(_) => contribution(body).is_none_or(|c| {
                let role = match c.who.source {
                    Source::Self_ => return c.who.issuer == self.life.address,
                    Source::Platform => Role::Platform,
                    Source::Employer => Role::Employer,
                    Source::Subsidy => Role::SubsidyPayer,
                };
                self.had(c.who.issuer, &[role], Some(c.what.insurance), told)
            }),
            _ => true,
        }
    }

    /// Whether no other binding of the token stood, anywhere, when this one was recorded.
    fn one_binding_a_person(&self, told: &Told) -> bool {
        let Some(Body::IdentityBound(bound)) = told.body() else { return true };
        let stood = |life: &Life, t: &Told| {
            let same = matches!(t.body(), Some(Body::IdentityBound(b)) if b.token == bound.token);
            let over = |r: &Told| {
                r.refers == Some(t.sequence) && r.log_index < told.log_index && r.kind == Type::Withdrawn
            };
            same && t.log_index < told.log_index && !life.told.iter().any(over)
        };
        !self.lives.iter().any(|life| life.told.iter().any(|t| stood(life, t)))
    }

    /// Whether a later record says so of what says nothing: of itself, or of the claim that it was said to. Nothing else is ever missing.
    fn erased_where_it_was_said(&self, told: &Told) -> bool {
        if told.body.is_some() {
            return true;
        }
        let of = match told.kind {
            Type::Engagement | Type::Claim | Type::ClaimFor => Some(told.sequence),
            Type::ClaimAnswered | Type::Ruling | Type::ClaimClosed | Type::ClaimRemedied => told.refers,
            _ => None,
        };
        let later = self.life.told.iter().filter(|t| t.sequence > told.sequence);
        of.is_some() && later.into_iter().any(|t| t.refers == of && matches!(t.body(), Some(Body::Erased(_))))
    }

    /// Whether somebody had one of the roles when something was recorded.
    fn had(&self, who: Address, roles: &[Role], of: Option<Insurance>, when: &Told) -> bool {
        let Some(life) = self.lives.iter().find(|life| life.address == who) else { return false };
        let before = || life.told.iter().filter(|t| t.log_index < when.log_index);
        before().any(|t| {
            let Some(Body::Granted(b)) = t.body() else { return false };
            let taken_back = before().any(|r| r.refers == Some(t.sequence) && r.kind == Type::Revoked);
            let grant = &b.role;
            roles.contains(&grant.role)
                && !taken_back
                && grant.until.is_none_or(|until| when.time < until.seconds())
                && of.is_none_or(|of| grant.insurances.is_empty() || grant.insurances.contains(&of))
        })
    }
}

fn contribution(body: &Body) -> Option<&Contribution> {
    match body {
        Body::Contribution(c) => Some(c),
        Body::Matching(m) => Some(&m.0),
        Body::PaidFor(p) => Some(&p.0),
        _ => None,
    }
}

/// What may be used once: the kind, the issuer and the reference.
fn reference(body: &Body) -> Option<(Type, u64, String)> {
    let (kind, who) = match body {
        Body::Settlement(b) => (body.kind(), &b.who),
        Body::Engagement(b) => (body.kind(), &b.who),
        Body::Benefit(b) => (body.kind(), &b.who),
        Body::Refund(b) => (body.kind(), &b.who),
        Body::RefundReceived(b) => (body.kind(), &b.who),
        Body::Interest(b) => (body.kind(), &b.who),
        Body::Award(b) => (body.kind(), &b.who),
        other => {
            let who = &contribution(other)?.who;
            return Some((Type::Contribution, who.issuer.number, who.reference.to_string()));
        }
    };
    // A settlement's reference is that of a transfer, which may pay for many.
    (kind != Type::Settlement).then(|| (kind, who.issuer.number, who.reference.to_string()))
}

fn covers(consent: &Consent, done: &Scope) -> bool {
    let given = &consent.scope;
    let within =
        |all: &BTreeSet<_>, some: &BTreeSet<_>| all.is_empty() || (!some.is_empty() && some.is_subset(all));
    let set = |insurances: &[Insurance]| -> BTreeSet<u16> { insurances.iter().map(|i| i.code()).collect() };
    let months = match (given.months, done.months) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(all), Some(some)) => all.first <= some.first && some.last <= all.last,
    };
    let parts = done.parts.iter().all(|part| given.parts.contains(part));
    within(&set(&given.insurances), &set(&done.insurances)) && months && parts
}

fn interest_is_reckoned(told: &Told) -> bool {
    let Some(Body::Interest(b)) = told.body() else { return true };
    let sum: u128 = b.amount.stretches.iter().map(|s| u128::from(s.balance) * u128::from(s.months)).sum();
    let twelve = 12_000_000;
    u128::from(b.amount.amount) == (sum * u128::from(b.amount.rate) + twelve / 2) / twelve
}

/// The records of accounts, each as its bytes, by account.
pub type Records = BTreeMap<u64, Vec<Vec<u8>>>;

/// The records of these copies.
pub fn records(copies: &[Copy]) -> Records {
    let rows = |copy: &Copy| copy.rows.iter().map(|row| row.record.to_bytes()).collect();
    copies.iter().map(|copy| (copy.address.number, rows(copy))).collect()
}

/// The other half of promise 1: what was recorded once stands where it stood.
pub fn nothing_disappears(before: &Records, now: &Records) -> bool {
    before.iter().all(|(account, records)| now.get(account).is_some_and(|all| all.starts_with(records)))
}
