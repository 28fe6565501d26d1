//! Step 10: whoever signed had the key and the role, at that place in the log.

use std::collections::BTreeMap;

use super::account::Read;
use super::verdict::{Failure, fail};
use crate::address::Address;
use crate::key::PublicKey;
use crate::proof::{Proof, View};
use crate::recovery::{Approval, approve, due, is_guardian, veto};
use crate::role::Role;
use crate::state::Cell;
use crate::statement::{self, Authority, Recovery, Source, Type, Value};
use crate::value::Insurance;

/// What the issuer of a record must be able to do, as far as the record shows it.
enum Needed {
    Nothing,
    Registrar,
    AnyOf(Vec<Role>, Option<Insurance>),
    NotShown,
}

fn needed(
    read: &Read<'_>,
    reads: &BTreeMap<u64, Read<'_>>,
    recovered: &Recoveries,
    subject: &Address,
) -> Needed {
    let by = read.issuer().flatten();
    match read.record.kind.authority() {
        Authority::Itself
        | Authority::EntryIssuer
        | Authority::Grantee
        | Authority::Party
        | Authority::ItselfOrBureau => Needed::Nothing,
        Authority::Registrar => Needed::Registrar,
        Authority::OneOf(roles) => Needed::AnyOf(roles.to_vec(), None),
        Authority::ItselfOrOneOf(_) if by == Some(*subject) => Needed::Nothing,
        Authority::ItselfOrOneOf(roles) => Needed::AnyOf(roles.to_vec(), None),
        Authority::TargetIssuerOrOneOf(roles) => {
            let target = read.record.refers.and_then(|r| reads.get(&r));
            // Of what else it refers to, step 12 says that it may not.
            let target = target.filter(|t| t.record.kind.may_be_withdrawn());
            match target.and_then(|target| target.issuer().flatten()) {
                Some(said) if by == Some(said) => Needed::Nothing,
                Some(_) => Needed::AnyOf(roles.to_vec(), None),
                None => Needed::NotShown,
            }
        }
        Authority::Guardian => {
            match recovered.policies.get(&read.record.sequence).zip(read.issuer().flatten()) {
                Some((policy, by)) if policy.guardians.contains(&by) => Needed::Nothing,
                Some(_) => Needed::AnyOf(vec![Role::Bureau], None),
                None => Needed::NotShown,
            }
        }
        Authority::Covering(roles) => match read.what() {
            Some(what) => Needed::AnyOf(roles.to_vec(), Some(what.insurance)),
            None => Needed::NotShown,
        },
        Authority::Source => match (read.payer().map(|p| p.source.role()), read.what()) {
            (Some(None), _) => Needed::Nothing,
            (Some(Some(role)), Some(what)) => Needed::AnyOf(vec![role], Some(what.insurance)),
            _ => Needed::NotShown,
        },
        Authority::Fund => {
            let target = read.record.refers.and_then(|r| reads.get(&r));
            match target.and_then(Read::what) {
                Some(what) => Needed::AnyOf(vec![Role::Fund], Some(what.insurance)),
                None => Needed::NotShown,
            }
        }
    }
}

/// Whether a view proves key and role of an issuer at a place in the log. `Ok(false)`: the role could not be checked for lack of facets.
fn check_issuer(view: &View, read: &Read<'_>, kid: &PublicKey, needed: &Needed) -> Result<bool, Failure> {
    let record = read.record;
    let bad = |what: &str| {
        fail("bad-issuer", format!("record {}, issuer {}: {what}", record.sequence, view.address.number))
    };
    let after = view.shown.partition_point(|s| s.record.log_index < record.log_index);
    let Some(at) = after.checked_sub(1).map(|k| &view.shown[k]) else {
        return bad("its account is not shown before this record");
    };
    let last = at.record.sequence + 1 == view.size;
    let next = view.shown.get(after).is_some_and(|n| n.record.sequence == at.record.sequence + 1);
    if !last && !next {
        return bad("its account is not shown at this place in the log");
    }
    let (mut key, mut roles) = (None, None);
    for opened in &at.cells {
        match &opened.cell {
            Cell::Control(control) => key = Some(control.keys.key),
            Cell::Roles(held) => roles = Some(held),
            _ => {}
        }
    }
    if key != Some(*kid) {
        return bad("the signing key is not shown to be its key at this place in the log");
    }
    match needed {
        Needed::Nothing | Needed::Registrar => Ok(true),
        Needed::NotShown => Ok(false),
        Needed::AnyOf(any, insurance) => {
            let holds = roles.is_some_and(|held| {
                held.iter().map(|h| &h.grant).any(|g| {
                    any.contains(&g.role) && g.in_force(record.time) && insurance.is_none_or(|i| g.covers(i))
                })
            });
            if holds { Ok(true) } else { bad("its role is not shown at this place in the log") }
        }
    }
}

