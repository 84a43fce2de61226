//! The contract.

extern crate alloc;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolError, sol};
use arbius_protocol::interfaces::{engine::IEngine, token::IToken};
use stylus_sdk::{
    abi::Bytes,
    call::{call, static_call},
    prelude::*,
};

sol! {
    /// `task` was submitted for `asker`, who paid `fee` wei of AIUS.
    #[derive(Debug, PartialEq, Eq)]
    event Asked(address indexed asker, bytes32 indexed task, uint256 fee);

    /// What the constructor was given is no engine.
    #[derive(Debug, PartialEq, Eq)]
    error NotAnEngine(address engine);
}

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
    /// [`NotAnEngine`] if the address does not answer as one.
    #[constructor]
    pub fn constructor(&mut self, engine: Address) -> Result<(), Vec<u8>> {
        let not_an_engine = || NotAnEngine { engine }.abi_encode();
        let answer = static_call(
            self.vm(),
            Call::new(),
            engine,
            &IEngine::baseTokenCall {}.abi_encode(),
        )
        .map_err(|_| not_an_engine())?;
        let token =
            IEngine::baseTokenCall::abi_decode_returns(&answer).map_err(|_| not_an_engine())?;
        self.engine.set(engine);
        self.token.set(token);
        let approve = IToken::approveCall {
            spender: engine,
            value: U256::MAX,
        };
        self.execute(token, &approve)?;
        Ok(())
    }

    /// Submits a task for the caller, who owns it and pays its fee: approve this contract
    /// for `fee` wei of AIUS first. Returns the task's id.
    ///
    /// # Errors
    ///
    /// Those of the token's `transferFrom` and of the engine's `submitTask`, as they are.
    pub fn ask(&mut self, model: B256, fee: U256, input: Bytes) -> Result<B256, Vec<u8>> {
        let (asker, this) = (self.vm().msg_sender(), self.vm().contract_address());
        let (engine, token) = (self.engine.get(), self.token.get());
        self.execute(
            token,
            &IToken::transferFromCall {
                from: asker,
                to: this,
                value: fee,
            },
        )?;
        let submit = IEngine::submitTaskCall {
            version: 0,
            owner: asker,
            model,
            fee,
            input: input.0.into(),
        };
        let task = self.execute(engine, &submit)?;
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

impl Requester {
    /// Calls a contract and hands its error on, if it answers with one.
    fn execute<C: SolCall>(&mut self, to: Address, data: &C) -> Result<C::Return, Vec<u8>> {
        let context = Call::new_mutating(self);
        let answer = call(self.vm(), context, to, &data.abi_encode())?;
        C::abi_decode_returns(&answer).map_err(|_| Vec::new())
    }
}
