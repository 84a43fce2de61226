//! Events as they happen, each once, across reconnects and reorganisations.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{eips::BlockNumberOrTag, rpc::types::Log};
use alloy_primitives::{Address, B256, BloomInput};

use super::{
    Chain, ChainError, Cursor, Expected, Head, Logs,
    cursor::{Checkpoint, now_millis},
    header::Header,
    logs::Question,
    subscription::Wake,
};
use crate::deadline;

/// How far reading goes back where it is not known at which block a chain parted.
const SAFE_DEPTH: u64 = 64;

/// Blocks that are asked for again with the next: an endpoint may be several nodes, of which
/// one has a header before it has the events. It costs no request.
const OVERLAP: u64 = 4;

/// For how long a head that went back is taken for a node that is late, not for a chain that
/// got shorter.
const LATE: Duration = Duration::from_secs(3);

/// How often to look for new blocks while a subscription tells of events, unless told.
const QUIET_POLL: Duration = Duration::from_secs(5);

/// What was read at a time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Batch {
    /// The events, in order. Whole transactions: if an endpoint left a part of one out and
    /// shows it later, all of it comes again, and its block may then lie before `from`.
    pub logs: Vec<Log>,
    /// The first block that was read.
    pub from: u64,
    /// The last block that was read; less than `from` if none was: a reorganisation was
    /// found, or there is nothing new, and this is the first batch ever or after an error.
    pub to: u64,
    /// The first block that was replaced by another: what was read of it and later ones did
    /// not happen, and what did comes with the next batches.
    pub reorganised_from: Option<u64>,
    /// With a reorganisation: when the last block that is still there was read, milliseconds
    /// since 1970. What was concluded from blocks since then may not hold any more. 0 where
    /// that is not known.
    pub undone_since: u64,
    /// Where to go on from after a restart. Store it with what the events led to.
    pub cursor: Cursor,
    /// The newest block when this was read.
    pub head: Head,
}

/// Follows the events of one contract.
///
/// They are always read by ranges of blocks (`eth_getLogs`, see [`Logs`]) from a [`Cursor`]
/// on, so that none is lost or comes twice however the connection fares; a WebSocket endpoint
/// only tells when to look, and without one, or while it is away, new blocks are looked for at
/// an interval.
///
/// - A block's events are read from the endpoint that showed the block. Where a block's bloom
///   filter (a digest of who emitted what) says that there are events and none came, they are
///   asked for again by the block's hash.
/// - Reorganisations show in the hash of the last block that was read, and in those of blocks
///   that are [`Expected`]. The block where the chain parted is found among those that the
///   cursor remembers. Where there are several
///   endpoints and another still has that block, it is not believed that it is gone.
/// - On nodes that keep no history, reading begins at a later block: what was submitted before
///   is not seen ([`ChainError::Pruned`] says so). A node that answers with nothing where it
///   has thrown events away cannot be told from one where there were none.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::U256;
/// use alloy_sol_types::SolEvent;
/// use arbius_sdk::{
///     chain::{Call, Cursor, Events},
///     contracts::IToken,
/// };
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let (chain, token) = (local.chain().clone(), local.token());
/// # let lane = local.lane(arbius_testkit::Actor::Requester)?;
///
/// let head = chain.head().await?.number;
/// let topics = vec![IToken::Transfer::SIGNATURE_HASH];
/// let mut events = Events::new(chain, token, topics, Cursor::after(head));
///
/// let call = IToken::transferCall { to: token, value: U256::from(7) };
/// # let call = IToken::transferCall { to: alloy_primitives::Address::repeat_byte(1), ..call };
/// lane.execute(Call::new(token, &call)).await?;
///
/// let batch = loop {
///     let batch = events.next().await?;
///     if !batch.logs.is_empty() {
///         break batch;
///     }
/// };
/// let transfer = IToken::Transfer::decode_log(&batch.logs[0].inner)?;
/// assert_eq!(transfer.value, U256::from(7));
/// // With what the events led to, so that a restart goes on from here.
/// let stored = serde_json::to_string(&batch.cursor)?;
/// # assert_eq!(serde_json::from_str::<Cursor>(&stored)?, batch.cursor);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    logs: Logs,
    cursor: Cursor,
    poll: Duration,
    quiet_poll: Duration,
    /// Blocks that are known from elsewhere.
    expected: Arc<Expected>,
    /// Events of the last blocks that were handed out already, by block and index.
    seen: BTreeMap<u64, HashSet<(B256, u64)>>,
    /// The block before which nothing is asked again.
    first: u64,
    late_since: Option<Instant>,
    /// When it may look again, after having found nothing more.
    rest_until: Option<Instant>,
    wake: Option<Wake>,
    listening: bool,
    /// Whether a head was handed out since the last error.
    started: bool,
}

