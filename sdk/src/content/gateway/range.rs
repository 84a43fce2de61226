//! `Range` and `If-Range`: RFC 9110, sections 13.1.5 and 14.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// More ranges than this in one request are nobody's who means well (RFC 9110, section
/// 14.2); the whole is sent instead.
const MOST: usize = 16;

/// Which bytes of an answer are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    Whole,
    /// These, one or several ranges in the order asked for; none is empty.
    Parts(Vec<Range<u64>>),
    /// What was asked for lies behind the end.
    Nothing,
}

impl Wanted {
    /// What the headers of a request want of `size` bytes whose entity tag is `tag`.
    ///
    /// A header that is no range of bytes is left aside, as the RFC asks. So are ranges that
    /// together are longer than the whole.
    pub(super) fn of(headers: &HeaderMap, tag: &str, size: u64) -> Self {
        let Some(ranges) = headers
            .get(header::RANGE)
            .and_then(|text| text.to_str().ok())
        else {
            return Self::Whole;
        };
        if let Some(condition) = headers.get(header::IF_RANGE)
            // Dates are never right either: content has none.
            && condition.as_bytes() != tag.as_bytes()
        {
            return Self::Whole;
        }
        let Some(ranges) = parse(ranges) else {
            return Self::Whole;
        };
        let parts: Vec<Range<u64>> = ranges
            .iter()
            .filter_map(|range| range.within(size))
            .collect();
        let sum = parts.iter().fold(0, |sum: u64, part| {
            sum.saturating_add(part.end - part.start)
        });
        match parts.len() {
            0 => Self::Nothing,
            1 => Self::Parts(parts),
            _ if sum > size => Self::Whole,
            _ => Self::Parts(parts),
        }
    }
}

/// One range as it was written.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// `2-5` or `2-`.
    From(u64, Option<u64>),
    /// `-5`: so many at the end.
    Last(u64),
}

impl Asked {
    fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => {
                first..last.map_or(size, |last| last.saturating_add(1)).min(size)
            }
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

fn parse(header: &str) -> Option<Vec<Asked>> {
    let (unit, ranges) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let ranges: Vec<Asked> = ranges
        .split(',')
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .take(MOST + 1)
        .map(one)
        .collect::<Option<_>>()?;
    (1..=MOST).contains(&ranges.len()).then_some(ranges)
}

fn one(range: &str) -> Option<Asked> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        // A number that is too large for any file is as good as the largest.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", last) => number(last).map(Asked::Last),
        (first, "") => Some(Asked::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, Some(last)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(range: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        Wanted::of(&headers, "\"tag\"", size)
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        for (range, size, part) in [
            ("bytes=0-0", 10, 0..1),
            ("bytes=2-5", 10, 2..6),
            ("bytes=2-", 10, 2..10),
            ("Bytes= 8 - 20 ", 10, 8..10),
            ("bytes=-3", 10, 7..10),
            ("bytes=-30", 10, 0..10),
            ("bytes=5-99999999999999999999999", 10, 5..10),
            ("bytes=0-1,20-30", 10, 0..2),
        ] {
            assert_eq!(wanted(range, size), Wanted::Parts(vec![part]), "{range}");
        }
        assert_eq!(wanted("bytes=6-8,0-4", 10), Wanted::Parts(vec![6..9, 0..5]));
    }

    #[test]
    fn what_lies_behind_the_end_is_nothing() {
        for (range, size) in [
            ("bytes=10-", 10),
            ("bytes=10-20,30-", 10),
            ("bytes=-0", 10),
            ("bytes=0-0", 0),
            ("bytes=-5", 0),
        ] {
            assert_eq!(wanted(range, size), Wanted::Nothing, "{range}");
        }
    }

    #[test]
    fn what_is_no_range_or_too_many_is_left_aside() {
        let many = format!("bytes={}", vec!["0-0"; MOST + 1].join(","));
        for range in [
            "bytes=",
            "bytes=,",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1",
            "bytes=+1-2",
            "lines=1-2",
            "bytes",
            "bytes=0-8,1-9",
            &many,
        ] {
            assert_eq!(wanted(range, 10), Wanted::Whole, "{range}");
        }
    }

    #[test]
    fn a_condition_that_does_not_hold_asks_for_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=1-2".parse().unwrap());
        for (condition, holds) in [
            ("\"tag\"", true),
            ("W/\"tag\"", false),
            ("\"other\"", false),
            ("Sat, 29 Oct 1994 19:43:31 GMT", false),
        ] {
            headers.insert(header::IF_RANGE, condition.parse().unwrap());
            let wanted = Wanted::of(&headers, "\"tag\"", 10);
            assert_eq!(wanted != Wanted::Whole, holds, "{condition}");
        }
    }
}
