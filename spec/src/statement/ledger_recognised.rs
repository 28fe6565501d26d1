//! Type 44, *ledger-recognised*: the registrar says by which trust list this ledger knows another one.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::moving::{LedgerList, MAX_LEDGERS, Recognised, list_hash};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;
use crate::trust::Trust;

/// A ledger is recognised, or no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRecognised {
    /// The registrar.
    pub who: Address,
    /// The ledger, and its list.
    pub ledger: LedgerList,
}

impl Kind for LedgerRecognised {
    const NAME: &'static str = "ledger-recognised";
    const FACETS: &'static [&'static str] = &["who", "ledger"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::LedgerList];
    const AUTHORITY: Authority = Authority::Registrar;

    facets!(who, ledger);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address.number == 0, Code::NotRegistrar, "who")?;
        let ledgers = subject.state.ledgers();
        let known = ledgers.iter().any(|ledger| ledger.origin == self.ledger.origin);
        demand(known || ledgers.len() < MAX_LEDGERS, Code::StateFull, "ledger")?;
        demand(subject.address == issuer.address, Code::MoveUnfit, "address")?;
        let fits = self.ledger.origin != *scene.origin && self.is_of_one();
        demand(fits, Code::MoveUnfit, "ledger")
    }

    fn effect(&self, state: &mut State, _: At, _: Option<&mut Target>) -> Changed {
        let LedgerList { origin, list } = &self.ledger;
        let list = list.as_deref().map(list_hash);
        state.change_ledgers(|ledgers| match ledgers.iter_mut().find(|ledger| ledger.origin == *origin) {
            Some(known) => known.list = list,
            None => ledgers.push(Recognised { origin: origin.clone(), list }),
        })
    }
}

impl LedgerRecognised {
    /// Whether the list, if there is one, is of exactly this ledger.
    fn is_of_one(&self) -> bool {
        let Some(list) = &self.ledger.list else { return true };
        let trust = std::str::from_utf8(list).ok().and_then(|text| text.parse::<Trust>().ok());
        trust.is_some_and(|t| matches!(&t.ledgers[..], [one] if one.origin == self.ledger.origin))
    }
}
