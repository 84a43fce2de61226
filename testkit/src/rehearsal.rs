//! A deployment tried out on a chain that nobody else sees.

use alloy_primitives::U256;
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Chain, FeePolicy, Signer},
    deploy::{
        Deployer, Progress, Record, Settings,
        check::{Report, check},
    },
};

use crate::TestkitError;

/// What became of a deployment that was tried out.
#[derive(Debug)]
pub struct Rehearsal {
    /// Its transactions, with the gas that they took.
    pub record: Record,
    /// What its closing check found.
    pub report: Report,
}

impl Rehearsal {
    /// Deploys by `settings` to a new local chain with the id `chain_id`, and checks what
    /// stands there. `signer` has all the ether that it takes; without one it is an account of
    /// the chain.
    ///
    /// # Errors
    ///
    /// [`TestkitError`]: what the deployment would fail with elsewhere too.
    pub async fn of(
        settings: &Settings,
        chain_id: u64,
        signer: Option<Signer>,
    ) -> Result<Self, TestkitError> {
        let devnet = Devnet::builder().chain_id(chain_id).spawn().await?;
        let signer = match (signer, devnet.accounts().first()) {
            (Some(signer), _) => signer,
            (None, Some(account)) => Signer::from_key(&account.key)?,
            (None, None) => {
                return Err(TestkitError::NoAccount {
                    index: 0,
                    accounts: 0,
                });
            }
        };
        let ether = U256::from(10_u64.pow(18));
        let plenty = U256::from(1_000_000) * ether;
        devnet.chain().set_balance(signer.address(), plenty);
        let chain = Chain::connect_to(&devnet.url(), chain_id).await?;
        let progress = Progress::default();
        let deployer = Deployer::new(
            chain.clone(),
            signer,
            FeePolicy::default(),
            settings.clone(),
            progress.clone(),
            Box::new(|_| Ok(())),
        )?;
        deployer.run().await?;
        let record = progress.record();
        let report = check(&chain, settings, &record).await?;
        Ok(Self { record, report })
    }
}
