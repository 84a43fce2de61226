//! Commitments and solutions (protocol section 6), up to the claim.

use crate::abi::{Blobs, Hashes, Words, event};
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::params::{self, SolvingParams};
use crate::revert::{Revert, ensure, error};
use crate::state::Ledger;
use crate::store::{Map, Map2, Pack, Slot, put, put_address, take, take_address};
use crate::validators::Stake;
use crate::{arbsys, models, tasks, validators};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256};
use arbius_protocol::contestation::Outcome;
use arbius_protocol::tasks::{CommitmentError, Progress, rate_limited, revealable};
use arbius_protocol::{cid, ids};

/// Where commitments and solutions are kept.
#[derive(Clone, Copy)]
pub struct SolutionStorage {
    /// Who signalled each hash first, and when.
    commitments: Map<B256, Commitment>,
    /// Three words each: [`Mark`], the answer's digest, the locked stake if any.
    entries: Map<B256, Mark>,
    /// L2 block in which others signalled a hash that had been signalled, by hash and
    /// sender.
    repeated: Map2<B256, Address, u64>,
}

impl SolutionStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            commitments: Map::at(base),
            entries: Map::at(base + 1),
            repeated: Map2::at(base + 2),
        }
    }
}

/// A hash that was signalled: block 8, by 20.
#[derive(Clone, Copy)]
struct Commitment {
    /// L2 block; 0 where there is none.
    block: u64,
    /// Who signalled it.
    by: Address,
}

impl Pack for Commitment {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 8>(&mut word, self.block.into());
        put_address::<8>(&mut word, self.by);
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            block: take::<0, 8>(word) as u64,
            by: take_address::<8>(word),
        }
    }
}

/// The L2 block of a commitment that counts for `validator`; 0 if there is none. What it
/// signalled itself counts before what somebody else signalled in its place.
#[inline(never)]
fn committed(hash: B256, validator: Address) -> u64 {
    let first = STORAGE.solutions.commitments.get(hash);
    if first.block != 0 && first.by != validator {
        let own = STORAGE.solutions.repeated.get(hash, validator);
        if own != 0 {
            return own;
        }
    }
    first.block
}

/// Who solved a task and when that is final: solver 20, time 5, contest end 5, flags 1.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    /// The solver; zero where there is no solution.
    pub(crate) solver: Address,
    /// Time of the reveal.
    pub(crate) time: u64,
    /// Until when it can be contested, in unpaused seconds, fixed at the reveal.
    pub(crate) contest_end: u64,
    /// Whether fee and reward were credited.
    pub(crate) claimed: bool,
    /// Whether it is or was contested: then settling decides, not claiming.
    pub(crate) contested: bool,
    /// Whether the contestation was won, so that the answer stands as wrong.
    pub(crate) rejected: bool,
    /// Whether stake was locked for it, so that the third word has to be read.
    pub(crate) staked: bool,
}

impl Pack for Mark {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.solver);
        put::<20, 5>(&mut word, self.time.into());
        put::<25, 5>(&mut word, self.contest_end.into());
        word[30] = u8::from(self.claimed)
            | u8::from(self.contested) << 1
            | u8::from(self.rejected) << 2
            | u8::from(self.staked) << 3;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            solver: take_address::<0>(word),
            time: take::<20, 5>(word) as u64,
            contest_end: take::<25, 5>(word) as u64,
            claimed: word[30] & 1 != 0,
            contested: word[30] & 2 != 0,
            rejected: word[30] & 4 != 0,
            staked: word[30] & 8 != 0,
        }
    }
}

/// A solution where it lies, and its mark.
#[derive(Clone, Copy)]
pub(crate) struct Solution {
    slot: Slot,
    pub(crate) mark: Mark,
}

impl Solution {
    /// The solution of a task, whether there is one or not.
    #[inline(never)]
    pub(crate) fn of(task: B256) -> Self {
        let slot = STORAGE.solutions.entries.slot(task);
        Self {
            slot,
            mark: slot.get(),
        }
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        !self.mark.solver.is_zero()
    }

