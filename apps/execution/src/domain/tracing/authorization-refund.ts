import { recoverAuthority, type Transaction } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';
import { codeIn, type TraceState } from './overlay-state.ts';

/** EIP-7702: 25,000 less 12,500. */
const existingAuthorityRefund = 12_500n;
const uint64Max = 2n ** 64n - 1n;

/** What is refunded for authorizations before the transaction's message begins (EIP-7702). */
export async function authorizationRefund(
  { authorizationList, nonce }: Pick<Transaction, 'authorizationList' | 'nonce'>,
  sender: Address,
  chainId: bigint,
  state: TraceState,
): Promise<bigint> {
  let refund = 0n;
  const nonces = new Map<Address, bigint>([[sender, nonce + 1n]]);
  for (const authorization of authorizationList) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue;
    const authority = recoverAuthority(authorization);
    if (authority === undefined || authorization.nonce >= uint64Max) continue;
    const account = await state.account(authority);
    const code = await codeIn(state, authority);
    if (code.length > 0 && !isDelegation(code)) continue;
    const known = nonces.get(authority);
    const current = known ?? account?.nonce ?? 0n;
    if (current !== authorization.nonce) continue;
    if (account !== undefined || known !== undefined) refund += existingAuthorityRefund;
    nonces.set(authority, current + 1n);
  }
  return refund;
}

/** Whether the code only names whose code it is (EIP-7702). */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00;
}
