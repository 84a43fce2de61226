//! Sending the transactions of a deployment: each once, however often it is interrupted.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use alloy_primitives::B256;

use super::{
    DeployError, Progress,
    progress::{Begun, Done},
};
use crate::chain::{Call, Chain, FeePolicy, Intent, Journal, JournalError, Lane, Outcome, Signer};

/// Whatever makes a transaction happen: a [`Lane`] at once, [`Steps`] unless it is done already.
pub trait Sender: Sync {
    /// Who signs, and where to.
    fn lane(&self) -> &Lane;

    /// Makes the call by a transaction and waits until it is included and successful. Its
    /// purpose tells it apart.
    fn perform(&self, call: Call) -> impl Future<Output = Result<Done, DeployError>> + Send;
}

impl Sender for Lane {
    fn lane(&self) -> &Lane {
        self
    }

    async fn perform(&self, call: Call) -> Result<Done, DeployError> {
        Ok(Done::from(&self.execute(call).await?))
    }
}

/// What happens to a transaction of a deployment, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It is signed and written down, and leaves now.
    Written {
        /// What it is for.
        purpose: &'a str,
    },
    /// It was sent.
    Sent {
        /// What it is for.
        purpose: &'a str,
        /// Its hash, unless it is replaced.
        hash: B256,
    },
    /// It is included, which is not written down yet.
    Included {
        /// What it is for.
        purpose: &'a str,
        /// How it ended.
        done: &'a Done,
    },
    /// It is done and written down, by this run or an earlier one.
    Finished {
        /// What it is for.
        purpose: &'a str,
        /// How it ended.
        done: &'a Done,
        /// Whether an earlier run has sent it.
        earlier: bool,
    },
}

/// Hears of every event. An error stops the deployment there, as if the power went off.
pub type Observer =
    Box<dyn FnMut(Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send>;

#[derive(Clone)]
struct Ears(Arc<Mutex<Observer>>);

impl Ears {
    fn hear(&self, event: Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut observer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        observer(event)
    }
}

/// The progress as a journal, which says when something is written.
struct Watched {
    progress: Progress,
    ears: Ears,
}

impl Journal for Watched {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.progress.intend(intent)?;
        let purpose = &intent.purpose;
        self.ears
            .hear(Event::Written { purpose })
            .map_err(JournalError::lasting)
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        self.progress.settle(intent, outcome)
    }
}

/// The transactions of one deployment.
pub struct Steps {
    lane: Lane,
    progress: Progress,
    ears: Ears,
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// Transactions of `signer` on `chain` that are written down in `progress`.
    pub fn new(
        chain: Chain,
        signer: Signer,
        fees: FeePolicy,
        progress: Progress,
        observer: Observer,
    ) -> Self {
        let ears = Ears(Arc::new(Mutex::new(observer)));
        let journal = Watched {
            progress: progress.clone(),
            ears: ears.clone(),
        };
        Self {
            lane: Lane::with_journal(chain, signer, fees, Arc::new(journal)),
            progress,
            ears,
        }
    }

    /// What is done.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Begins, or goes on after asking the chain how everything ended that an earlier run sent.
    /// Returns what the deployment was begun with.
    ///
    /// # Errors
    ///
    /// [`DeployError::OtherDeployment`] if it was begun with something else,
    /// [`DeployError::StaleProgress`] if the chain does not have what is written down.
    pub async fn resume(&self, mut now: Begun) -> Result<Begun, DeployError> {
        let record = self.progress.record();
        let Some(begun) = record.begun else {
            self.progress.begin(now.clone())?;
            return Ok(now);
        };
        // These are of the beginning, and stay.
        (now.block, now.timestamp) = (begun.block, begun.timestamp);
        let differences = begun.differences(&now);
        if !differences.is_empty() {
            return Err(DeployError::OtherDeployment { differences });
        }
        let chain = self.lane.chain();
        for (name, address) in record.contracts {
            if chain.code(address).await?.is_empty() {
                let chain = chain.id();
                return Err(DeployError::StaleProgress {
                    name,
                    address,
                    chain,
                });
            }
        }
        let open = self.progress.open_intents();
        self.lane.reconcile(open.clone()).await?;
        for intent in open {
            let hashes: Vec<_> = intent.hashes().collect();
            let receipts = chain.receipts(&hashes).await?;
            match receipts.iter().flatten().find(|receipt| receipt.success) {
                Some(receipt) => self.progress.finish(&intent.purpose, receipt.into())?,
                // Nothing of it happened: it is done anew, where it still has to be.
                None => self.progress.forget(intent.hash)?,
            }
        }
        Ok(begun)
    }

    fn tell(&self, event: Event<'_>) -> Result<(), DeployError> {
        self.ears.hear(event).map_err(DeployError::Stopped)
    }
}

impl Sender for Steps {
    fn lane(&self) -> &Lane {
        &self.lane
    }

    async fn perform(&self, call: Call) -> Result<Done, DeployError> {
        let purpose = call.purpose().to_owned();
        let purpose = purpose.as_str();
        if let Some(done) = self.progress.done(purpose) {
            self.tell(Event::Finished {
                purpose,
                done: &done,
                earlier: true,
            })?;
            return Ok(done);
        }
        let sent = self.lane.send(call).await?;
        let hash = sent.hash();
        self.tell(Event::Sent { purpose, hash })?;
        let done = Done::from(&sent.confirmed().await?);
        self.tell(Event::Included {
            purpose,
            done: &done,
        })?;
        self.progress.finish(purpose, done.clone())?;
        self.tell(Event::Finished {
            purpose,
            done: &done,
            earlier: false,
        })?;
        Ok(done)
    }
}
