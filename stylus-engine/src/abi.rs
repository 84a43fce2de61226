//! Solidity's ABI, as much of it as the engine's functions use.
//!
//! Arguments are read in place, out of the calldata, and strictly: an address with bits
//! above its 160, a boolean that is neither 0 nor 1, an offset or a length that leads out
//! of the calldata is `MalformedCalldata`, never a truncated value. Results and logs are
//! written by appending words.

use crate::host::{self, Word};
use crate::revert::{Revert, error};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};

/// A cursor over the words of one tuple: the arguments of a call, or of a struct in it.
pub struct Args<'a> {
    tuple: &'a [u8],
    at: usize,
}

impl<'a> Args<'a> {
    /// A cursor at the first word of `tuple`, which offsets are counted from.
    pub fn new(tuple: &'a [u8]) -> Self {
        Self { tuple, at: 0 }
    }

    /// The next word.
    #[inline(never)]
    pub fn word(&mut self) -> Result<&'a Word, Revert> {
        let word = word_at(self.tuple, self.at)?;
        self.at += 32;
        Ok(word)
    }

    /// The next word as a number below 2^64.
    #[inline(never)]
    fn small(&mut self) -> Result<u64, Revert> {
        small(self.word()?)
    }

    /// What the next word, an offset, points at.
    fn pointed(&mut self) -> Result<&'a [u8], Revert> {
        let offset = usize::try_from(self.small()?).map_err(|_| malformed())?;
        self.tuple.get(offset..).ok_or_else(malformed)
    }

    /// The length that the next word points at, and what follows it.
    #[inline(never)]
    fn counted(&mut self) -> Result<(usize, &'a [u8]), Revert> {
        let pointed = self.pointed()?;
        let len = usize::try_from(small(word_at(pointed, 0)?)?).map_err(|_| malformed())?;
        Ok((len, &pointed[32..]))
    }

    /// The tuple that the next word points at.
    pub fn tuple(&mut self) -> Result<Args<'a>, Revert> {
        Ok(Args::new(self.pointed()?))
    }
}

#[cold]
#[inline(never)]
fn malformed() -> Revert {
    error!(MalformedCalldata)
}

fn word_at(data: &[u8], at: usize) -> Result<&Word, Revert> {
    at.checked_add(32)
        .and_then(|end| data.get(at..end))
        .and_then(|word| word.try_into().ok())
        .ok_or_else(malformed)
}

/// The value of a word below 2^64.
fn small(word: &Word) -> Result<u64, Revert> {
    let (high, low) = word.split_at(24);
    let low: [u8; 8] = low.try_into().map_err(|_| malformed())?;
    if high.iter().any(|byte| *byte != 0) {
        return Err(malformed());
    }
    Ok(u64::from_be_bytes(low))
}

/// A type that arguments can have.
pub trait Arg<'a>: Sized {
    /// Its name in a signature. The router holds it against the interface's own.
    const NAME: &'static str;
    /// Reads the next argument.
    fn read(args: &mut Args<'a>) -> Result<Self, Revert>;
}

impl<'a> Arg<'a> for B256 {
    const NAME: &'static str = "bytes32";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        args.word().map(|word| Self(*word))
    }
}

impl<'a> Arg<'a> for U256 {
    const NAME: &'static str = "uint256";
    #[inline(never)]
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        args.word().map(|word| Self::from_be_bytes(*word))
    }
}

impl<'a> Arg<'a> for Address {
    const NAME: &'static str = "address";
    #[inline(never)]
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        address(args.word()?)
    }
}

fn address(word: &Word) -> Result<Address, Revert> {
    let (padding, address) = word.split_at(12);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(malformed());
    }
    Ok(Address::from_slice(address))
}

impl<'a> Arg<'a> for bool {
    const NAME: &'static str = "bool";
    #[inline(never)]
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        match args.small()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed()),
        }
    }
}

