//! The passbook: an account as its owner reads it. A grid of months for each insurance, who paid, and what it adds up to; what was awarded and
//! paid out; for whom she worked; what she claims, and how far that is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::rights::Outcome;
use peal_spec::target::{Claimed, Stage, Turn};
use peal_spec::value::{Currency, Month, Time};
use peal_spec::verify::{
    AwardShown, ClaimShown, EngagementShown, EntryShown, FlowShown, Standing, TotalShown, Verdict,
};

use crate::layout::{Style, clean, short, span, table};

/// What a month's contributions to one insurance amount to: the state of the one that is furthest from settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Standing,
    Corrected,
    Settled,
    Refunded,
    Void,
}

impl Mark {
    const ALL: [Mark; 5] = [Mark::Settled, Mark::Standing, Mark::Corrected, Mark::Refunded, Mark::Void];

    fn of(entry: &EntryShown) -> Self {
        match entry.standing {
            Standing::Settled if entry.refunded.is_some() && entry.refunded >= entry.amount => Mark::Refunded,
            Standing::Settled => Mark::Settled,
            Standing::Void => Mark::Void,
            Standing::Corrected => Mark::Corrected,
            Standing::Standing | Standing::NotKnown => Mark::Standing,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Mark::Settled => "●",
            Mark::Standing => "○",
            Mark::Corrected => "◐",
            Mark::Refunded => "↺",
            Mark::Void => "×",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Mark::Settled => "settled: the fund has the money",
            Mark::Standing => "standing: posted, not settled yet",
            Mark::Corrected => "corrected, not settled yet",
            Mark::Refunded => "refunded: the fund gave all of it back",
            Mark::Void => "void",
        }
    }

    fn colour(self) -> u8 {
        match self {
            Mark::Settled => 32,
            Mark::Standing => 33,
            Mark::Corrected => 36,
            Mark::Refunded => 35,
            Mark::Void => 31,
        }
    }
}

/// An amount with its currency, as far as both are known.
pub fn money(minor: Option<u64>, currency: Option<&str>) -> String {
    let currency = currency.and_then(|c| c.parse::<Currency>().ok());
    match (minor, currency) {
        (Some(minor), Some(currency)) => format!("{} {currency}", currency.format(minor)),
        _ => "withheld".to_owned(),
    }
}

/// An amount without its currency.
fn figure(minor: Option<u64>, entry: &EntryShown) -> String {
    let currency = entry.currency.as_deref().and_then(|c| c.parse::<Currency>().ok());
    minor.zip(currency).map_or("withheld".to_owned(), |(minor, currency)| currency.format(minor))
}

/// The totals of one insurance on one line for each currency.
pub fn totals(shown: &[TotalShown], insurance: &str) -> Vec<String> {
    let of = shown.iter().filter(|t| t.insurance == insurance);
    of.map(|t| {
        let money = |minor| money(Some(minor), Some(&t.currency));
        format!(
            "posted {}, of it credited {}; settled {}, of it credited {}",
            money(t.posted),
            money(t.posted_credited),
            money(t.settled),
            money(t.settled_credited)
        )
    })
    .collect()
}

/// What went back, was paid out and was added, as far as anything was.
pub fn flow(shown: &FlowShown) -> String {
    let money = |minor| money(Some(minor), Some(&shown.currency));
    let FlowShown { refunded, refunded_credited, paid, interest, .. } = shown;
    let parts = [
        (*refunded, format!("refunded {}, of it credited {}", money(*refunded), money(*refunded_credited))),
        (*paid, format!("benefits {}", money(*paid))),
        (*interest, format!("interest {}", money(*interest))),
    ];
    parts.into_iter().filter(|(minor, _)| *minor > 0).map(|(_, text)| text).collect::<Vec<_>>().join("; ")
}

/// Months and the amount in each of them, one step after the other: `2 months of 900.00, then 10 of 700.00 CNY`.
pub fn steps(steps: &[(u64, u64)], currency: &str) -> String {
    let known = currency.parse::<Currency>().ok();
    let one = |(i, (months, amount)): (usize, &(u64, u64))| {
        let amount = known.map_or_else(|| amount.to_string(), |c| c.format(*amount));
        let word = if *months == 1 { " month" } else { " months" };
        format!("{months}{} of {amount}", if i == 0 { word } else { "" })
    };
    let all: Vec<String> = steps.iter().enumerate().map(one).collect();
    format!("{} {}", all.join(", then "), clean(currency))
}

