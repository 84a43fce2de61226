//! Competitions: who may open, enter, choose and vote, and where the prize goes.

use alloy::{contract::RawCallBuilder, providers::DynProvider};
use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_examples::competition::{
    self,
    ICompetition::{self, ICompetitionInstance, Mode, Phase},
};
use arbius_sdk::{contracts::IEngine, deploy::DeployError};
use arbius_testkit::{aius, event, send, view};

use crate::world::{CONTEST, Person, World, refused};

/// Seconds that entries are taken.
const ENTRY: u64 = 86_400;

/// Seconds that a decision may take.
const DECISION: u64 = 43_200;

/// What a prize is.
fn prize() -> U256 {
    aius(100)
}

/// A world with the contract, which takes prizes from Ann.
struct Arena {
    world: World,
    contract: Address,
}

impl Arena {
    async fn new() -> Self {
        let world = World::new().await;
        let contract = competition::deploy(world.lane(), world.chain.engine())
            .await
            .unwrap();
        send!(world.ann.token.approve(contract, U256::MAX));
        Self { world, contract }
    }

    fn of(&self, person: &Person) -> ICompetitionInstance<DynProvider> {
        ICompetition::new(self.contract, person.provider.clone())
    }

    fn ann(&self) -> ICompetitionInstance<DynProvider> {
        self.of(&self.world.ann)
    }

    /// Ann opens a competition.
    async fn open(&self, mode: Mode) -> U256 {
        let end = self.world.now() + ENTRY;
        let contract = self.ann();
        let call = contract.open(self.world.model, prize(), end, DECISION, mode);
        event::<ICompetition::Opened>(&send!(call)).id
    }

    /// A person enters a solved task.
    async fn enter(&self, id: U256, person: &Person, input: &'static str) -> B256 {
        let task = self.world.solved(person, input).await;
        send!(self.of(person).enter(id, task));
        task
    }

    /// The time of entries is over, and what they hold is final.
    fn close(&self) {
        self.world.pass(ENTRY);
    }

    async fn phase(&self, id: U256) -> Phase {
        view!(self.ann().phase(id))
    }

    async fn owed(&self, person: &Person) -> U256 {
        view!(self.ann().owed(person.address))
    }

    /// Everyone takes what they are owed; nothing is left of these competitions then.
    async fn all_is_paid(&self) {
        let world = &self.world;
        for person in [&world.ann, &world.bob, &world.cleo, &world.dan] {
            let owed = self.owed(person).await;
            if owed.is_zero() {
                continue;
            }
            let before = world.balance(person.address).await;
            // Anyone may see to it.
            let paid: ICompetition::Withdrawn = event(&send!(self.ann().withdraw(person.address)));
            assert_eq!((paid.account, paid.amount), (person.address, owed));
            assert_eq!(world.balance(person.address).await, before + owed);
        }
        assert_eq!(world.balance(self.contract).await, U256::ZERO);
    }
}

