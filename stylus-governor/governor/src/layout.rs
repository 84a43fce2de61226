//! Where the governor keeps things in the proxy's storage. Slots and bytes are never given
//! another meaning; what is to come goes behind the last.
//!
//! | slot | |
//! |---|---|
//! | 0 | token in bytes 0 to 19, proposal threshold in wei in bytes 20 to 29 |
//! | 1 | timelock in bytes 0 to 19, voting delay in bytes 20 to 25, voting period in 26 to 29 |
//! | 2 | quorum: number of changes in bytes 0 to 3, last change in bytes 4 to 12 |
//! | 3 | mapping from numbers to earlier changes of the quorum, in bytes 4 to 12 as well |
//! | 4 | mapping from proposals to three words ([`Stored`]): the proposal, the record's address in bytes 0 to 19 with the time of execution in 20 to 27, and the votes |
//! | 5 | mapping from proposals to mappings from voters to how they voted |
//! | 6 | mapping from voters to the number of their next signed ballot |

use alloy_primitives::{Address, B256};
use arbius_frame::{Part, Slot, address_of};
use arbius_protocol::governance::{Change, Proposal, Tally};

/// Token and proposal threshold.
pub const TOKEN: Slot = Slot::fixed(0);

/// Proposal threshold, in the word of the token.
pub const THRESHOLD: Part<20, 10> = Part;

/// Timelock, voting delay and voting period.
pub const TIMELOCK: Slot = Slot::fixed(1);

/// Voting delay, in the word of the timelock.
pub const VOTING_DELAY: Part<20, 6> = Part;

/// Voting period, in the word of the timelock.
pub const VOTING_PERIOD: Part<26, 4> = Part;

/// The quorum: how many changes there were, and the last.
pub const QUORUM: Slot = Slot::fixed(2);

/// How many changes there were, in the word of the quorum.
pub const CHANGES: Part<0, 4> = Part;

const SINCE: Part<4, 8> = Part;
const VALUE: Part<12, 1> = Part;

/// The change of the quorum in a word.
#[must_use]
pub fn change_in(word: &B256) -> Change {
    Change {
        since: SINCE.get(word) as u64,
        value: VALUE.get(word) as u8,
    }
}

/// Writes a change of the quorum into a word.
pub fn put_change(word: &mut B256, change: Change) {
    SINCE.set(word, change.since.into());
    VALUE.set(word, change.value.into());
}

/// Where an earlier change of the quorum lies.
#[must_use]
pub fn earlier_change(number: u32) -> Slot {
    Slot::fixed(3).entry(&arbius_frame::word_of(number.into()))
}

/// Where a proposal lies.
#[derive(Clone, Copy, Debug)]
pub struct Stored(Slot);

impl Stored {
    const START: Part<20, 6> = Part;
    const DURATION: Part<26, 4> = Part;
    const FLAGS: Part<30, 1> = Part;
    const ETA: Part<20, 8> = Part;
    const AGAINST: Part<0, 10> = Part;
    const FOR: Part<10, 10> = Part;
    const ABSTAIN: Part<20, 10> = Part;

    /// The proposal of this identifier.
    #[must_use]
    pub fn at(id: &B256) -> Self {
        Self(Slot::fixed(4).entry(id))
    }

    /// Reads what is kept of it beside actions and votes.
    #[inline(never)]
    #[must_use]
    pub fn proposal(&self) -> Proposal {
        let word = self.0.load();
        let flags = Self::FLAGS.get(&word);
        Proposal {
            proposer: address_of(&word),
            vote_start: Self::START.get(&word) as u64,
            vote_duration: Self::DURATION.get(&word) as u32,
            executed: flags & 1 != 0,
            canceled: flags & 2 != 0,
            queued: flags & 4 != 0,
        }
    }

    /// Writes it.
    #[inline(never)]
    pub fn set_proposal(&self, proposal: &Proposal) {
        let mut word = B256::ZERO;
        word[..20].copy_from_slice(proposal.proposer.as_slice());
        Self::START.set(&mut word, proposal.vote_start.into());
        Self::DURATION.set(&mut word, proposal.vote_duration.into());
        let flags = u128::from(proposal.executed)
            | u128::from(proposal.canceled) << 1
            | u128::from(proposal.queued) << 2;
        Self::FLAGS.set(&mut word, flags);
        self.0.store(&word);
    }

    /// The account whose code is its record, and when it can be executed once it is
    /// queued, in seconds since the epoch.
    #[must_use]
    pub fn record(&self) -> (Address, u64) {
        let word = self.0.next(1).load();
        (address_of(&word), Self::ETA.get(&word) as u64)
    }

    /// Writes both.
    pub fn set_record(&self, record: &Address, eta: u64) {
        let mut word = B256::ZERO;
        word[..20].copy_from_slice(record.as_slice());
        Self::ETA.set(&mut word, eta.into());
        self.0.next(1).store(&word);
    }

    /// Its votes.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let word = self.0.next(2).load();
        Tally {
            against: Self::AGAINST.get(&word),
            in_favour: Self::FOR.get(&word),
            abstain: Self::ABSTAIN.get(&word),
        }
    }

    /// Writes its votes, which together are at most the supply.
    pub fn set_tally(&self, tally: &Tally) {
        let mut word = B256::ZERO;
        Self::AGAINST.set(&mut word, tally.against);
        Self::FOR.set(&mut word, tally.in_favour);
        Self::ABSTAIN.set(&mut word, tally.abstain);
        self.0.next(2).store(&word);
    }
}

/// How a voter voted: its votes in wei.
pub const WEIGHT: Part<0, 10> = Part;

/// How a voter voted: 0, 1 or 2.
pub const SUPPORT: Part<10, 1> = Part;

/// How a voter voted: 1 if it did.
pub const VOTED: Part<11, 1> = Part;

/// Where it lies how `voter`, a word, voted on a proposal.
#[must_use]
pub fn receipt(id: &B256, voter: &B256) -> Slot {
    Slot::fixed(5).entry(id).entry(voter)
}

/// The number of the next ballot that `voter`, a word, signs.
#[must_use]
pub fn nonce(voter: &B256) -> Slot {
    Slot::fixed(6).entry(voter)
}
