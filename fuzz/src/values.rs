//! Small texts: addresses, times, months, amounts, currencies, insurances, origins, and the header of a signed read.

use std::fmt::Display;
use std::str::FromStr;

use peal_spec::address::Address;
use peal_spec::signed_read;
use peal_spec::value::{AMOUNT_MAX, Currency, Insurance, Month, Origin, Text, Time};

use crate::seeds::{Seeds, WORLD, text_of};

/// Reads the text as each of them.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    exact::<Time>(text);
    exact::<Month>(text);
    exact::<Currency>(text);
    exact::<Origin>(text);
    exact::<Text<32>>(text);
    exact::<Text<64>>(text);
    if let Ok(insurance) = text.parse::<Insurance>() {
        assert_eq!(insurance.to_string().parse(), Ok(insurance));
    }
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text.to_ascii_lowercase(), "an address has one text, in either case");
        mistype(text);
    }
    for currency in ["CNY", "JPY", "KWD", "CLF"] {
        let currency: Currency = currency.parse().unwrap();
        if let Ok(minor) = currency.parse_amount(text) {
            assert!(minor <= AMOUNT_MAX);
            assert_eq!(currency.parse_amount(&currency.format(minor)), Ok(minor));
        }
    }
    if let Some((created, keyid, parameters)) = signed_read::read_input(text) {
        assert_eq!(
            signed_read::parameters(created, keyid),
            parameters,
            "the one form that is read is the one written"
        );
        assert_eq!(format!("peal={parameters}"), text);
    }
    // Eight bytes as a time: every time that there is has one text.
    if let Some(bytes) = data.first_chunk::<8>()
        && let Some(time) = Time::new(u64::from_be_bytes(*bytes) >> 24)
    {
        let (year, ..) = time.date();
        assert!(year > 9999 || time.to_string().parse() == Ok(time));
    }
}

/// What is read is written back.
fn exact<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

/// Bech32m catches every letter that is changed.
fn mistype(text: &str) {
    for at in 5..text.len() {
        let mut other = text.to_ascii_lowercase().into_bytes();
        other[at] = if other[at] == b'q' { b'p' } else { b'q' };
        let other = String::from_utf8(other).expect("an address is ASCII");
        assert!(other.parse::<Address>().is_err(), "{other} is mistyped");
    }
}

/// The vectors, and one of each.
pub fn seeds() -> Seeds {
    let mut seeds = text_of("address", "text");
    seeds.extend(text_of("signed-read", "input"));
    seeds.extend(WORLD.book.accounts.iter().map(|a| a.address.to_string().into_bytes()));
    let texts = [
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-10",
        "CNY",
        "1234.56",
        "work-injury",
        "65535",
        "ledger.example/2026",
    ];
    seeds.extend(texts.map(|t| t.as_bytes().to_vec()));
    seeds
}
