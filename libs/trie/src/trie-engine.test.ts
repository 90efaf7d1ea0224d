// Goal: the engine reads no more than it has to, refuses what is malformed, says what its source lacks, and goes on
// after any failure.
// Method: small tries whose shape is written out, in a source that counts or spoils its answers.
import { bytesToHex, ChainError } from '@sheaf/primitives';
import { positionText, referenceTrie } from '../test/reference-trie.ts';
import { decodeBranch, encodeBranch } from './branch-record.ts';
import { limits } from './limits.ts';
import { MemoryTrieSource } from './memory-source.ts';
import type { TrieCommit, LeafChange, TrieBatch } from './trie-batch.ts';
import { createTrieEngine } from './trie-engine.ts';
import type { TrieLeaf, TrieSource } from './trie-source.ts';

const engine = createTrieEngine();
const longValue = new Uint8Array(40).fill(7);

/** The key of these nibbles and zeros after them. */
function keyOf(nibbles: string): Uint8Array {
  return Uint8Array.from(Buffer.from(nibbles.padEnd(64, '0'), 'hex'));
}

function put(nibbles: string, existed = false, value = longValue): LeafChange {
  return { key: keyOf(nibbles), value, existed };
}

function remove(nibbles: string, existed = true): LeafChange {
  return { key: keyOf(nibbles), value: undefined, existed };
}

function whole(...changes: LeafChange[]): TrieBatch {
  return { owner: 1, position: new Uint8Array(0), changes };
}

/** A source with the keys. */
function sourceOf(...keys: string[]): MemoryTrieSource {
  const source = new MemoryTrieSource();
  const batches = [whole(...keys.map((each) => put(each)))];
  source.apply(engine.commit(batches, source), batches);
  return source;
}

/** Counts what it is asked for, by position. */
function recording(source: TrieSource): TrieSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    branch(owner, position) {
      asked.push(`branch ${positionText(position)}`);
      return source.branch(owner, position);
    },
    leaf(owner, position) {
      asked.push(`leaf ${positionText(position)}`);
      return source.leaf(owner, position);
    },
  };
}

/** What the commit is refused with. */
function refusal(batches: readonly TrieBatch[], source: TrieSource = new MemoryTrieSource()): ChainError['detail'] {
  try {
    engine.commit(batches, source);
  } catch (error) {
    if (error instanceof ChainError) return error.detail;
    throw error;
  }
  throw new Error('the commit went through');
}

/** Commits, applies, and expects the trie of the keys. */
function expectTrie(source: MemoryTrieSource, changes: LeafChange[], keys: string[]): void {
  const batches = [whole(...changes)];
  const commit = engine.commit(batches, source);
  source.apply(commit, batches);
  const expected = referenceTrie(
    keys.map((each) => ({ key: keyOf(each), value: longValue })),
    0,
  );
  expect(commit.tops).toEqual([expected.top]);
  expect(bytesToHex(commit.roots[0]!)).toBe(bytesToHex(expected.root));
  const records = new Map([...source.branches()].map(({ position, record }) => [positionText(position), record]));
  expect(records).toEqual(expected.records);
}

describe('what is read', () => {
  test('an update or a delete of a leaf reads the branches on its way and no leaf', () => {
    const source = sourceOf('10', '11', '2', '3');
    const asking = recording(source);
    engine.commit([whole(put('11', true), remove('2'))], asking);
    expect(asking.asked).toEqual(['branch ', 'branch 1']);
  });

  test('an insert beside a leaf reads the leaf', () => {
    const asking = recording(sourceOf('1', '2'));
    engine.commit([whole(put('21'))], asking);
    expect(asking.asked).toEqual(['branch ', 'leaf 2']);
  });

  test('a delete that leaves one leaf reads it', () => {
    const asking = recording(sourceOf('1', '2'));
    engine.commit([whole(remove('1'))], asking);
    expect(asking.asked).toEqual(['branch ', 'leaf 2']);
  });

  test('deletes of what is not there read no leaf and change nothing, wherever they leave the trie', () => {
    const source = sourceOf('0010', '0011', '002', '9');
    const asking = recording(source);
    const absent = ['0012', '00101', '003', '01', '5', '91'].map((each) => remove(each, false));
    absent.sort((a, b) => Buffer.compare(a.key, b.key));
    const { diff, nodes, tops } = engine.commit([whole(...absent)], asking);
    expect({ diff: diff.length, nodes: [...nodes] }).toEqual({ diff: 0, nodes: [] });
    expect(tops).toEqual([{ kind: 'branch', record: source.branch(1, new Uint8Array(0)) }]);
    expect(asking.asked).toEqual(['branch ', 'branch 0', 'branch 001']);
  });

  test('the same value again changes nothing', () => {
    const { diff, nodes } = engine.commit([whole(put('1', true))], sourceOf('1', '11', '2'));
    expect({ diff: diff.length, nodes: [...nodes] }).toEqual({ diff: 0, nodes: [] });
  });
});

