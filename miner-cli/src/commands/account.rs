//! An account that a command signs with.

use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use arbius_sdk::chain::Lane;
use arbius_sdk::client::{Network, Validator};
use arbius_sdk::miner::MonitorClient;

use crate::{args, key};

/// A key, connected.
pub(super) struct Account {
    lane: Lane,
    network: Network,
    folder: PathBuf,
}

impl Account {
    /// Takes the key that the command line names, a miner's on a local chain, and connects.
    pub(super) async fn open(signing: &args::Signing) -> eyre::Result<Self> {
        let deployment = signing.network.load()?;
        let signer = key::choose(&signing.key, &deployment, key::MINER)?;
        let chain = deployment.connect().await?;
        Ok(Self {
            lane: Lane::new(chain.clone(), signer),
            network: Network::new(chain, &deployment)?,
            folder: signing.folder.path.clone(),
        })
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn validator(&self) -> Validator {
        Validator::new(self.lane.clone(), self.network.engine())
    }

    /// Says so if a miner runs with this key.
    pub(super) async fn warn_of_miner(&self) {
        warn_of_miner(&self.folder, self.lane.address()).await;
    }
}

/// Says so if the miner of a folder runs with the key of an account: two programs with one key
/// take each other's nonces. The miner notices and goes on, but it is better done while it is
/// stopped.
pub(super) async fn warn_of_miner(folder: &Path, account: Address) {
    let Ok(Some(monitor)) = MonitorClient::find(folder) else {
        return;
    };
    if let Ok(status) = monitor.status().await
        && status.account == account
    {
        eprintln!(
            "warning: a miner runs with the key of {account}; what is sent now may get in the way \
             of its own transactions, which it then sends again"
        );
    }
}
