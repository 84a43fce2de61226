//! What an endpoint may do wrong.

use std::fmt;

/// One thing that an endpoint does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Closes the connection without an answer.
    Drop,
    /// Answers late.
    Delay,
    /// Sends half of the answer and then nothing, with the connection open.
    Stall,
    /// Sends half of the answer as if it were all of it.
    Truncate,
    /// Answers something that is no JSON.
    Garbage,
    /// Answers 429 with `Retry-After`.
    TooManyRequests,
    /// Answers 502.
    BadGateway,
    /// Answers 503 with `Retry-After`.
    Unavailable,
    /// Answers with an internal error in JSON-RPC's own form.
    InternalError,
    /// Says that it is on another chain.
    OtherChain,
    /// Knows nothing of the newest blocks.
    StaleHead,
    /// Names blocks by other hashes, as on a fork of its own.
    ForkedHash,
    /// Leaves events out.
    MissingLogs,
    /// Makes events up: of tasks that nobody submitted, solved by somebody.
    InventedLogs,
    /// Says of a transaction the opposite of how it ended.
    WrongReceipt,
    /// Has no receipt.
    NoReceipt,
    /// Takes a transaction and throws it away.
    SwallowTransaction,
    /// Passes a transaction on and answers 502 all the same.
    ErrorAfterSending,
    /// Passes a transaction on twice and answers the second time.
    Duplicate,
    /// Subscriptions fall silent.
    Silence,
    /// Subscriptions tell of a block far ahead.
    LyingHead,
    /// Cuts the connection when a subscription has something to tell.
    Cut,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Drop,
        Self::Delay,
        Self::Stall,
        Self::Truncate,
        Self::Garbage,
        Self::TooManyRequests,
        Self::BadGateway,
        Self::Unavailable,
        Self::InternalError,
        Self::OtherChain,
        Self::StaleHead,
        Self::ForkedHash,
        Self::MissingLogs,
        Self::InventedLogs,
        Self::WrongReceipt,
        Self::NoReceipt,
        Self::SwallowTransaction,
        Self::ErrorAfterSending,
        Self::Duplicate,
        Self::Silence,
        Self::LyingHead,
        Self::Cut,
    ];

    /// Those of subscriptions.
    pub const OF_SUBSCRIPTIONS: [Self; 3] = [Self::Silence, Self::LyingHead, Self::Cut];

    /// Those of an endpoint that works badly and tells no lies.
    pub const FAILURES: [Self; 9] = [
        Self::Drop,
        Self::Delay,
        Self::Stall,
        Self::Truncate,
        Self::Garbage,
        Self::TooManyRequests,
        Self::BadGateway,
        Self::Unavailable,
        Self::InternalError,
    ];

    /// Whether it can happen to a request of this method.
    #[must_use]
    pub fn concerns(self, method: &str) -> bool {
        match self {
            Self::OtherChain => method == "eth_chainId",
            Self::StaleHead => matches!(method, "eth_blockNumber" | "eth_getBlockByNumber"),
            Self::ForkedHash => method == "eth_getBlockByNumber",
            Self::MissingLogs | Self::InventedLogs => method == "eth_getLogs",
            Self::WrongReceipt | Self::NoReceipt => method == "eth_getTransactionReceipt",
            Self::SwallowTransaction | Self::ErrorAfterSending | Self::Duplicate => {
                method == "eth_sendRawTransaction"
            }
            Self::Silence | Self::LyingHead | Self::Cut => method == "eth_subscription",
            Self::Drop
            | Self::Delay
            | Self::Stall
            | Self::Truncate
            | Self::Garbage
            | Self::TooManyRequests
            | Self::BadGateway
            | Self::Unavailable
            | Self::InternalError => method != "eth_subscription",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
