//! Steps 7 to 9: the records shown are the account's, the statements are theirs, the postings are signed.

use super::verdict::{Failure, demand, fail};
use crate::address::Address;
use crate::cbor::Cbor;
use crate::log::Head;
use crate::note::Checkpoint;
use crate::posting::{self, Signed};
use crate::proof::{Shown, View};
use crate::record::Record;
use crate::rights;
use crate::statement::{self, Amount, Evidence, Money, Returned, Type, Value};
use crate::tree::check_inclusion;

/// Step 7 for one view.
pub(super) fn check_view(view: &View, head: &Head, size: u64) -> Result<(), Failure> {
    let who = || format!("account {}", view.address.number);
    demand(view.address.number < head.commit.directory_size, "bad-directory", who)?;
    view.check(head).or_else(|e| match e.0 {
        "set" => fail("bad-account", format!("{}: {e}", who())),
        _ => fail("bad-directory", format!("{}: the head of this account is not in the directory", who())),
    })?;
    let mut last: Option<&Record> = None;
    for Shown { record, .. } in &view.shown {
        let bad = |what: &str| fail("bad-account", format!("{}, record {}: {what}", who(), record.sequence));
        if record.account != view.address.number {
            return bad("it names another account");
        }
        if record.log_index + 1 >= size || record.time > head.commit.time {
            return bad("it is later than the checkpoint");
        }
        if last.is_some_and(|l| l.log_index >= record.log_index || l.time > record.time) {
            return bad("it is earlier than the one before");
        }
        // Between two records of an account lie at least as many log leaves as records.
        if last.is_some_and(|l| record.log_index - l.log_index < record.sequence - l.sequence) {
            return bad("there is no room in the log for the records between");
        }
        if (record.sequence == 0) != (record.kind == Type::Opened) {
            return bad("an account is opened by its first record only");
        }
        if record.sequence == 0 && record.statement_root != view.address.id {
            return bad("it does not open this account");
        }
        if (record.refers.is_some(), record.month.is_some()) != record.kind.has() {
            return bad("it has a target or month that its type has not, or lacks one that it has");
        }
        if record.refers.is_some_and(|r| r >= record.sequence) {
            return bad("it refers to a later record");
        }
        last = Some(record);
    }
    Ok(())
}

/// A statement as far as it is shown.
pub(super) struct Read<'p> {
    pub(super) record: &'p Record,
    pub(super) posting: Option<&'p Signed>,
    pub(super) values: Vec<Option<Value>>,
}

impl Read<'_> {
    pub(super) fn find<T>(&self, pick: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.values.iter().flatten().find_map(pick)
    }
    pub(super) fn keys(&self) -> Option<statement::Keys> {
        self.find(|v| if let Value::Keys(k) = v { Some(*k) } else { None })
    }
    pub(super) fn amount(&self) -> Option<Option<Amount>> {
        self.find(|v| if let Value::Amount(a) = v { Some(*a) } else { None })
    }
    pub(super) fn what(&self) -> Option<statement::What> {
        self.find(|v| if let Value::What(w) = v { Some(w.clone()) } else { None })
    }
    pub(super) fn money(&self) -> Option<Money> {
        self.find(|v| if let Value::Money(m) = v { Some(*m) } else { None })
    }
    pub(super) fn returned(&self) -> Option<Returned> {
        self.find(|v| if let Value::Returned(r) = v { Some(*r) } else { None })
    }
    pub(super) fn reference(&self) -> Option<String> {
        self.find(|v| if let Value::Referenced(r) = v { Some(r.reference.to_string()) } else { None })
    }
    pub(super) fn evidence(&self) -> Option<Option<Evidence>> {
        self.find(|v| if let Value::Evidence(e) = v { Some(e.clone()) } else { None })
    }
    pub(super) fn claim(&self) -> Option<rights::Claim> {
        self.find(|v| if let Value::Claim(c) = v { Some(c.clone()) } else { None })
    }
    pub(super) fn consent(&self) -> Option<rights::Consent> {
        self.find(|v| if let Value::Consent(c) = v { Some(c.clone()) } else { None })
    }
    /// Who says it: the posting's issuer if it is shown, else the one that *who* names. `None`: neither is shown.
    pub(super) fn issuer(&self) -> Option<Option<Address>> {
        let posting = self.posting.map(|p| p.payload.issuer);
        posting.or_else(|| self.values.iter().flatten().find_map(Value::issuer))
    }
    pub(super) fn payer(&self) -> Option<statement::contribution::Payer> {
        self.find(|v| if let Value::Payer(p) = v { Some(p.clone()) } else { None })
    }
}

/// Step 8 for one record.
pub(super) fn read_statement<'p>(
    shown: &'p Shown,
    address: &Address,
    checkpoint: &Checkpoint,
) -> Result<Read<'p>, Failure> {
    let record = &shown.record;
    let bad = |what: &str| fail("bad-statement", format!("record {}: {what}", record.sequence));
    let Some(opening) = &shown.opening else {
        return Ok(Read { record, posting: None, values: Vec::new() });
    };
    let shapes = record.kind.shapes();
    if opening.0.len() != shapes.len() + 1 {
        return bad("not the leaves of its type");
    }
    if opening.root() != record.statement_root {
        return bad("what is shown is not what was recorded");
    }
    let Some(head) = opening.0[0].value() else { return bad("its head is withheld") };
    let Ok(head) = statement::Head::from_bytes(head) else { return bad("its head is malformed") };
    let expected = (record.kind != Type::Opened).then_some(*address);
    if head.origin != checkpoint.origin {
        return bad("it was meant for another ledger");
    }
    if head.address != expected {
        return bad("it was meant for another account");
    }
    if (head.kind, head.refers, head.month) != (record.kind as u64, record.refers, record.month) {
        return bad("its head and its record differ");
    }
    let mut values = Vec::with_capacity(shapes.len());
    for (shape, facet) in shapes.iter().zip(&opening.0[1..]) {
        values.push(match facet.value().map(|bytes| shape.read(bytes)) {
            None => None,
            Some(Ok(value)) => Some(value),
            Some(Err(e)) => return bad(&e.to_string()),
        });
    }
    Ok(Read { record, posting: None, values })
}

/// Step 9 for one record.
pub(super) fn check_posting(
    shown: &Shown,
    read: &Read<'_>,
    postings: &[Signed],
    checkpoint: &Checkpoint,
) -> Result<Option<usize>, Failure> {
    let Some(link) = &shown.link else { return Ok(None) };
    let record = &shown.record;
    let bad = |what: &str| fail("bad-posting", format!("record {}: {what}", record.sequence));
    let Some(signed) = usize::try_from(link.posting).ok().and_then(|i| postings.get(i)) else {
        return bad("its posting is not in the proof");
    };
    if signed.payload.origin != checkpoint.origin {
        return bad("its posting was meant for another ledger");
    }
    if signed.digest() != record.posting {
        return bad("it was recorded from another posting");
    }
    let leaf = posting::leaf(record.posting_index, &record.statement_root);
    let (count, root) = (signed.payload.count, &signed.payload.root);
    if check_inclusion(&leaf, record.posting_index, count, &link.path, root).is_err() {
        return bad("its statement is not in the posting");
    }
    if signed.payload.issuer.is_none() && (record.kind != Type::Opened || count != 1) {
        return bad("a posting without an issuer holds one opening");
    }
    let named = read.values.iter().flatten().find_map(Value::issuer);
    if named.is_some_and(|issuer| issuer != signed.payload.issuer) {
        return bad("it names another issuer than the one that signed");
    }
    Ok(Some(link.posting as usize))
}
