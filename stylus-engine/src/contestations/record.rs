//! Where a contestation and its votes lie.
//!
//! Contester and accused, whom every contestation has, are known from its first word and
//! from the solution. Only the others' votes are written down one by one.

use crate::earnings;
use crate::host::Word;
use crate::layout::STORAGE;
use crate::store::{Map, Map2, Pack, Slot, put, put_address, take, take_address};
use crate::validators::Stake;
use alloy_primitives::{Address, B256};
use arbius_protocol::contestation::{Settlement, Tally, VoteWindow, Voter};

/// Where contestations and votes are kept.
#[derive(Clone, Copy)]
pub struct ContestationStorage {
    /// Two words each: [`Opening`], [`Count`].
    entries: Map<B256, Opening>,
    /// Who voted yes, by task and place; the contester at place 0 is not written.
    pub(super) yeas: Map2<B256, u64, Address>,
    /// Who voted no, by task and place; an accused that voted at once is not written.
    pub(super) nays: Map2<B256, u64, Address>,
    /// Who of the others has voted, but for the first [`FEW`].
    pub(super) voted: Map2<B256, Address, bool>,
}

/// So many votes of others than contester and accused are found by looking through the
/// lists: cheaper than a mark for each (2,100 gas a vote against 22,100), as long as they
/// are few.
pub(super) const FEW: u32 = 4;

impl ContestationStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
            yeas: Map2::at(base + 1),
            nays: Map2::at(base + 2),
            voted: Map2::at(base + 3),
        }
    }
}

/// How it began: contester 20, time 5, extension 4, flags 1.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    /// Who contests; zero where there is no contestation.
    pub(super) contester: Address,
    /// Time of the contestation.
    pub(super) time: u64,
    /// Seconds that a late vote adds, fixed when it began.
    pub(super) extension: u64,
    /// Whether the accused has voted.
    pub(super) accused_voted: bool,
    /// Whether it did so at once, so that the first no is its.
    pub(super) accused_first: bool,
}

impl Pack for Opening {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.contester);
        put::<20, 5>(&mut word, self.time.into());
        put::<25, 4>(&mut word, self.extension.into());
        word[29] = u8::from(self.accused_voted) | u8::from(self.accused_first) << 1;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            contester: take_address::<0>(word),
            time: take::<20, 5>(word) as u64,
            extension: take::<25, 4>(word) as u64,
            accused_voted: word[29] & 1 != 0,
            accused_first: word[29] & 2 != 0,
        }
    }
}

/// How the vote stands: lock 10, end 5, latest end 5, yeas 4, nays 4, settled 4.
#[derive(Clone, Copy)]
pub(super) struct Count {
    /// Wei that each vote locks, fixed when it began.
    pub(super) slash: u128,
    /// Until when votes are taken, in unpaused seconds.
    pub(super) window: VoteWindow,
    pub(super) yeas: u32,
    pub(super) nays: u32,
    /// How many winners are settled.
    pub(super) settled: u32,
}

impl Pack for Count {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.slash);
        put::<10, 5>(&mut word, self.window.end.into());
        put::<15, 5>(&mut word, self.window.latest.into());
        put::<20, 4>(&mut word, self.yeas.into());
        put::<24, 4>(&mut word, self.nays.into());
        put::<28, 4>(&mut word, self.settled.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            slash: take::<0, 10>(word),
            window: VoteWindow {
                end: take::<10, 5>(word) as u64,
                latest: take::<15, 5>(word) as u64,
            },
            yeas: take::<20, 4>(word) as u32,
            nays: take::<24, 4>(word) as u32,
            settled: take::<28, 4>(word) as u32,
        }
    }
}

/// A contestation where it lies.
pub(super) struct Contestation {
    task: B256,
    slot: Slot,
    pub(super) opening: Opening,
    pub(super) count: Count,
}

impl Contestation {
    /// A contestation that begins.
    pub(super) fn new(task: B256, opening: Opening, count: Count) -> Self {
        Self {
            task,
            slot: STORAGE.contestations.entries.slot(task),
            opening,
            count,
        }
    }

