//! Which calls the proxy answers itself.

use alloy_sol_types::SolCall;
use arbius_calldata::{Args, split_selector};
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, IProxy};

/// What a call to the proxy is for.
#[derive(Clone, Copy, Debug)]
pub enum Route<'a> {
    /// The constructor, with its arguments.
    Construct(Args<'a>),
    /// An upgrade, with its arguments.
    Upgrade(Args<'a>),
    /// A change of the admin, with its arguments.
    ChangeAdmin(Args<'a>),
    /// Anything else: the implementation's business.
    Forward,
}

/// Decides what `calldata` is for.
///
/// Only a proxy that is not `constructed` yet has a constructor: afterwards that
/// selector is the implementation's like any other, so nobody can construct twice.
#[must_use]
pub fn route(calldata: &[u8], constructed: bool) -> Route<'_> {
    let Some((selector, args)) = split_selector(calldata) else {
        return Route::Forward;
    };
    if !constructed && selector == CONSTRUCTOR_SELECTOR {
        Route::Construct(args)
    } else if selector == IProxy::upgradeToAndCallCall::SELECTOR {
        Route::Upgrade(args)
    } else if selector == IProxy::changeAdminCall::SELECTOR {
        Route::ChangeAdmin(args)
    } else {
        Route::Forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, Bytes};

    #[test]
    fn forwards_calls_that_are_not_its_own() {
        for calldata in [&[][..], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
            assert!(matches!(route(calldata, true), Route::Forward));
        }
    }

    #[test]
    fn has_a_constructor_only_until_it_was_constructed() {
        assert!(matches!(
            route(&CONSTRUCTOR_SELECTOR, false),
            Route::Construct(_)
        ));
        assert!(matches!(route(&CONSTRUCTOR_SELECTOR, true), Route::Forward));
    }

    #[test]
    fn reads_the_arguments_that_the_interface_encodes() {
        let implementation = Address::repeat_byte(0x11);
        let calldata = IProxy::upgradeToAndCallCall {
            newImplementation: implementation,
            data: Bytes::from_static(b"migrate"),
        }
        .abi_encode();
        let Route::Upgrade(args) = route(&calldata, true) else {
            panic!("an upgrade was not recognised");
        };
        assert_eq!(args.address(0), Ok(implementation));
        assert_eq!(args.bytes(1), Ok(&b"migrate"[..]));

        let calldata = IProxy::changeAdminCall {
            newAdmin: implementation,
        }
        .abi_encode();
        let Route::ChangeAdmin(args) = route(&calldata, true) else {
            panic!("a change of the admin was not recognised");
        };
        assert_eq!(args.address(0), Ok(implementation));
    }
}
