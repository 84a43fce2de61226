//! Several endpoints asked the same, until two of them agree.
//!
//! The two that are preferred are asked at once: for their heads, and then at the newest block
//! that both have. Whoever fails, is behind, answers something else or takes longer than
//! [`HEDGE`] has the next one brought in beside it, so that an endpoint that stalls holds
//! nothing up while two others answer. Each is asked for its head once, and for the answer
//! once.

use std::{collections::VecDeque, mem, time::Duration};

use alloy::{eips::BlockId, rpc::types::TransactionRequest};
use alloy_primitives::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use super::{Agreement, Chain, ChainError, Revert};
use crate::deadline;

/// How long an endpoint is waited for before another is asked beside it.
const HEDGE: Duration = Duration::from_secs(1);

/// What one endpoint is asked after the other: its head, and the answer. All of it may take as
/// often the time that one request may.
const STAGES: u32 = 2;

/// What a contract answered: its output, or its revert.
type Answer = Result<Bytes, Revert>;

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) request: TransactionRequest,
    /// What it is for.
    pub(super) purpose: &'static str,
    /// The block of what it is about: who has not got as far has no say.
    pub(super) since: u64,
}

/// Who is asked, and what they said. Endpoints are named by their indices.
pub(super) struct Panel<'a> {
    chain: &'a Chain,
    question: Question,
    /// Those that were not asked yet, the preferred ones first.
    reserve: VecDeque<usize>,
    asked: FuturesUnordered<BoxFuture<'static, (usize, Heard)>>,
    /// Those that are asked now, and until when they are waited for without asking others.
    owing: Vec<(usize, Instant)>,
    /// Those that have shown a head, until there are two to choose the block by.
    heads: Vec<(usize, u64)>,
    block: Option<u64>,
    /// Each another one.
    answers: Vec<(usize, Answer)>,
    failure: Option<ChainError>,
    /// Whether somebody has not got to the block of what it is about.
    behind: bool,
}

/// What came of asking an endpoint.
enum Heard {
    Head(u64),
    Answer(Answer),
    Failure(ChainError),
}

impl<'a> Panel<'a> {
    pub(super) fn new(chain: &'a Chain, question: Question) -> Self {
        let pool = chain.pool();
        pool.maintain();
        Self {
            chain,
            question,
            reserve: pool.order().into(),
            asked: FuturesUnordered::new(),
            owing: Vec::new(),
            heads: Vec::new(),
            block: None,
            answers: Vec::new(),
            failure: None,
            behind: false,
        }
    }

    /// The first answer that two endpoints share. Whoever gave another one is not believed any
    /// more.
    pub(super) async fn agree(mut self) -> Result<Bytes, ChainError> {
        let limit = self.chain.pool().options().request_timeout;
        let deadline = Instant::from_std(deadline::after(limit.saturating_mul(STAGES)));
        loop {
            self.bring_in();
            let wake = self.hedge().map_or(deadline, |hedge| hedge.min(deadline));
            match timeout_at(wake, self.asked.next()).await {
                Ok(Some((index, heard))) => {
                    if let Some(answer) = self.hear(index, heard) {
                        return given(answer, self.question.purpose);
                    }
                }
                Ok(None) => break,
                Err(_) if wake == deadline => break,
                Err(_) => {}
            }
        }
        self.without_two().await
    }

    /// Asks as many more as could make two that agree, with those that are still in time.
    fn bring_in(&mut self) {
        let now = Instant::now();
        let in_time = self.owing.iter().filter(|(_, until)| *until > now).count();
        let needed = if self.answers.is_empty() { 2 } else { 1 };
        let missing = usize::saturating_sub(needed, self.heads.len() + in_time);
        for _ in 0..missing {
            let Some(index) = self.reserve.pop_front() else {
                return;
            };
            let view = self.chain.through(index);
            self.ask(index, async move {
                match view.head().await {
                    Ok(head) => Heard::Head(head.number),
                    Err(error) => Heard::Failure(error),
                }
            });
        }
    }

    fn ask(&mut self, index: usize, question: impl Future<Output = Heard> + Send + 'static) {
        self.owing.push((index, Instant::now() + HEDGE));
        let heard = async move { (index, question.await) };
        self.asked.push(Box::pin(heard));
    }