describe('shapes', () => {
  test('an untouched branch between others that vanish moves up, and its own position is listed in order', () => {
    const source = sourceOf('01', '02', '20', '21', '51', '52', '9');
    const changes = ['01', '02', '20', '21', '9'].map((each) => remove(each));
    const nodes = [...engine.commit([whole(...changes)], source).nodes];
    expect(nodes.map(({ position, after }) => [positionText(position), after !== undefined])).toEqual([
      ['', true],
      ['0', false],
      ['2', false],
      ['5', false],
    ]);
    expectTrie(source, changes, ['51', '52']);
  });

  test('an extension is split where puts leave it, whatever deletes do that change nothing', () => {
    const keys = ['5550', '5551'];
    // The deletes leave the extension above the put, and their nibbles where it is split are out of order.
    expectTrie(sourceOf(...keys), [remove('4ff', false), put('554'), remove('6', false)], [...keys, '554']);
    expectTrie(sourceOf(...keys), [remove('54', false), remove('5552', false), remove('56', false)], keys);
    expectTrie(
      sourceOf(...keys),
      [put('4'), put('554'), put('5552'), put('556')],
      [...keys, '4', '554', '5552', '556'],
    );
  });

  test('a split whose old branch vanishes at once leaves no branch', () => {
    expectTrie(sourceOf('5550', '5551'), [put('53'), remove('5550'), remove('5551')], ['53']);
    expectTrie(sourceOf('5550', '5551'), [put('53'), remove('5550')], ['53', '5551']);
    expectTrie(sourceOf('5550', '5551'), [remove('5550'), remove('5551')], []);
  });

  test('keys that part at the last nibble, in all of them', () => {
    const keys = Array.from({ length: 16 }, (_, nibble) => '7'.repeat(63) + nibble.toString(16));
    expectTrie(
      sourceOf(),
      keys.map((each) => put(each)),
      keys,
    );
    expectTrie(sourceOf(...keys), [put('7'.repeat(62))], ['7'.repeat(62), ...keys]);
  });

  test('a forest commits as its tries do alone', () => {
    const forest = Array.from({ length: 300 }, (_, i): TrieBatch => {
      const keys = Array.from({ length: 1 + (i % 7) }, (_, j) =>
        ((i * 37 + j * 11) % 250).toString(16).padStart(2, '0'),
      );
      return { owner: i, position: new Uint8Array(0), changes: [...new Set(keys)].sort().map((each) => put(each)) };
    });
    const together = engine.commit(forest, new MemoryTrieSource());
    for (const [i, batch] of forest.entries()) {
      const alone = engine.commit([batch], new MemoryTrieSource());
      expect(together.tops[i]).toEqual(alone.tops[0]);
      expect(together.roots[i]).toEqual(alone.roots[0]);
    }
  });

  test('no batches, and batches without changes', () => {
    const { nodes, ...rest } = engine.commit([], new MemoryTrieSource());
    expect({ ...rest, nodes: [...nodes] }).toEqual({
      tops: [],
      roots: [],
      nodes: [],
      diff: new Uint8Array(0),
      valid: true,
    });
    for (const keys of [[], ['1'], ['1', '12'], ['1', '2']]) {
      expectTrie(sourceOf(...keys), [], keys);
    }
  });

  test('values of every size class, up to the largest', () => {
    for (const size of [1, 55, 56, 255, 256, 257, 1000, limits.valueBytesMax]) {
      const value = new Uint8Array(size).fill(0x80);
      const { roots } = engine.commit([whole(put('1', false, value), put('2'))], new MemoryTrieSource());
      const leaves = [
        { key: keyOf('1'), value },
        { key: keyOf('2'), value: longValue },
      ];
      expect(bytesToHex(roots[0]!)).toBe(bytesToHex(referenceTrie(leaves, 0).root));
    }
  });
});

describe('what is handed over', () => {
  test('stays when the engine commits again', () => {
    const whatItHas = (commit: TrieCommit) => ({ ...commit, nodes: [...commit.nodes] });
    const first = engine.commit([whole(put('1'), put('12'), put('2'))], new MemoryTrieSource());
    const copy = structuredClone(whatItHas(first));
    const leaf = engine.commit([whole(put('3'))], new MemoryTrieSource());
    engine.commit([whole(put('4'), put('45'), put('5'))], new MemoryTrieSource());
    expect(whatItHas(first)).toEqual(copy);
    expect(leaf.tops).toEqual([{ kind: 'leaf', key: keyOf('3'), value: longValue }]);
  });
});

