// Goal: logs as bytes say what the list said, and bytes that are no logs are refused by name.
// Method: random lists beside @ethereumjs/rlp; their bytes with one changed, cut off or added.
import { RLP } from '@ethereumjs/rlp';
import { hexToBytes, toAddress, toHash32, type ChainError } from '@sheaf/primitives';
import fc from 'fast-check';
import { Logs, type Log } from './logs.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const log: fc.Arbitrary<Log> = fc.record({
  address: bytesOf(20).map((bytes) => toAddress(bytes)),
  topics: fc.array(
    bytesOf(32).map((bytes) => toHash32(bytes)),
    { maxLength: 4 },
  ),
  data: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 300 })),
});
const lists = fc.array(log, { maxLength: 5 });

const encodedByOracle = (list: readonly Log[]) =>
  Buffer.concat(
    list.map(({ address, topics, data }) =>
      RLP.encode([hexToBytes(address), topics.map((topic) => hexToBytes(topic)), data]),
    ),
  );

test('what was put in comes out, and is encoded as the oracle has it', () => {
  fc.assert(
    fc.property(lists, (list) => {
      const logs = Logs.of(list);
      expect(Buffer.from(logs.rlp)).toEqual(encodedByOracle(list));
      expect(logs.list()).toEqual(list);
      expect(Logs.read(encodedByOracle(list), 'field')).toMatchObject({ length: list.length });
      for (const address of list.map((each) => each.address)) expect(logs.some(hexToBytes(address))).toBe(true);
      expect(logs.some(new Uint8Array(20).fill(0xfe))).toBe(false);
    }),
  );
});

test('damaged bytes are refused by name, or are other logs that are encoded as they are', () => {
  fc.assert(
    fc.property(
      lists,
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.constantFrom('change', 'cut', 'add'),
      (list, at, byte, how) => {
        const bytes = Uint8Array.from(Logs.of(list).rlp);
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        if (how === 'change' && bytes.length > 0) bytes[place] = byte;
        const damaged =
          how === 'cut' ? bytes.subarray(0, place) : how === 'add' ? Uint8Array.of(...bytes, byte) : bytes;
        let logs: Logs;
        try {
          logs = Logs.read(damaged, 'field');
        } catch (error) {
          expect((error as ChainError).detail).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'field' });
          return;
        }
        expect(Buffer.from(Logs.of(logs.list()).rlp)).toEqual(Buffer.from(damaged));
      },
    ),
    { numRuns: 500 },
  );
});
