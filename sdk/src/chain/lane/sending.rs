//! A lane: simulation, nonce, journal, first broadcast.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{
    consensus::{Transaction, TxEip1559, TxEnvelope},
    eips::{BlockId, Decodable2718, Encodable2718},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use tokio::sync::Mutex as AsyncMutex;
use tracing::Instrument as _;

use super::{
    Call, FeePolicy, Receipt, Sent, Urgency,
    answer::Answer,
    fees::Offer,
    flights::{Flight, Flights},
};
use crate::chain::{
    Chain, ChainError, Intent, Journal, Outcome, Revert, Signer, Unrecorded, connection::request,
};

/// How often a nonce that another program took, or an offer that a node finds too low, is
/// tried anew.
const ATTEMPTS: u32 = 4;

/// For how long a base fee is believed before it is asked for again.
const BASE_FEE_LIFETIME: Duration = Duration::from_secs(2);

/// How soon a transaction is sent again whose broadcast was not answered.
pub(super) const FIRST_RETRY: Duration = Duration::from_millis(200);

/// The transactions of one key.
///
/// Use one lane per key in a program: clones share it. Nothing runs by itself: whoever waits
/// for a transaction follows all that are underway.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::{Address, U256};
/// use arbius_sdk::chain::{Call, Lane};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let signer = local.signer(arbius_testkit::Actor::Requester)?;
/// # let chain = local.chain().clone();
///
/// let lane = Lane::new(chain, signer);
/// let to = Address::repeat_byte(0x11);
/// // Several underway at once, in this order.
/// let first = lane.send(Call::transfer(to, U256::from(1))).await?;
/// let second = lane.send(Call::transfer(to, U256::from(2)).for_purpose("a tip")).await?;
/// let (first, second) = (first.confirmed().await?, second.confirmed().await?);
/// assert!(first.block <= second.block);
/// assert_eq!(lane.chain().balance(to).await?, U256::from(3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lane {
    pub(super) shared: Arc<Shared>,
    shadow: bool,
}

pub(super) struct Shared {
    chain: Chain,
    signer: Signer,
    policy: FeePolicy,
    pub(super) journal: Arc<dyn Journal>,
    flights: Mutex<Flights>,
    /// Held while a nonce is taken, written down and broadcast.
    sending: Arc<AsyncMutex<()>>,
    /// Held by whoever follows for all.
    pub(super) following: AsyncMutex<()>,
    base_fee: AsyncMutex<Option<(Instant, u128)>>,
    /// Whether it was said that transactions wait for cheaper gas.
    waits: AtomicBool,
}

/// Where a lane stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStatus {
    /// Transactions that are underway.
    pub underway: usize,
    /// For how long the first of them has been, in its newest version.
    pub oldest: Option<Duration>,
    /// The nonce of the next transaction, if the chain was asked for it.
    pub next_nonce: Option<u64>,
    /// How many transactions were sent in place of stuck ones, since the start.
    pub replaced: u64,
    /// How many nonces another program has taken, since the start: more than 0 means that
    /// the key is in use elsewhere.
    pub foreign: u64,
    /// Whether transactions wait because gas costs more than they may pay.
    pub waits_for_fees: bool,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("chain", &self.shared.chain.id())
            .field("account", &self.shared.signer.address())
            .finish()
    }
}

impl Lane {
    /// A lane without a journal and with the default fees.
    #[must_use]
    pub fn new(chain: Chain, signer: Signer) -> Self {
        Self::with_journal(chain, signer, FeePolicy::default(), Arc::new(Unrecorded))
    }

    /// A lane that writes every intent into a journal before it sends.
    #[must_use]
    pub fn with_journal(
        chain: Chain,
        signer: Signer,
        policy: FeePolicy,
        journal: Arc<dyn Journal>,
    ) -> Self {
        let shared = Shared {
            chain,
            signer,
            policy,
            journal,
            flights: Mutex::default(),
            sending: Arc::default(),
            following: AsyncMutex::new(()),
            base_fee: AsyncMutex::new(None),
            waits: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
            shadow: false,
        }
    }

    /// The same lane, but it only simulates: nothing is signed, written down or broadcast.
    #[must_use]
    pub fn shadow(mut self) -> Self {
        self.shadow = true;
        self
    }

    /// The account that signs.
    #[must_use]
    pub fn address(&self) -> Address {
        self.shared.signer.address()
    }

