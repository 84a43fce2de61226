//! The DAO at work on the network that it owns: an upgrade of the engine while tasks are
//! open, a parameter, a payment, and an attacker who has not enough votes.

use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use arbius_artifacts::{ENGINE, ENGINE_REST, get};
use arbius_protocol::{
    cid,
    governance::{PROPOSER_ROLE, ProposalState},
    ids,
    interfaces::proxy::IMPLEMENTATION_SLOT,
};
use arbius_sdk::{
    contracts::{IEngine, IGovernor, IProxy, ITimelock, IToken},
    deploy::program,
};
use arbius_testkit::Actor;

use crate::world::{Draft, World, aius, event, of_draft, propose, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_upgrades_the_engine_while_tasks_are_open() {
    let world = World::new().await;
    let (solver, requester) = (&world.voter, &world.silent);
    let engine = world.chain.engine();
    let template = Bytes::from_static(b"template");
    let call = world
        .founder
        .engine
        .registerModel(world.founder.address, aius(1), template);
    let model = event::<IEngine::ModelRegistered>(&send!(call)).id;
    for person in [solver, requester] {
        send!(person.token.approve(engine, U256::MAX));
    }
    let call = requester.engine.submitTask(
        0,
        requester.address,
        model,
        aius(10),
        Bytes::from_static(b"input"),
    );
    let open = event::<IEngine::TaskSubmitted>(&send!(call.clone())).id;
    let solved = event::<IEngine::TaskSubmitted>(&send!(call)).id;

    let lane = world.chain.lane(Actor::Treasury).unwrap();
    let hot = program::deploy(lane, get(ENGINE).unwrap()).await.unwrap();
    let rest = program::deploy(lane, get(ENGINE_REST).unwrap())
        .await
        .unwrap();
    let upgrade = IProxy::upgradeToAndCallCall {
        newImplementation: hot,
        data: Bytes::new(),
    };
    let name_rest = IEngine::setEngineRestCall { rest };
    let draft =
        Draft::of(engine, &upgrade, "Another engine").and(engine, 0, name_rest.abi_encode());
    // Nobody else can, the people that deployed it and the governor itself included.
    let proxy = IProxy::new(engine, world.founder.token.provider().clone());
    refused!(
        world.founder,
        IProxy::ProxyUnauthorized,
        proxy.upgradeToAndCall(hot, Bytes::new())
    );
    world.pass_vote(&draft).await;
    // While the upgrade waits, a solution is committed and revealed.
    send!(solver.engine.validatorDeposit(solver.address, aius(10)));
    let answer: Bytes = cid::encode(B256::repeat_byte(1)).to_vec().into();
    let commit = |task| ids::commitment(solver.address, task, B256::repeat_byte(1));
    send!(solver.engine.signalCommitment(commit(solved)));
    send!(solver.engine.submitSolution(solved, answer.clone()));
    send!(solver.engine.signalCommitment(commit(open)));
    send!(of_draft!(world.silent, queue, draft));
    world.wait_in_timelock();
    send!(of_draft!(world.silent, execute, draft));
    let chain = world.chain.devnet().chain();
    let now = chain.storage(engine, IMPLEMENTATION_SLOT.into());
    assert_eq!(now, U256::from_be_slice(hot.as_slice()));
    assert_eq!(view!(solver.engine.engineRest()), rest);

    // All goes on where it was: the solved one is claimed, the open one solved and claimed.
    send!(solver.engine.claimSolution(solved));
    send!(solver.engine.submitSolution(open, answer));
    world.pass(2_001);
    send!(solver.engine.claimSolution(open));
    // Less 1 for the model and a tenth for the treasury, twice.
    let earned = view!(solver.engine.earnings(solver.address));
    assert_eq!(earned, U256::from(2 * 81 * crate::world::AIUS / 10));
    for task in [open, solved] {
        assert_eq!(view!(solver.engine.taskStatus(task)), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_changes_a_parameter_and_pays_from_the_treasury() {
    let world = World::new().await;
    let (engine, token) = (world.chain.engine(), world.chain.token());
    // What the treasury is owed by the engine, and what it was sent.
    send!(world.founder.token.transfer(world.timelock, aius(500)));
    let fee = IEngine::setRetractionFeePercentageCall {
        percentage: U256::from(crate::world::AIUS / 20),
    };
    let grant = IToken::transferCall {
        to: world.attacker.address,
        value: aius(123),
    };
    let rate = IEngine::setStartBlockTimeCall {
        startBlockTime: world.now() + 86_400 * 20,
    };
    let draft = Draft::of(engine, &fee, "Lower fee, a grant, a later start")
        .and(token, 0, grant.abi_encode())
        .and(engine, 0, rate.abi_encode());
    for person in [&world.founder, &world.guardian, &world.whale] {
        let call = person.engine.setRetractionFeePercentage(U256::ZERO);
        refused!(person, IEngine::NotOwner, call);
    }
    let before = view!(world.attacker.token.balanceOf(world.attacker.address));
    world.enact(&draft).await;
    let percentage = view!(world.whale.engine.retractionFeePercentage());
    assert_eq!(percentage, U256::from(crate::world::AIUS / 20));
    let after = view!(world.attacker.token.balanceOf(world.attacker.address));
    assert_eq!(after, before + aius(123));
    assert_eq!(
        view!(world.whale.token.balanceOf(world.timelock)),
        aius(377)
    );
    // A payment beyond what there is fails, and pays nobody.
    let grant = IToken::transferCall {
        to: world.attacker.address,
        value: aius(378),
    };
    let draft = Draft::of(token, &grant, "Too much");
    world.queue(&draft).await;
    refused!(
        world.silent,
        IToken::ERC20InsufficientBalance,
        of_draft!(world.silent, execute, draft)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attacker_with_3_percent_gets_nothing() {
    let world = World::new().await;
    let (attacker, token) = (&world.attacker, world.chain.token());
    send!(world.founder.token.transfer(world.timelock, aius(500)));
    let loot = IToken::transferCall {
        to: attacker.address,
        value: aius(500),
    };
    let draft = Draft::of(token, &loot, "Nothing to see here");
    // By votes: nobody else is awake, and 3 % are not enough.
    send!(propose!(attacker, draft));
    let id = draft.id();
    world.begin_vote();
    send!(attacker.governor.castVote(id, 1));
    // Votes that are moved on after they were cast count once.
    send!(attacker.token.transfer(world.silent.address, aius(30_000)));
    send!(world.silent.votes.delegate(world.silent.address));
    world.pass(1);
    let late = send!(world.silent.governor.castVote(id, 1));
    assert_eq!(event::<IGovernor::VoteCast>(&late).weight, U256::ZERO);
    send!(world.silent.token.transfer(attacker.address, aius(30_000)));
    world.end_vote();
    assert_eq!(world.state(id).await, ProposalState::Defeated);
    type State = IGovernor::GovernorUnexpectedProposalState;
    refused!(attacker, State, of_draft!(attacker, queue, draft));
    refused!(attacker, State, of_draft!(attacker, execute, draft));
    // Past the governor: roles, delay, guardian and everything that is owned.
    let timelock = &attacker.timelock;
    type Role = ITimelock::AccessControlUnauthorizedAccount;
    let (none, delay) = (B256::ZERO, U256::from(86_400));
    let data = Bytes::from(loot.abi_encode());
    let schedule = timelock.schedule(token, U256::ZERO, data.clone(), none, none, delay);
    refused!(attacker, Role, schedule);
    let execute = timelock.execute(token, U256::ZERO, data, none, none);
    refused!(attacker, Role, execute);
    let grant = timelock.grantRole(PROPOSER_ROLE, attacker.address);
    refused!(attacker, Role, grant);
    refused!(
        attacker,
        Role,
        timelock.cancel(draft.operation(world.governor))
    );
    for proxy in [world.governor, world.timelock, world.chain.engine(), token] {
        let proxy = IProxy::new(proxy, attacker.token.provider().clone());
        type Admin = IProxy::ProxyUnauthorized;
        refused!(attacker, Admin, proxy.changeAdmin(attacker.address));
        let upgrade = proxy.upgradeToAndCall(world.governor, Bytes::new());
        refused!(attacker, Admin, upgrade);
    }
    let own = attacker.engine.transferOwnership(attacker.address);
    refused!(attacker, IEngine::NotOwner, own);
    let treasury = attacker.engine.transferTreasury(attacker.address);
    refused!(attacker, IEngine::NotOwner, treasury);
    assert_eq!(view!(attacker.token.balanceOf(world.timelock)), aius(500));
}
