//! WebSocket endpoints tell of events at once, and nothing depends on them.

use std::time::Duration;

use arbius_devnet::Devnet;
use arbius_sdk::chain::{Chain, Cursor, Events};

use crate::world::{EMITTER, EVENT, Relay, devnet, emit, numbers};

/// A chain by a WebSocket that can be cut, and HTTP.
async fn both(devnet: &Devnet) -> (Relay, Chain) {
    let relay = Relay::start().await;
    relay.lead_to(devnet);
    let chain = Chain::builder()
        .endpoint(devnet.url())
        .endpoint(format!("ws://{}", relay.address()))
        .compare_every(Duration::from_secs(3600))
        .connect()
        .await
        .unwrap();
    (relay, chain)
}

fn follow(chain: &Chain) -> Events {
    Events::new(chain.clone(), EMITTER, vec![EVENT], Cursor::after(0))
        .poll_every(Duration::from_millis(200))
}

/// As [`follow`], but while a subscription is open only what it tells of is read in a test's
/// time: how soon that is depends on how busy the machine is, and proves nothing.
fn follow_what_is_told(chain: &Chain) -> Events {
    follow(chain).quiet_poll_every(Duration::from_secs(3600))
}

/// Reads until so many events are there.
async fn read(events: &mut Events, count: usize) -> Vec<u64> {
    let mut all = Vec::new();
    let reading = async {
        while all.len() < count {
            all.extend(numbers(&events.next().await.unwrap()));
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(30), reading).await;
    assert!(done.is_ok(), "only {all:?} of {count}");
    all
}

/// Waits until a subscription is open: the reader is then silent for long.
async fn settle(events: &mut Events, chain: &Chain) {
    let listening = async {
        loop {
            let before = chain.requests().of("eth_getBlockByNumber");
            let _ = tokio::time::timeout(Duration::from_secs(1), events.next()).await;
            if chain.requests().of("eth_getBlockByNumber") <= before + 1 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listening)
        .await
        .expect("a subscription");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_at_once_and_silence_costs_next_to_nothing() {
    let devnet = devnet().await;
    let (_relay, chain) = both(&devnet).await;
    let mut events = follow_what_is_told(&chain);
    events.next().await.unwrap();
    settle(&mut events, &chain).await;
    for number in 0..3 {
        let telling = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            emit(&devnet, number);
        };
        let (told, ()) = tokio::join!(read(&mut events, 1), telling);
        assert_eq!(told, [number]);
    }
    // Blocks without such events wake nobody.
    let before = chain.requests().total();
    for _ in 0..20 {
        devnet.chain().mine();
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), events.next()).await;
    let asked = chain.requests().total() - before;
    assert!(asked <= 3, "{asked} requests in two seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_socket_is_away_is_read_and_it_is_tried_again() {
    let devnet = devnet().await;
    let (relay, chain) = both(&devnet).await;
    let mut events = follow_what_is_told(&chain);
    events.next().await.unwrap();
    settle(&mut events, &chain).await;
    relay.cut();
    for number in 0..10 {
        emit(&devnet, number);
    }
    // Polling goes on.
    let told = read(&mut events, 10).await;
    assert_eq!(told, (0..10).collect::<Vec<_>>());
    relay.lead_to(&devnet);
    settle(&mut events, &chain).await;
    emit(&devnet, 10);
    assert_eq!(read(&mut events, 1).await, [10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_open_and_silent_delays_and_loses_nothing() {
    let devnet = devnet().await;
    let (relay, chain) = both(&devnet).await;
    let mut events = follow(&chain);
    events.next().await.unwrap();
    settle(&mut events, &chain).await;
    relay.mute();
    emit(&devnet, 0);
    assert_eq!(read(&mut events, 1).await, [0]);
}
