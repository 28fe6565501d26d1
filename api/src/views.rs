//! JSON views of what the CBOR forms hold: for people and scripts, never what is signed.

use peal_spec::copy::{Copy, Row};
use peal_spec::moving::Moved;
use peal_spec::posting::Signed;
use peal_spec::rights::{self, Says};
use peal_spec::statement::{self, Body, Contribution, Entitlement, Money, Returned, money};
use serde::Serialize;
use utoipa::ToSchema;

/// The head of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Head)]
pub struct HeadView {
    /// The account's address.
    pub address: String,
    /// Number of its records.
    pub records: u64,
    /// When the head was made.
    #[schema(example = "2026-11-02T09:30:00Z")]
    pub time: String,
    /// Number of accounts in the directory.
    pub directory_size: u64,
    /// Root of the directory, in hexadecimal.
    pub directory_root: String,
    /// The signed checkpoint (a C2SP signed note).
    pub checkpoint: String,
}

impl From<&Copy> for HeadView {
    fn from(copy: &Copy) -> Self {
        Self {
            address: copy.address.to_string(),
            records: copy.size,
            time: copy.head.commit.time.to_string(),
            directory_size: copy.head.commit.directory_size,
            directory_root: copy.head.commit.directory_root.to_string(),
            checkpoint: copy.checkpoint.clone(),
        }
    }
}

/// A page of an account's records.
#[derive(Serialize, ToSchema)]
#[schema(as = Records)]
pub struct RecordsView {
    /// The account's head.
    #[serde(flatten)]
    pub head: HeadView,
    /// The records of this page, in order.
    pub page: Vec<RecordView>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

impl From<&Copy> for RecordsView {
    fn from(copy: &Copy) -> Self {
        let signed: Vec<Option<Signed>> = copy.postings.iter().map(|cose| Signed::read(cose).ok()).collect();
        let issuer = |row: &Row| {
            let index = usize::try_from(row.link.posting).ok()?;
            signed.get(index)?.as_ref()?.payload.issuer
        };
        let end = copy.from + copy.rows.len() as u64;
        Self {
            head: copy.into(),
            page: copy
                .rows
                .iter()
                .map(|row| RecordView::new(row, issuer(row).map(|a| a.to_string())))
                .collect(),
            next: (end < copy.size).then_some(end),
        }
    }
}

/// A record and what its statement says. Fields that its type does not have are absent.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Record)]
pub struct RecordView {
    /// Sequence in the account, from 0.
    pub sequence: u64,
    /// Type of the statement.
    #[serde(rename = "type")]
    #[schema(example = "contribution")]
    pub kind: String,
    /// The commit's time.
    pub time: String,
    /// Place in the log.
    pub log_index: u64,
    /// Digest of the posting, in hexadecimal.
    pub posting: String,
    /// Place in the posting.
    pub posting_index: u64,
    /// Address of the issuer; absent for an opening by the person herself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Sequence of the record that this one is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refers: Option<u64>,
    /// The month that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-10")]
    pub month: Option<String>,
    /// Who paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The issuer's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it was corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The insurance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pension")]
    pub insurance: Option<String>,
    /// The scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Address of the fund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fund: Option<String>,
    /// How much; absent where a correction voids the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<AmountView>,
    /// How much was earned, paid out or received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<MoneyView>,
    /// What an award gives from its month on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<EntitlementView>,
    /// Interest, and what it was reckoned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest: Option<InterestView>,
    /// Who may do what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentView>,
    /// What somebody looked at, and what for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked: Option<LookedView>,
    /// What is claimed, against whom, before whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimView>,
    /// Records of the same account that a claim, an answer or a remedy names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<u64>,
    /// Whether the party accepts a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts: Option<bool>,
    /// What was ruled: `upheld`, `in-part` or `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "upheld")]
    pub outcome: Option<String>,
    /// Until when the party has to act.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Commitment to the document that a bureau has seen, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What is the same for the same document, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Another account of the same person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Where an account departs to, or came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereView>,
    /// What money moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedView>,
    /// What a bureau has read in a paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<PaperView>,
    /// Whether a correction voids what it refers to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub voids: bool,
    /// The work behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceView>,
    /// The role granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleView>,
    /// The signing key from here on, or of an approval the one that is to take over, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How much, in minor units of the currency.
#[derive(Serialize, ToSchema)]
#[schema(as = Amount)]
pub struct AmountView {
    /// Paid.
    pub amount: u64,
    /// The part credited to the person.
    pub credited: u64,
    /// What it was reckoned on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub currency: String,
}

/// Insurances, months and parts.
#[derive(Serialize, ToSchema)]
#[schema(as = Scope)]
pub struct ScopeView {
    /// For which insurances; empty: all.
    pub insurances: Vec<String>,
    /// For which months; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-01..2026-06")]
    pub months: Option<String>,
    /// Which parts of what is read: who, what, amount, evidence, claims.
    pub parts: Vec<String>,
}

/// Who may do what.
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// Address of who may.
    pub grantee: String,
    /// What for.
    pub purpose: String,
    /// What: read, claim, pay.
    pub rights: Vec<String>,
    /// Of which records.
    #[serde(flatten)]
    pub scope: ScopeView,
    /// First second in which it no longer holds.
    pub until: String,
    /// Whether it is used up by the first use.
    pub once: bool,
}

/// What somebody looked at, and what for.
#[derive(Serialize, ToSchema)]
#[schema(as = Looked)]
pub struct LookedView {
    /// What for.
    pub purpose: String,
    /// At what.
    #[serde(flatten)]
    pub scope: ScopeView,
}

/// What is claimed, against whom, before whom.
#[derive(Serialize, ToSchema)]
#[schema(as = Claim)]
pub struct ClaimView {
    /// missing, amount, injury, transfer or access.
    #[schema(example = "injury")]
    pub kind: String,
    /// Address of the party that it is against.
    pub party: String,
    /// Address of the bureau that is to rule.
    pub bureau: String,
    /// Of which insurance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurance: Option<String>,
    /// For which months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<String>,
}

/// An amount and its currency.
#[derive(Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// In minor units.
    pub amount: u64,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub currency: String,
}

