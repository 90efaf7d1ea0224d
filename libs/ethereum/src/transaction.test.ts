// Goal: each malformed transaction is refused naming its field.
// Method: one bad encoding a rule.
import { bigintToBytes, concatBytes, encodeRlp, hexToBytes, limits, toAddress, type RlpItem } from '@sheaf/primitives';
import { decodeTransaction } from './decode-transaction.ts';
import { signTransaction, type UnsignedTransaction } from './sign-transaction.ts';

const key = new Uint8Array(32).fill(7);
const to = toAddress(`0x${'11'.repeat(20)}`);
const sign = (over: Partial<UnsignedTransaction>) =>
  signTransaction({ type: 2, chainId: 1n, nonce: 0n, gasLimit: 21_000n, to, maxFeePerGas: 10n, ...over }, key);
const empty = new Uint8Array(0);
const nested = (depth: number): RlpItem => (depth === 0 ? [] : [nested(depth - 1)]);
const one = Uint8Array.of(1);
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const legacy = (over: Record<number, RlpItem>) => {
  const fields: RlpItem[] = [
    empty,
    one,
    Uint8Array.of(0x52, 0x08),
    hexToBytes(to),
    empty,
    empty,
    Uint8Array.of(27),
    one,
    one,
  ];
  for (const [index, item] of Object.entries(over)) fields[Number(index)] = item;
  return encodeRlp(fields);
};

test.each<[string, string, Uint8Array]>([
  ['no bytes', 'transaction', empty],
  ['an unknown type', 'transaction.type', Uint8Array.of(5, 0xc0)],
  ['type 0 as an envelope', 'transaction.type', Uint8Array.of(0, 0xc0)],
  ['bytes after the end', 'transaction', concatBytes(sign({}), one)],
  ['a string in place of a list', 'transaction', Uint8Array.of(2, 0x80)],
  ['too few fields', 'transaction', Uint8Array.of(2, 0xc1, 0x01)],
  ['too many fields', 'transaction', legacy({ 9: one })],
  ['a list in place of a string', 'transaction.data', legacy({ 5: [] })],
  ['too many bytes', 'transaction', sign({ data: new Uint8Array(limits.transactionBytesMax) })],
  ['a leading zero', 'transaction.gasPrice', legacy({ 1: Uint8Array.of(0, 1) })],
  ['a nonce over 8 bytes', 'transaction.nonce', legacy({ 0: bigintToBytes(2n ** 64n) })],
  ['the last nonce', 'transaction.nonce', sign({ nonce: 2n ** 64n - 1n })],
  ['a value over 32 bytes', 'transaction.value', legacy({ 4: bigintToBytes(2n ** 256n) })],
  ['a short address', 'transaction.to', legacy({ 3: new Uint8Array(19).fill(1) })],
  ['an odd v', 'transaction.v', legacy({ 6: Uint8Array.of(26) })],
  ['r = 0', 'transaction.r', legacy({ 7: empty })],
  ['r = order', 'transaction.r', legacy({ 7: bigintToBytes(order) })],
  ['a high s', 'transaction.s', legacy({ 8: bigintToBytes(order / 2n + 1n) })],
  ['a fee that overflows', 'transaction.maxFeePerGas', sign({ maxFeePerGas: 2n ** 255n })],
  ['a tip above the fee', 'transaction.maxPriorityFeePerGas', sign({ maxPriorityFeePerGas: 11n })],
  ['a blob transaction that creates', 'transaction.to', sign({ type: 3, to: undefined })],
  ['no blobs', 'transaction.blobVersionedHashes', sign({ type: 3 })],
  ['no authorizations', 'transaction.authorizationList', sign({ type: 4 })],
])('%s is refused on %s', (_what, field, raw) => {
  expect(() => decodeTransaction(raw)).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) }),
  );
});

test.each<[string, Uint8Array]>([
  ['a byte below 0x80 with a prefix', Uint8Array.of(0xc2, 0x81, 0x01)],
  ['a long form for a short length', Uint8Array.of(0xf8, 0x01, 0x01)],
  ['a length with a leading zero', concatBytes(Uint8Array.of(0xf9, 0x00, 0x38), new Uint8Array(56))],
  ['a list that is cut short', Uint8Array.of(0xc3, 0x01)],
  ['deep nesting', concatBytes(one, encodeRlp([one, one, one, one, empty, one, one, nested(20), one, one, one]))],
])('RLP with %s is refused', (_what, raw) => {
  expect(() => decodeTransaction(raw)).toThrow('is not canonical RLP');
});
