//! What a reorganisation undoes is told, at any depth, and what replaces it is read.

use std::{collections::BTreeMap, time::Duration};

use alloy::rpc::types::Filter;
use alloy_primitives::U256;
use arbius_devnet::Devnet;
use arbius_sdk::chain::{Batch, Chain, ChainError, Cursor, Events};

use crate::world::{EMITTER, EVENT, Hostile, builder, devnet, emit, numbers};

async fn follow(devnet: &Devnet, after: u64) -> Events {
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    Events::new(chain, EMITTER, vec![EVENT], Cursor::after(after))
        .poll_every(Duration::from_millis(10))
}

/// What somebody knows who follows: the numbers of each block.
#[derive(Default)]
struct Known(BTreeMap<u64, Vec<u64>>);

impl Known {
    fn take_in(&mut self, batch: &Batch) {
        if let Some(from) = batch.reorganised_from {
            self.0.retain(|block, _| *block < from);
        }
        for (log, number) in batch.logs.iter().zip(numbers(batch)) {
            self.0
                .entry(log.block_number.unwrap())
                .or_default()
                .push(number);
        }
    }

    /// Reads until there is nothing new.
    async fn catch_up(&mut self, events: &mut Events) -> Option<u64> {
        let mut reorganised = None;
        while let Some(batch) = events.look().await.unwrap() {
            reorganised = reorganised.or(batch.reorganised_from);
            self.take_in(&batch);
        }
        reorganised
    }
}

/// What the chain itself says.
fn truth(devnet: &Devnet) -> BTreeMap<u64, Vec<u64>> {
    let filter = Filter::new().address(EMITTER).from_block(0);
    let mut all: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for log in devnet.chain().logs(&filter).unwrap() {
        let number = U256::from_be_slice(&log.data().data).to();
        all.entry(log.block_number.unwrap())
            .or_default()
            .push(number);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_where_the_chain_parted_is_found_at_any_depth() {
    for depth in [1, 2, 5, 17, 64, 200, 900] {
        let devnet = devnet().await;
        let mut events = follow(&devnet, 0).await;
        let mut known = Known::default();
        // Read often, so that there is something to compare with.
        for number in 0..1000 {
            emit(&devnet, number);
            if number % 7 == 0 {
                known.catch_up(&mut events).await;
            }
        }
        known.catch_up(&mut events).await;
        assert_eq!(known.0, truth(&devnet));
        let head = devnet.chain().block_number();
        devnet.chain().rollback(depth).unwrap();
        for number in 0..depth + 3 {
            emit(&devnet, 5000 + number);
        }
        let from = known.catch_up(&mut events).await.expect("a reorganisation");
        assert!(
            from <= head - depth + 1,
            "{from}: something undone is kept, at depth {depth}"
        );
        let (undone, read) = (depth, head + 1 - from);
        assert!(
            read <= 4 * undone + 32,
            "{read} blocks read again for {undone}"
        );
        assert_eq!(known.0, truth(&devnet), "depth {depth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_got_shorter_is_followed_back() {
    let devnet = devnet().await;
    let mut events = follow(&devnet, 0).await;
    let mut known = Known::default();
    for number in 0..10 {
        emit(&devnet, number);
        known.catch_up(&mut events).await;
    }
    devnet.chain().rollback(4).unwrap();
    let patience = std::time::Instant::now();
    while known.0 != truth(&devnet) {
        assert!(patience.elapsed() < Duration::from_secs(60));
        known.catch_up(&mut events).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_course_of_reorganisations_and_restarts_ends_in_what_the_chain_says() {
    for seed in 0..12_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |limit: u64| {
            // xorshift64
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let devnet = devnet().await;
        let mut events = follow(&devnet, 0).await;
        let mut known = Known::default();
        for step in 0..120 {
            match below(10) {
                0..4 => emit(&devnet, step),
                4 => devnet.chain().mine_many(below(20), 1).unwrap(),
                5 | 6 => {
                    let height = devnet.chain().block_number();
                    devnet.chain().rollback(below(height.min(40) + 1)).unwrap();
                    emit(&devnet, 1000 + step);
                }
                7 => {
                    let stored = serde_json::to_value(events.cursor()).unwrap();
                    let cursor: Cursor = serde_json::from_value(stored).unwrap();
                    let chain = Chain::connect(&devnet.url()).await.unwrap();
                    events = Events::new(chain, EMITTER, vec![EVENT], cursor);
                }
                _ => {
                    known.catch_up(&mut events).await;
                }
            }
        }
        // Past every height that was ever read, so that no node seems late.
        devnet.chain().mine_many(600, 1).unwrap();
        known.catch_up(&mut events).await;
        assert_eq!(known.0, truth(&devnet), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_at_the_same_endpoint_is_recognised() {
    let devnet = devnet().await;
    devnet.chain().mine_many(5, 1).unwrap();
    let mut events = follow(&devnet, 3).await;
    let mut known = Known::default();
    emit(&devnet, 1);
    known.catch_up(&mut events).await;
    emit(&devnet, 2);
    known.catch_up(&mut events).await;
    let cursor = events.cursor().clone();
    devnet.chain().reset();
    devnet.chain().mine_many(50, 7).unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let mut events = Events::new(chain, EMITTER, vec![EVENT], cursor);
    let error = events.look().await.unwrap_err();
    assert!(
        matches!(error, ChainError::OtherChain { block: 3, .. }),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_of_several_cannot_make_believe_in_a_reorganisation() {
    let devnet = devnet().await;
    let (liar, one, two) = (
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
        Hostile::before(&devnet).await,
    );
    let urls = [liar.url(), one.url(), two.url()];
    let chain = builder(urls.iter().map(String::as_str))
        .compare_every(Duration::from_secs(3600))
        .connect()
        .await
        .unwrap();
    let mut events = Events::new(chain, EMITTER, vec![EVENT], Cursor::after(0));
    let mut known = Known::default();
    emit(&devnet, 0);
    known.catch_up(&mut events).await;
    liar.lies(|method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_getBlockByNumber" {
            answer["result"]["hash"] = serde_json::json!(alloy_primitives::B256::repeat_byte(9));
            answer["result"]["parentHash"] =
                serde_json::json!(alloy_primitives::B256::repeat_byte(8));
        }
        answer
    });
    emit(&devnet, 1);
    assert_eq!(known.catch_up(&mut events).await, None);
    assert_eq!(known.0, truth(&devnet));
}
