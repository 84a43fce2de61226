//! Miners at work on a chain with the whole protocol: from prompt to verified bytes.

use std::{
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_sdk::{
    chain::Call,
    client::{ClientError, Network, Outputs, Requester, TaskRequest},
    content::{FetchLimits, Fetcher},
    contracts::{IEngine, IToken, TaskStatus},
    deploy::{
        DeploymentFileError,
        model::{ModelTerms, register_model, set_rate},
    },
    inference::{InProcess, InferenceError, Solver},
    miner::{Catalogue, CatalogueError, Job, Miner, MinerError, MinerHandle, Settings, State},
    model::Bundle,
};
use arbius_testkit::{
    Actor, TestChain,
    requester::{self, IRequester},
};

const AIUS: u128 = 1_000_000_000_000_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

fn bundle() -> Arc<Bundle> {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Arc::new(Bundle::from_bytes(digits.template, digits.manifest, files).unwrap())
}

/// A chain with the model registered and rated.
async fn chain_with_model() -> (TestChain, B256) {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::from(AIUS / 100),
    };
    let template = bundle().template_bytes().to_vec();
    let model = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let owner = chain.lane(Actor::Owner).unwrap();
    set_rate(owner, chain.engine(), model, U256::from(AIUS))
        .await
        .unwrap();
    (chain, model)
}

fn miner(chain: &TestChain, number: usize, model: B256, folder: &Path) -> Miner {
    let settings = Settings {
        poll: Duration::from_millis(50),
        ..Settings::default()
    };
    Miner::builder()
        .deployment(chain.deployment().clone())
        .signer(chain.signer(Actor::Miner(number)).unwrap())
        .solver(Arc::new(InProcess::default()))
        .catalogue(Catalogue::new().with(model, bundle()))
        .folder(folder)
        .gateway(([127, 0, 0, 1], 0).into())
        .settings(settings)
}

fn requester(chain: &TestChain) -> Requester {
    let lane = chain.lane(Actor::Requester).unwrap().clone();
    Requester::new(lane, chain.deployment()).unwrap()
}

fn request(model: B256, prompt: &str) -> TaskRequest {
    let input = serde_json::json!({ "prompt": prompt }).to_string();
    TaskRequest {
        model,
        fee: U256::from(AIUS),
        input: input.into_bytes().into(),
        owner: None,
    }
}

