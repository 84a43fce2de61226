//! The handle by which tests, and the RPC server, hold a chain.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_consensus::TypedTransaction;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use alloy_rpc_types_eth::{
    Filter, Log, TransactionRequest, simulate::SimulatePayload, state::EvmOverrides,
};
use tokio::sync::watch;

use super::{
    Block, CallError, Genesis, LogQueryError, MinedTransaction, SimulationError, Transaction,
    TransactionError, UnknownBlock,
    events::{Event, KEPT_EVENTS, Missed},
    filters::{Filters, News},
    logs::check_terms,
    node::Node,
    simulate::View,
};
use crate::accounts::DevAccount;

/// A chain, without any server.
///
/// Clones are handles to the same chain. Calls and estimates run on a copy of the state,
/// so that they neither wait for blocks nor hold them up.
///
/// ```
/// use arbius_devnet::{Devnet, chain::Chain};
/// use alloy_primitives::{Address, U256};
///
/// let chain: Chain = Devnet::builder().build_chain();
/// let before = chain.snapshot();
/// chain.set_balance(Address::ZERO, U256::from(7));
/// assert_eq!(chain.balance(Address::ZERO), U256::from(7));
/// assert!(chain.revert(before));
/// assert_eq!(chain.balance(Address::ZERO), U256::ZERO);
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    node: Arc<Mutex<Node>>,
    filters: Arc<Mutex<Filters>>,
    /// Held while a nonce is chosen and used, so that no two requests choose the same.
    sending: Arc<Mutex<()>>,
}

