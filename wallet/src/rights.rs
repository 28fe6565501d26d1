//! Rights as people read them: what they give, what is missing, where they are claimed, what moves along, and where that is written.

use std::fmt::Write as _;

use peal_spec::scheme::{BenefitPlace, GivesTo, Label, Moves, PlaceWhy, Reason, Right, Rights, Status, Unit};

use crate::layout::{Style, clean, width};
use crate::passbook;
use crate::standing::{account, elsewhere};

/// How to write them.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// In Chinese.
    pub zh: bool,
    /// With where each value is written.
    pub why: bool,
    /// For the terminal at hand.
    pub style: Style,
    /// Ledgers and accounts that the person came from, the latest first.
    pub came: &'a [String],
}

impl How<'_> {
    fn pick<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        if self.zh { zh } else { en }
    }

    /// Labels may be of a pack of somebody else.
    fn label(self, label: &Label) -> String {
        clean(self.pick(&label.en, &label.zh))
    }

    fn several(self, n: u64, one: &str, zh: &str) -> String {
        if self.zh { format!("{n} {zh}") } else { format!("{n} {one}{}", if n == 1 { "" } else { "s" }) }
    }

    fn months(self, n: u64) -> String {
        self.several(n, "month", "个月")
    }

    fn days(self, n: u64) -> String {
        self.several(n, "day", "天")
    }
}

/// A list of lines with a name before each.
struct Lines<'a> {
    text: String,
    how: How<'a>,
}

impl Lines<'_> {
    fn line(&mut self, (en, zh): (&str, &str), text: &str) {
        let name = self.how.pick(en, zh);
        let pad = " ".repeat(14usize.saturating_sub(width(name)));
        let _ = writeln!(self.text, "  {name}{pad} {text}");
    }

    fn title(&mut self, text: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.text, "{gap}{text}");
    }

    fn because(&mut self, because: &[Reason]) {
        if !self.how.why {
            return;
        }
        for reason in because {
            let value =
                reason.value.as_ref().map_or_else(String::new, |value| format!(" = {}", clean(value)));
            let from = match (reason.from, reason.to) {
                (Some(from), Some(to)) => format!(" ({from} – {to})"),
                _ => String::new(),
            };
            let cite = reason.cite.as_ref().map_or_else(String::new, |cite| format!(": {}", clean(cite)));
            let status = self.how.pick(status(reason.status).0, status(reason.status).1);
            self.line(("because", "依据"), &format!("{}{value}{from}{cite} [{status}]", reason.name));
        }
    }
}

fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Official => ("official", "官方"),
        Status::Reported => ("reported", "转述"),
        Status::Disputed => ("disputed", "有争议"),
        Status::Assumed => ("assumed", "假设"),
        Status::Given => ("given", "自行填写"),
    }
}

/// Writes what an account gives a right to.
pub fn render(rights: &Rights, how: How<'_>) -> String {
    let mut out = Lines { text: String::new(), how };
    let (id, version) = (&rights.scheme.id, &rights.scheme.version);
    out.title(&format!("{id} {version}, {}: {}", rights.today, how.label(&rights.scheme.title)));
    if rights.rights.is_empty() {
        out.title(how.pick("This scheme names no right.", "该方案没有列出任何权利。"));
    }
    for of in &rights.rights {
        right(&mut out, of, &rights.currency);
    }
    if let Some(of) = &rights.place {
        place(&mut out, of);
    }
    if !rights.transfers.is_empty() {
        out.title(how.pick("If you move, this goes along:", "转移时一并转走："));
        for of in &rights.transfers {
            moves(&mut out, of, &rights.currency);
        }
    }
    if !rights.overlaps.is_empty() {
        out.title(how.pick("Paid twice, counted once:", "重复缴费（只计一次）："));
        for twice in &rights.overlaps {
            for owed in &twice.owed {
                let money = passbook::money(Some(owed.amount), Some(&owed.currency));
                let fund = account(owed.fund, how.came);
                let text = if how.zh {
                    format!("{}：{money} 应由基金账户 {fund} 退回", twice.insurance)
                } else {
                    format!("{}: fund {fund} owes {money} back", twice.insurance)
                };
                out.line((&twice.month, &twice.month), &text);
            }
        }
    }
    out.text
}