/// What an award gives, one step after the other from its first month on.
#[derive(Serialize, ToSchema)]
#[schema(as = Entitlement)]
pub struct EntitlementView {
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub currency: String,
    /// The steps.
    pub steps: Vec<StepView>,
}

/// Some months with the same amount.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepView {
    /// How many.
    pub months: u64,
    /// A month, in minor units.
    pub amount: u64,
}

/// Interest: the sum of balance × months × rate / 12,000,000, half up.
#[derive(Serialize, ToSchema)]
#[schema(as = Interest)]
pub struct InterestView {
    /// In minor units.
    pub amount: u64,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    pub currency: String,
    /// Which balance bore interest for how many months.
    pub stretches: Vec<StretchView>,
    /// Millionths a year.
    pub rate: u64,
}

/// A balance, for some months.
#[derive(Serialize, ToSchema)]
#[schema(as = Stretch)]
pub struct StretchView {
    /// In minor units.
    pub balance: u64,
    /// How many months.
    pub months: u64,
}

/// The work behind a contribution.
#[derive(Serialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceView {
    /// How many orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
    /// From when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// To when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A role with its bounds.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub struct RoleView {
    /// The role.
    #[schema(example = "platform")]
    pub name: String,
    /// For which insurances; empty: all.
    pub insurances: Vec<String>,
    /// First second in which it no longer holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl From<&statement::Amount> for AmountView {
    fn from(a: &statement::Amount) -> Self {
        Self { amount: a.amount, credited: a.credited, base: a.base, currency: a.currency.to_string() }
    }
}

