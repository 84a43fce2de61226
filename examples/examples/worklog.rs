//! An agent that works every hour, and a stranger that verifies it.
//!
//! It brings a whole network along: a local chain with the protocol on it, a model that draws,
//! and a miner. The agent opens a log and records a task an hour for six hours, but for the one
//! in which it sleeps. A stranger who has nothing but an endpoint's address then verifies the
//! log.
//!
//! ```text
//! cargo run --release -p arbius-examples --example worklog
//! ```
//!
//! With `--serve` the chain stays until Ctrl-C, so that `verify_worklog` can be that stranger.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_examples::{
    network::Network,
    worklog::{self, IWorklog, Log, verify},
};
use arbius_sdk::{
    chain::{Call, Chain},
    contracts::IToken,
};
use arbius_testkit::{Actor, aius};
use eyre::{OptionExt as _, Result};

/// A period, seconds.
const HOUR: u64 = 3_600;

/// The hours that are worked, of which one is missed.
const HOURS: u64 = 6;
const MISSED: u64 = 3;

/// How long a solution, and word of it, may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let network = Network::start(&[arbius_models::stickers()]).await?;
    let (chain, model) = (&network.chain, network.model("stickers")?);
    let requester = network.requester()?;

    // The agent opens a log.
    let agent = chain.lane(Actor::Requester)?;
    let contract = worklog::deploy(agent, chain.engine()).await?;
    let approve = IToken::approveCall {
        spender: contract,
        value: U256::MAX,
    };
    agent.execute(Call::new(chain.token(), &approve)).await?;
    let length = u32::try_from(HOUR)?;
    let open = IWorklog::openCall { model, length };
    let receipt = agent.execute(Call::new(contract, &open)).await?;
    let id = receipt
        .events::<IWorklog::Opened>(contract)
        .next()
        .ok_or_eyre("the contract announced no log")?
        .id;
    println!("opened    log {id} at {contract} for {}", agent.address());

    // One task an hour. On a real network it would sleep; here the chain's clock is moved.
    for hour in 0..HOURS {
        if hour != MISSED {
            let prompt = format!("{} birds in the sky", hour + 1);
            let input = serde_json::json!({ "prompt": prompt })
                .to_string()
                .into_bytes()
                .into();
            let record = IWorklog::recordCall {
                id,
                fee: aius(1),
                input,
            };
            let receipt = agent.execute(Call::new(contract, &record)).await?;
            for recorded in receipt.events::<IWorklog::Recorded>(contract) {
                requester.await_solution(recorded.task, PATIENCE).await?;
                println!("recorded  {} \"{prompt}\"", recorded.task);
            }
        }
        let now = chain.chain().head().await?.timestamp;
        chain.pass(Duration::from_secs(HOUR - now % HOUR))?;
    }

    // Somebody else, from the chain alone.
    let log = Log {
        engine: chain.engine(),
        worklog: contract,
        id,
    };
    let stranger = Chain::connect(&chain.devnet().url()).await?;
    let report = verify(&stranger, log, None, None).await?;
    println!("verified  {} of {} hours:", report.proven(), HOURS);
    print!("{report}");

    // The miner has told the contract, which other contracts may ask.
    let told = async {
        loop {
            let known = chain
                .chain()
                .read(contract, &IWorklog::logCall { id })
                .await?;
            if known.finals == known.entries {
                return Ok::<_, eyre::Report>(known);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let known = tokio::time::timeout(PATIENCE, told).await??;
    println!(
        "counted   {} entries, {} of them final, by the contract itself",
        known.entries, known.finals
    );
    network.miner.stop().await?;
    if std::env::args().any(|argument| argument == "--serve") {
        println!(
            "serving   --rpc {} --engine {} --worklog {contract} --log {id}",
            chain.devnet().url(),
            chain.engine(),
        );
        tokio::signal::ctrl_c().await?;
    }
    Ok(())
}
