//! Lines, tables and JSON on standard output. What is on its way goes to standard error.

use std::io::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use arbius_sdk::contracts::TaskStatus;
use serde::Serialize;

/// Prints one line.
pub(crate) fn line(text: impl AsRef<str>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", text.as_ref())
}

/// Prints one JSON value, indented.
pub(crate) fn json(value: &impl Serialize) -> eyre::Result<()> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Prints one JSON value in one line, as one of many.
pub(crate) fn json_line(value: &impl Serialize) -> eyre::Result<()> {
    Ok(line(serde_json::to_string(value)?)?)
}

/// Prints names and values below each other.
pub(crate) fn fields(fields: &[(&str, String)]) -> io::Result<()> {
    let width = fields
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    for (name, value) in fields {
        line(format!("{name:<width$}  {}", printable(value)))?;
    }
    Ok(())
}

/// Prints a text of any number of lines that a stranger may have written.
pub(crate) fn text(text: &str) -> io::Result<()> {
    text.lines().try_for_each(|text| line(printable(text)))
}

/// Text without what would move a terminal's cursor or clear its screen: strangers write
/// inputs, and endpoints errors.
fn printable(text: &str) -> String {
    let visible = |letter: char| match letter.is_control() {
        true => '·',
        false => letter,
    };
    text.chars().map(visible).collect()
}

/// How a column of a table is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Prints a table: a line of headings, a rule, the rows.
pub(crate) fn table(columns: &[(&str, Side)], rows: &[Vec<String>]) -> io::Result<()> {
    for text in table_lines(columns, rows) {
        line(text)?;
    }
    Ok(())
}

fn table_lines(columns: &[(&str, Side)], rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let length = |text: &str| text.chars().count();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, (heading, _))| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(index))
                .map(|cell| length(cell));
            cells.chain([length(heading)]).max().unwrap_or_default()
        })
        .collect();
    let set = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells
            .zip(columns)
            .zip(&widths)
            .map(|((cell, (_, side)), &width)| match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![set(&mut columns.iter().map(|(heading, _)| *heading))];
    lines.push(
        widths
            .iter()
            .map(|&width| "─".repeat(width))
            .collect::<Vec<_>>()
            .join("  "),
    );
    lines.extend(
        rows.iter()
            .map(|row| set(&mut row.iter().map(String::as_str))),
    );
    lines
}

/// A number with its thousands apart: 1,234,567.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Now, in milliseconds since 1970: as jobs note their times.
pub(crate) fn now_millis() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time in seconds since 1970 as a date: `2026-11-21 22:18:31 UTC`.
pub(crate) fn time(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    // A year beyond this is no time of a block.
    while days >= days_in(year) && year < 10_000 {
        days -= days_in(year);
        year += 1;
    }
    let february = if days_in(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC",
        days + 1
    )
}

/// A length of time in its two largest units: `1 d 2 h`, `5 min 3 s`, `0 s`.
pub(crate) fn duration(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units
        .iter()
        .position(|(length, _)| seconds >= *length)
        .unwrap_or(units.len() - 1);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, name) in &units[first..units.len().min(first + 2)] {
        let number = rest / length;
        rest %= length;
        if number > 0 || parts.is_empty() {
            parts.push(format!("{number} {name}"));
        }
    }
    parts.join(" ")
}

/// When something is, seen from `now`: `in 5 min 3 s`, `2 h ago`, `now`.
pub(crate) fn from_now(now: u64, then: u64) -> String {
    match then.cmp(&now) {
        std::cmp::Ordering::Greater => format!("in {}", duration(then - now)),
        std::cmp::Ordering::Less => format!("{} ago", duration(now - then)),
        std::cmp::Ordering::Equal => "now".to_owned(),
    }
}

/// A number of bytes: `17 B`, `1.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut unit = "B";
    let mut size = count as f64;
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{count} B"),
        _ => format!("{size:.1} {unit}"),
    }
}

/// How a task stands, in a word.
pub(crate) const fn status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::None => "unknown",
        TaskStatus::Open => "open",
        TaskStatus::Solved => "solved",
        TaskStatus::Contested => "contested",
        TaskStatus::Final => "final",
        TaskStatus::Rejected => "rejected",
        TaskStatus::Retracted => "retracted",
    }
}

fn days_in(year: u64) -> u64 {
    let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leaps { 366 } else { 365 }
}

/// The beginning and the end of something long: `0x1234…abcd`.
pub(crate) fn short(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    match characters.len() {
        0..=14 => text.to_owned(),
        count => {
            let ends = [&characters[..6], &['…'], &characters[count - 4..]];
            ends.concat().into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_letters() {
        let rows = [
            vec!["ä…".to_owned(), "5".to_owned()],
            vec!["long one".into(), "1,000".into()],
        ];
        let lines = table_lines(&[("task", Side::Left), ("gas", Side::Right)], &rows);
        assert_eq!(
            lines,
            [
                "task        gas",
                "────────  ─────",
                "ä…            5",
                "long one  1,000"
            ]
        );
    }

    #[test]
    fn what_strangers_wrote_does_not_reach_the_terminal() {
        let rows = [vec!["a\u{1b}[2Jb\n".to_owned()]];
        let lines = table_lines(&[("note", Side::Left)], &rows);
        assert_eq!(lines[2], "a·[2Jb·");
    }

    #[test]
    fn times_are_dates() {
        for (seconds, date) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_795_304_471, "2026-11-21 23:41:11 UTC"),
        ] {
            assert_eq!(time(seconds), date);
        }
        time(u64::MAX);
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!((thousands(0), thousands(999)), ("0".into(), "999".into()));
    }

    #[test]
    fn lengths_of_time_have_two_units_and_sizes_one() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (303, "5 min 3 s"),
            (86_400 + 59, "1 d"),
            (93_600, "1 d 2 h"),
        ] {
            assert_eq!(duration(seconds), words);
        }
        assert_eq!(from_now(10, 70), "in 1 min");
        assert_eq!(
            (from_now(70, 10), from_now(5, 5)),
            ("1 min ago".into(), "now".into())
        );
        for (count, words) in [(17, "17 B"), (1_536, "1.5 KiB"), (20 << 30, "20.0 GiB")] {
            assert_eq!(bytes(count), words);
        }
    }

    #[test]
    fn long_things_are_cut_and_short_ones_are_not() {
        assert_eq!(
            short("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
            "QmbFMk…AwQH"
        );
        assert_eq!(short("0x12"), "0x12");
    }
}