    /// What has happened to the task.
    pub(crate) fn progress(&self) -> Progress {
        if !self.exists() {
            Progress::Submitted
        } else if self.mark.contested {
            Progress::Contested {
                settled: if self.mark.rejected {
                    Some(Outcome::Rejected)
                } else {
                    self.mark.claimed.then_some(Outcome::Upheld)
                },
            }
        } else {
            Progress::Solved {
                contest_end: self.mark.contest_end,
            }
        }
    }

    /// Notes that fee and reward were credited.
    pub(crate) fn set_claimed(&mut self) {
        self.mark.claimed = true;
        self.slot.set(&self.mark);
    }

    /// Notes that it is contested: from then on settling decides, not claiming.
    pub(crate) fn set_contested(&mut self) {
        self.mark.contested = true;
        self.slot.set(&self.mark);
    }

    /// Notes that it was voted down.
    pub(crate) fn set_rejected(&mut self) {
        self.mark.rejected = true;
        self.slot.set(&self.mark);
    }

    /// Digest of the answer.
    pub(crate) fn digest(&self) -> B256 {
        self.slot.next(1).get()
    }

    /// The stake that is locked for it.
    pub(crate) fn stake(&self) -> u128 {
        if self.mark.staked {
            self.slot.next(2).get()
        } else {
            0
        }
    }

    fn set_stake(&self, stake: u128) {
        self.slot.next(2).set(&stake);
    }

    /// Gives the locked stake up; returns what it was.
    pub(crate) fn take_stake(&self) -> u128 {
        if !self.mark.staked {
            return 0;
        }
        let stake = self.stake();
        self.set_stake(0);
        stake
    }
}

/// `commitments(hash)`: the L2 block in which a hash was signalled first; 0 if it was not.
pub(crate) fn commitment(hash: B256) -> Result<u64, Revert> {
    Ok(STORAGE.solutions.commitments.get(hash).block)
}

/// `signalCommitment(hash)`: anyone signals any hash; what it commits to binds the
/// validator. The block is the L2's and never resets.
///
/// A hash that somebody else has signalled can be signalled once by each other sender, for
/// itself: who foresees a task and its answer could otherwise signal a rival's hash before
/// the task exists and so keep the rival from ever revealing.
///
/// # Errors
///
/// `CommitmentExists`.
///
/// # Events
///
/// `SignalCommitment`.
pub(crate) fn signal(hash: B256) -> Result<(), Revert> {
    Ledger::running()?;
    let sender = host::sender();
    let block = arbsys::block_number()?;
    let slot = STORAGE.solutions.commitments.slot(hash);
    let first: Commitment = slot.get();
    if first.block == 0 {
        slot.set(&Commitment { block, by: sender });
    } else {
        ensure!(first.by != sender, CommitmentExists);
        let own = STORAGE.solutions.repeated.slot(hash, sender);
        ensure!(own.get::<u64>() == 0, CommitmentExists);
        own.set(&block);
    }
    event!(SignalCommitment)
        .address(&sender)
        .word(&hash.0)
        .log(3);
    Ok(())
}

/// A validator revealing solutions in one call.
struct Reveal {
    params: SolvingParams,
    validator: Address,
    stake: Stake,
    /// Free stake that every solution demands.
    minimum: u128,
    now: u64,
    /// Unpaused seconds.
    unpaused: u64,
    block: u64,
    accepted: u32,
}

