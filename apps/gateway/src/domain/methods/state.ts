import { bytesToHex, type Hex } from '@sheaf/primitives';
import { executionReverted, RpcError, rpcCodes } from '../../errors.ts';
import type { AccountProof, CallMessage, CallOutcome } from '../../ports.ts';
import { resolveHeight } from '../block-ref.ts';
import { quantity } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import {
  address,
  block,
  call,
  list,
  namedSlot,
  noBlockOverrides,
  optional,
  required,
  slot,
  stateOverrides,
  type BlockRef,
} from '../params.ts';
import type { Gateway, Json } from './gateway.ts';

const latest: BlockRef = { tag: 'latest' };
const at = optional('block', block, latest);

/** Reads of state, and messages run on it. */
export function stateMethods(gateway: Gateway): Record<string, Method> {
  const { state } = gateway;
  return {
    eth_getBalance: method([required('address', address), at], async ([who, ref], { signal }) => {
      const account = await state.account(await resolveHeight(ref, gateway), who, signal);
      return quantity(account.balance);
    }),
    eth_getTransactionCount: method([required('address', address), at], async ([who, ref], { signal }) => {
      if ('tag' in ref && ref.tag === 'pending') return quantity(await gateway.ordering.pendingNonce(who, signal));
      const account = await state.account(await resolveHeight(ref, gateway), who, signal);
      return quantity(account.nonce);
    }),
    eth_getCode: method([required('address', address), at], async ([who, ref], { signal }) =>
      bytesToHex(await state.code(await resolveHeight(ref, gateway), who, signal)),
    ),
    eth_getStorageAt: method(
      [required('address', address), required('slot', slot), at],
      async ([who, key, ref], { signal }) =>
        bytesToHex(await state.storage(await resolveHeight(ref, gateway), who, key, signal)),
    ),
    eth_getProof: method(
      [required('address', address), required('storageKeys', list(namedSlot, 1_000)), at],
      async ([who, keys, ref], { signal }) => {
        const height = await resolveHeight(ref, gateway);
        const slots = keys.map((key) => key.slot);
        return proofJson(await state.proof(height, who, slots, signal), keys);
      },
    ),
    eth_call: method(
      [
        required('transaction', call),
        at,
        optional('stateOverrides', stateOverrides, []),
        optional('blockOverrides', noBlockOverrides, undefined),
      ],
      async ([message, ref, overrides], { signal }) => {
        const height = await resolveHeight(ref, gateway);
        return outputOf(await state.call(height, { ...message, overrides }, signal));
      },
    ),
    eth_estimateGas: method(
      [required('transaction', call), at, optional('stateOverrides', stateOverrides, [])],
      async ([message, ref, overrides], { signal }) => {
        const height = await resolveHeight(ref, gateway);
        const complete: CallMessage = { ...message, overrides };
        return quantity(await state.estimateGas(height, complete, signal));
      },
    ),
  };
}

function outputOf(outcome: CallOutcome): Hex {
  switch (outcome.status) {
    case 'success':
      return bytesToHex(outcome.output);
    case 'revert':
      throw executionReverted(outcome.output);
    case 'halt':
      throw new RpcError(rpcCodes.server, outcome.reason || 'execution halted');
  }
}

function proofJson(proof: AccountProof, keys: readonly { key: string }[]): Json {
  return {
    address: proof.account.address,
    accountProof: proof.accountProof.map((node) => bytesToHex(node)),
    balance: quantity(proof.account.balance),
    codeHash: proof.account.codeHash,
    nonce: quantity(proof.account.nonce),
    storageHash: proof.account.storageRoot,
    storageProof: proof.storageProofs.map((storage, index) => ({
      key: keys[index]?.key ?? storage.slot,
      value: quantity(storage.value),
      proof: storage.proof.map((node) => bytesToHex(node)),
    })),
  };
}
