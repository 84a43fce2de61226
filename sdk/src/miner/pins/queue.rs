//! What hands pins to the workers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use alloy_primitives::B256;
use tokio::sync::mpsc;

use super::{Pin, PinContent};
use crate::{
    content::{pinning::PinStore, unixfs},
    miner::{Job, MinerError},
};

/// Where pins for each store go.
#[derive(Debug, Default)]
pub(in crate::miner) struct PinQueue {
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    store: Arc<dyn PinStore>,
    pins: mpsc::UnboundedSender<Pin>,
    trouble: Trouble,
}

/// Why a store takes nothing at the moment, for whoever wants to know.
pub(super) type Trouble = Arc<Mutex<Option<String>>>;

/// What a worker is given.
#[derive(Debug)]
pub(in crate::miner) struct Waiting {
    pub(super) store: Arc<dyn PinStore>,
    pub(super) pins: mpsc::UnboundedReceiver<Pin>,
    pub(super) trouble: Trouble,
}

impl PinQueue {
    /// A queue for each store, and what the workers take from. Where `sends` is false nothing
    /// is queued.
    pub(in crate::miner) fn to(
        stores: Vec<Arc<dyn PinStore>>,
        sends: bool,
    ) -> Result<(Self, Vec<Waiting>), MinerError> {
        let mut queue = Self::default();
        let mut waiting = Vec::new();
        for store in stores.into_iter().filter(|_| sends) {
            if queue
                .doors
                .iter()
                .any(|door| door.store.name() == store.name())
            {
                return Err(MinerError::SamePinStore(store.name().to_owned()));
            }
            // No more than what is written down, and taken off at once.
            let (sender, receiver) = mpsc::unbounded_channel();
            let trouble = Trouble::default();
            queue.doors.push(Door {
                store: Arc::clone(&store),
                pins: sender,
                trouble: Arc::clone(&trouble),
            });
            waiting.push(Waiting {
                store,
                pins: receiver,
                trouble,
            });
        }
        Ok((queue, waiting))
    }

    /// What the stores are to keep of a job.
    pub(in crate::miner) fn of(&self, job: &Job) -> Vec<Pin> {
        let mut contents = Vec::new();
        if !self.doors.is_empty() {
            let input = unixfs::cid_of(&job.input);
            let digest = crate::content::cids::digest(&input).ok().map(B256::new);
            contents.extend(job.digest().map(|digest| (digest, PinContent::Output)));
            contents.extend(digest.map(|digest| (digest, PinContent::Input)));
        }
        self.each(job.task, &contents)
    }

    /// What the stores are to keep of somebody else's solution.
    pub(in crate::miner) fn of_outputs(&self, task: B256, digest: B256) -> Vec<Pin> {
        self.each(task, &[(digest, PinContent::Output)])
    }

    fn each(&self, task: B256, contents: &[(B256, PinContent)]) -> Vec<Pin> {
        let mut pins = Vec::new();
        for door in &self.doors {
            for (digest, content) in contents {
                pins.push(Pin::new(door.store.name(), *digest, task, *content));
            }
        }
        pins
    }

    /// Hands over pins that were written down.
    pub(in crate::miner) fn hand_over(&self, pins: Vec<Pin>) {
        for pin in pins {
            let door = self
                .doors
                .iter()
                .find(|door| door.store.name() == pin.store);
            if let Some(door) = door {
                // A worker that is gone finds it in the store when it is back.
                let _ = door.pins.send(pin);
            }
        }
    }

    /// The stores, and why they take nothing at the moment if so.
    pub(in crate::miner) fn troubles(&self) -> BTreeMap<String, Option<String>> {
        let trouble = |door: &Door| {
            let trouble = door.trouble.lock();
            trouble.unwrap_or_else(PoisonError::into_inner).clone()
        };
        self.doors
            .iter()
            .map(|door| (door.store.name().to_owned(), trouble(door)))
            .collect()
    }
}
