//! What is to be paid, and what counts as paid.

use std::collections::BTreeSet;

use super::Load;
use super::place::{CELL, Here};
use crate::scheme::formula::{Formula, Kind, Symbol, Variable};
use crate::scheme::number::Number;
use crate::scheme::pack::{Count, Due, Of, Pack, Part, Payer, Per, Refuse, Thing, set_of};
use crate::scheme::written as w;

impl Load<'_> {
    pub(super) fn refusals(&mut self, written: &[w::Refuse], here: &Here<'_>) -> Vec<Refuse> {
        let read = written.iter().filter_map(|refuse| {
            let (when, why) = (self.formula(&refuse.when, Kind::Flag, here), self.label(&refuse.why));
            when.map(|when| Refuse { when, why })
        });
        read.collect()
    }

    pub(super) fn due(&mut self, pack: &mut Pack, written: &w::Due) {
        let (per, of) = (self.per(&written.per).unwrap_or(Per::Month), self.of(written.of.as_ref()));
        let of = of.unwrap_or(Of::All);
        let names = self.names.clone();
        let variables = set_of(&CELL);
        let here = Here { names: &names, pack, variables, alike: Some((per, of)), plain: false };
        let amount = self.formula(&written.amount, Kind::Number, &here);
        let when = self.maybe(written.when.as_ref(), Kind::Flag, &here);
        let base = self.maybe(written.base.as_ref(), Kind::Number, &here);
        let refuse = self.refusals(&written.refuse, &here);
        let with_amount = Here { variables: variables | set_of(&[Variable::Amount]), ..here };
        let credited = self.maybe(written.credited.as_ref(), Kind::Number, &with_amount);
        let parts: Vec<Part> = written
            .parts
            .iter()
            .filter_map(|part| {
                let label = self.label(&part.label);
                let insurance = part.insurance.as_ref().and_then(|said| self.insurance(said));
                self.parameter(&part.share).map(|share| Part { label, insurance, share })
            })
            .collect();
        let payer = self.payer(&written.payer).unwrap_or(Payer::Own);
        let relieves = written.relieves.as_ref().and_then(|said| {
            let found = match self.names.get(said.get_ref()) {
                Some(Thing::Due(at)) => {
                    let due = &pack.dues[*at];
                    let alike = (due.per, due.of) == (per, of) && due.payer != Payer::Subsidy;
                    alike
                        .then_some(*at)
                        .ok_or("a subsidy relieves a due above it with the same per and of".to_owned())
                }
                _ => Err(format!("no due above is named {}", said.get_ref())),
            };
            self.held(said.span(), found)
        });
        if written.relieves.is_some() != (payer == Payer::Subsidy) {
            self.fault(written.payer.span(), "a subsidy, and nothing else, relieves another due");
        }
        if payer == Payer::Subsidy && (credited.is_some() || !parts.is_empty()) {
            self.fault(
                written.payer.span(),
                "a subsidy has no credited and no parts: those of its due stand",
            );
        }
        let (mut uses, mut named, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let formulas =
            [Some(&amount), Some(&when), Some(&base), Some(&credited)].into_iter().flatten().flatten();
        for formula in formulas.chain(refuse.iter().map(|r| &r.when)) {
            add_uses(pack, formula, &mut uses, &mut seen);
            formula.each(&mut |part| {
                if let Formula::Name(Symbol::Due(at)) = part {
                    named.insert(*at);
                }
            });
        }
        named.extend(relieves);
        uses.extend(parts.iter().map(|part| part.share));
        let name = self.name(&written.name, Thing::Due(pack.dues.len()));
        let rounding = self.maybe_rounding(written.rounding.as_ref()).unwrap_or(pack.rounding);
        let (label, source) = (self.label(&written.label), self.source(&written.source));
        let insurance = written.insurance.as_ref().and_then(|said| self.insurance(said));
        pack.dues.push(Due {
            name,
            label,
            source,
            payer,
            insurance,
            per,
            of,
            when,
            refuse,
            base,
            amount: amount.unwrap_or(Formula::Number(Number::ZERO)),
            credited,
            parts,
            relieves,
            rounding,
            uses: uses.into_iter().collect(),
            names: named.into_iter().collect(),
        });
    }

    pub(super) fn count(&mut self, pack: &mut Pack, written: &w::Count) {
        let per = self.one_of(&written.per, &[("month", Per::Month), ("year", Per::Year)]);
        let of = self.of(written.of.as_ref());
        let names = self.names.clone();
        let here = Here { names: &names, pack, variables: set_of(&CELL), alike: None, plain: false };
        let when = self.formula(&written.when, Kind::Flag, &here);
        let refuse = self.refusals(&written.refuse, &here);
        let name = self.name(&written.name, Thing::Other);
        let (label, source) = (self.label(&written.label), self.source(&written.source));
        if let (Some(per), Some(of), Some(when)) = (per, of, when) {
            pack.counts.push(Count { name, label, source, per, of, when, refuse });
        }
    }
}

/// The parameters of a formula, through definitions and defaults, each looked at once.
fn add_uses(pack: &Pack, formula: &Formula, uses: &mut BTreeSet<usize>, seen: &mut BTreeSet<Symbol>) {
    formula.each(&mut |part| {
        let Formula::Name(symbol) = part else { return };
        if !seen.insert(*symbol) {
            return;
        }
        match symbol {
            Symbol::Parameter(at) => drop(uses.insert(*at)),
            Symbol::Define(at) => add_uses(pack, &pack.defines[*at].formula, uses, seen),
            Symbol::Input(at) => {
                if let Some(default) = &pack.inputs[*at].default {
                    add_uses(pack, default, uses, seen);
                }
            }
            Symbol::Due(_) => {}
        }
    });
}
