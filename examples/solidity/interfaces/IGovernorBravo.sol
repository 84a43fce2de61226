// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/governor.rs; change that.
pragma solidity ^0.8.20;

/// @title IGovernorBravo
/// @notice The calls that Compound's Governor Bravo has and `IGovernor` lacks.
/// @dev The governor of the DAO (protocol section 11): OpenZeppelin 5's `IGovernor` with its
/// settings, counting and timelock extensions as `IGovernor`, the calls of Compound's Governor
/// Bravo as `IGovernorBravo`, so that existing governance sites can show it.
/// @dev Times are seconds since the epoch (EIP-6372, `mode=timestamp`), votes wei of AIUS. What is
/// marked own is not in OpenZeppelin's contracts.
interface IGovernorBravo {
    /// How an account voted.
    struct Receipt {
        /// Whether it voted.
        bool hasVoted;
        /// 0 (against), 1 (for) or 2 (abstain).
        uint8 support;
        /// Its votes, in wei of AIUS.
        uint96 votes;
    }

    /// Proposes with signatures: where one is given, its selector stands before the calldata.
    function propose(
        address[] calldata targets,
        uint256[] calldata values,
        string[] calldata signatures,
        bytes[] calldata calldatas,
        string calldata description
    ) external returns (uint256 proposalId);

    /// `IGovernor.queue` by identifier.
    function queue(uint256 proposalId) external;

    /// `IGovernor.execute` by identifier.
    function execute(uint256 proposalId) external payable;

    /// `IGovernor.cancel` by identifier.
    function cancel(uint256 proposalId) external;

    /// Votes as whoever signed `Ballot(uint256 proposalId,uint8 support)`.
    function castVoteBySig(
        uint256 proposalId,
        uint8 support,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 weight);

    /// A proposal with its votes.
    function proposals(
        uint256 proposalId
    ) external view returns (uint256 id, address proposer, uint256 eta, uint256 startBlock, uint256 endBlock, uint256 forVotes, uint256 againstVotes, uint256 abstainVotes, bool canceled, bool executed);

    /// A proposal's actions as they were proposed.
    function getActions(
        uint256 proposalId
    ) external view returns (address[] memory targets, uint256[] memory values, string[] memory signatures, bytes[] memory calldatas);

    /// How an account voted on a proposal.
    function getReceipt(
        uint256 proposalId,
        address voter
    ) external view returns (Receipt memory receipt);

    /// The quorum of a vote that began a second ago.
    function quorumVotes() external view returns (uint256);
}
