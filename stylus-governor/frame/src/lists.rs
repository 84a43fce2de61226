//! Lists of calls as arguments: targets, values and calldatas of equal length.

use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use arbius_calldata::{Args, Blobs, Malformed};
use arbius_protocol::governance::Action;

use crate::Refused;

/// The lists as they lie in the calldata.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'a> {
    targets: &'a [[u8; 32]],
    values: &'a [[u8; 32]],
    signatures: Option<Blobs<'a>>,
    calldatas: Blobs<'a>,
}

/// The lists differ in length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unequal {
    /// How many targets there are.
    pub targets: usize,
    /// How many values.
    pub values: usize,
    /// How many calldatas.
    pub calldatas: usize,
}

impl<'a> Lists<'a> {
    /// Reads `targets`, `values` and `calldatas` from the first arguments.
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn read(args: &Args<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            targets: args.words(0)?,
            values: args.words(1)?,
            signatures: None,
            calldatas: args.blobs(2)?,
        })
    }

    /// Reads `targets`, `values`, `signatures` and `calldatas` from the first arguments.
    ///
    /// # Errors
    ///
    /// [`Malformed`].
    pub fn read_signed(args: &Args<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            targets: args.words(0)?,
            values: args.words(1)?,
            signatures: Some(args.blobs(2)?),
            calldatas: args.blobs(3)?,
        })
    }

    /// The calls.
    ///
    /// # Errors
    ///
    /// What `unequal` makes of lists that differ in length, and `MalformedCalldata` for a
    /// target that is no address, and for offsets that lead out of the calldata.
    #[inline(never)]
    pub fn actions(
        &self,
        unequal: impl FnOnce(Unequal) -> Refused,
    ) -> Result<Vec<Action<'a>>, Refused> {
        let (count, calldatas) = (self.targets.len(), self.calldatas.len());
        // Where the signatures are another number than the calldatas, theirs is told.
        let signatures = self.signatures.map_or(calldatas, |list| list.len());
        if count != self.values.len() || count != calldatas || count != signatures {
            return Err(unequal(Unequal {
                targets: count,
                values: self.values.len(),
                calldatas: if count == calldatas {
                    signatures
                } else {
                    calldatas
                },
            }));
        }
        let mut actions = Vec::with_capacity(count);
        for (i, (target, value)) in self.targets.iter().zip(self.values).enumerate() {
            let (padding, target) = target.split_at(12);
            if padding.iter().any(|byte| *byte != 0) {
                return Err(Malformed.into());
            }
            actions.push(Action {
                target: Address::from_slice(target),
                value: U256::from_be_bytes(*value),
                signature: match &self.signatures {
                    Some(signatures) => signatures.get(i)?,
                    None => &[],
                },
                data: self.calldatas.get(i)?,
            });
        }
        Ok(actions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, Bytes};
    use alloy_sol_types::SolValue;

    const REFUSED: fn(Unequal) -> Refused = |lists| {
        Refused::relayed(alloc::vec![
            lists.targets as u8,
            lists.values as u8,
            lists.calldatas as u8
        ])
    };

    fn encoded(targets: usize, values: usize, signatures: usize, calldatas: usize) -> Vec<u8> {
        let targets: Vec<Address> = (0..targets)
            .map(|i| Address::with_last_byte(i as u8))
            .collect();
        let values: Vec<U256> = (0..values).map(U256::from).collect();
        let signatures = alloc::vec![Bytes::from_static(b"f()"); signatures];
        let calldatas = alloc::vec![Bytes::from_static(b"data"); calldatas];
        (targets, values, signatures, calldatas).abi_encode_params()
    }

    #[test]
    fn calls_are_what_the_lists_have_at_one_place() {
        let data = encoded(2, 2, 2, 2);
        let actions = Lists::read_signed(&Args::new(&data))
            .unwrap()
            .actions(REFUSED)
            .unwrap();
        assert_eq!(actions.len(), 2);
        assert_eq!(
            actions[1],
            Action {
                target: Address::with_last_byte(1),
                value: U256::from(1),
                signature: b"f()",
                data: b"data",
            }
        );
        // Without signatures the third argument is the calldatas.
        let actions = Lists::read(&Args::new(&data))
            .unwrap()
            .actions(REFUSED)
            .unwrap();
        assert_eq!(
            (actions[0].signature, actions[0].data),
            (&b""[..], &b"f()"[..])
        );
    }

    #[test]
    fn lists_of_unequal_length_are_refused_with_their_lengths() {
        for (targets, values, signatures, calldatas, told) in [
            (1, 2, 2, 2, [1, 2, 2]),
            (2, 1, 2, 2, [2, 1, 2]),
            (2, 2, 1, 2, [2, 2, 1]),
            (2, 2, 2, 1, [2, 2, 1]),
        ] {
            let data = encoded(targets, values, signatures, calldatas);
            let lists = Lists::read_signed(&Args::new(&data)).unwrap();
            assert_eq!(lists.actions(REFUSED).unwrap_err().into_data(), told);
        }
    }

    #[test]
    fn a_target_that_is_no_address_is_malformed() {
        let targets = alloc::vec![B256::repeat_byte(1)];
        let data =
            (targets, alloc::vec![U256::ZERO], alloc::vec![Bytes::new()]).abi_encode_params();
        let lists = Lists::read(&Args::new(&data)).unwrap();
        assert_eq!(lists.actions(REFUSED), Err(Malformed.into()));
    }
}
