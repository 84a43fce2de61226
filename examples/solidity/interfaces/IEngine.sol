// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/engine.rs; change that.
pragma solidity ^0.8.20;

/// @title IEngine
/// @notice The engine contract, one address and one ABI over two programs.
/// @dev The engine: models, tasks, solutions, validators, contestations, earnings, parameters.
/// @dev What the deployed reference network has under the same signature does the same thing here
/// (protocol section 13); the rest is ours and marked own. Amounts are in wei of AIUS, times in
/// seconds since the epoch, percentages fractions of 1e18. Every CID is the 34-byte multihash
/// `0x1220 ‖ digest` (`arbius_protocol::cid`).
/// @dev A function lists the errors of its own that it can answer with. Beyond those, any
/// state-changing function but withdrawals and the owner's calls answers `Paused` while the engine
/// is paused, calldata that does not decode `MalformedCalldata`, and ether sent along
/// `ValueNotAccepted`. Events are emitted in the order in which they are listed.
interface IEngine {
    /// A model as `models` returns it and as its identifier is computed from.
    struct Model {
        /// Flat fee per task, in wei.
        uint256 fee;
        /// Who is paid that fee and may change the model.
        address addr;
        /// Emission rate, 1e18 = 1; governance's alone.
        uint256 rate;
        /// CID of the template.
        bytes cid;
    }

    /// A task as `tasks` returns it and as its identifier is computed from.
    struct Task {
        /// Identifier of the model.
        bytes32 model;
        /// Fee in wei, model fee included.
        uint256 fee;
        /// Who may retract it and is refunded.
        address owner;
        /// Time of submission.
        uint64 blocktime;
        /// Version of the task format, as submitted.
        uint8 version;
        /// CID of the input.
        bytes cid;
    }

    /// The zero address where an account is needed.
    error AddressMustBeNonZero();

    /// Own. The engine or the token where an account of somebody is needed.
    error AddressNotAllowed();

    /// The model has no allow-list.
    error AllowListNotEnabled();

    /// The solution was claimed before.
    error AlreadyClaimed();

    /// Own. The contract was initialised before.
    error AlreadyInitialized();

    /// Own. The consumer accepted its notification before.
    error AlreadyNotified();

    /// The amount or number must be above 0.
    error AmntTooSmall();

    /// Own. The amount does not fit 80 bits of wei: more than can ever exist.
    error AmountTooLarge();

    /// Own. A list without entries.
    error EmptyBatch();

    /// Own. ArbSys did not give the L2 block number: this is not an Arbitrum chain.
    error BlockNumberUnavailable();

    /// An allow-list that was disabled cannot come back.
    error CannotReenableAllowList();

    /// Kept for tools that know it; claims of earlier solutions are never voided here.
    error ClaimSolutionCooldown();

    /// The sender signalled the hash before; a commitment's block never moves.
    error CommitmentExists();

    /// Own. The commitment is from a block before the task's own.
    error CommitmentBeforeTask();

    /// The commitment must be from an earlier L2 block than this one.
    error CommitmentMustBeInPast();

    /// Own. More than 65,536 bytes of content.
    error ContentTooLarge();

    /// The solution is contested already.
    error ContestationAlreadyExists();

    /// No contestation of this task.
    error ContestationDoesntExist();

    /// Own. More than 600,000 AIUS of emission asked about.
    error EmissionExceeded();

    /// Own. Something was emitted already, so the start stays.
    error EmissionStarted();

    /// Own. The chain's sha2-256 did not answer: too little gas was left for the content.
    error HashUnavailable();

    /// The solution is contested: settle the contestation instead.
    error HasContestation();

    /// Less free stake than the request asks for.
    error InsufficientStake();

    /// Own. Not a 34-byte sha2-256 multihash.
    error InvalidCid();

    /// Own. Lists that belong together differ in length.
    error LengthMismatch();

    /// The task fee is below the model's fee.
    error LowerFeeThanModelFee();

    /// Own. Calldata that does not decode as the function's arguments.
    error MalformedCalldata();

    /// The sender's free stake is below what is needed (`getValidatorMinimum`).
    error MinStakedTooLow();

    /// Emission is undefined at time 0 and, but for the reward, at supply 0.
    error MinVals();

    /// This sender registered the same model before.
    error ModelAlreadyRegistered();

    /// Own. The model is disabled: it takes no tasks until it is enabled.
    error ModelDisabled();

    /// No model of this identifier.
    error ModelDoesNotExist();

    /// Own. The task names no consumer.
    error NoConsumer();

    /// The model has no percentage of its own.
    error NoOverrideExists();

    /// Nobody signalled this commitment.
    error NonExistentCommitment();

    /// The vote is not admissible; `validatorCanVote` gives the reason.
    error NotAllowed();

    /// The model's allow-list does not name the sender.
    error NotAllowedToSubmitSolution();

    /// A claim or retraction before its time.
    error NotEnoughDelay();

    /// Own. Less gas is left than the consumer was promised.
    error NotEnoughGas();

    /// Own. A program was to be initialised at its own address; only what is behind a proxy can be.
    error NotBehindProxy();

    /// Own. No entry of the batch was possible any more.
    error NothingAccepted();

    /// Own. Nothing is owed to the account.
    error NothingToWithdraw();

    /// Own. The engine was not initialised yet, so nothing but that can be called.
    error NotInitialized();

