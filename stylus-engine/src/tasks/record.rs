//! How a task is kept: one word for its whole life, beside it the digests of its input and,
//! once there is one, of its answer.
//!
//! The first 20 bytes of the word say whose task it is and on what terms, or which batch
//! says so. What follows is about the submission while the task is open, and about the
//! solution from the reveal on, when nobody needs the submission any more: so a solution
//! writes one word for the first time, its answer.

use super::terms::{Batch, Head, Offer, TermStorage};
use crate::host::Word;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::solvers::Solver;
use crate::store::{Map, Pack, Slot, join, put, take};
use alloy_primitives::{Address, B256};
use arbius_protocol::contestation::Outcome;
use arbius_protocol::tasks::Progress;

/// Where the tasks are kept.
#[derive(Clone, Copy)]
pub struct TaskStorage {
    /// Four words each: [`Task`], the input's digest unless it is a batch's, the answer's,
    /// the stake that is locked for the solution, if any.
    pub(super) entries: Map<B256, Word>,
    /// Retractions that were announced.
    pub(super) retractions: Map<B256, super::open::Announcement>,
    /// What tasks have in common.
    pub(super) terms: TermStorage,
}

impl TaskStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
            retractions: Map::at(base + 1),
            terms: TermStorage::at(base + 2),
        }
    }
}

/// When an open task was submitted: block 5, paused 5, behind the 20 bytes of its terms.
#[derive(Clone, Copy)]
pub(crate) struct Submission {
    /// L2 block of submission.
    pub(crate) block: u64,
    /// Seconds of pause before submission.
    pub(crate) paused: u64,
}

impl Pack for Submission {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<20, 5>(&mut word, self.block.into());
        put::<25, 5>(&mut word, self.paused.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            block: take::<20, 5>(word) as u64,
            paused: take::<25, 5>(word) as u64,
        }
    }
}

/// Who solved a task and when that is final: solver 3, time 4, contest end 4, in the place
/// of [`Submission`].
#[derive(Clone, Copy)]
pub(crate) struct Reveal {
    /// Number of the solver ([`crate::solvers`]).
    pub(crate) solver: u32,
    /// Time of the reveal.
    pub(crate) time: u64,
    /// Until when it can be contested, in unpaused seconds, fixed at the reveal.
    pub(crate) contest_end: u64,
}

impl Pack for Reveal {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<20, 3>(&mut word, self.solver.into());
        put::<23, 4>(&mut word, self.time.into());
        put::<27, 4>(&mut word, self.contest_end.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            solver: take::<20, 3>(word) as u32,
            time: take::<23, 4>(word) as u64,
            contest_end: take::<27, 4>(word) as u64,
        }
    }
}

/// What is so about a task: the last byte of its word.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    /// Terms and input are those of its batch.
    pub(crate) batched: bool,
    /// Its model had an allow-list when it was submitted.
    pub(crate) listed: bool,
    /// It was retracted.
    pub(crate) retracted: bool,
    /// It has a solution.
    pub(crate) solved: bool,
    /// Fee and reward were credited.
    pub(crate) claimed: bool,
    /// It is or was contested: then settling decides, not claiming.
    pub(crate) contested: bool,
    /// The contestation was won, so that the answer stands as wrong.
    pub(crate) rejected: bool,
    /// Stake was locked for the solution, so that the fourth word has to be read.
    pub(crate) staked: bool,
}

impl Pack for Flags {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        word[31] = self.byte();
        word
    }

    fn unpack(word: &Word) -> Self {
        let bit = |n: u32| word[31] >> n & 1 != 0;
        Self {
            batched: bit(0),
            listed: bit(1),
            retracted: bit(2),
            solved: bit(3),
            claimed: bit(4),
            contested: bit(5),
            rejected: bit(6),
            staked: bit(7),
        }
    }
}

impl Flags {
    fn byte(self) -> u8 {
        u8::from(self.batched)
            | u8::from(self.listed) << 1
            | u8::from(self.retracted) << 2
            | u8::from(self.solved) << 3
            | u8::from(self.claimed) << 4
            | u8::from(self.contested) << 5
            | u8::from(self.rejected) << 6
            | u8::from(self.staked) << 7
    }
}

/// A task where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    slot: Slot,
    word: Word,
}

impl Task {
    /// The task, whether there is one or not.
    #[inline(never)]
    pub(crate) fn find(id: B256) -> Self {
        let slot = STORAGE.tasks.entries.slot(id);
        Self {
            slot,
            word: slot.load(),
        }
    }

    /// The task.
    ///
    /// # Errors
    ///
    /// `TaskDoesNotExist`.
    pub(crate) fn existing(id: B256) -> Result<Self, Revert> {
        let task = Self::find(id);
        ensure!(task.exists(), TaskDoesNotExist);
        Ok(task)
    }

    /// Writes a new task with terms of its own ([`Head`]) or of its batch ([`Batch`]).
    #[inline(never)]
    pub(super) fn enter(id: B256, terms: &Word, submission: &Submission, flags: Flags) -> Self {
        let task = Self {
            slot: STORAGE.tasks.entries.slot(id),
            word: join(join(*terms, &submission.pack()), &flags.pack()),
        };
        task.write();
        task
    }

    fn write(&self) {
        self.slot.store(&self.word);
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        // Neither the time of a head nor the flag of a batch is ever 0.
        self.word != [0; 32]
    }

    /// What is so about it.
    pub(crate) fn flags(&self) -> Flags {
        Flags::unpack(&self.word)
    }

    /// When it was submitted. Only an open or a retracted task knows.
    pub(crate) fn submission(&self) -> Submission {
        Submission::unpack(&self.word)
    }

