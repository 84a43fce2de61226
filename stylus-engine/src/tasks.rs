//! Tasks (protocol section 5): submission in its forms, raising the fee, retraction,
//! status.

use crate::abi::{Blobs, Words, event};
use crate::content::Content;
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::solutions::Solution;
use crate::state::{self, Config, Ledger};
use crate::store::{Map, Pack, Slot, put, put_address, take, take_address};
use crate::{arbsys, earnings, models, params, token};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use arbius_protocol::interfaces::engine::IEngine;
use arbius_protocol::tasks::{
    self as rules, Progress, Retraction, RetractionError, RetractionStep, TaskStatus,
};
use arbius_protocol::{cid, ids, splits};

/// Where the tasks are kept.
#[derive(Clone, Copy)]
pub struct TaskStorage {
    /// Three words each: [`Head`], the input's digest, [`Fees`].
    entries: Map<B256, Head>,
    /// Retractions that were announced.
    retractions: Map<B256, Announcement>,
    /// First tasks of the batches that tasks were submitted in.
    batches: Map<B256, B256>,
    /// What all tasks of a batch have in common, by its first, in the same three words.
    shared: Map<B256, Head>,
}

impl TaskStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
            retractions: Map::at(base + 1),
            batches: Map::at(base + 2),
            shared: Map::at(base + 3),
        }
    }
}

/// Who wants what done: owner 20, time 5, version 1, model 4, flags 1.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    /// Who may retract it and is refunded.
    pub(crate) owner: Address,
    /// Time of submission; 0 where there is no task.
    pub(crate) time: u64,
    /// Version of the task format.
    pub(crate) version: u8,
    /// Index of the model.
    pub(crate) model: u32,
    /// Whether it was retracted.
    pub(crate) retracted: bool,
}

impl Pack for Head {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.owner);
        put::<20, 5>(&mut word, self.time.into());
        word[25] = self.version;
        put::<26, 4>(&mut word, self.model.into());
        word[30] = u8::from(self.retracted);
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            owner: take_address::<0>(word),
            time: take::<20, 5>(word) as u64,
            version: word[25],
            model: take::<26, 4>(word) as u32,
            retracted: word[30] & 1 != 0,
        }
    }
}

/// What it is worth and when it came: fee 10, model fee 10, block 5, paused 5.
#[derive(Clone, Copy)]
pub(crate) struct Fees {
    /// The fee, model fee included, in wei.
    pub(crate) fee: u128,
    /// The model's fee as it was at submission, in wei.
    pub(crate) model_fee: u128,
    /// L2 block of submission.
    pub(crate) block: u64,
    /// Seconds of pause before submission.
    pub(crate) paused: u64,
}

impl Pack for Fees {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.fee);
        put::<10, 10>(&mut word, self.model_fee);
        put::<20, 5>(&mut word, self.block.into());
        put::<25, 5>(&mut word, self.paused.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            fee: take::<0, 10>(word),
            model_fee: take::<10, 10>(word),
            block: take::<20, 5>(word) as u64,
            paused: take::<25, 5>(word) as u64,
        }
    }
}

/// When a retraction was announced: time 5, unpaused time 5.
#[derive(Clone, Copy, Default)]
struct Announcement {
    /// Time of the announcement; 0 where there is none.
    time: u64,
    /// The same, in unpaused seconds.
    unpaused: u64,
}

impl Pack for Announcement {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 5>(&mut word, self.time.into());
        put::<5, 5>(&mut word, self.unpaused.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            time: take::<0, 5>(word) as u64,
            unpaused: take::<5, 5>(word) as u64,
        }
    }
}

/// A task where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The task's own three words.
    own: Slot,
    /// Where its head and its fees are: there, or in the words of its batch.
    data: Slot,
    /// Whether the words of its batch speak for it.
    shared: bool,
}

