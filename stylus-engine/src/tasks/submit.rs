//! Submission in its forms.

use super::record::{Flags, Submission, Task};
use super::terms::{Batch, Head, Offer};
use crate::abi::{Blobs, Words, event};
use crate::content::Content;
use crate::host;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::state::{self, Config};
use crate::store::Pack;
use crate::{arbsys, models, token};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::ids;

/// What all tasks of one call have in common.
pub(crate) struct Order {
    config: Config,
    sender: Address,
    model: B256,
    fee: u128,
    head: Head,
    submission: Submission,
    flags: Flags,
}

impl Order {
    /// Checks what an order says, and finds or gives the keys of its owner and offer.
    #[inline(never)]
    pub(crate) fn new(version: u8, owner: Address, model: B256, fee: U256) -> Result<Self, Revert> {
        let mut config = Config::running()?;
        token::ensure_funded(&mut config)?;
        state::account(owner, config.token)?;
        let (_, terms) = models::Entry::existing(model)?;
        ensure!(terms.disabled == 0, ModelDisabled);
        let fee = state::amount(fee)?;
        ensure!(fee >= terms.fee, LowerFeeThanModelFee);
        let offer = Offer {
            fee,
            model_fee: terms.fee,
            model: terms.index,
            version,
        };
        let now = host::now();
        Ok(Self {
            sender: host::sender(),
            model,
            fee,
            submission: Submission {
                block: arbsys::block_number()?,
                paused: config.clock().paused(now),
            },
            head: Head::new(owner, &offer, now),
            flags: Flags {
                listed: terms.listed,
                ..Flags::default()
            },
            config,
        })
    }

    /// Names one task after `previous` and tells of it; returns its identifier.
    fn announce(&self, previous: B256, digest: B256) -> B256 {
        let fee = U256::from(self.fee);
        let id = ids::task_id(self.sender, previous, self.model, fee, digest);
        event!(TaskSubmitted)
            .word(&id.0)
            .word(&self.model.0)
            .address(&self.sender)
            .uint(self.fee)
            .log(4);
        id
    }

    /// Enters a task with terms of its own.
    fn enter_alone(&self, id: B256, input: B256) {
        Task::enter(id, &self.head.pack(), &self.submission, self.flags).set_input(&input);
    }

    /// Enters a task of a batch, which costs one word.
    fn enter_batched(&self, id: B256, batch: &Batch) {
        let flags = Flags {
            batched: true,
            ..self.flags
        };
        Task::enter(id, &batch.pack(), &self.submission, flags);
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
        self.enter_alone(id, input.digest);
        log_input(input, id, 1);
        Ok(id)
    }

    /// Books and takes the fees of `count` tasks, the last of which is `last`.
    pub(crate) fn settle(mut self, last: B256, count: u64) -> Result<(), Revert> {
        let total = self
            .fee
            .checked_mul(count.into())
            .ok_or_else(|| error!(AmountTooLarge))?;
        STORAGE.state.prevhash.set(&last);
        if total > 0 {
            self.config.receive(total)?;
        }
        token::take(&self.config.token, &self.sender, total)
    }
}

/// Says what the input of `count` tasks from `first` on is.
fn log_input(input: Content, first: B256, count: u64) {
    input.log(event!(TaskInput), &first, Some(count));
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
    let mut last = first;
    if n == 1 {
        order.enter_alone(first, input.digest);
    } else {
        let batch = Batch::open(first, &order.head, input.digest);
        order.enter_batched(first, &batch);
        for _ in 1..n {
            last = order.announce(last, input.digest);
            order.enter_batched(last, &batch);
        }
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
    for input in inputs.iter() {
        let input = Content::new(input?)?;
        last = order.announce(last, input.digest);
        order.enter_alone(last, input.digest);
        log_input(input, last, 1);
        ids.word(&last.0);
    }
    order.settle(last, inputs.len() as u64)?;
    Ok(ids)
}
