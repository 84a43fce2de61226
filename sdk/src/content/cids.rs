//! CIDs as text, as the bytes that the contracts hold, and as digests.
//!
//! On-chain a CID is a CIDv0: exactly 34 bytes, `0x1220` (sha2-256, 32 bytes) and the digest
//! (protocol section 3). Off-chain any CID that names sha2-256 is read, so that content which
//! others added with other settings can be fetched too.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use arbius_sdk::content::cids;
//!
//! let cid = cids::parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")?;
//! let bytes = cids::to_onchain(&cid)?; // 0x1220 and 32 bytes, as the engine keeps them
//! assert_eq!(cids::from_onchain(&bytes)?, cid);
//! assert!(cids::parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5O").is_err());
//! # Ok(())
//! # }
//! ```

use multihash::Multihash;

use super::{Cid, CidVersion};

/// Multicodec of a dag-pb node, the format of UnixFS nodes.
pub const DAG_PB: u64 = 0x70;
/// Multicodec of bytes without a format, as UnixFS leaves of CIDv1 trees have them.
pub const RAW: u64 = 0x55;
/// Multihash code of the identity: what stands for the hash is the content itself.
pub const IDENTITY: u64 = 0x00;
/// Multihash code of sha2-256, the only hash that is accepted.
pub const SHA2_256: u64 = 0x12;

/// Length in bytes of a CID as the contracts hold it.
pub const ONCHAIN_BYTES: usize = 34;

/// A CID that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CidError {
    /// Text that is no CID.
    #[error("`{text}` is not a CID ({reason}); a CID looks like {EXAMPLE}")]
    Text {
        /// What was given, cut to 80 characters.
        text: String,
        /// What the parser says.
        reason: String,
    },
    /// Bytes that are not those of a CID on-chain.
    #[error("{found} is not a CID on-chain, which is 34 bytes: 0x1220 and a sha2-256 digest")]
    OnChain {
        /// What was given, as hex cut to 40 bytes.
        found: String,
    },
    /// A CID whose hash is not sha2-256 with 32 bytes.
    #[error(
        "the CID {cid} names its content by hash 0x{code:x} of {bytes} bytes; only sha2-256 \
         (0x12) of 32 bytes is accepted"
    )]
    Hash {
        /// The CID.
        cid: Cid,
        /// Its multihash code.
        code: u64,
        /// Length of its digest in bytes.
        bytes: u8,
    },
    /// A CID that is well-formed but has no form on-chain.
    #[error("the CID {cid} has codec 0x{codec:x}; only dag-pb (0x70) CIDs go on-chain")]
    Codec {
        /// The CID.
        cid: Cid,
        /// Its codec.
        codec: u64,
    },
}

const EXAMPLE: &str = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";

/// Reads a CID from text: base58 for version 0, any multibase for version 1.
///
/// # Errors
/// [`CidError::Text`] if it is none, [`CidError::Hash`] if its hash is not sha2-256.
pub fn parse(text: &str) -> Result<Cid, CidError> {
    let malformed = |reason: String| CidError::Text {
        text: text.chars().take(80).collect(),
        reason,
    };
    // No CID of a 32-byte digest is longer than this in any base, and the decoder of
    // base58 takes quadratic time.
    if text.len() > 200 {
        return Err(malformed(format!("{} characters are too many", text.len())));
    }
    // The parser also takes `/ipfs/<cid>`; here a path is not a CID.
    if text.contains('/') {
        return Err(malformed("it contains a slash".into()));
    }
    let cid = Cid::try_from(text).map_err(|error| malformed(error.to_string()))?;
    accepted(cid)
}

/// Reads a CID from its binary form, refusing trailing bytes.
///
/// # Errors
/// `None` if the bytes are no CID.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Cid> {
    let cid = Cid::try_from(bytes).ok()?;
    (cid.encoded_len() == bytes.len()).then_some(cid)
}

/// Reads a CID as the contracts hold it: `0x1220 ‖ digest`.
///
/// # Errors
/// [`CidError::OnChain`] for anything but those 34 bytes.
pub fn from_onchain(bytes: &[u8]) -> Result<Cid, CidError> {
    match bytes {
        [0x12, 0x20, digest @ ..] => <[u8; 32]>::try_from(digest).ok().map(from_digest),
        _ => None,
    }
    .ok_or_else(|| CidError::OnChain {
        found: match bytes {
            [] => "nothing".to_owned(),
            _ => {
                let shown: String = bytes.iter().take(40).map(|b| format!("{b:02x}")).collect();
                format!("0x{shown} ({} bytes)", bytes.len())
            }
        },
    })
}