impl Entry {
    /// The place of a task and its head, whose time is 0 if there is none.
    #[inline(never)]
    pub(crate) fn find(id: B256) -> (Self, Head) {
        let own = STORAGE.tasks.entries.slot(id);
        let head: Head = own.get();
        if head.time == 0 {
            let batch = STORAGE.tasks.batches.get(id);
            if !batch.is_zero() {
                let data = STORAGE.tasks.shared.slot(batch);
                return (
                    Self {
                        own,
                        data,
                        shared: true,
                    },
                    data.get(),
                );
            }
        }
        (
            Self {
                own,
                data: own,
                shared: false,
            },
            head,
        )
    }

    /// The place of a task and its head.
    ///
    /// # Errors
    ///
    /// `TaskDoesNotExist`.
    pub(crate) fn existing(id: B256) -> Result<(Self, Head), Revert> {
        let (entry, head) = Self::find(id);
        ensure!(head.time != 0, TaskDoesNotExist);
        Ok((entry, head))
    }

    pub(crate) fn fees(&self) -> Fees {
        self.data.next(2).get()
    }

    /// Digest of the input. Tasks of a batch have one of their own if inputs differ.
    fn digest(&self) -> B256 {
        let own: B256 = self.own.next(1).get();
        if self.shared && own.is_zero() {
            return self.data.next(1).get();
        }
        own
    }

    /// Writes head and fees of this task alone, which from then on speaks for itself.
    fn write(&self, head: &Head, fees: &Fees) {
        if self.shared {
            self.own.next(1).set(&self.digest());
        }
        self.own.set(head);
        self.own.next(2).set(fees);
    }
}

/// What all tasks of one call have in common.
pub(crate) struct Order {
    config: Config,
    sender: Address,
    model: B256,
    head: Head,
    fees: Fees,
}

impl Order {
    /// Checks what an order says, before anything is written.
    #[inline(never)]
    pub(crate) fn new(version: u8, owner: Address, model: B256, fee: U256) -> Result<Self, Revert> {
        let mut config = Config::running()?;
        token::ensure_funded(&mut config)?;
        state::account(owner, config.token)?;
        let (_, terms) = models::Entry::existing(model)?;
        ensure!(terms.disabled == 0, ModelDisabled);
        let fee = state::amount(fee)?;
        ensure!(fee >= terms.fee, LowerFeeThanModelFee);
        let now = host::now();
        Ok(Self {
            sender: host::sender(),
            model,
            head: Head {
                owner,
                time: now,
                version,
                model: terms.index,
                retracted: false,
            },
            fees: Fees {
                fee,
                model_fee: terms.fee,
                block: arbsys::block_number()?,
                paused: config.clock().paused(now),
            },
            config,
        })
    }

    /// Names one task after `previous` and tells of it; returns its identifier.
    fn announce(&self, previous: B256, digest: B256) -> B256 {
        let fee = U256::from(self.fees.fee);
        let id = ids::task_id(self.sender, previous, self.model, fee, digest);
        event!(TaskSubmitted)
            .word(&id.0)
            .word(&self.model.0)
            .address(&self.sender)
            .uint(self.fees.fee)
            .log(4);
        id
    }

    /// Writes the three words of a task, or those that all tasks of a batch have in common,
    /// so that each of them costs a word instead of three. Where inputs differ, the digest
    /// is zero.
    fn write(&self, slot: Slot, digest: B256) {
        slot.set(&self.head);
        if !digest.is_zero() {
            slot.next(1).set(&digest);
        }
        slot.next(2).set(&self.fees);
    }

    /// The token that fees are paid in.
    pub(crate) fn token(&self) -> Address {
        self.config.token
    }

    /// Enters one task and tells of it; returns its identifier.
    #[inline(never)]
    pub(crate) fn place(&self, input: &[u8]) -> Result<B256, Revert> {
        let input = Content::new(input)?;
        let id = self.announce(STORAGE.state.prevhash.get(), input.digest);
        self.write(STORAGE.tasks.entries.slot(id), input.digest);
        log_input(input, id, 1);
        Ok(id)
    }

