import { CoordinatorShare } from './coordinator-share.ts';

test('more for a coordinator that others waited for, within its bounds', () => {
  const share = new CoordinatorShare(2);
  const first = share.value;
  share.note(true);
  expect(share.value).toBeGreaterThan(first);
  share.note(false);
  expect(share.value).toBeCloseTo(first);
  for (let block = 0; block < 100; block++) share.note(true);
  expect(share.value).toBe(0.75);
  for (let block = 0; block < 100; block++) share.note(false);
  expect(share.value).toBe(0);
});

test('it is never more than what leaves the coordinator nothing to run', () => {
  for (const members of [1, 2, 3, 16, 256]) {
    const share = new CoordinatorShare(members);
    for (let block = 0; block < 100; block++) share.note(true);
    const all = 1 + share.value;
    expect(share.value * members).toBeLessThanOrEqual(all + 1e-9);
  }
});
