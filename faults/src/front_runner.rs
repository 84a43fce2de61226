//! Somebody who lives on what others have computed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy::consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable as _};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolInterface as _;
use arbius_sdk::{
    chain::{Call, Lane},
    client::Validator,
    contracts::IEngine,
};
use arbius_testkit::{AIUS, Actor, devnet::chain::Chain};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{Leaked, Scene, audit::revealed};

/// So much that it may solve.
const STAKE: u128 = 100 * AIUS;

/// How often it looks at what waits for its block.
const LOOK: Duration = Duration::from_millis(5);

/// Gas of its transactions, which cannot be simulated: enough for a bulk.
const GAS: u64 = 8_000_000;

/// Transactions that may wait to be seen.
const WAITING: usize = 64;

/// Somebody who watches the transactions of others and copies them.
///
/// It is first with every commitment that an endpoint [leaks](crate::FaultProxy::leak_to), so
/// that its owner's transaction fails; and it commits to every solution that waits for its block,
/// and reveals it, at once. A chain that takes transactions as they come, and a commitment that
/// counts from the next block, leave it empty-handed.
#[derive(Debug)]
pub struct FrontRunner {
    account: Address,
    copied: Arc<Copied>,
    leaks: mpsc::Sender<Leaked>,
    task: JoinHandle<()>,
}

/// How much was copied.
#[derive(Debug, Default)]
struct Copied {
    commitments: AtomicU64,
    solutions: AtomicU64,
}

impl FrontRunner {
    /// One with the key of the `number`-th miner, who stakes before.
    ///
    /// # Errors
    ///
    /// If the chain has no such actor, and what a transaction ends in.
    pub async fn start(scene: &Scene, number: usize) -> eyre::Result<Self> {
        let lane = scene.chain().lane(Actor::Miner(number))?.clone();
        let engine = scene.chain().engine();
        let validator = Validator::new(lane.clone(), engine);
        validator.deposit(U256::from(STAKE)).await?;
        let (leaks, leaked) = mpsc::channel(WAITING);
        let copied = Arc::<Copied>::default();
        let copier = Copier {
            account: lane.address(),
            chain: scene.chain().devnet().chain().clone(),
            lane,
            engine,
            seen: BTreeSet::new(),
            copied: Arc::clone(&copied),
        };
        Ok(Self {
            account: copier.account,
            copied,
            leaks,
            task: tokio::spawn(copier.run(leaked)),
        })
    }

    /// Its account.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// Where transactions are to be shown to it.
    #[must_use]
    pub fn leaks(&self) -> mpsc::Sender<Leaked> {
        self.leaks.clone()
    }

    /// How many commitments it copied.
    #[must_use]
    pub fn commitments(&self) -> u64 {
        self.copied.commitments.load(Ordering::Relaxed)
    }

    /// How many transactions with solutions it copied.
    #[must_use]
    pub fn solutions(&self) -> u64 {
        self.copied.solutions.load(Ordering::Relaxed)
    }
}

impl Drop for FrontRunner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Copier {
    account: Address,
    chain: Chain,
    lane: Lane,
    engine: Address,
    /// Transactions that were looked at.
    seen: BTreeSet<B256>,
    copied: Arc<Copied>,
}

impl Copier {
    async fn run(mut self, mut leaked: mpsc::Receiver<Leaked>) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                Some(leaked) = leaked.recv() => self.take_commitment(&leaked.raw).await,
                _ = looks.tick() => self.look().await,
            }
        }
    }

    /// Commits to what another is about to commit to.
    async fn take_commitment(&self, raw: &Bytes) {
        use alloy::eips::Decodable2718 as _;

        let Ok(transaction) = TxEnvelope::decode_2718(&mut raw.as_ref()) else {
            return;
        };
        let own = transaction.recover_signer().ok() == Some(self.account);
        if let Ok(IEngine::IEngineCalls::signalCommitment(call)) =
            IEngine::IEngineCalls::abi_decode(transaction.input())
            && !own
            && self.lane.send(Call::new(self.engine, &call)).await.is_ok()
        {
            self.copied.commitments.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Copies the solutions that wait for their block.
    async fn look(&mut self) {
        for transaction in self.chain.pool() {
            let from = transaction.from();
            // What waits for another before it is not on its way yet.
            let is_next = self.chain.pending_nonce(from) > transaction.nonce();
            if from == self.account || !is_next || !self.seen.insert(transaction.hash()) {
                continue;
            }
            let input = transaction.envelope().input();
            if let Some(commitment) = revealed(self.account, input) {
                self.take_solution(commitment, input).await;
            }
        }
    }

    async fn take_solution(&self, commitment: B256, input: &Bytes) {
        let commit = Call::new(self.engine, &IEngine::signalCommitmentCall { commitment });
        let (reveal, refused) = match IEngine::IEngineCalls::abi_decode(input) {
            Ok(IEngine::IEngineCalls::submitSolution(call)) => {
                (Call::new(self.engine, &call), "NonExistentCommitment")
            }
            Ok(IEngine::IEngineCalls::bulkSubmitSolution(call)) => {
                (Call::new(self.engine, &call), "NothingAccepted")
            }
            _ => return,
        };
        let reveal = reveal.despite(refused, GAS);
        if self.lane.send(commit).await.is_ok() && self.lane.send(reveal).await.is_ok() {
            self.copied.solutions.fetch_add(1, Ordering::Relaxed);
        }
    }
}