/// What an award gives, and what was paid of it.
pub fn award(shown: &AwardShown) -> String {
    let currency = shown.currency.as_deref();
    let gives = match (&shown.steps, currency) {
        (Some(gives), Some(currency)) => steps(gives, currency),
        _ => "withheld".to_owned(),
    };
    let paid = match shown.paid {
        Some(0) => "nothing paid".to_owned(),
        Some(paid) => format!("paid {}", money(Some(paid), currency)),
        None => "what was paid is not known".to_owned(),
    };
    let ended = match shown.void {
        Some(true) => "; ended",
        Some(false) => "",
        None => "; perhaps ended",
    };
    let scheme = clean(shown.scheme.as_deref().unwrap_or("withheld"));
    format!("{scheme}, from {} on: {gives}; {paid}{ended}", shown.month)
}

/// What was worked for one payer.
#[derive(Default)]
struct Work {
    /// Engagements, those that are void left out.
    count: u64,
    /// Those of them of which it is not known whether they are void.
    unsure: u64,
    /// Orders, as far as they are shown.
    orders: u64,
    /// Sums by currency, in minor units.
    earned: BTreeMap<String, u64>,
}

/// For whom was worked, in the order of their first engagements: how many, how many orders, what was earned.
pub fn work(shown: &[EngagementShown]) -> Vec<String> {
    let mut payers: Vec<(String, Work)> = Vec::new();
    for engagement in shown.iter().filter(|e| e.void != Some(true)) {
        let issuer = engagement.issuer.as_deref().map_or_else(|| "withheld".into(), short);
        let at = payers.iter().position(|(known, _)| *known == issuer).unwrap_or_else(|| {
            payers.push((issuer, Work::default()));
            payers.len() - 1
        });
        let work = &mut payers[at].1;
        work.count += 1;
        work.unsure += u64::from(engagement.void.is_none());
        work.orders = work.orders.saturating_add(engagement.orders.unwrap_or(0));
        if let (Some(earned), Some(currency)) = (engagement.earned, &engagement.currency) {
            let sum = work.earned.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(earned);
        }
    }
    let plural = |n: u64, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let line = |(issuer, work): (String, Work)| {
        let unsure = if work.unsure > 0 { format!(" ({} perhaps void)", work.unsure) } else { String::new() };
        let earned: Vec<String> = work.earned.iter().map(|(c, sum)| money(Some(*sum), Some(c))).collect();
        let earned = if earned.is_empty() { "withheld".to_owned() } else { earned.join(", ") };
        let orders =
            if work.orders > 0 { format!(", {}", plural(work.orders, "order")) } else { String::new() };
        format!("for {issuer}: {}{unsure}{orders}, earned {earned}", plural(work.count, "engagement"))
    };
    payers.into_iter().map(line).collect()
}

/// Which records are erased, if any are.
pub fn erased(verdict: &Verdict) -> Option<String> {
    let records: Vec<String> = verdict.erased.iter().map(ToString::to_string).collect();
    let word = if records.len() == 1 { "record" } else { "records" };
    let say = |list: String| format!("{word} {list}: the ledger has been told to forget what stood there");
    (!records.is_empty()).then(|| say(records.join(", ")))
}

/// That somebody has to act, and until when; and whether that is past.
pub fn deadline(who: &str, until: Option<Time>, now: Time) -> (String, bool) {
    match until {
        Some(until) if until < now => (format!("{who} is LATE: it had until {until}"), true),
        Some(until) => (format!("{who} has until {until}"), false),
        None => (format!("it is the turn of {who}"), false),
    }
}

/// Whose turn it is on a claim and until when, as the ledger stood at `time`: what came after that is not shown.
fn turn(shown: &ClaimShown, stage: Stage, time: Time) -> Option<String> {
    let nobody = Address { number: 0, id: Hash::default() };
    let by: Option<Time> = shown.by.as_ref().and_then(|by| by.parse().ok());
    let claimed = Claimed {
        party: nobody,
        bureau: nobody,
        insurance: None,
        filed: shown.filed.parse().ok()?,
        stage,
        accepts: None,
        ruled: by.map(|by| (Outcome::Upheld, Some(by))),
    };
    let (turn, until) = claimed.clock(time);
    let who = match turn {
        Turn::Party => "the party",
        // The verdict does not say what was answered; either has the same time.
        Turn::Bureau if stage == Stage::Answered => "the bureau, or the party if it accepts,",
        Turn::Bureau => "the bureau",
        Turn::Person => return Some("it is the person's to close".to_owned()),
        Turn::Nobody => return None,
    };
    Some(deadline(who, until, time).0)
}

