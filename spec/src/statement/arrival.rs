//! Type 20, *arrival*: an account of another ledger has come to this one, and is shown to have.

use super::departure::BUREAUS;
use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::identity::Token;
use crate::moving::{Arrived, From, MAX_ARRIVALS, Showing};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_role, demand_watcher};
use crate::state::{Changed, State};
use crate::target::Target;

/// An account has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The account itself, or a bureau.
    pub who: Address,
    /// Where from, and how it stood there.
    pub from: From,
    /// What shows it.
    pub shown: Showing,
}

impl Kind for Arrival {
    const NAME: &'static str = "arrival";
    const FACETS: &'static [&'static str] = &["who", "from", "shown"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::From, Shape::Showing];
    const AUTHORITY: Authority = Authority::ItselfOrOneOf(BUREAUS);

    facets!(who, from, shown);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn named(&self) -> Option<Address> {
        self.from.bureau
    }

    fn token(&self) -> Option<Token> {
        Some(self.from.token())
    }

    fn showing(&self) -> Option<&Showing> {
        Some(&self.shown)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let itself = issuer.address == subject.address;
        if !itself {
            demand_role(issuer.state, BUREAUS, None, scene.time)?;
        }
        let arrivals = subject.state.arrivals();
        let known = arrivals.iter().find(|a| self.is_of(a));
        demand(known.is_some() || arrivals.len() < MAX_ARRIVALS, Code::StateFull, "from")?;
        demand_watcher(scene, self.from.bureau, "from")?;
        scene.demand_here()?;
        scene.demand_recognised(&self.shown, &self.from.origin)?;
        let shows =
            |f: &crate::moving::Facts| f.show_arrival(&self.from, scene.origin, &subject.address, !itself);
        demand(scene.facts.is_some_and(shows), Code::NotShown, "shown")?;
        // A departure that was withdrawn has no transfers, so where none has come another one may take its place.
        let same = |a: &&Arrived| {
            self.from.departure.is_none() || self.from.departure == a.departure || a.ins.is_empty()
        };
        let grown = known.filter(same).is_some_and(|a| self.from.size > a.size);
        match scene.bound {
            Some(_) if grown => Ok(()),
            Some(place) => Err(Refusal::new(Code::ArrivedAlready, "from").at(place)),
            None => Ok(()),
        }
    }

    fn opens(&self, _: At) -> Option<Target> {
        Some(Target::Arrival)
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let From { origin, address, departure, size, root, .. } = self.from.clone();
        state.change_arrivals(|arrivals| match arrivals.iter_mut().find(|a| self.is_of(a)) {
            Some(known) => {
                (known.size, known.root) = (size, root);
                known.departure = departure.or(known.departure);
            }
            None => arrivals.push(Arrived {
                arrival: at.sequence,
                origin,
                address,
                departure,
                size,
                root,
                ins: Vec::new(),
            }),
        })
    }
}

impl Arrival {
    fn is_of(&self, arrived: &Arrived) -> bool {
        arrived.origin == self.from.origin && arrived.address.id == self.from.address.id
    }
}
