//! Identifiers of models and tasks, commitments, and the seed of a task (protocol
//! section 3): keccak-256 over the ABI encoding, as in the deployed reference.
//!
//! CIDs are given by their digests ([`crate::cid`]): the 34 bytes that are hashed follow
//! from them. Single hashes are laid out in an array on the stack.

use crate::cid;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256, keccak256};

/// What a task identifier is taken modulo to give the seed: 2^53 − 16, so that the seed
/// fits a JavaScript number.
pub const SEED_MODULUS: u64 = 0x1F_FFFF_FFFF_FFF0;

/// Length of the 34 bytes of a CID with the word before them, padded to whole words.
const CID_WORDS: usize = 3;

/// `keccak256(abi.encode(sender, feeAddress, fee, cid))`: the model that `sender`
/// registered, whose template has the digest `template`; `fee` in wei.
pub fn model_id(sender: Address, fee_address: Address, fee: U256, template: B256) -> B256 {
    let mut data = [0; 32 * (4 + CID_WORDS)];
    put(&mut data, 0, sender.into_word());
    put(&mut data, 1, fee_address.into_word());
    put(&mut data, 2, fee.into());
    put_cid(&mut data, 3, template);
    keccak256(data)
}

/// `keccak256(abi.encode(sender, previousTaskId, model, fee, cid))`: the task that
/// `sender` submitted after `previous`, whose input has the digest `input`; `fee` in wei.
pub fn task_id(sender: Address, previous: B256, model: B256, fee: U256, input: B256) -> B256 {
    let mut data = [0; 32 * (5 + CID_WORDS)];
    put(&mut data, 0, sender.into_word());
    put(&mut data, 1, previous);
    put(&mut data, 2, model);
    put(&mut data, 3, fee.into());
    put_cid(&mut data, 4, input);
    keccak256(data)
}

/// `keccak256(abi.encode(validator, taskId, cid))`: what `validator` signals before it
/// reveals the solution of the digest `solution`.
pub fn commitment(validator: Address, task: B256, solution: B256) -> B256 {
    let mut data = [0; 32 * (3 + CID_WORDS)];
    put(&mut data, 0, validator.into_word());
    put(&mut data, 1, task);
    put_cid(&mut data, 2, solution);
    keccak256(data)
}

/// `keccak256(abi.encode(validator, taskIds[], cids[]))`: one commitment to several
/// solutions, given as pairs of task and digest in the order in which they are revealed.
pub fn bulk_commitment(validator: Address, solutions: &[(B256, B256)]) -> B256 {
    let n = solutions.len();
    // Three words of head; the tasks; the number of CIDs, an offset and three words each.
    let mut data = Vec::with_capacity(32 * (5 + n * (2 + CID_WORDS)));
    let mut word = |word: B256| data.extend_from_slice(word.as_slice());
    word(validator.into_word());
    word(number(3 * 32));
    word(number((4 + n) * 32));
    word(number(n));
    for (task, _) in solutions {
        word(*task);
    }
    word(number(n));
    for i in 0..n {
        word(number((n + i * CID_WORDS) * 32));
    }
    for (_, solution) in solutions {
        let mut cid = [0; 32 * CID_WORDS];
        put_bytes(&mut cid, 0, *solution);
        data.extend_from_slice(&cid);
    }
    keccak256(data)
}

/// The seed of a task: `task id mod (2^53 − 16)`.
pub fn seed(task: B256) -> u64 {
    // The remainder is below 2^53, so that eight more bits fit.
    task.iter().fold(0, |rest, byte| {
        (rest << 8 | u64::from(*byte)) % SEED_MODULUS
    })
}

fn number(value: usize) -> B256 {
    U256::from(value).into()
}

/// Writes a word. Positions are constants of the layouts above, within their arrays.
fn put(data: &mut [u8], index: usize, word: B256) {
    if let Some(slot) = data.get_mut(32 * index..32 * index + 32) {
        slot.copy_from_slice(word.as_slice());
    }
}

/// Writes the offset of a CID that follows directly, and the CID.
fn put_cid(data: &mut [u8], index: usize, digest: B256) {
    put(data, index, number(32 * (index + 1)));
    put_bytes(data, index + 1, digest);
}

/// Writes a CID as `bytes`: its length and itself, padded with zeros.
fn put_bytes(data: &mut [u8], index: usize, digest: B256) {
    put(data, index, number(cid::LEN));
    let start = 32 * (index + 1);
    if let Some(bytes) = data.get_mut(start..start + cid::LEN) {
        bytes.copy_from_slice(&cid::encode(digest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolValue;

    #[test]
    fn a_seed_is_the_remainder_of_the_whole_number() {
        let task = B256::new(core::array::from_fn(|i| (i as u8).wrapping_mul(151) ^ 0x5a));
        let remainder = U256::from_be_bytes(task.0) % U256::from(SEED_MODULUS);
        assert_eq!(U256::from(seed(task)), remainder);
        assert_eq!(seed(B256::from(U256::from(SEED_MODULUS))), 0);
        assert_eq!(
            seed(B256::from(U256::from(SEED_MODULUS - 1))),
            SEED_MODULUS - 1
        );
        assert!(seed(B256::repeat_byte(0xff)) < 1 << 53);
    }

    #[test]
    fn a_bulk_commitment_is_the_hash_of_the_abi_encoding() {
        let validator = Address::repeat_byte(0xa1);
        for n in [0, 1, 2, 7] {
            let solutions: Vec<_> = (0..n)
                .map(|i| (B256::repeat_byte(i + 1), B256::repeat_byte(0x80 | i)))
                .collect();
            let tasks: Vec<B256> = solutions.iter().map(|(task, _)| *task).collect();
            let cids: Vec<alloy_primitives::Bytes> = solutions
                .iter()
                .map(|(_, digest)| cid::encode(*digest).into())
                .collect();
            let encoded = (validator, tasks, cids).abi_encode_params();
            assert_eq!(bulk_commitment(validator, &solutions), keccak256(encoded));
        }
    }

    #[test]
    fn a_commitment_binds_validator_task_and_solution() {
        let (a, b) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let (x, y) = (B256::repeat_byte(3), B256::repeat_byte(4));
        let hash = commitment(a, x, y);
        assert_ne!(hash, commitment(b, x, y));
        assert_ne!(hash, commitment(a, y, y));
        assert_ne!(hash, commitment(a, x, x));
        assert_ne!(hash, bulk_commitment(a, &[(x, y)]));
    }
}
