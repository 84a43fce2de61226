//! What can go wrong between a request and the chain.

use alloy_primitives::{Address, B256, Bytes, U256};

/// Why a transaction is refused. The first words are go-ethereum's, which wallets and
/// libraries look for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The bytes are no transaction.
    #[error("malformed transaction: {0}")]
    Malformed(String),
    /// Blob transactions do not exist on Arbitrum.
    #[error("transaction type not supported: blobs (type 3) do not exist on Arbitrum")]
    BlobsUnsupported,
    /// No sender can be recovered.
    #[error("invalid sender: the signature does not recover to an account")]
    BadSignature,
    /// Signed for another chain.
    #[error("invalid chain id for signer: signed for {given}, this is chain {expected}")]
    WrongChain {
        /// Chain id in the transaction.
        given: u64,
        /// Chain id here.
        expected: u64,
    },
    /// Offers less than the base fee.
    #[error(
        "max fee per gas less than block base fee: offered {offered} wei, base fee {base_fee} wei"
    )]
    FeeTooLow {
        /// Wei per gas offered at most.
        offered: u128,
        /// Wei per gas that is charged.
        base_fee: u64,
    },
    /// The tip exceeds the whole fee.
    #[error("max priority fee per gas higher than max fee per gas: {tip} above {fee} wei")]
    TipAboveFee {
        /// Tip in wei per gas.
        tip: u128,
        /// Fee in wei per gas.
        fee: u128,
    },
    /// Gas limit above the block's.
    #[error("exceeds block gas limit: {given} gas asked for")]
    GasLimit {
        /// Gas limit given.
        given: u64,
    },
    /// Gas limit below what the transaction costs before it runs.
    #[error("intrinsic gas too low: have {have}, want {needed}")]
    IntrinsicGas {
        /// Gas limit given.
        have: u64,
        /// Gas needed at least.
        needed: u64,
    },
    /// The nonce was used before.
    #[error("nonce too low: address {address}, tx: {given} state: {expected}")]
    NonceTooLow {
        /// Sender.
        address: Address,
        /// Nonce in the transaction.
        given: u64,
        /// Next nonce of the account.
        expected: u64,
    },
    /// Nonces so far ahead that the transaction would wait for ever.
    #[error("nonce too high: address {address}, tx: {given} state: {expected}")]
    NonceTooHigh {
        /// Sender.
        address: Address,
        /// Nonce in the transaction.
        given: u64,
        /// Next nonce of the account.
        expected: u64,
    },
    /// The account cannot pay.
    #[error(
        "insufficient funds for gas * price + value: address {address} have {have} want {want}"
    )]
    InsufficientFunds {
        /// Sender.
        address: Address,
        /// Its balance in wei.
        have: U256,
        /// What the transaction may cost in wei.
        want: U256,
    },
    /// More bytes than the sequencer takes.
    #[error("oversized data: transaction size {size}, limit {limit}")]
    Oversized {
        /// Size in bytes.
        size: usize,
        /// Largest size in bytes.
        limit: usize,
    },
    /// Too many transactions wait already.
    #[error("txpool is full: {waiting} transactions wait: mine a block first")]
    PoolFull {
        /// How many wait.
        waiting: usize,
    },
    /// The same transaction waits or was mined.
    #[error("already known")]
    AlreadyKnown,
    /// Another transaction with this nonce waits, and offers about as much.
    #[error(
        "replacement transaction underpriced: offer at least 10 % more than {offered} wei per gas"
    )]
    Underpriced {
        /// Wei per gas that the waiting one offers.
        offered: u128,
    },
    /// The sender's key is not known here.
    #[error("unknown account {0}: sign the transaction, or impersonate the account first")]
    UnknownAccount(Address),
    /// A field that must be given is missing or contradicts another.
    #[error("incomplete transaction: {0}")]
    Incomplete(String),
    /// The rules of the EVM forbid it.
    #[error("{0}")]
    Invalid(String),
}

/// Why a call or an estimate has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It reverted.
    #[error("execution reverted{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Reverted {
        /// Revert data.
        data: Bytes,
        /// Reason in words, where the data does not tell.
        reason: Option<String>,
    },
    /// It failed otherwise.
    #[error("{0}")]
    Failed(String),
    /// It is not even a transaction.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The gas allowed does not suffice.
    #[error("gas required exceeds allowance ({0})")]
    GasRequired(u64),
    /// The block asked for does not exist.
    #[error(transparent)]
    Block(#[from] UnknownBlock),
}

/// A block that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownBlock {
    /// By number.
    #[error("header not found: there is no block {number}, the latest is {latest}")]
    Number {
        /// Number asked for.
        number: u64,
        /// Latest number.
        latest: u64,
    },
    /// By hash.
    #[error("header not found: there is no block {0}")]
    Hash(B256),
    /// The block is known, but its state has been forgotten.
    #[error(
        "the state of block {number} is no longer kept, the oldest kept is that of block \
         {oldest}: start the chain with a longer history"
    )]
    StateForgotten {
        /// Number asked for.
        number: u64,
        /// Oldest block whose state is kept.
        oldest: u64,
    },
}

/// A control that cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Time does not run backwards.
    #[error("timestamp {given} lies before the latest block's {latest}")]
    TimeBackwards {
        /// Timestamp given.
        given: u64,
        /// Timestamp of the latest block.
        latest: u64,
    },
    /// The clock would run over.
    #[error("{0} seconds are more than the clock can hold")]
    TimeOverflow(u64),
    /// More blocks are to be taken back than there are after the first.
    #[error("cannot take back {depth} blocks: there are {latest} after the genesis block")]
    TooDeep {
        /// Blocks to take back.
        depth: u64,
        /// Number of the latest block.
        latest: u64,
    },
    /// The state to go back to is not kept.
    #[error(transparent)]
    Block(#[from] UnknownBlock),
}

/// Why the chain was not reorganised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReorgError {
    /// The blocks cannot be taken back.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A new block cannot hold a transaction.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}
