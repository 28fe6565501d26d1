//! Texts of limited length, kept in place: a statement is read without asking for memory for them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::value::BadValue;

/// Text of at most `MAX` bytes (below 256), not empty, without control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Text<const MAX: usize> {
    length: u8,
    /// The text's UTF-8, and zeros after it.
    utf8: [u8; MAX],
}

const BAD: BadValue = BadValue("a text that is not empty, not too long, and without control characters");

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        // Checked when it was made.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// UTF-8 without control characters, unless it is empty or too long.
    #[inline]
    fn copied(from: &[u8]) -> Option<Self> {
        let mut utf8 = [0; MAX];
        utf8.get_mut(..from.len())?.copy_from_slice(from);
        (!from.is_empty()).then_some(Self { length: u8::try_from(from.len()).ok()?, utf8 })
    }

    /// The text's UTF-8.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.utf8[..usize::from(self.length)]
    }
}

/// Whether no byte is anything but a printable ASCII character or part of a longer one. Looks at all of them, which is faster than to stop.
#[inline]
fn printable(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & (0x20..0x7f).contains(byte))
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        if !printable(text.as_bytes()) && text.chars().any(char::is_control) {
            return Err(BAD);
        }
        Self::copied(text.as_bytes()).ok_or(BAD)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const MAX: usize> Hash for Text<MAX> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl<const MAX: usize> PartialOrd for Text<MAX> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<const MAX: usize> Ord for Text<MAX> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<const MAX: usize> Cbor for Text<MAX> {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.text_of(self.as_bytes());
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a text within its limits");
        let mut plain = false;
        let utf8 = r.utf8(|bytes| {
            plain = printable(bytes);
            plain
        })?;
        if plain {
            return Self::copied(utf8).ok_or(fault);
        }
        std::str::from_utf8(utf8).ok().and_then(|text| text.parse().ok()).ok_or(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_it_was_made_of_or_is_refused() {
        for good in ["a", "12345678", "Zhèjiāng", "浙江", "a b\u{ad}"] {
            let text: Text<8> = match good.parse() {
                Ok(text) => text,
                Err(_) => {
                    assert!(good.len() > 8, "{good}");
                    good.parse::<Text<16>>().unwrap();
                    continue;
                }
            };
            assert_eq!((text.as_str(), text.to_string().as_str()), (good, good));
            assert_eq!(Text::<8>::from_bytes(&text.to_bytes()).unwrap(), text);
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(json, format!("\"{good}\""));
            assert_eq!(serde_json::from_str::<Text<8>>(&json).unwrap(), text);
        }
        for bad in ["", "123456789", "a\n", "\u{7f}", "\u{85}", "é\u{9f}"] {
            bad.parse::<Text<8>>().unwrap_err();
            assert!(serde_json::from_str::<Text<8>>(&serde_json::to_string(bad).unwrap()).is_err());
        }
        let long = "x".repeat(300);
        long.parse::<Text<128>>().unwrap_err();
    }

    #[test]
    fn texts_stand_in_the_order_of_their_bytes() {
        let mut texts: Vec<Text<8>> =
            ["b", "ab", "a", "é", "ba"].iter().map(|t| t.parse().unwrap()).collect();
        texts.sort();
        let sorted: Vec<&str> = texts.iter().map(Text::as_str).collect();
        assert_eq!(sorted, ["a", "ab", "b", "ba", "é"]);
    }
}
