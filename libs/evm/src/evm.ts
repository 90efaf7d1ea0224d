import { ChainError, type Address, type Hash32 } from '@sheaf/primitives';
import { CompiledContracts } from './compiled-contracts.ts';
import { readCode, readEffects, readView } from './effects.ts';
import { ADDRESS_OF, BALANCE, CODE_HASH_OF, NONCE, SLOT_BASE, SLOT_KEY } from './entries.ts';
import * as layout from './layout.ts';
import { openMachine, type Machine, type MachineExports } from './machine.ts';
import type { MachineMemory } from './machine-memory.ts';
import { MissingState } from './missing-state.ts';
import {
  notHere,
  type AccountView,
  type BlockEnvironment,
  type Checkpoint,
  type Evm,
  type EvmOptions,
  type EvmStats,
  type Fork,
  type HaltReason,
  type Host,
  type Message,
  type MessageResult,
  type MissingKey,
  type TransactionEffects,
  type TransactionEnvironment,
} from './ports.ts';
import { createPrecompiles, type Precompiles } from './precompiles/index.ts';

/** Gas interpreted on a code after which it is worth compiling: some milliseconds of interpretation. */
const heatGas = 1_000_000n;
const gasMax = 2n ** 63n - 1n;
const wordMax = 2n ** 256n - 1n;

const { SCRATCH } = layout;

const haltReasons: Record<number, HaltReason> = {
  [layout.OUT_OF_GAS]: 'OUT_OF_GAS',
  [layout.STACK_UNDERFLOW]: 'STACK_UNDERFLOW',
  [layout.STACK_OVERFLOW]: 'STACK_OVERFLOW',
  [layout.INVALID_JUMP]: 'INVALID_JUMP',
  [layout.INVALID_OPCODE]: 'INVALID_OPCODE',
  [layout.STATIC_STATE_CHANGE]: 'STATIC_STATE_CHANGE',
  [layout.RETURN_DATA_OUT_OF_BOUNDS]: 'RETURN_DATA_OUT_OF_BOUNDS',
  [layout.CREATE_COLLISION]: 'CREATE_COLLISION',
  [layout.CODE_TOO_LARGE]: 'CODE_TOO_LARGE',
  [layout.CODE_STARTS_WITH_EF]: 'CODE_STARTS_WITH_EF',
  [layout.INSUFFICIENT_BALANCE]: 'INSUFFICIENT_BALANCE',
  [layout.PRECOMPILE_FAILED]: 'PRECOMPILE_FAILED',
};

/** An engine of its own, in one thread. Takes some milliseconds; warm it with a few transactions for full speed. */
export function createEvm(options: EvmOptions): Evm {
  return new MachineEvm(options);
}

class MachineEvm implements Evm {
  readonly fork: Fork;
  readonly #machine: Machine;
  readonly #exports: MachineExports;
  readonly #memory: MachineMemory;
  readonly #contracts: CompiledContracts;
  readonly #precompiles: Precompiles;
  readonly #addressBytes = new Uint8Array(20);
  readonly #slotBytes = new Uint8Array(32);
  readonly #hashBytes = new Uint8Array(32);
  readonly #checkpoints: { journal: number; logs: number; refund: bigint }[] = [];
  #host: Host | undefined;
  /** The block whose words the machine has: most transactions share it with the one before. */
  #block: BlockEnvironment | undefined;
  #missing: MissingKey[] = [];
  /** What the host has answered in this transaction: it is asked once for each. */
  readonly #blockHashes = new Map<bigint, Uint8Array | undefined>();

