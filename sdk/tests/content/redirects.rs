//! Gateways that send on: to the right place, round in circles, into private networks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbius_sdk::content::unixfs::{cid_of, import};
use arbius_sdk::content::{Block, FetchError, Refusal};
use axum::Router;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::fetch::{fetcher, gateway, impatient, served};
use crate::memory;

/// A gateway that answers every request by sending on to `to`, and counts them.
async fn sending_to(to: impl Into<String>) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, to) = (Arc::clone(&asked), to.into());
    let answer = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let answer = (StatusCode::FOUND, [(LOCATION, to.clone())]);
        async move { answer }
    };
    (served(Router::new().fallback(answer)).await, asked)
}

/// A gateway that sends `/ipfs/<cid>` on to `<host>/elsewhere/<cid>`, as those do that give each
/// content a host of its own, and has the block there. `host` has the port as `PORT`.
async fn sending_on(host: &'static str, block: Vec<u8>) -> String {
    let away = move |Path(cid): Path<String>, request: Request| async move {
        let port = request.headers()["host"].to_str().unwrap().to_owned();
        let port = port.split_once(':').unwrap().1;
        let host = host.replace("PORT", port);
        let query = request.uri().query().unwrap_or_default();
        let to = format!("{host}/elsewhere/{cid}?{query}");
        (StatusCode::MOVED_PERMANENTLY, [(LOCATION, to)])
    };
    let here = move |request: Request| {
        let asked_as_block = request.uri().query() == Some("format=raw");
        let answer = match asked_as_block {
            true => block.clone().into_response(),
            false => StatusCode::BAD_REQUEST.into_response(),
        };
        async move { answer }
    };
    let routes = Router::new()
        .route("/ipfs/{cid}", get(away))
        .route("/elsewhere/{cid}", get(here));
    served(routes).await
}

async fn truth() -> Block {
    let theirs = memory();
    let cid = import(&b"the truth"[..], &*theirs).await.unwrap().cid;
    arbius_sdk::content::BlockStore::get(&*theirs, &cid)
        .await
        .unwrap()
        .unwrap()
}

async fn refusal(gateway: &str) -> Refusal {
    let fetcher = fetcher(&[gateway], impatient());
    match fetcher.block(&cid_of(b"the truth")).await.unwrap_err() {
        FetchError::Unavailable { mut refusals, .. } => refusals.remove(0).1,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_gateway_that_sends_on_to_itself_is_followed() {
    let truth = truth().await;
    // By a path, and by another name of the address and port where it is.
    for host in ["", "http://localhost:PORT"] {
        let gateway = sending_on(host, truth.data().to_vec()).await;
        let fetcher = fetcher(&[&gateway], impatient());
        assert_eq!(fetcher.block(truth.cid()).await.unwrap(), truth, "{host}");
        assert_eq!(fetcher.health()[0].blocks, 1);
    }
}

#[tokio::test]
async fn a_lie_at_the_end_of_a_redirect_is_the_gateways() {
    let gateway = sending_on("", b"a lie".to_vec()).await;
    let fetcher = fetcher(&[&gateway], impatient());
    fetcher.block(&cid_of(b"the truth")).await.unwrap_err();
    let health = fetcher.health().remove(0);
    assert_eq!((health.lies, health.blocks), (1, 0));
    assert!(health.banished.is_some());
}

#[tokio::test]
async fn another_service_of_this_machine_is_not_asked() {
    let theirs = memory();
    let wanted = import(&b"the truth"[..], &*theirs).await.unwrap().cid;
    // It would even give the right block.
    let honest = gateway(&theirs).await;
    let port = honest.address().port();
    let (service, asked) = sending_to("http://example.invalid").await;
    let service_port = service.rsplit(':').next().unwrap().to_owned();
    for to in [
        format!("http://127.0.0.1:{port}/ipfs/{wanted}?format=raw"),
        format!("http://localhost:{port}/ipfs/{wanted}?format=raw"),
        format!("http://127.0.0.1:{service_port}/admin"),
        format!("http://127.1:{service_port}/admin"),
        format!("http://2130706433:{service_port}/admin"),
        format!("http://0x7f.0.0.1:{service_port}/admin"),
        format!("http://[::ffff:127.0.0.1]:{service_port}/admin"),
        format!("http://[::1]:{service_port}/admin"),
        format!("http://0.0.0.0:{service_port}/admin"),
        format!("http://localhost.:{service_port}/admin"),
        format!("//127.0.0.1:{service_port}/admin"),
    ] {
        let (gateway, _) = sending_to(&to).await;
        let refused = refusal(&gateway).await;
        assert!(
            matches!(refused, Refusal::Private(_) | Refusal::Redirect(_)),
            "{to}: {refused}"
        );
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "a private service was asked"
    );
}

#[tokio::test]
async fn private_networks_are_not_asked_and_the_refusal_names_them() {
    for host in [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:192.168.1.1]",
        "[64:ff9b::c0a8:101]",
    ] {
        let (gateway, _) = sending_to(format!("http://{host}/latest/meta-data")).await;
        let refused = refusal(&gateway).await;
        assert!(matches!(refused, Refusal::Private(_)), "{host}: {refused}");
        assert!(refused.to_string().contains("private network"), "{refused}");
    }
}

#[tokio::test]
async fn a_circle_ends() {
    let (gateway, asked) = sending_to("/again").await;
    let refused = refusal(&gateway).await;
    assert!(matches!(refused, Refusal::Redirects(4)), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn only_http_is_followed() {
    for to in [
        "ftp://ipfs.io/",
        "file:///etc/passwd",
        "data:text/plain,hello",
        "http://",
        "http://me:secret@ipfs.io/",
        "http://nowhere.invalid/",
    ] {
        let (gateway, asked) = sending_to(to).await;
        let refused = refusal(&gateway).await;
        assert!(matches!(refused, Refusal::Redirect(_)), "{to}: {refused}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{to}");
    }
    // Without saying where to.
    let nowhere = served(Router::new().fallback(|| async { StatusCode::FOUND })).await;
    let refused = refusal(&nowhere).await;
    assert!(matches!(refused, Refusal::Redirect(_)), "{refused}");
}

#[tokio::test]
async fn who_sends_astray_keeps_no_block_from_another_gateway() {
    let theirs = memory();
    let wanted = import(&b"the truth"[..], &*theirs).await.unwrap().cid;
    let honest = gateway(&theirs).await;
    let (circle, _) = sending_to("/again").await;
    let (astray, _) = sending_to("http://192.168.1.1/").await;
    let fetcher = fetcher(&[&circle, &astray, &honest.url()], impatient());
    assert_eq!(fetcher.read(&wanted, "").await.unwrap(), b"the truth");
}
