//! WebSocket: the same methods, and subscriptions.

use std::{collections::VecDeque, time::Duration};

use alloy_primitives::{Address, U256, hex};
use arbius_devnet::{Devnet, rpc::Limits};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, protocol::CloseFrame},
};

use crate::{client::*, common::*, hostile::rest};

/// A client over WebSocket.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    notifications: VecDeque<Value>,
}

impl Socket {
    pub(crate) async fn open(devnet: &Devnet) -> Self {
        Self {
            stream: connect_async(devnet.ws_url()).await.unwrap().0,
            notifications: VecDeque::new(),
        }
    }

    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.stream.next());
            match message.await.expect("a message in 20 s").unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected JSON, got {other:?}"),
            }
        }
    }

    async fn send(&mut self, body: impl ToString) {
        let message = Message::text(body.to_string());
        self.stream.send(message).await.unwrap();
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        self.send(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
            .await;
        loop {
            let message = self.message().await;
            if message["method"] != "eth_subscription" {
                return message;
            }
            self.notifications.push_back(message);
        }
    }

    async fn ok(&mut self, method: &str, params: Value) -> Value {
        let mut response = self.request(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// What the next notification tells, which must be of this subscription.
    async fn news(&mut self, subscription: &Value) -> Value {
        let mut message = match self.notifications.pop_front() {
            Some(message) => message,
            None => self.message().await,
        };
        assert_eq!(message["method"], "eth_subscription", "{message}");
        assert_eq!(&message["params"]["subscription"], subscription);
        message["params"]["result"].take()
    }

    /// Reads on until the server closes, and returns what it closes with.
    async fn closed(&mut self) -> Option<CloseFrame> {
        let reading = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(frame))) => return frame,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), reading)
            .await
            .expect("the server closes the connection")
    }
}

async fn start_limited(limits: Limits) -> Devnet {
    Devnet::builder().limits(limits).spawn().await.unwrap()
}

