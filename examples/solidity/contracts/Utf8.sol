// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title Utf8
/// @notice What is text.
/// @dev Solidity's `string` can hold any bytes. JSON, and so a task's input, cannot.
library Utf8 {
    /// Whether the bytes are well-formed UTF-8 (RFC 3629, section 4) without control characters
    /// of ASCII.
    function isText(bytes memory text) internal pure returns (bool) {
        uint256 length = text.length;
        uint256 i;
        while (i < length) {
            uint8 lead = uint8(text[i]);
            if (lead < 0x80) {
                if (lead < 0x20 || lead == 0x7f) {
                    return false;
                }
                ++i;
                continue;
            }
            // How many bytes follow, and the bounds of the first of them: they keep out
            // overlong forms, surrogates, and what lies beyond U+10FFFF.
            uint256 following;
            uint8 least = 0x80;
            uint8 most = 0xbf;
            if (lead >= 0xc2 && lead <= 0xdf) {
                following = 1;
            } else if (lead >= 0xe0 && lead <= 0xef) {
                following = 2;
                if (lead == 0xe0) {
                    least = 0xa0;
                } else if (lead == 0xed) {
                    most = 0x9f;
                }
            } else if (lead >= 0xf0 && lead <= 0xf4) {
                following = 3;
                if (lead == 0xf0) {
                    least = 0x90;
                } else if (lead == 0xf4) {
                    most = 0x8f;
                }
            } else {
                return false;
            }
            if (length - i <= following) {
                return false;
            }
            for (uint256 j = 1; j <= following; ++j) {
                uint8 next = uint8(text[i + j]);
                if (next < least || next > most) {
                    return false;
                }
                (least, most) = (0x80, 0xbf);
            }
            i += following + 1;
        }
        return true;
    }
}
