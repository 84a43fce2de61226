//! Stake and its withdrawal (protocol section 7).

use alloy_primitives::{Address, B256, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, World, aius, answer, event, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn anyone_tops_up_anyone() {
    let world = World::new().await;
    let (rival, engine) = (&world.rival, &world.rival.engine);
    let validator = world.solver.address;
    let nobody = view!(engine.validators(validator));
    assert_eq!(
        (nobody.staked, nobody.since, nobody.addr),
        (U256::ZERO, U256::ZERO, Address::ZERO)
    );

    refused!(
        rival,
        AddressMustBeNonZero,
        engine.validatorDeposit(Address::ZERO, aius(1))
    );
    refused!(
        rival,
        AddressNotAllowed,
        engine.validatorDeposit(world.chain.engine(), aius(1))
    );
    refused!(
        rival,
        AddressNotAllowed,
        engine.validatorDeposit(world.chain.token(), aius(1))
    );
    refused!(
        rival,
        AmntTooSmall,
        engine.validatorDeposit(validator, U256::ZERO)
    );
    refused!(
        rival,
        AmountTooLarge,
        engine.validatorDeposit(validator, U256::MAX)
    );
    refused!(
        rival,
        TransferFailed,
        engine.validatorDeposit(validator, aius(10_001))
    );

    let deposit: IEngine::ValidatorDeposit =
        event(&send!(engine.validatorDeposit(validator, aius(3))));
    assert_eq!(
        (deposit.addr, deposit.validator),
        (rival.address, validator)
    );
    assert_eq!(deposit.amount, aius(3));
    let validator = view!(engine.validators(validator));
    assert_eq!(validator.staked, aius(3));
    assert_eq!(validator.since, U256::from(world.now()));
    assert_eq!(validator.addr, world.solver.address);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_strangers_top_up_does_not_reset_a_validators_time() {
    let world = World::new().await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    // Too little makes nobody a validator; the credit that suffices does.
    world.stake(solver, U256::from(AIUS / 2)).await;
    assert_eq!(view!(engine.validators(solver.address)).since, U256::ZERO);
    world.pass(100);
    world.stake(solver, U256::from(AIUS / 2)).await;
    let since = view!(engine.validators(solver.address)).since;
    assert_eq!(since, U256::from(world.now()));

    world.pass(1_000);
    send!(
        world
            .rival
            .engine
            .validatorDeposit(solver.address, U256::from(1))
    );
    send!(
        world
            .rival
            .engine
            .validatorDeposit(solver.address, aius(100))
    );
    assert_eq!(view!(engine.validators(solver.address)).since, since);

    // An announcement that leaves enough keeps it, one that does not ends it.
    send!(engine.initiateValidatorWithdraw(aius(50)));
    assert_eq!(view!(engine.validators(solver.address)).since, since);
    send!(engine.initiateValidatorWithdraw(aius(51)));
    assert_eq!(view!(engine.validators(solver.address)).since, U256::ZERO);
    // Cancelling is a credit: the time begins anew.
    world.pass(10);
    send!(engine.cancelValidatorWithdraw(U256::from(2)));
    assert_eq!(
        view!(engine.validators(solver.address)).since,
        U256::from(world.now())
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stake_is_withdrawn_in_two_steps() {
    let (world, _) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let to = world.treasury.address;

    refused!(
        solver,
        AmntTooSmall,
        engine.initiateValidatorWithdraw(U256::ZERO)
    );
    refused!(
        solver,
        InsufficientStake,
        engine.initiateValidatorWithdraw(aius(11))
    );
    refused!(
        solver,
        AmountTooLarge,
        engine.initiateValidatorWithdraw(U256::MAX)
    );
    let call = engine.initiateValidatorWithdraw(aius(6));
    assert_eq!(
        view!(call.clone().from(solver.address)),
        U256::from(1),
        "its number"
    );
    let announced: IEngine::ValidatorWithdrawInitiated = event(&send!(call));
    assert_eq!(
        (announced.count, announced.amount),
        (U256::from(1), aius(6))
    );
    assert_eq!(announced.unlockTime, U256::from(world.now() + 86_400));
    assert_eq!(
        view!(engine.validatorWithdrawPendingAmount(solver.address)),
        aius(6)
    );
    assert_eq!(
        view!(engine.pendingValidatorWithdrawRequestsCount(solver.address)),
        U256::from(1)
    );
    let pending = view!(engine.pendingValidatorWithdrawRequests(solver.address, U256::from(1)));
    assert_eq!(
        (pending.unlockTime, pending.amount),
        (announced.unlockTime, aius(6))
    );
    // Only what is free can be announced.
    refused!(
        solver,
        InsufficientStake,
        engine.initiateValidatorWithdraw(aius(5))
    );

    refused!(
        solver,
        WaitLonger,
        engine.validatorWithdraw(U256::from(1), to)
    );
    refused!(
        solver,
        RequestNotExist,
        engine.validatorWithdraw(U256::from(2), to)
    );
    refused!(
        solver,
        RequestNotExist,
        engine.validatorWithdraw(U256::MAX, to)
    );
    refused!(
        world.rival,
        RequestNotExist,
        world.rival.engine.validatorWithdraw(U256::from(1), to)
    );
    world.pass(86_400);
    refused!(
        solver,
        AddressMustBeNonZero,
        engine.validatorWithdraw(U256::from(1), Address::ZERO)
    );
    refused!(
        solver,
        AddressNotAllowed,
        engine.validatorWithdraw(U256::from(1), world.chain.engine())
    );
    let before = world.balance(to).await;
    let withdrawn: IEngine::ValidatorWithdraw =
        event(&send!(engine.validatorWithdraw(U256::from(1), to)));
    assert_eq!((withdrawn.to, withdrawn.amount), (to, aius(6)));
    assert_eq!(world.balance(to).await - before, aius(6));
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(4));
    assert_eq!(
        view!(engine.validatorWithdrawPendingAmount(solver.address)),
        U256::ZERO
    );
    refused!(
        solver,
        RequestNotExist,
        engine.validatorWithdraw(U256::from(1), to)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_withdrawal_can_be_cancelled_once() {
    let (world, _) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    send!(engine.initiateValidatorWithdraw(aius(10)));
    refused!(
        solver,
        RequestNotExist,
        engine.cancelValidatorWithdraw(U256::ZERO)
    );
    let cancelled: IEngine::ValidatorWithdrawCancelled =
        event(&send!(engine.cancelValidatorWithdraw(U256::from(1))));
    assert_eq!(cancelled.addr, solver.address);
    refused!(
        solver,
        RequestNotExist,
        engine.cancelValidatorWithdraw(U256::from(1))
    );
    assert_eq!(
        view!(engine.validatorWithdrawPendingAmount(solver.address)),
        U256::ZERO
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_pays_what_the_locks_of_solutions_left() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    send!(world.owner.engine.setSolutionsStakeAmount(aius(8)));
    let task = world.task(model, U256::ZERO, b"in").await;
    world.solve(solver, task, answer(1)).await;
    // Two AIUS are left free beside the lock.
    refused!(
        solver,
        InsufficientStake,
        engine.initiateValidatorWithdraw(aius(3))
    );
    send!(engine.initiateValidatorWithdraw(aius(2)));
    world.pass(86_400);
    send!(engine.validatorWithdraw(U256::from(1), solver.address));
    assert_eq!(view!(engine.validators(solver.address)).staked, U256::ZERO);
    send!(engine.claimSolution(task));
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(8));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_young_network_has_floors_for_minimum_and_slash() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (owner, engine) = (&world.owner.engine, &world.solver.engine);
    assert_eq!(view!(engine.emitted()), U256::ZERO);
    assert_eq!(view!(engine.getValidatorMinimum()), aius(1));
    assert_eq!(view!(engine.getSlashAmount()), U256::from(AIUS / 8));

    // Once enough was emitted the percentages take over.
    send!(owner.setSolutionMineableRate(model, aius(100)));
    send!(owner.setSlashAmountFloor(U256::from(1)));
    send!(owner.setValidatorMinimumFloor(U256::from(4)));
    let task = world.task(model, U256::ZERO, b"in").await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    send!(engine.claimSolution(task));
    assert_eq!(view!(engine.emitted()), aius(100));
    assert_eq!(
        view!(engine.getValidatorMinimum()),
        U256::from(AIUS * 8 / 100)
    );
    assert_eq!(view!(engine.getSlashAmount()), U256::from(AIUS / 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_alone_signal_support() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let outsider = world.miner(2);
    refused!(
        outsider,
        MinStakedTooLow,
        outsider.engine.signalSupport(model, true)
    );
    refused!(
        world.solver,
        ModelDoesNotExist,
        world.solver.engine.signalSupport(B256::ZERO, true)
    );
    let support: IEngine::SignalSupport =
        event(&send!(world.solver.engine.signalSupport(model, true)));
    assert_eq!((support.addr, support.model), (world.solver.address, model));
    assert!(support.supported);
}
