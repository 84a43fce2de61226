//! The transactions of one key, in order.
//!
//! A lane holds its lock only while a nonce is taken, written down and broadcast, so
//! several transactions of a key may wait for their receipts at once. Every transaction
//! is simulated first (by the gas estimate, which runs it), so that what would revert is
//! reported by the contract's error and costs nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    consensus::TxEip1559,
    eips::{BlockId, Encodable2718},
    rpc::types::{Log, TransactionReceipt},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::{SolCall, SolEvent};
use tokio::sync::Mutex;

use super::{
    Chain, ChainError, Intent, Journal, Outcome, Revert, Signer, Unrecorded, connection::request,
};

/// How often a nonce that another program took is replaced by a fresh one.
const NONCE_ATTEMPTS: usize = 4;

/// How often a broadcast is tried while the endpoint cannot be reached.
const BROADCAST_ATTEMPTS: u32 = 4;

/// For how long a base fee is believed before it is asked for again.
const BASE_FEE_LIFETIME: Duration = Duration::from_secs(2);

/// Pauses between looks for a receipt: a local chain has it at once, a public one in a second.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a transaction may cost.
#[derive(Clone, Copy, Debug)]
pub struct FeePolicy {
    /// Added to every gas estimate, percent. State moves between estimate and inclusion.
    pub gas_margin_percent: u64,
    /// The most to pay for a gas, wei. Above it nothing is sent. `None`: twice the base
    /// fee of the moment, which six full blocks in a row cannot reach.
    pub max_fee_per_gas: Option<u128>,
    /// How long to wait for a receipt.
    pub receipt_timeout: Duration,
}

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            gas_margin_percent: 25,
            max_fee_per_gas: None,
            receipt_timeout: Duration::from_secs(120),
        }
    }
}

/// Something to be done by a transaction.
#[derive(Clone, Debug)]
pub struct Call {
    to: TxKind,
    input: Bytes,
    value: U256,
    purpose: String,
    despite: Option<(&'static str, u64)>,
}

impl Call {
    /// A call of a contract.
    #[must_use]
    pub fn new<C: SolCall>(to: Address, call: &C) -> Self {
        Self::raw(TxKind::Call(to), call.abi_encode().into(), C::SIGNATURE)
    }

    /// The creation of a contract from its init code.
    #[must_use]
    pub fn create(init_code: Bytes) -> Self {
        Self::raw(TxKind::Create, init_code, "creating a contract")
    }

    /// A plain transfer of ether.
    #[must_use]
    pub fn transfer(to: Address, value: U256) -> Self {
        Self::raw(TxKind::Call(to), Bytes::new(), "a transfer of ether").with_value(value)
    }

    fn raw(to: TxKind, input: Bytes, purpose: &str) -> Self {
        Self {
            to,
            input,
            value: U256::ZERO,
            purpose: purpose.to_owned(),
            despite: None,
        }
    }

    /// Sends ether along, wei.
    #[must_use]
    pub const fn with_value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }

    /// Says in words what this is for; it appears in errors, logs and the journal.
    #[must_use]
    pub fn for_purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = purpose.into();
        self
    }

    /// Sends with this gas limit even if the simulation reverts with the error of this name.
    ///
    /// For calls that depend on the block number: Arbitrum simulates on top of the newest
    /// block *with that block's number*, though the transaction can only land in a later one.
    #[must_use]
    pub const fn despite(mut self, error: &'static str, gas_limit: u64) -> Self {
        self.despite = Some((error, gas_limit));
        self
    }
}

/// What is known of an included transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction.
    pub hash: B256,
    /// The block that includes it.
    pub block: u64,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used, intrinsic gas included.
    pub gas_used: u64,
    /// What a gas cost, wei.
    pub gas_price: u128,
    /// The contract it created, if it did.
    pub created: Option<Address>,
    /// Its events, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The events of one type that one contract emitted, in order.
    pub fn events<E: SolEvent>(&self, emitter: Address) -> impl Iterator<Item = E> + '_ {
        self.logs
            .iter()
            .filter(move |log| log.address() == emitter)
            .filter_map(|log| E::decode_log(&log.inner).ok())
            .map(|log| log.data)
    }
}

