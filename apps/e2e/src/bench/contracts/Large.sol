// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {AccessControlEnumerable} from "@openzeppelin/contracts/access/extensions/AccessControlEnumerable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20FlashMint} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20FlashMint.sol";
import {ERC20Pausable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// As large as a contract may be, almost: a vault whose shares vote, with roles, pausing, permits and flash loans.
contract Large is
    ERC20Burnable,
    ERC20FlashMint,
    ERC20Pausable,
    ERC20Permit,
    ERC20Votes,
    ERC4626,
    ERC1363,
    ERC3009,
    AccessControlEnumerable,
    Multicall
{
    using Strings for uint256;
    using Strings for address;

    struct Lock {
        uint128 amount;
        uint64 from;
        uint64 until;
    }

    event Locked(address indexed owner, uint256 indexed index, uint256 amount, uint256 until);
    event Released(address indexed owner, uint256 indexed index, uint256 amount);

    error NothingToRelease(address owner, uint256 index);
    error BadLength(uint256 recipients, uint256 amounts);

    mapping(address owner => Lock[]) public locks;

    /// The bytes that the benchmark changes, so that no two are the same code.
    bytes32 public constant edition = 0x5ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea15ea1;

    constructor(IERC20 asset) ERC20("Large", "LARGE") ERC20Permit("Large") ERC4626(asset) {}

    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// Sends to many at once.
    function airdrop(address[] calldata recipients, uint256[] calldata amounts) external {
        if (recipients.length != amounts.length) revert BadLength(recipients.length, amounts.length);
        for (uint256 i = 0; i < recipients.length; ++i) _transfer(_msgSender(), recipients[i], amounts[i]);
    }

    /// Gives `amount` of the sender's shares to `owner`, free in even parts over time.
    function lock(address owner, uint128 amount, uint64 duration) external returns (uint256 index) {
        require(duration > 0 && amount > 0);
        index = locks[owner].length;
        uint64 from = uint64(block.timestamp);
        locks[owner].push(Lock(amount, from, from + duration));
        _transfer(_msgSender(), address(this), amount);
        emit Locked(owner, index, amount, from + duration);
    }

    function releasable(address owner, uint256 index) public view returns (uint256) {
        Lock memory entry = locks[owner][index];
        if (block.timestamp >= entry.until) return entry.amount;
        return Math.mulDiv(entry.amount, block.timestamp - entry.from, entry.until - entry.from);
    }

    function release(uint256 index) external {
        address owner = _msgSender();
        uint256 amount = releasable(owner, index);
        if (amount == 0) revert NothingToRelease(owner, index);
        Lock storage entry = locks[owner][index];
        entry.amount -= uint128(amount);
        entry.from = uint64(Math.min(block.timestamp, entry.until));
        _transfer(address(this), owner, amount);
        emit Released(owner, index, amount);
    }

    /// What a wallet shows, as a data URL.
    function describe(address owner) external view returns (string memory) {
        bytes memory text = abi.encodePacked(
            '{"name":"',
            name(),
            '","symbol":"',
            symbol(),
            '","owner":"',
            owner.toChecksumHexString(),
            '","shares":"',
            balanceOf(owner).toString(),
            '","worth":"',
            convertToAssets(balanceOf(owner)).toString(),
            '","votes":"',
            getVotes(owner).toString(),
            '"}'
        );
        return string.concat("data:application/json;base64,", Base64.encode(text));
    }

    function supportsInterface(bytes4 id) public view override(ERC1363, AccessControlEnumerable) returns (bool) {
        return super.supportsInterface(id);
    }

    function decimals() public view override(ERC20, ERC4626) returns (uint8) {
        return super.decimals();
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Pausable, ERC20Votes) {
        super._update(from, to, value);
    }
}
