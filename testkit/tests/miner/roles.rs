//! Each role switched off, and a miner that sends nothing at all.

use std::time::Duration;

use alloy_primitives::{B256, U256, bytes};
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, TaskStatus},
    miner::{MinerHandle, Role, Roles, Settings, Stage, State},
};
use arbius_testkit::Actor;

use crate::world::{
    World, all_over, answer, case_at, cheat, noted, reached, settings, until, watching,
};

fn roles(roles: Roles) -> Settings {
    Settings {
        roles,
        ..watching()
    }
}

/// A miner of these roles, and a task that was solved wrongly and is contested by another. `seen`
/// is called before the contestation.
async fn in_a_dispute(
    roles_on: Roles,
    seen: impl AsyncFnOnce(&World, &MinerHandle, B256),
) -> (World, MinerHandle, B256) {
    let world = World::new().await;
    let miner = world.spawn(0, roles(roles_on)).await;
    let (mallory, other) = (world.validator(3).await, world.validator(2).await);
    world.grow_up();
    let asked = world.ask("seven").await;
    // Before the cheat: what was solved before it was seen is no job.
    noted(&miner, asked.task, "solving is switched off").await;
    cheat(&mallory, &asked).await;
    seen(&world, &miner, asked.task).await;
    other.contest(asked.task).await.unwrap();
    (world, miner, asked.task)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_role_a_miner_sends_nothing_and_says_why() {
    let (world, idle, _) = in_a_dispute(Roles::NONE, async |_, _, _| ()).await;
    world.chain.pass(Duration::from_secs(9_000)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(idle.cases().unwrap(), []);
    assert_eq!(world.nonce(idle.account()).await, 0, "not even a stake");
    idle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_contesting_a_wrong_solution_is_reported_and_without_voting_left_to_others() {
    let reporting = Roles::default()
        .without(Role::Solve)
        .without(Role::Contest)
        .without(Role::Vote);
    let (world, reporter, task) = in_a_dispute(reporting, async |_, reporter, task| {
        let case = case_at(reporter, task, Stage::Reported).await;
        assert!(case.note.unwrap().contains("switched off"));
    })
    .await;
    let case = case_at(&reporter, task, Stage::Abstained).await;
    assert!(case.note.unwrap().contains("voting is switched off"));
    let votes = world.contestation(task).await.unwrap();
    assert_eq!(votes.wrong.len(), 1, "the contester's");
    assert_eq!(world.nonce(reporter.account()).await, 0);
    reporter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_verifying_only_what_is_contested_is_computed_again() {
    let voting = Roles::NONE.with(Role::Vote);
    let (world, voter, task) = in_a_dispute(voting, async |_, voter, _| {
        assert_eq!(voter.cases().unwrap(), []);
    })
    .await;
    let case = case_at(&voter, task, Stage::Voted).await;
    assert_eq!(case.voted_wrong, Some(true));
    // Settling is claiming.
    world.past_vote();
    let case = case_at(&voter, task, Stage::Settled).await;
    assert!(case.note.unwrap().contains("left to others"));
    assert_eq!(world.status(task).await, TaskStatus::Contested);
    voter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_claiming_a_solution_waits_for_whoever_claims_it() {
    let world = World::new().await;
    let solver = world.spawn(0, roles(Roles::NONE.with(Role::Solve))).await;
    let asked = world.ask("one").await;
    reached(&solver, asked.task, State::Revealed).await;
    world.past_contest();
    let sent = world.nonce(solver.account()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.nonce(solver.account()).await, sent);
    assert_eq!(solver.jobs().unwrap()[0].state, State::Revealed);
    solver.stop().await.unwrap();
    let claimer = world.spawn(0, roles(Roles::NONE.with(Role::Claim))).await;
    all_over(&claimer, 1).await;
    assert_eq!(claimer.tally().unwrap().of(State::Claimed), 1);
    claimer.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_outputs_are_kept_by_the_role_for_it_alone() {
    for (pins, kept) in [(Roles::NONE, false), (Roles::NONE.with(Role::Pin), true)] {
        let world = World::new().await;
        let keeper = world.spawn(0, roles(pins.with(Role::Verify))).await;
        let solver = world.validator(3).await;
        let asked = world.ask("six").await;
        answer(&solver, &asked).await;
        case_at(&keeper, asked.task, Stage::Agreed).await;
        let blocks = std::fs::read_dir(world.folder(0).join("blocks/blocks")).unwrap();
        assert_eq!(blocks.count() > 0, kept);
        keeper.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_told_by_the_role_for_it_alone_and_within_its_gas() {
    for (told, notify_gas, role) in [
        (true, 500_000, true),
        (false, 100_000, true),
        (false, 500_000, false),
    ] {
        let world = World::new().await;
        let mut roles = Roles::default();
        if role {
            roles = roles.with(Role::Notify);
        }
        let telling = Settings {
            roles,
            notify_gas,
            ..settings()
        };
        let solver = world.spawn(0, telling).await;
        let task = asked_by_a_contract(&world).await;
        reached(&solver, task, State::Revealed).await;
        world.past_contest();
        all_over(&solver, 1).await;
        let (chain, engine) = (world.chain.chain(), world.chain.engine());
        let call = IEngine::taskConsumerCall { task };
        let notified = async || chain.read(engine, &call).await.unwrap().notified;
        if told {
            until("the consumer is told", notified).await;
        } else {
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert!(!notified().await);
        }
        solver.stop().await.unwrap();
    }
}

/// A task whose consumer is a contract that takes every call.
async fn asked_by_a_contract(world: &World) -> B256 {
    let lane = world.chain.lane(Actor::Requester).unwrap();
    let created = lane
        .execute(Call::create(bytes!("6001600c60003960016000f300")))
        .await;
    let request = crate::world::request(world.model, "eight");
    let call = IEngine::submitTaskWithConsumerCall {
        version: 0,
        owner: lane.address(),
        model: world.model,
        fee: request.fee,
        input: request.input,
        consumer: created.unwrap().created.unwrap(),
        gasLimit: 50_000,
    };
    let call = Call::new(world.chain.engine(), &call);
    let receipt = lane.execute(call).await.unwrap();
    let mut events = receipt.events::<IEngine::TaskSubmitted>(world.chain.engine());
    events.next().unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_does_everything_but_send() {
    let world = World::new().await;
    let shadow = Settings {
        shadow: true,
        ..roles(Roles::ALL)
    };
    let shadow = world.spawn(0, shadow).await;
    let (mallory, other) = (world.validator(3).await, world.validator(2).await);
    world.grow_up();

    // It would solve,
    let asked = world.ask("one").await;
    noted(&shadow, asked.task, "shadow: it would commit to Qm").await;
    // contest,
    let asked = world.ask("two").await;
    cheat(&mallory, &asked).await;
    let case = case_at(&shadow, asked.task, Stage::Reported).await;
    assert!(case.note.unwrap().contains("shadow: it would be contested"));
    // and vote.
    other.contest(asked.task).await.unwrap();
    let case = case_at(&shadow, asked.task, Stage::Abstained).await;
    assert!(
        case.note
            .unwrap()
            .contains("shadow: it would be voted wrong")
    );

    let account = shadow.account();
    assert_eq!(world.nonce(account).await, 0, "nothing was sent");
    assert_eq!(world.staked(account).await, U256::ZERO);
    let votes = world.contestation(asked.task).await.unwrap();
    assert_eq!(votes.wrong, [other.address()]);
    shadow.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_leaves_what_an_earlier_run_began_as_it_is() {
    let world = World::new().await;
    let first = world.spawn(0, settings()).await;
    let account = first.account();
    let asked = world.ask("one").await;
    reached(&first, asked.task, State::Revealed).await;
    first.stop().await.unwrap();
    let before = world.nonce(account).await;
    let shadow = Settings {
        shadow: true,
        ..settings()
    };
    let shadow = world.spawn(0, shadow).await;
    world.past_contest();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.nonce(account).await, before);
    shadow.stop().await.unwrap();
    let last = world.spawn(0, settings()).await;
    all_over(&last, 1).await;
    assert_eq!(last.tally().unwrap().of(State::Claimed), 1);
    last.stop().await.unwrap();
}
