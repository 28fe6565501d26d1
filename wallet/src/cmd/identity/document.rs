//! A document as a clerk gives it.

use std::io::BufRead as _;

use peal_spec::identity::Document;
use peal_wallet::trouble::Trouble;

/// Reads a document, as given or, for `-`, from the first line of standard input. Spaces and hyphens in its number do not matter, nor do small
/// letters. A Chinese resident's number must have the check digit that belongs to it: one that is mistyped would be another person.
pub(super) fn read(given: &str) -> Result<Document, Trouble> {
    let mut line = String::new();
    let given = if given == "-" {
        std::io::stdin().lock().read_line(&mut line).map_err(|e| {
            Trouble::unusable(
                format!("the document cannot be read: {e}"),
                "standard input",
                "give it with --document",
            )
        })?;
        line.trim()
    } else {
        given
    };
    // The number is nobody's to see in a message.
    let bad = |what: &str| {
        Trouble::unusable(
            what,
            "--document",
            "write it as COUNTRY:kind:NUMBER, CN:resident-id:11010519491231002X",
        )
    };
    let (kind, number) = given.rsplit_once(':').ok_or_else(|| bad("this is no document"))?;
    let number: String = number.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let number = number.to_uppercase();
    let document: Document = format!("{kind}:{number}").parse().map_err(|_| bad("this is no document"))?;
    if document.country() == "CN" && document.kind() == "resident-id" && !is_resident_id(document.number()) {
        return Err(bad(
            "this resident's number has not 18 digits, or another check digit: one of them is mistyped",
        ));
    }
    Ok(document)
}

/// Kinds of documents, as `CN:resident-id`.
pub(super) fn kinds(given: &[String]) -> Result<Vec<String>, Trouble> {
    let good = |kind: &&String| format!("{kind}:1").parse::<Document>().is_err();
    match given.iter().find(good) {
        None => Ok(given.to_vec()),
        Some(bad) => Err(Trouble::unusable(
            format!("{bad} is no kind of document"),
            "--kinds",
            "write it as COUNTRY:kind, CN:resident-id",
        )),
    }
}

/// Whether a number has 17 digits and the check digit of GB 11643 (ISO 7064, MOD 11-2).
fn is_resident_id(number: &str) -> bool {
    let Some((digits, [check])) = number.as_bytes().split_first_chunk::<17>() else { return false };
    let sum = digits.iter().try_fold(0u32, |sum, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some((sum + digit) * 2 % 11)
    });
    let expected = sum.map(|sum| (12 - sum) % 11);
    let given = if *check == b'X' { Some(10) } else { char::from(*check).to_digit(10) };
    expected.is_some() && expected == given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_tidied_and_checked() {
        for (given, tidy) in [
            ("CN:resident-id:11010519491231002X", "CN:resident-id:11010519491231002X"),
            ("CN:resident-id:110105 19491231 002x", "CN:resident-id:11010519491231002X"),
            ("CN:resident-id:440524188001010014", "CN:resident-id:440524188001010014"),
            ("IN:uan:1004-2760-7286", "IN:uan:100427607286"),
            ("FR:passport:12ab34567", "FR:passport:12AB34567"),
        ] {
            assert_eq!(read(given).unwrap().to_string(), tidy);
        }
        for given in [
            "",
            "11010519491231002X",
            "CN:resident-id:110105194912310021",
            "CN:resident-id:11010519491231003X",
            "CN:resident-id:1101051949123100",
            "CN:resident-id:X1010519491231002X",
            "CN:Resident-id:11010519491231002X",
            "FR:passport:12*34",
        ] {
            let trouble = read(given).unwrap_err().to_string();
            let number = given.rsplit(':').next().unwrap_or_default();
            // The example in the message is nobody's.
            let said = trouble.replace("11010519491231002X", "");
            assert!(number.len() < 5 || !said.contains(number), "{trouble}");
        }
    }
}
