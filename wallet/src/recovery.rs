//! What whoever has lost her words hands to those who know her: the account, and the keys that are to take it over.
//!
//! A few lines of text, so that they can be sent, printed or read out; the last one finds what was mistyped. Four words that follow from the
//! rest are *not* among them: the person reads them to the guardian, who so knows that nobody changed the keys on the way. They are the
//! first 44 bits of Argon2id over the lines (64 MiB, 3 passes): whoever wants other keys with the same words has to try for
//! a hundred thousand years of one core.
//!
//! ```text
//! peal recovery 1
//! address peal1…
//! key 64 hexadecimal digits
//! next 64 hexadecimal digits
//! reading 64 hexadecimal digits
//! check 8 hexadecimal digits
//! ```

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use bip39::Language;
use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::hash::{Hash, plain};
use peal_spec::key::PublicKey;
use peal_spec::recovery;
use peal_spec::statement::Keys;
use peal_spec::value::Time;

use crate::trouble::Trouble;
use crate::vault::Stretch;

/// The most bytes of such a text.
pub const MAX_REQUEST: u64 = 4096;

const TITLE: &str = "peal recovery 1";

/// Which keys are to take over which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The account.
    pub address: Address,
    /// The new keys.
    pub keys: Keys,
}

impl Request {
    fn lines(&self) -> String {
        let Keys { key, next, reading } = self.keys;
        let [key, reading] = [key, reading].map(|k| Hash(k.0));
        format!("{TITLE}\naddress {}\nkey {key}\nnext {next}\nreading {reading}\n", self.address)
    }

    /// The first digits of a hash over the rest: against slips, not against anybody.
    fn check(&self) -> String {
        plain(self.lines().as_bytes()).to_string().chars().take(8).collect()
    }

    /// The four words that the person reads to those who are to approve.
    ///
    /// # Errors
    /// Unusable if there is no memory for stretching.
    pub fn words(&self) -> Result<String, Trouble> {
        let Stretch { memory, passes, lanes } = Stretch::STANDARD;
        let mut hash = [0; 8];
        let stretched = Params::new(memory, passes, lanes, Some(hash.len())).and_then(|params| {
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon.hash_password_into(self.lines().as_bytes(), b"peal recovery words 1", &mut hash)
        });
        stretched.map_err(|e| {
            Trouble::unusable(
                format!("the four words cannot be made: {e}"),
                "this machine",
                "free 64 MiB of memory",
            )
        })?;
        let mut bits = u64::from_be_bytes(hash) >> 20;
        let list = Language::English.word_list();
        let mut words = [""; 4];
        for word in words.iter_mut().rev() {
            *word = list[(bits & 0x7ff) as usize];
            bits >>= 11;
        }
        Ok(words.join(" "))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}check {}", self.lines(), self.check())
    }
}

impl FromStr for Request {
    type Err = Trouble;

    /// Reads what [`Request`] writes; blank lines, and blanks around lines, do not matter.
    fn from_str(text: &str) -> Result<Self, Trouble> {
        let bad = |place: String, what: String| {
            Trouble::unusable(what, place, "ask for the request again, as `peal recover begin` wrote it")
        };
        let mut lines =
            (1..).zip(text.lines()).map(|(n, line)| (n, line.trim())).filter(|(_, line)| !line.is_empty());
        let mut line = |name: &str| match lines.next() {
            Some((n, line)) => match line.split_once(' ').filter(|(word, _)| *word == name) {
                Some((_, value)) => Ok((n, value.trim().to_owned())),
                None => Err(bad(format!("line {n}"), format!("it does not begin with `{name}`"))),
            },
            None => Err(bad("the end".to_owned(), format!("the line `{name}` is missing"))),
        };
        let (n, title) = line("peal")?;
        if format!("peal {title}") != TITLE {
            return Err(bad(format!("line {n}"), format!("it is not `{TITLE}`")));
        }
        let (n, address) = line("address")?;
        let address =
            address.parse().map_err(|e| bad(format!("line {n}"), format!("not an address: {e}")))?;
        let mut hash = |name: &str| {
            let (n, value) = line(name)?;
            value
                .parse::<Hash>()
                .map_err(|_| bad(format!("line {n}"), "not 64 hexadecimal digits".to_owned()))
        };
        let (key, next, reading) = (hash("key")?, hash("next")?, hash("reading")?);
        let keys = Keys { key: PublicKey(key.0), next, reading: PublicKey(reading.0) };
        let request = Self { address, keys };
        let (n, check) = line("check")?;
        if check.to_lowercase() != request.check() {
            return Err(bad(
                format!("line {n}"),
                "it does not fit the lines above: something was changed or mistyped".to_owned(),
            ));
        }
        match lines.next() {
            None => Ok(request),
            Some((n, _)) => Err(bad(format!("line {n}"), "there is more than a request".to_owned())),
        }
    }
}