    /// The sender is neither the model's address nor the owner of the engine.
    error NotModelOwner();

    /// Own. The sender does not own the engine.
    error NotOwner();

    /// The sender is not the pauser.
    error NotPauser();

    /// Own. The sender does not own the task.
    error NotTaskOwner();

    /// Own. The value is outside the parameter's bounds (`arbius_protocol::params`).
    error ParameterOutOfBounds();

    /// The engine is paused.
    error Paused();

    /// Own. A pause lasts 14 days at most and the next one begins 14 days later at the earliest.
    error PauseTooSoon();

    /// A percentage above 1e18, alone or together with its partner.
    error PercentageTooHigh();

    /// Own. The token refused the permit and the allowance does not cover the fee.
    error PermitFailed();

    /// Own. The call came back into the engine where it must not: while the engine calls out, its
    /// views answer, and a consumer that is told an outcome may submit tasks.
    error Reentrancy();

    /// No withdrawal request of this number.
    error RequestNotExist();

    /// Own. The engine does not hold the 600,000 AIUS of mining yet.
    error ReserveNotFunded();

    /// Own. The contestation was settled to its last winner.
    error SettlementComplete();

    /// The task has a solution.
    error SolutionAlreadySubmitted();

    /// The task has no solution.
    error SolutionNotFound();

    /// Too soon after the sender's last solution (`solutionRateLimit`).
    error SolutionRateLimit();

    /// Own. In the first hour after its contest end a solution is its solver's to claim.
    error SolverOnly();

    /// Kept for tools that know it; a withdrawal of lost stake pays nothing here and is cleared.
    error StakeInsufficient();

    /// The sender lost a contestation as the accused and has to wait.
    error SubmitSolutionCooldown();

    /// No task of this identifier.
    error TaskDoesNotExist();

    /// Own. The task's outcome is still open.
    error TaskNotFinal();

    /// Own. The task is solved, settled or retracted.
    error TaskNotOpen();

    /// The contest end has passed.
    error TooLate();

    /// Own. The token's transfer failed.
    error TransferFailed();

    /// Own. No function of this selector.
    error UnknownFunction();

    /// Own. Ether was sent; the engine takes none.
    error ValueNotAccepted();

    /// Votes are still taken.
    error VotingPeriodNotEnded();

    /// The waiting time is not over.
    error WaitLonger();

    /// Own. Accrued treasury fees were paid out.
    event AccruedFeesWithdrawn(address indexed treasury, uint256 amount);

    /// Own. A consumer was called with a task's outcome; `success` closes the matter.
    event ConsumerNotified(bytes32 indexed task, address indexed consumer, bool success);

    /// Own. First page of a settlement: the outcome is fixed. `rejected`: yes won. `collected`:
    /// what the losers lost. `remainder`: what did not divide, to the treasury.
    event ContestationSettled(
        bytes32 indexed task,
        bool rejected,
        uint256 collected,
        uint256 remainder
    );

    /// Own. A winner got its lock back and, beside it, its share of what was collected.
    event ContestationShare(
        address indexed validator,
        bytes32 indexed task,
        uint256 lock,
        uint256 share
    );

    /// `addr` contests the solution of `task`.
    event ContestationSubmitted(address indexed addr, bytes32 indexed task);

    /// A vote: `yea` says that the solution is wrong.
    event ContestationVote(address indexed addr, bytes32 indexed task, bool yea);

    /// Own. A late vote moved the end of the vote.
    event ContestationVoteExtended(bytes32 indexed task, uint64 end);

    /// Winners `start_idx` (inclusive) to `end_idx` (exclusive) were settled.
    event ContestationVoteFinish(bytes32 indexed id, uint32 indexed start_idx, uint32 end_idx);

    /// Own. Earnings were moved into the validator's stake.
    event EarningsStaked(address indexed validator, uint256 amount);

    /// Own. Earnings were paid out to their account.
    event EarningsWithdrawn(address indexed account, uint256 amount);

    /// Own. The program that serves what the hot one does not was changed.
    event EngineRestChanged(address indexed rest);

    /// A task's fee was distributed. `modelFee`: the model's, `treasuryFee` of it to the treasury;
    /// `remainingFee`: the rest, `validatorFee` of it to the solver and what is left to the
    /// treasury.
    event FeesPaid(
        bytes32 indexed model,
        bytes32 indexed task,
        address indexed validator,
        uint256 modelFee,
        uint256 treasuryFee,
        uint256 remainingFee,
        uint256 validatorFee
    );

    /// The fee address of a model changed.
    event ModelAddrChanged(bytes32 indexed id, address addr);

    /// A model began or ceased to demand an allow-list.
    event ModelAllowListRequirementChanged(bytes32 indexed id, bool required);

    /// A solver was added to (`allowed`) or taken from a model's allow-list.
    event ModelAllowListUpdated(bytes32 indexed id, address indexed solver, bool allowed);

    /// Own. A model takes tasks again, or no longer.
    event ModelEnabledChanged(bytes32 indexed id, bool enabled);

    /// The flat fee of a model changed; tasks keep the one they were submitted with.
    event ModelFeeChanged(bytes32 indexed id, uint256 fee);

    /// A model was registered.
    event ModelRegistered(bytes32 indexed id);

    /// Own. The bytes of a model's template; their CID is the model's.
    event ModelTemplate(bytes32 indexed id, bytes template);

