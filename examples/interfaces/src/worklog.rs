//! An agent's tasks, one a period, for anyone to verify.

super::interface! {
    /// Timestamped proof of work. An agent opens a log for a model and a period, such as an
    /// hour, and submits through this contract at most one task in each; the contract writes
    /// down which and says so by `Recorded`, and no entry can be made up later. What became of
    /// each task is in the engine for ever, so a third party can verify a log. That needs the
    /// events too: who created the contract may have filled its storage, which views read.
    ///
    /// A period is numbered by its start: the time, in seconds since the epoch, divided by its
    /// length. The constructor takes the address of the engine, and answers `NotAnEngine` if
    /// that is none.
    interface IWorklog {
        /// A log was opened.
        event Opened(uint256 indexed id, address indexed agent, bytes32 indexed model, uint32 length);
        /// `task` is the entry of `period`.
        event Recorded(uint256 indexed id, uint64 indexed period, bytes32 indexed task);
        /// The engine told the outcome of an entry, as `ITaskConsumer` describes it.
        event OutcomeTold(uint256 indexed id, uint64 indexed period, bytes32 indexed task, uint8 outcome, bytes cid);

        /// The period has an entry already.
        error AlreadyRecorded(bytes32 task);
        /// The outcome of the task was told already.
        error AlreadyTold(bytes32 task);
        /// A period is a minute to a week long.
        error BadPeriod(uint32 length);
        /// No log of this number.
        error LogDoesNotExist(uint256 id);
        /// The engine knows no model of this identifier.
        error ModelDoesNotExist(bytes32 model);
        /// Only the log's agent may record.
        error NotAgent(address agent);
        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);
        /// Only the engine may tell outcomes.
        error NotEngine(address caller);
        /// At most 1,024 periods can be read at once.
        error TooMany(uint256 count);
        /// The task is in no log.
        error UnknownTask(bytes32 task);

        /// Opens a log of the caller, whose entries are tasks of `model`, one in `length` seconds
        /// at most. Returns its number; the first is 1. Errors: `BadPeriod`, `ModelDoesNotExist`.
        /// Events: `Opened`.
        function open(bytes32 model, uint32 length) external returns (uint256 id);
        /// Submits this period's task, which the agent owns and pays for: approve this contract
        /// for `fee` wei of AIUS first. Returns the task's id. Errors: `LogDoesNotExist`,
        /// `NotAgent`, `AlreadyRecorded`, those of the token's `transferFrom` and of the engine's
        /// `submitTaskWithConsumer`. Events: `Recorded`.
        function record(uint256 id, uint256 fee, bytes input) external returns (bytes32 task);
        /// The engine's call (`ITaskConsumer`): counts the outcome of an entry. Errors:
        /// `NotEngine`, `UnknownTask`, `AlreadyTold`. Events: `OutcomeTold`.
        function onTaskOutcome(bytes32 task, uint8 outcome, bytes cid) external;

        /// How many logs were opened; the last one's number.
        function logs() external view returns (uint256);
        /// A log: its agent, its model, the length of its periods in seconds, the first period in
        /// which it could be written, how many entries it has, and how many of those the engine
        /// has told this contract to be final, or to have ended otherwise. All zero if there is none.
        function log(uint256 id) external view returns (address agent, bytes32 model, uint32 length, uint64 firstPeriod, uint32 entries, uint32 finals, uint32 failures);
        /// The entry of a period; zero if there is none.
        function taskAt(uint256 id, uint64 period) external view returns (bytes32 task);
        /// The entries of `count` periods from `first` on, zero for those without. Errors: `TooMany`.
        function tasks(uint256 id, uint64 first, uint64 count) external view returns (bytes32[]);
        /// Which log and period a task is the entry of, and the outcome that the engine has told,
        /// 0 so far; all zero for a task of none.
        function entry(bytes32 task) external view returns (uint256 id, uint64 period, uint8 outcome);
        /// The gas that this contract asks the engine to promise it for an outcome.
        function outcomeGas() external view returns (uint32);
        /// The engine to which it submits.
        function engine() external view returns (address);
        /// The engine's token, AIUS.
        function token() external view returns (address);
    }
}
