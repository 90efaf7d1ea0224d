import { MissingState, notHere, type BlockEnvironment, type Evm, type Host, type TransactionEffects } from '@sheaf/evm';
import { hexToBytes, type Address } from '@sheaf/primitives';
import { isEmptyCode } from '@sheaf/state';
import type { BlockOverlay } from './block-overlay.ts';
import { systemAddress } from './system-contracts.ts';

/** EIP-4788, 2935, 7002, 7251 all give it this much. */
const systemCallGas = 30_000_000n;

/** `NO_CODE`: there is nothing to call, and nothing was called. */
export type SystemCallResult = { status: 'success'; output: Uint8Array } | { status: 'NO_CODE' } | { status: 'FAILED' };

/**
 * Calls a system contract as the EIPs say: without a nonce, a fee or a trace of the caller. Afterwards the block has
 * what it did. @throws MissingState
 */
export function systemCall(
  evm: Evm,
  state: BlockOverlay,
  environment: BlockEnvironment,
  to: Address,
  data: Uint8Array,
): SystemCallResult {
  const { result, effects } = runSystemCall(evm, state, environment, to, data);
  if (effects !== undefined) {
    noteCodes(state, effects);
    state.apply(effects);
  }
  return result;
}

/** As `systemCall`, on a host that is only read: `effects` are what it did, if there was anything to call. */
export function runSystemCall(
  evm: Evm,
  host: Host,
  environment: BlockEnvironment,
  to: Address,
  data: Uint8Array,
): { result: SystemCallResult; effects?: TransactionEffects } {
  const account = host.account(hexToBytes(to));
  if (account === notHere) throw new MissingState([{ kind: 'account', address: to }]);
  if (account === undefined || isEmptyCode(account.codeHash)) return { result: { status: 'NO_CODE' } };
  evm.begin(host, environment, { origin: systemAddress, gasPrice: 0n, blobVersionedHashes: [] });
  const result = evm.run({ caller: systemAddress, to, value: 0n, data, gas: systemCallGas });
  if (result.status === 'missing') throw new MissingState(result.keys);
  const effects = evm.finish();
  return {
    result: result.status === 'success' ? { status: 'success', output: result.output } : { status: 'FAILED' },
    effects,
  };
}

/**
 * Reads every code that a transaction looked at from the state: the engine keeps codes between blocks and does not ask
 * for them again, but who records what a block reads has to see them all.
 */
export function noteCodes(state: BlockOverlay, effects: TransactionEffects): void {
  for (const { before, codeRead } of effects.accounts) {
    if (codeRead && before !== undefined && !isEmptyCode(before.codeHash)) state.code(before.codeHash);
  }
}
