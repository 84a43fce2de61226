//! What apps ask, of endpoints that are away or name what cannot be.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::{Revert, SolCall, SolError};
use arbius_sdk::{
    chain::{ChainError, EndpointState, Lane},
    client::{ClientError, Contestation, Network, Requester, TaskFilter, TaskRequest, Withdrawal},
    contracts::{IEngine, TaskStatus},
    deploy::settings::Dao,
    gov::{GovError, Governance},
};
use arbius_testkit::{Actor, TestChain, TestChainBuilder};
use serde_json::{Value, json};

use crate::world::{Hostile, Mode, builder, status, until};

struct World {
    local: TestChain,
    endpoint: Hostile,
    network: Network,
}

impl World {
    async fn new() -> Self {
        Self::of(TestChain::builder()).await
    }

    async fn of(chain: TestChainBuilder) -> Self {
        let digits = arbius_models::digits();
        let chain = chain.model("digits", digits.template, U256::ZERO, U256::ONE);
        let local = chain.start(|_| ()).await.unwrap();
        let endpoint = Hostile::before(local.devnet()).await;
        let network = network(&local, &[&endpoint]).await;
        Self {
            local,
            endpoint,
            network,
        }
    }

    /// Who asks through the endpoint.
    fn requester(&self) -> Requester {
        let signer = self.local.signer(Actor::Requester).unwrap();
        let lane = Lane::new(self.network.chain().clone(), signer);
        Requester::new(lane, self.local.deployment()).unwrap()
    }

    async fn submit(&self, requester: &Requester) -> B256 {
        let request = TaskRequest {
            model: self.network.models().await.unwrap()[0].id,
            fee: U256::from(1000),
            input: br#"{"prompt": "a six"}"#.as_slice().into(),
            owner: None,
        };
        requester.submit(&request).await.unwrap().task
    }

    /// Answers these calls with words of its own.
    fn answers(&self, answers: Vec<([u8; 4], Vec<U256>)>) {
        self.endpoint.lies(move |method, params, ask| {
            let mut answer = ask(params);
            let input = params[0]["input"].as_str().unwrap_or_default();
            for (selector, words) in &answers {
                if method == "eth_call" && input.starts_with(&hex::encode_prefixed(selector)) {
                    let bytes: Vec<u8> = words.iter().flat_map(U256::to_be_bytes::<32>).collect();
                    answer = json!({"jsonrpc": "2.0", "id": answer["id"], "result": hex::encode_prefixed(bytes)});
                }
            }
            answer
        });
    }
}

async fn network(local: &TestChain, endpoints: &[&Hostile]) -> Network {
    let urls: Vec<String> = endpoints.iter().map(|endpoint| endpoint.url()).collect();
    let chain = builder(urls.iter().map(String::as_str)).connect().await;
    Network::new(chain.unwrap(), local.deployment()).unwrap()
}

/// Names a newest block that no chain has come to.
fn boasts(endpoint: &Hostile) {
    endpoint.lies(|method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_getBlockByNumber" && params[0] == "latest" {
            answer["result"]["number"] = json!("0xffffffffffffffff");
        }
        answer
    });
}

