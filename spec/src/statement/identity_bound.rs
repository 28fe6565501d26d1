//! Type 12, *identity-bound*: a bureau has seen a person's document, and says that this account is hers.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::hash::Hash;
use crate::identity::Token;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand_role};
use crate::target::{Said, Target};

/// Who may bind an identity.
const ROLES: &[Role] = &[Role::Bureau];

/// An account is a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityBound {
    /// The bureau.
    pub who: Address,
    /// Commitment (hash no 11) to the document.
    pub identity: Hash,
    /// The same for the same document, whoever binds it.
    pub token: Token,
}

impl Kind for IdentityBound {
    const NAME: &'static str = "identity-bound";
    const FACETS: &'static [&'static str] = &["who", "identity", "token"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Identity, Shape::Token];
    const AUTHORITY: Authority = Authority::OneOf(ROLES);

    facets!(who, identity, token);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn token(&self) -> Option<Token> {
        Some(self.token)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand_role(issuer.state, ROLES, None, scene.time)?;
        match scene.bound {
            Some(place) => Err(Refusal::new(Code::IdentityTaken, "token").at(place)),
            None => Ok(()),
        }
    }

    fn opens(&self, _: At) -> Option<Target> {
        Some(Target::Said(Said { issuer: self.who.number, token: Some(self.token), withdrawn: false }))
    }
}