/// What an owner must know of a recovery that is under way, if one is.
pub fn warning(account: &Account) -> Option<String> {
    let (approvals, policy) = (account.state.approvals(), &account.state.control.recovery);
    let sets = recovery::sets(approvals);
    let line = |keys: &Keys| {
        let by: Vec<String> = approvals
            .iter()
            .filter(|a| a.keys == *keys)
            .map(|a| {
                let kind = if recovery::is_guardian(policy, a.by) { "guardian" } else { "bureau" };
                let vetoed = if a.vetoed { ", vetoed" } else { "" };
                format!("{kind} {} (record {}{vetoed})", a.by, a.sequence)
            })
            .collect();
        let when = match recovery::due(approvals, policy, keys).and_then(|(due, _)| Time::new(due)) {
            Some(due) => format!("may take over from {due}"),
            None if policy.need == 0 => "not enough: a bureau must say so".to_owned(),
            None => format!("not enough: {} guardians, or a bureau, must say so", policy.need),
        };
        format!("  key {}…: {}; {when}\n", &Hash(keys.key.0).to_string()[..8], by.join(", "))
    };
    let firm = |keys: &Keys| recovery::is_firm(approvals, policy, keys);
    let open = approvals.iter().any(|a| !a.vetoed && !firm(&a.keys));
    let agreed = sets.iter().any(firm);
    let lines: String = sets.iter().map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = format!("Somebody is to take over this account with other keys:\n{lines}");
    if !open && !agreed {
        text.push_str("All of it was vetoed; beside a bureau's word it would count again. `peal recover guard` takes it out.\n");
    }
    if open {
        text.push_str("If that is not you, say no: `peal recover veto`.\n");
    }
    if agreed {
        text.push_str("Guardians and a bureau agree on keys, which cannot be vetoed: if that is not you, go to that bureau at once.\n");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        let address = Address { number: 7, id: Hash([3; 32]) };
        let keys = Keys { key: PublicKey([1; 32]), next: Hash([2; 32]), reading: PublicKey([4; 32]) };
        Request { address, keys }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = request().to_string();
        assert_eq!(text.parse::<Request>().unwrap(), request());
        assert_eq!(text.replace('\n', " \r\n\n  ").parse::<Request>().unwrap(), request());
        let words = request().words().unwrap();
        assert_eq!(words.split(' ').count(), 4);
        let mut other = request();
        other.keys.next = Hash([5; 32]);
        assert_ne!(other.words().unwrap(), words);
        assert!(!text.contains(&words), "they are read out, not written");
        assert!(format!("{text}more\n").parse::<Request>().is_err());
    }

    #[test]
    fn whatever_is_changed_is_noticed_and_named() {
        let text = request().to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            let changed = String::from_utf8(bytes).unwrap();
            let trouble = changed.parse::<Request>().unwrap_err();
            assert_eq!(trouble.code(), 2, "{changed}");
            assert!(trouble.place.contains("line") || trouble.place.contains("end"), "{trouble}");
        }
        for lines in 0..6 {
            let cut: String = text.lines().take(lines).map(|line| format!("{line}\n")).collect();
            assert!(cut.parse::<Request>().is_err(), "{lines}");
        }
    }
}
