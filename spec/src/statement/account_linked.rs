//! Type 27, *account-linked*: this account and another are one person's. It counts when the other one says so too.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::identity::Link;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_role};
use crate::target::{Said, Target};

/// Who may link, beside the person.
const ROLES: &[Role] = &[Role::Bureau];

/// Two accounts are one person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLinked {
    /// The account itself, or a bureau.
    pub who: Address,
    /// The other account.
    pub link: Link,
}

impl Kind for AccountLinked {
    const NAME: &'static str = "account-linked";
    const FACETS: &'static [&'static str] = &["who", "link"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Link];
    const AUTHORITY: Authority = Authority::ItselfOrOneOf(ROLES);

    facets!(who, link);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn named(&self) -> Option<Address> {
        Some(self.link.0)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        if issuer.address != subject.address {
            demand_role(issuer.state, ROLES, None, scene.time)?;
        }
        let fit = scene.named.is_some_and(|other| other.address.number != subject.address.number);
        demand(fit, Code::LinkUnfit, "link")
    }

    fn opens(&self, _: At) -> Option<Target> {
        Some(Target::Said(Said { issuer: self.who.number, token: None, withdrawn: false }))
    }
}
