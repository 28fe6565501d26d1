//! A person's 24 words and the keys that come from them. Source: `spec/README.md` §4.

use std::fmt;

use bip39::{Language, Mnemonic};
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::key::{KeyChain, PrivateKey, PublicKey};
use peal_spec::statement::Keys;
use zeroize::{Zeroize as _, Zeroizing};

use crate::trouble::Trouble;

/// How many generations of keys are tried to find the present one.
pub const GENERATIONS: u32 = 512;

/// 32 bytes from the system's random source.
///
/// # Errors
/// Unusable if the system gives none.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Trouble> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|e| {
        Trouble::unusable(
            format!("the system gives no random bytes: {e}"),
            "this machine",
            "mend its random source",
        )
    })?;
    Ok(bytes)
}

/// A random 16-byte seed or posting id.
///
/// # Errors
/// Unusable if the system gives no random bytes.
pub fn random_seed() -> Result<Seed, Trouble> {
    Ok(Seed(*random::<16>()?))
}

/// The entropy behind 24 words; wiped when dropped, never printed but by [`Words::phrase`].
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Zeroizing<[u8; 32]>);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(…)")
    }
}

impl Words {
    /// From 32 random bytes.
    pub fn new(entropy: Zeroizing<[u8; 32]>) -> Self {
        Self(entropy)
    }

    /// Fresh words.
    ///
    /// # Errors
    /// Unusable if the system gives no random bytes.
    pub fn generate() -> Result<Self, Trouble> {
        random().map(Self)
    }

    /// Reads 24 English words.
    ///
    /// # Errors
    /// Unusable, naming the word at fault by its place, but never repeating one.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let bad = |what: String| {
            Err(Trouble::unusable(
                what,
                "the words",
                "copy the 24 words again, in their order, with a space between",
            ))
        };
        let lower = Zeroizing::new(text.trim().to_lowercase());
        let mut mnemonic = match Mnemonic::parse_in_normalized(Language::English, &lower) {
            Ok(mnemonic) => mnemonic,
            Err(bip39::Error::UnknownWord(at)) => {
                return bad(format!("word {} is not in the list of words", at + 1));
            }
            Err(bip39::Error::InvalidChecksum) => {
                return bad("the words do not belong together: one is wrong or misplaced".into());
            }
            Err(_) => return bad("these are not 24 words".into()),
        };
        let (mut bytes, length) = mnemonic.to_entropy_array();
        mnemonic.zeroize();
        let mut entropy = Zeroizing::new([0; 32]);
        entropy.copy_from_slice(&bytes[..32]);
        bytes.zeroize();
        if length == 32 {
            Ok(Self(entropy))
        } else {
            bad(format!("these are {} words, not 24", length * 3 / 4))
        }
    }

    /// The 32 bytes, for the wallet file.
    pub(crate) fn entropy(&self) -> &[u8; 32] {
        &self.0
    }

    fn mnemonic(&self) -> Option<Zeroizing<Mnemonic>> {
        // 32 bytes always make 24 words.
        Mnemonic::from_entropy_in(Language::English, self.0.as_slice()).ok().map(Zeroizing::new)
    }

    /// The words, to be shown to their owner.
    pub fn phrase(&self) -> Zeroizing<String> {
        let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
        for word in self.mnemonic().iter().flat_map(|m| m.words()) {
            if !phrase.is_empty() {
                phrase.push(' ');
            }
            phrase.push_str(word);
        }
        phrase
    }

    /// The keys.
    pub fn chain(&self) -> Chain {
        let mut seed = self.mnemonic().map(|m| m.to_seed_normalized("")).unwrap_or([0; 64]);
        let chain = KeyChain::new(seed);
        seed.zeroize();
        Chain(chain)
    }
}

/// The keys of one person.
pub struct Chain(KeyChain);

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain(…)")
    }
}

impl Chain {
    /// The signing key of a generation.
    pub fn signing(&self, generation: u32) -> PrivateKey {
        self.0.signing(generation)
    }

    /// The reading key of a generation.
    pub fn reading(&self, generation: u32) -> PrivateKey {
        self.0.reading(generation)
    }

    /// What an account says of its keys in a generation: signing key, commitment to the next, reading key.
    pub fn keys(&self, generation: u32) -> Keys {
        Keys {
            key: self.signing(generation).public(),
            next: self.signing(generation + 1).public().commitment(),
            reading: self.reading(generation).public(),
        }
    }

    /// The generation of a signing key, if it is one of this person's.
    pub fn generation(&self, key: &PublicKey) -> Option<u32> {
        (0..GENERATIONS).find(|n| self.signing(*n).public() == *key)
    }

    /// The seed of a statement: a one-way function of the secret at `seed/0` and of all that the statement says, so that the same statement
    /// has the same seed and another one another.
    pub fn statement_seed(&self, content: &[&[u8]]) -> Seed {
        let mut data = Zeroizing::new(self.0.derive("seed/0").to_vec());
        for part in content {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        let Hash(full) = plain(&data);
        let mut seed = [0; 16];
        seed.copy_from_slice(&full[..16]);
        Seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        let words = Words::new(Zeroizing::new([7; 32]));
        let phrase = words.phrase();
        assert_eq!(phrase.split(' ').count(), 24);
        assert!(Words::parse(&phrase).unwrap() == words);
        assert!(Words::parse(&format!("  {}\n", phrase.to_uppercase().replace(' ', "\n"))).unwrap() == words);
        assert_eq!(format!("{words:?} {:?}", words.chain()), "Words(…) Chain(…)");
    }

    #[test]
    fn wrong_words_are_named_by_place_only() {
        let words = Words::new(Zeroizing::new([7; 32]));
        let mut list: Vec<String> = words.phrase().split(' ').map(str::to_owned).collect();
        list[4] = "secretword".into();
        let trouble = Words::parse(&list.join(" ")).unwrap_err();
        assert_eq!(trouble.what, "word 5 is not in the list of words");
        list[4] = "zoo".into();
        assert!(Words::parse(&list.join(" ")).unwrap_err().what.contains("do not belong together"));
        let twelve = "abandon ".repeat(11) + "about";
        assert_eq!(Words::parse(&twelve).unwrap_err().what, "these are 12 words, not 24");
    }

    #[test]
    fn a_rotated_key_is_found() {
        let chain = Words::new(Zeroizing::new([7; 32])).chain();
        assert_eq!(chain.generation(&chain.signing(3).public()), Some(3));
        assert_eq!(chain.keys(2).next, chain.signing(3).public().commitment());
        assert_ne!(chain.statement_seed(&[b"ab", b"c"]), chain.statement_seed(&[b"a", b"bc"]));
    }
}
