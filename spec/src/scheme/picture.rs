//! A projection as one picture, to be looked at by whoever it is about.
//!
//! 1. For each scenario: what she pays, and the pension a month in today's wages.
//! 2. The balance of the account over the years, up to retirement.
//! 3. The grid as a map: the darker, the more pension.
//! 4. In small print: what was assumed, and what stays as it is today.
//!
//! The picture is an SVG file that needs nothing else: no scripts, no styles, no fonts of its own. All text is escaped. Colours were chosen
//! by Okabe and Ito so that colour-blind readers can tell them apart; scenarios have numbers as well.

use std::fmt::Write as _;

use super::card::Lang;
use super::pack::Status;
use super::project::{GridCell, GridOf, Outcome, Projection, Way};
use super::reckon::Reason;
use crate::value::{Currency, Month};

/// Width of the picture, its margin, and the right edge of what is within.
const WIDTH: u64 = 1000;
const LEFT: u64 = 40;
const RIGHT: u64 = WIDTH - LEFT;

/// Sizes of type.
const TITLE: u64 = 26;
const HEAD: u64 = 20;
const BODY: u64 = 16;
const SMALL: u64 = 13;

const FONT: &str =
    "Helvetica, Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans', sans-serif";
const INK: &str = "#1a1a1a";
const GREY: &str = "#595959";
const RULE: &str = "#d9d9d9";
const PAID: &str = "#595959";
const SUBSIDY: &str = "#b8b8b8";
/// Of scenarios, in turn, and the ink that is read on each.
const COLOURS: [(&str, &str); 8] = [
    ("#0072b2", "#ffffff"),
    ("#d55e00", "#ffffff"),
    ("#009e73", "#ffffff"),
    ("#cc79a7", "#000000"),
    ("#e69f00", "#000000"),
    ("#56b4e9", "#000000"),
    ("#000000", "#ffffff"),
    ("#8c6d31", "#ffffff"),
];
/// Of lines, when the colours come round again.
const DASHES: [&str; 4] = ["none", "9 4", "3 3", "12 4 3 4"];
/// The lightest and the darkest colour of the map.
const MAP: ([u64; 3], [u64; 3]) = ([0xe6, 0xf0, 0xf8], [0x08, 0x45, 0x8a]);

/// A projection as an SVG picture, 1000 wide.
pub fn svg(projection: &Projection, lang: Lang) -> String {
    let mut sheet = Sheet { out: String::new(), y: 0, lang, money: Money(projection.currency.parse().ok()) };
    sheet.title(projection);
    sheet.bars(projection);
    sheet.chart(projection);
    if let Some(grid) = &projection.grid {
        sheet.map(grid);
    }
    let text = lang.pick("What was assumed, or set in the question", "测算所用的假设和给定值");
    sheet.small_print(text, &projection.assumptions);
    let text = lang.pick("What stays as it is today", "假定今后不变的规定");
    sheet.small_print(text, &projection.held);
    sheet.whole(lang.of(&projection.scheme.title))
}

/// Amounts of one currency.
#[derive(Clone, Copy)]
struct Money(Option<Currency>);

impl Money {
    /// With a thin space between thousands.
    fn text(self, minor: u64) -> String {
        grouped(&self.0.map_or_else(|| minor.to_string(), |currency| currency.format(minor)))
    }

    /// How many minor units are a major one.
    fn unit(self) -> u64 {
        self.0.map_or(1, |currency| 10u64.saturating_pow(u32::try_from(currency.digits()).unwrap_or(0)))
    }

    /// Without minor units, if there are none.
    fn short(self, minor: u64) -> String {
        if minor.is_multiple_of(self.unit()) {
            grouped(&(minor / self.unit()).to_string())
        } else {
            self.text(minor)
        }
    }
}

/// A decimal number with a thin space between thousands.
fn grouped(number: &str) -> String {
    let (whole, part) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        let _ = write!(out, ".{part}");
    }
    out
}

