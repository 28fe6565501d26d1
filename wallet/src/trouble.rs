//! What a person is told when something cannot be done: what, where, and what to do; and the exit code that says whose turn it is.

use std::fmt;

use serde::Serialize;

/// Whose turn it is to act; the number is the program's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// The ledger or a check said no.
    Refused = 1,
    /// Input or environment cannot be used as they are.
    Unusable = 2,
    /// Nothing is wrong here; try again later.
    Unavailable = 3,
}

/// One line what, one line where, one line what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Trouble {
    /// Whose turn it is.
    pub kind: Kind,
    /// What went wrong.
    pub what: String,
    /// The file, the ledger or the option that it is about.
    pub place: String,
    /// What to do.
    pub remedy: String,
}

impl Trouble {
    fn new(kind: Kind, what: impl fmt::Display, place: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self { kind, what: line(what), place: line(place), remedy: line(remedy) }
    }

    /// The ledger or a check said no.
    pub fn refused(what: impl fmt::Display, place: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self::new(Kind::Refused, what, place, remedy)
    }

    /// Input or environment cannot be used as they are.
    pub fn unusable(what: impl fmt::Display, place: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self::new(Kind::Unusable, what, place, remedy)
    }

    /// Try again later.
    pub fn unavailable(what: impl fmt::Display, place: impl fmt::Display, remedy: impl fmt::Display) -> Self {
        Self::new(Kind::Unavailable, what, place, remedy)
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.kind as u8
    }
}

/// Text from outside on one line, without control characters that a terminal would obey.
fn line(text: impl fmt::Display) -> String {
    text.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect()
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  where: {}\n  what to do: {}", self.what, self.place, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_whatever_is_in_them() {
        let trouble = Trouble::refused("a\nb\x1b[2J", "there", "mend it");
        assert_eq!(trouble.to_string(), "a b [2J\n  where: there\n  what to do: mend it");
        assert_eq!(trouble.code(), 1);
    }
}
