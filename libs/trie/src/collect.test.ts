// Goal: a sibling is collected when the changes leave it alone in its branch, and only then.
// Method: small tries, each with one shape of what changes; what of them is known, in pictures: a key's first three
// nibbles for a leaf, # for a hash, a branch in brackets with its extension before it. In the account trie the same keys
// are in buckets, and the branches those above them.
import { bytesToHex } from '@sheaf/primitives';
import { buildSource } from '../test/build-source.ts';
import { cutBuckets } from '../test/cut-buckets.ts';
import { collectAccounts, collectPartial } from './collect.ts';
import { packKey } from './nibbles.ts';
import type { PartialNode } from './partial-node.ts';

const keyOf = (digits: string) => packKey(Uint8Array.from(digits.padEnd(64, '0'), (digit) => parseInt(digit, 16)));
const value = new Uint8Array(33).fill(1);

function picture(node: PartialNode | undefined): string {
  if (node === undefined) return 'nothing';
  if (node.kind === 'hash') return '#';
  if (node.kind === 'leaf') return bytesToHex(node.key).slice(2, 5);
  const extension = Array.from(node.extension, (nibble) => nibble.toString(16)).join('');
  return `${extension}[${node.children.flatMap((child) => (child === undefined ? [] : [picture(child)])).join(' ')}]`;
}

/** `+` puts a key, `-` deletes it, without either it is read. */
test.each([
  ['nothing is touched', '100 200', '', '#'],
  ['the root stays', '100 200 300', '-100', '[100 # #]'],
  ['one is left', '100 200', '-100', '[100 200]'],
  ['one is left, and another read', '100 200', '-100 200', '[100 200]'],
  ['one is left, and one comes', '100 200', '-100 +300', '[100 #]'],
  ['one is replaced in its place', '100 200', '-100 +110', '[100 #]'],
  ['what is not there is deleted', '100 200', '-110', '[100 #]'],
  ['all go', '100 200', '-100 -200', '[100 200]'],
  ['a branch goes, one is left', '111 112 200', '-111 -112', '[1[111 112] 200]'],
  ['a branch goes, and one comes beside its extension', '111 112 200', '-111 -112 +150', '[1[111 112] #]'],
  ['a branch goes, and one comes below it', '111 112 200', '-111 -112 +115', '[1[111 112] #]'],
  ['one is left of a branch', '111 112 200', '-111', '[1[111 112] #]'],
  ['what is left is a branch', '100 211 212', '-100', '[100 1[# #]]'],
  ['what is left is a branch of a branch', '111 121 122 200', '-111 -200', '[[111 [# #]] 200]'],
  ['under an extension', '111 112', '-111', '11[111 112]'],
  ['beside an extension', '111 112', '+200', '11[# #]'],
  ['none is there', '', '-100 +200', 'nothing'],
  ['one is there', '100', '+200', '100'],
])('%s', (_, present, touched, expected) => {
  const leaves = present.split(' ').flatMap((digits) => (digits === '' ? [] : [{ key: keyOf(digits), value }]));
  const words = touched.split(' ').filter((word) => word !== '');
  const changes = words
    .filter((word) => /^[-+]/.test(word))
    .map((word) => ({ key: keyOf(word.slice(1)), value: word.startsWith('+') ? value : undefined }))
    .sort((a, b) => (bytesToHex(a.key) < bytesToHex(b.key) ? -1 : 1));
  const keys = { reads: words.filter((word) => !/^[-+]/.test(word)).map(keyOf), changes };
  if (words.length > 0) expect(picture(collectPartial(buildSource(leaves), 7, keys))).toBe(expected);
  const { merged, source } = cutBuckets(leaves);
  expect(picture(collectAccounts(merged, source, keys))).toBe(expected);
});
