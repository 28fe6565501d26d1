//! Formulas reckoned in a place: what each name is there, and what was used for it.
//!
//! Source: `spec/schemes.md` §2 and §3. Nothing here panics or recurses deeper than a pack can make it, which `load.rs` bounds.

use std::sync::Arc;

use serde::Serialize;

use super::formula::{Formula, Function, Operator, Symbol, Variable};
use super::number::{BadNumber, Mode, Number, Rounding};
use super::pack::{Ask, Between, Found, Label, Pack, Status, Unit};
use super::question::{Asked, Piece};
use crate::value::{Day, Month};

/// What a name is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(Number),
    Flag(bool),
    Text(Arc<str>),
}

impl Value {
    fn number(&self) -> Number {
        match self {
            Self::Number(number) => *number,
            // Formulas have types, so this is never asked.
            Self::Flag(_) | Self::Text(_) => Number::ZERO,
        }
    }

    fn flag(&self) -> bool {
        matches!(self, Self::Flag(true))
    }
}

/// Of what kind a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A value is not known.
    Unknown,
    /// Outside of the pack's days.
    Outside,
    /// An input is missing.
    Missing,
    /// Earnings bring different inputs.
    Differs,
    /// Outside of what the law allows.
    Range,
    /// The rule says so.
    Rule,
    /// A number cannot be reckoned.
    Number,
}

/// Why something was not reckoned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Of what kind.
    pub what: What,
    /// The parameter, table or input; none if it is none.
    pub name: Option<String>,
    /// In words.
    pub why: Label,
}

impl Refusal {
    pub(super) fn new(what: What, name: Option<&str>, en: String, zh: String) -> Self {
        Self { what, name: name.map(ToOwned::to_owned), why: Label { en, zh } }
    }
}

impl From<BadNumber> for Refusal {
    fn from(bad: BadNumber) -> Self {
        let zh = match bad {
            BadNumber::TooLarge => "数值过大",
            BadNumber::ByZero => "除数为零",
            BadNumber::Negative => "金额为负",
        };
        Self::new(What::Number, None, bad.to_string(), zh.to_owned())
    }
}

/// Something that was used, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule, parameter, table or input.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// Its value; none of a rule.
    pub value: Option<String>,
    /// The first day of the value.
    pub from: Option<Day>,
    /// The last one.
    pub to: Option<Day>,
    /// Where it is written.
    pub cite: Option<String>,
    /// How sure it is.
    pub status: Status,
}

/// The same, as places in the pack.
#[derive(Clone, Debug, PartialEq)]
enum Use {
    Rule(String, Label, usize),
    /// A parameter's row, by places.
    Row(usize, Option<String>, Day),
    Set(usize, Number),
    Table(usize, Number),
    Input(usize, Value, bool),
}

/// Where formulas are reckoned.
#[derive(Clone, Debug)]
pub(super) struct Place<'q> {
    /// The day whose law holds.
    pub(super) day: Day,
    /// The earnings of the cell.
    pub(super) pieces: &'q [Piece<'q>],
    /// By variable.
    pub(super) variables: [Option<Number>; Variable::ALL.len()],
    /// What a projection sets, by place.
    pub(super) inputs: Vec<Option<Value>>,
    /// Likewise.
    pub(super) parameters: Vec<Option<Number>>,
    /// What the dues above came to in this cell, by place; none: nothing.
    pub(super) dues: Vec<Option<Result<Number, Refusal>>>,
    /// Definitions that were reckoned.
    memo: Vec<Option<Value>>,
}

impl<'q> Place<'q> {
    /// A place on a day.
    pub(super) fn on(day: Day) -> Self {
        let mut place = Self {
            day,
            pieces: &[],
            variables: [None; Variable::ALL.len()],
            inputs: Vec::new(),
            parameters: Vec::new(),
            dues: Vec::new(),
            memo: Vec::new(),
        };
        place.set(Variable::Month, Number::from(u64::from(day.month().ordinal())));
        place.set(Variable::CalendarYear, Number::from(u64::from(day.month().year())));
        place
    }

