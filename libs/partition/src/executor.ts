import {
  MissingState,
  notHere,
  type AccountEffect,
  type BlockEnvironment,
  type Evm,
  type Host,
  type HostAccount,
  type TransactionEffects,
} from '@sheaf/evm';
import { ChainError, bytesToHex, equalBytes, hexToBytes, pooledCopy, type Hash32 } from '@sheaf/primitives';
import { ByteMap, emptyCodeHashBytes, isEmptyCode, type StateReader } from '@sheaf/state';
import { gasPerBlob } from '@sheaf/ethereum';
import {
  applyTransaction,
  BlockHashes,
  depositRequests,
  dropReasons,
  runSystemCall,
  type ForkRules,
} from '@sheaf/state-transition';
import type { BlockReader } from './block-reader.ts';
import {
  accountAt,
  lastWipe,
  slotAt,
  slotCell,
  type AccountCell,
  type SlotCell,
  type VersionedMemory,
} from './memory.ts';
import {
  ALL_READ,
  BALANCE_READ,
  BALANCE_WRITE,
  CODE_READ,
  CODE_WRITE,
  NONCE_READ,
  NONCE_WRITE,
  SLOT_READ,
  SLOT_WRITE,
  type AccountAccess,
  type Applied,
  type PositionRun,
  type SlotAccess,
  type StepOutcome,
} from './position-run.ts';
import { partitionLimits } from './limits.ts';
import { insert, latestBelow, withdraw } from './versions.ts';

/** What a step needs and nobody here has. */
export type Wanted =
  | { kind: 'account'; cell: AccountCell }
  | { kind: 'slot'; cell: AccountCell; slot: Uint8Array; slotCell: SlotCell }
  | { kind: 'code'; cell: AccountCell; codeHash: Uint8Array };

export interface ExecutorOptions {
  evm: Evm;
  rules: ForkRules;
  environment: BlockEnvironment;
  reader: BlockReader;
  memory: VersionedMemory;
  /** The accounts that this member owns, before the block. */
  state: StateReader;
  member: number;
  /** Codes by their hash, also of blocks before. */
  codes: ByteMap<Uint8Array>;
}

const weiPerGwei = 1_000_000_000n;
const zeroWord = new Uint8Array(32);
/** Of the slots that were asked for, how many are looked at before the one that was written is looked up. */
const lookedAtFirst = 8;

/** Ends a run that lacks something. One for all: the trace that an error takes would cost more than the run. */
const lacking = new MissingState([]);

/**
 * What a slot is taken to be: enough for whoever wants to take something from it, also in each of the smaller numbers that may be
 * packed in it; too little to overflow in a sum; false as a flag in the lowest byte.
 */
const guess = Uint8Array.from({ length: 32 }, (_, index) => (index >= 4 && index % 4 === 1 ? 1 : 0));

