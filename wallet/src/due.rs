//! What is due as people read it: lines, what could not be reckoned and what to do about it, sums, and what she can afford.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use peal_spec::scheme::{
    Affordable, Answer, Counted, Lang, Line, OfInsurance, OfPayer, Pack, Payer, Reason, Refused, Status, What,
};
use peal_spec::value::{Day, Insurance};

use crate::layout::{Style, clean, table};

/// More lines of one rule than these are shown as one, with their sum.
const MANY: usize = 24;
/// How many refusals are shown.
const REFUSALS: usize = 20;

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The pack that gave it.
    pub pack: &'a Pack,
    /// In which language.
    pub lang: Lang,
    /// Whether each line is followed by what made it.
    pub why: bool,
    /// For which reader.
    pub style: Style,
}

/// Days as a pack and an option can say them: `2026`, `2026-03`, `2026-03-14`, or from one to another as `2022-10..2026-12`.
pub fn days(from: Day, to: Day) -> String {
    let next = to.after().unwrap_or(to);
    let first = |day: Day| day == Day::of_month(day.month(), 1);
    let year = |day: Day| first(day) && day.month().of_year() == 1;
    let text = |day: Day| {
        if year(from) && year(next) {
            day.month().year().to_string()
        } else if first(from) && first(next) {
            day.month().to_string()
        } else {
            day.to_string()
        }
    };
    let (from, to) = (text(from), text(to));
    if from == to { from } else { format!("{from}..{to}") }
}

/// Who pays, in words.
pub fn payer(payer: Payer, lang: Lang) -> &'static str {
    match payer {
        Payer::Own => lang.pick("self", "本人"),
        Payer::Platform => lang.pick("platform", "平台"),
        Payer::Employer => lang.pick("employer", "用人单位"),
        Payer::Subsidy => lang.pick("subsidy", "补贴"),
    }
}

/// An insurance in words.
pub fn insurance(name: &str, lang: Lang) -> &str {
    const ZH: [&str; Insurance::NAMES.len()] =
        ["养老", "医疗", "失业", "工伤", "生育", "住房公积金", "培训", "离职补偿", "长期护理"];
    let zh = Insurance::NAMES.iter().position(|known| *known == name).map_or(name, |at| ZH[at]);
    lang.pick(name, zh)
}

/// How sure a value is, where that is worth a word; nothing for what is official.
pub fn doubt(status: Status, lang: Lang) -> Option<&'static str> {
    match status {
        Status::Official => None,
        Status::Reported => Some(lang.pick("reported", "据报道")),
        Status::Disputed => Some(lang.pick("disputed", "有争议")),
        Status::Assumed => Some(lang.pick("assumed", "假设")),
        Status::Given => Some(lang.pick("given", "自行给出")),
    }
}

/// A value with what it is called and how sure it is: `rate 0.246`, `growth 0.02 (assumed)`.
pub fn value(reason: &Reason, lang: Lang) -> String {
    let name = lang.pick(&reason.name, &reason.label.zh);
    let text = reason.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
    let doubt = doubt(reason.status, lang).map(|doubt| format!(" ({doubt})")).unwrap_or_default();
    format!("{name}{text}{doubt}")
}

/// A decimal share in per cent.
fn per_cent(share: &str) -> String {
    use peal_spec::scheme::Number;
    let hundred = share.parse::<Number>().ok().and_then(|share| share.times(Number::from(100u64)).ok());
    hundred.map_or_else(|| share.to_owned(), |share| format!("{share} %"))
}