    /// A cell: what was earned in it from its first day to its last.
    pub(super) fn cell(pack: &Pack, (from, to): (Day, Day), pieces: &'q [Piece<'q>]) -> Self {
        let mut place = Self::on(from);
        let (mut gross, mut orders) = (0u64, 0u64);
        for piece in pieces {
            gross = gross.saturating_add(piece.gross);
            orders = orders.saturating_add(piece.orders);
        }
        place.pieces = pieces;
        place.set(Variable::Gross, Number::of_minor(gross, pack.currency));
        place.set(Variable::Orders, Number::from(orders));
        place.set(Variable::Days, Number::from(to.number().saturating_sub(from.number()) + 1));
        place
    }

    pub(super) fn set(&mut self, variable: Variable, number: Number) {
        self.variables[variable as usize] = Some(number);
    }

    /// Definitions are to be reckoned anew.
    pub(super) fn forget(&mut self) {
        self.memo.clear();
    }

    /// Sets an input or a parameter here.
    pub(super) fn assign<T>(list: &mut Vec<Option<T>>, at: usize, value: T) {
        if list.len() <= at {
            list.resize_with(at + 1, || None);
        }
        list[at] = Some(value);
    }
}

/// Reckons formulas of a pack for a question, and keeps what was used.
pub(super) struct Reckoner<'p> {
    pub(super) pack: &'p Pack,
    asked: &'p Asked,
    /// Whether parameters stay as they were on the pack's last day.
    hold: bool,
    used: Vec<Use>,
    held: Vec<Use>,
}

impl<'p> Reckoner<'p> {
    pub(super) fn new(pack: &'p Pack, asked: &'p Asked, hold: bool) -> Self {
        Self { pack, asked, hold, used: Vec::new(), held: Vec::new() }
    }

    pub(super) fn number(&mut self, formula: &Formula, place: &mut Place<'_>) -> Result<Number, Refusal> {
        Ok(self.value(formula, place)?.number())
    }

    pub(super) fn flag(&mut self, formula: &Formula, place: &mut Place<'_>) -> Result<bool, Refusal> {
        Ok(self.value(formula, place)?.flag())
    }

    pub(super) fn value(&mut self, formula: &Formula, place: &mut Place<'_>) -> Result<Value, Refusal> {
        let value = match formula {
            Formula::Number(number) => Value::Number(*number),
            Formula::Flag(flag) => Value::Flag(*flag),
            Formula::Text(text) => Value::Text(Arc::from(&**text)),
            Formula::Variable(variable) => Value::Number(self.variable(*variable, place)?),
            Formula::Name(Symbol::Input(at)) => self.input(*at, place)?,
            Formula::Name(Symbol::Parameter(at)) => Value::Number(self.parameter(*at, place)?),
            Formula::Name(Symbol::Define(at)) => self.define(*at, place)?,
            Formula::Name(Symbol::Due(at)) => match place.dues.get(*at) {
                Some(Some(amount)) => Value::Number(amount.clone()?),
                _ => Value::Number(Number::ZERO),
            },
            Formula::Negative(inner) => Value::Number(self.number(inner, place)?.negative()?),
            Formula::Not(inner) => Value::Flag(!self.flag(inner, place)?),
            Formula::Binary(operator, sides) => self.binary(*operator, sides, place)?,
            Formula::Call(function, args) => Value::Number(self.call(*function, args, place)?),
            Formula::If(three) => {
                let [condition, yes, no] = &**three;
                let which = if self.flag(condition, place)? { yes } else { no };
                self.value(which, place)?
            }
            Formula::Table(at, key) => {
                let key = self.number(key, place)?;
                Value::Number(self.table(*at, key)?)
            }
        };
        Ok(value)
    }

    fn variable(&self, variable: Variable, place: &Place<'_>) -> Result<Number, Refusal> {
        place.variables[variable as usize].ok_or_else(|| {
            let name = variable.name();
            Refusal::new(
                What::Missing,
                Some(name),
                format!("{name} was not given"),
                format!("没有给出 {name}"),
            )
        })
    }

