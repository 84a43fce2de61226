//! What strangers may take.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbius_sdk::content::unixfs::{cid_of, import};
use arbius_sdk::content::{Block, BlockStore, Cid, Gateway, GatewayLimits, StoreFuture};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ANY_PORT, get, header, limited};
use crate::{memory, ramp};

#[tokio::test]
async fn a_busy_gateway_says_so() {
    let store = memory();
    // More than the buffers of a connection hold.
    let made = import(vec![7; 40_000_000].as_slice(), &*store)
        .await
        .unwrap();
    let limits = GatewayLimits {
        responses: 1,
        ..GatewayLimits::default()
    };
    let gateway = limited(&store, limits).await;
    let path = format!("/ipfs/{}", made.cid);
    // Takes the head of the answer and leaves the rest where it is.
    let mut slow = TcpStream::connect(gateway.address()).await.unwrap();
    slow.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes())
        .await
        .unwrap();
    slow.read_exact(&mut [0; 100]).await.unwrap();
    let busy = get(&gateway, &path).await;
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&busy, "retry-after"), "1");
    drop(slow);
    for _ in 0..100 {
        if get(&gateway, &path).await.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was never given back");
}

#[tokio::test]
async fn a_client_that_sends_no_request_is_shown_out() {
    let limits = GatewayLimits {
        head_time: Duration::from_millis(200),
        ..GatewayLimits::default()
    };
    let gateway = limited(&memory(), limits).await;
    for begun in [&b""[..], b"GET /ipfs/Qm"] {
        let mut silent = TcpStream::connect(gateway.address()).await.unwrap();
        silent.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(60), silent.read_to_end(&mut answer));
        ended.await.expect("the connection is still open").ok();
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_shown_out() {
    let store = memory();
    // More than the buffers of a connection hold.
    let made = import(vec![7; 40_000_000].as_slice(), &*store)
        .await
        .unwrap();
    let limits = GatewayLimits {
        responses: 1,
        stall_time: Duration::from_millis(300),
        ..GatewayLimits::default()
    };
    let gateway = limited(&store, limits).await;
    let mut idle = TcpStream::connect(gateway.address()).await.unwrap();
    let request = format!("GET /ipfs/{} HTTP/1.1\r\nHost: a\r\n\r\n", made.cid);
    idle.write_all(request.as_bytes()).await.unwrap();
    let path = format!("/ipfs/{}", made.cid);
    for _ in 0..500 {
        if get(&gateway, &path).await.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its place was never given back");
}

#[tokio::test]
async fn one_address_asks_at_its_rate_and_is_told_when_to_come_back() {
    let store = memory();
    import(&b"hello"[..], &*store).await.unwrap();
    let limits = GatewayLimits {
        requests_per_second: NonZeroU32::new(1),
        burst: 3,
        ..GatewayLimits::default()
    };
    let gateway = limited(&store, limits).await;
    let path = format!("/ipfs/{}", cid_of(b"hello"));
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(get(&gateway, &path).await.status(), StatusCode::OK);
    }
    // A slow machine may take a second over some of them, which earns it one more.
    let mut more = 0;
    loop {
        let response = get(&gateway, &path).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(header(&response, "retry-after"), "1");
            return;
        }
        more += 1;
        assert!(more <= start.elapsed().as_secs(), "{more} beyond the burst");
    }
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let limits = GatewayLimits {
        connections_each: 2,
        ..GatewayLimits::default()
    };
    let gateway = limited(&memory(), limits).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(gateway.address()).await.unwrap();
        connection
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        connection.read_exact(&mut [0; 12]).await.unwrap();
        open.push(connection);
    }
    let mut third = TcpStream::connect(gateway.address()).await.unwrap();
    let mut answer = String::new();
    third.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    drop(open.pop());
    for _ in 0..100 {
        let mut next = TcpStream::connect(gateway.address()).await.unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut status = [0; 12];
        if next.read_exact(&mut status).await.is_ok() && &status == b"HTTP/1.1 404" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was never given back");
}

#[tokio::test]
async fn addresses_and_heads_have_a_length() {
    let gateway = limited(&memory(), GatewayLimits::default()).await;
    let path = format!("/ipfs/{}/{}", cid_of(b""), "a".repeat(5_000));
    assert_eq!(
        get(&gateway, &path).await.status(),
        StatusCode::URI_TOO_LONG
    );
    let mut connection = TcpStream::connect(gateway.address()).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    // It is answered before all of it is sent.
    let _ = connection.write_all(head.as_bytes()).await;
    let mut status = [0; 12];
    connection.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 431");
}

#[tokio::test]
async fn a_larger_file_is_sent_by_ranges() {
    let store = memory();
    let made = import(ramp(1_000).as_slice(), &*store).await.unwrap();
    let limits = GatewayLimits {
        response_bytes: 999,
        ..GatewayLimits::default()
    };
    let gateway = limited(&store, limits).await;
    let path = format!("/ipfs/{}", made.cid);
    let whole = get(&gateway, &path).await;
    assert_eq!(whole.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(whole.text().await.unwrap().contains("by ranges"));
    let part = super::ask(
        &gateway,
        reqwest::Method::GET,
        &path,
        &[("range", "bytes=1-")],
    )
    .await;
    assert!(part.bytes().await.unwrap() == ramp(1_000)[1..]);
    let car = get(&gateway, &format!("{path}?format=car")).await;
    assert!(
        car.bytes().await.is_err(),
        "a CAR ends where an answer does"
    );
}

/// A store whose disk does not answer.
struct Hanging;

impl BlockStore for Hanging {
    fn get<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(std::future::pending())
    }

    fn put<'a>(&'a self, _: &'a Block) -> StoreFuture<'a, ()> {
        Box::pin(std::future::pending())
    }

    fn has<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, bool> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_store_that_hangs_holds_nobody_up() {
    let limits = GatewayLimits {
        block_time: Duration::from_millis(50),
        ..GatewayLimits::default()
    };
    let gateway = Gateway::start_with(ANY_PORT, Arc::new(Hanging), limits)
        .await
        .unwrap();
    for query in ["", "?format=raw", "?format=car"] {
        let response = get(&gateway, &format!("/ipfs/{}{query}", cid_of(b"hello"))).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT, "{query}");
        assert_eq!(header(&response, "retry-after"), "10");
    }
}
