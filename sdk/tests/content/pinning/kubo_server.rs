//! A server that speaks as much of Kubo's RPC API as is used, in the forms of Kubo 0.39's source
//! (`core/commands/{dag/import,block,pin/pin,id,swarm}.go`), over blocks of its own.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbius_sdk::content::car::{self, CarLimits};
use arbius_sdk::content::{Block, BlockStore, Cid, MemoryStore, Scope, Traversal, cids};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// How a node behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Answers nothing.
    Hangs,
    /// Takes everything and keeps nothing.
    Forgets,
    /// Gives other bytes than the blocks that it is asked for.
    Lies,
}

#[derive(Default)]
pub(crate) struct Node {
    pub(crate) mood: Mutex<Mood>,
    pub(crate) blocks: MemoryStore,
    pins: Mutex<BTreeMap<Vec<u8>, Cid>>,
    /// Commands in the order in which they came.
    pub(crate) calls: Mutex<Vec<String>>,
    /// Peers that it was told to connect with.
    pub(crate) peers: Mutex<Vec<String>>,
}

/// Starts a node, and gives its address.
pub(crate) async fn start() -> (String, Arc<Node>) {
    let node = Arc::new(Node::default());
    let routes = Router::new().fallback(answer).with_state(Arc::clone(&node));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, node)
}

impl Node {
    pub(crate) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn has_pinned(&self, cid: &Cid) -> bool {
        self.pins.lock().unwrap().contains_key(&name(cid))
    }

    fn calls_of(&self, command: &str) {
        self.calls.lock().unwrap().push(command.to_owned());
    }
}

/// What a pin goes by, whatever the version of its CID.
fn name(cid: &Cid) -> Vec<u8> {
    cids::digest(cid).unwrap().to_vec()
}

fn error(message: impl Into<String>) -> Response {
    let body = json!({ "Message": message.into(), "Code": 0, "Type": "error" });
    (StatusCode::INTERNAL_SERVER_ERROR, body.to_string()).into_response()
}

async fn answer(State(node): State<Arc<Node>>, request: Request) -> Response {
    let mood = *node.mood.lock().unwrap();
    if mood == Mood::Hangs {
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let Some(command) = request.uri().path().strip_prefix("/api/v0/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let command = command.to_owned();
    node.calls_of(&command);
    let query = arguments(request.uri().query().unwrap_or_default());
    let argument = query.get("arg").cloned().unwrap_or_default();
    match command.as_str() {
        "id" => json!({ "ID": "12D3Koo", "Addresses": ["/ip4/198.51.100.1/tcp/4001/p2p/12D3Koo"] })
            .to_string()
            .into_response(),
        "swarm/connect" => {
            node.peers.lock().unwrap().push(argument);
            json!({ "Strings": ["connect 12D3Koo success"] })
                .to_string()
                .into_response()
        }
        "dag/import" => import(&node, mood, &query, parts(request).await.remove(0)).await,
        "block/put" => {
            let data = parts(request).await.remove(0);
            let codec = match query["cid-codec"].as_str() {
                "dag-pb" => cids::DAG_PB,
                _ => cids::RAW,
            };
            let block = Block::of_node(data.clone()).unwrap();
            let cid = Cid::new_v1(codec, *block.cid().hash());
            node.blocks.put(&block).await.unwrap();
            json!({ "Key": cid.to_string(), "Size": data.len() })
                .to_string()
                .into_response()
        }
        "block/get" => {
            assert_eq!(query["offline"], "true", "a node must not look elsewhere");
            match node.blocks.get(&argument.parse().unwrap()).await.unwrap() {
                _ if mood == Mood::Lies => "a lie".into_response(),
                Some(block) => block.data().clone().into_response(),
                None => error(format!(
                    "block was not found locally (offline): ipld: could not find {argument}"
                )),
            }
        }
        "pin/ls" => list(&node, &query),
        "pin/rm" => {
            let cid: Cid = argument.parse().unwrap();
            match node.pins.lock().unwrap().remove(&name(&cid)) {
                Some(_) => json!({ "Pins": [argument] }).to_string().into_response(),
                None => error("not pinned or pinned indirectly"),
            }
        }
        _ => error(format!("unknown command {command}")),
    }
}

async fn import(
    node: &Node,
    mood: Mood,
    query: &BTreeMap<String, String>,
    stream: Bytes,
) -> Response {
    assert_eq!(query["pin-roots"], "true");
    let kept = MemoryStore::new();
    let store = match mood {
        Mood::Forgets => &kept,
        _ => &node.blocks,
    };
    let mut reader = match car::CarReader::new(&stream[..], CarLimits::default()).await {
        Ok(reader) => reader,
        Err(reason) => return error(format!("import failed: {reason}")),
    };
    while let Some(block) = match reader.next().await {
        Ok(block) => block,
        Err(reason) => return error(format!("import failed: {reason}")),
    } {
        store.put(&block).await.unwrap();
    }
    let root = reader.roots()[0];
    let mut message = String::new();
    let mut traversal = Traversal::new(root, Scope::All);
    loop {
        match traversal.next(store).await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(reason) => {
                message = format!("could not pin: {reason}");
                break;
            }
        }
    }
    if message.is_empty() {
        node.pins.lock().unwrap().insert(name(&root), root);
    }
    // Kubo names a root as its configuration says: here by version 1.
    let shown = Cid::new_v1(root.codec(), *root.hash());
    let line = json!({ "Root": { "Cid": { "/": shown.to_string() }, "PinErrorMsg": message } });
    format!("{line}\n").into_response()
}

fn list(node: &Node, query: &BTreeMap<String, String>) -> Response {
    assert_eq!(query["type"], "recursive");
    let pins = node.pins.lock().unwrap();
    match query.get("arg") {
        Some(argument) => match pins.get(&name(&argument.parse().unwrap())) {
            Some(_) => {
                json!({ "Keys": { argument.as_str(): { "Type": "recursive", "Name": "" } } })
                    .to_string()
                    .into_response()
            }
            None => error(format!("path '/ipfs/{argument}' is not pinned")),
        },
        None => {
            assert_eq!(query["stream"], "true");
            let lines = pins.values().map(|cid| {
                let line = json!({ "Cid": cid.to_string(), "Name": "", "Type": "recursive" });
                format!("{line}\n")
            });
            lines.collect::<String>().into_response()
        }
    }
}

fn arguments(query: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://node/?{query}")).unwrap();
    url.query_pairs().into_owned().collect()
}

/// The bodies of the parts of a multipart request.
async fn parts(request: Request) -> Vec<Bytes> {
    let kind = request.headers()["content-type"].to_str().unwrap();
    let boundary = kind.split_once("boundary=").unwrap().1.to_owned();
    let body = to_bytes(request.into_body(), usize::MAX).await;
    let Ok(body) = body else {
        // The client broke the upload off.
        return vec![Bytes::new()];
    };
    let marks = positions(&body, format!("--{boundary}").as_bytes());
    let between = marks.windows(2).map(|ends| body.slice(ends[0]..ends[1]));
    between
        .map(|part| {
            let start = positions(&part, b"\r\n\r\n")[0] + 4;
            part.slice(start..part.len() - 2)
        })
        .collect()
}

fn positions(body: &[u8], mark: &[u8]) -> Vec<usize> {
    let starts = (0..body.len().saturating_sub(mark.len() - 1))
        .filter(|at| body[*at] == mark[0] && body[*at..].starts_with(mark));
    starts.collect()
}
