//! Contestations (protocol section 8): who may contest and vote, what it costs, how the
//! vote ends and who gets what.

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{Address, B256, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, Person, World, aius, answer, event, events, refused, send, view};

/// What a vote locks on a young network.
const SLASH: u128 = AIUS / 8;

/// What each validator starts with.
const STAKE: u128 = 10 * AIUS;

/// A solved task whose solution can be contested, and who may have a say.
struct Dispute {
    world: World,
    model: B256,
    task: B256,
    /// Validators for long: neither the solver nor the rival.
    voters: Vec<Person>,
}

impl Dispute {
    /// The solver has solved a task of fee 10, which the rival can contest. Solutions lock
    /// `solution_stake`.
    async fn new(voters: usize, solution_stake: u128) -> Self {
        let (world, model) = World::with_model(U256::ZERO).await;
        let voters: Vec<Person> = (0..voters).map(|n| world.miner(2 + n)).collect();
        for voter in &voters {
            send!(
                world
                    .rival
                    .engine
                    .validatorDeposit(voter.address, U256::from(STAKE))
            );
        }
        if solution_stake != 0 {
            send!(
                world
                    .owner
                    .engine
                    .setSolutionsStakeAmount(U256::from(solution_stake))
            );
        }
        world.pass(120);
        let task = world.task(model, aius(10), b"in").await;
        world.solve(&world.solver, task, answer(1)).await;
        Self {
            world,
            model,
            task,
            voters,
        }
    }

    async fn contest(&self) -> TransactionReceipt {
        send!(self.world.rival.engine.submitContestation(self.task))
    }

    async fn vote(&self, voter: &Person, yea: bool) -> TransactionReceipt {
        send!(voter.engine.voteOnContestation(self.task, yea))
    }

    /// Settles up to `amount` winners; anyone may.
    async fn settle(&self, amount: u32) -> TransactionReceipt {
        send!(
            self.world
                .requester
                .engine
                .contestationVoteFinish(self.task, amount)
        )
    }

    async fn staked(&self, person: &Person) -> u128 {
        view!(self.world.owner.engine.validators(person.address))
            .staked
            .to()
    }

    async fn can_vote(&self, person: &Person) -> u64 {
        view!(
            self.world
                .owner
                .engine
                .validatorCanVote(person.address, self.task)
        )
        .to()
    }

    /// The shares that a page paid beside the locks, in order.
    fn shares(receipt: &TransactionReceipt) -> Vec<(Address, u128)> {
        events::<IEngine::ContestationShare>(receipt)
            .into_iter()
            .map(|paid| {
                assert_eq!(paid.lock, U256::from(SLASH));
                (paid.validator, paid.share.to())
            })
            .collect()
    }
}

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
