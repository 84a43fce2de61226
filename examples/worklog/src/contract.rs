//! The contract.

extern crate alloc;

use alloy_primitives::{
    Address, B256, U256,
    aliases::{U8, U32, U64},
};
use alloy_sol_types::SolError;
use arbius_example_calls::{
    call::execute,
    engine::{approve_engine, require_engine, require_model},
    token::take,
};
use arbius_example_interfaces::worklog::IWorklog::{
    AlreadyRecorded, AlreadyTold, BadPeriod, LogDoesNotExist, NotAgent, Opened, OutcomeTold,
    Recorded, TooMany, UnknownTask,
};
use arbius_protocol::{interfaces::engine::IEngine, tasks::TaskStatus};
use stylus_sdk::{abi::Bytes, prelude::*};

/// The shortest and the longest period, seconds.
const PERIOD: core::ops::RangeInclusive<u32> = 60..=7 * 86_400;

/// Periods that can be read at once, so that a view stays within any endpoint's limit of gas.
const MOST: u64 = 1_024;

/// Gas to be promised for an outcome: twice what counting one takes when the program is not in
/// the chain's cache.
const OUTCOME_GAS: u32 = 150_000;

sol_storage! {
    /// All logs.
    #[entrypoint]
    pub struct Worklog {
        /// The engine.
        address engine;
        /// The engine's token, AIUS.
        address token;
        /// How many logs there are; they count from 1.
        uint256 count;
        /// The logs.
        mapping(uint256 => Log) logs;
        /// Which log and period a task is the entry of.
        mapping(bytes32 => Entry) entries;
    }

    /// A log.
    pub struct Log {
        /// Who writes it.
        address agent;
        /// Seconds of a period.
        uint32 length;
        /// The period in which it was opened.
        uint64 first_period;
        /// Whose tasks it lists.
        bytes32 model;
        /// How many entries it has.
        uint32 entries;
        /// Of those, how many it was told to be final.
        uint32 finals;
        /// And how many to have ended otherwise.
        uint32 failures;
        /// The entry of each period.
        mapping(uint64 => bytes32) tasks;
    }

    /// Where a task is entered.
    pub struct Entry {
        /// The log.
        uint128 id;
        /// The period.
        uint64 period;
        /// The outcome that was told; 0 so far.
        uint8 outcome;
    }
}

#[public]
impl Worklog {
    /// Binds the contract to an engine and lets that engine take fees from it.
    ///
    /// # Errors
    ///
    /// [`NotAnEngine`](arbius_example_calls::engine::NotAnEngine) if the address does not answer as one.
    #[constructor]
    pub fn constructor(&mut self, engine: Address) -> Result<(), Vec<u8>> {
        let token = approve_engine(self, engine)?;
        self.engine.set(engine);
        self.token.set(token);
        Ok(())
    }

    /// Opens a log of the caller. Returns its number.
    ///
    /// # Errors
    ///
    /// [`BadPeriod`], [`ModelDoesNotExist`](arbius_example_calls::engine::ModelDoesNotExist).
    pub fn open(&mut self, model: B256, length: u32) -> Result<U256, Vec<u8>> {
        if !PERIOD.contains(&length) {
            return Err(BadPeriod { length }.abi_encode());
        }
        require_model(self, self.engine.get(), model)?;
        let agent = self.vm().msg_sender();
        let now = self.vm().block_timestamp();
        let id = self.count.get() + U256::ONE;
        self.count.set(id);
        let mut log = self.logs.setter(id);
        log.agent.set(agent);
        log.length.set(U32::from(length));
        log.first_period.set(U64::from(now / u64::from(length)));
        log.model.set(model);
        self.vm().log(Opened {
            id,
            agent,
            model,
            length,
        });
        Ok(id)
    }