    /// The chain it sends to.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.shared.chain
    }

    /// What its transactions may cost.
    #[must_use]
    pub fn policy(&self) -> &FeePolicy {
        &self.shared.policy
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> LaneStatus {
        let flights = self.flights();
        LaneStatus {
            underway: flights.len(),
            oldest: flights.first().map(|flight| flight.signed.elapsed()),
            next_nonce: flights.next,
            replaced: flights.replaced,
            foreign: flights.foreign,
            waits_for_fees: self.shared.waits.load(Ordering::Relaxed),
        }
    }

    /// Sends a transaction and waits until it is included and successful.
    ///
    /// # Errors
    ///
    /// Those of [`Lane::send`] and of [`Sent::confirmed`].
    pub async fn execute(&self, call: Call) -> Result<Receipt, ChainError> {
        self.send(call).await?.confirmed().await
    }

    /// Simulates a transaction, writes it down and sends it, without waiting for its receipt.
    ///
    /// An endpoint that does not answer the broadcast is no error: the transaction may have
    /// arrived, and the same bytes are sent until it has an outcome.
    ///
    /// Dropping the future sends nothing as long as nothing was written down. What was is
    /// broadcast to the end, and then as if what this returns had been dropped: the next
    /// transaction of the lane follows it too, whatever became of its caller.
    ///
    /// # Errors
    ///
    /// [`ChainError::WouldRevert`] if the simulation reverts, [`ChainError::FeeAboveCeiling`],
    /// [`ChainError::InsufficientFunds`], [`ChainError::Refused`], [`ChainError::Journal`]:
    /// nothing was sent. [`ChainError::Shadow`] if that is what the lane is for.
    pub async fn send(&self, call: Call) -> Result<Sent, ChainError> {
        self.settled().await?;
        let gas_limit = self.gas_limit(&call).await?;
        if self.shadow {
            let purpose = call.purpose;
            tracing::info!(purpose, gas_limit, "would send a transaction");
            return Err(ChainError::Shadow { purpose });
        }
        let mut one_at_a_time = Arc::clone(&self.shared.sending).lock_owned().await;
        let mut cheap = 0;
        let mut last = Answer::NonceTooLow;
        for _ in 0..ATTEMPTS {
            let nonce = self.next_nonce().await?;
            let offer = self.offer(call.urgency, cheap).await?;
            let (hash, raw) = self.sign(
                call.to,
                call.value,
                call.input.clone(),
                nonce,
                gas_limit,
                offer,
            )?;
            let intent = Intent {
                hash,
                sender: self.address(),
                nonce,
                raw,
                purpose: call.purpose.clone(),
                urgency: call.urgency,
                replacements: Vec::new(),
            };
            self.shared.journal.intend(&intent)?;
            // Before it is broadcast, so that it is followed even if this future is dropped.
            let check = Instant::now() + self.recheck();
            let done = self
                .flights()
                .add(Flight::new(intent.clone(), offer, check));
            // Its answer is heeded even if this future is dropped: a nonce that was refused
            // would otherwise be missing below all that follow.
            let first = self
                .clone()
                .broadcast_first(intent, one_at_a_time)
                .in_current_span();
            let sent = Sent {
                lane: self.clone(),
                nonce,
                hash,
                purpose: call.purpose.clone(),
                done,
            };
            let Ok((guard, refusal)) = tokio::spawn(first).await else {
                // The runtime is about to end.
                return Ok(sent);
            };
            one_at_a_time = guard;
            let Some(refusal) = refusal? else {
                return Ok(sent);
            };
            match refusal {
                Answer::NoFunds => {
                    let cost = U256::from(gas_limit) * U256::from(offer.max_fee);
                    let needed = cost.saturating_add(call.value);
                    return Err(self.insufficient(needed, call.purpose).await?);
                }
                Answer::Refused(error) => return Err(error),
                Answer::Underpriced => {
                    cheap += 1;
                    *self.shared.base_fee.lock().await = None;
                }
                Answer::NonceTooLow | Answer::NonceInUse => self.pass_over(nonce).await?,
                _ => {}
            }
            last = refusal;
        }
        let message = match last {
            Answer::Underpriced => format!(
                "the endpoint finds {} times the base fee too little",
                cheap + 1
            ),
            Answer::NonceTooHigh => {
                "the endpoint's nonces contradict each other; it may be far behind".to_owned()
            }
            _ => format!(
                "another program keeps taking the nonces of {}",
                self.address()
            ),
        };
        Err(ChainError::Refused {
            method: "eth_sendRawTransaction",
            code: 0,
            message,
        })
    }

    pub(super) fn flights(&self) -> MutexGuard<'_, Flights> {
        let flights = &self.shared.flights;
        flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a transaction is left alone between two looks at why it is not included.
    pub(super) fn recheck(&self) -> Duration {
        self.policy().replace_after.min(Duration::from_secs(5))
    }

    /// Whether other transactions are underway before this nonce.
    pub(super) fn is_behind(&self, nonce: u64) -> bool {
        let flights = self.flights();
        flights
            .first()
            .is_some_and(|first| first.intent.nonce < nonce)
    }

    async fn next_nonce(&self) -> Result<u64, ChainError> {
        if let Some(next) = self.flights().next {
            return Ok(next);
        }
        let mut nonce = self.chain().nonce(self.address(), true).await?;
        // An endpoint that is behind tells nonces that are used. The same call under the same
        // nonce would be the same transaction, and look as if it were included already.
        while let Some(hash) = self.landed_hash(nonce) {
            let Ok(Some(_)) = self.chain().receipt_anywhere(hash).await else {
                break;
            };
            nonce = nonce.saturating_add(1);
        }
        Ok(self.flights().begin_at(nonce))
    }

    /// The hash of the last transaction that was included with a nonce, as far as is known.
    fn landed_hash(&self, nonce: u64) -> Option<B256> {
        let raw = self.flights().landed_at(nonce)?;
        decode(&raw).map(|landed| *landed.tx_hash())
    }

    /// Goes on behind a nonce that is used, and says so if another program uses it.
    async fn pass_over(&self, nonce: u64) -> Result<(), ChainError> {
        // An endpoint that is behind tells nonces that this lane has used itself.
        let foreign = self.flights().landed_at(nonce).is_none();
        if foreign {
            tracing::warn!(
                account = %self.address(), nonce,
                "another program sends with this key; use a key in one program only"
            );
        }
        let pending = self.chain().nonce(self.address(), true).await?;
        let mut flights = self.flights();
        flights.foreign += u64::from(foreign);
        // An endpoint that has used the nonce may still tell the one before.
        flights.begin_at(pending.max(nonce.saturating_add(1)));
        Ok(())
    }

    #[tracing::instrument(name = "estimate", level = "debug", skip_all, fields(purpose = call.purpose))]
    async fn gas_limit(&self, call: &Call) -> Result<u64, ChainError> {
        let request = request(self.address(), call.to, call.value, call.input.clone());
        match self.chain().estimate(request, &call.purpose).await {
            Ok(gas) => Ok(self.policy().gas_limit(gas)),
            Err(error) => match call.despite {
                Some((name, gas_limit)) if error.is_revert(name) => Ok(gas_limit),
                _ if is_funds(&error) => {
                    Err(self.insufficient(call.value, call.purpose.clone()).await?)
                }
                _ => Err(error),
            },
        }
    }

    /// The base fee, asked for at most every other second.
    pub(super) async fn base_fee(&self) -> Result<u128, ChainError> {
        let mut cached = self.shared.base_fee.lock().await;
        match *cached {
            Some((at, fee)) if at.elapsed() < BASE_FEE_LIFETIME => Ok(fee),
            _ => {
                let fee = self.chain().head().await?.base_fee;
                *cached = Some((Instant::now(), fee));
                Ok(fee)
            }
        }
    }

    /// What to offer. Says once that transactions wait, and once that they do no longer.
    async fn offer(&self, urgency: Urgency, attempt: u32) -> Result<Offer, ChainError> {
        let base_fee = self.base_fee().await?;
        let waits = &self.shared.waits;
        match self.policy().offer(base_fee, urgency, attempt) {
            Ok(offer) => {
                if urgency == Urgency::Routine && waits.swap(false, Ordering::Relaxed) {
                    tracing::info!(base_fee, "gas is cheap enough again");
                }
                Ok(offer)
            }
            Err(ceiling) => {
                if !waits.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        base_fee,
                        ceiling,
                        ?urgency,
                        "gas costs more wei than the ceiling allows: waiting for it to fall"
                    );
                }
                Err(ChainError::FeeAboveCeiling { base_fee, ceiling })
            }
        }
    }

    pub(super) fn sign(
        &self,
        to: TxKind,
        value: U256,
        input: Bytes,
        nonce: u64,
        gas_limit: u64,
        offer: Offer,
    ) -> Result<(B256, Bytes), ChainError> {
        let signed = self.shared.signer.sign(TxEip1559 {
            chain_id: self.chain().id(),
            nonce,
            gas_limit,
            max_fee_per_gas: offer.max_fee,
            max_priority_fee_per_gas: offer.tip,
            to,
            value,
            access_list: Default::default(),
            input,
        })?;
        Ok((*signed.tx_hash(), signed.encoded_2718().into()))
    }

    #[tracing::instrument(level = "debug", skip_all)]
    pub(super) async fn broadcast(&self, raw: &Bytes) -> Answer {
        let method = "eth_sendRawTransaction";
        let result = self.chain().broadcast(raw).await;
        Answer::of(result.map_err(self.chain().rpc_error(method)))
    }

    async fn insufficient(&self, needed: U256, purpose: String) -> Result<ChainError, ChainError> {
        let account = self.address();
        let balance = self.chain().balance(account).await?;
        let purpose = purpose.into();
        Ok(ChainError::InsufficientFunds {
            account,
            balance,
            needed,
            purpose,
        })
    }

    /// Replays a reverted transaction to learn its reason. Blocks of Arbitrum are short, so
    /// the state before its block is nearly always the state it met.
    pub(super) async fn reason(&self, raw: &Bytes, block: u64) -> Revert {
        let Some(transaction) = decode(raw) else {
            return Revert::decode(Bytes::new());
        };
        let (to, value) = (transaction.kind(), transaction.value());
        for number in [block.saturating_sub(1), block] {
            let request = request(self.address(), to, value, transaction.input().clone());
            let replay = self
                .chain()
                .simulate(request, "a replay", BlockId::number(number))
                .await;
            if let Err(ChainError::WouldRevert { revert, .. }) = replay {
                return *revert;
            }
        }
        Revert::decode(Bytes::new())
    }

    /// Takes up what an earlier run has sent, or was about to: it is followed like what this
    /// run sends, and the next [`Lane::send`] waits for it. Asks nobody anything.
    pub fn adopt(&self, open: Vec<Intent>) {
        let mut flights = self.flights();
        for intent in open {
            let Some(transaction) = decode(intent.newest()) else {
                // Nothing can have been sent of it, and nothing can be.
                tracing::error!(hash = %intent.hash, "an intent of the journal is no transaction");
                if let Err(error) = self.shared.journal.settle(&intent, Outcome::Dropped) {
                    tracing::warn!(%error, "it stays in the journal");
                }
                continue;
            };
            let offer = Offer {
                max_fee: transaction.max_fee_per_gas(),
                tip: transaction.max_priority_fee_per_gas().unwrap_or_default(),
            };
            tracing::info!(hash = %intent.hash, nonce = intent.nonce, purpose = %intent.purpose,
                "taking up a transaction of an earlier run");
            let mut flight = Flight::new(intent, offer, Instant::now());
            flight.first = true;
            flights.add(flight);
        }
        // What the chain has beyond them is not known.
        flights.next = None;
    }

    /// Takes up what an earlier run has sent, and waits until the chain has said how each
    /// ended and that is written down.
    ///
    /// # Errors
    ///
    /// [`ChainError::NoReceipt`] if one has no outcome within the
    /// [`receipt_timeout`](FeePolicy::receipt_timeout), and [`ChainError::Journal`].
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn reconcile(&self, open: Vec<Intent>) -> Result<(), ChainError> {
        self.adopt(open);
        self.settled().await
    }

    /// Waits until everything that an earlier run sent, and what was called off, has an
    /// outcome. [`Lane::send`] does so by itself, lest it does something a second time.
    ///
    /// # Errors
    ///
    /// Those of [`Lane::reconcile`].
    pub async fn settled(&self) -> Result<(), ChainError> {
        let start = Instant::now();
        loop {
            let (mut done, hash, purpose) = {
                let flights = self.flights();
                let Some(flight) = flights.iter().find(|flight| flight.first) else {
                    return Ok(());
                };
                let intent = &flight.intent;
                (flight.done.subscribe(), intent.hash, intent.purpose.clone())
            };
            let left = self
                .policy()
                .receipt_timeout
                .saturating_sub(start.elapsed());
            if let Ok(landing) = tokio::time::timeout(left, self.follow(&mut done)).await {
                landing?;
            } else {
                return Err(ChainError::NoReceipt {
                    purpose,
                    hash,
                    waited: start.elapsed(),
                });
            }
        }
    }

    /// Replaces a transaction by one that does nothing, unless it is included before.
    pub(super) fn call_off(&self, nonce: u64) {
        if let Some(flight) = self.flights().get_mut(nonce) {
            flight.called_off = true;
            flight.first = true;
            flight.check = Instant::now();
        }
    }

    /// Asks the chain where it stands, for after a reorganisation, which may have undone
    /// some transactions: those are sent again, the same bytes under the same nonces, and so
    /// are those underway.
    pub async fn resync(&self) {
        let _nobody_sends = self.shared.sending.lock().await;
        {
            let mut flights = self.flights();
            flights.next = None;
            let now = Instant::now();
            flights.iter_mut().for_each(|flight| flight.check = now);
        }
        let Ok(nonce) = self.chain().nonce(self.address(), false).await else {
            // The next transaction shows whether any are missing.
            return;
        };
        let undone = self.flights().landed_from(nonce);
        for raw in undone {
            let answer = self.broadcast(&raw).await;
            tracing::info!(nonce, ?answer, "sent what a reorganisation undid again");
        }
    }
}

/// Reads a signed transaction.
pub(super) fn decode(raw: &Bytes) -> Option<TxEnvelope> {
    TxEnvelope::decode_2718(&mut raw.as_ref()).ok()
}

fn is_funds(error: &ChainError) -> bool {
    matches!(error, ChainError::Refused { message, .. } if message.contains("insufficient funds"))
}
