//! A lane whose callers go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, U256, hex};
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Call, Chain, Outcome, Signer},
    http,
};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};

use crate::world::{Books, dropped_wherever_it_waits};

fn somebody() -> Address {
    Address::repeat_byte(0x52)
}

fn payment() -> Call {
    Call::transfer(somebody(), U256::from(1)).for_purpose("paying")
}

async fn devnet() -> (Devnet, Books) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    let books = Books::of(&chain, signer);
    (devnet, books)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_dropped_anywhere_happens_once_or_never_and_the_journal_knows() {
    let (devnet, books) = devnet().await;
    dropped_wherever_it_waits(
        async |_| books.lane.execute(payment()).await,
        async || {
            books.assert_sound().await;
            let paid = books.ledger.count("paying", Outcome::Included);
            assert_eq!(devnet.chain().balance(somebody()), U256::from(paid));
        },
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_a_time_may_be_dropped_together() {
    let (devnet, books) = devnet().await;
    dropped_wherever_it_waits(
        async |_| {
            let pay = || books.lane.execute(payment());
            tokio::try_join!(pay(), pay(), pay())
        },
        async || {
            books.assert_sound().await;
            let paid = books.ledger.count("paying", Outcome::Included);
            assert_eq!(devnet.chain().balance(somebody()), U256::from(paid));
        },
    )
    .await
    .unwrap();
}

/// An endpoint in front of a chain that refuses every payment to [`somebody`] for good.
struct Refusing {
    behind: String,
    client: reqwest::Client,
    /// So many broadcasts are not answered before it refuses the next.
    lost: AtomicUsize,
    arrived: Notify,
    /// A broadcast is answered when there is a permit for it.
    answers: Semaphore,
}

impl Refusing {
    async fn before(devnet: &Devnet, lost: usize, answers: usize) -> (Arc<Self>, Chain) {
        let endpoint = Arc::new(Self {
            behind: devnet.url(),
            client: http::client().unwrap(),
            lost: lost.into(),
            arrived: Notify::new(),
            answers: Semaphore::new(answers),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&endpoint));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (endpoint, Chain::connect(&url).await.unwrap())
    }
}

async fn answer(State(endpoint): State<Arc<Refusing>>, body: String) -> (StatusCode, String) {
    let request: Value = serde_json::from_str(&body).unwrap();
    let broadcast = request["method"] == "eth_sendRawTransaction";
    if broadcast && body.contains(&hex::encode(somebody())) {
        endpoint.arrived.notify_one();
        endpoint.answers.acquire().await.unwrap().forget();
        if endpoint.lost.load(Ordering::Relaxed) > 0 {
            endpoint.lost.fetch_sub(1, Ordering::Relaxed);
            return (StatusCode::BAD_GATEWAY, String::new());
        }
        let error = json!({ "code": -32_000, "message": "exceeds block gas limit" });
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
        return (StatusCode::OK, answer.to_string());
    }
    let passed = endpoint.client.post(&endpoint.behind).body(body);
    let passed = passed.header("content-type", "application/json");
    let answer = passed.send().await.unwrap().text().await.unwrap();
    (StatusCode::OK, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_the_caller_does_not_wait_for_frees_the_nonce() {
    let (devnet, _) = devnet().await;
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    let (endpoint, chain) = Refusing::before(&devnet, 0, 0).await;
    let books = Books::of(&chain, signer);
    tokio::select! {
        _ = books.lane.execute(payment()) => unreachable!("it is not answered"),
        () = endpoint.arrived.notified() => {}
    }
    endpoint.answers.add_permits(1);
    let one_more = Call::transfer(Address::repeat_byte(0x51), U256::from(1));
    books.lane.execute(one_more).await.unwrap();
    assert_eq!(books.ledger.count("paying", Outcome::Dropped), 1);
    assert_eq!(devnet.chain().nonce(books.lane.address()), 1);
    assert_eq!(devnet.chain().balance(somebody()), U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_and_no_node_takes_is_called_off() {
    let (devnet, _) = devnet().await;
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    let (_endpoint, chain) = Refusing::before(&devnet, 1, Semaphore::MAX_PERMITS).await;
    let books = Books::of(&chain, signer);
    // Its answer is lost, so that it counts as sent.
    drop(books.lane.send(payment()).await.unwrap());
    assert_eq!(books.lane.status().underway, 1);
    let one_more = Call::transfer(Address::repeat_byte(0x51), U256::from(1));
    books.lane.execute(one_more).await.unwrap();
    assert_eq!(books.lane.status().underway, 0);
    assert_eq!(books.ledger.count("paying", Outcome::Dropped), 1);
    // The one that does nothing, and the one more.
    assert_eq!(devnet.chain().nonce(books.lane.address()), 2);
    assert_eq!(devnet.chain().balance(somebody()), U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_may_be_dropped_and_begun_again() {
    let (devnet, books) = devnet().await;
    devnet.chain().set_automine(false);
    let mut sent = books.lane.send(payment()).await.unwrap();
    for _ in 0..5 {
        let waiting = tokio::time::timeout(Duration::from_millis(30), sent.landed());
        waiting.await.unwrap_err();
    }
    devnet.chain().mine();
    sent.landed().await.unwrap();
    devnet.chain().set_automine(true);
    books.assert_sound().await;
}
