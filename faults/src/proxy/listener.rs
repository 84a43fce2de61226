//! The listener, its switches and its counts.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy_primitives::Bytes;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
};

use super::{Fault, Script, http, websocket};

/// An endpoint on a loopback port that passes requests on to another one, HTTP and
/// WebSocket alike, and does it wrong where it was told to. Dropping it closes it.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    listening: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    /// `http://…`; the same behind `ws://` answers subscriptions.
    pub(super) upstream: String,
    pub(super) client: reqwest::Client,
    state: Mutex<State>,
    up: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    script: Option<Script>,
    queued: VecDeque<(String, Fault)>,
    requests: BTreeMap<String, u64>,
    faults: BTreeMap<Fault, u64>,
    leak: Option<mpsc::Sender<Leaked>>,
}

/// For how long a transaction is held back for whoever it is shown to.
const HELD_BACK: Duration = Duration::from_millis(200);

/// A transaction that an endpoint shows to somebody before it passes it on, which it does as
/// soon as this is dropped.
#[derive(Debug)]
pub struct Leaked {
    /// The signed transaction, EIP-2718.
    pub raw: Bytes,
    _seen: oneshot::Sender<()>,
}

/// What a request meets, with the numbers that the script has for it.
pub(super) struct Met {
    pub(super) fault: Option<Fault>,
    pub(super) script: Script,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a transaction to whoever is to see it first.
    pub(super) async fn show(&self, request: &Value) {
        let Some(leak) = self.state().leak.clone() else {
            return;
        };
        let raw = request["params"][0].as_str().unwrap_or_default();
        let Ok(raw) = raw.parse() else {
            return;
        };
        let (seen, wait) = oneshot::channel();
        if leak.send(Leaked { raw, _seen: seen }).await.is_ok() {
            // Either end of it means the same.
            let _ = tokio::time::timeout(HELD_BACK, wait).await;
        }
    }

    /// Counts a request of a method and says what is to happen to it.
    pub(super) fn meet(&self, method: &str) -> Met {
        let mut state = self.state();
        let count = state.requests.entry(method.to_owned()).or_default();
        *count += 1;
        let count = *count;
        let queued = state.queued.iter().position(|(name, _)| name == method);
        let fault = match queued {
            Some(place) => state.queued.remove(place).map(|(_, fault)| fault),
            None => state.script.as_ref().and_then(|s| s.decide(method, count)),
        };
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        let script = state.script.clone().unwrap_or_else(|| Script::new(0));
        Met { fault, script }
    }
}

impl FaultProxy {
    /// An endpoint that passes on to `upstream`, an `http://` URL, and is honest so far.
    ///
    /// # Errors
    ///
    /// If no loopback port is free or no client can be made.
    pub async fn start(upstream: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: arbius_sdk::http::client().map_err(io::Error::other)?,
            state: Mutex::default(),
            up: watch::Sender::new(true),
        });
        let listening = tokio::spawn(listen(Arc::clone(&shared), listener, address));
        Ok(Self {
            shared,
            address,
            listening,
        })
    }

    /// Its URL for HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL for WebSocket.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Does wrong from now on as a script says; honest with `None`.
    pub fn follow(&self, script: Option<Script>) {
        self.shared.state().script = script;
    }

    /// Lets the next request of a method that nothing is queued for meet a fault.
    pub fn queue(&self, method: &str, fault: Fault) {
        let entry = (method.to_owned(), fault);
        self.shared.state().queued.push_back(entry);
    }

    /// Shows every transaction to somebody before it passes it on.
    pub fn leak_to(&self, somebody: mpsc::Sender<Leaked>) {
        self.shared.state().leak = Some(somebody);
    }

    /// Dies: closes every connection and refuses new ones, until it is to come back to life. Its
    /// port stays its own.
    pub fn set_alive(&self, alive: bool) {
        self.shared.up.send_replace(alive);
    }

    /// How many requests there were of each method, refused ones included; notifications of
    /// subscriptions count as `eth_subscription`.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.shared.state().requests.clone()
    }

    /// How many requests there were in all, notifications not counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        let requests = self.requests();
        let asked = requests.iter().filter(|(m, _)| *m != "eth_subscription");
        asked.map(|(_, count)| count).sum()
    }

    /// How often each fault happened.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<Fault, u64> {
        self.shared.state().faults.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Keeps an address without listening: connections are refused, and nobody else gets it, but
/// for a listener that names it. A port of 0 stands for one that is free.
///
/// # Errors
///
/// If somebody else listens there, or the system has no more sockets.
pub fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that were accepted there may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Ends where its address cannot be kept or listened at: it is dead for good then.
async fn listen(
    shared: Arc<Shared>,
    mut listener: TcpListener,
    address: SocketAddr,
) -> io::Result<()> {
    let mut up = shared.up.subscribe();
    let mut connections = JoinSet::new();
    loop {
        if !*up.borrow_and_update() {
            drop(listener);
            let held = hold(address)?;
            connections.shutdown().await;
            while !*up.borrow_and_update() {
                if up.changed().await.is_err() {
                    return Ok(());
                }
            }
            listener = held.listen(BACKLOG)?;
        }
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(Arc::clone(&shared), stream));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            changed = up.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// A connection; what goes wrong on it ends it.
async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let mut first = [0; 3];
    // A WebSocket begins as a GET, JSON-RPC is always a POST.
    let _ = match stream.peek(&mut first).await {
        Ok(3) if &first == b"GET" => websocket::serve(shared, stream).await,
        Ok(_) => http::serve(&shared, stream).await,
        Err(error) => Err(error),
    };
}
