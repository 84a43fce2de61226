// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {TaskConsumer} from "@arbius/solidity/contracts/TaskConsumer.sol";
import {Tasks} from "@arbius/solidity/contracts/Tasks.sol";
import {Utf8} from "@arbius/solidity/contracts/Utf8.sol";
import {IEngine} from "@arbius/solidity/interfaces/IEngine.sol";
import {TaskStatus} from "@arbius/solidity/interfaces/TaskStatus.sol";

/// @notice Answers questions by a model, to whoever asked.
contract Oracle is TaskConsumer {
    error NotText();

    event Asked(bytes32 indexed task, uint256 seed);
    event Answered(bytes32 indexed task, string cid);

    bytes32 public immutable model;
    mapping(bytes32 task => address) public asker;

    constructor(IEngine engine_, bytes32 model_) TaskConsumer(engine_) {
        model = model_;
    }

    /// @notice Asks for `fee` wei of AIUS, for which the caller has approved this contract.
    function ask(bytes calldata input, uint256 fee) external returns (bytes32 task) {
        if (!Utf8.isText(input)) {
            revert NotText();
        }
        token.transferFrom(msg.sender, address(this), fee);
        task = _submit(msg.sender, model, fee, input, 100_000);
        asker[task] = msg.sender;
        emit Asked(task, Tasks.seed(task));
    }

    function _onTaskOutcome(bytes32 task, uint8 outcome, bytes calldata cid) internal override {
        if (asker[task] != address(0) && outcome == TaskStatus.FINAL) {
            emit Answered(task, Tasks.cidToString(cid));
        }
    }
}