impl Reveal {
    /// Checks what concerns the sender alone.
    ///
    /// # Errors
    ///
    /// `Paused`, `SubmitSolutionCooldown`, `MinStakedTooLow`.
    #[inline(never)]
    fn begin() -> Result<Self, Revert> {
        let ledger = Ledger::running()?;
        let params = params::solving(ledger.marks);
        let validator = host::sender();
        let now = host::now();
        let stake = Stake::of(validator);
        ensure!(
            !stake.is_cooling_down(validator, params.claim_delay, now),
            SubmitSolutionCooldown
        );
        let minimum = validators::minimum(&params.minimum, ledger.emitted).max(params.stake);
        ensure!(stake.free() >= minimum, MinStakedTooLow);
        Ok(Self {
            params,
            validator,
            stake,
            minimum,
            now,
            unpaused: ledger.clock().unpaused(now),
            block: arbsys::block_number()?,
            accepted: 0,
        })
    }

    /// Reveals one solution, unless something forbids it: then nothing has changed.
    ///
    /// `bulk` is the block of the bulk commitment to the entry, 0 if there is none. Where
    /// that does not count, the sender's single commitment does: a rival who sees the
    /// reveal coming can signal the bulk hash in its very block, and must not spoil it.
    #[inline(never)]
    fn enter(&mut self, task: B256, cid: &[u8], bulk: u64) -> Result<(), Revert> {
        let (entry, head) = tasks::Entry::existing(task)?;
        ensure!(!head.retracted, TaskNotOpen);
        let solution = Solution::of(task);
        ensure!(!solution.exists(), SolutionAlreadySubmitted);
        let digest = cid::decode(cid).map_err(|_| error!(InvalidCid))?;
        let (submitted, now) = (entry.fees().block, self.block);
        let mut verdict = revealable(bulk, submitted, now);
        if verdict.is_err() {
            let hash = ids::commitment(self.validator, task, digest);
            let single = committed(hash, self.validator);
            if single != 0 {
                verdict = revealable(single, submitted, now);
            }
        }
        verdict.map_err(|refusal| match refusal {
            CommitmentError::NonExistent => error!(NonExistentCommitment),
            CommitmentError::MustBeInPast => error!(CommitmentMustBeInPast),
            CommitmentError::BeforeTask => error!(CommitmentBeforeTask),
        })?;
        ensure!(
            models::may_solve(head.model, self.validator),
            NotAllowedToSubmitSolution
        );
        ensure!(self.stake.free() >= self.minimum, MinStakedTooLow);
        solution.slot.set(&Mark {
            solver: self.validator,
            time: self.now,
            contest_end: self.unpaused + self.params.claim_delay,
            claimed: false,
            contested: false,
            rejected: false,
            staked: self.params.stake != 0,
        });
        solution.slot.next(1).set(&digest);
        if self.params.stake != 0 {
            self.stake.lock(self.params.stake)?;
            solution.set_stake(self.params.stake);
        }
        self.accepted += 1;
        event!(SolutionSubmitted)
            .address(&self.validator)
            .word(&task.0)
            .log(3);
        Ok(())
    }

    /// Checks the rate and writes what changed about the validator.
    ///
    /// # Errors
    ///
    /// `SolutionRateLimit`.
    fn finish(mut self) -> Result<(), Revert> {
        ensure!(
            !rate_limited(
                self.now,
                self.stake.last_submission,
                self.params.rate_limit,
                self.accepted
            ),
            SolutionRateLimit
        );
        self.stake.last_submission = self.now;
        self.stake.write(self.validator);
        Ok(())
    }
}

/// `submitSolution(task, cid)`: reveals the sender's solution, committed to in an earlier
/// block. The first one wins.
///
/// # Errors
///
/// `TaskDoesNotExist`, `TaskNotOpen`, `SolutionAlreadySubmitted`, `InvalidCid`,
/// `NonExistentCommitment`, `CommitmentMustBeInPast`, `CommitmentBeforeTask`,
/// `NotAllowedToSubmitSolution`, `SubmitSolutionCooldown`, `SolutionRateLimit`,
/// `MinStakedTooLow`.
///
/// # Events
///
/// `SolutionSubmitted`.
pub(crate) fn submit(task: B256, cid: &[u8]) -> Result<(), Revert> {
    let mut reveal = Reveal::begin()?;
    reveal.enter(task, cid, 0)?;
    reveal.finish()
}