impl<'a> Arg<'a> for u64 {
    const NAME: &'static str = "uint64";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        args.small()
    }
}

impl<'a> Arg<'a> for u32 {
    const NAME: &'static str = "uint32";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        Self::try_from(args.small()?).map_err(|_| malformed())
    }
}

impl<'a> Arg<'a> for u8 {
    const NAME: &'static str = "uint8";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        Self::try_from(args.small()?).map_err(|_| malformed())
    }
}

impl<'a> Arg<'a> for &'a [u8] {
    const NAME: &'static str = "bytes";
    #[inline(never)]
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let (len, data) = args.counted()?;
        data.get(..len).ok_or_else(malformed)
    }
}

/// An argument of type `bytes32[]`.
#[derive(Clone, Copy)]
pub struct Hashes<'a>(&'a [Word]);

impl<'a> Hashes<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = B256> + 'a {
        self.0.iter().map(|word| B256::new(*word))
    }
}

/// The `len` words that `data` starts with.
#[inline(never)]
fn words(len: usize, data: &[u8]) -> Result<&[Word], Revert> {
    let size = len.checked_mul(32).ok_or_else(malformed)?;
    let (words, _) = data.get(..size).ok_or_else(malformed)?.as_chunks::<32>();
    Ok(words)
}

impl<'a> Arg<'a> for Hashes<'a> {
    const NAME: &'static str = "bytes32[]";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let (len, data) = args.counted()?;
        words(len, data).map(Self)
    }
}

/// An argument of type `address[]`.
pub struct Addresses<'a>(&'a [Word]);

impl<'a> Addresses<'a> {
    /// All of them, in order; an entry that is no address is `MalformedCalldata`.
    pub fn iter(&self) -> impl Iterator<Item = Result<Address, Revert>> + 'a {
        self.0.iter().map(address)
    }
}

impl<'a> Arg<'a> for Addresses<'a> {
    const NAME: &'static str = "address[]";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let (len, data) = args.counted()?;
        words(len, data).map(Self)
    }
}

/// An argument of type `bytes[]`.
pub struct Blobs<'a> {
    len: usize,
    data: &'a [u8],
}

impl<'a> Blobs<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in order; an entry that leads out of the calldata is
    /// `MalformedCalldata`.
    pub fn iter(&self) -> impl Iterator<Item = Result<&'a [u8], Revert>> {
        let mut args = Args::new(self.data);
        (0..self.len).map(move |_| <&[u8]>::read(&mut args))
    }
}

impl<'a> Arg<'a> for Blobs<'a> {
    const NAME: &'static str = "bytes[]";
    fn read(args: &mut Args<'a>) -> Result<Self, Revert> {
        let (len, data) = args.counted()?;
        // As many offsets must follow, so nobody can announce more entries than he pays for.
        words(len, data)?;
        Ok(Self { len, data })
    }
}

/// A buffer to which words are appended: return data, or a log's topics and data.
#[derive(Default)]
pub struct Words(Vec<u8>);

impl Words {
    /// An empty buffer with room for `count` words.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(32 * count))
    }

    /// Appends 32 bytes as they are.
    #[inline(never)]
    pub fn word(&mut self, word: &Word) -> &mut Self {
        self.0.extend_from_slice(word);
        self
    }

    /// Appends an integer.
    #[inline(never)]
    pub fn uint(&mut self, value: u128) -> &mut Self {
        let mut word = [0; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        self.word(&word)
    }

    /// Appends a 256-bit integer.
    pub fn uint256(&mut self, value: &U256) -> &mut Self {
        self.word(&value.to_be_bytes())
    }

    /// Appends an address.
    pub fn address(&mut self, address: &Address) -> &mut Self {
        self.word(&address.into_word().0)
    }

    /// Appends a selector.
    pub fn bytes4(&mut self, selector: [u8; 4]) -> &mut Self {
        let mut word = [0; 32];
        word[..4].copy_from_slice(&selector);
        self.word(&word)
    }

    /// Appends the offset of a `bytes` that is the last of `heads` values, its length and
    /// its content, padded.
    #[inline(never)]
    pub fn bytes(&mut self, heads: u32, content: &[u8]) -> &mut Self {
        self.uint(32 * u128::from(heads));
        self.uint(content.len() as u128);
        self.0.reserve(content.len() + 31);
        self.0.extend_from_slice(content);
        let padding = content.len().wrapping_neg() % 32;
        self.0.extend_from_slice(&[0; 32][..padding]);
        self
    }

    /// The buffer as return data.
    pub fn into_data(self) -> Vec<u8> {
        self.0
    }

    /// Emits the buffer as a log whose first `topics` words are the topics.
    pub fn log(&self, topics: usize) {
        host::log(&self.0, topics);
    }
}