/// What is claimed, how far it is, and whose turn it is, as the ledger stood at `time`.
pub fn claim(shown: &ClaimShown, time: &str) -> String {
    let party = |address: &Option<String>| short(address.as_deref().unwrap_or("withheld"));
    let what = match shown.kind {
        Some(kind) => {
            let about = [&shown.insurance, &shown.months].into_iter().flatten();
            let about: String = about.map(|part| format!(", {part}")).collect();
            format!("{kind}{about}, against {} before {}", party(&shown.party), party(&shown.bureau))
        }
        None => "withheld".to_owned(),
    };
    let remedy: Vec<String> = shown.remedy.iter().map(ToString::to_string).collect();
    let remedy =
        if remedy.is_empty() { String::new() } else { format!("remedied by record {}", remedy.join(", ")) };
    let stage = match shown.stage {
        Some(Stage::Remedied) if !remedy.is_empty() => remedy,
        Some(stage) if !remedy.is_empty() => format!("{}, {remedy}", stage.word()),
        Some(stage) => stage.word().to_owned(),
        None => "how far it is is not known".to_owned(),
    };
    let turn = time.parse().ok().zip(shown.stage).and_then(|(time, stage)| turn(shown, stage, time));
    format!("{what}: {stage}{}", turn.map_or_else(String::new, |turn| format!("; {turn}")))
}

/// A table of engagements.
pub fn engagements(shown: &[EngagementShown], style: Style) -> String {
    let text = |t: &Option<String>| clean(t.as_deref().unwrap_or_default());
    let row = |e: &EngagementShown| {
        let standing = match e.void {
            Some(false) => Standing::Standing,
            Some(true) => Standing::Void,
            None => Standing::NotKnown,
        };
        vec![
            e.sequence.to_string(),
            e.month.clone(),
            e.start.clone().unwrap_or_else(|| "withheld".into()),
            text(&e.end),
            e.orders.map_or_else(String::new, |n| n.to_string()),
            text(&e.place),
            money(e.earned, e.currency.as_deref()),
            standing.word().to_owned(),
            short(&e.issuer.clone().unwrap_or_else(|| "withheld".into())),
            text(&e.reference),
        ]
    };
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    let titles =
        [">no", "month", "start", "end", ">orders", "place", ">earned", "standing", "for", "reference"];
    table(&titles, &rows, style.width)
}

/// A table of contributions; what was refunded has its columns where anything was.
pub fn entries(shown: &[EntryShown], style: Style) -> String {
    let text = |t: &Option<String>| clean(t.as_deref().unwrap_or("withheld"));
    let refunds = shown.iter().any(|e| e.refunded.is_some());
    let row = |e: &EntryShown| {
        let mut standing = e.standing.word().to_owned();
        if e.corrected && matches!(e.standing, Standing::Settled) {
            standing.push_str(" (corrected)");
        }
        let beside = [("matches", e.matches), ("by consent", e.by_consent)].into_iter();
        let beside = beside.filter_map(|(how, at)| at.map(|sequence| format!(", {how} {sequence}")));
        let back = |minor| if e.refunded.is_some() { figure(minor, e) } else { String::new() };
        let what = [e.sequence.to_string(), e.month.clone(), text(&e.insurance), text(&e.scheme)];
        let sums = [figure(e.amount, e), figure(e.credited, e)];
        let back = if refunds { vec![back(e.refunded), back(e.received)] } else { Vec::new() };
        let rest = [
            text(&e.currency),
            standing,
            text(&e.source) + &beside.collect::<String>(),
            short(&text(&e.issuer)),
        ];
        what.into_iter().chain(sums).chain(back).chain(rest).chain([text(&e.reference)]).collect()
    };
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    let mut titles = vec![">no", "month", "insurance", "scheme", ">amount", ">credited"];
    titles.extend([">refunded", ">received"].iter().filter(|_| refunds));
    titles.extend(["currency", "standing", "paid by", "address", "reference"]);
    table(&titles, &rows, style.width)
}

