// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

/// @title Puppet
/// @notice A contract that tests lead: it calls what it is told, and does what it is told to when
/// it is given a token.
contract Puppet {
    /// What it does when it is given a token: it calls `target` with `data`, unless that is the
    /// zero address, then reverts with `reason`, or else returns `answer`.
    struct Part {
        address target;
        bytes data;
        bool refuses;
        bytes reason;
        bytes4 answer;
    }

    Part private _part;

    /// How often it was given a token.
    uint256 public given;

    /// Whether its last call in that succeeded, and what it returned.
    bool public succeeded;
    bytes public returned;

    /// Sets what it does when it is given a token.
    function play(Part calldata part) external {
        _part = part;
    }

    /// Makes a call, and hands its error on.
    function perform(address target, bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory answer) = target.call(data);
        if (!success) {
            _revert(answer);
        }
        return answer;
    }

    function onERC721Received(address, address, uint256, bytes calldata)
        external
        returns (bytes4)
    {
        Part memory part = _part;
        ++given;
        if (part.target != address(0)) {
            // Once, or a call that gives it another token would not end.
            delete _part.target;
            (succeeded, returned) = part.target.call(part.data);
        }
        if (part.refuses) {
            _revert(part.reason);
        }
        return part.answer;
    }

    function _revert(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
