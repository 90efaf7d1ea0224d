// Goal: ids are whole numbers below 2^52, the same for the same key, and others for other keys.
import fc from 'fast-check';
import { accountKeyId, slotKeyId } from './key-id.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const salts = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('a whole number below 2^52, of the bytes alone', () => {
  fc.assert(
    fc.property(bytes(20), bytes(32), salts, (address, slot, salt) => {
      const account = accountKeyId(address, salt);
      const id = slotKeyId(account, slot);
      for (const each of [account, id]) {
        expect(Number.isInteger(each) && each >= 0 && each < 2 ** 52).toBe(true);
      }
      expect(accountKeyId(address.slice(), salt)).toBe(account);
      expect(slotKeyId(account, slot.slice())).toBe(id);
    }),
  );
});

test('keys that differ little have other ids', () => {
  for (const salt of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
    const ids = new Set<number>();
    let keys = 0;
    for (let i = 0; i < 2_000; i++) {
      const address = new Uint8Array(20);
      new DataView(address.buffer).setUint32(i % 2 === 0 ? 0 : 16, i);
      const account = accountKeyId(address, salt);
      const slot = new Uint8Array(32);
      new DataView(slot.buffer).setUint32(28, i % 50);
      ids.add(account);
      ids.add(slotKeyId(account, slot));
      keys += 2;
    }
    // 2^12 keys of 2^52 ids: two are alike once in 2^29 such tests.
    expect(ids.size).toBe(keys);
  }
});
