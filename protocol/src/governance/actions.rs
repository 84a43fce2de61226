//! The calls that a proposal makes if it passes: one list, which is hashed into the
//! proposal's identifier, scheduled as the timelock's operation and executed from there.

use crate::encoding::Encoder;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256, keccak256};

/// A call of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// The account that is called.
    pub target: Address,
    /// The wei that go with the call.
    pub value: U256,
    /// The function's signature, such as `transfer(address,uint256)`, if it was proposed by
    /// Bravo's form with one; then its selector stands before the data.
    pub signature: &'a [u8],
    /// The calldata, without the selector where there is a signature.
    pub data: &'a [u8],
}

impl Action<'_> {
    /// The selector that the signature stands for, if there is one.
    pub fn selector(&self) -> Option<[u8; 4]> {
        if self.signature.is_empty() {
            return None;
        }
        keccak256(self.signature).first_chunk().copied()
    }

    /// The calldata that the target is called with.
    pub fn calldata(&self) -> Vec<u8> {
        let mut calldata = Vec::with_capacity(4 + self.data.len());
        calldata.extend(self.selector().into_iter().flatten());
        calldata.extend_from_slice(self.data);
        calldata
    }
}

/// `abi.encode(targets, values, calldatas, words…)` after `prefix`: what identifiers hash,
/// and what the timelock's functions for batches take.
#[inline(never)]
pub fn batch(prefix: &[u8], actions: &[Action<'_>], words: &[B256]) -> Vec<u8> {
    let selectors: Vec<Option<[u8; 4]>> = actions.iter().map(Action::selector).collect();
    let mut encoder = Encoder::new(prefix, 3 + words.len());
    encoder
        .words(actions.iter().map(|action| action.target.into_word()))
        .words(actions.iter().map(|action| action.value.into()))
        .blobs(actions.iter().zip(&selectors).map(|(action, selector)| {
            (
                selector.as_ref().map_or(&[][..], <[u8; 4]>::as_slice),
                action.data,
            )
        }));
    for word in words {
        encoder.word(word);
    }
    encoder.finish()
}

/// `keccak256(abi.encode(targets, values, calldatas, keccak256(description)))`: the
/// identifier of a proposal.
pub fn proposal_id(actions: &[Action<'_>], description_hash: B256) -> B256 {
    keccak256(batch(&[], actions, &[description_hash]))
}

/// `keccak256(abi.encode(targets, values, payloads, predecessor, salt))`: the identifier of
/// the timelock's operation of several calls.
pub fn operation_id(actions: &[Action<'_>], predecessor: B256, salt: B256) -> B256 {
    keccak256(batch(&[], actions, &[predecessor, salt]))
}

/// `keccak256(abi.encode(target, value, data, predecessor, salt))`: the identifier of the
/// timelock's operation of one call.
pub fn call_id(action: &Action<'_>, predecessor: B256, salt: B256) -> B256 {
    let mut encoder = Encoder::new(&[], 5);
    encoder
        .address(&action.target)
        .word(&action.value.into())
        .bytes(&action.calldata())
        .word(&predecessor)
        .word(&salt);
    keccak256(encoder.finish())
}

/// The salt of the operation that a governor schedules for a proposal: its own address in
/// the first 20 bytes, exclusive-or keccak-256 of the description. So two governors of one
/// timelock, or two proposals of the same calls, never mean one operation.
pub fn operation_salt(governor: Address, description_hash: B256) -> B256 {
    B256::right_padding_from(governor.as_slice()) ^ description_hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Bytes, b256};
    use alloy_sol_types::SolValue;

    fn actions() -> [Action<'static>; 2] {
        [
            Action {
                target: Address::repeat_byte(1),
                value: U256::from(7),
                signature: b"transfer(address,uint256)",
                data: &[9; 64],
            },
            Action {
                target: Address::repeat_byte(2),
                value: U256::ZERO,
                signature: b"",
                data: &[1, 2, 3],
            },
        ]
    }

    #[test]
    fn identifiers_are_hashes_of_the_abi_encoding() {
        let actions = actions();
        let targets: Vec<Address> = actions.iter().map(|action| action.target).collect();
        let values: Vec<U256> = actions.iter().map(|action| action.value).collect();
        let calldatas: Vec<Bytes> = actions.iter().map(|a| a.calldata().into()).collect();
        let (one, two) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let encoded = (targets.clone(), values.clone(), calldatas.clone(), one);
        assert_eq!(
            proposal_id(&actions, one),
            keccak256(encoded.abi_encode_params())
        );
        let encoded = (targets, values, calldatas, one, two);
        assert_eq!(
            operation_id(&actions, one, two),
            keccak256(encoded.abi_encode_params())
        );
        let action = actions[0];
        let encoded = (
            action.target,
            action.value,
            Bytes::from(action.calldata()),
            one,
            two,
        );
        assert_eq!(
            call_id(&action, one, two),
            keccak256(encoded.abi_encode_params())
        );
    }

    #[test]
    fn a_signature_becomes_the_selector_before_the_data() {
        let calldata = actions()[0].calldata();
        assert_eq!(calldata[..4], [0xa9, 0x05, 0x9c, 0xbb]);
        assert_eq!(calldata[4..], [9; 64]);
        assert_eq!(actions()[1].calldata(), [1, 2, 3]);
    }

    #[test]
    fn the_salt_carries_the_governor_in_its_first_bytes() {
        assert_eq!(
            operation_salt(Address::repeat_byte(0xF0), B256::repeat_byte(0x0F)),
            b256!("ffffffffffffffffffffffffffffffffffffffff0f0f0f0f0f0f0f0f0f0f0f0f")
        );
    }
}
