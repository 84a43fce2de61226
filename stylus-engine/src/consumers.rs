//! Consumers (protocol section 5): contracts that are told what became of a task.
//!
//! Nothing waits for a consumer. Anyone may have it told, and whatever it does, reverting,
//! burning its gas, returning megabytes, coming back, harms nobody but itself.

use crate::abi::{Words, event};
use crate::host::{self, CallKind, Word};
use crate::layout::STORAGE;
use crate::reentrancy;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config};
use crate::store::{Map, Pack, put, put_address, take, take_address};
use crate::tasks::{self, Order, Task};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_protocol::cid;
use arbius_protocol::interfaces::consumer::ITaskConsumer;
use arbius_protocol::tasks::{TaskStatus, gas_to_notify};

/// Where consumers are kept.
#[derive(Clone, Copy)]
pub struct ConsumerStorage {
    /// By task.
    entries: Map<B256, Consumer>,
}

impl ConsumerStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
        }
    }
}

/// Whom a task names: address 20, gas 4, flags 1.
#[derive(Clone, Copy)]
struct Consumer {
    /// The contract; zero where the task names none.
    address: Address,
    /// The gas that it is promised.
    gas_limit: u32,
    /// Whether it was told, and accepted.
    notified: bool,
}

impl Pack for Consumer {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.address);
        put::<20, 4>(&mut word, self.gas_limit.into());
        word[24] = self.notified.into();
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            address: take_address::<0>(word),
            gas_limit: take::<20, 4>(word) as u32,
            notified: word[24] != 0,
        }
    }
}

/// `submitTaskWithConsumer(version, owner, model, fee, input, consumer, gasLimit)`: submits
/// a task whose outcome a contract is to be told.
///
/// # Errors
///
/// As [`tasks::submit`].
///
/// # Events
///
/// Those, and `TaskConsumer`.
pub(crate) fn submit(
    version: u8,
    owner: Address,
    model: B256,
    fee: U256,
    input: &[u8],
    consumer: Address,
    gas_limit: u32,
) -> Result<B256, Revert> {
    let order = Order::new(version, owner, model, fee)?;
    state::account(consumer, order.token())?;
    let id = order.place(input)?;
    STORAGE.consumers.entries.set(
        id,
        &Consumer {
            address: consumer,
            gas_limit,
            notified: false,
        },
    );
    event!(TaskConsumer)
        .word(&id.0)
        .address(&consumer)
        .uint(gas_limit.into())
        .log(3);
    order.settle(id, 1)?;
    Ok(id)
}

/// `taskConsumer(task)`: whom to tell, with how much gas, and whether it was told.
pub(crate) fn consumer(task: B256) -> Result<Words, Revert> {
    let consumer = STORAGE.consumers.entries.get(task);
    let mut words = Words::with_capacity(3);
    words
        .address(&consumer.address)
        .uint(consumer.gas_limit.into())
        .uint(consumer.notified.into());
    Ok(words)
}

/// `notifyConsumer(task)`: tells a task's consumer the outcome, with the gas that it was
/// promised. If it fails, or if there is no contract yet, anyone may try again.
///
/// # Errors
///
/// `TaskDoesNotExist`, `NoConsumer`, `AlreadyNotified`, `TaskNotFinal`, `NotEnoughGas`.
///
/// # Events
///
/// `ConsumerNotified`.
pub(crate) fn notify(task: B256) -> Result<(), Revert> {
    Config::running()?;
    Task::existing(task)?;
    let slot = STORAGE.consumers.entries.slot(task);
    let mut consumer: Consumer = slot.get();
    ensure!(!consumer.address.is_zero(), NoConsumer);
    ensure!(!consumer.notified, AlreadyNotified);
    let status = tasks::status_of(task);
    ensure!(status.is_settled(), TaskNotFinal);

    let mut arguments = Words::with_capacity(6);
    arguments.word(&task.0).uint(u8::from(status).into());
    if status == TaskStatus::Final {
        arguments.bytes(3, &cid::encode(Task::find(task).answer()));
    } else {
        arguments.bytes(3, &[]);
    }
    let mut input = ITaskConsumer::onTaskOutcomeCall::SELECTOR.to_vec();
    input.extend_from_slice(&arguments.into_data());

    // Told while it is being told, so that it cannot be told again from within.
    consumer.notified = true;
    slot.set(&consumer);
    let mut success = false;
    if host::has_code(&consumer.address) {
        let gas = consumer.gas_limit.into();
        reentrancy::set_door(true);
        // The engine's writes are paid before the gas that is left is counted.
        host::flush();
        ensure!(host::gas_left() >= gas_to_notify(gas), NotEnoughGas);
        success = host::call_with(CallKind::Call, &consumer.address, &input, gas, 0).is_ok();
        reentrancy::set_door(false);
    }
    if !success {
        consumer.notified = false;
        slot.set(&consumer);
    }
    event!(ConsumerNotified)
        .word(&task.0)
        .address(&consumer.address)
        .uint(success.into())
        .log(3);
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ConsumerStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "consumers.entries",
            self.entries,
            &[word!(Consumer: address, gas_limit, notified)],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_survives_packing() {
        let consumer = Consumer {
            address: Address::repeat_byte(3),
            gas_limit: u32::MAX,
            notified: true,
        };
        let back = Consumer::unpack(&consumer.pack());
        assert_eq!(
            (back.address, back.gas_limit, back.notified),
            (consumer.address, u32::MAX, true)
        );
    }
}
