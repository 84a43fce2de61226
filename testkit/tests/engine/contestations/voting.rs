//! Who may contest and vote.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn contesting_is_refused_with_its_reason() {
    let dispute = Dispute::new(1, 0).await;
    let (world, task) = (&dispute.world, dispute.task);
    let (solver, rival, engine) = (&world.solver, &world.rival, &world.owner.engine);
    let outsider = world.miner(3);
    refused!(
        rival,
        SolutionNotFound,
        engine.submitContestation(B256::ZERO)
    );
    let open = world.task(dispute.model, U256::ZERO, b"open").await;
    refused!(rival, SolutionNotFound, engine.submitContestation(open));
    refused!(solver, NotAllowed, engine.submitContestation(task));
    refused!(outsider, MinStakedTooLow, engine.submitContestation(task));
    // A validator now, but none when the solution came.
    send!(rival.engine.validatorDeposit(outsider.address, aius(100)));
    refused!(outsider, NotAllowed, engine.submitContestation(task));
    // Free stake counts, not what is on its way out.
    let voter = &dispute.voters[0];
    send!(
        voter
            .engine
            .initiateValidatorWithdraw(U256::from(STAKE - AIUS + 1))
    );
    refused!(voter, MinStakedTooLow, engine.submitContestation(task));

    dispute.contest().await;
    refused!(
        rival,
        ContestationAlreadyExists,
        engine.submitContestation(task)
    );
    refused!(solver, HasContestation, engine.claimSolution(task));

    let late = world.task(dispute.model, U256::ZERO, b"late").await;
    world.solve(solver, late, answer(3)).await;
    world.pass(2_000);
    let view_only = engine.submitContestation(late).from(rival.address);
    view!(view_only);
    world.pass(1);
    refused!(rival, TooLate, engine.submitContestation(late));
    send!(solver.engine.claimSolution(late));
    refused!(rival, AlreadyClaimed, engine.submitContestation(late));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_one_may_vote_is_answered_with_the_reason() {
    let dispute = Dispute::new(2, 0).await;
    let (world, task, voters) = (&dispute.world, dispute.task, &dispute.voters);
    let rival = &world.rival;
    assert_eq!(dispute.can_vote(&voters[0]).await, 1, "not contested");
    refused!(
        voters[0],
        NotAllowed,
        voters[0].engine.voteOnContestation(task, true)
    );
    dispute.contest().await;
    assert_eq!(dispute.can_vote(&voters[0]).await, 0);
    assert_eq!(dispute.can_vote(rival).await, 3, "the contester has voted");
    assert_eq!(
        dispute.can_vote(&world.solver).await,
        3,
        "so has the accused"
    );
    refused!(
        rival,
        NotAllowed,
        rival.engine.voteOnContestation(task, false)
    );
    let outsider = world.miner(5);
    assert_eq!(dispute.can_vote(&outsider).await, 4, "no validator");
    refused!(
        outsider,
        NotAllowed,
        outsider.engine.voteOnContestation(task, true)
    );
    dispute.vote(&voters[0], false).await;
    assert_eq!(dispute.can_vote(&voters[0]).await, 3, "it has voted");
    refused!(
        voters[0],
        NotAllowed,
        voters[0].engine.voteOnContestation(task, false)
    );
    send!(
        world
            .owner
            .engine
            .setValidatorMinimumFloor(U256::from(STAKE + 1))
    );
    assert_eq!(
        dispute.can_vote(&voters[1]).await,
        5,
        "its stake is too low"
    );
    refused!(
        voters[1],
        NotAllowed,
        voters[1].engine.voteOnContestation(task, true)
    );
    send!(world.owner.engine.setValidatorMinimumFloor(aius(1)));
    // To the second, however long the calls before have taken.
    let end: u64 = view!(rival.engine.contestationVoteEnd(task)).to();
    let chain = world.chain.devnet().chain();
    chain.set_next_block_timestamp(end).unwrap();
    chain.mine();
    assert_eq!(dispute.can_vote(&voters[1]).await, 0, "the last second");
    world.pass(1);
    assert_eq!(dispute.can_vote(&voters[1]).await, 2, "the vote is over");
    refused!(
        voters[1],
        NotAllowed,
        voters[1].engine.voteOnContestation(task, true)
    );
}

