//! Type 21, *consent-granted*: a person lets somebody read, claim or pay, for a purpose and a time.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::Consent;
use crate::scene::{Scene, demand};
use crate::target::{Consented, Target};

/// Somebody may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentGranted {
    /// The account itself.
    pub who: Address,
    /// Who may do what.
    pub consent: Consent,
}

impl Kind for ConsentGranted {
    const NAME: &'static str = "consent-granted";
    const FACETS: &'static [&'static str] = &["who", "consent"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Consent];
    const AUTHORITY: Authority = Authority::Itself;

    facets!(who, consent);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        let Consent { grantee, until, .. } = &self.consent;
        demand(*until > scene.time && grantee.number != subject.address.number, Code::GrantIdle, "consent")
    }

    fn opens(&self, _: At) -> Option<Target> {
        let consented = Consented { consent: self.consent.clone(), revoked: false, used_up: false };
        Some(Target::Consent(Box::new(consented)))
    }
}
