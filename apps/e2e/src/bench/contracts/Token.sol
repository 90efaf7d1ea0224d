// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// OpenZeppelin's ERC-20 as it is.
contract Token is ERC20("Bench", "BENCH") {}

contract TransferLoop {
    /// In slot 0 of this contract: the token.
    IERC20 private token;

    /// A round is one transfer of one unit from this contract to an account that has some.
    function run(uint256 n) external returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        IERC20 called = token;
        for (uint256 i = 0; i < n; ++i) {
            require(called.transfer(address(0xbeef), 1));
        }
        result = called.balanceOf(address(this));
        gasUsed = before - gasleft();
    }
}
