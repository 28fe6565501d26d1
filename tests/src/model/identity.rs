//! Bindings of identities, links, what was transcribed, and what was withdrawn of them (`spec/README.md` §8, "Identity"), from all records, each
//! time anew.

use peal_spec::address::Address;
use peal_spec::refusal::Code;
use peal_spec::statement::Statement;

use super::moving::{self, arrivals};
use super::rules::{BUREAU, Found, Party, Scene};
use super::said::Said;
use super::state::Fact;

/// A binding, a link, or words of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Sequence of its record.
    pub sequence: u64,
    /// Who said it.
    pub who: Address,
    /// The token, of a binding.
    pub token: Option<[u8; 32]>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

impl Word {
    /// Whether it takes a token: nobody else binds that.
    pub fn takes(&self, token: &[u8; 32]) -> bool {
        self.token == Some(*token) && !self.withdrawn
    }
}

/// The bindings, the links and what was transcribed of an account, in order.
pub fn words(facts: &[Fact]) -> Vec<Word> {
    let words = facts.iter().zip(0..).filter_map(|(fact, sequence)| {
        let (who, token) = match &fact.said {
            Said::IdentityBound { who, token } => (*who, Some(*token)),
            Said::AccountLinked { who, .. } | Said::Transcribed { who, .. } => (*who, None),
            _ => return None,
        };
        let about = |f: &&Fact| f.refers == Some(sequence) && matches!(f.said, Said::Withdrawn { .. });
        Some(Word { sequence, who, token, withdrawn: facts.iter().any(|f| about(&f)) })
    });
    words.collect()
}

impl Scene<'_> {
    /// A statement of one of these types.
    pub(super) fn of_identity(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        match said {
            Said::IdentityBound { token, .. } => {
                self.roles(found, issuer, &[BUREAU], None);
                for account in self.accounts {
                    let word = words(account.facts).into_iter().find(|word| word.takes(token));
                    // Who arrives takes one, too.
                    let mut came = arrivals(account.facts).into_iter();
                    let came = came.find(|came| moving::token(&came.from) == *token);
                    let came = came.and_then(|came| came.records.last().copied());
                    if let Some(sequence) = word.map(|word| word.sequence).or(came) {
                        let place = (account.address.number, sequence);
                        found.name(false, Code::IdentityTaken, "token", place);
                    }
                }
            }
            Said::AccountLinked { link, .. } => {
                if issuer.address != subject.address {
                    self.roles(found, issuer, &[BUREAU], None);
                }
                let other = self.find(link).is_some_and(|other| other.address != subject.address);
                found.check(other, Code::LinkUnfit, "link");
            }
            Said::Withdrawn { .. } if self.withdraws_departure(found, statement, issuer, subject) => {}
            Said::Withdrawn { .. } => {
                let word =
                    words(subject.facts).into_iter().find(|word| Some(word.sequence) == statement.refers);
                found.check(word.is_some(), Code::TargetMissing, "refers");
                let Some(word) = word else { return };
                if word.who != issuer.address {
                    self.roles(found, issuer, &[BUREAU], None);
                }
                let place = (subject.address.number, word.sequence);
                found.name(!word.withdrawn, Code::TargetVoid, "refers", place);
            }
            _ => {}
        }
    }
}
