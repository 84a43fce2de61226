// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/token.rs; change that.
pragma solidity ^0.8.20;

/// @title IPermit
/// @notice Approval by signature (EIP-2612) over typed data (EIP-712) whose domain can be asked for
/// (EIP-5267).
/// @dev The AIUS token (protocol section 1), an interface for each standard that it keeps: `IToken`
/// is the ERC-20 and its genesis, `IPermit` EIP-2612 with EIP-712 and EIP-5267, `IVotes` delegation
/// and checkpoints with the clock of EIP-6372, `IBridgedToken` the side that Arbitrum's custom
/// gateway calls.
interface IPermit {
    /// The signing domain changed (EIP-5267).
    event EIP712DomainChanged();

    /// The permit was valid until `deadline`, in seconds since the epoch.
    error ERC2612ExpiredSignature(uint256 deadline);

    /// `signer` signed, who is not `owner`.
    error ERC2612InvalidSigner(address signer, address owner);

    /// Nobody's key made the signature, or its `s` is in the upper half of the curve's order, where
    /// each signature has a twin (EIP-2).
    error ECDSAInvalidSignature();

    /// Lets `spender` spend `value` of `owner`'s, as `owner` signed it.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// The number that the owner's next permit or delegation must carry.
    function nonces(address owner) external view returns (uint256);

    /// Hash of the signing domain (EIP-712).
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// The signing domain (EIP-5267); `fields` is `0x0f`: name, version, chain and contract.
    function eip712Domain() external view returns (bytes1 fields, string memory name, string memory version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] memory extensions);
}
