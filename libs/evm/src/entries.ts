// What the entries of the machine's tables have (assembly/tables.ts). Read by TypeScript and by AssemblyScript alike: plain
// constants only.

/** An account: its address (word), balance (word), code hash (32 bytes), nonce (u64). */
export const ADDRESS_OF = 0;
export const BALANCE = 32;
export const CODE_HASH_OF = 64;
export const NONCE = 96;
/** u32 of the flags below. */
export const FLAGS = 104;
/** The next entry by first look. */
export const NEXT = 108;
/** The code record, 0 while nobody has asked for it. */
export const CODE = 112;
/** As the host answered. */
export const BASE_NONCE = 120;
export const BASE_BALANCE = 128;
export const BASE_CODE_HASH = 160;
export const ACCOUNT_BYTES = 192;

/** Flags of accounts; slots have the first two. */
export const LOADED = 1;
export const WARM = 2;
export const BASE_EXISTS = 4;
export const TOUCHED = 8;
export const CREATED = 16;
export const DESTROYED = 32;
export const HAS_STORAGE = 64;
export const CODE_READ = 128;
/** What a transaction's course can depend on: the exact balance, the nonce, whether the account is empty (EIP-161). */
export const BALANCE_READ = 256;
export const NONCE_READ = 512;
export const EMPTY_READ = 1024;

/** A slot: its account, flags, the next entry by first look; key, value and what the host answered (words). */
export const SLOT_ACCOUNT = 0;
export const SLOT_FLAGS = 4;
export const SLOT_NEXT = 8;
export const SLOT_HASH = 12;
export const SLOT_KEY = 16;
export const SLOT_VALUE = 48;
export const SLOT_BASE = 80;
export const SLOT_BYTES = 112;
/** A transient slot has no base. */
export const TRANSIENT_BYTES = 80;

/** A log: its account, how many topics, bytes of data; topics (words) and then the data follow. */
export const LOG_ACCOUNT = 0;
export const LOG_TOPICS = 4;
export const LOG_DATA_SIZE = 8;
export const LOG_HEADER = 16;
