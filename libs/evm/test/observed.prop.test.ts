// Goal: what the effects do not call read, nothing came from: another balance, another nonce or an account that is there or
// not, where no flag says that it was looked at, gives the same transaction.
// Method: random programs, run again on a world in which all that may be is changed; both engines. Of the accounts changed
// the difference of the balances before and after must be the same; of everything else, everything.
import fc from 'fast-check';
import { bytesToHex, toAddress, type Address } from '@sheaf/primitives';
import { warmPrecompiles } from '../src/precompiles/index.ts';
import type { AccountEffect, EngineMode } from '../src/ports.ts';
import { plan, toScenario } from './programs/scenarios.ts';
import { runHere } from './support/compare.ts';
import { readable, type Run } from './support/engine.ts';
import { propertyRuns, propertyTimeoutMs } from './support/runs.ts';
import type { World, WorldAccount } from './support/scenario.ts';

beforeAll(() => warmPrecompiles());

const nothing: WorldAccount = { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: new Map() };
const isEmpty = ({ nonce, balance, code }: WorldAccount): boolean =>
  nonce === 0n && balance === 0n && code.length === 0;

/** The account in every way other that the flags allow. */
function changed(was: WorldAccount, effect: AccountEffect, seed: bigint): WorldAccount {
  const now = { ...was };
  if (!effect.balanceRead) now.balance = seed % 3n === 0n ? 0n : was.balance + seed;
  if (!effect.nonceRead) now.nonce = seed % 5n === 0n ? 0n : seed % 100n;
  if (!effect.emptinessRead || isEmpty(now) === isEmpty(was)) return now;
  // Emptiness counts: empty stays empty, and what is not gets something back that it may have.
  if (isEmpty(was)) return was;
  if (!effect.balanceRead) return { ...now, balance: 1n };
  return { ...now, nonce: was.nonce };
}

/** What must be the same of an account whatever it had. */
function course({ before, after, ...effect }: AccountEffect, isSender: boolean): object {
  const gained = (after?.balance ?? 0n) - (before?.balance ?? 0n);
  // The transaction sets its sender's nonce.
  const raised = isSender ? 0n : (after?.nonce ?? 0n) - (before?.nonce ?? 0n);
  const code = effect.code === undefined ? undefined : bytesToHex(effect.code);
  return { ...effect, code, gained, raised: effect.destroyed ? 0n : raised };
}

function courseOf({ outcome, effects }: Run, sender: Address): object {
  const { status, reason, output, gasLeft, refund, created } = outcome;
  return {
    outcome: { status, reason, output, gasLeft, refund, created },
    others: readable({ ...effects, accounts: [] }),
    accounts: effects.accounts.map((effect) => course(effect, toAddress(effect.address) === sender)),
  };
}

test.each<EngineMode>(['interpreter', 'compiler'])(
  'other balances and nonces where none was looked at give the same: %s',
  (mode) =>
    fc.assert(
      fc.property(
        plan,
        fc.array(fc.bigInt({ min: 1n, max: 10n ** 20n }), { minLength: 12, maxLength: 12 }),
        (drawn, seeds) => {
          const scenario = toScenario(drawn);
          const { caller } = scenario.message;
          const run = runHere(scenario, mode);
          const world: World = new Map([
            ...scenario.world,
            ...run.effects.accounts.map((effect, place): [Address, WorldAccount] => {
              const address = toAddress(effect.address);
              const was = scenario.world.get(address) ?? nothing;
              return [address, changed(was, effect, seeds[place % seeds.length]!)];
            }),
          ]);
          const again = runHere({ ...scenario, world }, mode);
          expect(courseOf(again, caller)).toEqual(courseOf(run, caller));
        },
      ),
      propertyRuns(60),
    ),
  propertyTimeoutMs,
);