/** Runs steps over the versioned memory of one member. What a run leaves is in the memory when `run` returns it. */
export class Executor {
  /** The last run of each position, of those that ran here. */
  readonly runs: (PositionRun | undefined)[] = [];
  /** The round that is running; from the second on, other members' versions count. */
  round = 1;
  /** Positions for which the block has no gas left. */
  readonly withoutGas = new Set<number>();
  readonly #options: ExecutorOptions;
  readonly #host: PositionHost;
  readonly #coinbase: AccountCell;
  #scouting = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#host = new PositionHost(options, this);
    this.#coinbase = options.memory.cell(hexToBytes(options.environment.coinbase));
  }

  /** Its run, of which the memory has what it left; or what it lacks, and nothing has changed. */
  run(position: number): PositionRun | Wanted[] {
    const host = this.#host;
    host.begin(position);
    const before = this.runs[position];
    if (before !== undefined) this.withdraw(before);
    try {
      const run = this.#step(position);
      // A list that has grown has room for many more, and is kept until the block is decided.
      run.accounts = run.accounts.slice();
      run.slots = run.slots.slice();
      this.runs[position] = run;
      return run;
    } catch (error) {
      if (error instanceof MissingState && host.wanted.length > 0) return host.wanted;
      throw error;
    }
  }

  /** What the last run looked at that is known here, also when it lacks more. */
  looked(): { accounts: readonly AccountAccess[]; slots: readonly SlotAccess[] } {
    const { accounts, slots } = this.#host;
    return { accounts, slots };
  }

  /** Runs another member's position, for `looked` alone: nothing is left of it. What it lacks. */
  scout(position: number): readonly Wanted[] {
    this.#host.begin(position);
    this.#scouting = true;
    try {
      this.#step(position);
    } catch (error) {
      if (!(error instanceof MissingState)) throw error;
    } finally {
      this.#scouting = false;
    }
    return this.#host.wanted;
  }

  /** No run counts any more. */
  forget(): void {
    this.runs.length = 0;
    this.#host.begin(0);
  }

  /** Takes what the run left out of the memory. */
  withdraw({ position, accounts, slots }: PositionRun): void {
    for (const { cell, mask } of accounts) {
      if ((mask & CODE_WRITE) !== 0) withdraw(cell.codes, position);
      if ((mask & NONCE_WRITE) !== 0) withdraw(cell.nonces, position);
      if ((mask & BALANCE_WRITE) !== 0) cell.credits.withdraw(position);
    }
    for (const { cell, mask } of slots) if ((mask & SLOT_WRITE) !== 0) withdraw(cell.versions, position);
    this.runs[position] = undefined;
  }

  /** Whether the run saw what the position would see now. */
  upToDate({ position, accounts, slots }: PositionRun): boolean {
    for (const { cell, mask, code, nonce, credits, sum } of accounts) {
      if ((mask & CODE_READ) !== 0 && latestBelow(cell.codes, position) !== code) return false;
      if ((mask & NONCE_READ) !== 0 && latestBelow(cell.nonces, position) !== nonce) return false;
      if ((mask & BALANCE_READ) === 0) continue;
      const count = cell.credits.countBelow(position);
      if (count !== credits || cell.credits.sum(count) !== sum) return false;
    }
    for (const { cell, mask, version } of slots) {
      if ((mask & SLOT_READ) !== 0 && latestBelow(cell.versions, position) !== version) return false;
    }
    return true;
  }

  #step(position: number): PositionRun {
    const step = this.#options.reader.steps[position]!;
    switch (step.kind) {
      case 'system': {
        const { evm, environment } = this.#options;
        const { result, effects } = runSystemCall(evm, this.#host, environment, step.to, step.data);
        const output = result.status === 'success' ? result.output : undefined;
        return this.#record({ kind: 'system', output, status: result.status }, effects, 0n);
      }
      case 'withdrawals':
        return this.#withdraw();
      case 'transaction':
        return this.#transaction(position);
    }
  }

  #withdraw(): PositionRun {
    const run = this.#record({ kind: 'withdrawals' }, undefined, 0n);
    for (const { address, amountGwei } of this.#options.reader.task.withdrawals) {
      const cell = this.#options.memory.cell(hexToBytes(address));
      this.#credit(run, cell, amountGwei * weiPerGwei);
    }
    return run;
  }

  #transaction(position: number): PositionRun {
    const { evm, rules, environment, reader } = this.#options;
    const read = reader.transaction(position)!;
    const drop = (hash: Hash32, reason: StepOutcome & { kind: 'dropped' }) =>
      this.#record({ ...reason, hash }, undefined, 0n);
    if (read.transaction === undefined) {
      const { hash, reason } = read;
      return drop(hash, { kind: 'dropped', hash, reason, cause: undefined, gasLimit: undefined });
    }
    const { transaction, sender } = read;
    const { hash, gasLimit } = transaction;
    const place = {
      rules,
      environment,
      gasLeft: this.withoutGas.has(position) ? gasLimit - 1n : environment.gasLimit,
      blobGasLeft: gasPerBlob * BigInt(rules.blobs.max),
      feeApart: true,
    };
    const outcome = applyTransaction(evm, this.#host, place, transaction, sender);
    switch (outcome.status) {
      case 'missing':
        throw lacking;
      case 'invalid': {
        const reason = dropReasons[outcome.reason];
        return this.#record({ kind: 'dropped', hash, reason, cause: undefined, gasLimit }, undefined, 0n);
      }
      case 'exhausted': {
        const { cause, effects } = outcome;
        return this.#record({ kind: 'dropped', hash, reason: 'UNSUPPORTED', cause, gasLimit }, undefined, 0n, effects);
      }
      case 'included': {
        const { effects } = outcome;
        if (rules.prague && depositRequests(outcome.logs) === undefined) {
          const cause = 'a deposit event has another layout';
          return this.#record(
            { kind: 'dropped', hash, reason: 'UNSUPPORTED', cause, gasLimit },
            undefined,
            0n,
            effects,
          );
        }
        const { type, to } = transaction;
        const included = {
          kind: 'included' as const,
          transaction: { hash, type, to, gasLimit },
          sender,
          applied: appliedOf(outcome),
        };
        const run = this.#record(included, effects, outcome.gasUsed);
        this.#credit(run, this.#coinbase, outcome.feeApart);
        return run;
      }
    }
  }

  /** Something for an account that the run has not looked at otherwise, or has. */
  #credit(run: PositionRun, cell: AccountCell, wei: bigint): void {
    const { position, round } = run;
    const access = this.#host.accessTo(cell);
    if (wei === 0n) return;
    access.mask |= BALANCE_WRITE;
    const before = cell.credits.list()[cell.credits.countBelow(position)];
    const delta = before?.position === position ? before.delta + wei : wei;
    cell.credits.put({ position, round, delta });
  }

  /** The run as its reads and effects say, its effects in the memory. `readsOf`: effects of which only the reads count. */
  #record(
    outcome: StepOutcome,
    effects: TransactionEffects | undefined,
    gas: bigint,
    readsOf?: TransactionEffects,
  ): PositionRun {
    const host = this.#host;
    // It went on with a guess to find out what else it needs: what it did counts for nothing.
    if (host.wanted.length > 0 || this.#scouting) throw lacking;
    const run: PositionRun = {
      position: host.position,
      round: this.round,
      outcome,
      accounts: host.accounts,
      slots: host.slots,
      codeReads: host.takeCodeReads(effects ?? readsOf),
      ancestors: host.ancestors,
      gas,
    };
    if (effects === undefined) {
      for (const access of run.accounts) access.mask = ALL_READ;
      return run;
    }
    const gone: Uint8Array[] = [];
    // Both are mostly in the order in which the host was asked: looked at before they are looked up.
    let next = 0;
    for (const effect of effects.accounts) {
      const asked = host.accounts[next];
      const found = asked !== undefined && equalBytes(asked.cell.address, effect.address);
      if (found) next += 1;
      this.#leaveAccount(found ? asked : host.access(effect.address), effect);
      if (effect.after === undefined) gone.push(effect.address);
    }
    let last = -1;
    for (const { address, slot, after } of effects.slots) {
      const at = host.askedSlot(last + 1, address, slot);
      if (at >= 0) last = at;
      if (gone.some((each) => equalBytes(each, address))) continue;
      const access = at >= 0 ? host.slots[at]! : host.slotAccess(address, slot);
      access.mask |= SLOT_WRITE;
      const value = equalBytes(after, zeroWord) ? undefined : after;
      access.cell.versions = insert(access.cell.versions, { position: run.position, round: run.round, value });
    }
    return run;
  }

  #leaveAccount(access: AccountAccess, effect: AccountEffect): void {
    const { before, after, code, created, destroyed } = effect;
    const { cell } = access;
    const { position } = this.#host;
    const { round } = this;
    access.mask |= readsOf(effect, cell);
    const nonce = after?.nonce ?? 0n;
    if (nonce !== (before?.nonce ?? 0n)) {
      access.mask |= NONCE_WRITE;
      cell.nonces = insert(cell.nonces, { position, round, nonce });
    }
    const delta = (after?.balance ?? 0n) - (before?.balance ?? 0n);
    if (delta !== 0n) {
      access.mask |= BALANCE_WRITE;
      cell.credits.put({ position, round, delta });
    }
    const ends = after === undefined && before !== undefined;
    if (created || destroyed || ends || code !== undefined) {
      // Nothing was there and nothing is: it came and went.
      if (before === undefined && after === undefined && !created) return;
      access.mask |= CODE_WRITE;
      const codeHash = after?.codeHash ?? emptyCodeHashBytes;
      cell.codes = insert(cell.codes, { position, round, codeHash, code, wipes: created || destroyed || ends });
      if (code !== undefined && code.length > 0) this.#options.codes.set(codeHash, code);
    }
  }
}