impl From<&rights::Scope> for ScopeView {
    fn from(s: &rights::Scope) -> Self {
        Self {
            insurances: s.insurances.iter().map(ToString::to_string).collect(),
            months: s.months.map(|m| m.to_string()),
            parts: s.parts.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&rights::Consent> for ConsentView {
    fn from(c: &rights::Consent) -> Self {
        Self {
            grantee: c.grantee.to_string(),
            purpose: c.purpose.to_string(),
            rights: c.rights.iter().map(ToString::to_string).collect(),
            scope: (&c.scope).into(),
            until: c.until.to_string(),
            once: c.once,
        }
    }
}

/// An account in another ledger.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Elsewhere)]
pub struct ElsewhereView {
    /// The ledger.
    pub origin: String,
    /// The account there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Sequence of its departure, of an arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departure: Option<u64>,
    /// How many records it had, of an arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root of its tree, of an arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

/// What money moves, in minor units.
#[derive(Serialize, ToSchema)]
#[schema(as = Moved)]
pub struct MovedView {
    /// From the person's own account.
    pub own: u64,
    /// From the pooled fund, for her.
    pub pooled: u64,
    /// What the fund that she leaves keeps of the pooled part.
    pub kept: u64,
    /// The currency.
    pub currency: String,
    /// Sequence of the transferred-out in the old account, of money that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<u64>,
}

impl MovedView {
    fn of(moved: &Moved, out: Option<u64>) -> Self {
        let Moved { own, pooled, kept, currency } = *moved;
        Self { own, pooled, kept, currency: currency.to_string(), out }
    }
}

/// What a bureau has read in a paper: contributions from before the ledger. They count in no total.
#[derive(Serialize, ToSchema)]
#[schema(as = Paper)]
pub struct PaperView {
    /// Who paid, as written there.
    pub payer: String,
    /// First month.
    pub first: String,
    /// Last month.
    pub last: String,
    /// Of all these months together, in minor units; 0 if the paper does not say.
    pub amount: u64,
    /// The currency.
    pub currency: String,
    /// The document, in words.
    pub document: String,
    /// SHA-256 of the file or scan.
    pub digest: String,
    /// Where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl From<&rights::Looked> for LookedView {
    fn from(l: &rights::Looked) -> Self {
        Self { purpose: l.purpose.to_string(), scope: (&l.scope).into() }
    }
}

impl From<&rights::Claim> for ClaimView {
    fn from(c: &rights::Claim) -> Self {
        Self {
            kind: c.kind.to_string(),
            party: c.party.to_string(),
            bureau: c.bureau.to_string(),
            insurance: c.insurance.map(|i| i.to_string()),
            months: c.months.map(|m| m.to_string()),
        }
    }
}

impl From<&Money> for MoneyView {
    fn from(m: &Money) -> Self {
        Self { amount: m.amount, currency: m.currency.to_string() }
    }
}

impl From<&Entitlement> for EntitlementView {
    fn from(e: &Entitlement) -> Self {
        let steps = e.steps.iter().map(|s| StepView { months: s.months, amount: s.amount });
        Self { currency: e.currency.to_string(), steps: steps.collect() }
    }
}

impl From<&money::Interest> for InterestView {
    fn from(i: &money::Interest) -> Self {
        let stretches = i.stretches.iter().map(|s| StretchView { balance: s.balance, months: s.months });
        Self {
            amount: i.amount,
            currency: i.currency.to_string(),
            stretches: stretches.collect(),
            rate: i.rate,
        }
    }
}

impl From<&statement::Evidence> for EvidenceView {
    fn from(e: &statement::Evidence) -> Self {
        Self {
            orders: e.orders,
            start: e.shift.map(|(start, _)| start.to_string()),
            end: e.shift.map(|(_, end)| end.to_string()),
            place: e.place.as_ref().map(ToString::to_string),
        }
    }
}

impl RecordView {
    fn new(row: &Row, issuer: Option<String>) -> Self {
        let record = &row.record;
        let mut view = Self {
            sequence: record.sequence,
            kind: record.kind.to_string(),
            time: record.time.to_string(),
            log_index: record.log_index,
            posting: record.posting.to_string(),
            posting_index: record.posting_index,
            issuer,
            refers: record.refers,
            month: record.month.map(|m| m.to_string()),
            ..Self::default()
        };
        if let Some(Ok(body)) = row.statement.as_ref().map(statement::Statement::body) {
            view.fill(&body);
        }
        view
    }

    fn of(&mut self, what: &statement::What) {
        self.insurance = Some(what.insurance.to_string());
        self.scheme = Some(what.scheme.to_string());
        self.fund = Some(what.fund.to_string());
    }

    fn payment(&mut self, paid: &Contribution) {
        self.source = Some(paid.who.source.to_string());
        self.reference = Some(paid.who.reference.to_string());
        self.of(&paid.what);
        self.amount = Some((&paid.amount).into());
        self.evidence = paid.evidence.as_ref().map(EvidenceView::from);
    }

    fn claimed(&mut self, claim: &rights::Claim, says: &Says) {
        self.claim = Some(claim.into());
        self.records = claim.records.clone();
        self.says = Some(says.to_string());
    }

    fn fill(&mut self, body: &Body) {
        match body {
            Body::Opened(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::Rotated(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::Granted(b) => {
                self.role = Some(RoleView {
                    name: b.role.role.to_string(),
                    insurances: b.role.insurances.iter().map(ToString::to_string).collect(),
                    until: b.role.until.map(|t| t.to_string()),
                });
            }
            Body::Revoked(_) | Body::RecoveryVetoed(_) | Body::ConsentRevoked(_) => {}
            Body::RecoveryApproved(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::RecoveryCompleted(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::RecoveryChanged(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::Contribution(b) => self.payment(b),
            Body::Matching(b) => self.payment(&b.0),
            Body::PaidFor(b) => self.payment(&b.0),
            Body::ConsentGranted(b) => self.consent = Some((&b.consent).into()),
            Body::Access(b) => self.looked = Some((&b.looked).into()),
            Body::AccessUnasked(b) => {
                self.looked = Some((&b.looked).into());
                self.says = Some(b.says.to_string());
            }
            Body::Claim(b) => self.claimed(&b.claim, &b.says),
            Body::ClaimFor(b) => self.claimed(&b.claim, &b.says),
            Body::ClaimAnswered(b) => {
                self.accepts = Some(b.answer.accepts);
                self.records = b.answer.records.clone();
                self.says = Some(b.says.to_string());
            }
            Body::Ruling(b) => {
                self.outcome = Some(b.ruling.outcome.to_string());
                self.by = b.ruling.by.map(|t| t.to_string());
                self.says = Some(b.says.to_string());
            }
            Body::ClaimRemedied(b) => self.records = b.remedy.0.clone(),
            Body::ClaimClosed(b) => self.says = Some(b.says.to_string()),
            Body::IdentityBound(b) => {
                self.identity = Some(b.identity.to_string());
                self.token = Some(b.token.0.to_string());
            }
            Body::AccountLinked(b) => self.link = Some(b.link.0.to_string()),
            Body::Withdrawn(b) => self.says = Some(b.says.to_string()),
            Body::Erased(b) => self.says = Some(b.says.to_string()),
            Body::Departure(b) => {
                self.elsewhere = Some(ElsewhereView {
                    origin: b.to.origin.to_string(),
                    address: Some(b.to.address.to_string()),
                    ..ElsewhereView::default()
                });
            }
            Body::Arrival(b) => {
                self.elsewhere = Some(ElsewhereView {
                    origin: b.from.origin.to_string(),
                    address: Some(b.from.address.to_string()),
                    departure: b.from.departure,
                    size: Some(b.from.size),
                    root: Some(b.from.root.to_string()),
                });
            }
            Body::TransferredOut(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.of(&b.what);
                self.moved = Some(MovedView::of(&b.moved, None));
            }
            Body::TransferredIn(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.of(&b.what);
                self.moved = Some(MovedView::of(&b.moved, Some(b.out.0)));
            }
            Body::LedgerRecognised(b) => {
                let origin = b.ledger.origin.to_string();
                self.elsewhere = Some(ElsewhereView { origin, ..ElsewhereView::default() });
                self.voids = b.ledger.list.is_none();
            }
            Body::Transcribed(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.insurance = Some(b.paper.insurance.to_string());
                self.scheme = Some(b.paper.scheme.to_string());
                self.paper = Some(PaperView {
                    payer: b.paper.payer.to_string(),
                    first: b.paper.months.0.to_string(),
                    last: b.paper.months.1.to_string(),
                    amount: b.paper.amount,
                    currency: b.paper.currency.to_string(),
                    document: b.source.document.to_string(),
                    digest: b.source.digest.to_string(),
                    page: b.source.page.as_ref().map(ToString::to_string),
                });
            }
            Body::MoveClosed(_) | Body::DepartureApproved(_) => {}
            Body::Engagement(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.evidence = Some((&b.evidence).into());
                self.money = Some((&b.amount).into());
            }
            Body::Award(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.of(&b.what);
                self.entitlement = Some((&b.amount).into());
            }
            Body::Benefit(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.money = Some((&b.amount).into());
            }
            Body::Refund(b) => {
                self.reference = Some(b.who.reference.to_string());
                let Returned { amount, credited, currency } = b.amount;
                self.amount =
                    Some(AmountView { amount, credited, base: None, currency: currency.to_string() });
            }
            Body::RefundReceived(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.money = Some((&b.amount).into());
            }
            Body::Interest(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.of(&b.what);
                self.interest = Some((&b.amount).into());
            }
            Body::Settlement(b) => {
                self.reference = Some(b.who.reference.to_string());
                self.amount = Some((&b.amount).into());
            }
            Body::Correction(b) => {
                self.reason = Some(b.who.reason.to_string());
                self.amount = b.amount.as_ref().map(AmountView::from);
                self.voids = b.amount.is_none();
            }
        }
    }
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    peal_spec::hash::Hash(*bytes).to_string()
}
