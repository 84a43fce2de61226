//! The header: `{"roots": [CID, …], "version": 1}` in DAG-CBOR.

use crate::content::{Cid, cids};

/// The tag of a CID in DAG-CBOR.
const CID_TAG: u64 = 42;

/// What marks a CID's bytes inside CBOR: the multibase prefix of binary.
const BINARY: u8 = 0;

// CBOR's major types.
const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Bytes that are no header of a CAR of version 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// They end too early, go on too long, or are not DAG-CBOR.
    #[error("it is not the DAG-CBOR that a header is, from byte {at} on")]
    Cbor {
        /// Where in the header.
        at: usize,
    },
    /// The version is another.
    #[error("it is of version {version}, and only version 1 is read")]
    Version {
        /// The version.
        version: u64,
    },
    /// A root that is no CID.
    #[error("its root {index} is no CID")]
    Root {
        /// Which root.
        index: usize,
    },
}

/// The header that names these roots.
pub(super) fn encode(roots: &[Cid]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + roots.len() * 45);
    head(&mut out, MAP, 2);
    text(&mut out, "roots");
    head(&mut out, ARRAY, roots.len() as u64);
    for root in roots {
        let bytes = root.to_bytes();
        head(&mut out, TAG, CID_TAG);
        head(&mut out, BYTES, bytes.len() as u64 + 1);
        out.push(BINARY);
        out.extend(bytes);
    }
    text(&mut out, "version");
    head(&mut out, UNSIGNED, 1);
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend(text.as_bytes());
}

fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    let major = major << 5;
    let bytes = value.to_be_bytes();
    match value {
        0..24 => out.push(major | bytes[7]),
        24..0x100 => out.extend([major | 24, bytes[7]]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend(bytes);
        }
    }
}

/// The roots that a header names.
pub(super) fn decode(header: &[u8]) -> Result<Vec<Cid>, HeaderError> {
    let mut cursor = Cursor { header, at: 0 };
    let mut roots = None;
    let mut version = None;
    for _ in 0..cursor.expect(MAP)? {
        let at = cursor.at;
        match cursor.bytes_of(TEXT)? {
            b"roots" if roots.is_none() => roots = Some(cursor.roots()?),
            b"version" if version.is_none() => version = Some(cursor.expect(UNSIGNED)?),
            _ => return Err(HeaderError::Cbor { at }),
        }
    }
    match version {
        Some(1) => {}
        Some(version) => return Err(HeaderError::Version { version }),
        None => return Err(HeaderError::Cbor { at: cursor.at }),
    }
    match roots {
        Some(roots) if cursor.at == header.len() => Ok(roots),
        _ => Err(HeaderError::Cbor { at: cursor.at }),
    }
}

struct Cursor<'a> {
    header: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn roots(&mut self) -> Result<Vec<Cid>, HeaderError> {
        let count = self.expect(ARRAY)?;
        let mut roots = Vec::new();
        // The count is what a stranger says; the bytes run out before it does harm.
        for index in 0..count {
            let at = self.at;
            if self.expect(TAG)? != CID_TAG {
                return Err(HeaderError::Cbor { at });
            }
            let root = match self.bytes_of(BYTES)? {
                [BINARY, cid @ ..] => cids::from_bytes(cid),
                _ => None,
            };
            roots.push(root.ok_or(HeaderError::Root {
                // A header has far fewer roots than would not fit.
                index: index as usize,
            })?);
        }
        Ok(roots)
    }

    fn bytes_of(&mut self, major: u8) -> Result<&'a [u8], HeaderError> {
        let at = self.at;
        let length = self.expect(major)?;
        self.take(usize::try_from(length).map_err(|_| HeaderError::Cbor { at })?)
    }

    /// The value of the next item's head, which must be of this major type and, as DAG-CBOR
    /// wants it, as short as it can be.
    fn expect(&mut self, major: u8) -> Result<u64, HeaderError> {
        let at = self.at;
        let malformed = HeaderError::Cbor { at };
        let first = self.take(1)?[0];
        if first >> 5 != major {
            return Err(malformed);
        }
        let (bytes, least) = match first & 31 {
            value @ 0..24 => return Ok(u64::from(value)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(malformed),
        };
        let value = self
            .take(bytes)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        if value < least {
            return Err(malformed);
        }
        Ok(value)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], HeaderError> {
        let rest = &self.header[self.at..];
        let taken = rest.get(..count).ok_or(HeaderError::Cbor { at: self.at })?;
        self.at += count;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cids(count: u8) -> Vec<Cid> {
        (0..count).map(|i| cids::from_digest([i; 32])).collect()
    }

    #[test]
    fn reads_back_what_it_writes() {
        for count in [0, 1, 2, 23, 24, 255] {
            let roots = cids(count);
            assert_eq!(decode(&encode(&roots)), Ok(roots));
        }
    }

    #[test]
    fn is_what_the_specification_shows() {
        // {"roots": [QmbFMke1…], "version": 1}
        let cid = cids::parse("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH").unwrap();
        let mut expected = b"\xa2\x65roots\x81\xd8\x2a\x58\x23\x00".to_vec();
        expected.extend(cid.to_bytes());
        expected.extend(b"\x67version\x01");
        assert_eq!(encode(&[cid]), expected);
    }

    #[test]
    fn refuses_everything_else() {
        let good = encode(&cids(1));
        for cut in 0..good.len() {
            assert!(decode(&good[..cut]).is_err(), "cut to {cut} bytes");
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert_eq!(decode(&longer), Err(HeaderError::Cbor { at: good.len() }));
        let mut second = good.clone();
        *second.last_mut().unwrap() = 2;
        assert_eq!(decode(&second), Err(HeaderError::Version { version: 2 }));
        // A map of 2^64 - 1 entries, an array of as many roots, a length written too long.
        for bad in [
            &b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"[..],
            b"\xa2\x65roots\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xa2\x78\x05roots\x80\x67version\x01",
            b"\xa1\x67version\x01",
            b"\xa1\x65roots\x80",
        ] {
            assert!(
                matches!(decode(bad), Err(HeaderError::Cbor { .. })),
                "{bad:x?}"
            );
        }
        let mut no_cid = good;
        // The multibase prefix.
        no_cid[12] = 1;
        assert_eq!(decode(&no_cid), Err(HeaderError::Root { index: 0 }));
    }
}
