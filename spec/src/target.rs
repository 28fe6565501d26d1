//! What became of the records that later ones may refer to.
//!
//! Source: `spec/README.md` §8.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::facet::{Amount, Source};
use crate::identity::Token;
use crate::money::Entitlement;
use crate::moving::Departing;
use crate::rights::{Claim, Consent, Decision, Outcome, Right, Scope};
use crate::value::{Insurance, Month, Time};

/// A record that later ones may refer to, as they left it. Ledgers keep it in rows: what is new is added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A contribution or a matching.
    Entry(Entry),
    /// An engagement.
    Engagement(Engaged),
    /// An award.
    Award(Box<Awarded>),
    /// A consent.
    Consent(Box<Consented>),
    /// A claim, by the person or for her.
    Claim(Box<Claimed>),
    /// A binding of an identity, a link, or what was transcribed.
    Said(Said),
    /// An engagement or a claim whose contents are erased, as it stood then.
    Erased(Box<Target>),
    /// A departure.
    Departure(Departing),
    /// An arrival.
    Arrival,
}

impl Target {
    /// The consent that it is.
    pub(crate) fn consent(&mut self) -> Option<&mut Consented> {
        match self {
            Target::Consent(consented) => Some(consented),
            _ => None,
        }
    }

    /// The claim that it is.
    pub(crate) fn claim(&mut self) -> Option<&mut Claimed> {
        match self {
            Target::Claim(claimed) => Some(claimed),
            _ => None,
        }
    }
}

impl Target {
    /// What it was when it was recorded, if its contents may be erased; none of all others.
    pub fn at_first(&self) -> Option<Target> {
        match self {
            Target::Erased(was) => was.at_first(),
            Target::Engagement(engaged) => {
                Some(Target::Engagement(Engaged { void: false, ..engaged.clone() }))
            }
            Target::Claim(claimed) => {
                let first = Claimed { stage: Stage::Open, accepts: None, ruled: None, ..(**claimed).clone() };
                Some(Target::Claim(Box::new(first)))
            }
            _ => None,
        }
    }
}

/// What became of a contribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the issuer's account.
    pub issuer: u64,
    /// Who paid.
    pub source: Source,
    /// The insurance.
    pub insurance: Insurance,
    /// The month.
    pub month: Month,
    /// Number of the fund's account.
    pub fund: u64,
    /// The latest amount.
    pub amount: Amount,
    /// Whether the fund has confirmed it.
    pub settled: bool,
    /// Whether it was voided.
    pub void: bool,
    /// What the fund gave back, and the credited part of that, in minor units.
    pub refunded: (u64, u64),
    /// How much of that its issuer has confirmed, in minor units.
    pub received: u64,
}

impl Entry {
    /// What is left of it after refunds, and of its credited part, in minor units.
    pub fn left(&self) -> (u64, u64) {
        let Amount { amount, credited, .. } = self.amount;
        (amount.saturating_sub(self.refunded.0), credited.saturating_sub(self.refunded.1))
    }
}

/// What became of an engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engaged {
    /// Number of the issuer's account.
    pub issuer: u64,
    /// The month.
    pub month: Month,
    /// Whether it was voided.
    pub void: bool,
}

/// What became of an award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awarded {
    /// Number of the issuer's account.
    pub issuer: u64,
    /// The insurance.
    pub insurance: Insurance,
    /// Number of the account of the fund that is to pay.
    pub fund: u64,
    /// Its first month.
    pub first: Month,
    /// What it gives from then on.
    pub gives: Entitlement,
    /// What was paid for which month, in order of the months, in minor units.
    pub paid: Vec<(Month, u64)>,
    /// Whether it was ended.
    pub void: bool,
}

impl Awarded {
    /// What was paid for a month, in minor units.
    pub fn paid_in(&self, month: Month) -> u64 {
        self.paid.binary_search_by_key(&month, |(m, _)| *m).map_or(0, |at| self.paid[at].1)
    }

    /// Notes what is paid for a month.
    pub(crate) fn pay(&mut self, month: Month, amount: u64) {
        match self.paid.binary_search_by_key(&month, |(m, _)| *m) {
            Ok(at) => self.paid[at].1 = self.paid[at].1.saturating_add(amount),
            Err(at) => self.paid.insert(at, (month, amount)),
        }
    }

