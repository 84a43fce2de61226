//! What the engine answers to calls that are none of its functions' (protocol section 13:
//! errors are custom errors, never strings and never empty).
//!
//! Random bodies are tried as well: `ARBIUS_FUZZ_CASES` says how many (100,000 by default),
//! and `ARBIUS_FUZZ_SEED` repeats a run, whose seed is printed.

use std::hash::{BuildHasher, RandomState};

use alloy::{
    eips::BlockId, network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest,
};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError, SolInterface};
use arbius_devnet::chain::CallError;
use arbius_sdk::contracts::IEngine;
use arbius_testkit::Random;

use crate::{
    functions::{Function, Type, functions},
    world::{World, aius},
};

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

/// What a body is, and so what it is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// It ends too early.
    Truncated,
    /// A value has bits that its type has not.
    NonCanonical,
    /// An offset or a length leads out of it.
    Oversized,
    /// It is no function's.
    Unknown,
    /// A function's selector, and anything behind it.
    Noise,
}

/// The width of a type in bytes, if it is less than a word.
fn width(kind: &Type) -> Option<usize> {
    match kind.name.as_str() {
        "address" => Some(20),
        // The least bit alone; a flaw sets a higher byte, or 2 and more.
        "bool" | "uint8" => Some(1),
        "uint32" => Some(4),
        "uint64" => Some(8),
        _ => None,
    }
}

fn bytes(random: &mut Random, len: u64) -> Vec<u8> {
    (0..len).map(|_| random.next() as u8).collect()
}

/// A body with this flaw, if the function can have it.
fn body(random: &mut Random, function: &Function, flaw: Flaw) -> Option<Vec<u8>> {
    let mut call = function.zero_call();
    // The place of an argument with some property.
    let place = |random: &mut Random, has: fn(&Type) -> bool| {
        let places: Vec<usize> = (0..function.inputs.len())
            .filter(|at| has(&function.inputs[*at]))
            .collect();
        random.pick(&places)
    };
    match flaw {
        Flaw::Truncated => {
            let rest = call.len() as u64 - 4;
            if rest == 0 {
                return None;
            }
            call.truncate(4 + random.below(rest) as usize);
        }
        Flaw::NonCanonical => {
            let at = place(random, |kind| width(kind).is_some())?;
            let kept = width(&function.inputs[at])?;
            let byte = random.below(32 - kept as u64) as usize;
            call[4 + 32 * at + byte] = random.between(1, 255) as u8;
            if function.inputs[at].name == "bool" && random.chance(50) {
                call[4 + 32 * at + byte] = 0;
                call[4 + 32 * at + 31] = random.between(2, 255) as u8;
            }
        }
        Flaw::Oversized => {
            let at = place(random, Type::is_dynamic)?;
            let word = if random.chance(50) || !function.inputs[at].components.is_empty() {
                4 + 32 * at
            } else {
                let offset: [u8; 8] = call[4 + 32 * at + 24..4 + 32 * at + 32].try_into().ok()?;
                4 + u64::from_be_bytes(offset) as usize
            };
            // Beyond the end, or beyond all memory.
            let least = call.len() as u64;
            let value = if random.chance(50) {
                random.between(least, least + 100)
            } else {
                random.between(least, u64::MAX - 1)
            };
            call[word + 24..word + 32].copy_from_slice(&value.to_be_bytes());
            if random.chance(30) {
                let high = random.below(24) as usize;
                call[word + high] = random.between(1, 255) as u8;
            }
        }
        Flaw::Unknown => {
            let len = random.below(300);
            call = bytes(random, len);
        }
        Flaw::Noise => {
            call.truncate(4);
            let len = random.below(600);
            call.extend(bytes(random, len));
        }
    }
    Some(call)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_calldata_is_refused_by_name_and_changes_nothing() {
    let setting = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let cases = setting("ARBIUS_FUZZ_CASES").unwrap_or(100_000);
    let seed = setting("ARBIUS_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("seed {seed}, {cases} cases");
    let mut random = Random::new(seed);
    let world = World::new().await;
    let chain = world.chain.devnet().chain();
    let functions = functions();
    let (engine, sender) = (world.chain.engine(), world.rival.address);
    let state = || {
        let state = chain.state_at(BlockId::latest()).unwrap();
        state.account(engine).cloned()
    };
    let before = state();
    let mut counts = [0_u64; 5];
    for case in 0..cases {
        let function = &functions[random.below(functions.len() as u64) as usize];
        let flaw = [
            Flaw::Truncated,
            Flaw::NonCanonical,
            Flaw::Oversized,
            Flaw::Unknown,
            Flaw::Noise,
        ][random.below(5) as usize];
        let Some(data) = body(&mut random, function, flaw) else {
            continue;
        };
        counts[flaw as usize] += 1;
        let request = TransactionRequest::default()
            .with_from(sender)
            .with_to(engine)
            .with_gas_limit(10_000_000)
            .with_input(data.clone());
        let told = format!(
            "case {case} of seed {seed}: {flaw:?} {}",
            function.signature
        );
        match chain.call(BlockId::latest(), &request, None) {
            Err(CallError::Reverted { data: error, .. }) => {
                let decoded = IEngine::IEngineErrors::abi_decode(&error)
                    .unwrap_or_else(|_| panic!("{told}: {error} is no error of the engine"));
                let expected = match flaw {
                    Flaw::Truncated | Flaw::NonCanonical | Flaw::Oversized => {
                        Some(IEngine::MalformedCalldata::SELECTOR)
                    }
                    Flaw::Unknown => Some(IEngine::UnknownFunction::SELECTOR),
                    Flaw::Noise => None,
                };
                if let Some(expected) = expected {
                    assert_eq!(decoded.selector(), expected, "{told}: {decoded:?}");
                }
            }
            Err(error) => panic!("{told}: {error}"),
            // Any word is a hash, and views of any hash have an answer.
            Ok(_) => assert!(
                flaw == Flaw::Noise
                    && (function.is_view || function.signature.starts_with("signalCommitment")),
                "{told}: accepted"
            ),
        }
        // As a transaction, now and then: a call would not show what it changes.
        if flaw != Flaw::Noise && case % 50 == 0 {
            let hash = chain.send(request).unwrap();
            assert!(!chain.mined(hash).unwrap().receipt().success, "{told}");
        }
    }
    assert!(counts.iter().all(|count| *count > cases / 50), "{counts:?}");
    assert_eq!(state(), before);
}