fn right(out: &mut Lines<'_>, of: &Right, currency: &str) {
    let how = out.how;
    let verdict = match of.entitled {
        Some(true) => how.style.paint(32, how.pick("yes", "有资格")),
        Some(false) => how.style.paint(31, how.pick("not yet", "尚无资格")),
        None => how.style.paint(33, how.pick("unknown", "无法判断")),
    };
    out.title(&format!("{}: {verdict}", how.style.paint(1, &how.label(&of.label))));
    for gives in &of.gives {
        let name =
            if of.entitled == Some(true) { ("gives", "待遇") } else { ("would give", "若有资格") };
        out.line(name, &format!("{}: {}", how.label(&gives.label), given(gives, currency, how)));
    }
    missing(out, of);
    if let Some(refusal) = &of.refused {
        out.line(("not known", "未知"), &how.label(&refusal.why));
    }
    if let (Some(had), Some(needs)) = (&of.had, &of.needs) {
        if needs.months > 0 {
            out.line(("has", "已有"), &of_needed(&how.months(had.months), needs.months, "", how));
        }
        for (asked, had, en, zh) in [
            (needs.one, had.days_one, " with one payer", "（同一缴费方）"),
            (needs.several, had.days, " with all", "（合计）"),
        ] {
            if let Some(asked) = asked {
                out.line(("has", "已有"), &of_needed(&how.days(had), asked, how.pick(en, zh), how));
            }
        }
    }
    if let Some(since) = of.since {
        out.line(("enough since", "满足起始日"), &since.to_string());
    }
    if let Some(until) = of.until {
        let if_nothing = how.pick("if nothing more is recorded", "此后没有新记录的话");
        out.line(("until", "截至"), &format!("{until}, {if_nothing}"));
    }
    if of.paid_out > 0 {
        out.line(("paid out", "已支付"), &passbook::money(Some(of.paid_out), Some(currency)));
    }
    out.because(&of.because);
}

fn of_needed(had: &str, needed: u64, whose: &str, how: How<'_>) -> String {
    if how.zh {
        format!("{had}{whose}（需 {needed}）")
    } else {
        format!("{had}{whose}; {needed} are needed")
    }
}

fn missing(out: &mut Lines<'_>, of: &Right) {
    let (how, lacks) = (out.how, &of.missing);
    if lacks.months > 0 {
        let earliest = of.earliest.map_or_else(String::new, |day| {
            if how.zh {
                format!("；按今天的规则，从本月起每月都缴，{day} 可满足")
            } else {
                format!("; by today's rule enough from {day} on, if each month from this one on is paid")
            }
        });
        out.line(("missing", "还差"), &format!("{}{earliest}", how.months(lacks.months)));
    }
    let either = [
        (lacks.days_one, how.pick("with one payer", "（同一缴费方）")),
        (lacks.days_several, how.pick("with all", "（合计）")),
    ];
    let either: Vec<String> = either
        .into_iter()
        .filter_map(|(days, what)| Some(format!("{} {what}", how.days(days.filter(|n| *n > 0)?))))
        .collect();
    if !either.is_empty() {
        out.line(("missing", "还差"), &either.join(how.pick(" or ", "，或 ")));
    }
    if lacks.condition {
        let text = how.pick("what else the right depends on does not hold", "其他条件不满足");
        out.line(("missing", "还差"), text);
    }
    for input in &lacks.inputs {
        out.line(("say", "请填写"), &format!("--with {}=…: {}", input.name, how.label(&input.label)));
    }
}

