//! Endpoints that are away, behind, or lie.

use std::time::Duration;

use arbius_example_service::{Service, ServiceError, StoreError};
use arbius_faults::{Fault, Script};
use arbius_testkit::Validators;

use crate::{
    client::names,
    world::{World, is_well, solve, task, until, unwell},
};

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_while_the_endpoint_is_away_and_go_on_when_it_is_back() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let (service, client) = world
        .service_with(|settings| settings.deployment.rpc = endpoint.url())
        .await;
    let validators = Validators::stake(&world.chain).await.unwrap();
    let followed = client.prompt("a seven").await;
    let solved = task(&client, &followed).await;

    endpoint.set_alive(false);
    // One is solved meanwhile, and another one comes.
    solve(&world, &validators, solved).await;
    let waiting = client.prompt("a four").await;
    client.events(&waiting, None, "sending").await;
    until("its health says so", async || {
        let reason = unwell(&client).await.unwrap_or_default();
        reason.contains("no JSON-RPC endpoint answers")
    })
    .await;
    assert_eq!(client.show(&followed).await["state"], "submitted");

    endpoint.set_alive(true);
    client.events(&followed, None, "fetched").await;
    solve(&world, &validators, task(&client, &waiting).await).await;
    client.events(&waiting, None, "fetched").await;
    is_well(&client).await;
    assert_eq!(world.tasks().await, 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_and_is_behind_again_and_again_makes_nothing_paid_twice() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let (miner, gateway) = world.miner().await;
    let (service, client) = world
        .service_with(|settings| {
            settings.deployment.rpc = endpoint.url();
            settings.gateways = vec![gateway];
        })
        .await;
    let faults = [
        Fault::Drop,
        Fault::Truncate,
        Fault::Garbage,
        Fault::BadGateway,
        Fault::InternalError,
        Fault::StaleHead,
        Fault::NoReceipt,
        Fault::SwallowTransaction,
        Fault::ErrorAfterSending,
        Fault::Duplicate,
    ];
    endpoint.follow(Some(Script::new(9).with_all(&faults, 60)));
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(client.prompt(&format!("a {number}")).await);
    }
    for id in &ids {
        let events = client.events(id, None, "fetched").await;
        assert_eq!(
            events.last().unwrap().name,
            "fetched",
            "{:?}",
            names(&events)
        );
    }
    assert!(endpoint.faults().len() > 5, "{:?}", endpoint.faults());
    assert_eq!(world.tasks().await, ids.len());
    service.stop().await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let world = World::new().await;
    let (service, _) = world.service().await;
    let settings = || world.settings(vec![world.gateway.url()]);
    // A folder has one service.
    let error = Service::start(settings()).await.unwrap_err();
    assert!(
        matches!(error, ServiceError::Store(StoreError::InUse(_))),
        "{error}"
    );
    assert!(error.to_string().contains("name another folder"), "{error}");
    service.stop().await;

    let mut away = settings();
    away.deployment.rpc = "http://127.0.0.1:1/v2/a-key-that-nobody-may-see".to_owned();
    let error = Service::start(away).await.unwrap_err().to_string();
    assert!(error.contains("no JSON-RPC endpoint answers"), "{error}");
    assert!(!error.contains("a-key"), "{error}");

    let mut unknown = settings();
    unknown.model = alloy_primitives::B256::repeat_byte(7);
    let error = Service::start(unknown).await.unwrap_err().to_string();
    assert!(error.contains("`arbius model list`"), "{error}");

    let mut nowhere = settings();
    nowhere.gateways = vec!["nonsense".to_owned()];
    let error = Service::start(nowhere).await.unwrap_err().to_string();
    assert!(error.contains("is not a gateway's address"), "{error}");

    // What did not start keeps nobody else from it.
    let service = Service::start(settings()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), service.stop())
        .await
        .unwrap();
}