impl Written<'_> {
    fn money(&self, minor: u64) -> String {
        self.pack.currency.format(minor)
    }

    fn say<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.lang.pick(en, zh)
    }

    fn heading(&self, text: &str) -> String {
        self.style.paint(1, text)
    }

    /// The whole answer.
    pub fn answer(&self, answer: &Answer) -> String {
        let (id, version) = (&answer.scheme.id, &answer.scheme.version);
        let to = self.say("to", "至");
        let first = format!("{id} {version}, {}, {} {to} {}", answer.currency, answer.from, answer.to);
        let mut out = format!("{}\n", self.heading(&first));
        if answer.lines.is_empty() && answer.complete {
            let _ = writeln!(out, "  {}", self.say("nothing is due", "无需缴费"));
        } else if self.why {
            answer.lines.iter().for_each(|line| self.reasoned(&mut out, line));
        } else {
            self.lines(&mut out, &answer.lines);
        }
        self.payers(&mut out, answer);
        self.refused(&mut out, answer);
        self.insurances(&mut out, &answer.insurances);
        self.counts(&mut out, &answer.counts);
        self.affordable(&mut out, answer);
        self.doubts(&mut out, answer);
        out
    }

    /// The name of a rule, or in Chinese what it is called.
    fn rule<'l>(&self, line: &'l Line) -> &'l str {
        self.lang.pick(&line.rule, &line.label.zh)
    }

    fn lines(&self, out: &mut String, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        let some = lines.iter().any(|line| line.by.is_some());
        let mut rows = Vec::new();
        let mut rest = lines;
        while let Some(first) = rest.first() {
            let (those, others) =
                rest.split_at(rest.iter().take_while(|line| line.rule == first.rule).count());
            rest = others;
            if those.len() > MANY {
                rows.push(self.sum(those, some));
            } else {
                rows.extend(those.iter().map(|line| self.row(line, some)));
            }
        }
        let mut titles = vec![
            self.say("rule", "项目"),
            self.say("payer", "缴费方"),
            self.say(">base", ">基数"),
            self.say(">amount", ">金额"),
            self.say("when", "期间"),
            self.say("made by", "依据"),
        ];
        if some {
            titles.insert(2, self.say("earned from", "收入来源"));
        }
        out.push_str(&table(&titles, &rows, self.style.width));
    }

    fn row(&self, line: &Line, some: bool) -> Vec<String> {
        // The values of the law; what was asked is known to who asked.
        let law = |reason: &&Reason| reason.value.is_some() && self.pack.input(&reason.name).is_none();
        let made: Vec<String> =
            line.because.iter().filter(law).map(|reason| value(reason, self.lang)).collect();
        let mut row = vec![
            self.rule(line).to_owned(),
            payer(line.payer, self.lang).to_owned(),
            line.base.map(|base| self.money(base)).unwrap_or_default(),
            self.money(line.amount),
            days(line.from, line.to),
            made.join(", "),
        ];
        if some {
            row.insert(2, clean(line.by.as_deref().unwrap_or_default()));
        }
        row
    }

    fn sum(&self, lines: &[Line], some: bool) -> Vec<String> {
        let (first, n) = (&lines[0], lines.len());
        let amount = lines.iter().fold(0u64, |sum, line| sum.saturating_add(line.amount));
        let from = lines.iter().map(|line| line.from).min().unwrap_or(first.from);
        let to = lines.iter().map(|line| line.to).max().unwrap_or(first.to);
        let note = self.say("lines: --why or --json shows each", "笔，用 --why 或 --json 查看明细");
        let mut row = vec![
            self.rule(first).to_owned(),
            payer(first.payer, self.lang).to_owned(),
            String::new(),
            self.money(amount),
            days(from, to),
            format!("{n} {note}"),
        ];
        if some {
            row.insert(2, String::new());
        }
        row
    }

    /// A line with everything that made it.
    fn reasoned(&self, out: &mut String, line: &Line) {
        let by = line.by.as_ref().map(|by| format!(", {}", clean(by))).unwrap_or_default();
        let from = line.base.map(|base| match self.lang {
            Lang::En => format!(" of {}", self.money(base)),
            Lang::Zh => format!("，基数 {}", self.money(base)),
        });
        let label = self.say(&line.label.en, "");
        let _ = writeln!(
            out,
            "  {}{}{label}, {}{by}, {}{}",
            self.heading(self.rule(line)),
            if label.is_empty() { "" } else { ": " },
            payer(line.payer, self.lang),
            self.money(line.amount),
            from.unwrap_or_default(),
        );
        let _ = writeln!(out, "    {}", days(line.from, line.to));
        if line.credited > 0 {
            let credited = self.say("to her own account", "计入个人账户");
            let _ = writeln!(out, "    {credited}: {}", self.money(line.credited));
        }
        for part in &line.parts {
            let _ = writeln!(out, "    {}: {}", self.lang.of(&part.label), self.money(part.amount));
        }
        for reason in &line.because {
            let _ = writeln!(out, "    - {}", self.reason(reason));
        }
    }

    fn reason(&self, reason: &Reason) -> String {
        let mut text = value(reason, self.lang);
        if let (Some(from), Some(to)) = (reason.from, reason.to) {
            let _ = write!(text, ", {}", days(from, to));
        }
        if let Some(cite) = &reason.cite {
            let _ = write!(text, ": {cite}");
        }
        text
    }

    fn payers(&self, out: &mut String, answer: &Answer) {
        let known = |of: &&OfPayer| of.before > 0 || (of.payer == Payer::Own && answer.complete);
        for of in answer.payers.iter().filter(known) {
            let who = payer(of.payer, self.lang);
            let _ = write!(out, "  {who} {} {}", self.say("owes", "应缴"), self.money(of.after));
            if of.subsidy > 0 {
                let (before, subsidy) = (self.money(of.before), self.money(of.subsidy));
                let _ = match self.lang {
                    Lang::En => write!(out, ": {before} less {subsidy} of subsidies"),
                    Lang::Zh => write!(out, "：{before} 减去补贴 {subsidy}"),
                };
            }
            if !answer.complete {
                out.push_str(self.say(", as far as it could be reckoned", "（仅限可计算部分）"));
            }
            out.push('\n');
        }
    }

    fn refused(&self, out: &mut String, answer: &Answer) {
        let refused = &answer.refused;
        if refused.is_empty() {
            return;
        }
        let title = self.say("not reckoned:", "无法计算：");
        let _ = writeln!(out, "\n{}", self.style.paint(31, title));
        let mut told = Vec::new();
        for one in refused.iter().take(REFUSALS) {
            let by = one.by.as_ref().map(|by| format!(" ({})", clean(by))).unwrap_or_default();
            let why = self.lang.of(&one.refusal.why);
            let _ = writeln!(out, "  {}, {}{by}: {why}", one.rule, days(one.from, one.to));
            if let Some(remedy) = self.remedy(one, answer)
                && !told.contains(&remedy)
            {
                told.push(remedy);
            }
        }
        if refused.len() > REFUSALS {
            let more = self.say("more; --json shows all", "项未显示，用 --json 查看全部");
            let _ = writeln!(out, "  {} {more}", refused.len() - REFUSALS);
        }
        for remedy in told {
            let _ = writeln!(out, "  {} {remedy}", self.say("what to do:", "办法："));
        }
    }

    /// What one can do about a refusal.
    fn remedy(&self, refused: &Refused, answer: &Answer) -> Option<String> {
        let pack = self.pack;
        let name = refused.refusal.name.as_deref().unwrap_or_default();
        let input = pack.input(name).map(|at| &pack.inputs[at]);
        let choices = || {
            let keys: Vec<&str> = input?.choices.iter().map(|(key, _)| key.as_str()).collect();
            (!keys.is_empty()).then(|| format!(" ({})", keys.join(", ")))
        };
        let (from, to) = pack.covers();
        match refused.refusal.what {
            What::Unknown if pack.parameter(name).is_some() => Some(match self.lang {
                Lang::En => format!("if you know it: --set {name}=…"),
                Lang::Zh => format!("如果您知道该数值：--set {name}=…"),
            }),
            What::Missing if input.is_some() => {
                Some(format!("--with {name}=…{}", choices().unwrap_or_default()))
            }
            What::Range if input.is_some() => Some(format!("--with {name}=…")),
            What::Range if pack.parameter(name).is_some() => Some(format!("--set {name}=…")),
            What::Differs => Some(match self.lang {
                Lang::En => format!("reckon the earnings of each {name} by themselves"),
                Lang::Zh => format!("按不同的 {name} 分开计算"),
            }),
            // A cell may reach over the pack's days where the question does not.
            What::Outside if answer.from < from || answer.to > to => {
                let (from, to) = (answer.from.max(from), answer.to.min(to));
                (from <= to).then(|| format!("--from {from} --to {to}"))
            }
            _ => None,
        }
    }

    fn insurances(&self, out: &mut String, sums: &[OfInsurance]) {
        // One sum says no more than the line above.
        if sums.len() < 2 && sums.iter().all(|sum| sum.subsidy == 0 && sum.credited == 0) {
            return;
        }
        let rows: Vec<Vec<String>> = sums
            .iter()
            .map(|sum| {
                let name = sum.insurance.as_deref().map(|name| insurance(name, self.lang));
                vec![
                    name.unwrap_or(self.say("other", "其他")).to_owned(),
                    payer(sum.payer, self.lang).to_owned(),
                    self.money(sum.amount),
                    self.money(sum.subsidy),
                    self.money(sum.amount.saturating_sub(sum.subsidy)),
                    self.money(sum.credited),
                ]
            })
            .collect();
        let titles = [
            self.say("insurance", "险种"),
            self.say("payer", "缴费方"),
            self.say(">before", ">补贴前"),
            self.say(">subsidy", ">补贴"),
            self.say(">after", ">补贴后"),
            self.say(">own account", ">个人账户"),
        ];
        let _ = write!(out, "\n{}", table(&titles, &rows, self.style.width));
    }

    fn counts(&self, out: &mut String, counts: &[Counted]) {
        let mut rules: BTreeMap<(usize, &str), Vec<&Counted>> = BTreeMap::new();
        for counted in counts {
            let at =
                self.pack.counts.iter().position(|count| count.name == counted.rule).unwrap_or(usize::MAX);
            rules.entry((at, &counted.rule)).or_default().push(counted);
        }
        if !rules.is_empty() {
            out.push('\n');
        }
        for all in rules.values() {
            let label = self.lang.of(&all[0].label);
            let list = |counts: bool| {
                let those = all.iter().filter(|one| one.counts == counts);
                those.map(|one| days(one.from, one.to)).take(24).collect::<Vec<_>>().join(", ")
            };
            let (yes, no) = (list(true), list(false));
            let (yes_word, no_word) = (self.say("yes", "是"), self.say("no", "否"));
            let parts: Vec<String> = [(yes, yes_word), (no, no_word)]
                .into_iter()
                .filter(|(list, _)| !list.is_empty())
                .map(|(list, word)| format!("{word}: {list}"))
                .collect();
            let _ = writeln!(out, "  {label} – {}", parts.join("; "));
        }
    }

    /// The months in which she pays more than she should; if there are none, the last month.
    fn affordable(&self, out: &mut String, answer: &Answer) {
        let months = &answer.affordable;
        let over: Vec<&Affordable> = months.iter().filter(|month| month.over == Some(true)).collect();
        // Of a part it can be said that it is too much, but not that it is not.
        let last = months.last().filter(|_| answer.complete);
        let shown = if over.is_empty() { last.into_iter().collect() } else { over };
        let shown: Vec<_> = shown
            .into_iter()
            .filter_map(|month| Some((month, month.income?, month.share.as_deref()?)))
            .collect();
        if !shown.is_empty() {
            out.push('\n');
        }
        for (month, income, share) in shown.iter().take(MANY) {
            let (pays, income, share) = (self.money(month.pays), self.money(*income), per_cent(share));
            let mut text = match self.lang {
                Lang::En => {
                    format!("  {}: she pays {pays} of a mean income of {income}, {share}", month.month)
                }
                Lang::Zh => format!("  {}：本人缴 {pays}，平均月收入 {income}，占 {share}", month.month),
            };
            if let Some(limit) = &month.limit {
                let limit = per_cent(limit);
                let _ = match (self.lang, month.over) {
                    (Lang::En, Some(true)) => write!(text, ", over the limit of {limit}"),
                    (Lang::En, _) => write!(text, "; the limit is {limit}"),
                    (Lang::Zh, Some(true)) => write!(text, "，超过上限 {limit}"),
                    (Lang::Zh, _) => write!(text, "，上限 {limit}"),
                };
            }
            if month.over == Some(true) {
                text = self.style.paint(31, &text);
            }
            let _ = writeln!(out, "{text}");
        }
        if shown.len() > MANY {
            let more = self.say("more months over the limit", "个月也超过上限");
            let _ = writeln!(out, "  {} {more}", shown.len() - MANY);
        }
    }

    /// What the pack took where nothing was said.
    fn unasked(&self, reason: &Reason) -> String {
        let (name, value) = (&reason.name, reason.value.as_deref().unwrap_or_default());
        match self.lang {
            Lang::En => format!("{name} {value}, as nothing was said: --with {name}=…"),
            Lang::Zh => format!("{} {value}（未给出，取默认值）：--with {name}=…", reason.label.zh),
        }
    }

    /// What was used and is not official: each once.
    fn doubts(&self, out: &mut String, answer: &Answer) {
        let lines = answer.lines.iter().flat_map(|line| &line.because);
        let counts = answer.counts.iter().flat_map(|count| &count.because);
        let mut told: Vec<String> = Vec::new();
        for reason in lines.chain(counts) {
            // What was asked about her is known to her; a default of the pack is not.
            let asked = reason.status == Status::Given && self.pack.input(&reason.name).is_some();
            if reason.status == Status::Official || asked {
                continue;
            }
            let text = match self.pack.input(&reason.name) {
                Some(_) => self.unasked(reason),
                None => self.reason(reason),
            };
            if !told.contains(&text) {
                told.push(text);
            }
        }
        if told.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", self.say("not official, or assumed:", "非官方或假设的数值："));
        for text in told {
            let _ = writeln!(out, "  {text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_as_short_as_an_option_takes_them() {
        for (from, to, short) in [
            ("2026-03-14", "2026-03-14", "2026-03-14"),
            ("2026-03-01", "2026-03-31", "2026-03"),
            ("2026-01-01", "2026-12-31", "2026"),
            ("2009-01-01", "2026-12-31", "2009..2026"),
            ("2022-10-01", "2026-12-31", "2022-10..2026-12"),
            ("2026-04-06", "2027-04-05", "2026-04-06..2027-04-05"),
            ("2026-01-01", "2026-01-01", "2026-01-01"),
        ] {
            assert_eq!(days(from.parse().unwrap(), to.parse().unwrap()), short);
        }
    }
}
