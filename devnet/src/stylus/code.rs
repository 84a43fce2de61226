//! How programs lie on the chain: prefixes, fragments and compression.
//!
//! - A program is `EFF000`, a dictionary byte, and WASM compressed with brotli.
//! - A fragment is `EFF001` and a piece of compressed WASM.
//! - A root is `EFF002`, a dictionary byte, the length of the WASM as a big-endian u32,
//!   and the addresses of the fragments whose pieces make it up.
//!
//! Source: `core/state/statedb_arbitrum.go` in Nitro's go-ethereum fork, and
//! `getWasmFromContractCode` in Nitro's `arbos/programs/programs.go`.

use std::io::Read;

use alloy_primitives::Address;

use super::{
    params::StylusParams,
    prices::{COLD_ACCOUNT_GAS, COPY_WORD_GAS, WARM_ACCESS_GAS},
};

const PROGRAM_PREFIX: [u8; 3] = [0xEF, 0xF0, 0x00];
const FRAGMENT_PREFIX: [u8; 3] = [0xEF, 0xF0, 0x01];
const ROOT_PREFIX: [u8; 3] = [0xEF, 0xF0, 0x02];
/// Prefix, dictionary byte and length of a root.
const ROOT_HEADER_LEN: usize = 8;

/// What code with a Stylus prefix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// A whole program.
    Program,
    /// The root of a program in fragments.
    Root,
    /// A piece of a program, which cannot be called.
    Fragment,
}

/// What `code` is, or none if it is not Stylus code.
pub fn code_kind(code: &[u8]) -> Option<CodeKind> {
    let (prefix, rest) = code.split_first_chunk::<3>()?;
    if rest.is_empty() {
        return None;
    }
    match *prefix {
        PROGRAM_PREFIX => Some(CodeKind::Program),
        FRAGMENT_PREFIX => Some(CodeKind::Fragment),
        ROOT_PREFIX => Some(CodeKind::Root),
        _ => None,
    }
}

/// Why code cannot be decoded to WASM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The code has no Stylus prefix.
    #[error("the code is not a Stylus program: it does not start with EFF000 or EFF002")]
    NotStylus,
    /// The code is a fragment.
    #[error("the code is a fragment of a program: activate the root that lists it")]
    IsFragment,
    /// Code listed by a root is not a fragment.
    #[error("the code at {0}, listed as a fragment, does not start with EFF001")]
    NotAFragment(Address),
    /// A root whose length does not fit its format.
    #[error("a root has 8 bytes and then 20 for each fragment, this one has {0}")]
    RootLength(usize),
    /// A root without fragments.
    #[error("the root lists no fragments")]
    NoFragments,
    /// More fragments than the chain allows.
    #[error("the root lists {count} fragments, the chain allows {limit}")]
    TooManyFragments {
        /// Fragments listed.
        count: usize,
        /// Fragments allowed.
        limit: u8,
    },
    /// Not as many codes as the root lists fragments.
    #[error("the root lists {expected} fragments, {given} were given")]
    FragmentCount {
        /// Fragments listed.
        expected: usize,
        /// Codes given.
        given: usize,
    },
    /// More WASM than the chain allows.
    #[error("the program has more than {limit} bytes of WASM")]
    TooLarge {
        /// Bytes allowed.
        limit: u32,
    },
    /// WASM of another length than its root says.
    #[error("the root promises {expected} bytes of WASM, the fragments hold {actual}")]
    WrongLength {
        /// Length in the root.
        expected: u32,
        /// Length after decompression.
        actual: usize,
    },
    /// A dictionary no chain knows.
    #[error("dictionary byte {0:#04x} is unknown: compress without a dictionary and use 0x00")]
    UnknownDictionary(u8),
    /// The dictionary of Arbitrum, whose bytes are not part of this crate.
    #[error(
        "the program is compressed with Stylus' own dictionary (byte 0x01), which this chain \
         does not carry: compress without a dictionary and use 0x00, as cargo-stylus does"
    )]
    StylusDictionary,
    /// The bytes are not valid brotli.
    #[error("the program does not decompress: {0}")]
    Brotli(String),
}

/// A parsed root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Dictionary byte.
    pub dictionary: u8,
    /// Bytes of WASM after decompression.
    pub raw_len: u32,
    /// Where the fragments lie, in order.
    pub fragments: Vec<Address>,
}

impl Root {
    /// Parses the code of a root.
    ///
    /// # Errors
    ///
    /// [`CodeError::NotStylus`] without the prefix, [`CodeError::RootLength`] if the rest
    /// is not a whole number of addresses.
    pub fn parse(code: &[u8]) -> Result<Self, CodeError> {
        if code_kind(code) != Some(CodeKind::Root) {
            return Err(CodeError::NotStylus);
        }
        let (header, addresses) = code
            .split_first_chunk::<ROOT_HEADER_LEN>()
            .ok_or(CodeError::RootLength(code.len()))?;
        let (addresses, rest) = addresses.as_chunks::<20>();
        if !rest.is_empty() {
            return Err(CodeError::RootLength(code.len()));
        }
        let [_, _, _, dictionary, raw_len @ ..] = *header;
        Ok(Self {
            dictionary,
            raw_len: u32::from_be_bytes(raw_len),
            fragments: addresses.iter().map(Address::from).collect(),
        })
    }

