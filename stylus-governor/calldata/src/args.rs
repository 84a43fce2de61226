//! Arguments as 32-byte words, and what their offsets lead to.

use alloy_primitives::{Address, B256, U256};

/// Bytes in a word of the ABI.
const WORD: usize = 32;

/// The calldata does not hold the arguments that its selector announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Splits calldata into the function selector and the arguments that follow it.
///
/// `None` if there are fewer than four bytes, so no selector.
#[must_use]
pub fn split_selector(calldata: &[u8]) -> Option<([u8; 4], Args<'_>)> {
    let (selector, rest) = calldata.split_first_chunk()?;
    Some((*selector, Args(rest)))
}

/// The head of an argument list: one word for each argument, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a>(&'a [u8]);

impl<'a> Args<'a> {
    /// Reads `data` as an argument list, without a selector in front.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// The word of argument `index`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it.
    #[inline(never)]
    pub fn word(&self, index: usize) -> Result<&'a B256, Malformed> {
        let start = index.checked_mul(WORD).ok_or(Malformed)?;
        self.0
            .get(start..)
            .and_then(|rest| rest.first_chunk::<WORD>())
            .map(<&B256>::from)
            .ok_or(Malformed)
    }

    /// Argument `index` as a `uint256`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it.
    pub fn uint(&self, index: usize) -> Result<U256, Malformed> {
        Ok(U256::from_be_bytes(self.word(index)?.0))
    }

    /// The word of argument `index`, which holds a number of `bytes` bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it or its other bytes are not zero.
    #[inline(never)]
    pub fn narrow(&self, index: usize, bytes: usize) -> Result<&'a B256, Malformed> {
        let word = self.word(index)?;
        if word.iter().rev().skip(bytes).any(|byte| *byte != 0) {
            return Err(Malformed);
        }
        Ok(word)
    }

    /// The word of argument `index`, which holds an `address`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it or its upper twelve bytes are not zero.
    pub fn account(&self, index: usize) -> Result<&'a B256, Malformed> {
        self.narrow(index, 20)
    }

    /// Argument `index` as a `uint32`.
    ///
    /// # Errors
    ///
    /// As of [`narrow`](Self::narrow).
    pub fn uint32(&self, index: usize) -> Result<u32, Malformed> {
        let word = self.narrow(index, 4)?;
        let (_, value) = word.split_last_chunk::<4>().ok_or(Malformed)?;
        Ok(u32::from_be_bytes(*value))
    }

    /// Argument `index` as a `bool`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it or it is neither 0 nor 1.
    pub fn truth(&self, index: usize) -> Result<bool, Malformed> {
        match self.uint32(index)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// Argument `index` as an `address`.
    ///
    /// # Errors
    ///
    /// As of [`account`](Self::account).
    pub fn address(&self, index: usize) -> Result<Address, Malformed> {
        Ok(Address::from_word(*self.account(index)?))
    }

    /// Argument `index` as a number of at most 64 bits.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if the calldata ends before it or it is larger.
    #[inline(never)]
    pub fn number(&self, index: usize) -> Result<u64, Malformed> {
        let word = self.narrow(index, 8)?;
        let (_, value) = word.split_last_chunk::<8>().ok_or(Malformed)?;
        Ok(u64::from_be_bytes(*value))
    }

    /// Argument `index` as `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if its offset or its length points outside the calldata.
    pub fn bytes(&self, index: usize) -> Result<&'a [u8], Malformed> {
        let (length, rest) = self.dynamic(index)?;
        rest.get(..length).ok_or(Malformed)
    }

    /// Argument `index` as an array of static tuples of `words` words each.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if its offset points outside the calldata or the array does not
    /// fit into it.
    pub fn tuples(&self, index: usize, words: usize) -> Result<Tuples<'a>, Malformed> {
        let (length, rest) = self.dynamic(index)?;
        let size = words.checked_mul(WORD).ok_or(Malformed)?;
        let total = length.checked_mul(size).ok_or(Malformed)?;
        Ok(Tuples {
            data: rest.get(..total).ok_or(Malformed)?,
            size,
        })
    }

    /// Argument `index` as an array of words.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if its offset points outside the calldata or the array does not
    /// fit into it.
    #[inline(never)]
    pub fn words(&self, index: usize) -> Result<&'a [[u8; WORD]], Malformed> {
        let (length, rest) = self.dynamic(index)?;
        let size = length.checked_mul(WORD).ok_or(Malformed)?;
        let (words, _) = rest.get(..size).ok_or(Malformed)?.as_chunks();
        Ok(words)
    }

    /// Argument `index` as an array of `bytes` or `string`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if its offset points outside the calldata or the elements' offsets
    /// do not fit into it.
    pub fn blobs(&self, index: usize) -> Result<Blobs<'a>, Malformed> {
        let (length, rest) = self.dynamic(index)?;
        // As many offsets must follow, so nobody announces more elements than there are.
        self.words(index)?;
        Ok(Blobs {
            elements: Self(rest),
            length,
        })
    }

    /// The length that argument `index` leads to, and all that follows the length.
    fn dynamic(&self, index: usize) -> Result<(usize, &'a [u8]), Malformed> {
        let offset = self.index(index)?;
        let tail = Self(self.0.get(offset..).ok_or(Malformed)?);
        let length = tail.index(0)?;
        // `index(0)` has read a word, so there is one to skip.
        Ok((length, tail.0.get(WORD..).ok_or(Malformed)?))
    }

    /// Argument `index` as an offset or a length. No calldata reaches 4 GiB.
    fn index(&self, index: usize) -> Result<usize, Malformed> {
        usize::try_from(self.uint32(index)?).map_err(|_| Malformed)
    }
}

