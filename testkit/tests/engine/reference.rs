//! What tools of the deployed reference network call (protocol section 13): each function
//! that is kept, by its signature as the list writes it, through plain JSON-RPC.

use alloy::providers::Provider;
use alloy_primitives::{Bytes, hex, keccak256};
use alloy_sol_types::{SolError, SolInterface};
use arbius_sdk::contracts::IEngine::{self, IEngineErrors};
use serde_json::json;

use crate::{functions::functions, world::World};

const REFERENCE: &str = include_str!("../../../protocol/tests/data/reference-interface.txt");

/// How many words of return data `returns`, such as `(uint256,bytes)`, has at least, and
/// whether it can have more.
fn words(returns: &str) -> (usize, bool) {
    let types: Vec<&str> = returns
        .trim_matches(['(', ')'])
        .split(',')
        .filter(|name| !name.is_empty())
        .collect();
    let dynamic = types.iter().filter(|name| **name == "bytes").count();
    (types.len() + dynamic, dynamic > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_that_is_kept_answers_to_its_signature() {
    let world = World::new().await;
    let provider = world.rival.engine.provider();
    let ours = functions();
    let (mut answered, mut refused) = (0, 0);
    for line in REFERENCE.lines() {
        let Some(declared) = line.strip_prefix("function ") else {
            continue;
        };
        let (signature, returns) = declared.split_once(" -> ").unwrap_or((declared, ""));
        let function = ours
            .iter()
            .find(|function| function.signature == signature)
            .unwrap_or_else(|| panic!("{signature} is not in the ABI"));
        let mut data = function.zero_call();
        data[..4].copy_from_slice(&keccak256(signature)[..4]);
        let request = json!([
            {
                "from": world.owner.address,
                "to": world.chain.engine(),
                "input": hex::encode_prefixed(&data),
            },
            "latest"
        ]);
        match provider
            .raw_request::<_, Bytes>("eth_call".into(), request)
            .await
        {
            Ok(output) => {
                answered += 1;
                let (least, more) = words(returns);
                assert!(
                    output.len() == 32 * least || more && output.len() > 32 * least,
                    "{line}: {} bytes",
                    output.len()
                );
            }
            Err(error) => {
                refused += 1;
                let revert = error
                    .as_error_resp()
                    .and_then(|error| error.as_revert_data())
                    .unwrap_or_else(|| panic!("{line}: {error}"));
                let decoded = IEngineErrors::abi_decode(&revert)
                    .unwrap_or_else(|_| panic!("{line}: {revert} is no error of the engine"));
                for wrong in [
                    IEngine::UnknownFunction::SELECTOR,
                    IEngine::MalformedCalldata::SELECTOR,
                ] {
                    assert_ne!(decoded.selector(), wrong, "{line}");
                }
            }
        }
    }
    // Zeros are no task and no model, so what changes state refuses them by name; most
    // views answer.
    assert!(answered > 50 && refused > 20, "{answered} {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_that_is_declared_is_unknown() {
    let world = World::new().await;
    let provider = world.rival.engine.provider();
    for function in functions() {
        let request = json!([
            {
                "from": world.rival.address,
                "to": world.chain.engine(),
                "input": hex::encode_prefixed(function.zero_call()),
            },
            "latest"
        ]);
        let outcome = provider
            .raw_request::<_, Bytes>("eth_call".into(), request)
            .await;
        if let Err(error) = outcome {
            let revert = error
                .as_error_resp()
                .and_then(|error| error.as_revert_data())
                .unwrap_or_else(|| panic!("{}: {error}", function.signature));
            assert_ne!(
                revert[..4],
                IEngine::UnknownFunction::SELECTOR,
                "{}",
                function.signature
            );
        }
    }
}
