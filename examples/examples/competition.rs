//! A competition for the best prompt, from the prize to the payment.
//!
//! It brings a whole network along: a local chain with the protocol on it, a model that draws,
//! and a miner. Three people have pictures drawn and enter them; then the holders of AIUS vote,
//! or the organiser chooses. The picture that won is written to `winner.png`.
//!
//! ```text
//! cargo run --release -p arbius-examples --example competition            # by vote
//! cargo run --release -p arbius-examples --example competition organiser  # or chosen
//! ```

use std::time::Duration;

use alloy_primitives::B256;
use arbius_examples::{
    amount::in_aius,
    competition::{
        self,
        ICompetition::{self, Mode},
    },
    network::Network,
};
use arbius_sdk::{
    chain::{Call, Lane},
    client::{Outputs, Requester, TaskRequest},
    contracts::{IToken, IVotes},
};
use arbius_testkit::{Actor, aius};
use eyre::{OptionExt as _, Result, bail};

/// Who enters, with what prompt.
const ENTRANTS: [(Actor, &str); 3] = [
    (Actor::Miner(1), "an owl and a rocket, at night"),
    (Actor::Miner(2), "a red car in the city"),
    (Actor::Miner(3), "a blue fish"),
];

/// Seconds that entries are taken.
const ENTRY: u64 = 86_400;

/// Seconds that the decision may take.
const DECISION: u64 = 43_200;

/// How long a solution may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let mode = match std::env::args().nth(1).as_deref() {
        None | Some("vote") => Mode::Vote,
        Some("organiser") => Mode::Organiser,
        Some(other) => bail!("`{other}` is neither `vote` nor `organiser`"),
    };
    let network = Network::start(&[arbius_models::stickers()]).await?;
    let (chain, model) = (&network.chain, network.model("stickers")?);

    // The organiser puts up 100 AIUS.
    let organiser = chain.lane(Actor::Requester)?;
    let contract = competition::deploy(organiser, chain.engine()).await?;
    let approve = IToken::approveCall {
        spender: contract,
        value: aius(100),
    };
    organiser
        .execute(Call::new(chain.token(), &approve))
        .await?;
    let open = ICompetition::openCall {
        model,
        prize: aius(100),
        entriesEnd: chain.chain().head().await?.timestamp + ENTRY,
        decisionTime: DECISION,
        mode,
    };
    let receipt = organiser.execute(Call::new(contract, &open)).await?;
    let id = receipt
        .events::<ICompetition::Opened>(contract)
        .next()
        .ok_or_eyre("the contract announced no competition")?
        .id;
    println!("opened    competition {id} at {contract}, 100 AIUS in escrow");

    // Votes count that are held, and delegated, when entries close.
    let mut voters = Vec::new();
    for number in [3, 4, 5] {
        let voter = chain.lane(Actor::Miner(number))?;
        let delegate = IVotes::delegateCall {
            delegatee: voter.address(),
        };
        voter.execute(Call::new(chain.token(), &delegate)).await?;
        voters.push(voter);
    }

    // Everyone has a picture drawn, and enters its task as soon as it is solved.
    let mut tasks = Vec::new();
    for (actor, prompt) in ENTRANTS {
        let entrant = chain.lane(actor)?;
        let task = draw(&network, entrant, model, prompt).await?;
        let enter = ICompetition::enterCall { id, task };
        entrant.execute(Call::new(contract, &enter)).await?;
        println!("entered   {task} \"{prompt}\"");
        tasks.push(task);
    }

    // A day later entries are over and all results final.
    chain.pass(Duration::from_secs(ENTRY))?;
    let winner = match mode {
        Mode::Organiser => {
            let task = tasks[1];
            let choose = ICompetition::chooseCall { id, task };
            organiser.execute(Call::new(contract, &choose)).await?;
            println!("chosen    {task} by the organiser");
            task
        }
        _ => {
            for (voter, task) in voters.iter().zip([tasks[2], tasks[0], tasks[0]]) {
                let vote = ICompetition::voteCall { id, task };
                let receipt = voter.execute(Call::new(contract, &vote)).await?;
                for voted in receipt.events::<ICompetition::Voted>(contract) {
                    let weight = in_aius(voted.weight);
                    println!("voted     {task} by {} with {weight}", voted.voter);
                }
            }
            chain.pass(Duration::from_secs(DECISION))?;
            // Anyone may ask for the winner's share to be credited.
            let task = tasks[0];
            let award = ICompetition::awardCall { id, task };
            organiser.execute(Call::new(contract, &award)).await?;
            println!("awarded   {task}");
            task
        }
    };

    // The winner takes what it is owed.
    let entry = ICompetition::entryCall { id, task: winner };
    let account = chain.chain().read(contract, &entry).await?.entrant;
    let withdraw = ICompetition::withdrawCall { account };
    let receipt = organiser.execute(Call::new(contract, &withdraw)).await?;
    for paid in receipt.events::<ICompetition::Withdrawn>(contract) {
        let amount = in_aius(paid.amount);
        println!("paid      {amount} AIUS to {}", paid.account);
    }
    let solution = network
        .requester()?
        .await_final(winner, Duration::from_secs(60))
        .await?;
    for file in Outputs::fetch(&network.fetcher()?, solution.cid)
        .await?
        .files
    {
        std::fs::write("winner.png", &file.bytes)?;
        println!("picture   winner.png ({} bytes)", file.bytes.len());
    }
    network.miner.stop().await?;
    Ok(())
}

/// Has a picture drawn for an entrant. Returns the task once it has a solution.
async fn draw(network: &Network, entrant: &Lane, model: B256, prompt: &str) -> Result<B256> {
    let requester = Requester::new(entrant.clone(), network.chain.deployment())?;
    let request = TaskRequest {
        model,
        fee: aius(1),
        input: serde_json::json!({ "prompt": prompt })
            .to_string()
            .into_bytes()
            .into(),
        owner: None,
    };
    let task = requester.submit(&request).await?.task;
    requester.await_solution(task, PATIENCE).await?;
    Ok(task)
}