    /// The engine has a new owner.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// A pause began or was ended; it also ends by itself after 14 days.
    event PausedChanged(bool indexed paused);

    /// There is a new pauser.
    event PauserTransferred(address indexed to);

    /// A claim emitted `total`, split between treasury, task owner and solver.
    event RewardsPaid(
        bytes32 indexed model,
        bytes32 indexed task,
        address indexed validator,
        uint256 total,
        uint256 treasuryReward,
        uint256 taskOwnerReward,
        uint256 validatorReward
    );

    /// A commitment was signalled.
    event SignalCommitment(address indexed addr, bytes32 indexed commitment);

    /// A validator says that it serves a model, or no longer.
    event SignalSupport(address indexed addr, bytes32 indexed model, bool supported);

    /// A solution was claimed.
    event SolutionClaimed(address indexed addr, bytes32 indexed task);

    /// Own. A bulk claim passed over a task; `reason` is the selector of the error that claiming it
    /// alone gives.
    event SolutionClaimSkipped(bytes32 indexed task, bytes4 reason);

    /// The emission rate of a model changed.
    event SolutionMineableRateChange(bytes32 indexed id, uint256 rate);

    /// The treasury's share of one model's fees went back to the general one.
    event SolutionModelFeePercentageOverrideCleared(bytes32 indexed id);

    /// Own. The treasury's share of one model's fees was set.
    event SolutionModelFeePercentageOverrideSet(bytes32 indexed id, uint256 percentage);

    /// Own. A bulk submission passed over a task; `reason` is the selector of the error that
    /// submitting it alone gives.
    event SolutionSkipped(address indexed addr, bytes32 indexed task, bytes4 reason);

    /// A solution was revealed; its CID is in `solutions`.
    event SolutionSubmitted(address indexed addr, bytes32 indexed task);

    /// The start of emission changed.
    event StartBlockTimeChanged(uint64 indexed startBlockTime);

    /// Own. Tokens that nobody is owed were credited to the treasury.
    event SurplusSwept(uint256 amount);

    /// Own. A task names a consumer to be told its outcome.
    event TaskConsumer(bytes32 indexed task, address indexed consumer, uint32 gasLimit);

    /// Own. The fee of an open task was raised by `amount` to `fee`.
    event TaskFeeIncreased(bytes32 indexed task, uint256 amount, uint256 fee);

    /// Own. The input of `count` tasks, the first of them `firstId`; the others follow in the
    /// `TaskSubmitted` events of the same call.
    event TaskInput(bytes32 indexed firstId, uint256 count, bytes input);

    /// Own. A fee went back to the task's owner: after retraction less the retraction fee, after a
    /// lost contestation whole.
    event TaskRefunded(bytes32 indexed task, address indexed owner, uint256 amount);

    /// Own. The owner announced to retract a task; a second call takes effect 600 s later.
    event TaskRetractionAnnounced(bytes32 indexed task);

    /// A task was retracted.
    event TaskRetracted(bytes32 indexed id);

    /// A task was submitted.
    event TaskSubmitted(
        bytes32 indexed id,
        bytes32 indexed model,
        uint256 fee,
        address indexed sender
    );

    /// There is a new treasury.
    event TreasuryTransferred(address indexed to);

    /// `addr` added `amount` to the stake of `validator`.
    event ValidatorDeposit(address indexed addr, address indexed validator, uint256 amount);

    /// A withdrawal was paid to `to`.
    event ValidatorWithdraw(
        address indexed addr,
        address indexed to,
        uint256 indexed count,
        uint256 amount
    );

    /// A withdrawal was cancelled.
    event ValidatorWithdrawCancelled(address indexed addr, uint256 indexed count);

    /// A withdrawal was announced.
    event ValidatorWithdrawInitiated(
        address indexed addr,
        uint256 indexed count,
        uint256 unlockTime,
        uint256 amount
    );

    /// Own. `contestationVoteExtensionTime` changed.
    event ContestationVoteExtensionTimeChanged(uint256 indexed amount);

    /// `exitValidatorMinUnlockTime` changed.
    event ExitValidatorMinUnlockTimeChanged(uint256 indexed amount);

    /// `maxContestationValidatorStakeSince` changed.
    event MaxContestationValidatorStakeSinceChanged(uint256 indexed amount);

    /// `minClaimSolutionTime` changed.
    event MinClaimSolutionTimeChanged(uint256 indexed amount);

    /// `minContestationVotePeriodTime` changed.
    event MinContestationVotePeriodTimeChanged(uint256 indexed amount);

    /// `minRetractionWaitTime` changed.
    event MinRetractionWaitTimeChanged(uint256 indexed amount);

    /// Own. `minRewardFee` changed.
    event MinRewardFeeChanged(uint256 indexed amount);

    /// `retractionFeePercentage` changed.
    event RetractionFeePercentageChanged(uint256 indexed amount);

    /// Own. `slashAmountFloor` changed.
    event SlashAmountFloorChanged(uint256 indexed amount);

    /// `slashAmountPercentage` changed.
    event SlashAmountPercentageChanged(uint256 indexed amount);

    /// `solutionFeePercentage` changed.
    event SolutionFeePercentageChanged(uint256 indexed amount);

    /// `solutionModelFeePercentage` changed.
    event SolutionModelFeePercentageChanged(uint256 amount);

    /// Own. `solutionRateLimit` changed.
    event SolutionRateLimitChanged(uint256 indexed amount);

