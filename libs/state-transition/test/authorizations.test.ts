// Goal: an EIP-7702 authorization has exactly the effect and the price that the EIP gives it, or none.
// Method: transactions of type 4 on the real engine, one authorization changed at a time.
import { warmPrecompiles } from '@sheaf/evm';
import type { Authorization, TransactionFields } from '@sheaf/ethereum';
import { zeroAddress } from '@sheaf/primitives';
import { emptyCodeHashBytes } from '@sheaf/state';
import { authority, contract, open, signed, to, type Given } from './world.ts';

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

const designator = `0xef0100${contract.slice(2)}`;
const wide: Partial<TransactionFields> = { type: 4, gasLimit: 200_000n };

test('a good one delegates and raises the nonce; an authority that exists gives 12,500 back', () => {
  const fresh = open('prague');
  expect(fresh.include({ ...wide, authorizationList: [signed()] }).gasUsed).toBe(46_000n);
  expect(fresh.account(authority)).toMatchObject({ nonce: 1n });
  expect(fresh.code(authority)).toBe(designator);
  const known = open('prague', { [authority]: { balance: 1n } });
  // 46,000 less 12,500, but at most a fifth: 9,200.
  expect(known.include({ ...wide, authorizationList: [signed()] }).gasUsed).toBe(36_800n);
});

test('chain id 0 is every chain; the zero address clears', () => {
  const { include, account, code } = open('prague', { [authority]: { nonce: 4n, code: designator.slice(2) } });
  include({ ...wide, authorizationList: [signed({ chainId: 0n, nonce: 4n, address: to })] });
  expect(code(authority)).toBe(`0xef0100${to.slice(2)}`);
  include({ ...wide, nonce: 1n, authorizationList: [signed({ nonce: 5n, address: zeroAddress })] });
  expect(account(authority)).toMatchObject({ nonce: 6n, codeHash: emptyCodeHashBytes });
});

test.each<[string, Partial<Authorization>, Given?]>([
  ['of another chain', { chainId: 8n }],
  ['with another nonce', { nonce: 1n }],
  ['with the last nonce', { nonce: 2n ** 64n - 1n }, { nonce: 2n ** 64n - 1n }],
  ['with a yParity of 2', { yParity: 2 }],
  ['with r of 0', { r: 0n }],
  ['of a contract', {}, { code: '00' }],
])('one %s has no effect', (_what, fields, given = {}) => {
  const { include, account } = open('prague', { [authority]: { balance: 1n, ...given } });
  const before = account(authority);
  expect(include({ ...wide, authorizationList: [signed(fields)] })).toMatchObject({
    success: true,
    gasUsed: 46_000n,
  });
  expect(account(authority)).toEqual(before);
});

test('the last good one counts, and all stay when the message reverts', () => {
  const { include, code, account } = open('prague', { [to]: { code: '5f5ffd' } });
  const list = [signed(), signed({ nonce: 1n, address: to }), signed({ nonce: 1n })];
  expect(include({ ...wide, authorizationList: list })).toMatchObject({ success: false });
  expect(code(authority)).toBe(`0xef0100${to.slice(2)}`);
  expect(account(authority)).toMatchObject({ nonce: 2n });
});

test('the callee runs what it delegates to, which is warm; the authority is warm', () => {
  // BALANCE of the delegate, then of the authority.
  const code = `73${contract.slice(2)}3173${authority.slice(2)}3100`;
  const { include } = open('prague', { [contract]: { code } });
  const outcome = include({ ...wide, to: authority, authorizationList: [signed()] });
  expect(outcome).toMatchObject({ success: true, gasUsed: 46_000n + 206n });
});

test('an authority that could be recovered is warm, also when its authorization has no effect', () => {
  const used = (fields: Partial<Authorization>) => {
    const { include } = open('prague', { [to]: { code: `73${authority.slice(2)}3100` } });
    return include({ ...wide, authorizationList: [signed(fields)] }).gasUsed;
  };
  expect(used({ nonce: 1n })).toBe(46_103n);
  expect(used({ chainId: 8n })).toBe(48_603n);
});
