//! Who cheats.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_faults::Scene;
use arbius_sdk::client::Validator;
use arbius_testkit::AIUS;
use arbius_testkit::Actor;

/// So much that losing every dispute leaves them validators.
const STAKE: u128 = 500 * AIUS;

/// A solver that makes its answers up, and a contester of what is right.
pub(crate) struct Rivals {
    cheat: Validator,
    slanderer: Validator,
    /// What the second one has contested.
    slandered: BTreeSet<B256>,
}

impl Rivals {
    /// Both stake; `honest` miners come before them among the actors.
    pub(crate) async fn gather(scene: &Scene, honest: usize) -> Self {
        let mut rivals = Vec::new();
        for number in [honest, honest + 1] {
            let lane = scene.chain().lane(Actor::Miner(number)).unwrap().clone();
            let validator = Validator::new(lane, scene.chain().engine());
            validator.deposit(U256::from(STAKE)).await.unwrap();
            rivals.push(validator);
        }
        let slanderer = rivals.pop().unwrap();
        Self {
            cheat: rivals.pop().unwrap(),
            slanderer,
            slandered: BTreeSet::new(),
        }
    }

    pub(crate) fn cheat(&self) -> Address {
        self.cheat.address()
    }

    pub(crate) fn slanderer(&self) -> Address {
        self.slanderer.address()
    }

    /// Reveals a made-up answer to the newest task at once. The miners may be faster.
    pub(crate) async fn make_up(&self, scene: &Scene) {
        let Some(task) = scene.tasks().last() else {
            return;
        };
        let digest = keccak256(task);
        if self.cheat.commit(*task, digest).await.is_ok() {
            let _ = self.cheat.reveal(*task, digest).await;
        }
    }

    /// Contests a right solution that was not contested yet, if there is one.
    pub(crate) async fn slander(&mut self, scene: &Scene, honest: &[Address]) {
        let audit = scene.audit();
        let right = audit.solved.iter().find(|(task, solvers)| {
            solvers.iter().all(|solver| honest.contains(solver))
                && !audit.claimed.contains_key(*task)
                && !self.slandered.contains(*task)
        });
        if let Some((task, _)) = right {
            self.slandered.insert(*task);
            // Its time may be over.
            let _ = self.slanderer.contest(*task).await;
        }
    }
}
