// Where the machine's records have their fields, in bytes. Read by TypeScript and by AssemblyScript alike: plain
// constants only. Numbers in linear memory are little-endian; paths are packed two nibbles a byte, the high one first.

/** A trie of the forest, or the part of one below a position, as TypeScript writes it and finds it after the commit. */
export const BATCH_BYTES = 160;
/** f64. */
export const BATCH_OWNER = 0;
/** u32: its changes, leaves one after the other, from the first to behind the last. */
export const BATCH_FIRST = 8;
export const BATCH_END = 12;
/** u32: nibbles of the position, and from BATCH_POSITION on they themselves, one a byte. */
export const BATCH_DEPTH = 16;
/** u32, afterwards: one of the next three. */
export const BATCH_TOP = 20;
export const TOP_EMPTY = 0;
export const TOP_LEAF = 1;
export const TOP_BRANCH = 2;
/** u32, afterwards: the leaf, or the branch's record, whose size is at BATCH_RECORD_SIZE. */
export const BATCH_NODE = 24;
export const BATCH_RECORD_SIZE = 28;
/** 32 bytes, afterwards. */
export const BATCH_ROOT = 32;
export const BATCH_POSITION = 64;

/** A change, or a leaf that the source gave. */
export const LEAF_BYTES = 64;
/** 32 bytes. */
export const LEAF_KEY = 0;
/** u32: where its value is, and its size; 0: it is deleted. */
export const LEAF_VALUE = 32;
export const LEAF_SIZE = 36;
/** u32: 1 when the trie had the key before. */
export const LEAF_EXISTED = 40;
/** u32: where its reference goes, the branch that has it (0: none), and the next leaf to hash. */
export const LEAF_TARGET = 44;
export const LEAF_PARENT = 48;
export const LEAF_NEXT = 52;
/** u16: its bit in the branch's masks. */
export const LEAF_BIT = 56;
/** u8: nibbles above its own path. */
export const LEAF_DEPTH = 58;

/** What the commit made: u32 each. */
export const RESULT_DIFF = 0;
export const RESULT_DIFF_END = 4;
/** What has the records as they are afterwards, among other things. */
export const RESULT_RECORDS = 8;
export const RESULT_RECORDS_END = 12;
/** Rows of the branches that changed, in the order of the diff. */
export const RESULT_ROWS = 16;
export const RESULT_ROWS_END = 20;

/** A branch that changed: u32 each. */
export const ROW_BYTES = 16;
/** The batch. */
export const ROW_BATCH = 0;
/** Where its position is, in the diff. */
export const ROW_POSITION = 4;
/** Where its record is. */
export const ROW_RECORD = 8;
/** Nibbles of the position, times 65,536, and bytes of the record; 0: there is none. */
export const ROW_SIZES = 12;

/** The largest record: 63 nibbles above 16 children. */
export const RECORD_BYTES_MAX = 551;

/** Why a commit stops: what `host.fail` is told. */
export const FAIL_BRANCH_MISSING = 1;
export const FAIL_LEAF_MISSING = 2;
export const FAIL_RECORD = 3;
export const FAIL_LEAF_ELSEWHERE = 4;
/** A change has the wrong `existed`. */
export const FAIL_EXISTED = 5;
export const FAIL_MEMORY = 6;
