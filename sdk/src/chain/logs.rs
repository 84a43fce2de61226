//! Events of a range of blocks, in chunks that fit what an endpoint answers.

use std::collections::HashMap;

use alloy::{
    providers::Provider,
    rpc::types::{Filter, Log},
    transports::{RpcError, TransportError, TransportErrorKind},
};
use alloy_primitives::{Address, B256};

use super::{
    Chain, ChainError,
    pool::{Exhausted, Fault, says_pruned},
    range,
};
use crate::http::excerpt;

/// How many blocks are asked for at first; common public limits lie at 10,000 and below.
const WIDEST: u64 = 10_000;

/// After so many chunks in a row at the widest that an endpoint took, more is tried again.
const TRY_WIDER_AFTER: u32 = 32;

/// No chain has made so many blocks since anything was deployed on it: at ten a second it takes
/// thirteen years. Whoever names a later one would have it read on and on.
const MOST_BLOCKS: u64 = 1 << 32;

/// What [`Logs::all`] keeps at most, bytes in memory.
const MOST_KEPT: usize = 512 << 20;

/// Reads events of one contract forward through the chain.
///
/// An endpoint that refuses a range (too many blocks, too many results, too large an answer)
/// is asked for less of it: for the range that its error names, if it names one, or else for
/// half. After some successes the range grows again.
///
/// What comes back is held against the question: events outside the range, of another
/// contract or another kind, out of order, twice, or marked as undone are no answer
/// ([`ChainError::Untrue`]), and with several endpoints whoever gives it is not believed any
/// more.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_sol_types::SolEvent;
/// use arbius_sdk::{chain::Logs, contracts::IToken};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
///
/// let chain = deployment.connect().await?;
/// let head = chain.head().await?.number;
/// let topics = vec![IToken::Transfer::SIGNATURE_HASH];
/// let mut logs = Logs::new(chain, deployment.token()?, topics);
/// let transfers = logs.all(deployment.block, head).await?;
/// assert!(!transfers.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Logs {
    chain: Chain,
    question: Question,
    width: u64,
    widest: u64,
    successes: u32,
}

/// Which events.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) emitter: Address,
    pub(super) topics: Vec<B256>,
    argument: Option<B256>,
}

impl Question {
    pub(super) fn filter(&self) -> Filter {
        let filter = Filter::new()
            .address(self.emitter)
            .event_signature(self.topics.clone());
        match self.argument {
            Some(argument) => filter.topic1(argument),
            None => filter,
        }
    }

    /// Whether an event is one of those that were asked for.
    fn fits(&self, log: &Log) -> bool {
        let topics = log.topics();
        log.address() == self.emitter
            && topics
                .first()
                .is_some_and(|topic| self.topics.contains(topic))
            && self
                .argument
                .is_none_or(|argument| topics.get(1) == Some(&argument))
    }

    /// Says what about an answer cannot be true.
    pub(super) fn check(&self, logs: &[Log], from: u64, to: u64) -> Result<(), String> {
        let mut hashes = HashMap::new();
        let mut last = None;
        for log in logs {
            let (Some(block), Some(hash), Some(index)) =
                (log.block_number, log.block_hash, log.log_index)
            else {
                return Err("an event without its place".to_owned());
            };
            if log.removed {
                return Err(format!("an undone event, of block {block}"));
            }
            if !(from..=to).contains(&block) {
                return Err(format!("an event of block {block}, outside {from} to {to}"));
            }
            if !self.fits(log) {
                return Err(format!("an event of block {block} that was not asked for"));
            }
            if last.is_some_and(|last| last >= (block, index)) {
                return Err(format!("events out of order or twice, at block {block}"));
            }
            if *hashes.entry(block).or_insert(hash) != hash {
                return Err(format!("two blocks {block}"));
            }
            last = Some((block, index));
        }
        Ok(())
    }
}

impl Logs {
    /// Events of `emitter` whose first topic is one of `topics`.
    #[must_use]
    pub fn new(chain: Chain, emitter: Address, topics: Vec<B256>) -> Self {
        Self {
            chain,
            question: Question {
                emitter,
                topics,
                argument: None,
            },
            width: WIDEST,
            widest: WIDEST,
            successes: 0,
        }
    }

