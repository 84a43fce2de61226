//! The contracts: the engine and the token as WASM on a devnet, held by the chain's handle
//! and not through JSON-RPC, so that thousands of calls take seconds.

use std::{cell::Cell, collections::BTreeSet};

use alloy::{
    eips::BlockId,
    rpc::types::{TransactionInput, TransactionRequest},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, keccak256};
use alloy_sol_types::SolCall;
use arbius_devnet::chain::Chain;
use arbius_protocol::{
    interfaces::{arbos::IArbWasm, engine::IEngine::setStartBlockTimeCall, token::IToken},
    params,
};
use arbius_testkit::TestChain;

use crate::{
    layout::Layout,
    model::{Addresses, Fault, Ledger},
};

/// When the emission of every run starts, seconds since 1970.
const START: u64 = 1_800_000_000;

/// Gas of every transaction: more than any of them needs.
const GAS: u64 = 30_000_000;

/// Seconds after which programs are kept alive: they expire after a year, and can be
/// renewed once they are a month old.
const RENEWAL: u64 = 180 * 86_400;

/// ArbWasm, which renews them.
const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// Contracts that accept what they are told, refuse it, and burn all their gas on it.
const CONSUMERS: [(Address, &[u8]); 3] = [
    (
        address!("c000000000000000000000000000000000000001"),
        &[0x00],
    ),
    (
        address!("c000000000000000000000000000000000000002"),
        &[0x5f, 0x5f, 0xfd],
    ),
    (
        address!("c000000000000000000000000000000000000003"),
        &[0x5b, 0x5f, 0x56],
    ),
];

/// What became of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It succeeded.
    Done,
    /// It failed with a custom error.
    Failed(Fault),
    /// It failed without one.
    Broken(String),
}

/// A transaction to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) input: Bytes,
}

/// A chain with the protocol on it, always at the end of one run or at the beginning of
/// the next.
pub(crate) struct Machine {
    // Dropping it ends the chain.
    _test_chain: TestChain,
    chain: Chain,
    pub(crate) layout: Layout,
    genesis: Ledger,
    snapshot: u64,
    /// Hashes of the programs' codes, and when they were last renewed.
    programs: BTreeSet<B256>,
    renewed: Cell<u64>,
}

impl Machine {
    /// Deploys everything by real transactions.
    pub(crate) async fn new() -> Self {
        let test_chain = TestChain::builder()
            .accounts(10)
            .genesis_timestamp(START - 86_400)
            .start(|_| ())
            .await
            .expect("the protocol can be deployed");
        let chain = test_chain.devnet().chain().clone();
        let accounts = &test_chain.deployment().accounts;
        let addresses = Addresses {
            engine: test_chain.engine(),
            token: test_chain.token(),
            people: accounts.iter().map(|account| account.address).collect(),
            consumers: CONSUMERS.map(|(address, _)| address).to_vec(),
        };
        for (address, code) in CONSUMERS {
            chain.set_code(address, Bytes::from_static(code));
        }
        let programs = test_chain.deployment().contracts.values();
        let programs = programs
            .map(|address| keccak256(chain.code(*address)))
            .collect();
        let (owner, treasury) = (addresses.people[0], addresses.people[1]);
        let mut machine = Self {
            genesis: Ledger::new(addresses.clone(), owner, treasury, START),
            layout: Layout::read(addresses.engine, addresses.token, &addresses.people),
            snapshot: 0,
            programs,
            renewed: Cell::new(START),
            chain,
            _test_chain: test_chain,
        };
        machine.prepare();
        machine
    }

    /// What does not belong to a run: a fixed start, and everybody's approval.
    fn prepare(&mut self) {
        let addresses = self.genesis.addresses.clone();
        let mut messages: Vec<_> = addresses
            .people
            .iter()
            .map(|person| Message {
                from: *person,
                to: addresses.token,
                input: IToken::approveCall {
                    spender: addresses.engine,
                    value: U256::MAX,
                }
                .abi_encode()
                .into(),
            })
            .collect();
        messages.push(Message {
            from: self.genesis.owner,
            to: addresses.engine,
            input: setStartBlockTimeCall {
                startBlockTime: START,
            }
            .abi_encode()
            .into(),
        });
        for outcome in self.execute(START, &messages) {
            assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
        }
        let state = self
            .chain
            .state_at(BlockId::latest())
            .expect("there is a latest block");
        for address in &addresses.people {
            let tokens = self.layout.tokens(&state, *address);
            let person = self.genesis.people.entry(*address).or_default();
            person.tokens = tokens;
            person.allowance = U256::MAX;
        }
        self.genesis.block = self.chain.block_number();
        self.snapshot = self.chain.snapshot();
    }

