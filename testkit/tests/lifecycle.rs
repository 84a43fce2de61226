//! The life of a task through JSON-RPC, by plain alloy: nothing of the sdk but its HTTP
//! client and where the contracts are.

use std::time::Duration;

use alloy::{
    contract::Error as ContractError,
    providers::{DynProvider, Provider},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use arbius_protocol::{cid, emission};
use arbius_sdk::contracts::{IEngine, IToken};
use arbius_testkit::{AIUS, Actor, TestChain, event, send};

type Engine = IEngine::IEngineInstance<DynProvider>;
type Token = IToken::ITokenInstance<DynProvider>;

/// An actor with alloy's own provider, wallet, nonce and gas fillers.
struct Person {
    address: Address,
    provider: DynProvider,
    engine: Engine,
    token: Token,
}

fn person(chain: &TestChain, actor: Actor) -> Person {
    let provider = chain.provider(actor).unwrap();
    Person {
        address: chain.lane(actor).unwrap().address(),
        engine: IEngine::new(chain.engine(), provider.clone()),
        token: IToken::new(chain.token(), provider.clone()),
        provider,
    }
}

fn engine_error(error: &ContractError) -> IEngine::IEngineErrors {
    error
        .as_decoded_interface_error::<IEngine::IEngineErrors>()
        .unwrap_or_else(|| panic!("not one of the engine's errors: {error}"))
}

/// The engine's error that a call answers with.
macro_rules! refusal {
    ($call:expr) => {
        match $call.call().await {
            Ok(_) => panic!("{} was not refused", stringify!($call)),
            Err(error) => engine_error(&error),
        }
    };
}

async fn register(owner: &Person, chain: &TestChain, fee: U256, template: &[u8]) -> B256 {
    let call = owner
        .engine
        .registerModel(owner.address, fee, Bytes::copy_from_slice(template));
    let receipt = send!(call);
    let id = event::<IEngine::ModelRegistered>(&receipt).id;
    assert_eq!(
        &event::<IEngine::ModelTemplate>(&receipt).template[..],
        template
    );
    let admin = person(chain, Actor::Owner);
    send!(admin.engine.setSolutionMineableRate(id, U256::from(AIUS)));
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_submitted_solved_claimed_and_paid() {
    let chain = TestChain::start().await.unwrap();
    let model_owner = person(&chain, Actor::ModelOwner);
    let requester = person(&chain, Actor::Requester);
    let solver = person(&chain, Actor::Miner(0));
    let engine = &requester.engine;

    // The supply is whole and the reserve is mining's.
    assert_eq!(
        requester.token.totalSupply().call().await.unwrap(),
        U256::from(1_000_000 * AIUS)
    );
    let reserve = requester
        .token
        .balanceOf(*engine.address())
        .call()
        .await
        .unwrap();
    assert_eq!(reserve, U256::from(600_000 * AIUS));

    let model_fee = U256::from(AIUS / 10);
    let model = register(&model_owner, &chain, model_fee, b"{\"meta\":{}}").await;

    // Submission: the id is chained, the input is in an event, the fee is taken.
    let (fee, input) = (
        U256::from(AIUS),
        Bytes::from_static(b"{\"prompt\":\"seven\"}"),
    );
    let previous = engine.prevhash().call().await.unwrap();
    send!(requester.token.approve(*engine.address(), fee));
    let receipt = send!(engine.submitTask(0, requester.address, model, fee, input.clone()));
    let submitted: IEngine::TaskSubmitted = event(&receipt);
    let announced: IEngine::TaskInput = event(&receipt);
    let task = submitted.id;
    let input_cid = Bytes::from(cid::encode(cid::digest(&input).unwrap()).to_vec());
    let expected =
        keccak256((requester.address, previous, model, fee, input_cid.clone()).abi_encode_params());
    assert_eq!(task, expected);
    assert_eq!((announced.firstId, announced.count), (task, U256::from(1)));
    assert_eq!(announced.input, input);
    assert_eq!(engine.tasks(task).call().await.unwrap().cid, input_cid);
    assert_eq!(engine.taskStatus(task).call().await.unwrap(), 1);

    // Without a stake nobody solves; without a commitment neither.
    let answer = Bytes::from(cid::encode(B256::repeat_byte(7)).to_vec());
    let commitment = engine
        .generateCommitment(solver.address, task, answer.clone())
        .call()
        .await
        .unwrap();
    assert_eq!(
        commitment,
        keccak256((solver.address, task, answer.clone()).abi_encode_params())
    );
    let minimum = engine.getValidatorMinimum().call().await.unwrap();
    send!(solver.token.approve(*engine.address(), minimum));
    send!(solver.engine.validatorDeposit(solver.address, minimum));
    let error = refusal!(solver.engine.submitSolution(task, answer.clone()));
    assert!(matches!(
        error,
        IEngine::IEngineErrors::NonExistentCommitment(_)
    ));

    // Commit in one block, reveal in a later one; the second solution is refused by name.
    send!(solver.engine.signalCommitment(commitment));
    let receipt = send!(solver.engine.submitSolution(task, answer.clone()));
    assert_eq!(event::<IEngine::SolutionSubmitted>(&receipt).task, task);
    let solution = engine.solutions(task).call().await.unwrap();
    assert_eq!(
        (solution.validator, solution.claimed),
        (solver.address, false)
    );
    assert_eq!(solution.cid, answer);
    assert_eq!(engine.taskStatus(task).call().await.unwrap(), 2);
    let error = refusal!(solver.engine.submitSolution(task, answer.clone()));
    assert!(matches!(
        error,
        IEngine::IEngineErrors::SolutionAlreadySubmitted(_)
    ));

    // No claim before the contest end, one after it.
    let error = refusal!(solver.engine.claimSolution(task));
    assert!(matches!(error, IEngine::IEngineErrors::NotEnoughDelay(_)));
    chain.pass(Duration::from_secs(2_001)).unwrap();
    assert_eq!(engine.taskStatus(task).call().await.unwrap(), 4);
    let start = engine.startBlockTime().call().await.unwrap();
    let receipt = send!(solver.engine.claimSolution(task));
    let block = receipt.block_number.unwrap();
    let block = requester
        .provider
        .get_block(block.into())
        .await
        .unwrap()
        .unwrap();

    // Fees: the model's first, of the rest 10 % to the treasury and 90 % to the solver.
    let fees: IEngine::FeesPaid = event(&receipt);
    let rest = fee - model_fee;
    assert_eq!((fees.modelFee, fees.treasuryFee), (model_fee, U256::ZERO));
    assert_eq!(fees.remainingFee, rest);
    assert_eq!(fees.validatorFee, rest - rest / U256::from(10));

    // Reward: to the wei what the curve says for this block.
    let reward = emission::reward(block.header.timestamp - start, 0).unwrap();
    let rewards: IEngine::RewardsPaid = event(&receipt);
    assert_eq!(rewards.total, U256::from(reward));
    assert_eq!(
        rewards.treasuryReward + rewards.validatorReward,
        rewards.total
    );
    assert_eq!(engine.emitted().call().await.unwrap(), rewards.total);

    // Earnings are credited, and paid out to whom they belong, by anyone.
    let earned = fees.validatorFee + rewards.validatorReward;
    assert_eq!(
        engine.earnings(solver.address).call().await.unwrap(),
        earned
    );
    let before = requester
        .token
        .balanceOf(solver.address)
        .call()
        .await
        .unwrap();
    send!(engine.withdrawEarnings(solver.address));
    let after = requester
        .token
        .balanceOf(solver.address)
        .call()
        .await
        .unwrap();
    assert_eq!(after - before, earned);
    assert_eq!(
        engine.earnings(model_owner.address).call().await.unwrap(),
        model_fee
    );

    // Solvent: what the engine holds is the reserve and what it owes.
    let held = requester
        .token
        .balanceOf(*engine.address())
        .call()
        .await
        .unwrap();
    let owed = engine.totalHeld().call().await.unwrap();
    assert_eq!(held, U256::from(600_000 * AIUS) - rewards.total + owed);
    let error = refusal!(solver.engine.claimSolution(task));
    assert!(matches!(error, IEngine::IEngineErrors::AlreadyClaimed(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_takes_an_unsolved_task_back_in_two_steps() {
    let chain = TestChain::start().await.unwrap();
    let model_owner = person(&chain, Actor::ModelOwner);
    let requester = person(&chain, Actor::Requester);
    let engine = &requester.engine;
    let model = register(&model_owner, &chain, U256::ZERO, b"{}").await;
    let fee = U256::from(AIUS);
    let balance = requester
        .token
        .balanceOf(requester.address)
        .call()
        .await
        .unwrap();
    send!(requester.token.approve(*engine.address(), fee));
    let call = engine.submitTask(0, requester.address, model, fee, Bytes::from_static(b"{}"));
    let task = event::<IEngine::TaskSubmitted>(&send!(call)).id;

    let error = refusal!(engine.retractTask(task));
    assert!(matches!(error, IEngine::IEngineErrors::NotEnoughDelay(_)));
    chain.pass(Duration::from_secs(10_001)).unwrap();
    send!(engine.retractTask(task));
    let error = refusal!(engine.retractTask(task));
    assert!(matches!(error, IEngine::IEngineErrors::WaitLonger(_)));
    chain.pass(Duration::from_secs(601)).unwrap();
    let receipt = send!(engine.retractTask(task));
    assert_eq!(event::<IEngine::TaskRetracted>(&receipt).id, task);
    assert_eq!(engine.taskStatus(task).call().await.unwrap(), 6);

    // The refund is owed, less 10 %.
    let refund = fee - fee / U256::from(10);
    if engine.earnings(requester.address).call().await.unwrap() > U256::ZERO {
        send!(engine.withdrawEarnings(requester.address));
    }
    let left = requester
        .token
        .balanceOf(requester.address)
        .call()
        .await
        .unwrap();
    assert_eq!(balance - left, fee - refund);
}