#[tokio::test]
async fn bodies_are_answered_as_over_http() {
    let (devnet, http) = start().await;
    let mut socket = Socket::open(&devnet).await;
    assert_eq!(socket.ok("eth_chainId", json!([])).await, "0x64aba");
    socket
        .send(json!([
            { "id": 1, "method": "eth_blockNumber" },
            { "id": 2, "method": "none" },
        ]))
        .await;
    let answers = socket.message().await;
    assert_eq!(answers[0]["result"], "0x0");
    assert_eq!(answers[1]["error"]["code"], -32601);
    let code = |answer: Value| answer["error"]["code"].clone();
    socket.send("{").await;
    assert_eq!(code(socket.message().await), -32700);
    // Bytes are taken for text.
    let bytes = Message::binary(br#"{"id":1,"method":"net_version"}"#.to_vec());
    socket.stream.send(bytes).await.unwrap();
    assert_eq!(socket.message().await["result"], "412346");
    // Both ways lead to the same chain.
    socket.ok("evm_mine", json!([])).await;
    assert_eq!(http.ok("eth_blockNumber", json!([])).await, "0x1");
}

#[tokio::test]
async fn new_heads_tell_of_every_block_in_order() {
    let (devnet, http) = start().await;
    let mut socket = Socket::open(&devnet).await;
    let heads = socket.ok("eth_subscribe", json!(["newHeads"])).await;
    devnet.chain().mine_many(200, 1).unwrap();
    for number in 1..=200u64 {
        let head = socket.news(&heads).await;
        assert_eq!(head["number"], format!("{number:#x}"));
        let header: alloy_consensus::Header = serde_json::from_value(head.clone()).unwrap();
        assert_eq!(head["hash"], json!(header.hash_slow()));
        assert!(head.get("transactions").is_none());
    }
    let block = http
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    devnet.chain().mine();
    assert_eq!(socket.news(&heads).await["parentHash"], block["hash"]);
}

#[tokio::test]
async fn a_subscription_is_announced_before_it_tells_anything() {
    let (devnet, _) = start().await;
    let mut socket = Socket::open(&devnet).await;
    socket
        .send(json!([
            { "id": 1, "method": "eth_subscribe", "params": ["newHeads"] },
            { "id": 2, "method": "anvil_mine", "params": ["0x3"] },
        ]))
        .await;
    let answers = socket.message().await;
    let heads = &answers[0]["result"];
    for number in ["0x1", "0x2", "0x3"] {
        assert_eq!(socket.news(heads).await["number"], number);
    }
}

#[tokio::test]
async fn logs_are_filtered_and_taken_back_when_the_chain_goes_back() {
    let (devnet, _) = start().await;
    let chain = devnet.chain();
    let contract = deploy(chain, &writer());
    let other = deploy(chain, &writer());
    let mut socket = Socket::open(&devnet).await;
    let logs = socket
        .ok("eth_subscribe", json!(["logs", { "address": contract }]))
        .await;
    let act = |to: Address, number: u64| {
        let input = U256::from(number).to_be_bytes_vec();
        send(chain, request(funded(&devnet), to, input))
    };
    let snapshot = chain.snapshot();
    act(contract, 1);
    act(other, 2);
    let last = act(contract, 3);
    for number in [1u64, 3] {
        let log = socket.news(&logs).await;
        assert_eq!(log["data"], format!("0x{number:064x}"));
        assert_eq!(log["removed"], false);
    }
    assert!(chain.revert(snapshot));
    for number in [1u64, 3] {
        let log = socket.news(&logs).await;
        assert_eq!(log["data"], format!("0x{number:064x}"));
        assert_eq!(log["removed"], true);
        if number == 3 {
            assert_eq!(log["blockHash"], json!(last.block.hash));
        }
    }
    act(contract, 4);
    let log = socket.news(&logs).await;
    assert_eq!(log["data"], format!("0x{:064x}", 4));
    assert_eq!(log["removed"], false);
}

#[tokio::test]
async fn pending_transactions_are_told_before_their_block() {
    let (devnet, _) = start().await;
    let chain = devnet.chain();
    chain.set_automine(false);
    let mut socket = Socket::open(&devnet).await;
    let hashes = socket
        .ok("eth_subscribe", json!(["newPendingTransactions"]))
        .await;
    let hash = chain
        .send(request(funded(&devnet), Address::ZERO, Vec::new()))
        .unwrap();
    assert_eq!(socket.news(&hashes).await, json!(hash));
    assert_eq!(socket.ok("eth_unsubscribe", json!([hashes])).await, true);
    let full = socket
        .ok("eth_subscribe", json!(["newPendingTransactions", true]))
        .await;
    let hash = chain
        .send(request(funded(&devnet), Address::ZERO, Vec::new()))
        .unwrap();
    let transaction = socket.news(&full).await;
    assert_eq!(transaction["hash"], json!(hash));
    assert_eq!(transaction["blockHash"], Value::Null);
}

#[tokio::test]
async fn subscriptions_end_when_they_are_told_to() {
    let (devnet, http) = start().await;
    let mut socket = Socket::open(&devnet).await;
    let heads = socket.ok("eth_subscribe", json!(["newHeads"])).await;
    let syncing = socket.ok("eth_subscribe", json!(["syncing"])).await;
    assert_eq!(socket.ok("eth_unsubscribe", json!([heads])).await, true);
    devnet.chain().mine();
    // Had there been a notification, it would stand before this answer.
    socket.ok("eth_blockNumber", json!([])).await;
    assert_eq!(socket.notifications, VecDeque::<Value>::new());
    for (method, params, code) in [
        ("eth_unsubscribe", json!([heads]), -32000),
        ("eth_unsubscribe", json!(["zz"]), -32602),
        ("eth_subscribe", json!(["nothing"]), -32601),
        ("eth_subscribe", json!([]), -32602),
        ("eth_subscribe", json!(["logs", { "topics": 3 }]), -32602),
    ] {
        let answer = socket.request(method, params).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
    let (code, message, _) = http.error("eth_subscribe", json!(["newHeads"])).await;
    assert_eq!(code, -32601);
    assert!(message.contains("notifications not supported"), "{message}");
    // A subscription belongs to its connection.
    let mut second = Socket::open(&devnet).await;
    let answer = second.request("eth_unsubscribe", json!([syncing])).await;
    assert_eq!(answer["error"]["message"], "subscription not found");
}

#[tokio::test]
async fn a_connection_has_a_bounded_number_of_subscriptions() {
    let devnet = start_limited(Limits {
        subscriptions: 3,
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::open(&devnet).await;
    for _ in 0..3 {
        socket.ok("eth_subscribe", json!(["newHeads"])).await;
    }
    let answer = socket.request("eth_subscribe", json!(["newHeads"])).await;
    assert_eq!(answer["error"]["code"], -32005, "{answer}");
    // What they look for is bounded too.
    let mut other = Socket::open(&devnet).await;
    let addresses: Vec<_> = (0..1_001u64)
        .map(|number| Address::from_word(U256::from(number).into()))
        .collect();
    let topics: Vec<_> = (0..1_000u64).map(|n| format!("0x{n:064x}")).collect();
    let answer = other
        .request("eth_subscribe", json!(["logs", { "address": addresses }]))
        .await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let greedy = json!(["logs", { "topics": [topics, topics, topics, topics] }]);
    other.ok("eth_subscribe", greedy.clone()).await;
    other.ok("eth_subscribe", greedy.clone()).await;
    let answer = other.request("eth_subscribe", greedy).await;
    assert_eq!(answer["error"]["code"], -32005, "{answer}");
}

#[tokio::test]
async fn a_connection_has_a_bounded_number_of_requests_in_flight() {
    let devnet = start_limited(Limits {
        in_flight: 1,
        ..Limits::default()
    })
    .await;
    let endless = deploy(devnet.chain(), &hex!("5b5f56"));
    let mut socket = Socket::open(&devnet).await;
    let call = json!({ "id": 0, "method": "eth_call", "params": [{ "to": endless }] });
    socket.send(call).await;
    for id in 1..100 {
        socket
            .send(json!({ "id": id, "method": "eth_chainId" }))
            .await;
    }
    // One after the other: what is quick waits for what is slow.
    for id in 0..100 {
        assert_eq!(socket.message().await["id"], id);
    }
}

#[tokio::test]
async fn messages_that_are_too_large_end_the_connection() {
    let devnet = start_limited(Limits {
        message: 1_000,
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::open(&devnet).await;
    socket.ok("eth_chainId", json!([])).await;
    socket.send("x".repeat(1_001)).await;
    let frame = socket.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1009, "{frame}");
    assert!(frame.reason.contains("1000 bytes"), "{frame}");
}

#[tokio::test]
async fn websockets_beyond_the_limit_are_refused_and_places_come_back() {
    let devnet = start_limited(Limits {
        websockets: 2,
        ..Limits::default()
    })
    .await;
    let first = Socket::open(&devnet).await;
    let _second = Socket::open(&devnet).await;
    match connect_async(devnet.ws_url()).await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("expected status 503, got {other:?}"),
    }
    drop(first);
    for _ in 0..100 {
        if connect_async(devnet.ws_url()).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place of a closed connection was not given back");
}

#[tokio::test]
async fn a_client_that_falls_too_far_behind_is_closed_with_a_reason() {
    let (devnet, _) = start().await;
    let mut socket = Socket::open(&devnet).await;
    socket.ok("eth_subscribe", json!(["newHeads"])).await;
    // Nothing is read while more blocks are made than sockets and chain hold.
    let chain = devnet.chain().clone();
    tokio::task::spawn_blocking(move || chain.mine_many(30_000, 0))
        .await
        .unwrap()
        .unwrap();
    let frame = socket.closed().await.unwrap();
    assert!(frame.reason.contains("too slow"), "{frame}");
    // A reader that keeps up is served as before.
    let mut socket = Socket::open(&devnet).await;
    let heads = socket.ok("eth_subscribe", json!(["newHeads"])).await;
    devnet.chain().mine();
    assert_eq!(socket.news(&heads).await["number"], "0x7531");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off() {
    let devnet = start_limited(Limits {
        sending: Duration::from_millis(200),
        websockets: 1,
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::open(&devnet).await;
    socket.ok("eth_subscribe", json!(["newHeads"])).await;
    let chain = devnet.chain().clone();
    tokio::task::spawn_blocking(move || chain.mine_many(12_000, 0))
        .await
        .unwrap()
        .unwrap();
    // Its place is free again although it never closed.
    for _ in 0..100 {
        if connect_async(devnet.ws_url()).await.is_ok() {
            assert_eq!(socket.closed().await, None);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the connection was not cut off");
}

#[tokio::test]
async fn a_client_that_shows_no_life_is_closed() {
    let devnet = start_limited(Limits {
        ping: Duration::from_millis(500),
        ..Limits::default()
    })
    .await;
    // By hand, as any library answers pings.
    let mut dead = TcpStream::connect(devnet.address()).await.unwrap();
    dead.write_all(
        b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
          sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await
    .unwrap();
    let mut alive = Socket::open(&devnet).await;
    let heads = alive.ok("eth_subscribe", json!(["newHeads"])).await;
    let mining = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        devnet.chain().mine();
    };
    // Reading answers pings.
    let (said, news, ()) = tokio::join!(rest(&mut dead), alive.news(&heads), mining);
    assert!(said.starts_with("HTTP/1.1 101"), "{said}");
    assert!(said.ends_with("no answer to pings"), "{said}");
    assert_eq!(news["number"], "0x1");
}

#[tokio::test]
async fn the_end_of_the_chain_is_told() {
    let (devnet, _) = start().await;
    let mut socket = Socket::open(&devnet).await;
    socket.ok("eth_chainId", json!([])).await;
    tokio::task::spawn_blocking(move || drop(devnet))
        .await
        .unwrap();
    let frame = socket.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1001);
    assert_eq!(frame.reason.as_str(), "the chain is shut down");
}

#[tokio::test]
async fn foreign_pages_open_no_websocket() {
    use tungstenite::client::IntoClientRequest;
    let (devnet, _) = start().await;
    let open = |origin: &'static str| {
        let mut request = devnet.ws_url().into_client_request().unwrap();
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        connect_async(request)
    };
    match open("https://example.org").await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("expected status 403, got {other:?}"),
    }
    assert!(open("http://localhost:3000").await.is_ok());
}

#[tokio::test]
async fn a_long_call_holds_up_nothing_else() {
    let (devnet, http) = start().await;
    // Jumps for ever: JUMPDEST PUSH0 JUMP
    let endless = deploy(devnet.chain(), &hex!("5b5f56"));
    let mut socket = Socket::open(&devnet).await;
    let heads = socket.ok("eth_subscribe", json!(["newHeads"])).await;
    let call = json!({ "id": 7, "method": "eth_call", "params": [{ "to": endless }] });
    socket.send(call).await;
    socket
        .send(json!({ "id": 8, "method": "eth_blockNumber" }))
        .await;
    let first = socket.message().await;
    assert_eq!(first["id"], 8, "{first}");
    devnet.chain().mine();
    http.ok("eth_blockNumber", json!([])).await;
    let mut told = false;
    loop {
        let message = socket.message().await;
        told |= message["params"]["subscription"] == heads;
        if message["id"] == 7 {
            assert_eq!(message["error"]["message"], "out of gas");
            break;
        }
    }
    if !told {
        assert_eq!(socket.news(&heads).await["number"], "0x2");
    }
}
