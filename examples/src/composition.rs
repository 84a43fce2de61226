//! The contract that lets a text model and a picture model work on one story
//! (`examples/composition`).

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolInterface, SolValue};
pub use arbius_example_interfaces::composition::IComposition;
use arbius_sdk::{
    chain::{ChainError, Lane},
    content::unixfs,
    deploy::DeployError,
};
use arbius_testkit::example;

/// The name of the storyteller's output, which the contract counts on.
pub const TEXT_FILE: &str = "out-1.txt";

/// What the storyteller says when a story is over.
pub const LAST_WORDS: &str = "the end";

/// What the contract is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// The engine.
    pub engine: Address,
    /// The model that writes.
    pub text_model: B256,
    /// The model that draws.
    pub picture_model: B256,
    /// The digest of the answer that ends a story, such as [`last_words`]; zero for none.
    pub last_words: B256,
}

/// Deploys the contract.
///
/// # Errors
///
/// [`DeployError`]; the constructor's `NotAnEngine` and `ModelDoesNotExist` among them.
pub async fn deploy(lane: &Lane, parts: Parts) -> Result<Address, DeployError> {
    let Parts {
        engine,
        text_model,
        picture_model,
        last_words,
    } = parts;
    let arguments = (engine, text_model, picture_model, last_words).abi_encode_params();
    example::deploy(lane, arbius_artifacts::examples::COMPOSITION, arguments).await
}

/// An error with what the contract said, where the chain's error carries an answer of it.
pub fn explained(error: ChainError) -> eyre::Report {
    let said = error
        .revert()
        .and_then(|revert| IComposition::ICompositionErrors::abi_decode(&revert.data).ok());
    match said {
        Some(said) => eyre::eyre!("the contract refuses: {said:?}"),
        None => error.into(),
    }
}

/// The digest of the CID of an answer that is [`LAST_WORDS`] in a file [`TEXT_FILE`]: what the
/// engine tells the contract when the storyteller says that.
///
/// # Errors
///
/// None: the name and the text are fixed.
pub fn last_words() -> eyre::Result<B256> {
    let answer = unixfs::cid_of_files(&[(TEXT_FILE, LAST_WORDS.as_bytes())])?;
    Ok(B256::from(arbius_sdk::content::cids::digest(&answer)?))
}