    /// Checks the root against the limits that hold for activations.
    ///
    /// # Errors
    ///
    /// [`CodeError::TooLarge`], [`CodeError::TooManyFragments`] or
    /// [`CodeError::NoFragments`].
    pub fn check(&self, params: &StylusParams) -> Result<(), CodeError> {
        if self.raw_len > params.max_wasm_size {
            return Err(CodeError::TooLarge {
                limit: params.max_wasm_size,
            });
        }
        if self.fragments.len() > usize::from(params.max_fragment_count) {
            return Err(CodeError::TooManyFragments {
                count: self.fragments.len(),
                limit: params.max_fragment_count,
            });
        }
        if self.fragments.is_empty() {
            return Err(CodeError::NoFragments);
        }
        Ok(())
    }

    /// Joins and decompresses the codes of the fragments, given in the order of
    /// [`Root::fragments`].
    ///
    /// # Errors
    ///
    /// [`CodeError`] for codes that are not fragments, data that does not decompress, or
    /// WASM that is not [`Root::raw_len`] long.
    pub fn assemble<C: AsRef<[u8]>>(&self, codes: &[C]) -> Result<Vec<u8>, CodeError> {
        if codes.len() != self.fragments.len() {
            return Err(CodeError::FragmentCount {
                expected: self.fragments.len(),
                given: codes.len(),
            });
        }
        let mut compressed = Vec::new();
        for (address, code) in self.fragments.iter().zip(codes) {
            match (
                code_kind(code.as_ref()),
                code.as_ref().get(FRAGMENT_PREFIX.len()..),
            ) {
                (Some(CodeKind::Fragment), Some(piece)) => compressed.extend_from_slice(piece),
                _ => return Err(CodeError::NotAFragment(*address)),
            }
        }
        let wasm = decompress(self.dictionary, &compressed, self.raw_len)?;
        if wasm.len() != self.raw_len as usize {
            return Err(CodeError::WrongLength {
                expected: self.raw_len,
                actual: wasm.len(),
            });
        }
        Ok(wasm)
    }
}

/// Decodes the code of a whole program to at most `max_len` bytes of WASM.
///
/// # Errors
///
/// [`CodeError`] if `code` is something else, does not decompress, or is too large.
pub fn decode_program(code: &[u8], max_len: u32) -> Result<Vec<u8>, CodeError> {
    match code_kind(code) {
        Some(CodeKind::Program) => {}
        Some(CodeKind::Fragment) => return Err(CodeError::IsFragment),
        Some(CodeKind::Root) | None => return Err(CodeError::NotStylus),
    }
    let [_, _, _, dictionary, compressed @ ..] = code else {
        return Err(CodeError::NotStylus);
    };
    decompress(*dictionary, compressed, max_len)
}

/// Gas that an activation pays for reading a fragment of `code_len` bytes.
///
/// Source: `fragmentReadGasCost` in Nitro's `arbos/programs/programs.go`.
pub fn fragment_read_gas(is_cold: bool, code_len: usize) -> u64 {
    let access = if is_cold {
        COLD_ACCOUNT_GAS
    } else {
        WARM_ACCESS_GAS
    };
    access.saturating_add((code_len as u64).div_ceil(32).saturating_mul(COPY_WORD_GAS))
}

