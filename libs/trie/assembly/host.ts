// What the machine asks of JavaScript.

/** Writes the branch's record at the path's first `depth` nibbles to `out`, where RECORD_BYTES_MAX fit. Its size; 0: none. */
export declare function readBranch(owner: f64, depth: i32, out: usize): usize;

/** Makes room with `allocate` for the lowest leaf below the path's first `depth` nibbles. Where it is; 0: there is none. */
export declare function readLeaf(owner: f64, depth: i32): usize;

/** Throws what the FAIL_* of `reason` says; `depth` nibbles of the path say where, or (0xff) the key at `key`. */
export declare function fail(reason: i32, depth: i32, key: usize): void;
