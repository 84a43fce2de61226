// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/governor.rs; change that.
pragma solidity ^0.8.20;

/// @title IGovernor
/// @notice Proposals, votes, and their way to the timelock.
/// @dev The governor of the DAO (protocol section 11): OpenZeppelin 5's `IGovernor` with its
/// settings, counting and timelock extensions as `IGovernor`, the calls of Compound's Governor
/// Bravo as `IGovernorBravo`, so that existing governance sites can show it.
/// @dev Times are seconds since the epoch (EIP-6372, `mode=timestamp`), votes wei of AIUS. What is
/// marked own is not in OpenZeppelin's contracts.
interface IGovernor {
    /// What can be said of a proposal.
    enum ProposalState {
        /// Voting has not begun.
        Pending,
        /// Voting goes on.
        Active,
        /// Canceled by its proposer, or its operation was canceled in the timelock.
        Canceled,
        /// Voting is over, and it failed or missed the quorum.
        Defeated,
        /// It has passed and waits to be queued.
        Succeeded,
        /// Its operation waits in the timelock.
        Queued,
        /// Never here: a proposal that passed can be queued without limit of time.
        Expired,
        /// Its operation was executed.
        Executed
    }

    /// A proposal was made; voting lasts from `voteStart`, exclusive, to `voteEnd`, inclusive.
    /// `signatures` are empty unless it was made by Bravo's form.
    event ProposalCreated(
        uint256 proposalId,
        address proposer,
        address[] targets,
        uint256[] values,
        string[] signatures,
        bytes[] calldatas,
        uint256 voteStart,
        uint256 voteEnd,
        string description
    );

    /// Own. The content identifier of a proposal's description, 34 bytes.
    event ProposalDescriptionCid(uint256 indexed proposalId, bytes cid);

    /// A proposal that passed waits in the timelock until `etaSeconds`.
    event ProposalQueued(uint256 proposalId, uint256 etaSeconds);

    /// A proposal was executed.
    event ProposalExecuted(uint256 proposalId);

    /// A proposal was canceled by its proposer.
    event ProposalCanceled(uint256 proposalId);

    /// A vote without parameters.
    event VoteCast(
        address indexed voter,
        uint256 proposalId,
        uint8 support,
        uint256 weight,
        string reason
    );

    /// A vote that carried parameters, which counting here does not read.
    event VoteCastWithParams(
        address indexed voter,
        uint256 proposalId,
        uint8 support,
        uint256 weight,
        string reason,
        bytes params
    );

    /// The voting delay changed, in seconds.
    event VotingDelaySet(uint256 oldVotingDelay, uint256 newVotingDelay);

    /// The voting period changed, in seconds.
    event VotingPeriodSet(uint256 oldVotingPeriod, uint256 newVotingPeriod);

    /// The votes that a proposal takes changed, in wei of AIUS.
    event ProposalThresholdSet(uint256 oldProposalThreshold, uint256 newProposalThreshold);

    /// The quorum changed, in percent of the supply.
    event QuorumNumeratorUpdated(uint256 oldQuorumNumerator, uint256 newQuorumNumerator);

    /// Another timelock executes from now on.
    event TimelockChange(address oldTimelock, address newTimelock);

    /// The contract was initialised to `version` of its storage layout.
    event Initialized(uint64 version);

    /// The signing domain changed (EIP-5267).
    event EIP712DomainChanged();

    /// The lists of a proposal are empty or differ in length.
    error GovernorInvalidProposalLength(uint256 targets, uint256 calldatas, uint256 values);

    /// This account voted on the proposal before.
    error GovernorAlreadyCastVote(address voter);

    /// The governor takes no deposits: send them to the timelock.
    error GovernorDisabledDeposit();

    /// Only the timelock may call this, for a vote that passed.
    error GovernorOnlyExecutor(address account);

    /// There is no such proposal.
    error GovernorNonexistentProposal(uint256 proposalId);

    /// The proposal is in the state `current`; the bits of `expectedStates` name those that the
    /// call takes, none where the proposal must not exist.
    error GovernorUnexpectedProposalState(
        uint256 proposalId,
        ProposalState current,
        bytes32 expectedStates
    );