describe('malformed batches name the field', () => {
  const two: TrieBatch[] = [
    { owner: 0, position: Uint8Array.of(1, 2), changes: [] },
    { owner: 0, position: Uint8Array.of(1, 3), changes: [] },
  ];
  const at = (owner: number, position: number[], ...changes: LeafChange[]): TrieBatch => ({
    owner,
    position: Uint8Array.from(position),
    changes,
  });
  test.each<[string, TrieBatch[]]>([
    ['batches[0].owner', [at(-1, [])]],
    ['batches[0].owner', [at(2 ** 48, [])]],
    ['batches[0].owner', [at(0.5, [])]],
    ['batches[0].position', [at(1, [16])]],
    ['batches[0].position', [at(1, new Array<number>(64).fill(0))]],
    ['batches[1]', [two[1]!, two[0]!]],
    ['batches[1]', [two[0]!, two[0]!]],
    ['batches[1]', [at(0, [1]), two[0]!]],
    ['batches[1]', [two[0]!, at(0, [1])]],
    ['batches[1]', [at(2, []), at(1, [])]],
    ['batches[0].changes[1].key', [whole(put('2'), put('1'))]],
    ['batches[0].changes[1].key', [whole(put('1'), put('1'))]],
    ['batches[1].changes[0].key', [whole(), at(2, [1, 2], put('13'))]],
    ['batches[0].changes[0].key', [at(2, [1, 2, 3], put('122'))]],
    ['batches[0].changes[0].key', [whole({ ...put('1'), key: new Uint8Array(31) })]],
    ['batches[0].changes[0].value', [whole(put('1', false, new Uint8Array(0)))]],
    ['batches[0].changes[0].value', [whole(put('1', false, new Uint8Array(limits.valueBytesMax + 1)))]],
  ])('%s', (field, batches) => {
    expect(refusal(batches)).toMatchObject({ code: 'INVALID_ARGUMENT', field });
  });
});

describe('a source that is wrong', () => {
  const none = () => undefined;

  test('a branch or a leaf that is missing is DATA_LOSS and says where', () => {
    const source = sourceOf('10', '11', '2', '3');
    const lacking: TrieSource = {
      branch: (owner, position) => (position.length === 0 ? source.branch(owner, position) : undefined),
      leaf: none,
    };
    const message = (changes: LeafChange[]) => refusal([whole(...changes)], lacking);
    expect(message([put('12')])).toEqual({ code: 'DATA_LOSS', message: 'branch at [1] is missing' });
    expect(message([put('21')])).toEqual({ code: 'DATA_LOSS', message: 'leaf at [2] is missing' });
    expect(message([remove('2'), remove('3')])).toEqual({ code: 'DATA_LOSS', message: 'branch at [1] is missing' });
    const two = sourceOf('1', '2');
    const leafless: TrieSource = { branch: (owner, at) => two.branch(owner, at), leaf: none };
    expect(refusal([whole(remove('1'))], leafless)).toEqual({ code: 'DATA_LOSS', message: 'leaf at [2] is missing' });
  });

  test('what it throws reaches the caller, and the engine goes on', () => {
    const source = sourceOf('10', '11', '2', '3');
    for (const method of ['branch', 'leaf'] as const) {
      const thrown = new Error('no disk');
      const failing: TrieSource = {
        branch: (owner, position) => source.branch(owner, position),
        leaf: (owner, position) => source.leaf(owner, position),
        [method]: () => {
          throw thrown;
        },
      };
      expect(() => engine.commit([whole(put('21'))], failing)).toThrow(thrown);
      expectTrie(sourceOf('1', '2'), [put('21')], ['1', '2', '21']);
    }
  });

  test('damaged records are DATA_LOSS', () => {
    const record = sourceOf('10', '11', '2', '3').branch(1, new Uint8Array(0))!;
    const branch = decodeBranch(record);
    const deep = encodeBranch({ ...branch, extension: new Uint8Array(63) });
    const broken: Uint8Array[] = [
      new Uint8Array(0),
      record.subarray(0, 5),
      record.subarray(0, record.length - 1),
      Uint8Array.from([...record, 0]),
      new Uint8Array(600),
      Uint8Array.from(record, (byte, i) => (i === 0 ? 64 : byte)),
      // A path that does not end.
      encodeBranch({ ...branch, extension: Uint8Array.of(1) }).map((byte, i) => (i === 1 ? 0x1f : byte)),
      // Masks of children that are not there, and of one child only.
      record.map((byte, i) => (i === 3 ? 0x80 : byte)),
      record.map((byte, i) => (i === 5 ? 0x80 : byte)),
      encodeBranch({ ...branch, present: 2, leaves: 0 }),
      // Embedded children that are no short list.
      ...[0x00, 0xc0, 0xdf, 0xff].map((first) => {
        const references = [...branch.references];
        references[2] = new Uint8Array(32).fill(first);
        return encodeBranch({ ...branch, embedded: 4, references });
      }),
    ];
    for (const bytes of broken) {
      const source: TrieSource = { branch: () => bytes, leaf: none };
      expect(refusal([whole(put('1'))], source)).toMatchObject({ code: 'DATA_LOSS' });
    }
    const below: TrieSource = { branch: (_, at) => (at.length === 0 ? record : deep), leaf: none };
    expect(refusal([whole(put('1'))], below)).toMatchObject({ code: 'DATA_LOSS' });
  });

  test.each<[string, TrieLeaf]>([
    ['of another place', { key: keyOf('3'), value: longValue }],
    ['without a value', { key: keyOf('2'), value: new Uint8Array(0) }],
    ['with a long value', { key: keyOf('2'), value: new Uint8Array(limits.valueBytesMax + 1) }],
    ['with a short key', { key: new Uint8Array(3), value: longValue }],
  ])('a leaf %s is DATA_LOSS', (_, leaf) => {
    const source = sourceOf('1', '2');
    const wrong: TrieSource = { branch: (owner, at) => source.branch(owner, at), leaf: () => leaf };
    expect(refusal([whole(put('21'))], wrong)).toMatchObject({ code: 'DATA_LOSS' });
  });

  test('a source that commits to the engine that asks it is stopped', () => {
    const asking: TrieSource = { branch: () => engine.commit([], asking).diff, leaf: none };
    expect(() => engine.commit([whole(put('1'))], asking)).toThrow('assertion failed');
    expectTrie(sourceOf('1'), [put('2')], ['1', '2']);
  });
});