    /// Books and takes the fees of `count` tasks, the last of which is `last`.
    pub(crate) fn settle(&self, last: B256, count: u64) -> Result<(), Revert> {
        let total = self
            .fees
            .fee
            .checked_mul(count.into())
            .ok_or_else(|| error!(AmountTooLarge))?;
        STORAGE.state.prevhash.set(&last);
        if total > 0 {
            let mut ledger = Ledger::read();
            ledger.hold(total)?;
            ledger.write();
        }
        token::take(&self.config.token, &self.sender, total)
    }
}

/// Says what the input of `count` tasks from `first` on is.
fn log_input(input: Content, first: B256, count: u64) {
    input.log(&IEngine::TaskInput::SIGNATURE_HASH, &first, Some(count));
}

/// `submitTask(version, owner, model, fee, input)`: submits a task and returns its
/// identifier. The fee comes out of the sender's allowance.
///
/// # Errors
///
/// `ReserveNotFunded`, `ModelDoesNotExist`, `ModelDisabled`, `LowerFeeThanModelFee`,
/// `AmountTooLarge`, `AddressMustBeNonZero`, `AddressNotAllowed`, `ContentTooLarge`,
/// `TransferFailed`.
///
/// # Events
///
/// `TaskSubmitted`, `TaskInput`.
pub(crate) fn submit(
    version: u8,
    owner: Address,
    model: B256,
    fee: U256,
    input: &[u8],
) -> Result<B256, Revert> {
    let order = Order::new(version, owner, model, fee)?;
    let id = order.place(input)?;
    order.settle(id, 1)?;
    Ok(id)
}

/// `submitTaskWithPermit(version, owner, model, fee, input, deadline, v, r, s)`: [`submit`]
/// with a permit in place of an approval.
///
/// A permit that somebody else has used first has left its allowance behind, so a refusal
/// counts only where that does not cover the fee.
///
/// # Errors
///
/// As [`submit`], and `PermitFailed`.
///
/// # Events
///
/// As [`submit`].
#[expect(clippy::too_many_arguments, reason = "they are the interface's")]
pub(crate) fn submit_with_permit(
    version: u8,
    owner: Address,
    model: B256,
    fee: U256,
    input: &[u8],
    deadline: U256,
    v: u8,
    r: B256,
    s: B256,
) -> Result<B256, Revert> {
    let config = Config::running()?;
    token::permit(&config.token, &host::sender(), fee, deadline, v, r, s)?;
    submit(version, owner, model, fee, input)
}

/// `bulkSubmitTask(version, owner, model, fee, input, n)`: submits the same input `n`
/// times, for `fee` each. The input goes out once.
///
/// # Errors
///
/// As [`submit`], and `EmptyBatch`.
///
/// # Events
///
/// `TaskSubmitted` for each, `TaskInput`.
pub(crate) fn bulk_submit(
    version: u8,
    owner: Address,
    model: B256,
    fee: U256,
    input: &[u8],
    n: U256,
) -> Result<(), Revert> {
    ensure!(!n.is_zero(), EmptyBatch);
    let order = Order::new(version, owner, model, fee)?;
    let input = Content::new(input)?;
    // More tasks than 2^64 run out of gas as surely as 2^64 do.
    let n: u64 = n.saturating_to();
    let first = order.announce(STORAGE.state.prevhash.get(), input.digest);
    if n == 1 {
        order.write(STORAGE.tasks.entries.slot(first), input.digest);
    } else {
        order.write(STORAGE.tasks.shared.slot(first), input.digest);
        STORAGE.tasks.batches.set(first, &first);
    }
    let mut last = first;
    for _ in 1..n {
        last = order.announce(last, input.digest);
        STORAGE.tasks.batches.set(last, &first);
    }
    log_input(input, first, n);
    order.settle(last, n)
}

