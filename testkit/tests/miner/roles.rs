//! Each role switched off, and a miner that sends nothing at all.

use std::time::Duration;

use alloy_primitives::{B256, U256, bytes};
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, TaskStatus},
    miner::{MinerHandle, Role, Roles, Settings, Stage, State, Verification},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{
    AIUS, all_over, case_at, chain_with_model, cheat, miner, noted, reached, request, requester,
    reveal, settings, until, validator,
};

fn roles(roles: Roles) -> Settings {
    Settings {
        roles,
        verification: Verification {
            share_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    }
}

async fn spawn(
    chain: &TestChain,
    model: B256,
    settings: Settings,
) -> (MinerHandle, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let miner = miner(chain, 0, model, folder.path()).settings(settings);
    (miner.spawn().await.unwrap(), folder)
}

async fn nonce(chain: &TestChain, miner: &MinerHandle) -> u64 {
    chain.chain().nonce(miner.account(), true).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_role_a_miner_sends_nothing_and_says_why() {
    let (chain, model) = chain_with_model().await;
    let (idle, _folder) = spawn(&chain, model, roles(Roles::NONE)).await;
    let mallory = validator(&chain, 3).await;
    let other = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    let request = request(model, "seven");
    let task = requester.submit(&request).await.unwrap().task;
    noted(&idle, task, "solving is switched off").await;
    cheat(&mallory, task, &request.input).await;
    other.contest(task).await.unwrap();
    chain.pass(Duration::from_secs(9_000)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(idle.cases().unwrap(), []);
    assert_eq!(nonce(&chain, &idle).await, 0, "not even a stake");
    idle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_contesting_a_wrong_solution_is_reported_and_without_voting_left_to_others() {
    let (chain, model) = chain_with_model().await;
    let all = Roles::default().without(Role::Solve);
    let reporting = all.without(Role::Contest).without(Role::Vote);
    let (reporter, _folder) = spawn(&chain, model, roles(reporting)).await;
    let mallory = validator(&chain, 3).await;
    let other = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    let request = request(model, "seven");
    let task = requester.submit(&request).await.unwrap().task;
    cheat(&mallory, task, &request.input).await;
    let case = case_at(&reporter, task, Stage::Reported).await;
    assert!(case.note.unwrap().contains("switched off"));
    other.contest(task).await.unwrap();
    let case = case_at(&reporter, task, Stage::Abstained).await;
    assert!(case.note.unwrap().contains("voting is switched off"));
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contestation.wrong, [other.address()]);
    assert_eq!(nonce(&chain, &reporter).await, 0);
    reporter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_verifying_only_what_is_contested_is_computed_again() {
    let (chain, model) = chain_with_model().await;
    let voting = Roles::NONE.with(Role::Vote);
    let (voter, _folder) = spawn(&chain, model, roles(voting)).await;
    let mallory = validator(&chain, 3).await;
    let other = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    let request = request(model, "seven");
    let task = requester.submit(&request).await.unwrap().task;
    // Before the cheat: what was solved before it was seen is no job.
    noted(&voter, task, "switched off").await;
    cheat(&mallory, task, &request.input).await;
    assert_eq!(voter.cases().unwrap(), []);
    other.contest(task).await.unwrap();
    let case = case_at(&voter, task, Stage::Voted).await;
    assert_eq!(case.voted_wrong, Some(true));
    // Settling is claiming.
    chain.pass(Duration::from_secs(8_100)).unwrap();
    let case = case_at(&voter, task, Stage::Settled).await;
    assert!(case.note.unwrap().contains("left to others"));
    let status = requester.network().status(task).await.unwrap();
    assert_eq!(status, TaskStatus::Contested);
    voter.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_claiming_a_solution_waits_for_whoever_claims_it() {
    let (chain, model) = chain_with_model().await;
    let (solver, folder) = spawn(&chain, model, roles(Roles::NONE.with(Role::Solve))).await;
    let requester = requester(&chain);
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    reached(&solver, task, State::Revealed).await;
    chain.pass(Duration::from_secs(2_001)).unwrap();
    let sent = nonce(&chain, &solver).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(nonce(&chain, &solver).await, sent);
    assert_eq!(solver.jobs().unwrap()[0].state, State::Revealed);
    solver.stop().await.unwrap();
    let claimer = roles(Roles::NONE.with(Role::Claim));
    let claimer = miner(&chain, 0, model, folder.path()).settings(claimer);
    let claimer = claimer.spawn().await.unwrap();
    all_over(&claimer, 1).await;
    assert_eq!(claimer.tally().unwrap().of(State::Claimed), 1);
    claimer.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_outputs_are_kept_by_the_role_for_it_alone() {
    for (pins, kept) in [(Roles::NONE, false), (Roles::NONE.with(Role::Pin), true)] {
        let (chain, model) = chain_with_model().await;
        let settings = roles(pins.with(Role::Verify));
        let (keeper, folder) = spawn(&chain, model, settings).await;
        let solver = validator(&chain, 3).await;
        let requester = requester(&chain);
        let request = request(model, "six");
        let task = requester.submit(&request).await.unwrap().task;
        reveal(&solver, task, &request.input, 0).await;
        case_at(&keeper, task, Stage::Agreed).await;
        let blocks = std::fs::read_dir(folder.path().join("blocks/blocks")).unwrap();
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
        let (chain, model) = chain_with_model().await;
        let mut roles = Roles::default();
        if role {
            roles = roles.with(Role::Notify);
        }
        let settings = Settings {
            roles,
            notify_gas,
            ..settings()
        };
        let (solver, _folder) = spawn(&chain, model, settings).await;
        let requester = requester(&chain);
        requester.approve(U256::from(10 * AIUS)).await.unwrap();
        // A contract that takes every call.
        let lane = chain.lane(Actor::Requester).unwrap();
        let created = lane
            .execute(Call::create(bytes!("6001600c60003960016000f300")))
            .await;
        let consumer = created.unwrap().created.unwrap();
        let request = request(model, "eight");
        let call = IEngine::submitTaskWithConsumerCall {
            version: 0,
            owner: lane.address(),
            model,
            fee: request.fee,
            input: request.input,
            consumer,
            gasLimit: 50_000,
        };
        let call = Call::new(chain.engine(), &call);
        let receipt = lane.execute(call).await.unwrap();
        let mut events = receipt.events::<IEngine::TaskSubmitted>(chain.engine());
        let task = events.next().unwrap().id;
        reached(&solver, task, State::Revealed).await;
        chain.pass(Duration::from_secs(2_001)).unwrap();
        all_over(&solver, 1).await;
        let call = IEngine::taskConsumerCall { task };
        let notified = async || {
            let read = chain.chain().read(chain.engine(), &call).await;
            read.unwrap().notified
        };
        if told {
            until("the consumer is told", notified).await;
        } else {
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert!(!notified().await);
        }
        solver.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_does_everything_but_send() {
    let (chain, model) = chain_with_model().await;
    let shadow = Settings {
        shadow: true,
        ..roles(Roles::ALL)
    };
    let (shadow, _folder) = spawn(&chain, model, shadow).await;
    let mallory = validator(&chain, 3).await;
    let other = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();

    // It would solve,
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    noted(&shadow, task, "shadow: it would commit to Qm").await;
    // contest,
    let request = request(model, "two");
    let task = requester.submit(&request).await.unwrap().task;
    cheat(&mallory, task, &request.input).await;
    let case = case_at(&shadow, task, Stage::Reported).await;
    assert!(case.note.unwrap().contains("shadow: it would be contested"));
    // and vote.
    other.contest(task).await.unwrap();
    let case = case_at(&shadow, task, Stage::Abstained).await;
    assert!(
        case.note
            .unwrap()
            .contains("shadow: it would be voted wrong")
    );

    let account = shadow.account();
    assert_eq!(nonce(&chain, &shadow).await, 0, "nothing was sent");
    let call = IEngine::validatorsCall { validator: account };
    let stake = chain.chain().read(chain.engine(), &call).await.unwrap();
    assert_eq!(stake.staked, U256::ZERO);
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contestation.wrong, [other.address()]);
    shadow.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_leaves_what_an_earlier_run_began_as_it_is() {
    let (chain, model) = chain_with_model().await;
    let (first, folder) = spawn(&chain, model, settings()).await;
    let requester = requester(&chain);
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    reached(&first, task, State::Revealed).await;
    first.stop().await.unwrap();
    let before = chain.lane(Actor::Miner(0)).unwrap().address();
    let before = chain.chain().nonce(before, true).await.unwrap();
    let shadow = Settings {
        shadow: true,
        ..settings()
    };
    let shadow = miner(&chain, 0, model, folder.path()).settings(shadow);
    let shadow = shadow.spawn().await.unwrap();
    chain.pass(Duration::from_secs(2_001)).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(nonce(&chain, &shadow).await, before);
    shadow.stop().await.unwrap();
    let last = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    all_over(&last, 1).await;
    assert_eq!(last.tally().unwrap().of(State::Claimed), 1);
    last.stop().await.unwrap();
}
