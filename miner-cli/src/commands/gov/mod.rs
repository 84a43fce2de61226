//! `arbius gov`: proposals and votes of the DAO.

mod act;
mod delegate;
mod list;
mod propose;
mod show;
mod words;

use arbius_sdk::chain::Lane;
use arbius_sdk::gov::{Governance, Voter};

use crate::args::{self, Gov};
use crate::key;

pub(crate) async fn run(args: Gov, json: bool) -> eyre::Result<()> {
    match args {
        Gov::Propose(args) => propose::run(&args, json).await,
        Gov::List(args) => list::run(&args, json).await,
        Gov::Show(args) => show::run(&args, json).await,
        Gov::Vote(args) => act::vote(&args, json).await,
        Gov::Delegate(args) => delegate::run(&args, json).await,
        Gov::Queue(args) => act::run(act::Act::Queue, &args, json).await,
        Gov::Execute(args) => act::run(act::Act::Execute, &args, json).await,
        Gov::Cancel(args) => act::run(act::Act::Cancel, &args, json).await,
    }
}

/// The DAO of the deployment that the command line names.
async fn open(network: &args::Network) -> eyre::Result<Governance> {
    Ok(Governance::connect(&network.load()?).await?)
}

/// The account that the command line names; on a local chain a miner's.
async fn voter(signing: &args::Signing) -> eyre::Result<Voter> {
    let deployment = signing.network.load()?;
    let signer = key::choose(&signing.key, &deployment, key::MINER)?;
    let governance = Governance::connect(&deployment).await?;
    let lane = Lane::new(governance.chain().clone(), signer);
    Ok(Voter::new(lane, governance))
}
