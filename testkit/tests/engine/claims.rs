//! Claims, their fees and rewards, and the earnings ledger (protocol sections 2 and 6).

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolError;
use arbius_protocol::{emission, splits};
use arbius_sdk::contracts::{IEngine, IToken};

use crate::world::{AIUS, World, aius, answer, event, events, refused, send, view};

/// A solved task whose contest end has passed.
async fn claimable(world: &World, model: B256, fee: U256, input: &'static [u8]) -> B256 {
    let task = world.task(model, fee, input).await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_credits_fee_and_reward_and_calls_nobody() {
    let (world, model) = World::with_model(aius(2)).await;
    let engine = &world.solver.engine;
    send!(
        world
            .owner
            .engine
            .setSolutionModelFeePercentage(U256::from(AIUS / 4))
    );
    let task = claimable(&world, model, aius(12), b"in").await;
    let receipt = send!(engine.claimSolution(task));

    let claimed: IEngine::SolutionClaimed = event(&receipt);
    assert_eq!((claimed.addr, claimed.task), (world.solver.address, task));
    let fees: IEngine::FeesPaid = event(&receipt);
    assert_eq!((fees.model, fees.task), (model, task));
    assert_eq!(fees.modelFee, aius(2));
    assert_eq!(fees.treasuryFee, U256::from(AIUS / 2));
    assert_eq!((fees.remainingFee, fees.validatorFee), (aius(10), aius(9)));

    // Nothing was emitted before, so the reward is 1 AIUS; 10 % of it are the treasury's.
    let rewards: IEngine::RewardsPaid = event(&receipt);
    assert_eq!(rewards.total, aius(1));
    assert_eq!(rewards.treasuryReward, U256::from(AIUS / 10));
    assert_eq!(rewards.taskOwnerReward, U256::ZERO);
    assert_eq!(rewards.validatorReward, U256::from(9 * AIUS / 10));

    assert_eq!(
        world.earnings(&world.solver).await,
        fees.validatorFee + rewards.validatorReward
    );
    assert_eq!(
        world.earnings(&world.model_owner).await,
        U256::from(3 * AIUS / 2)
    );
    assert_eq!(
        view!(engine.accruedFees()),
        U256::from(AIUS / 2) + aius(1) + U256::from(AIUS / 10)
    );
    assert_eq!(view!(engine.emitted()), aius(1));
    assert!(
        receipt
            .logs()
            .iter()
            .all(|log| log.address() == world.chain.engine()),
        "no transfer"
    );
    assert!(view!(engine.solutions(task)).claimed);
    refused!(world.solver, AlreadyClaimed, engine.claimSolution(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_before_its_time_or_of_nothing_is_refused() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let task = world.task(model, aius(1), b"in").await;
    refused!(solver, SolutionNotFound, engine.claimSolution(task));
    refused!(
        solver,
        SolutionNotFound,
        engine.claimSolution(B256::repeat_byte(1))
    );
    world.solve(solver, task, answer(1)).await;
    refused!(solver, NotEnoughDelay, engine.claimSolution(task));
    world.pass(1_700);
    refused!(solver, NotEnoughDelay, engine.claimSolution(task));
    world.pass(301);
    send!(engine.claimSolution(task));
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_in_the_first_hour_only_the_solver_claims() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (rival, engine) = (&world.rival, &world.rival.engine);
    let task = claimable(&world, model, aius(1), b"in").await;
    refused!(rival, SolverOnly, engine.claimSolution(task));
    world.pass(3_000);
    refused!(rival, SolverOnly, engine.claimSolution(task));
    world.pass(600);
    send!(engine.claimSolution(task));
    assert_eq!(
        world.earnings(rival).await,
        U256::ZERO,
        "what is earned is the solver's, whoever claims"
    );
    assert!(world.earnings(&world.solver).await > U256::from(AIUS));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_model_fee_raised_later_takes_nothing_from_the_solver() {
    let (world, model) = World::with_model(aius(1)).await;
    let task = world.task(model, aius(10), b"in").await;
    send!(world.model_owner.engine.setModelFee(model, aius(10)));
    assert_eq!(view!(world.solver.engine.taskModelFee(task)), aius(1));
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    let receipt = send!(world.solver.engine.claimSolution(task));
    let fees: IEngine::FeesPaid = event(&receipt);
    assert_eq!((fees.modelFee, fees.remainingFee), (aius(1), aius(9)));
    assert_eq!(fees.validatorFee, U256::from(81 * AIUS / 10));
    assert_eq!(world.earnings(&world.model_owner).await, aius(1));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_own_percentage_overrides_the_general_one() {
    let (world, model) = World::with_model(aius(1)).await;
    let owner = &world.owner.engine;
    send!(owner.setSolutionModelFeePercentage(U256::from(AIUS)));
    send!(owner.setSolutionModelFeePercentageOverride(model, U256::ZERO));
    let task = claimable(&world, model, aius(1), b"in").await;
    let receipt = send!(world.solver.engine.claimSolution(task));
    assert_eq!(event::<IEngine::FeesPaid>(&receipt).treasuryFee, U256::ZERO);
    assert_eq!(world.earnings(&world.model_owner).await, aius(1));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reward_follows_the_curve_and_the_models_rate() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (owner, engine) = (&world.owner.engine, &world.solver.engine);
    send!(owner.setTaskOwnerRewardPercentage(U256::from(AIUS / 5)));
    send!(owner.setSolutionMineableRate(model, aius(56)));
    let first = claimable(&world, model, U256::ZERO, b"a").await;
    let receipt = send!(engine.claimSolution(first));
    assert!(events::<IEngine::FeesPaid>(&receipt).is_empty());
    assert_eq!(event::<IEngine::RewardsPaid>(&receipt).total, aius(56));

    send!(owner.setSolutionMineableRate(model, U256::from(AIUS / 2)));
    let second = claimable(&world, model, U256::ZERO, b"b").await;
    // The curve is so steep there that half a minute more doubles the reward: the claim's
    // time must not depend on how long the test took to get here.
    let start = view!(engine.startBlockTime());
    let chain = world.chain.devnet().chain();
    chain.set_next_block_timestamp(start + 4_500).unwrap();
    let receipt = send!(engine.claimSolution(second));
    assert_eq!(world.now(), start + 4_500);
    let expected = emission::claim(Some(4_500), 56 * AIUS, AIUS / 2);
    let split = splits::reward(expected, AIUS / 10, AIUS / 5);
    let rewards: IEngine::RewardsPaid = event(&receipt);
    // Neither cut at 100 nor 0: about 59.3 AIUS should have been emitted by then.
    assert!(expected > 10 * AIUS && expected < 30 * AIUS, "{expected}");
    assert_eq!(rewards.total, U256::from(expected));
    assert_eq!(rewards.treasuryReward, U256::from(split.treasury));
    assert_eq!(rewards.taskOwnerReward, U256::from(split.task_owner));
    assert_eq!(rewards.validatorReward, U256::from(split.solver));
    assert_eq!(
        world.earnings(&world.requester).await,
        U256::from(56 * AIUS / 5 + split.task_owner)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_emission_is_undefined_or_forbidden_a_claim_goes_through_without_it() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (owner, engine) = (&world.owner.engine, &world.solver.engine);
    // A fee under the least rewarded one.
    send!(owner.setMinRewardFee(aius(2)));
    let task = claimable(&world, model, aius(1), b"a").await;
    let receipt = send!(engine.claimSolution(task));
    assert!(events::<IEngine::RewardsPaid>(&receipt).is_empty());
    let task = claimable(&world, model, aius(2), b"b").await;
    let receipt = send!(engine.claimSolution(task));
    assert_eq!(events::<IEngine::RewardsPaid>(&receipt).len(), 1);
    send!(owner.setMinRewardFee(U256::ZERO));
    // A model of rate 0, as all are at first.
    send!(owner.setSolutionMineableRate(model, U256::ZERO));
    let task = claimable(&world, model, U256::ZERO, b"c").await;
    let receipt = send!(engine.claimSolution(task));
    assert!(events::<IEngine::RewardsPaid>(&receipt).is_empty());
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_start_a_claim_pays_its_fee_alone() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let far = world.now() + 10_000_000;
    send!(world.owner.engine.setStartBlockTime(far));
    refused!(world.solver, MinVals, world.solver.engine.getReward());
    let task = claimable(&world, model, aius(1), b"in").await;
    let receipt = send!(world.solver.engine.claimSolution(task));
    assert!(events::<IEngine::RewardsPaid>(&receipt).is_empty());
    assert_eq!(
        world.earnings(&world.solver).await,
        U256::from(9 * AIUS / 10)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_claim_skips_what_cannot_be_claimed_and_one_withdrawal_pays_all() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let first = world.task(model, aius(1), b"a").await;
    let second = world.task(model, aius(1), b"b").await;
    let young = world.task(model, aius(1), b"c").await;
    world.solve(solver, first, answer(1)).await;
    world.solve(solver, second, answer(2)).await;
    world.pass(2_001);
    world.solve(solver, young, answer(3)).await;
    let unknown = B256::repeat_byte(4);

    refused!(solver, EmptyBatch, engine.bulkClaimSolution(vec![]));
    refused!(
        solver,
        NothingAccepted,
        engine.bulkClaimSolution(vec![young, unknown])
    );
    let receipt = send!(engine.bulkClaimSolution(vec![first, young, second, first, unknown]));
    assert_eq!(events::<IEngine::SolutionClaimed>(&receipt).len(), 2);
    let skipped: Vec<_> = events::<IEngine::SolutionClaimSkipped>(&receipt)
        .into_iter()
        .map(|skipped| (skipped.task, skipped.reason.0))
        .collect();
    assert_eq!(
        skipped,
        [
            (young, IEngine::NotEnoughDelay::SELECTOR),
            (first, IEngine::AlreadyClaimed::SELECTOR),
            (unknown, IEngine::SolutionNotFound::SELECTOR),
        ]
    );
    world.books_balance().await;

    let owed = world.earnings(solver).await;
    let before = world.balance(solver.address).await;
    let receipt = send!(world.rival.engine.withdrawEarnings(solver.address));
    assert_eq!(events::<IToken::Transfer>(&receipt).len(), 1);
    let withdrawn: IEngine::EarningsWithdrawn = event(&receipt);
    assert_eq!(
        (withdrawn.account, withdrawn.amount),
        (solver.address, owed)
    );
    assert_eq!(world.balance(solver.address).await - before, owed);
    assert_eq!(world.earnings(solver).await, U256::ZERO);
    refused!(
        solver,
        NothingToWithdraw,
        engine.withdrawEarnings(solver.address)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_moves_its_earnings_into_its_stake() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let task = claimable(&world, model, aius(10), b"in").await;
    send!(engine.claimSolution(task));
    let owed = world.earnings(solver).await;
    refused!(solver, AmntTooSmall, engine.stakeEarnings(U256::ZERO));
    refused!(
        solver,
        NothingToWithdraw,
        engine.stakeEarnings(owed + U256::from(1))
    );
    refused!(solver, AmountTooLarge, engine.stakeEarnings(U256::MAX));
    let staked: IEngine::EarningsStaked = event(&send!(engine.stakeEarnings(aius(4))));
    assert_eq!((staked.validator, staked.amount), (solver.address, aius(4)));
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(14));
    assert_eq!(world.earnings(solver).await, owed - aius(4));
    world.books_balance().await;
}
