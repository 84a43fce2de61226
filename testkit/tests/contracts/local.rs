//! A chain of its own with nothing on it but the programs that a test puts there.

use alloy::{
    network::TransactionBuilder as _, primitives::Bytes, providers::Provider as _,
    rpc::types::TransactionRequest, signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, B256, TxKind, U256};
use alloy_sol_types::{SolCall, SolValue as _};
use arbius_devnet::Devnet;
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor};
use arbius_sdk::{
    chain::{Call, Chain, ChainError, Lane, Receipt, Signer},
    contracts::IToken,
    deploy::{DeployError, program},
};
pub(crate) use arbius_testkit::AIUS;

/// A local chain and its accounts.
pub(crate) struct Local {
    pub(crate) chain: Chain,
    /// Funded with ether; the first deploys and administers what the others use.
    pub(crate) lanes: Vec<Lane>,
    /// What signs for the same accounts, in the same order.
    pub(crate) signers: Vec<PrivateKeySigner>,
    /// The chain itself; dropping it would stop it.
    pub(crate) devnet: Devnet,
}

impl Local {
    pub(crate) async fn start() -> Self {
        let devnet = Devnet::builder().spawn().await.expect("a chain");
        let chain = Chain::connect(&devnet.url()).await.expect("it answers");
        let accounts = devnet.accounts();
        let signers = accounts
            .iter()
            .map(|account| PrivateKeySigner::from_bytes(&account.key).expect("a sound key"))
            .collect();
        let lanes = accounts
            .iter()
            .map(|account| {
                Lane::new(
                    chain.clone(),
                    Signer::from_key(&account.key).expect("a sound key"),
                )
            })
            .collect();
        Self {
            chain,
            lanes,
            signers,
            devnet,
        }
    }

    /// The account that deploys and administers.
    pub(crate) fn admin(&self) -> &Lane {
        &self.lanes[0]
    }

    /// An account that does neither.
    pub(crate) fn stranger(&self) -> &Lane {
        &self.lanes[1]
    }

    /// Deploys and activates a program by the name of its artifact.
    pub(crate) async fn program(&self, name: &str) -> Address {
        let artifact = arbius_artifacts::get(name).expect("the artifact exists");
        program::deploy(self.admin(), artifact)
            .await
            .expect("the program is deployed")
    }

    /// Creates a contract that has `code`.
    pub(crate) async fn contract(&self, code: &[u8]) -> Address {
        let call = Call::create(program::init_code(code));
        let receipt = self.admin().execute(call).await.expect("it is created");
        receipt.created.expect("it has an address")
    }

    /// A proxy that its first account administers, unless the arguments say otherwise.
    pub(crate) async fn proxy(&self, arguments: &ProxyConstructor) -> Result<Address, DeployError> {
        let artifact = arbius_artifacts::get(arbius_artifacts::PROXY).expect("there is a proxy");
        let code = program::code(self.admin(), artifact).await?;
        let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        let salt = B256::from(U256::from(self.admin_nonce().await));
        program::deploy_with_constructor(self.admin(), "proxy", &code, constructor, salt).await
    }

    /// A proxy in front of `implementation`, initialised with `init_data`.
    pub(crate) async fn proxy_of(&self, implementation: Address, init_data: Vec<u8>) -> Address {
        let arguments = ProxyConstructor {
            implementation,
            admin: self.admin().address(),
            initData: init_data.into(),
        };
        self.proxy(&arguments).await.expect("the proxy is deployed")
    }

    /// The token behind a proxy, with the whole supply at the first account.
    pub(crate) async fn token(&self) -> Address {
        let implementation = self.program(arbius_artifacts::TOKEN).await;
        let call = initialize(&[(self.admin().address(), 1_000_000 * AIUS)]);
        self.proxy_of(implementation, call.abi_encode()).await
    }

    /// Does `call` as `lane`.
    pub(crate) async fn send<C: SolCall>(
        &self,
        lane: &Lane,
        to: Address,
        call: &C,
    ) -> Result<Receipt, ChainError> {
        lane.execute(Call::new(to, call)).await
    }

    /// What a call of `to` by the stranger returns, or reverts with.
    pub(crate) async fn call(
        &self,
        to: Address,
        input: Vec<u8>,
        value: u64,
    ) -> Result<Bytes, Bytes> {
        let request = TransactionRequest::default()
            .with_kind(TxKind::Call(to))
            .with_from(self.stranger().address())
            .with_value(U256::from(value))
            .with_input(input);
        let latest = alloy::eips::BlockId::latest();
        match self.chain.simulate(request, "a call", latest).await {
            Ok(returned) => Ok(returned),
            Err(error) => Err(reverted(&error)),
        }
    }

    /// What a view returns.
    pub(crate) async fn view<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        self.chain
            .read(to, call)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", C::SIGNATURE))
    }

    /// What `call` reverts with as `lane` does it.
    pub(crate) async fn refusal<C: SolCall>(&self, lane: &Lane, to: Address, call: &C) -> Bytes {
        match self.send(lane, to, call).await {
            Ok(_) => panic!("{} was not refused", C::SIGNATURE),
            Err(error) => reverted(&error),
        }
    }

    /// The time of the newest block, in seconds since the epoch.
    pub(crate) fn now(&self) -> u64 {
        self.devnet.chain().latest_block().header.timestamp
    }

    /// Lets time pass until the newest block is of `timestamp`.
    pub(crate) fn pass_until(&self, timestamp: u64) {
        let chain = self.devnet.chain();
        chain
            .set_next_block_timestamp(timestamp)
            .expect("it is later than now");
        chain.mine();
        assert_eq!(self.now(), timestamp);
    }

    /// The word in a storage slot.
    pub(crate) async fn slot(&self, contract: Address, slot: B256) -> B256 {
        let value = self
            .chain
            .provider()
            .get_storage_at(contract, slot.into())
            .await
            .expect("storage can be read");
        value.into()
    }

    async fn admin_nonce(&self) -> u64 {
        let address = self.admin().address();
        self.chain.nonce(address, true).await.expect("a nonce")
    }
}

/// The call that allocates the supply.
pub(crate) fn initialize(allocations: &[(Address, u128)]) -> IToken::initializeCall {
    IToken::initializeCall {
        allocations: allocations
            .iter()
            .map(|(account, amount)| IToken::Allocation {
                account: *account,
                amount: U256::from(*amount),
            })
            .collect(),
    }
}

/// What the chain says a call reverted with.
pub(crate) fn reverted(error: &ChainError) -> Bytes {
    let revert = error
        .revert()
        .unwrap_or_else(|| panic!("not a revert: {error}"));
    revert.data.clone()
}

/// What a proxy's constructor reverted with.
pub(crate) fn constructor_reverted(error: &DeployError) -> Bytes {
    match error {
        DeployError::Chain(error) => reverted(error),
        other => panic!("not a revert: {other}"),
    }
}