test.each<[string, string[], LeafChange[]]>([
  ['an update in an empty trie', [], [put('1', true)]],
  ['an update beside a top leaf', ['1'], [put('11', true)]],
  ['an insert of the top leaf', ['1'], [put('1')]],
  ['an update in an empty slot', ['1', '2'], [put('3', true)]],
  ['two updates of one leaf', ['1', '2'], [put('1', true), remove('11', true)]],
  ['an insert of a leaf that is read', ['1', '2'], [put('1'), put('11')]],
  ['an update outside an extension', ['551', '552'], [put('56', true)]],
  ['a delete outside an extension', ['551', '552'], [remove('4', true)]],
])('%s is wrong about what existed', (_, keys, changes) => {
  expect(refusal([whole(...changes)], sourceOf(...keys))).toMatchObject({ code: 'DATA_LOSS' });
});

describe('memory', () => {
  /** Keys that are as good as random. */
  const many = (count: number): LeafChange[] =>
    Array.from({ length: count }, (_, i) => {
      const key = new Uint8Array(32).fill(i & 0xff);
      new DataView(key.buffer).setUint32(0, Math.imul(i + 1, 0x9e3779b1) >>> 0);
      return { key, value: longValue, existed: false };
    }).sort((a, b) => Buffer.compare(a.key, b.key));

  test('grows with the commit, in the middle of a walk too', () => {
    const changes = many(40_000);
    const half = changes.filter((_, i) => i % 2 === 0);
    const rest = changes.filter((_, i) => i % 2 === 1);
    const source = new MemoryTrieSource();
    const fresh = createTrieEngine();
    source.apply(fresh.commit([whole(...half)], source), [whole(...half)]);
    const inSteps = createTrieEngine().commit([whole(...rest)], source);
    const atOnce = createTrieEngine().commit([whole(...changes)], new MemoryTrieSource());
    expect(bytesToHex(inSteps.roots[0]!)).toBe(bytesToHex(atOnce.roots[0]!));
  });

  test('what is more than there may be is LIMIT, from the changes or from the walk, and the engine goes on', () => {
    const small = createTrieEngine({ memoryBytesMax: 2_097_152 });
    for (const count of [10_000, 30_000]) {
      expect(() => small.commit([whole(...many(count))], new MemoryTrieSource())).toThrow(
        expect.objectContaining({ detail: expect.objectContaining({ code: 'LIMIT' }) as unknown }),
      );
    }
    expect(small.commit([whole(put('1'))], new MemoryTrieSource()).tops[0]!.kind).toBe('leaf');
  });
});
