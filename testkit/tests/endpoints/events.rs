//! Every event once, whatever the endpoints do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256};
use arbius_devnet::Devnet;
use arbius_sdk::chain::{Chain, ChainError, Cursor, EndpointState, Events, Expected, Logs};
use serde_json::{Value, json};

use crate::world::{EMITTER, EVENT, Hostile, Mode, builder, devnet, emit, numbers, status, until};

/// For how long a head that went back may be that of a late node.
const LATE: Duration = Duration::from_secs(3);

fn follow(chain: &Chain, cursor: Cursor) -> Events {
    Events::new(chain.clone(), EMITTER, vec![EVENT], cursor).poll_every(Duration::from_millis(20))
}

async fn by(endpoints: &[&Hostile]) -> Chain {
    let urls: Vec<String> = endpoints.iter().map(|endpoint| endpoint.url()).collect();
    builder(urls.iter().map(String::as_str))
        .connect()
        .await
        .unwrap()
}

/// Reads until so many events are there.
async fn read(events: &mut Events, count: usize) -> Vec<u64> {
    let mut all = Vec::new();
    let reading = async {
        while all.len() < count {
            // Endpoints fail in these tests; whoever reads goes on.
            if let Ok(batch) = events.next().await {
                all.extend(numbers(&batch));
            }
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(30), reading).await;
    assert!(done.is_ok(), "only {all:?} of {count}");
    all
}

fn span(params: &Value) -> (u64, u64) {
    let block = |name: &str| {
        let text = params[0][name].as_str().unwrap_or("0x0");
        u64::from_str_radix(&text[2..], 16).unwrap()
    };
    (block("fromBlock"), block("toBlock"))
}

fn refuse(code: i64, message: String) -> Value {
    json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } })
}

