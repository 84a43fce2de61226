// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title A program that is called as if it were written in Solidity
interface IHalver {
    /// The number has no half.
    error Odd(uint256 number);

    /// Half of an even number; runs forever on zero.
    function half(uint256 number) external returns (uint256);
}

/// @title Calls Stylus programs and is called back by them
/// @dev `stored` has the first slot: a program that runs in this contract's context and
/// stores in its own first slot stores there.
contract Partner {
    uint256 public stored;
    bool private transient locked;

    event Visited(address indexed by, uint256 value, uint256 number);
    event Received(address indexed from, uint256 value);
    event Halved(uint256 number);
    event Caught(bytes reason);

    error Refused(address by, uint256 number);
    error Locked();

    modifier lock() {
        if (locked) revert Locked();
        locked = true;
        _;
        locked = false;
    }

    receive() external payable {
        emit Received(msg.sender, msg.value);
    }

    /// Calls a program with the value that came, and ends as the program ends.
    function callProgram(address program, bytes calldata input)
        external
        payable
        returns (bytes memory output)
    {
        bool success;
        (success, output) = program.call{value: msg.value}(input);
        _bubble(success, output);
    }

    /// The same while a lock in transient storage is held to the end of the call.
    function callLocked(address program, bytes calldata input) external lock returns (bytes memory output) {
        bool success;
        (success, output) = program.call(input);
        _bubble(success, output);
    }

    /// Takes the same lock and keeps it to the end of the transaction.
    function lockForGood() external {
        if (locked) revert Locked();
        locked = true;
    }

    /// Calls a program between two events of its own.
    function surround(address program, bytes calldata input) external {
        emit Visited(msg.sender, 0, 1);
        (bool success, bytes memory output) = program.call(input);
        _bubble(success, output);
        emit Visited(msg.sender, 0, 2);
    }

    /// Asks a program, which may change nothing.
    function askProgram(address program, bytes calldata input) external view returns (bytes memory output) {
        bool success;
        (success, output) = program.staticcall(input);
        _bubble(success, output);
    }

    /// Runs a program on this contract's own storage.
    function runProgram(address program, bytes calldata input)
        external
        payable
        returns (bytes memory output)
    {
        bool success;
        (success, output) = program.delegatecall(input);
        _bubble(success, output);
    }

    /// Calls a program with a limit of gas and says how that ended, whatever it does.
    function attempt(address program, uint256 gasLimit, bytes calldata input)
        external
        returns (bool success, bytes memory output, uint256 gasUsed)
    {
        gasUsed = gasleft();
        (success, output) = program.call{gas: gasLimit}(input);
        gasUsed -= gasleft();
    }

    /// Halves as often as it is asked to, by a program that may fail.
    function tryHalf(IHalver program, uint256 number, uint256 gasLimit) external {
        try program.half{gas: gasLimit}(number) returns (uint256 result) {
            emit Halved(result);
        } catch (bytes memory reason) {
            emit Caught(reason);
        }
    }

    /// What a program calls back.
    function visit(uint256 number) external payable returns (uint256) {
        if (locked) revert Locked();
        stored = number;
        emit Visited(msg.sender, msg.value, number);
        return number + 1;
    }

    /// What a program calls back in vain.
    function refuse(uint256 number) external {
        stored = number;
        revert Refused(msg.sender, number);
    }

    function _bubble(bool success, bytes memory output) private pure {
        if (success) return;
        assembly ("memory-safe") {
            revert(add(output, 32), mload(output))
        }
    }
}