/** Without the effects: they are in the memory, and die young. */
function appliedOf(applied: Applied): Applied {
  const { success, gasUsed, blobGasUsed, effectiveGasPrice, contractAddress, logs } = applied;
  return { success, gasUsed, blobGasUsed, effectiveGasPrice, contractAddress, logs };
}

/** What of the account the outcome depends on. */
function readsOf({ before, balanceRead, nonceRead, emptinessRead }: AccountEffect, cell: AccountCell): number {
  let mask = CODE_READ;
  if (nonceRead) mask |= NONCE_READ;
  if (balanceRead) mask |= BALANCE_READ;
  const codeless = before === undefined || isEmptyCode(before.codeHash);
  // Whoever had a nonce before the block is never empty in it.
  if (emptinessRead && codeless && (cell.base?.nonce ?? 0n) === 0n) mask |= NONCE_READ | BALANCE_READ;
  return mask;
}

/** The state as one position finds it, and the list of what it asked for. */
class PositionHost implements Host {
  position = 0;
  accounts: AccountAccess[] = [];
  slots: SlotAccess[] = [];
  wanted: Wanted[] = [];
  ancestors = 0;
  readonly #options: ExecutorOptions;
  readonly #executor: Executor;
  #stamp = 0;
  readonly #codeReads = new Set<Hash32>();
  readonly #codeNames = new ByteMap<Hash32>(32);
  readonly #hashes: BlockHashes;

