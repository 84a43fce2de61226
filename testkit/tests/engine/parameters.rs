//! Parameters (protocol section 11): every one by its getter, setter, bounds and event.

use alloy::{network::TransactionBuilder, providers::Provider, rpc::types::TransactionRequest};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolError;
use arbius_protocol::params::{self, Row, Unit};
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, Person, World, aius, refused, send, view};

fn request(world: &World, person: &Person, data: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(person.address)
        .with_to(world.chain.engine())
        .with_input(data)
}

fn setter(row: &Row, value: U256) -> Vec<u8> {
    [row.setter.as_slice(), &value.to_be_bytes::<32>()].concat()
}

/// What a call by a person reverts with.
async fn revert(world: &World, person: &Person, data: Vec<u8>) -> [u8; 4] {
    let error = person
        .engine
        .provider()
        .call(request(world, person, data))
        .await
        .expect_err("is refused");
    let data: Bytes = error
        .as_error_resp()
        .and_then(|error| error.as_revert_data())
        .expect("reverts with data");
    data[..].try_into().expect("an error without arguments")
}

async fn get(world: &World, row: &Row) -> U256 {
    let data = world
        .owner
        .engine
        .provider()
        .call(request(world, &world.owner, row.getter.to_vec()))
        .await
        .unwrap();
    U256::from_be_slice(&data)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_has_its_default_a_setter_for_the_owner_and_an_event() {
    let world = World::new().await;
    for row in &params::TABLE {
        let name = row.parameter.name();
        assert_eq!(get(&world, row).await, U256::from(row.default), "{name}");
        // The default itself is always admissible.
        let value = U256::from(row.default);
        assert_eq!(
            revert(&world, &world.rival, setter(row, value)).await,
            IEngine::NotOwner::SELECTOR,
            "{name}"
        );
        let receipt = world
            .owner
            .engine
            .provider()
            .send_transaction(request(&world, &world.owner, setter(row, value)))
            .await
            .unwrap()
            .get_receipt()
            .await
            .unwrap();
        assert!(receipt.status(), "{name}");
        let [log] = receipt.logs() else {
            panic!("{name}: one event, not {}", receipt.logs().len())
        };
        assert_eq!(log.topics()[0], row.event, "{name}");
        let told = if row.indexed {
            log.topics()[1]
        } else {
            B256::from_slice(&log.data().data)
        };
        assert_eq!(U256::from_be_bytes(told.0), value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_leaves_its_bounds() {
    let world = World::new().await;
    for row in &params::TABLE {
        let name = row.parameter.name();
        let error = if row.unit == Unit::Percentage && row.max == AIUS {
            IEngine::PercentageTooHigh::SELECTOR
        } else {
            IEngine::ParameterOutOfBounds::SELECTOR
        };
        if row.max < u128::MAX {
            let above = setter(row, U256::from(row.max + 1));
            assert_eq!(revert(&world, &world.owner, above).await, error, "{name}");
        }
        if row.min > 0 {
            let below = setter(row, U256::from(row.min - 1));
            assert_eq!(revert(&world, &world.owner, below).await, error, "{name}");
        }
        // Never truncated, however large.
        assert_eq!(
            revert(&world, &world.owner, setter(row, U256::MAX)).await,
            IEngine::ParameterOutOfBounds::SELECTOR,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_depend_on_each_other_stay_consistent() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    // Treasury and task owner share at most everything.
    refused!(
        owner,
        PercentageTooHigh,
        engine.setTaskOwnerRewardPercentage(U256::from(AIUS * 9 / 10 + 1))
    );
    send!(engine.setTaskOwnerRewardPercentage(U256::from(AIUS * 9 / 10)));
    refused!(
        owner,
        PercentageTooHigh,
        engine.setTreasuryRewardPercentage(U256::from(AIUS / 10 + 1))
    );
    // The slash amount stays within a quarter of the minimum.
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setSlashAmountPercentage(U256::from(AIUS / 5_000 + 1))
    );
    send!(engine.setSlashAmountPercentage(U256::from(AIUS / 5_000)));
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setValidatorMinimumPercentage(U256::from(AIUS / 1_250 - 1))
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setSlashAmountFloor(U256::from(AIUS / 4 + 1))
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setValidatorMinimumFloor(U256::from(AIUS / 2 - 1))
    );
    // Nobody leaves before a contestation could reach him.
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setExitValidatorMinUnlockTime(U256::from(9_999))
    );
    send!(engine.setExitValidatorMinUnlockTime(U256::from(10_000)));
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setMinClaimSolutionTime(U256::from(2_001))
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setMinContestationVotePeriodTime(U256::from(4_001))
    );
    // A value that is set is read back, beside its neighbours in the same word.
    send!(engine.setSolutionsStakeAmount(aius(1_000)));
    send!(engine.setSolutionRateLimit(aius(86_400)));
    assert_eq!(view!(engine.solutionsStakeAmount()), aius(1_000));
    assert_eq!(view!(engine.solutionRateLimit()), aius(86_400));
    assert_eq!(view!(engine.minClaimSolutionTime()), U256::from(2_000));
    assert_eq!(
        view!(engine.validatorMinimumPercentage()),
        U256::from(AIUS / 1_250)
    );
}
