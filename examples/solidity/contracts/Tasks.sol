// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title Tasks
/// @notice What follows from a task's identifier and from CIDs, by the rules of the protocol.
library Tasks {
    /// What a task's identifier is divided by; the rest is the seed.
    uint256 internal constant SEED_MODULUS = 0x1FFFFFFFFFFFF0;

    bytes private constant BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// The seed that a task's model is run with.
    function seed(bytes32 task) internal pure returns (uint256) {
        return uint256(task) % SEED_MODULUS;
    }

    /// A CID as people and gateways write it, `Qm…`: its 34 bytes in base58.
    /// @dev Meant for views: it takes time in proportion to the square of the length.
    function cidToString(bytes memory cid) internal pure returns (string memory) {
        // A byte is worth less than 1.366 digits.
        uint256 room = (cid.length * 1366) / 1000 + 1;
        bytes memory digits = new bytes(room);
        uint256 used;
        for (uint256 i; i < cid.length; ++i) {
            uint256 carry = uint8(cid[i]);
            for (uint256 j; j < used || carry > 0; ++j) {
                carry += uint256(uint8(digits[j])) << 8;
                digits[j] = bytes1(uint8(carry % 58));
                carry /= 58;
                if (j >= used) {
                    used = j + 1;
                }
            }
        }
        // Leading zero bytes are digits of value zero.
        uint256 zeros;
        while (zeros < cid.length && cid[zeros] == 0) {
            ++zeros;
        }
        bytes memory text = new bytes(zeros + used);
        for (uint256 i; i < zeros; ++i) {
            text[i] = BASE58[0];
        }
        for (uint256 i; i < used; ++i) {
            text[zeros + i] = BASE58[uint8(digits[used - 1 - i])];
        }
        return string(text);
    }
}
