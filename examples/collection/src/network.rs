//! Calls of the engine and its token.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_example_calls::{
    call::{execute, read},
    engine::{approve_engine, require_model},
    token::take,
};
use arbius_protocol::interfaces::engine::IEngine;
use stylus_sdk::prelude::*;

use crate::contract::Collection;

/// Gas that the engine is to give for telling an outcome: starting this program uncached takes
/// most of it.
pub(crate) const OUTCOME_GAS: u32 = 200_000;

impl Collection {
    /// Binds the collection to an engine and a model of it, and lets the engine take fees.
    ///
    /// # Errors
    ///
    /// `NotAnEngine`, `ModelDoesNotExist`.
    pub(crate) fn bind(&mut self, engine: Address, model: B256) -> Result<(), Vec<u8>> {
        let token = approve_engine(self, engine)?;
        require_model(self, engine, model)?;
        self.engine.set(engine);
        self.token.set(token);
        self.model.set(model);
        Ok(())
    }

    /// Submits a task that `minter` owns and has paid for.
    ///
    /// # Errors
    ///
    /// Those of the token and of the engine, as they are.
    pub(crate) fn submit(
        &mut self,
        minter: Address,
        fee: U256,
        input: Vec<u8>,
    ) -> Result<B256, Vec<u8>> {
        let engine = self.engine.get();
        take(self, self.token.get(), minter, fee)?;
        let submit = IEngine::submitTaskWithConsumerCall {
            version: 0,
            owner: minter,
            model: self.model.get(),
            fee,
            input: input.into(),
            consumer: self.vm().contract_address(),
            gasLimit: OUTCOME_GAS,
        };
        execute(self, engine, &submit)
    }

    /// Has the engine pay an account what it owes it, if that is anything.
    ///
    /// # Errors
    ///
    /// Those of the engine, as they are.
    pub(crate) fn pay_out(&mut self, account: Address) -> Result<(), Vec<u8>> {
        if !self.ask(&IEngine::earningsCall { account })?.is_zero() {
            let engine = self.engine.get();
            execute(self, engine, &IEngine::withdrawEarningsCall { account })?;
        }
        Ok(())
    }

    /// Asks the engine.
    ///
    /// # Errors
    ///
    /// What it refuses with, as it is.
    pub(crate) fn ask<C: SolCall>(&self, view: &C) -> Result<C::Return, Vec<u8>> {
        read(self, self.engine.get(), view)
    }
}