/// `bulkSubmitSolution(tasks, cids)`: reveals several solutions, under single commitments
/// or under one bulk commitment to exactly these pairs in this order, whichever counts.
///
/// An entry that is no longer possible is skipped: if it made the call fail, a rival who
/// gets one entry in first would have all the others' answers in plain sight.
///
/// # Errors
///
/// `LengthMismatch`, `EmptyBatch`, `NothingAccepted`, `SubmitSolutionCooldown`,
/// `SolutionRateLimit`, `MinStakedTooLow`.
///
/// # Events
///
/// `SolutionSubmitted` or `SolutionSkipped` for each.
pub(crate) fn bulk_submit(tasks: Hashes<'_>, cids: Blobs<'_>) -> Result<(), Revert> {
    let mut reveal = Reveal::begin()?;
    let hash = bulk_commitment(reveal.validator, &tasks, &cids)?;
    let bulk = hash.map_or(0, |hash| committed(hash, reveal.validator));
    for (task, cid) in tasks.iter().zip(cids.iter()) {
        if let Err(reason) = reveal.enter(task, cid?, bulk) {
            event!(SolutionSkipped)
                .address(&reveal.validator)
                .word(&task.0)
                .bytes4(reason.selector())
                .log(3);
        }
    }
    ensure!(reveal.accepted > 0, NothingAccepted);
    reveal.finish()
}

/// The bulk commitment to pairs of tasks and CIDs, or `None` where a CID is none, so that
/// nobody can have committed to it.
///
/// # Errors
///
/// `LengthMismatch`, `EmptyBatch`, `MalformedCalldata`.
#[inline(never)]
pub(crate) fn bulk_commitment(
    validator: Address,
    tasks: &Hashes<'_>,
    cids: &Blobs<'_>,
) -> Result<Option<B256>, Revert> {
    ensure!(tasks.len() == cids.len(), LengthMismatch);
    ensure!(!tasks.is_empty(), EmptyBatch);
    let mut pairs = Vec::with_capacity(tasks.len());
    for (task, bytes) in tasks.iter().zip(cids.iter()) {
        match cid::decode(bytes?) {
            Ok(digest) => pairs.push((task, digest)),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(ids::bulk_commitment(validator, &pairs)))
}

/// `solutions(task)`: all zero if there is none.
pub(crate) fn solution(task: B256) -> Result<Words, Revert> {
    let solution = Solution::of(task);
    let mut words = Words::with_capacity(7);
    words
        .address(&solution.mark.solver)
        .uint(solution.mark.time.into())
        .uint(solution.mark.claimed.into());
    if solution.exists() {
        words.bytes(4, &cid::encode(solution.digest()));
    } else {
        words.bytes(4, &[]);
    }
    Ok(words)
}

/// `solutionsStake(task)`: what is locked for the solution until it is final.
pub(crate) fn locked(task: B256) -> Result<u128, Revert> {
    Ok(Solution::of(task).stake())
}

/// `contestEnd(task)`: when the solution can no longer be contested, if no pause comes.
pub(crate) fn contest_end(task: B256) -> Result<u64, Revert> {
    let solution = Solution::of(task);
    if !solution.exists() {
        return Ok(0);
    }
    let clock = STORAGE.state.config.get().clock();
    Ok(clock.estimate(solution.mark.contest_end, host::now()))
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl SolutionStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "solutions.commitments",
            self.commitments,
            &[word!(Commitment: block, by)],
        );
        rows.at(
            "solutions.entries",
            self.entries,
            &[
                word!(Mark: solver, time, contest_end, claimed, contested, rejected, staked),
                word!(B256 as answer),
                word!(u128 as stake),
            ],
        );
        rows.at("solutions.repeated", self.repeated, &[word!(u64)]);
    }
}
