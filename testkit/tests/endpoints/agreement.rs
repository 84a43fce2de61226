//! Endpoints held against each other.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolCall as _, sol};
use arbius_devnet::Devnet;
use arbius_sdk::chain::{Agreement, Chain, ChainBuilder, ChainError, EndpointState};
use serde_json::{Value, json};

use crate::world::{EMITTER, Hostile, Mode, STALLED, builder, comes_to, devnet, status, until};

sol! {
    function block() external view returns (uint256);
}

/// A contract that answers with the number of the block.
const NUMBER: alloy_primitives::Address = alloy_primitives::Address::repeat_byte(0xbb);

async fn three() -> (Devnet, [Hostile; 3], Chain) {
    three_by(|builder| builder).await
}

/// As [`three`], for those that stall.
async fn three_that_may_stall() -> (Devnet, [Hostile; 3], Chain) {
    three_by(|builder| builder.request_timeout(STALLED)).await
}

async fn three_by(set: impl FnOnce(ChainBuilder) -> ChainBuilder) -> (Devnet, [Hostile; 3], Chain) {
    let devnet = devnet().await;
    // mstore(0, timestamp); return(0, 32)
    let code = [0x42, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3];
    devnet.chain().set_code(NUMBER, code.to_vec().into());
    devnet.chain().mine();
    let endpoints = [
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    ];
    let urls: Vec<String> = endpoints.iter().map(Hostile::url).collect();
    let chain = set(builder(urls.iter().map(String::as_str)))
        .connect()
        .await
        .unwrap();
    (devnet, endpoints, chain)
}

/// Tells of blocks with other hashes.
fn forked(endpoint: &Hostile) {
    endpoint.lies(|method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_getBlockByNumber" {
            answer["result"]["hash"] = json!(B256::repeat_byte(0xf0));
        }
        answer
    });
}

/// Answers calls with another number.
fn lying(endpoint: &Hostile, number: u64) {
    endpoint.lies(move |method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_call" {
            answer["result"] = json!(B256::from(U256::from(number)));
        }
        answer
    });
}

async fn time(chain: &Chain) -> Result<U256, ChainError> {
    chain.agreed_read(NUMBER, &blockCall {}).await
}

