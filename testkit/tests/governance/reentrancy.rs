//! Calls that come back into governor and timelock from within an execution. Both are
//! re-entered legitimately, when a vote sets them; nothing else comes of it.

use alloy_primitives::{Address, B256, U256, address};
use alloy_sol_types::{SolCall, SolError};
use arbius_protocol::governance::{ProposalState, operation_salt};
use arbius_sdk::contracts::{IGovernor, IGovernorBravo, ITimelock};

use crate::world::{Draft, World, events, of_draft, send, view};

/// What the vote calls, and what calls back.
const PUPPET: Address = address!("000000000000000000000000000000000000b0b0");

/// Runs a proposal that calls the puppet, which makes `calldata` to `target`, and asserts
/// that this is refused with `selector` while the proposal itself goes through once.
async fn comes_back(
    world: &World,
    draft: &Draft,
    target: Address,
    calldata: &[u8],
    selector: [u8; 4],
) {
    world.puppet(PUPPET, target, calldata);
    let receipt = send!(of_draft!(world.silent, execute, draft));
    assert_eq!(world.echo(PUPPET), Some(Err(selector)));
    assert_eq!(events::<ITimelock::CallExecuted>(&receipt).len(), 1);
    assert_eq!(events::<IGovernor::ProposalExecuted>(&receipt).len(), 1);
    assert_eq!(world.state(draft.id()).await, ProposalState::Executed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_twice_by_calling_back() {
    let world = World::new().await;
    let unexpected_proposal = IGovernor::GovernorUnexpectedProposalState::SELECTOR;
    let unauthorized = ITimelock::AccessControlUnauthorizedAccount::SELECTOR;
    let drafts: Vec<Draft> = (0..7)
        .map(|i| {
            let draft = Draft {
                description: format!("number {i}"),
                ..Draft::default()
            };
            draft.and(PUPPET, 0, vec![])
        })
        .collect();
    for draft in &drafts {
        send!(crate::world::propose!(world.whale, draft));
    }
    world.begin_vote();
    for draft in &drafts {
        send!(world.whale.governor.castVote(draft.id(), 1));
    }
    world.end_vote();
    for draft in &drafts {
        send!(of_draft!(world.silent, queue, draft));
    }
    world.wait_in_timelock();

    // The same proposal by both calls; by the timelock past the governor; queued, proposed
    // and canceled again; and another one canceled by whoever is called.
    let executes = of_draft!(world.silent, execute, drafts[0])
        .calldata()
        .clone();
    let by_id = IGovernorBravo::executeCall {
        proposalId: drafts[1].id(),
    };
    let past = ITimelock::executeBatchCall {
        targets: drafts[2].targets.clone(),
        values: drafts[2].values.clone(),
        payloads: drafts[2].calldatas.clone(),
        predecessor: B256::ZERO,
        salt: operation_salt(world.governor, drafts[2].description_hash()),
    };
    let queue = of_draft!(world.silent, queue, drafts[3]).calldata().clone();
    let cancel = ITimelock::cancelCall {
        id: drafts[5].operation(world.governor),
    };
    let (governor, timelock) = (world.governor, world.timelock);
    comes_back(&world, &drafts[0], governor, &executes, unexpected_proposal).await;
    comes_back(
        &world,
        &drafts[1],
        governor,
        &by_id.abi_encode(),
        unexpected_proposal,
    )
    .await;
    comes_back(
        &world,
        &drafts[2],
        timelock,
        &past.abi_encode(),
        unauthorized,
    )
    .await;
    comes_back(&world, &drafts[3], governor, &queue, unexpected_proposal).await;
    comes_back(
        &world,
        &drafts[4],
        timelock,
        &cancel.abi_encode(),
        unauthorized,
    )
    .await;

    // Another proposal that is ready may run from within: it passed as well, and runs once.
    let other = of_draft!(world.silent, execute, drafts[5])
        .calldata()
        .clone();
    world.puppet(PUPPET, governor, &other);
    let receipt = send!(of_draft!(world.silent, execute, drafts[6]));
    // Inside, the puppet was called once more and found the first executed.
    assert_eq!(events::<IGovernor::ProposalExecuted>(&receipt).len(), 2);
    for draft in &drafts {
        assert_eq!(world.state(draft.id()).await, ProposalState::Executed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_open_executor_an_operation_still_runs_once() {
    // A timelock whose executor is everybody: what is called may execute by itself.
    let world = World::new().await;
    let founder = &world.founder;
    let init = ITimelock::initializeCall {
        minDelay: U256::from(3_600),
        proposers: vec![founder.address],
        executors: vec![Address::ZERO],
        admin: Address::ZERO,
    };
    let at =
        crate::world::proxy(&world.chain, "timelock", founder.address, init.abi_encode()).await;
    let timelock = ITimelock::new(at, founder.token.provider().clone());
    let (salt, delay) = (B256::repeat_byte(1), U256::from(3_600));
    let lists = || (vec![PUPPET], vec![U256::ZERO], vec![vec![].into()]);
    let (targets, values, payloads) = lists();
    send!(timelock.scheduleBatch(targets, values, payloads, B256::ZERO, salt, delay));
    world.pass(3_600);
    let (targets, values, payloads) = lists();
    let execute = ITimelock::executeBatchCall {
        targets,
        values,
        payloads,
        predecessor: B256::ZERO,
        salt,
    };
    world.puppet(PUPPET, at, &execute.abi_encode());
    let (targets, values, payloads) = lists();
    let receipt = send!(timelock.executeBatch(targets, values, payloads, B256::ZERO, salt));
    assert_eq!(events::<ITimelock::CallExecuted>(&receipt).len(), 1);
    let refused = ITimelock::TimelockUnexpectedOperationState::SELECTOR;
    assert_eq!(world.echo(PUPPET), Some(Err(refused)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_called_back_sees_what_has_happened_and_may_use_the_rights_it_has() {
    let world = World::new().await;
    // Within the execution its state is executed, and the operation's done.
    let draft = Draft {
        description: "look".to_owned(),
        ..Draft::default()
    }
    .and(PUPPET, 0, vec![]);
    let call = IGovernor::updateQuorumNumeratorCall {
        newQuorumNumerator: U256::from(9),
    };
    // A puppet has no rights: it cannot use the moment to set the governor …
    world.queue(&draft).await;
    let only = IGovernor::GovernorOnlyExecutor::SELECTOR;
    comes_back(&world, &draft, world.governor, &call.abi_encode(), only).await;
    // … but a vote can, from within its own execution, twice in one batch.
    let draft = Draft::of(world.governor, &call, "set it twice").and(
        world.governor,
        0,
        IGovernor::updateQuorumNumeratorCall {
            newQuorumNumerator: U256::from(8),
        }
        .abi_encode(),
    );
    world.enact(&draft).await;
    assert_eq!(
        view!(world.whale.governor.quorumNumerator_0()),
        U256::from(8)
    );
}
