//! The trust list: all that a verifier needs besides the proof. Source: `spec/README.md` §15.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::note::{KeyType, VerifierKey, decimal, root64};
use crate::value::{Origin, Time};

/// The first line.
pub(crate) const FIRST: &str = "peal trust 1";
/// The most bytes in a list.
pub const MAX_LIST: usize = 1 << 20;
/// Seconds that count as fresh unless the list says otherwise: a week.
pub const FRESH: u64 = 604_800;

/// An operator's key and when it may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The key.
    pub key: VerifierKey,
    /// First second; none: from ever.
    pub from: Option<Time>,
    /// First second in which it may no longer; none: for ever.
    pub until: Option<Time>,
}

/// A checkpoint known to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Size of the log.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What is trusted about one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its name.
    pub origin: Origin,
    /// Keys that sign its checkpoints.
    pub operators: Vec<Operator>,
    /// Keys that say the log only grows.
    pub witnesses: Vec<VerifierKey>,
    /// Keys that say directory and log agree.
    pub auditors: Vec<VerifierKey>,
    /// How many witnesses must have signed.
    pub need_witnesses: usize,
    /// How many auditors must have signed.
    pub need_auditors: usize,
    /// Greatest age, in seconds, that counts as fresh.
    pub fresh: u64,
    /// Checkpoints known to be true.
    pub pins: Vec<Pin>,
    /// The last checkpoint of a ledger that has ended.
    pub last: Option<Pin>,
}

/// A list of ledgers and what is trusted about each.
///
/// ```
/// # use peal_spec::trust::Trust;
/// let err = "peal trust 1\nledger a.example\noperator nonsense - -\n".parse::<Trust>().unwrap_err();
/// assert_eq!(err.to_string(), "line 3: not a verifier key: it should be name+hash+base64");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// By origin, in the order of the list.
    pub ledgers: Vec<Ledger>,
}

impl Trust {
    /// What is trusted about `origin`.
    pub fn ledger(&self, origin: &Origin) -> Option<&Ledger> {
        self.ledgers.iter().find(|l| l.origin == *origin)
    }
}

/// A trust list that cannot be used, and the line at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadTrust {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what should stand there.
    pub what: String,
}

impl Ledger {
    /// A ledger of which only one operator key is known, without witnesses.
    pub fn new(origin: Origin, operator: VerifierKey) -> Self {
        let operators = vec![Operator { key: operator, from: None, until: None }];
        Self { operators, ..Self::empty(origin) }
    }

    fn empty(origin: Origin) -> Self {
        Self {
            origin,
            operators: Vec::new(),
            witnesses: Vec::new(),
            auditors: Vec::new(),
            need_witnesses: 0,
            need_auditors: 0,
            fresh: FRESH,
            pins: Vec::new(),
            last: None,
        }
    }

    /// What must hold once all lines of the ledger are read.
    fn complete(&self) -> Result<(), String> {
        if self.operators.is_empty() {
            return Err(format!("ledger {} has no operator line", self.origin));
        }
        if self.need_witnesses > self.witnesses.len() || self.need_auditors > self.auditors.len() {
            return Err(format!("ledger {} needs more cosignatures than it lists keys", self.origin));
        }
        Ok(())
    }
}

fn bound(word: &str) -> Result<Option<Time>, String> {
    if word == "-" {
        Ok(None)
    } else {
        word.parse().map(Some).map_err(|e: crate::value::BadValue| e.to_string() + ", or -")
    }
}

fn key(word: &str, kind: KeyType) -> Result<VerifierKey, String> {
    let key: VerifierKey = word.parse().map_err(|e: crate::note::BadNote| e.to_string())?;
    if key.kind == kind {
        Ok(key)
    } else {
        Err("a verifier key of another type than this line is for".into())
    }
}

fn pin(size: &str, root: &str) -> Result<Pin, String> {
    match (decimal(size), root64(root)) {
        (Some(size), Some(root)) if size > 0 => Ok(Pin { size, root }),
        _ => Err("expected a size and a root in base64".into()),
    }
}

