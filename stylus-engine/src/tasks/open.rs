//! What an owner can do with a task that is still open: raise its fee, retract it. And what
//! refunds it.

use super::record::{Flags, Task};
use super::terms::Head;
use crate::abi::event;
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::state::{self, Config, Ledger};
use crate::store::{Pack, put, take};
use crate::{earnings, models, params, token};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::splits;
use arbius_protocol::tasks::{Retraction, RetractionError, RetractionStep};

/// When a retraction was announced: time 5, unpaused time 5.
#[derive(Clone, Copy, Default)]
pub(crate) struct Announcement {
    /// Time of the announcement; 0 where there is none.
    pub(super) time: u64,
    /// The same, in unpaused seconds.
    pub(super) unpaused: u64,
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

/// A task that its owner, the sender, can still change.
struct Own {
    config: Config,
    task: Task,
    head: Head,
    owner: Address,
}

/// A task that its owner, the sender, can still change.
///
/// # Errors
///
/// `Paused`, `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`.
#[inline(never)]
fn own_open(id: B256) -> Result<Own, Revert> {
    let config = Config::running()?;
    let task = Task::existing(id)?;
    let head = task.head();
    let owner = head.owner();
    ensure!(owner == host::sender(), NotTaskOwner);
    let flags = task.flags();
    ensure!(!flags.retracted && !flags.solved, TaskNotOpen);
    Ok(Own {
        config,
        task,
        head,
        owner,
    })
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
    let mut own = own_open(id)?;
    ensure!(!amount.is_zero(), AmntTooSmall);
    let amount = state::amount(amount)?;
    own.config.receive(amount)?;
    // What the engine has includes this task's fee, so the sum fits wherever that fits.
    let mut offer = own.head.offer();
    offer.fee += amount;
    own.task.set_offer(&own.head, &offer);
    STORAGE.tasks.retractions.set(id, &Announcement::default());
    event!(TaskFeeIncreased)
        .word(&id.0)
        .uint(amount)
        .uint(offer.fee)
        .log(2);
    token::take(&own.config.token, &own.owner, amount)
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
    let mut own = own_open(id)?;
    let offer = own.head.offer();
    let now = host::now();
    let unpaused = own.config.clock().unpaused(now);
    let announced = STORAGE.tasks.retractions.get(id);
    let disabled = models::Entry::of(models::id_of(offer.model))
        .terms()
        .disabled;
    let retraction = Retraction {
        submitted: own.head.time.saturating_sub(own.task.submission().paused),
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
    own.task.set_flags(Flags {
        retracted: true,
        ..own.task.flags()
    });
    let split = splits::retraction(offer.fee, params::retraction_fee_percentage(), free);
    if split.treasury != 0 {
        let mut ledger = Ledger::read();
        ledger.accrued += split.treasury;
        ledger.write();
    }
    event!(TaskRetracted).word(&id.0).log(2);
    refund_to(id, own.owner, split.owner);
    Ok(())
}

/// Gives the whole fee of a task whose solution was voted down back to its owner.
pub(crate) fn refund(id: B256, task: &Task) {
    let head = task.head();
    refund_to(id, head.owner(), head.offer().fee);
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
