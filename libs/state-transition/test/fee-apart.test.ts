// Goal: with `feeApart` a transaction does not ask for the fee recipient's account unless it needs it for something else;
// together with the fee that is said, it does what it does without the option.
// Method: the same transaction both ways on the real engine, with the recipient in each part that it can have; the
// recipient's account is not here where nothing may ask for it.
import { warmPrecompiles } from '@sheaf/evm';
import { toAddress } from '@sheaf/primitives';
import { coinbase, contract, funds, open, sender, to, type Given } from './world.ts';
import type { AppliedTransaction, TransactionOutcome } from '../src/index.ts';

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

type Fields = Parameters<ReturnType<typeof open>['apply']>[0];

const included = (outcome: TransactionOutcome): AppliedTransaction => {
  if (outcome.status !== 'included') throw new Error(JSON.stringify(outcome));
  return outcome;
};

const addresses = ({ effects }: Pick<AppliedTransaction, 'effects'>) =>
  effects.accounts.map(({ address }) => toAddress(address));

const balanceOfCoinbase = '413150';
const callToCoinbase = '5f5f5f5f5f415af150';

test.each<[string, Fields, Given | undefined]>([
  ['a transfer', { value: 5n }, undefined],
  ['COINBASE alone', {}, { code: '415000' }],
  ['a halt', {}, { code: 'fe' }],
  ['a look at another account', {}, { code: '303150' }],
])('%s: the fee recipient need not be here', (_name, fields, code) => {
  const given = code === undefined ? {} : { [to]: code };
  const apart = included(open('osaka', { ...given, [coinbase]: 'not here' }).apply(fields, { feeApart: true }));
  const paid = included(open('osaka', given).apply(fields));
  expect(apart.feeApart).toBe(apart.gasUsed * 10n);
  expect(addresses(apart)).not.toContain(coinbase);
  expect(paid.feeApart).toBe(0n);
  const others = paid.effects.accounts.filter(({ address }) => toAddress(address) !== coinbase);
  expect(apart).toEqual({ ...paid, feeApart: apart.feeApart, effects: { ...paid.effects, accounts: others } });
  expect(paid.effects.accounts.find(({ address }) => toAddress(address) === coinbase)?.after?.balance).toBe(
    apart.feeApart,
  );
});

test('a fee of nothing is not owed', () => {
  const { apply } = open('osaka', { [coinbase]: 'not here' });
  const { feeApart, effects } = included(apply({ maxPriorityFeePerGas: 0n }, { feeApart: true }));
  expect(feeApart).toBe(0n);
  expect(addresses({ effects })).toEqual([sender, to]);
});

test.each<[string, Fields, Record<string, Given>]>([
  ['is looked at', {}, { [to]: { code: balanceOfCoinbase } }],
  ['is called', {}, { [to]: { code: callToCoinbase } }],
  ['is the recipient', { to: coinbase, value: 5n }, {}],
  [
    'is looked at by a call that reverts',
    {},
    { [to]: { code: calling(contract) }, [contract]: { code: '41315f5ffd' } },
  ],
])('paid as without the option when the fee recipient %s', (_name, fields, given) => {
  const apart = included(open('osaka', given).apply(fields, { feeApart: true }));
  const paid = included(open('osaka', given).apply(fields));
  expect(apart.feeApart).toBe(0n);
  expect(addresses(apart)).toContain(coinbase);
  expect(apart).toEqual(paid);
});

test('paid as without the option when the fee recipient is the sender', () => {
  const world = open('osaka', { [coinbase]: { balance: funds } });
  const outcome = included(world.apply({}, { feeApart: true }, coinbase));
  expect(outcome.feeApart).toBe(0n);
  expect(outcome.effects.accounts[0]?.after?.balance).toBe(funds - 21_000n * 1_000n);
});

test('without the option the fee recipient must be here', () => {
  const { apply } = open('osaka', { [coinbase]: 'not here' });
  for (const place of [{}, { feeApart: false }]) {
    expect(apply({}, place)).toEqual({ status: 'missing', keys: [{ kind: 'account', address: coinbase }] });
  }
  expect(apply({ to: coinbase }, { feeApart: true })).toEqual({
    status: 'missing',
    keys: [{ kind: 'account', address: coinbase }],
  });
});

/** A call with all gas and without value. */
function calling(address: string): string {
  return `5f5f5f5f5f73${address.slice(2)}5af15000`;
}
