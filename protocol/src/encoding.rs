//! Solidity's ABI encoding of argument lists whose lengths are known when they are
//! written: words, bytes, and arrays of either.
//!
//! Contracts that hash, call and log lists of calls write them by this; the encoders that
//! are derived from interfaces bring code for every type along, which each start of a
//! program pays for.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};

/// Bytes in a word.
const WORD: usize = 32;

/// The most arguments of a list: more than any function or event of Solidity can have.
const MOST_ARGUMENTS: usize = 256;

/// An argument list that is being written, from its first argument to its last.
#[derive(Clone, Debug)]
pub struct Encoder {
    data: Vec<u8>,
    /// Where the next argument's word goes.
    head: usize,
    /// Where offsets are counted from.
    start: usize,
}

impl Encoder {
    /// An empty list of `arguments` arguments after `prefix`, such as a selector. Lists have at
    /// most 256 arguments: what is written past them is left out.
    #[inline(never)]
    pub fn new(prefix: &[u8], arguments: usize) -> Self {
        let arguments = arguments.min(MOST_ARGUMENTS);
        let mut data = Vec::with_capacity(prefix.len() + WORD * (arguments + 4));
        data.extend_from_slice(prefix);
        let start = data.len();
        data.resize(start + WORD * arguments, 0);
        Self {
            data,
            head: start,
            start,
        }
    }

    /// The next argument is a word.
    #[inline(never)]
    pub fn word(&mut self, word: &B256) -> &mut Self {
        // An argument too many would be a defect of the caller's; it is then left out.
        if let Some(place) = self.data.get_mut(self.head..self.head + WORD) {
            place.copy_from_slice(word.as_slice());
        }
        self.head += WORD;
        self
    }

    /// The next argument is a number.
    #[inline(never)]
    pub fn number(&mut self, number: u128) -> &mut Self {
        self.word(&word_of(number))
    }

    /// The next argument is an address.
    pub fn address(&mut self, address: &Address) -> &mut Self {
        self.word(&address.into_word())
    }

    /// The next argument is a `bytes` or a `string`.
    pub fn bytes(&mut self, content: &[u8]) -> &mut Self {
        self.offset();
        self.append(content, &[]);
        self
    }

    /// The next argument is an array of words.
    pub fn words(&mut self, words: impl ExactSizeIterator<Item = B256>) -> &mut Self {
        self.offset();
        self.data
            .extend_from_slice(word_of(words.len() as u128).as_slice());
        for word in words {
            self.data.extend_from_slice(word.as_slice());
        }
        self
    }

    /// The next argument is an array of `bytes` or `string`, each in two parts.
    pub fn blobs<'a>(
        &mut self,
        blobs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> &mut Self {
        self.offset();
        let count = blobs.len();
        self.data
            .extend_from_slice(word_of(count as u128).as_slice());
        let start = self.data.len();
        self.data.resize(start + WORD * count, 0);
        for (i, (first, second)) in blobs.enumerate() {
            let offset = word_of((self.data.len() - start) as u128);
            let at = start + WORD * i;
            if let Some(place) = self.data.get_mut(at..at + WORD) {
                place.copy_from_slice(offset.as_slice());
            }
            self.append(first, second);
        }
        self
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.data
    }

    /// The next argument is what is appended next.
    #[inline(never)]
    fn offset(&mut self) {
        self.number((self.data.len() - self.start) as u128);
    }

    /// Appends a length, content in two parts, and zeros up to a whole word.
    #[inline(never)]
    fn append(&mut self, first: &[u8], second: &[u8]) {
        let len = first.len() + second.len();
        self.data.extend_from_slice(word_of(len as u128).as_slice());
        self.data.extend_from_slice(first);
        self.data.extend_from_slice(second);
        let padded = self.data.len() + len.wrapping_neg() % WORD;
        self.data.resize(padded, 0);
    }
}

/// A number as a word.
#[inline(never)]
fn word_of(number: u128) -> B256 {
    U256::from(number).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Bytes;
    use alloy_sol_types::SolValue;

    #[test]
    fn encodes_as_the_abi_has_it() {
        let words = vec![B256::repeat_byte(1), B256::repeat_byte(2)];
        let blobs: Vec<Bytes> = vec![
            vec![7; 31].into(),
            vec![].into(),
            vec![8; 32].into(),
            vec![9; 33].into(),
        ];
        let account = Address::repeat_byte(3);
        let mut encoder = Encoder::new(&[0xAA, 0xBB], 6);
        encoder
            .words(words.iter().copied())
            .number(77)
            .blobs(blobs.iter().map(|blob| blob.split_at(blob.len() / 3)))
            .address(&account)
            .bytes(b"reason")
            .words([].into_iter());
        let expected = (
            words,
            U256::from(77),
            blobs,
            account,
            Bytes::from_static(b"reason"),
            Vec::<B256>::new(),
        );
        let encoded = encoder.finish();
        assert_eq!(encoded[..2], [0xAA, 0xBB]);
        assert_eq!(encoded[2..], expected.abi_encode_params());
    }

    #[test]
    fn a_list_longer_than_any_takes_no_more_room_than_the_longest() {
        let mut encoder = Encoder::new(&[], usize::MAX);
        for argument in 0..=MOST_ARGUMENTS {
            encoder.number(argument as u128);
        }
        let encoded = encoder.finish();
        assert_eq!(encoded.len(), WORD * MOST_ARGUMENTS);
        assert!(encoded.ends_with(word_of(255).as_slice()));
    }
}
