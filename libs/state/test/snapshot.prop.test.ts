// Goal: a snapshot of any range of buckets at a kept height gives the same state elsewhere, however often it is broken
// off; a wrong answer or another snapshot is refused and leaves what was there.
// Method: random states that have moved on since the height; small answers, so that tries are split; the importer made
// anew at random; answers with a byte changed, of another want, or cut short.
import { toHash32, toHeight, zeroHash, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import {
  answerSnapshot,
  decodeAnswer,
  decodeManifest,
  decodeWant,
  encodeAnswer,
  encodeManifest,
  encodeWant,
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  SnapshotImport,
  type KeyValue,
  type SnapshotManifest,
} from '../src/index.ts';
import { edit, expectState, play } from './edits.ts';
import { changesBetween, rootOfWorld, type World } from './world.ts';

const runs = { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 40) };
const chain = toHash32(new Uint8Array(32).fill(7));
const height = toHeight(1);

function arrange(blocks: Parameters<typeof play>[1][]): { reader: PartitionReader; worlds: World[] } {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv, { pendingHeightsMin: 2 });
  const worlds: World[] = [];
  for (const [at, edits] of blocks.entries()) {
    const before = worlds.at(-1) ?? new Map();
    const { after, wiped } = play(before, edits);
    state.commit(state.prepare(changesBetween(before, after, wiped)), { height: toHeight(at) });
    worlds.push(after);
    state.maintain();
  }
  return { reader: new PartitionReader(kv), worlds };
}

const manifestOf = (reader: PartitionReader, buckets = { first: 0, end: 256 }): SnapshotManifest => {
  const state = reader.at(height);
  return { chain, height, stateRoot: state.stateRoot(), buckets, tops: state.tops() };
};

const states = fc.tuple(
  fc.array(edit, { minLength: 20, maxLength: 80 }),
  fc.array(edit, { maxLength: 20 }),
  fc.array(edit, { maxLength: 20 }),
);

test('the same state elsewhere', () => {
  fc.assert(
    fc.property(
      states,
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(3), { minLength: 1 }),
      (blocks, rowsMax, breaks) => {
        const { reader, worlds } = arrange(blocks);
        const manifest = decodeManifest(encodeManifest(manifestOf(reader)));
        expect(manifest.stateRoot).toBe(rootOfWorld(worlds[1]!));
        const kv = memoryKeyValue();
        let load = new SnapshotImport(kv, manifest, manifest);
        for (let round = 0; load.wants(1).length > 0; round++) {
          expect(() => new PartitionState(kv)).toThrow('not loaded to its end');
          if (breaks[round % breaks.length] === 0) load = new SnapshotImport(kv, manifest, manifest);
          for (const open of load.wants(3)) {
            const want = decodeWant(encodeWant(open.want));
            load.accept(open, decodeAnswer(encodeAnswer(answerSnapshot(reader.at(height), want, { rowsMax }))));
          }
        }
        load.finish();
        const state = new PartitionState(kv);
        expect(state.head()).toBe(height);
        expect(state.stateRoot()).toBe(manifest.stateRoot);
        expectState(state, worlds[1]!);
        // And it goes on from there.
        state.commit(state.prepare(changesBetween(worlds[1]!, worlds[2]!)), { height: toHeight(2) });
        expect(state.stateRoot()).toBe(rootOfWorld(worlds[2]!));
      },
    ),
    runs,
  );
});

test('two halves have what the whole has', () => {
  fc.assert(
    fc.property(states, fc.integer({ min: 1, max: 255 }), (blocks, cut) => {
      const { reader } = arrange(blocks);
      const tops = [
        { first: 0, end: cut },
        { first: cut, end: 256 },
      ].map((buckets) => {
        const kv = memoryKeyValue();
        importAll(kv, reader, manifestOf(reader, buckets));
        return new PartitionState(kv, { buckets }).tops();
      });
      expect(tops[0]!.map((top, bucket) => (bucket < cut ? top : tops[1]![bucket]!))).toEqual(manifestOf(reader).tops);
    }),
    runs,
  );
});

test('a wrong answer is refused and leaves what was there', () => {
  fc.assert(
    fc.property(states, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(20), (blocks, at, by, steps) => {
      const { reader, worlds } = arrange(blocks);
      const manifest = manifestOf(reader);
      const kv = memoryKeyValue();
      const load = new SnapshotImport(kv, manifest, manifest);
      const answer = (open: ReturnType<typeof load.wants>[number]) =>
        encodeAnswer(answerSnapshot(reader.at(height), open.want, { rowsMax: 3 }));
      for (let i = 0; i < steps && load.wants(1).length > 0; i++)
        load.accept(load.wants(1)[0]!, decodeAnswer(answer(load.wants(1)[0]!)));
      const [open] = load.wants(1);
      if (open === undefined) return;
      const right = answer(open);
      const broken = right.slice();
      broken[at % broken.length]! ^= by;
      for (const wrong of [right.subarray(0, at % right.length), broken]) {
        try {
          load.accept(open, decodeAnswer(wrong));
          // A branch that tells another kind of a child: its children put it right.
          expect(decodeAnswer(wrong).kind).toBe('branch');
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(DATA_LOSS|INVALID_ARGUMENT)$/) as string });
        }
      }
      for (let next = load.wants(1)[0]; next !== undefined; next = load.wants(1)[0])
        load.accept(next, decodeAnswer(answer(next)));
      load.finish();
      expectState(new PartitionState(kv), worlds[1]!);
    }),
    runs,
  );
});

test('a snapshot of another chain, height, root or range, and one into a store that has something', () => {
  const { reader } = arrange([
    [{ kind: 'set', who: 1, balance: 5n, nonce: 1 }],
    [{ kind: 'slot', who: 1, slot: 1, value: 1 }],
  ]);
  const manifest = manifestOf(reader);
  const conflict = expect.objectContaining({ code: 'CONFLICT' });
  const others = [
    { chain: zeroHash },
    { height: toHeight(2) },
    { stateRoot: zeroHash as Hash32 },
    { buckets: { first: 0, end: 128 } },
  ];
  for (const other of others) {
    expect(() => new SnapshotImport(memoryKeyValue(), manifest, { ...manifest, ...other })).toThrow(conflict);
  }
  const kv = memoryKeyValue();
  const load = new SnapshotImport(kv, manifest, manifest);
  load.accept(load.wants(1)[0]!, answerSnapshot(reader.at(height), load.wants(1)[0]!.want));
  const older = { ...manifest, chain: zeroHash };
  expect(() => new SnapshotImport(kv, older, older)).toThrow(conflict);
  const tops = manifest.tops.map((top, bucket) => (bucket === 3 ? manifest.tops[4]! : top));
  expect(() => decodeManifest(encodeManifest({ ...manifest, stateRoot: zeroHash, tops }))).toThrow('do not make');
  importAll(kv, reader, manifest);
  expect(() => new SnapshotImport(kv, manifest, manifest)).toThrow(conflict);
});

function importAll(kv: KeyValue, reader: PartitionReader, manifest: SnapshotManifest): void {
  const load = new SnapshotImport(kv, manifest, manifest);
  for (let open = load.wants(1)[0]; open !== undefined; open = load.wants(1)[0]) {
    load.accept(open, answerSnapshot(reader.at(height), open.want, { rowsMax: 2 }));
  }
  load.finish();
}
