//! Content identifiers: the content as one UnixFS file block, dag-pb, sha2-256, CIDv0
//! (protocol section 3).
//!
//! What the contracts handle is the multihash, `0x1220 ‖ digest`, exactly 34 bytes; what
//! they store is the digest. The content is hashed where it lies: the bytes that dag-pb
//! and UnixFS put around it come out of [`frame`].

use alloy_primitives::B256;
use core::fmt;
use sha2::{Digest, Sha256};

/// Most bytes of content that the contracts take.
pub const MAX_CONTENT: usize = 65_536;

/// Length of a CID's bytes.
pub const LEN: usize = 34;

/// What every CID begins with: sha2-256, 32 bytes (multihash).
pub const PREFIX: [u8; 2] = [0x12, 0x20];

/// Why something has or is no CID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidError {
    /// The content is longer than [`MAX_CONTENT`].
    ContentTooLarge,
    /// The bytes are not `0x1220` and a digest of 32 bytes.
    NotACid,
}

impl fmt::Display for CidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ContentTooLarge => "content on-chain is 65,536 bytes at most",
            Self::NotACid => "a CID is 34 bytes, 0x1220 followed by a sha2-256 digest (CIDv0)",
        })
    }
}

impl core::error::Error for CidError {}

/// Digest of the block that holds `content`.
///
/// # Errors
///
/// [`CidError::ContentTooLarge`] above [`MAX_CONTENT`] bytes.
pub fn digest(content: &[u8]) -> Result<B256, CidError> {
    let (before, after) = frame(content.len())?;
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(content);
    hash.update(after.as_bytes());
    Ok(B256::new(hash.finalize().into()))
}

/// The bytes of the CID of a digest.
pub fn encode(digest: B256) -> [u8; LEN] {
    let mut cid = [0; LEN];
    cid[..2].copy_from_slice(&PREFIX);
    cid[2..].copy_from_slice(digest.as_slice());
    cid
}

/// The digest in the bytes of a CID.
///
/// # Errors
///
/// [`CidError::NotACid`] for anything but 34 bytes that begin with `0x1220`.
pub fn decode(cid: &[u8]) -> Result<B256, CidError> {
    cid.strip_prefix(&PREFIX)
        .and_then(|digest| digest.try_into().ok())
        .map(B256::new)
        .ok_or(CidError::NotACid)
}

/// What stands before and after `len` bytes of content in their block.
///
/// For whoever hashes by other means than [`digest`]: sha2-256 of `before ‖ content ‖
/// after` is the digest.
///
/// # Errors
///
/// [`CidError::ContentTooLarge`] above [`MAX_CONTENT`] bytes.
pub fn frame(len: usize) -> Result<(Frame, Frame), CidError> {
    if len > MAX_CONTENT {
        return Err(CidError::ContentTooLarge);
    }
    let len = len as u32;

    // The file, field 3 of UnixFS's message: its size.
    let mut after = Frame::new();
    after.push(0x18);
    after.push_varint(len);

    // Field 1: type 2, a file. Field 2: the content, left out when there is none.
    let mut head = Frame::new();
    head.push(0x08);
    head.push(0x02);
    if len > 0 {
        head.push(0x12);
        head.push_varint(len);
    }

    // The node, field 1 of dag-pb's message: the file.
    let mut before = Frame::new();
    before.push(0x0a);
    before.push_varint(u32::from(head.len) + len + u32::from(after.len));
    for byte in head.as_bytes() {
        before.push(*byte);
    }
    Ok((before, after))
}

/// A few bytes of a block, around its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Frame {
    /// A tag and a length, a tag and a type, a tag and a length: lengths below 2^17 take
    /// 3 bytes, so that 10 bytes are never exceeded.
    const MAX: usize = 10;

    const fn new() -> Self {
        Self {
            bytes: [0; Self::MAX],
            len: 0,
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        // `push` keeps the length within the array.
        self.bytes
            .get(..usize::from(self.len))
            .unwrap_or(&self.bytes)
    }

    fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(usize::from(self.len)) {
            *free = byte;
            self.len += 1;
        }
    }

    /// Seven bits a byte, the lowest first, the top bit set on all but the last.
    fn push_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn empty_content_hashes_as_ipfs_hashes_it() {
        // QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH
        assert_eq!(
            digest(b"").map(encode),
            Ok(hex!(
                "1220bfccda787baba32b59c78450ac3d20b633360b43992c77289f9ed46d843561e6"
            )),
        );
    }

    #[test]
    fn content_above_the_limit_is_refused() {
        let content = [0; MAX_CONTENT + 1];
        assert!(digest(&content[..MAX_CONTENT]).is_ok());
        assert_eq!(digest(&content), Err(CidError::ContentTooLarge));
        assert_eq!(frame(usize::MAX), Err(CidError::ContentTooLarge));
    }

    #[test]
    fn a_cid_is_34_bytes_with_the_right_prefix_and_nothing_else() {
        let cid = encode(B256::repeat_byte(7));
        assert_eq!(decode(&cid), Ok(B256::repeat_byte(7)));
        assert_eq!(decode(&[]), Err(CidError::NotACid));
        assert_eq!(decode(&cid[..33]), Err(CidError::NotACid));
        assert_eq!(decode(&cid[2..]), Err(CidError::NotACid));
        assert_eq!(decode(&[&cid[..], &[0]].concat()), Err(CidError::NotACid));
        let mut other = cid;
        other[0] = 0x13;
        assert_eq!(decode(&other), Err(CidError::NotACid));
    }

    #[test]
    fn the_frame_holds_every_byte_it_is_given() {
        let (before, after) = frame(MAX_CONTENT).expect("is allowed");
        assert_eq!(before.as_bytes(), hex!("0a8a800408021280" "8004"));
        assert_eq!(after.as_bytes(), hex!("18808004"));
    }
}