/// What one endpoint shows.
enum Look {
    /// Nothing that is new.
    Nothing(Head),
    /// Its head is behind what is known.
    Late(Header),
    /// What was read last is not on its chain.
    Parted(Header),
    /// Something new, and the expected blocks that are among it.
    New(Box<Batch>, Vec<(u64, B256)>),
    /// Another block is in the place of one that was expected.
    Replaced(Header),
}

impl Events {
    /// Events of `emitter` whose first topic is one of `topics`, after what a cursor says was
    /// read.
    #[must_use]
    pub fn new(chain: Chain, emitter: Address, topics: Vec<B256>, cursor: Cursor) -> Self {
        Self {
            first: cursor.block.saturating_add(1),
            logs: Logs::new(chain, emitter, topics),
            cursor,
            poll: Duration::from_millis(500),
            quiet_poll: QUIET_POLL,
            expected: Arc::default(),
            seen: BTreeMap::new(),
            late_since: None,
            rest_until: None,
            wake: None,
            listening: false,
            started: false,
        }
    }

    /// How often to look for new blocks while no WebSocket endpoint tells of events, and at
    /// most how often while one does; 500 ms by default.
    #[must_use]
    pub const fn poll_every(mut self, pause: Duration) -> Self {
        self.poll = pause;
        self
    }

    /// How often to look for new blocks even so while a WebSocket endpoint tells of events, but
    /// not more often than [`Events::poll_every`] allows; 5 s by default. It is how late events
    /// are read of which the endpoint does not tell, and what a quiet contract costs in requests.
    #[must_use]
    pub const fn quiet_poll_every(mut self, pause: Duration) -> Self {
        self.quiet_poll = pause;
        self
    }

    /// Blocks that must exist, from receipts for instance: a head that stays behind one, or
    /// another block in its place, is a reorganisation that could not be seen otherwise.
    #[must_use]
    pub fn expecting(mut self, blocks: Arc<Expected>) -> Self {
        self.expected = blocks;
        self
    }

    /// How far it has read.
    #[must_use]
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Waits for what is next. Call it again after an error, after a pause; nothing is lost.
    ///
    /// Dropping the future loses nothing either, but repeats its requests.
    ///
    /// # Errors
    ///
    /// What endpoints answer if none can be read from; [`ChainError::Pruned`],
    /// [`ChainError::OtherChain`] if going on makes no sense.
    pub async fn next(&mut self) -> Result<Batch, ChainError> {
        if !self.listening {
            self.listening = true;
            self.wake = Wake::start(self.logs.chain(), self.logs.question());
        }
        loop {
            if let Some(until) = self.rest_until {
                self.rest(until).await;
                self.rest_until = None;
            }
            let looked = self.look().await;
            if looked.is_err() {
                // Whoever waits learns that it is over, even if no block was made meanwhile.
                self.started = false;
            }
            if !matches!(&looked, Ok(Some(batch)) if batch.to < batch.head.number) {
                self.rest_until = Some(deadline::after(self.poll));
            }
            if let Some(batch) = looked? {
                return Ok(batch);
            }
        }
    }

