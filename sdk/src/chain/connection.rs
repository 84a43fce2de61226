//! The connection to a chain.

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    network::TransactionBuilder,
    providers::{Provider, RootProvider},
    rpc::{
        client::{BatchRequest, RpcClient},
        types::{TransactionReceipt, TransactionRequest},
    },
    transports::TransportResult,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use reqwest::Url;

use super::{
    Agreement, ChainBuilder, ChainError, EndpointStatus, Receipt, RequestCounts,
    header::Header,
    pool::{Pinned, Pool, Routed},
};

/// A chain by the endpoints that serve it: one, or several of which each takes over when
/// another fails.
///
/// With several, the first that is healthy answers; one that cannot be reached, is too slow,
/// limits its requests, answers with something other than JSON-RPC or with too much of it is
/// passed over, and left alone for a while when it does so repeatedly. What a contract
/// answers, a revert among it, is an answer and asked for once. Transactions go to all. An
/// endpoint of another chain is never asked, at the start or when it comes back. While
/// requests are made, the endpoints' heads are compared every few seconds: who is behind is
/// not asked, and who tells of another block than most is not believed any more.
///
/// What an endpoint answers is otherwise believed; [`Chain::agreed_read`] asks two.
///
/// Cloning is cheap; clones share connections and what is known of the endpoints.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{chain::Chain, contracts::IToken};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
///
/// let chain = Chain::connect_to(&deployment.rpc, deployment.chain_id).await?;
/// let head = chain.head().await?;
/// let symbol = chain.read(deployment.token()?, &IToken::symbolCall {}).await?;
/// assert_eq!(symbol, "AIUS");
/// assert!(chain.block_hash(head.number).await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    provider: RootProvider,
    pool: Arc<Pool>,
    id: u64,
    agreement: Agreement,
    /// The one endpoint that this clone asks, if it asks no other.
    pinned: Option<usize>,
}

/// The newest block, as far as this crate needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Its number: on Arbitrum the L2 number, as `ArbSys.arbBlockNumber` gives it.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, seconds since 1970.
    pub timestamp: u64,
    /// Its base fee, wei a gas; 0 on chains without one.
    pub base_fee: u128,
}

