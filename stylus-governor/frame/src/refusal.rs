//! Errors as data: what a call reverts with.

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_sol_types::SolError;
use arbius_calldata::Malformed;
use arbius_protocol::interfaces::timelock::ITimelock;

/// The call is refused; holds the data of the custom error that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(Vec<u8>);

impl Refused {
    /// Refuses with the error `E`, whose arguments are `words`.
    #[must_use]
    pub fn with<E: SolError>(words: &[B256]) -> Self {
        raise(E::SELECTOR, words)
    }

    /// Hands on what another contract reverted with.
    #[must_use]
    pub const fn relayed(data: Vec<u8>) -> Self {
        Self(data)
    }

    /// The data.
    #[must_use]
    pub fn into_data(self) -> Vec<u8> {
        self.0
    }
}

impl From<Malformed> for Refused {
    fn from(_: Malformed) -> Self {
        Self::with::<ITimelock::MalformedCalldata>(&[])
    }
}

#[cold]
#[inline(never)]
fn raise(selector: [u8; 4], words: &[B256]) -> Refused {
    let mut data = Vec::with_capacity(4 + 32 * words.len());
    data.extend_from_slice(&selector);
    for word in words {
        data.extend_from_slice(word.as_slice());
    }
    Refused(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use arbius_protocol::interfaces::governor::IGovernor;

    #[test]
    fn errors_are_encoded_as_the_interface_has_them() {
        let refused = Refused::with::<ITimelock::TimelockInsufficientDelay>(&[
            U256::from(1).into(),
            U256::from(2).into(),
        ]);
        let error = ITimelock::TimelockInsufficientDelay {
            delay: U256::from(1),
            minDelay: U256::from(2),
        };
        assert_eq!(refused.into_data(), error.abi_encode());
    }

    #[test]
    fn what_both_contracts_refuse_alike_is_one_error() {
        use ITimelock as T;
        for (governor, timelock) in [
            (IGovernor::NotPayable::SELECTOR, T::NotPayable::SELECTOR),
            (
                IGovernor::MalformedCalldata::SELECTOR,
                T::MalformedCalldata::SELECTOR,
            ),
            (IGovernor::FailedCall::SELECTOR, T::FailedCall::SELECTOR),
        ] {
            assert_eq!(governor, timelock);
        }
    }
}
