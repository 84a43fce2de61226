//! Descriptions that end with `#proposer=0x…` and so name who alone may propose them.
//!
//! A proposal's identifier does not depend on its proposer. Whoever sees one on its way
//! could propose the same first and then cancel it; the suffix is part of the identifier
//! and lets nobody else do so.

use alloy_primitives::Address;

/// What stands before the address.
const MARKER: &[u8] = b"#proposer=0x";

/// Whether `proposer` may make a proposal of this description: whether that ends with
/// `#proposer=0x` and the 40 hexadecimal digits, of either case, of `proposer`, or with no
/// such suffix of any account.
pub fn may_propose(proposer: Address, description: &[u8]) -> bool {
    let Some((before, digits)) = description.split_last_chunk::<40>() else {
        return true;
    };
    if !before.ends_with(MARKER) {
        return true;
    }
    let mut named = Address::ZERO;
    for (byte, pair) in named.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => digit - b'A' + 10,
                // Not an address, so nobody is named.
                _ => return true,
            };
            *byte = *byte << 4 | value;
        }
    }
    named == proposer
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    const PROPOSER: Address = address!("90f79bf6eb2c4f870365e785982e1f101e93b906");
    const OTHER: Address = Address::repeat_byte(7);

    #[test]
    fn the_suffix_lets_the_named_account_alone_propose() {
        for description in [
            "Raise the fee\n#proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b906",
            "#proposer=0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        ] {
            assert!(may_propose(PROPOSER, description.as_bytes()));
            assert!(!may_propose(OTHER, description.as_bytes()), "{description}");
        }
    }

    #[test]
    fn what_is_no_suffix_binds_nobody() {
        for description in [
            "",
            "Raise the fee",
            "#proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b90",
            "#proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b9066",
            "#proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b90g",
            "#proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b906\n",
            "#proposer=0X90f79bf6eb2c4f870365e785982e1f101e93b906",
            "proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b906",
            "#Proposer=0x90f79bf6eb2c4f870365e785982e1f101e93b906",
        ] {
            assert!(may_propose(OTHER, description.as_bytes()), "{description}");
        }
    }
}
