//! The rules of `spec/README.md` §8 and §9, the naive way: every rule is asked on its own, and of the refusals that apply the one with the
//! lowest code is given. Those of engagements, and of what funds say beyond settlements, are in [`super::fund_rules`], those of consents and
//! claims in [`super::claim_rules`], those of identities in [`super::identity`], those of what is erased in [`super::erasure`], those of moves in
//! [`super::move_rules`].

use peal_spec::address::Address;
use peal_spec::refusal::{Code, Place, Refusal};
use peal_spec::statement::Statement;

use super::fund;
use super::recovery::{self, Approval, MAX_APPROVALS, Support};
use super::said::{AMOUNT_MAX, Keys, Money, Said};
use super::state::{self, Entry, Fact, Held};

/// The most cells of an account, beside its recovery cell.
const MAX_CELLS: usize = 256;
/// Roles by their numbers.
pub(super) const FUND: u64 = 3;
pub(super) const BUREAU: u64 = 4;
/// Who may open accounts for others: platform, employer, bureau, agent.
const OPENERS: [u64; 4] = [1, 2, 4, 5];

/// An account as the rules see it.
pub struct Party<'m> {
    /// Its address.
    pub address: Address,
    /// What was said in it so far.
    pub facts: &'m [Fact],
}

/// All that a statement is judged by.
pub struct Scene<'m> {
    /// The accounts, by number.
    pub accounts: &'m [Party<'m>],
    /// Who issues; none for oneself.
    pub issuer: Option<Address>,
    /// The key that signed.
    pub kid: [u8; 32],
    /// Number of statements of the posting.
    pub count: usize,
    /// The commit's time.
    pub time: u64,
    /// The name of the ledger.
    pub origin: &'m str,
}

/// The refusals that apply.
#[derive(Default)]
pub(super) struct Found(Vec<Refusal>);

impl Found {
    pub(super) fn check(&mut self, holds: bool, code: Code, field: &str) -> bool {
        if !holds {
            self.0.push(Refusal::new(code, field));
        }
        holds
    }

    pub(super) fn name(&mut self, holds: bool, code: Code, field: &str, record: Place) {
        if !holds {
            self.0.push(Refusal::new(code, field).at(record));
        }
    }

    fn first(self) -> Option<Refusal> {
        self.0.into_iter().min_by_key(|refusal| refusal.code as u64)
    }
}

