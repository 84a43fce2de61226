// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {Collection} from "@arbius/solidity/contracts/Collection.sol";
import {IEngine} from "@arbius/solidity/interfaces/IEngine.sol";

/// @notice A collection of a hundred pictures.
contract Gallery is Collection {
    constructor(IEngine engine, bytes32 model)
        Collection(engine, model, "Gallery", "GAL", "out-1.png", 100)
    {}
}
