//! What functions return, as the ABI encodes it.

use alloy_primitives::B256;
use arbius_host::{self as host, number};

/// A number, an amount, an account or a hash.
#[inline(never)]
pub fn word(word: &B256) {
    host::write_words(&[*word]);
}

/// `true`: what a function that succeeds whenever it returns, returns.
pub fn truth() {
    word(&B256::with_last_byte(1));
}

/// A text of up to 32 bytes.
pub fn text(text: &str) {
    host::write_words(&[number(32), number(text.len() as u128), padded(text)]);
}

/// The signing domain of this contract on this chain (EIP-5267): fields, name, version,
/// chain, contract, salt, extensions.
pub fn domain(name: &str, version: &str) {
    host::write_words(&[
        // The first five fields, but for the salt.
        B256::right_padding_from(&[0x0f]),
        number(7 * 32),
        number(9 * 32),
        number(host::chain_id().into()),
        host::contract_address(),
        B256::ZERO,
        number(11 * 32),
        number(name.len() as u128),
        padded(name),
        number(version.len() as u128),
        padded(version),
        // No extensions.
        B256::ZERO,
    ]);
}

/// A text in a word, from its first byte on.
#[inline(never)]
fn padded(text: &str) -> B256 {
    B256::right_padding_from(text.as_bytes())
}
