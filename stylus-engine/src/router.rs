//! From a selector to the function that answers it.
//!
//! Comparisons in a row that end in pointers to functions which stay functions: the router
//! that the SDK's macro generates inlines all of them into one, which is several times the
//! size and so several times the start-up gas. It is code and no table, because each start
//! of a program pays for its data 600 times what it pays for code. What each function takes
//! is checked against the interface's signature when the program is compiled.

use crate::revert::Revert;
use alloc::vec::Vec;

/// Decodes the arguments after the selector, runs a function and encodes what it returns.
pub type Handler = fn(&[u8]) -> Result<Vec<u8>, Revert>;

/// What a function may do when it is called from within a call that the engine makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Answer: it changes nothing, and what it reads is final before the engine calls out.
    View,
    /// Nothing: the call is refused.
    Write,
    /// Run, if the engine tells a consumer its outcome.
    Submit,
}

/// One function of a program.
#[derive(Clone, Copy)]
pub struct Route {
    /// What it may do from within.
    pub access: Access,
    /// What answers it.
    pub handler: Handler,
}

/// Whether no two functions share a selector.
pub const fn are_distinct(selectors: &[[u8; 4]]) -> bool {
    let mut i = 0;
    while i < selectors.len() {
        let mut j = 0;
        while j < i {
            if u32::from_be_bytes(selectors[i]) == u32::from_be_bytes(selectors[j]) {
                return false;
            }
            j += 1;
        }
        i += 1;
    }
    true
}

/// Whether `signature` is a name followed by exactly these argument types.
pub const fn takes(signature: &str, types: &[&str]) -> bool {
    let signature = signature.as_bytes();
    let mut at = 0;
    while at < signature.len() && signature[at] != b'(' {
        at += 1;
    }
    let mut argument = 0;
    while argument < types.len() {
        // The parenthesis or the comma before the type.
        at += 1;
        let name = types[argument].as_bytes();
        let mut i = 0;
        while i < name.len() {
            if at >= signature.len() || signature[at] != name[i] {
                return false;
            }
            at += 1;
            i += 1;
        }
        argument += 1;
        let separator = if argument == types.len() { b')' } else { b',' };
        if at >= signature.len() || signature[at] != separator {
            return false;
        }
    }
    if types.is_empty() {
        at += 1;
    }
    at + 1 == signature.len() && signature[at] == b')'
}

/// A function that finds the route of a selector, if the program has one, from a table:
/// `access call type of IEngine => function [arguments]`.
macro_rules! routes {
    ($(#[$doc:meta])* $find:ident: $($access:ident $call:ident => $function:path [$($argument:ident : $kind:ty),*];)*) => {
        $(#[$doc])*
        pub fn $find(selector: [u8; 4]) -> Option<$crate::router::Route> {
            use arbius_protocol::interfaces::engine::IEngine;
            use alloy_sol_types::SolCall;
            const {
                assert!(
                    $crate::router::are_distinct(&[$(<IEngine::$call as SolCall>::SELECTOR),*]),
                    "two functions share a selector"
                );
            }
            $(
                const {
                    assert!(
                        $crate::router::takes(
                            <IEngine::$call as SolCall>::SIGNATURE,
                            &[$(<$kind as $crate::abi::Arg<'_>>::NAME),*],
                        ),
                        concat!(stringify!($call), ": the function takes other arguments than the interface says"),
                    );
                }
                if selector == <IEngine::$call as SolCall>::SELECTOR {
                    return Some($crate::router::Route {
                        access: $crate::router::Access::$access,
                        handler: |_calldata| {
                            let mut _args = $crate::abi::Args::new(_calldata);
                            $(let $argument = <$kind as $crate::abi::Arg<'_>>::read(&mut _args)?;)*
                            $function($($argument),*).map($crate::abi::Returns::encode)
                        },
                    });
                }
            )*
            None
        }
    };
}
pub(crate) use routes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_compared_argument_by_argument() {
        assert!(takes("f()", &[]));
        assert!(takes("f(uint8)", &["uint8"]));
        assert!(takes(
            "f((uint8,bytes),address)",
            &["(uint8,bytes)", "address"]
        ));
        assert!(!takes("f(uint8)", &[]));
        assert!(!takes("f()", &["uint8"]));
        assert!(!takes("f(uint80)", &["uint8"]));
        assert!(!takes("f(uint8,bool)", &["uint8"]));
        assert!(!takes("f(uint8)", &["uint8", "bool"]));
    }

    #[test]
    fn a_selector_that_is_there_twice_is_noticed() {
        assert!(are_distinct(&[[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]));
        assert!(!are_distinct(&[[0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]]));
    }
}