  constructor(options: ExecutorOptions, executor: Executor) {
    this.#options = options;
    this.#executor = executor;
    const { fields, ancestors } = options.reader.task;
    const fail = (message: string) => new ChainError({ code: 'DATA_LOSS', message });
    this.#hashes = new BlockHashes(fields.number, fields.parentHash, ancestors, { fail });
  }

  begin(position: number): void {
    this.#stamp += 1;
    this.position = position;
    this.accounts = [];
    this.slots = [];
    this.wanted = [];
    this.ancestors = 0;
    this.#codeReads.clear();
  }

  account(address: Uint8Array): HostAccount | undefined | typeof notHere {
    const cell = this.#options.memory.cell(address);
    const { position } = this;
    if (!this.#has(cell)) {
      this.wanted.push({ kind: 'account', cell });
      if (this.wanted.length >= partitionLimits.guessesMax) return notHere;
      // As far as it is known; else somebody who is paid for the first time, for whoever pays many.
      return cell.base === undefined ? undefined : accountAt(cell, position);
    }
    if (cell.latest?.stamp === this.#stamp) return accountAt(cell, position);
    const quiet = cell.codes.length + cell.nonces.length + cell.credits.count === 0;
    const access = this.#note(cell);
    if (!quiet) {
      access.code = latestBelow(cell.codes, position);
      access.nonce = latestBelow(cell.nonces, position);
      access.credits = cell.credits.countBelow(position);
      access.sum = cell.credits.sum(access.credits);
    }
    return accountAt(cell, position);
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    const { state, member } = this.#options;
    const { position } = this;
    const account = this.#options.memory.cell(address);
    const cell = slotCell(account, slot);
    const { round } = this.#executor;
    const asks = account.base?.hasStorage === true && lastWipe(account.codes, position) < 0;
    if (asks && cell.base === undefined && account.owner === member) {
      const base = state.storage(address, slot) as Uint8Array | undefined;
      cell.base = base === undefined ? null : pooledCopy(base);
    }
    const value = slotAt(account, cell, position);
    const complete = round === 1 || cell.complete === round || this.#alone();
    if (value === notHere || !complete) {
      // The run is in vain now; with a value it finds out what else it needs, so that all is asked for at once.
      this.wanted.push({ kind: 'slot', cell: account, slot: cell.slot, slotCell: cell });
      return this.wanted.length >= partitionLimits.guessesMax ? notHere : value === notHere ? guess : value;
    }
    const access = this.#noteSlot(account, cell);
    access.mask = SLOT_READ;
    access.version = latestBelow(cell.versions, position);
    access.listed = asks;
    return value;
  }

  code(codeHash: Uint8Array): Uint8Array | typeof notHere {
    const { codes, state, member, memory } = this.#options;
    const known = codes.get(codeHash);
    if (known !== undefined) {
      this.#codeReads.add(this.#nameOf(codeHash));
      return known;
    }
    const cell = memory.codeOwner(codeHash);
    if (cell === undefined) {
      throw new ChainError({ code: 'DATA_LOSS', message: `nobody has code ${bytesToHex(codeHash)}` });
    }
    if (cell.owner !== member) {
      this.wanted.push({ kind: 'code', cell, codeHash: codeHash.slice() });
      return notHere;
    }
    const code = state.code(codeHash) as Uint8Array;
    codes.set(codeHash, code);
    this.#codeReads.add(this.#nameOf(codeHash));
    return code;
  }

  blockHash(number: bigint): Uint8Array | undefined | typeof notHere {
    const { blockHash, fields } = this.#options.reader.task;
    const hash = blockHash === undefined ? this.#hashes.hash(number) : blockHash(number);
    this.ancestors = Math.max(this.ancestors, Number(fields.number - number));
    return hash;
  }

  /** What was asked for of the account; for one that was made here, a fresh note. */
  access(address: Uint8Array): AccountAccess {
    return this.accessTo(this.#options.memory.cell(address));
  }

  accessTo(cell: AccountCell): AccountAccess {
    return cell.latest?.stamp === this.#stamp ? cell.latest : this.#note(cell);
  }

  /** The index of what was asked for of the slot, if it is among the next ones; else -1. */
  askedSlot(from: number, address: Uint8Array, slot: Uint8Array): number {
    const end = Math.min(this.slots.length, from + lookedAtFirst);
    for (let at = from; at < end; at++) {
      const { account, slot: name } = this.slots[at]!;
      if (equalBytes(name, slot) && equalBytes(account.address, address)) return at;
    }
    return -1;
  }

  slotAccess(address: Uint8Array, slot: Uint8Array): SlotAccess {
    const account = this.#options.memory.cell(address);
    const cell = slotCell(account, slot);
    return cell.latest?.stamp === this.#stamp ? cell.latest : this.#noteSlot(account, cell);
  }

  #note(cell: AccountCell): AccountAccess {
    const access = {
      stamp: this.#stamp,
      cell,
      mask: 0,
      code: undefined,
      nonce: undefined,
      credits: 0,
      sum: 0n,
    };
    cell.latest = access;
    this.accounts.push(access);
    return access;
  }

  #noteSlot(account: AccountCell, cell: SlotCell): SlotAccess {
    const access = { stamp: this.#stamp, account, slot: cell.slot, cell, mask: 0, version: undefined, listed: false };
    cell.latest = access;
    this.slots.push(access);
    return access;
  }

  /** Hashes of the codes that were asked for, or looked at although the engine has them. */
  takeCodeReads(effects: TransactionEffects | undefined): Hash32[] {
    for (const { before, codeRead } of effects?.accounts ?? []) {
      if (codeRead && before !== undefined && !isEmptyCode(before.codeHash)) {
        this.#codeReads.add(this.#nameOf(before.codeHash));
      }
    }
    return [...this.#codeReads];
  }

  /** Made once a block: all calls of a contract read its code. */
  #nameOf(codeHash: Uint8Array): Hash32 {
    let name = this.#codeNames.get(codeHash);
    if (name === undefined) this.#codeNames.set(codeHash, (name = bytesToHex(codeHash) as Hash32));
    return name;
  }

  #alone(): boolean {
    return this.#options.memory.alone;
  }

  /** Whether all is known that the position may see of the account. */
  #has(cell: AccountCell): boolean {
    const { state, member } = this.#options;
    if (cell.base === undefined && cell.owner === member) {
      this.#options.memory.setBase(cell, (state.account(cell.address) as HostAccount | undefined) ?? null);
    }
    const { round } = this.#executor;
    return cell.base !== undefined && (round === 1 || cell.complete === round || this.#alone());
  }
}
