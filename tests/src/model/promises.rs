//! What `spec/README.md` §19 promises of every history, each checked by itself on what the ledger gives out, without the rules that it follows
//! from: plain lists and plain sums.

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::Copy;
use peal_spec::facet::Source;
use peal_spec::moving::From;
use peal_spec::posting::Signed;
use peal_spec::rights::{ClaimKind, Consent, Months, Right, Scope};
use peal_spec::role::Role;
use peal_spec::showing;
use peal_spec::statement::{Body, Contribution, Type};
use peal_spec::value::{Currency, Insurance, Month, Time};

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
                (14, all.nothing_begins(told)),
                (15, all.money_moves_once(told)),
                (16, all.arrives_in_one_place(told)),
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
                let of = self.life.at(told.refers);
                let gone =
                    of.is_some_and(|of| of.kind == Type::Departure) && self.departed(told) == told.refers;
                (of.and_then(Told::issuer) == Some(b.who) && !gone)
                    || self.had(b.who, &[Role::Bureau], None, told)
            }
            Body::Transcribed(b) => self.had(b.who.issuer, &[Role::Bureau], None, told),
            Body::TransferredOut(b) => self.had(b.who.issuer, &[Role::Fund], Some(b.what.insurance), told),
            Body::TransferredIn(b) => self.had(b.who.issuer, &[Role::Fund], Some(b.what.insurance), told),
            Body::Arrival(b) => b.who == self.life.address || self.had(b.who, &[Role::Bureau], None, told),
            Body::MoveClosed(b) => b.who == self.life.address || self.had(b.who, &[Role::Bureau], None, told),
            Body::DepartureApproved(b) => {
                let (_, guardians, _) = self.policy(told.sequence);
                guardians.contains(&b.who) || self.had(b.who, &[Role::Bureau], None, told)
            }
            Body::LedgerRecognised(b) => b.who.number == 0 && self.life.address.number == 0,
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

    /// The departure in force when something was recorded: one that had come to its day, and that neither a change of keys before that day nor
    /// a withdrawal has ended.
    fn departed(&self, when: &Told) -> Option<u64> {
        let before = || self.life.told.iter().filter(|t| t.sequence < when.sequence);
        before().filter(|t| t.kind == Type::Departure).map(|t| t.sequence).find(|departure| {
            let (_, guardians, delay) = self.policy(*departure);
            let need = self.need(*departure);
            let said_at = self.life.told[*departure as usize].time;
            // The day that it comes to, as of a record.
            let due = |as_of: u64| {
                let mut due = said_at + delay;
                let (mut of_guardians, mut others) = (0, 0);
                for approval in self.life.about(*departure, as_of) {
                    let Some(Body::DepartureApproved(by)) = approval.body() else { continue };
                    let named = guardians.iter().any(|guardian| guardian.number == by.who.number);
                    (of_guardians, others) = (of_guardians + u64::from(named), others + u64::from(!named));
                    if others > 0 || of_guardians >= need.max(1) {
                        due = due.min(approval.time);
                    }
                }
                due
            };
            let ended = before().filter(|t| t.sequence > *departure).any(|t| match t.kind {
                Type::Withdrawn => t.refers == Some(*departure),
                Type::Rotated | Type::RecoveryCompleted | Type::RecoveryChanged => t.time < due(t.sequence),
                _ => false,
            });
            !ended && due(when.sequence) <= when.time
        })
    }

    /// How many guardians must agree, as of a record.
    fn need(&self, before: u64) -> u64 {
        let need = self.life.told.iter().take_while(|t| t.sequence < before).filter_map(|t| match t.body() {
            Some(Body::Opened(b)) => Some(b.recovery.need),
            Some(Body::RecoveryChanged(b)) => Some(b.recovery.need),
            _ => None,
        });
        need.last().unwrap_or_default()
    }

    fn nothing_begins(&self, told: &Told) -> bool {
        let begins = match told.body() {
            Some(Body::Claim(b)) => b.claim.kind != ClaimKind::Transfer,
            Some(Body::ClaimFor(b)) => b.claim.kind != ClaimKind::Transfer,
            // Of an erased claim nobody knows the kind.
            None => told.kind == Type::Engagement,
            Some(_) => matches!(
                told.kind,
                Type::Contribution
                    | Type::Matching
                    | Type::PaidFor
                    | Type::Engagement
                    | Type::Award
                    | Type::Interest
                    | Type::IdentityBound
                    | Type::Granted
                    | Type::Transcribed
                    | Type::Arrival
                    | Type::Departure
            ),
        };
        !begins || self.departed(told).is_none()
    }

    /// What was on the person's own account, and what had left it, as of a record.
    fn own(&self, of: Insurance, currency: Currency, before: u64) -> (u128, u128) {
        let (mut there, mut gone, mut left): (u128, u128, u128) = (0, 0, 0);
        let insured = |told: &Told| self.life.at(told.refers).and_then(Told::body).and_then(contribution);
        for told in self.life.told.iter().take_while(|t| t.sequence < before) {
            let paid = insured(told).is_some_and(|paid| paid.what.insurance == of);
            match told.body() {
                Some(Body::Settlement(b)) if paid && b.amount.currency == currency => {
                    there += u128::from(b.amount.credited);
                }
                Some(Body::Refund(b)) if paid && b.amount.currency == currency => {
                    gone += u128::from(b.amount.credited);
                }
                Some(Body::Interest(b)) if b.what.insurance == of && b.amount.currency == currency => {
                    there += u128::from(b.amount.amount);
                }
                Some(Body::TransferredIn(b)) if b.what.insurance == of && b.moved.currency == currency => {
                    there += u128::from(b.moved.own);
                }
                Some(Body::TransferredOut(b)) if b.what.insurance == of && b.moved.currency == currency => {
                    left += u128::from(b.moved.own);
                }
                _ => {}
            }
        }
        (there.saturating_sub(gone), left)
    }

    fn money_moves_once(&self, told: &Told) -> bool {
        match told.body() {
            Some(Body::TransferredOut(b)) => {
                let (there, left) = self.own(b.what.insurance, b.moved.currency, told.sequence + 1);
                left <= there && told.refers.is_some() && self.departed(told) == told.refers
            }
            // What has left does not go back to who paid it.
            Some(Body::Refund(b)) => {
                let of = self.life.at(told.refers).and_then(Told::body).and_then(contribution);
                of.is_some_and(|paid| {
                    let (there, left) = self.own(paid.what.insurance, b.amount.currency, told.sequence + 1);
                    left <= there
                })
            }
            Some(Body::TransferredIn(b)) => {
                let Some(Body::Arrival(arrived)) = self.life.at(told.refers).and_then(Told::body) else {
                    return false;
                };
                // Nothing that left there came already, in whichever account.
                let same = |life: &Life, t: &Told| {
                    let Some(Body::TransferredIn(other)) = t.body() else { return false };
                    let from = life.at(t.refers).and_then(Told::body);
                    matches!(from, Some(Body::Arrival(a)) if one_account(&a.from, &arrived.from))
                        && other.out == b.out
                        && t.log_index < told.log_index
                };
                let fresh = !self.lives.iter().any(|life| life.told.iter().any(|t| same(life, t)));
                // It arrived in the record that is named, or in one that names the same account.
                let departed = |departure: u64| {
                    let mut before = self.life.told.iter().take_while(|t| t.sequence < told.sequence);
                    before.any(|t| {
                        let Some(Body::Arrival(a)) = t.body() else { return false };
                        one_account(&a.from, &arrived.from) && a.from.departure == Some(departure)
                    })
                };
                let shown = Time::new(told.time).and_then(|time| showing::facts(&b.shown, time));
                let left = shown.is_some_and(|facts| {
                    facts.origin == arrived.from.origin
                        && facts.address == arrived.from.address
                        && facts.outs.iter().any(|(out, departure, what, moved)| {
                            *out == b.out.0
                                && departed(*departure)
                                && what.insurance == b.what.insurance
                                && *moved == b.moved
                        })
                });
                fresh && left
            }
            // Nor is there a way back when money has left.
            Some(Body::Withdrawn(_)) => {
                let mut before = self.life.about(told.refers.unwrap_or_default(), told.sequence);
                before.all(|t| t.kind != Type::TransferredOut)
            }
            _ => true,
        }
    }

    fn arrives_in_one_place(&self, told: &Told) -> bool {
        let Some(Body::Arrival(b)) = told.body() else { return true };
        let same = |t: &Told| matches!(t.body(), Some(Body::Arrival(a)) if one_account(&a.from, &b.from));
        self.lives.iter().all(|life| life.address == self.life.address || !life.told.iter().any(same))
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

/// Whether two are of one account of one ledger.
fn one_account(one: &From, other: &From) -> bool {
    one.origin == other.origin && one.address.id == other.address.id
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
        Body::TransferredOut(b) => (body.kind(), &b.who),
        Body::TransferredIn(b) => (body.kind(), &b.who),
        Body::Transcribed(b) => (body.kind(), &b.who),
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
