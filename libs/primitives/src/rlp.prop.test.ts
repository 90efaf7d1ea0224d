// Goal: every item has one encoding, and every other byte string is refused naming the field.
// Method: @ethereumjs/rlp as the oracle for what is accepted, hand-made bad RLP for what is not.
import { RLP, type Input } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { isChainError } from './chain-error.ts';
import { bigintToBytes, bytesToHex, concatBytes } from './bytes.ts';
import { decodeRlp, encodeRlp, RlpBackWriter, RlpReader, type RlpItem } from './rlp.ts';

test('the decoder agrees with @ethereumjs/rlp on what it accepts', () => {
  const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
    item: fc.oneof({ maxDepth: 3 }, fc.uint8Array({ maxLength: 80 }), fc.array(tie('item'), { maxLength: 6 })),
  }));
  fc.assert(
    fc.property(item, fc.uint8Array({ maxLength: 12 }), (value, noise) => {
      expect(decodeRlp(RLP.encode(value as Input), 'item')).toEqual(value);
      let ours: RlpItem;
      try {
        ours = decodeRlp(noise, 'item');
      } catch (error) {
        expect(isChainError(error, 'INVALID_ARGUMENT')).toBe(true);
        return;
      }
      expect(RLP.encode(ours as Input)).toEqual(noise);
    }),
  );
});

const items = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof({ maxDepth: 3 }, fc.uint8Array({ maxLength: 80 }), fc.array(tie('item'), { maxLength: 6 })),
})).item;

test('written from its end, an encoding is the same', () => {
  const write = (writer: RlpBackWriter, item: RlpItem, as: number): void => {
    if (item instanceof Uint8Array) {
      if (as === 0) writer.bytes(item);
      else if (as === 2) writer.part(concatBytes(Uint8Array.of(1, 2), item, Uint8Array.of(3)), 2, item.length);
      else writer.hex(bytesToHex(item));
      return;
    }
    const end = writer.length;
    for (const each of [...item].reverse()) write(writer, each, as);
    writer.list(end);
  };
  fc.assert(
    fc.property(items, fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 1, 2), (item, capacity, as) => {
      const writer = new RlpBackWriter(as === 2 ? new Uint8Array(capacity) : capacity);
      write(writer, item, as);
      expect(writer.finish()).toEqual(encodeRlp(item));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n }), fc.integer({ min: 0, max: 256 }), (value, bits) => {
      const writer = new RlpBackWriter(0);
      writer.natural(value >> BigInt(bits));
      expect(writer.finish()).toEqual(encodeRlp(bigintToBytes(value >> BigInt(bits))));
    }),
  );
});

test('a list is walked as it is decoded', () => {
  fc.assert(
    fc.property(fc.array(items, { maxLength: 6 }), (list) => {
      const reader = new RlpReader(encodeRlp(list), 0, 'item');
      for (const item of list) {
        if (item instanceof Uint8Array) expect(reader.string()).toEqual(item);
        else expect(reader.item()).toEqual(item);
      }
      expect(reader.done).toBe(true);
    }),
  );
});

test.each<[string, number[]]>([
  ['nothing', []],
  ['a byte with a prefix', [0x81, 0x05]],
  ['a short string in long form', [0xb8, 0x01, 0xff]],
  ['a length with a leading zero', [0xb9, 0x00, 0x38, ...new Array<number>(56).fill(1)]],
  ['a string that ends early', [0x83, 1, 2]],
  ['a list that ends early', [0xc2, 1]],
  ['an item over its list', [0xc2, 0x82, 1, 2]],
  ['bytes after the end', [0x01, 0x02]],
  ['a length of 8 bytes', [0xbf, 1, 0, 0, 0, 0, 0, 0, 0]],
])('RLP that is %s is refused', (_, encoded) => {
  expect(() => decodeRlp(Uint8Array.from(encoded), 'item')).toThrow('item is not canonical RLP');
});

test('nesting without end is refused before the stack is', () => {
  let nested = new Uint8Array([0xc0]);
  for (let depth = 0; depth < 55; depth++) nested = Uint8Array.from([0xc0 + nested.length, ...nested]);
  expect(() => decodeRlp(nested, 'item')).toThrow('it is nested too deeply');
});
