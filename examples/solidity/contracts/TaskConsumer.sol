// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IEngine} from "../interfaces/IEngine.sol";
import {ITaskConsumer} from "../interfaces/ITaskConsumer.sol";
import {IToken} from "../interfaces/IToken.sol";

/// @title TaskConsumer
/// @notice A contract that submits tasks to Arbius and is told their outcomes.
/// @dev Inherit from it, submit with `_submit`, and implement `_onTaskOutcome`. The engine takes
/// fees from this contract, so have them here before `_submit`; it is approved once, here.
///
/// Being told is a convenience that may come late or never, and with no more gas than `_submit`
/// promised: what must hold is better read from `engine.taskStatus`, which is always true.
abstract contract TaskConsumer is ITaskConsumer {
    /// What the constructor was given is no engine.
    error NotAnEngine(address engine);

    /// Only the engine tells outcomes.
    error NotEngine(address caller);

    /// The engine.
    IEngine public immutable engine;

    /// The token that fees are paid in, AIUS.
    IToken public immutable token;

    constructor(IEngine engine_) {
        // At an account without code a typed call would revert without saying why.
        (bool answers, bytes memory answer) =
            address(engine_).staticcall(abi.encodeCall(IEngine.baseToken, ()));
        if (!answers || answer.length != 32) {
            revert NotAnEngine(address(engine_));
        }
        engine = engine_;
        token = IToken(abi.decode(answer, (address)));
        token.approve(address(engine_), type(uint256).max);
    }

    /// @inheritdoc ITaskConsumer
    function onTaskOutcome(bytes32 task, uint8 outcome, bytes calldata cid) external {
        if (msg.sender != address(engine)) {
            revert NotEngine(msg.sender);
        }
        _onTaskOutcome(task, outcome, cid);
    }

    /// Submits a task of this contract's for `fee` wei of AIUS that it holds. `owner` may retract
    /// the task and is refunded; this contract is told the outcome with `outcomeGas` gas.
    function _submit(
        address owner,
        bytes32 model,
        uint256 fee,
        bytes memory input,
        uint32 outcomeGas
    ) internal returns (bytes32 task) {
        return engine.submitTaskWithConsumer(
            0, owner, model, fee, input, address(this), outcomeGas
        );
    }

    /// The engine tells an outcome (`TaskStatus`): final with the solution's CID, rejected or
    /// retracted without one. Anybody can name this contract in a task of its own, so `task` may
    /// be none that this contract submitted.
    function _onTaskOutcome(bytes32 task, uint8 outcome, bytes calldata cid) internal virtual;
}