    /// What was paid in all, in minor units.
    pub fn paid_total(&self) -> u64 {
        self.paid.iter().fold(0, |sum, (_, paid)| sum.saturating_add(*paid))
    }
}

/// What became of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consented {
    /// What was consented to.
    pub consent: Consent,
    /// Whether the person took it back.
    pub revoked: bool,
    /// Whether it was good for one use and has been used.
    pub used_up: bool,
}

impl Consented {
    /// Whether it holds at `time`.
    pub fn in_force(&self, time: Time) -> bool {
        !self.revoked && !self.used_up && time < self.consent.until
    }

    /// Whether it is for this.
    pub fn covers(&self, right: Right, scope: &Scope) -> bool {
        self.consent.rights.contains(&right) && self.consent.scope.holds(scope)
    }

    /// Notes a use.
    pub(crate) fn use_it(&mut self) {
        self.used_up |= self.consent.once;
    }
}

/// What became of a binding of an identity, or of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Number of the issuer's account.
    pub issuer: u64,
    /// The token that is taken while it stands.
    pub token: Option<Token>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Filed.
    Open,
    /// The party has answered.
    Answered,
    /// The bureau has ruled that it is right.
    Upheld,
    /// The bureau has ruled that some of it is right.
    InPart,
    /// The bureau has ruled that it is not right.
    Rejected,
    /// The party has carried out what it accepted or what was ruled.
    Remedied,
    /// The person, or the bureau, has closed it.
    Closed,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Answered => "answered",
            Stage::Upheld => "upheld",
            Stage::InPart => "in part",
            Stage::Rejected => "rejected",
            Stage::Remedied => "remedied",
            Stage::Closed => "closed",
        }
    }
}

impl From<Outcome> for Stage {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Upheld => Stage::Upheld,
            Outcome::InPart => Stage::InPart,
            Outcome::Rejected => Stage::Rejected,
        }
    }
}

/// Who has to act on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The party that it is against.
    Party,
    /// The bureau.
    Bureau,
    /// The person.
    Person,
    /// Nobody.
    Nobody,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Against whom it is.
    pub party: Address,
    /// Who is to rule.
    pub bureau: Address,
    /// Of which insurance it is; none: of no one in particular.
    pub insurance: Option<Insurance>,
    /// When it was recorded.
    pub filed: Time,
    /// How far it is.
    pub stage: Stage,
    /// Whether the party accepts it, if it has answered.
    pub accepts: Option<bool>,
    /// What was ruled, and until when the party has to act.
    pub ruled: Option<(Outcome, Option<Time>)>,
}

impl Claimed {
    /// Seconds that the party has to answer: 15 days.
    pub const TO_ANSWER: u64 = 15 * 86_400;
    /// Seconds from the claim within which the bureau is to rule: 60 days.
    pub const TO_RULE: u64 = 60 * 86_400;

    /// A claim that was filed just now.
    pub(crate) fn open(claim: &Claim, filed: Time) -> Self {
        let Claim { party, bureau, insurance, .. } = *claim;
        Self { party, bureau, insurance, filed, stage: Stage::Open, accepts: None, ruled: None }
    }

    /// Whether the party may carry something out.
    pub(crate) fn may_be_remedied(&self) -> bool {
        self.stage != Stage::Closed
            && match self.ruled {
                Some((outcome, _)) => outcome != Outcome::Rejected,
                None => self.accepts == Some(true),
            }
    }

    pub(crate) fn rule(&mut self, decision: Decision) {
        self.ruled = Some((decision.outcome, decision.by));
        self.stage = decision.outcome.into();
    }

    /// Whose turn it is at `now`, and until when.
    pub fn clock(&self, now: Time) -> (Turn, Option<Time>) {
        let after = |seconds: u64| Time::new(self.filed.seconds().saturating_add(seconds));
        let answers = after(Self::TO_ANSWER);
        match self.stage {
            Stage::Open if answers.is_some_and(|until| now < until) => (Turn::Party, answers),
            Stage::Answered if self.accepts == Some(true) => (Turn::Party, after(Self::TO_RULE)),
            Stage::Open | Stage::Answered => (Turn::Bureau, after(Self::TO_RULE)),
            Stage::Upheld | Stage::InPart => (Turn::Party, self.ruled.and_then(|(_, by)| by)),
            Stage::Rejected | Stage::Remedied => (Turn::Person, None),
            Stage::Closed => (Turn::Nobody, None),
        }
    }
}