/// An age in months, in words.
fn age(months: u64, lang: Lang) -> String {
    let (years, rest) = (months / 12, months % 12);
    match (lang, rest) {
        (Lang::En, 0) => format!("{years} years"),
        (Lang::En, 1) => format!("{years} years 1 month"),
        (Lang::En, _) => format!("{years} years {rest} months"),
        (Lang::Zh, 0) => format!("{years} 岁"),
        (Lang::Zh, _) => format!("{years} 岁 {rest} 个月"),
    }
}

fn months(n: u64, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{n} month{}", if n == 1 { "" } else { "s" }),
        Lang::Zh => format!("{n} 个月"),
    }
}

fn status(status: Status, lang: Lang) -> &'static str {
    match status {
        Status::Official => lang.pick("official", "官方"),
        Status::Reported => lang.pick("reported", "转引"),
        Status::Disputed => lang.pick("disputed", "有争议"),
        Status::Assumed => lang.pick("assumed", "假设"),
        Status::Given => lang.pick("set by you", "您给定"),
    }
}

/// Text as XML holds it, without what no reader should obey: controls, and what turns the direction of writing.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fffe}'
            | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// About how wide a character is, in hundredths of the size of type: rather too wide than too narrow.
fn wide(c: char) -> u64 {
    match c {
        '\u{2009}' => 20,
        ' ' | 'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 30,
        'f' | 'r' | 't' | '(' | ')' | '-' | '/' => 38,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 90,
        '0'..='9' | 'a'..='z' => 56,
        'A'..='Z' => 70,
        c if u32::from(c) < 0x1100 => 64,
        _ => 100,
    }
}

/// About how wide a text is, in hundredths of a pixel.
fn hundredths(text: &str, size: u64) -> u64 {
    text.chars().map(wide).sum::<u64>() * size
}

fn width(text: &str, size: u64) -> u64 {
    hundredths(text, size).div_ceil(100)
}

/// What a line does not begin with.
fn clings(c: char) -> bool {
    "，。、；：！？）》】”％,.;:!?)%".contains(c)
}

