//! A chain that a DAO owns.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use arbius_protocol::governance::{EXECUTOR_ROLE, PROPOSER_ROLE, Setting};
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor};
use arbius_sdk::chain::{Call, Lane};
use arbius_sdk::contracts::{IEngine, IGovernor, ITimelock};
use arbius_sdk::deploy::{Deployment, program};
use arbius_testkit::{Actor, TestChain};

/// Seconds between a proposal and its vote.
pub(crate) const VOTING_DELAY: u64 = Setting::VOTING_DELAY.default as u64;
/// Seconds that a vote lasts.
pub(crate) const VOTING_PERIOD: u64 = Setting::VOTING_PERIOD.default as u64;
/// Seconds that what has passed waits.
pub(crate) const TIMELOCK_DELAY: u64 = Setting::TIMELOCK_DELAY.default as u64;

/// A chain whose engine a timelock owns, which a governor drives; and its deployment file.
pub(crate) async fn start() -> (TestChain, Deployment) {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::Owner).unwrap();
    let founder = lane.address();
    let call = ITimelock::initializeCall {
        minDelay: U256::from(TIMELOCK_DELAY),
        proposers: vec![],
        executors: vec![],
        admin: founder,
    };
    let timelock = proxy(lane, "timelock", founder, call.abi_encode()).await;
    let call = IGovernor::initializeCall {
        token: chain.token(),
        timelock,
        votingDelay: Setting::VOTING_DELAY.default.try_into().unwrap(),
        votingPeriod: Setting::VOTING_PERIOD.default.try_into().unwrap(),
        proposalThreshold: U256::from(Setting::PROPOSAL_THRESHOLD.default),
        quorumNumerator: U256::from(Setting::QUORUM_NUMERATOR.default),
    };
    let governor = proxy(lane, "governor", timelock, call.abi_encode()).await;
    for role in [PROPOSER_ROLE, EXECUTOR_ROLE] {
        let grant = ITimelock::grantRoleCall {
            role,
            account: governor,
        };
        lane.execute(Call::new(timelock, &grant)).await.unwrap();
    }
    let renounce = ITimelock::renounceRoleCall {
        role: B256::ZERO,
        callerConfirmation: founder,
    };
    lane.execute(Call::new(timelock, &renounce)).await.unwrap();
    let owner = IEngine::transferOwnershipCall { newOwner: timelock };
    lane.execute(Call::new(chain.engine(), &owner))
        .await
        .unwrap();
    let mut deployment = chain.deployment().clone();
    let dao = [("timelock", timelock), ("governor", governor)];
    let dao = dao.map(|(name, address)| (name.to_owned(), address));
    deployment.contracts.extend(dao);
    (chain, deployment)
}

/// A proxy of one of the programs, initialised with a call.
async fn proxy(lane: &Lane, name: &str, admin: Address, call: Vec<u8>) -> Address {
    let artifact = arbius_artifacts::get(name).unwrap();
    let implementation = program::deploy(lane, artifact).await.unwrap();
    let artifact = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    let code = program::code(lane, artifact).await.unwrap();
    let arguments = ProxyConstructor {
        implementation,
        admin,
        initData: call.into(),
    };
    let input = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
    let salt = keccak256(&input);
    let proxy = program::deploy_with_constructor(lane, name, &code, input, salt);
    proxy.await.unwrap()
}
