//! A connection to one endpoint.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    network::TransactionBuilder,
    providers::{Provider, RootProvider},
    rpc::{
        client::{BatchRequest, RpcClient},
        types::{TransactionReceipt, TransactionRequest},
    },
    transports::{TransportResult, http::Http},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use reqwest::Url;

use super::{ChainError, Receipt};

/// A JSON-RPC endpoint whose chain id is known.
///
/// Cloning is cheap; clones share the HTTP connections.
#[derive(Clone, Debug)]
pub struct Chain {
    provider: RootProvider,
    url: Url,
    id: u64,
}

/// The newest block, as far as this crate needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let malformed = |reason: String| ChainError::MalformedUrl {
            url: url.to_owned(),
            reason,
        };
        let parsed: Url = url.parse().map_err(|error| malformed(format!("{error}")))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(malformed(format!("its scheme is `{}`", parsed.scheme())));
        }
        let is_local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let transport = Http::with_client(crate::http::client()?, parsed.clone());
        let provider = RootProvider::new(RpcClient::new(transport, is_local));
        let id = provider
            .get_chain_id()
            .await
            .map_err(|error| ChainError::from_rpc(error, "eth_chainId", "", url))?;
        Ok(Self {
            provider,
            url: parsed,
            id,
        })
    }

    /// As [`Chain::connect`], and insists on a chain id.
    ///
    /// # Errors
    ///
    /// [`ChainError::WrongChain`] names both chain ids.
    pub async fn connect_to(url: &str, expected: u64) -> Result<Self, ChainError> {
        let chain = Self::connect(url).await?;
        if chain.id != expected {
            return Err(ChainError::WrongChain {
                url: url.to_owned(),
                expected,
                found: chain.id,
            });
        }
        Ok(chain)
    }

    /// The chain id, EIP-155.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The endpoint.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
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
            .map_err(|error| ChainError::from_rpc(error, "eth_call", purpose, self.url.as_str()))
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
        self.provider.estimate_gas(request).await.map_err(|error| {
            ChainError::from_rpc(error, "eth_estimateGas", purpose, self.url.as_str())
        })
    }

    /// The newest block.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn head(&self) -> Result<Head, ChainError> {
        let block = self
            .provider
            .get_block_by_number(BlockNumberOrTag::Latest)
            .await
            .map_err(self.rpc_error("eth_getBlockByNumber"))?
            .ok_or_else(|| ChainError::Unreadable {
                method: "eth_getBlockByNumber",
                reason: "there is no latest block".to_owned(),
            })?;
        let header = &block.header;
        Ok(Head {
            number: header.number,
            hash: header.hash,
            timestamp: header.timestamp,
            base_fee: header.base_fee_per_gas.unwrap_or_default().into(),
        })
    }

    /// The hash of the block with this number, if there is one.
    ///
    /// # Errors
    ///
    /// What the endpoint or the network answers.
    pub async fn block_hash(&self, number: u64) -> Result<Option<B256>, ChainError> {
        let block = self
            .provider
            .get_block_by_number(BlockNumberOrTag::Number(number))
            .await
            .map_err(self.rpc_error("eth_getBlockByNumber"))?;
        Ok(block.map(|block| block.header.hash))
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

    /// Hands a signed transaction to the endpoint.
    pub(super) async fn broadcast(&self, raw: &[u8]) -> TransportResult<()> {
        self.provider.send_raw_transaction(raw).await.map(|_| ())
    }

    pub(super) fn rpc_error(
        &self,
        method: &'static str,
    ) -> impl FnOnce(alloy::transports::TransportError) -> ChainError + '_ {
        move |error| ChainError::from_rpc(error, method, method, self.url.as_str())
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
