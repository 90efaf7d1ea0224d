// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title The token of the demo and of the tests: OpenZeppelin's ERC-20 with its whole supply at the deployer.
contract DevToken is ERC20 {
    /// @param initialSupply in the smallest unit (18 decimals)
    constructor(string memory name_, string memory symbol_, uint256 initialSupply) ERC20(name_, symbol_) {
        _mint(msg.sender, initialSupply);
    }
}
