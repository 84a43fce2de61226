//! How amounts, lengths of time, shares and dates are written in a settings file.
//!
//! Decimals are text, never floats: `0.1` as a float is not a tenth.

use serde::Deserialize;

/// Seconds of a day, and of a year of 365 days as the emission counts them.
pub(super) const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;

/// A number as the file has it: whole, or text with a unit or decimals.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a whole number, or text such as \"0.25\", \"7d\" or \"10%\""
)]
pub(super) enum Quantity {
    Whole(u64),
    Text(String),
}

impl Quantity {
    fn text(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        }
    }

    /// An amount with 18 decimals, in its smallest unit: `12`, `"0.125"`.
    pub(super) fn amount(&self) -> Result<u128, String> {
        let text = self.text();
        scaled(&text, 18).ok_or_else(|| {
            format!(
                "`{text}` is no amount; write a number with at most 18 decimals, such as \"0.125\""
            )
        })
    }

    /// A length of time in seconds: `600`, `"90s"`, `"15m"`, `"2h"`, `"7d"`, `"4y"`.
    pub(super) fn seconds(&self) -> Result<u64, String> {
        let text = self.text();
        let malformed = || {
            format!(
                "`{text}` is no length of time; write seconds, or a whole number and s, m, h, d \
                 or y, such as \"7d\""
            )
        };
        let (digits, unit) = match text.chars().next_back().ok_or_else(malformed)? {
            's' => (&text[..text.len() - 1], 1),
            'm' => (&text[..text.len() - 1], 60),
            'h' => (&text[..text.len() - 1], 3_600),
            'd' => (&text[..text.len() - 1], DAY),
            'y' => (&text[..text.len() - 1], YEAR),
            _ => (text.as_str(), 1),
        };
        digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .ok_or_else(malformed)
    }

    /// Seconds with 18 decimals: `"0.5"`.
    pub(super) fn fixed_seconds(&self) -> Result<u128, String> {
        let text = self.text();
        scaled(text.strip_suffix('s').unwrap_or(&text), 18).ok_or_else(|| {
            format!(
                "`{text}` is no number of seconds; write one with at most 18 decimals, such as \
                 \"0.5\""
            )
        })
    }

    /// A share as a fraction of 1e18: `"10%"`, `"0.08%"`.
    pub(super) fn share(&self) -> Result<u128, String> {
        let text = self.text();
        text.strip_suffix('%')
            .and_then(|percent| scaled(percent.trim_end(), 16))
            .ok_or_else(|| {
                format!(
                    "`{text}` is no percentage; write a number with at most 16 decimals and a \
                     percent sign, such as \"10%\""
                )
            })
    }

    /// A whole number.
    pub(super) fn number(&self) -> Result<u128, String> {
        let text = self.text();
        text.parse()
            .map_err(|_| format!("`{text}` is no whole number"))
    }
}

/// A number with at most `decimals` decimals, as a whole number of 10^-decimals.
fn scaled(text: &str, decimals: usize) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > decimals || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

/// A moment: seconds since 1970, or a date and time with its offset from UTC.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a date and time such as 2026-12-01T12:00:00Z, or seconds since 1970"
)]
pub(super) enum Moment {
    Seconds(u64),
    Date(toml::value::Datetime),
}

impl Moment {
    /// Seconds since 1970.
    pub(super) fn seconds(&self) -> Result<u64, String> {
        let date = match self {
            Self::Seconds(seconds) => return Ok(*seconds),
            Self::Date(date) => date,
        };
        let malformed = || {
            format!(
                "`{date}` is no moment; write date, time and offset, as in 2026-12-01T12:00:00Z"
            )
        };
        let (Some(day), Some(time), Some(offset)) = (date.date, date.time, date.offset) else {
            return Err(malformed());
        };
        let minutes = match offset {
            toml::value::Offset::Z => 0,
            toml::value::Offset::Custom { minutes } => i64::from(minutes),
        };
        let days = days_from_civil(day.year.into(), day.month.into(), day.day.into());
        let second = i64::from(time.hour) * 3_600
            + i64::from(time.minute) * 60
            + i64::from(time.second.unwrap_or(0));
        u64::try_from(days * 86_400 + second - minutes * 60).map_err(|_| malformed())
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March,
/// so that a leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Quantity {
        Quantity::Text(text.to_owned())
    }

    #[test]
    fn reads_each_kind_to_its_last_digit() {
        assert_eq!(text("0.000000000000000001").amount(), Ok(1));
        assert_eq!(Quantity::Whole(12).amount(), Ok(12_000_000_000_000_000_000));
        assert_eq!(text("10%").share(), Ok(100_000_000_000_000_000));
        assert_eq!(text("0.08 %").share(), Ok(800_000_000_000_000));
        assert_eq!(text("100%").share(), Ok(1_000_000_000_000_000_000));
        assert_eq!(text("0.5").fixed_seconds(), Ok(500_000_000_000_000_000));
        for (written, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("7d", 604_800),
            ("4y", 126_144_000),
        ] {
            assert_eq!(text(written).seconds(), Ok(seconds));
        }
        assert_eq!(Quantity::Whole(600).seconds(), Ok(600));
        assert_eq!(text("3").number(), Ok(3));
    }

    #[test]
    fn refuses_what_is_none_and_says_what_would_be() {
        for wrong in ["", ".5", "1,5", "-1", "1e3", "0.0000000000000000001", "ä"] {
            let error = text(wrong).amount().unwrap_err();
            assert!(error.contains("0.125") && error.contains(wrong), "{error}");
        }
        for wrong in ["", "d", "1.5h", "7w", "99999999999999999999y", "5ä"] {
            assert!(text(wrong).seconds().unwrap_err().contains("7d"), "{wrong}");
        }
        for wrong in ["", "%", "10", "0.1", "-1%", "ten%"] {
            assert!(text(wrong).share().unwrap_err().contains("10%"), "{wrong}");
        }
    }

    #[test]
    fn dates_are_seconds_since_1970() {
        #[derive(Deserialize)]
        struct File {
            at: Moment,
        }
        let seconds = |at: &str| {
            toml::from_str::<File>(&format!("at = {at}"))
                .unwrap()
                .at
                .seconds()
        };
        for (written, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2026-11-21T23:41:11Z", 1_795_304_471),
            ("2026-11-22T01:41:11+02:00", 1_795_304_471),
            ("1795304471", 1_795_304_471),
        ] {
            assert_eq!(seconds(written), Ok(expected), "{written}");
        }
        for wrong in ["2026-11-21", "2026-11-21T23:41:11", "1969-01-01T00:00:00Z"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
