//! What is refused, and what clients that go away leave behind.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::names,
    world::{World, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_costs_nothing() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.limits.input_bytes = 200)
        .await;
    let long = "x".repeat(300);
    let absurd = "x".repeat(10_000);
    for (body, status, code, words) in [
        (json!(7), 400, "malformed", "send {\"prompt\": \"…\"}"),
        (
            json!({}),
            400,
            "malformed",
            "either a `prompt` or an `input`",
        ),
        (
            json!({ "prompt": "a", "input": {} }),
            400,
            "malformed",
            "not both",
        ),
        (json!({ "promt": "a" }), 400, "malformed", "promt"),
        (json!({ "input": { "prompt": 7 } }), 422, "unfit", "prompt"),
        (
            json!({ "input": { "prompt": "a", "sice": 1 } }),
            422,
            "unfit",
            "`sice`",
        ),
        (json!({ "prompt": long }), 413, "too-large", "200 are taken"),
        (json!({ "prompt": absurd }), 413, "too-large", ""),
    ] {
        let (found, answer) = client.post(&body).await;
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{body}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{body}: {message}");
    }
    for path in [
        "/v1/requests/0x00000000000000000000000000000000",
        "/v1/requests/7",
        "/v1/requests/0x00000000000000000000000000000000/events",
        "/v1/requests/0x00000000000000000000000000000000/files/out.png",
        "/v2",
    ] {
        let (status, answer) = client.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer["error"]["code"], "not-found", "{path}");
    }
    assert_eq!(world.tasks().await, 0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_wanted_for_what_is_paid_and_for_nothing_else() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.token = Some("secret".to_owned()))
        .await;
    let body = json!({ "prompt": "a seven" });
    assert_eq!(client.post(&body).await.0, StatusCode::UNAUTHORIZED);
    let asked = |token: &str| {
        let asked = client.ask(Method::POST, "/v1/requests").json(&body);
        asked.bearer_auth(token).send()
    };
    assert_eq!(
        asked("wrong").await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let made = asked("secret").await.unwrap();
    assert_eq!(made.status(), StatusCode::ACCEPTED);
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(client.get(&location).await.0, StatusCode::OK);
    let cancelled = client.ask(Method::DELETE, &location).send().await.unwrap();
    assert_eq!(cancelled.status(), StatusCode::UNAUTHORIZED);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_made_once_however_often_it_is_sent() {
    let world = World::new().await;
    let (service, client) = world.service().await;
    let send = |prompt: &'static str| {
        let asked = client.ask(Method::POST, "/v1/requests");
        let asked = asked.header("idempotency-key", "order 17");
        asked.json(&json!({ "prompt": prompt })).send()
    };
    let (one, two, three) = tokio::join!(send("a seven"), send("a seven"), send("a seven"));
    let mut ids = Vec::new();
    for response in [one, two, three] {
        let request: serde_json::Value = response.unwrap().json().await.unwrap();
        ids.push(request["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let other = send("a four").await.unwrap();
    assert_eq!(other.status(), StatusCode::CONFLICT);
    client
        .events(ids[0].as_str().unwrap(), None, "submitted")
        .await;
    assert_eq!(world.tasks().await, 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_open_requests_are_refused_until_one_is_over() {
    let world = World::new().await;
    // Nobody mines, and nothing is sent: every request stays open.
    let (service, client) = world
        .service_with(|settings| {
            settings.limits.open_each = 3;
            settings.limits.sending = 1;
        })
        .await;
    world.chain.devnet().chain().set_automine(false);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(client.prompt("a seven").await);
    }
    let asked = client.ask(Method::POST, "/v1/requests");
    let refused = asked
        .json(&json!({ "prompt": "a seven" }))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    // The first is being sent; the last waits, and can be taken back.
    client.events(&ids[0], None, "sending").await;
    let path = format!("/v1/requests/{}", ids[2]);
    let cancelled = client.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(cancelled.status(), StatusCode::OK);
    assert_eq!(
        names(&client.events(&ids[2], None, "").await),
        ["queued", "cancelled"]
    );
    let late = client.ask(Method::DELETE, &format!("/v1/requests/{}", ids[0]));
    assert_eq!(late.send().await.unwrap().status(), StatusCode::CONFLICT);
    ids.push(client.prompt("a seven").await);
    world.chain.devnet().chain().mine();
    world.chain.devnet().chain().set_automine(true);
    for id in [&ids[0], &ids[1], &ids[3]] {
        client.events(id, None, "submitted").await;
    }
    assert_eq!(world.tasks().await, 3, "what was cancelled is not paid");
    service.stop().await;

    let (service, client) = world
        .service_with(|settings| settings.limits.open = 3)
        .await;
    let (status, answer) = client.post(&json!({ "prompt": "a seven" })).await;
    assert_eq!(
        status,
        StatusCode::SERVICE_UNAVAILABLE,
        "those of the earlier run count"
    );
    assert_eq!(answer["error"]["code"], "full");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_or_read_nothing_hold_nobody_up() {
    let world = World::new().await;
    let (service, client) = world
        .service_with(|settings| settings.limits.connections_each = 8)
        .await;
    let id = client.prompt("a seven").await;
    let address = client.url.strip_prefix("http://").unwrap();
    let head = format!("GET /v1/requests/{id}/events HTTP/1.1\r\nHost: a\r\n\r\n");
    for _ in 0..40 {
        // It asks for the events and is gone; another one sends half a request.
        let mut gone = TcpStream::connect(address).await.unwrap();
        gone.write_all(head.as_bytes()).await.unwrap();
        drop(gone);
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"POST /v1/requests HTTP/1.1\r\nContent-Length: 40\r\n\r\n{\"prom")
            .await
            .unwrap();
        drop(half);
    }
    // Some read a little, and then nothing more.
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.read(&mut [0; 8]).await.unwrap();
        idle.push(stream);
    }
    // The request goes on without them, and others are served.
    client.events(&id, None, "submitted").await;
    until("places are free again", async || {
        let asked = client.ask(Method::GET, &format!("/v1/requests/{id}"));
        asked
            .send()
            .await
            .is_ok_and(|answer| answer.status() == StatusCode::OK)
    })
    .await;
    let second = client.prompt("a four").await;
    client.events(&second, None, "submitted").await;
    assert_eq!(world.tasks().await, 2);
    // Streams end when the service does.
    let stopped = tokio::time::timeout(Duration::from_secs(60), service.stop());
    stopped.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_clients_at_a_time_get_what_is_theirs() {
    let world = World::new().await;
    let (miner, gateway) = world.miner().await;
    let (service, client) = world
        .service_with(|settings| settings.gateways = vec![gateway])
        .await;
    let prompts = ["a one", "a two", "a three", "a four", "a five", "a six"];
    let asked = prompts.map(|prompt| {
        let client = client.clone();
        async move {
            let id = client.prompt(prompt).await;
            client.events(&id, None, "fetched").await;
            let request = client.show(&id).await;
            assert_eq!(request["input"]["prompt"], prompt);
            request["task"].clone()
        }
    });
    let mut tasks = futures_util::future::join_all(asked).await;
    tasks.sort_by_key(ToString::to_string);
    tasks.dedup();
    assert_eq!(tasks.len(), prompts.len());
    assert_eq!(world.tasks().await, prompts.len());
    service.stop().await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten_in_time_and_its_result_removed() {
    let world = World::new().await;
    let (miner, gateway) = world.miner().await;
    let (service, client) = world
        .service_with(|settings| settings.gateways = vec![gateway.clone()])
        .await;
    let id = client.prompt("a seven").await;
    client.events(&id, None, "fetched").await;
    world.chain.pass(Duration::from_secs(2_001)).unwrap();
    client.events(&id, None, "").await;
    service.stop().await;
    // It cleans up at its start, and from time to time.
    let (service, client) = world
        .service_with(|settings| {
            settings.gateways = vec![gateway];
            settings.limits.keep = Duration::ZERO;
        })
        .await;
    until("it is forgotten", async || {
        client.get(&format!("/v1/requests/{id}")).await.0 == StatusCode::NOT_FOUND
    })
    .await;
    service.stop().await;
    miner.stop().await.unwrap();
}