    fn binary(
        &mut self,
        operator: Operator,
        sides: &[Formula; 2],
        place: &mut Place<'_>,
    ) -> Result<Value, Refusal> {
        let left = self.value(&sides[0], place)?;
        // The right side is reckoned only if it decides.
        match operator {
            Operator::And if !left.flag() => return Ok(Value::Flag(false)),
            Operator::Or if left.flag() => return Ok(Value::Flag(true)),
            _ => {}
        }
        let right = self.value(&sides[1], place)?;
        let (a, b) = (left.number(), right.number());
        Ok(match operator {
            Operator::Add => Value::Number(a.plus(b)?),
            Operator::Subtract => Value::Number(a.minus(b)?),
            Operator::Multiply => Value::Number(a.times(b)?),
            Operator::Divide => Value::Number(a.over(b)?),
            Operator::Less => Value::Flag(a < b),
            Operator::AtMost => Value::Flag(a <= b),
            Operator::Greater => Value::Flag(a > b),
            Operator::AtLeast => Value::Flag(a >= b),
            Operator::Equal => Value::Flag(left == right),
            Operator::Unequal => Value::Flag(left != right),
            Operator::And | Operator::Or => Value::Flag(right.flag()),
        })
    }

    fn call(
        &mut self,
        function: Function,
        args: &[Formula],
        place: &mut Place<'_>,
    ) -> Result<Number, Refusal> {
        let numbers: Result<Vec<Number>, Refusal> = args.iter().map(|arg| self.number(arg, place)).collect();
        let numbers = numbers?;
        let least = || numbers.iter().min().copied().unwrap_or(Number::ZERO);
        let greatest = || numbers.iter().max().copied().unwrap_or(Number::ZERO);
        let nth = |i: usize| numbers.get(i).copied().unwrap_or(Number::ZERO);
        let to = |mode| {
            let step = nth(1);
            if !step.is_positive() {
                return Err(BadNumber::ByZero);
            }
            nth(0).rounded(Rounding { to: step, mode })
        };
        Ok(match function {
            Function::Min => least(),
            Function::Max => greatest(),
            Function::Clamp => nth(1).max(nth(0).min(nth(2))),
            Function::Within if nth(0) < nth(1) || nth(0) > nth(2) => {
                let (x, low, high) = (nth(0).decimal(4), nth(1).decimal(4), nth(2).decimal(4));
                let name = match &args[0] {
                    Formula::Name(Symbol::Input(at)) => Some(self.pack.inputs[*at].name.as_str()),
                    Formula::Name(Symbol::Parameter(at)) => Some(self.pack.parameters[*at].name.as_str()),
                    _ => None,
                };
                return Err(Refusal::new(
                    What::Range,
                    name,
                    format!("{x} is outside of {low} to {high}"),
                    format!("{x} 不在 {low} 到 {high} 之间"),
                ));
            }
            Function::Within => nth(0),
            Function::Round => to(Mode::HalfUp)?,
            Function::Up => to(Mode::Ceiling)?,
            Function::Down => to(Mode::Floor)?,
        })
    }

    fn define(&mut self, at: usize, place: &mut Place<'_>) -> Result<Value, Refusal> {
        if let Some(Some(value)) = place.memo.get(at) {
            return Ok(value.clone());
        }
        let define = &self.pack.defines[at];
        let rounded = |value: Value| match define.rounding {
            Some(rounding) => value.number().rounded(rounding).map(Value::Number),
            None => Ok(value),
        };
        let value = if define.per_earning {
            let mut sum = Number::ZERO;
            for piece in place.pieces {
                let mut inner = Place::cell(self.pack, (piece.from, piece.to), std::slice::from_ref(piece));
                inner.inputs.clone_from(&place.inputs);
                inner.parameters.clone_from(&place.parameters);
                sum = sum.plus(rounded(self.value(&define.formula, &mut inner)?)?.number())?;
            }
            Value::Number(sum)
        } else {
            rounded(self.value(&define.formula, place)?)?
        };
        Place::assign(&mut place.memo, at, value.clone());
        Ok(value)
    }

