//! The token and the vesting account.

use std::time::Duration;

use alloy_primitives::{Address, B256, Signature, U256};
use alloy_sol_types::{SolCall, SolStruct, SolValue as _};
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor};
use arbius_sdk::{
    chain::{Call, Receipt},
    contracts::{
        IBridgedToken, IToken, IVesting, IVotes,
        signed::{self, Delegation, Permit},
    },
    deploy::program,
};
use arbius_testkit::{AIUS, Actor, TestkitError};

use super::{Cache, scenario::Scenario};

/// Who holds tokens and delegates, to whom, and who is the gateway.
const HOLDER: Actor = Actor::Miner(4);
const DELEGATE: Actor = Actor::Miner(5);
const GATEWAY: Actor = Actor::ModelOwner;

impl Scenario<'_> {
    /// Approvals, delegations, and transfers between accounts that delegate.
    pub(super) async fn votes(&mut self) -> Result<(), TestkitError> {
        let [holder, delegate] = [self.lane(HOLDER)?, self.lane(DELEGATE)?];
        let [holder, delegate] = [holder.address(), delegate.address()];
        let approve = IToken::approveCall {
            spender: delegate,
            value: U256::from(100 * AIUS),
        };
        self.second("token approve", HOLDER, &approve).await?;
        let spend = IToken::transferFromCall {
            from: holder,
            to: delegate,
            value: U256::from(AIUS),
        };
        self.second("token transferFrom", DELEGATE, &spend).await?;
        for nonce in 0..2 {
            let permit = Permit {
                owner: holder,
                spender: delegate,
                value: U256::from(AIUS),
                nonce: U256::from(nonce),
                deadline: U256::MAX,
            };
            let signature = self.sign(HOLDER, &permit)?;
            let call = permit.call(&signature);
            let receipt = self.on_token(DELEGATE, &call).await?;
            self.note("token permit", self.cost(&receipt));
        }

        // From nobody to itself, and from itself to another, each with votes before.
        let delegate_to = |delegatee| IVotes::delegateCall { delegatee };
        self.on_token(DELEGATE, &delegate_to(delegate)).await?;
        self.on_token(HOLDER, &delegate_to(holder)).await?;
        self.on_token(HOLDER, &delegate_to(delegate)).await?;
        let receipt = self.on_token(HOLDER, &delegate_to(holder)).await?;
        self.note("token delegate, from one to another", self.cost(&receipt));
        let transfer = IToken::transferCall {
            to: delegate,
            value: U256::from(AIUS),
        };
        self.second("token transfer, both delegate", HOLDER, &transfer)
            .await?;
        for nonce in 2..4 {
            let delegation = Delegation {
                delegatee: [holder, delegate][nonce % 2],
                nonce: U256::from(nonce),
                expiry: U256::MAX,
            };
            let signature = self.sign(HOLDER, &delegation)?;
            let call = delegation.call(&signature);
            let receipt = self.on_token(DELEGATE, &call).await?;
            self.note(
                "token delegateBySig, from one to another",
                self.cost(&receipt),
            );
        }
        Ok(())
    }

    /// What leaves by the gateway, and what comes back.
    pub(super) async fn bridge(&mut self) -> Result<(), TestkitError> {
        let gateway = self.lane(GATEWAY)?.address();
        let set = IBridgedToken::setGatewayCall { gateway };
        self.on_token(Actor::Owner, &set).await?;
        let account = self.lane(Actor::Miner(1))?.address();
        let amount = U256::from(AIUS);
        let burn = IBridgedToken::bridgeBurnCall { account, amount };
        self.second("token bridgeBurn", GATEWAY, &burn).await?;
        let mint = IBridgedToken::bridgeMintCall { account, amount };
        self.second("token bridgeMint", GATEWAY, &mint).await
    }

    /// A vesting account that pays, delegates and is revoked.
    pub(super) async fn vesting(&mut self, cache: Cache) -> Result<(), TestkitError> {
        let beneficiary = self.lane(HOLDER)?.address();
        let account = self.vesting_account(beneficiary, cache).await?;
        let fund = IToken::transferCall {
            to: account,
            value: U256::from(1_000 * AIUS),
        };
        self.on_token(Actor::Requester, &fund).await?;
        let mut last = None;
        for delegatee in [beneficiary, self.lane(DELEGATE)?.address()] {
            let call = IVesting::delegateCall { delegatee };
            last = Some(self.on(HOLDER, account, &call).await?);
        }
        if let Some(receipt) = last.take() {
            self.note("vesting delegate, from one to another", self.cost(&receipt));
        }
        for _ in 0..2 {
            self.chain.pass(Duration::from_secs(10))?;
            let call = IVesting::releaseCall {};
            last = Some(self.on(Actor::Requester, account, &call).await?);
        }
        if let Some(receipt) = last {
            self.note("vesting release, both delegate", self.cost(&receipt));
        }
        let receipt = self
            .on(Actor::Owner, account, &IVesting::revokeCall {})
            .await?;
        self.note("vesting revoke", self.cost(&receipt));
        Ok(())
    }

    /// A revocable account of the owner's that vests in ten thousand seconds from now.
    async fn vesting_account(
        &self,
        beneficiary: Address,
        cache: Cache,
    ) -> Result<Address, TestkitError> {
        let owner = self.lane(Actor::Owner)?;
        let artifact = |name| arbius_artifacts::get(name).expect("the artifact exists");
        let program = program::deploy(owner, artifact(arbius_artifacts::VESTING)).await?;
        let initialize = IVesting::initializeCall {
            token: self.chain.token(),
            beneficiary,
            start: self.chain.chain().head().await?.timestamp,
            revocable: true,
            schedule: vec![IVesting::Tranche {
                duration: 10_000,
                weight: 1,
            }],
        };
        let arguments = ProxyConstructor {
            implementation: program,
            admin: owner.address(),
            initData: initialize.abi_encode().into(),
        };
        let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        let proxy = program::code(owner, artifact(arbius_artifacts::PROXY)).await?;
        let salt = B256::repeat_byte(1);
        let account =
            program::deploy_with_constructor(owner, "vesting", &proxy, constructor, salt).await?;
        if cache == Cache::Warm {
            program::cache(owner, program, U256::ZERO).await?;
        }
        Ok(account)
    }

    /// Signs for the token, as wallets do.
    fn sign<T: SolStruct>(&self, actor: Actor, data: &T) -> Result<Signature, TestkitError> {
        let domain = signed::domain(self.chain.chain().id(), self.chain.token());
        self.sign_hash(actor, &data.eip712_signing_hash(&domain))
    }

    /// Does a call of the token twice and notes what the second costs.
    async fn second<C: SolCall>(
        &mut self,
        name: &str,
        actor: Actor,
        call: &C,
    ) -> Result<(), TestkitError> {
        self.on_token(actor, call).await?;
        let receipt = self.on_token(actor, call).await?;
        self.note(name, self.cost(&receipt));
        Ok(())
    }

    async fn on_token<C: SolCall>(&self, actor: Actor, call: &C) -> Result<Receipt, TestkitError> {
        self.on(actor, self.chain.token(), call).await
    }

    pub(super) async fn on<C: SolCall>(
        &self,
        actor: Actor,
        contract: Address,
        call: &C,
    ) -> Result<Receipt, TestkitError> {
        // What votes change twice within a second is one checkpoint, and the second is cheap:
        // only with the clock moved on does a figure not depend on how fast this runs.
        self.chain.pass(Duration::from_secs(1))?;
        Ok(self.lane(actor)?.execute(Call::new(contract, call)).await?)
    }
}
