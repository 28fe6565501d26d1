//! Roles: what an account may do for others, granted by the registrar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::value::{BadValue, Insurance, Time};

/// What an account may do for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u64)]
pub enum Role {
    /// Posts contributions and work records as a platform.
    Platform = 1,
    /// Posts contributions as an employer.
    Employer = 2,
    /// Holds the money, confirms that it arrived, pays benefits.
    Fund = 3,
    /// Binds identities, rules on claims, verifies histories.
    Bureau = 4,
    /// Acts for a worker by consent.
    Agent = 5,
    /// Pays subsidies.
    SubsidyPayer = 6,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 6] =
        [Role::Platform, Role::Employer, Role::Fund, Role::Bureau, Role::Agent, Role::SubsidyPayer];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Platform => "platform",
            Role::Employer => "employer",
            Role::Fund => "fund",
            Role::Bureau => "bureau",
            Role::Agent => "agent",
            Role::SubsidyPayer => "subsidy-payer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        Self::ALL
            .into_iter()
            .find(|r| r.name() == text)
            .ok_or(BadValue("a role: platform, employer, fund, bureau, agent or subsidy-payer"))
    }
}

impl Cbor for Role {
    fn encode(&self, w: &mut Writer) {
        w.uint(*self as u64);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a role code");
        let code = r.uint()?;
        Self::ALL.into_iter().find(|x| *x as u64 == code).ok_or(fault)
    }
}

/// A role with its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// For which insurances, in increasing order; empty means all.
    pub insurances: Vec<Insurance>,
    /// First second in which it no longer holds; `None`: until revoked.
    pub until: Option<Time>,
}

impl Grant {
    /// Whether it holds at `time`.
    pub fn in_force(&self, time: Time) -> bool {
        self.until.is_none_or(|until| time < until)
    }

    /// Whether it is for `insurance`.
    pub fn covers(&self, insurance: Insurance) -> bool {
        self.insurances.is_empty() || self.insurances.contains(&insurance)
    }

    /// Writes its three elements into an array that is open.
    pub(crate) fn encode_fields(&self, w: &mut Writer) {
        self.role.encode(w);
        w.list(&self.insurances);
        w.optional(self.until.as_ref());
    }

    /// Reads its three elements.
    pub(crate) fn decode_fields(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let role = Role::decode(r)?;
        let insurances = r.rising(Insurance::COUNT, "insurances in increasing order")?;
        Ok(Self { role, insurances, until: r.optional()? })
    }
}

impl Cbor for Grant {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.encode_fields(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "a role with its insurances and end")?;
        Self::decode_fields(r)
    }
}
