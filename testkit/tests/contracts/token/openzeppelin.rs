//! The same random calls to the token and to OpenZeppelin's `ERC20Votes` with
//! `ERC20Permit`: what they answer, revert with, emit and remember is the same.
//!
//! `.ci/full governance` compiles OpenZeppelin's contracts (`testkit/tests/openzeppelin`) and
//! names them in `ARBIUS_OPENZEPPELIN`. Without it the test skips itself and says so, unless
//! `ARBIUS_REQUIRE` names `openzeppelin`.

use alloy::{
    eips::BlockId,
    rpc::types::{TransactionInput, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_sol_types::{Eip712Domain, SolCall, SolError as _, SolStruct, eip712_domain};
use arbius_sdk::{
    chain::Call,
    contracts::{
        IPermit, IToken, IVotes,
        signed::{Delegation, Permit},
    },
};
use arbius_testkit::Random;

use super::{SUPPLY, permit::sign};
use crate::local::Local;

/// Names the file with the code that creates OpenZeppelin's contracts, in hex.
const VARIABLE: &str = "ARBIUS_OPENZEPPELIN";

/// Calls of a run.
const CALLS: usize = 400;

/// A log without its emitter: topics and data.
type Emitted = (Vec<alloy_primitives::B256>, Bytes);

/// Both contracts on one chain: ours, and theirs.
struct Pair {
    local: Local,
    contracts: [Address; 2],
    people: Vec<Address>,
}

impl Pair {
    async fn start(init_code: Vec<u8>) -> Self {
        let local = Local::start().await;
        let ours = local.token().await;
        let create = Call::create(init_code.into());
        let created = local.admin().execute(create).await.expect("it is created");
        let theirs = created.created.expect("it has an address");
        local.devnet.chain().set_block_timestamp_interval(Some(0));
        let people = local.lanes.iter().take(5).map(|lane| lane.address());
        Self {
            contracts: [ours, theirs],
            people: people.collect(),
            local,
        }
    }

    fn domain(&self, contract: Address) -> Eip712Domain {
        eip712_domain! {
            name: "Arbius",
            version: "1",
            chain_id: self.local.devnet.chain_id(),
            verifying_contract: contract,
        }
    }

    /// Sends a call to each; both must do the same. Says whether it succeeded.
    fn send(&self, from: Address, input: impl Fn(Address) -> Vec<u8>) -> bool {
        let [ours, theirs] = self.contracts.map(|contract| {
            let chain = self.local.devnet.chain();
            let request = TransactionRequest {
                gas: Some(5_000_000),
                ..request(from, contract, input(contract))
            };
            let hash = chain.send(request).expect("it is sent");
            let mined = chain.mined(hash).expect("it is mined");
            let receipt = mined.receipt();
            let logs: Vec<Emitted> = receipt
                .logs
                .iter()
                .map(|log| (log.topics().to_vec(), log.data.data.clone()))
                .collect();
            let mut output = receipt.output.to_vec();
            if output.starts_with(&IPermit::ERC2612InvalidSigner::SELECTOR) {
                // Whom a signature of something else seems to be by depends on the contract.
                output.truncate(4);
            }
            (receipt.success, output, logs)
        });
        assert_eq!(ours, theirs);
        ours.0
    }

    /// Asks each; both must answer the same.
    fn view<C: SolCall>(&self, call: &C) {
        let [ours, theirs] = self.contracts.map(|contract| {
            let request = request(self.people[0], contract, call.abi_encode());
            self.local
                .devnet
                .chain()
                .call(BlockId::latest(), &request, None)
                .unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE))
        });
        assert_eq!(ours, theirs, "{}", C::SIGNATURE);
    }

    fn compare_now(&self) {
        for account in self.people.iter().copied() {
            self.view(&IToken::balanceOfCall { account });
            self.view(&IVotes::getVotesCall { account });
            self.view(&IVotes::delegatesCall { account });
            self.view(&IVotes::numCheckpointsCall { account });
            self.view(&IPermit::noncesCall { owner: account });
        }
    }

    fn compare_past(&self, times: &[u64]) {
        for timepoint in times.iter().map(|time| U256::from(*time)) {
            for account in self.people.iter().copied() {
                self.view(&IVotes::getPastVotesCall { account, timepoint });
            }
        }
        for account in self.people.iter().copied() {
            for pos in 0..4 {
                // The first points; there are as many once everybody has delegated.
                self.view(&IVotes::checkpointsCall { account, pos });
            }
        }
    }

    /// One random call; says whether it succeeded.
    fn step(&self, random: &mut Random) -> bool {
        let index = random.below(self.people.len() as u64) as usize;
        let (from, signer) = (self.people[index], &self.local.signers[index]);
        let mut person = || random.pick(&self.people).expect("there are people");
        let (to, third) = (person(), person());
        // Mostly there, sometimes too much, sometimes nobody.
        let greatest = if random.chance(20) {
            SUPPLY
        } else {
            SUPPLY / 100
        };
        let value = U256::from(random.up_to(greatest));
        let to = if random.chance(5) { Address::ZERO } else { to };
        match random.below(8) {
            0..2 => self.send(from, |_| IToken::transferCall { to, value }.abi_encode()),
            2 => {
                let approve = IToken::approveCall { spender: to, value };
                self.send(from, |_| approve.abi_encode())
            }
            3 => {
                let spend = IToken::transferFromCall {
                    from: third,
                    to,
                    value,
                };
                self.send(from, |_| spend.abi_encode())
            }
            4..6 => {
                let delegate = IVotes::delegateCall { delegatee: to };
                self.send(from, |_| delegate.abi_encode())
            }
            6 => {
                let permit = Permit {
                    owner: from,
                    spender: to,
                    value,
                    nonce: U256::from(random.below(4)),
                    deadline: self.deadline(random),
                };
                self.send(third, |contract| {
                    let signature = self.sign(signer, &permit, contract);
                    permit.call(&signature).abi_encode()
                })
            }
            _ => {
                let delegation = Delegation {
                    delegatee: to,
                    nonce: U256::from(random.below(4)),
                    expiry: self.deadline(random),
                };
                self.send(third, |contract| {
                    let signature = self.sign(signer, &delegation, contract);
                    delegation.call(&signature).abi_encode()
                })
            }
        }
    }

    /// Now and then past.
    fn deadline(&self, random: &mut Random) -> U256 {
        let now = self.local.now();
        U256::from(now + 100 - random.below(130))
    }

    fn sign<T: SolStruct>(
        &self,
        signer: &PrivateKeySigner,
        data: &T,
        contract: Address,
    ) -> alloy_primitives::Signature {
        sign(signer, data, &self.domain(contract))
    }
}

