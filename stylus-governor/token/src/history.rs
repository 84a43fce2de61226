//! How an amount changed over time: votes of a delegate, the supply.
//!
//! A history is a list of points, by time. The newest lies in the history's own slot,
//! together with how many there are; `mapping(uint256 => Point)` at that slot has the
//! others. So an amount now is read with one word, the first point costs one slot, and a
//! point is added with two writes, of which one is to a slot that is there already. Points of
//! one second are one point.

use alloy_primitives::B256;
use arbius_host::{self as host, entry, number, part};

/// A point of a history: 8 bytes for how many points there were when it was the newest, 8
/// for the time in seconds, 16 for the amount in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point(B256);

impl Point {
    fn new(count: u32, time: u64, amount: &B256) -> Self {
        let mut word = *amount;
        word[..8].copy_from_slice(&u64::from(count).to_be_bytes());
        word[8..16].copy_from_slice(&time.to_be_bytes());
        Self(word)
    }

    /// How many points there are, if this is the newest.
    #[must_use]
    pub fn count(&self) -> u32 {
        part(&self.0, 0, 8) as u32
    }

    /// From when on the amount is this one, in seconds since the epoch.
    #[must_use]
    pub fn time(&self) -> u64 {
        part(&self.0, 8, 8) as u64
    }

    /// The amount, in wei.
    #[must_use]
    pub fn amount(&self) -> B256 {
        let mut amount = B256::ZERO;
        amount[16..].copy_from_slice(&self.0[16..]);
        amount
    }
}

/// The newest point of the history at `slot`; one of no time and nothing if there is none.
#[must_use]
pub fn newest(slot: &B256) -> Point {
    Point(host::load(slot))
}

/// Point `index` of the history at `slot`, counted from the oldest.
#[must_use]
pub fn point(slot: &B256, index: u32) -> Option<Point> {
    let newest = newest(slot);
    match newest.count().checked_sub(index)? {
        0 => None,
        1 => Some(newest),
        _ => Some(older(slot, index)),
    }
}

/// A point that is there and not the newest.
fn older(slot: &B256, index: u32) -> Point {
    Point(host::load(&entry(&number(index.into()), slot)))
}

/// From now on the amount is `amount`.
#[inline(never)]
pub fn push(slot: &B256, amount: &B256) {
    let now = host::timestamp();
    let newest = newest(slot);
    let mut count = newest.count();
    if count == 0 || newest.time() != now {
        if let Some(index) = count.checked_sub(1) {
            host::cache(&entry(&number(index.into()), slot), &newest.0);
        }
        count += 1;
    }
    host::cache(slot, &Point::new(count, now, amount).0);
}

/// What the amount was at the end of second `time`, a word whose number is past.
#[inline(never)]
#[must_use]
pub fn amount_at(slot: &B256, time: &B256) -> B256 {
    let time = part(time, 24, 8) as u64;
    let newest = newest(slot);
    if newest.time() <= time {
        return newest.amount();
    }
    let older_points = newest.count().saturating_sub(1);
    let until = until(older_points, time, |index| older(slot, index).time());
    match until.checked_sub(1) {
        Some(index) => older(slot, index).amount(),
        None => B256::ZERO,
    }
}

/// How many of `len` points, whose times rise, are at `time` or before.
///
/// Looks back from the end in steps that double, and then halves the last one: what is
/// asked about is mostly recent, however long a history is.
fn until(len: u32, time: u64, at: impl Fn(u32) -> u64) -> u32 {
    let (mut low, mut high, mut step) = (0, len, 1);
    while let Some(probe) = high.checked_sub(step) {
        if at(probe) <= time {
            low = probe + 1;
            break;
        }
        high = probe;
        step = step.saturating_mul(2);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if at(middle) <= time {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use arbius_protocol::interfaces::token::CAP;

    #[test]
    fn a_point_holds_what_it_was_made_of() {
        let cap = B256::from(U256::from(CAP));
        let point = Point::new(u32::MAX, (1 << 48) - 1, &cap);
        assert_eq!(
            (point.count(), point.time(), point.amount()),
            (u32::MAX, (1 << 48) - 1, cap)
        );
    }

    #[test]
    fn finds_the_last_point_that_is_not_later() {
        for len in 0..70_u32 {
            let times: Vec<u64> = (0..len).map(|i| u64::from(10 + 3 * i)).collect();
            for time in 0..230 {
                let expected = times.partition_point(|at| *at <= time);
                let found = until(len, time, |index| times[index as usize]);
                assert_eq!(found as usize, expected, "{time} in {len}");
            }
        }
    }

    #[test]
    fn looks_at_few_points_and_at_fewer_where_they_are_recent() {
        let looks = |time: u64| {
            let count = std::cell::Cell::new(0);
            until(u32::MAX, time, |index| {
                count.set(count.get() + 1);
                index.into()
            });
            count.get()
        };
        assert_eq!(looks(u64::from(u32::MAX)), 1);
        assert!(looks(u64::from(u32::MAX) - 100) <= 14);
        assert!(looks(0) <= 64);
    }
}
