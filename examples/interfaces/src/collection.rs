//! A collection of pictures that the network draws.

super::interface! {
    /// An ERC-721 collection whose tokens are tasks: minting submits a prompt to the network,
    /// and the picture is the solution, once it is final.
    ///
    /// Its constructor takes the address of the engine, the identifier of the model, the
    /// collection's name and symbol, the name of the file in the model's output that is the
    /// picture, and how many tokens there can be at a time. It answers `NotAnEngine`,
    /// `ModelDoesNotExist` or `NotText`.
    ///
    /// The minter owns the task: the engine refunds a fee to it, never to the collection, which
    /// holds no money. A token stays with its minter until its picture is final; if the task is
    /// rejected or retracted, anyone may have the token burned and the minter paid (`refund`).
    interface ICollection {
        // ───────────────────────────── ERC-721 ───────────────────────────

        /// A token went from `from`, zero when it was minted, to `to`, zero when it was burned
        /// (ERC-721).
        event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
        /// `approved` may transfer a token; zero takes that back (ERC-721).
        event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
        /// `operator` may transfer all tokens of `owner`, or no longer (ERC-721).
        event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
        /// What `tokenURI` says of a token changed: its task has an outcome (ERC-4906).
        event MetadataUpdate(uint256 _tokenId);

        /// The zero address owns nothing (ERC-6093).
        error ERC721InvalidOwner(address owner);
        /// There is no such token (ERC-6093).
        error ERC721NonexistentToken(uint256 tokenId);
        /// The token is `owner`'s, not `sender`'s (ERC-6093).
        error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
        /// This account does not take tokens (ERC-6093).
        error ERC721InvalidReceiver(address receiver);
        /// `operator` may not transfer this token (ERC-6093).
        error ERC721InsufficientApproval(address operator, uint256 tokenId);
        /// This account may not approve anybody for this token (ERC-6093).
        error ERC721InvalidApprover(address approver);
        /// This account cannot be an operator (ERC-6093).
        error ERC721InvalidOperator(address operator);

        /// How many tokens an account owns. Errors: `ERC721InvalidOwner`.
        function balanceOf(address owner) external view returns (uint256);
        /// Who owns a token. Errors: `ERC721NonexistentToken`.
        function ownerOf(uint256 tokenId) external view returns (address);
        /// Transfers a token, and asks a contract that receives it to accept. Errors: as
        /// `transferFrom`, and `ERC721InvalidReceiver` or what the receiver answers. Events:
        /// `Transfer`.
        function safeTransferFrom(address from, address to, uint256 tokenId) external;
        /// The same, with data for the receiver.
        function safeTransferFrom(address from, address to, uint256 tokenId, bytes data) external;
        /// Transfers a token whose picture is final. Errors: `ERC721InvalidReceiver`,
        /// `ERC721NonexistentToken`, `NotFinal`, `ERC721InsufficientApproval`,
        /// `ERC721IncorrectOwner`. Events: `Transfer`.
        function transferFrom(address from, address to, uint256 tokenId) external;
        /// Lets `to` transfer a token. Errors: `ERC721NonexistentToken`,
        /// `ERC721InvalidApprover`. Events: `Approval`.
        function approve(address to, uint256 tokenId) external;
        /// Lets `operator` transfer all tokens of the caller, or no longer. Errors:
        /// `ERC721InvalidOperator`. Events: `ApprovalForAll`.
        function setApprovalForAll(address operator, bool approved) external;
        /// Who may transfer a token besides its owner. Errors: `ERC721NonexistentToken`.
        function getApproved(uint256 tokenId) external view returns (address);
        /// Whether `operator` may transfer all tokens of `owner`.
        function isApprovedForAll(address owner, address operator) external view returns (bool);

        /// The collection's name (ERC-721 Metadata).
        function name() external view returns (string);
        /// The collection's symbol (ERC-721 Metadata).
        function symbol() external view returns (string);
        /// A token's metadata as a `data:` URI of JSON: name, prompt, provenance, and, once it is
        /// final, the picture as an `ipfs://` URI (ERC-721 Metadata). Errors:
        /// `ERC721NonexistentToken`.
        function tokenURI(uint256 tokenId) external view returns (string);
        /// Whether the collection speaks an interface: ERC-165, ERC-721, its metadata, ERC-4906
        /// (ERC-165).
        function supportsInterface(bytes4 interfaceId) external view returns (bool);

        // ───────────────────────────── minting ───────────────────────────

        /// `minter` minted a token for `prompt` and paid `fee` wei of AIUS; `task` draws it.
        event Minted(uint256 indexed tokenId, address indexed minter, bytes32 indexed task, uint256 fee, string prompt);
        /// A token was burned whose task was rejected or retracted; the engine has paid `minter`
        /// what it owed it.
        event Refunded(uint256 indexed tokenId, address indexed minter, bytes32 indexed task);

        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);
        /// The engine has no such model.
        error ModelDoesNotExist(bytes32 model);
        /// As many tokens as there can be exist.
        error SoldOut(uint256 maxSupply);
        /// A prompt is 1 to `max` bytes long.
        error PromptLength(uint256 length, uint256 max);
        /// A prompt, or a name in the constructor, is no UTF-8 or has control characters in it.
        error NotText();
        /// The token's picture is not final: its task has the status `status`.
        error NotFinal(uint256 tokenId, uint8 status);
        /// The token's task was neither rejected nor retracted: it has the status `status`.
        error NotRefundable(uint256 tokenId, uint8 status);
        /// Only the engine tells outcomes.
        error NotEngine(address caller);
        /// The task is none of this collection's tokens.
        error UnknownTask(bytes32 task);

        /// Submits `prompt` to the network for `fee` wei of AIUS, which the caller has approved
        /// this contract for, and gives the caller a token for what will be drawn. Returns the
        /// token's number, which counts from 1. Errors: `SoldOut`, `PromptLength`, `NotText`,
        /// `ERC721InvalidReceiver` or what a receiving contract answers; those of the token's
        /// `transferFrom` and of the engine's `submitTaskWithConsumer`, as they are. Events:
        /// `Transfer`, `Minted`.
        function mint(string prompt, uint256 fee) external returns (uint256 tokenId);
        /// Burns a token whose task was rejected or retracted and has the engine pay the minter
        /// all that it owes it, the refund with it. Anyone may call it. Errors:
        /// `ERC721NonexistentToken`, `NotRefundable`. Events: `Transfer`, `Refunded`.
        function refund(uint256 tokenId) external;
        /// The engine tells the outcome of a token's task (`ITaskConsumer`). Errors: `NotEngine`,
        /// `UnknownTask`. Events: `MetadataUpdate`.
        function onTaskOutcome(bytes32 task, uint8 outcome, bytes cid) external;

        // ─────────────────────────── provenance ──────────────────────────

        /// The task that draws a token. Errors: `ERC721NonexistentToken`.
        function taskOf(uint256 tokenId) external view returns (bytes32);
        /// The token that a task draws; 0 if it is none of this collection's.
        function tokenOf(bytes32 task) external view returns (uint256);
        /// Who minted a token. Errors: `ERC721NonexistentToken`.
        function minterOf(uint256 tokenId) external view returns (address);
        /// What a token was minted for. Errors: `ERC721NonexistentToken`.
        function promptOf(uint256 tokenId) external view returns (string);
        /// The CID of a token's picture, 34 bytes: the folder that holds the file. Errors:
        /// `ERC721NonexistentToken`, `NotFinal`.
        function pictureOf(uint256 tokenId) external view returns (bytes);
        /// Where a token comes from, as the engine says now: its task with model, CID of the
        /// input, seed and status, and its solution, the solver zero and the CID empty before
        /// there is one. Only with the status 4 (final) can it no longer change. Errors:
        /// `ERC721NonexistentToken`.
        function provenanceOf(uint256 tokenId) external view returns (bytes32 task, bytes32 modelId, bytes input, uint256 seed, uint8 status, address solver, bytes solution);
        /// Whether a token's task was submitted with exactly this prompt: the CID of the input
        /// that it makes is the task's. Errors: `ERC721NonexistentToken`, `PromptLength`,
        /// `NotText`.
        function proves(uint256 tokenId, string prompt) external view returns (bool);
        /// The input of a task for a prompt: `{"prompt":"…"}`, with `"` and `\` escaped. Errors:
        /// `PromptLength`, `NotText`.
        function inputFor(string prompt) external pure returns (bytes);

        /// The engine that draws.
        function engine() external view returns (address);
        /// The token that fees are paid in, AIUS.
        function token() external view returns (address);
        /// The model that draws.
        function model() external view returns (bytes32);
        /// The file in the model's output that is the picture, such as `out-1.png`.
        function pictureFile() external view returns (string);
        /// The gas that the engine is asked to leave for each `onTaskOutcome`.
        function outcomeGas() external view returns (uint32);
        /// How many tokens there can be at a time.
        function maxSupply() external view returns (uint256);
        /// How many tokens there are.
        function totalSupply() external view returns (uint256);
    }
}