    /// Goes back to the beginning; returns what the engine knows there.
    pub(crate) fn restart(&mut self) -> Ledger {
        assert!(self.chain.revert(self.snapshot), "the snapshot is there");
        self.snapshot = self.chain.snapshot();
        self.renewed.set(START);
        self.genesis.clone()
    }

    /// Keeps the programs alive until `time`, as somebody has to on a real chain.
    pub(crate) fn keep_alive(&self, time: u64) {
        while time > self.renewed.get() + RENEWAL {
            self.renewed.set(self.renewed.get() + RENEWAL);
            let renewed = self
                .renewed
                .get()
                .max(self.chain.latest_block().header.timestamp);
            let from = self.genesis.owner;
            let renewals: Vec<_> = self
                .programs
                .iter()
                .map(|codehash| {
                    let call = IArbWasm::codehashKeepaliveCall {
                        codehash: *codehash,
                    };
                    let request = request(from, ARB_WASM, call.abi_encode().into());
                    TransactionRequest {
                        value: Some(U256::from(1_u64 << 60)),
                        ..request
                    }
                })
                .collect();
            for outcome in self.send(renewed, renewals) {
                assert!(matches!(outcome, Outcome::Done), "a renewal: {outcome:?}");
            }
        }
    }

    /// The number of the next block.
    pub(crate) fn next_block(&self) -> u64 {
        self.chain.block_number() + 1
    }

    /// The state after the last block.
    pub(crate) fn state(&self) -> arbius_devnet::chain::State {
        self.chain
            .state_at(BlockId::latest())
            .expect("there is a latest block")
    }

    /// Sends transactions that share a block of this time.
    pub(crate) fn execute(&self, time: u64, messages: &[Message]) -> Vec<Outcome> {
        let requests = messages
            .iter()
            .map(|message| request(message.from, message.to, message.input.clone()));
        self.send(time, requests)
    }

    fn send(
        &self,
        time: u64,
        requests: impl IntoIterator<Item = TransactionRequest>,
    ) -> Vec<Outcome> {
        let chain = &self.chain;
        chain
            .set_next_block_timestamp(time)
            .expect("time only moves on");
        chain.set_automine(false);
        let hashes: Vec<_> = requests
            .into_iter()
            .map(|request| {
                let request = TransactionRequest {
                    gas: Some(GAS),
                    ..request
                };
                chain.send(request).expect("the transaction is well-formed")
            })
            .collect();
        chain.mine();
        hashes.into_iter().map(|hash| self.outcome(hash)).collect()
    }

    fn outcome(&self, hash: B256) -> Outcome {
        let mined = self.chain.mined(hash).expect("it was mined");
        let receipt = mined.receipt();
        if receipt.success {
            return Outcome::Done;
        }
        match receipt.output.first_chunk() {
            Some(fault) => Outcome::Failed(*fault),
            None => Outcome::Broken(receipt.failure.clone().unwrap_or_default()),
        }
    }

    /// What a view of the engine returns.
    pub(crate) fn view<C: SolCall>(&self, call: &C) -> C::Return {
        let engine = self.genesis.addresses.engine;
        let request = request(Address::ZERO, engine, call.abi_encode().into());
        let output = self
            .chain
            .call(BlockId::latest(), &request, None)
            .unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE));
        C::abi_decode_returns(&output).unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE))
    }

    /// A parameter, by its place in the table.
    pub(crate) fn parameter(&self, row: &params::Row) -> U256 {
        let engine = self.genesis.addresses.engine;
        let request = request(Address::ZERO, engine, row.getter.to_vec().into());
        let output = self
            .chain
            .call(BlockId::latest(), &request, None)
            .unwrap_or_else(|error| panic!("{}: {error}", row.parameter.name()));
        U256::from_be_slice(&output)
    }
}

fn request(from: Address, to: Address, input: Bytes) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(to)),
        input: TransactionInput::new(input),
        ..TransactionRequest::default()
    }
}