/// A word as the four numbers that it lies in memory as.
///
/// Numbers are instructions of a program, where a word would be a constant in its data, and
/// each start of a program pays 600 times as much for a byte of data as for one of code.
pub(crate) const fn limbs(word: &B256) -> [u64; 4] {
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 32 {
        limbs[i / 8] |= (word.0[i] as u64) << (8 * (i % 8));
        i += 1;
    }
    limbs
}

/// The word that [`limbs`] are those of.
#[inline(never)]
pub(crate) fn word_of(a: u64, b: u64, c: u64, d: u64) -> Word {
    let mut word = [0; 32];
    for (bytes, limb) in word.chunks_exact_mut(8).zip([a, b, c, d]) {
        bytes.copy_from_slice(&limb.to_le_bytes());
    }
    word
}

/// Starts a log: a buffer whose first word is the event's signature hash.
macro_rules! event {
    ($name:ident) => {{
        const TOPIC: [u64; 4] = $crate::abi::limbs(
            &<arbius_protocol::interfaces::engine::IEngine::$name as alloy_sol_types::SolEvent>::SIGNATURE_HASH,
        );
        $crate::abi::Words::event(TOPIC[0], TOPIC[1], TOPIC[2], TOPIC[3])
    }};
}
pub(crate) use event;

impl Words {
    /// A buffer that starts with an event's signature hash. See [`event!`].
    #[inline(never)]
    pub fn event(a: u64, b: u64, c: u64, d: u64) -> Self {
        let mut log = Self::with_capacity(8);
        log.word(&word_of(a, b, c, d));
        log
    }
}

/// A type that functions can return.
pub trait Returns {
    /// The return data.
    fn encode(self) -> Vec<u8>;
}

impl Returns for () {
    fn encode(self) -> Vec<u8> {
        Vec::new()
    }
}

impl Returns for Words {
    fn encode(self) -> Vec<u8> {
        self.0
    }
}

impl Returns for Vec<u8> {
    /// Return data that is encoded already.
    fn encode(self) -> Vec<u8> {
        self
    }
}

impl Returns for Word {
    fn encode(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Returns for B256 {
    fn encode(self) -> Vec<u8> {
        self.0.encode()
    }
}

impl Returns for U256 {
    #[inline(never)]
    fn encode(self) -> Vec<u8> {
        self.to_be_bytes::<32>().encode()
    }
}

impl Returns for u128 {
    #[inline(never)]
    fn encode(self) -> Vec<u8> {
        let mut words = Words::with_capacity(1);
        words.uint(self);
        words.0
    }
}

impl Returns for u64 {
    fn encode(self) -> Vec<u8> {
        u128::from(self).encode()
    }
}

impl Returns for u8 {
    fn encode(self) -> Vec<u8> {
        u128::from(self).encode()
    }
}

impl Returns for bool {
    fn encode(self) -> Vec<u8> {
        u128::from(self).encode()
    }
}

impl Returns for Address {
    #[inline(never)]
    fn encode(self) -> Vec<u8> {
        self.into_word().encode()
    }
}
