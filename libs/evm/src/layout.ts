// Where things are in the machine's linear memory. Read by TypeScript and by AssemblyScript alike: plain constants only.
//
//   0x00000400  the current frame       what the running contract works on; saved to FRAMES while a callee runs
//   0x00000600  the transaction         words that every frame sees
//   0x00001000  scratch                 exchange with JavaScript
//   0x00008000  static data             AssemblyScript's own; opcode table; keccak memo
//   0x00200000  FRAMES                  1025 saved frames
//   0x00300000  STACKS                  1025 stacks, one after the other, each beginning where its caller's ends
//   0x02400000  CODES                   codes with their jump tables, kept between transactions
//   0x06400000  HEAP                    accounts, slots, journal, logs of one transaction; a bump, reset by `begin`
//   0x1e400000  OVERFLOWN_CODES         codes that the full arena did not take, until the transaction ends
//   0x3e400000  MEMORIES                memories of the frames, one after the other
//
// A word on the stack or in a table is 32 bytes as four little-endian 64-bit limbs, the lowest first. EVM memory, call
// data and code are bytes as Ethereum has them (big-endian words).

export const FRAME = 0x400;
export const FRAME_SIZE = 256;
/** i64: gas left. */
export const FRAME_GAS = 0x400;
/** i32: the address behind the top of the stack: the top word is at SP - 32. */
export const FRAME_SP = 0x408;
/** i32: where this frame's stack begins. */
export const FRAME_STACK = 0x40c;
/** i32: where this frame's memory begins. */
export const FRAME_MEMORY = 0x410;
/** i32: its size in bytes, a multiple of 32. */
export const FRAME_MEMORY_SIZE = 0x414;
/** i32: offset in the code of the next instruction to interpret. */
export const FRAME_PC = 0x418;
/** i32: where compiled code goes on when it is called again; 0 at the start. */
export const FRAME_ENTRY = 0x41c;
/** i32: the code record. */
export const FRAME_CODE = 0x420;
/** i32: call data. */
export const FRAME_INPUT = 0x424;
/** i32: its size in bytes. */
export const FRAME_INPUT_SIZE = 0x428;
/** i32: bits of FLAG_*. */
export const FRAME_FLAGS = 0x42c;
/** i32: offset in the caller's memory for the output, and its size. */
export const FRAME_RETURN_OFFSET = 0x430;
export const FRAME_RETURN_SIZE = 0x434;
/** i32: the account whose storage and address this frame has. */
export const FRAME_ACCOUNT = 0x438;
/** i32: journal, log count and (i64) refund to go back to. */
export const FRAME_JOURNAL = 0x43c;
export const FRAME_LOGS = 0x440;
/** i32: run by the interpreter to its end. */
export const FRAME_INTERPRETED = 0x444;
export const FRAME_REFUND = 0x448;
/** i64: gas it began with. */
export const FRAME_GAS_START = 0x450;
/** Words. */
export const FRAME_ADDRESS = 0x460;
export const FRAME_CALLER = 0x480;
export const FRAME_VALUE = 0x4a0;

export const FLAG_STATIC = 1;
export const FLAG_CREATE = 2;

/** i32: return data of the last call of the current frame. */
export const RETURN_DATA = 0x600;
export const RETURN_DATA_SIZE = 0x604;
/** i32: what RETURN or REVERT gives. */
export const OUTPUT = 0x608;
export const OUTPUT_SIZE = 0x60c;
/** i32: frames that wait for a callee. */
export const DEPTH = 0x610;
/** i64. */
export const REFUND = 0x618;
/** i32: blob hashes (words), and how many. */
export const BLOB_HASHES = 0x620;
export const BLOB_HASH_COUNT = 0x624;
/** Words. */
export const ORIGIN = 0x640;
export const GAS_PRICE = 0x660;
export const COINBASE = 0x680;
export const TIMESTAMP = 0x6a0;
export const NUMBER = 0x6c0;
export const PREV_RANDAO = 0x6e0;
export const GAS_LIMIT = 0x700;
export const CHAIN_ID = 0x720;
export const BASE_FEE = 0x740;
export const BLOB_BASE_FEE = 0x760;

/** 4 KiB for arguments and results of calls between the machine and JavaScript. */
export const SCRATCH = 0x1000;
/** AssemblyScript's static data begins here. */
export const STATIC_DATA = 0x8000;
/** 256 entries of 8 bytes: gas (u32), least stack in bytes (u16), most stack in bytes over 32 (u16); see opcodes.ts. */
export const OPCODES = 0x20000;
/** Direct-mapped memo of keccak256 of 64 bytes: entries of 96 bytes. */
export const KECCAK_MEMO = 0x100000;
export const KECCAK_MEMO_ENTRIES = 8192;

export const FRAMES = 0x200000;
export const STACKS = 0x300000;
export const STACK_BYTES = 32768;
export const CODES = 0x2400000;
export const HEAP = 0x6400000;
/**
 * 384 MiB for tables and 512 MiB for codes, which is more than EIP-7825's 16,777,216 gas can look at (6,700 codes of
 * 24 KiB with their jump tables). What a transaction may use of either does not depend on what ran before.
 */
export const OVERFLOWN_CODES = 0x1e400000;
export const MEMORIES = 0x3e400000;
/** The machine's linear memory never grows beyond this. */
export const MEMORY_END = 0x80000000;

/** A code record: fields, then the bytes with 33 zero bytes behind them, then the jump table. */
export const CODE_SIZE = 0;
/** i32: address of the bytes. */
export const CODE_BYTES = 4;
/** i32: address of the jump table: a u16 for each byte, n for the n-th JUMPDEST (from 1), 0 where none is; saturates. */
export const CODE_JUMPS = 8;
/** i32: index of the compiled `run` in the machine's table, or 0. */
export const CODE_COMPILED = 12;
/** i64: gas that the interpreter has used on it. */
export const CODE_HEAT = 16;
/** i32: 1 when JavaScript has been told that it is hot. */
export const CODE_REPORTED = 24;
/** i32: address of the account a delegation designator points to is at bytes + 3 when this is 1 (EIP-7702). */
export const CODE_DELEGATION = 28;
/** 32 bytes: keccak256 of the code. */
export const CODE_HASH = 32;
/** i32: 1 when compiled code of it has run since the cache last looked. */
export const CODE_USED = 64;
export const CODE_HEADER = 96;

/** What an instruction or a run of compiled code ends with. */
export const CONTINUE = 0;
export const RETURNED = 1;
export const REVERTED = 2;
/** A callee's frame has been made: the driver goes on with it. */
export const CALLED = 3;
/** Interpret the frame from FRAME_PC to its end. */
export const INTERPRET = 4;
export const OUT_OF_GAS = 16;
export const STACK_UNDERFLOW = 17;
export const STACK_OVERFLOW = 18;
export const INVALID_JUMP = 19;
export const INVALID_OPCODE = 20;
export const STATIC_STATE_CHANGE = 21;
export const RETURN_DATA_OUT_OF_BOUNDS = 22;
export const CREATE_COLLISION = 23;
export const CODE_TOO_LARGE = 24;
export const CODE_STARTS_WITH_EF = 25;
export const INSUFFICIENT_BALANCE = 27;
export const PRECOMPILE_FAILED = 28;
/** The host does not have a key: the whole transaction is void. */
export const MISSING = 64;
/** The machine's memory is full: no limit of Ethereum's, so the whole transaction is void. */
export const EXHAUSTED = 65;
