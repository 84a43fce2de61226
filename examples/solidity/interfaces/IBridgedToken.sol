// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/token.rs; change that.
pragma solidity ^0.8.20;

/// @title IBridgedToken
/// @notice The token's side of Arbitrum's custom gateway (`IArbToken`); the cap holds across the
/// bridge: what exists here is at most the cap, so no more is minted than was burned before.
/// @dev The AIUS token (protocol section 1), an interface for each standard that it keeps: `IToken`
/// is the ERC-20 and its genesis, `IPermit` EIP-2612 with EIP-712 and EIP-5267, `IVotes` delegation
/// and checkpoints with the clock of EIP-6372, `IBridgedToken` the side that Arbitrum's custom
/// gateway calls.
interface IBridgedToken {
    /// The gateway minted `amount` to `account`.
    event BridgeMinted(address indexed account, uint256 amount);

    /// The gateway burned `amount` of `account`'s.
    event BridgeBurned(address indexed account, uint256 amount);

    /// There is a new gateway; the zero address is none.
    event GatewaySet(address indexed gateway);

    /// The token on the parent chain is this one.
    event L1AddressSet(address indexed l1Address);

    /// Only the gateway mints and burns.
    error NotGateway(address caller);

    /// Only the owner names the gateway and the token on the parent chain.
    error OwnableUnauthorizedAccount(address account);

    /// More would exist than the cap.
    error CapExceeded(uint256 supply, uint256 cap);

    /// Mints what was locked on the parent chain. For the gateway alone.
    function bridgeMint(address account, uint256 amount) external;

    /// Burns what is to be unlocked on the parent chain. For the gateway alone.
    function bridgeBurn(address account, uint256 amount) external;

    /// The token on the parent chain; the zero address until it is named.
    function l1Address() external view returns (address);

    /// The gateway on this chain; the zero address while there is none.
    function gateway() external view returns (address);

    /// Who names the gateway: the admin of the proxy, for good the timelock.
    function owner() external view returns (address);

    /// Names another gateway; the zero address closes the bridge. For the owner alone.
    function setGateway(address gateway) external;

    /// Names the token on the parent chain. For the owner alone.
    function setL1Address(address l1Address) external;
}