    /// An input in a place: what a projection sets, what the earnings bring, what the question says, what it is if nobody says.
    pub(super) fn input(&mut self, at: usize, place: &mut Place<'_>) -> Result<Value, Refusal> {
        if let Some(Some(value)) = place.inputs.get(at) {
            return Ok(value.clone());
        }
        let input = &self.pack.inputs[at];
        let name = Some(input.name.as_str());
        let mut brought = place.pieces.iter().filter_map(|piece| piece.earning.with[at].as_ref());
        if let Some(first) = brought.next() {
            if brought.any(|other| other != first) {
                let en = format!("the earnings bring different values of {}: ask apart", input.name);
                let zh = format!("各笔收入的“{}”不同，请分开计算", input.label.zh);
                return Err(Refusal::new(What::Differs, name, en, zh));
            }
            self.use_of(Use::Input(at, first.clone(), false));
            return Ok(first.clone());
        }
        if let Some(value) = &self.asked.with[at] {
            self.use_of(Use::Input(at, value.clone(), false));
            return Ok(value.clone());
        }
        let Some(default) = &input.default else {
            let en = format!("{} is not given: {}", input.name, input.label.en);
            return Err(Refusal::new(What::Missing, name, en, format!("没有给出：{}", input.label.zh)));
        };
        let value = self.value(default, place)?;
        self.use_of(Use::Input(at, value.clone(), true));
        Ok(value)
    }