/// `bulkSubmitTasks(version, owner, model, fee, inputs)`: submits different inputs, for
/// `fee` each, and returns their identifiers.
///
/// # Errors
///
/// As [`submit`], and `EmptyBatch`.
///
/// # Events
///
/// `TaskSubmitted` and `TaskInput` for each.
pub(crate) fn bulk_submit_inputs(
    version: u8,
    owner: Address,
    model: B256,
    fee: U256,
    inputs: Blobs<'_>,
) -> Result<Words, Revert> {
    ensure!(!inputs.is_empty(), EmptyBatch);
    let order = Order::new(version, owner, model, fee)?;
    let mut ids = Words::with_capacity(inputs.len() + 2);
    ids.uint(32).uint(inputs.len() as u128);
    let mut last = STORAGE.state.prevhash.get();
    let mut first = None;
    for input in inputs.iter() {
        let input = Content::new(input?)?;
        last = order.announce(last, input.digest);
        let first = *first.get_or_insert_with(|| {
            order.write(STORAGE.tasks.shared.slot(last), B256::ZERO);
            last
        });
        STORAGE.tasks.batches.set(last, &first);
        STORAGE.tasks.entries.slot(last).next(1).set(&input.digest);
        log_input(input, last, 1);
        ids.word(&last.0);
    }
    order.settle(last, inputs.len() as u64)?;
    Ok(ids)
}

/// A task that its owner, the sender, can still change.
///
/// # Errors
///
/// `Paused`, `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`.
#[inline(never)]
fn own_open(id: B256) -> Result<(Config, Entry, Head), Revert> {
    let config = Config::running()?;
    let (entry, head) = Entry::existing(id)?;
    ensure!(head.owner == host::sender(), NotTaskOwner);
    ensure!(!head.retracted && !Solution::of(id).exists(), TaskNotOpen);
    Ok((config, entry, head))
}

/// `increaseTaskFee(task, amount)`: raises the fee of the sender's open task, and takes an
/// announced retraction back: an owner could otherwise announce, attract solvers with a
/// higher fee, and retract in one step from under their reveals.
///
/// # Errors
///
/// `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`, `AmntTooSmall`, `AmountTooLarge`,
/// `TransferFailed`.
///
/// # Events
///
/// `TaskFeeIncreased`.
pub(crate) fn increase_fee(id: B256, amount: U256) -> Result<(), Revert> {
    let (config, entry, head) = own_open(id)?;
    ensure!(!amount.is_zero(), AmntTooSmall);
    let amount = state::amount(amount)?;
    let mut ledger = Ledger::read();
    ledger.hold(amount)?;
    ledger.write();
    // What is held includes this task's fee, so the sum fits wherever that fits.
    let mut fees = entry.fees();
    fees.fee += amount;
    entry.write(&head, &fees);
    STORAGE.tasks.retractions.set(id, &Announcement::default());
    event!(TaskFeeIncreased)
        .word(&id.0)
        .uint(amount)
        .uint(fees.fee)
        .log(2);
    token::take(&config.token, &head.owner, amount)
}