impl From<TransactionReceipt> for Receipt {
    fn from(receipt: TransactionReceipt) -> Self {
        Self {
            hash: receipt.transaction_hash,
            block: receipt.block_number.unwrap_or_default(),
            success: receipt.status(),
            gas_used: receipt.gas_used,
            gas_price: receipt.effective_gas_price,
            created: receipt.contract_address,
            logs: receipt.inner.into_receipt().logs,
        }
    }
}

/// The transactions of one key.
///
/// Use one lane per key in a program: clones share it.
#[derive(Clone)]
pub struct Lane {
    shared: Arc<Shared>,
}

struct Shared {
    chain: Chain,
    signer: Signer,
    policy: FeePolicy,
    journal: Arc<dyn Journal>,
    /// The next nonce, once the chain was asked for it.
    next: Mutex<Option<u64>>,
    base_fee: Mutex<Option<(Instant, u128)>>,
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
            next: Mutex::new(None),
            base_fee: Mutex::new(None),
        };
        Self {
            shared: Arc::new(shared),
        }
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
    /// # Errors
    ///
    /// [`ChainError::WouldRevert`] if the simulation reverts, [`ChainError::FeeAboveCeiling`],
    /// [`ChainError::InsufficientFunds`], [`ChainError::Journal`]: nothing was sent.
    /// [`ChainError::Unreachable`]: the endpoint went away while sending; the intent stays open.
    pub async fn send(&self, call: Call) -> Result<Sent, ChainError> {
        let gas_limit = self.gas_limit(&call).await?;
        let max_fee = self.max_fee().await?;
        let mut next = self.shared.next.lock().await;
        let mut refusal = None;
        for _ in 0..NONCE_ATTEMPTS {
            let nonce = match *next {
                Some(nonce) => nonce,
                None => self.chain().nonce(self.address(), true).await?,
            };
            let intent = self.sign(&call, nonce, gas_limit, max_fee)?;
            self.shared.journal.intend(&intent)?;
            match self.broadcast(&intent).await {
                Ok(()) => {
                    *next = Some(nonce + 1);
                    return Ok(Sent {
                        lane: self.clone(),
                        intent,
                        call,
                    });
                }
                Err(Refusal::Nonce(reason)) => {
                    // Some other program uses the key, or the chain was rolled back: ask it.
                    *next = None;
                    self.shared.journal.settle(&intent, Outcome::Dropped)?;
                    refusal = Some(reason);
                }
                Err(Refusal::Funds) => {
                    self.shared.journal.settle(&intent, Outcome::Dropped)?;
                    let needed = U256::from(gas_limit) * U256::from(max_fee) + call.value;
                    return Err(self.insufficient(needed, call.purpose).await?);
                }
                Err(Refusal::Other(error)) => {
                    *next = None;
                    if !matches!(error, ChainError::Unreachable { .. }) {
                        self.shared.journal.settle(&intent, Outcome::Dropped)?;
                    }
                    return Err(error);
                }
            }
        }
        Err(ChainError::Refused {
            method: "eth_sendRawTransaction",
            code: 0,
            message: format!(
                "{} (another program sends with {})",
                refusal.unwrap_or_default(),
                self.address()
            ),
        })
    }

    /// Finds out how intents of an earlier run ended, sending again what never arrived, and
    /// settles them in the journal.
    ///
    /// # Errors
    ///
    /// What the endpoint answers; intents not yet settled stay open.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn reconcile(&self, open: Vec<Intent>) -> Result<(), ChainError> {
        for intent in open {
            let outcome = match self.chain().receipt(intent.hash).await? {
                Some(receipt) => outcome(&receipt),
                None if self.chain().nonce(self.address(), false).await? > intent.nonce => {
                    // It may have been included between the two questions.
                    let receipt = self.chain().receipt(intent.hash).await?;
                    receipt.as_ref().map_or(Outcome::Dropped, outcome)
                }
                None => self.resend(&intent).await?,
            };
            tracing::info!(hash = %intent.hash, purpose = %intent.purpose, ?outcome,
                "took up a transaction of an earlier run");
            self.shared.journal.settle(&intent, outcome)?;
        }
        Ok(())
    }

    /// Forgets the next nonce and asks the chain for it before the next transaction: for
    /// after a reorganisation, which may have undone some.
    pub async fn resync(&self) {
        *self.shared.next.lock().await = None;
    }

    #[tracing::instrument(level = "debug", skip_all, fields(hash = %intent.hash, nonce = intent.nonce))]
    async fn resend(&self, intent: &Intent) -> Result<Outcome, ChainError> {
        match self.broadcast(intent).await {
            Ok(()) => Ok(match self.await_receipt(intent).await {
                Ok(receipt) => outcome(&receipt),
                Err(ChainError::Superseded { .. }) => Outcome::Dropped,
                Err(error) => return Err(error),
            }),
            // The chain's word wins: whoever needs the call decides again from its state.
            Err(Refusal::Nonce(_) | Refusal::Funds) => Ok(Outcome::Dropped),
            Err(Refusal::Other(error @ ChainError::Unreachable { .. })) => Err(error),
            Err(Refusal::Other(_)) => Ok(Outcome::Dropped),
        }
    }

    #[tracing::instrument(name = "estimate", level = "debug", skip_all, fields(purpose = call.purpose))]
    async fn gas_limit(&self, call: &Call) -> Result<u64, ChainError> {
        let request = request(self.address(), call.to, call.value, call.input.clone());
        match self.chain().estimate(request, &call.purpose).await {
            Ok(gas) => {
                let margin = gas.saturating_mul(self.shared.policy.gas_margin_percent) / 100;
                Ok(gas.saturating_add(margin))
            }
            Err(error) => match call.despite {
                Some((name, gas_limit)) if error.is_revert(name) => Ok(gas_limit),
                _ if is_funds(&error) => {
                    Err(self.insufficient(call.value, call.purpose.clone()).await?)
                }
                _ => Err(error),
            },
        }
    }

    async fn max_fee(&self) -> Result<u128, ChainError> {
        let mut cached = self.shared.base_fee.lock().await;
        let base_fee = match *cached {
            Some((at, fee)) if at.elapsed() < BASE_FEE_LIFETIME => fee,
            _ => {
                let fee = self.chain().head().await?.base_fee;
                *cached = Some((Instant::now(), fee));
                fee
            }
        };
        let generous = base_fee.saturating_mul(2);
        match self.shared.policy.max_fee_per_gas {
            Some(ceiling) if base_fee > ceiling => {
                Err(ChainError::FeeAboveCeiling { base_fee, ceiling })
            }
            Some(ceiling) => Ok(generous.min(ceiling)),
            None => Ok(generous),
        }
    }

    fn sign(
        &self,
        call: &Call,
        nonce: u64,
        gas_limit: u64,
        max_fee_per_gas: u128,
    ) -> Result<Intent, ChainError> {
        let signed = self.shared.signer.sign(TxEip1559 {
            chain_id: self.chain().id(),
            nonce,
            gas_limit,
            max_fee_per_gas,
            // Arbitrum's sequencer takes transactions in order of arrival and ignores tips.
            max_priority_fee_per_gas: 0,
            to: call.to,
            value: call.value,
            access_list: Default::default(),
            input: call.input.clone(),
        })?;
        Ok(Intent {
            hash: *signed.tx_hash(),
            sender: self.address(),
            nonce,
            raw: signed.encoded_2718().into(),
            purpose: call.purpose.clone(),
        })
    }

    /// Broadcasts, again if the endpoint cannot be reached: the bytes are the same each
    /// time, so at most one of them is ever included.
    #[tracing::instrument(level = "debug", skip_all, fields(hash = %intent.hash, nonce = intent.nonce))]
    async fn broadcast(&self, intent: &Intent) -> Result<(), Refusal> {
        let mut pause = Duration::from_millis(100);
        let mut attempt = 1;
        let error = loop {
            match self.chain().broadcast(&intent.raw).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_error_resp() || attempt == BROADCAST_ATTEMPTS => {
                    break error;
                }
                Err(error) => {
                    tracing::warn!(hash = %intent.hash, %error, attempt, "broadcast failed");
                    tokio::time::sleep(pause).await;
                    pause *= 4;
                    attempt += 1;
                }
            }
        };
        let message = error
            .as_error_resp()
            .map_or_else(String::new, |p| p.message.to_lowercase());
        if message.contains("already known") || message.contains("already imported") {
            return Ok(());
        }
        if message.contains("nonce") {
            return Err(Refusal::Nonce(message));
        }
        if message.contains("insufficient funds") {
            return Err(Refusal::Funds);
        }
        let url = self.chain().url().as_str();
        let method = "eth_sendRawTransaction";
        Err(Refusal::Other(ChainError::from_rpc(
            error,
            method,
            &intent.purpose,
            url,
        )))
    }

    #[tracing::instrument(level = "debug", skip_all, fields(hash = %intent.hash, nonce = intent.nonce))]
    async fn await_receipt(&self, intent: &Intent) -> Result<Receipt, ChainError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let looked = self.chain().receipt(intent.hash).await;
            match looked {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) if pause == LONGEST_PAUSE => self.check_nonce(intent).await?,
                Ok(None) => {}
                Err(error) if error.is_transient() => {
                    tracing::warn!(hash = %intent.hash, %error, "no answer about a receipt");
                }
                Err(error) => return Err(error),
            }
            let waited = start.elapsed();
            if waited > self.shared.policy.receipt_timeout {
                // The chain says where the lane stands before anything else is sent.
                self.resync().await;
                let purpose = intent.purpose.clone();
                return Err(ChainError::NoReceipt {
                    purpose,
                    hash: intent.hash,
                    waited,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether the transaction can still be included at all.
    async fn check_nonce(&self, intent: &Intent) -> Result<(), ChainError> {
        let Ok(next) = self.chain().nonce(self.address(), false).await else {
            return Ok(());
        };
        if next <= intent.nonce || !matches!(self.chain().receipt(intent.hash).await, Ok(None)) {
            return Ok(());
        }
        self.resync().await;
        Err(ChainError::Superseded {
            purpose: intent.purpose.clone(),
            account: self.address(),
            nonce: intent.nonce,
            hash: intent.hash,
        })
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
    async fn reason(&self, call: &Call, block: u64) -> Revert {
        for number in [block.saturating_sub(1), block] {
            let request = request(self.address(), call.to, call.value, call.input.clone());
            let replay = self
                .chain()
                .simulate(request, &call.purpose, BlockId::number(number))
                .await;
            if let Err(ChainError::WouldRevert { revert, .. }) = replay {
                return *revert;
            }
        }
        Revert::decode(Bytes::new())
    }
}

/// A transaction on its way.
#[derive(Debug)]
pub struct Sent {
    lane: Lane,
    intent: Intent,
    call: Call,
}

impl Sent {
    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.intent.hash
    }

    /// Waits until it is included and successful.
    ///
    /// # Errors
    ///
    /// [`ChainError::Reverted`] with the contract's error, [`ChainError::NoReceipt`],
    /// [`ChainError::Superseded`].
    pub async fn confirmed(self) -> Result<Receipt, ChainError> {
        let journal = &self.lane.shared.journal;
        let receipt = match self.lane.await_receipt(&self.intent).await {
            Ok(receipt) => receipt,
            Err(error @ ChainError::Superseded { .. }) => {
                journal.settle(&self.intent, Outcome::Dropped)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        journal.settle(&self.intent, outcome(&receipt))?;
        if receipt.success {
            return Ok(receipt);
        }
        let revert = Box::new(self.lane.reason(&self.call, receipt.block).await);
        let purpose = self.intent.purpose;
        Err(ChainError::Reverted {
            purpose,
            hash: receipt.hash,
            revert,
        })
    }
}

/// Why an endpoint did not take a transaction.
enum Refusal {
    Nonce(String),
    Funds,
    Other(ChainError),
}

const fn outcome(receipt: &Receipt) -> Outcome {
    if receipt.success {
        Outcome::Included
    } else {
        Outcome::Reverted
    }
}

fn is_funds(error: &ChainError) -> bool {
    matches!(error, ChainError::Refused { message, .. } if message.contains("insufficient funds"))
}
