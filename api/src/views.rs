//! JSON views of what the CBOR forms hold: for people and scripts, never what is signed.

use peal_spec::copy::{Copy, Row};
use peal_spec::posting::Signed;
use peal_spec::statement::{self, Body};
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
    /// Whether a correction voids the entry.
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
            Body::Revoked(_) | Body::RecoveryVetoed(_) => {}
            Body::RecoveryApproved(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::RecoveryCompleted(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::RecoveryChanged(b) => self.key = Some(hex(&b.keys.key.0)),
            Body::Contribution(b) => {
                self.source = Some(b.who.source.to_string());
                self.reference = Some(b.who.reference.to_string());
                self.insurance = Some(b.what.insurance.to_string());
                self.scheme = Some(b.what.scheme.to_string());
                self.fund = Some(b.what.fund.to_string());
                self.amount = Some((&b.amount).into());
                self.evidence = b.evidence.as_ref().map(EvidenceView::from);
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
