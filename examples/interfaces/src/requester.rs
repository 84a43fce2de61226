//! A contract that submits tasks for its callers.

super::interface! {
    /// A contract that asks the network for its callers. Its constructor takes the address
    /// of the engine, and answers `NotAnEngine` if that is none.
    interface IRequester {
        /// `task` was submitted for `asker`, who paid `fee` wei of AIUS.
        event Asked(address indexed asker, bytes32 indexed task, uint256 fee);

        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);

        /// Submits a task for the caller, who owns it and pays its fee: approve this contract
        /// for `fee` wei of AIUS first. Returns the task's id. Errors: those of the token's
        /// `transferFrom` and of the engine's `submitTask`, as they are. Events: `Asked`.
        function ask(bytes32 model, uint256 fee, bytes input) external returns (bytes32 task);

        /// Who asked for a task; the zero address if nobody did through this contract.
        function asker(bytes32 task) external view returns (address);

        /// The engine that it asks.
        function engine() external view returns (address);

        /// The engine's token.
        function token() external view returns (address);
    }
}