/// `retractTask(task)`: after `minRetractionWaitTime` the first call announces, a second
/// one at least ten minutes later refunds the fee less the retraction fee. Once the model
/// has been disabled for as long, the first call refunds the whole fee.
///
/// With one step an owner could pull the fee from under a finished computation; with the
/// notice, whoever has computed still reveals in time. Waits count unpaused seconds.
///
/// # Errors
///
/// `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`, `NotEnoughDelay`, `WaitLonger`.
///
/// # Events
///
/// `TaskRetractionAnnounced`, or `TaskRetracted` and `TaskRefunded`.
pub(crate) fn retract(id: B256) -> Result<(), Revert> {
    let (config, entry, head) = own_open(id)?;
    let fees = entry.fees();
    let now = host::now();
    let unpaused = config.clock().unpaused(now);
    let announced = STORAGE.tasks.retractions.get(id);
    let disabled = models::Entry::of(models::id_of(head.model))
        .terms()
        .disabled;
    let retraction = Retraction {
        submitted: head.time.saturating_sub(fees.paused),
        announced: (announced.time != 0).then_some(announced.unpaused),
        wait: params::retraction_wait(),
        disabled: (disabled != 0).then_some(disabled),
    };
    let step = retraction.step(unpaused).map_err(|refusal| match refusal {
        RetractionError::NotEnoughDelay { .. } => error!(NotEnoughDelay),
        RetractionError::WaitLonger { .. } => error!(WaitLonger),
    })?;
    let free = match step {
        RetractionStep::Announce => {
            let announcement = Announcement {
                time: now,
                unpaused,
            };
            STORAGE.tasks.retractions.set(id, &announcement);
            event!(TaskRetractionAnnounced).word(&id.0).log(2);
            return Ok(());
        }
        RetractionStep::Refund { free } => free,
    };
    let retracted = Head {
        retracted: true,
        ..head
    };
    entry.write(&retracted, &fees);
    let split = splits::retraction(fees.fee, params::retraction_fee_percentage(), free);
    if split.treasury != 0 {
        let mut ledger = Ledger::read();
        ledger.accrued += split.treasury;
        ledger.write();
    }
    event!(TaskRetracted).word(&id.0).log(2);
    refund_to(id, head.owner, split.owner);
    Ok(())
}

/// Gives the whole fee of a task whose solution was voted down back to its owner.
pub(crate) fn refund(id: B256) {
    let (entry, head) = Entry::find(id);
    refund_to(id, head.owner, entry.fees().fee);
}

fn refund_to(id: B256, owner: Address, amount: u128) {
    earnings::credit(owner, amount);
    event!(TaskRefunded)
        .word(&id.0)
        .address(&owner)
        .uint(amount)
        .log(3);
}

/// `retractionAnnounced(task)`: when the owner announced to retract; 0 if it did not.
pub(crate) fn retraction_announced(id: B256) -> Result<u64, Revert> {
    Ok(STORAGE.tasks.retractions.get(id).time)
}

/// `taskModelFee(task)`: the model fee that was fixed into the task.
pub(crate) fn model_fee(id: B256) -> Result<u128, Revert> {
    Ok(Entry::find(id).0.fees().model_fee)
}

/// `prevhash()`: identifier of the last task.
pub(crate) fn prevhash() -> Result<B256, Revert> {
    Ok(STORAGE.state.prevhash.get())
}

/// `tasks(id)`: all zero if there is none.
pub(crate) fn task(id: B256) -> Result<Words, Revert> {
    let (entry, head) = Entry::find(id);
    let model = if head.time == 0 {
        B256::ZERO
    } else {
        models::id_of(head.model)
    };
    let mut words = Words::with_capacity(9);
    words
        .word(&model.0)
        .uint(entry.fees().fee)
        .address(&head.owner)
        .uint(head.time.into())
        .uint(head.version.into());
    if head.time == 0 {
        words.bytes(6, &[]);
    } else {
        words.bytes(6, &cid::encode(entry.digest()));
    }
    Ok(words)
}

/// `taskStatus(id)`: where a task stands.
pub(crate) fn status(id: B256) -> Result<u8, Revert> {
    Ok(status_of(id).into())
}

/// Where a task stands.
pub(crate) fn status_of(id: B256) -> TaskStatus {
    let (_, head) = Entry::find(id);
    let progress = if head.time == 0 {
        None
    } else if head.retracted {
        Some(Progress::Retracted)
    } else {
        Some(Solution::of(id).progress())
    };
    let clock = STORAGE.state.config.get().clock();
    rules::status(progress, clock.unpaused(host::now()))
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl TaskStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        let words = || {
            [
                word!(Head: owner, time, version, model, retracted),
                word!(B256 as input),
                word!(Fees: fee, model_fee, block, paused),
            ]
        };
        rows.at("tasks.entries", self.entries, &words());
        rows.at(
            "tasks.retractions",
            self.retractions,
            &[word!(Announcement: time, unpaused)],
        );
        rows.at("tasks.batches", self.batches, &[word!(B256)]);
        rows.at("tasks.shared", self.shared, &words());
    }
}