/// How many endpoints are asked what two agree on, if that began then: two, and a third one if
/// it took a second, beside who may have been slow.
fn asked_since(start: Instant) -> RangeInclusive<u64> {
    match start.elapsed() < Duration::from_secs(1) {
        true => 2..=2,
        false => 2..=3,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tells_of_another_block_than_most_is_not_believed_any_more() {
    let (_devnet, [first, second, third], chain) = three().await;
    forked(&first);
    comes_to(&chain, &first.url(), EndpointState::Quarantined).await;
    let reason = status(&chain, &first.url()).reason.unwrap();
    assert!(reason.contains("most have"), "{reason}");
    for honest in [second, third] {
        assert_eq!(status(&chain, &honest.url()).state, EndpointState::Healthy);
    }
    let before = first.asked("eth_getBalance");
    chain.balance(EMITTER).await.unwrap();
    assert_eq!(first.asked("eth_getBalance"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_is_not_asked_until_it_has_caught_up() {
    let (devnet, [first, ..], chain) = three().await;
    devnet.chain().mine_many(300, 1).unwrap();
    first.lies(|_, params, ask| {
        if params[0] == "latest" {
            params[0] = json!("0x5");
        }
        ask(params)
    });
    comes_to(&chain, &first.url(), EndpointState::Lagging).await;
    assert!(status(&chain, &first.url()).behind.unwrap() > 200);
    assert_eq!(
        chain.head().await.unwrap().number,
        devnet.chain().block_number()
    );
    first.set(Mode::Honest);
    comes_to(&chain, &first.url(), EndpointState::Healthy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_two_share_is_given_and_the_odd_one_out_not_asked_again() {
    let (devnet, [first, ..], chain) = three().await;
    let now = U256::from(devnet.chain().latest_block().header.timestamp);
    let start = Instant::now();
    assert_eq!(time(&chain).await.unwrap(), now);
    let (asked, expected) = (chain.requests().of("eth_call"), asked_since(start));
    assert!(expected.contains(&asked), "{asked} and not {expected:?}");
    lying(&first, 666);
    // At once, unless it is so slow that the others have agreed before it is heard.
    until("the liar is found out", async || {
        assert_eq!(time(&chain).await.unwrap(), now);
        status(&chain, &first.url()).state == EndpointState::Quarantined
    })
    .await;
    let before = first.asked("eth_call");
    assert_eq!(time(&chain).await.unwrap(), now);
    assert_eq!(first.asked("eth_call"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_where_no_two_agree() {
    let (_devnet, [first, second, _], chain) = three().await;
    lying(&first, 1);
    lying(&second, 2);
    let error = time(&chain).await.unwrap_err();
    let ChainError::Disagreement { answers, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(answers.len(), 3, "{error}");
    assert!(error.is_transient());
    for endpoint in [&first, &second] {
        assert!(error.to_string().contains(&endpoint.url()), "{error}");
        assert!(
            status(&chain, &endpoint.url()).state.is_usable(),
            "who lies is not known"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_of_several_is_not_believed_alone_unless_told_to() {
    let (devnet, [first, second, third], chain) = three_that_may_stall().await;
    second.set(Mode::Status(503, None));
    third.set(Mode::Stalls(None));
    let error = time(&chain).await.unwrap_err();
    assert!(
        matches!(error, ChainError::Unconfirmed { .. }) && error.is_transient(),
        "{error}"
    );
    let trusting = builder([first.url().as_str(), &second.url()])
        .agreement(Agreement::WhenReachable)
        .connect()
        .await
        .unwrap();
    assert!(
        time(&trusting).await.unwrap()
            >= U256::from(devnet.chain().latest_block().header.timestamp)
    );
    // Whoever names one endpoint has nobody else to ask.
    let alone = Chain::connect(&devnet.url()).await.unwrap();
    time(&alone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_is_an_answer_that_two_can_share() {
    let (devnet, _endpoints, chain) = three().await;
    let reverting = alloy_primitives::Address::repeat_byte(0xdd);
    devnet
        .chain()
        .set_code(reverting, vec![0x60, 0, 0x60, 0, 0xfd].into());
    devnet.chain().mine();
    let start = Instant::now();
    let error = chain
        .agreed_read(reverting, &blockCall {})
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::WouldRevert { .. }), "{error}");
    let (asked, expected) = (chain.requests().of("eth_call"), asked_since(start));
    assert!(expected.contains(&asked), "{asked} and not {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_stalls_is_not_waited_for_while_two_others_answer() {
    let (_devnet, [first, second, third], chain) = three().await;
    let urls = [&first, &second, &third].map(Hostile::url);
    // Whoever waits for the one that stalls waits for longer than any test may take.
    let patient = builder(urls.iter().map(String::as_str))
        .request_timeout(Duration::from_secs(3_600))
        .connect()
        .await
        .unwrap();
    drop(chain);
    // It stalls for heads and all else, or for answers alone.
    for method in [None, Some("eth_call")] {
        for stalling in [&first, &second] {
            stalling.set(Mode::Stalls(method));
            let before = third.asked("eth_call");
            time(&patient).await.unwrap();
            assert_eq!(third.asked("eth_call"), before + 1, "it stands in");
            stalling.set(Mode::Honest);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_stall_end_in_an_error_and_not_in_waiting() {
    let (_devnet, [first, second, _third], chain) = three_that_may_stall().await;
    for stalling in [&first, &second] {
        stalling.set(Mode::Stalls(None));
    }
    let error = time(&chain).await.unwrap_err();
    assert!(matches!(error, ChainError::Unconfirmed { .. }), "{error}");
    for stalling in [&first, &second] {
        assert!(stalling.asked("eth_getBlockByNumber") > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_shows_an_old_state_makes_nobody_agree_to_it() {
    let (devnet, [first, second, _third], chain) = three().await;
    devnet.chain().mine_many(20, 1).unwrap();
    let event = devnet.chain().block_number();
    first.lies(|_, params, ask| {
        if params[0] == "latest" {
            params[0] = json!("0x1");
        }
        ask(params)
    });
    let call = [(NUMBER, blockCall {}.abi_encode().into())];
    let old = U256::from(devnet.chain().block(1.into()).unwrap().header.timestamp);
    let now = U256::from(devnet.chain().latest_block().header.timestamp);
    let at = async |since: u64| {
        let answers = chain.agreed_call_many(&call, since).await?;
        let answer = answers[0].as_ref().unwrap();
        Ok::<_, ChainError>(blockCall::abi_decode_returns(answer).unwrap())
    };
    assert_eq!(at(0).await.unwrap(), old, "two have that block");
    assert_eq!(at(event).await.unwrap(), now);
    // Nor may it stand in for one that is away.
    second.set(Mode::Status(503, None));
    let error = at(event).await.unwrap_err();
    assert!(
        error.to_string().contains("have got to the block"),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_one_node_has_later_is_no_contradiction() {
    let (devnet, [first, second, third], chain) = three().await;
    // The first is always two blocks late, and honest.
    first.lies(|_, params, ask| {
        if params[0] == "latest" {
            let head: Value = ask(params);
            let number = head["result"]["number"].as_str().unwrap().to_owned();
            let number = u64::from_str_radix(&number[2..], 16).unwrap();
            params[0] = json!(format!("{:#x}", number.saturating_sub(2)));
        }
        ask(params)
    });
    for _ in 0..10 {
        devnet.chain().mine();
        chain.head().await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    for endpoint in [first, second, third] {
        let seen = status(&chain, &endpoint.url());
        assert_eq!(seen.state, EndpointState::Healthy, "{seen:?}");
    }
}