    /// Waits at least until `until`, and beyond it for as long as a subscription is silent.
    async fn rest(&self, until: Instant) {
        tokio::time::sleep_until(until.into()).await;
        if let Some(wake) = &self.wake
            && wake.is_live()
        {
            let more = self.quiet_poll.saturating_sub(self.poll);
            // Silence is nothing new: it is looked at anyhow.
            let _ = tokio::time::timeout(more, wake.woken()).await;
        }
    }

    /// Reads what is new, without waiting for it.
    ///
    /// # Errors
    ///
    /// As [`Events::next`].
    pub async fn look(&mut self) -> Result<Option<Batch>, ChainError> {
        let chain = self.logs.chain().clone();
        chain.pool().maintain();
        let mut failure = None;
        let mut late = None;
        for index in chain.pool().order() {
            let view = if chain.is_alone() {
                chain.clone()
            } else {
                chain.through(index)
            };
            match self.look_at(&view).await {
                Ok(Look::New(batch, met)) => {
                    self.expected.forget(&met);
                    return Ok(Some(self.take(*batch)));
                }
                // They are expected until going back has succeeded, lest it be forgotten.
                Ok(Look::Replaced(head)) => return self.go_back(&view, &head).await.map(Some),
                Ok(Look::Nothing(head)) => {
                    self.late_since = None;
                    if let Some(wake) = &self.wake {
                        wake.saw(head.number);
                    }
                    if !self.started {
                        self.started = true;
                        return Ok(Some(self.nothing(head)));
                    }
                    return Ok(None);
                }
                Ok(Look::Parted(head)) => {
                    if self.is_outvoted(&view, index).await {
                        continue;
                    }
                    return self.go_back(&view, &head).await.map(Some);
                }
                Ok(Look::Late(head)) => {
                    chain.pool().compare_soon();
                    late.get_or_insert((view, head));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match late {
            Some((view, head)) => {
                let since = *self.late_since.get_or_insert_with(Instant::now);
                if since.elapsed() < LATE {
                    return Ok(None);
                }
                self.go_back(&view, &head).await.map(Some)
            }
            // No endpoint may be asked at all: the provider says why.
            None => match failure {
                Some(error) => Err(error),
                None => chain.newest().await.map(|_| None),
            },
        }
    }

    async fn look_at(&mut self, view: &Chain) -> Result<Look, ChainError> {
        if self.cursor.checkpoints().is_empty()
            && let Ok(Some(hash)) = view.block_hash(self.cursor.block).await
        {
            self.cursor = self.cursor.clone().anchored(hash);
        }
        let asked_at = now_millis();
        let head = view.newest().await?;
        let (block, hash) = (self.cursor.block, self.cursor.hash);
        if head.number() < self.expected.newest().max(block) {
            return Ok(Look::Late(head));
        }
        if head.hash == hash {
            return Ok(Look::Nothing(Head::from(&head)));
        }
        let parted = match head.number() - block {
            _ if hash.is_zero() => false,
            0 => true,
            1 => head.parent != hash,
            _ => view.block_hash(block).await? != Some(hash),
        };
        if parted {
            return Ok(Look::Parted(head));
        }
        if head.number() == block {
            return Ok(Look::Nothing(Head::from(&head)));
        }
        let batch = self.read(view, &head, asked_at).await?;
        let met = self.expected.up_to(batch.to);
        Ok(match self.are_there(view, &batch, &met).await? {
            true => Look::New(Box::new(batch), met),
            false => Look::Replaced(head),
        })
    }

    /// Whether these blocks are on the chain, and none has another in its place.
    async fn are_there(
        &self,
        view: &Chain,
        batch: &Batch,
        expected: &[(u64, B256)],
    ) -> Result<bool, ChainError> {
        for (number, hash) in expected.iter().filter(|(_, hash)| !hash.is_zero()) {
            let there = if *number == batch.cursor.block && !batch.cursor.hash.is_zero() {
                Some(batch.cursor.hash)
            } else if let Some(there) = block_hash(&batch.logs, *number) {
                Some(there)
            } else {
                view.block_hash(*number).await?
            };
            if there != Some(*hash) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on towards a head that was asked for at `asked_at`, milliseconds since 1970.
    async fn read(
        &mut self,
        view: &Chain,
        head: &Header,
        asked_at: u64,
    ) -> Result<Batch, ChainError> {
        let from = self.cursor.block.saturating_add(1);
        let again = from.saturating_sub(OVERLAP).max(self.first).min(from);
        let (mut logs, mut next) = self.logs.read(view, again, head.number()).await?;
        if next <= from {
            // The range that the endpoint takes is no wider than what is read again.
            (logs, next) = self.logs.read(view, from, head.number()).await?;
        }
        let to = next - 1;
        let mut hash = block_hash(&logs, to).unwrap_or_default();
        if to == head.number() {
            if !hash.is_zero() && hash != head.hash {
                // It was reorganised in between: the next look finds out.
                return Err(ChainError::Untrue {
                    url: view.name(),
                    method: "eth_getLogs",
                    reason: format!("its block {to} was replaced while it was read"),
                });
            }
            if hash.is_zero() && may_hold(head, self.logs.question()) {
                logs.extend(self.head_again(view, head).await?);
            }
            hash = head.hash;
        }
        // On the way to the head, what was concluded meanwhile may rest on blocks further on.
        let whole = (to == head.number()).then_some(asked_at);
        Ok(Batch {
            logs: self.unseen(logs),
            from,
            to,
            reorganised_from: None,
            undone_since: 0,
            cursor: self.cursor.advanced(to, hash, whole),
            head: Head::from(head),
        })
    }

    /// A head's events once more, by its hash, from whoever has it: the bloom filter says that
    /// there are some (it may say so wrongly, rarely) and none came.
    async fn head_again(&self, view: &Chain, head: &Header) -> Result<Vec<Log>, ChainError> {
        let (number, question) = (head.number(), self.logs.question());
        let logs = self.logs.of_block(view, head.hash).await?;
        let reason = match question.check(&logs, number, number) {
            Ok(()) if block_hash(&logs, number).is_none_or(|hash| hash == head.hash) => {
                return Ok(logs);
            }
            Ok(()) => format!("another block than {}", head.hash),
            Err(reason) => reason,
        };
        Err(view.untrue("eth_getLogs", reason))
    }

    /// Leaves out transactions all of whose events were handed out.
    fn unseen(&self, logs: Vec<Log>) -> Vec<Log> {
        let is_new = |log: &Log| {
            let place = (
                log.block_hash.unwrap_or_default(),
                log.log_index.unwrap_or_default(),
            );
            let block = log.block_number.unwrap_or_default();
            !self
                .seen
                .get(&block)
                .is_some_and(|seen| seen.contains(&place))
        };
        let transactions: HashSet<_> = logs
            .iter()
            .filter(|log| is_new(log))
            .map(|log| (log.block_hash, log.transaction_hash))
            .collect();
        logs.into_iter()
            .filter(|log| transactions.contains(&(log.block_hash, log.transaction_hash)))
            .collect()
    }

    /// A batch without anything but the head.
    fn nothing(&self, head: Head) -> Batch {
        Batch {
            logs: Vec::new(),
            from: self.cursor.block.saturating_add(1),
            to: self.cursor.block,
            reorganised_from: None,
            undone_since: 0,
            cursor: self.cursor.clone(),
            head,
        }
    }

    /// Moves on: nothing may fail or be dropped from here on.
    fn take(&mut self, batch: Batch) -> Batch {
        for log in &batch.logs {
            let place = (
                log.block_hash.unwrap_or_default(),
                log.log_index.unwrap_or_default(),
            );
            let block = log.block_number.unwrap_or_default();
            self.seen.entry(block).or_default().insert(place);
        }
        self.seen = self.seen.split_off(&batch.to.saturating_sub(OVERLAP));
        self.cursor = batch.cursor.clone();
        self.late_since = None;
        self.started = true;
        if let Some(wake) = &self.wake {
            wake.saw(batch.head.number);
        }
        batch
    }

    /// Whether other endpoints still have the block that this one has replaced, in which case
    /// it is this one that is wrong.
    async fn is_outvoted(&self, view: &Chain, index: usize) -> bool {
        let pool = view.pool();
        let others: Vec<usize> = pool
            .order()
            .into_iter()
            .filter(|other| *other != index)
            .collect();
        if others.is_empty() {
            return false;
        }
        let Cursor { block, hash, .. } = self.cursor;
        let opinions = pool.hashes(&others, block).await;
        let same = opinions
            .iter()
            .filter(|(_, opinion)| *opinion == hash)
            .count();
        let other = opinions.len() - same;
        pool.compare_soon();
        if same > 1 && same > other {
            view.distrust(format!(
                "its block {block} is not {hash}, as others have it"
            ));
        }
        same > 0 && same >= other
    }

    /// Goes back to the last block that the chain still has.
    async fn go_back(&mut self, view: &Chain, head: &Header) -> Result<Batch, ChainError> {
        let checkpoints = self.cursor.checkpoints();
        let ancestor = self.ancestor(view, head, &checkpoints).await?;
        let cursor = match (ancestor, checkpoints.first()) {
            (Some(ancestor), _) => self.cursor.back_to(ancestor),
            (None, Some(first)) if checkpoints.len() > 1 || first.block < self.cursor.block => {
                return Err(ChainError::OtherChain {
                    url: view.name(),
                    block: first.block,
                });
            }
            // Written before there were checkpoints, or never checked.
            (None, _) => {
                let end = self.cursor.block.min(head.number());
                Cursor::after(end.saturating_sub(SAFE_DEPTH))
            }
        };
        tracing::warn!(
            from = self.cursor.block,
            to = cursor.block,
            "the chain was reorganised"
        );
        self.seen.clear();
        // Of blocks before, it is not known any more what was handed out.
        self.first = cursor.block.saturating_add(1);
        self.cursor = cursor;
        self.late_since = None;
        // What relies on them is to be looked at again for this.
        self.expected.forget(&self.expected.up_to(u64::MAX));
        Ok(Batch {
            reorganised_from: Some(self.cursor.block.saturating_add(1)),
            undone_since: ancestor.map_or(0, |ancestor| ancestor.read_at),
            ..self.nothing(Head::from(head))
        })
    }

    /// The newest checkpoint that is still on the chain. Those before it are too: it is found
    /// by halving.
    async fn ancestor(
        &self,
        view: &Chain,
        head: &Header,
        checkpoints: &[Checkpoint],
    ) -> Result<Option<Checkpoint>, ChainError> {
        let (mut kept, mut gone) = (0, checkpoints.len());
        while kept < gone {
            let middle = kept + (gone - kept) / 2;
            let Checkpoint { block, hash, .. } = checkpoints[middle];
            let is_there = block <= head.number() && {
                let header = view.header(BlockNumberOrTag::Number(block)).await?;
                header.is_some_and(|header| header.hash == hash)
            };
            if is_there {
                kept = middle + 1;
            } else {
                gone = middle;
            }
        }
        Ok(kept.checked_sub(1).map(|last| checkpoints[last]))
    }
}

/// The hash of a block, as its events tell it.
fn block_hash(logs: &[Log], block: u64) -> Option<B256> {
    let of_block = |log: &&Log| log.block_number == Some(block);
    logs.iter().rev().find(of_block)?.block_hash
}

/// Whether a block may hold events that are asked for.
fn may_hold(head: &Header, question: &Question) -> bool {
    let Some(bloom) = &head.bloom else {
        return false;
    };
    let holds = |bytes: &[u8]| bloom.contains_input(BloomInput::Raw(bytes));
    holds(question.emitter.as_slice())
        && question.topics.iter().any(|topic| holds(topic.as_slice()))
}
