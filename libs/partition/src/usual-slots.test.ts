// Goal: contracts of one code are expected to look at the state variables that one of them lacked, and at nothing else.
import { usualSlotsLimits } from './limits.ts';
import { addressOf, slotAfter, UsualSlots } from './usual-slots.ts';

const slot = (...low: number[]) => Uint8Array.from([...new Array<number>(32 - low.length).fill(0), ...low]);
const code = new Uint8Array(32).fill(7);

test('state variables, each once and not too many; no hashes', () => {
  const usual = new UsualSlots();
  usual.learn(code, slot(8));
  usual.learn(code, slot(8));
  usual.learn(code, new Uint8Array(32).fill(9));
  expect(usual.of(code)).toEqual([slot(8)]);
  expect(usual.of(new Uint8Array(32).fill(1))).toEqual([]);
  for (let n = 0; n < 100; n++) usual.learn(code, slot(n));
  expect(usual.of(code)).toHaveLength(usualSlotsLimits.slotsEach);
});

test('the slot after one, not over two bytes', () => {
  expect(slotAfter(slot(1, 255), 1)).toEqual(slot(2, 0));
  expect(slotAfter(slot(2, 0), -1)).toEqual(slot(1, 255));
  expect(slotAfter(slot(0), -1)).toBeUndefined();
  expect(slotAfter(slot(255, 255), 1)).toBeUndefined();
});

test('an address has twelve zeros before it, and more than a small number in it', () => {
  const address = new Uint8Array(20).fill(3);
  expect(addressOf(Uint8Array.from([...new Uint8Array(12), ...address]))).toEqual(address);
  expect(addressOf(slot(1, 2, 3))).toBeUndefined();
  expect(addressOf(new Uint8Array(32).fill(3))).toBeUndefined();
});
