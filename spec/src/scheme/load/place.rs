//! What a formula may use where it stands.

use std::collections::BTreeMap;

use crate::scheme::formula::{Kind, Scope, Symbol, Variable};
use crate::scheme::pack::{Of, Pack, Per, Thing, set_of};

/// Where a formula stands: what it may use.
pub(super) struct Here<'l> {
    pub(super) names: &'l BTreeMap<String, Thing>,
    pub(super) pack: &'l Pack,
    pub(super) variables: u32,
    /// A due may use those above it that are assessed alike.
    pub(super) alike: Option<(Per, Of)>,
    /// Inputs and parameters alone: of a default.
    pub(super) plain: bool,
}

impl Scope for Here<'_> {
    fn symbol(&self, name: &str) -> Result<Option<(Symbol, Kind)>, String> {
        let found = match self.names.get(name) {
            Some(Thing::Input(_)) if self.plain => {
                return Err(format!("{name} is an input, and a default uses parameters only"));
            }
            Some(Thing::Input(at)) => {
                let input = &self.pack.inputs[*at];
                Some((Symbol::Input(*at), input.ask.kind()))
            }
            Some(Thing::Parameter(at)) => Some((Symbol::Parameter(*at), Kind::Number)),
            Some(Thing::Define(at)) => {
                let define = &self.pack.defines[*at];
                let missing = define.needs & !self.variables;
                let missing = Variable::ALL.iter().find(|(v, _)| missing & set_of(&[*v]) != 0);
                if let Some((_, missing)) = missing {
                    return Err(format!("{name} uses {missing}, which has no value here"));
                }
                Some((Symbol::Define(*at), define.kind))
            }
            Some(Thing::Due(at)) => {
                let due = &self.pack.dues[*at];
                if self.alike != Some((due.per, due.of)) {
                    return Err(format!(
                        "{name} is a due: only dues below it with the same per and of can use it"
                    ));
                }
                Some((Symbol::Due(*at), Kind::Number))
            }
            Some(Thing::Other) => return Err(format!("{name} is nothing that a formula can use")),
            Some(Thing::Table(_)) | None => None,
        };
        Ok(found)
    }

    fn table(&self, name: &str) -> Option<usize> {
        match self.names.get(name) {
            Some(Thing::Table(at)) => Some(*at),
            _ => None,
        }
    }

    fn has(&self, variable: Variable) -> bool {
        self.variables & set_of(&[variable]) != 0
    }

    fn is_choice(&self, text: &str) -> bool {
        self.pack.inputs.iter().any(|input| input.choices.iter().any(|(key, _)| key == text))
    }
}

/// What every cell gives.
pub(super) const CELL: [Variable; 5] =
    [Variable::Gross, Variable::Orders, Variable::Days, Variable::Month, Variable::CalendarYear];
/// What is there before a month of a projection is assessed.
pub(super) const BEFORE: [Variable; 5] =
    [Variable::Month, Variable::CalendarYear, Variable::Wage, Variable::WageNow, Variable::AgeNow];
/// What is there at retirement.
pub(super) const RETIRED: [Variable; 10] = [
    Variable::Month,
    Variable::CalendarYear,
    Variable::Wage,
    Variable::WageNow,
    Variable::AgeNow,
    Variable::Months,
    Variable::Years,
    Variable::Balance,
    Variable::Index,
    Variable::Age,
];
/// What is there of an account.
pub(super) const RIGHTS: [Variable; 8] = [
    Variable::Month,
    Variable::CalendarYear,
    Variable::AgeNow,
    Variable::Months,
    Variable::Years,
    Variable::Days,
    Variable::Balance,
    Variable::Bases,
];
