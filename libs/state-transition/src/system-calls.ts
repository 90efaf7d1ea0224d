import { createAddressFromString } from '@ethereumjs/util';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Log } from '@sheaf/ethereum';
import {
  hexToBytes,
  bytesToBigint,
  concatBytes,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import type { BlockState } from './block-state.ts';
import type { Machine } from './machine.ts';
import {
  beaconRootsAddress,
  consolidationRequestsAddress,
  historyAddress,
  systemAddress,
  withdrawalRequestsAddress,
} from './system-contracts.ts';

/** EIP-4788, 2935, 7002, 7251 all give it this much. */
const systemCallGas = 30_000_000n;

/** EIP-6110. */
const depositContract = toAddress('0x00000000219ab540356cbb839cbe05303d7705fa');
const depositTopic = toHash32('0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5');
/** Place and length of pubkey, withdrawal credentials, amount, signature and index in the deposit event's data. */
const depositFields = [
  [160, 48],
  [256, 32],
  [320, 8],
  [384, 96],
  [512, 8],
] as const;

/** Before the first transaction: the payload before (EIP-4788) and the block before (EIP-2935) become readable. */
export async function beforeTransactions(
  machine: Machine,
  state: BlockState,
  block: { parentBeaconBlockRoot: Hash32; parentHash: Hash32; prague: boolean },
): Promise<void> {
  await systemCall(machine, state, beaconRootsAddress, hexToBytes(block.parentBeaconBlockRoot));
  if (block.prague) await systemCall(machine, state, historyAddress, hexToBytes(block.parentHash));
}

/** After the withdrawals: the block's EIP-7685 requests, each the type and its data. */
export async function collectRequests(
  machine: Machine,
  state: BlockState,
  deposits: Uint8Array,
): Promise<Uint8Array[]> {
  const withdrawals = await systemCall(machine, state, withdrawalRequestsAddress, new Uint8Array(0));
  const consolidations = await systemCall(machine, state, consolidationRequestsAddress, new Uint8Array(0));
  return [deposits, withdrawals, consolidations].map((data, type) => concatBytes(Uint8Array.of(type), data));
}

/** EIP-7685: requests without data count for nothing. */
export function hashRequests(requests: readonly Uint8Array[]): Hash32 {
  return toHash32(
    sha256(concatBytes(...requests.filter((request) => request.length > 1).map((request) => sha256(request)))),
  );
}

/** EIP-6110: the deposit requests in a transaction's logs. @throws Error when a deposit event has another layout */
export function depositRequests(logs: readonly Log[]): Uint8Array {
  const found = logs.filter((log) => log.address === depositContract && log.topics[0] === depositTopic);
  return concatBytes(...found.map(({ data }) => depositRequest(data)));
}

function depositRequest(data: Uint8Array): Uint8Array {
  const integerAt = (at: number) => bytesToBigint(data.subarray(at, at + 32));
  const proper = depositFields.every(
    ([at, length], i) => integerAt(32 * i) === BigInt(at) && integerAt(at) === BigInt(length),
  );
  if (data.length !== 576 || !proper) throw new Error('deposit event of another layout');
  return concatBytes(...depositFields.map(([at, length]) => data.subarray(at + 32, at + 32 + length)));
}

/** Calls a system contract as the EIPs say: without a nonce, a fee or a trace of the caller. No code, no call. */
async function systemCall(machine: Machine, state: BlockState, to: Address, data: Uint8Array): Promise<Uint8Array> {
  if (state.code(to).length === 0) return new Uint8Array(0);
  const caller = state.account(systemAddress);
  const { execResult } = await machine.evm.runCall({
    block: machine.block,
    caller: createAddressFromString(systemAddress),
    to: createAddressFromString(to),
    gasLimit: systemCallGas,
    data,
    skipNonceIncrement: true,
  });
  await machine.evm.journal.cleanup();
  state.originalStorageCache.clear();
  state.setAccount(systemAddress, caller);
  return execResult.exceptionError === undefined ? execResult.returnValue : new Uint8Array(0);
}
