// Goal: versions of one key are found by position, whatever order they came and went in.
// Method: random changes beside a plain map.
import fc from 'fast-check';
import { countBelow, insert, latestBelow, noVersions, withdraw, type NonceVersion } from './versions.ts';

const positions = fc.integer({ min: 0, max: 19 });
const changes = fc.array(fc.tuple(fc.boolean(), positions, fc.bigInt({ min: -5n, max: 5n })), { maxLength: 60 });

const below = (model: Map<number, bigint>, position: number) =>
  [...model].filter(([at]) => at < position).sort(([a], [b]) => a - b);

test('a position reads the last version below it', () => {
  fc.assert(
    fc.property(changes, positions, (list, position) => {
      let versions: NonceVersion[] = noVersions;
      const model = new Map<number, bigint>();
      for (const [comes, at, nonce] of list) {
        if (comes) versions = insert(versions, { position: at, round: 1, nonce });
        else withdraw(versions, at);
        if (comes) model.set(at, nonce);
        else model.delete(at);
      }
      const wanted = below(model, position);
      expect(countBelow(versions, position)).toBe(wanted.length);
      expect(latestBelow(versions, position)?.nonce).toBe(wanted.at(-1)?.[1]);
      expect(versions.map(({ position: at, nonce }) => [at, nonce])).toEqual(below(model, 20));
      expect(noVersions).toEqual([]);
    }),
  );
});
