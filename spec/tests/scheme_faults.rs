//! What a pack's author is told: each row has one fault, and the line and the words that name it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::scheme::Pack;

/// A pack without a fault.
const GOOD: &str = r#"id = "xx-small"
version = "1"
jurisdiction = "XX"
currency = "EUR"
from = "2020-01-01"
to = "2026-12-31"
title = { en = "Small", zh = "小" }

[sources]
act = { cite = "Act § 1", status = "official" }

[[input]]
name = "kind"
label = { en = "Kind", zh = "类别" }
kind = "choice"
choices = { a = { en = "A", zh = "甲" }, b = { en = "B", zh = "乙" } }
default = "'a'"

[[parameter]]
name = "rate"
label = { en = "Rate", zh = "费率" }
unit = "share"
values = [
  { from = "2020-01", value = "0.1", source = "act" },
  { from = "2023-04", value = "0.12", source = "act" },
]

[[define]]
name = "half"
label = { en = "Half", zh = "一半" }
formula = "gross / 2"

[[due]]
name = "contribution"
label = { en = "Contribution", zh = "社会保险费" }
source = "act"
payer = "self"
insurance = "pension"
per = "month"
when = "kind == 'a' and gross > 0"
amount = "rate * half"
"#;

#[test]
fn each_fault_is_named_by_its_line() {
    Pack::read(GOOD).unwrap();
    // What is written, what stands there instead, the line, and words of what is said.
    for (written, instead, line, said) in [
        ("id = \"xx-small\"", "id = \"XX\"", 1, "letters a–z"),
        ("jurisdiction = \"XX\"", "jurisdiction = \"Xx\"", 3, "ISO 3166-1"),
        ("currency = \"EUR\"", "currency = \"euro\"", 4, "ISO 4217"),
        ("from = \"2020-01-01\"\nto", "from = \"2020-13-01\"\nto", 5, "expected a day"),
        ("to = \"2026-12-31\"", "to = \"2019-12-31\"", 6, "before from"),
        ("zh = \"小\"", "de = \"Klein\"", 7, "unknown field"),
        ("status = \"official\"", "status = \"sure\"", 10, "official, reported, disputed, assumed"),
        ("kind = \"choice\"\nchoices", "kind = \"money\"\nchoices", 15, "nothing else, has choices"),
        ("default = \"'a'\"", "default = \"'c'\"", 17, "no input has the choice 'c'"),
        ("default = \"'a'\"", "default = \"if(true, 'a', 'b')\"", 17, "one of its keys"),
        ("unit = \"share\"", "unit = \"percent\"", 22, "expected one of share"),
        ("value = \"0.1\",", "value = 0.1,", 24, "decimal in quotes"),
        ("value = \"0.1\",", "value = \"10 %\",", 24, "expected a decimal"),
        ("value = \"0.1\",", "value = \"0.1\", unknown = \"?\",", 24, "exactly one of value and unknown"),
        ("{ from = \"2020-01\",", "{ from = \"2024-01\",", 25, "do not overlap"),
        (
            "value = \"0.12\", source = \"act\"",
            "value = \"0.12\", source = \"law\"",
            25,
            "no source is named law",
        ),
        ("value = \"0.12\",", "value = \"0.12\", for = \"a\",", 25, "for is of a parameter that has by"),
        ("name = \"half\"", "name = \"rate\"", 29, "named twice"),
        ("name = \"half\"", "name = \"round\"", 29, "word of formulas"),
        ("name = \"half\"", "name = \"Half\"", 29, "a name is"),
        ("\"gross / 2\"", "\"gros / 2\"", 31, "nothing above is named gros"),
        ("\"gross / 2\"", "\"gross / \"", 31, "something is missing at the end"),
        ("\"gross / 2\"", "\"(gross / 2\"", 31, ") is missing before the end"),
        ("\"gross / 2\"", "\"gross 2\"", 31, "an operator is missing before 2"),
        ("\"gross / 2\"", "\"gross / half\"", 31, "nothing above is named half"),
        ("\"gross / 2\"", "\"wage / 2\"", 41, "half uses wage, which has no value here"),
        ("\"gross / 2\"", "\"gross > 2\"", 41, "true or false"),
        ("payer = \"self\"", "payer = \"state\"", 37, "self, platform, employer, subsidy"),
        ("payer = \"self\"", "payer = \"subsidy\"", 37, "relieves another due"),
        ("insurance = \"pension\"", "insurance = \"pensions\"", 38, "an insurance: pension"),
        ("per = \"month\"", "per = \"week\"", 39, "earning, month, year"),
        (
            "when = \"kind == 'a' and gross > 0\"",
            "when = \"gross\"",
            40,
            "a number, and true or false is wanted",
        ),
        ("kind == 'a'", "kind == 'z'", 40, "no input has the choice 'z'"),
        ("kind == 'a'", "kind == 1", 40, "compared with"),
        ("\"rate * half\"", "\"rate * contribution\"", 41, "nothing above is named contribution"),
        ("\"rate * half\"", "\"rate * max(half)\"", 41, "with 2 to 16 numbers"),
        ("\"rate * half\"", "\"rate * table(half)\"", 41, "no function and no table"),
        ("amount = \"rate * half\"", "amounts = \"rate * half\"", 41, "unknown field"),
        ("[[due]]", "[[dues]]", 33, "unknown field"),
        ("[sources]", "[sources", 9, ""),
    ] {
        assert!(GOOD.contains(written), "{written}");
        let text = GOOD.replacen(written, instead, 1);
        let bad = Pack::read(&text).expect_err(instead).0;
        let found = bad.iter().any(|fault| fault.line == line && fault.what.contains(said));
        assert!(found, "{instead}: wanted line {line}: …{said}…, found {bad:?}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let text = GOOD
        .replace("half\"", "round\"")
        .replace("'a' and", "'q' and")
        .replace("per = \"month\"", "per = \"day\"");
    let lines: Vec<usize> = Pack::read(&text).unwrap_err().0.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [29, 39, 40, 41]);
}

#[test]
fn what_would_take_for_ever_is_refused() {
    // Definitions that stand on one another, each twice on the one before: read at once, and reckoned once each.
    let define = |n: usize, formula: String| {
        format!(
            "[[define]]\nname = \"d{n}\"\nlabel = {{ en = \"d\", zh = \"d\" }}\nformula = \"{formula}\"\n"
        )
    };
    let chain = |long: usize| {
        let more: String = (1..long).map(|n| define(n, format!("d{} + d{}", n - 1, n - 1))).collect();
        let due = GOOD.find("[[due]]").unwrap();
        let text = format!("{}{}{more}{}", &GOOD[..due], define(0, "gross".into()), &GOOD[due..]);
        text.replace("rate * half", &format!("rate * d{}", long - 1))
    };
    let pack = Pack::read(&chain(30)).unwrap();
    let question =
        serde_json::from_value(serde_json::json!({"earnings": [{"month": "2026-01", "gross": 100}]}))
            .unwrap();
    let answer = peal_spec::scheme::due(&pack, &question).unwrap();
    assert_eq!(answer.lines[0].amount, 12 << 29);
    let deep = Pack::read(&chain(40)).unwrap_err();
    assert!(deep.0[0].what.contains("stand on one another"), "{deep}");
    let brackets = GOOD.replace("gross / 2", &format!("{}gross{}", "(".repeat(400), ")".repeat(400)));
    assert!(Pack::read(&brackets).unwrap_err().0[0].what.contains("levels"));
    let row = GOOD.replace("gross / 2", &"gross + ".repeat(100)).replace("gross + \"", "gross\"");
    assert!(Pack::read(&row).unwrap_err().0[0].what.contains("levels"));
    let large = format!("{GOOD}# {}", "x".repeat(peal_spec::scheme::MAX_PACK));
    assert!(Pack::read(&large).is_err());
}
