//! What becomes of requests.

use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    client::{Requester, TaskRequest},
    content::unixfs,
};
use arbius_testkit::{AIUS, Actor, Validators};
use reqwest::{Method, StatusCode};

use crate::{
    client::{Client, names},
    world::{FILES, World, is_well, solve, task, until, unwell},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_becomes_a_verified_picture_that_is_final_in_the_end() {
    let world = World::new().await;
    let (miner, gateway) = world.miner().await;
    let (service, client) = world
        .service_with(|settings| settings.gateways = vec![gateway])
        .await;
    let id = client.prompt("a seven").await;
    let events = client.events(&id, None, "fetched").await;
    let steps = ["queued", "sending", "submitted", "solved", "fetched"];
    assert_eq!(names(&events), steps);
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    let request = client.show(&id).await;
    assert_eq!(
        (&request["state"], &request["over"]),
        (&"fetched".into(), &false.into())
    );
    assert_eq!(request["task"], events[2].data["task"]);
    assert_eq!(request["input"]["prompt"], "a seven");

    let file = request["files"][0].clone();
    let path = file["path"].as_str().unwrap();
    let picture = client.ask(Method::GET, path).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    let tag = picture.headers()["etag"].clone();
    let bytes = picture.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(bytes.len() as u64, file["size"]);
    let name = file["name"].as_str().unwrap();
    let cid = unixfs::cid_of_files(&[(name, &bytes)]).unwrap();
    assert_eq!(
        cid.to_string(),
        request["cid"],
        "the bytes are those of the chain's CID"
    );
    let again = client.ask(Method::GET, path).header("if-none-match", tag);
    assert_eq!(
        again.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );

    // Whoever was away goes on behind the last event that was seen; the stream ends by itself.
    world.chain.pass(Duration::from_secs(2_001)).unwrap();
    let rest = client.events(&id, Some("4"), "").await;
    assert_eq!(names(&rest), ["fetched", "final"]);
    assert_eq!(client.show(&id).await["over"], true);
    let all = client.events(&id, None, "").await;
    assert_eq!(names(&all), [steps.as_slice(), &["final"]].concat());
    service.stop().await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_that_is_voted_down_ends_as_rejected() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let before = aius(&client).await;
    let id = client.prompt("a seven").await;
    let task = task(&client, &id).await;
    solve(&world, &validators, task).await;
    client.events(&id, None, "fetched").await;
    let request = client.show(&id).await;
    for (file, (name, bytes)) in request["files"].as_array().unwrap().iter().zip(FILES) {
        assert_eq!(file["name"], name);
        let path = file["path"].as_str().unwrap();
        let read = client.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(read.text().await.unwrap(), bytes);
    }
    validators.contest(task).await.unwrap();
    client.events(&id, None, "contested").await;
    validators.reject(&world.chain, task).await.unwrap();
    let events = client.events(&id, None, "").await;
    assert_eq!(
        names(&events)[3..],
        ["solved", "fetched", "contested", "rejected"]
    );
    // The engine owes the fee then; the service takes it out.
    has_aius(&client, before).await;
    service.stop().await;
}

/// What the account has, wei of AIUS, once the service has found out.
async fn aius(client: &Client) -> U256 {
    let mut aius: Option<U256> = None;
    until("the account is known", async || {
        let (_, health) = client.get("/v1/health").await;
        aius = health["aius"].as_str().map(|wei| wei.parse().unwrap());
        aius.is_some()
    })
    .await;
    aius.unwrap()
}

async fn has_aius(client: &Client, expected: U256) {
    until("the account has its money back", async || {
        aius(client).await == expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_solves_is_taken_back_with_its_fee() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.limits.retract_after = Duration::from_secs(1))
        .await;
    let before = aius(&client).await;
    let id = client.prompt("a seven").await;
    task(&client, &id).await;
    // Past the time after which the protocol allows it, and past the announcement's.
    let over = async { client.events(&id, None, "").await };
    let clock = async {
        until("it is over", async || {
            world.chain.pass(Duration::from_secs(86_400)).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.show(&id).await["over"] == true
        })
        .await;
    };
    let (events, ()) = tokio::join!(over, clock);
    assert_eq!(
        names(&events),
        ["queued", "sending", "submitted", "retracted"]
    );
    // A tenth is the treasury's.
    has_aius(&client, before - U256::from(AIUS / 10)).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_no_gateway_has_is_waited_for_and_given_up_in_the_end() {
    let world = World::new().await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let (service, client) = world
        .service_with(|settings| {
            settings.limits.give_up = Duration::from_secs(2);
            settings.limits.fetch.time = Duration::from_secs(1);
        })
        .await;
    let id = client.prompt("a seven").await;
    let nowhere = B256::repeat_byte(9);
    let task = task(&client, &id).await;
    validators.solve(task, nowhere).await.unwrap();
    let events = client.events(&id, None, "").await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "failed");
    let reason = last.data["reason"].as_str().unwrap();
    assert!(reason.contains("cannot be fetched"), "{reason}");
    service.stop().await;
}

/// Waits until the service says what its account lacks.
async fn lacks(client: &Client, what: &str) {
    until(what, async || {
        unwell(client).await.unwrap_or_default().contains(what)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_tokens_is_waited_for() {
    let world = World::new().await;
    let empty = world.chain.signer(Actor::ModelOwner).unwrap();
    let account = empty.address();
    let (service, client) = world.service_with(|settings| settings.signer = empty).await;
    lacks(&client, "0 wei of AIUS").await;
    let id = client.prompt("a seven").await;
    client.events(&id, None, "sending").await;
    let call = arbius_sdk::contracts::IToken::transferCall {
        to: account,
        value: U256::from(5 * AIUS),
    };
    let owner = world.chain.lane(Actor::Requester).unwrap();
    let call = arbius_sdk::chain::Call::new(world.chain.token(), &call);
    owner.execute(call).await.unwrap();
    task(&client, &id).await;
    is_well(&client).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_enough_ether_is_waited_for() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let account = world.chain.lane(Actor::Requester).unwrap().address();
    let chain = world.chain.devnet().chain();
    // Some, but less than the gas.
    chain.set_balance(account, U256::from(1_000));
    let id = client.prompt("a seven").await;
    lacks(&client, "holds 1000 wei").await;
    chain.set_balance(account, U256::from(AIUS));
    task(&client, &id).await;
    is_well(&client).await;
    assert_eq!(world.tasks().await, 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_a_reorganisation_undoes_is_sent_again_and_followed() {
    let world = World::new().await;
    let before = world.chain.devnet().chain().snapshot();
    let (service, client) = world.service().await;
    let id = client.prompt("a seven").await;
    let first = task(&client, &id).await;
    assert!(world.chain.devnet().chain().revert(before));
    // Another task may be the first now: the same submission is a task of another id then.
    let lane = world.chain.lane(Actor::Miner(3)).unwrap().clone();
    let other = Requester::new(lane, world.chain.deployment()).unwrap();
    let request = TaskRequest {
        model: world.model,
        fee: U256::from(AIUS),
        input: r#"{"prompt":"a four"}"#.into(),
        owner: None,
    };
    other.submit(&request).await.unwrap();
    let mut again = first;
    until("it is a task again", async || {
        // Blocks come, as on any chain.
        world.chain.pass(Duration::from_secs(1)).unwrap();
        let task = client.show(&id).await["task"].clone();
        again = task.as_str().unwrap().parse().unwrap();
        other.network().task(again).await.is_ok()
    })
    .await;
    assert_eq!(world.tasks().await, 2);
    // What becomes of it now is followed as if nothing had been.
    let validators = Validators::stake(&world.chain).await.unwrap();
    solve(&world, &validators, again).await;
    let events = client.events(&id, None, "fetched").await;
    let submitted = if again == first { 1 } else { 2 };
    let steps = [&["queued", "sending"][..], &["submitted"; 2][..submitted]].concat();
    assert_eq!(
        names(&events),
        [&steps[..], &["solved", "fetched"]].concat()
    );
    service.stop().await;
}
