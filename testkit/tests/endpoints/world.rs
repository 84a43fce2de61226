//! A chain that emits events, and endpoints in front of it that fail as told.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Address, B256, Bytes, U256, address, b256};
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Batch, Chain, ChainBuilder, EndpointState, EndpointStatus},
    http,
};
use axum::{
    Router,
    body::{Body, Bytes as BodyBytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};

pub(crate) const EMITTER: Address = address!("00000000000000000000000000000000000000ee");
pub(crate) const EVENT: B256 =
    b256!("00000000000000000000000000000000000000000000000000000000000e4e27");

/// A chain with a contract that emits [`EVENT`] with the number that it is called with.
pub(crate) async fn devnet() -> Devnet {
    let devnet = Devnet::builder().spawn().await.unwrap();
    // mstore(0, calldataload(0)); log1(0, 32, EVENT)
    let mut code = vec![0x60, 0, 0x35, 0x60, 0, 0x52, 0x7f];
    code.extend_from_slice(EVENT.as_slice());
    code.extend_from_slice(&[0x60, 32, 0x60, 0, 0xa1, 0]);
    devnet.chain().set_code(EMITTER, code.into());
    devnet
}

/// Emits a number, in a block of its own.
pub(crate) fn emit(devnet: &Devnet, number: u64) {
    let request = TransactionRequest::default()
        .from(devnet.accounts()[0].address)
        .to(EMITTER)
        .input(Bytes::from(U256::from(number).to_be_bytes_vec()).into());
    devnet.chain().send(request).unwrap();
}

/// The numbers of a batch's events.
pub(crate) fn numbers(batch: &Batch) -> Vec<u64> {
    let number = |log: &alloy::rpc::types::Log| U256::from_be_slice(&log.data().data).to();
    batch.logs.iter().map(number).collect()
}

/// What an endpoint does with what it is asked.
#[derive(Clone)]
pub(crate) enum Mode {
    Honest,
    /// Answers with a status and, for too many requests, when to come back.
    Status(u16, Option<u64>),
    /// Says that it is JSON-RPC, and is not.
    Garbage,
    /// Answers with so many bytes.
    Huge(usize),
    /// Never answers; to this method alone, if one is named.
    Stalls(Option<&'static str>),
    /// Breaks off in the middle.
    Half,
    /// Answers with an error.
    Says(i64, &'static str),
    /// Changes what is asked and what is answered.
    Lies(Lie),
}

/// Given method and parameters, asks the chain by the function, and answers.
pub(crate) type Lie = Arc<dyn Fn(&str, &mut Value, Answer<'_>) -> Value + Send + Sync>;
pub(crate) type Answer<'a> = &'a dyn Fn(&Value) -> Value;

/// An HTTP endpoint in front of a chain.
pub(crate) struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    mode: Mutex<Mode>,
    asked: Mutex<BTreeMap<String, usize>>,
    behind: String,
    client: reqwest::Client,
}

impl Hostile {
    pub(crate) async fn before(devnet: &Devnet) -> Self {
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Honest),
            asked: Mutex::default(),
            behind: devnet.url(),
            client: http::client().unwrap(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/", post(serve))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }

    pub(crate) fn lies(
        &self,
        lie: impl Fn(&str, &mut Value, Answer<'_>) -> Value + Send + Sync + 'static,
    ) {
        self.set(Mode::Lies(Arc::new(lie)));
    }

    /// How often a method was asked for.
    pub(crate) fn asked(&self, method: &str) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.get(method).copied().unwrap_or_default()
    }
}

async fn serve(State(shared): State<Arc<Shared>>, body: BodyBytes) -> Response {
    let mut request: Value = serde_json::from_slice(&body).unwrap();
    let method = request["method"].as_str().unwrap_or("batch").to_owned();
    // Before it is counted: whoever waits for the count may change how the next is answered.
    let mode = shared.mode.lock().unwrap().clone();
    *shared
        .asked
        .lock()
        .unwrap()
        .entry(method.clone())
        .or_default() += 1;
    let json = |value: &Value| {
        (
            [(header::CONTENT_TYPE, "application/json")],
            value.to_string(),
        )
            .into_response()
    };
    match mode {
        Mode::Honest => json(&shared.ask(&request).await),
        Mode::Status(status, pause) => {
            let status = StatusCode::from_u16(status).unwrap();
            match pause {
                Some(pause) => (status, [(header::RETRY_AFTER, pause.to_string())]).into_response(),
                None => status.into_response(),
            }
        }
        Mode::Garbage => "<html>welcome</html>".into_response(),
        Mode::Huge(bytes) => vec![b' '; bytes].into_response(),
        Mode::Stalls(only) if only.is_none_or(|only| only == method) => {
            std::future::pending().await
        }
        Mode::Stalls(_) => json(&shared.ask(&request).await),
        Mode::Half => {
            let text = shared.ask(&request).await.to_string();
            let half = text[..text.len() / 2].to_owned();
            let parts = [Ok(half), Err(std::io::Error::other("gone"))];
            Body::from_stream(futures_util::stream::iter(parts)).into_response()
        }
        Mode::Says(code, message) => json(&json!({
            "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": message },
        })),
        Mode::Lies(lie) => {
            let mut params = request["params"].take();
            // A lie is plain code: it asks the chain from a thread that may wait.
            let answer = tokio::task::block_in_place(|| {
                let ask = |params: &Value| {
                    let mut asked = request.clone();
                    asked["params"] = params.clone();
                    let runtime = tokio::runtime::Handle::current();
                    runtime.block_on(shared.ask(&asked))
                };
                lie(&method, &mut params, &ask)
            });
            json(&answer)
        }
    }
}

impl Shared {
    async fn ask(&self, request: &Value) -> Value {
        let answer = self.client.post(&self.behind).json(request).send().await;
        answer.unwrap().json().await.unwrap()
    }
}

/// A TCP port in front of whichever server it is told, which can be cut, muted and led
/// elsewhere.
pub(crate) struct Relay {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
    muted: Arc<AtomicBool>,
    cut: watch::Sender<u64>,
}

impl Relay {
    /// Nothing is behind it at first: connections are refused.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let target: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let muted: Arc<AtomicBool> = Arc::default();
        let (cut, cuts) = watch::channel(0);
        let (to, mute) = (Arc::clone(&target), Arc::clone(&muted));
        tokio::spawn(async move {
            loop {
                let (inner, _) = listener.accept().await.unwrap();
                let target = *to.lock().unwrap();
                if let Some(target) = target {
                    tokio::spawn(pass(inner, target, cuts.clone(), Arc::clone(&mute)));
                }
            }
        });
        Self {
            address,
            target,
            muted,
            cut,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn lead_to(&self, devnet: &Devnet) {
        *self.target.lock().unwrap() = Some(devnet.address());
    }

    /// Cuts every connection, and lets none through any more.
    pub(crate) fn cut(&self) {
        *self.target.lock().unwrap() = None;
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// From now on the server's words are swallowed.
    pub(crate) fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }
}

async fn pass(
    mut inner: TcpStream,
    target: SocketAddr,
    mut cuts: watch::Receiver<u64>,
    muted: Arc<AtomicBool>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    cuts.mark_unchanged();
    let Ok(mut outer) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = inner.split();
    let (mut from_server, mut to_server) = outer.split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut buffer = [0; 4096];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return std::io::Result::Ok(());
            }
            if !muted.load(Ordering::Relaxed) {
                to_client.write_all(&buffer[..read]).await?;
            }
        }
    };
    tokio::select! {
        _ = up => {}
        _ = down => {}
        _ = cuts.changed() => {}
    }
}

/// A port where nothing listens, kept so that nothing else in this process does.
pub(crate) struct Dead(TcpSocket);

impl Dead {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

/// How long endpoints are waited for in tests in which one stalls on purpose. Elsewhere it is as
/// long as by default, as all of them answer, if late on a busy machine.
pub(crate) const STALLED: Duration = Duration::from_secs(3);

/// Endpoints in order, which are compared all the time.
pub(crate) fn builder<'a>(urls: impl IntoIterator<Item = &'a str>) -> ChainBuilder {
    Chain::builder()
        .endpoints(urls)
        .compare_every(Duration::from_millis(50))
}

pub(crate) fn status(chain: &Chain, url: &str) -> EndpointStatus {
    let mut all = chain.endpoints();
    let at = all.iter().position(|status| status.url == url).unwrap();
    all.swap_remove(at)
}

/// Asks for the head until an endpoint is in a state.
pub(crate) async fn comes_to(chain: &Chain, url: &str, state: EndpointState) {
    until(&format!("{url} {state}"), async || {
        let _ = chain.head().await;
        status(chain, url).state == state
    })
    .await;
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