fn given(gives: &GivesTo, currency: &str, how: How<'_>) -> String {
    if let Some(refusal) = &gives.refused {
        return format!("{} ({})", how.pick("not known", "未知"), how.label(&refusal.why));
    }
    let value = gives.value.clone().unwrap_or_default();
    let of = |en: &str, zh: &str| {
        let plural = if value == "1" { en.trim_end_matches('s') } else { en };
        format!("{value} {}", how.pick(plural, zh))
    };
    match gives.unit {
        Unit::Money => passbook::money(gives.amount, Some(currency)),
        Unit::Days => of("days", "天"),
        Unit::Weeks => of("weeks", "周"),
        Unit::Months => of("months", "个月"),
        Unit::Years => of("years", "年"),
        Unit::Share | Unit::Number | Unit::Month => value,
    }
}

fn place(out: &mut Lines<'_>, of: &BenefitPlace) {
    let how = out.how;
    out.title(how.pick("Where it is claimed:", "待遇领取地："));
    if let (Some(region), Some(why)) = (&of.region, of.why) {
        let long = of.long.clone().unwrap_or_default();
        let why = match (why, how.zh) {
            (PlaceWhy::Relation, false) => "your home region, where you are insured now".to_owned(),
            (PlaceWhy::Relation, true) => "户籍地，社保关系也在当地".to_owned(),
            (PlaceWhy::Long, false) => format!("the last region with at least {long} months"),
            (PlaceWhy::Long, true) => format!("最后一个缴费满 {long} 个月的地区"),
            (PlaceWhy::Household, false) => {
                format!("your home region: in no other one there are {long} months")
            }
            (PlaceWhy::Household, true) => format!("户籍地：没有缴费满 {long} 个月的其他地区"),
        };
        out.line(("place", "地区"), &format!("{}, {why}", how.style.paint(1, &clean(region))));
    }
    if of.assumed {
        let text = how.pick(
            "--relation REGION: where you are insured now; in your home region it is claimed there",
            "--relation 地区：现在的参保地；若在户籍地，就在户籍地领取",
        );
        out.line(("say", "请填写"), text);
    }
    if of.missing_household {
        out.line(
            ("say", "请填写"),
            how.pick("--household REGION: your home region", "--household 地区：户籍地"),
        );
    }
    for fund in &of.missing_funds {
        let text = how.pick("where that fund is", "该基金所在地区");
        let fund = match elsewhere(*fund, how.came) {
            Some((number, origin)) => format!("{number}@{origin}"),
            None => fund.to_string(),
        };
        out.line(("say", "请填写"), &format!("--region {fund}={}: {text}", how.pick("REGION", "地区")));
    }
    if let Some(refusal) = &of.refused {
        out.line(("not known", "未知"), &how.label(&refusal.why));
    }
    for region in &of.regions {
        let temporary = if region.temporary { how.pick(" (temporary)", "（临时账户）") } else { "" };
        let months = how.months(region.months);
        let text =
            format!("{}{temporary}: {months}, {} – {}", clean(&region.region), region.first, region.last);
        out.line(("paid in", "缴费地"), &text);
    }
    out.because(&of.because);
}

fn moves(out: &mut Lines<'_>, of: &Moves, currency: &str) {
    let how = out.how;
    let amount = match (&of.refused, of.amount) {
        (Some(refusal), _) => format!("{} ({})", how.pick("not known", "未知"), how.label(&refusal.why)),
        (None, amount) => passbook::money(amount, Some(currency)),
    };
    out.line(("moves", "转移"), &format!("{}: {amount}", how.label(&of.label)));
    if let (Some(first), Some(last)) = (of.missing_bases.first(), of.missing_bases.last()) {
        let n = how.months(of.missing_bases.len() as u64);
        let text = if how.zh {
            format!("{n}（{first} – {last}）没有缴费基数，实际更多")
        } else {
            format!("of {n} from {first} to {last} no base is recorded: with them it is more")
        };
        out.line(("missing", "缺少"), &text);
    }
    out.because(&of.because);
}

/// Says that a proof does not show everything.
pub fn not_shown(n: u64, how: How<'_>) -> String {
    if how.zh {
        return format!("\n有 {n} 条可能相关的记录没有出示：实际可能更多\n");
    }
    let records = if n == 1 { "record that may count is" } else { "records that may count are" };
    format!("\n{n} {records} not shown: with them it may be more\n")
}
