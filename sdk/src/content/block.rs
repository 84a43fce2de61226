//! A block: bytes together with the CID that they were found to have.

use crate::content::{Cid, CidVersion};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::cids::{self, CidError};

/// Blocks above this are neither made, stored, served nor fetched: 2 MiB, the limit of
/// bitswap and of public gateways.
pub const MAX_BLOCK_BYTES: usize = 2 * 1024 * 1024;

/// Bytes and the CID that names them. Every value was hashed when it was made, so whoever
/// holds a block holds what its CID says.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    cid: Cid,
    data: Bytes,
}

/// Bytes that are not the block they were taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The bytes hash to something else.
    #[error(
        "the {bytes} bytes that came for {cid} hash to {}: they are not that block",
        cids::from_digest(*found)
    )]
    WrongBytes {
        /// The block that was wanted.
        cid: Cid,
        /// How many bytes came.
        bytes: usize,
        /// The sha2-256 digest of the bytes that came.
        found: [u8; 32],
    },
    /// The bytes are more than a block may have.
    #[error("a block of {bytes} bytes is above the limit of {MAX_BLOCK_BYTES} bytes")]
    TooLarge {
        /// How many bytes there are.
        bytes: usize,
    },
    /// The CID is not by sha2-256, so nothing can be checked against it.
    #[error(transparent)]
    Cid(#[from] CidError),
}

impl Block {
    /// The block `cid`, if `data` is what that CID names.
    ///
    /// # Errors
    /// [`BlockError::WrongBytes`] if the bytes hash to something else, and the other
    /// variants as they say.
    pub fn verified(cid: Cid, data: Bytes) -> Result<Self, BlockError> {
        let digest = cids::digest(&cid)?;
        if data.len() > MAX_BLOCK_BYTES {
            return Err(BlockError::TooLarge { bytes: data.len() });
        }
        let found = sha256(&data);
        if found != digest {
            return Err(BlockError::WrongBytes {
                cid,
                bytes: data.len(),
                found,
            });
        }
        Ok(Self { cid, data })
    }

    /// The block of a dag-pb node, named by its CIDv0.
    ///
    /// # Errors
    /// [`BlockError::TooLarge`] above [`MAX_BLOCK_BYTES`].
    pub fn of_node(data: Bytes) -> Result<Self, BlockError> {
        Self::of(CidVersion::V0, cids::DAG_PB, data)
    }

    /// The block of these bytes, named by a CID of this version and codec; of version 1
    /// whatever is asked, unless the codec is dag-pb.
    ///
    /// # Errors
    /// [`BlockError::TooLarge`] above [`MAX_BLOCK_BYTES`].
    pub fn of(version: CidVersion, codec: u64, data: Bytes) -> Result<Self, BlockError> {
        if data.len() > MAX_BLOCK_BYTES {
            return Err(BlockError::TooLarge { bytes: data.len() });
        }
        Ok(Self {
            cid: cids::of(version, codec, sha256(&data)),
            data,
        })
    }

    /// The block that `cid` itself holds, if its hash is the identity (multihash code 0): such
    /// a CID carries its content, and no store keeps it.
    pub fn inline(cid: &Cid) -> Option<Self> {
        (cid.hash().code() == cids::IDENTITY).then(|| Self {
            cid: *cid,
            data: Bytes::copy_from_slice(cid.hash().digest()),
        })
    }

    /// The CID of the bytes.
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// The bytes.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The bytes, without the CID.
    pub fn into_data(self) -> Bytes {
        self.data
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({}, {} bytes)", self.cid, self.data.len())
    }
}

/// The sha2-256 digest of `data`.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}
