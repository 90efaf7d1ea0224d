// Goal: whoever asks gets the owner that the hash of the address says, whatever was asked before.
// Method: random addresses, many of which share a place, singly and many at once, against the hash.
import fc from 'fast-check';
import { keccak256 } from '@sheaf/trie';
import { ownersOf } from './buckets.ts';
import { Owners } from './owners.ts';

const alike = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })).map(([first, last]) => {
  return new Uint8Array(20).fill(first, 0, 1).fill(last, 19);
});
const any = fc.uint8Array({ minLength: 20, maxLength: 20 });

test('as the hash says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 256 }),
      fc.array(fc.oneof(alike, any), { maxLength: 60 }),
      fc.array(fc.oneof(alike, any), { maxLength: 60 }),
      (members, list, singly) => {
        const owners = new Owners(members);
        const expected = (address: Uint8Array) => ownersOf(members)[keccak256(address)[0]!]!;
        expect(owners.ofAll(list)).toEqual(list.map(expected));
        expect(singly.map((address) => owners.of(address))).toEqual(singly.map(expected));
        expect(owners.ofAll([...singly, ...list])).toEqual([...singly, ...list].map(expected));
        expect(owners.alone).toBe(members === 1);
      },
    ),
  );
});
