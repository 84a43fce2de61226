//! The contract.

extern crate alloc;

use alloy_primitives::{Address, B256, U256};
use arbius_example_calls::{call::execute, engine::approve_engine, token::take};
use arbius_example_interfaces::requester::IRequester::Asked;
use arbius_protocol::interfaces::engine::IEngine;
use stylus_sdk::{abi::Bytes, prelude::*};

sol_storage! {
    /// Which engine it asks, and who asked for what.
    #[entrypoint]
    pub struct Requester {
        /// The engine.
        address engine;
        /// The engine's token, AIUS.
        address token;
        /// Who asked for a task.
        mapping(bytes32 => address) askers;
    }
}

#[public]
impl Requester {
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

    /// Submits a task for the caller, who owns it and pays its fee: approve this contract
    /// for `fee` wei of AIUS first. Returns the task's id.
    ///
    /// # Errors
    ///
    /// Those of the token's `transferFrom` and of the engine's `submitTask`, as they are.
    pub fn ask(&mut self, model: B256, fee: U256, input: Bytes) -> Result<B256, Vec<u8>> {
        let asker = self.vm().msg_sender();
        let (engine, token) = (self.engine.get(), self.token.get());
        take(self, token, asker, fee)?;
        let submit = IEngine::submitTaskCall {
            version: 0,
            owner: asker,
            model,
            fee,
            input: input.0.into(),
        };
        let task = execute(self, engine, &submit)?;
        self.askers.setter(task).set(asker);
        self.vm().log(Asked { asker, task, fee });
        Ok(task)
    }

    /// Who asked for a task; the zero address if nobody did through this contract.
    pub fn asker(&self, task: B256) -> Address {
        self.askers.get(task)
    }

    /// The engine that it asks.
    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    /// The engine's token.
    pub fn token(&self) -> Address {
        self.token.get()
    }
}