    /// The contestation of a task, whether there is one or not.
    #[inline(never)]
    pub(super) fn of(task: B256) -> Self {
        let slot = STORAGE.contestations.entries.slot(task);
        Self {
            task,
            slot,
            opening: slot.get(),
            count: slot.next(1).get(),
        }
    }

    pub(super) fn exists(&self) -> bool {
        !self.opening.contester.is_zero()
    }

    pub(super) fn write_opening(&self) {
        self.slot.set(&self.opening);
    }

    pub(super) fn write_count(&self) {
        self.slot.next(1).set(&self.count);
    }

    /// The voter at a place of one side; zero where there is none.
    #[inline(never)]
    pub(super) fn voter(&self, yea: bool, place: u64, accused: Address) -> Address {
        if yea {
            if place == 0 {
                return self.opening.contester;
            }
            return STORAGE.contestations.yeas.get(self.task, place);
        }
        if place == 0 && self.opening.accused_first {
            return accused;
        }
        STORAGE.contestations.nays.get(self.task, place)
    }

    /// Votes of others than contester and accused.
    pub(super) fn others(&self) -> u32 {
        (self.count.yeas + self.count.nays)
            .saturating_sub(1 + u32::from(self.opening.accused_voted))
    }

    pub(super) fn has_voted(&self, voter: Address, accused: Address) -> bool {
        if voter == accused {
            return self.opening.accused_voted;
        }
        // Contester and accused each stand in one of the lists, too.
        let first = |yea, votes: u32| {
            (0..votes.min(FEW + 1)).any(|place| self.voter(yea, place.into(), accused) == voter)
        };
        first(true, self.count.yeas)
            || first(false, self.count.nays)
            || self.others() > FEW && STORAGE.contestations.voted.get(self.task, voter)
    }

    /// What the rules need to know about somebody who wants to vote.
    #[inline(never)]
    pub(super) fn voter_of(&self, address: Address, stake: &Stake, accused: Address) -> Voter {
        Voter {
            stake: stake.amounts(),
            since: stake.since,
            earnings: if address == accused {
                earnings::of(address)
            } else {
                0
            },
            voted: self.has_voted(address, accused),
            accused: address == accused,
        }
    }

    /// When the vote ends, unpaused, if there is one.
    pub(super) fn end(&self) -> Option<u64> {
        self.exists().then_some(self.count.window.end)
    }

    pub(super) fn settlement(&self) -> Settlement {
        Tally {
            yeas: self.count.yeas,
            nays: self.count.nays,
            accused_voted: self.opening.accused_voted,
            slash: self.count.slash,
        }
        .settle()
    }
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ContestationStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "contestations.entries",
            self.entries,
            &[
                word!(Opening: contester, time, extension, accused_voted, accused_first),
                word!(Count: slash, window.end, window.latest, yeas, nays, settled),
            ],
        );
        rows.at("contestations.yeas", self.yeas, &[word!(Address)]);
        rows.at("contestations.nays", self.nays, &[word!(Address)]);
        rows.at("contestations.voted", self.voted, &[word!(bool)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_survive_packing() {
        let opening = Opening {
            contester: Address::repeat_byte(9),
            time: (1 << 40) - 1,
            extension: 600,
            accused_voted: true,
            accused_first: false,
        };
        let back = Opening::unpack(&opening.pack());
        assert_eq!(
            (back.contester, back.time, back.extension),
            (opening.contester, opening.time, 600)
        );
        assert_eq!((back.accused_voted, back.accused_first), (true, false));
        let count = Count {
            slash: (1 << 80) - 1,
            window: VoteWindow { end: 7, latest: 9 },
            yeas: u32::MAX,
            nays: 3,
            settled: 2,
        };
        let back = Count::unpack(&count.pack());
        assert_eq!((back.slash, back.window), (count.slash, count.window));
        assert_eq!((back.yeas, back.nays, back.settled), (u32::MAX, 3, 2));
    }
}
