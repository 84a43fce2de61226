//! A miner that is started and not waited for.

use std::sync::Arc;

use alloy_primitives::U256;
use arbius_sdk::{
    deploy::model::{ModelTerms, register_model},
    inference::InProcess,
    miner::{Catalogue, Funds, Miner},
    model::Bundle,
};
use arbius_testkit::{Actor, TestChain};

use crate::world::dropped_wherever_it_waits;

fn bundle() -> Bundle {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Bundle::from_bytes(digits.template, digits.manifest, files).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_a_miner_may_be_dropped_anywhere_and_done_again() {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let template = bundle().template_bytes().to_vec();
    let model = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let bundle = Arc::new(bundle());
    let folder = tempfile::tempdir().unwrap();
    let miner = dropped_wherever_it_waits(
        async |_| {
            Miner::builder()
                .deployment(chain.deployment().clone())
                .signer(chain.signer(Actor::Miner(0)).unwrap())
                .solver(Arc::new(InProcess::default()))
                .catalogue(Catalogue::new().with(model, Arc::clone(&bundle)))
                .folder(folder.path())
                .gateway(([127, 0, 0, 1], 0).into())
                .spawn()
                .await
        },
        async || (),
    )
    .await
    .unwrap();
    assert_eq!(miner.models(), [model]);
    miner.stop().await.unwrap();
    // Starts that were dropped with their deposit on its way were not followed by another.
    let account = chain.signer(Actor::Miner(0)).unwrap().address();
    let funds = Funds::of(chain.chain(), chain.engine(), account)
        .await
        .unwrap();
    assert!(funds.staked >= funds.minimum && funds.staked < funds.minimum * U256::from(2));
}