fn wrong_phase(phase: Phase) -> ICompetition::WrongPhase {
    ICompetition::WrongPhase { phase }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisers_choice_gets_the_whole_prize_and_takes_it_itself() {
    let arena = Arena::new().await;
    let World { bob, cleo, ann, .. } = &arena.world;
    let before = arena.world.balance(ann.address).await;
    let id = arena.open(Mode::Organiser).await;
    assert_eq!(
        arena.world.balance(ann.address).await,
        before - prize(),
        "the prize is in escrow"
    );
    let first = arena.enter(id, bob, "a").await;
    let second = arena.enter(id, cleo, "b").await;
    let known = view!(arena.ann().competition(id));
    assert_eq!(
        (known.organiser, known.model, known.prize, known.entries),
        (ann.address, arena.world.model, prize(), U256::from(2))
    );
    assert_eq!(known.mode, Mode::Organiser);
    assert_eq!(known.entriesEnd, known.opened + ENTRY);
    assert_eq!(known.decisionTime, DECISION);
    assert_eq!(view!(arena.ann().competitions()), U256::ONE);
    assert_eq!(view!(arena.ann().engine()), arena.world.chain.engine());
    assert_eq!(view!(arena.ann().token()), arena.world.chain.token());
    for (index, task) in [first, second, B256::ZERO].into_iter().enumerate() {
        assert_eq!(view!(arena.ann().entryAt(id, U256::from(index))), task);
    }

    // Not before everyone had the same time to enter.
    refused!(
        ann,
        wrong_phase(Phase::Entering),
        arena.ann().choose(id, first)
    );
    arena.close();
    assert_eq!(arena.phase(id).await, Phase::Choosing);
    refused!(
        bob,
        ICompetition::NotOrganiser {},
        arena.of(bob).choose(id, first)
    );
    let stranger = ICompetition::NotEntered { task: B256::ZERO };
    refused!(ann, stranger, arena.ann().choose(id, B256::ZERO));
    let awarded: ICompetition::Awarded = event(&send!(arena.ann().choose(id, second)));
    assert_eq!(
        (awarded.task, awarded.entrant, awarded.amount),
        (second, cleo.address, prize())
    );
    assert_eq!(arena.phase(id).await, Phase::Decided);

    // Once.
    refused!(
        ann,
        wrong_phase(Phase::Decided),
        arena.ann().choose(id, first)
    );
    let again = ICompetition::AlreadyAwarded { task: second };
    refused!(cleo, again, arena.of(cleo).award(id, second));
    let loser = ICompetition::NotWinner { task: first };
    refused!(bob, loser, arena.of(bob).award(id, first));
    refused!(ann, wrong_phase(Phase::Decided), arena.ann().refund(id));
    arena.all_is_paid().await;
    let nothing = ICompetition::NothingToWithdraw {
        account: cleo.address,
    };
    refused!(cleo, nothing, arena.of(cleo).withdraw(cleo.address));
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_vote_with_what_they_had_when_entries_closed() {
    let arena = Arena::new().await;
    let World {
        ann,
        bob,
        cleo,
        dan,
        ..
    } = &arena.world;
    for voter in [ann, bob, cleo] {
        send!(voter.votes.delegate(voter.address));
    }
    let id = arena.open(Mode::Vote).await;
    let first = arena.enter(id, bob, "a").await;
    let second = arena.enter(id, cleo, "b").await;
    refused!(
        bob,
        wrong_phase(Phase::Entering),
        arena.of(bob).vote(id, first)
    );
    // A little less than Bob, who is to win against Cleo.
    send!(cleo.token.transfer(dan.address, aius(10)));
    arena.close();
    assert_eq!(arena.phase(id).await, Phase::Voting);

    let voted: ICompetition::Voted = event(&send!(arena.of(bob).vote(id, first)));
    assert_eq!((voted.task, voted.voter), (first, bob.address));
    assert!(view!(arena.ann().hasVoted(id, bob.address)));
    let again = ICompetition::AlreadyVoted { voter: bob.address };
    refused!(bob, again, arena.of(bob).vote(id, second));
    // What was voted with votes no second time in other hands.
    let moved = arena.world.balance(bob.address).await;
    send!(bob.token.transfer(dan.address, moved));
    send!(dan.votes.delegate(dan.address));
    let late = ICompetition::NoVotes { voter: dan.address };
    refused!(dan, late, arena.of(dan).vote(id, second));
    let weaker: ICompetition::Voted = event(&send!(arena.of(cleo).vote(id, second)));
    assert!(weaker.weight < voted.weight);
    refused!(
        ann,
        wrong_phase(Phase::Voting),
        arena.ann().award(id, first)
    );
    let standing = view!(arena.ann().standing(id));
    assert_eq!(
        (standing.votes, standing.leaders, standing.escrow),
        (voted.weight, U256::ONE, prize())
    );

    arena.world.pass(DECISION);
    assert_eq!(arena.phase(id).await, Phase::Decided);
    refused!(
        ann,
        wrong_phase(Phase::Decided),
        arena.ann().vote(id, second)
    );
    let loser = ICompetition::NotWinner { task: second };
    refused!(cleo, loser, arena.of(cleo).award(id, second));
    // Anyone may see to it.
    send!(arena.of(dan).award(id, first));
    let entry = view!(arena.ann().entry(id, first));
    assert_eq!(
        (entry.entrant, entry.votes, entry.awarded),
        (bob.address, voted.weight, true)
    );
    assert_eq!(arena.owed(bob).await, prize());
    let again = ICompetition::AlreadyAwarded { task: first };
    refused!(dan, again, arena.of(dan).award(id, first));
    arena.all_is_paid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_tie_share_the_prize_to_the_wei() {
    let arena = Arena::new().await;
    let World {
        ann,
        bob,
        cleo,
        dan,
        ..
    } = &arena.world;
    let voters = [ann, bob, cleo];
    for voter in voters {
        send!(voter.votes.delegate(voter.address));
    }
    let odd = U256::from(100);
    let end = arena.world.now() + ENTRY;
    let contract = arena.ann();
    let call = contract.open(arena.world.model, odd, end, DECISION, Mode::Vote);
    let id = event::<ICompetition::Opened>(&send!(call)).id;
    let mut tasks = Vec::new();
    for (entrant, input) in [(bob, "a"), (cleo, "b"), (dan, "c")] {
        tasks.push(arena.enter(id, entrant, input).await);
    }
    let unloved = arena.enter(id, dan, "d").await;
    // Fees and the prize came out of the same 10,000 AIUS: make them equal again.
    let least = aius(9_000);
    for voter in voters {
        let surplus = arena.world.balance(voter.address).await - least;
        send!(voter.token.transfer(dan.address, surplus));
    }
    arena.close();
    for (voter, task) in voters.iter().zip(&tasks) {
        send!(arena.of(voter).vote(id, *task));
    }
    assert_eq!(view!(arena.ann().standing(id)).leaders, U256::from(3));
    arena.world.pass(DECISION);
    let loser = ICompetition::NotWinner { task: unloved };
    refused!(dan, loser, arena.of(dan).award(id, unloved));
    let mut shares = Vec::new();
    for task in &tasks {
        let awarded: ICompetition::Awarded = event(&send!(arena.ann().award(id, *task)));
        shares.push(awarded.amount.to::<u64>());
    }
    assert_eq!(shares, [33, 33, 34]);
    arena.all_is_paid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_entries_the_prize_goes_back_once_entries_are_over() {
    let arena = Arena::new().await;
    let ann = &arena.world.ann;
    for mode in [Mode::Organiser, Mode::Vote] {
        let id = arena.open(mode).await;
        refused!(ann, wrong_phase(Phase::Entering), arena.ann().refund(id));
        arena.close();
        assert_eq!(arena.phase(id).await, Phase::Void);
        refused!(
            ann,
            wrong_phase(Phase::Void),
            arena.ann().choose(id, B256::ZERO)
        );
        // Anyone may see to it; the organiser is credited.
        let bob = &arena.world.bob;
        let refunded: ICompetition::Refunded = event(&send!(arena.of(bob).refund(id)));
        assert_eq!(
            (refunded.organiser, refunded.amount),
            (ann.address, prize())
        );
        refused!(
            ann,
            ICompetition::AlreadyRefunded {},
            arena.ann().refund(id)
        );
        arena.all_is_paid().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_votes_the_prize_goes_back() {
    let arena = Arena::new().await;
    let id = arena.open(Mode::Vote).await;
    let task = arena.enter(id, &arena.world.bob, "a").await;
    arena.close();
    let ann = &arena.world.ann;
    refused!(ann, wrong_phase(Phase::Voting), arena.ann().refund(id));
    arena.world.pass(DECISION);
    refused!(ann, wrong_phase(Phase::Void), arena.ann().award(id, task));
    send!(arena.ann().refund(id));
    arena.all_is_paid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organiser_that_does_not_choose_loses_the_choice_to_a_vote() {
    let arena = Arena::new().await;
    let World { ann, bob, cleo, .. } = &arena.world;
    send!(cleo.votes.delegate(cleo.address));
    let id = arena.open(Mode::Organiser).await;
    let task = arena.enter(id, bob, "a").await;
    arena.close();
    refused!(
        cleo,
        wrong_phase(Phase::Choosing),
        arena.of(cleo).vote(id, task)
    );
    arena.world.pass(DECISION);
    assert_eq!(arena.phase(id).await, Phase::Voting);
    refused!(
        ann,
        wrong_phase(Phase::Voting),
        arena.ann().choose(id, task)
    );
    refused!(ann, wrong_phase(Phase::Voting), arena.ann().refund(id));
    send!(arena.of(cleo).vote(id, task));
    arena.world.pass(DECISION);
    send!(arena.of(bob).award(id, task));
    assert_eq!(arena.owed(bob).await, prize());
    arena.all_is_paid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_not_the_callers_new_results_are_refused() {
    let arena = Arena::new().await;
    let World {
        ann,
        bob,
        cleo,
        dan,
        model,
        ..
    } = &arena.world;
    let old = arena.world.solved(bob, "old").await;
    arena.world.pass(1);
    let id = arena.open(Mode::Vote).await;
    let of_bob = arena.of(bob);

    let too_old = ICompetition::TaskTooOld { task: old };
    refused!(bob, too_old, of_bob.enter(id, old));
    let nobodys = ICompetition::WrongModel { model: B256::ZERO };
    refused!(bob, nobodys, of_bob.enter(id, B256::repeat_byte(7)));

    // Cleo's answer cannot be entered by Bob, nor by Cleo twice.
    let theirs = arena.world.solved(cleo, "theirs").await;
    let not_owner = ICompetition::NotTaskOwner {
        owner: cleo.address,
    };
    refused!(bob, not_owner, of_bob.enter(id, theirs));
    send!(arena.of(cleo).enter(id, theirs));
    let twice = ICompetition::AlreadyEntered { task: theirs };
    refused!(cleo, twice, arena.of(cleo).enter(id, theirs));
    assert_eq!(view!(arena.ann().competition(id)).entries, U256::ONE);

    // Not solved, then retracted.
    let open = arena.world.task(bob, *model, "open").await;
    let unsolved = ICompetition::TaskNotEligible {
        task: open,
        status: 1,
    };
    refused!(bob, unsolved, of_bob.enter(id, open));
    arena.world.pass(10_001);
    send!(bob.engine.retractTask(open));
    arena.world.pass(601);
    send!(bob.engine.retractTask(open));
    let retracted = ICompetition::TaskNotEligible {
        task: open,
        status: 6,
    };
    refused!(bob, retracted, of_bob.enter(id, open));

    // Of another model.
    let register =
        ann.engine
            .registerModel(ann.address, U256::ZERO, Bytes::from_static(b"another"));
    let another = event::<IEngine::ModelRegistered>(&send!(register)).id;
    let foreign = arena.world.task(bob, another, "foreign").await;
    arena.world.solve(foreign).await;
    let wrong_model = ICompetition::WrongModel { model: another };
    refused!(bob, wrong_model, of_bob.enter(id, foreign));

    let late = arena.world.solved(dan, "late").await;

    // Rejected, last: its solver has to wait now.
    let wrong = arena.world.solved(bob, "wrong").await;
    arena.world.contest(wrong).await;
    arena.world.reject(wrong).await;
    let rejected = ICompetition::TaskNotEligible {
        task: wrong,
        status: 5,
    };
    refused!(bob, rejected, of_bob.enter(id, wrong));

    // Too late, and nowhere.
    arena.close();
    refused!(
        dan,
        wrong_phase(Phase::Voting),
        arena.of(dan).enter(id, late)
    );
    let nowhere = id + U256::ONE;
    refused!(
        dan,
        wrong_phase(Phase::None),
        arena.of(dan).enter(nowhere, late)
    );
    refused!(dan, wrong_phase(Phase::None), arena.of(dan).refund(nowhere));
    refused!(
        dan,
        wrong_phase(Phase::None),
        arena.of(dan).vote(nowhere, late)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_result_is_voted_down_can_neither_be_chosen_nor_voted_for() {
    let arena = Arena::new().await;
    let World { ann, bob, cleo, .. } = &arena.world;
    send!(cleo.votes.delegate(cleo.address));
    let chosen = arena.open(Mode::Organiser).await;
    let voted = arena.open(Mode::Vote).await;
    // Entered just before the end, and contested just before it would have been final.
    arena.world.pass(ENTRY - 600);
    let fake = arena.world.solved(bob, "fake").await;
    for id in [chosen, voted] {
        send!(arena.of(bob).enter(id, fake));
    }
    let honest = arena.enter(voted, cleo, "honest").await;
    arena.world.pass(CONTEST - 100);
    arena.world.contest(fake).await;
    let contested = ICompetition::TaskNotEligible {
        task: fake,
        status: 3,
    };
    refused!(ann, contested, arena.ann().choose(chosen, fake));
    arena.world.reject(fake).await;
    assert_eq!(arena.world.status(fake).await, 5);
    let rejected = || ICompetition::TaskNotEligible {
        task: fake,
        status: 5,
    };
    refused!(ann, rejected(), arena.ann().choose(chosen, fake));
    refused!(cleo, rejected(), arena.of(cleo).vote(voted, fake));
    send!(arena.of(cleo).vote(voted, honest));

    // Nothing was left to choose: after the vote the prize of one goes back.
    arena.world.pass(2 * DECISION);
    send!(arena.ann().refund(chosen));
    send!(arena.of(cleo).award(voted, honest));
    assert_eq!(arena.owed(ann).await, prize());
    assert_eq!(arena.owed(cleo).await, prize());
    arena.all_is_paid().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_takes_nothing() {
    let arena = Arena::new().await;
    let World {
        ann, bob, model, ..
    } = &arena.world;
    let now = arena.world.now();
    let contract = arena.ann();
    let open = |model: B256, prize: U256, end: u64, decision: u64, mode: Mode| {
        contract.open(model, prize, end, decision, mode)
    };
    let end = now + ENTRY;
    refused!(
        ann,
        ICompetition::NoPrize {},
        open(*model, U256::ZERO, end, DECISION, Mode::Vote)
    );
    for (end, decision) in [
        (now, DECISION),
        (0, DECISION),
        (now + 366 * 86_400, DECISION),
        (u64::MAX, DECISION),
        (end, 6 * 3_600 - 1),
        (end, 30 * 86_400 + 1),
        (end, u64::MAX),
    ] {
        refused!(
            ann,
            ICompetition::BadSchedule {},
            open(*model, prize(), end, decision, Mode::Vote)
        );
    }
    let nobody = B256::repeat_byte(9);
    refused!(
        ann,
        ICompetition::ModelDoesNotExist { model: nobody },
        open(nobody, prize(), end, DECISION, Mode::Vote)
    );
    // A number that is no mode, which the typed call cannot say.
    let mut data = open(*model, prize(), end, DECISION, Mode::Vote)
        .calldata()
        .to_vec();
    *data.last_mut().unwrap() = 2;
    let raw = RawCallBuilder::new_raw(ann.provider.clone(), data.into()).to(arena.contract);
    refused!(ann, ICompetition::UnknownMode { mode: 2 }, raw);

    // Bob approved nothing, and nobody has more than there is.
    let of_bob = arena.of(bob);
    let unpaid = of_bob.open(*model, prize(), end, DECISION, Mode::Vote);
    assert!(unpaid.from(bob.address).call().await.is_err());
    for amount in [aius(1_000_000), U256::MAX] {
        let rich = open(*model, amount, end, DECISION, Mode::Vote);
        assert!(rich.from(ann.address).call().await.is_err());
    }
    assert_eq!(view!(contract.competitions()), U256::ZERO);
    assert_eq!(arena.world.balance(arena.contract).await, U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_be_bound_to_what_is_no_engine() {
    let world = World::new().await;
    let token = world.chain.token();
    let error = competition::deploy(world.lane(), token).await.unwrap_err();
    let DeployError::Chain(error) = error else {
        panic!("{error}")
    };
    let refused = ICompetition::NotAnEngine { engine: token };
    assert_eq!(error.revert().unwrap().error(), Some(refused), "{error}");
}