/// Reads one line into the list; `more` names the lines that another format has besides.
fn read_line(trust: &mut Trust, seen: &mut Vec<&'static str>, line: &str, more: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split(' ').collect();
    if let ["ledger", origin] = words.as_slice() {
        let origin: Origin = origin.parse().map_err(|e: crate::value::BadValue| e.to_string())?;
        if trust.ledger(&origin).is_some() {
            return Err(format!("ledger {origin} stands here twice"));
        }
        seen.clear();
        trust.ledgers.push(Ledger::empty(origin));
        return Ok(());
    }
    let ledger = trust.ledgers.last_mut().ok_or("expected `ledger <origin>` first")?;
    let mut once = |word: &'static str| {
        if seen.contains(&word) {
            return Err(format!("`{word}` stands here twice for one ledger"));
        }
        seen.push(word);
        Ok(())
    };
    match words.as_slice() {
        ["operator", word, from, until] => {
            let operator =
                Operator { key: key(word, KeyType::Ed25519)?, from: bound(from)?, until: bound(until)? };
            if operator.key.name != ledger.origin {
                return Err("an operator's key has the origin as its name".into());
            }
            if ledger.operators.iter().any(|o| o.key.key == operator.key.key) {
                return Err("this key stands here twice".into());
            }
            ledger.operators.push(operator);
        }
        [word @ ("witness" | "auditor"), text] => {
            let key = key(text, KeyType::Cosignature)?;
            // One key under two names would count twice.
            if ledger.witnesses.iter().chain(&ledger.auditors).any(|k| k.key == key.key) {
                return Err("this key stands here twice".into());
            }
            if *word == "witness" { ledger.witnesses.push(key) } else { ledger.auditors.push(key) }
        }
        ["need", w, "witnesses", a, "auditors"] => {
            once("need")?;
            let number = |s| decimal(s).and_then(|n| usize::try_from(n).ok()).ok_or("expected numbers");
            ledger.need_witnesses = number(w)?;
            ledger.need_auditors = number(a)?;
        }
        ["fresh", seconds] => {
            once("fresh")?;
            ledger.fresh = decimal(seconds).ok_or("expected a number of seconds")?;
        }
        ["pin", size, root] => ledger.pins.push(pin(size, root)?),
        ["final", size, root] => {
            once("final")?;
            ledger.last = Some(pin(size, root)?);
        }
        _ => {
            return Err(format!(
                "expected one of: ledger <origin>; operator <key> <from> <until>; witness <key>; auditor <key>; \
                 need <w> witnesses <a> auditors; fresh <seconds>; pin <size> <root>; final <size> <root>{more}"
            ));
        }
    }
    Ok(())
}

/// The ledgers of a list that is being read, a line at a time: of a trust list, or of a text that has them with lines of its own in between.
pub(crate) struct Reading {
    trust: Trust,
    seen: Vec<&'static str>,
    /// Each ledger's line, from 1.
    began: Vec<usize>,
    more: &'static str,
}

impl Reading {
    /// Nothing read yet; `more` names the lines that the other text has besides.
    pub(crate) fn new(more: &'static str) -> Self {
        Self { trust: Trust::default(), seen: Vec::new(), began: Vec::new(), more }
    }

    /// Reads the line of this number. Blank lines and comments are passed over.
    pub(crate) fn line(&mut self, number: usize, line: &str) -> Result<(), BadTrust> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        read_line(&mut self.trust, &mut self.seen, line, self.more)
            .map_err(|what| BadTrust { line: number, what })?;
        self.began.resize(self.trust.ledgers.len(), number);
        Ok(())
    }

    /// How many ledgers have begun.
    pub(crate) fn begun(&self) -> usize {
        self.began.len()
    }

    /// What was read, once it is complete.
    pub(crate) fn end(self) -> Result<Trust, BadTrust> {
        for (ledger, line) in self.trust.ledgers.iter().zip(self.began) {
            ledger.complete().map_err(|what| BadTrust { line, what })?;
        }
        Ok(self.trust)
    }
}

impl FromStr for Trust {
    type Err = BadTrust;
    fn from_str(text: &str) -> Result<Self, BadTrust> {
        let at = |line: usize, what: &str| BadTrust { line, what: what.to_owned() };
        if text.len() > MAX_LIST {
            return Err(at(1, "a list of more than 1 MiB"));
        }
        let lines: Vec<&str> = text.split('\n').collect();
        if lines[0] != FIRST {
            return Err(at(1, "a trust list starts with `peal trust 1`"));
        }
        if lines.last() != Some(&"") {
            return Err(at(lines.len(), "the last line does not end with a newline"));
        }
        let mut reading = Reading::new("");
        for (i, line) in lines.iter().enumerate().skip(1) {
            reading.line(i + 1, line)?;
        }
        reading.end()
    }
}

/// The lines of one ledger, from `ledger` on.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |t: &Option<Time>| t.map_or("-".to_owned(), |t| t.to_string());
        writeln!(f, "ledger {}", self.origin)?;
        for o in &self.operators {
            writeln!(f, "operator {} {} {}", o.key, bound(&o.from), bound(&o.until))?;
        }
        for key in &self.witnesses {
            writeln!(f, "witness {key}")?;
        }
        for key in &self.auditors {
            writeln!(f, "auditor {key}")?;
        }
        writeln!(f, "need {} witnesses {} auditors", self.need_witnesses, self.need_auditors)?;
        writeln!(f, "fresh {}", self.fresh)?;
        let pins = self.pins.iter().map(|p| ("pin", p)).chain(self.last.iter().map(|p| ("final", p)));
        for (word, pin) in pins {
            writeln!(f, "{word} {} {}", pin.size, BASE64.encode(pin.root.0))?;
        }
        Ok(())
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}")?;
        self.ledgers.iter().try_for_each(|ledger| write!(f, "\n{ledger}"))
    }
}
