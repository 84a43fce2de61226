//! Something to be done by a transaction.

use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use serde::{Deserialize, Serialize};

/// How much it matters when a transaction is included.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Urgency {
    /// It can wait for cheaper gas: a commitment, a claim, a withdrawal.
    #[default]
    Routine,
    /// Waiting loses something: a reveal of what is committed, a contestation, a vote.
    Urgent,
}

/// Something to be done by a transaction.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::U256;
/// use arbius_sdk::{chain::Call, contracts::IToken};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let (lane, token) = (local.lane(arbius_testkit::Actor::Requester)?, local.token());
///
/// let transfer = IToken::transferCall { to: lane.address(), value: U256::ONE };
/// let receipt = lane.execute(Call::new(token, &transfer)).await?;
/// assert_eq!(receipt.events::<IToken::Transfer>(token).count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) to: TxKind,
    pub(super) input: Bytes,
    pub(super) value: U256,
    pub(super) purpose: String,
    pub(super) urgency: Urgency,
    pub(super) despite: Option<(&'static str, u64)>,
}

impl Call {
    /// A call of a contract.
    #[must_use]
    pub fn new<C: SolCall>(to: Address, call: &C) -> Self {
        Self::raw(TxKind::Call(to), call.abi_encode().into(), C::SIGNATURE)
    }

    /// A call of a contract by its selector and encoded arguments.
    #[must_use]
    pub fn with_input(to: Address, input: Bytes) -> Self {
        Self::raw(TxKind::Call(to), input, "a call of a contract")
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
            urgency: Urgency::Routine,
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

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// Pays up to the hard ceiling of the [`FeePolicy`](super::FeePolicy), because waiting
    /// loses something.
    #[must_use]
    pub const fn urgent(mut self) -> Self {
        self.urgency = Urgency::Urgent;
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
