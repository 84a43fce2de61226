//! How governor and timelock begin, and what they say of themselves.

use alloy_primitives::{Address, B256, FixedBytes, U256, fixed_bytes};
use alloy_sol_types::SolCall;
use arbius_protocol::governance::{CANCELLER_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, Setting};
use arbius_sdk::{
    contracts::{IGovernor, ITimelock},
    deploy::program,
};
use arbius_testkit::Actor;

use crate::world::{World, aius, initialize, refused, view};

#[tokio::test(flavor = "multi_thread")]
async fn the_dao_begins_with_the_protocol_s_defaults() {
    let world = World::new().await;
    let governor = &world.whale.governor;
    assert_eq!(view!(governor.token()), world.chain.token());
    assert_eq!(view!(governor.timelock()), world.timelock);
    assert_eq!(view!(governor.votingDelay()), U256::from(86_400));
    assert_eq!(view!(governor.votingPeriod()), U256::from(604_800));
    assert_eq!(view!(governor.proposalThreshold()), aius(1));
    assert_eq!(view!(governor.quorumNumerator_0()), U256::from(4));
    assert_eq!(view!(governor.CLOCK_MODE()), "mode=timestamp");
    assert_eq!(
        view!(governor.COUNTING_MODE()),
        "support=bravo&quorum=for,abstain"
    );
    assert_eq!(view!(governor.clock()).to::<u64>(), world.now());
    let timelock = &world.whale.timelock;
    assert_eq!(view!(timelock.getMinDelay()), U256::from(86_400));
    // Only the governor drives it, and it administers itself.
    let roles = [PROPOSER_ROLE, CANCELLER_ROLE, EXECUTOR_ROLE, B256::ZERO];
    let has = [
        (world.governor, [true, false, true, false]),
        (world.timelock, [false, false, false, true]),
        (world.founder.address, [false; 4]),
        (world.guardian.address, [false; 4]),
        (Address::ZERO, [false; 4]),
    ];
    for (account, expected) in has {
        for (role, expected) in roles.iter().zip(expected) {
            let has = view!(timelock.hasRole(*role, account));
            assert_eq!(has, expected, "{role} of {account}");
        }
    }
    assert_eq!(view!(timelock.PROPOSER_ROLE()), PROPOSER_ROLE);
    assert_eq!(view!(timelock.CANCELLER_ROLE()), CANCELLER_ROLE);
    assert_eq!(view!(timelock.EXECUTOR_ROLE()), EXECUTOR_ROLE);
    assert_eq!(view!(timelock.DEFAULT_ADMIN_ROLE()), B256::ZERO);
    assert_eq!(view!(timelock.getRoleAdmin(PROPOSER_ROLE)), B256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn interfaces_are_told_by_their_identifiers() {
    let world = World::new().await;
    // ERC-165; `IGovernor` of OpenZeppelin 5 with `getProposalId` and, before 5.3, without.
    let known: [FixedBytes<4>; 3] = GOVERNOR_INTERFACES;
    for id in known {
        assert!(view!(world.whale.governor.supportsInterface(id)), "{id}");
    }
    // ERC-165, `IAccessControl`, `IERC1155Receiver`.
    for id in [
        fixed_bytes!("01ffc9a7"),
        fixed_bytes!("7965db0b"),
        fixed_bytes!("4e2312e0"),
    ] {
        assert!(view!(world.whale.timelock.supportsInterface(id)), "{id}");
    }
    let nobody = fixed_bytes!("ffffffff");
    assert!(!view!(world.whale.governor.supportsInterface(nobody)));
    assert!(!view!(world.whale.timelock.supportsInterface(nobody)));
}

/// As Solidity computes `type(IGovernor).interfaceId`.
const GOVERNOR_INTERFACES: [FixedBytes<4>; 3] = [
    fixed_bytes!("01ffc9a7"),
    fixed_bytes!("cdbdfcee"),
    fixed_bytes!("65455a86"),
];

#[tokio::test(flavor = "multi_thread")]
async fn both_begin_once_and_behind_a_proxy_alone() {
    let world = World::new().await;
    let stranger = &world.silent;
    let first = initialize(world.chain.token(), world.timelock).abi_encode();
    let second = ITimelock::initializeCall {
        minDelay: U256::from(86_400),
        proposers: vec![stranger.address],
        executors: vec![stranger.address],
        admin: stranger.address,
    }
    .abi_encode();
    let lane = world.chain.lane(Actor::Treasury).unwrap();
    for (name, proxy, calldata) in [
        ("governor", world.governor, first),
        ("timelock", world.timelock, second),
    ] {
        let again = world.call(stranger, proxy, calldata.clone().into()).await;
        let error = again.unwrap_err();
        type Again = ITimelock::InvalidInitialization;
        assert!(
            error.as_decoded_error::<Again>().is_some(),
            "{name}: {error}"
        );
        // The program by itself belongs to nobody.
        let artifact = arbius_artifacts::get(name).unwrap();
        let program = program::deploy(lane, artifact).await.unwrap();
        let error = world
            .call(stranger, program, calldata.into())
            .await
            .unwrap_err();
        type Bare = ITimelock::NotBehindProxy;
        assert!(
            error.as_decoded_error::<Bare>().is_some(),
            "{name}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_governor_begins_with_contracts_and_sound_parameters() {
    let world = World::new().await;
    let fresh = crate::world::proxy(&world.chain, "governor", world.timelock, vec![]).await;
    let governor = IGovernor::new(fresh, world.silent.token.provider().clone());
    let (token, timelock) = (world.chain.token(), world.timelock);
    let start = |call: IGovernor::initializeCall| {
        governor.initialize(
            call.token,
            call.timelock,
            call.votingDelay,
            call.votingPeriod,
            call.proposalThreshold,
            call.quorumNumerator,
        )
    };
    let nobody = Address::repeat_byte(0x11);
    for (token, timelock) in [(nobody, timelock), (token, nobody)] {
        let call = start(initialize(token, timelock));
        let error = refused!(world.silent, IGovernor::GovernorInvalidContract, call);
        assert_eq!(error.account, nobody);
    }
    let sound = || initialize(token, timelock);
    for (call, max) in [
        (
            IGovernor::initializeCall {
                votingPeriod: 0,
                ..sound()
            },
            Setting::VOTING_PERIOD.max,
        ),
        (
            IGovernor::initializeCall {
                quorumNumerator: U256::from(101),
                ..sound()
            },
            Setting::QUORUM_NUMERATOR.max,
        ),
        (
            IGovernor::initializeCall {
                proposalThreshold: U256::MAX,
                ..sound()
            },
            Setting::PROPOSAL_THRESHOLD.max,
        ),
    ] {
        type Bounds = IGovernor::GovernorParameterOutOfBounds;
        let error = refused!(world.silent, Bounds, start(call));
        assert_eq!(error.max, U256::from(max));
    }
    // A local chain may begin with waits of a second.
    let call = IGovernor::initializeCall {
        votingDelay: alloy_primitives::Uint::from(1),
        votingPeriod: 1,
        ..sound()
    };
    crate::world::send!(start(call));
    assert_eq!(view!(governor.votingPeriod()), U256::from(1));
}