    /// Submits this period's task, which the agent owns and pays for. Returns the task's id.
    ///
    /// # Errors
    ///
    /// [`LogDoesNotExist`], [`NotAgent`], [`AlreadyRecorded`]; those of the token's
    /// `transferFrom` and of the engine's `submitTaskWithConsumer`, as they are.
    pub fn record(&mut self, id: U256, fee: U256, input: Bytes) -> Result<B256, Vec<u8>> {
        let (sender, this) = (self.vm().msg_sender(), self.vm().contract_address());
        let now = self.vm().block_timestamp();
        let log = self.logs.getter(id);
        let agent = log.agent.get();
        if agent.is_zero() {
            return Err(LogDoesNotExist { id }.abi_encode());
        }
        if agent != sender {
            return Err(NotAgent { agent }.abi_encode());
        }
        let period = now / log.length.get().to::<u64>();
        let recorded = log.tasks.get(U64::from(period));
        if !recorded.is_zero() {
            return Err(AlreadyRecorded { task: recorded }.abi_encode());
        }
        let model = log.model.get();

        take(self, self.token.get(), agent, fee)?;
        let submit = IEngine::submitTaskWithConsumerCall {
            version: 0,
            owner: agent,
            model,
            fee,
            input: input.0.into(),
            consumer: this,
            gasLimit: OUTCOME_GAS,
        };
        let task = execute(self, self.engine.get(), &submit)?;

        let mut log = self.logs.setter(id);
        log.tasks.setter(U64::from(period)).set(task);
        let entries = log.entries.get() + U32::ONE;
        log.entries.set(entries);
        let mut entry = self.entries.setter(task);
        entry.id.set(id.to());
        entry.period.set(U64::from(period));
        self.vm().log(Recorded { id, period, task });
        Ok(task)
    }

    /// What the engine calls after the outcome of an entry: counts it.
    ///
    /// # Errors
    ///
    /// [`NotEngine`](arbius_example_calls::engine::NotEngine), [`UnknownTask`], [`AlreadyTold`].
    pub fn on_task_outcome(&mut self, task: B256, outcome: u8, cid: Bytes) -> Result<(), Vec<u8>> {
        require_engine(self, self.engine.get())?;
        let mut entry = self.entries.setter(task);
        if entry.id.get().is_zero() {
            return Err(UnknownTask { task }.abi_encode());
        }
        if !entry.outcome.get().is_zero() {
            return Err(AlreadyTold { task }.abi_encode());
        }
        entry.outcome.set(U8::from(outcome));
        let (id, period) = (U256::from(entry.id.get()), entry.period.get().to());
        let mut log = self.logs.setter(id);
        if outcome == u8::from(TaskStatus::Final) {
            let finals = log.finals.get() + U32::ONE;
            log.finals.set(finals);
        } else {
            let failures = log.failures.get() + U32::ONE;
            log.failures.set(failures);
        }
        self.vm().log(OutcomeTold {
            id,
            period,
            task,
            outcome,
            cid: cid.0.into(),
        });
        Ok(())
    }

    /// How many logs were opened.
    pub fn logs(&self) -> U256 {
        self.count.get()
    }

    /// Agent, model, seconds of a period, first period, entries, and how many of them are known
    /// to be final or to have ended otherwise.
    pub fn log(&self, id: U256) -> (Address, B256, u32, u64, u32, u32, u32) {
        let log = self.logs.getter(id);
        (
            log.agent.get(),
            log.model.get(),
            log.length.get().to(),
            log.first_period.get().to(),
            log.entries.get().to(),
            log.finals.get().to(),
            log.failures.get().to(),
        )
    }

    /// The entry of a period; zero if there is none.
    pub fn task_at(&self, id: U256, period: u64) -> B256 {
        self.logs.getter(id).tasks.get(U64::from(period))
    }

    /// The entries of several periods, zero for those without.
    ///
    /// # Errors
    ///
    /// [`TooMany`].
    pub fn tasks(&self, id: U256, first: u64, count: u64) -> Result<Vec<B256>, Vec<u8>> {
        if count > MOST {
            return Err(TooMany {
                count: U256::from(count),
            }
            .abi_encode());
        }
        let log = self.logs.getter(id);
        let entry = |period: u64| log.tasks.get(U64::from(period));
        Ok((0..count)
            .map(|index| first.checked_add(index).map_or(B256::ZERO, entry))
            .collect())
    }

    /// Log, period and known outcome of a task.
    pub fn entry(&self, task: B256) -> (U256, u64, u8) {
        let entry = self.entries.getter(task);
        (
            U256::from(entry.id.get()),
            entry.period.get().to(),
            entry.outcome.get().to(),
        )
    }

    /// The gas that it asks the engine to promise it for an outcome.
    pub fn outcome_gas(&self) -> u32 {
        OUTCOME_GAS
    }

    /// The engine to which it submits.
    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    /// The engine's token.
    pub fn token(&self) -> Address {
        self.token.get()
    }
}
