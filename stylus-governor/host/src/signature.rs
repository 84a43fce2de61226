//! Signatures of accounts that have a key.

use alloy_primitives::{Address, B256, address, b256};

use crate::hooks;

/// The precompile that recovers the signer of a hash.
const ECRECOVER: Address = address!("0000000000000000000000000000000000000001");

/// Half of the order of secp256k1. Of the two signatures that one can make of another, the
/// one whose `s` is above it is refused (EIP-2).
const HALF_ORDER: B256 = b256!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Who signed `hash`, in the low bytes of a word; nothing if it is no signature. `v` is a
/// word that holds 27 or 28.
///
/// The account is never the zero address, which a failed recovery could be taken for.
#[inline(never)]
#[must_use]
pub fn recover(hash: &B256, v: &B256, r: &B256, s: &B256) -> Option<B256> {
    if *s > crate::word!(HALF_ORDER) {
        return None;
    }
    // The precompile itself answers nothing unless `v` is 27 or 28 and `r` and `s` are sound.
    let input = [hash.0, v.0, r.0, s.0];
    let (succeeded, len) = hooks::static_call(&ECRECOVER, input.as_flattened());
    if !succeeded || len != 32 {
        return None;
    }
    let mut account = B256::ZERO;
    hooks::read_returned(account.as_mut_slice());
    (account != B256::ZERO).then_some(account)
}