    /// When the first of those that are still in time is not any more.
    fn hedge(&self) -> Option<Instant> {
        let now = Instant::now();
        let until = self.owing.iter().map(|(_, until)| *until);
        until.filter(|until| *until > now).min()
    }

    /// Takes in what an endpoint said. Returns an answer that two share.
    fn hear(&mut self, index: usize, heard: Heard) -> Option<Answer> {
        self.owing.retain(|(owing, _)| *owing != index);
        match heard {
            Heard::Head(head) if head < self.question.since => self.behind = true,
            Heard::Head(head) => self.take_in_head(index, head),
            Heard::Answer(answer) => {
                if self.answers.iter().any(|(_, known)| *known == answer) {
                    self.reject_others(&answer);
                    return Some(answer);
                }
                self.answers.push((index, answer));
            }
            Heard::Failure(error) => self.failure = Some(error),
        }
        None
    }

    fn take_in_head(&mut self, index: usize, head: u64) {
        self.heads.push((index, head));
        if let [(_, one), (_, other)] = self.heads[..] {
            self.block.get_or_insert(one.min(other));
        }
        let Some(block) = self.block else {
            return;
        };
        for (index, head) in mem::take(&mut self.heads) {
            // Who came later and is behind those two has no say at this block.
            if head >= block {
                let view = self.chain.through(index);
                let question = self.question.clone();
                self.ask(index, answer(view, question, BlockId::number(block)));
            }
        }
    }

    /// What is left when nobody can be asked any more, or it took too long.
    async fn without_two(mut self) -> Result<Bytes, ChainError> {
        let purpose = self.question.purpose;
        if self.answers.len() > 1 {
            return Err(ChainError::Disagreement {
                purpose: purpose.to_owned(),
                answers: self.answers.iter().map(|said| self.said(said)).collect(),
            });
        }
        let (answer, head) = (self.answers.pop(), self.heads.pop());
        let Some(index) = answer
            .as_ref()
            .map(|(index, _)| *index)
            .or(head.map(|(index, _)| index))
        else {
            return Err(match self.failure {
                Some(failure) if !self.behind => failure,
                _ => self.unconfirmed("none of them answers"),
            });
        };
        if self.chain.agreement() == Agreement::Required {
            return Err(self.unconfirmed("only one of them answers"));
        }
        let view = self.chain.through(index);
        tracing::warn!(
            endpoint = view.url().host_str(),
            purpose,
            "only one endpoint answers; it is believed"
        );
        match answer {
            Some((_, answer)) => given(answer, purpose),
            None => {
                let request = self.question.request.clone();
                view.simulate(request, purpose, BlockId::pending()).await
            }
        }
    }

    /// Two share an answer: whoever gave another is not believed any more.
    fn reject_others(&self, shared: &Answer) {
        let pool = self.chain.pool();
        for (index, answer) in self.answers.iter().filter(|(_, answer)| answer != shared) {
            pool.compare_soon();
            pool.endpoints()[*index].quarantine(format!(
                "it answered {} with {}, while two others agree on another answer",
                self.question.purpose,
                shown(answer)
            ));
        }
    }

    fn said(&self, (index, answer): &(usize, Answer)) -> String {
        format!(
            "{}: {}",
            self.chain.pool().endpoints()[*index].name(),
            shown(answer)
        )
    }

    fn unconfirmed(&self, reason: &'static str) -> ChainError {
        ChainError::Unconfirmed {
            purpose: self.question.purpose.to_owned(),
            reason: match self.behind {
                true => "too few of them have got to the block of what it is about",
                false => reason,
            },
        }
    }
}

async fn answer(view: Chain, question: Question, at: BlockId) -> Heard {
    let Question {
        request, purpose, ..
    } = question;
    match view.simulate(request, purpose, at).await {
        Ok(data) => Heard::Answer(Ok(data)),
        Err(ChainError::WouldRevert { revert, .. }) => Heard::Answer(Err(*revert)),
        Err(error) => Heard::Failure(error),
    }
}

fn given(answer: Answer, purpose: &str) -> Result<Bytes, ChainError> {
    answer.map_err(|revert| ChainError::WouldRevert {
        purpose: purpose.to_owned(),
        revert: Box::new(revert),
    })
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
