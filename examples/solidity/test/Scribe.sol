// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {TaskConsumer} from "../contracts/TaskConsumer.sol";
import {IEngine} from "../interfaces/IEngine.sol";

/// @title Scribe
/// @notice A consumer that tests lead: it names the gas that it is told to, and writes down an
/// outcome as often as it is told to, which takes over 22,100 gas each time.
contract Scribe is TaskConsumer {
    /// How often it writes an outcome down.
    uint256 private _wanted;

    /// What it wrote down.
    uint256[] private _outcomes;

    constructor(IEngine engine_) TaskConsumer(engine_) {}

    /// Sets how often it writes an outcome down.
    function want(uint256 words) external {
        _wanted = words;
    }

    /// Submits a task that it pays for and the caller owns.
    function submit(bytes32 model, uint256 fee, uint32 outcomeGas)
        external
        returns (bytes32 task)
    {
        return _submit(msg.sender, model, fee, '{"prompt":"a red car"}', outcomeGas);
    }

    /// How many words it wrote down.
    function written() external view returns (uint256) {
        return _outcomes.length;
    }

    function _onTaskOutcome(bytes32, uint8 outcome, bytes calldata) internal override {
        for (uint256 i; i < _wanted; ++i) {
            _outcomes.push(outcome);
        }
    }
}
