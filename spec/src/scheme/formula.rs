//! Formulas: read once, with their types, into a tree that cannot fail but for its numbers.
//!
//! Source: the grammar of `spec/schemes.md` §2. Names are resolved while reading, so a formula that was read uses only what is there.

use super::number::Number;

/// The most bytes of a formula.
const MAX_BYTES: usize = 1024;
/// The most levels of a formula.
const MAX_DEPTH: u32 = 32;

/// What a formula gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A choice.
    Text,
}

impl Kind {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Text => "a choice",
        }
    }
}

/// What the place of a formula gives, beside the pack's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// What was earned, in major units.
    Gross,
    /// How many orders.
    Orders,
    /// Days of the cell; of a right, days worked.
    Days,
    /// The calendar month, counted from 1900-01.
    Month,
    /// The calendar year.
    CalendarYear,
    /// The amount of the due.
    Amount,
    /// The average wage of the month.
    Wage,
    /// That of the first month.
    WageNow,
    /// Age in months in the month.
    AgeNow,
    /// Months paid.
    Months,
    /// The same in years.
    Years,
    /// What the account has.
    Balance,
    /// The mean index.
    Index,
    /// Age in months at retirement.
    Age,
    /// The sum of bases.
    Bases,
}

impl Variable {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Gross, "gross"),
        (Self::Orders, "orders"),
        (Self::Days, "days"),
        (Self::Month, "month"),
        (Self::CalendarYear, "calendar_year"),
        (Self::Amount, "amount"),
        (Self::Wage, "wage"),
        (Self::WageNow, "wage_now"),
        (Self::AgeNow, "age_now"),
        (Self::Months, "months"),
        (Self::Years, "years"),
        (Self::Balance, "balance"),
        (Self::Index, "index"),
        (Self::Age, "age"),
        (Self::Bases, "bases"),
    ];

    /// The variable of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(variable, _)| *variable)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(variable, _)| *variable == self).map_or("", |(_, name)| name)
    }
}

/// Words of the language that name nothing of a pack.
pub const WORDS: [&str; 13] =
    ["and", "or", "not", "true", "false", "min", "max", "clamp", "within", "if", "round", "up", "down"];

/// What a name in a formula stands for: places in the pack's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symbol {
    /// An input.
    Input(usize),
    /// A parameter.
    Parameter(usize),
    /// A definition.
    Define(usize),
    /// A due above.
    Due(usize),
}

/// Functions that are not tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Not outside of two limits.
    Clamp,
    /// The same, refused outside.
    Within,
    /// The nearest multiple, halves away from zero.
    Round,
    /// The multiple that is not below.
    Up,
    /// The multiple that is not above.
    Down,
}

/// Operators of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
    And,
    Or,
}

/// A formula.
#[derive(Clone, Debug)]
pub enum Formula {
    /// A number.
    Number(Number),
    /// True or false.
    Flag(bool),
    /// A choice.
    Text(Box<str>),
    /// Something of the pack.
    Name(Symbol),
    /// Something of the place.
    Variable(Variable),
    /// A number's negative.
    Negative(Box<Self>),
    /// A flag's opposite.
    Not(Box<Self>),
    /// Two sides.
    Binary(Operator, Box<[Self; 2]>),
    /// A function of numbers.
    Call(Function, Vec<Self>),
    /// One of two, by a flag.
    If(Box<[Self; 3]>),
    /// The value of a table, by its place.
    Table(usize, Box<Self>),
}

impl Formula {
    /// Calls something with each name and table that it uses.
    pub fn each(&self, f: &mut impl FnMut(&Self)) {
        f(self);
        match self {
            Self::Negative(x) | Self::Not(x) | Self::Table(_, x) => x.each(f),
            Self::Binary(_, sides) => sides.iter().for_each(|x| x.each(f)),
            Self::Call(_, args) => args.iter().for_each(|x| x.each(f)),
            Self::If(args) => args.iter().for_each(|x| x.each(f)),
            Self::Number(_) | Self::Flag(_) | Self::Text(_) | Self::Name(_) | Self::Variable(_) => {}
        }
    }
}

/// What names mean where a formula stands.
pub trait Scope {
    /// A name of the pack, and its kind.
    ///
    /// # Errors
    /// Why it cannot be used here.
    fn symbol(&self, name: &str) -> Result<Option<(Symbol, Kind)>, String>;
    /// A table.
    fn table(&self, name: &str) -> Option<usize>;
    /// Whether a variable has a value here.
    fn has(&self, variable: Variable) -> bool;
    /// Whether some input can be this choice.
    fn is_choice(&self, text: &str) -> bool;
}

