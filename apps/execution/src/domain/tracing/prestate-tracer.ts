import { createAddressFromString } from '@ethereumjs/util';
import { contractAddress } from '@sheaf/ethereum';
import { bytesToBigint, bytesToHex, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import type { Tracer } from '@sheaf/proto';
import { isDelegation } from './authorization-refund.ts';
import { isCall, op } from './instructions.ts';
import { codeIn, type OverlayState, type TraceState } from './overlay-state.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { RunTracer, TraceSubject } from './tracer.ts';

type Options = Extract<Tracer, { kind: 'prestate' }>;

interface Seen {
  balance: bigint;
  nonce: bigint;
  code: string;
  /** By rising slot, 32 bytes each. */
  storage: [Hash32, bigint][];
}

/** Names and numbers of an account. */
const accountCharacters = 150;
const slotCharacters = 140;
/** EXTCODESIZE, EXTCODECOPY, EXTCODEHASH, BALANCE. */
const looks: ReadonlySet<number> = new Set([0x31, 0x3b, 0x3c, 0x3f, op.selfdestruct]);

/**
 * geth's prestate tracer: the accounts and slots that a run looked at. An account that was none before is left out of what was
 * before.
 */
export function createPrestateTracer(options: Options, subject: TraceSubject, budget: TraceBudget): RunTracer {
  const touched = new Map<Address, Set<Hash32>>();
  const called = new Set<Address>();
  const deleted = new Set<Address>();

  function look(address: Address): Set<Hash32> {
    const known = touched.get(address);
    if (known !== undefined) return known;
    budget.write(accountCharacters);
    const slots = new Set<Hash32>();
    touched.set(address, slots);
    return slots;
  }

  look(subject.from);
  if (subject.to === undefined) look(contractAddress(subject.from, subject.nonce));
  else {
    look(subject.to);
    called.add(subject.to);
  }
  look(subject.coinbase);
  for (const authority of subject.authorities) look(authority);

  async function delegates(state: OverlayState): Promise<void> {
    for (const address of called) {
      const code = await state.getCode(createAddressFromString(address));
      if (isDelegation(code)) look(bytesToHex(code.subarray(3)) as Address);
    }
  }

  return {
    step({ code, stack, address, fault }) {
      if (fault !== undefined) return;
      if (code === op.sload || code === op.sstore) {
        const slots = look(address);
        const slot = `0x${stack.at(-1)!.toString(16).padStart(64, '0')}` as Hash32;
        if (!slots.has(slot)) budget.write(slotCharacters);
        slots.add(slot);
      } else if (looks.has(code)) {
        look(addressOf(stack.at(-1)!));
        if (code === op.selfdestruct) deleted.add(address);
      } else if (isCall(code)) {
        const callee = addressOf(stack.at(-2)!);
        look(callee);
        called.add(callee);
      }
    },
    exit({ created }) {
      if (created !== undefined) look(created);
    },
    async finish(_, state) {
      await delegates(state);
      const addresses = [...touched.keys()].sort();
      const pre: string[] = [];
      const post: string[] = [];
      for (const address of addresses) {
        const slots = [...touched.get(address)!].sort();
        const before = await seenIn(asFound(state.before), address, slots);
        budget.write(before.code.length);
        const wasNone = isNone(before);
        if (!options.diffMode) {
          if (!wasNone) pre.push(`"${address}":${accountText(before)}`);
          continue;
        }
        if (deleted.has(address)) {
          if (!wasNone) pre.push(`"${address}":${accountText(before)}`);
          continue;
        }
        const after = await seenIn(afterwards(state), address, slots);
        budget.write(after.code.length);
        const changed = changesOf(before, after);
        if (changed === undefined) continue;
        post.push(`"${address}":${changed}`);
        const storage = before.storage.filter(([, value], at) => value !== 0n && value !== after.storage[at]![1]);
        if (!wasNone) pre.push(`"${address}":${accountText({ ...before, storage })}`);
      }
      return options.diffMode ? `{"post":{${post.join(',')}},"pre":{${pre.join(',')}}}` : `{${pre.join(',')}}`;
    },
  };
}

/** A state to look into. */
interface View {
  account(address: Address): Promise<{ balance: bigint; nonce: bigint } | undefined>;
  storage(address: Address, slot: Hash32): Promise<Uint8Array | undefined>;
  codeOf(address: Address): Promise<Uint8Array>;
}

async function seenIn(state: View, address: Address, slots: Hash32[]): Promise<Seen> {
  const account = await state.account(address);
  const storage: Seen['storage'] = [];
  for (const slot of slots) {
    const value = account === undefined ? undefined : await state.storage(address, slot);
    storage.push([slot, value === undefined ? 0n : bytesToBigint(value)]);
  }
  const code = bytesToHex(await state.codeOf(address));
  return { balance: account?.balance ?? 0n, nonce: account?.nonce ?? 0n, code, storage };
}

/** The state that the run found. */
function asFound(state: TraceState): View {
  return {
    account: (address) => state.account(address),
    storage: (address, slot) => state.storage(address, slot),
    codeOf: (address) => codeIn(state, address),
  };
}

/** The state as the run left it. */
function afterwards(state: OverlayState): View {
  const of = createAddressFromString;
  return {
    account: (address) => state.getAccount(of(address)),
    storage: (address, slot) => state.getStorage(of(address), hexToBytes(slot)),
    codeOf: (address) => state.getCode(of(address)),
  };
}

/** What is of another value afterwards; `undefined`: nothing is. */
function changesOf(before: Seen, after: Seen): string | undefined {
  const storage = after.storage.filter(([, value], at) => value !== before.storage[at]![1]);
  const fields = [
    after.balance === before.balance ? '' : `"balance":"0x${after.balance.toString(16)}"`,
    after.code === before.code ? '' : `"code":"${after.code}"`,
    after.nonce === before.nonce || after.nonce === 0n ? '' : `"nonce":${after.nonce}`,
    storageText(storage.filter(([, value]) => value !== 0n)),
  ].filter((field) => field !== '');
  const same = storage.length === 0 && after.nonce === before.nonce && fields.length === 0;
  return same ? undefined : `{${fields.join(',')}}`;
}

function accountText({ balance, nonce, code, storage }: Seen): string {
  const fields = [
    `"balance":"0x${balance.toString(16)}"`,
    code === '0x' ? '' : `"code":"${code}"`,
    nonce === 0n ? '' : `"nonce":${nonce}`,
    storageText(storage),
  ];
  return `{${fields.filter((field) => field !== '').join(',')}}`;
}

function storageText(storage: Seen['storage']): string {
  if (storage.length === 0) return '';
  return `"storage":{${storage.map(([slot, value]) => `"${slot}":"0x${value.toString(16).padStart(64, '0')}"`).join(',')}}`;
}

function isNone({ balance, nonce, code }: Seen): boolean {
  return balance === 0n && nonce === 0n && code === '0x';
}

function addressOf(word: bigint): Address {
  return `0x${BigInt.asUintN(160, word).toString(16).padStart(40, '0')}` as Address;
}
