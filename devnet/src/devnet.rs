//! A chain with its server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use alloy_primitives::U256;

use crate::{
    accounts::DevAccount,
    chain::{Chain, Genesis, Mining, StateFileError},
    rpc::{
        AllowedOrigins, Limits,
        server::{Options, Server},
    },
};

/// Why no chain could be started.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// Another program listens on the port.
    #[error("port {0} on 127.0.0.1 is in use: choose another one, or 0 for any that is free")]
    PortInUse(u16),
    /// The port cannot be had for another reason.
    #[error("cannot listen on port {port} of 127.0.0.1: {source}")]
    Bind {
        /// Port asked for.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server could not be set up.
    #[error("cannot start the server: {0}")]
    Server(std::io::Error),
    /// The chain to go on from cannot be had.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// A block time of zero.
    #[error("the block time must not be zero: leave it out for one block per transaction")]
    ZeroBlockTime,
}

impl DevnetError {
    pub(crate) fn bind(port: u16, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::AddrInUse => Self::PortInUse(port),
            _ => Self::Bind { port, source },
        }
    }
}

/// Settings of a chain, each with a default.
#[derive(Clone, Debug, Default)]
pub struct DevnetBuilder {
    genesis: Genesis,
    port: u16,
    mining: Mining,
    load: Option<PathBuf>,
    limits: Limits,
    origins: AllowedOrigins,
}

impl DevnetBuilder {
    /// Chain id; 412346 by default.
    #[must_use]
    pub fn chain_id(mut self, chain_id: u64) -> Self {
        self.genesis.chain_id = chain_id;
        self
    }

    /// Port on 127.0.0.1; 0, the default, takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Number of funded accounts; 10 by default.
    #[must_use]
    pub fn accounts(mut self, count: usize) -> Self {
        self.genesis.accounts = DevAccount::first(count);
        self
    }

    /// Balance of each account in wei; 10,000 ether by default.
    #[must_use]
    pub fn balance(mut self, wei: U256) -> Self {
        self.genesis.balance = wei;
        self
    }

    /// Makes a block at this interval instead of one for every transaction.
    #[must_use]
    pub fn block_time(self, interval: Duration) -> Self {
        self.mining(Mining::Interval(interval))
    }

    /// When blocks are made; one for every transaction by default.
    #[must_use]
    pub fn mining(mut self, mode: Mining) -> Self {
        self.mining = mode;
        self
    }

    /// Timestamp of the genesis block in Unix seconds, from which the clock runs; the
    /// present by default.
    #[must_use]
    pub fn genesis_timestamp(mut self, timestamp: u64) -> Self {
        self.genesis.timestamp = Some(timestamp);
        self
    }

    /// Wei per gas; 0.01 gwei, Nova's, by default.
    #[must_use]
    pub fn base_fee(mut self, wei: u64) -> Self {
        self.genesis.base_fee = wei;
        self
    }

    /// Wei that transactions pay for each unit of their data on L1, as Arbitrum counts units:
    /// sixteen for each byte of the compressed transaction. 0, the default, makes gas a matter
    /// of execution alone.
    #[must_use]
    pub fn l1_price_per_unit(mut self, wei: u64) -> Self {
        self.genesis.l1_price_per_unit = wei;
        self
    }

    /// Gas limit of blocks; 2^50, Nova's, by default. No transaction uses more than 32
    /// million gas in any case.
    #[must_use]
    pub fn gas_limit(mut self, gas: u64) -> Self {
        self.genesis.gas_limit = gas;
        self
    }

    /// Number of newest blocks whose states are kept, so that calls can be made at them;
    /// 1,024 by default, and one at least. Blocks, receipts and logs are all kept.
    #[must_use]
    pub fn history(mut self, blocks: usize) -> Self {
        self.genesis.history = blocks;
        self
    }

    /// Goes on from a chain that [`Chain::save_state`] wrote. The file has its own chain id,
    /// fees, accounts and clock; what the builder says of them applies after a reset.
    #[must_use]
    pub fn load_state(mut self, path: impl Into<PathBuf>) -> Self {
        self.load = Some(path.into());
        self
    }

    /// Bounds on what clients may ask of the server.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves web pages of this origin, such as `https://app.example.org`, or of any with
    /// `*`. Without this only pages of this machine and browser extensions are served, as
    /// any page that a browser here has open could otherwise spend the accounts' funds.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.0.push(origin.into());
        self
    }

    /// The chain alone, without a server (which keeps the time if blocks are to be made at
    /// an interval).
    #[must_use]
    pub fn build_chain(&self) -> Chain {
        let chain = Chain::new(self.genesis.clone());
        chain.set_mining(self.mining);
        chain
    }

    /// Starts the chain and its server. The server has a thread of its own and does not
    /// need the caller's runtime.
    ///
    /// # Errors
    ///
    /// [`DevnetError::PortInUse`] when the port is taken, [`DevnetError::ZeroBlockTime`], or
    /// what the system says.
    pub async fn spawn(self) -> Result<Devnet, DevnetError> {
        if self.mining.interval().is_some_and(|time| time.is_zero()) {
            return Err(DevnetError::ZeroBlockTime);
        }
        let chain = self.build_chain();
        if let Some(path) = &self.load {
            chain.load_state_file(path)?;
        }
        let accounts = chain.accounts();
        let server = Server::start(
            chain.clone(),
            Options {
                port: self.port,
                limits: self.limits,
                origins: self.origins,
            },
        )?;
        Ok(Devnet {
            chain,
            accounts,
            server,
        })
    }
}

/// A running chain. Dropping it stops the server.
#[derive(Debug)]
pub struct Devnet {
    chain: Chain,
    accounts: Vec<DevAccount>,
    server: Server,
}

impl Devnet {
    /// Settings to start from.
    #[must_use]
    pub fn builder() -> DevnetBuilder {
        DevnetBuilder::default()
    }

    /// Where JSON-RPC is served, such as `http://127.0.0.1:8547`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Where WebSockets are opened, such as `ws://127.0.0.1:8547`.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.server.address())
    }

    /// The address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The chain id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain.chain_id()
    }

    /// Funded accounts, with their keys.
    #[must_use]
    pub fn accounts(&self) -> &[DevAccount] {
        &self.accounts
    }

    /// The chain itself, for control and calls without HTTP.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }
}