    /// Own. `solutionsStakeAmount` changed.
    event SolutionsStakeAmountChanged(uint256 indexed amount);

    /// Own. `taskOwnerRewardPercentage` changed.
    event TaskOwnerRewardPercentageChanged(uint256 indexed amount);

    /// `treasuryRewardPercentage` changed.
    event TreasuryRewardPercentageChanged(uint256 indexed amount);

    /// Own. `validatorMinimumFloor` changed.
    event ValidatorMinimumFloorChanged(uint256 indexed amount);

    /// `validatorMinimumPercentage` changed.
    event ValidatorMinimumPercentageChanged(uint256 indexed amount);

    /// `version` changed.
    event VersionChanged(uint256 version);

    /// Own. Sets the engine up behind its proxy, once, with every parameter at its default; the
    /// owner is the first pauser, `rest` the program that the hot one delegates to.
    /// @dev Errors: `NotBehindProxy`, `AlreadyInitialized`, `AddressMustBeNonZero`,
    /// `AddressNotAllowed`. Events: `EngineRestChanged`, `OwnershipTransferred`,
    /// `PauserTransferred`, `TreasuryTransferred`, `StartBlockTimeChanged`.
    function initialize(address token, address treasury, address owner, address rest) external;

    /// The AIUS token.
    function baseToken() external view returns (address);

    /// Who may set parameters and upgrade.
    function owner() external view returns (address);

    /// Hands the engine to another owner.
    /// @dev Errors: `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed`. Events:
    /// `OwnershipTransferred`.
    function transferOwnership(address newOwner) external;

    /// Where the treasury's share goes.
    function treasury() external view returns (address);

    /// Names another treasury; fees accrued so far are paid to whoever is treasury when they are
    /// withdrawn.
    /// @dev Errors: `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed`. Events:
    /// `TreasuryTransferred`.
    function transferTreasury(address to) external;

    /// Own. The program that the hot one delegates what it does not know to.
    function engineRest() external view returns (address);

    /// Own. Names that program, as a part of an upgrade.
    /// @dev Errors: `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed` for the engine, the
    /// token, and where there is no code. Events: `EngineRestChanged`.
    function setEngineRest(address rest) external;

    /// Whether the engine is paused now.
    function paused() external view returns (bool);

    /// Own. When the running or last pause ends or ended; 0 if there was none.
    function pauseEnd() external view returns (uint256);

    /// Who may pause.
    function pauser() external view returns (address);

    /// Begins or ends a pause (protocol section 10).
    /// @dev Errors: `NotPauser`, `PauseTooSoon`. Events: `PausedChanged`.
    function setPaused(bool paused) external;

    /// Names another pauser.
    /// @dev Errors: `NotOwner`, `AddressMustBeNonZero`. Events: `PauserTransferred`.
    function transferPauser(address to) external;

    /// Own. What mining has emitted so far.
    function emitted() external view returns (uint256);

    /// The same as `emitted`, under the name that existing tools ask for.
    function getPsuedoTotalSupply() external view returns (uint256);

    /// The reward of a claim made now, for a model of rate 1.
    /// @dev Errors: `MinVals` before the start.
    function getReward() external view returns (uint256);

    /// Supply that mining should have emitted `t` seconds after the start.
    function targetTs(uint256 t) external pure returns (uint256);

    /// Difficulty multiplier (1e18 = 1) `t` seconds after the start, `ts` emitted.
    /// @dev Errors: `MinVals`.
    function diffMul(uint256 t, uint256 ts) external pure returns (uint256);

    /// Reward in wei `t` seconds after the start, `ts` emitted.
    /// @dev Errors: `MinVals`, `EmissionExceeded`.
    function reward(uint256 t, uint256 ts) external pure returns (uint256);

    /// Start of emission.
    function startBlockTime() external view returns (uint64);

    /// Moves the start while nothing has been emitted.
    /// @dev Errors: `NotOwner`, `EmissionStarted`, `ParameterOutOfBounds` from 2^40 on. Events:
    /// `StartBlockTimeChanged`.
    function setStartBlockTime(uint64 startBlockTime) external;

    /// CID of `content` as one UnixFS file block.
    /// @dev Errors: `ContentTooLarge`.
    function generateIPFSCID(bytes calldata content) external pure returns (bytes memory);

    /// Identifier of `model` registered by `sender`.
    /// @dev Errors: `InvalidCid`.
    function hashModel(Model calldata model, address sender) external pure returns (bytes32);

    /// Identifier of `task` submitted by `sender` after `prevhash`.
    /// @dev Errors: `InvalidCid`.
    function hashTask(
        Task calldata task,
        address sender,
        bytes32 prevhash
    ) external pure returns (bytes32);

    /// Commitment of `sender` to `cid` for `task`.
    /// @dev Errors: `InvalidCid`.
    function generateCommitment(
        address sender,
        bytes32 task,
        bytes calldata cid
    ) external pure returns (bytes32);

    /// Own. One commitment to several solutions, revealed together in the same order.
    /// @dev Errors: `InvalidCid`, `LengthMismatch`, `EmptyBatch`.
    function generateBulkCommitment(
        address sender,
        bytes32[] calldata tasks,
        bytes[] calldata cids
    ) external pure returns (bytes32);

    /// A model; all zero if there is none.
    function models(
        bytes32 id
    ) external view returns (uint256 fee, address addr, uint256 rate, bytes memory cid);

