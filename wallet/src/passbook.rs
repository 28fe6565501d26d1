//! The passbook: an account as its owner reads it. A grid of months for each insurance, who paid, and what it adds up to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use peal_spec::value::{Currency, Month, Time};
use peal_spec::verify::{EntryShown, Standing, TotalShown, Verdict};

use crate::layout::{Style, clean, short, span, table};

/// What a month's contributions to one insurance amount to: the state of the one that is furthest from settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Standing,
    Corrected,
    Settled,
    Void,
}

impl Mark {
    const ALL: [Mark; 4] = [Mark::Settled, Mark::Standing, Mark::Corrected, Mark::Void];

    fn of(entry: &EntryShown) -> Self {
        match entry.standing {
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
            Mark::Void => "×",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Mark::Settled => "settled: the fund has the money",
            Mark::Standing => "standing: posted, not settled yet",
            Mark::Corrected => "corrected, not settled yet",
            Mark::Void => "void",
        }
    }

    fn colour(self) -> u8 {
        match self {
            Mark::Settled => 32,
            Mark::Standing => 33,
            Mark::Corrected => 36,
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

/// A table of contributions.
pub fn entries(shown: &[EntryShown], style: Style) -> String {
    let text = |t: &Option<String>| clean(t.as_deref().unwrap_or("withheld"));
    let row = |e: &EntryShown| {
        let mut standing = e.standing.word().to_owned();
        if e.corrected && matches!(e.standing, Standing::Settled) {
            standing.push_str(" (corrected)");
        }
        vec![
            e.sequence.to_string(),
            e.month.clone(),
            text(&e.insurance),
            text(&e.scheme),
            figure(e.amount, e),
            figure(e.credited, e),
            text(&e.currency),
            standing,
            text(&e.source),
            short(&text(&e.issuer)),
            text(&e.reference),
        ]
    };
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    let titles: [&str; 11] = [
        ">no",
        "month",
        "insurance",
        "scheme",
        ">amount",
        ">credited",
        "currency",
        "standing",
        "paid by",
        "address",
        "reference",
    ];
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

/// Writes the passbook. `synced` is when the copy was fetched, `list` whether every entry is listed.
pub fn render(verdict: &Verdict, synced: Option<Time>, list: bool, style: Style) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<10} {text}");
    };
    line("address", &verdict.address);
    line("ledger", &format!("{}, {} entries at {}", clean(&verdict.origin), verdict.size, verdict.time));
    line("synced", &synced.map_or("never".to_owned(), |t| t.to_string()));
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

    let mut used: BTreeSet<Mark> = BTreeSet::new();
    let mut insurances: Vec<&str> = Vec::new();
    for entry in &verdict.entries {
        used.insert(Mark::of(entry));
        let name = entry.insurance.as_deref().unwrap_or("withheld");
        if !insurances.contains(&name) {
            insurances.push(name);
        }
    }
    if insurances.is_empty() {
        out.push_str("\n  no contributions yet\n");
        return out;
    }
    for insurance in insurances {
        let of: Vec<&EntryShown> = verdict
            .entries
            .iter()
            .filter(|e| e.insurance.as_deref().unwrap_or("withheld") == insurance)
            .collect();
        let _ = writeln!(out, "\n{}", style.paint(1, insurance));
        grid(&mut out, &of, style);
        for months in verdict.months.iter().filter(|m| m.insurance == insurance) {
            let count = if months.months == 1 {
                "1 month counts".to_owned()
            } else {
                format!("{} months count", months.months)
            };
            let _ = writeln!(out, "    {count}, {} of them settled", months.settled);
        }
        for total in totals(&verdict.totals, insurance) {
            let _ = writeln!(out, "    {total}");
        }
        out.push_str(&payers(&of));
    }
    let legend: Vec<String> = Mark::ALL
        .into_iter()
        .filter(|m| used.contains(m))
        .map(|m| format!("{} {}", style.paint(m.colour(), m.sign()), m.says()))
        .collect();
    let _ = writeln!(out, "\n  {}", legend.join("   "));
    if list {
        let _ = write!(out, "\n{}", entries(&verdict.entries, style));
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
    let mut sums: BTreeMap<(String, String), Paid> = BTreeMap::new();
    for entry in of.iter().filter(|e| e.standing != Standing::Void) {
        let source = entry.source.clone().unwrap_or_else(|| "withheld".into());
        let issuer = entry.issuer.as_deref().map_or_else(|| "withheld".into(), short);
        let sum = sums.entry((source, issuer)).or_insert(Paid {
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
    for ((source, issuer), Paid { count, amounts, .. }) in sums {
        let amounts: Vec<String> = amounts.iter().map(|(c, a)| money(Some(*a), Some(c))).collect();
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let _ = writeln!(out, "    paid by {source} {issuer}: {times}, {}", amounts.join(", "));
    }
    out
}
