//! Dropping a future wherever it waits, and a journal that remembers everything.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use alloy_primitives::{Address, B256, U256};
use arbius_sdk::chain::{
    Call, Chain, FeePolicy, Intent, Journal, JournalError, Lane, Outcome, Signer,
};

/// One AIUS in wei.
pub(crate) const AIUS: u128 = 1_000_000_000_000_000_000;

/// Polls a future until it has had to wait so many times, and drops it where it waits once
/// more. Returns its output if it never did.
async fn drop_after<F: Future>(waits: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = waits;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Starts something again and again, and drops it the first time where it first waits, the
/// second time where it waits for the second time, and so on until it gets to its end. After
/// each it looks whether all is well.
pub(crate) async fn dropped_wherever_it_waits<T>(
    mut start: impl AsyncFnMut(usize) -> T,
    mut look: impl AsyncFnMut(),
) -> T {
    let mut waits = 0;
    for number in 0..10_000 {
        let ended = drop_after(waits, start(number)).await;
        look().await;
        match ended {
            Some(output) if waits > 0 => return output,
            // On a busy machine every answer may be there before it is first looked for.
            Some(_) => {}
            None => waits += 1,
        }
    }
    panic!("it never ends, or never waits");
}

/// A journal that remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    open: Mutex<BTreeMap<B256, Intent>>,
    settled: Mutex<Vec<(Intent, Outcome)>>,
}

impl Ledger {
    /// How many transactions for this purpose ended so.
    pub(crate) fn count(&self, purpose: &str, outcome: Outcome) -> usize {
        let settled = self.settled.lock().unwrap();
        let matching = settled
            .iter()
            .filter(|(intent, ended)| intent.purpose == purpose && *ended == outcome);
        matching.count()
    }
}

impl Journal for Ledger {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.open
            .lock()
            .unwrap()
            .insert(intent.hash, intent.clone());
        Ok(())
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        self.open.lock().unwrap().remove(&intent.hash);
        self.settled.lock().unwrap().push((intent.clone(), outcome));
        Ok(())
    }
}

/// A lane and its journal.
#[derive(Clone)]
pub(crate) struct Books {
    pub(crate) lane: Lane,
    pub(crate) ledger: Arc<Ledger>,
}

impl Books {
    pub(crate) fn of(chain: &Chain, signer: Signer) -> Self {
        let ledger = Arc::new(Ledger::default());
        let journal = Arc::clone(&ledger) as Arc<dyn Journal>;
        let lane = Lane::with_journal(chain.clone(), signer, FeePolicy::default(), journal);
        Self { lane, ledger }
    }

    /// Sends something more, which must succeed, and asserts that nothing is left of what was
    /// before: each nonce was used once and by this lane, and the journal knows how each
    /// transaction ended.
    pub(crate) async fn assert_sound(&self) {
        let call = Call::transfer(Address::repeat_byte(0x51), U256::from(1));
        self.lane
            .execute(call.for_purpose("one more"))
            .await
            .unwrap();
        let status = self.lane.status();
        assert_eq!(
            (status.underway, status.foreign, status.replaced),
            (0, 0, 0)
        );
        assert!(self.ledger.open.lock().unwrap().is_empty());
        let settled = self.ledger.settled.lock().unwrap().clone();
        let included = settled
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Included)
            .count();
        let account = self.lane.address();
        let nonce = self.lane.chain().nonce(account, false).await.unwrap();
        // Nothing of this lane reverts or is called off.
        assert_eq!(included as u64, nonce - self.first_nonce(&settled));
        assert_eq!(included, settled.len());
        assert_eq!(status.next_nonce, Some(nonce));
    }

    fn first_nonce(&self, settled: &[(Intent, Outcome)]) -> u64 {
        let nonces = settled.iter().map(|(intent, _)| intent.nonce);
        nonces.min().unwrap_or_default()
    }
}