    /// The proposer had `votes` a second ago, fewer than the `threshold`.
    error GovernorInsufficientProposerVotes(address proposer, uint256 votes, uint256 threshold);

    /// The description's suffix names another proposer than this.
    error GovernorRestrictedProposer(address proposer);

    /// A vote is 0 (against), 1 (for) or 2 (abstain).
    error GovernorInvalidVoteType();

    /// The signature is not the voter's over this ballot with the voter's next nonce.
    error GovernorInvalidSignature(address voter);

    /// Only the proposer cancels, and only before voting begins.
    error GovernorUnableToCancel(uint256 proposalId, address account);

    /// Own. The description is longer than a content identifier covers.
    error GovernorDescriptionTooLong(uint256 length, uint256 max);

    /// Own. The actions are longer than one account of the chain can store.
    error GovernorProposalTooLarge(uint256 size, uint256 max);

    /// Own. The value lies outside the parameter's bounds.
    error GovernorParameterOutOfBounds(uint256 value, uint256 min, uint256 max);

    /// Own. This account cannot be the token or the timelock: it has no code.
    error GovernorInvalidContract(address account);

    /// Own. The token or the timelock did not answer as its interface says.
    error GovernorUnexpectedAnswer(address account);

    /// Own. A precompile or the creation of an account failed for want of gas.
    error GovernorOutOfGas();

    /// The time asked about is not past yet.
    error ERC5805FutureLookup(uint256 timepoint, uint48 clock);

    /// A call out reverted without data.
    error FailedCall();

    /// The contract was initialised before.
    error InvalidInitialization();

    /// Only a proxy's storage can be initialised, never the program's own.
    error NotBehindProxy();

    /// This function takes no value.
    error NotPayable();

    /// No function has this selector.
    error UnknownFunction(bytes4 selector);

    /// The arguments do not decode as those of the function that was called.
    error MalformedCalldata();

    /// Own. Sets the governor up behind its proxy, once. The parameters keep to their bounds
    /// (`arbius_protocol::governance`).
    function initialize(
        address token,
        address timelock,
        uint48 votingDelay,
        uint32 votingPeriod,
        uint256 proposalThreshold,
        uint256 quorumNumerator
    ) external;

    /// `Arbius Governor`, also in the signing domain.
    function name() external view returns (string memory);

    /// `1`, also in the signing domain.
    function version() external view returns (string memory);

