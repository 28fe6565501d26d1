//! Pictures of projections: that they are whole XML, show the projection's numbers, and obey no label.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::scheme::{Lang, Pack, ProjectQuestion, Projection, Status, project, svg};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn bring(id: &str, question: Json) -> Projection {
    let question: ProjectQuestion = serde_json::from_value(question).unwrap();
    project(&Pack::shipped(id).unwrap().unwrap(), &question).unwrap()
}

fn flexible() -> Projection {
    let with = json!({"class": "men", "region": "beijing", "level": "0.6"});
    bring("cn-flexible-pension", json!({"born": "1995-03", "first": "2026-12", "with": with}))
}

/// The texts of a picture, once it is found to be one element whose tags close in order and whose attributes stand in quotes.
fn texts(svg: &str) -> Vec<String> {
    let (mut open, mut texts, mut rest) = (Vec::new(), Vec::new(), svg);
    let plain = |text: &str| {
        let mut out = text.to_owned();
        for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            assert!(text.split('&').skip(1).all(|after| {
                ["lt;", "gt;", "quot;", "#39;", "amp;"].iter().any(|known| after.starts_with(known))
            }));
            out = out.replace(entity, c);
        }
        out
    };
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(
            !text.contains('>') && (!open.is_empty() || text.trim().is_empty() && rest.len() == svg.len())
        );
        if open.last() == Some(&"text") || open.last() == Some(&"title") {
            texts.push(plain(text));
        } else {
            assert_eq!(text.trim(), "");
        }
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag ends");
        assert!(!tag.contains('<'));
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            if open.is_empty() {
                break;
            }
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            ["svg", "title", "defs", "pattern", "rect", "text", "line", "circle", "polyline"].contains(&name),
            "{name}"
        );
        let mut seen = Vec::new();
        while !attributes.is_empty() {
            let (key, value) = attributes.split_once("=\"").expect("an attribute in quotes");
            assert!(
                key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:".contains(&b)) && !seen.contains(&key),
                "{key}"
            );
            assert!(!key.starts_with("on") && !key.contains("href") && key != "style");
            seen.push(key);
            let (value, after) = value.split_once('"').unwrap();
            plain(value);
            attributes = after.trim_start();
        }
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    texts
}

/// Minor units of CNY with thin spaces.
fn money(minor: u64) -> String {
    let whole = (minor / 100).to_string();
    let parts: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap()).collect();
    format!("{}.{:02}", parts.join("\u{2009}"), minor % 100)
}

#[test]
fn a_picture_shows_the_projections_numbers() {
    let reform = bring("cn-reform", json!({"born": "1995-03", "first": "2026-12", "with": {"class": "men"}}));
    for projection in [flexible(), reform] {
        for lang in [Lang::En, Lang::Zh] {
            let drawn = svg(&projection, lang);
            assert_eq!(drawn, svg(&projection, lang));
            let texts = texts(&drawn);
            let says =
                |part: &str| assert!(texts.iter().any(|text| text.contains(part)), "{part} in {texts:#?}");
            says(lang.of(&projection.scheme.title));
            says(&format!("{} {}", projection.scheme.id, projection.scheme.version));
            for out in projection.scenarios.iter().filter_map(|way| way.outcome.as_ref()) {
                says(&money(out.paid));
                says(&money(out.balance));
                says(&out.retires);
                out.pension.into_iter().chain(out.today).for_each(|amount| says(&money(amount)));
                [out.subsidy, out.others]
                    .into_iter()
                    .filter(|some| *some > 0)
                    .for_each(|some| says(&money(some)));
                if let Some(even) = out.break_even.filter(|_| out.paid > 0) {
                    let (years, months) = (even / 12, even % 12);
                    says(&match lang {
                        Lang::En => format!("at {years} years {months} month"),
                        Lang::Zh => format!("{years} 岁 {months} 个月时"),
                    });
                }
            }
            for cell in &projection.grid.as_ref().unwrap().cells {
                let brings = cell.brings.as_ref().unwrap();
                match (brings.today, lang) {
                    (Some(today), _) => says(&money(today)),
                    (None, Lang::En) => says(&format!("{} months short", brings.missing)),
                    (None, Lang::Zh) => says(&format!("还差 {} 个月", brings.missing)),
                }
            }
            let assumed = projection.assumptions.iter().filter(|reason| reason.status == Status::Assumed);
            assumed
                .filter_map(|reason| reason.value.as_deref())
                .filter(|value| value.len() < 5)
                .for_each(says);
        }
    }
    let texts = texts(&svg(&flexible(), Lang::En));
    for part in [
        "4\u{2009}508.75",
        "11\u{2009}610.41 in the money of 2058",
        "what you paid is back at 69 years 7 months",
    ] {
        assert!(texts.iter().any(|text| text == part), "{part} in {texts:#?}");
    }
}

#[test]
fn what_was_not_reckoned_says_why() {
    let projection = bring(
        "cn-flexible-pension",
        json!({"born": "1995-03", "first": "2026-12", "with": {"class": "men"}}),
    );
    let all = texts(&svg(&projection, Lang::En)).join(" ");
    assert!(
        all.contains("Not reckoned (2026-12): average_wage is not known") && all.contains("not reckoned"),
        "{all}"
    );
}

#[test]
fn labels_are_obeyed_by_nothing() {
    let mut projection = flexible();
    let hostile = "</text><script>alert('1')</script> & \"x\" onload=\"y\" ]]> \u{202e}\u{0}\u{1b}[31m";
    for label in [
        &mut projection.scheme.title,
        &mut projection.scenarios[0].label,
        &mut projection.assumptions[0].label,
    ] {
        hostile.clone_into(&mut label.en);
        label.zh = "很长".repeat(2000);
    }
    hostile.clone_into(&mut projection.scheme.version);
    projection.assumptions[1].value = Some("9".repeat(300));
    let drawn = svg(&projection, Lang::En);
    assert!(!drawn.contains("<script") && !drawn.contains('\u{202e}'));
    assert!(texts(&drawn).iter().any(|text| text.contains("</text><script>")));
    texts(&svg(&projection, Lang::Zh));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the numbers and labels are, there is a picture.
    #[test]
    fn there_is_always_a_picture(label in "\\PC{0,200}", numbers in proptest::collection::vec(any::<u64>(), 8), months in proptest::collection::vec(0u32..15_000, 0..6), code in "CNY|JPY|KWD|luck") {
        let mut projection = flexible();
        projection.currency = code;
        for (n, way) in projection.scenarios.iter_mut().enumerate() {
            way.label.en.clone_from(&label);
            let out = way.outcome.as_mut().unwrap();
            (out.paid, out.subsidy, out.others, out.balance) = (numbers[0], numbers[1] >> n, numbers[2], numbers[3]);
            (out.today, out.pension, out.once, out.break_even) = (Some(numbers[4]), Some(numbers[5]), Some(numbers[6]), Some(numbers[7]));
            out.path = months.iter().map(|month| (format!("{:04}-{:02}", 1970 + month / 12, month % 12 + 1), 0, numbers[n % 8])).collect();
        }
        if let Some(grid) = &mut projection.grid {
            for (cell, number) in grid.cells.iter_mut().zip(&numbers) {
                (cell.years, cell.value) = (*number, label.clone());
            }
        }
        texts(&svg(&projection, Lang::En));
    }
}
