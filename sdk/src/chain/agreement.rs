//! Answers that money depends on, from two endpoints.

use std::time::Duration;

use alloy::{eips::BlockId, network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{Chain, ChainError, Revert};

/// How long the others are waited for once two endpoints have answered: a third may settle what
/// they disagree on.
const GRACE: Duration = Duration::from_secs(1);

/// How many endpoints have to share an answer of [`Chain::agreed_read`].
///
/// It says nothing of a chain with a single endpoint: there is nobody else to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agreement {
    /// Two, or there is no answer: who names several endpoints wants them to agree.
    #[default]
    Required,
    /// Two if two can be asked, or else the one that can.
    WhenReachable,
}

/// What a contract answered: its output, or its revert.
type Answer = Result<Bytes, Revert>;

impl Chain {
    /// As [`Chain::read`], from two endpoints at the same block: for what money depends on and
    /// a lie could cost, such as whether a task is contested, solved by another, or lost.
    ///
    /// The block is the newest that both have. Where they differ a third is asked, if there is
    /// one, and the odd one is not believed any more. With a single endpoint, this is a plain
    /// read.
    ///
    /// # Errors
    ///
    /// As [`Chain::read`]; [`ChainError::Disagreement`] if no two share an answer, and
    /// [`ChainError::Unconfirmed`] if only one could be asked ([`Agreement`]).
    pub async fn agreed_read<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ChainError> {
        if self.is_alone() {
            return self.read(to, call).await;
        }
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(Bytes::from(call.abi_encode()));
        let data = self.agreed(&request, C::SIGNATURE).await?;
        self.decode::<C>(to, data).await
    }

    /// Whether there is one endpoint only, and so nobody else to ask.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.pool().endpoints().len() < 2
    }

    pub(super) async fn agreed(
        &self,
        request: &TransactionRequest,
        purpose: &'static str,
    ) -> Result<Bytes, ChainError> {
        self.pool().maintain();
        let views: Vec<Self> = self
            .pool()
            .order()
            .into_iter()
            .map(|index| self.through(index))
            .collect();
        let (reachable, mut failure) = reachable(views).await;
        let block = match &reachable[..] {
            [] => return Err(failure.unwrap_or_else(|| self.unconfirmed(purpose, "none answers"))),
            [(view, _)] => {
                if self.agreement() == Agreement::Required {
                    return Err(self.unconfirmed(purpose, "only one of them answers"));
                }
                tracing::warn!(
                    endpoint = view.url().host_str(),
                    purpose,
                    "only one endpoint answers; it is believed"
                );
                None
            }
            // The two that are preferred; a third that is behind them has no say at this block.
            [(_, first), (_, second), ..] => Some((*first).min(*second)),
        };
        let mut answers: Vec<(Self, Answer)> = Vec::new();
        for (view, head) in reachable {
            if block.is_some_and(|block| head < block) {
                continue;
            }
            let at = block.map_or_else(BlockId::pending, BlockId::number);
            let answer = match view.simulate(request.clone(), purpose, at).await {
                Ok(data) => Ok(data),
                Err(ChainError::WouldRevert { revert, .. }) => Err(*revert),
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            let shared = answers.iter().any(|(_, known)| *known == answer);
            if shared || block.is_none() {
                self.reject_others(&answers, &answer, purpose);
                return answer.map_err(|revert| ChainError::WouldRevert {
                    purpose: purpose.to_owned(),
                    revert: Box::new(revert),
                });
            }
            answers.push((view, answer));
        }
        match &answers[..] {
            [] => Err(failure.unwrap_or_else(|| self.unconfirmed(purpose, "none answers"))),
            [_] => Err(self.unconfirmed(purpose, "only one of them answers")),
            _ => Err(ChainError::Disagreement {
                purpose: purpose.to_owned(),
                answers: answers
                    .iter()
                    .map(|(view, answer)| view.said(answer))
                    .collect(),
            }),
        }
    }

    /// Two share an answer: whoever gave another is not believed any more.
    fn reject_others(&self, answers: &[(Self, Answer)], shared: &Answer, purpose: &str) {
        for (view, answer) in answers.iter().filter(|(_, answer)| answer != shared) {
            self.pool().compare_soon();
            view.distrust(format!(
                "it answered {purpose} with {}, while two others agree on another answer",
                shown(answer)
            ));
        }
    }

    fn said(&self, answer: &Answer) -> String {
        format!("{}: {}", self.name(), shown(answer))
    }

    fn unconfirmed(&self, purpose: &str, reason: &'static str) -> ChainError {
        ChainError::Unconfirmed {
            purpose: purpose.to_owned(),
            reason,
        }
    }
}

/// The endpoints that show a head, in the order in which they were given, and why one does not.
/// All are asked at once; when two have answered, the others have a moment left.
async fn reachable(views: Vec<Chain>) -> (Vec<(Chain, u64)>, Option<ChainError>) {
    let mut heads: FuturesUnordered<_> = views
        .into_iter()
        .enumerate()
        .map(async |(rank, view)| {
            let head = view.head().await;
            (rank, view, head)
        })
        .collect();
    let (mut reachable, mut failure) = (Vec::new(), None);
    let mut enough = None;
    loop {
        let next = match enough {
            None => heads.next().await,
            Some(until) => tokio::time::timeout_at(until, heads.next())
                .await
                .unwrap_or_default(),
        };
        match next {
            Some((rank, view, Ok(head))) => reachable.push((rank, view, head.number)),
            Some((_, _, Err(error))) => failure = Some(error),
            None => break,
        }
        if reachable.len() == 2 && enough.is_none() {
            enough = Some(tokio::time::Instant::now() + GRACE);
        }
    }
    reachable.sort_by_key(|(rank, ..)| *rank);
    let reachable = reachable.into_iter().map(|(_, view, head)| (view, head));
    (reachable.collect(), failure)
}

fn shown(answer: &Answer) -> String {
    /// An error should fit a line.
    const LONGEST: usize = 96;
    match answer {
        Ok(data) if data.len() > LONGEST => {
            format!("{}… ({} bytes)", data.slice(..LONGEST), data.len())
        }
        Ok(data) => data.to_string(),
        Err(revert) => format!("a revert with {revert}"),
    }
}