/// Waits until every job of a miner is over, and `count` of them are there.
async fn all_over(miner: &MinerHandle, count: usize) {
    let over = async {
        loop {
            let jobs = miner.jobs().unwrap();
            if jobs.len() == count && jobs.iter().all(|job| job.state.is_over()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, over).await.is_err() {
        panic!("jobs are not over: {:#?}", miner.jobs().unwrap());
    }
}

/// Waits until a job of a miner has got as far as a state.
async fn reached(miner: &MinerHandle, task: B256, state: State) {
    let there = async {
        loop {
            let jobs = miner.jobs().unwrap();
            if jobs
                .iter()
                .any(|job| job.task == task && job.reached_at(state).is_some())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, there).await.is_err() {
        panic!(
            "{task} did not get to {state}: {:#?}",
            miner.jobs().unwrap()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_miners_compete_and_every_task_is_paid_once() {
    let (chain, model) = chain_with_model().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut miners = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        miners.push(
            miner(&chain, number, model, folder.path())
                .spawn()
                .await
                .unwrap(),
        );
    }
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();

    // Three tasks by the account itself, one through a contract.
    let mut tasks = Vec::new();
    for prompt in ["a zero", "one", "draw me a seven"] {
        tasks.push(
            requester
                .submit(&request(model, prompt))
                .await
                .unwrap()
                .task,
        );
    }
    let lane = chain.lane(Actor::Requester).unwrap();
    let contract = requester::deploy(lane, chain.engine()).await.unwrap();
    let approve = IToken::approveCall {
        spender: contract,
        value: U256::from(AIUS),
    };
    lane.execute(Call::new(chain.token(), &approve))
        .await
        .unwrap();
    let TaskRequest {
        model, fee, input, ..
    } = request(model, "four");
    let receipt = lane
        .execute(Call::new(
            contract,
            &IRequester::askCall { model, fee, input },
        ))
        .await
        .unwrap();
    let asked = receipt
        .events::<IRequester::Asked>(contract)
        .next()
        .unwrap();
    assert_eq!(asked.asker, lane.address());
    tasks.push(asked.task);

    // Optimistic results, verified block by block from whichever gateway has them.
    let gateways: Vec<String> = miners.iter().filter_map(MinerHandle::gateway).collect();
    let fetcher = Fetcher::new(&gateways, FetchLimits::default()).unwrap();
    for task in &tasks {
        let solution = requester.await_solution(*task, PATIENCE).await.unwrap();
        let outputs = Outputs::fetch(&fetcher, solution.cid).await.unwrap();
        assert_eq!(outputs.files.len(), 1);
        assert!(outputs.files[0].bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }

    for task in &tasks {
        let winner = requester
            .network()
            .solution(*task)
            .await
            .unwrap()
            .unwrap()
            .solver;
        let winner = miners
            .iter()
            .find(|miner| miner.account() == winner)
            .unwrap();
        reached(winner, *task, State::Revealed).await;
    }
    chain.pass(Duration::from_secs(2_001)).unwrap();
    for task in &tasks {
        let solution = requester.await_final(*task, PATIENCE).await.unwrap();
        let info = requester.network().task(*task).await.unwrap();
        assert_eq!(info.status, TaskStatus::Final);
        assert_eq!(info.solution.unwrap().cid, solution.cid);
        let submission = requester.network().submission(*task).await.unwrap();
        assert_eq!(submission.model, model);
        assert!(submission.input.starts_with(b"{\"prompt\":"));
    }
    // A miner that first hears of a task together with its solution makes no job of it.
    for miner in &miners {
        all_over(miner, miner.jobs().unwrap().len()).await;
    }
    let tallies: Vec<_> = miners.iter().map(|miner| miner.tally().unwrap()).collect();
    let claimed: usize = tallies.iter().map(|tally| tally.of(State::Claimed)).sum();
    assert_eq!(claimed, tasks.len(), "{tallies:#?}");
    for tally in &tallies {
        let jobs: usize = tally.jobs.values().sum();
        assert_eq!(
            jobs,
            tally.of(State::Claimed) + tally.of(State::Lost),
            "{tally:#?}"
        );
    }
    let rewards = tallies
        .iter()
        .fold(U256::ZERO, |sum, tally| sum + tally.rewards);
    assert!(rewards > U256::ZERO);
    for miner in miners {
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_dies_at_any_step_takes_its_job_up_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    let steps = [
        State::Seen,
        State::Planned,
        State::Solved,
        State::Pinned,
        State::Committed,
        State::Revealed,
    ];
    let mut tasks = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let first = miner(&chain, 0, model, folder.path())
            .spawn()
            .await
            .unwrap();
        let prompt = format!("number {number}");
        let task = requester
            .submit(&request(model, &prompt))
            .await
            .unwrap()
            .task;
        tasks.push(task);
        reached(&first, task, step).await;
        // Dropped where it stands: nothing is finished, nothing is said.
        drop(first);

        let second = respawn(&chain, model, folder.path()).await;
        reached(&second, task, State::Revealed).await;
        let solution = requester.network().solution(task).await.unwrap().unwrap();
        assert_eq!(solution.solver, second.account());
        second.stop().await.unwrap();
    }
    // And between the contest end and the claim.
    chain.pass(Duration::from_secs(2_001)).unwrap();
    let last = respawn(&chain, model, folder.path()).await;
    for task in &tasks {
        reached(&last, *task, State::Claimable).await;
    }
    drop(last);
    let last = respawn(&chain, model, folder.path()).await;
    all_over(&last, tasks.len()).await;
    assert_eq!(last.tally().unwrap().of(State::Claimed), tasks.len());
    for task in tasks {
        assert!(
            requester
                .network()
                .solution(task)
                .await
                .unwrap()
                .unwrap()
                .claimed
        );
    }
    last.stop().await.unwrap();
}

/// Pauses that differ and repeat: a linear congruential generator (Knuth's MMIX constants).
struct Pauses(u64);

impl Pauses {
    fn next(&mut self) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 250)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_again_and_again_under_load_accounts_for_every_task() {
    const TASKS: usize = 40;
    const KILLS: usize = 12;
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    let fee = U256::from(AIUS / 10);
    requester.approve(fee * U256::from(TASKS)).await.unwrap();
    // Half with inputs of their own, half with one input for all.
    let lane = chain.lane(Actor::Requester).unwrap();
    let owner = lane.address();
    let inputs = (0..TASKS / 2)
        .map(|i| request(model, &format!("digit {i}")).input)
        .collect();
    let each = IEngine::bulkSubmitTasksCall {
        version: 0,
        owner,
        model,
        fee,
        inputs,
    };
    lane.execute(Call::new(chain.engine(), &each))
        .await
        .unwrap();
    let input = request(model, "nine").input;
    let n = U256::from(TASKS - TASKS / 2);
    let same = IEngine::bulkSubmitTaskCall {
        version: 0,
        owner,
        model,
        fee,
        input,
        n,
    };
    lane.execute(Call::new(chain.engine(), &same))
        .await
        .unwrap();

    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut pauses = Pauses(seed);
    for _ in 0..KILLS {
        let running = respawn(&chain, model, folder.path()).await;
        tokio::time::sleep(pauses.next()).await;
        drop(running);
    }
    let last = respawn(&chain, model, folder.path()).await;
    let revealed = async {
        while last
            .jobs()
            .unwrap()
            .iter()
            .filter(|job| job.state == State::Revealed)
            .count()
            < TASKS
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, revealed).await.is_err() {
        panic!("not everything is revealed: {:#?}", last.tally().unwrap());
    }
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&last, TASKS).await;
    let tally = last.tally().unwrap();
    assert_eq!(tally.of(State::Claimed), TASKS, "{tally:#?}");
    // The chain agrees: every task is claimed by this miner, and nothing is owed any more.
    for job in last.jobs().unwrap() {
        let solution = requester
            .network()
            .solution(job.task)
            .await
            .unwrap()
            .unwrap();
        assert!(solution.claimed && solution.solver == last.account());
    }
    last.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reorganisation_undoes_is_done_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    let task = requester
        .submit(&request(model, "three"))
        .await
        .unwrap()
        .task;
    let before = chain.devnet().chain().snapshot();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    reached(&miner, task, State::Revealed).await;
    // Stake, commitment and solution are gone; the task is still there.
    assert!(chain.devnet().chain().revert(before));
    assert!(requester.network().solution(task).await.unwrap().is_none());
    let stake = IEngine::validatorDepositCall {
        validator: miner.account(),
        amount: U256::from(AIUS),
    };
    let lane = chain.lane(Actor::Requester).unwrap();
    let approve = IToken::approveCall {
        spender: chain.engine(),
        value: U256::from(10 * AIUS),
    };
    lane.resync().await;
    lane.execute(Call::new(chain.token(), &approve))
        .await
        .unwrap();
    lane.execute(Call::new(chain.engine(), &stake))
        .await
        .unwrap();
    let solution = requester.await_solution(task, PATIENCE).await.unwrap();
    assert_eq!(solution.solver, miner.account());
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&miner, 1).await;
    assert_eq!(miner.tally().unwrap().of(State::Claimed), 1);
    miner.stop().await.unwrap();
}

/// Raises the validator minimum of a chain, in AIUS.
async fn raise_minimum(chain: &TestChain, amount: u128) {
    let call = IEngine::setValidatorMinimumFloorCall {
        amount: U256::from(amount * AIUS),
    };
    let owner = chain.lane(Actor::Owner).unwrap();
    owner
        .execute(Call::new(chain.engine(), &call))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_tops_its_stake_up_when_the_minimum_rises() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    // Leave it 6 AIUS.
    let lane = chain.lane(Actor::Miner(0)).unwrap();
    let held = IToken::balanceOfCall {
        account: lane.address(),
    };
    let held = chain.chain().read(chain.token(), &held).await.unwrap();
    let away = IToken::transferCall {
        to: chain.lane(Actor::Requester).unwrap().address(),
        value: held - U256::from(6 * AIUS),
    };
    lane.execute(Call::new(chain.token(), &away)).await.unwrap();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    raise_minimum(&chain, 5).await;
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    reached(&miner, task, State::Revealed).await;
    let validator = miner.account();
    let call = IEngine::validatorsCall { validator };
    let staked = chain.chain().read(chain.engine(), &call).await.unwrap();
    assert!(staked.staked >= U256::from(5 * AIUS), "{}", staked.staked);

    // More than it has: the job waits, says for what, and goes on once that is there.
    raise_minimum(&chain, 10).await;
    let task = requester.submit(&request(model, "six")).await.unwrap().task;
    noted(&miner, task, "deposit 4.5 AIUS").await;
    let back = IToken::transferCall {
        to: validator,
        value: U256::from(5 * AIUS),
    };
    let lane = chain.lane(Actor::Requester).unwrap();
    lane.execute(Call::new(chain.token(), &back)).await.unwrap();
    reached(&miner, task, State::Revealed).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_may_not_stake_says_what_to_deposit() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        poll: Duration::from_millis(50),
        stake: false,
        ..Settings::default()
    };
    let miner = miner(&chain, 0, model, folder.path())
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    noted(&miner, task, "deposit 1 AIUS").await;
    miner.stop().await.unwrap();
}

/// Waits until the note of a job says something.
async fn noted(miner: &MinerHandle, task: B256, text: &str) {
    let says = |job: &Job| job.note.as_deref().is_some_and(|note| note.contains(text));
    let there = async {
        while !miner
            .jobs()
            .unwrap()
            .iter()
            .any(|job| job.task == task && says(job))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, there).await.is_err() {
        panic!("{task} never said `{text}`: {:#?}", miner.jobs().unwrap());
    }
}

/// Starts the miner again once the one that was dropped has let go of its store.
async fn respawn(chain: &TestChain, model: B256, folder: &Path) -> MinerHandle {
    for _ in 0..200 {
        match miner(chain, 0, model, folder).spawn().await {
            Err(MinerError::Store(arbius_sdk::miner::StoreError::InUse { .. })) => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            other => return other.unwrap(),
        }
    }
    panic!("the dropped miner never let go of its store");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_solve_is_declined_with_the_reason() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    for input in [&b"not JSON"[..], b"{\"prompt\": 5}", b""] {
        let input = Bytes::from_static(input);
        let request = TaskRequest {
            input,
            ..request(model, "")
        };
        requester.submit(&request).await.unwrap();
    }
    all_over(&miner, 3).await;
    for job in miner.jobs().unwrap() {
        assert_eq!(job.state, State::Declined, "{job:#?}");
        assert!(!job.note.unwrap().is_empty());
    }
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_before_anything_is_sent() {
    let (chain, model) = chain_with_model().await;
    let requester = requester(&chain);
    let account = chain.lane(Actor::Requester).unwrap().address();
    let nonce = chain.chain().nonce(account, true).await.unwrap();
    let unknown = requester
        .submit(&request(B256::repeat_byte(9), "one"))
        .await
        .unwrap_err();
    assert!(
        matches!(unknown, ClientError::UnknownModel { .. }),
        "{unknown}"
    );
    let cheap = TaskRequest {
        fee: U256::from(1),
        ..request(model, "one")
    };
    let error = requester.submit(&cheap).await.unwrap_err();
    assert!(
        matches!(error, ClientError::FeeBelowModelFee { .. }),
        "{error}"
    );
    let dear = TaskRequest {
        fee: U256::from(900_000 * AIUS),
        ..request(model, "one")
    };
    let error = requester.submit(&dear).await.unwrap_err();
    assert!(
        matches!(error, ClientError::InsufficientTokens { .. }),
        "{error}"
    );
    let large = TaskRequest {
        input: vec![b' '; 65_537].into(),
        ..request(model, "one")
    };
    let error = requester.submit(&large).await.unwrap_err();
    assert!(
        matches!(error, ClientError::InputTooLarge { .. }),
        "{error}"
    );
    let error = requester
        .network()
        .task(B256::repeat_byte(3))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::UnknownTask { .. }), "{error}");
    assert_eq!(chain.chain().nonce(account, true).await.unwrap(), nonce);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_whose_engine_is_something_else_is_refused() {
    let chain = TestChain::start().await.unwrap();
    let (engine, token) = (chain.engine(), chain.token());
    let connect = async |name: &str, address: Address| {
        let mut deployment = chain.deployment().clone();
        deployment.contracts.insert(name.to_owned(), address);
        match Network::connect(&deployment).await.unwrap_err() {
            ClientError::Deployment(error) => error,
            other => panic!("{other}"),
        }
    };
    let error = connect("engine", token).await;
    assert!(
        matches!(error, DeploymentFileError::NoEngine { engine, .. } if engine == token),
        "{error}"
    );
    let error = connect("token", engine).await;
    let text = error.to_string();
    assert!(
        matches!(error, DeploymentFileError::OtherToken { found, .. } if found == token),
        "{text}"
    );
    for address in [engine, token] {
        assert!(text.contains(&address.to_string()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_refuses_a_bundle_that_is_not_the_registered_model() {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let other = register_model(lane, chain.engine(), terms, b"{\"other\": 1}")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = miner(&chain, 0, other, folder.path())
        .spawn()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&other.to_string()), "{error}");
    let nobody = B256::repeat_byte(0x33);
    let error = miner(&chain, 0, nobody, folder.path())
        .spawn()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&nobody.to_string()), "{error}");
}

type Solved = Result<arbius_sdk::inference::Outputs, InferenceError>;

/// Fails at first, as with a bundle that this machine cannot run.
struct Failing {
    /// How often still.
    times: AtomicUsize,
    solver: InProcess,
}

impl Solver for Failing {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> Pin<Box<dyn Future<Output = Solved> + Send + 'a>> {
        let left = |times: usize| times.checked_sub(1);
        if self
            .times
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .is_ok()
        {
            let error = InferenceError::Outputs("out of order".to_owned());
            return Box::pin(async move { Err(error) });
        }
        self.solver.solve(bundle, input, seed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_reproduced_is_left_out() {
    let (chain, model) = chain_with_model().await;
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let template = bundle().template_bytes().to_vec();
    let other = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = |failures: usize| {
        let solver = Failing {
            times: AtomicUsize::new(failures),
            solver: InProcess::default(),
        };
        let catalogue = Catalogue::new().with(model, bundle()).with(other, bundle());
        miner(&chain, 0, model, folder.path())
            .solver(Arc::new(solver))
            .catalogue(catalogue)
            .spawn()
    };
    // They are tried in the order of their ids.
    let error = start(2).await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(
            error,
            MinerError::Catalogue(CatalogueError::NoneLeft { count: 2, .. })
        ),
        "{text}"
    );
    for id in [model, other] {
        assert!(text.contains(&id.to_string()), "{text}");
    }

    let miner = start(1).await.unwrap();
    let good = model.max(other);
    assert_eq!(miner.models(), [good]);
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    requester
        .submit(&request(model.min(other), "one"))
        .await
        .unwrap();
    let task = requester.submit(&request(good, "two")).await.unwrap().task;
    reached(&miner, task, State::Revealed).await;
    assert_eq!(miner.jobs().unwrap().len(), 1);
    miner.stop().await.unwrap();
}
