//! Where a request goes.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use alloy::{
    rpc::json_rpc::{
        Id, Request, RequestPacket, ResponsePacket, ResponsePayload, RpcSend, SerializedRequest,
    },
    transports::{TransportError, TransportErrorKind, TransportFut, TransportResult},
};
use alloy_primitives::U64;
use reqwest::{Client, Url};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tower_service::Service;

use super::{
    EndpointState, EndpointStatus, Exhausted, Fault, RequestCounts,
    count::Counter,
    endpoint::{Endpoint, Limits, Tally},
    fault::{Meaning, meaning, message},
    websocket::{Notification, Socket},
};
use crate::{deadline, metrics::Metrics};

/// How long a broadcast waits for the other endpoints after one refused it.
const SECOND_OPINION: Duration = Duration::from_secs(2);

/// Pauses before a request is tried again that no endpoint answered.
const RETRIES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];

/// How a pool behaves.
#[derive(Clone, Debug)]
pub(crate) struct PoolOptions {
    /// How long an endpoint may take for one answer.
    pub(crate) request_timeout: Duration,
    /// How long a request waits for endpoints that are asked too often.
    pub(crate) patience: Duration,
    /// How large an answer may be, bytes.
    pub(crate) max_response: usize,
    /// How far an endpoint may be behind the best before it is not asked any more, in blocks
    /// and by the blocks' own time.
    pub(crate) max_lag_blocks: u64,
    pub(crate) max_lag: Duration,
    /// How often heads are compared while there is something to ask.
    pub(crate) compare_every: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(20),
            patience: Duration::from_secs(20),
            max_response: 32 << 20,
            max_lag_blocks: 200,
            max_lag: Duration::from_secs(60),
            compare_every: Duration::from_secs(10),
        }
    }
}

/// Several endpoints of one chain, in order of preference.
#[derive(Debug)]
pub(crate) struct Pool {
    endpoints: Vec<Arc<Endpoint>>,
    pub(super) options: PoolOptions,
    tls: Arc<ClientConfig>,
    chain: OnceLock<u64>,
    tally: Tally,
    next_id: AtomicU64,
    pub(super) comparing: AtomicBool,
    compared: Mutex<Option<Instant>>,
    /// Whether the endpoints contradict each other without a majority.
    pub(super) disputed: AtomicBool,
}

impl Pool {
    pub(crate) fn new(
        urls: Vec<(Url, Option<f64>)>,
        client: &Client,
        tls: Arc<ClientConfig>,
        options: PoolOptions,
        metrics: Metrics,
    ) -> Arc<Self> {
        let endpoints = urls
            .into_iter()
            .map(|(url, rate)| Arc::new(Endpoint::new(url, client, &tls, rate)))
            .collect();
        Arc::new(Self {
            endpoints,
            options,
            tls,
            chain: OnceLock::new(),
            tally: Tally {
                counter: Counter::default(),
                metrics,
            },
            next_id: AtomicU64::new(0),
            comparing: AtomicBool::new(false),
            compared: Mutex::new(None),
            disputed: AtomicBool::new(false),
        })
    }

    pub(crate) fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    pub(crate) const fn options(&self) -> &PoolOptions {
        &self.options
    }

    /// From now on every endpoint must serve this chain.
    pub(crate) fn must_serve(&self, chain: u64) {
        // Set once, when connecting.
        let _ = self.chain.set(chain);
    }

    pub(crate) fn requests(&self) -> RequestCounts {
        self.tally.counter.read()
    }

    pub(crate) fn status(&self) -> Vec<EndpointStatus> {
        let now = Instant::now();
        let status = |endpoint: &Arc<Endpoint>| endpoint.health().status(endpoint.name(), now);
        self.endpoints.iter().map(status).collect()
    }