    /// Who solved it and when that is final. Only a solved task knows.
    pub(crate) fn reveal(&self) -> Reveal {
        Reveal::unpack(&self.word)
    }

    /// Its batch, if it is one's.
    fn batch(&self) -> Option<Batch> {
        self.flags().batched.then(|| Batch::unpack(&self.word))
    }

    /// Whose it is and on what terms; of no task, nobody's.
    #[inline(never)]
    pub(crate) fn head(&self) -> Head {
        match self.batch() {
            Some(batch) => batch.head(),
            None => Head::unpack(&self.word),
        }
    }

    /// Who solved it; zero if nobody did.
    #[inline(never)]
    pub(crate) fn solver(&self) -> Address {
        if self.flags().solved {
            Solver::of(self.reveal().solver).address
        } else {
            Address::ZERO
        }
    }

    /// Changes its flags.
    #[inline(never)]
    pub(crate) fn set_flags(&mut self, flags: Flags) {
        self.word[31] = flags.byte();
        self.write();
    }

    /// Gives it a word of its own with another offer.
    pub(super) fn set_offer(&mut self, head: &Head, offer: &Offer) {
        if let Some(batch) = self.batch() {
            self.set_input(&batch.input());
        }
        let head = Head {
            offer: offer.intern(),
            ..*head
        };
        self.word[..20].copy_from_slice(&head.pack()[..20]);
        self.set_flags(Flags {
            batched: false,
            ..self.flags()
        });
    }

    /// Writes the solution down, and what is locked for it.
    #[inline(never)]
    pub(crate) fn solve(&mut self, reveal: &Reveal, answer: B256, stake: u128) {
        self.word[20..31].copy_from_slice(&reveal.pack()[20..31]);
        self.set_flags(Flags {
            solved: true,
            staked: stake != 0,
            ..self.flags()
        });
        self.slot.next(2).set(&answer);
        if stake != 0 {
            self.slot.next(3).set(&stake);
        }
    }

    /// What has happened to it; nothing if there is no such task.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let flags = self.flags();
        if !self.exists() {
            None
        } else if flags.retracted {
            Some(Progress::Retracted)
        } else if !flags.solved {
            Some(Progress::Submitted)
        } else if flags.contested {
            Some(Progress::Contested {
                settled: if flags.rejected {
                    Some(Outcome::Rejected)
                } else {
                    flags.claimed.then_some(Outcome::Upheld)
                },
            })
        } else {
            Some(Progress::Solved {
                contest_end: self.reveal().contest_end,
            })
        }
    }

    /// Digest of its input.
    pub(super) fn input(&self) -> B256 {
        match self.batch() {
            Some(batch) => batch.input(),
            None => self.slot.next(1).get(),
        }
    }

    /// Writes the digest of an input of its own.
    pub(super) fn set_input(&self, digest: &B256) {
        self.slot.next(1).set(digest);
    }

    /// Digest of its answer; zero if it has none.
    pub(crate) fn answer(&self) -> B256 {
        self.slot.next(2).get()
    }

    /// The stake that is locked for its solution.
    pub(crate) fn stake(&self) -> u128 {
        if self.flags().staked {
            self.slot.next(3).get()
        } else {
            0
        }
    }

    /// Gives the locked stake up; returns what it was.
    pub(crate) fn take_stake(&self) -> u128 {
        let stake = self.stake();
        if stake != 0 {
            self.slot.next(3).set(&0u128);
        }
        stake
    }
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl TaskStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use super::open::Announcement;
        use crate::layout::written::word;
        rows.at(
            "tasks.entries",
            self.entries,
            &[
                word!(Flags: batched, listed, retracted, solved, claimed, contested, rejected, staked),
                word!(B256 as input),
                word!(B256 as answer),
                word!(u128 as stake),
            ],
        );
        rows.either(
            "tasks.entries",
            self.entries,
            [
                ("not batched", word!(Head: owner, offer, time)),
                ("batched", word!(Batch: first)),
            ],
        );
        rows.either(
            "tasks.entries",
            self.entries,
            [
                ("not solved", word!(Submission: block, paused)),
                ("solved", word!(Reveal: solver, time, contest_end)),
            ],
        );
        rows.at(
            "tasks.retractions",
            self.retractions,
            &[word!(Announcement: time, unpaused)],
        );
        self.terms.write_down(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_word_leave_each_other_alone() {
        let head = Head {
            owner: u64::MAX,
            offer: u64::MAX - 1,
            time: (1 << 32) - 1,
        };
        let submission = Submission {
            block: (1 << 40) - 1,
            paused: (1 << 40) - 2,
        };
        let reveal = Reveal {
            solver: (1 << 24) - 1,
            time: (1 << 32) - 2,
            contest_end: (1 << 32) - 3,
        };
        let flags = Flags {
            listed: true,
            staked: true,
            ..Flags::default()
        };
        let open = join(join(head.pack(), &submission.pack()), &flags.pack());
        let solved = join(join(head.pack(), &reveal.pack()), &flags.pack());
        for word in [open, solved] {
            let back = Head::unpack(&word);
            assert_eq!(
                (back.owner, back.offer, back.time),
                (head.owner, head.offer, head.time)
            );
            assert_eq!(Flags::unpack(&word).pack(), flags.pack());
        }
        let back = Submission::unpack(&open);
        assert_eq!(
            (back.block, back.paused),
            (submission.block, submission.paused)
        );
        let back = Reveal::unpack(&solved);
        assert_eq!(
            (back.solver, back.time, back.contest_end),
            (reveal.solver, reveal.time, reveal.contest_end)
        );
    }
}
