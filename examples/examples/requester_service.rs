//! A service that asks the network for whoever sends it a prompt over HTTP, and a client of it.
//!
//! It brings a network along: a local chain with the stickers model and a miner. The service is
//! the one of `examples/service`; here it runs in the same process, and is stopped and started
//! anew while a request is on its way. The client speaks HTTP alone: it posts a prompt, follows
//! the Server-Sent Events, and reads the picture.
//!
//! ```text
//! cargo run --release -p arbius-examples --example requester_service -- "a red car"
//! ```

use std::{env, fs, path::Path, time::Duration};

use alloy_primitives::U256;
use arbius_example_service::{Limits, Service, Settings};
use arbius_examples::network::Network;
use arbius_sdk::http;
use arbius_testkit::{AIUS, Actor};
use eyre::{OptionExt as _, Result, bail};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let prompt = env::args().nth(1).unwrap_or_else(|| "a red car".to_owned());
    let network = Network::start(&[arbius_models::stickers()]).await?;
    let folder = tempfile::tempdir()?;
    let service = Service::start(settings(&network, folder.path())?).await?;
    let client = http::client()?;

    // A prompt, and an id at once.
    let asked = client.post(format!("{}/v1/requests", service.url()));
    let asked = asked.json(&json!({ "prompt": prompt })).send().await?;
    let request: Value = asked.error_for_status()?.json().await?;
    let id = request["id"].as_str().ok_or_eyre("no id")?;
    println!("POST /v1/requests                {id}");

    // The service goes away and comes back, elsewhere even: nothing is lost.
    service.stop().await;
    let service = Service::start(settings(&network, folder.path())?).await?;
    let path = format!("{}/v1/requests/{id}", service.url());

    // What becomes of it, as it happens.
    let seen = follow(&client, &path, None, "fetched").await?;
    let request: Value = client.get(&path).send().await?.json().await?;
    for file in request["files"].as_array().into_iter().flatten() {
        let (name, file) = (file["name"].as_str(), file["path"].as_str());
        let (name, file) = (name.ok_or_eyre("no name")?, file.ok_or_eyre("no path")?);
        let picture = client
            .get(format!("{}{file}", service.url()))
            .send()
            .await?;
        let bytes = picture.error_for_status()?.bytes().await?;
        println!("GET …/files/{name:<20} {} bytes, verified", bytes.len());
        fs::write(name, bytes)?;
    }

    // The time to contest passes: what was missed comes, and the stream ends.
    network.chain.pass(Duration::from_secs(2_001))?;
    follow(&client, &path, seen, "final").await?;
    service.stop().await;
    network.miner.stop().await?;
    Ok(())
}

fn settings(network: &Network, folder: &Path) -> Result<Settings> {
    Ok(Settings {
        deployment: network.chain.deployment().clone(),
        signer: network.chain.signer(Actor::Requester)?,
        model: network.model("stickers")?,
        fee: U256::from(AIUS),
        gateways: network.miner.gateway().into_iter().collect(),
        folder: folder.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        token: None,
        limits: Limits {
            // A local chain makes blocks only when something happens.
            pace: Duration::from_millis(100),
            ..Limits::default()
        },
    })
}

/// Prints a request's events after one, up to one of this name. Returns the id of the last.
async fn follow(
    client: &reqwest::Client,
    path: &str,
    after: Option<String>,
    last: &str,
) -> Result<Option<String>> {
    println!("GET …/events");
    let mut events = client.get(format!("{path}/events"));
    if let Some(after) = after {
        events = events.header("last-event-id", after);
    }
    let mut stream = events.send().await?.error_for_status()?.bytes_stream();
    let (mut text, mut seen) = (Vec::new(), None);
    while let Some(bytes) = stream.next().await {
        text.extend_from_slice(&bytes?);
        // An event ends with an empty line.
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            let event = String::from_utf8(event)?;
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
            let (Some(name), Some(data)) = (field("event: "), field("data: ")) else {
                continue;
            };
            seen = field("id: ").map(str::to_owned);
            let data: Value = serde_json::from_str(data)?;
            let detail = ["task", "cid"].iter().find_map(|key| data[key].as_str());
            println!(
                "  {}",
                format!("{name:<10} {}", detail.unwrap_or_default()).trim_end()
            );
            if name == last {
                return Ok(seen);
            }
        }
    }
    bail!("the stream ended before `{last}`; the last event was {seen:?}")
}
