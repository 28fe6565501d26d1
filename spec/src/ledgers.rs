//! The directory of ledgers: one signed, expiring list of which ledgers there are, whose word counts in each, and which are barred.
//!
//! 1. [`Directory`] is its text, read strictly and written in one way.
//! 2. [`Pinned`] is what a reader keeps: the publisher's key and the version that it saw last. What follows on it is judged by
//!    [`Pinned::accept`], so that nobody is led back to an older list, or to another one.
//!
//! Source: `spec/ledgers.md` §1.

use std::fmt;
use std::str::FromStr;

use crate::cbor::COUNT_LIMIT;
use crate::note::{KeyType, VerifierKey, decimal};
use crate::text::Text;
use crate::trust::{BadTrust, Ledger, Pin, Reading, Trust};
use crate::value::{BadValue, Origin, Time};

mod pinned;
mod url;

pub use pinned::{Pinned, Refused};
pub use url::Url;

/// The first line.
const FIRST: &str = "peal ledgers 1";
/// What a body has besides the lines of a trust list, as messages name it.
const MORE: &str = "; url <https URL>; barred <reason>";
/// The most bytes in a directory's text.
pub const MAX_DIRECTORY: usize = 1 << 20;
/// The most bytes in a signed directory: the text and its signature lines.
pub const MAX_SIGNED: usize = MAX_DIRECTORY + crate::note::MAX_NOTE;

/// What a directory says of one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whose word counts in it.
    pub ledger: Ledger,
    /// Where it answers.
    pub url: Option<Url>,
    /// Why it is not to be trusted any more, if so.
    pub barred: Option<Text<128>>,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.ledger, f)?;
        self.url.iter().try_for_each(|url| writeln!(f, "url {url}"))?;
        self.barred.iter().try_for_each(|reason| writeln!(f, "barred {reason}"))
    }
}

/// A list of ledgers that its publisher signs anew from time to time.
///
/// ```
/// use peal_spec::ledgers::Directory;
///
/// let err = "peal ledgers 1\nname d.example\nversion 01\n".parse::<Directory>().unwrap_err();
/// assert_eq!(err.to_string(), "line 3: expected `version <number>`, from 1 and below 2^53");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The name of the publisher's keys.
    pub name: Origin,
    /// From 1; each version replaces the ones below it.
    pub version: u64,
    /// When it was signed, by the publisher's clock.
    pub issued: Time,
    /// First second in which it is stale.
    pub expires: Time,
    /// The key that may sign later versions in the place of the present one.
    pub next: Option<VerifierKey>,
    /// By origin, in the order of the list; at least one.
    pub blocks: Vec<Block>,
}

/// A directory that cannot be used, and the line at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadDirectory {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what should stand there.
    pub what: String,
}

impl From<BadTrust> for BadDirectory {
    fn from(bad: BadTrust) -> Self {
        Self { line: bad.line, what: bad.what }
    }
}

fn bad(line: usize, what: impl Into<String>) -> BadDirectory {
    BadDirectory { line, what: what.into() }
}

/// What a directory says of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'d> {
    /// It is a ledger whose word counts as the block says.
    Known(&'d Block),
    /// It is not in the directory, which says nothing bad of it and nothing good.
    Unknown,
    /// The publisher says: do not trust it any more. A later version may say otherwise.
    Barred(&'d Text<128>),
    /// It has ended with this checkpoint; what it said until then counts as the block says.
    Ended(&'d Block, Pin),
}

/// The answer to a look into a directory at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'d> {
    /// What it says.
    pub entry: Entry<'d>,
    /// Whether it has expired, so that a newer one may say otherwise.
    pub stale: bool,
}

impl Directory {
    /// Whether it has expired.
    pub fn is_stale(&self, now: Time) -> bool {
        self.expires <= now
    }

    /// What it says of a ledger. That it is barred counts for more than that it has ended.
    pub fn lookup(&self, origin: &Origin, now: Time) -> Answer<'_> {
        let entry = match self.block(origin) {
            None => Entry::Unknown,
            Some(Block { barred: Some(reason), .. }) => Entry::Barred(reason),
            Some(block) => block.ledger.last.map_or(Entry::Known(block), |last| Entry::Ended(block, last)),
        };
        Answer { entry, stale: self.is_stale(now) }
    }

    /// What it has of a ledger, barred or not.
    pub fn block(&self, origin: &Origin) -> Option<&Block> {
        self.blocks.iter().find(|block| block.ledger.origin == *origin)
    }

    /// The trust list of one ledger, as text: for whoever keeps it beside what it is about. It stands there for a barred ledger as well.
    pub fn ledger_list(&self, origin: &Origin) -> Option<String> {
        let ledger = self.block(origin)?.ledger.clone();
        Some(Trust { ledgers: vec![ledger] }.to_string())
    }

    /// The trust list of all ledgers that are not barred.
    pub fn trust(&self) -> Trust {
        let good = self.blocks.iter().filter(|block| block.barred.is_none());
        Trust { ledgers: good.map(|block| block.ledger.clone()).collect() }
    }
}