impl Scene<'_> {
    pub(super) fn find(&self, address: &Address) -> Option<&Party<'_>> {
        self.accounts.iter().find(|party| party.address == *address)
    }

    /// The refusal of a statement whose facets could be read, if any; `root` is its root.
    pub fn judge(&self, statement: &Statement, said: &Said, root: [u8; 32]) -> Option<Refusal> {
        let mut found = Found::default();
        found.check(said.who() == self.issuer, Code::IssuerNotNamed, "who");
        let issuer = self.issuer.and_then(|address| self.find(&address));
        if let Said::Opened { keys, .. } = said {
            match issuer {
                None => {
                    found.check(self.kid == keys.key, Code::OpeningKey, "keys");
                }
                Some(issuer) => self.roles(&mut found, issuer, &OPENERS, None),
            }
            if let Some(there) = self.accounts.iter().find(|party| party.address.id.0 == root) {
                found.name(false, Code::IdTaken, "address", (there.address.number, 0));
            }
            return found.first();
        }
        let subject = statement.address.and_then(|address| self.find(&address));
        if let Some(subject) = subject {
            self.about(&mut found, statement, said, issuer, subject);
        } else {
            found.check(false, Code::UnknownAccount, "address");
        }
        found.first()
    }

    /// A statement about an account that exists.
    fn about(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: Option<&Party<'_>>,
        subject: &Party<'_>,
    ) {
        // Without an issuer, *who* names another than the posting's issuer, and that is refused already.
        let Some(issuer) = issuer else { return };
        let itself = issuer.address == subject.address;
        self.target_is_left(found, statement, said, subject);
        self.nothing_begins(found, said, subject);
        match said {
            Said::Opened { .. } => {}
            Said::Rotated { keys, .. } => self.rotation(found, keys, itself, subject),
            Said::Granted { .. } => {
                found.check(issuer.address.number == 0, Code::NotRegistrar, "who");
            }
            Said::Revoked { .. } => {
                found.check(issuer.address.number == 0, Code::NotRegistrar, "who");
                let held = state::roles(subject.facts);
                let there = held.iter().any(|held| Some(held.grant) == statement.refers);
                found.check(there, Code::TargetMissing, "refers");
            }
            Said::Contribution { .. } => self.contribution(found, statement, said, issuer, subject),
            Said::Matching { .. } => {
                self.contribution(found, statement, said, issuer, subject);
                self.matching(found, statement, said, subject);
            }
            Said::PaidFor { .. } => {
                self.contribution(found, statement, said, issuer, subject);
                self.of_claims(found, statement, said, issuer, subject);
            }
            Said::Settlement { money, .. } => self.settlement(found, statement, money, issuer, subject),
            Said::Correction { .. } => self.correction(found, statement, said, issuer, subject),
            Said::RecoveryApproved { keys, .. } => self.approval(found, keys, issuer, subject),
            Said::RecoveryVetoed { .. } => {
                found.check(itself, Code::NotYours, "who");
                let standing = recovery::approvals(subject.facts);
                let may_be =
                    |a: &Approval| !a.vetoed && !Support::of(subject.facts, &standing, &a.keys).firm();
                let pending = standing.iter().any(may_be);
                found.check(pending, Code::NothingPending, "who");
            }
            Said::RecoveryCompleted { keys, .. } => {
                found.check(itself, Code::NotYours, "who");
                found.check(self.kid == keys.key && self.count == 1, Code::RotationAlone, "keys");
                let standing = recovery::approvals(subject.facts);
                let support = Support::of(subject.facts, &standing, keys);
                found.check(support.enough(), Code::RecoveryNotApproved, "keys");
                if let Some((due, from)) = support.due() {
                    let place = (subject.address.number, from);
                    found.name(self.time >= due, Code::RecoveryTooEarly, "keys", place);
                }
            }
            Said::RecoveryChanged { keys, .. } => {
                self.rotation(found, keys, itself, subject);
                let standing = recovery::approvals(subject.facts);
                let firm = standing.iter().any(|a| Support::of(subject.facts, &standing, &a.keys).firm());
                found.check(!firm, Code::RecoveryPending, "recovery");
            }
            Said::Engagement { .. }
            | Said::Award { .. }
            | Said::Benefit { .. }
            | Said::Refund { .. }
            | Said::RefundReceived { .. }
            | Said::Interest { .. } => self.of_funds(found, statement, said, issuer, subject),
            Said::Claim { .. }
            | Said::Ruling { .. }
            | Said::ConsentGranted { .. }
            | Said::ConsentRevoked { .. }
            | Said::Access { .. }
            | Said::AccessUnasked { .. }
            | Said::ClaimFor { .. }
            | Said::ClaimAnswered { .. }
            | Said::ClaimClosed { .. }
            | Said::ClaimRemedied { .. } => self.of_claims(found, statement, said, issuer, subject),
            Said::IdentityBound { .. } | Said::AccountLinked { .. } | Said::Withdrawn { .. } => {
                self.of_identity(found, statement, said, issuer, subject);
            }
            Said::Erased { .. } => self.erasure(found, statement, issuer, subject),
            Said::Departure { .. }
            | Said::Arrival { .. }
            | Said::TransferredOut { .. }
            | Said::TransferredIn { .. }
            | Said::MoveClosed { .. }
            | Said::DepartureApproved { .. }
            | Said::LedgerRecognised { .. }
            | Said::Transcribed { .. } => self.of_move(found, statement, said, issuer, subject),
        }
    }

    /// What a rotation is judged by, alone or with a change of guardians.
    fn rotation(&self, found: &mut Found, keys: &Keys, itself: bool, subject: &Party<'_>) {
        found.check(itself, Code::NotYours, "who");
        let before = state::keys(subject.facts);
        let committed = before.is_some_and(|b| b.next == super::leaves::next_key(&keys.key));
        found.check(committed, Code::NextKey, "keys");
        found.check(self.kid == keys.key && self.count == 1, Code::RotationAlone, "keys");
    }

    fn approval(&self, found: &mut Found, keys: &Keys, issuer: &Party<'_>, subject: &Party<'_>) {
        let (guardians, ..) = recovery::agreed(subject.facts);
        let held = state::roles(issuer.facts);
        // Who has a guardian's number, and another id, is neither guardian nor bureau here; for the registrar's account nobody is a bureau.
        let bureau = held.iter().any(|h| h.role == BUREAU && h.in_force(self.time))
            && subject.address.number != 0
            && !guardians.iter().any(|guardian| guardian.number == issuer.address.number);
        let another = issuer.address != subject.address;
        let may = another && (guardians.contains(&issuer.address) || bureau);
        found.check(may, Code::NotGuardian, "who");
        let (own, others): (Vec<_>, Vec<_>) = recovery::approvals(subject.facts)
            .into_iter()
            .partition(|approval| approval.approver == issuer.address.number);
        if let Some(there) = own.iter().find(|approval| approval.keys == *keys && !approval.vetoed) {
            found.name(false, Code::AlreadyApproved, "keys", (subject.address.number, there.sequence));
        }
        // Its own earlier one makes room.
        found.check(others.len() < MAX_APPROVALS, Code::StateFull, "who");
    }

    /// A contribution, or what a matching or a payment for somebody has of one.
    fn contribution(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let (Said::Contribution { source, insurance, fund, money, .. }
        | Said::Matching { source, insurance, fund, money, .. }
        | Said::PaidFor { source, insurance, fund, money, .. }) = said
        else {
            return;
        };
        match source {
            // Whoever pays for somebody pays in her name.
            source if statement.kind == 38 => {
                found.check(*source == 3, Code::NotYours, "who");
            }
            1 => self.roles(found, issuer, &[1], Some(*insurance)),
            2 => self.roles(found, issuer, &[2], Some(*insurance)),
            3 => {
                let itself = issuer.address == subject.address;
                found.check(itself && statement.kind == 5, Code::NotYours, "who");
            }
            _ => self.roles(found, issuer, &[6], Some(*insurance)),
        }
        self.month_in_time(found, statement);
        found.check(in_range(money), Code::AmountRange, "amount");
        self.fund_fit(found, fund, *insurance);
        new_reference(found, said, subject);
        let facts = self.as_if_recorded(statement, said, subject);
        overflow(found, &facts, *insurance, &money.currency);
        room(found, &facts);
    }

    /// What a matching has beyond a contribution.
    fn matching(&self, found: &mut Found, statement: &Statement, said: &Said, subject: &Party<'_>) {
        let Said::Matching { insurance, .. } = said else { return };
        let Some(entry) = target(found, statement, subject) else { return };
        found.name(!entry.void, Code::TargetVoid, "refers", (subject.address.number, entry.sequence));
        same_month(found, statement, entry.month);
        found.check(*insurance == entry.insurance, Code::MatchDiffers, "what");
    }

    fn settlement(
        &self,
        found: &mut Found,
        statement: &Statement,
        money: &Money,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Some(entry) = target(found, statement, subject) else { return };
        let place = (subject.address.number, entry.sequence);
        self.roles(found, issuer, &[FUND], Some(entry.insurance));
        found.check(issuer.address == entry.fund, Code::NotFund, "who");
        // §8 asks for the entry's amount, which is in range; but by §9 the lower code goes first where both apply.
        found.check(in_range(money), Code::AmountRange, "amount");
        found.name(!entry.void, Code::TargetVoid, "refers", place);
        found.name(!entry.settled, Code::Settled, "refers", place);
        same_month(found, statement, entry.month);
        found.check(money.currency == entry.money.currency, Code::CurrencyDiffers, "amount");
        found.check(*money == entry.money, Code::AmountDiffers, "amount");
    }

    /// A correction of an entry, or one that voids an engagement or an award.
    fn correction(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::Correction { money, .. } = said else { return };
        let filed = fund::filed(subject.facts);
        if let Some(filed) = filed.iter().find(|filed| Some(filed.sequence) == statement.refers) {
            found.check(issuer.address == filed.issuer, Code::NotIssuer, "who");
            found.name(!filed.void, Code::TargetVoid, "refers", (subject.address.number, filed.sequence));
            same_month(found, statement, filed.month);
            if let Some(money) = money {
                found.check(in_range(money), Code::AmountRange, "amount");
                found.check(false, Code::OnlyVoid, "amount");
            }
            return;
        }
        let Some(entry) = target(found, statement, subject) else { return };
        let place = (subject.address.number, entry.sequence);
        found.check(issuer.address == entry.issuer, Code::NotIssuer, "who");
        found.name(!entry.void, Code::TargetVoid, "refers", place);
        found.name(!entry.settled, Code::Settled, "refers", place);
        same_month(found, statement, entry.month);
        if let Some(money) = money {
            found.check(in_range(money), Code::AmountRange, "amount");
            found.check(money.currency == entry.money.currency, Code::CurrencyDiffers, "amount");
            found.check(*money != entry.money, Code::AmountDiffers, "amount");
            let facts = self.as_if_recorded(statement, said, subject);
            overflow(found, &facts, entry.insurance, &money.currency);
        }
    }

    /// The month is at most one later than the commit's.
    pub(super) fn month_in_time(&self, found: &mut Found, statement: &Statement) {
        let latest = state::after(state::month_of(self.time));
        found.check(statement.month.is_some_and(|m| m.number() <= latest), Code::MonthInFuture, "month");
    }

    /// The fund in *what* is one, for this insurance, in force.
    pub(super) fn fund_fit(&self, found: &mut Found, fund: &Address, insurance: u64) {
        let held = self.find(fund).map(|fund| state::roles(fund.facts)).unwrap_or_default();
        let fit = held.iter().any(|h| h.role == FUND && h.in_force(self.time) && h.covers(insurance));
        found.check(fit, Code::FundUnfit, "what");
    }

    /// What the account's facts would be with this one.
    pub(super) fn as_if_recorded(
        &self,
        statement: &Statement,
        said: &Said,
        subject: &Party<'_>,
    ) -> Vec<Fact> {
        let mut facts = subject.facts.to_vec();
        let month = statement.month.map(|m| m.number());
        facts.push(Fact { said: said.clone(), refers: statement.refers, month, time: self.time });
        facts
    }

    /// Whether the issuer has one of these roles, for the insurance if there is one, in force.
    pub(super) fn roles(&self, found: &mut Found, issuer: &Party<'_>, roles: &[u64], insurance: Option<u64>) {
        let mut held: Vec<Held> = state::roles(issuer.facts);
        held.retain(|h| roles.contains(&h.role));
        found.check(!held.is_empty(), Code::RoleMissing, "who");
        held.retain(|h| insurance.is_none_or(|i| h.covers(i)));
        found.check(!held.is_empty(), Code::RoleNotCovering, "who");
        held.retain(|h| h.in_force(self.time));
        found.check(!held.is_empty(), Code::RoleExpired, "who");
    }
}