/// The recovery policy before each approval, from the opening on, as far as no record is hidden and the policy is shown.
fn policies(reads: &BTreeMap<u64, Read<'_>>) -> BTreeMap<u64, Recovery> {
    let (mut known, mut policy) = (BTreeMap::new(), None);
    for ((sequence, read), place) in reads.iter().zip(0u64..) {
        if *sequence != place {
            break;
        }
        match read.record.kind {
            Type::Opened | Type::RecoveryChanged => {
                policy =
                    read.find(|v| if let Value::Recovery(policy) = v { Some(policy.clone()) } else { None });
            }
            Type::RecoveryApproved
            | Type::RecoveryVetoed
            | Type::RecoveryCompleted
            | Type::DepartureApproved => {
                known.extend(policy.clone().map(|policy| (*sequence, policy)));
            }
            _ => {}
        }
    }
    known
}

/// Whether an approval counts: not one for itself, nor in place of a guardian whose number it has, nor a bureau's for account 0.
fn may_approve(policy: Option<&Recovery>, by: &Address, subject: &Address) -> bool {
    let namesake = |p: &Recovery| is_guardian(p, by.number) && !p.guardians.contains(by);
    let bureau_of_registrar = |p: &Recovery| subject.number == 0 && !p.guardians.contains(by);
    by != subject && !policy.is_some_and(|p| namesake(p) || bureau_of_registrar(p))
}

/// When the keys of each completed recovery were due, by those approvals that `count`; nothing where it is not shown who approved.
fn dues(
    reads: &BTreeMap<u64, Read<'_>>,
    policies: &BTreeMap<u64, Recovery>,
    subject: &Address,
    count: &dyn Fn(u64) -> bool,
) -> BTreeMap<u64, Option<u64>> {
    let mut known = BTreeMap::new();
    // None: an approval may be missing here.
    let mut approvals: Option<Vec<Approval>> = Some(Vec::new());
    for ((sequence, read), place) in reads.iter().zip(0u64..) {
        if *sequence != place {
            break;
        }
        let policy = policies.get(sequence);
        match read.record.kind {
            Type::RecoveryChanged => approvals = Some(Vec::new()),
            Type::RecoveryApproved => match (read.issuer().flatten(), read.keys(), &mut approvals) {
                (Some(by), Some(keys), Some(approvals)) => {
                    let may = may_approve(policy, &by, subject);
                    let (by, sequence, time) = (by.number, *sequence, read.record.time);
                    approvals.retain(|earlier| earlier.by != by);
                    if may && count(sequence) {
                        approve(approvals, Approval { by, sequence, time, vetoed: false, keys });
                    }
                }
                _ => approvals = None,
            },
            Type::RecoveryVetoed => {
                let both = approvals.as_deref().zip(policy);
                approvals = both.map(|(before, policy)| veto(before, policy).unwrap_or(before.to_vec()));
            }
            Type::RecoveryCompleted => {
                if let (Some(approvals), Some(policy), Some(keys)) = (&approvals, policy, read.keys()) {
                    known.insert(*sequence, due(approvals, policy, &keys).map(|(due, _)| due));
                }
                approvals = Some(Vec::new());
            }
            _ => {}
        }
    }
    known
}

/// What the records shown say of recoveries, by sequence.
pub(super) struct Recoveries {
    policies: BTreeMap<u64, Recovery>,
    /// Whether a completed recovery was approved and due, by approvals that are proved; nothing where that cannot be told.
    due: BTreeMap<u64, bool>,
}

impl Recoveries {
    /// Who was a guardian when.
    pub(super) fn begin(reads: &BTreeMap<u64, Read<'_>>) -> Self {
        Self { policies: policies(reads), due: BTreeMap::new() }
    }