    /// The signing domain (EIP-5267); `fields` is `0x0f`: name, version, chain and contract.
    function eip712Domain() external view returns (bytes1 fields, string memory name, string memory version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] memory extensions);

    /// The number that the voter's next signed ballot must carry.
    function nonces(address voter) external view returns (uint256);

    /// Type hash of `Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)`.
    function BALLOT_TYPEHASH() external view returns (bytes32);

    /// Type hash of `ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256
    /// nonce,string reason,bytes params)`.
    function EXTENDED_BALLOT_TYPEHASH() external view returns (bytes32);

    /// `support=bravo&quorum=for,abstain`.
    function COUNTING_MODE() external view returns (string memory);

    /// The current time, in seconds since the epoch (EIP-6372).
    function clock() external view returns (uint48);

    /// `mode=timestamp` (EIP-6372).
    function CLOCK_MODE() external view returns (string memory);

    /// Whether the governor speaks an interface (ERC-165).
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    /// The token whose votes count.
    function token() external view returns (address);

    /// The timelock that executes.
    function timelock() external view returns (address);

    /// Seconds between a proposal and the start of its vote.
    function votingDelay() external view returns (uint256);

    /// Seconds that a vote lasts.
    function votingPeriod() external view returns (uint256);

    /// Votes that a proposal takes, in wei of AIUS.
    function proposalThreshold() external view returns (uint256);

    /// Votes for or abstaining that a vote of this time takes, in wei of AIUS.
    function quorum(uint256 timepoint) external view returns (uint256);

    /// The quorum in percent of the supply.
    function quorumNumerator() external view returns (uint256);

    /// The quorum at a time, in percent of the supply.
    function quorumNumerator(uint256 timepoint) external view returns (uint256);

    /// 100.
    function quorumDenominator() external view returns (uint256);

    /// Sets the voting delay. For the timelock alone.
    function setVotingDelay(uint48 newVotingDelay) external;

    /// Sets the voting period of later proposals. For the timelock alone.
    function setVotingPeriod(uint32 newVotingPeriod) external;

    /// Sets the votes that a proposal takes. For the timelock alone.
    function setProposalThreshold(uint256 newProposalThreshold) external;

    /// Sets the quorum of votes that begin later. For the timelock alone.
    function updateQuorumNumerator(uint256 newQuorumNumerator) external;

    /// Names another timelock. For the timelock alone. What waits in the old one is seen as
    /// canceled here.
    function updateTimelock(address newTimelock) external;

    /// Calls as the governor, to recover what was sent to it. For the timelock alone.
    function relay(address target, uint256 value, bytes calldata data) external payable;

    /// The identifier of a proposal with these actions and this description's keccak-256.
    function hashProposal(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external view returns (uint256);

    /// The same.
    function getProposalId(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external view returns (uint256);

    /// The state of a proposal.
    function state(uint256 proposalId) external view returns (ProposalState);

    /// When votes are looked up; voting begins a second later. 0 if there is none such.
    function proposalSnapshot(uint256 proposalId) external view returns (uint256);

    /// The last second in which one can vote; 0 if there is none such.
    function proposalDeadline(uint256 proposalId) external view returns (uint256);

    /// Who proposed it; zero if there is none such.
    function proposalProposer(uint256 proposalId) external view returns (address);

    /// When a queued proposal can be executed; 0 before.
    function proposalEta(uint256 proposalId) external view returns (uint256);

    /// Always: everything goes through the timelock.
    function proposalNeedsQueuing(uint256 proposalId) external view returns (bool);

    /// The votes cast, in wei of AIUS.
    function proposalVotes(
        uint256 proposalId
    ) external view returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes);

    /// The actions, and keccak-256 of the description.
    function proposalDetails(
        uint256 proposalId
    ) external view returns (address[] memory targets, uint256[] memory values, bytes[] memory calldatas, bytes32 descriptionHash);

    /// Own. The content identifier of the description, 34 bytes.
    function proposalCid(uint256 proposalId) external view returns (bytes memory);

    /// Votes of an account at a past time.
    function getVotes(address account, uint256 timepoint) external view returns (uint256);

    /// The same; the parameters are not read.
    function getVotesWithParams(
        address account,
        uint256 timepoint,
        bytes calldata params
    ) external view returns (uint256);

    /// Whether the account voted on the proposal.
    function hasVoted(uint256 proposalId, address account) external view returns (bool);

    /// Proposes a list of calls that the timelock makes if the vote passes. A description that ends
    /// with `#proposer=0x…` is for that account alone.
    function propose(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        string calldata description
    ) external returns (uint256 proposalId);

    /// Hands a proposal that passed to the timelock. For anyone.
    function queue(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external returns (uint256 proposalId);

    /// Executes a queued proposal whose delay is over. For anyone.
    function execute(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external payable returns (uint256 proposalId);

    /// Takes a proposal back before voting begins. For its proposer alone.
    function cancel(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external returns (uint256 proposalId);

    /// Votes 0 (against), 1 (for) or 2 (abstain).
    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight);

    /// Votes and says why.
    function castVoteWithReason(
        uint256 proposalId,
        uint8 support,
        string calldata reason
    ) external returns (uint256 weight);

    /// Votes, says why, and adds parameters that the event carries.
    function castVoteWithReasonAndParams(
        uint256 proposalId,
        uint8 support,
        string calldata reason,
        bytes calldata params
    ) external returns (uint256 weight);

    /// Votes as `voter`, an account with a key or a wallet (ERC-1271), who signed a `Ballot`.
    function castVoteBySig(
        uint256 proposalId,
        uint8 support,
        address voter,
        bytes calldata signature
    ) external returns (uint256 weight);

    /// Votes as `voter`, who signed an `ExtendedBallot`.
    function castVoteWithReasonAndParamsBySig(
        uint256 proposalId,
        uint8 support,
        address voter,
        string calldata reason,
        bytes calldata params,
        bytes calldata signature
    ) external returns (uint256 weight);
}
