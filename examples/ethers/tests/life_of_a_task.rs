//! The lives that a task can have, by an ethers provider and signer alone, on a local chain:
//! called and read by the bindings that the feature `ethers` makes.

use std::{sync::Arc, time::Duration};

use arbius_example_ethers::network::Network;
use arbius_sdk::{
    chain::FeePolicy,
    contracts::submissions,
    ethers::{
        ToAlloy as _, ToEthers as _,
        engine::{
            ConsumerNotifiedFilter, ContestationSettledFilter, ContestationSubmittedFilter,
            ContestationVoteFilter, FeesPaidFilter, IEngine, IEngineErrors, IEngineEvents,
            ModelRegisteredFilter, RewardsPaidFilter, SolutionSubmittedFilter, TaskInputFilter,
            TaskRefundedFilter, TaskRetractedFilter, TaskRetractionAnnouncedFilter,
            TaskSubmittedFilter,
        },
        permit::IPermit,
        token::{ERC20InsufficientBalance, IToken, ITokenErrors},
        votes::IVotes,
    },
};
use ethers::{
    abi::Address,
    contract::{ContractCall, ContractError, EthEvent, EthLogDecode as _, parse_log},
    middleware::SignerMiddleware,
    providers::{Http, Middleware, Provider, StreamExt as _},
    signers::{LocalWallet, Signer as _},
    types::{Bytes, H256, TransactionReceipt, U256},
    utils::keccak256,
};

type Client = SignerMiddleware<Provider<Http>, LocalWallet>;

/// Who acts, by the place of the chain's account.
const OWNER: usize = 0;
const MODEL_OWNER: usize = 2;
const REQUESTER: usize = 3;
const SOLVER: usize = 4;
const RIVAL: usize = 5;
const VOTER: usize = 6;

/// How long a solution can be contested, and how long a vote lasts, in seconds.
const CONTEST_PERIOD: u64 = 2_000;
const VOTING_PERIOD: u64 = 4_000;

/// How long it takes from the announcement to retract a task to when that can be done, in seconds.
const RETRACTION_NOTICE: u64 = 600;

/// An account with a provider and the contracts over it.
struct Person {
    address: Address,
    client: Arc<Client>,
    engine: IEngine<Client>,
    token: IToken<Client>,
}

fn person(network: &Network, account: usize) -> Person {
    let deployment = network.deployment();
    let provider = Provider::<Http>::try_from(&*deployment.rpc).unwrap();
    let wallet = LocalWallet::from_bytes(deployment.accounts[account].key.as_slice()).unwrap();
    let client = Arc::new(SignerMiddleware::new(
        provider.interval(Duration::from_millis(20)),
        wallet.with_chain_id(deployment.chain_id),
    ));
    Person {
        address: client.address(),
        engine: IEngine::new(deployment.engine().unwrap().to_ethers(), client.clone()),
        token: IToken::new(deployment.token().unwrap().to_ethers(), client.clone()),
        client,
    }
}

impl Person {
    /// Stakes what a validator needs.
    async fn stake(&self) -> U256 {
        let stake = self.engine.get_validator_minimum().call().await.unwrap() * 2;
        send(self.token.approve(self.engine.address(), stake)).await;
        send(self.engine.validator_deposit(self.address, stake)).await;
        stake
    }

    /// What it holds, in wei of AIUS.
    async fn balance(&self) -> U256 {
        self.token.balance_of(self.address).call().await.unwrap()
    }

    /// Lets time pass on the chain.
    async fn pass(&self, seconds: u64) {
        let provider = self.client.provider();
        let _: serde_json::Value = provider
            .request("evm_increaseTime", [seconds])
            .await
            .unwrap();
        let _: String = provider.request("evm_mine", ()).await.unwrap();
    }

    async fn status(&self, task: [u8; 32]) -> u8 {
        self.engine.task_status(task).call().await.unwrap()
    }
}

/// Sends a call and returns its receipt, which must be a success. What a call needs follows the
/// clock, and ethers sends with the bare estimate: it gets the margin of the sdk's lanes.
async fn send<T: ethers::abi::Detokenize>(call: ContractCall<Client, T>) -> TransactionReceipt {
    let estimate = call.estimate_gas().await.unwrap().as_u64();
    let call = call.gas(FeePolicy::default().gas_limit(estimate));
    let receipt = call.send().await.unwrap().await.unwrap().unwrap();
    assert_eq!(receipt.status, Some(1.into()));
    receipt
}