async fn spread(count: u64, apart: u64) -> Devnet {
    let devnet = devnet().await;
    for number in 0..count {
        emit(&devnet, number);
        devnet.chain().mine_many(apart, 1).unwrap();
    }
    devnet
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_that_an_endpoint_refuses_are_made_to_fit() {
    let devnet = spread(20, 50).await;
    let hints: [fn(u64, u64) -> String; 4] = [
        |from, _| {
            format!(
                "this block range should work: [{from:#x}, {:#x}]",
                from + 99
            )
        },
        |_, _| "eth_getLogs is limited to a 100 block range".to_owned(),
        |_, _| "block range is too wide".to_owned(),
        |_, _| "query returned more than 10000 results".to_owned(),
    ];
    for hint in hints {
        let endpoint = Hostile::before(&devnet).await;
        endpoint.lies(move |method, params, ask| {
            let (from, to) = span(params);
            if method == "eth_getLogs" && to - from >= 100 {
                return refuse(-32005, hint(from, to));
            }
            ask(params)
        });
        let mut events = follow(&by(&[&endpoint]).await, Cursor::after(0));
        assert_eq!(read(&mut events, 20).await, (0..20).collect::<Vec<_>>());
        let asked = endpoint.asked("eth_getLogs");
        assert!(
            asked < 40,
            "{asked} requests for 1,000 blocks: {}",
            hint(1, 2)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_too_large_are_asked_for_in_parts() {
    let devnet = spread(64, 1).await;
    let chain = Chain::builder()
        .endpoint(devnet.url())
        .max_response(4096)
        .connect()
        .await
        .unwrap();
    let mut events = follow(&chain, Cursor::after(0));
    assert_eq!(read(&mut events, 64).await, (0..64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_not_asked_for_are_no_answer() {
    let devnet = spread(4, 3).await;
    let lies: [fn(&mut Vec<Value>); 6] = [
        |logs| logs[0]["blockNumber"] = json!("0xffff"),
        |logs| logs[0]["address"] = json!(Address::repeat_byte(1)),
        |logs| logs[0]["topics"] = json!([]),
        |logs| logs[0]["removed"] = json!(true),
        |logs| logs.swap(0, 1),
        |logs| {
            let again = logs[0].clone();
            logs.insert(0, again);
        },
    ];
    for lie in lies {
        let liar = Hostile::before(&devnet).await;
        liar.lies(move |method, params, ask| {
            let mut answer = ask(params);
            if method == "eth_getLogs"
                && let Some(logs) = answer["result"].as_array_mut()
                && logs.len() > 1
            {
                lie(logs);
            }
            answer
        });
        // Alone, it is an error; nothing of it is handed out.
        let alone = by(&[&liar]).await;
        let error = follow(&alone, Cursor::after(0)).next().await.unwrap_err();
        assert!(
            matches!(error, ChainError::Untrue { .. }) && error.is_transient(),
            "{error}"
        );
        // With another, that one is believed, and the liar not any more.
        let honest = Hostile::before(&devnet).await;
        let chain = by(&[&liar, &honest]).await;
        assert_eq!(
            read(&mut follow(&chain, Cursor::after(0)), 4).await,
            [0, 1, 2, 3]
        );
        assert_eq!(
            status(&chain, &liar.url()).state,
            EndpointState::Quarantined
        );
        // The same holds for a single look.
        let chain = by(&[&liar, &honest]).await;
        let mut logs = Logs::new(chain.clone(), EMITTER, vec![EVENT]);
        let (found, _) = logs.next(0, devnet.chain().block_number()).await.unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(
            status(&chain, &liar.url()).state,
            EndpointState::Quarantined
        );
    }
}

/// Leaves the events of the newest block out of an answer.
fn without_head(answer: &mut Value, head: u64) {
    if let Some(logs) = answer["result"].as_array_mut() {
        logs.retain(|log| log["blockNumber"] != json!(format!("{head:#x}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_the_head_that_are_left_out_are_asked_for_by_its_hash() {
    let devnet = devnet().await;
    let endpoint = Hostile::before(&devnet).await;
    endpoint.lies(|method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_getLogs" && params[0]["blockHash"].is_null() {
            without_head(&mut answer, span(params).1);
        }
        answer
    });
    let mut events = follow(&by(&[&endpoint]).await, Cursor::after(0));
    for number in 0..5 {
        emit(&devnet, number);
        let batch = loop {
            let batch = events.next().await.unwrap();
            if batch.to == devnet.chain().block_number() {
                break batch;
            }
        };
        assert_eq!(numbers(&batch), [number], "and nothing twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_headers_before_events_loses_none() {
    let devnet = devnet().await;
    let endpoint = Hostile::before(&devnet).await;
    // No bloom filter to go by either.
    endpoint.lies(|method, params, ask| {
        let mut answer = ask(params);
        match method {
            "eth_getLogs" => without_head(&mut answer, span(params).1),
            "eth_getBlockByNumber" => answer["result"]["logsBloom"] = Value::Null,
            _ => {}
        }
        answer
    });
    let mut events = follow(&by(&[&endpoint]).await, Cursor::after(0));
    let mut all = Vec::new();
    for number in 0..5 {
        emit(&devnet, number);
        all.extend(numbers(&events.next().await.unwrap()));
    }
    devnet.chain().mine();
    all.extend(read(&mut events, 5 - all.len()).await);
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_goes_on_from_the_cursor_after_a_restart() {
    let devnet = spread(3, 2).await;
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let mut events = follow(&chain, Cursor::after(0));
    assert_eq!(read(&mut events, 3).await, [0, 1, 2]);
    let stored = serde_json::to_string(events.cursor()).unwrap();
    drop(events);
    emit(&devnet, 3);
    let mut events = follow(&chain, serde_json::from_str(&stored).unwrap());
    assert_eq!(read(&mut events, 1).await, [3]);
    // Only later blocks, for whoever wants no more.
    let mut late = follow(&chain, Cursor::after(devnet.chain().block_number() - 1));
    assert_eq!(read(&mut late, 1).await, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_come_and_go_lose_nothing() {
    let devnet = devnet().await;
    let (one, two) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let mut events = follow(&by(&[&one, &two]).await, Cursor::after(0));
    let emitting = async {
        let modes = [
            Mode::Honest,
            Mode::Status(500, None),
            Mode::Garbage,
            Mode::Half,
        ];
        for number in 0..60 {
            emit(&devnet, number);
            let turn = usize::try_from(number).unwrap() / 3;
            one.set(modes[turn % 4].clone());
            two.set(modes[(turn / 2 + 1) % 4].clone());
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        one.set(Mode::Honest);
    };
    let (all, ()) = tokio::join!(read(&mut events, 60), emitting);
    assert_eq!(all, (0..60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_chain_costs_one_request_a_look_and_a_new_block_two() {
    let devnet = spread(3, 1).await;
    let endpoint = Hostile::before(&devnet).await;
    let chain = by(&[&endpoint]).await;
    let mut events = follow(&chain, Cursor::after(0));
    read(&mut events, 3).await;
    while events.look().await.unwrap().is_some() {}
    let before = chain.requests().total();
    for _ in 0..10 {
        assert!(events.look().await.unwrap().is_none());
    }
    assert_eq!(chain.requests().total() - before, 10);
    emit(&devnet, 3);
    events.look().await.unwrap().unwrap();
    assert_eq!(chain.requests().total() - before, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_is_gone_is_said_and_what_to_do() {
    let devnet = spread(6, 3).await;
    for message in [
        "missing trie node 12ab (path ) state is not available",
        "history has been pruned for this block",
    ] {
        let endpoint = Hostile::before(&devnet).await;
        let kept = devnet.chain().block_number() - 5;
        endpoint.lies(move |method, params, ask| {
            if method == "eth_getLogs" && span(params).0 < kept {
                return refuse(-32000, message.to_owned());
            }
            ask(params)
        });
        let chain = by(&[&endpoint]).await;
        let error = follow(&chain, Cursor::after(0)).next().await.unwrap_err();
        let ChainError::Pruned { block: 1, .. } = error else {
            panic!("{error}");
        };
        assert!(error.to_string().contains("--from-block"), "{error}");
        assert!(!error.is_transient());
        // Later, there is nothing wrong.
        let mut events = follow(&chain, Cursor::after(kept - 1));
        assert_eq!(read(&mut events, 1).await, [5]);
        // Nor if another endpoint has it all.
        let archive = Hostile::before(&devnet).await;
        let mut events = follow(&by(&[&endpoint, &archive]).await, Cursor::after(0));
        assert_eq!(read(&mut events, 6).await, [0, 1, 2, 3, 4, 5]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_goes_back_for_a_moment_is_a_late_node() {
    let devnet = spread(3, 3).await;
    let endpoint = Hostile::before(&devnet).await;
    let late = Arc::new(AtomicBool::new(false));
    let is_late = Arc::clone(&late);
    endpoint.lies(move |_, params, ask| {
        if is_late.load(Ordering::Relaxed) && params[0] == "latest" {
            params[0] = json!("0x2");
        }
        ask(params)
    });
    let mut events = follow(&by(&[&endpoint]).await, Cursor::after(0));
    assert_eq!(read(&mut events, 3).await, [0, 1, 2]);
    while events.look().await.unwrap().is_some() {}
    late.store(true, Ordering::Relaxed);
    let since = Instant::now();
    for _ in 0..5 {
        let looked = events.look().await.unwrap();
        if since.elapsed() >= LATE {
            // This machine stood still, and what is late for so long is no longer so for a moment.
            return;
        }
        assert!(looked.is_none());
    }
    late.store(false, Ordering::Relaxed);
    emit(&devnet, 3);
    let batch = events.next().await.unwrap();
    assert_eq!((batch.reorganised_from, numbers(&batch)), (None, vec![3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_is_passed_over_for_one_that_is_not() {
    let devnet = spread(3, 3).await;
    let (behind, ahead) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let mut events = follow(&by(&[&behind, &ahead]).await, Cursor::after(0));
    assert_eq!(read(&mut events, 3).await, [0, 1, 2]);
    behind.lies(|_, params, ask| {
        if params[0] == "latest" {
            params[0] = json!("0x2");
        }
        ask(params)
    });
    emit(&devnet, 3);
    assert_eq!(read(&mut events, 1).await, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_a_receipt_named_and_that_never_comes_was_reorganised_away() {
    let devnet = spread(2, 2).await;
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let expected = Arc::new(Expected::default());
    let mut events = follow(&chain, Cursor::after(0)).expecting(Arc::clone(&expected));
    assert_eq!(read(&mut events, 2).await, [0, 1]);
    let head = devnet.chain().block_number();
    expected.note(head + 1, B256::repeat_byte(1));
    let start = Instant::now();
    until("it is taken for a reorganisation", async || {
        let batch = events.look().await.unwrap();
        batch.is_some_and(|batch| batch.reorganised_from == Some(head + 1))
    })
    .await;
    let took = start.elapsed();
    assert!(
        took >= Duration::from_secs(3),
        "a node may be late: {took:?}"
    );
    assert_eq!(expected.newest(), 0);
}