    /// For which choice a parameter is asked in a place.
    fn choice(&mut self, at: usize, place: &mut Place<'_>) -> Result<Option<Arc<str>>, Refusal> {
        let Some(by) = self.pack.parameters[at].by else { return Ok(None) };
        match self.input(by, place)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Number(_) | Value::Flag(_) => Ok(None),
        }
    }

    /// A parameter in a place.
    pub(super) fn parameter(&mut self, at: usize, place: &mut Place<'_>) -> Result<Number, Refusal> {
        if let Some(Some(number)) = place.parameters.get(at) {
            return Ok(*number);
        }
        if let Some(number) = self.asked.set[at] {
            self.use_of(Use::Set(at, number));
            return Ok(number);
        }
        let choice = self.choice(at, place)?;
        self.row(at, choice.as_deref(), place.day)
    }

    /// A parameter on a day, for a choice.
    fn row(&mut self, at: usize, choice: Option<&str>, day: Day) -> Result<Number, Refusal> {
        let (pack, parameter) = (self.pack, &self.pack.parameters[at]);
        let mut found = parameter.on(day, choice, pack.covers());
        let held = self.hold && day > pack.to && matches!(found, Found::Unknown(_, _, None));
        if held {
            found = parameter.on(pack.to, choice, pack.covers());
        }
        match found {
            Found::Row(row) => {
                let used = Use::Row(at, row.of.clone(), row.from);
                if held && !self.held.contains(&used) {
                    self.held.push(used.clone());
                }
                self.use_of(used);
                row.value.clone().map_err(|why| unknown(parameter, (row.from, row.to), Some(&why)))
            }
            Found::Unknown(from, to, why) => Err(unknown(parameter, (from, to), why)),
        }
    }

    fn table(&mut self, at: usize, key: Number) -> Result<Number, Refusal> {
        let table = &self.pack.tables[at];
        let after = table.rows.partition_point(|(of, _)| *of <= key);
        let below = after.checked_sub(1).map(|i| table.rows[i]);
        let value = match (below, table.rows.get(after), table.between) {
            (Some((of, value)), _, _) if of == key => Some(value),
            (Some((_, value)), _, Between::Step) => Some(value),
            (Some((a, low)), Some((b, high)), Between::Linear) => {
                let part = key.minus(a)?.over(b.minus(a)?)?;
                let value = low.plus(high.minus(low)?.times(part)?)?;
                Some(table.rounding.map_or(Ok(value), |rounding| value.rounded(rounding))?)
            }
            _ => None,
        };
        let Some(value) = value else {
            let key = key.decimal(4);
            let en = format!("{} has no row for {key}", table.name);
            return Err(Refusal::new(
                What::Unknown,
                Some(&table.name),
                en,
                format!("“{}”没有 {key} 对应的值", table.label.zh),
            ));
        };
        self.use_of(Use::Table(at, value));
        Ok(value)
    }

    fn use_of(&mut self, used: Use) {
        if !self.used.contains(&used) {
            self.used.push(used);
        }
    }

    /// Notes the rule itself.
    pub(super) fn rule(&mut self, name: &str, label: &Label, source: usize) {
        self.use_of(Use::Rule(name.to_owned(), label.clone(), source));
    }

    /// What was used since it was last asked.
    pub(super) fn reasons(&mut self) -> Vec<Reason> {
        let used = std::mem::take(&mut self.used);
        used.iter().map(|used| self.reason(used)).collect()
    }

    /// What stayed as it was.
    pub(super) fn held(&self) -> Vec<Reason> {
        self.held.iter().map(|used| self.reason(used)).collect()
    }

    fn reason(&self, used: &Use) -> Reason {
        let pack = self.pack;
        let plain = |name: &str, label: &Label, value: Option<String>, status| Reason {
            name: name.to_owned(),
            label: label.clone(),
            value,
            from: None,
            to: None,
            cite: None,
            status,
        };
        let cited = |source: usize, reason: Reason| Reason {
            cite: Some(pack.sources[source].cite.clone()),
            ..reason
        };
        match used {
            Use::Rule(name, label, source) => {
                cited(*source, plain(name, label, None, pack.sources[*source].status))
            }
            Use::Row(at, of, from) => {
                let parameter = &pack.parameters[*at];
                let row = parameter.rows_of(of.as_deref()).find(|row| row.from == *from);
                let Some(row) = row else {
                    return plain(&parameter.name, &parameter.label, None, Status::Assumed);
                };
                let value = row.value.as_ref().ok().map(|number| written(*number, parameter.unit));
                let reason = plain(&parameter.name, &parameter.label, value, row.status);
                cited(row.source, Reason { from: Some(row.from), to: Some(row.to), ..reason })
            }
            Use::Set(at, number) => {
                let parameter = &pack.parameters[*at];
                let value = written(*number, parameter.unit);
                plain(&parameter.name, &parameter.label, Some(value), Status::Given)
            }
            Use::Table(at, number) => {
                let table = &pack.tables[*at];
                let value = Some(number.to_string());
                cited(
                    table.source,
                    plain(&table.name, &table.label, value, pack.sources[table.source].status),
                )
            }
            Use::Input(at, value, default) => {
                let input = &pack.inputs[*at];
                let value = match value {
                    Value::Number(number) if input.ask == Ask::Month => written(*number, Unit::Month),
                    Value::Number(number) => number.to_string(),
                    Value::Flag(flag) => flag.to_string(),
                    Value::Text(text) => text.to_string(),
                };
                let status = if *default { Status::Assumed } else { Status::Given };
                plain(&input.name, &input.label, Some(value), status)
            }
        }
    }
}

/// A number as a pack writes it.
pub(super) fn written(number: Number, unit: Unit) -> String {
    let month = || Month::from_ordinal(u32::try_from(number.whole()?).ok()?);
    match unit {
        Unit::Month => month().map_or_else(|| number.to_string(), |month| month.to_string()),
        _ => number.to_string(),
    }
}

fn unknown(parameter: &super::pack::Parameter, (from, to): (Day, Day), why: Option<&str>) -> Refusal {
    let (en, zh) = match why {
        Some(why) => (format!(": {why}"), format!("：{why}")),
        None => (String::new(), String::new()),
    };
    Refusal::new(
        What::Unknown,
        Some(&parameter.name),
        format!("{} is not known from {from} to {to}{en}", parameter.name),
        format!("{from} 至 {to} 的“{}”未知{zh}", parameter.label.zh),
    )
}
