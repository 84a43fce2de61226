//! A service that is killed, as a program of its own.

use std::{fs, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::{client::names, program::Program, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_again_and_again_loses_no_request_and_pays_none_twice() {
    let world = World::new().await;
    let folder = world.folder.path();
    let (miner, gateway) = world.miner().await;
    let mut ids = Vec::new();
    for round in 0..8_u64 {
        let program = Program::start(&world, &gateway);
        for number in 0..3 {
            let key = format!("{round}-{number}");
            let asked = program.client.ask(Method::POST, "/v1/requests");
            let asked = asked.header("idempotency-key", &key);
            let made = asked.json(&json!({ "prompt": format!("a {number}") }));
            let request: serde_json::Value = made.send().await.unwrap().json().await.unwrap();
            ids.push((key, request["id"].as_str().unwrap().to_owned()));
        }
        // Somewhere between writing down, sending, following and fetching.
        tokio::time::sleep(Duration::from_millis(round * 40)).await;
        program.kill();
    }
    let program = Program::start(&world, &gateway);
    for (key, id) in &ids {
        let events = program.client.events(id, None, "fetched").await;
        assert_eq!(
            events.last().unwrap().name,
            "fetched",
            "{:?}",
            names(&events)
        );
        // A client that heard no answer sends it again.
        let asked = program.client.ask(Method::POST, "/v1/requests");
        let asked = asked.header("idempotency-key", key);
        let number = &key[key.len() - 1..];
        let made = asked.json(&json!({ "prompt": format!("a {number}") }));
        let request: serde_json::Value = made.send().await.unwrap().json().await.unwrap();
        assert_eq!(request["id"], **id);
    }
    assert_eq!(world.tasks().await, ids.len());
    world.chain.pass(Duration::from_secs(2_001)).unwrap();
    for (_, id) in &ids {
        let events = program.client.events(id, None, "").await;
        assert_eq!(events.last().unwrap().name, "final");
    }
    program.kill();
    // Nothing is left in the folder that only a living program could use.
    assert!(fs::exists(folder.join("service/requests.redb")).unwrap());
    miner.stop().await.unwrap();
}