/// At least 1, and no more is credited than paid.
fn in_range(money: &Money) -> bool {
    money.amount >= 1 && money.credited <= money.amount
}

/// The entry that a statement refers to.
pub(super) fn target(found: &mut Found, statement: &Statement, subject: &Party<'_>) -> Option<Entry> {
    let entries = state::entries(subject.facts);
    let entry = entries.into_iter().find(|entry| Some(entry.sequence) == statement.refers);
    found.check(entry.is_some(), Code::TargetMissing, "refers");
    entry
}

pub(super) fn same_month(found: &mut Found, statement: &Statement, month: u32) {
    found.check(statement.month.map(|m| m.number()) == Some(month), Code::MonthDiffers, "month");
}

/// The reference was not taken by this issuer in this account.
pub(super) fn new_reference(found: &mut Found, said: &Said, subject: &Party<'_>) {
    if let Some(first) = state::reference(subject.facts, said) {
        found.name(false, Code::ReferenceTaken, "who", (subject.address.number, first));
    }
}

/// With these facts the account has no more cells than it may have.
pub(super) fn room(found: &mut Found, facts: &[Fact]) {
    found.check(state::count(facts) <= MAX_CELLS, Code::StateFull, "what");
}

fn overflow(found: &mut Found, facts: &[Fact], insurance: u64, currency: &str) {
    let sums = state::totals(&state::entries(facts), insurance, currency);
    found.check(sums.iter().all(|sum| *sum <= u128::from(AMOUNT_MAX)), Code::TotalOverflow, "amount");
}
