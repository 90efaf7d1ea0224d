// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// A constant-product market of two tokens: reserves in one slot, 0.3 % to the providers, time-weighted prices.
contract Pair {
    event Swap(address indexed sender, uint256 in0, uint256 in1, uint256 out0, uint256 out1, address indexed to);
    event Sync(uint112 reserve0, uint112 reserve1);

    error Locked();
    error NothingBought();
    error TooMuchBought();
    error NothingSold();
    error ProductFell();

    IERC20 public token0;
    IERC20 public token1;
    uint112 private reserve0;
    uint112 private reserve1;
    uint32 private changedAt;
    uint256 public price0Sum;
    uint256 public price1Sum;
    uint256 private unlocked;

    modifier lock() {
        if (unlocked != 1) revert Locked();
        unlocked = 2;
        _;
        unlocked = 1;
    }

    function reserves() public view returns (uint112, uint112, uint32) {
        return (reserve0, reserve1, changedAt);
    }

    /// What was sent to this contract before the call pays for what is sent to `to`.
    function swap(uint256 out0, uint256 out1, address to) external lock {
        if (out0 == 0 && out1 == 0) revert NothingBought();
        (uint112 was0, uint112 was1, ) = reserves();
        if (out0 >= was0 || out1 >= was1) revert TooMuchBought();
        if (out0 > 0) token0.transfer(to, out0);
        if (out1 > 0) token1.transfer(to, out1);
        uint256 balance0 = token0.balanceOf(address(this));
        uint256 balance1 = token1.balanceOf(address(this));
        uint256 in0 = balance0 > was0 - out0 ? balance0 - (was0 - out0) : 0;
        uint256 in1 = balance1 > was1 - out1 ? balance1 - (was1 - out1) : 0;
        if (in0 == 0 && in1 == 0) revert NothingSold();
        uint256 product = (balance0 * 1000 - in0 * 3) * (balance1 * 1000 - in1 * 3);
        if (product < uint256(was0) * was1 * 1_000_000) revert ProductFell();
        update(balance0, balance1, was0, was1);
        emit Swap(msg.sender, in0, in1, out0, out1, to);
    }

    function update(uint256 balance0, uint256 balance1, uint112 was0, uint112 was1) private {
        require(balance0 <= type(uint112).max && balance1 <= type(uint112).max);
        uint32 now32 = uint32(block.timestamp);
        unchecked {
            uint32 passed = now32 - changedAt;
            if (passed > 0 && was0 > 0 && was1 > 0) {
                price0Sum += ((uint256(was1) << 112) / was0) * passed;
                price1Sum += ((uint256(was0) << 112) / was1) * passed;
            }
        }
        reserve0 = uint112(balance0);
        reserve1 = uint112(balance1);
        changedAt = now32;
        emit Sync(uint112(balance0), uint112(balance1));
    }
}

contract SwapLoop {
    /// In slots 0, 1 and 2 of this contract.
    Pair private pair;
    IERC20 private token0;
    IERC20 private token1;

    /// A round sells 1,000,000 units of one token for the other, in turns.
    function run(uint256 n) external returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        for (uint256 i = 0; i < n; ++i) sell(i & 1 == 0);
        result = token0.balanceOf(address(this)) ^ (token1.balanceOf(address(this)) << 128);
        gasUsed = before - gasleft();
    }

    function sell(bool first) private {
        Pair market = pair;
        (uint256 in_, uint256 out_, ) = market.reserves();
        if (!first) (in_, out_) = (out_, in_);
        uint256 paid = 1_000_000 * 997;
        uint256 bought = (paid * out_) / (in_ * 1000 + paid);
        (first ? token0 : token1).transfer(address(market), 1_000_000);
        market.swap(first ? 0 : bought, first ? bought : 0, address(this));
    }
}
