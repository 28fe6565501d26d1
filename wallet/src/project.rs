//! A projection as people read it: the ways of taking part beside each other, what each comparison means, and what was assumed.

use std::fmt::Write as _;

use peal_spec::facet::Source;
use peal_spec::scheme::{
    Ask, GridOf, Lang, Outcome, Pack, Projection, Reason, SoFar, Status, Stopped, Unit, Way, for_people,
};
use peal_spec::standing::{History, Rule, standing};
use peal_spec::value::{Day, Month};

use crate::due;
use crate::layout::{Style, clean, table, width};

/// How a projection is written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The pack that was asked.
    pub pack: &'a Pack,
    /// In which language.
    pub lang: Lang,
    /// Whether all that was used follows.
    pub why: bool,
    /// For which reader.
    pub style: Style,
}

/// What an account's own copy says was paid so far into the pension of a pack, and the last month that counts. As in `spec/schemes.md` §6, of a
/// month that was paid to several funds that of the fund that keeps. The mean index is not known from it.
pub fn so_far(pack: &Pack, history: &History, today: Day) -> Option<(SoFar, Option<Month>)> {
    let insurance = pack.pension.as_ref()?.insurance;
    let found = standing(history, &Rule::plain(insurance), today);
    let balance = history.interest(insurance, pack.currency);
    let mut so_far = SoFar { months: found.counts.months, balance, ..SoFar::default() };
    let mut last: Option<Month> = None;
    for entry in history.kept(insurance).into_iter().filter(|entry| entry.amount.currency == pack.currency) {
        let (amount, credited) = entry.left();
        last = last.max(Some(entry.month));
        so_far.balance = so_far.balance.saturating_add(credited);
        if entry.source == Source::Self_ {
            so_far.paid = so_far.paid.saturating_add(amount);
        }
    }
    Some((so_far, last))
}

/// An age in months: `69 y 7 m`.
fn age(months: u64, lang: Lang) -> String {
    match (lang, months / 12, months % 12) {
        (Lang::En, years, 0) => format!("{years} y"),
        (Lang::En, years, rest) => format!("{years} y {rest} m"),
        (Lang::Zh, years, 0) => format!("{years} 岁"),
        (Lang::Zh, years, rest) => format!("{years} 岁 {rest} 个月"),
    }
}

fn months(n: u64) -> String {
    format!("{n} month{}", if n == 1 { "" } else { "s" })
}

