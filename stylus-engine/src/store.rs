//! Storage as the rooms see it: packed words at fixed slots and in mappings.
//!
//! Fields and mappings are zero-cost handles made at compile time; [`crate::layout`]
//! says which slot each has. A mapping puts its entries where Solidity would, at
//! `keccak256(key ‖ slot)`; the fields inside a packed word are little-endian and start
//! at the first byte, because that is what WebAssembly reads without turning bytes round.

use crate::host::{self, Word};
use alloy_primitives::{Address, B256, FixedBytes, keccak256};
use core::marker::PhantomData;

/// A value that fits a storage word.
pub trait Pack {
    /// The word that stands for the value. The default value is the zero word.
    fn pack(&self) -> Word;
    /// The value that a word stands for.
    fn unpack(word: &Word) -> Self;
}

/// One word of storage at a key that is known when the program runs.
#[derive(Clone, Copy)]
pub struct Slot(Word);

impl Slot {
    /// The word at a fixed slot number.
    ///
    /// Made when the program runs: as a constant each would be 32 bytes of data, which every
    /// start of a program pays for at 600 times the price of code.
    #[inline(never)]
    pub fn fixed(number: u32) -> Self {
        let mut key = [0; 32];
        key[28..].copy_from_slice(&number.to_be_bytes());
        Self(key)
    }

    /// The word `n` slots further on.
    #[inline(never)]
    pub fn next(&self, n: u8) -> Self {
        let mut key = self.0;
        let mut carry = n;
        for byte in key.iter_mut().rev() {
            let (sum, overflow) = byte.overflowing_add(carry);
            *byte = sum;
            if !overflow {
                break;
            }
            carry = 1;
        }
        Self(key)
    }

    /// The entry of `key` in the mapping rooted here.
    #[inline(never)]
    fn entry(&self, key: &Word) -> Self {
        let mut preimage = [0; 64];
        preimage[..32].copy_from_slice(key);
        preimage[32..].copy_from_slice(&self.0);
        Self(keccak256(preimage).0)
    }

    /// Reads the word here.
    pub fn load(&self) -> Word {
        host::load(&self.0)
    }

    /// Writes the word here.
    pub fn store(&self, word: &Word) {
        host::store(&self.0, word);
    }

    /// Reads the value here.
    #[inline]
    pub fn get<T: Pack>(&self) -> T {
        T::unpack(&host::load(&self.0))
    }

    /// Writes a value here.
    #[inline]
    pub fn set<T: Pack>(&self, value: &T) {
        host::store(&self.0, &value.pack())
    }
}

/// A value in a slot of its own.
#[derive(Clone, Copy)]
pub struct Field<T> {
    slot: u32,
    value: PhantomData<T>,
}

impl<T: Pack> Field<T> {
    /// The field at slot number `slot`.
    pub const fn at(slot: u32) -> Self {
        Self {
            slot,
            value: PhantomData,
        }
    }

    /// Its slot number.
    pub const fn number(self) -> u32 {
        self.slot
    }

    /// Reads the value.
    #[inline]
    pub fn get(self) -> T {
        Slot::fixed(self.slot).get()
    }

    /// Writes the value.
    #[inline]
    pub fn set(self, value: &T) {
        Slot::fixed(self.slot).set(value)
    }
}

/// What may be the key of a mapping.
pub trait Key {
    /// The key's type as the ABI names it.
    #[cfg(test)]
    const NAME: &'static str;
    /// The key as Solidity pads it to a word.
    fn to_word(&self) -> Word;
}

impl Key for B256 {
    #[cfg(test)]
    const NAME: &'static str = "bytes32";

    fn to_word(&self) -> Word {
        self.0
    }
}

impl Key for Address {
    #[cfg(test)]
    const NAME: &'static str = "address";

    fn to_word(&self) -> Word {
        self.into_word().0
    }
}

impl Key for FixedBytes<20> {
    #[cfg(test)]
    const NAME: &'static str = "bytes20";

    fn to_word(&self) -> Word {
        let mut word = [0; 32];
        word[..20].copy_from_slice(self.as_slice());
        word
    }
}

impl Key for u64 {
    #[cfg(test)]
    const NAME: &'static str = "uint64";

    fn to_word(&self) -> Word {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&self.to_be_bytes());
        word
    }
}

/// A mapping from keys to values of one word.
#[derive(Clone, Copy)]
pub struct Map<K, V> {
    root: u32,
    kinds: PhantomData<(K, V)>,
}

impl<K: Key, V: Pack> Map<K, V> {
    /// The mapping rooted at slot number `root`.
    pub const fn at(root: u32) -> Self {
        Self {
            root,
            kinds: PhantomData,
        }
    }

    /// The number of the slot that it is rooted at.
    #[cfg(test)]
    pub(crate) const fn root(self) -> u32 {
        self.root
    }

    /// Where the value of `key` lies.
    pub fn slot(self, key: K) -> Slot {
        Slot::fixed(self.root).entry(&key.to_word())
    }

    /// The value of `key`, or the default.
    pub fn get(self, key: K) -> V {
        self.slot(key).get()
    }

    /// Sets the value of `key`.
    pub fn set(self, key: K, value: &V) {
        self.slot(key).set(value)
    }
}

impl<V: Pack> Map<u64, V> {
    /// The key under which the mapping holds `value`, which is not the zero word. If it does
    /// not hold it yet, it is written: so a word that many records have in common lies here
    /// once, and each of them names it in eight bytes.
    ///
    /// Keys follow from the values by hashing, and 0 is none's. Where somebody made two values
    /// meet, the second has the next key that is free, so what was written once stays.
    pub(crate) fn intern(self, value: &V) -> u64 {
        intern(Slot::fixed(self.root), &value.pack())
    }
}