    /// Which recoveries were approved, and due, once it is known which approvals are proved.
    pub(super) fn judge(
        &mut self,
        reads: &BTreeMap<u64, Read<'_>>,
        subject: &Address,
        proved: &BTreeMap<u64, bool>,
    ) {
        let by_proved =
            dues(reads, &self.policies, subject, &|sequence| proved.get(&sequence) == Some(&true));
        for (sequence, due) in dues(reads, &self.policies, subject, &|_| true) {
            let time = reads.get(&sequence).map_or(0, |read| read.record.time.seconds());
            let in_time = |due: Option<u64>| due.is_some_and(|due| due <= time);
            if !in_time(due) {
                self.due.insert(sequence, false);
            } else if in_time(by_proved.get(&sequence).copied().flatten()) {
                self.due.insert(sequence, true);
            }
        }
    }
}

/// The subject's own keys before each record shown, where they are shown and no change of them can be hidden since.
pub(super) fn own_keys(reads: &BTreeMap<u64, Read<'_>>) -> BTreeMap<u64, statement::Keys> {
    let (mut known, mut next, mut keys) = (BTreeMap::new(), 0, None);
    for (sequence, read) in reads {
        if *sequence != next {
            keys = None;
        }
        if let Some(keys) = keys {
            known.insert(*sequence, keys);
        }
        if read.record.kind.gives_keys() {
            keys = read.keys();
        }
        next = sequence + 1;
    }
    known
}

/// Step 10 for one record. `Ok(false)`: not checked.
pub(super) fn check_signer(
    read: &Read<'_>,
    reads: &BTreeMap<u64, Read<'_>>,
    own: &BTreeMap<u64, statement::Keys>,
    recovered: &Recoveries,
    proof: &Proof,
) -> Result<bool, Failure> {
    let bad = |what: &str| fail("bad-issuer", format!("record {}: {what}", read.record.sequence));
    let kind = read.record.kind;
    let source = read.payer().map(|p| p.source);
    if kind == Type::Matching && source == Some(Source::Self_) {
        return bad("nobody matches what she pays herself");
    }
    if kind == Type::PaidFor && source.is_some_and(|s| s != Source::Self_) {
        return bad("what is paid in somebody's name is of source self");
    }
    let Some(signed) = read.posting else { return Ok(false) };
    let need = needed(read, reads, recovered, &proof.subject.address);
    let issuer = signed.payload.issuer;
    let own_only = kind.authority() == Authority::Itself
        || (kind == Type::Contribution && source == Some(Source::Self_));
    if own_only && issuer.is_some_and(|i| i != proof.subject.address) {
        return bad("only the account itself may say this");
    }
    let claim = read.record.refers.and_then(|r| reads.get(&r)).and_then(Read::claim);
    if let (Type::ClaimClosed, Some(issuer), Some(claim)) = (kind, issuer, claim)
        && issuer != proof.subject.address
        && issuer != claim.bureau
    {
        return bad("only the person and the bureau that rules close a claim");
    }
    if matches!(need, Needed::Registrar) && issuer.is_some_and(|i| i.number != 0) {
        return bad("only the registrar grants and revokes");
    }
    match issuer {
        None => match read.keys() {
            Some(keys) if keys.key == signed.kid => Ok(true),
            Some(_) => bad("the opening is not signed by its own key"),
            None => Ok(false),
        },
        Some(issuer) if issuer == proof.subject.address => {
            let before = own.get(&read.record.sequence);
            if matches!(read.record.kind, Type::Rotated | Type::RecoveryChanged) {
                return match (read.keys(), before) {
                    (Some(new), _) if new.key != signed.kid => bad("a rotation is not signed by its new key"),
                    (Some(new), Some(old)) if new.key.commitment() != old.next => {
                        bad("a rotation is not to the key committed to before")
                    }
                    (Some(_), Some(_)) => Ok(true),
                    _ => Ok(false),
                };
            }
            if read.record.kind == Type::RecoveryCompleted {
                return match (read.keys(), recovered.due.get(&read.record.sequence)) {
                    (Some(new), _) if new.key != signed.kid => bad("a recovery is not signed by its new key"),
                    (_, Some(false)) => bad("its recovery was not approved, or not due yet"),
                    (_, Some(true)) => Ok(true),
                    (_, None) => Ok(false),
                };
            }
            match before {
                Some(keys) if keys.key != signed.kid => bad("the signing key was not its own at this place"),
                None => Ok(false),
                Some(_) => match need {
                    Needed::Nothing | Needed::Registrar => Ok(true),
                    Needed::AnyOf(..) | Needed::NotShown => Ok(false),
                },
            }
        }
        Some(issuer) => match proof.issuers.iter().find(|v| v.address == issuer) {
            Some(view) => check_issuer(view, read, &signed.kid, &need),
            None => Ok(false),
        },
    }
}