    /// Registers a model.
    /// @dev Errors: `AddressMustBeNonZero`, `AddressNotAllowed`, `AmountTooLarge`,
    /// `ContentTooLarge`, `ModelAlreadyRegistered`. Events: `ModelRegistered`, `ModelTemplate`.
    function registerModel(
        address addr,
        uint256 fee,
        bytes calldata template
    ) external returns (bytes32);

    /// Registers a model that only the listed solvers may solve.
    /// @dev Errors: as `registerModel`. Events: `ModelRegistered`, `ModelTemplate`,
    /// `ModelAllowListRequirementChanged`, `ModelAllowListUpdated` for each.
    function registerModelWithAllowList(
        address addr,
        uint256 fee,
        bytes calldata template,
        address[] calldata solvers
    ) external returns (bytes32);

    /// Changes who is paid the model's fee.
    /// @dev Errors: `ModelDoesNotExist`, `NotModelOwner`, `AddressMustBeNonZero`,
    /// `AddressNotAllowed`. Events: `ModelAddrChanged`.
    function setModelAddr(bytes32 id, address addr) external;

    /// Changes the model's fee for tasks to come.
    /// @dev Errors: `ModelDoesNotExist`, `NotModelOwner`, `AmountTooLarge`. Events:
    /// `ModelFeeChanged`.
    function setModelFee(bytes32 id, uint256 fee) external;

    /// Own. Whether the model takes tasks.
    function modelEnabled(bytes32 id) external view returns (bool);

    /// Own. Disables or enables the model; open tasks of a disabled one may be retracted in one
    /// step and free once it has been disabled for 600 s.
    /// @dev Errors: `ModelDoesNotExist`, `NotModelOwner`. Events: `ModelEnabledChanged`.
    function setModelEnabled(bytes32 id, bool enabled) external;

    /// Whether only listed solvers may solve the model's tasks.
    function modelRequiresAllowList(bytes32 id) external view returns (bool);

    /// Whether `solver` may solve the model's tasks.
    function isSolverAllowed(bytes32 id, address solver) external view returns (bool);

    /// Adds solvers to the allow-list.
    /// @dev Errors: `ModelDoesNotExist`, `NotModelOwner`, `AllowListNotEnabled`,
    /// `CannotReenableAllowList` where it was disabled. Events: `ModelAllowListUpdated` for each.
    function addToModelAllowList(bytes32 id, address[] calldata solvers) external;

    /// Takes solvers from the allow-list.
    /// @dev Errors and events: as `addToModelAllowList`.
    function removeFromModelAllowList(bytes32 id, address[] calldata solvers) external;

    /// Opens the model to all solvers, for good.
    /// @dev Errors: `ModelDoesNotExist`, `NotModelOwner`, `AllowListNotEnabled`,
    /// `CannotReenableAllowList` where it was disabled. Events: `ModelAllowListRequirementChanged`.
    function disableModelAllowList(bytes32 id) external;

    /// Sets a model's emission rate, at most 100e18.
    /// @dev Errors: `NotOwner`, `ModelDoesNotExist`, `ParameterOutOfBounds`. Events:
    /// `SolutionMineableRateChange`.
    function setSolutionMineableRate(bytes32 id, uint256 rate) external;

    /// The treasury's share of this model's fees, if it has one of its own.
    function solutionModelFeePercentageOverride(bytes32 id) external view returns (uint256);

    /// Whether it has.
    function hasSolutionModelFeePercentageOverride(bytes32 id) external view returns (bool);

    /// Gives a model a percentage of its own.
    /// @dev Errors: `NotOwner`, `ModelDoesNotExist`, `PercentageTooHigh`. Events:
    /// `SolutionModelFeePercentageOverrideSet`.
    function setSolutionModelFeePercentageOverride(bytes32 id, uint256 percentage) external;

    /// Takes it away.
    /// @dev Errors: `NotOwner`, `NoOverrideExists`. Events:
    /// `SolutionModelFeePercentageOverrideCleared`.
    function clearSolutionModelFeePercentageOverride(bytes32 id) external;

    /// A task; all zero if there is none.
    function tasks(
        bytes32 id
    ) external view returns (bytes32 model, uint256 fee, address owner, uint64 blocktime, uint8 version, bytes memory cid);

    /// Own. Where a task stands: 0 none, 1 open, 2 solved, 3 contested, 4 final, 5 rejected, 6
    /// retracted (`arbius_protocol::tasks::TaskStatus`).
    function taskStatus(bytes32 id) external view returns (uint8);

    /// Own. The model fee that was fixed into the task when it was submitted.
    function taskModelFee(bytes32 id) external view returns (uint256);

    /// Identifier of the last task; the next one is chained to it.
    function prevhash() external view returns (bytes32);

    /// Submits a task for `fee`, which the engine takes from the sender's allowance, and returns
    /// its identifier.
    /// @dev Errors: `ReserveNotFunded`, `ModelDoesNotExist`, `ModelDisabled`,
    /// `LowerFeeThanModelFee`, `AmountTooLarge`, `AddressMustBeNonZero`, `AddressNotAllowed`,
    /// `ContentTooLarge`, `TransferFailed`. Events: `TaskSubmitted`, `TaskInput`.
    function submitTask(
        uint8 version,
        address owner,
        bytes32 model,
        uint256 fee,
        bytes calldata input
    ) external returns (bytes32);

