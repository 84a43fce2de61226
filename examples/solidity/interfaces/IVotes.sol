// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/token.rs; change that.
pragma solidity ^0.8.20;

/// @title IVotes
/// @notice Votes: delegated power and its history (EIP-5805, OpenZeppelin's `IVotes`), by a clock
/// of timestamps (EIP-6372).
/// @dev The AIUS token (protocol section 1), an interface for each standard that it keeps: `IToken`
/// is the ERC-20 and its genesis, `IPermit` EIP-2612 with EIP-712 and EIP-5267, `IVotes` delegation
/// and checkpoints with the clock of EIP-6372, `IBridgedToken` the side that Arbitrum's custom
/// gateway calls.
interface IVotes {
    /// A point of a history: from `_key` on the value is `_value`.
    struct Checkpoint208 {
        /// Time, in seconds since the epoch.
        uint48 _key;
        /// Votes, in wei of AIUS.
        uint208 _value;
    }

    /// `delegator` moved its votes from one delegate to another.
    event DelegateChanged(
        address indexed delegator,
        address indexed fromDelegate,
        address indexed toDelegate
    );

    /// The votes of `delegate` changed.
    event DelegateVotesChanged(address indexed delegate, uint256 previousVotes, uint256 newVotes);

    /// The delegation was valid until `expiry`, in seconds since the epoch.
    error VotesExpiredSignature(uint256 expiry);

    /// The signature carries another number than the account's next.
    error InvalidAccountNonce(address account, uint256 currentNonce);

    /// The time asked about is not past yet.
    error ERC5805FutureLookup(uint256 timepoint, uint48 clock);

    /// The history of `account` has no point `pos`.
    error NoCheckpoint(address account, uint32 pos);

    /// The current time, in seconds since the epoch (EIP-6372).
    function clock() external view returns (uint48);

    /// `mode=timestamp` (EIP-6372).
    function CLOCK_MODE() external view returns (string memory);

    /// Votes of `account` now.
    function getVotes(address account) external view returns (uint256);

    /// Votes of `account` at a past time.
    function getPastVotes(address account, uint256 timepoint) external view returns (uint256);

    /// Supply at a past time.
    function getPastTotalSupply(uint256 timepoint) external view returns (uint256);

    /// Whom `account` delegates to; nobody until it says so.
    function delegates(address account) external view returns (address);

    /// Delegates the caller's votes.
    function delegate(address delegatee) external;

    /// Delegates the votes of whoever signed.
    function delegateBySig(
        address delegatee,
        uint256 nonce,
        uint256 expiry,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// How many points the history of `account` has.
    function numCheckpoints(address account) external view returns (uint32);

    /// A point of that history.
    function checkpoints(
        address account,
        uint32 pos
    ) external view returns (Checkpoint208 memory checkpoint);
}
