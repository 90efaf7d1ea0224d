// Between blocks the heap comes first, then the store, a step at a turn; nothing while the next block is being executed.
import { setImmediate as turn } from 'node:timers/promises';
import { startMaintenance } from './maintenance.ts';

function setUp(storeSteps: number) {
  const done: string[] = [];
  let left = storeSteps;
  let busy = false;
  const maintenance = startMaintenance({
    store: {
      maintain() {
        done.push('store');
        left -= 1;
        return left > 0;
      },
    },
    collectYoung: () => void done.push('collect'),
    busy: () => busy,
  });
  return { done, maintenance, setBusy: (now: boolean) => (busy = now) };
}

test('after a block the heap is collected once, then the store has its steps', async () => {
  const { done, maintenance } = setUp(2);
  maintenance.wake();
  expect(done).toEqual([]);
  for (let turns = 0; turns < 6; turns++) await turn();
  expect(done).toEqual(['collect', 'store', 'store']);
});

test('the next block holds it up; after that one it goes on with the heap', async () => {
  const { done, maintenance, setBusy } = setUp(1);
  setBusy(true);
  maintenance.wake();
  for (let turns = 0; turns < 3; turns++) await turn();
  expect(done).toEqual([]);
  setBusy(false);
  maintenance.wake();
  for (let turns = 0; turns < 4; turns++) await turn();
  expect(done).toEqual(['collect', 'store']);
});

test('what the store fails with is told, and it is tried again after the next block', async () => {
  const faults = [new Error('the disk is full')];
  const maintenance = startMaintenance({
    store: {
      maintain() {
        const fault = faults.pop();
        if (fault !== undefined) throw fault;
        return false;
      },
    },
    collectYoung: () => undefined,
    busy: () => false,
  });
  maintenance.wake();
  for (let turns = 0; turns < 4; turns++) await turn();
  expect(maintenance.fault()).toBe('the disk is full');
  maintenance.wake();
  for (let turns = 0; turns < 4; turns++) await turn();
  expect(maintenance.fault()).toBeUndefined();
});
