//! The collection of pictures (`examples/collection`, `examples/solidity`): deploying it, and
//! checking where a token comes from without believing it.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue;
use arbius_example_interfaces::collection::ICollection;
use arbius_protocol::{cid, ids};
use arbius_sdk::{
    chain::{Call, Lane},
    client::{Network, Solution, TaskInfo},
    content::cids,
    contracts::TaskStatus,
};
use arbius_testkit::example;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eyre::{OptionExt as _, Result, ensure};
use serde::Deserialize;

/// The contract in Solidity, compiled.
const SOLIDITY: &str = include_str!("../solidity/compiled/Collection.json");

/// Which of the two contracts, which do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implementation {
    /// `examples/collection`: Rust, as WASM.
    Stylus,
    /// `examples/solidity/contracts/Collection.sol`: as EVM code.
    Solidity,
}

/// What a collection is made with.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The engine that draws.
    pub engine: Address,
    /// The model that draws.
    pub model: B256,
    /// The collection's name.
    pub name: String,
    /// The collection's symbol.
    pub symbol: String,
    /// The file in the model's output that is the picture, such as `out-1.png`.
    pub file: String,
    /// How many tokens there can be at a time.
    pub max_supply: U256,
}

/// What the compiler of Solidity made.
#[derive(Deserialize)]
struct Compiled {
    bytecode: Bytes,
}

// ANCHOR: deploy
/// Deploys a collection.
///
/// # Errors
///
/// What the chain or the constructor refuses.
pub async fn deploy(lane: &Lane, terms: Terms, implementation: Implementation) -> Result<Address> {
    let Terms {
        engine,
        model,
        name,
        symbol,
        file,
        max_supply,
    } = terms;
    let arguments = (engine, model, name, symbol, file, max_supply).abi_encode_params();
    match implementation {
        Implementation::Stylus => {
            let name = arbius_artifacts::examples::COLLECTION;
            Ok(example::deploy(lane, name, arguments).await?)
        }
        Implementation::Solidity => {
            let Compiled { bytecode } = serde_json::from_str(SOLIDITY)?;
            let code = [&bytecode[..], &arguments].concat().into();
            let creation = Call::create(code).for_purpose("deploying the collection");
            let receipt = lane.execute(creation).await?;
            receipt.created.ok_or_eyre("no contract was created")
        }
    }
}
// ANCHOR_END: deploy

/// Where a token comes from, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The task, as the engine knows it.
    pub task: TaskInfo,
    /// The seed that it was drawn with.
    pub seed: u64,
    /// Who drew it, and the picture's folder, which nothing can change any more.
    pub solution: Solution,
}

// ANCHOR: prove
/// Checks that a token's picture was drawn by `model` for `prompt`, and for nothing else. The
/// collection is believed in nothing but which task its token is: the rest is the engine's word
/// and what is computed here.
///
/// # Errors
///
/// Says what does not hold, or what could not be asked.
pub async fn prove(
    network: &Network,
    collection: Address,
    token: U256,
    model: B256,
    prompt: &str,
) -> Result<Provenance> {
    let call = ICollection::taskOfCall { tokenId: token };
    let id = network.chain().read(collection, &call).await?;
    let task = network.task(id).await?;
    ensure!(
        task.model == model,
        "token {token} was drawn by the model {}, not by {model}",
        task.model
    );
    let input = serde_json::json!({ "prompt": prompt }).to_string();
    let expected = cids::from_digest(cid::digest(input.as_bytes())?.0);
    ensure!(
        task.input == expected,
        "token {token} was not drawn for this prompt: its task's input is {}, and the prompt's \
         is {expected}",
        task.input
    );
    ensure!(
        task.status == TaskStatus::Final,
        "the picture of token {token} is not final: its task is {:?}",
        task.status
    );
    let solution = task
        .solution
        .clone()
        .ok_or_eyre("a final task without a solution")?;
    Ok(Provenance {
        seed: ids::seed(id),
        task,
        solution,
    })
}
// ANCHOR_END: prove

/// A token's metadata out of its `data:` URI.
///
/// # Errors
///
/// If it is no such URI, or holds no JSON.
pub fn metadata(uri: &str) -> Result<serde_json::Value> {
    let json = uri
        .strip_prefix("data:application/json;base64,")
        .ok_or_eyre("the metadata is no data URI of JSON in base64")?;
    Ok(serde_json::from_slice(&STANDARD.decode(json)?)?)
}
