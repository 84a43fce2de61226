// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/token.rs; change that.
pragma solidity ^0.8.20;

/// @title IToken
/// @notice AIUS: an ERC-20 of 18 decimals and 1,000,000 units, all of them allocated at genesis.
/// @dev The AIUS token (protocol section 1), an interface for each standard that it keeps: `IToken`
/// is the ERC-20 and its genesis, `IPermit` EIP-2612 with EIP-712 and EIP-5267, `IVotes` delegation
/// and checkpoints with the clock of EIP-6372, `IBridgedToken` the side that Arbitrum's custom
/// gateway calls.
interface IToken {
    /// A part of the supply and who receives it at genesis.
    struct Allocation {
        /// The receiver.
        address account;
        /// What it receives, in wei of AIUS.
        uint256 amount;
    }

    /// `value` went from `from` to `to`: from the zero address when it was allocated at genesis or
    /// minted by the bridge, to it when the bridge burned it (ERC-20).
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// `spender` may now spend `value` of `owner`'s (ERC-20).
    event Approval(address indexed owner, address indexed spender, uint256 value);

    /// The contract was initialised to `version` of its storage layout.
    event Initialized(uint64 version);

    /// `sender` holds `balance`, less than the `needed` amount (ERC-6093).
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    /// This account cannot send tokens: it is the zero address (ERC-6093).
    error ERC20InvalidSender(address sender);

    /// This account cannot receive tokens: it is the zero address or the token itself (ERC-6093).
    error ERC20InvalidReceiver(address receiver);

    /// `spender` may spend `allowance`, less than the `needed` amount (ERC-6093).
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);

    /// This account cannot approve: it is the zero address (ERC-6093).
    error ERC20InvalidApprover(address approver);

    /// This account cannot be approved: it is the zero address (ERC-6093).
    error ERC20InvalidSpender(address spender);

    /// The contract was initialised before.
    error InvalidInitialization();

    /// A program at its own address is nobody's token.
    error NotBehindProxy();

    /// The allocations add up to `supply`, which is not the cap.
    error SupplyNotCap(uint256 supply, uint256 cap);

    /// No function takes value.
    error NotPayable();

    /// No function has this selector.
    error UnknownFunction(bytes4 selector);

    /// The arguments do not decode as those of the function that was called.
    error MalformedCalldata();

    /// Allocates the whole supply, once. The amounts add up to exactly `cap`.
    function initialize(Allocation[] calldata allocations) external;

    /// `Arbius`.
    function name() external pure returns (string memory);

    /// `AIUS`.
    function symbol() external pure returns (string memory);

    /// 18: amounts are in wei of AIUS.
    function decimals() external pure returns (uint8);

    /// The supply that can never be exceeded: 1,000,000 AIUS, in wei.
    function cap() external pure returns (uint256);

    /// What exists, in wei of AIUS.
    function totalSupply() external view returns (uint256);

    /// What `account` holds, in wei of AIUS.
    function balanceOf(address account) external view returns (uint256);

    /// What `spender` may still spend of `owner`'s, in wei of AIUS.
    function allowance(address owner, address spender) external view returns (uint256);

    /// Sends `value` of the caller's to `to`.
    function transfer(address to, uint256 value) external returns (bool);

    /// Lets `spender` spend `value` of the caller's; the maximum stands for no limit.
    function approve(address spender, uint256 value) external returns (bool);

    /// Sends `value` of `from`'s to `to` and takes it off the caller's allowance.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}
