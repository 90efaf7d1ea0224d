// Goal: every rule about a transaction refuses by its own reason, and what an included one pays and does is exact.
// Method: applyTransaction on the real engine over a map; one field changed at a time around each boundary.
import { warmPrecompiles, type Fork } from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { gasPerBlob, type TransactionFields } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toHash32, zeroHash } from '@sheaf/primitives';
import { authority, blob, blobHash, coinbase, contract, dataOf, funds, open, sender, setCode, to } from './world.ts';

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

test.each<[string, Fork, Partial<TransactionFields>]>([
  ['TYPE_NOT_SUPPORTED', 'cancun', { ...setCode }],
  ['WRONG_CHAIN', 'osaka', { chainId: 8n }],
  ['NONCE_IS_MAX', 'osaka', { nonce: 2n ** 64n - 1n }],
  ['PRIORITY_FEE_ABOVE_MAX_FEE', 'osaka', { maxPriorityFeePerGas: 2_001n }],
  ['GAS_PRICE_OVERFLOW', 'osaka', { maxFeePerGas: 2n ** 256n - 1n }],
  ['BLOB_CREATION', 'osaka', { ...blob, to: undefined }],
  ['NO_BLOBS', 'osaka', { ...blob, blobVersionedHashes: [] }],
  ['BLOB_HASH_VERSION', 'osaka', { ...blob, blobVersionedHashes: [blobHash, zeroHash] }],
  ['TOO_MANY_BLOBS', 'osaka', { ...blob, blobVersionedHashes: new Array(7).fill(blobHash) }],
  ['TOO_MANY_BLOBS', 'cancun', { ...blob, blobVersionedHashes: new Array(7).fill(blobHash) }],
  ['AUTHORIZATION_CREATION', 'prague', { ...setCode, to: undefined }],
  ['NO_AUTHORIZATIONS', 'prague', { ...setCode, authorizationList: [] }],
  ['BLOCK_GAS_EXCEEDED', 'prague', { gasLimit: 30_000_001n }],
  ['TRANSACTION_GAS_EXCEEDED', 'osaka', { gasLimit: 16_777_217n }],
  ['BLOB_GAS_EXCEEDED', 'prague', { ...blob, blobVersionedHashes: new Array(7).fill(blobHash) }],
  ['INITCODE_TOO_LARGE', 'cancun', { to: undefined, data: dataOf(49_153, 0), gasLimit: 5_000_000n }],
  ['INTRINSIC_GAS', 'cancun', { gasLimit: 20_999n }],
  ['INTRINSIC_GAS', 'cancun', { to: undefined, gasLimit: 52_999n }],
  ['INTRINSIC_GAS', 'prague', { ...setCode, gasLimit: 45_999n }],
  ['FLOOR_GAS', 'prague', { data: dataOf(1_000), gasLimit: 60_999n }],
  ['FEE_CAP_TOO_LOW', 'osaka', { maxFeePerGas: 999n }],
  ['BLOB_FEE_CAP_TOO_LOW', 'osaka', { ...blob, maxFeePerBlobGas: 0n }],
  ['NONCE_TOO_HIGH', 'osaka', { nonce: 1n }],
  ['INSUFFICIENT_FUNDS', 'osaka', { value: funds }],
  ['INSUFFICIENT_FUNDS', 'osaka', { value: funds - 100_000n * 2_000n + 1n }],
  ['INSUFFICIENT_FUNDS', 'osaka', { ...blob, value: funds - 100_000n * 2_000n - gasPerBlob + 1n }],
])('%s (%s)', (reason, fork, fields) => {
  expect(open(fork).apply(fields)).toEqual({ status: 'invalid', reason });
});

test.each<[Fork, Partial<TransactionFields>]>([
  ['prague', { gasLimit: 30_000_000n }],
  ['osaka', { gasLimit: 16_777_216n }],
  ['cancun', { to: undefined, data: dataOf(49_152, 0), gasLimit: 5_000_000n }],
  ['cancun', { to: undefined, gasLimit: 53_000n }],
  ['prague', { ...setCode, gasLimit: 46_000n }],
  ['prague', { data: dataOf(1_000), gasLimit: 61_000n }],
  ['cancun', { data: dataOf(1_000), gasLimit: 37_000n }],
  ['osaka', { maxFeePerGas: 1_000n, maxPriorityFeePerGas: 0n }],
  ['osaka', { chainId: undefined, type: 0 }],
  ['osaka', { value: funds - 100_000n * 2_000n }],
  ['osaka', { ...blob, value: funds - 100_000n * 2_000n - gasPerBlob }],
  ['cancun', { ...blob, blobVersionedHashes: new Array(6).fill(blobHash) }],
])('on the allowed side of a boundary it is included (%s, case %#)', (fork, fields) => {
  expect(open(fork).apply(fields)).toMatchObject({ status: 'included' });
});