#[inline(never)]
fn intern(root: Slot, word: &Word) -> u64 {
    let hash = keccak256(word);
    let mut key = take::<0, 8>(&hash) as u64;
    loop {
        key = key.max(1);
        let slot = root.entry(&key.to_word());
        let found = slot.load();
        if found == *word {
            return key;
        }
        if found == [0; 32] {
            slot.store(word);
            return key;
        }
        key = key.wrapping_add(1);
    }
}

/// A mapping of mappings.
#[derive(Clone, Copy)]
pub struct Map2<K, L, V> {
    root: u32,
    kinds: PhantomData<(K, L, V)>,
}

impl<K: Key, L: Key, V: Pack> Map2<K, L, V> {
    /// The mapping rooted at slot number `root`.
    pub const fn at(root: u32) -> Self {
        Self {
            root,
            kinds: PhantomData,
        }
    }

    /// The number of the slot that it is rooted at.
    #[cfg(test)]
    pub(crate) const fn root(self) -> u32 {
        self.root
    }

    /// Where the value of `key` and `inner` lies.
    pub fn slot(self, key: K, inner: L) -> Slot {
        Slot::fixed(self.root)
            .entry(&key.to_word())
            .entry(&inner.to_word())
    }

    /// The value of `key` and `inner`, or the default.
    pub fn get(self, key: K, inner: L) -> V {
        self.slot(key, inner).get()
    }

    /// Sets the value of `key` and `inner`.
    pub fn set(self, key: K, inner: L, value: &V) {
        self.slot(key, inner).set(value)
    }
}

/// Reads `LEN` bytes from byte `AT` of a word as an unsigned integer.
#[inline(always)]
pub(crate) fn take<const AT: usize, const LEN: usize>(word: &Word) -> u128 {
    const { assert!(LEN <= 16 && AT + LEN <= 32) }
    let mut bytes = [0; 16];
    bytes[..LEN].copy_from_slice(&word[AT..AT + LEN]);
    u128::from_le_bytes(bytes)
}

/// Writes `value`, which its bounds keep below 2^(8 · LEN), to byte `AT` of a word.
#[inline(always)]
pub(crate) fn put<const AT: usize, const LEN: usize>(word: &mut Word, value: u128) {
    const { assert!(LEN <= 16 && AT + LEN <= 32) }
    debug_assert!(LEN == 16 || value >> (8 * LEN) == 0);
    word[AT..AT + LEN].copy_from_slice(&value.to_le_bytes()[..LEN]);
}

/// What two parts of a word, which have no byte in common, come to together.
#[inline(never)]
pub(crate) fn join(mut a: Word, b: &Word) -> Word {
    for (a, b) in a.iter_mut().zip(b) {
        *a |= b;
    }
    a
}

/// The address at byte `AT` of a word.
#[inline(always)]
pub(crate) fn take_address<const AT: usize>(word: &Word) -> Address {
    const { assert!(AT + 20 <= 32) }
    Address::from_slice(&word[AT..AT + 20])
}

/// Writes an address to byte `AT` of a word.
#[inline(always)]
pub(crate) fn put_address<const AT: usize>(word: &mut Word, address: Address) {
    const { assert!(AT + 20 <= 32) }
    word[AT..AT + 20].copy_from_slice(address.as_slice());
}

/// A word whose parts are packed one by one.
impl Pack for Word {
    fn pack(&self) -> Word {
        *self
    }
    fn unpack(word: &Word) -> Self {
        *word
    }
}

impl Pack for B256 {
    fn pack(&self) -> Word {
        self.0
    }
    fn unpack(word: &Word) -> Self {
        Self(*word)
    }
}

impl Pack for Address {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, *self);
        word
    }
    fn unpack(word: &Word) -> Self {
        take_address::<0>(word)
    }
}

impl Pack for u128 {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 16>(&mut word, *self);
        word
    }
    fn unpack(word: &Word) -> Self {
        take::<0, 16>(word)
    }
}

impl Pack for u64 {
    fn pack(&self) -> Word {
        u128::from(*self).pack()
    }
    fn unpack(word: &Word) -> Self {
        take::<0, 8>(word) as u64
    }
}

impl Pack for u32 {
    fn pack(&self) -> Word {
        u128::from(*self).pack()
    }
    fn unpack(word: &Word) -> Self {
        take::<0, 4>(word) as u32
    }
}

impl Pack for bool {
    fn pack(&self) -> Word {
        u128::from(*self).pack()
    }
    fn unpack(word: &Word) -> Self {
        word[0] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_integers_come_back_and_leave_their_neighbours_alone() {
        let mut word = [0xAA; 32];
        put::<3, 10>(&mut word, (1 << 80) - 2);
        assert_eq!(take::<3, 10>(&word), (1 << 80) - 2);
        assert_eq!(word[2], 0xAA);
        assert_eq!(word[13], 0xAA);
    }

    #[test]
    fn the_next_slot_carries_over_all_bytes() {
        assert_eq!(Slot([0xFF; 32]).next(1).0, [0; 32]);
        let mut key = [0; 32];
        key[31] = 0xFF;
        let mut expected = [0; 32];
        expected[30] = 1;
        expected[31] = 1;
        assert_eq!(Slot(key).next(2).0, expected);
    }
}
