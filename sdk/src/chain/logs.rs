//! Events of a range of blocks, in chunks that fit what an endpoint answers.

use alloy::{
    providers::Provider,
    rpc::types::{Filter, Log},
};
use alloy_primitives::{Address, B256};

use super::{Chain, ChainError};

/// How many blocks are asked for at first; common public limits lie at 10,000 and below.
const WIDEST: u64 = 10_000;

/// Reads events of one contract forward through the chain.
///
/// An endpoint that refuses a range (too many blocks, too many results) is asked for half
/// of it; after a success the range grows again.
#[derive(Clone, Debug)]
pub struct Logs {
    chain: Chain,
    filter: Filter,
    width: u64,
}

impl Logs {
    /// Events of `emitter` whose first topic is one of `topics`.
    #[must_use]
    pub fn new(chain: Chain, emitter: Address, topics: Vec<B256>) -> Self {
        let filter = Filter::new().address(emitter).event_signature(topics);
        Self {
            chain,
            filter,
            width: WIDEST,
        }
    }

    /// Only events whose first indexed argument is this.
    #[must_use]
    pub fn about(mut self, argument: B256) -> Self {
        self.filter = self.filter.topic1(argument);
        self
    }

    /// The events from block `from` on, up to `to` at most, and the first block that was
    /// not looked at. Call it again from there.
    ///
    /// # Errors
    ///
    /// What the endpoint answers when even one single block is refused, or the network.
    pub async fn next(&mut self, from: u64, to: u64) -> Result<(Vec<Log>, u64), ChainError> {
        loop {
            let last = to.min(from.saturating_add(self.width - 1));
            let filter = self.filter.clone().from_block(from).to_block(last);
            match self.chain.provider().get_logs(&filter).await {
                Ok(logs) => {
                    self.width = (self.width * 2).min(WIDEST);
                    return Ok((logs, last + 1));
                }
                Err(error) if error.is_error_resp() && last > from => {
                    self.width = ((last - from) / 2).max(1);
                    tracing::debug!(width = self.width, %error, "asking for fewer blocks at a time");
                }
                Err(error) => return Err(self.chain.rpc_error("eth_getLogs")(error)),
            }
        }
    }
}
