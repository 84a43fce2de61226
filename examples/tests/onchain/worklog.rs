//! An agent's log: what is written when, what is refused, and being told outcomes.

use alloy::providers::DynProvider;
use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_examples::worklog::{
    self,
    IWorklog::{self, IWorklogInstance},
};
use arbius_protocol::cid;
use arbius_sdk::{contracts::IEngine, deploy::DeployError};
use arbius_testkit::{aius, event, refusal, send, view};

use crate::world::{CONTEST, GENESIS, Person, World, answer, refused};

/// A period, seconds.
pub(crate) const HOUR: u32 = 3_600;

/// A world with the contract, and a log of Bob's with a task an hour.
pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) contract: Address,
    pub(crate) id: U256,
    /// The hour in which the log was opened.
    pub(crate) first: u64,
}

impl Office {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let contract = worklog::deploy(world.lane(), world.chain.engine())
            .await
            .unwrap();
        for agent in [&world.ann, &world.bob] {
            send!(agent.token.approve(contract, U256::MAX));
        }
        let log = IWorklog::new(contract, world.bob.provider.clone());
        let opened: IWorklog::Opened = event(&send!(log.open(world.model, HOUR)));
        assert_eq!(
            (opened.agent, opened.model, opened.length),
            (world.bob.address, world.model, HOUR)
        );
        let first = world.now() / u64::from(HOUR);
        Self {
            world,
            contract,
            id: opened.id,
            first,
        }
    }

    pub(crate) fn of(&self, person: &Person) -> IWorklogInstance<DynProvider> {
        IWorklog::new(self.contract, person.provider.clone())
    }

    pub(crate) fn bob(&self) -> IWorklogInstance<DynProvider> {
        self.of(&self.world.bob)
    }

    /// Bob records this hour's task.
    pub(crate) async fn record(&self) -> B256 {
        let contract = self.bob();
        let call = contract.record(self.id, aius(1), Bytes::from_static(b"in"));
        event::<IWorklog::Recorded>(&send!(call)).task
    }

    /// Bob records this hour's task, and it is solved.
    pub(crate) async fn solved(&self) -> B256 {
        let task = self.record().await;
        self.world.solve(task).await;
        task
    }

    /// The next hour begins.
    pub(crate) fn next_hour(&self) {
        let hour = u64::from(HOUR);
        self.world.pass(hour - self.world.now() % hour);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_takes_one_task_which_the_agent_owns_and_pays() {
    let office = Office::new().await;
    let World { ann, bob, .. } = &office.world;
    let contract = office.bob();
    let before = office.world.balance(bob.address).await;
    let record = contract.record(office.id, aius(1), Bytes::from_static(b"in"));
    let receipt = send!(record);
    let recorded: IWorklog::Recorded = event(&receipt);
    let task = recorded.task;
    assert_eq!((recorded.id, recorded.period), (office.id, office.first));
    assert_eq!(office.first, GENESIS / u64::from(HOUR));
    assert_eq!(office.world.balance(bob.address).await, before - aius(1));
    assert_eq!(office.world.balance(office.contract).await, U256::ZERO);
    let submitted = view!(ann.engine.tasks(task));
    assert_eq!(
        (submitted.owner, submitted.model),
        (bob.address, office.world.model)
    );
    let consumer: IEngine::TaskConsumer = event(&receipt);
    assert_eq!(
        (consumer.consumer, consumer.gasLimit),
        (office.contract, view!(contract.outcomeGas()))
    );

    let again = contract.record(office.id, aius(1), Bytes::from_static(b"again"));
    refused!(bob, IWorklog::AlreadyRecorded { task }, again);
    office.next_hour();
    office.next_hour();
    let later = office.record().await;
    // The hour between stays empty.
    assert_eq!(
        view!(contract.tasks(office.id, office.first, 4)),
        [task, B256::ZERO, later, B256::ZERO]
    );
    assert_eq!(view!(contract.taskAt(office.id, office.first + 2)), later);
    let entry = view!(contract.entry(later));
    assert_eq!(
        (entry.id, entry.period, entry.outcome),
        (office.id, office.first + 2, 0)
    );
    let log = view!(contract.log(office.id));
    assert_eq!((log.agent, log.model), (bob.address, office.world.model));
    assert_eq!((log.length, log.firstPeriod), (HOUR, office.first));
    assert_eq!((log.entries, log.finals, log.failures), (2, 0, 0));
    assert_eq!(view!(contract.logs()), U256::ONE);
    assert_eq!(view!(contract.engine()), office.world.chain.engine());
    assert_eq!(view!(contract.token()), office.world.chain.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_writes_a_log_and_none_is_opened_of_nothing() {
    let office = Office::new().await;
    let World {
        ann, bob, model, ..
    } = &office.world;
    let of_ann = office.of(ann);
    let input = || Bytes::from_static(b"in");
    let agent = IWorklog::NotAgent { agent: bob.address };
    refused!(ann, agent, of_ann.record(office.id, aius(1), input()));
    for id in [U256::ZERO, U256::from(2), U256::MAX] {
        let nothing = IWorklog::LogDoesNotExist { id };
        refused!(ann, nothing, of_ann.record(id, aius(1), input()));
    }
    for length in [0, 59, 7 * 86_400 + 1, u32::MAX] {
        refused!(
            ann,
            IWorklog::BadPeriod { length },
            of_ann.open(*model, length)
        );
    }
    let unknown = B256::repeat_byte(9);
    let nothing = IWorklog::ModelDoesNotExist { model: unknown };
    refused!(ann, nothing, of_ann.open(unknown, HOUR));
    let many = IWorklog::TooMany {
        count: U256::from(1_025),
    };
    refused!(ann, many, of_ann.tasks(office.id, 0, 1_025));
    // Past the end of time there is nothing, and nothing breaks.
    let beyond = view!(of_ann.tasks(office.id, u64::MAX - 1, 5));
    assert_eq!(beyond, [B256::ZERO; 5]);

    // More than the agent has: the token's word, and nothing is written.
    let contract = office.bob();
    let rich = contract.record(office.id, aius(1_000_000), input());
    assert!(rich.from(bob.address).call().await.is_err());
    assert_eq!(view!(contract.log(office.id)).entries, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_counts_what_became_final_and_what_did_not() {
    let office = Office::new().await;
    let World { ann, bob, .. } = &office.world;
    let kept = office.solved().await;
    office.next_hour();
    let lost = office.solved().await;
    office.world.contest(lost).await;
    refusal!(IEngine::TaskNotFinal, ann.engine.notifyConsumer(lost));
    let before = office.world.balance(bob.address).await;
    office.world.reject(lost).await;
    send!(bob.engine.withdrawEarnings(bob.address));
    assert_eq!(
        office.world.balance(bob.address).await,
        before + aius(1),
        "the fee of a rejected task is the agent's again"
    );

    let receipt = send!(ann.engine.notifyConsumer(kept));
    let told: IWorklog::OutcomeTold = event(&receipt);
    assert_eq!(
        (told.task, told.period, told.outcome),
        (kept, office.first, 4)
    );
    assert_eq!(told.cid.as_ref(), cid::encode(answer(kept)));
    assert!(event::<IEngine::ConsumerNotified>(&receipt).success);
    let told: IWorklog::OutcomeTold = event(&send!(ann.engine.notifyConsumer(lost)));
    assert_eq!((told.outcome, told.cid.len()), (5, 0));
    let log = view!(office.bob().log(office.id));
    assert_eq!((log.entries, log.finals, log.failures), (2, 1, 1));
    assert_eq!(view!(office.bob().entry(lost)).outcome, 5);
    refusal!(IEngine::AlreadyNotified, ann.engine.notifyConsumer(kept));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_engine_tells_it_outcomes_and_only_of_its_own_tasks() {
    let office = Office::new().await;
    let World {
        ann, bob, model, ..
    } = &office.world;
    let task = office.solved().await;
    let forged = office.bob();
    let forged = forged.onTaskOutcome(task, 4, Bytes::new());
    refused!(
        bob,
        IWorklog::NotEngine {
            caller: bob.address
        },
        forged
    );

    // Anybody may name it for a task of their own; it does not count, and harms nobody.
    let call = ann.engine.submitTaskWithConsumer(
        0,
        ann.address,
        *model,
        aius(1),
        Bytes::from_static(b"mine"),
        office.contract,
        200_000,
    );
    let foreign = event::<IEngine::TaskSubmitted>(&send!(call)).id;
    office.world.solve(foreign).await;
    office.world.pass(CONTEST);
    let told: IEngine::ConsumerNotified = event(&send!(ann.engine.notifyConsumer(foreign)));
    assert!(!told.success);
    assert_eq!(view!(office.bob().log(office.id)).finals, 0);
    send!(ann.engine.notifyConsumer(task));
    assert_eq!(view!(office.bob().log(office.id)).finals, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_gas_to_tell_it_changes_nothing_and_can_be_tried_again() {
    let office = Office::new().await;
    let ann = &office.world.ann;
    let task = office.solved().await;
    office.world.pass(CONTEST);
    // Somebody who wants it to be told in vain: enough gas for the engine, not for the contract.
    let promised = u64::from(view!(office.bob().outcomeGas()));
    let stingy = ann.engine.notifyConsumer(task).gas(promised);
    refused!(ann, IEngine::NotEnoughGas {}, stingy);
    let sent = ann.engine.notifyConsumer(task).gas(promised);
    let receipt = sent.send().await.unwrap().get_receipt().await.unwrap();
    assert!(!receipt.status());
    assert!(!view!(ann.engine.taskConsumer(task)).notified);
    assert_eq!(view!(office.bob().log(office.id)).finals, 0);

    let receipt = send!(ann.engine.notifyConsumer(task));
    assert!(event::<IEngine::ConsumerNotified>(&receipt).success);
    assert_eq!(view!(office.bob().log(office.id)).finals, 1);
    assert!(
        receipt.gas_used < promised,
        "all of it together took {} gas, and it asks for {promised}",
        receipt.gas_used
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_promises_it_too_little_gas_is_paid_and_never_told() {
    let office = Office::new().await;
    let World { ann, model, .. } = &office.world;
    // What an app does that counted too little for its own contract.
    let call = ann.engine.submitTaskWithConsumer(
        0,
        ann.address,
        *model,
        aius(1),
        Bytes::from_static(b"in"),
        office.contract,
        2_000,
    );
    let task = event::<IEngine::TaskSubmitted>(&send!(call)).id;
    office.world.solve(task).await;
    office.world.pass(CONTEST);
    for _ in 0..2 {
        let told: IEngine::ConsumerNotified = event(&send!(ann.engine.notifyConsumer(task)));
        assert!(!told.success, "2,000 gas do not even start a program");
    }
    assert!(!view!(ann.engine.taskConsumer(task)).notified);
    // Nothing else waits for it.
    office.world.pass(3_601);
    send!(ann.engine.claimSolution(task));
    assert_eq!(office.world.status(task).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_be_bound_to_what_is_no_engine() {
    let world = World::new().await;
    let token = world.chain.token();
    let error = worklog::deploy(world.lane(), token).await.unwrap_err();
    let DeployError::Chain(error) = error else {
        panic!("{error}")
    };
    let refused = IWorklog::NotAnEngine { engine: token };
    assert_eq!(error.revert().unwrap().error(), Some(refused), "{error}");
}
