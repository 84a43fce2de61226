//! The proxy that every contract of Arbius stands behind: ERC-1967 slots and events,
//! and the two functions that the proxy answers itself.
//!
//! Everything else that is sent to a proxy goes to its implementation. The slots are
//! read with `eth_getStorageAt`, as ERC-1967 has it; a proxy has no views of its own.

use alloy_primitives::{B256, b256};

/// Where a proxy keeps the address of its implementation:
/// `keccak256("eip1967.proxy.implementation") - 1` (ERC-1967).
pub const IMPLEMENTATION_SLOT: B256 =
    b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Where a proxy keeps the address that may upgrade it:
/// `keccak256("eip1967.proxy.admin") - 1` (ERC-1967).
pub const ADMIN_SLOT: B256 =
    b256!("b53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103");

/// What Stylus constructors are called by, whatever arguments they take:
/// the first four bytes of `keccak256("stylus_constructor()")`.
pub const CONSTRUCTOR_SELECTOR: [u8; 4] =
    <stylus_constructorCall as alloy_sol_types::SolCall>::SELECTOR;

super::interface! {
    /// Gives constructors of Stylus programs their selector.
    function stylus_constructor();

    /// The arguments of the proxy's constructor, encoded as parameters after
    /// [`CONSTRUCTOR_SELECTOR`].
    struct ProxyConstructor {
        /// The program that the proxy starts with.
        address implementation;
        /// Who may upgrade the proxy and hand that right on.
        address admin;
        /// A call to the implementation, made as the proxy; nothing is called if empty.
        bytes initData;
    }

    /// An ERC-1967 proxy whose admin, and nobody else, upgrades it.
    interface IProxy {
        /// The proxy now runs `implementation` (ERC-1967).
        event Upgraded(address indexed implementation);

        /// The right to upgrade went from `previousAdmin` to `newAdmin` (ERC-1967).
        event AdminChanged(address previousAdmin, address newAdmin);

        /// There is no code at the address that was to be the implementation.
        error ERC1967InvalidImplementation(address implementation);

        /// The zero address cannot be the admin.
        error ERC1967InvalidAdmin(address admin);

        /// Value came with no call that could take it, and would be stuck in the proxy.
        error ERC1967NonPayable();

        /// Only the admin upgrades the proxy or hands that right on.
        error ProxyUnauthorized(address caller);

        /// The arguments do not decode as those of the function that was called.
        error ProxyMalformedCalldata();

        /// Makes `newImplementation` the implementation and, unless `data` is empty,
        /// calls it with `data` as the proxy. For the admin alone.
        function upgradeToAndCall(address newImplementation, bytes data) external payable;

        /// Hands the right to upgrade to `newAdmin`. For the admin alone.
        function changeAdmin(address newAdmin) external;
    }
}
