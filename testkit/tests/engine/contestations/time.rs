//! Vote ends, pauses, parameters and withdrawals while a contestation runs.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn late_votes_extend_the_vote_by_one_period_at_most() {
    let dispute = Dispute::new(4, 0).await;
    let (world, task, voters) = (&dispute.world, dispute.task, &dispute.voters);
    let engine = &world.owner.engine;
    // One period and its whole length as an extension, so that three votes exhaust it.
    send!(engine.setContestationVoteExtensionTime(U256::from(3_000)));
    dispute.contest().await;
    let begun = world.now();
    let end = || async { view!(engine.contestationVoteEnd(task)).to::<u64>() - begun };
    assert_eq!(end().await, 4_000);
    let receipt = dispute.vote(&voters[0], true).await;
    assert!(
        events::<IEngine::ContestationVoteExtended>(&receipt).is_empty(),
        "early enough"
    );
    // What is changed now moves nothing that runs.
    send!(engine.setContestationVoteExtensionTime(U256::from(1)));

    world.pass(3_500 - (world.now() - begun));
    let receipt = dispute.vote(&voters[1], true).await;
    let extended: IEngine::ContestationVoteExtended = event(&receipt);
    assert_eq!(extended.end, world.now() + 3_000);
    assert_eq!(end().await, world.now() + 3_000 - begun);
    world.pass(6_000 - (world.now() - begun));
    dispute.vote(&voters[2], true).await;
    assert_eq!(end().await, 8_000, "twice the period is the most");
    world.pass(8_000 - (world.now() - begun));
    let receipt = dispute.vote(&voters[3], true).await;
    assert!(events::<IEngine::ContestationVoteExtended>(&receipt).is_empty());
    assert_eq!(end().await, 8_000);
    world.pass(2);
    dispute.settle(10).await;
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_changed_later_moves_nothing_that_runs() {
    let dispute = Dispute::new(1, 0).await;
    let (world, task) = (&dispute.world, dispute.task);
    let engine = &world.owner.engine;
    dispute.contest().await;
    let end = view!(engine.contestationVoteEnd(task));
    send!(engine.setMinContestationVotePeriodTime(U256::from(10_000)));
    send!(engine.setValidatorMinimumFloor(U256::from(STAKE - SLASH)));
    send!(engine.setSlashAmountFloor(U256::from(AIUS)));
    assert_eq!(view!(engine.contestationVoteEnd(task)), end);
    assert_eq!(
        view!(engine.contestations(task)).slashAmount,
        U256::from(SLASH)
    );
    dispute.vote(&dispute.voters[0], true).await;
    assert_eq!(dispute.staked(&dispute.voters[0]).await, STAKE - SLASH);
    world.pass(4_001);
    let receipt = dispute.settle(2).await;
    assert_eq!(
        event::<IEngine::ContestationSettled>(&receipt).collected,
        U256::from(SLASH)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_pause_eats_neither_the_time_to_contest_nor_the_time_to_vote() {
    let dispute = Dispute::new(1, 0).await;
    let (world, task) = (&dispute.world, dispute.task);
    let (engine, rival, voter) = (&world.owner.engine, &world.rival, &dispute.voters[0]);
    world.pass(1_000);
    send!(engine.setPaused(true));
    refused!(rival, Paused, rival.engine.submitContestation(task));
    refused!(voter, Paused, voter.engine.voteOnContestation(task, true));
    refused!(rival, Paused, rival.engine.contestationVoteFinish(task, 1));
    world.pass(5 * 86_400);
    send!(engine.setPaused(false));
    dispute.contest().await;

    // The pause is long over, and the next one may come.
    let (world2, begun) = (world, world.now());
    assert_eq!(
        view!(engine.contestationVoteEnd(task)),
        U256::from(begun + 4_000)
    );
    world2.pass(3_000);
    dispute.vote(voter, true).await;
    world2.pass(1_500);
    dispute.settle(2).await;
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_a_vote_that_runs() {
    let dispute = Dispute::new(1, 0).await;
    let (world, task) = (&dispute.world, dispute.task);
    let (engine, voter) = (&world.owner.engine, &dispute.voters[0]);
    dispute.contest().await;
    world.pass(3_000);
    send!(engine.setPaused(true));
    world.pass(10 * 86_400);
    assert!(!view!(engine.votingPeriodEnded(task)));
    send!(engine.setPaused(false));
    assert_eq!(dispute.can_vote(voter).await, 0);
    dispute.vote(voter, true).await;
    refused!(
        voter,
        VotingPeriodNotEnded,
        voter.engine.contestationVoteFinish(task, 1)
    );
    world.pass(1_001);
    dispute.settle(2).await;
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_the_losers_pause_voids_none_of_its_earlier_solutions() {
    let dispute = Dispute::new(1, AIUS).await;
    let world = &dispute.world;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let honest = world.task(dispute.model, aius(10), b"honest").await;
    world.solve(solver, honest, answer(2)).await;
    let next = world.task(dispute.model, aius(10), b"next").await;
    world.commit(solver, next, &answer(3)).await;

    dispute.contest().await;
    dispute.vote(&dispute.voters[0], true).await;
    world.pass(4_001);
    dispute.settle(2).await;
    // It may not submit for claim delay and vote period.
    refused!(
        solver,
        SubmitSolutionCooldown,
        engine.submitSolution(next, answer(3))
    );
    // What it has solved before is its own: stake, fee and reward.
    let before = dispute.staked(solver).await;
    send!(engine.claimSolution(honest));
    assert_eq!(dispute.staked(solver).await, before + AIUS);
    assert!(world.earnings(solver).await >= aius(9));
    world.pass(6_000);
    refused!(
        solver,
        SubmitSolutionCooldown,
        engine.submitSolution(next, answer(3))
    );
    world.pass(1);
    send!(engine.submitSolution(next, answer(3)));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_of_lost_stake_pays_nothing_and_is_cleared() {
    let dispute = Dispute::new(2, 0).await;
    let world = &dispute.world;
    let (solver, rival, owner) = (&world.solver, &world.rival, &world.owner.engine);
    send!(rival.engine.validatorDeposit(rival.address, aius(1_000)));
    for voter in &dispute.voters {
        send!(rival.engine.validatorDeposit(voter.address, aius(1_000)));
    }
    send!(solver.engine.initiateValidatorWithdraw(U256::from(STAKE)));
    send!(owner.setValidatorMinimumFloor(U256::from(4 * STAKE)));
    send!(owner.setSlashAmountFloor(U256::from(STAKE)));
    dispute.contest().await;
    dispute.vote(&dispute.voters[0], true).await;
    world.pass(86_400);
    dispute.settle(10).await;
    assert_eq!(dispute.staked(solver).await, 0);

    let number = U256::from(1);
    let paid: IEngine::ValidatorWithdraw = event(&send!(
        solver.engine.validatorWithdraw(number, solver.address)
    ));
    assert_eq!(paid.amount, U256::ZERO);
    assert_eq!(
        view!(owner.validatorWithdrawPendingAmount(solver.address)),
        U256::ZERO
    );
    refused!(
        solver,
        RequestNotExist,
        solver.engine.validatorWithdraw(number, solver.address)
    );
    // Stake that comes later is free at once.
    send!(rival.engine.validatorDeposit(solver.address, aius(3)));
    send!(solver.engine.initiateValidatorWithdraw(aius(3)));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_stake_does_not_leave_during_a_pause_before_it_can_be_contested() {
    let dispute = Dispute::new(1, 0).await;
    let (world, solver) = (&dispute.world, &dispute.world.solver);
    let engine = &world.owner.engine;
    send!(solver.engine.initiateValidatorWithdraw(U256::from(STAKE)));
    send!(engine.setPaused(true));
    let pending =
        view!(engine.pendingValidatorWithdrawRequests(solver.address, U256::from(1))).unlockTime;
    assert!(
        pending > U256::from(world.now() + 14 * 86_400),
        "it tells a time after the pause"
    );
    world.pass(13 * 86_400);
    refused!(
        solver,
        WaitLonger,
        solver
            .engine
            .validatorWithdraw(U256::from(1), solver.address)
    );
    send!(engine.setPaused(false));
    dispute.contest().await;
    dispute.vote(&dispute.voters[0], true).await;
    world.pass(4_001);
    dispute.settle(2).await;
    assert_eq!(dispute.staked(solver).await, STAKE - SLASH);
    world.pass(86_400);
    send!(
        solver
            .engine
            .validatorWithdraw(U256::from(1), solver.address)
    );
    // Whoever has left is still known.
    let left = view!(engine.validators(solver.address));
    assert_eq!((left.staked, left.addr), (U256::ZERO, solver.address));
    world.books_balance().await;
}
