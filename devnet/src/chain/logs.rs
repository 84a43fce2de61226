//! Log queries.

use std::time::{Duration, Instant};

use alloy_eips::BlockNumberOrTag;
use alloy_primitives::U256;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};

use super::{Block, UnknownBlock, events::Event, filters::MAX_FILTERS, ledger::Ledger};

/// Logs that one query may give.
const MAX_LOGS: usize = 10_000;
/// Bytes of data in the logs that one query may give.
const MAX_LOG_DATA: usize = 32 << 20;
/// How long one query may search.
const MAX_SEARCH: Duration = Duration::from_secs(10);
/// Addresses, or topics in one position, that a filter may name, as in go-ethereum.
pub(crate) const MAX_ALTERNATIVES: usize = 1_000;

/// Why a log query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogQueryError {
    /// The range ends before it begins.
    #[error("invalid block range params: from {from} to {to}")]
    Range {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
    },
    /// The block asked for does not exist.
    #[error(transparent)]
    Block(#[from] UnknownBlock),
    /// The filter names too many addresses or topics.
    #[error(
        "exceed max addresses or topics per search position: {0}, at most {MAX_ALTERNATIVES}; \
         split the query"
    )]
    TooManyAlternatives(usize),
    /// The answer would be too large.
    #[error(
        "query returned more than {MAX_LOGS} results or {MAX_LOG_DATA} bytes of data: ask for \
         fewer blocks, addresses or topics"
    )]
    TooManyLogs,
    /// The search took too long.
    #[error("query timeout exceeded: searched for {} s up to block {reached}; ask for fewer blocks, addresses or topics", MAX_SEARCH.as_secs())]
    Timeout {
        /// First block that was not searched.
        reached: u64,
    },
    /// No such filter, or it was not asked about for five minutes.
    #[error("filter not found: install it again")]
    UnknownFilter,
    /// More happened since the filter was last asked than the chain remembers.
    #[error("filter not found: it was not asked about while {0} things happened; install it again")]
    FilterBehind(usize),
    /// There are too many filters already.
    #[error(
        "too many filters: {0} of at most {MAX_FILTERS} are installed and name too much already; \
         uninstall some, or wait until they expire after five minutes without use"
    )]
    TooManyFilters(usize),
    /// The filter is of another kind.
    #[error("filter {0} is no log filter: eth_getFilterLogs needs one of eth_newFilter")]
    NotALogFilter(U256),
}

/// What an answer may still hold.
#[derive(Debug)]
pub(super) struct LogBudget {
    logs: usize,
    data: usize,
}

impl Default for LogBudget {
    fn default() -> Self {
        Self {
            logs: MAX_LOGS,
            data: MAX_LOG_DATA,
        }
    }
}

impl LogBudget {
    pub(super) fn spend(&mut self, log: &Log) -> Result<(), LogQueryError> {
        let spent = self
            .logs
            .checked_sub(1)
            .zip(self.data.checked_sub(log.inner.data.data.len()));
        (self.logs, self.data) = spent.ok_or(LogQueryError::TooManyLogs)?;
        Ok(())
    }
}

/// Addresses and topics that a filter names.
pub(crate) fn terms(filter: &Filter) -> usize {
    let topics: usize = filter.topics.iter().map(|topic| topic.iter().count()).sum();
    filter.address.iter().count() + topics
}

/// Refuses a filter that names too much.
pub(crate) fn check_terms(filter: &Filter) -> Result<(), LogQueryError> {
    let topics = filter.topics.iter().map(|topic| topic.iter().count());
    match topics.chain([filter.address.iter().count()]).max() {
        Some(count) if count > MAX_ALTERNATIVES => Err(LogQueryError::TooManyAlternatives(count)),
        _ => Ok(()),
    }
}

impl Event {
    /// The event's logs that match a filter, and what is to be said of them.
    pub(crate) fn matching<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Log> + 'a {
        let (block, removed) = match self {
            Self::Block(block) => (Some(block), false),
            Self::Removed(block) => (Some(block), true),
            Self::Pending(_) => (None, false),
        };
        let (first, last) = filter.extract_block_range();
        block
            .into_iter()
            .filter(move |block| {
                let number = block.header.number;
                first.is_none_or(|first| number >= first) && last.is_none_or(|last| number <= last)
            })
            .flat_map(|block| block.matching(filter))
            .map(move |log| Log { removed, ..log })
    }
}

impl Block {
    /// The block's logs that match a filter.
    fn matching<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Log> + 'a {
        let candidate = filter.matches_bloom(self.header.logs_bloom);
        self.all_logs()
            .take_while(move |_| candidate)
            .filter(move |log| filter.matches(&log.inner))
    }

    /// All logs of the block with their places.
    pub fn all_logs(&self) -> impl Iterator<Item = Log> + '_ {
        (0..self.receipts.len()).flat_map(|index| self.logs_of(index))
    }

    /// The logs of one transaction with their places.
    pub fn logs_of(&self, index: usize) -> impl Iterator<Item = Log> + '_ {
        self.transactions
            .iter()
            .zip(&self.receipts)
            .skip(index)
            .take(1)
            .flat_map(move |(transaction, receipt)| {
                receipt
                    .logs
                    .iter()
                    .enumerate()
                    .map(move |(place, log)| Log {
                        inner: log.clone(),
                        block_hash: Some(self.hash),
                        block_number: Some(self.header.number),
                        block_timestamp: Some(self.header.timestamp),
                        transaction_hash: Some(transaction.hash()),
                        transaction_index: Some(index as u64),
                        log_index: Some(receipt.first_log_index + place as u64),
                        removed: false,
                    })
            })
    }
}

impl Ledger {
    pub(super) fn logs(&self, filter: &Filter) -> Result<Vec<Log>, LogQueryError> {
        let (from, to) = self.range(filter)?;
        let until = Instant::now() + MAX_SEARCH;
        let mut budget = LogBudget::default();
        let mut logs = Vec::new();
        for number in from..=to {
            if number % 64 == 0 && Instant::now() > until {
                return Err(LogQueryError::Timeout { reached: number });
            }
            for log in self.block(number)?.matching(filter) {
                budget.spend(&log)?;
                logs.push(log);
            }
        }
        Ok(logs)
    }

    /// First and last block of a query; blocks that do not exist yet are left out.
    fn range(&self, filter: &Filter) -> Result<(u64, u64), LogQueryError> {
        let latest = self.latest().header.number;
        match &filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let number = self.number_of(*hash)?;
                Ok((number, number))
            }
            FilterBlockOption::Range {
                from_block,
                to_block,
            } => {
                let number = |tag: Option<BlockNumberOrTag>| match tag {
                    Some(BlockNumberOrTag::Number(number)) => number,
                    Some(BlockNumberOrTag::Earliest) => 0,
                    _ => latest,
                };
                let (from, to) = (number(*from_block), number(*to_block));
                if from > to && from_block.is_some() && to_block.is_some() {
                    return Err(LogQueryError::Range { from, to });
                }
                Ok((from, to.min(latest)))
            }
        }
    }
}