fn is_untrue<T: std::fmt::Debug>(asked: Result<T, ClientError>) {
    let error = asked.unwrap_err();
    assert!(
        matches!(&error, ClientError::Chain(ChainError::Untrue { reason, .. })
            if reason.contains("newest block is 18446744073709551615")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_block_since_a_time_is_found_by_headers_alone() {
    let world = World::new().await;
    let chain = world.network.chain();
    for seconds in [5, 0, 0, 60, 3_600] {
        world.local.pass(Duration::from_secs(seconds)).unwrap();
    }
    let head = chain.head().await.unwrap();
    let ledger = world.local.devnet().chain();
    let times: Vec<_> = (0..=head.number)
        .map(|number| ledger.block(number.into()).unwrap().header.timestamp)
        .collect();
    for time in [
        0,
        times[0],
        times[1] + 1,
        head.timestamp - 3_600,
        head.timestamp,
    ] {
        let expected = times.iter().position(|block| *block >= time).unwrap() as u64;
        assert_eq!(
            chain.first_block_since(time).await.unwrap(),
            Some(expected),
            "{time}"
        );
    }
    for time in [head.timestamp + 1, u64::MAX] {
        assert_eq!(chain.first_block_since(time).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_up_to_a_newest_block_that_cannot_be() {
    let dao = Dao {
        voting_delay: 10,
        voting_period: 100,
        proposal_threshold: U256::ONE,
        quorum_percent: 4,
        timelock_delay: 10,
        guardian: Address::ZERO,
    };
    let World {
        local,
        endpoint,
        network: alone,
    } = World::of(TestChain::builder().dao(dao)).await;
    boasts(&endpoint);
    is_untrue(alone.tasks(&TaskFilter::default()).await);
    is_untrue(alone.claimable(Address::ZERO).await);
    is_untrue(alone.models().await);
    let governance = Governance::new(alone.chain().clone(), local.deployment()).unwrap();
    let error = governance.proposals().await.unwrap_err();
    assert!(matches!(error, GovError::Chain(ChainError::Untrue { .. })));
    assert_eq!(endpoint.asked("eth_getLogs"), 0);

    // With another, that one is believed, and the liar not any more.
    let honest = Hostile::before(local.devnet()).await;
    let both = network(&local, &[&endpoint, &honest]).await;
    assert_eq!(both.models().await.unwrap().len(), 1);
    assert_eq!(
        status(both.chain(), &endpoint.url()).state,
        EndpointState::Quarantined
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_tasks_are_found_without_reading_the_whole_past() {
    let world = World::new().await;
    let requester = world.requester();
    let mut tasks = Vec::new();
    for blocks in [12_000, 0, 12_000, 0] {
        tasks.push(world.submit(&requester).await);
        world.local.devnet().chain().mine_many(blocks, 1).unwrap();
    }
    tasks.reverse();
    let listed = async |filter: TaskFilter| -> (Vec<B256>, usize) {
        let before = world.endpoint.asked("eth_getLogs");
        let found = world.network.tasks(&filter).await.unwrap();
        let asked = world.endpoint.asked("eth_getLogs") - before;
        (found.iter().map(|task| task.id).collect(), asked)
    };
    let some = |limit| TaskFilter {
        limit: Some(limit),
        statuses: vec![TaskStatus::Open],
        ..TaskFilter::default()
    };
    assert_eq!(listed(some(0)).await, (Vec::new(), 0));
    assert_eq!(listed(some(1)).await, (tasks[..1].to_vec(), 1));
    assert_eq!(listed(TaskFilter::default()).await, (tasks.clone(), 3));
    let newest = world.network.task(tasks[0]).await.unwrap();
    let since = TaskFilter {
        since: Some(newest.time),
        ..TaskFilter::default()
    };
    assert_eq!(listed(since).await, (tasks[..1].to_vec(), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_votes_or_withdrawals_than_there_can_be_are_no_answer() {
    let world = World::new().await;
    let (chain, engine) = (world.network.chain(), world.network.engine());
    let (one, many) = (U256::ONE, U256::from(u32::MAX));
    world.answers(vec![
        (
            IEngine::contestationsCall::SELECTOR,
            vec![one, one, one, one],
        ),
        (
            IEngine::contestationVoteCountsCall::SELECTOR,
            vec![one, many],
        ),
        (
            IEngine::validatorWithdrawPendingAmountCall::SELECTOR,
            vec![one],
        ),
        (
            IEngine::pendingValidatorWithdrawRequestsCountCall::SELECTOR,
            vec![U256::from(u64::MAX)],
        ),
    ]);
    let error = Contestation::of(chain, engine, B256::ZERO)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("more than there can be"),
        "{error}"
    );
    let error = Withdrawal::of(chain, engine, Address::ZERO)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("1000 newest"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_task_outlasts_an_endpoint_that_is_away_for_a_while() {
    let world = World::new().await;
    let requester = world.requester();
    let task = world.submit(&requester).await;

    let waiting = tokio::spawn({
        let requester = requester.clone();
        async move {
            requester
                .await_solution(task, Duration::from_secs(600))
                .await
        }
    });
    // A look is two questions, or one that three attempts did not answer, after which the
    // endpoint is left alone for a while: by the third there was a look.
    let looks = async |what: &str| {
        let before = world.endpoint.asked("eth_call");
        until(what, async || world.endpoint.asked("eth_call") > before + 2).await;
        assert!(!waiting.is_finished(), "{what}");
    };
    looks("it sees the task").await;
    world.endpoint.set(Mode::Status(503, None));
    looks("it asks in vain").await;
    world.endpoint.set(Mode::Honest);
    looks("it goes on").await;
    waiting.abort();

    let (start, time) = (Instant::now(), Duration::from_secs(1));
    let waited = requester.await_solution(task, time).await;
    let open = TaskStatus::Open;
    assert!(
        matches!(waited, Err(ClientError::TimedOut { status, .. }) if status == open),
        "{waited:?}"
    );
    assert!(start.elapsed() >= time);

    // An endpoint that stays away is what is told in the end. It answers one question, which is
    // the first look; only if that takes all the time is nothing to be told.
    let calls = AtomicUsize::new(0);
    world.endpoint.lies(move |method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_call" && calls.fetch_add(1, Ordering::Relaxed) > 0 {
            let error = json!({"code": -32_603, "message": "internal error"});
            answer = json!({"jsonrpc": "2.0", "id": answer["id"], "error": error});
        }
        answer
    });
    let waited = requester.await_final(task, Duration::from_secs(5)).await;
    assert!(
        matches!(
            &waited,
            Err(ClientError::Chain(ChainError::Unreachable { .. }))
        ),
        "{waited:?}"
    );
    // And one that never answered is told at once.
    world.endpoint.set(Mode::Status(503, None));
    let waited = requester.await_final(task, Duration::from_secs(600)).await;
    assert!(matches!(waited, Err(ClientError::Chain(_))), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_says_at_length_is_told_in_brief() {
    let world = World::new().await;
    let (network, length) = (&world.network, 1 << 20);
    let says = |part: Value| {
        world.endpoint.lies(move |method, params, ask| {
            let mut answer = ask(params);
            if method == "eth_call" {
                answer = json!({"jsonrpc": "2.0", "id": answer["id"]});
                let (name, value) = part.as_object().unwrap().iter().next().unwrap();
                answer[name] = value.clone();
            }
            answer
        });
    };
    let long = format!("\u{1b}[2Jno{}", " way".repeat(length / 4));
    let reason = Revert::from(long.clone()).abi_encode();
    for said in [
        json!({"error": {"code": -32_602, "message": long}}),
        json!({"error": {"code": -32_603, "message": long}}),
        json!({"error": {"code": -32_005, "message": format!("rate limit {long}")}}),
        json!({"error": {"code": 3, "message": "execution reverted", "data": hex::encode_prefixed(reason)}}),
        json!({"error": {"code": 3, "message": "execution reverted", "data": hex::encode_prefixed(vec![7; length])}}),
        json!({"result": hex::encode_prefixed(vec![7; length])}),
        json!({"result": [long]}),
    ] {
        says(said);
        let error = network.status(B256::ZERO).await.unwrap_err().to_string();
        assert!(error.len() < 2_000, "{} bytes: {error:.2000}", error.len());
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}
