//! Ours beside OpenZeppelin's: the same calls to both, of whatever one may try, and the same
//! answers, events and refusals, byte for byte where both say what is not their own address.
//!
//! `.ci/full governance` compiles OpenZeppelin's contracts (`testkit/tests/openzeppelin`) and names them
//! in `ARBIUS_OPENZEPPELIN`. Without it the test skips itself and says so, unless
//! `ARBIUS_REQUIRE` names `openzeppelin`. It prints what each call costs in gas.

use std::collections::BTreeMap;

use alloy::{eips::BlockId, network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, Log, U256, address};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use arbius_devnet::chain::CallError;
use arbius_protocol::governance::{
    CANCELLER_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, Setting, ballot, digest, domain_separator,
};
use arbius_sdk::{
    chain::Call,
    contracts::{IGovernor as G, ITimelock as T},
};
use arbius_testkit::{Actor, Random};

use crate::world::{Draft, Person, World, seconds};

/// The file with OpenZeppelin's code.
const VARIABLE: &str = "ARBIUS_OPENZEPPELIN";

/// How many calls are tried.
const STEPS: usize = 4_000;

/// A contract that takes everything, and one that refuses everything.
const TAKES: Address = address!("0000000000000000000000000000000000007a4e");
const REFUSES: Address = address!("0000000000000000000000000000000000005e5e");

/// A governor with its timelock.
#[derive(Clone, Copy, Debug)]
struct Dao {
    governor: Address,
    timelock: Address,
}

