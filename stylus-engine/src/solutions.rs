//! Commitments and solutions (protocol section 6), up to the claim.

use crate::abi::{Blobs, Hashes, Words, event};
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::params::{self, SolvingParams};
use crate::revert::{Revert, ensure, error};
use crate::state::{Config, Ledger};
use crate::store::{Map, Map2, Pack, put, put_address, take, take_address};
use crate::tasks::{self, Task};
use crate::validators::Stake;
use crate::{arbsys, models, solvers, validators};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256};
use arbius_protocol::tasks::{CommitmentError, rate_limited, revealable};
use arbius_protocol::{cid, ids};

/// Where commitments are kept. Solutions lie with their tasks.
#[derive(Clone, Copy)]
pub struct SolutionStorage {
    /// Who signalled each hash first, and when.
    commitments: Map<B256, Commitment>,
    /// L2 block in which others signalled a hash that had been signalled, by hash and
    /// sender.
    repeated: Map2<B256, Address, u64>,
}

impl SolutionStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            commitments: Map::at(base),
            repeated: Map2::at(base + 1),
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
struct Reveals {
    params: SolvingParams,
    validator: Address,
    stake: Stake,
    /// The stake as it was before.
    before: Stake,
    /// Free stake that every solution demands.
    minimum: u128,
    now: u64,
    /// Unpaused seconds.
    unpaused: u64,
    block: u64,
    accepted: u32,
}

impl Reveals {
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
            !stake.is_cooling_down(validator, params.claim_delay, ledger.marks, now),
            SubmitSolutionCooldown
        );
        let minimum = validators::minimum(&params.minimum, ledger.emitted).max(params.stake);
        ensure!(stake.free() >= minimum, MinStakedTooLow);
        Ok(Self {
            params,
            validator,
            stake,
            before: stake,
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
    fn enter(&mut self, id: B256, cid: &[u8], bulk: u64) -> Result<(), Revert> {
        let mut task = Task::existing(id)?;
        let flags = task.flags();
        ensure!(!flags.retracted, TaskNotOpen);
        ensure!(!flags.solved, SolutionAlreadySubmitted);
        let digest = cid::decode(cid).map_err(|_| error!(InvalidCid))?;
        let (submitted, now) = (task.submission().block, self.block);
        let mut verdict = revealable(bulk, submitted, now);
        if verdict.is_err() {
            let hash = ids::commitment(self.validator, id, digest);
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
            !flags.listed || self.is_listed(&task),
            NotAllowedToSubmitSolution
        );
        ensure!(self.stake.free() >= self.minimum, MinStakedTooLow);
        if self.stake.number == 0 {
            self.stake.number = solvers::enter(self.validator)?;
        }
        // The minimum is no less than this, so there is as much.
        self.stake.lock(self.params.stake)?;
        let reveal = tasks::Reveal {
            solver: self.stake.number,
            time: self.now,
            contest_end: self.unpaused + self.params.claim_delay,
        };
        task.solve(&reveal, digest, self.params.stake);
        self.accepted += 1;
        event!(SolutionSubmitted)
            .address(&self.validator)
            .word(&id.0)
            .log(3);
        Ok(())
    }

    /// Whether the task's model still has its allow-list and the sender is on it.
    #[inline(never)]
    fn is_listed(&self, task: &Task) -> bool {
        let model = models::id_of(task.head().offer().model);
        models::may_solve(model, self.validator)
    }

    /// Checks the rate and writes what changed about the validator: on most days nothing,
    /// once it has its number.
    ///
    /// # Errors
    ///
    /// `SolutionRateLimit`.
    fn finish(mut self) -> Result<(), Revert> {
        let limit = self.params.rate_limit;
        ensure!(
            !rate_limited(self.now, self.stake.last_submission, limit, self.accepted),
            SolutionRateLimit
        );
        if limit != 0 {
            self.stake.last_submission = self.now;
        }
        if self.stake != self.before {
            self.stake.write(self.validator);
        }
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
    let mut reveals = Reveals::begin()?;
    reveals.enter(task, cid, 0)?;
    reveals.finish()
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
    let mut reveals = Reveals::begin()?;
    let hash = bulk_commitment(reveals.validator, &tasks, &cids)?;
    let bulk = hash.map_or(0, |hash| committed(hash, reveals.validator));
    for (task, cid) in tasks.iter().zip(cids.iter()) {
        if let Err(reason) = reveals.enter(task, cid?, bulk) {
            event!(SolutionSkipped)
                .address(&reveals.validator)
                .word(&task.0)
                .bytes4(reason.selector())
                .log(3);
        }
    }
    ensure!(reveals.accepted > 0, NothingAccepted);
    reveals.finish()
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
pub(crate) fn solution(id: B256) -> Result<Words, Revert> {
    let task = Task::find(id);
    let flags = task.flags();
    let mut words = Words::with_capacity(7);
    if flags.solved {
        words
            .address(&task.solver())
            .uint(task.reveal().time.into())
            .uint(flags.claimed.into())
            .bytes(4, &cid::encode(task.answer()));
    } else {
        words.uint(0).uint(0).uint(0).bytes(4, &[]);
    }
    Ok(words)
}

/// `solutionsStake(task)`: what is locked for the solution until it is final.
pub(crate) fn locked(task: B256) -> Result<u128, Revert> {
    Ok(Task::find(task).stake())
}

/// `contestEnd(task)`: when the solution can no longer be contested, if no pause comes.
pub(crate) fn contest_end(task: B256) -> Result<u64, Revert> {
    let task = Task::find(task);
    if !task.flags().solved {
        return Ok(0);
    }
    let clock = Config::read().clock();
    Ok(clock.estimate(task.reveal().contest_end, host::now()))
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
        rows.at("solutions.repeated", self.repeated, &[word!(u64)]);
    }
}
