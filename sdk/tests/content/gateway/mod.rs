//! The gateway as a browser, curl, a fetcher and an IPFS client see it.

mod blocks;
mod cars;
mod files;
mod limits;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::unixfs::{cid_of, import};
use arbius_sdk::content::{Gateway, GatewayError, GatewayLimits, MemoryStore};
use reqwest::{Method, Response};
use tokio::net::TcpStream;

use crate::{memory, shared};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn gateway(store: &Arc<MemoryStore>) -> Gateway {
    Gateway::start(ANY_PORT, shared(store)).await.unwrap()
}

async fn limited(store: &Arc<MemoryStore>, limits: GatewayLimits) -> Gateway {
    Gateway::start_with(ANY_PORT, shared(store), limits)
        .await
        .unwrap()
}

async fn get(gateway: &Gateway, path: &str) -> Response {
    ask(gateway, Method::GET, path, &[]).await
}

async fn ask(gateway: &Gateway, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    // Redirects are part of what is looked at.
    let client = arbius_sdk::http::builder()
        .unwrap()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let mut request = client.request(method, format!("{}{path}", gateway.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = gateway(&memory()).await;
    let refused = Gateway::start(first.address(), memory()).await.unwrap_err();
    assert!(matches!(refused, GatewayError::PortInUse { listen } if listen == first.address()));
    assert!(refused.to_string().contains(&first.address().to_string()));
}

#[tokio::test]
async fn listens_no_more_once_it_is_shut_down_or_dropped() {
    let store = memory();
    import(&b"hello"[..], &*store).await.unwrap();
    let stopped = gateway(&store).await;
    let address = stopped.address();
    assert_eq!(
        get(&stopped, &format!("/ipfs/{}", cid_of(b"hello")))
            .await
            .status(),
        200
    );
    stopped.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());

    let dropped = gateway(&store).await;
    let address = dropped.address();
    drop(dropped);
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a dropped gateway still listens");
}