/// Reads a formula.
///
/// # Errors
/// What is wrong with it, for the author.
pub fn read_any(text: &str, scope: &dyn Scope) -> Result<(Formula, Kind), String> {
    if text.len() > MAX_BYTES {
        return Err(format!("a formula has at most {MAX_BYTES} bytes"));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, scope };
    let read = parser.or()?;
    match parser.tokens.get(parser.at) {
        None => Ok(read),
        Some(token) => Err(format!("an operator is missing before {}", token.text())),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'t> {
    Number(Number, &'t str),
    Text(&'t str),
    Name(&'t str),
    Mark(&'static str),
}

impl Token<'_> {
    fn text(&self) -> String {
        match self {
            Self::Number(_, text) | Self::Name(text) => (*text).to_owned(),
            Self::Text(text) => format!("'{text}'"),
            Self::Mark(mark) => (*mark).to_owned(),
        }
    }
}

const MARKS: [&str; 13] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ","];

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let run = |of: fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let used = if first.is_ascii_digit() {
            let used = run(|c| c.is_ascii_digit() || c == '.');
            let number = rest[..used].parse().map_err(|e| format!("{}: {e}", &rest[..used]))?;
            tokens.push(Token::Number(number, &rest[..used]));
            used
        } else if first.is_ascii_lowercase() {
            let used = run(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            tokens.push(Token::Name(&rest[..used]));
            used
        } else if first == '\'' {
            let end = rest[1..].find('\'').ok_or("a ' is missing at the end of a choice")?;
            tokens.push(Token::Text(&rest[1..=end]));
            end + 2
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
            let mark = mark.ok_or_else(|| format!("{first:?} is nothing that a formula can have"))?;
            tokens.push(Token::Mark(mark));
            mark.len()
        };
        rest = &rest[used..];
    }
}

type Read = Result<(Formula, Kind), String>;

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: u32,
    scope: &'t dyn Scope,
}

impl<'t> Parser<'t> {
    fn take(&mut self, wanted: &str) -> bool {
        let found = match self.tokens.get(self.at) {
            Some(Token::Mark(mark)) => *mark == wanted,
            Some(Token::Name(name)) => *name == wanted,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn demand(&mut self, wanted: &str) -> Result<(), String> {
        let found = self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), Token::text);
        if self.take(wanted) { Ok(()) } else { Err(format!("{wanted} is missing before {found}")) }
    }

    /// The operator that comes next, if it is one of these.
    fn operator(&mut self, of: &[(&str, Operator)]) -> Option<Operator> {
        of.iter().find(|(mark, _)| self.take(mark)).map(|(_, operator)| *operator)
    }

    /// Sides of one kind with operators between them, from the left.
    fn chain(&mut self, of: &[(&str, Operator)], kind: Kind, side: fn(&mut Self) -> Read) -> Read {
        let (mut formula, mut found) = side(self)?;
        // The tree leans to the left: as deep as the chain is long.
        let depth = self.depth;
        while let Some(operator) = self.operator(of) {
            self.deeper()?;
            demand_kind(found, kind, operator)?;
            let (right, found_right) = side(self)?;
            demand_kind(found_right, kind, operator)?;
            (formula, found) = (Formula::Binary(operator, Box::new([formula, right])), kind);
        }
        self.depth = depth;
        Ok((formula, found))
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "a formula has at most {MAX_DEPTH} levels; give a part of it a name with [[define]]"
            ));
        }
        Ok(())
    }

    fn or(&mut self) -> Read {
        self.deeper()?;
        let read = self.chain(&[("or", Operator::Or)], Kind::Flag, Self::and)?;
        self.depth -= 1;
        Ok(read)
    }

    fn and(&mut self) -> Read {
        self.chain(&[("and", Operator::And)], Kind::Flag, Self::not)
    }

    fn not(&mut self) -> Read {
        if !self.take("not") {
            return self.compare();
        }
        self.deeper()?;
        let (formula, kind) = self.not()?;
        self.depth -= 1;
        if kind != Kind::Flag {
            return Err(format!("not is of true or false, and here it is of {}", kind.name()));
        }
        Ok((Formula::Not(Box::new(formula)), Kind::Flag))
    }

    fn compare(&mut self) -> Read {
        use Operator::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
        let (left, kind) = self.sum()?;
        let all =
            [("<=", AtMost), (">=", AtLeast), ("==", Equal), ("!=", Unequal), ("<", Less), (">", Greater)];
        let Some(operator) = self.operator(&all) else { return Ok((left, kind)) };
        let (right, other) = self.sum()?;
        if !matches!(operator, Equal | Unequal) {
            demand_kind(kind, Kind::Number, operator)?;
        }
        if other != kind {
            return Err(format!("{} is compared with {}", kind.name(), other.name()));
        }
        Ok((Formula::Binary(operator, Box::new([left, right])), Kind::Flag))
    }

    fn sum(&mut self) -> Read {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], Kind::Number, Self::product)
    }

    fn product(&mut self) -> Read {
        self.chain(&[("*", Operator::Multiply), ("/", Operator::Divide)], Kind::Number, Self::unary)
    }

    fn unary(&mut self) -> Read {
        if !self.take("-") {
            return self.atom();
        }
        self.deeper()?;
        let (formula, kind) = self.unary()?;
        self.depth -= 1;
        demand_kind(kind, Kind::Number, Operator::Subtract)?;
        Ok((Formula::Negative(Box::new(formula)), Kind::Number))
    }

    fn atom(&mut self) -> Read {
        let token = self.tokens.get(self.at).cloned().ok_or("something is missing at the end")?;
        self.at += 1;
        match token {
            Token::Number(number, _) => Ok((Formula::Number(number), Kind::Number)),
            Token::Text(text) if self.scope.is_choice(text) => Ok((Formula::Text(text.into()), Kind::Text)),
            Token::Text(text) => Err(format!("no input has the choice '{text}'")),
            Token::Name("true") => Ok((Formula::Flag(true), Kind::Flag)),
            Token::Name("false") => Ok((Formula::Flag(false), Kind::Flag)),
            Token::Name(name) if self.take("(") => self.call(name),
            Token::Name(name) => self.name(name),
            Token::Mark("(") => {
                let inner = self.or()?;
                self.demand(")")?;
                Ok(inner)
            }
            Token::Mark(mark) => Err(format!("a value is missing before {mark}")),
        }
    }

    fn name(&self, name: &str) -> Read {
        if let Some(variable) = Variable::named(name) {
            return match self.scope.has(variable) {
                true => Ok((Formula::Variable(variable), Kind::Number)),
                false => Err(format!("{name} has no value here")),
            };
        }
        match self.scope.symbol(name)? {
            Some((symbol, kind)) => Ok((Formula::Name(symbol), kind)),
            None if self.scope.table(name).is_some() => Err(format!("{name} is a table: write {name}(key)")),
            None => Err(format!("nothing above is named {name}")),
        }
    }

    fn call(&mut self, name: &str) -> Read {
        let mut args = vec![self.or()?];
        while self.take(",") {
            args.push(self.or()?);
        }
        self.demand(")")?;
        let demand = |holds: bool, how: &str| {
            if holds { Ok(()) } else { Err(format!("{name} is written {how}")) }
        };
        let several = |function, args: Vec<(Formula, Kind)>| {
            if args.iter().any(|(_, kind)| *kind != Kind::Number) {
                return Err(format!("{name} is of numbers"));
            }
            Ok((Formula::Call(function, args.into_iter().map(|(f, _)| f).collect()), Kind::Number))
        };
        let count = args.len();
        match name {
            "min" | "max" => {
                demand((2..=16).contains(&count), &format!("{name}(a, b), with 2 to 16 numbers"))?;
                several(if name == "min" { Function::Min } else { Function::Max }, args)
            }
            "clamp" | "within" => {
                demand(count == 3, &format!("{name}(x, low, high)"))?;
                several(if name == "clamp" { Function::Clamp } else { Function::Within }, args)
            }
            "round" | "up" | "down" => {
                demand(count == 2, &format!("{name}(x, step)"))?;
                let function = match name {
                    "round" => Function::Round,
                    "up" => Function::Up,
                    _ => Function::Down,
                };
                several(function, args)
            }
            "if" => {
                let three: Result<[(Formula, Kind); 3], _> = args.try_into();
                let Ok([(condition, of), (yes, kind), (no, other)]) = three else {
                    return Err("if is written if(condition, then, else)".to_owned());
                };
                if of != Kind::Flag || kind != other {
                    return Err("if is of a condition and two values of one kind".to_owned());
                }
                Ok((Formula::If(Box::new([condition, yes, no])), kind))
            }
            _ => {
                let Some(table) = self.scope.table(name) else {
                    return Err(format!("there is no function and no table {name}"));
                };
                demand(count == 1, &format!("{name}(key)"))?;
                match args.pop() {
                    Some((key, Kind::Number)) => Ok((Formula::Table(table, Box::new(key)), Kind::Number)),
                    _ => Err(format!("the key of {name} is a number")),
                }
            }
        }
    }
}

fn demand_kind(found: Kind, wanted: Kind, operator: Operator) -> Result<(), String> {
    use Operator::{
        Add, And, AtLeast, AtMost, Divide, Equal, Greater, Less, Multiply, Or, Subtract, Unequal,
    };
    let mark = match operator {
        Add => "+",
        Subtract => "-",
        Multiply => "*",
        Divide => "/",
        Less => "<",
        AtMost => "<=",
        Greater => ">",
        AtLeast => ">=",
        Equal => "==",
        Unequal => "!=",
        And => "and",
        Or => "or",
    };
    if found == wanted {
        return Ok(());
    }
    Err(format!("{mark} is of {}, and a side of it is {}", wanted.name(), found.name()))
}
