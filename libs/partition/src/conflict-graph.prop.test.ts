// Goal: the coordinator finds exactly the runs that saw what they should not have, and all that may follow from them.
// Method: random accesses of positions on members, where each sees what its own member has, beside plain loops over pairs.
import fc from 'fast-check';
import { ConflictGraph } from './conflict-graph.ts';
import {
  BALANCE_READ,
  BALANCE_WRITE,
  CODE_READ,
  CODE_WRITE,
  NONCE_READ,
  NONCE_WRITE,
  SLOT_READ,
  SLOT_WRITE,
} from './position-run.ts';
import type { ReportedKey } from './report.ts';

const keyCount = 5;
const isSlot = (key: number) => key % 2 === 1;
/** Of each field of a key: bit that reads it, bit that writes it. */
const fields = (key: number): readonly (readonly [number, number])[] =>
  isSlot(key)
    ? [[SLOT_READ, SLOT_WRITE]]
    : [
        [CODE_READ, CODE_WRITE],
        [NONCE_READ, NONCE_WRITE],
        [BALANCE_READ, BALANCE_WRITE],
      ];

const access = fc.record({ key: fc.nat({ max: keyCount - 1 }), mask: fc.integer({ min: 1, max: 63 }) });
const block = fc.array(
  fc.record({
    member: fc.nat({ max: 2 }),
    accesses: fc.uniqueArray(access, { maxLength: 3, selector: ({ key }) => key }),
  }),
  { minLength: 1, maxLength: 9 },
);
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never;

const maskOf = (list: Block, position: number, key: number): number => {
  const mask = list[position]!.accesses.find((each) => each.key === key)?.mask ?? 0;
  return isSlot(key) ? mask & 3 : mask;
};

/** What the position would see of the field if only `counts` had written: the last writer, or how many credits. */
function seen(list: Block, position: number, key: number, write: number, counts: (other: number) => boolean): number {
  const writers = range(position).filter((other) => counts(other) && (maskOf(list, other, key) & write) !== 0);
  return write === BALANCE_WRITE && !isSlot(key) ? writers.length : (writers.at(-1) ?? -1);
}

const range = (end: number) => Array.from({ length: end }, (_, at) => at);

/** As each member reports: what it saw of its own runs. */
function graphOf(list: Block, chosen: readonly number[] = range(list.length), again = false): ConflictGraph {
  const graph = new ConflictGraph();
  addReports(graph, list, chosen, again);
  return graph;
}

function addReports(graph: ConflictGraph, list: Block, chosen: readonly number[], again: boolean): void {
  for (const member of range(3)) {
    const own = chosen.filter((position) => list[position]!.member === member);
    const keys: ReportedKey[] = [];
    for (const key of range(keyCount)) {
      const accesses = own.flatMap((position) => {
        const mask = maskOf(list, position, key);
        if (mask === 0) return [];
        const look = (write: number) =>
          seen(list, position, key, write, (other) => list[other]!.member === member && chosen.includes(other));
        return [
          {
            position,
            mask,
            seen: look(isSlot(key) ? SLOT_WRITE : CODE_WRITE),
            seenNonce: look(NONCE_WRITE),
            seenCredits: look(BALANCE_WRITE),
          },
        ];
      });
      if (accesses.length > 0) keys.push({ id: key, isSlot: isSlot(key), accesses });
    }
    graph.add(member, { positions: [], keys }, again);
  }
}

/** Whether the position reads a field of a key that the other one writes. */
const follows = (list: Block, position: number, other: number) =>
  range(keyCount).some((key) =>
    fields(key).some(
      ([read, write]) => (maskOf(list, position, key) & read) !== 0 && (maskOf(list, other, key) & write) !== 0,
    ),
  );

function closureOf(list: Block, seeds: ReadonlySet<number>): number[] {
  const again: number[] = [];
  for (const position of range(list.length)) {
    if (seeds.has(position) || again.some((other) => follows(list, position, other))) again.push(position);
  }
  return again;
}