/// OpenZeppelin's code, or nothing where the test may be skipped.
fn compiled() -> Option<BTreeMap<String, Bytes>> {
    let Ok(path) = std::env::var(VARIABLE) else {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required
                .split(',')
                .any(|part| part.trim() == "openzeppelin"),
            "ARBIUS_REQUIRE names openzeppelin, but {VARIABLE} is not set"
        );
        eprintln!("skipped: {VARIABLE} is not set");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// Both DAOs on one chain, on the same token.
struct Beside<'a> {
    world: &'a World,
    both: [Dao; 2],
    random: Random,
    drafts: Vec<Draft>,
    /// Gas by function, ours and theirs, with how often.
    gas: BTreeMap<&'static str, (u64, u64, u64)>,
    /// How many calls were answered and refused alike.
    answered: usize,
    refused: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_answered_as_openzeppelin_s_contracts_answer_it() {
    let Some(code) = compiled() else {
        return;
    };
    let world = World::new().await;
    let chain = world.chain.devnet().chain();
    chain.set_code(TAKES, vec![0].into());
    chain.set_code(REFUSES, vec![0x5f, 0x5f, 0xfd].into());
    let ours = dao_of_ours(&world).await;
    let theirs = dao_of_theirs(&world, &code).await;
    let mut beside = Beside {
        drafts: drafts(&world),
        world: &world,
        both: [ours, theirs],
        random: Random::new(8),
        gas: BTreeMap::new(),
        answered: 0,
        refused: 0,
    };
    beside.roles();
    for step in 0..STEPS {
        beside.step(step);
        if step % 10 == 0 {
            beside.views(step);
        }
    }
    let (answered, refused) = (beside.answered, beside.refused);
    println!("{answered} calls were answered alike, {refused} refused alike; gas:");
    for (function, (ours, theirs, count)) in &beside.gas {
        let (ours, theirs) = (ours / count, theirs / count);
        println!("{function}: {ours} beside {theirs} ({count} times)");
    }
    assert!(refused > STEPS / 10);
    for function in [
        "propose",
        "castVote",
        "castVoteBySig",
        "queue",
        "execute",
        "cancel",
    ] {
        let times = beside.gas.get(function).map_or(0, |spent| spent.2);
        assert!(times > 1, "{function} went through {times} times");
    }
}

/// A governor and a timelock of ours that the founder administers.
async fn dao_of_ours(world: &World) -> Dao {
    let init = T::initializeCall {
        minDelay: U256::from(Setting::TIMELOCK_DELAY.default),
        proposers: vec![],
        executors: vec![],
        admin: world.founder.address,
    };
    let founder = world.founder.address;
    let timelock = crate::world::proxy(&world.chain, "timelock", founder, init.abi_encode()).await;
    let init = crate::world::initialize(world.chain.token(), timelock).abi_encode();
    let governor = crate::world::proxy(&world.chain, "governor", founder, init).await;
    Dao { governor, timelock }
}

/// OpenZeppelin's, likewise.
async fn dao_of_theirs(world: &World, code: &BTreeMap<String, Bytes>) -> Dao {
    let lane = world.chain.lane(Actor::Treasury).unwrap();
    let none = Vec::<Address>::new();
    let arguments = (
        U256::from(Setting::TIMELOCK_DELAY.default),
        none.clone(),
        none,
        world.founder.address,
    );
    let create = |name: &str, arguments: Vec<u8>| {
        let code = [&code[name][..], &arguments].concat();
        lane.execute(Call::create(code.into()))
    };
    let receipt = create("timelock", arguments.abi_encode_params())
        .await
        .unwrap();
    let timelock = receipt.created.unwrap();
    let arguments = (world.chain.token(), timelock);
    let receipt = create("governor", arguments.abi_encode_params())
        .await
        .unwrap();
    Dao {
        governor: receipt.created.unwrap(),
        timelock,
    }
}

/// What is proposed and scheduled.
fn drafts(world: &World) -> Vec<Draft> {
    let named = format!("named #proposer={}", world.voter.address);
    let empty = Draft::default();
    let one = |description: &str, target, data: &[u8]| {
        let draft = Draft {
            description: description.to_owned(),
            ..Draft::default()
        };
        draft.and(target, 0, data.to_vec())
    };
    let mut uneven = one("uneven", TAKES, b"");
    uneven.values.push(U256::ZERO);
    vec![
        one("one", TAKES, &[7; 68]),
        one("two", TAKES, b"").and(TAKES, 3, vec![1; 33]),
        one("refused", REFUSES, b"x"),
        one("dear", TAKES, b"").and(TAKES, 1_000, vec![]),
        one(&named, TAKES, &[9; 4]),
        one("several", TAKES, b"")
            .and(TAKES, 0, vec![2; 31])
            .and(TAKES, 0, vec![2; 32]),
        one("", TAKES, b"no words"),
        uneven,
        empty,
    ]
}

/// What a call came to.
type Answer = Result<Bytes, Bytes>;

impl Beside<'_> {
    /// Gives both governors and the founder their roles, and ether to both timelocks.
    fn roles(&mut self) {
        let founder = self.world.founder.address;
        for role in [PROPOSER_ROLE, EXECUTOR_ROLE, CANCELLER_ROLE] {
            for governor in [false, true] {
                let both = self.both.map(|dao| {
                    let account = if governor { dao.governor } else { founder };
                    (
                        dao.timelock,
                        T::grantRoleCall { role, account }.abi_encode(),
                    )
                });
                self.send("grantRole", founder, both, 0);
            }
        }
        let both = self.both.map(|dao| (dao.timelock, Vec::new()));
        self.send("receive", founder, both, 500);
    }

    fn step(&mut self, step: usize) {
        let world = self.world;
        let people = [&world.whale, &world.attacker, &world.voter, &world.silent];
        let person: &Person = people[self.random.below(4) as usize];
        let (from, founder) = (person.address, world.founder.address);
        // Some proposals are much talked of, and now and then another takes a place.
        let among = if self.random.chance(70) {
            2
        } else {
            self.drafts.len()
        };
        let place = self.random.below(among as u64) as usize;
        if self.random.chance(2) {
            let draft = &mut self.drafts[place];
            draft.description = format!("number {step}: {}", draft.description);
        }
        let draft = self.drafts[place].clone();
        let id = draft_id(&draft);
        // Mostly for it, and wrong now and then.
        let support = if self.random.chance(80) {
            1
        } else {
            self.random.below(4) as u8
        };
        let hash = draft.description_hash();
        let lists = (
            draft.targets.clone(),
            draft.values.clone(),
            draft.calldatas.clone(),
        );
        let both = self.both;
        let of_governor = |call: Vec<u8>| both.map(|dao| (dao.governor, call.clone()));
        let of_timelock = |call: Vec<u8>| both.map(|dao| (dao.timelock, call.clone()));
        let salt = B256::with_last_byte(self.random.below(2) as u8);
        match self.random.below(20) {
            0..4 => {
                let call = G::proposeCall {
                    targets: lists.0,
                    values: lists.1,
                    calldatas: lists.2,
                    description: draft.description.clone(),
                };
                self.send("propose", from, of_governor(call.abi_encode()), 0);
            }
            4..7 => {
                let call = G::castVoteCall {
                    proposalId: id,
                    support,
                };
                self.send("castVote", from, of_governor(call.abi_encode()), 0);
            }
            7 => {
                let call = G::castVoteWithReasonAndParamsCall {
                    proposalId: id,
                    support,
                    reason: "r".repeat(step % 70),
                    params: vec![1; step % 3].into(),
                };
                let both = of_governor(call.abi_encode());
                self.send("castVoteWithReasonAndParams", from, both, 0);
            }
            8 => {
                let nonce = self.nonce(from);
                let wrong = u64::from(self.random.chance(30));
                let chain = self.world.chain.chain().id();
                let both = self.both.map(|dao| {
                    let ballot = ballot(id.into(), support, from, nonce + wrong);
                    let domain = domain_separator(chain, dao.governor);
                    let call = G::castVoteBySigCall {
                        proposalId: id,
                        support,
                        voter: from,
                        signature: person.sign(digest(domain, ballot)).into(),
                    };
                    (dao.governor, call.abi_encode())
                });
                self.send("castVoteBySig", founder, both, 0);
            }
            9..11 => {
                let call = G::queueCall {
                    targets: lists.0,
                    values: lists.1,
                    calldatas: lists.2,
                    descriptionHash: hash,
                };
                self.send("queue", from, of_governor(call.abi_encode()), 0);
            }
            11..13 => {
                let call = G::executeCall {
                    targets: lists.0,
                    values: lists.1,
                    calldatas: lists.2,
                    descriptionHash: hash,
                };
                self.send("execute", from, of_governor(call.abi_encode()), 0);
            }
            13 => {
                let call = G::cancelCall {
                    targets: lists.0,
                    values: lists.1,
                    calldatas: lists.2,
                    descriptionHash: hash,
                };
                self.send("cancel", from, of_governor(call.abi_encode()), 0);
            }
            14..17 => {
                let from = if self.random.chance(90) {
                    founder
                } else {
                    from
                };
                let delay = if self.random.chance(10) { 5 } else { 86_400 };
                let predecessor = B256::with_last_byte(u8::from(self.random.chance(10)));
                let (function, call) = match self.random.below(3) {
                    0 => (
                        "scheduleBatch",
                        T::scheduleBatchCall {
                            targets: lists.0,
                            values: lists.1,
                            payloads: lists.2,
                            predecessor,
                            salt,
                            delay: U256::from(delay),
                        }
                        .abi_encode(),
                    ),
                    1 => (
                        "executeBatch",
                        T::executeBatchCall {
                            targets: lists.0,
                            values: lists.1,
                            payloads: lists.2,
                            predecessor,
                            salt,
                        }
                        .abi_encode(),
                    ),
                    _ => {
                        let id = self.operation(&draft, predecessor, salt);
                        ("timelock cancel", T::cancelCall { id }.abi_encode())
                    }
                };
                self.send(function, from, of_timelock(call), 0);
            }
            _ => {
                // Short enough that the programs do not expire, which they do in a year.
                let waits = [1, 600, 21_600, seconds(Setting::VOTING_DELAY)];
                let wait = self.random.pick(&waits).unwrap();
                self.world.pass(wait);
            }
        }
    }

    /// Compares all that is said of proposals, operations and people.
    fn views(&mut self, step: usize) {
        let people = [self.world.whale.address, self.world.silent.address];
        for draft in self.drafts.clone() {
            let proposal = draft_id(&draft);
            let mut calls = vec![
                G::stateCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalSnapshotCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalDeadlineCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalProposerCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalEtaCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalVotesCall {
                    proposalId: proposal,
                }
                .abi_encode(),
                G::proposalNeedsQueuingCall {
                    proposalId: proposal,
                }
                .abi_encode(),
            ];
            for account in people {
                calls.push(
                    G::hasVotedCall {
                        proposalId: proposal,
                        account,
                    }
                    .abi_encode(),
                );
            }
            for call in calls {
                self.compare("a view", self.both.map(|dao| (dao.governor, call.clone())));
            }
            let id = self.operation(&draft, B256::ZERO, B256::ZERO);
            for call in [
                T::getTimestampCall { id }.abi_encode(),
                T::getOperationStateCall { id }.abi_encode(),
                T::isOperationCall { id }.abi_encode(),
                T::isOperationPendingCall { id }.abi_encode(),
                T::isOperationReadyCall { id }.abi_encode(),
                T::isOperationDoneCall { id }.abi_encode(),
            ] {
                self.compare("a view", self.both.map(|dao| (dao.timelock, call.clone())));
            }
        }
        let timepoint = U256::from(self.world.now() - 1 + (step as u64 % 3));
        for call in [
            G::quorumCall { timepoint }.abi_encode(),
            G::quorumNumerator_0Call {}.abi_encode(),
            G::quorumDenominatorCall {}.abi_encode(),
            G::getVotesCall {
                account: people[0],
                timepoint,
            }
            .abi_encode(),
            G::COUNTING_MODECall {}.abi_encode(),
            G::CLOCK_MODECall {}.abi_encode(),
            G::clockCall {}.abi_encode(),
            G::nameCall {}.abi_encode(),
            G::versionCall {}.abi_encode(),
            G::votingDelayCall {}.abi_encode(),
            G::votingPeriodCall {}.abi_encode(),
            G::proposalThresholdCall {}.abi_encode(),
            G::BALLOT_TYPEHASHCall {}.abi_encode(),
            G::EXTENDED_BALLOT_TYPEHASHCall {}.abi_encode(),
            G::noncesCall { voter: people[0] }.abi_encode(),
        ] {
            self.compare("a view", self.both.map(|dao| (dao.governor, call.clone())));
        }
    }

    /// The operation that a draft's calls are, as theirs names it. Lists that are no batch
    /// have an identifier that nobody schedules.
    fn operation(&self, draft: &Draft, predecessor: B256, salt: B256) -> B256 {
        let call = T::hashOperationBatchCall {
            targets: draft.targets.clone(),
            values: draft.values.clone(),
            payloads: draft.calldatas.clone(),
            predecessor,
            salt,
        };
        let answer = self.call(
            self.world.founder.address,
            self.both[1].timelock,
            &call.abi_encode(),
            0,
        );
        B256::from_slice(&answer.unwrap())
    }

    fn nonce(&self, voter: Address) -> u64 {
        let call = G::noncesCall { voter }.abi_encode();
        let answer = self.call(voter, self.both[0].governor, &call, 0).unwrap();
        U256::from_be_slice(&answer).to()
    }

    fn call(&self, from: Address, to: Address, data: &[u8], wei: u64) -> Answer {
        let chain = self.world.chain.devnet().chain();
        match chain.call(BlockId::latest(), &request(from, to, data, wei), None) {
            Ok(data) => Ok(data),
            Err(CallError::Reverted { data, .. }) => Err(data),
            Err(error) => panic!("{error}"),
        }
    }

    /// Compares what both answer, or refuse.
    fn compare(&mut self, what: &str, both: [(Address, Vec<u8>); 2]) -> bool {
        let from = self.world.founder.address;
        self.compared(what, from, &both, 0)
    }

    fn compared(
        &mut self,
        what: &str,
        from: Address,
        both: &[(Address, Vec<u8>); 2],
        wei: u64,
    ) -> bool {
        let [ours, theirs] = both
            .each_ref()
            .map(|(to, data)| self.call(from, *to, data, wei));
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{what}"),
            // Lists of unequal length are nothing to ours, whoever calls.
            (Err(ours), Err(_)) if is_uneven(ours) => {}
            (Err(ours), Err(theirs)) => {
                assert_eq!(neutral(ours), neutral(theirs), "{what}");
            }
            _ => panic!("{what}: {ours:?} and not {theirs:?}"),
        }
        let answered = ours.is_ok();
        *(if answered {
            &mut self.answered
        } else {
            &mut self.refused
        }) += 1;
        answered
    }

    /// Compares what a call comes to, and if it is answered sends it to both in one block
    /// and compares what they tell.
    fn send(
        &mut self,
        function: &'static str,
        from: Address,
        both: [(Address, Vec<u8>); 2],
        wei: u64,
    ) {
        if !self.compared(function, from, &both, wei) {
            return;
        }
        let chain = self.world.chain.devnet().chain();
        chain.set_automine(false);
        let sent = both.each_ref().map(|(to, data)| {
            let request = request(from, *to, data, wei).with_gas_limit(5_000_000);
            chain.send(request).unwrap()
        });
        chain.mine();
        chain.set_automine(true);
        let mined = sent.map(|hash| chain.mined(hash).unwrap());
        let statuses = mined.each_ref().map(|mined| mined.receipt().success);
        assert_eq!(statuses, [true; 2], "{function}");
        let [ours, theirs] = [0, 1].map(|whose| self.told(whose, &mined[whose].receipt().logs));
        assert_eq!(ours, theirs, "{function}");
        let spent = self.gas.entry(function).or_default();
        spent.0 += mined[0].receipt().gas_used;
        spent.1 += mined[1].receipt().gas_used;
        spent.2 += 1;
    }

    /// The events without what is each one's own, and without those that only ours has.
    fn told(&self, whose: usize, logs: &[Log]) -> Vec<(&'static str, Vec<B256>, Bytes)> {
        let dao = self.both[whose];
        let own = [
            T::CallScheduled::SIGNATURE_HASH,
            T::CallExecuted::SIGNATURE_HASH,
        ];
        logs.iter()
            .filter(|log| log.topics()[0] != G::ProposalDescriptionCid::SIGNATURE_HASH)
            .map(|log| {
                let by = if log.address == dao.governor {
                    "governor"
                } else if log.address == dao.timelock {
                    "timelock"
                } else {
                    "another"
                };
                let mut topics = log.topics().to_vec();
                let mut data = log.data.data.clone();
                if own.contains(&topics[0]) {
                    // Operations have their governor's address in their identifiers.
                    topics[1] = B256::ZERO;
                }
                if topics[0] == T::CallSalt::SIGNATURE_HASH {
                    (topics[1], data) = (B256::ZERO, Bytes::new());
                }
                if topics[0] == T::RoleGranted::SIGNATURE_HASH
                    && topics[2] == dao.governor.into_word()
                {
                    topics[2] = B256::ZERO;
                }
                (by, topics, data)
            })
            .collect()
    }
}

/// A refusal without what is each one's own: the identifier of an operation that a governor
/// scheduled, in which its address is.
fn neutral(data: &Bytes) -> Bytes {
    let state = T::TimelockUnexpectedOperationState::SELECTOR;
    if data.starts_with(&state) {
        return [&state[..], &data[36..]].concat().into();
    }
    data.clone()
}

/// Whether a refusal is of lists of unequal length.
fn is_uneven(data: &Bytes) -> bool {
    data.starts_with(&G::GovernorInvalidProposalLength::SELECTOR)
        || data.starts_with(&T::TimelockInvalidOperationLength::SELECTOR)
}

/// The identifier of a draft; lists of unequal length have none.
fn draft_id(draft: &Draft) -> U256 {
    if draft.targets.len() == draft.values.len() {
        draft.id()
    } else {
        U256::from(1)
    }
}

fn request(from: Address, to: Address, data: &[u8], wei: u64) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(from)
        .with_to(to)
        .with_value(U256::from(wei))
        .with_input(data.to_vec())
}
