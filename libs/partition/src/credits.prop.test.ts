// Goal: sums are those of all credits below, whatever order they came and went in and whenever somebody asked.
// Method: random changes and questions beside a plain list.
import fc from 'fast-check';
import { Credits } from './credits.ts';

const position = fc.integer({ min: 0, max: 19 });
const change = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    position,
    delta: fc.bigInt({ min: -5n, max: 5n }),
    foreign: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('withdraw' as const), position }),
  fc.record({ kind: fc.constant('ask' as const), position }),
  fc.record({ kind: fc.constant('dropForeign' as const) }),
);

test('credits beside a plain list', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const credits = new Credits();
      let model: { position: number; round: number; delta: bigint }[] = [];
      for (const each of changes) {
        if (each.kind === 'dropForeign') {
          credits.dropForeign();
          model = model.filter(({ round }) => round > 0);
        } else if (each.kind === 'ask') {
          const below = model.filter(({ position: at }) => at < each.position);
          expect(credits.countBelow(each.position)).toBe(below.length);
          expect(credits.sum(below.length)).toBe(below.reduce((sum, { delta }) => sum + delta, 0n));
        } else {
          model = model.filter(({ position: at }) => at !== each.position);
          if (each.kind === 'withdraw') credits.withdraw(each.position);
          else {
            const credit = { position: each.position, round: each.foreign ? -1 : 1, delta: each.delta };
            credits.put(credit);
            model.push(credit);
          }
        }
        model.sort((a, b) => a.position - b.position);
        expect(credits.list()).toEqual(model);
        expect(credits.count).toBe(model.length);
      }
    }),
    { numRuns: 300 },
  );
});
