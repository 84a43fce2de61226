//! What a fetch may take, and what it brought.

use std::time::Duration;

use crate::content::block::Block;

/// What one fetch may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes of all blocks together.
    pub bytes: u64,
    /// Blocks.
    pub blocks: usize,
    /// How long the whole fetch may take.
    pub time: Duration,
    /// How long one gateway may take over one block.
    pub block_time: Duration,
    /// After how long the next gateway is asked beside one that has not answered. With zero
    /// all are asked at once.
    pub patience: Duration,
    /// Blocks that are asked for at a time.
    pub parallel: usize,
    /// Redirects that are followed for one block.
    pub redirects: usize,
    /// Whether a tree is asked for as one CAR where a gateway gives that.
    pub cars: bool,
    /// How long a gateway is not asked after it sent false bytes: so long after the first
    /// time, twice as long after each further time, a day at most. A gateway that failed is
    /// asked after the others for so long.
    pub banishment: Duration,
}

impl FetchLimits {
    /// 256 MiB in 100,000 blocks, 5 min in all and 30 s a block, 2 s of patience, 8 blocks
    /// at a time, 4 redirects, CARs, 10 min
    /// of banishment.
    pub const DEFAULT: Self = Self {
        bytes: 256 << 20,
        blocks: 100_000,
        time: Duration::from_secs(300),
        block_time: Duration::from_secs(30),
        patience: Duration::from_secs(2),
        parallel: 8,
        redirects: 4,
        cars: true,
        banishment: Duration::from_secs(600),
    };
}

impl Default for FetchLimits {
    /// [`FetchLimits::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a fetch brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Blocks that came from gateways; those that the store had are not among them.
    pub blocks: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Fetched {
    /// Counts a block that came.
    pub(super) fn count(&mut self, block: &Block) {
        self.blocks += 1;
        self.bytes += block.data().len() as u64;
    }
}
