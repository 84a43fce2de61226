//! A chain, a key, a journal that remembers, and an endpoint that fails as told.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_primitives::{Address, U256};
use arbius_devnet::{Devnet, chain::Mining};
use arbius_sdk::{
    chain::{Chain, FeePolicy, Intent, Journal, JournalError, Lane, Outcome, Signer},
    http,
};
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use futures_util::TryFutureExt as _;
use reqwest::Response;
use serde_json::{Value, json};

pub(crate) async fn devnet() -> (Devnet, Chain, Signer) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    (devnet, chain, signer)
}

/// A lane on a chain of its own, and what it writes down.
pub(crate) async fn lane_on(policy: FeePolicy) -> (Devnet, Lane, Arc<Notebook>) {
    let (devnet, chain, signer) = devnet().await;
    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain, signer, policy, journal.clone());
    (devnet, lane, journal)
}

/// As [`lane_on`], where blocks are made by hand.
pub(crate) async fn by_hand(policy: FeePolicy) -> (Devnet, Lane, Arc<Notebook>) {
    let (devnet, lane, journal) = lane_on(policy).await;
    devnet.chain().set_mining(Mining::Manual);
    (devnet, lane, journal)
}

pub(crate) fn somebody() -> Address {
    Address::repeat_byte(0x51)
}

/// Replaces what is stuck within a test's patience.
pub(crate) fn hasty() -> FeePolicy {
    FeePolicy {
        replace_after: Duration::from_millis(300),
        receipt_timeout: Duration::from_secs(30),
        ..FeePolicy::default()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Remembers what it is told; can die between writing an intent down and sending it.
#[derive(Default)]
pub(crate) struct Notebook {
    open: Mutex<Vec<Intent>>,
    settled: Mutex<Vec<Outcome>>,
    dies: bool,
}

impl Notebook {
    pub(crate) fn with(open: Vec<Intent>) -> Self {
        Self {
            open: Mutex::new(open),
            ..Self::default()
        }
    }

    /// Dies when the first intent is written down.
    pub(crate) fn dying() -> Self {
        Self {
            dies: true,
            ..Self::default()
        }
    }

    pub(crate) fn open(&self) -> Vec<Intent> {
        self.open.lock().unwrap().clone()
    }

    pub(crate) fn settled(&self) -> Vec<Outcome> {
        self.settled.lock().unwrap().clone()
    }
}

impl Journal for Notebook {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        let mut open = self.open.lock().unwrap();
        open.retain(|known| known.hash != intent.hash);
        open.push(intent.clone());
        if self.dies {
            Err(JournalError::lasting("power cut"))
        } else {
            Ok(())
        }
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        self.open
            .lock()
            .unwrap()
            .retain(|open| open.hash != intent.hash);
        self.settled.lock().unwrap().push(outcome);
        Ok(())
    }
}

/// What happens to a broadcast.
pub(crate) enum Fault {
    /// It arrives, and the answer is lost.
    LoseAnswer,
    /// It does not arrive.
    LoseRequest,
    /// It does not arrive, and the endpoint says this.
    Say(i64, &'static str),
}

/// An endpoint in front of a chain, whose broadcasts fail as told.
pub(crate) struct Endpoint {
    faults: Mutex<VecDeque<Fault>>,
    /// So many answers about nonces tell the one before.
    old_nonces: AtomicUsize,
    counts: Mutex<BTreeMap<String, usize>>,
    behind: Mutex<String>,
    client: reqwest::Client,
}

impl Endpoint {
    /// Serves in front of `devnet`; returns it and a connection through it.
    pub(crate) async fn before(devnet: &Devnet, faults: Vec<Fault>) -> (Arc<Self>, Chain) {
        let endpoint = Arc::new(Self {
            faults: Mutex::new(faults.into()),
            old_nonces: AtomicUsize::new(0),
            counts: Mutex::default(),
            behind: Mutex::new(devnet.url()),
            client: http::client().unwrap(),
        });
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&endpoint));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (endpoint, Chain::connect(&url).await.unwrap())
    }

    /// Serves in front of another chain.
    pub(crate) fn lead_to(&self, devnet: &Devnet) {
        *self.behind.lock().unwrap() = devnet.url();
    }

    /// Tells the nonce before the real one, so many times.
    pub(crate) fn fall_behind(&self, times: usize) {
        self.old_nonces.store(times, Ordering::Relaxed);
    }

    /// How often a method was asked for.
    pub(crate) fn count(&self, method: &str) -> usize {
        let counts = self.counts.lock().unwrap();
        counts.get(method).copied().unwrap_or_default()
    }

    /// What is still to fail.
    pub(crate) fn faults_left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, body: String) -> impl IntoResponse {
    let request: Value = serde_json::from_str(&body).unwrap();
    let single = std::slice::from_ref(&request);
    let requests = request.as_array().map_or(single, Vec::as_slice);
    let mut broadcasts = false;
    for request in requests {
        let method = request["method"].as_str().unwrap().to_owned();
        broadcasts |= method == "eth_sendRawTransaction";
        *endpoint.counts.lock().unwrap().entry(method).or_default() += 1;
    }
    let fault = if broadcasts {
        endpoint.faults.lock().unwrap().pop_front()
    } else {
        None
    };
    match fault {
        Some(Fault::LoseRequest) => return (StatusCode::BAD_GATEWAY, String::new()),
        Some(Fault::Say(code, message)) => {
            let error = json!({
                "jsonrpc": "2.0", "id": request["id"],
                "error": { "code": code, "message": message },
            });
            return (StatusCode::OK, error.to_string());
        }
        Some(Fault::LoseAnswer) | None => {}
    }
    let behind = endpoint.behind.lock().unwrap().clone();
    let passed = endpoint.client.post(behind).body(body);
    let passed = passed
        .header("content-type", "application/json")
        .send()
        .and_then(Response::text)
        .await;
    // The chain is gone.
    let Ok(mut answer) = passed else {
        return (StatusCode::BAD_GATEWAY, String::new());
    };
    let old = &endpoint.old_nonces;
    if request["method"] == "eth_getTransactionCount"
        && old
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    {
        let mut told: Value = serde_json::from_str(&answer).unwrap();
        let nonce: U256 = serde_json::from_value(told["result"].take()).unwrap();
        told["result"] = json!(nonce - U256::from(1));
        answer = told.to_string();
    }
    if fault.is_some() {
        return (StatusCode::GATEWAY_TIMEOUT, String::new());
    }
    (StatusCode::OK, answer)
}
