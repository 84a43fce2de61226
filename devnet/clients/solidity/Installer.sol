// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title The part of ArbWasm that installing a program takes
interface IArbWasm {
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
}

/// @title Creates contracts and programs at addresses that are known beforehand
contract Installer {
    IArbWasm private constant ARB_WASM = IArbWasm(address(0x71));

    event Created(address indexed created, bytes32 salt);
    event Activated(address indexed program, uint16 version, uint256 dataFee);

    error CreationFailed();
    error RefundFailed();

    /// Creates whatever the init code returns.
    function create(bytes32 salt, bytes memory initCode) public payable returns (address created) {
        assembly ("memory-safe") {
            created := create2(callvalue(), add(initCode, 32), mload(initCode), salt)
        }
        if (created == address(0)) revert CreationFailed();
        emit Created(created, salt);
    }

    /// Creates a program and activates it with the value that came. What is left of that
    /// goes back to the caller.
    function install(bytes32 salt, bytes memory code) external payable returns (address program) {
        // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN, then the code
        bytes memory initCode = abi.encodePacked(hex"61", uint16(code.length), hex"80600a5f395ff3", code);
        assembly ("memory-safe") {
            program := create2(0, add(initCode, 32), mload(initCode), salt)
        }
        if (program == address(0)) revert CreationFailed();
        emit Created(program, salt);
        uint256 before = address(this).balance;
        (uint16 version, uint256 dataFee) = ARB_WASM.activateProgram{value: msg.value}(program);
        assert(before - address(this).balance == dataFee);
        emit Activated(program, version, dataFee);
        (bool refunded,) = msg.sender.call{value: msg.value - dataFee}("");
        if (!refunded) revert RefundFailed();
    }

    /// The address that `create` gives to an init code.
    function predict(bytes32 salt, bytes32 initCodeHash) external view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), salt, initCodeHash)))));
    }

    /// Takes what activation gives back.
    receive() external payable {}
}
