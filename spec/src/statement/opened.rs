//! Type 1, *opened*: an account begins. Its id is this statement's root.

use super::{Authority, FacetReader, FacetWriter, Keys, Kind, Recovery, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_role};

/// Roles whose holders may open accounts for others.
const OPENERS: &[Role] = &[Role::Platform, Role::Employer, Role::Bureau, Role::Agent];

/// An account begins.
///
/// It has no effect on a state: it makes one, see `State::open`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The issuer that opens it for someone; none where the person does it herself.
    pub who: Option<Address>,
    /// The person's keys, from the first moment.
    pub keys: Keys,
    /// Who may help to recover it.
    pub recovery: Recovery,
}

impl Kind for Opened {
    const NAME: &'static str = "opened";
    const FACETS: &'static [&'static str] = &["who", "keys", "recovery"];
    const SHAPES: &'static [Shape] = &[Shape::MaybeAddress, Shape::Keys, Shape::Recovery];
    const ADDRESSED: bool = false;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take_with(|r| r.optional())?, keys: facets.take()?, recovery: facets.take()? })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put_optional(self.who.as_ref());
        facets.put(&self.keys);
        facets.put(&self.recovery);
    }

    const AUTHORITY: Authority = Authority::OneOf(OPENERS);

    fn issuer(&self) -> Option<Address> {
        self.who
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let own = scene.issuer.is_some() || self.keys.key == scene.kid;
        demand(own, Code::OpeningKey, "keys")?;
        if let Some(number) = scene.same_id {
            return Err(Refusal::new(Code::IdTaken, "address").at((number, 0)));
        }
        match scene.issuer {
            None => Ok(()),
            Some(issuer) => demand_role(issuer.state, OPENERS, None, scene.time),
        }
    }
}
