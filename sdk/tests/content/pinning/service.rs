//! A service that speaks the Pinning Service API, over pins in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arbius_sdk::content::pinning::{Kubo, PinError, PinState, PinStore, PinningService, confirm};
use arbius_sdk::content::unixfs::cid_of;
use arbius_sdk::content::{BlockStore, Cid, FetchLimits, Fetcher, MemoryStore};
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::kubo_server;
use super::{result, times, token};
use crate::fetch::{gateway, served};
use crate::memory;

/// What a service remembers. The specification is ipfs-pinning-service.yaml, version 1.0.
#[derive(Default)]
struct Service {
    /// By requestid.
    pins: Mutex<BTreeMap<String, Value>>,
    /// The state that new requests get.
    state: Mutex<&'static str>,
    requests: Mutex<Vec<String>>,
}

async fn start() -> (String, Arc<Service>) {
    let service = Arc::new(Service::default());
    *service.state.lock().unwrap() = "queued";
    let routes = Router::new().fallback(answer);
    let url = served(routes.with_state(Arc::clone(&service))).await;
    (format!("{url}/psa"), service)
}

fn failure(status: StatusCode, reason: &str) -> Response {
    let body = json!({ "error": { "reason": reason, "details": "more of it" } });
    (status, Json(body)).into_response()
}

