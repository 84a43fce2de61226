//! A service whose disk fills.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::{client::names, program::Program, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_a_full_disk_sends_nothing_and_goes_on_when_there_is_room() {
    let world = World::new().await;
    let (miner, gateway) = world.miner().await;
    let program = Program::start(&world, &gateway);
    let client = program.client.clone();
    let first = client.prompt("a seven").await;
    client.events(&first, None, "fetched").await;

    program.fill_disk(true);
    let (status, answer) = client.post(&json!({ "prompt": "a four" })).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("its log says why"), "{message}");
    let (ended, said) = program.ended();
    assert!(!ended.success());
    assert!(said.contains("requests cannot be written down"), "{said}");
    assert_eq!(
        world.tasks().await,
        1,
        "what is not written down is not sent"
    );

    // What was written before is there, and goes on.
    let program = Program::start(&world, &gateway);
    let second = program.client.prompt("a four").await;
    program.client.events(&second, None, "fetched").await;
    world.chain.pass(Duration::from_secs(2_001)).unwrap();
    for id in [&first, &second] {
        let events = program.client.events(id, None, "").await;
        assert_eq!(events.last().unwrap().name, "final", "{:?}", names(&events));
    }
    assert_eq!(world.tasks().await, 2);
    program.kill();
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_while_requests_are_on_their_way_loses_none_and_pays_none_twice() {
    let world = World::new().await;
    let (miner, gateway) = world.miner().await;
    let mut ids = Vec::new();
    for round in 0..5_u64 {
        let program = Program::start(&world, &gateway);
        ids.push(program.client.prompt("a seven").await);
        // Somewhere between sending, following and fetching.
        tokio::time::sleep(Duration::from_millis(round * 60)).await;
        program.fill_disk(true);
        // Another writes, and so finds out, if nothing else did.
        let refused = program.client.ask(reqwest::Method::POST, "/v1/requests");
        let refused = refused.json(&json!({ "prompt": "a four" })).send().await;
        if let Ok(refused) = refused {
            assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        let (ended, said) = program.ended();
        assert!(!ended.success(), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let program = Program::start(&world, &gateway);
    for id in &ids {
        let events = program.client.events(id, None, "fetched").await;
        assert_eq!(
            events.last().unwrap().name,
            "fetched",
            "{:?}",
            names(&events)
        );
    }
    assert_eq!(world.tasks().await, ids.len());
    program.kill();
    miner.stop().await.unwrap();
}