function wrongOf(list: Block): number[] {
  return range(list.length).filter((position) =>
    range(keyCount).some((key) =>
      fields(key).some(([read, write]) => {
        if ((maskOf(list, position, key) & read) === 0) return false;
        const { member } = list[position]!;
        const own = seen(list, position, key, write, (other) => list[other]!.member === member);
        return own !== seen(list, position, key, write, () => true);
      }),
    ),
  );
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

test('runs that saw something else', () => {
  fc.assert(
    fc.property(block, fc.boolean(), (list, again) => {
      expect(sorted(graphOf(list, range(list.length), again).wrong())).toEqual(wrongOf(list));
    }),
    { numRuns: 500 },
  );
});

test('what is reported again takes the place of what was removed', () => {
  fc.assert(
    fc.property(block, block, fc.array(fc.nat({ max: 8 })), (list, other, picked) => {
      const moved = new Set(picked.filter((position) => position < list.length));
      const graph = graphOf(list);
      graph.remove(moved);
      // They run alone on a member that has told nothing so far, and see nothing of others.
      const next = list.map((each, position) =>
        moved.has(position) ? { member: 3, accesses: other[position % other.length]!.accesses } : each,
      );
      for (const position of sorted(moved)) {
        const keys = range(keyCount).flatMap((key) => {
          const mask = maskOf(next, position, key);
          if (mask === 0) return [];
          return [
            { id: key, isSlot: isSlot(key), accesses: [{ position, mask, seen: -1, seenNonce: -1, seenCredits: 0 }] },
          ];
        });
        graph.add(3, { positions: [], keys }, true);
      }
      const wanted = range(list.length).filter((position) =>
        range(keyCount).some((key) =>
          fields(key).some(([read, write]) => {
            if ((maskOf(next, position, key) & read) === 0) return false;
            const { member } = list[position]!;
            // What it saw then: of its own member in the first round; nothing, if it ran again.
            const then = moved.has(position)
              ? seen(next, 0, key, write, () => true)
              : seen(list, position, key, write, (each) => list[each]!.member === member);
            return then !== seen(next, position, key, write, () => true);
          }),
        ),
      );
      expect(sorted(graph.wrong())).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});

test('what follows, in groups that have nothing to do with each other', () => {
  fc.assert(
    fc.property(block, fc.array(fc.nat({ max: 8 }), { minLength: 1 }), (list, picked) => {
      const seeds = new Set(picked.filter((position) => position < list.length));
      const graph = graphOf(list);
      const again = graph.closure(seeds, list.length);
      expect(again).toEqual(closureOf(list, seeds));

      // Two are of one group when both touch a field that one of them all writes, or by way of others.
      const touches = (position: number, key: number, bits: readonly [number, number]) =>
        (maskOf(list, position, key) & (bits[0] | bits[1])) !== 0;
      const together = (a: number, b: number) =>
        range(keyCount).some((key) =>
          fields(key).some(
            (bits) =>
              touches(a, key, bits) &&
              touches(b, key, bits) &&
              again.some((position) => (maskOf(list, position, key) & bits[1]) !== 0),
          ),
        );
      const groups: number[][] = [];
      for (const position of again) {
        const joined = groups.filter((group) => group.some((other) => together(position, other)));
        for (const group of joined) groups.splice(groups.indexOf(group), 1);
        groups.push(sorted([position, ...joined.flat()]));
      }
      const byFirst = (all: number[][]) => [...all].sort((a, b) => a[0]! - b[0]!);
      expect(byFirst(graph.components(again, list.length).map(sorted))).toEqual(byFirst(groups));

      const written = graph.writtenKeys(again, list.length);
      expect([...written.keys()]).toEqual(again);
      for (const [position, ids] of written) {
        const wanted = range(keyCount).filter(
          (key) =>
            maskOf(list, position, key) !== 0 &&
            range(list.length).some(
              (other) =>
                !again.includes(other) && fields(key).some(([, write]) => (maskOf(list, other, key) & write) !== 0),
            ),
        );
        expect(sorted(ids)).toEqual(wanted);
      }
    }),
    { numRuns: 500 },
  );
});
