//! A miner in a program that names bundles and watches what comes in.

use alloy_primitives::U256;
use arbius_sdk::{
    client::Network,
    content::unixfs,
    miner::{Catalogue, State},
    model::Bundle,
};

use crate::world::{World, reached};

fn bundle(model: &arbius_models::EmbeddedBundle) -> Bundle {
    let files = model.files.iter().copied();
    Bundle::from_bytes(model.template, model.manifest, files).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_found_by_their_bundles_and_a_bundle_of_none_is_named() {
    let world = World::new().await;
    let network = Network::connect(world.chain.deployment()).await.unwrap();
    let digits = bundle(arbius_models::digits());
    let found = Catalogue::registered(&network, [digits]).await.unwrap();
    assert_eq!(found.ids().collect::<Vec<_>>(), [world.model]);
    let stickers = arbius_models::stickers();
    let bundles = [bundle(arbius_models::digits()), bundle(stickers)];
    let error = Catalogue::registered(&network, bundles).await.unwrap_err();
    let (error, template) = (error.to_string(), unixfs::cid_of(stickers.template));
    assert!(error.contains(&template.to_string()), "{error}");
    assert!(
        error.contains("register it, or leave the bundle out"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn earnings_are_told_once_each_and_outlast_the_miner() {
    let world = World::new().await;
    let miner = world.miner(0).spawn().await.unwrap();
    let mut earnings = miner.earnings().unwrap();
    assert_eq!(earnings.total().total(), U256::ZERO);
    let mut told = U256::ZERO;
    for prompt in ["a seven", "a four"] {
        let asked = world.ask(prompt).await;
        reached(&miner, asked.task, State::Revealed).await;
        world.past_contest();
        told += earnings.next().await.unwrap().unwrap().total();
    }
    let tally = miner.tally().unwrap();
    assert_eq!(told, tally.fees + tally.rewards);
    assert_eq!(earnings.total().total(), told);
    miner.stop().await.unwrap();
    assert_eq!(earnings.next().await.unwrap(), None);

    let miner = world.miner(0).spawn().await.unwrap();
    assert_eq!(miner.earnings().unwrap().total().total(), told);
    miner.stop().await.unwrap();
}