test('a nonce that was used, and a sender with code unless it delegates', () => {
  expect(open('osaka', { [sender]: { nonce: 1n, balance: funds } }).apply({})).toMatchObject({
    reason: 'NONCE_TOO_LOW',
  });
  const delegating = { balance: funds, nonce: 0n, code: `ef0100${to.slice(2)}` };
  expect(open('osaka', { [sender]: { ...delegating, code: '00' } }).apply({})).toMatchObject({
    reason: 'SENDER_NOT_EOA',
  });
  expect(open('cancun', { [sender]: delegating }).apply({})).toMatchObject({ reason: 'SENDER_NOT_EOA' });
  expect(open('prague', { [sender]: delegating }).apply({})).toMatchObject({ status: 'included' });
});

test('what is not here is named, for whatever it is needed', () => {
  for (const address of [sender, to, coinbase]) {
    const { apply } = open('osaka', { [address]: 'not here' });
    expect(apply({})).toEqual({ status: 'missing', keys: [{ kind: 'account', address }] });
  }
  expect(open('osaka', { [authority]: 'not here' }).apply(setCode)).toMatchObject({
    status: 'missing',
    keys: [{ kind: 'account', address: authority }],
  });
});

test('the sender pays the price, the recipient of fees gets the tip, the base fee is burnt', () => {
  const { include, account } = open('osaka');
  expect(include({ value: 5n })).toMatchObject({ success: true, gasUsed: 21_000n, effectiveGasPrice: 1_010n });
  expect(account(sender)).toMatchObject({ nonce: 1n, balance: funds - 5n - 21_000n * 1_010n });
  expect(account(to)).toMatchObject({ balance: 5n });
  expect(account(coinbase)).toMatchObject({ balance: 21_000n * 10n });
});

test('a recipient of no fees does not come into being', () => {
  const { include, account } = open('osaka');
  include({ maxPriorityFeePerGas: 0n });
  expect(account(coinbase)).toBeUndefined();
  expect(account(to)).toBeUndefined();
});

test('the blob fee is burnt', () => {
  const { include, account } = open('osaka');
  expect(include({ ...blob, maxFeePerBlobGas: 50n })).toMatchObject({ blobGasUsed: gasPerBlob });
  expect(account(sender)!.balance).toBe(funds - 21_000n * 1_010n - gasPerBlob);
});

test('a halt takes all gas, a revert gives back what is left; both keep nonce and fee', () => {
  const { include, account } = open('osaka', { [to]: { code: 'fe' }, [contract]: { code: '5f5ffd' } });
  expect(include({})).toMatchObject({ success: false, gasUsed: 100_000n, output: new Uint8Array(0) });
  expect(include({ nonce: 1n, to: contract, value: 9n })).toMatchObject({ success: false, gasUsed: 21_004n });
  expect(account(sender)).toMatchObject({ nonce: 2n, balance: funds - 121_004n * 1_010n });
});

test('at most a fifth is refunded, and the floor is paid (EIP-3529, 7623)', () => {
  const slots = { [zeroHash]: toHash32(new Uint8Array(32).fill(1)) };
  const clearing = { [to]: { nonce: 1n, code: '5f5f5500', slots } };
  // 21,000 + 2 PUSH0 + SSTORE from non-zero to zero, cold: 26,004; refund 4,800.
  expect(open('osaka', clearing).include({})).toMatchObject({ gasUsed: 26_004n - 4_800n });
  expect(open('prague', clearing).include({ data: dataOf(1_000), gasLimit: 100_000n })).toMatchObject({
    gasUsed: 61_000n,
  });
  expect(open('cancun', clearing).include({ data: dataOf(1_000), gasLimit: 100_000n })).toMatchObject({
    gasUsed: 42_004n - 4_800n,
  });
});

test('a creation says where it is, also when it fails', () => {
  const at = '0x' + bytesToHex(keccak256(hexToBytes(`0xd694${sender.slice(2)}80`))).slice(26);
  expect(open('osaka').include({ to: undefined, data: hexToBytes('0x5f5ff3') })).toMatchObject({
    success: true,
    contractAddress: at,
  });
  expect(open('osaka').include({ to: undefined, data: hexToBytes('0xfe') })).toMatchObject({
    success: false,
    contractAddress: at,
  });
});

test('the access list is warm, and so are sender, callee and coinbase (EIP-2929, 2930, 3651)', () => {
  // BALANCE of an address costs 100 when it is warm.
  const balanceOf = (address: string) => ({ [to]: { code: `73${address.slice(2)}3100` } });
  const used = (address: string, accessList: TransactionFields['accessList'] = []) =>
    open('osaka', balanceOf(address)).include({ accessList }).gasUsed;
  for (const address of [sender, to, coinbase, `0x${'00'.repeat(19)}01`]) expect(used(address)).toBe(21_103n);
  expect(used(contract)).toBe(23_603n);
  expect(used(contract, [{ address: contract, storageKeys: [] }])).toBe(21_103n + 2_400n);
  const slot = toHash32(new Uint8Array(32));
  const loads = { [to]: { code: '5f5400' } };
  expect(open('osaka', loads).include({}).gasUsed).toBe(23_102n);
  const accessList = [{ address: to, storageKeys: [slot] }];
  expect(open('osaka', loads).include({ accessList }).gasUsed).toBe(21_102n + 2_400n + 1_900n);
});
