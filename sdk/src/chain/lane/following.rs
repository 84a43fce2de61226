//! Following what is underway: receipts, replacements, gaps.
//!
//! Whoever waits for a transaction follows all of the lane's; the others wait for that one. A
//! look asks for the receipt of the transaction with the lowest nonce alone, since none behind
//! it can be included before. Only if that is overdue is the chain asked where the nonce
//! stands, and the transaction sent again, replaced, or given up for lost.

use std::time::{Duration, Instant};

use alloy::consensus::Transaction;
use alloy_primitives::{B256, Bytes, TxKind, U256};
use tokio::sync::watch;

use super::{
    Lane, Receipt,
    answer::Answer,
    fees::Offer,
    flights::{Flight, Landing},
    sending::{FIRST_RETRY, decode},
};
use crate::chain::{ChainError, Intent, Outcome, Replacement, connection::request};

/// Pauses between looks: a local chain has a receipt at once, a public one in a second.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// For how long the chain has to say that a nonce is used, without any version of our
/// transaction having a receipt, before that is believed: endpoints behind a balancer are not
/// equally far.
const DOUBT: Duration = Duration::from_secs(2);

/// After so long an endpoint that does not answer is no longer waited for in doubt.
const LONGEST_DOUBT: Duration = Duration::from_secs(60);

/// For how long nonces have to be missing before empty transactions take them.
const GAP: Duration = Duration::from_secs(3);

/// Most nonces of a gap that are filled at a time.
const GAP_AT_ONCE: u64 = 16;

/// A transaction that offers this many times the base fee is not stuck for its price.
const ENOUGH: u128 = 4;

/// What to do about a transaction that is overdue.
enum Push {
    Nothing,
    Resend(Bytes),
    Replace,
}

impl Lane {
    /// Waits for the outcome of a transaction, and looks for everybody else meanwhile.
    pub(super) async fn follow(
        &self,
        done: &mut watch::Receiver<Option<Landing>>,
    ) -> Result<Landing, ChainError> {
        loop {
            if let Some(landing) = done.borrow_and_update().clone() {
                return Ok(landing);
            }
            let _looking = tokio::select! {
                changed = done.changed() => match changed {
                    Ok(()) => continue,
                    // The lane has forgotten it: only what was never sent is.
                    Err(_) => return Ok(Landing::Superseded),
                },
                looking = self.shared.following.lock() => looking,
            };
            while done.borrow().is_none() {
                self.look().await?;
                if done.borrow().is_none() {
                    tokio::time::sleep(self.pause()).await;
                }
            }
        }
    }

    fn pause(&self) -> Duration {
        let flights = self.flights();
        let age = flights.first().map(|flight| flight.signed.elapsed());
        age.unwrap_or_default().clamp(FIRST_PAUSE, LONGEST_PAUSE)
    }

    /// Looks once at what is underway.
    ///
    /// # Errors
    ///
    /// Those of the journal and the signer alone: an endpoint that is away is waited for, and
    /// so is a journal that has no room. Whoever waits must not do again what is underway.
    async fn look(&self) -> Result<(), ChainError> {
        let mut all = false;
        loop {
            let asked = self.flights().hashes(all);
            let landed = match self.settle_included(&asked).await {
                Ok(landed) => landed,
                Err(error) => return wait_for_endpoint(error, "no answer about a receipt"),
            };
            if !landed {
                break;
            }
            // Others are likely to be in the same block.
            all = true;
        }
        match self.check_first().await {
            Err(error) => wait_for_endpoint(error, "no answer about a nonce"),
            Ok(()) => Ok(()),
        }
    }

    /// Asks for receipts, and settles what is included. Returns whether anything was.
    async fn settle_included(&self, asked: &[(u64, B256)]) -> Result<bool, ChainError> {
        if asked.is_empty() {
            return Ok(false);
        }
        let hashes: Vec<B256> = asked.iter().map(|(_, hash)| *hash).collect();
        let receipts = self.chain().receipts(&hashes).await?;
        let mut any = false;
        for ((nonce, hash), receipt) in asked.iter().zip(receipts) {
            // An endpoint might answer about another transaction.
            if let Some(receipt) = receipt.filter(|receipt| receipt.hash == *hash) {
                any |= self.settle(*nonce, receipt)?;
            }
        }
        Ok(any)
    }