/// Decompresses to at most `max_len` bytes. What follows the brotli stream is ignored,
/// as Nitro's decoder does.
fn decompress(dictionary: u8, compressed: &[u8], max_len: u32) -> Result<Vec<u8>, CodeError> {
    match dictionary {
        0 => {}
        1 => return Err(CodeError::StylusDictionary),
        other => return Err(CodeError::UnknownDictionary(other)),
    }
    let mut wasm = Vec::new();
    brotli::Decompressor::new(compressed, 4096)
        .take(u64::from(max_len) + 1)
        .read_to_end(&mut wasm)
        .map_err(|error| CodeError::Brotli(error.to_string()))?;
    if wasm.len() > max_len as usize {
        return Err(CodeError::TooLarge { limit: max_len });
    }
    Ok(wasm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        brotli::BrotliCompress(&mut &data[..], &mut out, &Default::default()).unwrap();
        out
    }

    fn program(data: &[u8]) -> Vec<u8> {
        [&[0xEF, 0xF0, 0x00, 0x00][..], &compress(data)].concat()
    }

    fn root(raw_len: u32, fragments: &[Address]) -> Vec<u8> {
        let mut code = vec![0xEF, 0xF0, 0x02, 0x00];
        code.extend(raw_len.to_be_bytes());
        for fragment in fragments {
            code.extend(fragment);
        }
        code
    }

    #[test]
    fn tells_programs_roots_and_fragments_apart() {
        assert_eq!(
            code_kind(&[0xEF, 0xF0, 0x00, 0x00]),
            Some(CodeKind::Program)
        );
        assert_eq!(
            code_kind(&[0xEF, 0xF0, 0x01, 0x00]),
            Some(CodeKind::Fragment)
        );
        assert_eq!(code_kind(&[0xEF, 0xF0, 0x02, 0x00]), Some(CodeKind::Root));
        assert_eq!(code_kind(&[0xEF, 0xF0, 0x00]), None);
        assert_eq!(code_kind(&[0x60, 0x80, 0x60, 0x40]), None);
        assert_eq!(code_kind(&[]), None);
    }

    #[test]
    fn decodes_a_program_and_keeps_its_limit() {
        let data = vec![7; 1000];
        assert_eq!(decode_program(&program(&data), 1000), Ok(data.clone()));
        assert_eq!(
            decode_program(&program(&data), 999),
            Err(CodeError::TooLarge { limit: 999 })
        );
    }

    #[test]
    fn a_compression_bomb_stops_at_the_limit() {
        let bomb = program(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1000);
        assert_eq!(
            decode_program(&bomb, 131_072),
            Err(CodeError::TooLarge { limit: 131_072 })
        );
    }

    #[test]
    fn ignores_what_follows_the_stream() {
        let mut code = program(b"wasm");
        code.extend([1, 2, 3]);
        assert_eq!(decode_program(&code, 10), Ok(b"wasm".to_vec()));
    }

    #[test]
    fn rejects_code_that_does_not_decompress() {
        let mut code = program(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        code.truncate(code.len() - 3);
        assert!(matches!(
            decode_program(&code, 100),
            Err(CodeError::Brotli(_))
        ));
        assert!(matches!(
            decode_program(&[0xEF, 0xF0, 0, 0, 0xFF, 0xFF, 0xFF], 100),
            Err(CodeError::Brotli(_))
        ));
    }

    #[test]
    fn names_the_dictionaries_it_lacks() {
        let code = |dictionary| vec![0xEF, 0xF0, 0, dictionary, 6];
        assert_eq!(
            decode_program(&code(1), 9),
            Err(CodeError::StylusDictionary)
        );
        assert_eq!(
            decode_program(&code(2), 9),
            Err(CodeError::UnknownDictionary(2))
        );
    }

    #[test]
    fn assembles_fragments_in_order() {
        let data: Vec<u8> = (0..20_000u32).map(|i| ((i * i) >> 3) as u8).collect();
        let compressed = compress(&data);
        let (first, second) = compressed.split_at(compressed.len() / 2);
        let fragment = |piece: &[u8]| [&[0xEF, 0xF0, 0x01][..], piece].concat();
        let addresses = [Address::repeat_byte(1), Address::repeat_byte(2)];

        let parsed = Root::parse(&root(20_000, &addresses)).unwrap();
        assert_eq!(parsed.fragments, addresses);
        parsed.check(&StylusParams::default()).unwrap();
        let codes = [fragment(first), fragment(second)];
        assert_eq!(parsed.assemble(&codes), Ok(data));

        assert_eq!(
            parsed.assemble(&codes[..1]),
            Err(CodeError::FragmentCount {
                expected: 2,
                given: 1
            })
        );
        assert_eq!(
            parsed.assemble(&[codes[0].clone(), second.to_vec()]),
            Err(CodeError::NotAFragment(addresses[1]))
        );
        let short = Root::parse(&root(20_001, &addresses)).unwrap();
        assert_eq!(
            short.assemble(&codes),
            Err(CodeError::WrongLength {
                expected: 20_001,
                actual: 20_000
            })
        );
        let long = Root::parse(&root(19_999, &addresses)).unwrap();
        assert_eq!(
            long.assemble(&codes),
            Err(CodeError::TooLarge { limit: 19_999 })
        );
    }

    #[test]
    fn checks_roots_against_the_limits_of_the_chain() {
        let params = StylusParams::default();
        let check = |raw_len, count: usize| {
            Root::parse(&root(raw_len, &vec![Address::ZERO; count]))
                .unwrap()
                .check(&params)
        };
        assert_eq!(check(262_144, 4), Ok(()));
        assert_eq!(
            check(262_145, 4),
            Err(CodeError::TooLarge { limit: 262_144 })
        );
        assert_eq!(
            check(1, 5),
            Err(CodeError::TooManyFragments { count: 5, limit: 4 })
        );
        assert_eq!(check(1, 0), Err(CodeError::NoFragments));
    }

    #[test]
    fn rejects_roots_of_a_wrong_length() {
        assert_eq!(
            Root::parse(&[0xEF, 0xF0, 2, 0, 0]),
            Err(CodeError::RootLength(5))
        );
        let mut code = root(1, &[Address::ZERO]);
        code.push(0);
        assert_eq!(Root::parse(&code), Err(CodeError::RootLength(29)));
        assert_eq!(Root::parse(&program(b"x")), Err(CodeError::NotStylus));
    }

    #[test]
    fn a_fragment_read_costs_the_access_and_the_copy() {
        // 24,576 bytes are 768 words: 2,600 + 3 · 768.
        assert_eq!(fragment_read_gas(true, 24_576), 4_904);
        assert_eq!(fragment_read_gas(false, 33), 106);
    }
}
