//! From a selector to the function that answers it.
//!
//! A table sorted at compile time and searched by halves, whose entries are pointers to
//! functions that stay functions: the router that a macro generates inlines all of them
//! into one, which is several times the size and so several times the start-up gas.
//! What each function takes is checked against the interface's signature when the
//! program is compiled.

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
    /// The function's selector, as a big-endian number.
    pub selector: u32,
    /// What it may do from within.
    pub access: Access,
    /// What answers it.
    pub handler: Handler,
}

/// The table in the order that [`find`] needs.
///
/// Fails to compile when two functions share a selector.
pub const fn sorted<const N: usize>(mut routes: [Route; N]) -> [Route; N] {
    let mut i = 1;
    while i < N {
        let route = routes[i];
        let mut j = i;
        while j > 0 && routes[j - 1].selector > route.selector {
            routes[j] = routes[j - 1];
            j -= 1;
        }
        routes[j] = route;
        i += 1;
    }
    let mut i = 1;
    while i < N {
        assert!(
            routes[i - 1].selector != routes[i].selector,
            "two functions share a selector"
        );
        i += 1;
    }
    routes
}

/// The route of `selector`, if the table has one.
pub fn find(table: &[Route], selector: [u8; 4]) -> Option<&Route> {
    let selector = u32::from_be_bytes(selector);
    let at = table
        .binary_search_by(|route| route.selector.cmp(&selector))
        .ok()?;
    table.get(at)
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

/// A table of routes: `access call type of IEngine => function [arguments]`.
macro_rules! routes {
    ($($access:ident $call:ident => $function:path [$($argument:ident : $kind:ty),*];)*) => {
        $crate::router::sorted([$({
            use arbius_protocol::interfaces::engine::IEngine;
            use alloy_sol_types::SolCall;
            const {
                assert!(
                    $crate::router::takes(
                        <IEngine::$call as SolCall>::SIGNATURE,
                        &[$(<$kind as $crate::abi::Arg<'_>>::NAME),*],
                    ),
                    concat!(stringify!($call), ": the function takes other arguments than the interface says"),
                );
            }
            $crate::router::Route {
                selector: u32::from_be_bytes(<IEngine::$call as SolCall>::SELECTOR),
                access: $crate::router::Access::$access,
                handler: |_calldata| {
                    let mut _args = $crate::abi::Args::new(_calldata);
                    $(let $argument = <$kind as $crate::abi::Arg<'_>>::read(&mut _args)?;)*
                    $function($($argument),*).map($crate::abi::Returns::encode)
                },
            }
        }),*])
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
    fn a_sorted_table_finds_each_of_its_selectors_and_no_other() {
        const TABLE: [Route; 3] = sorted([
            Route {
                selector: 7,
                access: Access::View,
                handler: |_| Ok(Vec::from([7])),
            },
            Route {
                selector: 1,
                access: Access::View,
                handler: |_| Ok(Vec::from([1])),
            },
            Route {
                selector: 5,
                access: Access::View,
                handler: |_| Ok(Vec::from([5])),
            },
        ]);
        for selector in [1u8, 5, 7] {
            let route = find(&TABLE, [0, 0, 0, selector]).expect("is in the table");
            assert_eq!((route.handler)(&[]), Ok(Vec::from([selector])));
        }
        assert!(find(&TABLE, [0, 0, 0, 6]).is_none());
    }
}
