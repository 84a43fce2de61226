//! What hostile and broken clients do: they get an error, and nobody else notices.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, U256, hex};
use arbius_devnet::{Devnet, rpc::Limits};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{client::*, common::*};

async fn start_limited(limits: Limits) -> (Devnet, Client) {
    let devnet = Devnet::builder().limits(limits).spawn().await.unwrap();
    let client = Client::new(&devnet);
    (devnet, client)
}

/// All that the server says before it closes the connection.
pub(crate) async fn rest(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut text));
    // A connection that is cut while we write is closed just as well.
    let _ = read.await.expect("the server closes the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn bodies_that_do_not_arrive_are_given_up() {
    let (devnet, client) = start_limited(Limits {
        receiving: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let mut slow = TcpStream::connect(devnet.address()).await.unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n[")
        .await
        .unwrap();
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive within 0.2 s"), "{answer}");
    client.ok("eth_blockNumber", json!([])).await;
}

#[tokio::test]
async fn idle_and_half_open_connections_are_closed() {
    let (devnet, client) = start_limited(Limits {
        idle: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let mut silent = TcpStream::connect(devnet.address()).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    let mut endless = TcpStream::connect(devnet.address()).await.unwrap();
    endless.write_all(b"POST / HTTP/1.1\r\nx: y").await.unwrap();
    rest(&mut endless).await;
    client.ok("eth_blockNumber", json!([])).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away_and_places_come_back() {
    let (devnet, _) = start_limited(Limits {
        connections: 3,
        ..Limits::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(devnet.address()).await.unwrap());
    }
    let mut refused = TcpStream::connect(devnet.address()).await.unwrap();
    let answer = rest(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("at most 3 at a time"), "{answer}");
    held.clear();
    for _ in 0..100 {
        let client = Client::new(&devnet);
        let body = json!({ "id": 1, "method": "eth_chainId" }).to_string();
        let sent = client.http.post(&client.url).body(body).send().await;
        if sent.is_ok_and(|response| response.status() == 200) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("places of closed connections were not given back");
}

#[tokio::test]
async fn thousands_of_connections_leave_the_server_serving() {
    let (devnet, client) = start().await;
    client.ok("eth_blockNumber", json!([])).await;
    let mut held = Vec::new();
    for _ in 0..2_000 {
        match TcpStream::connect(devnet.address()).await {
            Ok(socket) => held.push(socket),
            // This process has no more file descriptors to attack with.
            Err(_) => break,
        }
    }
    // Whoever was connected before is served, and so is everybody once they leave.
    client.ok("eth_blockNumber", json!([])).await;
    drop(held);
    for _ in 0..100 {
        if TcpStream::connect(devnet.address()).await.is_ok() {
            let fresh = Client::new(&devnet);
            let body = json!({ "id": 1, "method": "eth_chainId" }).to_string();
            let sent = fresh.http.post(&fresh.url).body(body).send().await;
            if sent.is_ok_and(|response| response.status() == 200) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not recover");
}

#[tokio::test]
async fn filters_are_bounded_in_number_and_in_size() {
    let (_devnet, client) = start().await;
    let mut last = Value::Null;
    for _ in 0..10 {
        let batch: Vec<_> = (0..1_000)
            .map(|id| json!({ "id": id, "method": "eth_newBlockFilter" }))
            .collect();
        let answers = client.post(json!(batch).to_string()).await;
        last = answers[999]["result"].clone();
        assert!(last.is_string(), "{}", answers[999]);
    }
    let (code, message, _) = client.error("eth_newBlockFilter", json!([])).await;
    assert_eq!(code, -32005);
    assert!(message.contains("too many filters"), "{message}");
    // Those that are there work, and make room when they go.
    client.ok("evm_mine", json!([])).await;
    let news = client.ok("eth_getFilterChanges", json!([last])).await;
    assert_eq!(news.as_array().unwrap().len(), 1);
    assert_eq!(client.ok("eth_uninstallFilter", json!([last])).await, true);
    client.ok("eth_newBlockFilter", json!([])).await;

    let topics: Vec<_> = (0..1_001u64).map(|n| format!("0x{n:064x}")).collect();
    for method in ["eth_newFilter", "eth_getLogs"] {
        let (code, message, _) = client.error(method, json!([{ "topics": [topics] }])).await;
        assert_eq!(code, -32602);
        assert!(
            message.starts_with("exceed max addresses or topics"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn log_queries_have_bounded_answers() {
    let (devnet, client) = start().await;
    let chain = devnet.chain();
    // Logs as often as the first word of the input says:
    // calldataload(0) loop: dup1 iszero end jumpi log0(0, 0) 1 swap1 sub loop jump end:
    let logger = deploy(chain, &hex!("5f355b801560125760015f5fa090036002565b00"));
    let logs = |count: u64| {
        let mined = send(
            chain,
            request(funded(&devnet), logger, U256::from(count).to_be_bytes_vec()),
        );
        assert_eq!(mined.receipt().logs.len() as u64, count);
    };
    logs(6_000);
    let all = json!([{ "fromBlock": "earliest" }]);
    let found = client.ok("eth_getLogs", all.clone()).await;
    assert_eq!(found.as_array().unwrap().len(), 6_000);
    logs(6_000);
    let (code, message, _) = client.error("eth_getLogs", all).await;
    assert_eq!(code, -32005);
    assert!(
        message.starts_with("query returned more than 10000 results"),
        "{message}"
    );
    client
        .ok("eth_getLogs", json!([{ "fromBlock": "latest" }]))
        .await;
    let (code, message, _) = client
        .error(
            "eth_getLogs",
            json!([{ "fromBlock": "0x2", "toBlock": "0x1" }]),
        )
        .await;
    assert_eq!(code, -32602);
    assert!(message.contains("invalid block range"), "{message}");
}

#[tokio::test]
async fn endless_loops_end_and_hold_up_nobody() {
    let (devnet, client) = start().await;
    let endless = deploy(devnet.chain(), &hex!("5b5f56"));
    let attack = async |method: &str| {
        let batch: Vec<_> = (0..8)
            .map(|id| json!({ "id": id, "method": method, "params": [{ "to": endless }] }))
            .collect();
        let answers = client.post(json!(batch).to_string()).await;
        for answer in answers.as_array().unwrap() {
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains("gas"), "{answer}");
        }
    };
    let begun = Instant::now();
    let others = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.ok("eth_blockNumber", json!([])).await;
        begun.elapsed()
    };
    let attacked = async {
        attack("eth_call").await;
        begun.elapsed()
    };
    let (attacked, answered) = tokio::join!(attacked, others);
    attack("eth_estimateGas").await;
    assert!(begun.elapsed() < Duration::from_secs(180));
    assert!(answered < attacked, "{answered:?} of {attacked:?}");
}

#[tokio::test]
async fn many_blocks_at_once_hold_up_nobody_for_long() {
    let (devnet, client) = start().await;
    let (_, message, _) = client.error("anvil_mine", json!(["0x186a1"])).await;
    assert!(message.contains("too many"), "{message}");
    let mining = client.ok("anvil_mine", json!(["0x2710"]));
    let asking = async {
        let mut longest = Duration::ZERO;
        for _ in 0..5 {
            let begun = Instant::now();
            client.ok("eth_getBalance", json!([Address::ZERO])).await;
            longest = longest.max(begun.elapsed());
        }
        longest
    };
    let (_, longest) = tokio::join!(mining, asking);
    assert_eq!(devnet.chain().block_number(), 10_000);
    assert!(longest < Duration::from_secs(20), "{longest:?}");
}

#[tokio::test]
async fn override_bombs_are_worked_off_or_refused() {
    let (devnet, client) = start().await;
    let slots: serde_json::Map<_, _> = (0..100_000u64)
        .map(|slot| (format!("0x{slot:064x}"), json!(format!("0x{:064x}", 1))))
        .collect();
    let bomb = json!({ "0x00000000000000000000000000000000000000cc": { "state": slots } });
    let begun = Instant::now();
    let call = json!([{ "to": Address::ZERO }, "latest", bomb]);
    assert_eq!(client.ok("eth_call", call).await, "0x");
    assert!(begun.elapsed() < Duration::from_secs(60));
    // Code beyond what a contract may have.
    let code = format!("0x{}", "00".repeat(7 << 20));
    let call = json!([
        { "to": funded(&devnet) }, "latest", { funded(&devnet).to_string(): { "code": code } },
    ]);
    client.ok("eth_call", call).await;
    // And nothing of that has stayed.
    let code = client
        .ok("eth_getCode", json!([funded(&devnet), "latest"]))
        .await;
    assert_eq!(code, "0x");
}

#[tokio::test]
async fn memory_bombs_run_out_of_gas() {
    let (devnet, client) = start().await;
    // mload(calldataload(0))
    let greedy = deploy(devnet.chain(), &hex!("5f35515f5260205ff3"));
    for size in [1u64 << 20, 1 << 28, 1 << 40, u64::MAX] {
        let call = json!([{ "to": greedy, "data": format!("0x{size:064x}") }]);
        let response = client.request("eth_call", call).await;
        if size > 1 << 20 {
            assert_eq!(response["error"]["code"], -32000, "{response}");
        }
    }
}

#[tokio::test]
async fn deep_and_wide_json_is_refused() {
    let (_devnet, client) = start().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let inner = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let body = format!(r#"{{"id":1,"method":"eth_call","params":[{inner}]}}"#);
        assert_eq!(client.post(body).await["error"]["code"], -32700);
    }
    let wide = "0,".repeat(1_000_000);
    let body = format!(r#"{{"id":1,"method":"eth_call","params":[[{wide}0]]}}"#);
    assert_eq!(client.post(body).await["error"]["code"], -32602);
    let body = format!("[{wide}0]");
    assert_eq!(client.post(body).await["error"]["code"], -32600);
}

#[tokio::test]
async fn other_methods_of_http_are_told_what_to_do() {
    let (_devnet, client) = start().await;
    for method in [reqwest::Method::GET, reqwest::Method::PUT] {
        let response = client
            .http
            .request(method, &client.url)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "POST, GET, OPTIONS");
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("by POST"), "{message}");
    }
}

#[tokio::test]
async fn web_pages_are_served_from_this_machine_alone() {
    let (_devnet, client) = start().await;
    let ask = async |method: reqwest::Method, header: &str, value: &str| {
        let body = json!({ "id": 1, "method": "eth_chainId" }).to_string();
        let request = client.http.request(method, &client.url).body(body);
        request.header(header, value).send().await.unwrap()
    };
    let post = reqwest::Method::POST;
    let response = ask(post.clone(), "origin", "http://localhost:3000").await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "http://localhost:3000"
    );
    for (header, value) in [
        ("origin", "https://example.org"),
        ("origin", "null"),
        ("host", "example.org"),
    ] {
        let response = ask(post.clone(), header, value).await;
        assert_eq!(response.status(), 403, "{header}: {value}");
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
    let options = reqwest::Method::OPTIONS;
    let response = ask(options.clone(), "origin", "http://127.0.0.1:5173").await;
    assert_eq!(response.status(), 204);
    assert_eq!(
        response.headers()["access-control-allow-headers"],
        "content-type, accept"
    );
    assert_eq!(
        ask(options, "origin", "https://example.org").await.status(),
        403
    );
    // Unless the owner of the chain wants it otherwise.
    let devnet = Devnet::builder()
        .allow_origin("https://example.org")
        .spawn()
        .await
        .unwrap();
    let response = client
        .http
        .post(devnet.url())
        .header("origin", "https://example.org")
        .body(r#"{"id":1,"method":"eth_chainId"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
