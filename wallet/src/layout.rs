//! Plain text for a terminal: columns that keep within its width, and colour where there is one.

use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How to write for the reader at hand.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether it shows colour.
    pub colour: bool,
}

impl Style {
    /// The style of standard output: colour only on a terminal, and not if `NO_COLOR` is set.
    pub fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let measured = terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)).filter(|_| terminal);
        let width = columns.or(measured).unwrap_or(160);
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self { width: width.clamp(40, 400), colour: terminal && !plain }
    }

    /// Text in a colour (an SGR number), where there is colour.
    pub fn paint(self, sgr: u8, text: &str) -> String {
        if self.colour { format!("\x1b[{sgr}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Text without what a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Text cut to a width, with `…` where something was cut.
pub fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// An address as `peal1…q6gx7f2k`: enough to tell two apart in a list, never enough to pay to. Its beginning is the same for many.
pub fn short(address: &str) -> String {
    match (address.get(..5), address.get(address.len().saturating_sub(8)..)) {
        (Some(head), Some(tail)) if address.len() > 24 => format!("{head}…{tail}"),
        _ => address.to_owned(),
    }
}

/// Seconds in words: `3 minutes`.
pub fn span(seconds: u64) -> String {
    let (n, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A table with two spaces before and between columns. Columns whose title starts with `>` are flush right: numbers, which are never cut.
/// If it is too wide, the widest of the other columns are.
pub fn table(titles: &[&str], rows: &[Vec<String>], most: usize) -> String {
    let plain: Vec<&str> = titles.iter().map(|t| t.trim_start_matches('>')).collect();
    let mut widths: Vec<usize> = plain.iter().map(|t| width(t)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    while widths.iter().map(|w| w + 2).sum::<usize>() > most {
        let texts = widths.iter_mut().zip(titles).filter(|(_, title)| !title.starts_with('>'));
        match texts.map(|(w, _)| w).max() {
            Some(widest) if *widest > 8 => *widest -= 1,
            _ => break,
        }
    }
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, w), title) in cells.zip(&widths).zip(titles) {
            let cell = cut(cell, *w);
            let pad = " ".repeat(w - width(&cell).min(*w));
            text.push_str("  ");
            text.push_str(&if title.starts_with('>') {
                format!("{pad}{cell}")
            } else {
                format!("{cell}{pad}")
            });
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut plain.iter().copied());
    rows.iter().for_each(|row| line(&mut row.iter().map(String::as_str)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_within_the_width() {
        let rows = vec![vec!["养老保险".to_owned(), "1.00".into()], vec!["x".repeat(60), "12.00".into()]];
        let text = table(&["scheme", ">amount"], &rows, 40);
        assert!(text.lines().all(|l| width(l) <= 40), "{text}");
        assert_eq!(text.lines().next().unwrap(), format!("  scheme{}  amount", " ".repeat(24)));
        assert!(text.contains('…'));
    }

    #[test]
    fn texts_are_cut_and_cleaned() {
        assert_eq!(cut("养老保险", 5), "养老…");
        assert_eq!(clean("a\x1b[2Jb"), "a[2Jb");
        assert_eq!(span(1), "1 second");
        assert_eq!(span(200), "3 minutes");
        assert_eq!(short("short"), "short");
    }
}