/// The engine's error that a call is refused with.
async fn refusal<T>(call: ContractCall<Client, T>) -> IEngineErrors
where
    T: ethers::abi::Detokenize + std::fmt::Debug,
{
    let error: ContractError<Client> = call.call().await.unwrap_err();
    error
        .decode_contract_revert()
        .unwrap_or_else(|| panic!("not one of the engine's errors: {error}"))
}

/// The only event of a type in a receipt.
fn event<E: EthEvent>(receipt: &TransactionReceipt) -> E {
    let mut events = events(receipt);
    assert_eq!(events.len(), 1, "{}", E::abi_signature());
    events.remove(0)
}

/// All events of a type in a receipt.
fn events<E: EthEvent>(receipt: &TransactionReceipt) -> Vec<E> {
    let logs = receipt.logs.iter().cloned();
    logs.filter_map(|log| parse_log(log).ok()).collect()
}

/// An answer that nobody computed: 34 bytes as any CID on the chain.
fn answer() -> Bytes {
    [&[0x12, 0x20][..], &[7; 32]].concat().into()
}

/// A model of [`MODEL_OWNER`] at the full rate.
async fn register_model(network: &Network, fee: U256) -> [u8; 32] {
    let owner = person(network, MODEL_OWNER);
    let call = owner
        .engine
        .register_model(owner.address, fee, b"{}".into());
    let model = event::<ModelRegisteredFilter>(&send(call).await).id;
    let admin = person(network, OWNER);
    send(
        admin
            .engine
            .set_solution_mineable_rate(model, U256::exp10(18)),
    )
    .await;
    model
}

