// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/proxy.rs; change that.
pragma solidity ^0.8.20;

/// @title IProxy
/// @notice An ERC-1967 proxy whose admin, and nobody else, upgrades it.
/// @dev The proxy that every contract of Arbius stands behind: ERC-1967 slots and events, and the
/// two functions that the proxy answers itself.
/// @dev Everything else that is sent to a proxy goes to its implementation. The slots are read with
/// `eth_getStorageAt`, as ERC-1967 has it; a proxy has no views of its own.
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

    /// Makes `newImplementation` the implementation and, unless `data` is empty, calls it with
    /// `data` as the proxy. For the admin alone.
    function upgradeToAndCall(address newImplementation, bytes calldata data) external payable;

    /// Hands the right to upgrade to `newAdmin`. For the admin alone.
    function changeAdmin(address newAdmin) external;
}