impl Chain {
    /// A chain with nothing but its genesis block.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        Self {
            node: Arc::new(Mutex::new(Node::new(genesis))),
            filters: Arc::default(),
            sending: Arc::default(),
        }
    }

    /// The node, to look at.
    pub(super) fn node(&self) -> MutexGuard<'_, Node> {
        // Changes are made whole or not at all, so that what a panicking thread left is sound.
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node, to change what blocks are made of.
    pub(super) fn change(&self) -> MutexGuard<'_, Node> {
        let mut node = self.node();
        node.forget_pending();
        node
    }

    fn filters(&self) -> MutexGuard<'_, Filters> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.node().ledger.chain_id
    }

    /// Accounts whose keys the chain knows.
    #[must_use]
    pub fn accounts(&self) -> Vec<DevAccount> {
        self.node().accounts().to_vec()
    }

    // --- state ---

    /// Balance in wei.
    #[must_use]
    pub fn balance(&self, address: Address) -> U256 {
        self.node().ledger.state().balance(address)
    }

    /// Nonce of the next transaction that may be mined.
    #[must_use]
    pub fn nonce(&self, address: Address) -> u64 {
        self.node().ledger.state().nonce(address)
    }

    /// Nonce after all transactions that wait for their block.
    #[must_use]
    pub fn pending_nonce(&self, address: Address) -> u64 {
        self.node().ledger.pending_nonce(address)
    }

    /// Code as it was deployed.
    #[must_use]
    pub fn code(&self, address: Address) -> Bytes {
        self.node().ledger.state().code(address)
    }

    /// Value of a storage slot.
    #[must_use]
    pub fn storage(&self, address: Address, slot: U256) -> U256 {
        self.node().ledger.state().storage(address, slot)
    }

    /// The whole state at a block.
    ///
    /// # Errors
    ///
    /// [`UnknownBlock`].
    pub fn state_at(&self, block: BlockId) -> Result<super::State, UnknownBlock> {
        self.node().state_at(block).cloned()
    }

    // --- blocks ---

    /// Number of the latest block.
    #[must_use]
    pub fn block_number(&self) -> u64 {
        self.node().ledger.latest().header.number
    }

    /// The latest block.
    #[must_use]
    pub fn latest_block(&self) -> Arc<Block> {
        self.node().ledger.latest().clone()
    }

    /// A block. `pending` gives the one that would be made now, of all that waits.
    ///
    /// # Errors
    ///
    /// [`UnknownBlock`].
    pub fn block(&self, id: BlockId) -> Result<Arc<Block>, UnknownBlock> {
        let mut node = self.node();
        match node.resolve(id)? {
            Some(number) => node.ledger.block(number).cloned(),
            None => Ok(node.pending_block()),
        }
    }

    // --- transactions ---

    /// Takes a signed transaction.
    ///
    /// # Errors
    ///
    /// [`TransactionError`] with what is wrong with it.
    pub fn send_raw(&self, raw: &[u8]) -> Result<B256, TransactionError> {
        let transaction = Transaction::decode(raw)?;
        self.node().submit(transaction)
    }

    /// Signs and sends for an account whose key the chain knows, or sends for one that is
    /// impersonated. Nonce, gas and price are filled in where they are missing.
    ///
    /// # Errors
    ///
    /// [`CallError::Transaction`] when the transaction cannot be sent; any [`CallError`]
    /// when gas has to be estimated and the estimate fails.
    pub fn send(&self, request: TransactionRequest) -> Result<B256, CallError> {
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.sign(request)?;
        Ok(self.node().submit(transaction)?)
    }

    /// Completes and signs as [`Chain::send`] does, and does not send.
    pub(crate) fn sign(&self, mut request: TransactionRequest) -> Result<Transaction, CallError> {
        let from = request
            .from
            .ok_or_else(|| TransactionError::Incomplete("name the sender in `from`".into()))?;
        let (signer, base_fee) = {
            let node = self.node();
            let signer = node.signer(from).copied();
            if signer.is_none() && !node.is_impersonated(from) {
                return Err(TransactionError::UnknownAccount(from).into());
            }
            request.nonce.get_or_insert(node.ledger.pending_nonce(from));
            request.chain_id.get_or_insert(node.ledger.chain_id);
            (signer, node.ledger.terms.base_fee)
        };
        if request.gas.is_none() {
            request.gas = Some(self.estimate_gas(BlockId::pending(), &request, None)?);
        }
        let unsigned = typed(request, base_fee)?;
        Ok(match signer {
            Some(account) => Transaction::sign(&account, unsigned)?,
            None => Transaction::impersonate(from, unsigned)?,
        })
    }

    /// Signs a hash with a key that the chain knows.
    pub(crate) fn sign_hash(
        &self,
        address: Address,
        hash: B256,
    ) -> Result<Signature, TransactionError> {
        self.node()
            .signer(address)
            .ok_or(TransactionError::UnknownAccount(address))?
            .sign(hash)
            .ok_or(TransactionError::BadSignature)
    }

    /// A transaction that was mined, with its receipt.
    #[must_use]
    pub fn mined(&self, hash: B256) -> Option<MinedTransaction> {
        self.node().ledger.mined(hash)
    }

    /// A transaction that waits for its block.
    #[must_use]
    pub fn waiting(&self, hash: B256) -> Option<Arc<Transaction>> {
        self.node().ledger.pool.get(hash).cloned()
    }

    /// All transactions that wait for their block, in the order of their arrival.
    #[must_use]
    pub fn pool(&self) -> Vec<Arc<Transaction>> {
        self.node().ledger.pool.iter().cloned().collect()
    }

    // --- calls ---

    fn view(&self, block: BlockId) -> Result<View, UnknownBlock> {
        self.node().view(block)
    }

    fn overridden(
        &self,
        block: BlockId,
        overrides: Option<&EvmOverrides>,
    ) -> Result<View, CallError> {
        let view = self.view(block)?;
        match overrides {
            Some(overrides) => view.with(overrides),
            None => Ok(view),
        }
    }

    /// Calls a contract without changing anything. At `pending` the call sees the block
    /// that would be made now, otherwise the block asked for.
    ///
    /// # Errors
    ///
    /// [`CallError::Reverted`] with the revert data, or another [`CallError`].
    pub fn call(
        &self,
        block: BlockId,
        request: &TransactionRequest,
        overrides: Option<&EvmOverrides>,
    ) -> Result<Bytes, CallError> {
        self.overridden(block, overrides)?.call(request)
    }

    /// Executes calls in blocks that could follow a block, and makes none of them.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] when a call cannot be executed, or for more than may be asked.
    /// A call that fails is part of its block.
    pub fn simulate(
        &self,
        after: BlockId,
        payload: &SimulatePayload,
    ) -> Result<Vec<Arc<Block>>, SimulationError> {
        let parent = self.block(after).map_err(CallError::from)?;
        // By its hash, as the latest block may be another one by now.
        let after = match after.is_pending() {
            true => after,
            false => parent.hash.into(),
        };
        let view = self.view(after).map_err(CallError::from)?;
        view.simulate(parent, payload)
    }

    /// A gas limit with which the request succeeds.
    ///
    /// # Errors
    ///
    /// [`CallError`] when no allowed limit makes it succeed.
    pub fn estimate_gas(
        &self,
        block: BlockId,
        request: &TransactionRequest,
        overrides: Option<&EvmOverrides>,
    ) -> Result<u64, CallError> {
        self.overridden(block, overrides)?.estimate_gas(request)
    }

    /// The access list that makes what the request touches warm, and the gas that the
    /// request uses with it. Why the request fails, if it does, is part of the answer.
    ///
    /// # Errors
    ///
    /// [`CallError`] when it cannot be executed at all.
    pub fn access_list(
        &self,
        block: BlockId,
        request: &TransactionRequest,
        overrides: Option<&EvmOverrides>,
    ) -> Result<alloy_eips::eip2930::AccessListResult, CallError> {
        self.overridden(block, overrides)?.access_list(request)
    }

    // --- logs ---

    /// Logs that match a filter.
    ///
    /// # Errors
    ///
    /// [`LogQueryError`] for a range or block that does not exist, and for an answer or a
    /// search that would be too large.
    pub fn logs(&self, filter: &Filter) -> Result<Vec<Log>, LogQueryError> {
        check_terms(filter)?;
        // On a copy: a search takes its time, and blocks must not wait for it.
        let ledger = self.node().ledger.clone();
        ledger.logs(filter)
    }

    pub(crate) fn install_log_filter(&self, filter: Filter) -> Result<U256, LogQueryError> {
        check_terms(&filter)?;
        self.filters().install_logs(self.next_event(), filter)
    }

    pub(crate) fn install_block_filter(&self) -> Result<U256, LogQueryError> {
        self.filters().install_blocks(self.next_event())
    }

    pub(crate) fn install_transaction_filter(&self) -> Result<U256, LogQueryError> {
        self.filters().install_transactions(self.next_event())
    }

    pub(crate) fn uninstall_filter(&self, id: U256) -> bool {
        self.filters().uninstall(id)
    }

    pub(crate) fn filter_news(&self, id: U256) -> Result<News, LogQueryError> {
        let next = self.next_event();
        let unread = self.filters().take(id, next)?;
        let count = usize::try_from(next.saturating_sub(unread.from)).unwrap_or(usize::MAX);
        let Ok(events) = self.events_since(unread.from, count) else {
            self.uninstall_filter(id);
            return Err(LogQueryError::FilterBehind(KEPT_EVENTS));
        };
        unread
            .news(&events)
            .inspect_err(|_| self.filters().put_back(id, &unread))
    }

    pub(crate) fn filter_logs(&self, id: U256) -> Result<Vec<Log>, LogQueryError> {
        let criteria = self.filters().criteria(id)?;
        self.logs(&criteria)
    }

    // --- events ---

    /// Place of the event that comes next.
    pub(crate) fn next_event(&self) -> u64 {
        self.node().events().next()
    }

    /// Id of a subscription that begins now, and the place of its first event.
    pub(crate) fn new_subscription(&self) -> (U256, u64) {
        (self.filters().new_id(), self.next_event())
    }

    /// Changes with every event.
    pub(crate) fn watch_events(&self) -> watch::Receiver<u64> {
        self.node().events().watch()
    }

    /// At most `limit` events from a place on.
    pub(crate) fn events_since(&self, place: u64, limit: usize) -> Result<Vec<Event>, Missed> {
        self.node().events().since(place, limit)
    }
}