  constructor({ fork, chainId, mode = 'both' }: EvmOptions) {
    this.fork = fork;
    this.#machine = openMachine(fork, {
      loadAccount: (account) => this.#loadAccount(account),
      loadSlot: (account, slot) => this.#loadSlot(account, slot),
      loadCode: (hash) => this.#loadCode(hash),
      blockHash: (out, number) => this.#blockHash(out, number),
      precompile: (id, input, size) => this.#precompile(id, input, size),
      hot: (code) => this.#contracts.hot(code),
      outOfMemory: () => {
        throw new Error('this machine has no memory for the EVM');
      },
      exhausted: () => {
        throw new ChainError({ code: 'LIMIT', message: 'the EVM has used up its memory', retryAfterMs: 0 });
      },
    });
    this.#exports = this.#machine.exports;
    this.#memory = this.#machine.memory;
    this.#contracts = new CompiledContracts(this.#machine, fork, mode);
    this.#precompiles = createPrecompiles(fork);
    this.#memory.setWord(layout.CHAIN_ID, chainId);
    this.#exports.setHeat(mode === 'compiler' ? 0n : mode === 'both' ? heatGas : gasMax);
  }

  begin(host: Host, block: BlockEnvironment, transaction: TransactionEnvironment): void {
    this.#host = host;
    this.#missing = [];
    this.#checkpoints.length = 0;
    this.#blockHashes.clear();
    // The machine first: it may renew the arena, and what is known of records of the old one must not be written to.
    this.#exports.begin();
    this.#contracts.begin();
    const memory = this.#memory;
    memory.setHex(layout.ORIGIN, transaction.origin);
    memory.setWord(layout.GAS_PRICE, transaction.gasPrice);
    this.#setBlobHashes(transaction.blobVersionedHashes);
    if (block !== this.#block) this.#setBlock(block);
  }

  #setBlock(block: BlockEnvironment): void {
    const memory = this.#memory;
    this.#block = block;
    memory.setHex(layout.COINBASE, block.coinbase);
    memory.setWord(layout.NUMBER, block.number);
    memory.setWord(layout.TIMESTAMP, block.timestamp);
    memory.setHex(layout.PREV_RANDAO, block.prevRandao);
    memory.setWord(layout.GAS_LIMIT, block.gasLimit);
    memory.setWord(layout.BASE_FEE, block.baseFeePerGas);
    memory.setWord(layout.BLOB_BASE_FEE, block.blobBaseFee);
  }

  #setBlobHashes(hashes: readonly Hash32[]): void {
    const memory = this.#memory;
    memory.setU32(layout.BLOB_HASH_COUNT, hashes.length);
    if (hashes.length === 0) return;
    const record = this.#exports.newTransactionRecord(hashes.length * 32);
    const at = memory.u32(record + layout.CODE_BYTES);
    memory.setU32(layout.BLOB_HASHES, at);
    for (const [n, hash] of hashes.entries()) memory.setHex(at + n * 32, hash);
  }

  warmAddress(address: Address): void {
    this.#memory.setHex(SCRATCH, address);
    this.#exports.warmAccount();
  }

  warmSlot(address: Address, slot: Hash32): void {
    this.#memory.setHex(SCRATCH, address);
    this.#memory.setHex(SCRATCH + 32, slot);
    this.#exports.warmSlot();
  }

  account(address: Address): AccountView {
    const account = this.#accountHere(address);
    this.#exports.observe(account);
    return readView(this.#memory, account);
  }

  isLoaded(address: Address): boolean {
    this.#memory.setHex(SCRATCH, address);
    return this.#exports.isLoaded() !== 0;
  }

  code(address: Address): Uint8Array {
    const record = this.#exports.codeHere(this.#accountHere(address));
    if (record === 0) throw this.#missingState();
    return readCode(this.#memory, record);
  }

  addBalance(address: Address, wei: bigint): void {
    const account = this.#accountHere(address);
    // What is taken must be there.
    if (wei < 0n) this.#exports.observeBalance(account);
    const balance = this.#memory.word(account + BALANCE) + wei;
    if (balance < 0n || balance > wordMax) throw new RangeError(`balance of ${address} would be ${balance}`);
    this.#memory.setWord(SCRATCH + 32, balance);
    this.#exports.setBalance(account);
  }

  setNonce(address: Address, nonce: bigint): void {
    this.#exports.setNonce(this.#accountHere(address), nonce);
  }

  setCode(address: Address, code: Uint8Array): void {
    const account = this.#accountHere(address);
    this.#exports.setCode(
      account,
      code.length === 0 ? 0 : this.#fillRecord(this.#exports.newTransactionRecord(code.length), code),
    );
  }

  /** Copies the code into its record and hashes it. */
  #fillRecord(record: number, code: Uint8Array): number {
    const at = this.#memory.u32(record + layout.CODE_BYTES);
    this.#memory.bytes.set(code, at);
    this.#exports.hashKeccak(record + layout.CODE_HASH, at, code.length);
    this.#exports.analyze(record);
    return record;
  }

  setSlot(address: Address, slot: Hash32, value: Uint8Array): void {
    const account = this.#accountHere(address);
    this.#memory.setHex(SCRATCH + 32, slot);
    this.#memory.setReversed(SCRATCH + 64, value);
    if (this.#exports.setSlot(account) < 0) throw this.#missingState();
  }

  addRefund(gas: bigint): void {
    this.#memory.setU64(layout.REFUND, this.#memory.u64(layout.REFUND) + gas);
  }

  refund(): bigint {
    return this.#memory.u64(layout.REFUND);
  }

  checkpoint(): Checkpoint {
    const { journalMark, getLogCount } = this.#exports;
    return this.#checkpoints.push({ journal: journalMark(), logs: getLogCount(), refund: this.refund() }) - 1;
  }

  revert(to: Checkpoint): void {
    const { journal, logs, refund } = this.#checkpoints[to]!;
    this.#checkpoints.length = to;
    this.#exports.revertTo(journal, logs, refund);
  }

  run(message: Message): MessageResult {
    const memory = this.#memory;
    const { data, gas } = message;
    if (gas < 0n || gas > gasMax) throw new RangeError(`gas ${gas} is not within 0 and 2^63-1`);
    const input = this.#exports.prepare(data.length);
    memory.bytes.set(data, input);
    memory.setHex(SCRATCH, message.caller);
    memory.setWord(SCRATCH + 64, message.value);
    if (message.to !== undefined) memory.setHex(SCRATCH + 32, message.to);
    const status =
      message.to === undefined
        ? this.#exports.runCreate(gas, data.length, message.nonce ?? 0n)
        : this.#exports.runCall(gas, data.length);
    if (status !== layout.CONTINUE) return { status: 'missing', keys: this.#missing };
    return this.#result(message.to === undefined);
  }

  #result(creates: boolean): MessageResult {
    const memory = this.#memory;
    const gasLeft = memory.u64(layout.FRAME_GAS);
    const outcome = this.#exports.getLastStatus();
    if (outcome === layout.RETURNED) {
      const created = creates ? memory.address(memory.u32(layout.FRAME_SP) - 32) : undefined;
      const output = creates ? this.#deployedCode(created!) : this.#returnData();
      return { status: 'success', output, gasLeft, created };
    }
    if (outcome === layout.REVERTED) return { status: 'revert', output: this.#returnData(), gasLeft };
    return { status: 'halt', reason: haltReasons[outcome] ?? 'INVALID_OPCODE' };
  }

  #deployedCode(created: Address): Uint8Array {
    return readCode(this.#memory, this.#exports.codeHere(this.#accountHere(created)));
  }

  #returnData(): Uint8Array {
    return this.#memory.slice(this.#memory.u32(layout.RETURN_DATA), this.#memory.u32(layout.RETURN_DATA_SIZE));
  }

  finish(): TransactionEffects {
    // A host may hold all of a block: it must not live until the next transaction.
    this.#host = undefined;
    return readEffects(this.#machine);
  }

  compilePending(bytesMax: number): number {
    return this.#contracts.compilePending(bytesMax);
  }

  stats(): EvmStats {
    return {
      ...this.#contracts.stats,
      loadedCodes: this.#exports.codeCount(),
      memoryBytes: this.#memory.memory.buffer.byteLength,
    };
  }

  /** The loaded entry. @throws MissingState */
  #accountHere(address: Address): number {
    this.#memory.setHex(SCRATCH, address);
    const account = this.#exports.accountHere();
    if (account === 0) throw this.#missingState();
    return account;
  }

  #missingState(): MissingState {
    return new MissingState(this.#missing);
  }

  // What the machine asks for.

  #loadAccount(entry: number): number {
    const memory = this.#memory;
    memory.reversedInto(this.#addressBytes, entry + ADDRESS_OF, 20);
    const account = this.#host!.account(this.#addressBytes);
    if (account === undefined) return 0;
    if (account === notHere) {
      this.#missing.push({ kind: 'account', address: memory.address(entry + ADDRESS_OF) });
      return -1;
    }
    memory.setWord(entry + BALANCE, account.balance);
    memory.setU64(entry + NONCE, account.nonce);
    memory.bytes.set(account.codeHash, entry + CODE_HASH_OF);
    return account.hasStorage ? 2 : 1;
  }

  #loadSlot(account: number, entry: number): number {
    const memory = this.#memory;
    memory.reversedInto(this.#addressBytes, account + ADDRESS_OF, 20);
    memory.reversedInto(this.#slotBytes, entry + SLOT_KEY, 32);
    const value = this.#host!.storage(this.#addressBytes, this.#slotBytes);
    if (value === notHere) {
      const address = memory.address(account + ADDRESS_OF);
      this.#missing.push({ kind: 'slot', address, slot: memory.hash(entry + SLOT_KEY) });
      return -1;
    }
    if (value !== undefined) memory.setReversed(entry + SLOT_BASE, value);
    return 0;
  }

  #loadCode(hash: number): number {
    const { bytes } = this.#memory;
    this.#hashBytes.set(bytes.subarray(hash, hash + 32));
    const code = this.#host!.code(this.#hashBytes);
    const codeHash = this.#hexOfHash();
    if (code === notHere) {
      this.#missing.push({ kind: 'code', codeHash });
      return 0;
    }
    const record = this.#exports.newRecord(code.length);
    this.#memory.bytes.set(code, this.#memory.u32(record + layout.CODE_BYTES));
    this.#memory.bytes.set(this.#hashBytes, record + layout.CODE_HASH);
    this.#exports.analyze(record);
    this.#contracts.loaded(codeHash, record);
    return record;
  }

  #hexOfHash(): Hash32 {
    let hex = '0x';
    for (const byte of this.#hashBytes) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
    return hex as Hash32;
  }

  #blockHash(out: number, number: bigint): number {
    let hash = this.#blockHashes.get(number);
    if (hash === undefined && !this.#blockHashes.has(number)) {
      const answer = this.#host!.blockHash(number);
      if (answer === notHere) {
        this.#missing.push({ kind: 'blockHash', number });
        return -1;
      }
      hash = answer?.slice();
      this.#blockHashes.set(number, hash);
    }
    this.#memory.setReversed(out, hash ?? new Uint8Array(32));
    return 0;
  }

  #precompile(id: number, input: number, size: number): number {
    const gas = this.#memory.u64(SCRATCH);
    const result = this.#precompiles.run(id, this.#memory.slice(input, size), gas);
    if (result === undefined || result.gasUsed > gas) return -1;
    const { output, gasUsed } = result;
    this.#memory.setU64(SCRATCH, gas - gasUsed);
    const at = this.#exports.reserveOutput(output.length);
    this.#memory.bytes.set(output, at);
    return output.length;
  }
}
