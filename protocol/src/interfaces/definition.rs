//! What defines an interface.

/// Defines interfaces in Solidity by `sol!`, as this crate's own are: with `Debug` and
/// equality on every type, with JSON ABIs where this crate has the feature `abi`, and with
/// instances over a provider where it has `rpc`.
///
/// For contracts of one's own, so that one definition serves the contract and the programs
/// that call it.
///
/// ```
/// use alloy_sol_types::SolCall;
///
/// arbius_protocol::interface! {
///     /// Counts.
///     interface ICounter {
///         /// Adds `by`, and returns the sum.
///         function add(uint64 by) external returns (uint64);
///     }
/// }
///
/// assert_eq!(ICounter::addCall::SIGNATURE, "add(uint64)");
/// ```
#[macro_export]
macro_rules! interface {
    ($($definition:tt)*) => {
        $crate::__sol! { $($definition)* }
    };
}

// `sol!` reads its attributes before `cfg_attr` is expanded, so the features choose
// between wrappers of one definition. They are this crate's, whoever uses the macro.

/// Wraps `sol!`.
#[cfg(not(any(feature = "abi", feature = "rpc")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sol {
    ($($definition:tt)*) => {
        $crate::__private::sol! {
            #![sol(alloy_sol_types = $crate::__private::alloy_sol_types, extra_derives(Debug, PartialEq, Eq))]
            $($definition)*
        }
    };
}

/// Wraps `sol!`.
#[cfg(all(feature = "abi", not(feature = "rpc")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sol {
    ($($definition:tt)*) => {
        $crate::__private::sol! {
            #![sol(abi, alloy_sol_types = $crate::__private::alloy_sol_types, extra_derives(Debug, PartialEq, Eq))]
            $($definition)*
        }
    };
}

/// Wraps `sol!`.
#[cfg(all(feature = "rpc", not(feature = "abi")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sol {
    ($($definition:tt)*) => {
        $crate::__private::sol! {
            #![sol(rpc, alloy_sol_types = $crate::__private::alloy_sol_types, alloy_contract = $crate::__private::alloy_contract, extra_derives(Debug, PartialEq, Eq))]
            $($definition)*
        }
    };
}

/// Wraps `sol!`.
#[cfg(all(feature = "rpc", feature = "abi"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sol {
    ($($definition:tt)*) => {
        $crate::__private::sol! {
            #![sol(abi, rpc, alloy_sol_types = $crate::__private::alloy_sol_types, alloy_contract = $crate::__private::alloy_contract, extra_derives(Debug, PartialEq, Eq))]
            $($definition)*
        }
    };
}
