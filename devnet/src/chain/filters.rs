//! Filters that are asked for news: `eth_newFilter` and its kin.

use std::{collections::HashMap, sync::Arc, time::Instant};

use alloy_primitives::{B256, U256};
use alloy_rpc_types_eth::{Filter, Log};

use super::{
    LogQueryError,
    events::Event,
    logs::{LogBudget, terms},
};

/// Filters that nobody asks about for this long are forgotten, as by go-ethereum.
const FILTER_LIFETIME_SECONDS: u64 = 300;
/// Filters on one chain.
pub(crate) const MAX_FILTERS: usize = 10_000;
/// Addresses and topics that all filters of a chain name together.
const MAX_TERMS: usize = 200_000;

/// What a filter reports.
#[derive(Clone, Debug)]
enum Subject {
    Logs(Arc<Filter>),
    Blocks,
    PendingTransactions,
}

impl Subject {
    fn terms(&self) -> usize {
        match self {
            Self::Logs(filter) => terms(filter),
            Self::Blocks | Self::PendingTransactions => 0,
        }
    }
}

#[derive(Clone, Debug)]
struct Installed {
    subject: Subject,
    /// Place of the first event that was not yet reported.
    place: u64,
    used: Instant,
}

/// News since a filter was last asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    Logs(Vec<Log>),
    Hashes(Vec<B256>),
}

/// What a filter has not reported yet.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    subject: Subject,
    /// Place of the first event.
    pub(super) from: u64,
}

impl Unread {
    /// The news among the events that were not reported.
    pub(super) fn news(&self, events: &[Event]) -> Result<News, LogQueryError> {
        let hashes = |hash: fn(&Event) -> Option<B256>| {
            Ok(News::Hashes(events.iter().filter_map(hash).collect()))
        };
        match &self.subject {
            Subject::Logs(filter) => {
                let mut budget = LogBudget::default();
                let mut logs = Vec::new();
                for log in events.iter().flat_map(|event| event.matching(filter)) {
                    budget.spend(&log)?;
                    logs.push(log);
                }
                Ok(News::Logs(logs))
            }
            Subject::Blocks => hashes(|event| match event {
                Event::Block(block) => Some(block.hash),
                _ => None,
            }),
            Subject::PendingTransactions => hashes(|event| match event {
                Event::Pending(transaction) => Some(transaction.hash()),
                _ => None,
            }),
        }
    }
}

/// All filters of a chain.
#[derive(Debug, Default)]
pub(super) struct Filters {
    installed: HashMap<U256, Installed>,
    last: u64,
}

impl Filters {
    fn install(&mut self, subject: Subject, place: u64) -> Result<U256, LogQueryError> {
        self.installed
            .retain(|_, filter| filter.used.elapsed().as_secs() < FILTER_LIFETIME_SECONDS);
        let terms: usize = self
            .installed
            .values()
            .map(|filter| filter.subject.terms())
            .sum();
        if self.installed.len() >= MAX_FILTERS || terms + subject.terms() > MAX_TERMS {
            return Err(LogQueryError::TooManyFilters(self.installed.len()));
        }
        let id = self.new_id();
        self.installed.insert(
            id,
            Installed {
                subject,
                place,
                used: Instant::now(),
            },
        );
        Ok(id)
    }

    /// An id that no filter and no subscription has had.
    pub(super) fn new_id(&mut self) -> U256 {
        self.last += 1;
        U256::from(self.last)
    }

    pub(super) fn install_logs(
        &mut self,
        place: u64,
        filter: Filter,
    ) -> Result<U256, LogQueryError> {
        self.install(Subject::Logs(Arc::new(filter)), place)
    }

    pub(super) fn install_blocks(&mut self, place: u64) -> Result<U256, LogQueryError> {
        self.install(Subject::Blocks, place)
    }

    pub(super) fn install_transactions(&mut self, place: u64) -> Result<U256, LogQueryError> {
        self.install(Subject::PendingTransactions, place)
    }

    pub(super) fn uninstall(&mut self, id: U256) -> bool {
        self.installed.remove(&id).is_some()
    }

    fn asked(&mut self, id: U256) -> Result<&mut Installed, LogQueryError> {
        let installed = self
            .installed
            .get_mut(&id)
            .filter(|filter| filter.used.elapsed().as_secs() < FILTER_LIFETIME_SECONDS)
            .ok_or(LogQueryError::UnknownFilter)?;
        installed.used = Instant::now();
        Ok(installed)
    }

    /// Takes what has not been reported yet, up to the event before `next`.
    pub(super) fn take(&mut self, id: U256, next: u64) -> Result<Unread, LogQueryError> {
        let installed = self.asked(id)?;
        let from = installed.place;
        installed.place = from.max(next);
        Ok(Unread {
            subject: installed.subject.clone(),
            from,
        })
    }

    /// Puts back what could not be reported.
    pub(super) fn put_back(&mut self, id: U256, unread: &Unread) {
        if let Some(installed) = self.installed.get_mut(&id) {
            installed.place = unread.from;
        }
    }

    /// The criteria of a log filter.
    pub(super) fn criteria(&mut self, id: U256) -> Result<Arc<Filter>, LogQueryError> {
        match &self.asked(id)?.subject {
            Subject::Logs(filter) => Ok(filter.clone()),
            _ => Err(LogQueryError::NotALogFilter(id)),
        }
    }
}
