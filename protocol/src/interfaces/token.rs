//! The AIUS token (protocol section 1), an interface for each standard that it keeps:
//! [`IToken`] is the ERC-20 and its genesis, [`IPermit`] EIP-2612 with EIP-712 and
//! EIP-5267, [`IVotes`] delegation and checkpoints with the clock of EIP-6372,
//! [`IBridgedToken`] the side that Arbitrum's custom gateway calls.

/// What exists of AIUS, and can never be exceeded: 1,000,000, in wei.
pub const CAP: u128 = 1_000_000 * crate::fixed::ONE;

super::interface! {
    /// AIUS: an ERC-20 of 18 decimals and 1,000,000 units, all of them allocated at
    /// genesis.
    interface IToken {
        /// A part of the supply and who receives it at genesis.
        struct Allocation {
            /// The receiver.
            address account;
            /// What it receives, in wei of AIUS.
            uint256 amount;
        }

        /// `value` went from `from` to `to`: from the zero address when it was allocated
        /// at genesis or minted by the bridge, to it when the bridge burned it (ERC-20).
        event Transfer(address indexed from, address indexed to, uint256 value);

        /// `spender` may now spend `value` of `owner`'s (ERC-20).
        event Approval(address indexed owner, address indexed spender, uint256 value);

        /// The contract was initialised to `version` of its storage layout.
        event Initialized(uint64 version);

        /// `sender` holds `balance`, less than the `needed` amount (ERC-6093).
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

        /// This account cannot send tokens: it is the zero address (ERC-6093).
        error ERC20InvalidSender(address sender);

        /// This account cannot receive tokens: it is the zero address or the token
        /// itself (ERC-6093).
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

        /// Allocates the whole supply, once. The amounts add up to exactly [`cap`](Self).
        function initialize(Allocation[] allocations) external;

        /// `Arbius`.
        function name() external pure returns (string);

        /// `AIUS`.
        function symbol() external pure returns (string);

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
    /// Approval by signature (EIP-2612) over typed data (EIP-712) whose domain can be
    /// asked for (EIP-5267).
    interface IPermit {
        /// The signing domain changed (EIP-5267).
        event EIP712DomainChanged();

        /// The permit was valid until `deadline`, in seconds since the epoch.
        error ERC2612ExpiredSignature(uint256 deadline);

        /// `signer` signed, who is not `owner`.
        error ERC2612InvalidSigner(address signer, address owner);

        /// Nobody's key made the signature, or its `s` is in the upper half of the curve's
        /// order, where each signature has a twin (EIP-2).
        error ECDSAInvalidSignature();

        /// Lets `spender` spend `value` of `owner`'s, as `owner` signed it.
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

        /// The number that the owner's next permit or delegation must carry.
        function nonces(address owner) external view returns (uint256);

        /// Hash of the signing domain (EIP-712).
        function DOMAIN_SEPARATOR() external view returns (bytes32);

        /// The signing domain (EIP-5267); `fields` is `0x0f`: name, version, chain and contract.
        function eip712Domain() external view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions);
    }

    /// Votes: delegated power and its history (EIP-5805, OpenZeppelin's `IVotes`), by a
    /// clock of timestamps (EIP-6372).
    interface IVotes {
        /// A point of a history: from `_key` on the value is `_value`.
        struct Checkpoint208 {
            /// Time, in seconds since the epoch.
            uint48 _key;
            /// Votes, in wei of AIUS.
            uint208 _value;
        }

        /// `delegator` moved its votes from one delegate to another.
        event DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate);

        /// The votes of `delegate` changed.
        event DelegateVotesChanged(address indexed delegate, uint256 previousVotes, uint256 newVotes);

        /// The delegation was valid until `expiry`, in seconds since the epoch.
        error VotesExpiredSignature(uint256 expiry);

        /// The signature carries another number than the account's next.
        error InvalidAccountNonce(address account, uint256 currentNonce);

        /// The time asked about is not past yet.
        error ERC5805FutureLookup(uint256 timepoint, uint48 clock);

        /// The history of `account` has no point `pos`.
        error NoCheckpoint(address account, uint32 pos);

        /// The current time, in seconds since the epoch (EIP-6372).
        function clock() external view returns (uint48);

        /// `mode=timestamp` (EIP-6372).
        function CLOCK_MODE() external view returns (string);

        /// Votes of `account` now.
        function getVotes(address account) external view returns (uint256);

        /// Votes of `account` at a past time.
        function getPastVotes(address account, uint256 timepoint) external view returns (uint256);

        /// Supply at a past time.
        function getPastTotalSupply(uint256 timepoint) external view returns (uint256);

        /// Whom `account` delegates to; nobody until it says so.
        function delegates(address account) external view returns (address);

        /// Delegates the caller's votes.
        function delegate(address delegatee) external;

        /// Delegates the votes of whoever signed.
        function delegateBySig(address delegatee, uint256 nonce, uint256 expiry, uint8 v, bytes32 r, bytes32 s) external;

        /// How many points the history of `account` has.
        function numCheckpoints(address account) external view returns (uint32);

        /// A point of that history.
        function checkpoints(address account, uint32 pos) external view returns (Checkpoint208 checkpoint);
    }

    /// The token's side of Arbitrum's custom gateway (`IArbToken`); the cap holds across
    /// the bridge: what exists here is at most the cap, so no more is minted than was
    /// burned before.
    interface IBridgedToken {
        /// The gateway minted `amount` to `account`.
        event BridgeMinted(address indexed account, uint256 amount);

        /// The gateway burned `amount` of `account`'s.
        event BridgeBurned(address indexed account, uint256 amount);

        /// There is a new gateway; the zero address is none.
        event GatewaySet(address indexed gateway);

        /// The token on the parent chain is this one.
        event L1AddressSet(address indexed l1Address);

        /// Only the gateway mints and burns.
        error NotGateway(address caller);

        /// Only the owner names the gateway and the token on the parent chain.
        error OwnableUnauthorizedAccount(address account);

        /// More would exist than the cap.
        error CapExceeded(uint256 supply, uint256 cap);

        /// Mints what was locked on the parent chain. For the gateway alone.
        function bridgeMint(address account, uint256 amount) external;

        /// Burns what is to be unlocked on the parent chain. For the gateway alone.
        function bridgeBurn(address account, uint256 amount) external;

        /// The token on the parent chain; the zero address until it is named.
        function l1Address() external view returns (address);

        /// The gateway on this chain; the zero address while there is none.
        function gateway() external view returns (address);

        /// Who names the gateway: the admin of the proxy, for good the timelock.
        function owner() external view returns (address);

        /// Names another gateway; the zero address closes the bridge. For the owner alone.
        function setGateway(address gateway) external;

        /// Names the token on the parent chain. For the owner alone.
        function setL1Address(address l1Address) external;
    }
}