fn grid(out: &mut String, of: &[&EntryShown], style: Style) {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut marks: BTreeMap<u32, BTreeMap<u32, Mark>> = BTreeMap::new();
    for entry in of {
        let Ok(month) = entry.month.parse::<Month>() else { continue };
        let mark = marks.entry(month.year()).or_default().entry(month.of_year()).or_insert(Mark::Void);
        *mark = (*mark).min(Mark::of(entry));
    }
    let narrow = style.width < 64;
    let cell = |name: &str| if narrow { format!(" {}", &name[..1]) } else { format!(" {name}") };
    let _ = writeln!(out, "        {}", NAMES.map(cell).concat());
    for (year, months) in marks {
        let signs = (1..=12).map(|m| {
            let sign = months.get(&m).map_or("·".to_owned(), |mark| style.paint(mark.colour(), mark.sign()));
            if narrow { format!(" {sign}") } else { format!("  {sign} ") }
        });
        let row: String = signs.collect();
        let _ = writeln!(out, "    {year}{}", row.trim_end());
    }
}

/// Writes the passbook. `synced` is when the copy was fetched, none for a history that is not kept up to date; `list` whether every entry is listed.
pub fn render(verdict: &Verdict, synced: Option<Time>, list: bool, style: Style) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<10} {text}");
    };
    line("address", &verdict.address);
    line("ledger", &format!("{}, {} entries at {}", clean(&verdict.origin), verdict.size, verdict.time));
    if let Some(synced) = synced {
        line("synced", &synced.to_string());
    }
    line("age", &format!("{} ({})", span(verdict.age), verdict.freshness));
    let names = |list: &[String]| clean(&list.join(", "));
    line(
        "witnesses",
        &if verdict.witnesses.is_empty() {
            "none: rests on the operator".to_owned()
        } else {
            names(&verdict.witnesses)
        },
    );
    if !verdict.auditors.is_empty() {
        line("auditors", &names(&verdict.auditors));
    }
    line("records", &verdict.records.total.to_string());
    if let Some(text) = erased(verdict) {
        line("erased", &text);
    }

    let mut used: BTreeSet<Mark> = BTreeSet::new();
    used.extend(verdict.entries.iter().map(Mark::of));
    let named = |insurance: &Option<String>| insurance.clone().unwrap_or_else(|| "withheld".into());
    let mut insurances: Vec<String> = Vec::new();
    let paid = verdict.entries.iter().map(|e| named(&e.insurance));
    let awarded = verdict.awards.iter().map(|a| named(&a.insurance));
    for name in paid.chain(awarded).chain(verdict.flows.iter().map(|f| f.insurance.clone())) {
        if !insurances.contains(&name) {
            insurances.push(name);
        }
    }
    if insurances.is_empty() {
        out.push_str("\n  no contributions yet\n");
    }
    for insurance in &insurances {
        let of: Vec<&EntryShown> =
            verdict.entries.iter().filter(|e| named(&e.insurance) == *insurance).collect();
        let _ = writeln!(out, "\n{}", style.paint(1, insurance));
        if !of.is_empty() {
            grid(&mut out, &of, style);
        }
        for months in verdict.months.iter().filter(|m| m.insurance == *insurance) {
            let count = if months.months == 1 {
                "1 month counts".to_owned()
            } else {
                format!("{} months count", months.months)
            };
            let _ = writeln!(out, "    {count}, {} of them settled", months.settled);
        }
        let flows = verdict.flows.iter().filter(|f| f.insurance == *insurance).map(flow);
        for text in totals(&verdict.totals, insurance).into_iter().chain(flows) {
            let _ = writeln!(out, "    {text}");
        }
        out.push_str(&payers(&of));
        for shown in verdict.awards.iter().filter(|a| named(&a.insurance) == *insurance) {
            let _ = writeln!(out, "    award {}: {}", shown.sequence, award(shown));
        }
    }
    if !verdict.engagements.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(1, "work"));
        for text in work(&verdict.engagements) {
            let _ = writeln!(out, "    {text}");
        }
    }
    if !verdict.claims.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(1, "claims"));
        for shown in &verdict.claims {
            let _ = writeln!(out, "    claim {}: {}", shown.sequence, claim(shown, &verdict.time));
        }
    }
    let legend: Vec<String> = Mark::ALL
        .into_iter()
        .filter(|m| used.contains(m))
        .map(|m| format!("{} {}", style.paint(m.colour(), m.sign()), m.says()))
        .collect();
    if !legend.is_empty() {
        let _ = writeln!(out, "\n  {}", legend.join("   "));
    }
    if list {
        out.push_str(&lists(verdict, style));
    }
    out
}

