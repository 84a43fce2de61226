//! What the engine answers to calls that are none of its functions' (protocol section 13:
//! errors are custom errors, never strings and never empty).

use alloy::{network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, aius};

/// What a call with this data and value reverts with.
async fn revert(world: &World, data: &[u8], value: u64) -> [u8; 4] {
    let request = TransactionRequest::default()
        .with_from(world.rival.address)
        .with_to(world.chain.engine())
        .with_value(U256::from(value))
        .with_input(data.to_vec());
    let error = world
        .rival
        .engine
        .provider()
        .call(request)
        .await
        .expect_err("is refused");
    let data: Bytes = error
        .as_error_resp()
        .and_then(|error| error.as_revert_data())
        .expect("reverts with data");
    data[..].try_into().expect("an error without arguments")
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_functions_and_ether_are_refused_by_name() {
    let world = World::new().await;
    let unknown = IEngine::UnknownFunction::SELECTOR;
    for data in [&[][..], &[1], &[1, 2, 3], &[1, 2, 3, 4], &[0xFF; 100]] {
        assert_eq!(revert(&world, data, 0).await, unknown);
    }
    let call = IEngine::prevhashCall {}.abi_encode();
    assert_eq!(
        revert(&world, &call, 1).await,
        IEngine::ValueNotAccepted::SELECTOR
    );
    let call = IEngine::ownerCall {}.abi_encode();
    assert_eq!(
        revert(&world, &call, 1).await,
        IEngine::ValueNotAccepted::SELECTOR
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_do_not_decode_are_refused_and_never_truncated() {
    let world = World::new().await;
    let malformed = IEngine::MalformedCalldata::SELECTOR;
    let deposit = IEngine::validatorDepositCall {
        validator: world.rival.address,
        amount: aius(1),
    }
    .abi_encode();
    // Too short by a byte; bits above an address's 160.
    assert_eq!(revert(&world, &deposit[..67], 0).await, malformed);
    let mut dirty = deposit.clone();
    dirty[4] = 1;
    assert_eq!(revert(&world, &dirty, 0).await, malformed);

    let submit = IEngine::submitTaskCall {
        version: 0,
        owner: world.rival.address,
        model: B256::ZERO,
        fee: U256::ZERO,
        input: Bytes::from(vec![7; 40]),
    }
    .abi_encode();
    // A version of 256; an offset and a length that lead out of the calldata, also by
    // overflow; content that is cut off.
    for (at, value) in [
        (4 + 30, 1),
        (4 + 4 * 32 + 31, 0xFF),
        (4 + 4 * 32, 0x80),
        (4 + 5 * 32 + 30, 0xFF),
        (4 + 5 * 32, 0xFF),
    ] {
        let mut broken = submit.clone();
        broken[at] = value;
        assert_eq!(revert(&world, &broken, 0).await, malformed, "byte {at}");
    }
    let end = 4 + 6 * 32 + 39;
    assert_eq!(revert(&world, &submit[..end], 0).await, malformed);

    // A list that announces more entries than there are bytes.
    let claims = IEngine::bulkClaimSolutionCall {
        tasks: vec![B256::ZERO; 2],
    }
    .abi_encode();
    for (at, value) in [(4 + 32 + 31, 3), (4 + 32 + 28, 0xFF), (4 + 32, 1)] {
        let mut broken = claims.clone();
        broken[at] = value;
        assert_eq!(revert(&world, &broken, 0).await, malformed, "byte {at}");
    }
    // A boolean of 2, in the program behind.
    let mut signal = IEngine::setPausedCall { paused: true }.abi_encode();
    signal[35] = 2;
    assert_eq!(revert(&world, &signal, 0).await, malformed);
}
