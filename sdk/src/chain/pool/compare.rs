//! Heads held against each other.
//!
//! Every few seconds each endpoint is asked for its newest block, and, at the greatest number
//! that all have, for its hash. Who is too far behind is not asked for a while; who tells of
//! another block than most is not believed any more.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64};
use futures_util::future::join_all;

use super::{Pool, health::Lag};
use crate::chain::header::Header;

/// Two nodes may be caught on both sides of a reorganisation: what still differs after this
/// long is a contradiction.
const SETTLING: Duration = Duration::from_millis(500);

impl Pool {
    /// Compares the heads once.
    pub(super) async fn compare(self: &Arc<Self>) {
        let heads = self.heads().await;
        // A single one that is far ahead of two others may be lying.
        let mut numbers: Vec<u64> = heads.iter().map(|(_, head)| head.number()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let best = match numbers[..] {
            [] | [_] => return,
            [first, _] => first,
            [_, second, ..] => second,
        };
        let newest = heads
            .iter()
            .filter(|(_, head)| head.number() <= best)
            .map(|(_, head)| head.timestamp())
            .max()
            .unwrap_or_default();
        let mut level = Vec::new();
        for (index, head) in &heads {
            let blocks = best.saturating_sub(head.number());
            let seconds = newest.saturating_sub(head.timestamp());
            let too_far = blocks > self.options.max_lag_blocks
                || (blocks > 0 && seconds > self.options.max_lag.as_secs());
            let endpoint = &self.endpoints()[*index];
            let mut health = endpoint.health();
            let was = health.lag.is_some_and(|lag| lag.too_far);
            if too_far && !was {
                tracing::warn!(endpoint = endpoint.name(), blocks, "an endpoint is behind");
            }
            health.head = Some(head.number());
            health.lag = Some(Lag { blocks, too_far });
            if !too_far {
                level.push((*index, head.number()));
            }
        }
        let Some(common) = level.iter().map(|(_, number)| *number).min() else {
            return;
        };
        let level: Vec<usize> = level.into_iter().map(|(index, _)| index).collect();
        let mut opinions = self.hashes(&level, common).await;
        if disagree(&opinions) {
            tokio::time::sleep(SETTLING).await;
            opinions = self.hashes(&level, common).await;
        }
        self.judge(common, &opinions);
    }

    async fn heads(self: &Arc<Self>) -> Vec<(usize, Header)> {
        let asked = self.order().into_iter().map(|index| async move {
            let header = self
                .ask_at::<Header>(index, "eth_getBlockByNumber", ("latest", false))
                .await;
            (index, header)
        });
        let answers = join_all(asked).await;
        let answered = answers.into_iter();
        answered
            .filter_map(|(index, header)| Some((index, header.ok()?)))
            .collect()
    }

    /// The hash of one block, by whoever knows it.
    pub(crate) async fn hashes(self: &Arc<Self>, of: &[usize], number: u64) -> Vec<(usize, B256)> {
        let asked = of.iter().map(|index| async move {
            let params = (U64::from(number), false);
            let header = self
                .ask_at::<Header>(*index, "eth_getBlockByNumber", params)
                .await;
            (*index, header)
        });
        let answers = join_all(asked).await.into_iter();
        answers
            .filter_map(|(index, header)| Some((index, header.ok()?.hash)))
            .collect()
    }

    /// Quarantines those that are outvoted.
    fn judge(&self, number: u64, opinions: &[(usize, B256)]) {
        let mut votes: HashMap<B256, usize> = HashMap::new();
        for (_, hash) in opinions {
            *votes.entry(*hash).or_default() += 1;
        }
        let majority = votes
            .iter()
            .find(|(_, count)| 2 * **count > opinions.len())
            .map(|(hash, _)| *hash);
        let Some(majority) = majority else {
            if !opinions.is_empty() && !self.disputed.swap(true, Ordering::Relaxed) {
                let say = |(index, hash): &(usize, B256)| {
                    format!("{}: {hash}", self.endpoints()[*index].name())
                };
                let said: Vec<String> = opinions.iter().map(say).collect();
                tracing::error!(
                    block = number,
                    said = said.join(", "),
                    "the endpoints contradict each other and there is no majority; what depends \
                     on money waits; add an endpoint, or remove the wrong one"
                );
            }
            return;
        };
        if self.disputed.swap(false, Ordering::Relaxed) {
            tracing::info!(block = number, "the endpoints agree again");
        }
        for (index, hash) in opinions {
            let endpoint = &self.endpoints()[*index];
            if *hash == majority {
                endpoint.health().agrees(Instant::now());
            } else {
                endpoint.quarantine(format!(
                    "its block {number} is {hash}, while most have {majority}"
                ));
            }
        }
    }
}

fn disagree(opinions: &[(usize, B256)]) -> bool {
    opinions.windows(2).any(|pair| pair[0].1 != pair[1].1)
}
