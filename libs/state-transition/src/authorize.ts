import type { Evm } from '@sheaf/evm';
import { recoverAuthority, type Authorization } from '@sheaf/ethereum';
import { concatBytes, hexToBytes, zeroAddress } from '@sheaf/primitives';
import { isEmptyCode } from '@sheaf/state';
import { delegateOf } from './transaction-rules.ts';

/** What the intrinsic gas took too much for an authority that exists: 25,000 less 12,500. */
const existingAuthorityRefund = 12_500n;
const uint64Max = 2n ** 64n - 1n;
const designator = Uint8Array.of(0xef, 0x01, 0x00);

/**
 * EIP-7702: carries out the authorizations in their order; one that is not valid has no effect. Their changes and
 * refunds stay whatever the transaction's message comes to. @throws MissingState
 */
export function authorize(evm: Evm, chainId: bigint, authorizations: readonly Authorization[]): void {
  for (const authorization of authorizations) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue;
    if (authorization.nonce >= uint64Max) continue;
    const authority = recoverAuthority(authorization);
    if (authority === undefined) continue;
    evm.warmAddress(authority);
    const { nonce, balance, codeHash } = evm.account(authority);
    const hasCode = !isEmptyCode(codeHash);
    if (hasCode && delegateOf(evm.code(authority)) === undefined) continue;
    if (nonce !== authorization.nonce) continue;
    // No account is there and empty (EIP-161).
    if (nonce > 0n || balance > 0n || hasCode) evm.addRefund(existingAuthorityRefund);
    const clears = authorization.address === zeroAddress;
    evm.setCode(authority, clears ? new Uint8Array(0) : concatBytes(designator, hexToBytes(authorization.address)));
    evm.setNonce(authority, nonce + 1n);
  }
}
