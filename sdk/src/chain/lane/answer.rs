//! What an endpoint's answer to a broadcast means.
//!
//! JSON-RPC has no codes for it: every node says it in words of its own. Those of go-ethereum,
//! Nitro, Erigon, Nethermind, Besu and Reth are read here, and what none of them says counts
//! as a refusal.

use crate::chain::ChainError;

/// What an endpoint's answer to a broadcast means.
#[derive(Debug)]
pub(super) enum Answer {
    /// It took the transaction.
    Taken,
    /// It had it already.
    Known,
    /// It may have taken it or not: the answer was lost.
    Unsure(ChainError),
    /// It did not take it now and may later: a rate limit, a full pool.
    Busy(ChainError),
    /// The nonce has been used, by this transaction or another.
    NonceTooLow,
    /// Transactions of lower nonces are missing.
    NonceTooHigh,
    /// A dearer transaction with this nonce waits.
    NonceInUse,
    /// It offers less than the base fee, or than the node's own minimum.
    Underpriced,
    /// The account cannot pay for it.
    NoFunds,
    /// It is not taken, now or ever.
    Refused(ChainError),
}

type Reading = fn() -> Answer;

/// What nodes say, the more specific first: "replacement transaction underpriced" is no
/// "transaction underpriced".
const WORDS: [(&str, Reading); 24] = [
    ("already known", || Answer::Known),
    ("alreadyknown", || Answer::Known),
    ("known transaction", || Answer::Known),
    ("already imported", || Answer::Known),
    ("already exists in", || Answer::Known),
    ("replacement transaction underpriced", || Answer::NonceInUse),
    ("replacement underpriced", || Answer::NonceInUse),
    ("replacementnotallowed", || Answer::NonceInUse),
    ("could not replace existing", || Answer::NonceInUse),
    ("nonce too low", || Answer::NonceTooLow),
    ("nonce is too low", || Answer::NonceTooLow),
    ("oldnonce", || Answer::NonceTooLow),
    ("invalid transaction nonce", || Answer::NonceTooLow),
    ("nonce too high", || Answer::NonceTooHigh),
    ("nonce gap", || Answer::NonceTooHigh),
    ("noncegap", || Answer::NonceTooHigh),
    ("too distant from current sender nonce", || {
        Answer::NonceTooHigh
    }),
    ("max fee per gas less than block base fee", || {
        Answer::Underpriced
    }),
    ("transaction underpriced", || Answer::Underpriced),
    ("fee too low", || Answer::Underpriced),
    ("feetoolow", || Answer::Underpriced),
    ("gas price below", || Answer::Underpriced),
    ("insufficient funds", || Answer::NoFunds),
    ("insufficientfunds", || Answer::NoFunds),
];

/// What says that the endpoint may take it later.
const BUSY: [&str; 8] = [
    "rate limit",
    "too many requests",
    "request limit",
    "limit exceeded",
    "txpool is full",
    "pool is full",
    "pool overflow",
    "try again",
];

/// "limit exceeded", EIP-1474.
const LIMIT_EXCEEDED: i64 = -32_005;

impl Answer {
    /// Reads the answer to a broadcast.
    pub(super) fn of(result: Result<(), ChainError>) -> Self {
        let Err(error) = result else {
            return Self::Taken;
        };
        let ChainError::Refused { code, message, .. } = &error else {
            return Self::Unsure(error);
        };
        let text = message.to_lowercase();
        if let Some((_, answer)) = WORDS.iter().find(|(words, _)| text.contains(words)) {
            return answer();
        }
        // A node that gave up waiting for its sequencer may have handed the bytes on.
        if text.contains("timeout") || text.contains("timed out") || text.contains("deadline") {
            return Self::Unsure(error);
        }
        if *code == LIMIT_EXCEEDED || BUSY.iter().any(|words| text.contains(words)) {
            return Self::Busy(error);
        }
        Self::Refused(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: i64, message: &str) -> Answer {
        Answer::of(Err(ChainError::Refused {
            method: "eth_sendRawTransaction",
            code,
            message: message.to_owned(),
        }))
    }

    #[test]
    fn reads_what_nodes_say() {
        let nonce = "nonce too low: address 0x51, tx: 3 state: 5";
        assert!(matches!(read(-32000, nonce), Answer::NonceTooLow));
        assert!(matches!(read(-32010, "OldNonce"), Answer::NonceTooLow));
        assert!(matches!(read(-32000, "already known"), Answer::Known));
        assert!(matches!(read(-32010, "AlreadyKnown"), Answer::Known));
        let words = "replacement transaction underpriced: offer at least 10 % more";
        assert!(matches!(read(-32000, words), Answer::NonceInUse));
        let words = "transaction underpriced: tip needed 1";
        assert!(matches!(read(-32000, words), Answer::Underpriced));
        let words = "max fee per gas less than block base fee: address 0x51";
        assert!(matches!(read(-32000, words), Answer::Underpriced));
        let words = "nonce too high: address 0x51, tx: 9 state: 5";
        assert!(matches!(read(-32000, words), Answer::NonceTooHigh));
        let words = "insufficient funds for gas * price + value";
        assert!(matches!(read(-32000, words), Answer::NoFunds));
    }

    #[test]
    fn limits_are_waited_for_and_lost_answers_are_doubted() {
        assert!(matches!(read(-32005, "daily quota"), Answer::Busy(_)));
        assert!(matches!(read(429, "Too Many Requests"), Answer::Busy(_)));
        assert!(matches!(read(-32000, "txpool is full"), Answer::Busy(_)));
        let words = "context deadline exceeded";
        assert!(matches!(read(-32000, words), Answer::Unsure(_)));
        let lost = ChainError::Unreachable {
            url: "http://127.0.0.1:1/".to_owned(),
            reason: "connection reset".to_owned(),
        };
        assert!(matches!(Answer::of(Err(lost)), Answer::Unsure(_)));
        assert!(matches!(Answer::of(Ok(())), Answer::Taken));
    }

    #[test]
    fn what_no_node_takes_back_is_a_refusal() {
        for words in [
            "exceeds block gas limit",
            "oversized data",
            "invalid sender",
        ] {
            assert!(matches!(read(-32000, words), Answer::Refused(_)), "{words}");
        }
    }
}