    /// Own. `submitTask` with an EIP-2612 permit in place of an approval.
    /// @dev Errors: as `submitTask`, and `PermitFailed`.
    function submitTaskWithPermit(
        uint8 version,
        address owner,
        bytes32 model,
        uint256 fee,
        bytes calldata input,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (bytes32);

    /// Own. `submitTask` that names a contract to be told the outcome, with `gasLimit` gas.
    /// @dev Errors: as `submitTask`. Events: those, and `TaskConsumer`.
    function submitTaskWithConsumer(
        uint8 version,
        address owner,
        bytes32 model,
        uint256 fee,
        bytes calldata input,
        address consumer,
        uint32 gasLimit
    ) external returns (bytes32);

    /// Submits the same input `n` times, for `fee` each.
    /// @dev Errors: as `submitTask`, and `EmptyBatch`. Events: `TaskSubmitted` for each,
    /// `TaskInput` once.
    function bulkSubmitTask(
        uint8 version,
        address owner,
        bytes32 model,
        uint256 fee,
        bytes calldata input,
        uint256 n
    ) external;

    /// Own. Submits different inputs, for `fee` each, and returns their identifiers.
    /// @dev Errors: as `submitTask`, and `EmptyBatch`. Events: `TaskSubmitted` and `TaskInput` for
    /// each.
    function bulkSubmitTasks(
        uint8 version,
        address owner,
        bytes32 model,
        uint256 fee,
        bytes[] calldata inputs
    ) external returns (bytes32[] memory);

    /// Own. Raises the fee of the sender's open task by `amount` and takes an announced retraction
    /// back (`retractionAnnounced` is 0 again; no event of its own).
    /// @dev Errors: `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`, `AmntTooSmall`,
    /// `AmountTooLarge`, `TransferFailed`. Events: `TaskFeeIncreased`.
    function increaseTaskFee(bytes32 task, uint256 amount) external;

    /// Retracts the sender's unsolved task: announces first, refunds on a second call 600 s later;
    /// in one step and free once its model has been disabled for 600 s.
    /// @dev Errors: `TaskDoesNotExist`, `NotTaskOwner`, `TaskNotOpen`, `NotEnoughDelay`,
    /// `WaitLonger`. Events: `TaskRetractionAnnounced`, or `TaskRetracted` and `TaskRefunded`.
    function retractTask(bytes32 task) external;

    /// Own. When the owner announced to retract; 0 if it did not.
    function retractionAnnounced(bytes32 task) external view returns (uint256);

    /// Own. The contract to be told the outcome, the gas it was promised, and whether it has been
    /// told.
    function taskConsumer(
        bytes32 task
    ) external view returns (address consumer, uint32 gasLimit, bool notified);

    /// Own. Tells the task's consumer the outcome (`ITaskConsumer`).
    /// @dev Errors: `TaskDoesNotExist`, `NoConsumer`, `AlreadyNotified`, `TaskNotFinal`,
    /// `NotEnoughGas`. Events: `ConsumerNotified`, with `success` false if it failed.
    function notifyConsumer(bytes32 task) external;

    /// L2 block in which a hash was signalled first; 0 if it was not.
    function commitments(bytes32 commitment) external view returns (uint256);

    /// Signals a commitment. Where somebody else did before, the sender's own signal is kept beside
    /// it and counts for the sender.
    /// @dev Errors: `CommitmentExists`. Events: `SignalCommitment`.
    function signalCommitment(bytes32 commitment) external;

    /// A solution; all zero if there is none.
    function solutions(
        bytes32 task
    ) external view returns (address validator, uint64 blocktime, bool claimed, bytes memory cid);

    /// What the solver locked for the solution until it is final.
    function solutionsStake(bytes32 task) external view returns (uint256);

    /// Own. When the solution can no longer be contested, if no pause comes; 0 without a solution.
    function contestEnd(bytes32 task) external view returns (uint256);

    /// When the sender last submitted a solution while `solutionRateLimit` was above 0: nothing
    /// else asks for it, so it is noted only then.
    function lastSolutionSubmission(address validator) external view returns (uint256);

    /// When the validator last lost a contestation as the accused.
    function lastContestationLossTime(address validator) external view returns (uint256);

    /// Reveals the sender's solution, committed to in an earlier block.
    /// @dev Errors: `TaskDoesNotExist`, `TaskNotOpen`, `SolutionAlreadySubmitted`, `InvalidCid`,
    /// `NonExistentCommitment`, `CommitmentMustBeInPast`, `CommitmentBeforeTask`,
    /// `NotAllowedToSubmitSolution`, `SubmitSolutionCooldown`, `SolutionRateLimit`,
    /// `MinStakedTooLow`. Events: `SolutionSubmitted`.
    function submitSolution(bytes32 task, bytes calldata cid) external;

    /// Reveals several, under single commitments or one bulk commitment, whichever counts, passing
    /// over those no longer possible.
    /// @dev Errors: `LengthMismatch`, `EmptyBatch`, `NothingAccepted`, and what concerns the
    /// sender. Events: `SolutionSubmitted` or `SolutionSkipped` for each.
    function bulkSubmitSolution(bytes32[] calldata tasks, bytes[] calldata cids) external;

    /// Credits fee and reward of an uncontested solution after its contest end.
    /// @dev Errors: `SolutionNotFound`, `HasContestation`, `AlreadyClaimed`, `NotEnoughDelay`,
    /// `SolverOnly`. Events: `SolutionClaimed`, `FeesPaid`, `RewardsPaid` if anything was emitted.
    function claimSolution(bytes32 task) external;

    /// Own. Claims several, passing over those not possible.
    /// @dev Errors: `EmptyBatch`, `NothingAccepted`. Events: those of `claimSolution` or
    /// `SolutionClaimSkipped` for each.
    function bulkClaimSolution(bytes32[] calldata tasks) external;

    /// Own. What the engine owes to `account`.
    function earnings(address account) external view returns (uint256);

    /// Own. Pays an account what it is owed; anyone may call.
    /// @dev Errors: `NothingToWithdraw`, `TransferFailed`. Events: `EarningsWithdrawn`.
    function withdrawEarnings(address account) external;

    /// Own. Moves `amount` of the sender's earnings into its stake.
    /// @dev Errors: `AmntTooSmall`, `AmountTooLarge`, `NothingToWithdraw` if it exceeds them.
    /// Events: `EarningsStaked`.
    function stakeEarnings(uint256 amount) external;

    /// Fees that wait for the treasury.
    function accruedFees() external view returns (uint256);

    /// Pays them to the treasury; anyone may call.
    /// @dev Errors: `NothingToWithdraw`, `TransferFailed`. Events: `AccruedFeesWithdrawn`.
    function withdrawAccruedFees() external;

    /// Everything the engine holds for somebody (protocol section 9).
    function totalHeld() external view returns (uint256);

    /// Own. Credits what the engine holds for nobody to the treasury.
    /// @dev Errors: `NothingToWithdraw`. Events: `SurplusSwept`.
    function sweepSurplus() external;

    /// A validator: its stake (pending withdrawals included, locks not), since when its free stake
    /// has been sufficient (0: it is not one), its address.
    function validators(
        address validator
    ) external view returns (uint256 staked, uint256 since, address addr);

    /// Free stake that a validator needs now.
    function getValidatorMinimum() external view returns (uint256);

    /// What a vote in a contestation opened now locks.
    function getSlashAmount() external view returns (uint256);

    /// Adds `amount` of the sender's tokens to a validator's stake.
    /// @dev Errors: `ReserveNotFunded`, `AddressMustBeNonZero`, `AddressNotAllowed`,
    /// `AmntTooSmall`, `AmountTooLarge`, `TransferFailed`. Events: `ValidatorDeposit`.
    function validatorDeposit(address validator, uint256 amount) external;

    /// Announces a withdrawal and returns its number.
    /// @dev Errors: `AmntTooSmall`, `AmountTooLarge`, `InsufficientStake`. Events:
    /// `ValidatorWithdrawInitiated`.
    function initiateValidatorWithdraw(uint256 amount) external returns (uint256);

    /// Cancels a withdrawal.
    /// @dev Errors: `RequestNotExist`. Events: `ValidatorWithdrawCancelled`.
    function cancelValidatorWithdraw(uint256 count) external;

    /// Pays a withdrawal out, as far as it was not slashed meanwhile.
    /// @dev Errors: `RequestNotExist`, `WaitLonger`, `AddressMustBeNonZero`, `AddressNotAllowed`,
    /// `TransferFailed`. Events: `ValidatorWithdraw`.
    function validatorWithdraw(uint256 count, address to) external;

    /// Sum of the validator's announced withdrawals.
    function validatorWithdrawPendingAmount(address validator) external view returns (uint256);

    /// An announced withdrawal; zero if there is none. `unlockTime` moves on with a pause.
    function pendingValidatorWithdrawRequests(
        address validator,
        uint256 count
    ) external view returns (uint256 unlockTime, uint256 amount);

    /// How many withdrawals the validator has ever announced; the last one's number.
    function pendingValidatorWithdrawRequestsCount(
        address validator
    ) external view returns (uint256);

    /// Says that the sender serves a model, or no longer.
    /// @dev Errors: `MinStakedTooLow`, `ModelDoesNotExist`. Events: `SignalSupport`.
    function signalSupport(bytes32 model, bool support) external;

    /// A contestation: who contests, since when, how many winners are settled, what each vote
    /// locks; all zero if there is none.
    function contestations(
        bytes32 task
    ) external view returns (address validator, uint64 blocktime, uint32 finish_start_index, uint256 slashAmount);

    /// The `index`-th who voted that the solution is wrong; the contester is the first.
    function contestationVoteYeas(bytes32 task, uint256 index) external view returns (address);

    /// The `index`-th who voted that the solution is right.
    function contestationVoteNays(bytes32 task, uint256 index) external view returns (address);

    /// Own. How many voted each way.
    function contestationVoteCounts(
        bytes32 task
    ) external view returns (uint256 yeas, uint256 nays);

    /// Whether the validator has voted.
    function contestationVoted(bytes32 task, address validator) external view returns (bool);

    /// Own. When the vote ends, if neither a late vote nor a pause moves it; 0 without a
    /// contestation.
    function contestationVoteEnd(bytes32 task) external view returns (uint256);

    /// Whether the vote is over.
    function votingPeriodEnded(bytes32 task) external view returns (bool);

    /// 0 if `validator` may vote, otherwise the reason
    /// (`arbius_protocol::contestation::VoteRefusal`).
    function validatorCanVote(address validator, bytes32 task) external view returns (uint256);

    /// Contests a solution; contester and accused vote at once.
    /// @dev Errors: `SolutionNotFound`, `ContestationAlreadyExists`, `AlreadyClaimed`, `TooLate`,
    /// `NotAllowed` (the accused itself, or a validator for too short a time), `MinStakedTooLow`.
    /// Events: `ContestationSubmitted`, `ContestationVote` once or twice.
    function submitContestation(bytes32 task) external;

    /// Votes; `yea` says that the solution is wrong.
    /// @dev Errors: `NotAllowed`. Events: `ContestationVote`, `ContestationVoteExtended` if the
    /// vote came late.
    function voteOnContestation(bytes32 task, bool yea) external;

    /// Settles the next `amount` winners of a vote that is over.
    /// @dev Errors: `ContestationDoesntExist`, `VotingPeriodNotEnded`, `AmntTooSmall`,
    /// `SettlementComplete`. Events: on the first page `ContestationSettled` and the events of a
    /// claim or `TaskRefunded`; `ContestationShare` for each winner; `ContestationVoteFinish`.
    function contestationVoteFinish(bytes32 task, uint32 amount) external;

    /// Seconds after a solution in which it can be contested.
    function minClaimSolutionTime() external view returns (uint256);

    /// Sets `minClaimSolutionTime`.
    function setMinClaimSolutionTime(uint256 amount) external;

    /// Seconds after submission before a task can be retracted.
    function minRetractionWaitTime() external view returns (uint256);

    /// Sets `minRetractionWaitTime`.
    function setMinRetractionWaitTime(uint256 amount) external;

    /// Seconds that a contestation's vote lasts at least.
    function minContestationVotePeriodTime() external view returns (uint256);

    /// Sets `minContestationVotePeriodTime`.
    function setMinContestationVotePeriodTime(uint256 amount) external;

    /// Seconds for which a vote goes on after a late vote.
    function contestationVoteExtensionTime() external view returns (uint256);

    /// Own. Sets `contestationVoteExtensionTime`.
    function setContestationVoteExtensionTime(uint256 amount) external;

    /// Seconds before a solution from which on one must have been a validator to vote on it.
    function maxContestationValidatorStakeSince() external view returns (uint256);

    /// Sets `maxContestationValidatorStakeSince`.
    function setMaxContestationValidatorStakeSince(uint256 amount) external;

    /// Unpaused seconds between announcing and taking a withdrawal of stake.
    function exitValidatorMinUnlockTime() external view returns (uint256);

    /// Sets `exitValidatorMinUnlockTime`.
    function setExitValidatorMinUnlockTime(uint256 amount) external;

    /// Seconds (1e18 = 1 s) that each accepted solution keeps its solver from submitting.
    function solutionRateLimit() external view returns (uint256);

    /// Own. Sets `solutionRateLimit`.
    function setSolutionRateLimit(uint256 amount) external;

    /// Wei that each pending solution locks.
    function solutionsStakeAmount() external view returns (uint256);

    /// Own. Sets `solutionsStakeAmount`.
    function setSolutionsStakeAmount(uint256 amount) external;

    /// Own. Wei of fee below which a task earns no emission.
    function minRewardFee() external view returns (uint256);

    /// Own. Sets `minRewardFee`.
    function setMinRewardFee(uint256 amount) external;

    /// The treasury's share of what is left of a fee after the model's.
    function solutionFeePercentage() external view returns (uint256);

    /// Sets `solutionFeePercentage`.
    function setSolutionFeePercentage(uint256 percentage) external;

    /// The treasury's share of the model's fee.
    function solutionModelFeePercentage() external view returns (uint256);

    /// Sets `solutionModelFeePercentage`.
    function setSolutionModelFeePercentage(uint256 percentage) external;

    /// The treasury's share of a retracted fee.
    function retractionFeePercentage() external view returns (uint256);

    /// Sets `retractionFeePercentage`.
    function setRetractionFeePercentage(uint256 percentage) external;

    /// The treasury's share of what is emitted.
    function treasuryRewardPercentage() external view returns (uint256);

    /// Sets `treasuryRewardPercentage`.
    function setTreasuryRewardPercentage(uint256 percentage) external;

    /// The task owner's share of what is emitted.
    function taskOwnerRewardPercentage() external view returns (uint256);

    /// Own. Sets `taskOwnerRewardPercentage`.
    function setTaskOwnerRewardPercentage(uint256 percentage) external;

    /// A validator's minimum as a share of what was emitted.
    function validatorMinimumPercentage() external view returns (uint256);

    /// Sets `validatorMinimumPercentage`.
    function setValidatorMinimumPercentage(uint256 percentage) external;

    /// Own. Wei that a validator's minimum never falls below.
    function validatorMinimumFloor() external view returns (uint256);

    /// Own. Sets `validatorMinimumFloor`.
    function setValidatorMinimumFloor(uint256 amount) external;

    /// The slash amount as a share of what was emitted.
    function slashAmountPercentage() external view returns (uint256);

    /// Sets `slashAmountPercentage`.
    function setSlashAmountPercentage(uint256 percentage) external;

    /// Own. Wei that the slash amount never falls below.
    function slashAmountFloor() external view returns (uint256);

    /// Own. Sets `slashAmountFloor`.
    function setSlashAmountFloor(uint256 amount) external;

    /// Version of the protocol that miners should follow.
    function version() external view returns (uint256);

    /// Sets `version`.
    function setVersion(uint256 version) external;
}
