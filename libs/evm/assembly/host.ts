// What the machine asks of JavaScript.

/** Fills balance, nonce and code hash of an account entry. 0: no such account, 1: it is there, 2: with storage, -1: not here. */
@external('host', 'loadAccount')
export declare function loadAccount(account: usize): i32;

/** Fills the base value of a slot entry. 0, or -1: not here. */
@external('host', 'loadSlot')
export declare function loadSlot(account: usize, slot: usize): i32;

/** The record of the code with the hash of 32 bytes at `hash`, or 0: not here. */
@external('host', 'loadCode')
export declare function loadCode(hash: usize): usize;

/** Writes the hash (a word) of a block among the last 256. 0, or -1: not here. */
@external('host', 'blockHash')
export declare function blockHash(out: usize, number: u64): i32;

/**
 * Runs a precompile with the gas (i64) at SCRATCH, writes the gas left there, and its output at the address that
 * `reserveOutput` gives. The size of the output, or -1: failed.
 */
@external('host', 'precompile')
export declare function precompile(id: i32, input: usize, size: i32): i32;

/** The code is used enough to be worth compiling. May set CODE_COMPILED. */
@external('host', 'hot')
export declare function hot(code: usize): void;

/** Throws: a table or a memory of the machine is full, as it would be on every machine. */
@external('host', 'exhausted')
export declare function exhausted(): void;

/** Throws: this computer does not give the memory. Others may have it, so nothing may be decided on it. */
@external('host', 'outOfMemory')
export declare function outOfMemory(): void;