    fn settle(&self, nonce: u64, receipt: Receipt) -> Result<bool, ChainError> {
        let Some(intent) = self.intent(nonce) else {
            return Ok(false);
        };
        let Some((raw, empty)) = intent.version(receipt.hash) else {
            return Ok(false);
        };
        let gas = receipt.gas_used;
        let (outcome, landing) = if empty {
            (Outcome::Dropped, Landing::CalledOff)
        } else {
            let outcome = if receipt.success {
                Outcome::Included
            } else {
                Outcome::Reverted
            };
            let raw = raw.clone();
            (outcome, Landing::Included { receipt, raw })
        };
        self.shared.journal.settle(&intent, outcome)?;
        self.shared.journal.used(&intent, gas);
        self.flights().land(nonce, landing);
        Ok(true)
    }

    fn intent(&self, nonce: u64) -> Option<Intent> {
        Some(self.flights().get(nonce)?.intent.clone())
    }

    /// Finds out why the first transaction is not included, if it is overdue.
    async fn check_first(&self) -> Result<(), ChainError> {
        let nonce = {
            let mut flights = self.flights();
            let recheck = self.recheck();
            let Some(nonce) = flights.first().map(|flight| flight.intent.nonce) else {
                return Ok(());
            };
            let now = Instant::now();
            // One behind it may have been lost on its way, or be called off.
            if flights.iter().all(|flight| flight.check > now) {
                return Ok(());
            }
            if let Some(flight) = flights.get_mut(nonce) {
                flight.check = now + recheck;
            }
            nonce
        };
        let latest = self.chain().nonce(self.address(), false).await?;
        if latest > nonce {
            return self.doubt(nonce).await;
        }
        if latest < nonce && self.fill(nonce).await? {
            return Ok(());
        }
        self.push().await
    }

    /// The chain says that a nonce is used, and there was no receipt a moment ago.
    async fn doubt(&self, nonce: u64) -> Result<(), ChainError> {
        let (asked, long) = {
            let mut flights = self.flights();
            flights.gap = None;
            let Some(flight) = flights.get_mut(nonce) else {
                return Ok(());
            };
            let now = Instant::now();
            let since = *flight.doubt.get_or_insert(now);
            if now.duration_since(since) < DOUBT {
                flight.check = now + DOUBT / 4;
                return Ok(());
            }
            let hashes = flight.intent.hashes().collect::<Vec<_>>();
            (hashes, now.duration_since(since) >= LONGEST_DOUBT)
        };
        // It may have been included between the two questions, or where the endpoint that was
        // asked has not got to.
        for hash in asked {
            let receipt = match self.chain().receipt_anywhere(hash).await {
                Err(error) if long => {
                    tracing::warn!(%hash, %error, "not every endpoint could be asked");
                    None
                }
                answered => answered?,
            };
            if let Some(receipt) = receipt.filter(|receipt| receipt.hash == hash) {
                self.settle(nonce, receipt)?;
                return Ok(());
            }
        }
        if let Some(intent) = self.intent(nonce) {
            tracing::warn!(
                account = %self.address(), nonce, hash = %intent.hash, purpose = %intent.purpose,
                "another program has used the nonce of this transaction; use a key in one program only"
            );
            self.shared.journal.settle(&intent, Outcome::Dropped)?;
            self.flights().land(nonce, Landing::Superseded);
        }
        Ok(())
    }