/// Adds a line that a trust list does not have to the last block.
fn extra(block: Option<&mut (Option<Url>, Option<Text<128>>)>, word: &str, rest: &str) -> Result<(), String> {
    let (url, barred) = block.ok_or("expected `ledger <origin>` first")?;
    let twice = || format!("`{word}` stands here twice for one ledger");
    let said = |e: BadValue| e.to_string();
    if word == "url" {
        if url.is_some() { Err(twice()) } else { rest.parse().map(|found| *url = Some(found)).map_err(said) }
    } else if barred.is_some() {
        Err(twice())
    } else {
        rest.parse().map(|found| *barred = Some(found)).map_err(|e: BadValue| format!("a reason is {e}"))
    }
}

/// Reads numbered lines as blocks. Blank lines and comments are passed over.
fn read_blocks<'t>(lines: impl Iterator<Item = (usize, &'t str)>) -> Result<Vec<Block>, BadDirectory> {
    let mut reading = Reading::new(MORE);
    let mut extras: Vec<(Option<Url>, Option<Text<128>>)> = Vec::new();
    for (number, line) in lines {
        match line.split_once(' ') {
            Some((word @ ("url" | "barred"), rest)) => {
                extra(extras.last_mut(), word, rest).map_err(|what| bad(number, what))?;
            }
            _ => {
                reading.line(number, line)?;
                extras.resize(reading.begun(), (None, None));
            }
        }
    }
    let ledgers = reading.end()?.ledgers;
    Ok(ledgers.into_iter().zip(extras).map(|(ledger, (url, barred))| Block { ledger, url, barred }).collect())
}

/// Reads blocks as people write them, to be signed: comments and blank lines may stand between them, and `peal trust 1` before them.
///
/// # Errors
/// [`BadDirectory`] names the line.
pub fn blocks(text: &str) -> Result<Vec<Block>, BadDirectory> {
    if text.len() > MAX_DIRECTORY {
        return Err(bad(1, "a list of more than 1 MiB"));
    }
    let numbered = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    let found = read_blocks(numbered.filter(|(number, line)| *number > 1 || *line != crate::trust::FIRST))?;
    if found.is_empty() { Err(bad(1, "there is no ledger in this list")) } else { Ok(found) }
}

/// The lines before the blocks.
struct Head<'t> {
    lines: &'t [&'t str],
    at: usize,
}

impl<'t> Head<'t> {
    /// What stands on the next line after a word, if that is what it begins with.
    fn optional(&mut self, word: &str) -> Option<&'t str> {
        let rest = self.lines.get(self.at)?.strip_prefix(word)?.strip_prefix(' ')?;
        self.at += 1;
        Some(rest)
    }

    /// The same, read; `what` is expected there.
    fn read<T>(
        &mut self,
        word: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, BadDirectory> {
        let line = self.at + 1;
        self.optional(word).and_then(read).ok_or_else(|| bad(line, format!("expected `{word} {what}")))
    }
}

impl FromStr for Directory {
    type Err = BadDirectory;
    fn from_str(text: &str) -> Result<Self, BadDirectory> {
        if text.len() > MAX_DIRECTORY {
            return Err(bad(1, "a directory of more than 1 MiB"));
        }
        let lines: Vec<&str> = text.split('\n').collect();
        if lines[0] != FIRST {
            return Err(bad(1, "a directory starts with `peal ledgers 1`"));
        }
        if lines.last() != Some(&"") {
            return Err(bad(lines.len(), "the last line does not end with a newline"));
        }
        let mut head = Head { lines: &lines, at: 1 };
        let name: Origin =
            head.read("name", "<the name of the publisher's keys>`", |word| word.parse().ok())?;
        let version = head.read("version", "<number>`, from 1 and below 2^53", |word| {
            decimal(word).filter(|n| (1..COUNT_LIMIT).contains(n))
        })?;
        let issued = head.read("issued", "<time as 2026-01-01T00:00:00Z>`", |word| word.parse().ok())?;
        let expires = head.read("expires", "<time>`, later than it was issued", |word| {
            word.parse().ok().filter(|expires| *expires > issued)
        })?;
        let line = head.at + 1;
        let next = match head.optional("next") {
            None => None,
            Some(word) => {
                let key: VerifierKey = word.parse().map_err(|e: crate::note::BadNote| bad(line, e.0))?;
                if key.kind != KeyType::Ed25519 || key.name != name {
                    return Err(bad(line, format!("expected a key that signs (type 1) of the name {name}")));
                }
                Some(key)
            }
        };
        let body = head.at;
        if lines.get(body) != Some(&"") {
            return Err(bad(body + 1, "expected a blank line, then the ledgers"));
        }
        let numbered = lines.iter().enumerate().skip(body).map(|(i, line)| (i + 1, *line));
        let directory = Self { name, version, issued, expires, next, blocks: read_blocks(numbered)? };
        if directory.blocks.is_empty() {
            return Err(bad(body + 1, "there is no ledger in this directory"));
        }
        let written = directory.to_string();
        if written != text {
            let differs = lines.iter().zip(written.split('\n')).position(|(a, b)| *a != b);
            let line = differs.map_or(lines.len(), |i| i + 1);
            return Err(bad(line, "not as it is written: the order of lines, blank lines or spaces differ"));
        }
        Ok(directory)
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}\nname {}\nversion {}", self.name, self.version)?;
        writeln!(f, "issued {}\nexpires {}", self.issued, self.expires)?;
        self.next.iter().try_for_each(|key| writeln!(f, "next {key}"))?;
        self.blocks.iter().try_for_each(|block| write!(f, "\n{block}"))
    }
}

#[cfg(test)]
mod tests;