/// The transaction that a request stands for, of the type that its fields ask for.
pub(super) fn typed(
    mut request: TransactionRequest,
    base_fee: u64,
) -> Result<TypedTransaction, TransactionError> {
    if request.max_fee_per_blob_gas.is_some() || request.blob_versioned_hashes.is_some() {
        return Err(TransactionError::BlobsUnsupported);
    }
    if request.gas_price.is_some() && request.max_fee_per_gas.is_some() {
        return Err(TransactionError::Incomplete(
            "give gasPrice or maxFeePerGas, not both".into(),
        ));
    }
    request.to.get_or_insert(alloy_primitives::TxKind::Create);
    request.transaction_type = None;
    let incomplete =
        |reason: &dyn std::fmt::Display| TransactionError::Incomplete(reason.to_string());
    if request.gas_price.is_some() {
        return if request.access_list.is_some() {
            request
                .build_2930()
                .map(Into::into)
                .map_err(|error| incomplete(&error))
        } else {
            request
                .build_legacy()
                .map(Into::into)
                .map_err(|error| incomplete(&error))
        };
    }
    request
        .max_fee_per_gas
        .get_or_insert(2 * u128::from(base_fee));
    request.max_priority_fee_per_gas.get_or_insert(0);
    if request.authorization_list.is_some() {
        request
            .build_7702()
            .map(Into::into)
            .map_err(|error| incomplete(&error))
    } else {
        request
            .build_1559()
            .map(Into::into)
            .map_err(|error| incomplete(&error))
    }
}