impl Chain {
    /// Connects to an endpoint and asks for its chain id.
    ///
    /// # Errors
    ///
    /// [`ChainError::MalformedUrl`] and [`ChainError::Unreachable`] name the URL.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        Self::builder().endpoint(url).connect().await
    }

    /// As [`Chain::connect`], and insists on a chain id.
    ///
    /// # Errors
    ///
    /// [`ChainError::WrongChain`] names both chain ids.
    pub async fn connect_to(url: &str, expected: u64) -> Result<Self, ChainError> {
        Self::builder()
            .endpoint(url)
            .chain_id(expected)
            .connect()
            .await
    }

    /// Several endpoints, and how to use them.
    #[must_use]
    pub fn builder() -> ChainBuilder {
        ChainBuilder::default()
    }

    pub(super) fn of(pool: Arc<Pool>, id: u64, agreement: Agreement) -> Self {
        let provider = RootProvider::new(RpcClient::new(Routed(Arc::clone(&pool)), false));
        Self {
            provider,
            pool,
            id,
            agreement,
            pinned: None,
        }
    }

    /// This chain as one of its endpoints alone shows it, for questions that belong together:
    /// the next endpoint may be some blocks behind.
    pub(super) fn through(&self, index: usize) -> Self {
        let transport = Pinned {
            pool: Arc::clone(&self.pool),
            index,
        };
        Self {
            provider: RootProvider::new(RpcClient::new(transport, false)),
            pinned: Some(index),
            ..self.clone()
        }
    }

    pub(super) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(super) const fn agreement(&self) -> Agreement {
        self.agreement
    }

    /// The chain id, EIP-155.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The endpoint that is preferred, credentials included.
    #[must_use]
    pub fn url(&self) -> &Url {
        // A pool is never empty: the builder refuses to connect to nothing.
        self.pool.endpoints()[self.pinned.unwrap_or_default()].url()
    }

    /// How each endpoint does, in order of preference.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pool.status()
    }

    /// How many requests were sent, by method, to all endpoints together.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.pool.requests()
    }

    /// The alloy provider beneath, for whatever this type does not offer.
    #[must_use]
    pub const fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// Calls a view of a contract as it would run in the next block.
    ///
    /// # Errors
    ///
    /// [`ChainError::WouldRevert`] with the contract's error; [`ChainError::NoCode`] where
    /// nothing is deployed; [`ChainError::Undecodable`] where something else is.
    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(Bytes::from(call.abi_encode()));
        let data = self
            .simulate(request, C::SIGNATURE, BlockNumberOrTag::Pending.into())
            .await?;
        self.decode::<C>(to, data).await
    }

    /// Reads what a contract answered.
    pub(super) async fn decode<C: SolCall>(
        &self,
        to: Address,
        data: Bytes,
    ) -> Result<C::Return, ChainError> {
        match C::abi_decode_returns(&data) {
            Ok(value) => Ok(value),
            Err(_) if data.is_empty() && self.code(to).await?.is_empty() => {
                Err(ChainError::NoCode {
                    address: to,
                    chain: self.id,
                })
            }
            Err(_) => Err(ChainError::Undecodable {
                address: to,
                call: C::SIGNATURE,
                data,
            }),
        }
    }

    /// Runs a transaction without sending it and returns its output.
    ///
    /// # Errors
    ///
    /// [`ChainError::WouldRevert`], with `purpose` in it.
    pub async fn simulate(
        &self,
        request: TransactionRequest,
        purpose: &str,
        block: BlockId,
    ) -> Result<Bytes, ChainError> {
        self.provider
            .call(request)
            .block(block)
            .await
            .map_err(|error| ChainError::from_rpc(error, "eth_call", purpose, &self.name()))
    }

    /// The gas that a transaction would need, without any margin.
    ///
    /// # Errors
    ///
    /// [`ChainError::WouldRevert`], with `purpose` in it.
    pub async fn estimate(
        &self,
        request: TransactionRequest,
        purpose: &str,
    ) -> Result<u64, ChainError> {
        self.provider
            .estimate_gas(request)
            .await
            .map_err(|error| ChainError::from_rpc(error, "eth_estimateGas", purpose, &self.name()))
    }

    /// The newest block.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn head(&self) -> Result<Head, ChainError> {
        self.newest().await.map(|header| Head::from(&header))
    }

    pub(super) async fn newest(&self) -> Result<Header, ChainError> {
        let header = self.header(BlockNumberOrTag::Latest).await?;
        header.ok_or_else(|| ChainError::Unreadable {
            method: "eth_getBlockByNumber",
            reason: "there is no latest block".to_owned(),
        })
    }

    pub(super) async fn header(
        &self,
        block: BlockNumberOrTag,
    ) -> Result<Option<Header>, ChainError> {
        self.provider
            .client()
            .request("eth_getBlockByNumber", (block, false))
            .await
            .map_err(self.rpc_error("eth_getBlockByNumber"))
    }

    /// The hash of the block with this number, if there is one.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn block_hash(&self, number: u64) -> Result<Option<B256>, ChainError> {
        let header = self.header(BlockNumberOrTag::Number(number)).await?;
        Ok(header.map(|header| header.hash))
    }

    /// The number of the first block made at `timestamp`, seconds since 1970, or later; `None`
    /// if there is none yet. Asks for the logarithm of the chain's length in headers.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers; [`ChainError::Unreadable`] if it lacks a header.
    pub async fn first_block_since(&self, timestamp: u64) -> Result<Option<u64>, ChainError> {
        let newest = self.newest().await?;
        if newest.timestamp() < timestamp {
            return Ok(None);
        }
        let (mut first, mut last) = (0, newest.number());
        while first < last {
            let middle = first + (last - first) / 2;
            let header = self.header(BlockNumberOrTag::Number(middle)).await?;
            let header = header.ok_or_else(|| ChainError::Unreadable {
                method: "eth_getBlockByNumber",
                reason: format!("there is no block {middle}, but a block {last}"),
            })?;
            if header.timestamp() < timestamp {
                first = middle + 1;
            } else {
                last = middle;
            }
        }
        Ok(Some(first))
    }

    /// An account's balance, wei.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn balance(&self, account: Address) -> Result<U256, ChainError> {
        self.provider
            .get_balance(account)
            .await
            .map_err(self.rpc_error("eth_getBalance"))
    }

    /// The code at an address; empty where there is none.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn code(&self, address: Address) -> Result<Bytes, ChainError> {
        self.provider
            .get_code_at(address)
            .await
            .map_err(self.rpc_error("eth_getCode"))
    }

    /// A word of an account's storage.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn storage(&self, address: Address, slot: B256) -> Result<B256, ChainError> {
        self.provider
            .get_storage_at(address, slot.into())
            .await
            .map(B256::from)
            .map_err(self.rpc_error("eth_getStorageAt"))
    }

    /// The next nonce of an account, counting what waits in the endpoint's pool if `pending`.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn nonce(&self, account: Address, pending: bool) -> Result<u64, ChainError> {
        let request = self.provider.get_transaction_count(account);
        let request = if pending {
            request.pending()
        } else {
            request.latest()
        };
        request
            .await
            .map_err(self.rpc_error("eth_getTransactionCount"))
    }

    /// A transaction's receipt, once it is included.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, ChainError> {
        let receipt = self
            .provider
            .get_transaction_receipt(hash)
            .await
            .map_err(self.rpc_error("eth_getTransactionReceipt"))?;
        Ok(receipt.map(Receipt::from))
    }

    /// The receipts of several transactions, in their order, in one batch; `None` for each
    /// that is not included.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn receipts(&self, hashes: &[B256]) -> Result<Vec<Option<Receipt>>, ChainError> {
        const METHOD: &str = "eth_getTransactionReceipt";
        if let [hash] = hashes {
            return Ok(vec![self.receipt(*hash).await?]);
        }
        let mut batch = BatchRequest::new(self.provider.client());
        let mut answers = Vec::with_capacity(hashes.len());
        for hash in hashes {
            let answer = batch.add_call::<_, Option<TransactionReceipt>>(METHOD, &(*hash,));
            answers.push(answer.map_err(self.rpc_error(METHOD))?);
        }
        batch.send().await.map_err(self.rpc_error(METHOD))?;
        let mut receipts = Vec::with_capacity(answers.len());
        for answer in answers {
            let receipt = answer.await.map_err(self.rpc_error(METHOD))?;
            receipts.push(receipt.map(Receipt::from));
        }
        Ok(receipts)
    }

    /// As [`Chain::receipt`], asking every endpoint until one has it: before concluding from a
    /// missing receipt that a transaction is not included.
    ///
    /// # Errors
    ///
    /// What the last endpoint answers, if none has it and one could not be asked.
    pub async fn receipt_anywhere(&self, hash: B256) -> Result<Option<Receipt>, ChainError> {
        let mut failure = None;
        for index in self.pool.order() {
            match self.through(index).receipt(hash).await {
                Ok(Some(receipt)) => return Ok(Some(receipt)),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Hands a signed transaction to the endpoints.
    pub(super) async fn broadcast(&self, raw: &[u8]) -> TransportResult<()> {
        self.provider.send_raw_transaction(raw).await.map(|_| ())
    }

    pub(super) fn rpc_error(
        &self,
        method: &'static str,
    ) -> impl FnOnce(alloy::transports::TransportError) -> ChainError + '_ {
        move |error| ChainError::from_rpc(error, method, method, &self.name())
    }

    pub(crate) fn name(&self) -> String {
        crate::http::redacted(self.url())
    }

    /// Stops believing the endpoint that this clone asks, if it asks one alone and there are
    /// others.
    pub(super) fn distrust(&self, reason: String) {
        if let (Some(index), 2..) = (self.pinned, self.pool.endpoints().len()) {
            self.pool.endpoints()[index].quarantine(reason);
        }
    }

    /// What to fail with where an answer cannot be true; whoever gave it is not believed any more.
    pub(crate) fn untrue(&self, method: &'static str, reason: String) -> ChainError {
        self.distrust(reason.clone());
        ChainError::Untrue {
            url: self.name(),
            method,
            reason,
        }
    }
}

/// A request as `eth_call` and `eth_estimateGas` take it.
pub(super) fn request(from: Address, to: TxKind, value: U256, input: Bytes) -> TransactionRequest {
    let mut request = TransactionRequest::default()
        .with_from(from)
        .with_value(value);
    request.set_kind(to);
    request.set_input(input);
    request
}