    /// Only events whose first indexed argument is this.
    #[must_use]
    pub const fn about(mut self, argument: B256) -> Self {
        self.question.argument = Some(argument);
        self
    }

    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) const fn question(&self) -> &Question {
        &self.question
    }

    /// All events from block `from` to the newest, inclusive, without a gap.
    ///
    /// # Errors
    ///
    /// As [`Logs::all`]; [`ChainError::Untrue`] also where the newest block is said to be one
    /// that cannot have been made yet.
    pub async fn to_head(&mut self, from: u64) -> Result<Vec<Log>, ChainError> {
        let head = self.head(from).await?;
        self.all(from, head).await
    }

    /// The number of the newest block, to read up to it from `from` on.
    pub(crate) async fn head(&self, from: u64) -> Result<u64, ChainError> {
        let mut failure = None;
        for view in self.views() {
            match view.head().await {
                Ok(head) if head.number.saturating_sub(from) <= MOST_BLOCKS => {
                    return Ok(head.number);
                }
                Ok(head) => {
                    let reason = format!(
                        "its newest block is {}, too far from block {from} to be true",
                        head.number
                    );
                    let untrue = view.untrue("eth_getBlockByNumber", reason);
                    failure = failure.or(Some(untrue));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| ChainError::from_faults(&[], "eth_getBlockByNumber")))
    }

    /// All events from block `from` to block `to`, inclusive, without a gap.
    ///
    /// # Errors
    ///
    /// As [`Logs::next`]; [`ChainError::TooManyEvents`].
    pub async fn all(&mut self, from: u64, to: u64) -> Result<Vec<Log>, ChainError> {
        let emitter = self.question.emitter;
        let mut all = Vec::new();
        let mut kept = 0_usize;
        self.in_parts(from, to, |found| {
            kept = kept.saturating_add(found.iter().map(in_memory).sum());
            if kept > MOST_KEPT {
                return Err(ChainError::TooManyEvents {
                    emitter,
                    to,
                    limit: MOST_KEPT,
                });
            }
            all.extend(found);
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// As [`Logs::all`], handing over what each answer holds.
    pub(crate) async fn in_parts(
        &mut self,
        mut from: u64,
        to: u64,
        mut take: impl FnMut(Vec<Log>) -> Result<(), ChainError>,
    ) -> Result<(), ChainError> {
        while from <= to {
            let (found, next) = self.next(from, to).await?;
            take(found)?;
            if next <= from {
                // That was the last block that there can be.
                break;
            }
            from = next;
        }
        Ok(())
    }

    /// The events from block `from` on, up to `to` at most, and the first block that was
    /// not looked at. Call it again from there.
    ///
    /// # Errors
    ///
    /// What the endpoint answers when even one single block is refused, or the network;
    /// [`ChainError::Pruned`] if it has no such history any more; [`ChainError::Untrue`].
    pub async fn next(&mut self, from: u64, to: u64) -> Result<(Vec<Log>, u64), ChainError> {
        let mut failure = None;
        for view in self.views() {
            match self.read(&view, from, to).await {
                Ok(found) => return Ok(found),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| ChainError::from_faults(&[], "eth_getLogs")))
    }

    /// Each endpoint by itself: whoever answers is known then, and so whom to distrust.
    fn views(&self) -> Vec<Chain> {
        let order = self.chain.pool().order();
        if order.len() < 2 {
            return vec![self.chain.clone()];
        }
        let views = order.into_iter().map(|index| self.chain.through(index));
        views.collect()
    }

    /// As [`Logs::next`], by one endpoint.
    pub(super) async fn read(
        &mut self,
        view: &Chain,
        from: u64,
        to: u64,
    ) -> Result<(Vec<Log>, u64), ChainError> {
        if from > to {
            return Ok((Vec::new(), from));
        }
        loop {
            let last = to.min(from.saturating_add(self.width - 1));
            let filter = self.question.filter().from_block(from).to_block(last);
            match view.provider().get_logs(&filter).await {
                Ok(logs) => {
                    if let Err(reason) = self.question.check(&logs, from, last) {
                        return Err(view.untrue("eth_getLogs", reason));
                    }
                    self.grow();
                    return Ok((logs, last.saturating_add(1)));
                }
                Err(error) => {
                    let message = error.as_error_resp().map(|error| &*error.message);
                    if let Some(reason) = message.filter(|message| says_pruned(message)) {
                        return Err(ChainError::Pruned {
                            url: view.name(),
                            block: from,
                            reason: excerpt(reason.as_bytes()),
                        });
                    }
                    let refused = message.is_some() || is_too_much(&error);
                    if !refused || last == from {
                        return Err(view.rpc_error("eth_getLogs")(error));
                    }
                    self.shrink(last - from + 1, message.unwrap_or_default());
                    tracing::debug!(width = self.width, %error, "asking for fewer blocks at a time");
                }
            }
        }
    }

    /// The events of one block, by its hash: an endpoint that does not have the block cannot
    /// take it for one without events.
    pub(super) async fn of_block(&self, view: &Chain, hash: B256) -> Result<Vec<Log>, ChainError> {
        let filter = self.question.filter().at_block_hash(hash);
        let logs = view.provider().get_logs(&filter).await;
        logs.map_err(view.rpc_error("eth_getLogs"))
    }

    fn grow(&mut self) {
        if self.width < self.widest {
            self.width = (self.width * 2).min(self.widest);
            return;
        }
        self.successes += 1;
        if self.successes >= TRY_WIDER_AFTER {
            self.successes = 0;
            self.widest = (self.widest * 2).min(WIDEST);
        }
    }

    fn shrink(&mut self, asked: u64, message: &str) {
        let half = (asked / 2).max(1);
        self.width = match range::suggested(message) {
            Some(blocks) if blocks < asked => blocks,
            _ => half,
        };
        self.widest = self.width;
        self.successes = 0;
    }
}

/// What an event takes, bytes.
fn in_memory(log: &Log) -> usize {
    size_of::<Log>() + size_of_val(log.topics()) + log.data().data.len()
}

/// Whether an endpoint could not answer for the size of the answer alone.
fn is_too_much(error: &TransportError) -> bool {
    let RpcError::Transport(TransportErrorKind::Custom(source)) = error else {
        return false;
    };
    let too_much =
        |(_, fault): &(String, Fault)| matches!(fault, Fault::TooLarge(_) | Fault::TimedOut(_));
    source
        .downcast_ref::<Exhausted>()
        .is_some_and(|Exhausted(faults)| faults.iter().any(too_much))
}