async fn answer(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts
        .headers
        .get("authorization")
        .is_none_or(|value| value != "Bearer hunter2")
    {
        return failure(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let path = parts
        .uri
        .path()
        .strip_prefix("/psa/pins")
        .unwrap()
        .to_owned();
    let call = format!("{} {path}", parts.method);
    service.requests.lock().unwrap().push(call);
    let mut pins = service
        .pins
        .lock()
        .unwrap_or_else(|poison| poison.into_inner())
        .clone();
    let id = path.strip_prefix('/').map(str::to_owned);
    let answer = match (parts.method, id) {
        (Method::GET, None) => page(&pins, parts.uri.query().unwrap_or_default()),
        (Method::GET, Some(id)) => match pins.get(&id) {
            Some(pin) => Json(pin.clone()).into_response(),
            None => failure(StatusCode::NOT_FOUND, "NOT_FOUND"),
        },
        (Method::POST, replaced) => {
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let pin: Value = serde_json::from_slice(&body).unwrap();
            replaced.map(|id| pins.remove(&id));
            let number = 100 + service.requests.lock().unwrap().len();
            let status = json!({
                "requestid": format!("request/{number}"),
                "status": *service.state.lock().unwrap(),
                "created": format!("2026-11-22T08:{:02}:{:02}Z", number / 60 % 60, number % 60),
                "pin": pin,
                "delegates": ["/ip4/203.0.113.7/tcp/4001/p2p/service"],
                "info": { "status_details": "waiting" },
            });
            pins.insert(format!("request%2F{number}"), status.clone());
            (StatusCode::ACCEPTED, Json(status)).into_response()
        }
        (Method::DELETE, Some(id)) => match pins.remove(&id) {
            Some(_) => StatusCode::ACCEPTED.into_response(),
            None => failure(StatusCode::NOT_FOUND, "NOT_FOUND"),
        },
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    *service.pins.lock().unwrap() = pins;
    answer
}

/// A page of pins, newest first.
fn page(pins: &BTreeMap<String, Value>, query: &str) -> Response {
    let url = reqwest::Url::parse(&format!("http://service/?{query}")).unwrap();
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    // Without a filter only what is pinned is listed.
    let states = query.get("status").map_or("pinned", String::as_str);
    let wanted = |pin: &&Value| {
        let cid = query
            .get("cid")
            .is_none_or(|cids| cids.split(',').any(|cid| pin["pin"]["cid"] == cid));
        let before = query
            .get("before")
            .is_none_or(|before| pin["created"].as_str().unwrap() < before.as_str());
        cid && before && states.split(',').any(|state| pin["status"] == state)
    };
    let mut found: Vec<_> = pins.values().filter(wanted).cloned().collect();
    found.sort_by_key(|pin| pin["created"].as_str().unwrap().to_owned());
    found.reverse();
    let count = found.len();
    let limit: usize = query
        .get("limit")
        .map_or(10, |limit| limit.parse().unwrap());
    assert!((1..=1000).contains(&limit));
    found.truncate(limit);
    Json(json!({ "count": count, "results": found })).into_response()
}

impl Service {
    /// What has become of every request.
    fn all_are(&self, state: &str) {
        for pin in self.pins.lock().unwrap().values_mut() {
            pin["status"] = state.into();
        }
    }

    fn posts(&self) -> usize {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|call| call.starts_with("POST"))
            .count()
    }
}

#[tokio::test]
async fn a_request_is_made_once_and_followed_by_its_ticket() {
    let (url, service) = start().await;
    let store = PinningService::new(&url, token(), times()).unwrap();
    let (root, source) = result().await;
    assert_eq!(store.state(&root, None).await.unwrap(), None);
    let queued = store.pin(&root, &source).await.unwrap();
    assert_eq!(queued.state, PinState::Queued);
    let ticket = queued.ticket.as_deref();
    // With a slash, which must not become one of the path.
    assert_eq!(ticket, Some("request/103"));

    service.all_are("pinning");
    let again = store.pin(&root, &source).await.unwrap();
    assert_eq!(
        (again.state, again.ticket.as_deref()),
        (PinState::Pinning, ticket)
    );
    assert_eq!(service.posts(), 1);
    service.all_are("pinned");
    let state = store.state(&root, ticket).await.unwrap().unwrap();
    assert_eq!(state.state, PinState::Pinned);
    assert_eq!(store.pins(5).await.unwrap(), [(root, PinState::Pinned)]);
    // A ticket that the service has forgotten is no matter: it knows the CID.
    let state = store.state(&root, Some("lost")).await.unwrap().unwrap();
    assert_eq!(state.state, PinState::Pinned);

    for _ in 0..2 {
        store.unpin(&root).await.unwrap();
        assert_eq!(store.state(&root, None).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_failed_is_replaced_and_not_added_to() {
    let (url, service) = start().await;
    let store = PinningService::new(&url, token(), times()).unwrap();
    let (root, source) = result().await;
    store.pin(&root, &source).await.unwrap();
    service.all_are("failed");
    let state = store.state(&root, None).await.unwrap().unwrap();
    assert_eq!(state.state, PinState::Failed);
    assert_eq!(
        store.pin(&root, &source).await.unwrap().state,
        PinState::Queued
    );
    assert_eq!(service.pins.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_service_is_told_where_our_node_is_and_the_node_where_the_service_is() {
    let (url, service) = start().await;
    let (node_url, node) = kubo_server::start().await;
    let kubo = Kubo::new(&node_url, None, times()).unwrap();
    let store = PinningService::new(&url, token(), times())
        .unwrap()
        .origins(["/dns4/miner.example/tcp/443".to_owned()])
        .provider(kubo);
    let (root, source) = result().await;
    store.pin(&root, &source).await.unwrap();
    assert!(
        node.has_pinned(&root),
        "the service has nowhere to fetch it from"
    );
    let pins = service.pins.lock().unwrap();
    let pin = &pins.values().next().unwrap()["pin"];
    assert_eq!(pin["cid"], root.to_string());
    assert_eq!(
        pin["origins"],
        json!([
            "/dns4/miner.example/tcp/443",
            "/ip4/198.51.100.1/tcp/4001/p2p/12D3Koo"
        ])
    );
    let peers = node.peers.lock().unwrap();
    assert_eq!(*peers, ["/ip4/203.0.113.7/tcp/4001/p2p/service"]);
}

#[tokio::test]
async fn many_pins_come_page_by_page() {
    let (url, service) = start().await;
    let store = PinningService::new(&url, token(), times()).unwrap();
    let mut expected = Vec::new();
    for number in 0..2_300_u32 {
        let cid = cid_of(&number.to_le_bytes());
        expected.push(cid);
        let pin = json!({
            "requestid": format!("{number}"),
            "status": "pinned",
            "created": format!("2026-11-22T00:00:{number:06}Z"),
            "pin": { "cid": cid.to_string() },
            "delegates": [],
        });
        service
            .pins
            .lock()
            .unwrap()
            .insert(format!("{number}"), pin);
    }
    expected.reverse();
    let cids =
        |pins: Vec<(Cid, PinState)>| -> Vec<Cid> { pins.into_iter().map(|(cid, _)| cid).collect() };
    assert!(cids(store.pins(5_000).await.unwrap()) == expected);
    assert_eq!(service.requests.lock().unwrap().len(), 3);
    assert!(cids(store.pins(1_200).await.unwrap()) == expected[..1_200]);
}

#[tokio::test]
async fn its_word_is_checked_through_gateways() {
    let (url, service) = start().await;
    *service.state.lock().unwrap() = "pinned";
    let (root, source) = result().await;
    let alone = PinningService::new(&url, token(), times()).unwrap();
    assert!(!alone.can_read());
    assert_eq!(alone.get(&root).await.unwrap(), None);

    let theirs = memory();
    let served = gateway(&theirs).await;
    let fetcher = Fetcher::new([served.url()], FetchLimits::DEFAULT).unwrap();
    let store = PinningService::new(&url, token(), times())
        .unwrap()
        .gateways(Arc::new(fetcher));
    store.pin(&root, &source).await.unwrap();
    let withheld = confirm(&store, &root, 64).await.unwrap_err();
    assert!(matches!(withheld, PinError::Withheld { .. }), "{withheld}");
    copy(&root, &*source, &theirs).await;
    assert!(confirm(&store, &root, 64).await.unwrap().whole);
}

async fn copy(root: &Cid, from: &dyn BlockStore, to: &MemoryStore) {
    use arbius_sdk::content::{Scope, Traversal};

    let mut traversal = Traversal::new(*root, Scope::All);
    while let Some(block) = traversal.next(from).await.unwrap() {
        to.put(&block).await.unwrap();
    }
}

#[tokio::test]
async fn another_content_in_its_answer_is_noticed() {
    let other = cid_of(b"something else").to_string();
    let status = json!({
        "requestid": "1",
        "status": "pinned",
        "created": "2026-11-22T08:00:00Z",
        "pin": { "cid": other },
        "delegates": [],
    });
    let listed = json!({ "count": 1, "results": [status.clone()] });
    let routes = Router::new()
        .route(
            "/pins",
            axum::routing::get(Json(listed)).post(Json(status.clone())),
        )
        .route("/pins/{id}", axum::routing::get(Json(status)));
    let store = PinningService::new(&served(routes).await, token(), times()).unwrap();
    let (root, source) = result().await;
    // It lists what was not asked for, which is passed over, and then takes another content on.
    let wrong = store.pin(&root, &source).await.unwrap_err();
    assert!(
        matches!(&wrong, PinError::OtherContent { found, .. } if *found == other),
        "{wrong}"
    );
    let wrong = store.state(&root, Some("1")).await.unwrap_err();
    assert!(matches!(wrong, PinError::OtherContent { .. }), "{wrong}");
    assert_eq!(store.state(&root, None).await.unwrap(), None);
}
