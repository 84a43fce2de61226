//! A value that votes change, with its history: what it was at any time.

/// From a time on, the value is another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Since when, in seconds since the epoch.
    pub since: u64,
    /// The value.
    pub value: u8,
}

/// The value at `time`: that of the last change not after it, 0 before the first.
///
/// `latest` is the last of `count` changes; `earlier` reads one by its number, counted
/// from 0, and is asked only if `latest` is after `time`.
pub fn value_at(latest: Change, count: u32, time: u64, earlier: impl Fn(u32) -> Change) -> u8 {
    if count == 0 {
        return 0;
    }
    if latest.since <= time {
        return latest.value;
    }
    // All changes before `low` are at or before `time`, all from `high` on after it.
    let (mut low, mut high) = (0, count - 1);
    let mut value = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        let change = earlier(middle);
        if change.since <= time {
            value = change.value;
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn before_the_first_change_there_is_nothing() {
        let only = Change {
            since: 10,
            value: 4,
        };
        let none = |_| -> Change { panic!("there is no earlier one") };
        assert_eq!(value_at(only, 1, 9, none), 0);
        assert_eq!(value_at(only, 1, 10, none), 4);
        assert_eq!(value_at(Change::default(), 0, 10, none), 0);
    }

    proptest! {
        #[test]
        fn the_value_is_that_of_the_last_change_not_after_the_time(
            steps in prop::collection::vec((0_u64..5, 1_u8..30), 1..40),
            time in 0_u64..120,
        ) {
            let mut since = 5;
            let changes: Vec<Change> = steps
                .into_iter()
                .map(|(step, value)| {
                    since += step;
                    Change { since, value }
                })
                .collect();
            let expected = changes
                .iter()
                .rfind(|change| change.since <= time)
                .map_or(0, |change| change.value);
            let count = changes.len();
            let found = value_at(changes[count - 1], count as u32, time, |i| {
                assert!((i as usize) < count - 1);
                changes[i as usize]
            });
            prop_assert_eq!(found, expected);
        }
    }
}
