//! How a vote ends and who gets what.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_solution_is_voted_down_and_the_requester_refunded() {
    let dispute = Dispute::new(1, AIUS).await;
    let Dispute {
        world,
        task,
        voters,
        ..
    } = &dispute;
    let (task, solver, rival, engine) = (*task, &world.solver, &world.rival, &world.owner.engine);
    assert_eq!(dispute.staked(solver).await, STAKE - AIUS);

    let receipt = dispute.contest().await;
    let contested: IEngine::ContestationSubmitted = event(&receipt);
    assert_eq!((contested.addr, contested.task), (rival.address, task));
    let votes: Vec<(Address, bool)> = events::<IEngine::ContestationVote>(&receipt)
        .into_iter()
        .map(|vote| (vote.addr, vote.yea))
        .collect();
    assert_eq!(votes, [(rival.address, true), (solver.address, false)]);
    assert_eq!(world.status(task).await, 3);
    let open = view!(engine.contestations(task));
    assert_eq!(
        (open.validator, open.blocktime, open.finish_start_index),
        (rival.address, world.now(), 0)
    );
    assert_eq!(open.slashAmount, U256::from(SLASH));
    assert_eq!(
        view!(engine.contestationVoteEnd(task)),
        U256::from(world.now() + 4_000)
    );
    assert_eq!(dispute.staked(rival).await, STAKE - SLASH);
    assert_eq!(dispute.staked(solver).await, STAKE - AIUS - SLASH);
    world.books_balance().await;

    let voted: IEngine::ContestationVote = event(&dispute.vote(&voters[0], true).await);
    assert_eq!((voted.addr, voted.yea), (voters[0].address, true));
    assert_eq!(dispute.staked(&voters[0]).await, STAKE - SLASH);
    let counts = view!(engine.contestationVoteCounts(task));
    assert_eq!((counts.yeas, counts.nays), (U256::from(2), U256::from(1)));
    for (place, yea) in [rival.address, voters[0].address, Address::ZERO]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            view!(engine.contestationVoteYeas(task, U256::from(place))),
            yea
        );
    }
    for (place, nay) in [solver.address, Address::ZERO].into_iter().enumerate() {
        assert_eq!(
            view!(engine.contestationVoteNays(task, U256::from(place))),
            nay
        );
    }
    for (person, voted) in [
        (rival, true),
        (solver, true),
        (&voters[0], true),
        (&world.owner, false),
    ] {
        assert_eq!(view!(engine.contestationVoted(task, person.address)), voted);
    }

    assert!(!view!(engine.votingPeriodEnded(task)));
    refused!(
        rival,
        VotingPeriodNotEnded,
        engine.contestationVoteFinish(task, 3)
    );
    world.pass(4_001);
    assert!(view!(engine.votingPeriodEnded(task)));
    let receipt = dispute.settle(3).await;
    let settled: IEngine::ContestationSettled = event(&receipt);
    assert!(settled.rejected);
    assert_eq!(
        (settled.collected, settled.remainder),
        (U256::from(SLASH), U256::ZERO)
    );
    // Half for the contester, the other half for the others who said yes.
    assert_eq!(
        Dispute::shares(&receipt),
        [(rival.address, SLASH / 2), (voters[0].address, SLASH / 2)]
    );
    let page: IEngine::ContestationVoteFinish = event(&receipt);
    assert_eq!((page.start_idx, page.end_idx), (0, 2));
    let refunded: IEngine::TaskRefunded = event(&receipt);
    assert_eq!(
        (refunded.owner, refunded.amount),
        (world.requester.address, aius(10))
    );
    assert!(events::<IEngine::RewardsPaid>(&receipt).is_empty());

    assert_eq!(world.status(task).await, 5);
    assert_eq!(world.earnings(&world.requester).await, aius(10));
    assert_eq!(view!(engine.emitted()), U256::ZERO);
    assert_eq!(view!(engine.accruedFees()), U256::ZERO);
    // The solution's stake is the contester's.
    assert_eq!(view!(engine.solutionsStake(task)), U256::ZERO);
    assert_eq!(dispute.staked(rival).await, STAKE + SLASH / 2 + AIUS);
    assert_eq!(dispute.staked(&voters[0]).await, STAKE + SLASH / 2);
    assert_eq!(dispute.staked(solver).await, STAKE - SLASH - AIUS);
    assert_eq!(
        view!(engine.lastContestationLossTime(solver.address)),
        U256::from(world.now())
    );
    refused!(solver, HasContestation, engine.claimSolution(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_solution_that_is_contested_in_bad_faith_is_claimed_for_its_solver() {
    let dispute = Dispute::new(2, AIUS).await;
    let Dispute {
        world,
        task,
        voters,
        ..
    } = &dispute;
    let (task, solver, rival, engine) = (*task, &world.solver, &world.rival, &world.owner.engine);
    dispute.contest().await;
    for voter in voters {
        dispute.vote(voter, false).await;
    }
    world.pass(4_001);
    let receipt = dispute.settle(10).await;
    let settled: IEngine::ContestationSettled = event(&receipt);
    assert!(!settled.rejected);
    assert_eq!(
        Dispute::shares(&receipt),
        [
            (solver.address, SLASH / 2),
            (voters[0].address, SLASH / 4),
            (voters[1].address, SLASH / 4)
        ]
    );
    // Its fee, and its reward at that time.
    let paid: IEngine::RewardsPaid = event(&receipt);
    assert_eq!(paid.total, aius(1));
    assert_eq!(event::<IEngine::FeesPaid>(&receipt).validatorFee, aius(9));
    assert_eq!(
        event::<IEngine::SolutionClaimed>(&receipt).addr,
        solver.address
    );
    assert_eq!(
        world.earnings(solver).await,
        aius(9) + U256::from(AIUS * 9 / 10)
    );
    assert_eq!(world.status(task).await, 4);
    assert!(view!(engine.solutions(task)).claimed);
    assert_eq!(dispute.staked(solver).await, STAKE + SLASH / 2);
    assert_eq!(dispute.staked(rival).await, STAKE - SLASH);
    refused!(solver, HasContestation, engine.claimSolution(task));
    // Who contests in vain does not pause, but it was no accused either.
    assert_eq!(
        view!(engine.lastContestationLossTime(rival.address)),
        U256::ZERO
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tie_sides_with_the_solver() {
    let dispute = Dispute::new(0, 0).await;
    dispute.contest().await;
    dispute.world.pass(4_001);
    let receipt = dispute.settle(1).await;
    assert!(!event::<IEngine::ContestationSettled>(&receipt).rejected);
    assert_eq!(
        Dispute::shares(&receipt),
        [(dispute.world.solver.address, SLASH)],
        "alone it takes all"
    );
    assert_eq!(dispute.world.status(dispute.task).await, 4);
    dispute.world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_an_accused_without_stake_loses_and_the_requester_has_the_fee_back() {
    let dispute = Dispute::new(0, 0).await;
    let world = &dispute.world;
    let (solver, engine) = (&world.solver, &world.owner.engine);
    // Of its stake it keeps what a validator needs, which takes a day.
    send!(
        solver
            .engine
            .initiateValidatorWithdraw(U256::from(STAKE - AIUS))
    );
    world.pass(86_400);
    send!(
        solver
            .engine
            .validatorWithdraw(U256::from(1), solver.address)
    );
    let task = world.task(dispute.model, aius(10), b"later").await;
    world.solve(solver, task, answer(2)).await;
    // That is locked to the last wei by eight contestations of other solutions.
    let mut others = Vec::new();
    for n in 0..8 {
        let other = world.task(dispute.model, U256::ZERO, b"other").await;
        world.solve(solver, other, answer(10 + n)).await;
        others.push(other);
    }
    for other in others {
        send!(world.rival.engine.submitContestation(other));
    }
    assert_eq!(dispute.staked(solver).await, 0);

    let receipt = send!(world.rival.engine.submitContestation(task));
    let vote: IEngine::ContestationVote = event(&receipt);
    assert_eq!(
        (vote.addr, vote.yea),
        (world.rival.address, true),
        "what is not there casts no vote"
    );
    assert_eq!(
        view!(engine.validatorCanVote(solver.address, task)),
        U256::from(5)
    );
    refused!(
        solver,
        NotAllowed,
        solver.engine.voteOnContestation(task, false)
    );
    world.pass(4_001);
    let receipt = send!(solver.engine.contestationVoteFinish(task, 1));
    let settled: IEngine::ContestationSettled = event(&receipt);
    assert!(settled.rejected);
    assert_eq!(settled.collected, U256::ZERO, "nothing was collected");
    assert_eq!(
        Dispute::shares(&receipt),
        [(world.rival.address, 0)],
        "and nothing but the lock is paid"
    );
    assert_eq!(event::<IEngine::TaskRefunded>(&receipt).amount, aius(10));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_stake_on_its_way_out_and_earnings_are_within_reach() {
    let dispute = Dispute::new(0, 0).await;
    let (world, model) = (&dispute.world, dispute.model);
    let (solver, rival, engine) = (&world.solver, &world.rival, &world.owner.engine);
    // Everything is announced to leave; the lock is taken from it all the same.
    send!(solver.engine.initiateValidatorWithdraw(U256::from(STAKE)));
    dispute.contest().await;
    assert_eq!(dispute.staked(solver).await, STAKE - SLASH);
    world.pass(4_001);
    dispute.settle(1).await;
    let earned: u128 = world.earnings(solver).await.to();
    assert!(earned > 9 * AIUS);
    send!(solver.engine.cancelValidatorWithdraw(U256::from(1)));

    // Now a slash amount that the stake does not cover, and a solution before it was set.
    let task = world.task(model, U256::ZERO, b"more").await;
    world.solve(solver, task, answer(2)).await;
    let staked = dispute.staked(solver).await;
    let slash = staked + 5;
    send!(rival.engine.validatorDeposit(rival.address, aius(1_000)));
    send!(
        world
            .owner
            .engine
            .setValidatorMinimumFloor(U256::from(4 * slash))
    );
    send!(world.owner.engine.setSlashAmountFloor(U256::from(slash)));
    send!(rival.engine.submitContestation(task));
    assert_eq!(dispute.staked(solver).await, 0);
    assert_eq!(
        world.earnings(solver).await,
        U256::from(earned - 5),
        "the rest comes from its earnings"
    );
    assert!(view!(engine.contestationVoted(task, solver.address)));
    world.books_balance().await;
    world.pass(4_001);
    send!(rival.engine.contestationVoteFinish(task, 1));
    // A tie: lock and what the contester lost become its stake.
    assert_eq!(dispute.staked(solver).await, 2 * slash);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accused_that_could_not_vote_at_once_votes_later_and_only_for_itself() {
    let dispute = Dispute::new(2, 0).await;
    let (world, task) = (&dispute.world, dispute.task);
    let (solver, rival, engine) = (&world.solver, &world.rival, &world.owner.engine);
    send!(solver.engine.initiateValidatorWithdraw(U256::from(STAKE)));
    // Its stake is slashed away: the slash amount exceeds it at the moment of the contest.
    send!(rival.engine.validatorDeposit(rival.address, aius(1_000)));
    for voter in &dispute.voters {
        send!(rival.engine.validatorDeposit(voter.address, aius(1_000)));
    }
    let slash = 2 * STAKE;
    send!(engine.setValidatorMinimumFloor(U256::from(4 * slash)));
    send!(engine.setSlashAmountFloor(U256::from(slash)));
    let receipt = dispute.contest().await;
    assert_eq!(events::<IEngine::ContestationVote>(&receipt).len(), 1);
    assert_eq!(dispute.staked(solver).await, STAKE, "nothing was locked");
    assert_eq!(dispute.can_vote(solver).await, 5);
    dispute.vote(&dispute.voters[0], false).await;

    // A friend tops it up; it has been no validator since the solution, and need not.
    send!(rival.engine.validatorDeposit(solver.address, aius(10)));
    assert_eq!(dispute.can_vote(solver).await, 0);
    refused!(
        solver,
        NotAllowed,
        solver.engine.voteOnContestation(task, true)
    );
    dispute.vote(solver, false).await;
    assert_eq!(dispute.staked(solver).await, 0);
    assert_eq!(dispute.can_vote(solver).await, 3);
    refused!(
        solver,
        NotAllowed,
        solver.engine.voteOnContestation(task, false)
    );
    assert_eq!(
        view!(engine.contestationVoteNays(task, U256::from(1))),
        solver.address
    );
    world.books_balance().await;

    // The second no is the accused's, so the half is its and not the first one's.
    dispute.vote(&dispute.voters[1], false).await;
    world.pass(4_001);
    let receipt = send!(rival.engine.contestationVoteFinish(task, 10));
    let shares: Vec<(Address, u128)> = events::<IEngine::ContestationShare>(&receipt)
        .into_iter()
        .map(|paid| (paid.validator, paid.share.to()))
        .collect();
    assert_eq!(
        shares,
        [
            (dispute.voters[0].address, slash / 4),
            (solver.address, slash / 2),
            (dispute.voters[1].address, slash / 4)
        ]
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_the_first_no_voter_is_not_taken_for_the_accused() {
    let dispute = Dispute::new(2, 0).await;
    let world = &dispute.world;
    let (rival, engine) = (&world.rival, &world.owner.engine);
    send!(rival.engine.validatorDeposit(rival.address, aius(1_000)));
    for voter in &dispute.voters {
        send!(rival.engine.validatorDeposit(voter.address, aius(1_000)));
    }
    // An odd amount above what the accused has, so that it does not vote.
    let slash = 2 * STAKE + 1;
    send!(engine.setValidatorMinimumFloor(U256::from(4 * slash)));
    send!(engine.setSlashAmountFloor(U256::from(slash)));
    dispute.contest().await;
    for voter in &dispute.voters {
        dispute.vote(voter, false).await;
    }
    world.pass(4_001);
    let receipt = dispute.settle(2).await;
    let settled: IEngine::ContestationSettled = event(&receipt);
    assert!(!settled.rejected);
    assert_eq!(
        (settled.collected, settled.remainder),
        (U256::from(slash), U256::from(1))
    );
    let shares: Vec<u128> = events::<IEngine::ContestationShare>(&receipt)
        .into_iter()
        .map(|paid| paid.share.to())
        .collect();
    assert_eq!(shares, [slash / 2, slash / 2], "they share all");
    // What does not divide is the treasury's, beside its parts of fee and reward.
    assert_eq!(
        view!(engine.accruedFees()),
        U256::from(AIUS + AIUS / 10 + 1)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_settlement_is_paged_once_and_pays_nobody_twice() {
    let dispute = Dispute::new(4, 0).await;
    let (world, task, voters) = (&dispute.world, dispute.task, &dispute.voters);
    let (rival, engine) = (&world.rival, &world.owner.engine);
    refused!(
        rival,
        ContestationDoesntExist,
        engine.contestationVoteFinish(task, 1)
    );
    dispute.contest().await;
    for voter in voters {
        dispute.vote(voter, true).await;
    }
    world.pass(4_001);
    refused!(rival, AmntTooSmall, engine.contestationVoteFinish(task, 0));
    let mut paid = Vec::new();
    for (amount, range) in [(2, (0, 2)), (1, (2, 3)), (u32::MAX, (3, 5))] {
        let receipt = dispute.settle(amount).await;
        let first = range.0 == 0;
        assert_eq!(
            events::<IEngine::ContestationSettled>(&receipt).len(),
            usize::from(first)
        );
        assert_eq!(
            events::<IEngine::TaskRefunded>(&receipt).len(),
            usize::from(first),
            "the first page alone fixes the outcome"
        );
        let page: IEngine::ContestationVoteFinish = event(&receipt);
        assert_eq!((page.start_idx, page.end_idx), range);
        assert_eq!(
            view!(engine.contestations(task)).finish_start_index,
            range.1
        );
        paid.extend(Dispute::shares(&receipt));
        world.books_balance().await;
    }
    let others = SLASH / 2 / 4;
    let expected: Vec<(Address, u128)> = [(rival.address, SLASH / 2)]
        .into_iter()
        .chain(voters.iter().map(|voter| (voter.address, others)))
        .collect();
    assert_eq!(paid, expected);
    refused!(
        rival,
        SettlementComplete,
        engine.contestationVoteFinish(task, 1)
    );
    assert_eq!(dispute.can_vote(voters.first().unwrap()).await, 2);
    world.books_balance().await;
}
