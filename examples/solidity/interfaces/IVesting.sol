// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/vesting.rs; change that.
pragma solidity ^0.8.20;

/// @title IVesting
/// @notice Holds AIUS for a beneficiary until they have vested.
/// @dev A vesting account (protocol section 1): AIUS that its beneficiary gets over time, and whose
/// votes it may delegate from the first second.
/// @dev What an account vests is whatever it holds and has paid out, so it is funded by a plain
/// transfer or an allocation at genesis, before it is made or after.
interface IVesting {
    /// A part of the schedule, in which tokens vest evenly.
    struct Tranche {
        /// How long it lasts, in seconds; above 0.
        uint32 duration;
        /// Its part of the whole: this weight of the sum of all weights.
        uint32 weight;
    }

    /// The account was made.
    event VestingCreated(
        address indexed token,
        address indexed beneficiary,
        uint64 start,
        bool revocable,
        Tranche[] schedule
    );

    /// `amount` was paid to `beneficiary`.
    event Released(address indexed beneficiary, uint256 amount);

    /// The owner took back `amount` that had not vested; all that is left has.
    event Revoked(address indexed owner, uint256 amount);

    /// The right to what vests went from one account to another.
    event BeneficiaryChanged(address indexed previous, address indexed beneficiary);

    /// The contract was initialised before.
    error InvalidInitialization();

    /// A program at its own address is nobody's account.
    error NotBehindProxy();

    /// There is no code at the address that was to be the token.
    error InvalidToken(address token);

    /// This account cannot be the beneficiary: it is the zero address, the token or the vesting
    /// account itself.
    error InvalidBeneficiary(address beneficiary);

    /// A schedule has one to four tranches, each longer than 0 seconds, with weights that are not
    /// all 0 and whose sum fits 32 bits.
    error InvalidSchedule();

    /// Only the beneficiary delegates the account's votes.
    error NotBeneficiary(address caller);

    /// Only the owner does this, and only while the account is revocable.
    error OwnableUnauthorizedAccount(address account);

    /// The account cannot be revoked, or was already.
    error NotRevocable();

    /// The token refused.
    error TokenCallFailed();

    /// No function takes value.
    error NotPayable();

    /// No function has this selector.
    error UnknownFunction(bytes4 selector);

    /// The arguments do not decode as those of the function that was called.
    error MalformedCalldata();

    /// Makes the account, once: from `start` (seconds since the epoch) on `token` vests for
    /// `beneficiary` by `schedule`; if it is `revocable`, the owner may revoke what has not vested
    /// or name another beneficiary for it.
    function initialize(
        address token,
        address beneficiary,
        uint64 start,
        bool revocable,
        Tranche[] calldata schedule
    ) external;

    /// Pays the beneficiary what has vested and was not paid yet; anyone may call it. Returns the
    /// amount, in wei of AIUS.
    function release() external returns (uint256);

    /// Takes back what has not vested, for the owner, after paying the beneficiary what has. For
    /// the owner alone, if the account is revocable, once. Returns the amount, in wei of AIUS.
    function revoke() external returns (uint256);

    /// Names who gets what vests from now on, after paying what has vested to whom it belongs;
    /// votes go back to nobody. For the beneficiary, and for the owner if the account is revocable.
    function setBeneficiary(address beneficiary) external;

    /// Delegates the votes of all that the account holds. For the beneficiary alone.
    function delegate(address delegatee) external;

    /// The token that vests.
    function token() external view returns (address);

    /// Who gets what vests.
    function beneficiary() external view returns (address);

    /// Who may revoke, if anybody may: the admin of the proxy, for good the timelock.
    function owner() external view returns (address);

    /// Whether what has not vested can be taken back.
    function revocable() external view returns (bool);

    /// When the first tranche begins, in seconds since the epoch.
    function start() external view returns (uint64);

    /// How long all tranches together last, in seconds.
    function duration() external view returns (uint64);

    /// When everything has vested, in seconds since the epoch.
    function end() external view returns (uint64);

    /// The tranches, in order; none once the account was revoked.
    function schedule() external view returns (Tranche[] memory);

    /// What the account has paid its beneficiaries, in wei of AIUS.
    function released() external view returns (uint256);

    /// What has vested and was not paid yet, in wei of AIUS.
    function releasable() external view returns (uint256);

    /// What has vested by `timestamp` (seconds since the epoch), paid or not, of what the account
    /// holds and has paid now, in wei of AIUS.
    function vestedAmount(uint64 timestamp) external view returns (uint256);
}
