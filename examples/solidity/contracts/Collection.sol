// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Utils} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Utils.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IEngine} from "../interfaces/IEngine.sol";
import {TaskStatus} from "../interfaces/TaskStatus.sol";
import {TaskConsumer} from "./TaskConsumer.sol";
import {Tasks} from "./Tasks.sol";
import {Utf8} from "./Utf8.sol";

/// @title Collection
/// @notice An ERC-721 collection whose tokens are tasks: minting submits a prompt to the network,
/// and the picture is the solution, once it is final. `ICollection` documents what each function
/// does; the contract in `examples/collection` of the repository is the same in Rust.
/// @dev The minter owns the task: the engine refunds a fee to it, never to the collection, which
/// holds no money. A token stays with its minter until its picture is final, so whoever holds a
/// token whose task was rejected or retracted is who is refunded.
contract Collection is ERC721, TaskConsumer {
    /// Where a token comes from.
    struct Origin {
        /// The task that draws it.
        bytes32 task;
        /// Who minted it, owns the task, and is refunded.
        address minter;
        /// Whether the task is known to be final, which nothing can change.
        bool isFinal;
        /// What it was minted for.
        string prompt;
    }

    /// The longest prompt, in bytes: it is stored, a slot for each 32.
    uint256 private constant MAX_PROMPT = 256;

    /// Gas that the engine is to give for telling an outcome.
    uint32 public constant outcomeGas = 100_000;

    /// ERC-4906.
    bytes4 private constant METADATA_UPDATES = 0x49064906;

    event MetadataUpdate(uint256 _tokenId);
    event Minted(
        uint256 indexed tokenId,
        address indexed minter,
        bytes32 indexed task,
        uint256 fee,
        string prompt
    );
    event Refunded(uint256 indexed tokenId, address indexed minter, bytes32 indexed task);

    error ModelDoesNotExist(bytes32 model);
    error SoldOut(uint256 maxSupply);
    error PromptLength(uint256 length, uint256 max);
    error NotText();
    error NotFinal(uint256 tokenId, uint8 status);
    error NotRefundable(uint256 tokenId, uint8 status);
    error UnknownTask(bytes32 task);

    bytes32 public immutable model;
    string public pictureFile;
    uint256 public immutable maxSupply;
    uint256 public totalSupply;
    mapping(bytes32 task => uint256) public tokenOf;

    /// The number of the last token that was minted.
    uint256 private _last;

    mapping(uint256 tokenId => Origin) private _origins;

    constructor(
        IEngine engine_,
        bytes32 model_,
        string memory name_,
        string memory symbol_,
        string memory file_,
        uint256 maxSupply_
    ) ERC721(name_, symbol_) TaskConsumer(engine_) {
        _checkText(name_);
        _checkText(symbol_);
        _checkText(file_);
        (, address addr,,) = engine_.models(model_);
        if (addr == address(0)) {
            revert ModelDoesNotExist(model_);
        }
        model = model_;
        maxSupply = maxSupply_;
        pictureFile = file_;
    }

    // ANCHOR: mint
    function mint(string calldata prompt, uint256 fee) external returns (uint256 tokenId) {
        if (totalSupply >= maxSupply) {
            revert SoldOut(maxSupply);
        }
        bytes memory input = inputFor(prompt);
        tokenId = ++_last;
        ++totalSupply;

        // Reverts where it cannot pay.
        token.transferFrom(msg.sender, address(this), fee);
        bytes32 task = _submit(msg.sender, model, fee, input, outcomeGas);
        tokenOf[task] = tokenId;
        _origins[tokenId] =
            Origin({task: task, minter: msg.sender, isFinal: false, prompt: prompt});
        _mint(msg.sender, tokenId);
        emit Minted(tokenId, msg.sender, task, fee, prompt);
        // Last, because it may call back in.
        ERC721Utils.checkOnERC721Received(msg.sender, address(0), msg.sender, tokenId, "");
    }
    // ANCHOR_END: mint

    function refund(uint256 tokenId) external {
        uint8 status = _status(tokenId);
        if (status != TaskStatus.REJECTED && status != TaskStatus.RETRACTED) {
            revert NotRefundable(tokenId, status);
        }
        (address minter, bytes32 task) = (_origins[tokenId].minter, _origins[tokenId].task);
        delete _origins[tokenId];
        delete tokenOf[task];
        --totalSupply;
        _burn(tokenId);
        emit Refunded(tokenId, minter, task);
        // Anyone may have had the engine pay it before.
        if (engine.earnings(minter) > 0) {
            engine.withdrawEarnings(minter);
        }
    }

    function taskOf(uint256 tokenId) public view returns (bytes32) {
        _requireOwned(tokenId);
        return _origins[tokenId].task;
    }

    function minterOf(uint256 tokenId) external view returns (address) {
        _requireOwned(tokenId);
        return _origins[tokenId].minter;
    }

    function promptOf(uint256 tokenId) public view returns (string memory) {
        _requireOwned(tokenId);
        return _origins[tokenId].prompt;
    }

    function pictureOf(uint256 tokenId) external view returns (bytes memory) {
        _requireFinal(tokenId);
        return _solution(taskOf(tokenId));
    }

    function provenanceOf(uint256 tokenId)
        external
        view
        returns (
            bytes32 task,
            bytes32 modelId,
            bytes memory input,
            uint256 seed,
            uint8 status,
            address solver,
            bytes memory solution
        )
    {
        task = taskOf(tokenId);
        (modelId,,,,, input) = engine.tasks(task);
        seed = Tasks.seed(task);
        status = engine.taskStatus(task);
        (solver,,, solution) = engine.solutions(task);
    }

    function proves(uint256 tokenId, string calldata prompt) external view returns (bool) {
        (,,,,, bytes memory cid) = engine.tasks(taskOf(tokenId));
        return keccak256(engine.generateIPFSCID(inputFor(prompt))) == keccak256(cid);
    }

    function inputFor(string calldata prompt) public pure returns (bytes memory) {
        uint256 length = bytes(prompt).length;
        if (length == 0 || length > MAX_PROMPT) {
            revert PromptLength(length, MAX_PROMPT);
        }
        _checkText(prompt);
        return abi.encodePacked('{"prompt":"', Strings.escapeJSON(prompt), '"}');
    }

    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        bytes32 task = taskOf(tokenId);
        uint8 status = _status(tokenId);
        string memory image;
        if (status == TaskStatus.FINAL) {
            image = string.concat(
                '","image":"ipfs://',
                Tasks.cidToString(_solution(task)),
                "/",
                Strings.escapeJSON(pictureFile)
            );
        }
        bytes memory json = abi.encodePacked(
            '{"name":"',
            Strings.escapeJSON(name()),
            " #",
            Strings.toString(tokenId),
            '","description":"',
            Strings.escapeJSON(_origins[tokenId].prompt),
            image,
            '","attributes":[',
            _attribute("Status", _word(status)),
            ",",
            _attribute("Model", Strings.toHexString(uint256(model), 32)),
            ",",
            _attribute("Task", Strings.toHexString(uint256(task), 32)),
            ",",
            _attribute("Seed", Strings.toString(Tasks.seed(task))),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == METADATA_UPDATES || super.supportsInterface(interfaceId);
    }

    // ANCHOR: outcome
    function _onTaskOutcome(bytes32 task, uint8 outcome, bytes calldata) internal override {
        uint256 tokenId = tokenOf[task];
        if (tokenId == 0) {
            revert UnknownTask(task);
        }
        if (outcome == TaskStatus.FINAL) {
            _origins[tokenId].isFinal = true;
        }
        emit MetadataUpdate(tokenId);
    }
    // ANCHOR_END: outcome

    /// @dev A token stays with its minter until its picture is final.
    function _update(address to, uint256 tokenId, address auth)
        internal
        override
        returns (address)
    {
        bool transfers = to != address(0) && _ownerOf(tokenId) != address(0);
        if (transfers) {
            _requireFinal(tokenId);
            _origins[tokenId].isFinal = true;
        }
        return super._update(to, tokenId, auth);
    }

    function _requireFinal(uint256 tokenId) private view {
        uint8 status = _status(tokenId);
        if (status != TaskStatus.FINAL) {
            revert NotFinal(tokenId, status);
        }
    }

    /// Where a token's task stands.
    function _status(uint256 tokenId) private view returns (uint8) {
        bytes32 task = taskOf(tokenId);
        return _origins[tokenId].isFinal ? TaskStatus.FINAL : engine.taskStatus(task);
    }

    function _solution(bytes32 task) private view returns (bytes memory cid) {
        (,,, cid) = engine.solutions(task);
    }

    function _checkText(string memory text) private pure {
        if (!Utf8.isText(bytes(text))) {
            revert NotText();
        }
    }

    /// An attribute, as marketplaces read them.
    function _attribute(string memory name_, string memory value)
        private
        pure
        returns (string memory)
    {
        return string.concat('{"trait_type":"', name_, '","value":"', value, '"}');
    }

    /// A task's status in a word.
    function _word(uint8 status) private pure returns (string memory) {
        if (status == TaskStatus.OPEN) return "open";
        if (status == TaskStatus.SOLVED) return "solved";
        if (status == TaskStatus.CONTESTED) return "contested";
        if (status == TaskStatus.FINAL) return "final";
        if (status == TaskStatus.REJECTED) return "rejected";
        if (status == TaskStatus.RETRACTED) return "retracted";
        return "unknown";
    }
}