/// Text in lines of at most some width: broken at spaces, between Chinese characters, and within a word that is longer than a line.
fn wrapped(text: &str, size: u64, most: u64) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        let begins = match pieces.last().and_then(|piece| piece.chars().next_back()) {
            None => true,
            Some(_) if clings(c) => false,
            Some(before) => before == ' ' || wide(c) == 100 || wide(before) == 100,
        };
        match pieces.last_mut() {
            Some(piece) if !begins => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    let most = most * 100;
    for piece in pieces {
        if !line.is_empty() && used + hundredths(piece.trim_end(), size) > most {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for c in piece.chars() {
            let more = wide(c) * size;
            if used + more > most && c != ' ' && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += more;
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

/// A part of a length, as an amount is of the most.
fn part(length: u64, amount: u64, most: u64) -> u64 {
    let part = u128::from(length) * u128::from(amount.min(most)) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(length)
}

fn colour(n: usize) -> (&'static str, &'static str) {
    COLOURS[n % COLOURS.len()]
}

/// How a text is written.
#[derive(Clone, Copy)]
struct Type {
    size: u64,
    fill: &'static str,
    bold: bool,
    /// `start`, `middle` or `end`: which part of it stands at its place.
    anchor: &'static str,
}

impl Type {
    const fn of(size: u64, fill: &'static str) -> Self {
        Self { size, fill, bold: false, anchor: "start" }
    }

    fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    fn ink(self, fill: &'static str) -> Self {
        Self { fill, ..self }
    }

    fn middle(self) -> Self {
        Self { anchor: "middle", ..self }
    }

    fn end(self) -> Self {
        Self { anchor: "end", ..self }
    }
}

const PLAIN: Type = Type::of(BODY, INK);
const FINE: Type = Type::of(SMALL, GREY);

/// What was drawn, down to `y`.
struct Sheet {
    out: String,
    y: u64,
    lang: Lang,
    money: Money,
}

impl Sheet {
    fn whole(self, title: &str) -> String {
        let (height, lang, title) = (self.y + LEFT, self.lang.pick("en", "zh-Hans"), escaped(title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             xml:lang=\"{lang}\" role=\"img\" font-family=\"{FONT}\">\n<title>{title}</title>\n<defs><pattern id=\"short\" width=\"8\" \
             height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"#f2f2f2\"/>\
             <rect width=\"2\" height=\"8\" fill=\"#d0d0d0\"/></pattern></defs>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.out
        )
    }

    /// A line of text on a base line.
    fn text(&mut self, (x, y): (u64, u64), how: Type, text: &str) {
        let Type { size, fill, bold, anchor } = how;
        let bold = if bold { " font-weight=\"bold\"" } else { "" };
        let text = escaped(text);
        let _ = writeln!(
            self.out,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\" text-anchor=\"{anchor}\"{bold}>{text}</text>"
        );
    }

    /// Lines of text from a top down; how high they are.
    fn lines(&mut self, (x, top): (u64, u64), most: u64, how: Type, text: &str) -> u64 {
        let leading = how.size * 13 / 10;
        let lines = wrapped(text, how.size, most);
        for (n, line) in (0..).zip(&lines) {
            self.text((x, top + how.size + n * leading), how, line);
        }
        lines.len() as u64 * leading
    }

    fn rect(&mut self, (x, y): (u64, u64), (w, h): (u64, u64), fill: &str) {
        let _ =
            writeln!(self.out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\"/>");
    }

    fn stroke(&mut self, (x, y): (u64, u64), (to_x, to_y): (u64, u64), colour: &str, dash: &str) {
        let _ = writeln!(
            self.out,
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{to_x}\" y2=\"{to_y}\" stroke=\"{colour}\" stroke-dasharray=\"{dash}\"/>"
        );
    }

    /// The number of a scenario, in its colour.
    fn badge(&mut self, (x, y): (u64, u64), n: usize) {
        let (fill, ink) = colour(n);
        let _ = writeln!(self.out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"11\" fill=\"{fill}\"/>");
        self.text((x, y + 5), Type::of(SMALL, ink).bold().middle(), &(n + 1).to_string());
    }

    /// The head of a part, with what is to be known of it.
    fn head(&mut self, text: &str, more: &str) {
        self.y += 34;
        self.y += self.lines((LEFT, self.y), RIGHT - LEFT, Type::of(HEAD, INK).bold(), text);
        if !more.is_empty() {
            self.y += self.lines((LEFT, self.y + 2), RIGHT - LEFT, FINE, more) + 2;
        }
        self.y += 10;
    }

    fn title(&mut self, projection: &Projection) {
        let (lang, scheme) = (self.lang, &projection.scheme);
        self.y = 34;
        self.y +=
            self.lines((LEFT, self.y), RIGHT - LEFT, Type::of(TITLE, INK).bold(), lang.of(&scheme.title)) + 4;
        let Projection { born, first, currency, .. } = projection;
        let (id, version) = (&scheme.id, &scheme.version);
        let text = match lang {
            Lang::En => {
                format!("{id} {version}  ·  born {born}, from {first} on  ·  all money in {currency}")
            }
            Lang::Zh => format!("{id} {version}  ·  {born} 出生，自 {first} 起  ·  金额单位：{currency}"),
        };
        self.y += self.lines((LEFT, self.y), RIGHT - LEFT, PLAIN, &text) + 2;
        let text = lang.pick(
            "Reckoned by today's law and the assumptions at the end. It is no promise.",
            "按现行规定和文末的假设测算，不是承诺。",
        );
        self.y += self.lines((LEFT, self.y), RIGHT - LEFT, FINE, text);
    }

    fn bars(&mut self, projection: &Projection) {
        let lang = self.lang;
        self.head(lang.pick("What you pay, and what you get", "您缴多少，领多少"), "");
        let ways = &projection.scenarios;
        let outcomes = || ways.iter().filter_map(|way| way.outcome.as_ref());
        let pays = Column::new(
            330,
            300,
            outcomes().map(|out| (out.paid, out.paid.saturating_add(out.subsidy))),
            self.money,
        );
        let gets =
            Column::new(660, RIGHT - 660, outcomes().filter_map(gain).map(|gain| (gain, gain)), self.money);
        let subsidised = outcomes().any(|out| out.subsidy > 0);
        let top = self.y;
        let mut below = top;
        for (column, head, more, marks) in [
            (
                &pays,
                lang.pick("You pay, in all", "您总共缴纳"),
                lang.pick("in the money of each year", "各年金额相加"),
                subsidised
                    .then(|| [(PAID, lang.pick("you", "本人")), (SUBSIDY, lang.pick("subsidy", "补贴"))]),
            ),
            (
                &gets,
                lang.pick("You get, each month for life", "您每月领取，直至终身"),
                lang.pick("in today's wages", "按今天的工资水平折算"),
                None,
            ),
        ] {
            let mut y = top + self.lines((column.x, top), column.w, PLAIN.bold(), head);
            y += self.lines((column.x, y), column.w, FINE, more);
            let mut x = column.x;
            for (fill, name) in marks.into_iter().flatten() {
                self.rect((x, y + 4), (12, 12), fill);
                self.text((x + 17, y + 15), FINE, name);
                x += 17 + width(name, SMALL) + 16;
            }
            below = below.max(if x > column.x { y + 20 } else { y });
        }
        self.y = below + 8;
        for (n, way) in ways.iter().enumerate() {
            self.stroke((LEFT, self.y), (RIGHT, self.y), RULE, "none");
            let top = self.y + 12;
            self.badge((LEFT + 11, top + 11), n);
            let label = self.lines((LEFT + 32, top + 1), pays.x - LEFT - 52, PLAIN, lang.of(&way.label));
            let beside = match &way.outcome {
                Some(out) => self.pair(top, n, out, &pays, &gets),
                None => self.refused(top, way, &pays),
            };
            self.y = top + label.max(beside).max(22) + 10;
        }
    }

    /// The bars of one scenario; how high they are.
    fn pair(&mut self, top: u64, n: usize, out: &Outcome, pays: &Column, gets: &Column) -> u64 {
        let (lang, money) = (self.lang, self.money);
        let (own, all) = (pays.bar(out.paid), pays.bar(out.paid.saturating_add(out.subsidy)));
        self.rect((pays.x, top), (own, 22), PAID);
        self.rect((pays.x + own, top), (all - own, 22), SUBSIDY);
        self.text((pays.x + all + 8, top + 17), PLAIN.bold(), &money.text(out.paid));
        let mut left = 26
            + self.lines(
                (pays.x, top + 26),
                pays.w,
                FINE,
                &match lang {
                    Lang::En => format!("{} paid, {} needed", months(out.months, lang), out.minimum),
                    Lang::Zh => {
                        format!("缴费 {}，需要 {}", months(out.months, lang), months(out.minimum, lang))
                    }
                },
            );
        for (amount, who) in [
            (out.subsidy, lang.pick("paid by subsidies", "由补贴承担")),
            (out.others, lang.pick("paid by platforms and employers", "由平台和用人单位缴纳")),
        ] {
            if amount > 0 {
                let text = format!("+ {} {who}", money.text(amount));
                left += self.lines((pays.x, top + left), pays.w, FINE, &text);
            }
        }
        let mut fine: Vec<String> = Vec::new();
        let mut even = None;
        let at = age(out.age, lang);
        if let Some(shown) = gain(out) {
            let bar = gets.bar(shown);
            self.rect((gets.x, top), (bar, 22), colour(n).0);
            self.text((gets.x + bar + 8, top + 17), PLAIN.bold(), &money.text(shown));
            fine.push(match lang {
                Lang::En => format!("from {} on, at {at}", out.retires),
                Lang::Zh => format!("自 {} 起（{at}）", out.retires),
            });
            if let (Some(pension), Some(year)) = (out.pension, out.retires.get(..4)) {
                fine.push(match lang {
                    Lang::En => format!("{} in the money of {year}", money.text(pension)),
                    Lang::Zh => format!("按 {year} 年金额为 {}", money.text(pension)),
                });
            }
            even = out.break_even.filter(|_| out.paid > 0).map(|even| match (age(even, lang), lang) {
                (even, Lang::En) => format!("what you paid is back at {even}"),
                (even, Lang::Zh) => format!("{even}时领回本人所缴"),
            });
        } else {
            self.text((gets.x, top + 17), Type::of(BODY, GREY).bold(), lang.pick("no pension", "没有养老金"));
            let missing = months(out.missing, lang);
            fine.push(match lang {
                Lang::En => format!("{missing} are missing at {at}"),
                Lang::Zh => format!("{at}时还差 {missing}"),
            });
            if let Some(once) = out.once.filter(|once| *once > 0) {
                fine.push(match lang {
                    Lang::En => format!("{} is paid out, once", money.text(once)),
                    Lang::Zh => format!("一次性领取 {}", money.text(once)),
                });
            }
        }
        let mut right = 26;
        for text in fine {
            right += self.lines((gets.x, top + right), gets.w, FINE, &text);
        }
        if let Some(text) = even {
            right += self.lines((gets.x, top + right), gets.w, Type::of(SMALL, INK), &text);
        }
        left.max(right)
    }

    fn refused(&mut self, top: u64, way: &Way, pays: &Column) -> u64 {
        let Some(stopped) = &way.refused else { return 0 };
        let (month, why) = (&stopped.month, self.lang.of(&stopped.refusal.why));
        let text = match self.lang {
            Lang::En => format!("Not reckoned ({month}): {why}"),
            Lang::Zh => format!("未能测算（{month}）：{why}"),
        };
        self.lines((pays.x, top + 2), RIGHT - pays.x, FINE, &text)
    }

    /// Balances over the years. Scenarios with the same balances share a line.
    fn chart(&mut self, projection: &Projection) {
        let (lang, money) = (self.lang, self.money);
        let mut lines: Vec<Balances> = Vec::new();
        for (n, way) in projection.scenarios.iter().enumerate() {
            let Some(out) = &way.outcome else { continue };
            let read = |(month, _, balance): &(String, u64, u64)| {
                Some((month.parse::<Month>().ok()?.ordinal(), *balance))
            };
            let points: Vec<(u32, u64)> = out.path.iter().filter_map(read).collect();
            match lines.iter_mut().find(|line| line.points == points) {
                Some(line) => line.of.push(n),
                None => {
                    lines.push(Balances { of: vec![n], points, age: out.age, retires: out.retires.clone() })
                }
            }
        }
        let most = lines.iter().flat_map(|line| &line.points).map(|(_, balance)| *balance).max().unwrap_or(0);
        let first = projection.first.parse::<Month>().ok().map(Month::ordinal);
        let last = lines.iter().filter_map(|line| line.points.last()).map(|(month, _)| *month).max();
        let (Some(first), Some(last)) = (first, last) else { return };
        if most == 0 || last <= first {
            return;
        }
        self.head(
            lang.pick("What your own account has, over the years", "个人账户历年余额"),
            lang.pick(
                "In the money of each year; at the right what it has at retirement. Numbers and colours as above.",
                "按各年金额；右侧为退休时的余额。编号和颜色同上。",
            ),
        );
        let mut retire: Vec<(u32, String)> = Vec::new();
        for line in &lines {
            let Some((month, _)) = line.points.last() else { continue };
            let at = age(line.age, lang);
            let text = match lang {
                Lang::En => format!("retirement {}, at {at}", line.retires),
                Lang::Zh => format!("{} 退休（{at}）", line.retires),
            };
            if !retire.iter().any(|(of, _)| of == month) {
                retire.push((*month, text));
            }
        }
        retire.sort_unstable();
        let (left, right, height) = (LEFT + 90, RIGHT - 165, 300);
        let top = self.y + 20 * retire.len() as u64 + 4;
        let bottom = top + height;
        let step = step(most, money.unit());
        let whole = most.div_ceil(step).saturating_mul(step);
        let x = |month: u32| {
            left + part(right - left, u64::from(month.saturating_sub(first)), u64::from(last - first))
        };
        let y = |balance: u64| bottom - part(height, balance, whole);
        for tick in 0..=whole / step {
            let at = y(tick * step);
            self.stroke((left, at), (right, at), RULE, "none");
            self.text((left - 8, at + 4), FINE.end(), &money.short(tick * step));
        }
        self.years((first, last), projection, bottom, &x);
        // The latest on top, so that no line goes through a name.
        for (row, (month, text)) in (0..).zip(retire.iter().rev()) {
            let at = self.y + 20 * row + 14;
            self.stroke((x(*month), at - 10), (x(*month), bottom), GREY, "4 3");
            self.text((x(*month) - 6, at), FINE.end(), text);
        }
        // The first on top: others follow it until they part.
        for line in lines.iter().rev() {
            self.line(line, &x, &|balance| bottom * 10 - part(height * 10, balance, whole));
        }
        // The names of lines, from the highest down, none upon another.
        lines.sort_by_key(|line| std::cmp::Reverse(line.last().1));
        let mut ends: Vec<u64> = lines.iter().map(|line| y(line.last().1)).collect();
        for i in 1..ends.len() {
            ends[i] = ends[i].max(ends[i - 1] + 25);
        }
        let mut floor = bottom.max(top + 25 * ends.len() as u64);
        for end in ends.iter_mut().rev() {
            *end = (*end).min(floor);
            floor = end.saturating_sub(25);
        }
        for (line, end) in lines.iter().zip(&ends) {
            let (month, balance) = line.last();
            let name = right + 26;
            self.stroke((x(month), y(balance)), (name - 12, *end), line.colour(), "none");
            let mut to = name;
            for n in line.of.iter().take(3) {
                self.badge((to, *end), *n);
                to += 23;
            }
            let more = line.of.len().saturating_sub(3);
            let more = if more > 0 { format!("+{more}  ") } else { String::new() };
            self.text((to - 8, *end + 5), FINE, &format!("{more}{}", money.text(balance)));
        }
        self.y = ends.last().map_or(bottom + 40, |end| (bottom + 40).max(end + 12));
    }

    /// Years and ages along the bottom of the chart.
    fn years(
        &mut self,
        (first, last): (u32, u32),
        projection: &Projection,
        bottom: u64,
        x: &dyn Fn(u32) -> u64,
    ) {
        let lang = self.lang;
        let step =
            [1, 2, 5, 10, 20, 50].into_iter().find(|step| (last - first) / 12 / step < 10).unwrap_or(100);
        let born = projection.born.parse::<Month>().map_or(first, Month::ordinal);
        self.text((LEFT, bottom + 20), FINE, lang.pick("year", "年份"));
        self.text((LEFT, bottom + 38), FINE, lang.pick("your age", "年龄"));
        let months = (first..=last).filter_map(Month::from_ordinal);
        for month in months.filter(|month| month.of_year() == 1 && month.year() % step == 0) {
            let at = x(month.ordinal());
            self.stroke((at, bottom), (at, bottom + 5), GREY, "none");
            self.text((at, bottom + 20), FINE.middle(), &month.year().to_string());
            let age = month.ordinal().saturating_sub(born) / 12;
            self.text((at, bottom + 38), FINE.middle(), &age.to_string());
        }
    }

    fn line(&mut self, line: &Balances, x: &dyn Fn(u32) -> u64, tenths: &dyn Fn(u64) -> u64) {
        let mut points = String::new();
        for (month, balance) in &line.points {
            let at = tenths(*balance);
            let _ = write!(points, "{},{}.{} ", x(*month), at / 10, at % 10);
        }
        let _ = writeln!(
            self.out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.5\" stroke-dasharray=\"{}\"/>",
            points.trim_end(),
            line.colour(),
            DASHES[line.of.first().map_or(0, |n| n / COLOURS.len()) % DASHES.len()]
        );
    }

    fn map(&mut self, grid: &GridOf) {
        let (lang, money) = (self.lang, self.money);
        let (mut values, mut years): (Vec<&str>, Vec<u64>) = (Vec::new(), Vec::new());
        for cell in &grid.cells {
            if !values.contains(&cell.value.as_str()) {
                values.push(&cell.value);
            }
            if !years.contains(&cell.years) {
                years.push(cell.years);
            }
        }
        if grid.cells.is_empty() {
            return;
        }
        let label = lang.of(&grid.label);
        self.head(
            lang.pick("If you pay for so many years", "缴这么多年，每月领多少"),
            &match lang {
                Lang::En => format!(
                    "Pension a month, in today's wages. Across: years of paying from now on. Down: {label}."
                ),
                Lang::Zh => {
                    format!("每月养老金，按今天的工资水平折算。横向：从现在起缴费的年数；纵向：{label}。")
                }
            },
        );
        let most = grid.cells.iter().filter_map(shown).max().unwrap_or(0);
        let left = LEFT + 110;
        let w = ((RIGHT - left) / years.len() as u64).clamp(1, 180);
        for (i, of) in (0..).zip(&years) {
            let text = match lang {
                Lang::En => format!("{of} years"),
                Lang::Zh => format!("{of} 年"),
            };
            self.fitted((left + i * w + w / 2, self.y + 16), w, PLAIN.bold().middle(), &text);
        }
        self.y += 26;
        for value in values {
            self.fitted(
                (left - 14, self.y + 27),
                left - LEFT - 14,
                PLAIN.bold().end(),
                &grouped_value(value),
            );
            for (i, of) in (0..).zip(&years) {
                let cell = grid.cells.iter().find(|cell| cell.value == value && cell.years == *of);
                let (fill, ink, text) = match cell.map(|cell| (shown(cell), cell)) {
                    Some((Some(amount), _)) => {
                        let (fill, ink) = shade(part(100, amount, most));
                        (fill, ink, money.text(amount))
                    }
                    Some((None, GridCell { brings: Some(brings), .. })) => {
                        let missing = months(brings.missing, lang);
                        let text = match lang {
                            Lang::En => format!("{missing} short"),
                            Lang::Zh => format!("还差 {missing}"),
                        };
                        ("url(#short)".to_owned(), GREY, text)
                    }
                    _ => ("url(#short)".to_owned(), GREY, lang.pick("not reckoned", "未能测算").to_owned()),
                };
                self.rect((left + i * w, self.y), (w.saturating_sub(2), 42), &fill);
                let middle = left + i * w + w / 2 - 1;
                if fill.starts_with('#') {
                    self.fitted((middle, self.y + 26), w, PLAIN.middle().ink(ink), &text);
                } else {
                    let lines = wrapped(&text, SMALL, w.saturating_sub(8));
                    let (lines, top) = if lines.len() == 2 { (lines, 18) } else { (vec![text], 26) };
                    for (line, down) in lines.iter().zip([top, top + 15]) {
                        self.fitted((middle, self.y + down), w, FINE.middle(), line);
                    }
                }
            }
            self.y += 44;
        }
        let refused = grid.cells.iter().find_map(|cell| cell.refused.as_ref());
        if let Some(stopped) = refused {
            let why = lang.of(&stopped.refusal.why);
            let text = match lang {
                Lang::En => format!("Not reckoned: {why}"),
                Lang::Zh => format!("未能测算：{why}"),
            };
            self.y += 4 + self.lines((LEFT, self.y + 4), RIGHT - LEFT, FINE, &text);
        }
    }

    /// Text on a base line, smaller if it has to be.
    fn fitted(&mut self, at: (u64, u64), most: u64, how: Type, text: &str) {
        let fits = |size: &u64| width(text, *size) + 8 <= most;
        let size = (9..=how.size).rev().find(fits).unwrap_or(9);
        self.text(at, Type { size, ..how }, text);
    }

    /// Reasons in two columns: what, its value, how sure it is. Rules, which have no value, come last.
    fn small_print(&mut self, head: &str, reasons: &[Reason]) {
        if reasons.is_empty() {
            return;
        }
        let lang = self.lang;
        self.head(head, "");
        let mut rows: Vec<[String; 3]> = Vec::new();
        for with_value in [true, false] {
            for reason in reasons.iter().filter(|reason| reason.value.is_some() == with_value) {
                let value = reason
                    .value
                    .as_deref()
                    .map_or_else(|| lang.pick("rule", "规则").to_owned(), grouped_value);
                let row = [lang.of(&reason.label).to_owned(), value, status(reason.status, lang).to_owned()];
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        let gap = 30;
        let column = (RIGHT - LEFT - gap) / 2;
        let broad =
            |i: usize, most: u64| rows.iter().map(|row| width(&row[i], SMALL)).max().unwrap_or(0).min(most);
        let (values, stats) = (broad(1, 130), broad(2, 90));
        let label = column - values - stats - 24;
        let leading = SMALL * 13 / 10;
        let high = |row: &[String; 3]| {
            let lines = [(&row[0], label), (&row[1], values), (&row[2], stats)];
            5 + leading
                * lines.iter().map(|(text, most)| wrapped(text, SMALL, *most).len()).max().unwrap_or(1) as u64
        };
        let half = rows.iter().map(high).sum::<u64>().div_ceil(2);
        let (top, mut x, mut y) = (self.y, LEFT, self.y);
        for row in &rows {
            if x == LEFT && y - top >= half {
                (x, y) = (LEFT + column + gap, top);
            }
            self.lines((x, y), label, Type::of(SMALL, INK), &row[0]);
            self.lines((x + label + 12 + values, y), values, Type::of(SMALL, INK).end(), &row[1]);
            self.lines((x + label + values + 24, y), stats, FINE, &row[2]);
            y += high(row);
            self.y = self.y.max(y);
        }
    }
}

/// Where bars begin, and how long the longest may be.
struct Column {
    x: u64,
    w: u64,
    longest: u64,
    most: u64,
}

impl Column {
    /// Amounts that are written, and what the bar of each is as long as.
    fn new(x: u64, w: u64, amounts: impl Iterator<Item = (u64, u64)>, money: Money) -> Self {
        let (mut most, mut text) = (0, 0);
        for (written, bar) in amounts {
            most = most.max(bar);
            text = text.max(width(&money.text(written), BODY));
        }
        Self { x, w, longest: w.saturating_sub(text + 14).max(20), most }
    }

    fn bar(&self, amount: u64) -> u64 {
        part(self.longest, amount, self.most).max(u64::from(amount > 0))
    }
}

/// A line of the chart: of which scenarios, and month and balance of its points.
struct Balances {
    of: Vec<usize>,
    points: Vec<(u32, u64)>,
    age: u64,
    retires: String,
}

impl Balances {
    fn last(&self) -> (u32, u64) {
        self.points.last().copied().unwrap_or_default()
    }

    fn colour(&self) -> &'static str {
        colour(self.of.first().copied().unwrap_or(0)).0
    }
}

/// The pension that is shown: in today's wages if that is known.
fn gain(out: &Outcome) -> Option<u64> {
    out.today.or(out.pension)
}

fn shown(cell: &GridCell) -> Option<u64> {
    cell.brings.as_ref().and_then(|brings| brings.today.or(brings.pension))
}

/// A value as the pack writes it; large numbers grouped.
fn grouped_value(value: &str) -> String {
    let whole = value.split('.').next().unwrap_or_default();
    let number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if number && whole.len() >= 5 { grouped(value) } else { value.to_owned() }
}

/// The colour of a part of the most, in hundredths, and the ink on it.
fn shade(hundredths: u64) -> (String, &'static str) {
    let (light, dark) = MAP;
    let mix = |i: usize| (light[i] * (100 - hundredths) + dark[i] * hundredths) / 100;
    let ink = if hundredths > 50 { "#ffffff" } else { INK };
    (format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2)), ink)
}

/// The distance of lines across the chart: 1, 2 or 5 times a power of ten, four to nine of them where there is room.
fn step(most: u64, unit: u64) -> u64 {
    let mut power = unit.max(1);
    loop {
        for times in [1, 2, 5] {
            let step = power.saturating_mul(times);
            if most / step < 6 || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}
