//! Every error of every function: those that no other file here comes across, and a check
//! that none was forgotten.

use std::{collections::BTreeMap, fs, path::Path};

use alloy::{eips::BlockId, network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use arbius_devnet::chain::CallError;
use arbius_sdk::contracts::IEngine;

use crate::{
    hostile::{on_a_token_of_its_own, token_answers},
    world::{World, aius, answer, event, refused, send, view},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_submission_is_refused_as_the_plain_one_is() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let me = requester.address;
    let small = Bytes::from_static(b"in");
    macro_rules! forms {
        ($error:ident, $owner:expr, $model:expr, $fee:expr, $input:expr) => {
            refused!(
                requester,
                $error,
                engine.bulkSubmitTask(0, $owner, $model, $fee, $input, U256::from(2))
            );
            refused!(
                requester,
                $error,
                engine.bulkSubmitTasks(0, $owner, $model, $fee, vec![$input])
            );
            refused!(
                requester,
                $error,
                engine.submitTaskWithPermit(
                    0,
                    $owner,
                    $model,
                    $fee,
                    $input,
                    U256::ZERO,
                    27,
                    B256::ZERO,
                    B256::ZERO
                )
            );
        };
    }
    forms!(
        AddressMustBeNonZero,
        Address::ZERO,
        model,
        aius(1),
        small.clone()
    );
    let taken = world.chain.token();
    forms!(AddressNotAllowed, taken, model, aius(1), small.clone());
    forms!(ModelDoesNotExist, me, B256::ZERO, aius(1), small.clone());
    forms!(LowerFeeThanModelFee, me, model, U256::ZERO, small.clone());
    forms!(AmountTooLarge, me, model, U256::MAX, small.clone());
    forms!(TransferFailed, me, model, aius(10_001), small.clone());
    let large = Bytes::from(vec![0; 65_537]);
    forms!(ContentTooLarge, me, model, aius(1), large.clone());
    send!(world.model_owner.engine.setModelEnabled(model, false));
    forms!(ModelDisabled, me, model, aius(1), small.clone());
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_changed_by_those_who_may_and_where_they_are() {
    let world = World::new().await;
    let (someone, engine) = (&world.model_owner, &world.model_owner.engine);
    let (me, none) = (someone.address, B256::ZERO);
    let template = Bytes::from_static(b"listed");
    let list = vec![world.solver.address];
    refused!(
        someone,
        AddressMustBeNonZero,
        engine.registerModelWithAllowList(
            Address::ZERO,
            U256::ZERO,
            template.clone(),
            list.clone()
        )
    );
    refused!(
        someone,
        AddressNotAllowed,
        engine.registerModelWithAllowList(
            world.chain.engine(),
            U256::ZERO,
            template.clone(),
            list.clone()
        )
    );
    refused!(
        someone,
        AmountTooLarge,
        engine.registerModelWithAllowList(me, U256::MAX, template.clone(), list.clone())
    );
    refused!(
        someone,
        ContentTooLarge,
        engine.registerModelWithAllowList(
            me,
            U256::ZERO,
            Bytes::from(vec![0; 65_537]),
            list.clone()
        )
    );
    let register = engine.registerModelWithAllowList(me, U256::ZERO, template, list.clone());
    let model = event::<IEngine::ModelRegistered>(&send!(register.clone())).id;
    refused!(someone, ModelAlreadyRegistered, register);

    refused!(someone, ModelDoesNotExist, engine.setModelAddr(none, me));
    refused!(
        someone,
        ModelDoesNotExist,
        engine.setModelEnabled(none, false)
    );
    refused!(
        someone,
        ModelDoesNotExist,
        engine.addToModelAllowList(none, list.clone())
    );
    refused!(
        someone,
        ModelDoesNotExist,
        engine.removeFromModelAllowList(none, list.clone())
    );
    refused!(
        someone,
        ModelDoesNotExist,
        engine.disableModelAllowList(none)
    );
    let (rival, owner) = (&world.rival, &world.owner);
    refused!(
        rival,
        NotModelOwner,
        rival.engine.removeFromModelAllowList(model, list.clone())
    );
    refused!(
        rival,
        NotModelOwner,
        rival.engine.disableModelAllowList(model)
    );
    refused!(
        rival,
        NotOwner,
        rival.engine.clearSolutionModelFeePercentageOverride(model)
    );
    refused!(
        owner,
        ModelDoesNotExist,
        owner
            .engine
            .setSolutionModelFeePercentageOverride(none, U256::ZERO)
    );
    send!(engine.disableModelAllowList(model));
    refused!(
        someone,
        CannotReenableAllowList,
        engine.removeFromModelAllowList(model, list)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_is_not_revealed_in_the_block_of_its_commitment() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = world.task(model, U256::ZERO, b"in").await;
    world.commit(&world.solver, task, &answer(1)).await;
    // A call sees the block that was made last, which is the commitment's.
    refused!(
        world.solver,
        CommitmentMustBeInPast,
        world.solver.engine.submitSolution(task, answer(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_does_not_pay_stays_owed() {
    let world = World::new().await;
    let (owner, model) = on_a_token_of_its_own(&world).await;
    let (engine, me) = (&owner.engine, owner.address);
    let task = engine.submitTask(0, me, model, aius(10), Bytes::new());
    let task = event::<IEngine::TaskSubmitted>(&send!(task)).id;
    world.pass(10_000);
    send!(engine.retractTask(task));
    world.pass(600);
    send!(engine.retractTask(task));

    token_answers(&world, U256::ZERO);
    refused!(owner, TransferFailed, engine.withdrawEarnings(me));
    refused!(owner, TransferFailed, engine.withdrawAccruedFees());
    assert_eq!(view!(engine.earnings(me)), aius(9));
    assert_eq!(view!(engine.accruedFees()), aius(1));
    token_answers(&world, U256::from(1));
    send!(engine.withdrawEarnings(me));
    send!(engine.withdrawAccruedFees());
    assert_eq!(view!(engine.totalHeld()), U256::ZERO);
}

/// What a call with this much gas reverts with, if it reverts with anything.
fn revert_at(world: &World, data: &[u8], gas: u64) -> Option<Bytes> {
    let request = TransactionRequest::default()
        .with_from(world.rival.address)
        .with_to(world.chain.engine())
        .with_gas_limit(gas)
        .with_input(data.to_vec());
    let chain = world.chain.devnet().chain();
    match chain.call(BlockId::latest(), &request, None) {
        Err(CallError::Reverted { data, .. }) => Some(data),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_the_gas_does_not_suffice_to_hash_is_refused_by_name() {
    let world = World::new().await;
    let call = IEngine::generateIPFSCIDCall {
        content: Bytes::from(vec![0; 60_000]),
    };
    let unavailable = IEngine::HashUnavailable::SELECTOR;
    // The precompile takes most of what the call costs, and a 64th stays behind.
    let data = call.abi_encode();
    let found = (250_000..400_000)
        .step_by(250)
        .any(|gas| revert_at(&world, &data, gas).is_some_and(|revert| revert[..] == unavailable));
    assert!(found);
}

/// The errors that each function's documentation names.
fn documented() -> BTreeMap<String, Vec<String>> {
    let source = include_str!("../../../protocol/src/interfaces/engine.rs");
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut doc = String::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push_str(text);
        } else if let Some(function) = line.strip_prefix("function ") {
            let name = function.split('(').next().unwrap_or_default();
            let listed = doc.split_once("Errors").map_or("", |(_, rest)| rest);
            let listed = listed.split(". Events").next().unwrap_or_default();
            let mut named = Vec::new();
            for quoted in listed.split('`').skip(1).step_by(2) {
                if quoted.starts_with(char::is_uppercase) {
                    named.push(quoted.to_owned());
                } else {
                    // "as `submitTask`"
                    named.extend(errors.get(quoted).cloned().unwrap_or_default());
                }
            }
            errors.insert(name.to_owned(), named);
            doc.clear();
        } else {
            doc.clear();
        }
    }
    errors
}

#[test]
fn every_error_that_a_function_documents_has_a_test_that_meets_it() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine")];
    let mut tests = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            tests.extend(text.split("\n#[tokio::test").skip(1).map(str::to_owned));
        }
    }
    let mut missing = Vec::new();
    let mut pairs = 0;
    for (function, errors) in documented() {
        for error in errors {
            pairs += 1;
            let met = tests.iter().any(|test| {
                test.contains(&format!("{error},")) && test.contains(&format!(".{function}("))
                    || test.contains(&format!("{error}::SELECTOR"))
                        && test.contains(&format!("{function}Call"))
            });
            if !met {
                missing.push(format!("{function}: {error}"));
            }
        }
    }
    assert!(pairs > 150, "{pairs}");
    assert!(missing.is_empty(), "no test meets {missing:#?}");
}
