import { bytesToHex, toAddress, toHash32, type Address } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/crypto';
import { createEvm } from '../../src/evm.ts';
import type { EngineMode, Evm, Fork, Host, MessageResult, MissingKey, TransactionEffects } from '../../src/ports.ts';
import type { AccountState, Outcome, Scenario, World } from './scenario.ts';

const engines = new Map<string, Evm>();

/** One engine a fork and mode, kept: each transaction must leave nothing to the next. */
export function engineFor(fork: Fork, mode: EngineMode): Evm {
  const key = `${fork} ${mode}`;
  const known = engines.get(key);
  if (known !== undefined) return known;
  const evm = createEvm({ fork, chainId: 1n, mode });
  engines.set(key, evm);
  return evm;
}

export interface Run {
  outcome: Outcome;
  /** What was read and written, in order. */
  effects: TransactionEffects;
}

/** The scenario on the engine. The keys, when the host does not have all. */
export function runEngine(evm: Evm, scenario: Scenario, host: Host): Run | { missing: MissingKey[] } {
  prepare(evm, scenario, host);
  const result = evm.run(scenario.message);
  // It would be interpreted, and every comparison with the compiler would be one of the interpreter with itself.
  if (evm.stats().compileFailures > 0) throw new Error('the compiler failed on a contract');
  if (result.status === 'missing') return { missing: result.keys };
  const refund = evm.refund();
  const effects = evm.finish();
  return { outcome: outcomeOf(scenario.world, result, refund, effects), effects };
}

/** Begins the scenario's transaction: all that comes before its message. */
export function prepare(evm: Evm, { world, block, transaction, message, warm }: Scenario, host: Host): void {
  evm.begin(host, block, transaction);
  const delegate = message.to === undefined ? undefined : delegateOf(world, message.to);
  const always = [transaction.origin, block.coinbase, ...warm.addresses, ...warm.slots.map(([address]) => address)];
  if (message.to !== undefined) always.push(message.to);
  if (delegate !== undefined && evm.fork !== 'cancun') always.push(delegate);
  for (const address of always) evm.warmAddress(address);
  for (const [address, slot] of warm.slots) evm.warmSlot(address, slot);
  evm.setNonce(message.caller, (world.get(message.caller)?.nonce ?? 0n) + 1n);
}

/** Where the account's code is a designator (EIP-7702): what it points to. */
function delegateOf(world: World, address: Address): Address | undefined {
  const code = world.get(address)?.code;
  const isDelegation = code?.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00;
  return isDelegation ? toAddress(code.subarray(3)) : undefined;
}

export type Ended = Exclude<MessageResult, { status: 'missing' }>;

/** What a message's result and its transaction's effects make of the world. */
export function outcomeOf(world: World, result: Ended, refund: bigint, effects: TransactionEffects): Outcome {
  return {
    status: result.status,
    reason: result.status === 'halt' ? result.reason : undefined,
    output: result.status === 'halt' ? '0x' : bytesToHex(result.output),
    gasLeft: result.status === 'halt' ? 0n : result.gasLeft,
    refund,
    created: result.status === 'success' ? result.created : undefined,
    logs: effects.logs.list().map(({ address, topics, data }) => ({ address, topics, data: bytesToHex(data) })),
    ...stateAfter(world, effects),
    createdAccounts: effects.accounts.flatMap(({ created, address }) => (created ? [toAddress(address)] : [])).sort(),
    destroyedAccounts: effects.accounts
      .flatMap(({ destroyed, address }) => (destroyed ? [toAddress(address)] : []))
      .sort(),
  };
}

function stateAfter(world: World, effects: TransactionEffects): Pick<Outcome, 'accounts' | 'storage'> {
  const accounts: Record<Address, AccountState> = {};
  const storage: Record<string, string> = {};
  for (const [address, account] of world) {
    const { nonce, balance, code } = account;
    accounts[address] = { nonce, balance, codeHash: toHash32(keccak256(code)) };
    for (const [slot, value] of account.storage) storage[`${address} ${slot}`] = value;
  }
  for (const { address, slot, after } of effects.slots) {
    const value = bytesToHex(after);
    const name = `${toAddress(address)} ${toHash32(slot)}`;
    if (BigInt(value) === 0n) delete storage[name];
    else storage[name] = value;
  }
  for (const { address: bytes, after } of effects.accounts) {
    const address = toAddress(bytes);
    if (after === undefined) {
      delete accounts[address];
      dropStorage(storage, address);
    } else {
      accounts[address] = { nonce: after.nonce, balance: after.balance, codeHash: toHash32(after.codeHash) };
    }
  }
  return { accounts, storage };
}

function dropStorage(storage: Record<string, string>, address: Address): void {
  for (const key of Object.keys(storage)) if (key.startsWith(address)) delete storage[key];
}

/** Bytes as hex, so that two of them can be compared and printed. */
export function readable(effects: TransactionEffects): object {
  return JSON.parse(
    JSON.stringify(effects, (_, value: unknown) =>
      value instanceof Uint8Array ? bytesToHex(value) : typeof value === 'bigint' ? `${value}` : value,
    ),
  ) as object;
}
