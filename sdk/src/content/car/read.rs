//! A stream in, verified blocks out.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::header::{self, HeaderError};
use crate::content::Cid;
use crate::content::block::{Block, BlockError, MAX_BLOCK_BYTES};

/// A header above this is refused: some 700 roots.
const MAX_HEADER_BYTES: u64 = 32 * 1024;

/// A CID with a digest of 32 bytes takes less than this.
const MAX_CID_BYTES: u64 = 64;

/// What a stream may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarLimits {
    /// Bytes of the whole stream.
    pub bytes: u64,
    /// Blocks, counted as often as they come.
    pub blocks: u64,
}

impl Default for CarLimits {
    /// 64 GiB in 4,000,000 blocks.
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            blocks: 4_000_000,
        }
    }
}

/// A stream that is no CAR, or holds what cannot be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarError {
    /// It does not begin with the header of a CAR of version 1.
    #[error("the CAR's header cannot be read: {0}")]
    Header(#[from] HeaderError),
    /// The header is longer than any that is read.
    #[error("the CAR's header has {bytes} bytes, the limit is {MAX_HEADER_BYTES}")]
    HeaderTooLarge {
        /// Its length.
        bytes: u64,
    },
    /// It ends within its header or a block.
    #[error("the CAR is cut off in the part that begins at byte {at}: get it again")]
    CutOff {
        /// Where the part begins that is not whole.
        at: u64,
    },
    /// A length that is no number, or too small for what must be there.
    #[error("the CAR is damaged at byte {at}: there is no length of a block")]
    Length {
        /// Where.
        at: u64,
    },
    /// A block that is not named by a CID, or by one with a digest above 32 bytes.
    #[error("the CAR's block at byte {at} does not begin with a CID of at most 32 bytes of hash")]
    BlockCid {
        /// Where the block begins.
        at: u64,
    },
    /// A block with other bytes than its CID says, too many of them, or named by a hash
    /// other than sha2-256 and the identity.
    #[error("the CAR's block at byte {at} is refused: {reason}")]
    Block {
        /// Where the block begins.
        at: u64,
        /// Why.
        reason: BlockError,
    },
    /// It holds more than was allowed.
    #[error("the CAR is above the limit of {} bytes in {} blocks", limits.bytes, limits.blocks)]
    TooLarge {
        /// The limits.
        limits: CarLimits,
    },
    /// The stream could not be read.
    #[error("cannot read the CAR: {0}")]
    Read(#[source] io::Error),
}

/// Reads a CAR block by block. Each is hashed before it is given; no more than one is held.
#[derive(Debug)]
pub struct CarReader<R> {
    reader: R,
    limits: CarLimits,
    roots: Vec<Cid>,
    at: u64,
    blocks: u64,
}

impl<R: AsyncRead + Unpin> CarReader<R> {
    /// Reads the header. Blocks are read in small pieces: wrap what is slow to read from in a
    /// `BufReader`.
    ///
    /// # Errors
    /// [`CarError`] if it is none.
    pub async fn new(reader: R, limits: CarLimits) -> Result<Self, CarError> {
        let mut car = Self {
            reader,
            limits,
            roots: Vec::new(),
            at: 0,
            blocks: 0,
        };
        let length = car.length(0).await?.ok_or(CarError::CutOff { at: 0 })?;
        if length > MAX_HEADER_BYTES {
            return Err(CarError::HeaderTooLarge { bytes: length });
        }
        let header = car.take(length, 0).await?;
        car.roots = header::decode(&header)?;
        Ok(car)
    }

    /// The CIDs that the header names. That their blocks are there is not said by that.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.at
    }

    /// The next block, or `None` at the end. The format has no mark of its end: a stream
    /// that was cut off between two blocks looks whole, which only what the blocks link to
    /// gives away.
    ///
    /// # Errors
    /// [`CarError`] if the stream is damaged, cut off, above a limit or cannot be read.
    pub async fn next(&mut self) -> Result<Option<Block>, CarError> {
        loop {
            let at = self.at;
            let Some(length) = self.length(at).await? else {
                return Ok(None);
            };
            let (cid, data) = self.section(at, length).await?;
            // A CID that holds its content needs no block; a few writers send one.
            if Block::inline(&cid).is_some_and(|inline| *inline.data() == data) {
                continue;
            }
            let block = Block::verified(cid, data);
            return block
                .map(Some)
                .map_err(|reason| CarError::Block { at, reason });
        }
    }

    /// The CID and the bytes of the block that begins at `at`, as they are.
    async fn section(&mut self, at: u64, length: u64) -> Result<(Cid, Bytes), CarError> {
        self.blocks += 1;
        if self.blocks > self.limits.blocks || self.at.saturating_add(length) > self.limits.bytes {
            return Err(CarError::TooLarge {
                limits: self.limits,
            });
        }
        if length == 0 {
            return Err(CarError::Length { at });
        }
        if length > MAX_BLOCK_BYTES as u64 + MAX_CID_BYTES {
            let bytes = usize::try_from(length).unwrap_or(usize::MAX);
            let reason = BlockError::TooLarge { bytes };
            return Err(CarError::Block { at, reason });
        }
        let section = self.take(length, at).await?;
        let mut rest: &[u8] = &section;
        let cid = Cid::read_bytes(&mut rest).map_err(|_| CarError::BlockCid { at })?;
        Ok((cid, section.slice(section.len() - rest.len()..)))
    }

    /// The length of the part that begins at `part`; `None` if the stream ends there.
    async fn length(&mut self, part: u64) -> Result<Option<u64>, CarError> {
        let mut length = 0_u64;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            match self.reader.read(&mut byte).await {
                Ok(0) if shift == 0 => return Ok(None),
                Ok(0) => return Err(CarError::CutOff { at: part }),
                Ok(_) => self.at += 1,
                Err(error) => return Err(CarError::Read(error)),
            }
            let bits = u64::from(byte[0] & 0x7f);
            // The tenth byte has room for one bit, and no length is written longer than it is.
            if (shift == 63 && bits > 1) || (shift > 0 && byte[0] == 0) {
                return Err(CarError::Length { at: part });
            }
            length |= bits << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(Some(length));
            }
        }
        Err(CarError::Length { at: part })
    }

    /// The next `length` bytes, which belong to the part that begins at `part`.
    async fn take(&mut self, length: u64, part: u64) -> Result<Bytes, CarError> {
        // At most a block with its CID, as the callers saw to.
        let mut bytes = BytesMut::zeroed(length as usize);
        match self.reader.read_exact(&mut bytes).await {
            Ok(_) => {
                self.at += length;
                Ok(bytes.freeze())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(CarError::CutOff { at: part })
            }
            Err(error) => Err(CarError::Read(error)),
        }
    }
}