/// Every contribution and every engagement.
pub fn lists(verdict: &Verdict, style: Style) -> String {
    let mut out = String::new();
    if !verdict.entries.is_empty() {
        let _ = write!(out, "\n{}", entries(&verdict.entries, style));
    }
    if !verdict.engagements.is_empty() {
        let _ = write!(out, "\n{}", engagements(&verdict.engagements, style));
    }
    out
}

/// What one payer paid to one insurance.
struct Paid {
    /// Sequence of the first contribution.
    first: u64,
    /// How many, void ones left out.
    count: u64,
    /// Sums by currency, in minor units.
    amounts: BTreeMap<String, u64>,
}

/// Who paid, in the order of their first contributions, with the number of contributions that are not void and their sums.
fn payers(of: &[&EntryShown]) -> String {
    let mut sums: BTreeMap<(&str, String, String), Paid> = BTreeMap::new();
    for entry in of.iter().filter(|e| e.standing != Standing::Void) {
        let source = entry.source.clone().unwrap_or_else(|| "withheld".into());
        let issuer = entry.issuer.as_deref().map_or_else(|| "withheld".into(), short);
        let how = if entry.matches.is_some() { "matched" } else { "paid" };
        let sum = sums.entry((how, source, issuer)).or_insert(Paid {
            first: entry.sequence,
            count: 0,
            amounts: BTreeMap::new(),
        });
        sum.count += 1;
        if let (Some(amount), Some(currency)) = (entry.amount, &entry.currency) {
            let total = sum.amounts.entry(currency.clone()).or_default();
            *total = total.saturating_add(amount);
        }
    }
    let mut out = String::new();
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, paid)| paid.first);
    for ((how, source, issuer), Paid { count, amounts, .. }) in sums {
        let amounts: Vec<String> = amounts.iter().map(|(c, a)| money(Some(*a), Some(c))).collect();
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let _ = writeln!(out, "    {how} by {source} {issuer}: {times}, {}", amounts.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Filed on the first second of 2026; the party has until the 16th to answer, the bureau until 2 March to rule.
    fn filed(stage: Option<Stage>) -> ClaimShown {
        ClaimShown {
            sequence: 3,
            filed: "2026-01-01T00:00:00Z".into(),
            issuer: None,
            signed: true,
            kind: Some("missing"),
            party: Some("the-platform".into()),
            bureau: Some("the-bureau".into()),
            insurance: Some("pension".into()),
            months: Some("2025-11..2025-12".into()),
            records: Vec::new(),
            says: None,
            stage,
            by: None,
            remedy: Vec::new(),
        }
    }

    #[test]
    fn a_claim_says_how_far_it_is_and_whose_turn_it_is() {
        let by = Some("2026-03-01T00:00:00Z".to_owned());
        let (early, late) = ("2026-01-02T00:00:00Z", "2026-03-03T00:00:00Z");
        for (stage, by, time, says) in [
            (Stage::Open, None, early, "open; the party has until 2026-01-16T00:00:00Z"),
            (Stage::Open, None, late, "open; the bureau is LATE: it had until 2026-03-02T00:00:00Z"),
            (
                Stage::Answered,
                None,
                early,
                "answered; the bureau, or the party if it accepts, has until 2026-03-02T00:00:00Z",
            ),
            (Stage::Upheld, by.clone(), early, "upheld; the party has until 2026-03-01T00:00:00Z"),
            (Stage::InPart, by, late, "in part; the party is LATE: it had until 2026-03-01T00:00:00Z"),
            (Stage::Upheld, None, early, "upheld; it is the turn of the party"),
            (Stage::Rejected, None, late, "rejected; it is the person's to close"),
            (Stage::Closed, None, late, "closed"),
        ] {
            let shown = ClaimShown { by, ..filed(Some(stage)) };
            let what = "missing, pension, 2025-11..2025-12, against the-platform before the-bureau";
            assert_eq!(claim(&shown, time), format!("{what}: {says}"));
        }
        for (stage, says) in [
            (Stage::Remedied, "before the-bureau: remedied by record 7, 9; it is the person's to close"),
            (Stage::Closed, "before the-bureau: closed, remedied by record 7, 9"),
        ] {
            let shown = claim(&ClaimShown { remedy: vec![7, 9], ..filed(Some(stage)) }, late);
            assert!(shown.ends_with(says), "{shown}");
        }
        let withheld = ClaimShown { kind: None, ..filed(None) };
        assert_eq!(claim(&withheld, late), "withheld: how far it is is not known");
    }
}
