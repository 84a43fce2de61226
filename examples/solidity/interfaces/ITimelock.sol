// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/timelock.rs; change that.
pragma solidity ^0.8.20;

/// @title ITimelock
/// @notice Calls that wait before they are made.
/// @dev The timelock of the DAO (protocol section 11): OpenZeppelin 5's `TimelockController` with
/// its access control, and a guardian of its own.
/// @dev It owns the engine, the treasury and every upgrade, and only the governor proposes to it.
/// What is marked own is not in OpenZeppelin's contract.
interface ITimelock {
    /// What can be said of an operation.
    enum OperationState {
        /// It was never scheduled, or it was canceled.
        Unset,
        /// Its delay runs.
        Waiting,
        /// It can be executed.
        Ready,
        /// It was executed, or is being executed.
        Done
    }

    /// A call of an operation was scheduled.
    event CallScheduled(
        bytes32 indexed id,
        uint256 indexed index,
        address target,
        uint256 value,
        bytes data,
        bytes32 predecessor,
        uint256 delay
    );

    /// A call of an operation was made.
    event CallExecuted(
        bytes32 indexed id,
        uint256 indexed index,
        address target,
        uint256 value,
        bytes data
    );

    /// An operation has a salt other than zero.
    event CallSalt(bytes32 indexed id, bytes32 salt);

    /// An operation was canceled.
    event Cancelled(bytes32 indexed id);

    /// The least delay changed, in seconds.
    event MinDelayChange(uint256 oldDuration, uint256 newDuration);

    /// Own. `guardian` may cancel until `engine` has emitted 100,000 AIUS.
    event GuardianSet(address indexed guardian, address indexed engine);

    /// A role is administered by another.
    event RoleAdminChanged(
        bytes32 indexed role,
        bytes32 indexed previousAdminRole,
        bytes32 indexed newAdminRole
    );

    /// `account` has a role now.
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);

    /// `account` has a role no longer.
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

    /// The contract was initialised to `version` of its storage layout.
    event Initialized(uint64 version);

    /// The lists of a batch differ in length.
    error TimelockInvalidOperationLength(uint256 targets, uint256 payloads, uint256 values);

    /// The operation waits less than the least delay.
    error TimelockInsufficientDelay(uint256 delay, uint256 minDelay);

    /// The operation is in none of the states whose bits `expectedStates` has.
    error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates);

    /// An operation that must be done before is not.
    error TimelockUnexecutedPredecessor(bytes32 predecessorId);

    /// Only the timelock itself may call this, in an operation.
    error TimelockUnauthorizedCaller(address caller);

    /// Own. The least delay lies outside its bounds.
    error TimelockDelayOutOfBounds(uint256 delay, uint256 min, uint256 max);

    /// The account lacks the role.
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);

    /// One renounces one's own roles alone, and says so by one's own address.
    error AccessControlBadConfirmation();

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

    /// Own. Sets the timelock up behind its proxy, once. It administers itself; `admin`, unless
    /// zero, administers the roles besides, until it renounces that. Proposers may cancel as well.
    function initialize(
        uint256 minDelay,
        address[] calldata proposers,
        address[] calldata executors,
        address admin
    ) external;

    /// Schedules one call.
    function schedule(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;

    /// Schedules calls that are made together.
    function scheduleBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;

    /// Cancels an operation that waits or is ready. For cancellers and the guardian.
    function cancel(bytes32 id) external;

    /// Makes a call whose delay is over.
    function execute(
        address target,
        uint256 value,
        bytes calldata payload,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;

    /// Makes the calls of a batch whose delay is over.
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;

    /// Sets the least delay. For the timelock alone.
    function updateDelay(uint256 newDelay) external;

    /// The identifier of an operation of one call.
    function hashOperation(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);

    /// The identifier of an operation of several calls.
    function hashOperationBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);

    /// Whether the operation was scheduled, and not canceled.
    function isOperation(bytes32 id) external view returns (bool);

    /// Whether the operation waits or is ready.
    function isOperationPending(bytes32 id) external view returns (bool);

    /// Whether the operation can be executed.
    function isOperationReady(bytes32 id) external view returns (bool);

    /// Whether the operation was executed.
    function isOperationDone(bytes32 id) external view returns (bool);

    /// When the operation can be executed, in seconds since the epoch; 0 if it is unset, 1 if it is
    /// done.
    function getTimestamp(bytes32 id) external view returns (uint256);

    /// The state of the operation.
    function getOperationState(bytes32 id) external view returns (OperationState);

    /// The least delay, in seconds.
    function getMinDelay() external view returns (uint256);

    /// The role that administers roles: zero.
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);

    /// The role that schedules.
    function PROPOSER_ROLE() external view returns (bytes32);

    /// The role that executes; everybody has it if the zero address has.
    function EXECUTOR_ROLE() external view returns (bytes32);

    /// The role that cancels.
    function CANCELLER_ROLE() external view returns (bytes32);

    /// Whether the account has the role.
    function hasRole(bytes32 role, address account) external view returns (bool);

    /// The role that grants and revokes a role.
    function getRoleAdmin(bytes32 role) external view returns (bytes32);

    /// Gives the account a role. For that role's administrators.
    function grantRole(bytes32 role, address account) external;

    /// Takes a role from the account. For that role's administrators.
    function revokeRole(bytes32 role, address account) external;

    /// Gives up one's own role.
    function renounceRole(bytes32 role, address callerConfirmation) external;

    /// Whether the timelock speaks an interface (ERC-165).
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    /// Takes an ERC-721 token.
    function onERC721Received(
        address operator,
        address from,
        uint256 tokenId,
        bytes calldata data
    ) external returns (bytes4);

    /// Takes ERC-1155 tokens of one kind.
    function onERC1155Received(
        address operator,
        address from,
        uint256 id,
        uint256 value,
        bytes calldata data
    ) external returns (bytes4);

    /// Takes ERC-1155 tokens of several kinds.
    function onERC1155BatchReceived(
        address operator,
        address from,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata data
    ) external returns (bytes4);

    /// Own. Who may cancel in the first time; zero for nobody.
    function guardian() external view returns (address);

    /// Own. Whether the guardian may still cancel: there is one, and the engine says that it has
    /// emitted less than 100,000 AIUS.
    function guardianActive() external view returns (bool);

    /// Own. Names another guardian, or none, and the engine whose emission ends its time. For
    /// administrators of roles: the timelock, and whoever deploys it.
    function setGuardian(address newGuardian, address engine) external;

    /// Own. The engine whose emission ends the guardian's time.
    function engine() external view returns (address);

    /// Takes ether for the treasury.
    receive() external payable;
}