    /// Fills the gap between the chain's nonce and the first of ours: with what was included
    /// there before a reorganisation, or else with transactions that do nothing. Returns
    /// whether there is one.
    async fn fill(&self, nonce: u64) -> Result<bool, ChainError> {
        // What waits in the pool, perhaps another program's, is no gap.
        let missing = self.chain().nonce(self.address(), true).await?;
        if missing >= nonce {
            self.flights().gap = None;
            return Ok(false);
        }
        let since = *self.flights().gap.get_or_insert_with(Instant::now);
        tracing::info!(from = missing, to = nonce, "filling a gap of nonces");
        for missing in (missing..nonce).take(usize::try_from(GAP_AT_ONCE).unwrap_or(usize::MAX)) {
            let known = self.flights().landed_at(missing);
            if since.elapsed() >= GAP {
                // What was included there may offer too little by now.
                self.fill_one(missing).await?;
            } else if let Some(raw) = known {
                self.broadcast(&raw).await;
            }
        }
        if let Some(flight) = self.flights().get_mut(nonce) {
            flight.check = Instant::now() + DOUBT / 4;
            flight.unsure = true;
        }
        // With the gap filled, what is behind it may have to be sent again.
        Ok(since.elapsed() < GAP)
    }

    /// Sends a transaction that does nothing, to use a nonce up.
    async fn fill_one(&self, nonce: u64) -> Result<(), ChainError> {
        let base_fee = self.base_fee().await?;
        let urgency = self.flights().urgency_from(nonce);
        let Ok(offer) = self.policy().offer(base_fee, urgency, 0) else {
            return Ok(());
        };
        let (hash, raw) = self.sign_empty(nonce, offer).await?;
        let intent = Intent {
            hash,
            sender: self.address(),
            nonce,
            raw: raw.clone(),
            purpose: "filling a gap of nonces".to_owned(),
            urgency,
            replacements: Vec::new(),
        };
        self.shared.journal.intend(&intent)?;
        let check = Instant::now() + self.recheck();
        self.flights().add(Flight::new(intent, offer, check));
        let answer = self.broadcast(&raw).await;
        self.heed(nonce, &answer);
        Ok(())
    }

    async fn sign_empty(&self, nonce: u64, offer: Offer) -> Result<(B256, Bytes), ChainError> {
        let (to, value) = (TxKind::Call(self.address()), U256::ZERO);
        // On Arbitrum even this costs more than 21,000 gas: its data goes to L1.
        let request = request(self.address(), to, value, Bytes::new());
        let gas = self.chain().estimate(request, "using a nonce up").await?;
        let gas = self.policy().gas_limit(gas);
        self.sign(to, value, Bytes::new(), nonce, gas, offer)
    }

    /// Sends what is overdue or missing again, or replaces it.
    async fn push(&self) -> Result<(), ChainError> {
        let base_fee = self.base_fee().await?;
        // A pool that was dropped, or a node that came back without it, has fewer than we sent.
        let missing = self.chain().nonce(self.address(), true).await?;
        let nonces: Vec<u64> = {
            let mut flights = self.flights();
            flights.gap = None;
            let later = Instant::now() + self.recheck();
            for flight in flights.iter_mut() {
                flight.doubt = None;
                flight.check = flight.check.max(later);
            }
            flights.iter().map(|flight| flight.intent.nonce).collect()
        };
        for (index, nonce) in nonces.into_iter().enumerate() {
            match self.decide(nonce, base_fee, index == 0, nonce >= missing) {
                Push::Nothing => {}
                Push::Replace => self.replace(nonce, base_fee).await?,
                Push::Resend(raw) => {
                    let answer = self.broadcast(&raw).await;
                    self.heed(nonce, &answer);
                    if matches!(answer, Answer::Underpriced) {
                        self.replace(nonce, base_fee).await?;
                    }
                }
            }
        }
        Ok(())
    }

    fn decide(&self, nonce: u64, base_fee: u128, first: bool, missing: bool) -> Push {
        let flights = self.flights();
        let Some(flight) = flights.get(nonce) else {
            return Push::Nothing;
        };
        let offered = flight.offer.max_fee;
        let old = first && flight.signed.elapsed() >= self.policy().replace_after;
        let dear = offered >= base_fee.max(1).saturating_mul(ENOUGH);
        let called_off = flight.called_off && !flight.is_empty();
        if called_off || base_fee > offered || (old && !dear) {
            Push::Replace
        } else if first || missing || flight.unsure {
            Push::Resend(flight.intent.newest().clone())
        } else {
            Push::Nothing
        }
    }

