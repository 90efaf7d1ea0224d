// Goal: who waits for a nonce leaves exactly once: taken when its nonce comes, or by itself; never more than the bound wait.
// Method: direct calls, with plain strings as visitors.
import { GapRoom } from './gap-room.ts';
import { createHeap } from './heap.ts';
import { testSender } from './testing.ts';
import fc from 'fast-check';

const [alice, bob] = [testSender(0), testSender(1)];

test('takes by sender and nonce, each once', () => {
  const room = new GapRoom<string>({ waitingMax: 3 });
  expect(room.enter({ sender: alice, nonce: 5n, item: 'five' })).toBe(true);
  expect(room.enter({ sender: alice, nonce: 4n, item: 'four' })).toBe(true);
  expect(room.enter({ sender: bob, nonce: 4n, item: 'other' })).toBe(true);
  expect(room.enter({ sender: bob, nonce: 9n, item: 'too many' })).toBe(false);
  expect(room.take(alice, 3n)).toBeUndefined();
  expect(room.take(alice, 4n)).toBe('four');
  expect(room.take(alice, 4n)).toBeUndefined();
  expect(room.take(alice, 5n)).toBe('five');
  expect(room.leave(bob, 'other')).toBe(true);
  expect(room.leave(bob, 'other')).toBe(false);
  expect(room.size).toBe(0);
});

test('empties completely', () => {
  const room = new GapRoom<string>({ waitingMax: 3 });
  room.enter({ sender: alice, nonce: 5n, item: 'a' });
  room.enter({ sender: bob, nonce: 5n, item: 'b' });
  expect(room.empty().sort()).toEqual(['a', 'b']);
  expect(room.take(alice, 9n)).toBeUndefined();
});

test('the heap sorts', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (initial, pushed) => {
      const heap = createHeap(initial, (a, b) => a < b);
      for (const item of pushed) heap.push(item);
      const popped = Array.from({ length: heap.size }, () => heap.pop());
      expect(popped).toEqual([...initial, ...pushed].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
