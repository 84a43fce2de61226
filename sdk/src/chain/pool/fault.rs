//! What goes wrong at an endpoint, and what its errors mean.

use std::{fmt, time::Duration};

use alloy::rpc::json_rpc::ErrorPayload;

use crate::http::excerpt;

/// Why an endpoint did not answer a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection, or it broke.
    Unreachable(String),
    /// No answer in time.
    TimedOut(Duration),
    /// An HTTP status that is no success, without a JSON-RPC answer.
    Status(u16, String),
    /// Too many requests.
    Limited(Option<Duration>, String),
    /// An answer beyond the size that is read, bytes.
    TooLarge(usize),
    /// An answer that is no JSON-RPC.
    Garbage(String),
    /// An error of the endpoint's own making.
    Broken(i64, String),
    /// It serves another chain.
    WrongChain {
        /// The chain id asked for.
        expected: u64,
        /// The chain id that it reports.
        found: u64,
    },
    /// It was caught at answering wrongly.
    Quarantined(String),
}

impl Fault {
    /// Whether the endpoint is to blame. A large answer may be what was asked for, and a
    /// limit is handled by asking less often.
    pub(super) const fn counts(&self) -> bool {
        !matches!(self, Self::TooLarge(_) | Self::Limited(..))
    }

    /// Whether it may be over in a moment. Who takes all the time there is for an answer would
    /// take it again.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Status(500.., _) | Self::Garbage(_) | Self::Broken(..)
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => f.write_str(reason),
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Self::Status(status, body) if body.is_empty() => write!(f, "HTTP status {status}"),
            Self::Status(status, body) => write!(f, "HTTP status {status}: {body}"),
            Self::Limited(Some(pause), reason) => {
                write!(
                    f,
                    "too many requests, to be tried again in {pause:?} ({reason})"
                )
            }
            Self::Limited(None, reason) => write!(f, "too many requests ({reason})"),
            Self::TooLarge(limit) => write!(f, "an answer of more than {limit} bytes"),
            Self::Garbage(reason) => write!(f, "an answer that is no JSON-RPC: {reason}"),
            Self::Broken(code, message) => write!(f, "{message} (code {code})"),
            Self::WrongChain { expected, found } => {
                write!(f, "it serves chain {found}, not chain {expected}")
            }
            Self::Quarantined(reason) => write!(f, "quarantined: {reason}"),
        }
    }
}

/// No endpoint answered: what went wrong at each, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Exhausted(pub(crate) Vec<(String, Fault)>);

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, fault)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name}: {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {}

/// What an error answer means for where to ask next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An answer: asking elsewhere would give the same.
    Answer,
    /// Asked too often.
    Limited,
    /// This endpoint does not have it, another may.
    Elsewhere,
    /// The endpoint failed.
    Broken,
}

const LIMITED: [&str; 9] = [
    "rate limit",
    "ratelimit",
    "too many requests",
    "throughput",
    "compute units",
    "requests per second",
    "request limit",
    "request count exceeded",
    "quota",
];

const ELSEWHERE: [&str; 8] = [
    "header not found",
    "block not found",
    "unknown block",
    "could not find block",
    "not supported",
    "method not found",
    "does not exist/is not available",
    "beyond current head",
];

/// What nodes say of history that they do not have any more.
const PRUNED: [&str; 8] = [
    "missing trie node",
    "pruned",
    "historical state",
    "history is not available",
    "history unavailable",
    "state is not available",
    "state not available",
    "ancient",
];

/// Whether an error's text says that history is gone.
pub(crate) fn says_pruned(message: &str) -> bool {
    contains(&message.to_lowercase(), &PRUNED)
}

fn contains(text: &str, any: &[&str]) -> bool {
    any.iter().any(|part| text.contains(part))
}

/// What an endpoint says was wrong, as far as it is worth keeping.
pub(super) fn message(error: &ErrorPayload) -> String {
    excerpt(error.message.as_bytes())
}

pub(super) fn meaning(method: &str, error: &ErrorPayload) -> Meaning {
    let text = error.message.to_lowercase();
    // 3 is geth's code of a revert.
    if error.code == 3 || text.contains("revert") {
        return Meaning::Answer;
    }
    // `eth_getLogs` is refused with -32005 for a range that is too wide as well.
    let ranged = method == "eth_getLogs";
    if error.code == 429 || contains(&text, &LIMITED) || (error.code == -32005 && !ranged) {
        return Meaning::Limited;
    }
    if error.code == -32601 || contains(&text, &ELSEWHERE) || contains(&text, &PRUNED) {
        return Meaning::Elsewhere;
    }
    // A node that gives up on a wide range says so in many ways.
    let tired = contains(&text, &["timeout", "timed out", "deadline"]);
    if (error.code == -32603 || tired) && !ranged {
        return Meaning::Broken;
    }
    Meaning::Answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i64, message: &'static str) -> ErrorPayload {
        ErrorPayload {
            code,
            message: message.into(),
            data: None,
        }
    }

    #[test]
    fn a_contracts_answer_is_an_answer() {
        for error in [
            error(3, "execution reverted"),
            error(-32000, "nonce too low: 4"),
        ] {
            assert_eq!(meaning("eth_call", &error), Meaning::Answer, "{error:?}");
        }
    }

    #[test]
    fn knows_a_rate_limit_from_a_limit_of_a_range() {
        let limits = [
            error(429, "slow down"),
            error(-32005, "limit exceeded"),
            error(
                -32000,
                "Your app has exceeded its compute units per second capacity",
            ),
        ];
        for error in limits {
            assert_eq!(meaning("eth_call", &error), Meaning::Limited, "{error:?}");
        }
        let range = error(-32005, "query returned more than 10000 results");
        assert_eq!(meaning("eth_getLogs", &range), Meaning::Answer);
        let rate = error(-32005, "daily request count exceeded, request rate limited");
        assert_eq!(meaning("eth_getLogs", &rate), Meaning::Limited);
    }

    #[test]
    fn what_one_node_lacks_another_may_have() {
        for message in [
            "missing trie node 1a (path )",
            "header not found",
            "history has been pruned for this block",
        ] {
            assert_eq!(
                meaning("eth_call", &error(-32000, message)),
                Meaning::Elsewhere
            );
        }
        assert_eq!(meaning("eth_call", &error(-32603, "oops")), Meaning::Broken);
    }
}
