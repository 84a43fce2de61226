//! Requests move on when an endpoint fails, and come back to it.

use std::time::{Duration, Instant};

use alloy_primitives::U256;
use alloy_sol_types::sol;
use arbius_devnet::Devnet;
use arbius_sdk::chain::{Call, Chain, ChainError, EndpointState, Lane, Signer};

use crate::world::{Dead, Hostile, Mode, Relay, STALLED, builder, comes_to, devnet, status, until};

sol! {
    function anything() external view returns (uint256);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_the_first_endpoint_the_second_answers() {
    let devnet = devnet().await;
    let modes = [
        Mode::Status(500, None),
        Mode::Status(404, None),
        Mode::Status(429, Some(60)),
        Mode::Garbage,
        Mode::Huge(1 << 20),
        Mode::Stalls(None),
        Mode::Half,
        Mode::Says(-32005, "limit exceeded"),
        Mode::Says(-32603, "internal error"),
        Mode::Says(429, "too many requests, upgrade your plan"),
        Mode::Says(-32000, "header not found"),
    ];
    for mode in modes {
        let first = Hostile::before(&devnet).await;
        let urls = [first.url(), devnet.url()];
        let chain = builder(urls.iter().map(String::as_str))
            .max_response(64 << 10)
            .request_timeout(STALLED)
            .connect()
            .await
            .unwrap();
        first.set(mode);
        devnet.chain().mine();
        let head = chain.head().await.unwrap();
        assert_eq!(head.number, devnet.chain().block_number());
        // It is back: nothing keeps it from being used again but what it asked for itself.
        first.set(Mode::Honest);
        if status(&chain, &first.url()).state != EndpointState::Limited {
            let before = first.asked("eth_getBlockByNumber");
            comes_to(&chain, &first.url(), EndpointState::Healthy).await;
            assert!(first.asked("eth_getBlockByNumber") > before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_keeps_failing_is_left_alone_until_it_is_back() {
    let devnet = devnet().await;
    let relay = Relay::start().await;
    relay.lead_to(&devnet);
    let first = format!("http://{}", relay.address());
    let chain = builder([first.as_str(), &devnet.url()])
        .connect()
        .await
        .unwrap();
    relay.cut();
    comes_to(&chain, &first, EndpointState::Failing).await;
    let seen = status(&chain, &first);
    assert!(
        seen.consecutive_failures >= 3 && seen.retry_in_ms.is_some(),
        "{seen:?}"
    );
    assert!(seen.reason.is_some(), "{seen:?}");
    // Nothing waits for it meanwhile.
    let requests = seen.requests;
    for _ in 0..20 {
        chain.head().await.unwrap();
    }
    assert!(status(&chain, &first).requests <= requests + 2);
    relay.lead_to(&devnet);
    comes_to(&chain, &first, EndpointState::Healthy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_endpoints_are_all_gone_says_what_is_wrong_with_each() {
    let devnet = devnet().await;
    let (one, two) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let urls = [one.url(), two.url()];
    let chain = builder(urls.iter().map(String::as_str))
        .connect()
        .await
        .unwrap();
    one.set(Mode::Status(502, None));
    two.set(Mode::Garbage);
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }) && error.is_transient());
    let text = error.to_string();
    for part in [&one.url(), &two.url(), "502", "welcome"] {
        assert!(text.contains(part), "{text}");
    }
    // Neither is given up.
    one.set(Mode::Honest);
    chain.head().await.unwrap();
    let dead = [Dead::new(), Dead::new()];
    let [one, two] = dead.each_ref().map(Dead::url);
    let error = builder([one.as_str(), &two])
        .connect()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains(&one) && error.contains(&two), "{error}");
}

/// Waits until an endpoint is asked for a head, and lets it answer honestly from the next on.
async fn honest_again(endpoint: &Hostile) {
    let before = endpoint.asked("eth_getBlockByNumber");
    until("it is asked", async || {
        endpoint.asked("eth_getBlockByNumber") > before
    })
    .await;
    endpoint.set(Mode::Honest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hiccup_of_the_only_endpoint_is_waited_for() {
    let devnet = devnet().await;
    let only = Hostile::before(&devnet).await;
    let chain = builder([only.url().as_str()]).connect().await.unwrap();
    only.set(Mode::Half);
    let (head, ()) = tokio::join!(chain.head(), honest_again(&only));
    head.unwrap();
    // What is down is down: it is asked three times and no more.
    only.set(Mode::Status(500, None));
    let before = only.asked("eth_getBlockByNumber");
    chain.head().await.unwrap_err();
    assert_eq!(only.asked("eth_getBlockByNumber") - before, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contracts_answer_is_not_asked_for_twice() {
    let devnet = devnet().await;
    // revert(0, 0)
    let reverting = alloy_primitives::Address::repeat_byte(0xdd);
    devnet
        .chain()
        .set_code(reverting, vec![0x60, 0, 0x60, 0, 0xfd].into());
    let (one, two) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let urls = [one.url(), two.url()];
    let chain = builder(urls.iter().map(String::as_str))
        .connect()
        .await
        .unwrap();
    let error = chain.read(reverting, &anythingCall {}).await.unwrap_err();
    assert!(matches!(error, ChainError::WouldRevert { .. }), "{error}");
    assert_eq!((one.asked("eth_call"), two.asked("eth_call")), (1, 0));
    assert_eq!(chain.requests().of("eth_call"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_waited_for_as_long_as_the_endpoint_says_and_then_made_slower() {
    let devnet = devnet().await;
    let only = Hostile::before(&devnet).await;
    let chain = builder([only.url().as_str()]).connect().await.unwrap();
    only.set(Mode::Status(429, Some(1)));
    let start = Instant::now();
    let (head, ()) = tokio::join!(chain.head(), honest_again(&only));
    head.unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let seen = status(&chain, &only.url());
    assert!(
        seen.rate_limit.is_some() && seen.consecutive_failures == 0,
        "{seen:?}"
    );
    // What asks for more than there is patience for is an error that says so.
    let hasty = builder([only.url().as_str()])
        .patience(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    only.set(Mode::Status(429, Some(3600)));
    let error = hasty.head().await.unwrap_err().to_string();
    assert!(error.contains("too many requests"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_sent_no_more_requests_than_were_set() {
    let devnet = devnet().await;
    let endpoint = Hostile::before(&devnet).await;
    let chain = Chain::builder()
        .endpoint_limited(endpoint.url(), 10.0)
        .connect()
        .await
        .unwrap();
    let start = Instant::now();
    let asked = futures_util::future::join_all((0..25).map(|_| chain.head()));
    let halfway = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        (endpoint.asked("eth_getBlockByNumber"), start.elapsed())
    };
    let (heads, (sent, elapsed)) = tokio::join!(asked, halfway);
    assert!(heads.into_iter().all(|head| head.is_ok()));
    // Ten at once, the others at ten a second.
    let most = 11.0 + 10.0 * elapsed.as_secs_f64();
    assert!((sent as f64) < most, "{sent} in {elapsed:?}");
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1200), "{took:?}");
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_another_chain_is_refused_by_name_at_the_start_and_when_it_comes_back() {
    let ours = devnet().await;
    let other = Devnet::builder().chain_id(31_337).spawn().await.unwrap();
    let error = builder([ours.url().as_str(), &other.url()])
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ChainError::WrongChain { found: 31_337, url, .. } if *url == other.url()),
        "{error}"
    );

    let relay = Relay::start().await;
    let first = format!("http://{}", relay.address());
    let chain = builder([first.as_str(), &ours.url()])
        .connect()
        .await
        .unwrap();
    relay.lead_to(&other);
    comes_to(&chain, &first, EndpointState::WrongChain).await;
    let reason = status(&chain, &first).reason.unwrap();
    assert!(reason.contains("31337"), "{reason}");
    assert_eq!(chain.id(), ours.chain_id());

    // The only endpoint there is: an error that names both.
    let relay = Relay::start().await;
    relay.lead_to(&ours);
    let only = format!("http://{}", relay.address());
    let chain = builder([only.as_str()]).connect().await.unwrap();
    relay.cut();
    for _ in 0..3 {
        assert!(chain.head().await.is_err());
    }
    relay.lead_to(&other);
    let error = chain.head().await.unwrap_err();
    assert!(
        matches!(error, ChainError::WrongChain { found: 31_337, .. }),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_goes_to_every_endpoint_and_is_included_once() {
    let devnet = devnet().await;
    let (one, two) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let down = Dead::new();
    let urls = [down.url(), one.url(), two.url()];
    let chain = builder(urls.iter().map(String::as_str))
        .connect()
        .await
        .unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    let lane = Lane::new(chain.clone(), signer);
    let to = alloy_primitives::Address::repeat_byte(0x51);
    lane.execute(Call::transfer(to, U256::from(5)))
        .await
        .unwrap();
    // More than once, if it takes long to be included: then it is sent again.
    until("both were handed the transaction", async || {
        let method = "eth_sendRawTransaction";
        one.asked(method) > 0 && two.asked(method) > 0
    })
    .await;
    assert_eq!(chain.balance(to).await.unwrap(), U256::from(5));
    // One that takes nothing is no reason to fail.
    one.set(Mode::Status(503, None));
    lane.execute(Call::transfer(to, U256::from(5)))
        .await
        .unwrap();
    assert_eq!(chain.balance(to).await.unwrap(), U256::from(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_endpoint_answers_like_another_and_comes_back_when_it_was_cut() {
    let devnet = devnet().await;
    let relay = Relay::start().await;
    relay.lead_to(&devnet);
    let socket = format!("ws://{}", relay.address());
    let chain = builder([socket.as_str()]).connect().await.unwrap();
    let asked = (0..20).map(|_| chain.head());
    for head in futures_util::future::join_all(asked).await {
        assert_eq!(head.unwrap().number, devnet.chain().block_number());
    }
    relay.cut();
    let error = chain.head().await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }), "{error}");
    relay.lead_to(&devnet);
    chain.head().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn health_shows_neither_credentials_nor_keys() {
    let devnet = devnet().await;
    let url = format!(
        "http://me:secret@{}/v3/0123456789abcdef0123456789",
        devnet.address()
    );
    let error = builder([url.as_str()]).connect().await;
    let shown = match error {
        Ok(chain) => serde_json::to_string(&chain.endpoints()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert!(shown.contains(&devnet.address().to_string()), "{shown}");
    assert!(
        !shown.contains("secret") && !shown.contains("0123456789abcdef"),
        "{shown}"
    );
}