    /// Indices of the endpoints, the best placed first: those that may be asked, and last
    /// those that failed too often.
    pub(crate) fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let mut ranked: Vec<_> = self
            .endpoints
            .iter()
            .enumerate()
            .filter_map(|(index, endpoint)| {
                let mut health = endpoint.health();
                let class = match health.state(now) {
                    EndpointState::Healthy | EndpointState::Untried => 0,
                    EndpointState::Slow => 1,
                    EndpointState::Limited => 2,
                    EndpointState::Lagging => 3,
                    EndpointState::Failing => 4,
                    EndpointState::Quarantined | EndpointState::WrongChain => return None,
                };
                let waits = !health.bucket.wait(now).is_zero();
                Some(((class, waits, health.retry_at(), index), index))
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, index)| index).collect()
    }

    /// Asks the best placed endpoint, and the next one when that fails.
    async fn route(self: &Arc<Self>, packet: &RequestPacket) -> TransportResult<ResponsePacket> {
        self.maintain();
        if self.endpoints.len() > 1 && is_broadcast(packet) {
            return self.broadcast(packet).await;
        }
        let deadline = deadline::after(self.options.patience);
        let mut refusal = None;
        // A transaction is its sender's to send again, who looks what became of it first.
        let mut pauses = RETRIES.iter().filter(|_| !is_broadcast(packet));
        loop {
            let order = self.order();
            let mut faults = Vec::with_capacity(order.len());
            for index in &order {
                match self.attempt(*index, packet, deadline).await {
                    Ok(response) if is_elsewhere(packet, &response) => {
                        refusal.get_or_insert(response);
                    }
                    Ok(response) => return Ok(response),
                    Err(fault) => faults.push((self.name(*index), fault)),
                }
            }
            if let Some(refusal) = refusal {
                return Ok(refusal);
            }
            let limited = |(_, fault): &(String, Fault)| matches!(fault, Fault::Limited(..));
            // What is refused for being too much is asked again when its pause is over, and
            // what was a hiccup of all soon.
            if faults.iter().any(limited) && self.pause(&order, deadline).await.is_some() {
                continue;
            }
            match pauses.next() {
                Some(pause) if faults.iter().any(|(_, fault)| fault.may_pass()) => {
                    tokio::time::sleep(*pause).await;
                }
                _ => return Err(self.exhausted(faults)),
            }
        }
    }

    /// Asks one endpoint, and again after a hiccup unless it keeps failing.
    async fn insist(&self, index: usize, packet: &RequestPacket) -> Result<ResponsePacket, Fault> {
        let deadline = deadline::after(self.options.patience);
        let mut pauses = RETRIES.iter().filter(|_| !is_broadcast(packet));
        loop {
            let fault = match self.attempt(index, packet, deadline).await {
                Ok(response) => return Ok(response),
                Err(fault) => fault,
            };
            let state = self.endpoints[index].health().state(Instant::now());
            match pauses.next() {
                Some(pause) if fault.may_pass() && state != EndpointState::Failing => {
                    tokio::time::sleep(*pause).await;
                }
                _ => return Err(fault),
            }
        }
    }

    /// Waits until one of the limited endpoints may be asked again, if that is in time.
    async fn pause(&self, order: &[usize], deadline: Instant) -> Option<()> {
        let now = Instant::now();
        let waits = order
            .iter()
            .map(|index| self.endpoints[*index].health().bucket.wait(now));
        let wait = waits.filter(|wait| !wait.is_zero()).min()?;
        if now + wait > deadline {
            return None;
        }
        tokio::time::sleep(wait).await;
        Some(())
    }

    fn exhausted(&self, mut faults: Vec<(String, Fault)>) -> TransportError {
        if faults.is_empty() {
            let now = Instant::now();
            let barred = |endpoint: &Arc<Endpoint>| {
                let fault = endpoint.health().barred(now)?;
                Some((endpoint.name().to_owned(), fault))
            };
            faults = self.endpoints.iter().filter_map(barred).collect();
        }
        TransportErrorKind::custom(Exhausted(faults))
    }

    fn name(&self, index: usize) -> String {
        self.endpoints[index].name().to_owned()
    }

    /// Asks one endpoint, once it may be asked.
    async fn attempt(
        &self,
        index: usize,
        packet: &RequestPacket,
        deadline: Instant,
    ) -> Result<ResponsePacket, Fault> {
        let endpoint = &self.endpoints[index];
        self.ready(endpoint, packet.len(), deadline).await?;
        endpoint.ask(packet, self.limits(), &self.tally).await
    }

    /// Checks whose chain an endpoint serves, and waits for its rate.
    async fn ready(
        &self,
        endpoint: &Endpoint,
        requests: usize,
        deadline: Instant,
    ) -> Result<(), Fault> {
        if let Some(fault) = endpoint.health().barred(Instant::now()) {
            return Err(fault);
        }
        if let Some(expected) = self.chain.get()
            && !endpoint.health().verified
        {
            self.admit(endpoint, 1, deadline).await?;
            self.verify(endpoint, *expected).await?;
        }
        self.admit(endpoint, requests, deadline).await
    }

    /// Waits until so many requests may be sent, and counts them.
    async fn admit(
        &self,
        endpoint: &Endpoint,
        requests: usize,
        deadline: Instant,
    ) -> Result<(), Fault> {
        loop {
            let now = Instant::now();
            let wait = {
                // One lock for both: whoever waits with others must not overtake them.
                let bucket = &mut endpoint.health().bucket;
                let wait = bucket.wait(now);
                if wait.is_zero() {
                    bucket.take(requests, now);
                    return Ok(());
                }
                wait
            };
            if now + wait > deadline {
                let reason = "its limit is used up".to_owned();
                return Err(Fault::Limited(Some(wait), reason));
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn verify(&self, endpoint: &Endpoint, expected: u64) -> Result<(), Fault> {
        let found: U64 = self.ask(endpoint, "eth_chainId", ()).await?;
        let found = found.to();
        if found == expected {
            endpoint.health().is_right_chain();
            return Ok(());
        }
        let fault = Fault::WrongChain { expected, found };
        tracing::error!(
            endpoint = endpoint.name(),
            expected,
            found,
            "an endpoint serves another chain and is not asked"
        );
        endpoint.health().failed(&fault, Instant::now());
        Err(fault)
    }

    const fn limits(&self) -> Limits {
        Limits {
            time: self.options.request_timeout,
            bytes: self.options.max_response,
        }
    }

    /// What chain each endpoint says that it serves.
    pub(crate) async fn chain_ids(&self) -> Vec<(String, Result<u64, Fault>)> {
        let asked = self.endpoints.iter().map(|endpoint| async move {
            let answer = self.ask::<U64>(endpoint, "eth_chainId", ()).await;
            endpoint.health().verified = answer.is_ok();
            (endpoint.name().to_owned(), answer.map(|id| id.to()))
        });
        futures_util::future::join_all(asked).await
    }

    /// Asks one endpoint for one thing, beside what others ask.
    async fn ask<T: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<T, Fault> {
        let packet = RequestPacket::Single(self.request(method, params)?);
        let response = endpoint.ask(&packet, self.limits(), &self.tally).await?;
        read(method, response.first_payload())
    }

    /// Opens a socket of one's own to a WebSocket endpoint, and asks whose chain it serves.
    pub(crate) async fn open(
        &self,
        index: usize,
    ) -> Result<(Socket, mpsc::Receiver<Notification>), Fault> {
        let endpoint = &self.endpoints[index];
        let tls = Arc::clone(&self.tls);
        let (socket, told) =
            Socket::connect(endpoint.url(), tls, self.options.max_response).await?;
        let found: U64 = self.ask_socket(&socket, "eth_chainId", ()).await?;
        match self.chain.get() {
            Some(expected) if *expected != found.to::<u64>() => Err(Fault::WrongChain {
                expected: *expected,
                found: found.to(),
            }),
            _ => Ok((socket, told)),
        }
    }

    /// Asks by a socket of one's own.
    pub(crate) async fn ask_socket<T: DeserializeOwned>(
        &self,
        socket: &Socket,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<T, Fault> {
        let packet = RequestPacket::Single(self.request(method, params)?);
        self.tally.counter.add(&packet);
        let response = socket.exchange(&packet).await?;
        read(method, response.first_payload())
    }

    /// As [`Pool::ask`], with its chain checked and its rate kept.
    pub(crate) async fn ask_at<T: DeserializeOwned>(
        &self,
        index: usize,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<T, Fault> {
        let endpoint = &self.endpoints[index];
        let deadline = deadline::after(self.options.patience);
        self.ready(endpoint, 1, deadline).await?;
        self.ask(endpoint, method, params).await
    }

    fn request(
        &self,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<SerializedRequest, Fault> {
        let id = Id::Number(self.next_id.fetch_add(1, Ordering::Relaxed));
        Request::new(method, id, params)
            .serialize()
            .map_err(|error| Fault::Garbage(error.to_string()))
    }

    /// Hands a transaction to every endpoint. The bytes are the same, so that it is included
    /// at most once; the first that takes it decides.
    async fn broadcast(
        self: &Arc<Self>,
        packet: &RequestPacket,
    ) -> TransportResult<ResponsePacket> {
        let order = self.order();
        let (done, mut outcomes) = mpsc::channel(order.len().max(1));
        for (rank, index) in order.into_iter().enumerate() {
            let (pool, packet, done) = (Arc::clone(self), packet.clone(), done.clone());
            // Not tied to this future: a slow endpoint still gets it.
            tokio::spawn(async move {
                let deadline = deadline::after(pool.options.patience);
                let outcome = pool.attempt(index, &packet, deadline).await;
                // Nobody waits any more once another took it.
                let _ = done.send((rank, index, outcome)).await;
            });
        }
        drop(done);
        let (mut faults, mut refusals) = (Vec::new(), Vec::new());
        loop {
            let next = if refusals.is_empty() {
                outcomes.recv().await
            } else {
                // A timeout is no answer either.
                tokio::time::timeout(SECOND_OPINION, outcomes.recv())
                    .await
                    .unwrap_or_default()
            };
            match next {
                Some((_, _, Ok(response))) if response.is_success() => return Ok(response),
                Some((rank, _, Ok(response))) => refusals.push((rank, response)),
                Some((_, index, Err(fault))) => faults.push((self.name(index), fault)),
                None => break,
            }
        }
        refusals.sort_by_key(|(rank, _)| *rank);
        match refusals.into_iter().next() {
            Some((_, refusal)) => Ok(refusal),
            None => Err(self.exhausted(faults)),
        }
    }

    /// Starts what is due beside the requests: comparing heads, and looking whether endpoints
    /// that failed are back. Only while there is something to ask: an idle pool does nothing.
    pub(crate) fn maintain(self: &Arc<Self>) {
        if self.endpoints.len() < 2 {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let now = Instant::now();
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if endpoint.health().take_probe(now) {
                let pool = Arc::clone(self);
                // What it answers is noted in its health.
                runtime.spawn(async move {
                    let _ = pool.ask_at::<U64>(index, "eth_blockNumber", ()).await;
                });
            }
        }
        let mut compared = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        if compared.is_some_and(|at| now - at < self.options.compare_every) {
            return;
        }
        *compared = Some(now);
        drop(compared);
        if !self.comparing.swap(true, Ordering::AcqRel) {
            let pool = Arc::clone(self);
            runtime.spawn(async move {
                pool.compare().await;
                pool.comparing.store(false, Ordering::Release);
            });
        }
    }

    /// Compares heads at the next request, whenever they were compared last.
    pub(crate) fn compare_soon(&self) {
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Reads a successful answer.
fn read<T: DeserializeOwned>(
    method: &'static str,
    payload: Option<&ResponsePayload>,
) -> Result<T, Fault> {
    match payload {
        Some(ResponsePayload::Success(value)) => serde_json::from_str(value.get())
            .map_err(|error| Fault::Garbage(format!("{method}: {error}"))),
        Some(ResponsePayload::Failure(error)) => Err(Fault::Broken(error.code, message(error))),
        None => Err(Fault::Garbage(format!("{method}: no answer"))),
    }
}

fn is_broadcast(packet: &RequestPacket) -> bool {
    packet
        .method_names()
        .any(|method| method == "eth_sendRawTransaction")
}

fn is_elsewhere(packet: &RequestPacket, response: &ResponsePacket) -> bool {
    let method = packet.method_names().next().unwrap_or_default();
    response
        .as_error()
        .is_some_and(|error| meaning(method, error) == Meaning::Elsewhere)
}

/// The pool as a transport of alloy.
#[derive(Clone, Debug)]
pub(crate) struct Routed(pub(crate) Arc<Pool>);

/// One endpoint of a pool as a transport, for questions that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    pub(crate) pool: Arc<Pool>,
    pub(crate) index: usize,
}

macro_rules! transport {
    ($type:ty, |$this:ident, $packet:ident| $answer:expr) => {
        impl Service<RequestPacket> for $type {
            type Response = ResponsePacket;
            type Error = TransportError;
            type Future = TransportFut<'static>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, $packet: RequestPacket) -> Self::Future {
                let $this = self.clone();
                Box::pin(async move { $answer })
            }
        }
    };
}

transport!(Routed, |this, packet| this.0.route(&packet).await);
transport!(Pinned, |this, packet| {
    let Pinned { pool, index } = this;
    pool.maintain();
    let answer = pool.insist(index, &packet).await;
    answer.map_err(|fault| TransportErrorKind::custom(Exhausted(vec![(pool.name(index), fault)])))
});
