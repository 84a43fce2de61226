//! The guardian, who may cancel for a while, and nothing else.

use alloy_primitives::{Address, B256, U256, address, hex};
use arbius_protocol::governance::{CANCELLER_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, ProposalState};
use arbius_sdk::contracts::{IGovernor, ITimelock};

use crate::world::{AIUS, Draft, World, event, of_draft, refused, send, view};

type Unauthorized = ITimelock::AccessControlUnauthorizedAccount;

#[tokio::test(flavor = "multi_thread")]
async fn the_guardian_cancels_what_is_queued_and_nothing_else() {
    let world = World::new().await;
    let guardian = &world.guardian;
    let timelock = &guardian.timelock;
    assert_eq!(view!(timelock.guardian()), guardian.address);
    assert_eq!(view!(timelock.engine()), world.chain.engine());
    assert!(view!(timelock.guardianActive()));
    let draft = Draft::of(world.governor, &IGovernor::nameCall {}, "vetoed");
    let id = world.queue(&draft).await;
    let operation = draft.operation(world.governor);
    for person in [&world.attacker, &world.founder, &world.whale] {
        let error = refused!(person, Unauthorized, person.timelock.cancel(operation));
        assert_eq!(error.account, person.address);
        assert_eq!(error.neededRole, CANCELLER_ROLE);
    }
    // Nothing else, neither in the timelock …
    let none = (vec![], vec![], vec![]);
    let delay = U256::from(86_400);
    let schedule = timelock.scheduleBatch(none.0, none.1, none.2, B256::ZERO, B256::ZERO, delay);
    let error = refused!(guardian, Unauthorized, schedule);
    assert_eq!(error.neededRole, PROPOSER_ROLE);
    let salt =
        arbius_protocol::governance::operation_salt(world.governor, draft.description_hash());
    let execute = timelock.executeBatch(
        draft.targets.clone(),
        draft.values.clone(),
        draft.calldatas.clone(),
        B256::ZERO,
        salt,
    );
    let error = refused!(guardian, Unauthorized, execute);
    assert_eq!(error.neededRole, EXECUTOR_ROLE);
    for call in [
        timelock
            .grantRole(CANCELLER_ROLE, guardian.address)
            .calldata()
            .clone(),
        timelock
            .revokeRole(PROPOSER_ROLE, world.governor)
            .calldata()
            .clone(),
        timelock
            .setGuardian(world.attacker.address, world.chain.engine())
            .calldata()
            .clone(),
    ] {
        let error = world
            .call(guardian, world.timelock, call)
            .await
            .unwrap_err();
        assert!(
            error.as_decoded_error::<Unauthorized>().is_some(),
            "{error}"
        );
    }
    // … nor in the governor.
    refused!(
        guardian,
        IGovernor::GovernorUnableToCancel,
        of_draft!(guardian, cancel, draft)
    );

    let receipt = send!(timelock.cancel(operation));
    assert_eq!(event::<ITimelock::Cancelled>(&receipt).id, operation);
    assert_eq!(world.state(id).await, ProposalState::Canceled);
    // Once is enough, and what was never scheduled cannot be canceled.
    for id in [operation, B256::repeat_byte(1)] {
        let error = refused!(
            guardian,
            ITimelock::TimelockUnexpectedOperationState,
            timelock.cancel(id)
        );
        assert_eq!(error.expectedStates, B256::with_last_byte(0b110));
    }
}

/// Where tests put an engine that has emitted what is in its first slot.
const ENGINE: Address = address!("00000000000000000000000000000000000e1155");

#[tokio::test(flavor = "multi_thread")]
async fn the_guardian_s_time_ends_by_itself() {
    let world = World::new().await;
    let (guardian, chain) = (&world.guardian, world.chain.devnet().chain());
    // An engine that says what a test wants, named by vote.
    chain.set_code(ENGINE, hex!("5f545f5260205ff3").to_vec().into());
    let call = ITimelock::setGuardianCall {
        newGuardian: guardian.address,
        engine: ENGINE,
    };
    let draft = Draft::of(world.timelock, &call, "Another engine");
    let receipt = world.enact(&draft).await;
    let told = event::<ITimelock::GuardianSet>(&receipt);
    assert_eq!((told.guardian, told.engine), (guardian.address, ENGINE));

    let operations: Vec<B256> = {
        let mut operations = Vec::new();
        for description in ["first", "second"] {
            let draft = Draft::of(world.governor, &IGovernor::nameCall {}, description);
            world.queue(&draft).await;
            operations.push(draft.operation(world.governor));
        }
        operations
    };
    let emitted = |wei: u128| chain.set_storage(ENGINE, U256::ZERO, U256::from(wei));
    emitted(100_000 * AIUS - 1);
    assert!(view!(guardian.timelock.guardianActive()));
    send!(guardian.timelock.cancel(operations[0]));
    emitted(100_000 * AIUS);
    assert!(!view!(guardian.timelock.guardianActive()));
    refused!(
        guardian,
        Unauthorized,
        guardian.timelock.cancel(operations[1])
    );
    // An engine that does not answer, or with nonsense, ends it as well.
    for code in [&hex!("5f5ffd")[..], &hex!("00"), &hex!("60405ff3")] {
        chain.set_code(ENGINE, code.to_vec().into());
        assert!(!view!(guardian.timelock.guardianActive()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_names_another_guardian_or_none() {
    let world = World::new().await;
    let call = ITimelock::setGuardianCall {
        newGuardian: Address::ZERO,
        engine: world.chain.engine(),
    };
    world
        .enact(&Draft::of(world.timelock, &call, "No guardian"))
        .await;
    assert!(!view!(world.guardian.timelock.guardianActive()));
    let draft = Draft::of(world.governor, &IGovernor::nameCall {}, "not vetoed");
    world.queue(&draft).await;
    let cancel = world
        .guardian
        .timelock
        .cancel(draft.operation(world.governor));
    refused!(world.guardian, Unauthorized, cancel);
    send!(of_draft!(world.silent, execute, draft));
}
