//! From WASM to the code of accounts: compression, prefixes, fragments, limits.

use std::io::Cursor;

use brotli::enc::BrotliEncoderParams;
use eyre::Context as _;

/// Prefix of a program in one account: Stylus, compressed without a dictionary.
const PROGRAM_PREFIX: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];

/// Prefix of a fragment, whose program a root account names by its address.
const FRAGMENT_PREFIX: [u8; 3] = [0xef, 0xf0, 0x01];

/// Bytes of code that an account can hold (EIP-170).
const MAX_CODE: usize = 24_576;

/// Fragments that we allow ourselves. The chain allows more; each is start-up gas.
pub(crate) const MAX_FRAGMENTS: usize = 2;

/// Bytes of WASM that we allow ourselves before compression, exclusive.
pub(crate) const MAX_RAW: usize = 131_072;

/// Bytes of code that [`MAX_FRAGMENTS`] fragments hold.
pub(crate) const MAX_COMPRESSED: usize = MAX_FRAGMENTS * MAX_CODE;

/// A program as it is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// The code of each account: the whole program, or its fragments in order.
    pub(crate) code: Vec<Vec<u8>>,
}

impl Packed {
    /// Compresses `wasm` as cargo-stylus does (brotli, quality 11, window of 2^22) and
    /// cuts it into as many accounts as it takes.
    pub(crate) fn new(wasm: &[u8]) -> eyre::Result<Self> {
        let compressed = compress(wasm).wrap_err("brotli failed")?;
        Ok(Self {
            code: cut(&compressed),
        })
    }

    /// Bytes of code in all accounts together, prefixes included.
    pub(crate) fn len(&self) -> usize {
        self.code.iter().map(Vec::len).sum()
    }
}

/// Why a program cannot be deployed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OverLimit {
    /// It is too large before compression.
    #[error(
        "{name} is {raw} B of WASM, and less than {MAX_RAW} B is allowed: \
         move functions to another program or make them smaller"
    )]
    Raw {
        /// The program.
        name: String,
        /// Its size, in bytes.
        raw: usize,
    },
    /// It is too large after compression.
    #[error(
        "{name} takes {fragments} fragments, and {MAX_FRAGMENTS} are allowed: \
         move functions to another program or make them smaller"
    )]
    Fragments {
        /// The program.
        name: String,
        /// How many accounts it takes.
        fragments: usize,
    },
}

/// Checks a program's sizes against the limits.
pub(crate) fn check_limits(name: &str, raw: usize, fragments: usize) -> Result<(), OverLimit> {
    if raw >= MAX_RAW {
        return Err(OverLimit::Raw {
            name: name.to_owned(),
            raw,
        });
    }
    if fragments > MAX_FRAGMENTS {
        return Err(OverLimit::Fragments {
            name: name.to_owned(),
            fragments,
        });
    }
    Ok(())
}

fn compress(wasm: &[u8]) -> std::io::Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut Cursor::new(wasm), &mut compressed, &params)?;
    Ok(compressed)
}

/// One account if the program fits into it, else fragments, all but the last full.
fn cut(compressed: &[u8]) -> Vec<Vec<u8>> {
    if PROGRAM_PREFIX.len() + compressed.len() <= MAX_CODE {
        return vec![[&PROGRAM_PREFIX, compressed].concat()];
    }
    compressed
        .chunks(MAX_CODE - FRAGMENT_PREFIX.len())
        .map(|payload| [&FRAGMENT_PREFIX, payload].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_program_whole_up_to_the_last_byte_that_fits() {
        let whole = cut(&vec![7; MAX_CODE - 4]);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].len(), MAX_CODE);
        assert_eq!(whole[0][..5], [0xef, 0xf0, 0, 0, 7]);

        let fragments = cut(&vec![7; MAX_CODE - 3]);
        assert_eq!(fragments.len(), 1);
        assert_eq!(fragments[0][..4], [0xef, 0xf0, 1, 7]);
    }

    #[test]
    fn fills_every_fragment_but_the_last() {
        let payload: Vec<u8> = (0..60_000_u32).map(|i| i as u8).collect();
        let fragments = cut(&payload);
        let lengths: Vec<_> = fragments.iter().map(Vec::len).collect();
        assert_eq!(lengths, [MAX_CODE, MAX_CODE, 60_000 - 2 * 24_573 + 3]);
        let joined: Vec<u8> = fragments
            .iter()
            .flat_map(|one| &one[3..])
            .copied()
            .collect();
        assert_eq!(joined, payload);
    }

    #[test]
    fn compresses_to_what_decompresses_to_the_same() {
        let wasm: Vec<u8> = (0..50_000_u32).map(|i| ((i * i) >> 7) as u8).collect();
        let packed = Packed::new(&wasm).unwrap();
        let payload: Vec<u8> = match &packed.code[..] {
            [whole] => whole[4..].to_vec(),
            fragments => fragments
                .iter()
                .flat_map(|one| &one[3..])
                .copied()
                .collect(),
        };
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut Cursor::new(payload), &mut back).unwrap();
        assert_eq!(back, wasm);
    }

    #[test]
    fn names_the_limit_that_is_broken() {
        assert_eq!(check_limits("engine", MAX_RAW - 1, MAX_FRAGMENTS), Ok(()));
        let raw = check_limits("engine", MAX_RAW, 1).unwrap_err().to_string();
        assert!(raw.contains("engine is 131072 B"), "{raw}");
        let cut = check_limits("engine", 1, 3).unwrap_err().to_string();
        assert!(cut.contains("takes 3 fragments"), "{cut}");
    }
}