/// A decimal number, and what follows it, with a comma between thousands.
fn grouped(number: &str) -> String {
    let whole = number.bytes().take_while(u8::is_ascii_digit).count();
    let mut out = String::new();
    for (i, c) in number.chars().enumerate() {
        if i > 0 && i < whole && (whole - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

impl Written<'_> {
    fn say<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.lang.pick(en, zh)
    }

    /// An amount in a table, whose money is all of one currency.
    fn plain(&self, minor: u64) -> String {
        grouped(&self.pack.currency.format(minor))
    }

    fn money(&self, minor: u64) -> String {
        format!("{} {}", self.plain(minor), self.pack.currency)
    }

    /// The whole projection.
    pub fn projection(&self, projection: &Projection) -> String {
        let Projection { scheme, currency, born, first, .. } = projection;
        let (id, version, title) = (&scheme.id, &scheme.version, clean(self.lang.of(&scheme.title)));
        let mut out = format!("{}\n", self.style.paint(1, &format!("{id} {version}: {title}")));
        let _ = match self.lang {
            Lang::En => writeln!(
                out,
                "born {born}, from {first} on; money in {currency} of each year; by today's law and the assumptions below, no promise\n"
            ),
            Lang::Zh => {
                writeln!(
                    out,
                    "{born} 出生，自 {first} 起；金额单位 {currency}（各年金额）；按现行规定和下列假设测算，不是承诺\n"
                )
            }
        };
        self.ways(&mut out, &projection.scenarios);
        self.refused(&mut out, &projection.scenarios);
        self.compared(&mut out, projection);
        if let Some(grid) = &projection.grid {
            self.grid(&mut out, grid);
        }
        self.assumptions(&mut out, &projection.assumptions);
        self.held(&mut out, &projection.held);
        if self.why {
            let _ = writeln!(out, "\n  {}", self.say("All that was used:", "全部依据："));
            projection.because.iter().for_each(|reason| self.reason(&mut out, reason));
        }
        out
    }

    fn ways(&self, out: &mut String, ways: &[Way]) {
        let some = |of: &dyn Fn(&Outcome) -> u64| {
            ways.iter().filter_map(|way| way.outcome.as_ref()).any(|o| of(o) > 0)
        };
        if ways.iter().all(|way| way.outcome.is_none()) {
            return;
        }
        let (subsidy, others) = (some(&|o| o.subsidy), some(&|o| o.others));
        let mut titles = vec![
            self.say("scenario", "方案"),
            self.say(">months", ">缴费月数"),
            self.say(">you pay", ">本人缴纳"),
        ];
        if subsidy {
            titles.push(self.say(">subsidy", ">补贴"));
        }
        if others {
            titles.push(self.say(">others pay", ">平台和单位"));
        }
        titles.extend([
            self.say(">account", ">账户余额"),
            self.say(">pension a month", ">月养老金"),
            self.say(">in today's wages", ">折今日工资"),
            self.say(">paid is back at", ">领回本金"),
            self.say(">times", ">倍数"),
            self.say("cover lost", "未参保月数"),
        ]);
        // Those that were not reckoned come below, with the reason.
        let reckoned = ways.iter().filter_map(|way| Some((way, way.outcome.as_ref()?)));
        let rows = reckoned.map(|(way, o)| {
            let known =
                |amount: Option<u64>| amount.map_or_else(|| "–".to_owned(), |amount| self.plain(amount));
            let mut row = vec![way.name.clone(), o.months.to_string(), self.plain(o.paid)];
            row.extend(subsidy.then(|| self.plain(o.subsidy)));
            row.extend(others.then(|| self.plain(o.others)));
            row.extend([
                self.plain(o.balance),
                known(o.pension),
                known(o.today),
                o.break_even
                    .filter(|_| o.paid > 0)
                    .map_or_else(|| "–".to_owned(), |even| age(even, self.lang)),
                o.back.as_ref().map_or_else(|| "–".to_owned(), |back| format!("{back} ×")),
                self.uncovered(o),
            ]);
            row
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let broad = table(&titles, &rows, usize::MAX);
        if broad.lines().all(|line| width(line) <= self.style.width) {
            return out.push_str(&broad);
        }
        // Too broad for a table: each way on lines of its own.
        for row in rows {
            let mut cells = titles.iter().map(|title| title.trim_start_matches('>')).zip(&row);
            let name = cells.next().map(|(_, name)| name.as_str()).unwrap_or_default();
            let cells: Vec<String> = cells.map(|(title, cell)| format!("{title} {cell}")).collect();
            self.flowing(out, &format!("{name}: {}", cells.join(", ")));
        }
    }

    fn uncovered(&self, outcome: &Outcome) -> String {
        let cover = &outcome.cover;
        let name = |name: &str| due::insurance(name, self.lang).to_owned();
        match cover.first() {
            None => String::new(),
            Some(_) if cover.iter().all(|one| one.months == 0) => self.say("none", "无").to_owned(),
            Some(first) if cover.len() > 1 && cover.iter().all(|one| one.months == first.months) => {
                match self.lang {
                    Lang::En => format!("{} of each", first.months),
                    Lang::Zh => format!("各 {}", first.months),
                }
            }
            Some(_) => {
                let some = cover.iter().filter(|one| one.months > 0);
                some.map(|one| format!("{} {}", name(&one.insurance), one.months))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        }
    }

    /// Why a scenario was not reckoned, those for one reason together, and what to say.
    fn refused(&self, out: &mut String, ways: &[Way]) {
        let mut whys: Vec<(Vec<&str>, &Stopped)> = Vec::new();
        for way in ways {
            let Some(stopped) = &way.refused else { continue };
            match whys.iter_mut().find(|(_, other)| *other == stopped) {
                Some((names, _)) => names.push(&way.name),
                None => whys.push((vec![&way.name], stopped)),
            }
        }
        for (names, stopped) in whys {
            let (names, month, why) =
                (names.join(", "), &stopped.month, clean(self.lang.of(&stopped.refusal.why)));
            let _ = match self.lang {
                Lang::En => {
                    writeln!(out, "\n  {names}: not reckoned in {month}: {}", self.style.paint(31, &why))
                }
                Lang::Zh => writeln!(out, "\n  {names}：{month} 未能测算：{}", self.style.paint(31, &why)),
            };
            if let Some(how) = stopped.refusal.name.as_deref().and_then(|name| self.change(name)) {
                let _ = writeln!(out, "    {} {how}", self.say("say it with", "请用"));
            }
        }
    }

    /// How a value is said.
    fn change(&self, name: &str) -> Option<String> {
        if name == "born" {
            return Some("--born MONTH".to_owned());
        }
        if self.pack.parameter(name).is_some() {
            return Some(format!("--set {name}=…"));
        }
        let input = &self.pack.inputs[self.pack.input(name)?];
        let choices: Vec<&str> = input.choices.iter().map(|(key, _)| key.as_str()).collect();
        let choices = if choices.is_empty() { "…".to_owned() } else { choices.join("|") };
        Some(format!("--with {name}={choices}"))
    }

    /// What the first way means, and what each other one does beside it, each in a sentence.
    fn compared(&self, out: &mut String, projection: &Projection) {
        let mut ways = projection.scenarios.iter().filter_map(|way| Some((way, way.outcome.as_ref()?)));
        let Some((first, base)) = ways.next() else { return };
        out.push('\n');
        let mut sentence = |way: &Way, text: String| {
            let text = format!("{}: {}{text}", way.name, clean(self.lang.of(&way.label)));
            self.flowing(out, &text);
        };
        let zh = self.lang == Lang::Zh;
        let text = match (base.pension, &base.back) {
            (Some(pension), back) => {
                let (paid, pension, retires) = (self.money(base.paid), self.money(pension), &base.retires);
                let today = base.today.map(|today| self.money(today)).unwrap_or_default();
                let until = self.until(projection).zip(back.as_ref());
                if zh {
                    let times =
                        until.map(|(until, back)| format!("；领到 {until} 岁，是本人所缴的 {back} 倍"));
                    let today = if today.is_empty() {
                        today
                    } else {
                        format!("（折合今日工资水平 {today}）")
                    };
                    format!(
                        "：您缴 {paid}，自 {retires} 起每月领 {pension}{today}，直至终身{}。",
                        times.unwrap_or_default()
                    )
                } else {
                    let times =
                        until.map(|(until, back)| format!("; by {until} that is {back} times what you paid"));
                    let today = if today.is_empty() { today } else { format!(" ({today} in today's wages)") };
                    let times = times.unwrap_or_default();
                    format!(
                        ": you pay {paid}, and get {pension} a month from {retires} for life{today}{times}."
                    )
                }
            }
            (None, _) if zh => format!("：您缴 {}，{}。", self.money(base.paid), self.none(base)),
            (None, _) => format!(": you pay {}, and get {}.", self.money(base.paid), self.none(base)),
        };
        sentence(first, text);
        for (way, other) in ways {
            let (paid, gets) = (
                self.differs(other.paid, base.paid),
                match (other.today, base.today) {
                    (Some(other), Some(base)) => Some(self.differs(other, base)),
                    _ => None,
                },
            );
            let later = (other.retires != base.retires).then_some(&other.retires);
            let text = if zh {
                let gets = match (gets, later) {
                    _ if other.pension.is_none() => self.none(other),
                    (Some(gets), None) => format!("每月领取{gets}（按今日工资水平）"),
                    (Some(gets), Some(from)) => format!("自 {from} 起每月领取{gets}（按今日工资水平）"),
                    (None, _) => format!("每月领 {}", self.money(other.pension.unwrap_or(0))),
                };
                format!("，与 {} 相比：缴纳{paid}，{gets}。", first.name)
            } else {
                let gets = match (gets, later) {
                    _ if other.pension.is_none() => self.none(other),
                    (Some(gets), None) => format!("{gets} a month in today's wages"),
                    (Some(gets), Some(from)) => format!("{gets} a month in today's wages, from {from} on"),
                    (None, _) => format!("{} a month", self.money(other.pension.unwrap_or(0))),
                };
                format!(", rather than {}: you pay {paid}, and get {gets}.", first.name)
            };
            sentence(way, text);
        }
    }

    fn differs(&self, other: u64, base: u64) -> String {
        let amount = self.money(other.abs_diff(base));
        match (self.lang, other.cmp(&base)) {
            (Lang::En, std::cmp::Ordering::Less) => format!("{amount} less"),
            (Lang::En, std::cmp::Ordering::Greater) => format!("{amount} more"),
            (Lang::En, std::cmp::Ordering::Equal) => "the same".to_owned(),
            (Lang::Zh, std::cmp::Ordering::Less) => format!("少 {amount}"),
            (Lang::Zh, std::cmp::Ordering::Greater) => format!("多 {amount}"),
            (Lang::Zh, std::cmp::Ordering::Equal) => "不变".to_owned(),
        }
    }

    /// What somebody gets who has too few months.
    fn none(&self, outcome: &Outcome) -> String {
        let once = outcome.once.filter(|once| *once > 0).map(|once| self.money(once));
        match self.lang {
            Lang::En => {
                let once = once.map(|once| format!("; {once} is paid out, once")).unwrap_or_default();
                let missing = outcome.missing;
                let are = if missing == 1 { "is" } else { "are" };
                format!("no pension, because {} {are} missing{once}", months(missing))
            }
            Lang::Zh => {
                let once = once.map(|once| format!("，一次性领取 {once}")).unwrap_or_default();
                format!("没有养老金（还差 {} 个月）{once}", outcome.missing)
            }
        }
    }

    /// The age up to which what comes back was added up.
    fn until<'p>(&self, projection: &'p Projection) -> Option<&'p str> {
        let until = &self.pack.parameters[self.pack.pension.as_ref()?.until?].name;
        projection.because.iter().find(|reason| reason.name == *until)?.value.as_deref()
    }

    /// Text in lines that keep within the width.
    fn flowing(&self, out: &mut String, text: &str) {
        let most = self.style.width.saturating_sub(2).min(120);
        let mut line = String::new();
        for word in text.split_inclusive([' ', '，', '、', '；']) {
            if !line.is_empty() && width(&line) + width(word.trim_end()) > most {
                let _ = writeln!(out, "  {}", line.trim_end());
                line = "  ".to_owned();
            }
            line.push_str(word);
        }
        let _ = writeln!(out, "  {}", line.trim_end());
    }

    fn grid(&self, out: &mut String, grid: &GridOf) {
        let label = clean(self.lang.of(&grid.label));
        let head = match self.lang {
            Lang::En => format!(
                "Pension a month in today's wages, by years of paying from now on, and by {}:",
                grid.name
            ),
            Lang::Zh => format!("每月养老金（按今日工资水平），按从现在起的缴费年数和{label}："),
        };
        let _ = writeln!(out, "\n  {head}");
        let mut years: Vec<u64> = Vec::new();
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut value = None;
        for cell in &grid.cells {
            if !years.contains(&cell.years) {
                years.push(cell.years);
            }
            if value != Some(&cell.value) {
                value = Some(&cell.value);
                rows.push(vec![self.value(&grid.name, &cell.value)]);
            }
            let text = match &cell.brings {
                None => self.say("not reckoned", "未能测算").to_owned(),
                Some(brings) => match brings.today.or(brings.pension) {
                    Some(amount) => self.plain(amount),
                    None if self.lang == Lang::Zh => format!("差 {} 个月", brings.missing),
                    None => format!("{} m short", brings.missing),
                },
            };
            if let Some(row) = rows.last_mut() {
                row.push(text);
            }
        }
        let years: Vec<String> = years.iter().map(|n| format!(">{n} {}", self.say("years", "年"))).collect();
        let titles: Vec<&str> =
            std::iter::once(grid.name.as_str()).chain(years.iter().map(String::as_str)).collect();
        out.push_str(&table(&titles, &rows, self.style.width));
    }

    /// A value for people.
    fn value(&self, name: &str, text: &str) -> String {
        let pack = self.pack;
        let unit = match (pack.parameter(name), pack.input(name)) {
            (Some(at), _) => Some(pack.parameters[at].unit),
            (None, Some(at)) => match pack.inputs[at].ask {
                Ask::Money => Some(Unit::Money),
                Ask::Share => Some(Unit::Share),
                _ => None,
            },
            _ => None,
        };
        let number = text.parse().ok().zip(unit.filter(|unit| *unit != Unit::Month));
        match number {
            Some((number, Unit::Money)) => grouped(&for_people(number, Unit::Money, pack.currency)),
            Some((number, unit)) => for_people(number, unit, pack.currency),
            None => clean(text),
        }
    }

    fn assumptions(&self, out: &mut String, reasons: &[Reason]) {
        let (values, rules): (Vec<&Reason>, Vec<&Reason>) =
            reasons.iter().partition(|reason| reason.value.is_some());
        if !values.is_empty() {
            let _ = writeln!(out, "\n  {}", self.say("Assumed, or said by you:", "假设，或由您给出："));
            let rows = values.iter().map(|reason| {
                let value = reason.value.as_deref().map(|value| self.value(&reason.name, value));
                vec![
                    clean(self.lang.of(&reason.label)),
                    value.unwrap_or_default(),
                    due::doubt(reason.status, self.lang).unwrap_or_default().to_owned(),
                    self.change(&reason.name).unwrap_or_default(),
                ]
            });
            let titles = [
                self.say("what", "项目"),
                self.say(">value", ">数值"),
                self.say("status", "状态"),
                self.say("change it with", "更改方式"),
            ];
            out.push_str(&table(&titles, &rows.collect::<Vec<_>>(), self.style.width));
        }
        if !rules.is_empty() {
            let rules = self.names(rules.into_iter());
            let head = self.say("Rules that are assumed themselves: ", "本身即为假设的规则：");
            self.flowing(out, &format!("{head}{rules}"));
        }
    }

    fn names<'r>(&self, reasons: impl Iterator<Item = &'r Reason>) -> String {
        let mut names: Vec<String> = Vec::new();
        for reason in reasons {
            let name = clean(self.lang.pick(&reason.name, &reason.label.zh));
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(self.say(", ", "、"))
    }

    fn held(&self, out: &mut String, held: &[Reason]) {
        if held.is_empty() {
            return;
        }
        let (day, names) = (self.pack.to, self.names(held.iter()));
        out.push('\n');
        let more = if self.why { "" } else { self.say(" (--why says each)", "（--why 逐项列出）") };
        self.flowing(
            out,
            &match self.lang {
                Lang::En => format!("Stays as on {day}: {names}{more}"),
                Lang::Zh => format!("假定自 {day} 起不变：{names}{more}"),
            },
        );
        if self.why {
            held.iter().for_each(|reason| self.reason(out, reason));
        }
    }

    /// A value with its days, its source and how sure it is.
    fn reason(&self, out: &mut String, reason: &Reason) {
        let value = reason.value.as_deref().map(|value| format!(" = {}", self.value(&reason.name, value)));
        let days = match (reason.from, reason.to) {
            (Some(from), Some(to)) => format!(" ({from} – {to})"),
            _ => String::new(),
        };
        let cite = reason.cite.as_deref().map(|cite| format!(": {}", clean(cite))).unwrap_or_default();
        let status = match reason.status {
            Status::Official => self.say("official", "官方"),
            status => due::doubt(status, self.lang).unwrap_or_default(),
        };
        let name = clean(self.lang.pick(&reason.name, &reason.label.zh));
        let _ = writeln!(out, "    {name}{}{days} [{status}]{cite}", value.unwrap_or_default());
    }
}