fn request(from: Address, to: Address, input: Vec<u8>) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(to)),
        input: TransactionInput::new(Bytes::from(input)),
        ..TransactionRequest::default()
    }
}

#[tokio::test]
async fn does_what_openzeppelins_does() {
    let Some(path) = std::env::var_os(VARIABLE) else {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name == "openzeppelin"),
            "ARBIUS_REQUIRE names openzeppelin, but {VARIABLE} is not set"
        );
        eprintln!("skipped: {VARIABLE} is not set, see `.ci/full governance`");
        return;
    };
    let code = std::fs::read(&path).expect("the file can be read");
    let code: serde_json::Value = serde_json::from_slice(&code).expect("the file is JSON");
    let code = hex::decode(code["votes"].as_str().expect("it has the votes")).expect("hex");
    let pair = Pair::start(code).await;
    let mut random = Random::new(2);
    let mut times = vec![pair.local.now()];
    // Everybody has some, and four points of history.
    for to in pair.people[1..].iter().copied() {
        let value = U256::from(SUPPLY / 10);
        assert!(pair.send(pair.people[0], |_| {
            IToken::transferCall { to, value }.abi_encode()
        }));
    }
    for round in 0..4 {
        pair.local.pass_until(pair.local.now() + 1);
        for (index, from) in pair.people.iter().enumerate() {
            let delegatee = pair.people[(index + round) % pair.people.len()];
            let delegate = IVotes::delegateCall { delegatee };
            assert!(pair.send(*from, |_| delegate.abi_encode()));
        }
        times.push(pair.local.now());
    }
    let mut succeeded = 0;
    for _ in 0..CALLS {
        if random.chance(40) {
            pair.local
                .pass_until(pair.local.now() + random.between(1, 20));
        }
        succeeded += usize::from(pair.step(&mut random));
        pair.compare_now();
        times.push(pair.local.now());
    }
    // Neither did all of them fail nor none.
    assert!(
        (CALLS / 3..CALLS - CALLS / 10).contains(&succeeded),
        "{succeeded}"
    );
    times.dedup();
    pair.local.pass_until(pair.local.now() + 1);
    pair.compare_past(&times);
}
