//! A miner in a program of one's own.

// ANCHOR: mine
use std::{path::Path, pin::pin, sync::Arc};

use arbius_sdk::miner::{Catalogue, Earned, Miner, MinerError};
use arbius_sdk::{
    chain::Signer, client::Network, deploy::Deployment, inference::InProcess, model::Bundle,
};

/// Mines `models` until `stop` is over, and tells `earned` what that brings.
pub(crate) async fn mine(
    network: Deployment,
    key: Signer,
    models: Vec<Bundle>,
    folder: &Path,
    earned: impl Fn(Earned),
    stop: impl Future<Output = ()>,
) -> Result<(), MinerError> {
    let models = Catalogue::registered(&Network::connect(&network).await?, models).await?;
    let miner = Miner::builder().deployment(network).signer(key);
    let miner = miner.catalogue(models).folder(folder);
    let miner = miner.gateway(([127, 0, 0, 1], 0).into());
    let mut miner = miner.solver(Arc::new(InProcess::default())).spawn().await?;
    println!("mining {} model(s)", miner.models().len());
    let (mut earnings, mut stop) = (miner.earnings()?, pin!(stop));
    loop {
        tokio::select! {
            Ok(Some(won)) = earnings.next() => earned(won),
            ended = miner.ended() => return ended,
            () = &mut stop => return miner.stop().await,
        }
    }
}
// ANCHOR_END: mine
