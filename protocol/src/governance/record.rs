//! A proposal's actions as the governor stores them: tightly packed, as the code of an
//! account of their own, which costs a third of what storage would.
//!
//! Byte 0 is the instruction STOP, so that nobody can call the account. Then: keccak-256 of
//! the description, the digest of its content identifier, and each action: target (20),
//! the number of the value's bytes (1) and these, the signature's length (2) and it, the
//! data's length (3) and it; numbers big-endian.

use super::Action;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use core::fmt;

/// What a stored proposal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// keccak-256 of the description.
    pub description_hash: B256,
    /// Digest of the description's content identifier.
    pub cid: B256,
    /// The calls.
    pub actions: Vec<Action<'a>>,
}

/// Why a record cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// Bytes that it takes.
    pub size: usize,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the actions take {} bytes; split the proposal, as an account stores at most {}",
            self.size,
            Record::MAX
        )
    }
}

impl core::error::Error for RecordError {}

impl<'a> Record<'a> {
    /// Most bytes of a record: the code of an account (EIP-170).
    pub const MAX: usize = 24_576;

    /// Bytes before the actions.
    const HEADER: usize = 65;

    /// Code that leaves what follows it as the account's code: its length, in bytes 1 and
    /// 2, is copied from behind these 12 bytes and returned.
    const CREATION: [u8; 12] = [
        0x61, 0, 0,    // PUSH2 length
        0x80, // DUP1
        0x60, 12, // PUSH1 12
        0x60, 0,    // PUSH1 0
        0x39, // CODECOPY
        0x60, 0,    // PUSH1 0
        0xf3, // RETURN
    ];

    /// The code that creates the account which holds the record.
    ///
    /// # Errors
    ///
    /// [`RecordError`] above [`Record::MAX`] bytes.
    pub fn creation_code(&self) -> Result<Vec<u8>, RecordError> {
        let mut code = Self::CREATION.to_vec();
        self.write(&mut code);
        let size = code.len() - Self::CREATION.len();
        if size > Self::MAX {
            return Err(RecordError { size });
        }
        if let Some(place) = code.get_mut(1..3) {
            place.copy_from_slice(&(size as u16).to_be_bytes());
        }
        Ok(code)
    }

    fn write(&self, code: &mut Vec<u8>) {
        code.push(0);
        code.extend_from_slice(self.description_hash.as_slice());
        code.extend_from_slice(self.cid.as_slice());
        for action in &self.actions {
            code.extend_from_slice(action.target.as_slice());
            let value = action.value.to_be_bytes::<32>();
            let zeros = value.iter().take_while(|byte| **byte == 0).count();
            code.push((32 - zeros) as u8);
            code.extend_from_slice(value.get(zeros..).unwrap_or(&[]));
            for (bytes, width) in [(action.signature, 2), (action.data, 3)] {
                let len = (bytes.len() as u32).to_be_bytes();
                code.extend_from_slice(len.get(4 - width..).unwrap_or(&[]));
                code.extend_from_slice(bytes);
            }
        }
    }

    /// Reads what [`creation_code`](Self::creation_code) left as an account's code;
    /// nothing if that is something else.
    pub fn read(code: &'a [u8]) -> Option<Self> {
        let (header, mut rest) = code.split_at_checked(Self::HEADER)?;
        let mut actions = Vec::new();
        while !rest.is_empty() {
            let target = Address::try_from(take(&mut rest, 20)?).ok()?;
            let width = number(&mut rest, 1)?;
            let value = U256::try_from_be_slice(take(&mut rest, width)?)?;
            let len = number(&mut rest, 2)?;
            let signature = take(&mut rest, len)?;
            let len = number(&mut rest, 3)?;
            let data = take(&mut rest, len)?;
            actions.push(Action {
                target,
                value,
                signature,
                data,
            });
        }
        Some(Self {
            description_hash: B256::try_from(header.get(1..33)?).ok()?,
            cid: B256::try_from(header.get(33..)?).ok()?,
            actions,
        })
    }
}

/// Takes `len` bytes off the front.
#[inline(never)]
fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (bytes, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(bytes)
}

/// Takes a number of `width` bytes off the front.
fn number(rest: &mut &[u8], width: usize) -> Option<usize> {
    let bytes = take(rest, width)?;
    Some(bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(data: &[u8]) -> Record<'_> {
        Record {
            description_hash: B256::repeat_byte(1),
            cid: B256::repeat_byte(2),
            actions: vec![
                Action {
                    target: Address::repeat_byte(3),
                    value: U256::from(0x1234),
                    signature: b"f(uint256)",
                    data,
                },
                Action {
                    target: Address::ZERO,
                    value: U256::MAX,
                    signature: b"",
                    data: &[],
                },
                Action {
                    target: Address::repeat_byte(4),
                    value: U256::ZERO,
                    signature: b"",
                    data: &[5; 300],
                },
            ],
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let record = record(&[6; 68]);
        let code = record.creation_code().expect("fits");
        assert_eq!(
            code[..3],
            [0x61, (code.len() >> 8) as u8, (code.len() - 12) as u8]
        );
        let stored = &code[12..];
        assert_eq!(stored[0], 0, "the account cannot be called");
        assert_eq!(Record::read(stored), Some(record));
        for end in [0, 64, 66, 85, stored.len() - 1] {
            assert_eq!(Record::read(&stored[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_record_is_no_longer_than_the_code_of_an_account() {
        let empty = record(&[]).creation_code().expect("fits").len() - 12;
        let data = vec![0; Record::MAX - empty + 1];
        assert!(record(&data[1..]).creation_code().is_ok());
        assert_eq!(
            record(&data).creation_code(),
            Err(RecordError {
                size: Record::MAX + 1
            })
        );
    }
}
