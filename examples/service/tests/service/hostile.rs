//! Clients, solvers and gateways that mean harm.

use std::{sync::Arc, time::Duration};

use alloy_primitives::B256;
use arbius_sdk::content::{
    BlockStore as _, Cid, FolderStore, PinMode, cids,
    unixfs::{self, Layout},
};
use arbius_testkit::Validators;
use axum::{Router, http::Uri};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::world::{World, solve, task, until};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_requests_are_refused_and_leave_nothing_behind() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let deep = [b"{\"input\":{\"prompt\":".as_slice(), &[b'['; 20_000]].concat();
    let cases: [(&[u8], u16); 8] = [
        (b"", 400),
        (b"\xff\xfe{\"prompt\":\"a\"}", 400),
        (b"{\"prompt\":\"\xc3\x28\"}", 400),
        (b"{\"prompt\":\"\\ud800\"}", 400),
        (b"{\"prompt\":\"a\"}{\"prompt\":\"b\"}", 400),
        (b"{\"prompt\":\"a\",\"prompt\":\"b\"}", 400),
        (b"{\"prompt\":null}", 400),
        (&deep, 400),
    ];
    for (body, expected) in cases {
        let asked = client.ask(Method::POST, "/v1/requests").body(body.to_vec());
        let status = asked.send().await.unwrap().status();
        assert_eq!(status.as_u16(), expected, "{}", body.escape_ascii());
    }
    // One that never ends is cut off where it becomes too large.
    let endless =
        futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
    let asked = client.ask(Method::POST, "/v1/requests");
    let endless = asked.body(reqwest::Body::wrap_stream(endless)).send().await;
    // The answer may come, or the connection go while more is being sent.
    assert!(endless.is_err() || endless.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
    for (name, value) in [("idempotency-key", ""), ("idempotency-key", "\u{e9}")] {
        let asked = client.ask(Method::POST, "/v1/requests").header(name, value);
        let asked = asked.body("{\"prompt\":\"a\"}").send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::BAD_REQUEST, "{value:?}");
    }
    assert_eq!(client.get("/v1/health").await.1["open"], 0);
    assert_eq!(world.tasks().await, 0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_byte_by_byte_is_given_up_and_keeps_no_service_from_stopping() {
    let world = World::new().await;
    let slowly = async |address: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = b"POST /v1/requests HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{";
        stream.write_all(head).await.unwrap();
        stream
    };
    let (service, client) = world
        .service_with(|settings| settings.limits.body_time = Duration::from_millis(200))
        .await;
    let mut stream = slowly(client.url.strip_prefix("http://").unwrap()).await;
    let mut answer = String::new();
    // It says why, and closes the connection.
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive within 0.2 s"), "{answer}");
    service.stop().await;

    let (service, client) = world
        .service_with(|settings| settings.limits.body_time = Duration::from_secs(600))
        .await;
    let _stream = slowly(client.url.strip_prefix("http://").unwrap()).await;
    client.get("/v1/health").await;
    let stopped = tokio::time::timeout(Duration::from_secs(60), service.stop());
    stopped.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_with_a_thousand_streams_takes_its_own_places_alone() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.limits.connections_each = 20)
        .await;
    let id = client.prompt("a seven").await;
    let (_, port) = client.url.rsplit_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    let head = format!("GET /v1/requests/{id}/events HTTP/1.1\r\nHost: a\r\n\r\n");
    let (mut streams, mut refused) = (Vec::new(), 0);
    for _ in 0..1_000 {
        // From another address than the other clients.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
        // It may have been closed already.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut start = [0; 12];
        match stream.read_exact(&mut start).await {
            Ok(_) if &start == b"HTTP/1.1 200" => streams.push(stream),
            _ => refused += 1,
        }
    }
    assert_eq!((streams.len(), refused), (20, 980));
    // Others are served all the while.
    let second = client.prompt("a four").await;
    client.events(&second, None, "submitted").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_a_result() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let id = client.prompt("a seven").await;
    solve(&world, &validators, task(&client, &id).await).await;
    client.events(&id, None, "fetched").await;
    let address = client.url.strip_prefix("http://").unwrap();
    for name in [
        "../../requests.redb",
        "..%2f..%2frequests.redb",
        "%2e%2e%2f%2e%2e%2frequests.redb",
        "..%5c..%5crequests.redb",
        "%2fetc%2fpasswd",
        "out.txt%00.png",
        "%ff%fe",
        "..",
        "%2e",
        "",
    ] {
        // As it stands: a client of ours would tidy it up.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /v1/requests/{id}/files/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{name}: {answer}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_none_is_not_looked_for_any_longer() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.limits.fetch.bytes = 20_000)
        .await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let empty = unixfs::put_files(&[("out.txt", "all")], &*world.store)
        .await
        .unwrap();
    let long = "x".repeat(300);
    let many: Vec<_> = (0..65).map(|number| (number.to_string(), "a")).collect();
    // One block, which counts once when it is fetched, and 64 files.
    let kibibyte = "x".repeat(1 << 10);
    let same: Vec<_> = (0..64)
        .map(|number| (number.to_string(), &kibibyte))
        .collect();
    let results = [
        (
            unixfs::put_files(&same, &*world.store).await.unwrap().cid,
            "more than 20000 bytes",
        ),
        (
            unixfs::import(&b"a file"[..], &*world.store)
                .await
                .unwrap()
                .cid,
            "no directory",
        ),
        (
            unixfs::put_files(&many, &*world.store).await.unwrap().cid,
            "65 files",
        ),
        (
            unixfs::put_files(&[(&long, "a")], &*world.store)
                .await
                .unwrap()
                .cid,
            "300 bytes",
        ),
        (nested(&world, empty.cid).await, "is no file"),
    ];
    for (cid, reason) in results {
        let id = client.prompt("a seven").await;
        let task = task(&client, &id).await;
        let digest: B256 = cids::digest(&cid).unwrap().into();
        validators.solve(task, digest).await.unwrap();
        // By default a result is looked for for an hour.
        let events = client.events(&id, None, "").await;
        let last = events.last().unwrap();
        assert_eq!(last.name, "failed");
        let said = last.data["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
    }
    service.stop().await;
}

/// A directory in a directory.
async fn nested(world: &World, inner: Cid) -> Cid {
    let entry = unixfs::DirectoryEntry {
        name: "inner".to_owned(),
        cid: inner,
        tsize: 100,
    };
    let directory = unixfs::directory(Layout::KUBO, vec![entry]).unwrap();
    for block in directory.blocks {
        world.store.put(&block).await.unwrap();
    }
    directory.cid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_lies_is_found_out_and_another_one_asked() {
    let world = World::new().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let liar = format!("http://{}", listener.local_addr().unwrap());
    let lies = Router::new().fallback(async |path: Uri| format!("not what {path} names"));
    let lying = tokio::spawn(async move { axum::serve(listener, lies).await });
    let honest = world.gateway.url();
    let (service, client) = world
        .service_with(|settings| settings.gateways = vec![liar.clone(), honest])
        .await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let id = client.prompt("a seven").await;
    solve(&world, &validators, task(&client, &id).await).await;
    client.events(&id, None, "fetched").await;
    let read = client.ask(Method::GET, &format!("/v1/requests/{id}/files/out.txt"));
    assert_eq!(read.send().await.unwrap().text().await.unwrap(), "all");
    service.stop().await;

    let (service, client) = world
        .service_with(|settings| {
            settings.gateways = vec![liar];
            settings.folder = world.folder.path().join("another");
            settings.limits.give_up = Duration::from_secs(1);
        })
        .await;
    let id = client.prompt("a four").await;
    solve(&world, &validators, task(&client, &id).await).await;
    let events = client.events(&id, None, "").await;
    assert_eq!(events.last().unwrap().name, "failed");
    let path = format!("/v1/requests/{id}/files/out.txt");
    assert_eq!(client.get(&path).await.0, StatusCode::NOT_FOUND);
    service.stop().await;
    lying.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_its_health_again_and_again_does_not_wear_out_the_endpoint() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let (service, client) = world
        .service_with(|settings| {
            settings.deployment.rpc = endpoint.url();
            settings.limits.pace = Duration::from_secs(3_600);
        })
        .await;
    let balances = || {
        endpoint
            .requests()
            .get("eth_getBalance")
            .copied()
            .unwrap_or_default()
    };
    let before = balances();
    let client = Arc::new(client);
    let asked = (0..10).map(|_| {
        let client = Arc::clone(&client);
        tokio::spawn(async move {
            let mut told = Vec::new();
            for _ in 0..20 {
                let (status, health) = client.get("/v1/health").await;
                told.push((status, health["reason"].clone()));
            }
            told
        })
    });
    let mut told = Vec::new();
    for asking in asked.collect::<Vec<_>>() {
        told.extend(asking.await.unwrap());
    }
    told.dedup();
    // An endpoint that is too slow for the one look is not asked again either.
    let looks = balances() - before;
    let is_late = |reason: &Value| reason.to_string().contains("has not answered within");
    match &told[..] {
        [(StatusCode::OK, _)] => assert_eq!(looks, 1),
        [(_, reason)] if is_late(reason) => assert!(looks <= 1, "{looks}"),
        _ => panic!("{told:?}"),
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_nobody_has_any_more_go_and_those_that_somebody_has_stay() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    // Two requests with the same result, of which one is over.
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = client.prompt("a seven").await;
        solve(&world, &validators, task(&client, &id).await).await;
        client.events(&id, None, "fetched").await;
        if ids.is_empty() {
            world.chain.pass(Duration::from_secs(2_001)).unwrap();
            client.events(&id, None, "").await;
        }
        ids.push(id);
    }
    service.stop().await;
    // A service that is killed may have pinned what it has not written down.
    let blocks = world.folder.path().join("service/blocks");
    let store = FolderStore::open(blocks).unwrap();
    let orphan = unixfs::import(&b"nobody's"[..], &store).await.unwrap().cid;
    store.pin(&orphan, PinMode::Recursive, None).await.unwrap();
    let (service, client) = world
        .service_with(|settings| settings.limits.keep = Duration::ZERO)
        .await;
    let path = |id: &str| format!("/v1/requests/{id}/files/out.txt");
    until("the first is forgotten", async || {
        client.get(&path(&ids[0])).await.0 == StatusCode::NOT_FOUND
    })
    .await;
    let read = client
        .ask(Method::GET, &path(&ids[1]))
        .send()
        .await
        .unwrap();
    assert_eq!(read.text().await.unwrap(), "all");
    until("the orphan is let go", async || {
        store.pins().await.unwrap().len() == 1
    })
    .await;
    service.stop().await;
}