/// The first voters are found by looking through the lists and later ones by a mark: nobody
/// falls between the two, wherever contester and accused stand.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_vote_nobody_votes_twice() {
    let dispute = Dispute::new(4, 0).await;
    let (world, model) = (&dispute.world, dispute.model);
    let (solver, rival, engine) = (&world.solver, &world.rival, &world.owner.engine);
    let mut voters: Vec<&Person> = dispute.voters.iter().collect();
    for voter in [&world.owner, &world.treasury, &world.model_owner] {
        send!(
            rival
                .engine
                .validatorDeposit(voter.address, U256::from(STAKE))
        );
        voters.push(voter);
    }
    world.pass(120);
    let sides = [
        [false; 7],
        [true; 7],
        [true, false, true, false, true, false, true],
    ];
    let mut tasks = Vec::new();
    for (byte, sides) in (2..).zip(sides) {
        let task = world.task(model, U256::ZERO, b"disputed").await;
        world.solve(solver, task, answer(byte)).await;
        tasks.push((task, sides));
    }
    for (task, sides) in &tasks {
        send!(rival.engine.submitContestation(*task));
        for (place, yea) in sides.iter().enumerate() {
            let voter = voters[place];
            send!(voter.engine.voteOnContestation(*task, *yea));
            refused!(voter, NotAllowed, engine.voteOnContestation(*task, !*yea));
            for (other, person) in voters.iter().chain([&solver, &rival]).enumerate() {
                let voted = other <= place || other >= voters.len();
                assert_eq!(
                    view!(engine.contestationVoted(*task, person.address)),
                    voted,
                    "voter {other} of {sides:?} after vote {place}"
                );
                assert_eq!(
                    view!(engine.validatorCanVote(person.address, *task)),
                    U256::from(if voted { 3 } else { 0 })
                );
            }
        }
    }
    world.pass(4_001);
    for (task, sides) in &tasks {
        let yeas = sides.iter().filter(|yea| **yea).count();
        let receipt = send!(rival.engine.contestationVoteFinish(*task, 10));
        let settled: IEngine::ContestationSettled = event(&receipt);
        assert_eq!(settled.rejected, yeas > sides.len() - yeas, "{sides:?}");
        let winners = 1 + yeas.max(sides.len() - yeas);
        assert_eq!(Dispute::shares(&receipt).len(), winners, "{sides:?}");
        world.books_balance().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_stake_that_arrives_for_the_dispute_has_no_vote() {
    let dispute = Dispute::new(0, 0).await;
    let (world, rival) = (&dispute.world, &dispute.world.rival);
    // Three who became validators 121, 120 and 119 seconds before the next solution.
    let early = world.miner(2);
    let timely = world.miner(3);
    let late = world.miner(4);
    let task = world.task(dispute.model, U256::ZERO, b"second").await;
    world.commit(&world.solver, task, &answer(7)).await;
    let mut since = Vec::new();
    for person in [&early, &timely, &late] {
        world.pass(1);
        send!(rival.engine.validatorDeposit(person.address, aius(10)));
        since.push(
            view!(rival.engine.validators(person.address))
                .since
                .to::<u64>(),
        );
    }
    assert!(since[1] < since[2]);
    world
        .chain
        .devnet()
        .chain()
        .set_next_block_timestamp(since[1] + 120)
        .unwrap();
    send!(world.solver.engine.submitSolution(task, answer(7)));
    let solved = view!(rival.engine.solutions(task)).blocktime;
    assert_eq!(solved, since[1] + 120, "the test's own premise");
    world.pass(1_000);
    // However long ago it is now, it was too late when the solution came.
    refused!(late, NotAllowed, late.engine.submitContestation(task));
    send!(early.engine.submitContestation(task));
    let can = |person: &Person| {
        let call = rival.engine.validatorCanVote(person.address, task);
        async move { view!(call).to::<u64>() }
    };
    assert_eq!(can(&timely).await, 0);
    assert_eq!(can(&late).await, 6);
    refused!(late, NotAllowed, late.engine.voteOnContestation(task, true));
    send!(timely.engine.voteOnContestation(task, false));
}