    /// Replaces a transaction by one that offers more: the same, or one that does nothing if
    /// it was called off.
    #[tracing::instrument(level = "debug", skip_all, fields(nonce))]
    async fn replace(&self, nonce: u64, base_fee: u128) -> Result<(), ChainError> {
        let (mut intent, offered, urgency, called_off, empty) = {
            let flights = self.flights();
            let Some(flight) = flights.get(nonce) else {
                return Ok(());
            };
            let urgency = flights.urgency_from(nonce);
            let (intent, offer) = (flight.intent.clone(), flight.offer);
            (intent, offer, urgency, flight.called_off, flight.is_empty())
        };
        let Some(offer) = self.policy().replacement(offered, base_fee, urgency) else {
            let said = {
                let mut flights = self.flights();
                let flight = flights.get_mut(nonce);
                flight.is_none_or(|flight| std::mem::replace(&mut flight.said, true))
            };
            if !said {
                tracing::warn!(
                    nonce, hash = %intent.hash, purpose = %intent.purpose, base_fee,
                    offered = offered.max_fee, ceiling = self.policy().ceiling(urgency),
                    "a transaction is stuck, and the fee ceiling forbids to offer more for it"
                );
            }
            let answer = self.broadcast(intent.newest()).await;
            self.heed(nonce, &answer);
            return Ok(());
        };
        let (hash, raw) = if called_off && !empty {
            self.sign_empty(nonce, offer).await?
        } else if let Some(old) = decode(intent.newest()) {
            let input = old.input().clone();
            self.sign(
                old.kind(),
                old.value(),
                input,
                nonce,
                old.gas_limit(),
                offer,
            )?
        } else {
            return Ok(());
        };
        tracing::info!(
            nonce, %hash, purpose = %intent.purpose, base_fee, offered = offered.max_fee,
            offers = offer.max_fee, "replacing a transaction that is stuck"
        );
        intent.replacements.push(Replacement {
            hash,
            raw: raw.clone(),
            empty: called_off || empty,
        });
        self.shared.journal.intend(&intent)?;
        {
            let mut flights = self.flights();
            if let Some(flight) = flights.get_mut(nonce) {
                flight.intent = intent;
                flight.offer = offer;
                flight.signed = Instant::now();
                flight.said = false;
            }
        }
        let answer = self.broadcast(&raw).await;
        self.flights().replaced += 1;
        self.heed(nonce, &answer);
        Ok(())
    }

    /// Notes when to look again at what was just sent again.
    fn heed(&self, nonce: u64, answer: &Answer) {
        let recheck = self.recheck();
        let mut flights = self.flights();
        let Some(flight) = flights.get_mut(nonce) else {
            return;
        };
        let soon = (FIRST_RETRY * 5).min(recheck);
        let (unsure, wait) = match answer {
            Answer::Taken | Answer::Known | Answer::NonceInUse => (false, recheck),
            Answer::NonceTooLow => (false, soon),
            Answer::Unsure(_) | Answer::Busy(_) | Answer::NonceTooHigh | Answer::Underpriced => {
                (true, soon)
            }
            Answer::NoFunds | Answer::Refused(_) => {
                if !std::mem::replace(&mut flight.said, true) {
                    tracing::warn!(
                        nonce, hash = %flight.intent.hash, purpose = %flight.intent.purpose,
                        ?answer, "an endpoint refuses a transaction that it took before"
                    );
                }
                // Its caller has gone, so that nobody else would call it off, and what
                // follows would wait for it.
                if matches!(answer, Answer::Refused(_)) && flight.done.receiver_count() == 0 {
                    flight.called_off = true;
                    flight.check = Instant::now();
                    flight.unsure = true;
                    return;
                }
                (true, recheck)
            }
        };
        flight.unsure = unsure;
        flight.check = Instant::now() + wait;
    }
}

/// Only what this program itself cannot do, now or later, ends a wait.
fn wait_for_endpoint(error: ChainError, what: &str) -> Result<(), ChainError> {
    match error {
        ChainError::Journal(error) if error.passing => {
            tracing::error!(%error, "the outcome of a transaction cannot be written down, trying again");
        }
        ChainError::Journal(_) | ChainError::Signer(_) => return Err(error),
        error => tracing::warn!(%error, "{what}, trying again"),
    }
    Ok(())
}
