// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Pair} from "./Pair.sol";

/// What a user of a market calls: takes what is sold from the sender by its allowance, and has the rest sent to the sender.
contract Router {
    function sell(Pair market, bool first, uint256 amount) external {
        (uint256 in_, uint256 out_, ) = market.reserves();
        if (!first) (in_, out_) = (out_, in_);
        IERC20 sold = first ? market.token0() : market.token1();
        require(sold.transferFrom(msg.sender, address(market), amount));
        uint256 paid = amount * 997;
        uint256 bought = (paid * out_) / (in_ * 1000 + paid);
        market.swap(first ? 0 : bought, first ? bought : 0, msg.sender);
    }
}