/// Submits a task of the requester's for 1 AIUS.
async fn submit(requester: &Person, model: [u8; 32]) -> [u8; 32] {
    let (engine, fee) = (&requester.engine, U256::exp10(18));
    send(requester.token.approve(engine.address(), fee)).await;
    let input = Bytes::from_static(br#"{"prompt":"seven"}"#);
    let receipt = send(engine.submit_task(0, requester.address, model, fee, input.clone())).await;

    let submitted: TaskSubmittedFilter = event(&receipt);
    assert_eq!((submitted.model, submitted.fee), (model, fee));
    assert_eq!(submitted.sender, requester.address);
    let announced: TaskInputFilter = event(&receipt);
    assert_eq!(
        (announced.first_id, announced.input),
        (submitted.id, input.clone())
    );

    // The same by the rest of the sdk, which checks that the id is the hash of it all.
    let logs: Vec<_> = receipt.logs.iter().map(|log| log.to_alloy()).collect();
    let [read] = &submissions(&logs)[..] else {
        panic!("one submission, not {:?}", submissions(&logs))
    };
    assert_eq!((read.task.0, read.input.to_ethers()), (submitted.id, input));
    assert_eq!(requester.status(submitted.id).await, 1);
    submitted.id
}

/// Commits and reveals an answer.
async fn solve(solver: &Person, task: [u8; 32]) {
    let engine = &solver.engine;
    let refused = refusal(engine.submit_solution(task, answer())).await;
    assert!(matches!(refused, IEngineErrors::NonExistentCommitment(_)));
    let commitment = engine.generate_commitment(solver.address, task, answer());
    let commitment = commitment.call().await.unwrap();
    let encoded = ethers::abi::encode(&[
        ethers::abi::Token::Address(solver.address),
        ethers::abi::Token::FixedBytes(task.to_vec()),
        ethers::abi::Token::Bytes(answer().to_vec()),
    ]);
    assert_eq!(commitment, keccak256(encoded));
    send(engine.signal_commitment(commitment)).await;
    let receipt = send(engine.submit_solution(task, answer())).await;
    let solved: SolutionSubmittedFilter = event(&receipt);
    assert_eq!((solved.addr, solved.task), (solver.address, task));
    let (validator, _, claimed, cid) = engine.solutions(task).call().await.unwrap();
    assert_eq!((validator, claimed, cid), (solver.address, false, answer()));
    assert_eq!(solver.status(task).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_submitted_solved_claimed_and_paid_by_ethers() {
    let network = Network::start().unwrap();
    let requester = person(&network, REQUESTER);
    let solver = person(&network, SOLVER);
    let engine = &requester.engine;
    let model_fee = U256::exp10(17);
    let model = register_model(&network, model_fee).await;
    let head = requester.client.get_block_number().await.unwrap();

    // The token refuses more than there is, and says how much that is.
    let balance = requester.balance().await;
    let transfer = requester.token.transfer(solver.address, balance + 1);
    let refused = transfer.call().await.unwrap_err();
    let expected = ITokenErrors::ERC20InsufficientBalance(ERC20InsufficientBalance {
        sender: requester.address,
        balance,
        needed: balance + 1,
    });
    assert_eq!(refused.decode_contract_revert(), Some(expected));

    let task = submit(&requester, model).await;
    solver.stake().await;
    solve(&solver, task).await;

    // Nothing is claimed before the contest period is over.
    let refused = refusal(solver.engine.claim_solution(task)).await;
    assert!(matches!(refused, IEngineErrors::NotEnoughDelay(_)));
    solver.pass(CONTEST_PERIOD + 1).await;
    assert_eq!(solver.status(task).await, 4);
    let receipt = send(solver.engine.claim_solution(task)).await;
    let fees: FeesPaidFilter = event(&receipt);
    let rest = U256::exp10(18) - model_fee;
    assert_eq!((fees.model_fee, fees.remaining_fee), (model_fee, rest));
    assert_eq!(fees.validator_fee, rest - rest / 10);
    let rewards: RewardsPaidFilter = event(&receipt);
    assert!(rewards.total > U256::zero());
    assert_eq!(engine.emitted().call().await.unwrap(), rewards.total);
    let refused = refusal(solver.engine.claim_solution(task)).await;
    assert!(matches!(refused, IEngineErrors::AlreadyClaimed(_)));

    // What was earned is paid out, by anyone.
    let earned = fees.validator_fee + rewards.validator_reward;
    assert_eq!(
        engine.earnings(solver.address).call().await.unwrap(),
        earned
    );
    let before = solver.balance().await;
    send(engine.withdraw_earnings(solver.address)).await;
    let after = solver.balance().await;
    assert_eq!(after - before, earned);

    // Its whole life as events: by a filter, and one after the other from the logs.
    let submitted = engine
        .task_submitted_filter()
        .from_block(head)
        .topic1(H256(task));
    assert_eq!(submitted.query().await.unwrap().len(), 1);
    let every = ethers::types::Filter::new()
        .address(engine.address())
        .from_block(head + 1);
    let logs = requester.client.get_logs(&every).await.unwrap();
    let events = logs
        .into_iter()
        .map(|log| IEngineEvents::decode_log(&log.into()).unwrap());
    let names: Vec<_> = events.map(name).collect();
    assert_eq!(
        names,
        [
            "TaskSubmitted",
            "TaskInput",
            "ValidatorDeposit",
            "SignalCommitment",
            "SolutionSubmitted",
            "SolutionClaimed",
            "FeesPaid",
            "RewardsPaid",
            "EarningsWithdrawn",
        ]
    );
}

/// The name of an event's variant.
fn name(event: IEngineEvents) -> String {
    let text = format!("{event:?}");
    let (name, _) = text.split_once("Filter").unwrap();
    name.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_contested_voted_down_and_refunded_by_ethers() {
    let network = Network::start().unwrap();
    let requester = person(&network, REQUESTER);
    let [solver, rival, voter] = [SOLVER, RIVAL, VOTER].map(|account| person(&network, account));
    let model = register_model(&network, U256::zero()).await;
    for validator in [&solver, &rival, &voter] {
        validator.stake().await;
    }
    // Who votes has to have staked this long before the solution.
    let since = voter.engine.max_contestation_validator_stake_since();
    voter.pass(since.call().await.unwrap().as_u64() + 1).await;
    let task = submit(&requester, model).await;
    // A program hears of it as it happens.
    let votes = rival.engine.contestation_vote_filter();
    let mut heard = votes.stream().await.unwrap();
    solve(&solver, task).await;

    let receipt = send(rival.engine.submit_contestation(task)).await;
    let contested: ContestationSubmittedFilter = event(&receipt);
    assert_eq!((contested.addr, contested.task), (rival.address, task));
    let receipt = send(voter.engine.vote_on_contestation(task, true)).await;
    let vote: ContestationVoteFilter = event(&receipt);
    assert_eq!((vote.addr, vote.yea), (voter.address, true));
    for (who, yea) in [(&rival, true), (&solver, false), (&voter, true)] {
        let vote = heard.next().await.unwrap().unwrap();
        assert_eq!((vote.addr, vote.task, vote.yea), (who.address, task, yea));
    }
    assert_eq!(rival.status(task).await, 3);

    let refused = refusal(rival.engine.contestation_vote_finish(task, 3)).await;
    assert!(matches!(refused, IEngineErrors::VotingPeriodNotEnded(_)));
    rival.pass(VOTING_PERIOD + 1).await;
    let receipt = send(rival.engine.contestation_vote_finish(task, 3)).await;
    let settled: ContestationSettledFilter = event(&receipt);
    assert!(settled.rejected && settled.collected > U256::zero());
    let refund: TaskRefundedFilter = event(&receipt);
    assert_eq!(
        (refund.owner, refund.amount),
        (requester.address, U256::exp10(18))
    );
    assert_eq!(rival.status(task).await, 5);
    assert!(events::<RewardsPaidFilter>(&receipt).is_empty());

    let before = requester.balance().await;
    send(requester.engine.withdraw_earnings(requester.address)).await;
    let after = requester.balance().await;
    assert_eq!(after - before, refund.amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_nobody_solves_is_retracted_and_its_consumer_told_by_ethers() {
    let network = Network::start().unwrap();
    let [requester, solver] = [REQUESTER, SOLVER].map(|account| person(&network, account));
    let model = register_model(&network, U256::zero()).await;
    let (engine, fee) = (&requester.engine, U256::exp10(18));
    send(requester.token.approve(engine.address(), fee)).await;
    // No contract is there yet.
    let consumer = requester.address;
    let submit = engine.submit_task_with_consumer(
        0,
        requester.address,
        model,
        fee,
        b"{}".into(),
        consumer,
        50_000,
    );
    let task = event::<TaskSubmittedFilter>(&send(submit).await).id;
    let refused = refusal(engine.notify_consumer(task)).await;
    assert!(matches!(refused, IEngineErrors::TaskNotFinal(_)));
    let refused = refusal(solver.engine.retract_task(task)).await;
    assert!(matches!(refused, IEngineErrors::NotTaskOwner(_)));

    // It announces that, and may do it later.
    let wait = engine.min_retraction_wait_time().call().await.unwrap();
    requester.pass(wait.as_u64() + 1).await;
    let receipt = send(engine.retract_task(task)).await;
    assert_eq!(event::<TaskRetractionAnnouncedFilter>(&receipt).task, task);
    let announced = engine.retraction_announced(task).call().await.unwrap();
    assert!(announced > U256::zero());
    let refused = refusal(engine.retract_task(task)).await;
    assert!(matches!(refused, IEngineErrors::WaitLonger(_)));
    requester.pass(RETRACTION_NOTICE + 1).await;
    let receipt = send(engine.retract_task(task)).await;
    assert_eq!(event::<TaskRetractedFilter>(&receipt).id, task);
    let refund: TaskRefundedFilter = event(&receipt);
    let kept = engine.retraction_fee_percentage().call().await.unwrap();
    let expected = fee - fee * kept / U256::exp10(18);
    assert_eq!((refund.owner, refund.amount), (requester.address, expected));
    assert_eq!(requester.status(task).await, 6);

    // Anybody tells the consumer, as often as it takes.
    for _ in 0..2 {
        let told: ConsumerNotifiedFilter = event(&send(solver.engine.notify_consumer(task)).await);
        assert_eq!(
            (told.task, told.consumer, told.success),
            (task, consumer, false)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_other_interfaces_are_at_the_same_address() {
    let network = Network::start().unwrap();
    let holder = person(&network, REQUESTER);
    let votes = IVotes::new(holder.token.address(), holder.client.clone());
    let permit = IPermit::new(holder.token.address(), holder.client.clone());
    assert_eq!(
        permit.nonces(holder.address).call().await.unwrap(),
        U256::zero()
    );
    send(votes.delegate(holder.address)).await;
    let balance = holder.balance().await;
    assert_eq!(
        votes.get_votes(holder.address).call().await.unwrap(),
        balance
    );
    // A struct by its name.
    let checkpoint = votes.checkpoints(holder.address, 0).call().await.unwrap();
    assert_eq!(checkpoint.value, balance);
}
