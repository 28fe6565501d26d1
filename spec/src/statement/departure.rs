//! Type 19, *departure*: the person says that her account goes to another ledger. It is in force at once, or after the account's delay, or when
//! guardians or a bureau approve of it.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::moving::{Departing, Leaving, To};
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_watcher};
use crate::state::{Changed, State};
use crate::target::Target;
use crate::value::Time;

/// An account goes elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The account itself.
    pub who: Address,
    /// Where to.
    pub to: To,
}

impl Kind for Departure {
    const NAME: &'static str = "departure";
    const FACETS: &'static [&'static str] = &["who", "to"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::To];
    const AUTHORITY: Authority = Authority::Itself;

    facets!(who, to);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn named(&self) -> Option<Address> {
        self.to.bureau
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        demand_watcher(scene, self.to.bureau, "to")?;
        if let Some(leaving) = subject.state.leaving() {
            let place = (subject.address.number, leaving.departure);
            return Err(Refusal::new(Code::Departed, "address").at(place));
        }
        let free = !subject.state.roles.iter().any(|held| held.grant.in_force(scene.time));
        let fits = subject.address.number != 0 && free && self.to.origin != *scene.origin;
        demand(fits, Code::MoveUnfit, "to")
    }

    fn opens(&self, _: At) -> Option<Target> {
        Some(Target::Departure(Departing::default()))
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let delay = state.control.recovery.delay.seconds();
        // Beyond what a time can be there is no due time that comes.
        let due = Time::new(at.time.seconds().saturating_add(delay)).unwrap_or(Time::MAX);
        let To { origin, address, .. } = self.to.clone();
        let leaving =
            Leaving { departure: at.sequence, origin, address, due, outs: Vec::new(), closed: false };
        state.change_leaving(|stands| *stands = Some(Box::new(leaving)))
    }
}

/// The account's departure that the statement refers to, if it stands.
pub(crate) fn stands<'a>(state: &'a State, statement: &Statement) -> Option<&'a Leaving> {
    state.leaving().filter(|leaving| Some(leaving.departure) == statement.refers)
}

/// Refusal 30: it refers to a departure.
pub(crate) fn demand_departure(scene: &Scene<'_>) -> Result<(), Refusal> {
    demand(matches!(scene.target, Some(Target::Departure(_))), Code::TargetMissing, "refers")
}

/// Refusal 39: the departure that it refers to stands.
pub(crate) fn demand_stands<'a>(scene: &Scene<'a>, statement: &Statement) -> Result<&'a Leaving, Refusal> {
    let (_, subject) = scene.parties()?;
    let leaving = stands(subject.state, statement);
    scene.demand_at(statement, leaving.is_some(), Code::TargetVoid, "refers")?;
    leaving.ok_or_else(|| Refusal::new(Code::TargetVoid, "refers"))
}

/// Who may act for somebody who departs or has arrived.
pub(crate) const BUREAUS: &[Role] = &[Role::Bureau];
