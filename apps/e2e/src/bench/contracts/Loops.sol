// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// Each contract of this file has one function: n rounds of one thing. It gives a value that depends on every round, so
/// that no engine can leave one out, and the gas that the rounds took as the EVM itself saw it.

contract AddLoop {
    function run(uint256 n) external view returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        for (uint256 i = 0; i < n; ++i) result += i;
        gasUsed = before - gasleft();
    }
}

contract MulmodLoop {
    /// The order of secp256k1's field: a modulus with its high bits set.
    uint256 private constant P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;

    function run(uint256 n) external view returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        result = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
        for (uint256 i = 0; i < n; ++i) result = mulmod(result, result ^ i, P);
        gasUsed = before - gasleft();
    }
}

contract KeccakLoop {
    function run(uint256 n) external view returns (bytes32 result, uint256 gasUsed) {
        uint256 before = gasleft();
        uint256 free;
        assembly {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < n; ++i) {
            result = keccak256(abi.encode(result, i));
            // Solidity frees nothing: without this the price of memory, which grows with the square, would be measured.
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
        gasUsed = before - gasleft();
    }
}

contract MemoryCopyLoop {
    /// A round copies 1 KiB to a place which overlaps it, and changes one word.
    function run(uint256 n) external view returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        bytes memory room = new bytes(2048);
        for (uint256 i = 0; i < n; ++i) {
            assembly ("memory-safe") {
                let from := add(room, 32)
                mstore(add(from, and(i, 0x3ff)), add(result, i))
                mcopy(add(from, 33), from, 1024)
                result := mload(add(from, 1025))
            }
        }
        gasUsed = before - gasleft();
    }
}

contract StorageLoop {
    uint256[64] private values;

    function run(uint256 n) external returns (uint256 result, uint256 gasUsed) {
        uint256 before = gasleft();
        for (uint256 i = 0; i < n; ++i) {
            unchecked {
                result += values[i & 63];
                values[i & 63] = result + 1;
            }
        }
        gasUsed = before - gasleft();
    }
}

contract Sha256Loop {
    function run(uint256 n) external view returns (bytes32 result, uint256 gasUsed) {
        uint256 before = gasleft();
        uint256 free;
        assembly {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < n; ++i) {
            result = sha256(abi.encode(result, i));
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
        gasUsed = before - gasleft();
    }
}
