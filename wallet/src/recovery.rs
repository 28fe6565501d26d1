//! What whoever has lost her words hands to those who know her: the account, and the keys that are to take it over.
//!
//! A few lines of text, so that they can be sent, printed or read out. The last line is four words that follow from the rest: the person and
//! the guardian read them to each other, and know that nobody changed the keys on the way.
//!
//! ```text
//! peal recovery 1
//! address peal1…
//! key 64 hexadecimal digits
//! next 64 hexadecimal digits
//! reading 64 hexadecimal digits
//! words four words
//! ```

use std::fmt;
use std::str::FromStr;

use bip39::Language;
use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::hash::{Hash, plain};
use peal_spec::key::PublicKey;
use peal_spec::recovery;
use peal_spec::statement::Keys;
use peal_spec::value::Time;

use crate::trouble::Trouble;

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

    /// The four words: 44 bits of a hash over the rest.
    pub fn words(&self) -> String {
        let hash = plain(self.lines().as_bytes()).0;
        let mut bits = u64::from_be_bytes([0, 0, hash[0], hash[1], hash[2], hash[3], hash[4], hash[5]]) >> 4;
        let list = Language::English.word_list();
        let mut words = [""; 4];
        for word in words.iter_mut().rev() {
            *word = list[(bits & 0x7ff) as usize];
            bits >>= 11;
        }
        words.join(" ")
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}words {}", self.lines(), self.words())
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
        let (n, words) = line("words")?;
        if words.to_lowercase().split_whitespace().eq(request.words().split(' ')) {
            Ok(request)
        } else {
            Err(bad(
                format!("line {n}"),
                "the four words are not those of the keys: something was changed or mistyped".to_owned(),
            ))
        }
    }
}

/// What an owner must know of a recovery that is under way, if one is.
pub fn warning(account: &Account) -> Option<String> {
    let (approvals, policy) = (account.state.approvals(), &account.state.control.recovery);
    let mut sets: Vec<Keys> = Vec::new();
    approvals.iter().for_each(|a| {
        if !sets.contains(&a.keys) {
            sets.push(a.keys)
        }
    });
    let line = |keys: &Keys| {
        let by: Vec<String> = approvals
            .iter()
            .filter(|a| a.keys == *keys)
            .map(|a| {
                let kind = if recovery::is_guardian(policy, a.by) { "guardian" } else { "bureau" };
                format!("{kind} {} (record {})", a.by, a.sequence)
            })
            .collect();
        let when = match recovery::due(approvals, policy, keys).and_then(|(due, _)| Time::new(due)) {
            Some(due) => format!("may take over from {due}"),
            None => format!("not enough yet: {} guardians must agree", policy.need),
        };
        format!("  key {}…: {}; {when}\n", &Hash(keys.key.0).to_string()[..8], by.join(", "))
    };
    let lines: String = sets.iter().map(line).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "Somebody is to take over this account with other keys:\n{lines}If that is not you, say no: `peal recover veto`.\n"
        )
    })
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
        assert_eq!(request().words().split(' ').count(), 4);
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