/// The elements of an array of `bytes` or `string`.
#[derive(Clone, Copy, Debug)]
pub struct Blobs<'a> {
    elements: Args<'a>,
    length: usize,
}

impl<'a> Blobs<'a> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Element `index`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] if there is no such element, or its offset or its length points
    /// outside the calldata.
    pub fn get(&self, index: usize) -> Result<&'a [u8], Malformed> {
        if index >= self.length {
            return Err(Malformed);
        }
        self.elements.bytes(index)
    }
}

/// The elements of an array of static tuples, in order.
#[derive(Clone, Debug)]
pub struct Tuples<'a> {
    data: &'a [u8],
    size: usize,
}

impl<'a> Iterator for Tuples<'a> {
    type Item = Args<'a>;

    fn next(&mut self) -> Option<Args<'a>> {
        if self.data.is_empty() {
            return None;
        }
        let (head, rest) = self.data.split_at_checked(self.size)?;
        self.data = rest;
        Some(Args(head))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use alloy_primitives::hex;
    use std::vec::Vec;

    fn words(values: &[u64]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| U256::from(*value).to_be_bytes::<32>())
            .collect()
    }

    #[test]
    fn splits_the_selector_from_the_arguments() {
        let (selector, args) = split_selector(&[1, 2, 3, 4, 5]).unwrap();
        assert_eq!(selector, [1, 2, 3, 4]);
        assert_eq!(args.0, [5]);
        assert!(split_selector(&[1, 2, 3]).is_none());
    }

    #[test]
    fn reads_words_and_addresses_by_position() {
        let data = words(&[7, 9]);
        let args = Args::new(&data);
        assert_eq!(args.uint(0), Ok(U256::from(7)));
        assert_eq!(args.address(1), Ok(Address::with_last_byte(9)));
    }

    #[test]
    fn refuses_words_that_the_calldata_does_not_hold() {
        let data = words(&[7]);
        assert_eq!(Args::new(&data).uint(1), Err(Malformed));
        assert_eq!(Args::new(&data[..31]).uint(0), Err(Malformed));
        assert_eq!(Args::new(&data).uint(usize::MAX), Err(Malformed));
    }

    #[test]
    fn refuses_addresses_with_dirty_padding() {
        let mut data = words(&[9]);
        data[11] = 1;
        assert_eq!(Args::new(&data).address(0), Err(Malformed));
    }

    #[test]
    fn reads_narrow_numbers_and_truths_and_refuses_wider_ones() {
        let data = words(&[1 << 32, 7, 1]);
        let args = Args::new(&data);
        assert_eq!(args.uint32(0), Err(Malformed));
        assert_eq!(args.uint32(1), Ok(7));
        assert_eq!(args.narrow(1, 1), Ok(&B256::with_last_byte(7)));
        assert_eq!(args.truth(1), Err(Malformed));
        assert_eq!((args.truth(2), args.truth(3)), (Ok(true), Err(Malformed)));
    }

    #[test]
    fn follows_offsets_to_bytes() {
        let mut data = words(&[64, 5, 3]);
        data.extend(hex!("aabbcc0000"));
        let args = Args::new(&data);
        assert_eq!(args.bytes(0), Ok(&hex!("aabbcc")[..]));
    }

    #[test]
    fn refuses_offsets_and_lengths_outside_the_calldata() {
        for data in [
            words(&[32]),
            words(&[32, 1]),
            words(&[u64::MAX]),
            words(&[0]),
        ] {
            // An offset of 0 leads to the offset itself: a length of 0, so that one is sound.
            let expected = if data == words(&[0]) {
                Ok(&[][..])
            } else {
                Err(Malformed)
            };
            assert_eq!(Args::new(&data).bytes(0), expected);
        }
        let mut huge = words(&[32]);
        huge.extend([0xff; 32]);
        assert_eq!(Args::new(&huge).bytes(0), Err(Malformed));
        assert!(Args::new(&huge).tuples(0, 2).is_err());
    }

    #[test]
    fn reads_numbers_of_64_bits_and_no_larger_ones() {
        let mut data = words(&[u64::MAX]);
        assert_eq!(Args::new(&data).number(0), Ok(u64::MAX));
        data[23] = 1;
        assert_eq!(Args::new(&data).number(0), Err(Malformed));
    }

    #[test]
    fn reads_arrays_of_words_and_of_bytes() {
        let data = words(&[32, 2, 7, 8]);
        let found = Args::new(&data).words(0).unwrap();
        assert_eq!(found.concat(), data[64..]);
        assert_eq!(Args::new(&words(&[32, 3, 7, 8])).words(0), Err(Malformed));

        let mut data = words(&[32, 2, 64, 128, 3]);
        data.extend([0xaa; 3]);
        data.extend([0; 29]);
        data.extend(words(&[0]));
        let blobs = Args::new(&data).blobs(0).unwrap();
        assert_eq!(blobs.len(), 2);
        assert_eq!(blobs.get(0), Ok(&[0xaa; 3][..]));
        assert_eq!(blobs.get(1), Ok(&[][..]));
        assert_eq!(blobs.get(2), Err(Malformed));
        // Elements whose offsets lead elsewhere, and more of them than there are words.
        let data = words(&[32, 1, 640]);
        assert_eq!(Args::new(&data).blobs(0).unwrap().get(0), Err(Malformed));
        assert!(Args::new(&words(&[32, 9])).blobs(0).is_err());
    }

    #[test]
    fn walks_arrays_of_static_tuples() {
        let data = words(&[32, 2, 1, 2, 3, 4]);
        let sums: Vec<U256> = Args::new(&data)
            .tuples(0, 2)
            .unwrap()
            .map(|pair| pair.uint(0).unwrap() + pair.uint(1).unwrap())
            .collect();
        assert_eq!(sums, [U256::from(3), U256::from(7)]);
        assert!(
            Args::new(&words(&[32, 3, 1, 2, 3, 4]))
                .tuples(0, 2)
                .is_err()
        );
    }
}