/// The 34 bytes that the contracts hold for a CID. A CIDv1 of a dag-pb node has the same
/// digest, so it has a form on-chain as well.
///
/// # Errors
/// [`CidError::Codec`] if it does not name a dag-pb node, [`CidError::Hash`] if it is not by
/// sha2-256.
pub fn to_onchain(cid: &Cid) -> Result<[u8; ONCHAIN_BYTES], CidError> {
    let cid = accepted(*cid)?;
    if cid.codec() != DAG_PB {
        return Err(CidError::Codec {
            cid,
            codec: cid.codec(),
        });
    }
    let mut bytes = [0; ONCHAIN_BYTES];
    bytes[0] = 0x12;
    bytes[1] = 0x20;
    bytes[2..].copy_from_slice(&digest(&cid)?);
    Ok(bytes)
}

/// The CIDv0 of a dag-pb node with this sha2-256 digest.
pub fn from_digest(digest: [u8; 32]) -> Cid {
    of(CidVersion::V0, DAG_PB, digest)
}

/// The CID of a block by its codec and its sha2-256 digest. Version 0 exists for dag-pb
/// alone: of another codec the CID is of version 1, whatever is asked.
#[allow(clippy::expect_used)]
pub fn of(version: CidVersion, codec: u64, digest: [u8; 32]) -> Cid {
    // SAFETY: 32 bytes fit a multihash of 32, and CIDv0 is defined for exactly this hash.
    let hash = Multihash::wrap(SHA2_256, &digest).expect("a digest of 32 bytes fits");
    match (version, codec) {
        (CidVersion::V0, DAG_PB) => {
            Cid::new_v0(hash).expect("sha2-256 of 32 bytes is what CIDv0 holds")
        }
        _ => Cid::new_v1(codec, hash),
    }
}

/// The sha2-256 digest that a CID names its content by.
///
/// # Errors
/// [`CidError::Hash`] if it is named by another hash.
pub fn digest(cid: &Cid) -> Result<[u8; 32], CidError> {
    let refused = || CidError::Hash {
        cid: *cid,
        code: cid.hash().code(),
        bytes: cid.hash().size(),
    };
    if cid.hash().code() != SHA2_256 {
        return Err(refused());
    }
    <[u8; 32]>::try_from(cid.hash().digest()).map_err(|_| refused())
}

/// Whether two CIDs name the same content, whatever their versions.
pub fn same_content(one: &Cid, other: &Cid) -> bool {
    one.hash() == other.hash() && one.codec() == other.codec()
}

/// The CID of the same content in the other version, where it has one: a raw block has none
/// in version 0.
#[cfg(any(test, feature = "pinning"))]
pub(crate) fn other_version(cid: &Cid) -> Option<Cid> {
    match cid.version() {
        CidVersion::V0 => Some(Cid::new_v1(cid.codec(), *cid.hash())),
        CidVersion::V1 if cid.codec() == DAG_PB => Cid::new_v0(*cid.hash()).ok(),
        CidVersion::V1 => None,
    }
}

fn accepted(cid: Cid) -> Result<Cid, CidError> {
    digest(&cid).map(|_| cid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onchain_form_is_two_bytes_and_the_digest() {
        let cid = parse(EXAMPLE).unwrap();
        let bytes = to_onchain(&cid).unwrap();
        assert_eq!(bytes[..2], [0x12, 0x20]);
        assert_eq!(from_onchain(&bytes), Ok(cid));
        assert_eq!(to_onchain(&cid.into_v1().unwrap()), Ok(bytes));
    }

    #[test]
    fn refuses_onchain_bytes_of_another_shape() {
        let good = to_onchain(&parse(EXAMPLE).unwrap()).unwrap();
        let mut other_hash = good;
        other_hash[0] = 0x13;
        for bytes in [
            &[][..],
            &good[..33],
            &other_hash[..],
            &[good.as_slice(), &[0]].concat(),
        ] {
            assert!(
                matches!(from_onchain(bytes), Err(CidError::OnChain { .. })),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn refuses_text_that_is_no_cid() {
        let long = "Q".repeat(10_000);
        for text in [
            "",
            "hello",
            "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ",
            &long,
            "/ipfs/x",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains("Qmb") && message.len() < 300, "{message}");
        }
    }

    #[test]
    fn refuses_hashes_other_than_sha2_256() {
        // Identity hash, as Kubo inlines small content with `--inline`.
        let inline = Cid::new_v1(RAW, Multihash::wrap(0, b"hi").unwrap());
        assert!(matches!(
            parse(&inline.to_string()),
            Err(CidError::Hash {
                code: 0,
                bytes: 2,
                ..
            })
        ));
    }

    #[test]
    fn versions_of_a_cid_name_the_same_content() {
        let v0 = parse(EXAMPLE).unwrap();
        let v1 = other_version(&v0).unwrap();
        assert_eq!(other_version(&v1), Some(v0));
        assert!(same_content(&v0, &v1));
        let raw = Cid::new_v1(RAW, *v0.hash());
        assert_eq!(other_version(&raw), None);
        assert!(!same_content(&v0, &raw));
    }

    #[test]
    fn a_raw_block_has_no_form_onchain() {
        let raw = Cid::new_v1(RAW, *parse(EXAMPLE).unwrap().hash());
        assert!(matches!(
            to_onchain(&raw),
            Err(CidError::Codec { codec: RAW, .. })
        ));
    }
}
