//! Numbers from a task's seed.
//!
//! The generator is ChaCha20 as RFC 8439 defines its block function, so that any
//! implementation in any language yields the same bytes: the key is the seed as eight bytes,
//! little end first, then 24 zeros; the nonce is the stream's number as four bytes, little
//! end first, then eight zeros; the block counter starts at 0.

use super::arithmetic::normal_quantile;
use crate::model::pipeline::{NoiseGenerator, NormalGenerator};

/// The ChaCha20 block function, RFC 8439 section 2.3.
pub fn chacha20_block(key: &[u8; 32], counter: u32, nonce: &[u8; 12]) -> [u8; 64] {
    let mut state = [0u32; 16];
    state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    let words = key
        .as_chunks::<4>()
        .0
        .iter()
        .chain(nonce.as_chunks::<4>().0);
    let places = (4..12).chain(13..16);
    for (place, word) in places.zip(words) {
        state[place] = u32::from_le_bytes(*word);
    }
    state[12] = counter;
    let mut mixed = state;
    for _ in 0..10 {
        for [a, b, c, d] in [
            [0, 4, 8, 12],
            [1, 5, 9, 13],
            [2, 6, 10, 14],
            [3, 7, 11, 15],
            [0, 5, 10, 15],
            [1, 6, 11, 12],
            [2, 7, 8, 13],
            [3, 4, 9, 14],
        ] {
            quarter_round(&mut mixed, a, b, c, d);
        }
    }
    let mut out = [0; 64];
    for (bytes, (mixed, start)) in out
        .as_chunks_mut::<4>()
        .0
        .iter_mut()
        .zip(mixed.iter().zip(state))
    {
        *bytes = mixed.wrapping_add(start).to_le_bytes();
    }
    out
}

fn quarter_round(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (x, y, z, shift) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[x] = state[x].wrapping_add(state[y]);
        state[z] = (state[z] ^ state[x]).rotate_left(shift);
    }
}

/// The first `length` bytes of a seed's stream.
pub fn stream_bytes(seed: u64, stream: u32, length: usize) -> Vec<u8> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&stream.to_le_bytes());
    let mut bytes = Vec::new();
    // 2^32 blocks are 256 GiB; a bundle's noise is bounded far below that.
    for counter in 0..length.div_ceil(64) as u32 {
        bytes.extend_from_slice(&chacha20_block(&key, counter, &nonce));
    }
    bytes.truncate(length);
    bytes
}

/// Noise of a bundle's tensor.
pub fn draw(generator: NoiseGenerator, seed: u64, stream: u32, length: usize) -> Vec<u8> {
    match generator {
        NoiseGenerator::ChaCha20MeanOfFour => stream_bytes(seed, stream, length.saturating_mul(4))
            .as_chunks::<4>()
            .0
            .iter()
            // At most 4 · 255 / 4: it fits a byte.
            .map(|four| (four.iter().map(|byte| u16::from(*byte)).sum::<u16>() >> 2) as u8)
            .collect(),
    }
}

/// Normal variates of a seed's stream, mean 0 and deviation 1.
///
/// Each takes eight bytes of the keystream, little end first, whose upper 52 bits are a
/// whole number k; the variate is the normal quantile of `(2k + 1) / 2^53`, which is never 0
/// or 1, rounded to f32.
pub fn normals(generator: NormalGenerator, seed: u64, stream: u32, count: usize) -> Vec<f32> {
    let NormalGenerator::ChaCha20As241 = generator;
    words(seed, stream, count)
        .into_iter()
        .map(|word| normal_quantile(fraction(word)) as f32)
        .collect()
}

/// Uniform variates of a seed's stream, between 0 and 1 and never either: those whose
/// quantiles [`normals`] takes.
pub fn uniforms(seed: u64, stream: u32, count: usize) -> Vec<f64> {
    words(seed, stream, count)
        .into_iter()
        .map(fraction)
        .collect()
}

fn words(seed: u64, stream: u32, count: usize) -> Vec<u64> {
    stream_bytes(seed, stream, count.saturating_mul(8))
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .collect()
}

fn fraction(word: u64) -> f64 {
    // 2k + 1 has 53 bits and so is exact, and so is its product with a power of two.
    (((word >> 12) << 1) | 1) as f64 * (1.0 / (1u64 << 53) as f64)
}
