//! The gateway as a browser and as a fetcher see it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::unixfs::{self, cid_of, import, put_files};
use arbius_sdk::content::{
    Block, BlockStore, Cid, FolderStore, Gateway, GatewayError, GatewayLimits, MemoryStore, cids,
};
use reqwest::{Method, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{memory, ramp, shared};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn gateway(store: &Arc<MemoryStore>) -> Gateway {
    Gateway::start(ANY_PORT, shared(store)).await.unwrap()
}

async fn get(gateway: &Gateway, path: &str) -> Response {
    ask(gateway, Method::GET, path, &[]).await
}

async fn ask(gateway: &Gateway, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = arbius_sdk::http::client().unwrap();
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
async fn serves_blocks_that_hash_to_what_was_asked_for() {
    let store = memory();
    let made = import(ramp(300_000).as_slice(), &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let response = get(&gateway, &format!("/ipfs/{}?format=raw", made.cid)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        header(&response, "content-type"),
        "application/vnd.ipld.raw"
    );
    assert_eq!(header(&response, "etag"), format!("\"{}.raw\"", made.cid));
    assert!(header(&response, "cache-control").contains("immutable"));
    let block = Block::verified(made.cid, response.bytes().await.unwrap()).unwrap();
    assert_eq!(Some(block), store.get(&made.cid).await.unwrap());
    // The header asks for the same as the query.
    let path = format!("/ipfs/{}", made.cid);
    let accept = [("accept", "application/vnd.ipld.raw")];
    let response = ask(&gateway, Method::GET, &path, &accept).await;
    Block::verified(made.cid, response.bytes().await.unwrap()).unwrap();
}

#[tokio::test]
async fn serves_files_with_type_length_and_tag() {
    let store = memory();
    let png = [b"\x89PNG\r\n\x1a\n", ramp(600_000).as_slice()].concat();
    let made = put_files(
        &[("out-1.png", &png), ("say ä.txt", &b"hello".to_vec())],
        &*store,
    )
    .await
    .unwrap();
    let gateway = gateway(&store).await;
    let response = get(&gateway, &format!("/ipfs/{}/out-1.png", made.cid)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "image/png");
    assert_eq!(header(&response, "content-length"), png.len().to_string());
    assert_eq!(header(&response, "etag"), format!("\"{}\"", cid_of(&png)));
    assert_eq!(
        header(&response, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert!(response.bytes().await.unwrap() == png);
    let text = get(&gateway, &format!("/ipfs/{}/say%20%C3%A4.txt", made.cid)).await;
    assert_eq!(header(&text, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.text().await.unwrap(), "hello");
    let itself = get(&gateway, &format!("/ipfs/{}", cid_of(b"hello"))).await;
    assert_eq!(itself.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn head_gives_the_head_of_what_get_gives() {
    let store = memory();
    let made = import(ramp(300_000).as_slice(), &*store).await.unwrap();
    let gateway = gateway(&store).await;
    for path in [
        format!("/ipfs/{}", made.cid),
        format!("/ipfs/{}?format=raw", made.cid),
    ] {
        let head = ask(&gateway, Method::HEAD, &path, &[]).await;
        let get = get(&gateway, &path).await;
        for name in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(header(&head, name), header(&get, name), "{name} of {path}");
            assert!(!header(&head, name).is_empty(), "{name} of {path}");
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_a_cache_has_is_not_sent_again() {
    let store = memory();
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let gateway = gateway(&store).await;
    let path = format!("/ipfs/{}", made.cid);
    let tag = format!("\"{}\"", made.cid);
    for (match_, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"x\", W/{tag}"), StatusCode::NOT_MODIFIED),
        ("\"x\"".to_owned(), StatusCode::OK),
    ] {
        let response = ask(&gateway, Method::GET, &path, &[("if-none-match", &match_)]).await;
        assert_eq!(response.status(), status, "{match_}");
        assert_eq!(header(&response, "etag"), tag);
    }
}

#[tokio::test]
async fn lists_a_directory_with_links_that_lead_on() {
    let store = memory();
    let name = "<b>\"&.txt";
    let made = put_files(&[(name, b"bold"), ("plain.txt", b"text")], &*store)
        .await
        .unwrap();
    let gateway = gateway(&store).await;
    for end in ["", "/"] {
        let page = get(&gateway, &format!("/ipfs/{}{end}", made.cid)).await;
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        let page = page.text().await.unwrap();
        assert!(!page.contains("<b>"), "a name is markup: {page}");
        let links: Vec<_> = page.split("href=\"").skip(1).collect();
        assert_eq!(links.len(), 2);
        for link in links {
            let file = get(&gateway, link.split('"').next().unwrap()).await;
            assert_eq!(file.status(), StatusCode::OK, "{link}");
        }
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_a_request() {
    let store = memory();
    let file = import(&b"hello"[..], &*store).await.unwrap().cid;
    let gateway = gateway(&store).await;
    let absent = cid_of(b"nobody has this");
    let identity = "bafkqaaa";
    for (path, status, says) in [
        ("/".into(), 404, "/ipfs/<cid>"),
        ("/ipfs/nonsense".into(), 400, "`nonsense` is not a CID"),
        (format!("/ipfs/{identity}"), 400, "only sha2-256"),
        (format!("/ipfs/{absent}"), 404, "is not here"),
        (format!("/ipfs/{absent}?format=raw"), 404, "is not here"),
        (format!("/ipfs/{file}/deeper"), 404, "no entry `deeper`"),
        (format!("/ipfs/{file}?format=car"), 406, "only format=raw"),
    ] {
        let response = get(&gateway, &path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert!(
            !header(&response, "cache-control").contains("immutable"),
            "{path}"
        );
        let text = response.text().await.unwrap();
        assert!(text.contains(says), "{path}: {text}");
    }
    let post = ask(&gateway, Method::POST, &format!("/ipfs/{file}"), &[]).await;
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn damage_on_disk_is_an_error_and_not_content() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::open(folder.path()).unwrap());
    let made = import(&b"hello"[..], &*store).await.unwrap();
    let digest: String = cids::digest(&made.cid)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = folder
        .path()
        .join("blocks")
        .join(&digest[62..])
        .join(&digest);
    std::fs::write(path, b"\x0a\x0b\x08\x02\x12\x05HELLO\x18\x05").unwrap();
    let gateway = Gateway::start(ANY_PORT, store).await.unwrap();
    for query in ["", "?format=raw"] {
        let response = get(&gateway, &format!("/ipfs/{}{query}", made.cid)).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = response.text().await.unwrap();
        assert!(!text.contains("HELLO"), "{text}");
        assert!(
            !text.contains(folder.path().to_str().unwrap()),
            "a path is given away: {text}"
        );
    }
}

#[tokio::test]
async fn a_file_whose_end_is_missing_does_not_look_whole() {
    let store = memory();
    let made = import(ramp(600_000).as_slice(), &*store).await.unwrap();
    let partial = memory();
    let root = store.get(&made.cid).await.unwrap().unwrap();
    partial.put(&root).await.unwrap();
    let first = unixfs::parse(&root).unwrap().beneath()[0];
    partial
        .put(&store.get(&first).await.unwrap().unwrap())
        .await
        .unwrap();
    let gateway = gateway(&partial).await;
    let response = get(&gateway, &format!("/ipfs/{}", made.cid)).await;
    assert_eq!(header(&response, "content-length"), "600000");
    assert!(response.bytes().await.is_err());
}

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
    let gateway = Gateway::start_with(ANY_PORT, shared(&store), limits)
        .await
        .unwrap();
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
    let gateway = Gateway::start_with(ANY_PORT, memory(), limits)
        .await
        .unwrap();
    let mut silent = TcpStream::connect(gateway.address()).await.unwrap();
    silent.write_all(b"GET /ipfs/Qm").await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut answer));
    ended.await.expect("the connection is still open").ok();
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

#[test]
fn a_cid_of_another_hash_is_what_the_test_says_it_is() {
    assert_eq!("bafkqaaa".parse::<Cid>().unwrap().hash().code(), 0);
}
