//! Log queries, and the filters that remember how far they were read.

use std::{collections::HashMap, time::Instant};

use alloy_primitives::{B256, U256};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};

use super::{Block, UnknownBlock, node::Node};

/// Filters that nobody asks about for this long are forgotten, as by go-ethereum.
const FILTER_LIFETIME_SECONDS: u64 = 300;

/// Why a log query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogQueryError {
    /// The range ends before it begins.
    #[error("invalid block range: from {from} to {to}")]
    Range {
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
    },
    /// The block asked for does not exist.
    #[error(transparent)]
    Block(#[from] UnknownBlock),
    /// No such filter, or it was not asked about for five minutes.
    #[error("filter not found: install it again")]
    UnknownFilter,
    /// The filter is of another kind.
    #[error("filter {0} is no log filter: eth_getFilterLogs needs one of eth_newFilter")]
    NotALogFilter(U256),
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

impl Node {
    pub(super) fn logs(&self, filter: &Filter) -> Result<Vec<Log>, LogQueryError> {
        let (from, to) = self.range(filter)?;
        let mut logs = Vec::new();
        for number in from..=to {
            logs.extend(self.ledger.block(number)?.matching(filter));
        }
        Ok(logs)
    }

    /// First and last block of a query; blocks that do not exist yet are left out.
    fn range(&self, filter: &Filter) -> Result<(u64, u64), LogQueryError> {
        let latest = self.ledger.latest().header.number;
        match &filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let number = self.ledger.number_of(*hash)?;
                Ok((number, number))
            }
            FilterBlockOption::Range {
                from_block,
                to_block,
            } => {
                let number = |tag: Option<alloy_eips::BlockNumberOrTag>| match tag {
                    Some(alloy_eips::BlockNumberOrTag::Number(number)) => number,
                    Some(alloy_eips::BlockNumberOrTag::Earliest) => 0,
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

/// What a filter reports.
#[derive(Clone, Debug)]
enum Subject {
    Logs(Box<Filter>),
    Blocks,
    PendingTransactions,
}

#[derive(Clone, Debug)]
struct Installed {
    subject: Subject,
    /// First block not yet reported.
    next_block: u64,
    used: Instant,
}

/// News since a filter was last asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Logs(Vec<Log>),
    Hashes(Vec<B256>),
}

/// The filters of `eth_newFilter` and its kin.
#[derive(Debug, Default)]
pub(super) struct Filters {
    installed: HashMap<U256, Installed>,
    next: u64,
}

impl Filters {
    fn install(&mut self, subject: Subject, next_block: u64) -> U256 {
        self.installed
            .retain(|_, filter| filter.used.elapsed().as_secs() < FILTER_LIFETIME_SECONDS);
        self.next += 1;
        let id = U256::from(self.next);
        self.installed.insert(
            id,
            Installed {
                subject,
                next_block,
                used: Instant::now(),
            },
        );
        id
    }

    pub(super) fn install_logs(&mut self, node: &Node, filter: Filter) -> U256 {
        self.install(
            Subject::Logs(Box::new(filter)),
            node.ledger.latest().header.number + 1,
        )
    }

    pub(super) fn install_blocks(&mut self, node: &Node) -> U256 {
        self.install(Subject::Blocks, node.ledger.latest().header.number + 1)
    }

    pub(super) fn install_transactions(&mut self, node: &Node) -> U256 {
        self.install(
            Subject::PendingTransactions,
            node.ledger.latest().header.number + 1,
        )
    }

    pub(super) fn uninstall(&mut self, id: U256) -> bool {
        self.installed.remove(&id).is_some()
    }

    /// What happened since the filter was last asked.
    pub(super) fn news(&mut self, node: &Node, id: U256) -> Result<News, LogQueryError> {
        let installed = self
            .installed
            .get_mut(&id)
            .ok_or(LogQueryError::UnknownFilter)?;
        installed.used = Instant::now();
        let latest = node.ledger.latest().header.number;
        // After a revert the chain is shorter than what was reported.
        let from = installed.next_block.min(latest + 1);
        installed.next_block = latest + 1;
        let mut hashes = Vec::new();
        let mut logs = Vec::new();
        for number in from..=latest {
            let block = node.ledger.block(number)?;
            match &installed.subject {
                Subject::Blocks => hashes.push(block.hash),
                Subject::PendingTransactions => {
                    hashes.extend(
                        block
                            .transactions
                            .iter()
                            .map(|transaction| transaction.hash()),
                    );
                }
                Subject::Logs(filter) => {
                    let (first, last) = filter.extract_block_range();
                    if first.is_none_or(|first| number >= first)
                        && last.is_none_or(|last| number <= last)
                    {
                        logs.extend(block.matching(filter));
                    }
                }
            }
        }
        Ok(match installed.subject {
            Subject::Logs(_) => News::Logs(logs),
            _ => News::Hashes(hashes),
        })
    }

    /// All logs that match a log filter.
    pub(super) fn all(&mut self, node: &Node, id: U256) -> Result<Vec<Log>, LogQueryError> {
        let installed = self
            .installed
            .get_mut(&id)
            .ok_or(LogQueryError::UnknownFilter)?;
        installed.used = Instant::now();
        match &installed.subject {
            Subject::Logs(filter) => node.logs(filter),
            _ => Err(LogQueryError::NotALogFilter(id)),
        }
    }
}
