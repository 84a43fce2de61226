//! What a contract answered when it reverted.

use std::fmt;

use alloy_primitives::{Bytes, Selector, hex};
use alloy_sol_types::{ContractError, SolError, SolInterface};
use arbius_protocol::interfaces::{
    arbos::{
        IArbWasm::IArbWasmErrors, ICacheManager::ICacheManagerErrors,
        IStylusDeployer::ContractInitializationError,
    },
    engine::IEngine::IEngineErrors,
    governor::IGovernor::IGovernorErrors,
    proxy::IProxy::IProxyErrors,
    timelock::ITimelock::ITimelockErrors,
    token::{
        IBridgedToken::IBridgedTokenErrors, IPermit::IPermitErrors, IToken::ITokenErrors,
        IVotes::IVotesErrors,
    },
    vesting::IVesting::IVestingErrors,
};

use crate::http::excerpt;

/// How much of unknown data is shown, bytes: a selector and some arguments.
const SHOWN: usize = 260;

/// A revert: the error's name where it is one of the protocol's, and the raw bytes always.
///
/// ```
/// use alloy_sol_types::SolError;
/// use arbius_sdk::{chain::Revert, contracts::IEngine};
///
/// let revert = Revert::decode(IEngine::ModelDisabled {}.abi_encode().into());
/// assert!(revert.is("ModelDisabled"));
/// assert_eq!(revert.to_string(), "ModelDisabled");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// `SolutionAlreadySubmitted`, `Error(...)`, `Panic(0x11)`, or `None` when the error
    /// belongs to a contract that this crate does not know.
    pub name: Option<String>,
    /// The returned bytes: a selector and arguments, or nothing.
    pub data: Bytes,
}

impl Revert {
    /// Names the error in `data`, looking through our contracts and ArbOS.
    #[must_use]
    pub fn decode(data: Bytes) -> Self {
        // The StylusDeployer wraps what a constructor answered, once.
        let data = match ContractInitializationError::abi_decode(&data) {
            Ok(wrapped) => wrapped.data,
            Err(_) => data,
        };
        let name = data.first_chunk::<4>().and_then(|selector| {
            known_name(*selector)
                .map(str::to_owned)
                .or_else(|| standard_error(&data))
        });
        Self { name, data }
    }

    /// Whether the contract reverted with the custom error of this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// The custom error of this type, if the contract reverted with it: for the errors of
    /// contracts that this crate does not know.
    #[must_use]
    pub fn error<E: SolError>(&self) -> Option<E> {
        E::abi_decode(&self.data).ok()
    }

    /// The first four bytes, if there are any.
    #[must_use]
    pub fn selector(&self) -> Option<Selector> {
        self.data
            .first_chunk::<4>()
            .map(|bytes| Selector::from(*bytes))
    }
}

/// Bytes in hexadecimal, as many as an error has room for.
pub(super) fn beginning(data: &Bytes) -> String {
    match data.get(..SHOWN) {
        Some(shown) if data.len() > SHOWN => {
            format!("{}… ({} bytes)", hex::encode_prefixed(shown), data.len())
        }
        _ => data.to_string(),
    }
}

fn known_name(selector: [u8; 4]) -> Option<&'static str> {
    IEngineErrors::name_by_selector(selector)
        .or_else(|| ITokenErrors::name_by_selector(selector))
        .or_else(|| IProxyErrors::name_by_selector(selector))
        .or_else(|| IPermitErrors::name_by_selector(selector))
        .or_else(|| IVotesErrors::name_by_selector(selector))
        .or_else(|| IBridgedTokenErrors::name_by_selector(selector))
        .or_else(|| IVestingErrors::name_by_selector(selector))
        .or_else(|| IGovernorErrors::name_by_selector(selector))
        .or_else(|| ITimelockErrors::name_by_selector(selector))
        .or_else(|| IArbWasmErrors::name_by_selector(selector))
        .or_else(|| ICacheManagerErrors::name_by_selector(selector))
}

/// Solidity's own `Error(string)` and `Panic(uint256)`, which precompiles answer with.
fn standard_error(data: &[u8]) -> Option<String> {
    match ContractError::<IEngineErrors>::abi_decode(data).ok()? {
        ContractError::Revert(revert) => {
            Some(format!("Error({:?})", excerpt(revert.reason.as_bytes())))
        }
        ContractError::Panic(panic) => Some(format!("Panic({:#x})", panic.code)),
        ContractError::CustomError(_) => None,
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.selector()) {
            (Some(name), _) => f.write_str(name),
            (None, Some(_)) => write!(
                f,
                "an error that is none of the protocol's: {}",
                beginning(&self.data)
            ),
            (None, None) => f.write_str("no reason"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::{Panic, Revert as SolRevert};
    use arbius_protocol::interfaces::engine::IEngine;

    use super::*;

    #[test]
    fn names_the_engines_errors() {
        let data = IEngine::SolutionAlreadySubmitted {}.abi_encode();
        let revert = Revert::decode(data.into());
        assert!(revert.is("SolutionAlreadySubmitted"));
        assert_eq!(revert.to_string(), "SolutionAlreadySubmitted");
    }

    #[test]
    fn reads_the_errors_of_other_contracts() {
        alloy_sol_types::sol! {
            #[derive(Debug, PartialEq)]
            error Taken(uint64 by);
            #[derive(Debug, PartialEq)]
            error Gone(uint64 by);
        }
        let revert = Revert::decode(Taken { by: 7 }.abi_encode().into());
        assert_eq!(revert.name, None);
        assert_eq!(revert.error(), Some(Taken { by: 7 }));
        assert_eq!(revert.error::<Gone>(), None);
    }

    #[test]
    fn finds_a_constructors_error_within_the_deployers() {
        let data = IEngine::AddressMustBeNonZero {}.abi_encode().into();
        let wrapped = ContractInitializationError {
            newContract: alloy_primitives::Address::repeat_byte(1),
            data,
        };
        let revert = Revert::decode(wrapped.abi_encode().into());
        assert!(revert.is("AddressMustBeNonZero"));
    }

    #[test]
    fn names_solidity_errors_and_keeps_the_bytes_of_unknown_ones() {
        let text = Revert::decode(SolRevert::from("too small").abi_encode().into());
        assert_eq!(text.name.as_deref(), Some("Error(\"too small\")"));
        let panic = Revert::decode(Panic::from(0x11).abi_encode().into());
        assert_eq!(panic.name.as_deref(), Some("Panic(0x11)"));
        let unknown = Revert::decode(vec![1, 2, 3, 4, 5].into());
        assert_eq!(unknown.name, None);
        assert!(unknown.to_string().contains("0x0102030405"));
        assert_eq!(Revert::decode(Bytes::new()).to_string(), "no reason");
    }
}
