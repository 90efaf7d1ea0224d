// Goal: what members say to each other arrives as it was said, and damaged bytes end in a typed error, never in another one.
// Method: random messages of every kind, there and back; the same with a byte changed, cut off or added.
import { Logs, type Log, type TransactionType } from '@sheaf/ethereum';
import { bytesToHex, ChainError, toAddress, toHash32 } from '@sheaf/primitives';
import { ByteMap, emptyCodeHashBytes } from '@sheaf/state';
import { dropReasons, type DropReason } from '@sheaf/state-transition';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from './bytes.ts';
import { decodeFinals, encodeFinals, type FinalAccount, type FinalSlot } from './final-writes.ts';
import { accountKeyId, slotKeyId } from './key-id.ts';
import { slotCell, VersionedMemory, type AccountCell } from './memory.ts';
import {
  decodeEnvelope,
  decodePlace,
  decodePlan,
  encodeEnvelope,
  encodePlace,
  encodePlan,
  kinds,
  type Envelope,
  type Place,
  type Plan,
} from './messages.ts';
import { Owners } from './owners.ts';
import { BALANCE_READ, CODE_READ, NONCE_READ, SLOT_READ, type PositionRun, type StepOutcome } from './position-run.ts';
import { decodeReport, encodeReport } from './report.ts';
import { decodeOutcomes, decodeResults, encodeOutcomes, encodeResults, type Results } from './results.ts';
import { PartsPicker, readCells, writeCells } from './shipped-cells.ts';
import { insert } from './versions.ts';

const members = 3;
const end = 300;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = bytes(20).map((each) => toAddress(bytesToHex(each)));
const hash = bytes(32).map((each) => toHash32(bytesToHex(each)));
const position = fc.nat({ max: end - 1 });
const count = fc.oneof(fc.nat({ max: 200 }), fc.maxSafeNat());
const natural = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }));
const integer = fc.oneof(
  natural,
  natural.map((each) => -each),
);
const orNot = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const envelope: fc.Arbitrary<Envelope> = fc.record({
  height: count.map(BigInt),
  session: count,
  attempt: count,
  sequence: count,
  kind: fc.constantFrom(...Object.values(kinds)),
  body: fc.uint8Array({ maxLength: 80 }),
});
const placing: fc.Arbitrary<Place> = fc.record({
  payloadHash: hash,
  salt: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  placed: fc.array(fc.nat({ max: members - 1 }), { maxLength: end }).map((list) => Uint8Array.from(list)),
});
const plan: fc.Arbitrary<Plan> = fc.record({
  round: fc.integer({ min: 2, max: 300 }),
  again: fc.array(fc.record({ position, member: fc.nat({ max: members - 1 }) }), { maxLength: 20 }),
  withoutGas: fc.array(position, { maxLength: 5 }),
  wanted: fc.array(fc.array(fc.nat({ max: 2 ** 31 }), { maxLength: 5 }), { minLength: members, maxLength: members }),
});

const finalSlot: fc.Arbitrary<FinalSlot> = fc
  .record({
    slot: bytes(32),
    asked: fc.integer({ min: -1, max: end }),
    written: fc.integer({ min: -1, max: end }),
    value: orNot(bytes(32)),
  })
  .map((each) => (each.written < 0 ? { ...each, value: undefined } : each));
const finalAccount: fc.Arbitrary<FinalAccount> = fc
  .record({
    address: bytes(20),
    wiped: fc.integer({ min: -1, max: end }),
    coded: fc.integer({ min: -1, max: end }),
    codeHash: bytes(32),
    code: orNot(fc.uint8Array({ maxLength: 50 })),
    nonced: fc.integer({ min: -1, max: end }),
    nonce: natural,
    delta: integer,
    slots: fc.array(finalSlot, { maxLength: 4 }),
  })
  .map((each) => ({
    ...each,
    ...(each.coded < 0 && { wiped: -1, codeHash: emptyCodeHashBytes, code: undefined }),
    ...(each.nonced < 0 && { nonce: 0n }),
  }));

const finals = fc.record({
  round: fc.nat({ max: 300 }),
  accounts: fc.array(finalAccount, { maxLength: 4 }),
});

const log: fc.Arbitrary<Log> = fc.record({
  address,
  topics: fc.array(hash, { maxLength: 4 }),
  data: fc.uint8Array({ maxLength: 40 }),
});
const outcome: fc.Arbitrary<StepOutcome> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((output) => ({ kind: 'system' as const, status: 'success' as const, output })),
  fc
    .constantFrom('NO_CODE' as const, 'FAILED' as const)
    .map((status) => ({ kind: 'system' as const, status, output: undefined })),
  fc.constant({ kind: 'withdrawals' as const }),
  fc.record({
    kind: fc.constant('dropped' as const),
    hash,
    reason: fc.constantFrom<DropReason>(...Object.values(dropReasons)),
    cause: orNot(fc.string({ minLength: 1 })),
    gasLimit: fc.constant(undefined),
  }),
  fc
    .record({
      hash,
      type: fc.constantFrom<TransactionType>(0, 1, 2, 3, 4),
      to: orNot(address),
      gasLimit: natural,
      sender: address,
      success: fc.boolean(),
      gasUsed: natural,
      blobGasUsed: natural,
      effectiveGasPrice: natural,
      contractAddress: orNot(address),
      logs: fc.array(log, { maxLength: 3 }).map((each) => Logs.of(each)),
    })
    .map(({ hash: id, type, to, gasLimit, sender, ...applied }) => ({
      kind: 'included' as const,
      transaction: { hash: id, type, to, gasLimit },
      sender,
      applied,
    })),
);
const outcomes = fc.array(fc.record({ position, outcome }), { maxLength: 5 });
const results: fc.Arbitrary<Results> = fc.record({
  round: fc.nat(),
  codeReads: fc.array(fc.tuple(hash, position), { maxLength: 3 }).map((list) => new Map(list)),
  codesMade: fc.array(fc.tuple(hash, position), { maxLength: 3 }).map((list) => new Map(list)),
  ancestors: fc.nat({ max: 256 }),
  figures: fc.record({ runs: fc.nat(), gas: natural, remoteReads: fc.nat() }),
});

/** One access to an account or a slot, of whoever has the position. */
const touch = fc.record({
  position: fc.nat({ max: 20 }),
  account: fc.nat({ max: 3 }),
  slot: orNot(fc.nat({ max: 2 })),
  mask: fc.nat({ max: 63 }),
  seen: orNot(fc.nat({ max: 19 })),
  credits: fc.nat({ max: 20 }),
});
const addressOf = (n: number) => new Uint8Array(20).fill(n + 1);
const slotOf = (n: number) => new Uint8Array(32).fill(n + 1);
const touches = fc.uniqueArray(touch, {
  maxLength: 20,
  selector: ({ position: at, account, slot }) => `${at} ${account} ${slot}`,
});
type Touch = typeof touch extends fc.Arbitrary<infer T> ? T : never;

function runsOf(list: readonly Touch[], outcomes: readonly StepOutcome[]): PositionRun[] {
  const memory = new VersionedMemory(new Owners(members));
  const at = [...new Set(list.map(({ position: each }) => each))].sort((a, b) => a - b);
  return at.map((each, index) => {
    const run: PositionRun = {
      position: each,
      round: 1,
      outcome: outcomes[index % outcomes.length]!,
      accounts: [],
      slots: [],
      codeReads: [],
      ancestors: 0,
      gas: 7n,
    };
    for (const { account, slot, mask, seen, credits } of list.filter((touched) => touched.position === each)) {
      const cell = memory.cell(addressOf(account));
      const version = seen === undefined ? undefined : { position: seen, round: 1 };
      if (slot === undefined) {
        const code = version && { ...version, codeHash: emptyCodeHashBytes, code: undefined, wipes: false };
        run.accounts.push({
          stamp: 0,
          cell,
          mask,
          code,
          nonce: version && { ...version, nonce: 1n },
          credits,
          sum: 0n,
        });
      } else {
        const part = slotCell(cell, slotOf(slot));
        const value = version && { ...version, value: undefined };
        run.slots.push({
          stamp: 0,
          account: cell,
          slot: slotOf(slot),
          cell: part,
          mask: mask & 3,
          version: value,
          listed: false,
        });
      }
    }
    return run;
  });
}

const version = fc.record({
  position,
  round: fc.constantFrom(-1, 1, 2),
  amount: integer,
  hash: bytes(32),
  flag: fc.boolean(),
});
const versions = fc.uniqueArray(version, { maxLength: 4, selector: ({ position: at }) => at });
const cell = fc.record({
  address: bytes(20),
  base: fc.constantFrom('unknown', 'none', 'some'),
  amount: natural,
  codes: versions,
  nonces: versions,
  credits: versions,
  slots: fc.array(fc.record({ slot: bytes(32), base: fc.constantFrom('unknown', 'none', 'some'), versions }), {
    maxLength: 3,
  }),
});
type Shape = typeof cell extends fc.Arbitrary<infer T> ? T : never;

function cellsOf(shapes: readonly Shape[]): VersionedMemory {
  const memory = new VersionedMemory(new Owners(members));
  for (const { address: who, base, amount, codes, nonces, credits, slots } of shapes) {
    const made = memory.cell(who);
    if (base === 'none') memory.setBase(made, null);
    if (base === 'some')
      memory.setBase(made, {
        nonce: 1n,
        balance: amount,
        codeHash: slotOf(4),
        hasStorage: true,
      });
    for (const { position: at, round, hash: codeHash, flag } of codes) {
      made.codes = insert(made.codes, {
        position: at,
        round,
        codeHash,
        code: flag ? codeHash.subarray(0, 9) : undefined,
        wipes: !flag,
      });
    }
    for (const { position: at, round, amount: nonce } of nonces) {
      made.nonces = insert(made.nonces, { position: at, round, nonce: nonce < 0n ? -nonce : nonce });
    }
    for (const { position: at, round, amount: delta } of credits) made.credits.put({ position: at, round, delta });
    for (const { slot, base: before, versions: list } of slots) {
      const part = slotCell(made, slot);
      part.base = before === 'unknown' ? undefined : before === 'none' ? null : slot;
      for (const { position: at, round, hash: value, flag } of list)
        part.versions = insert(part.versions, { position: at, round, value: flag ? value : undefined });
    }
  }
  return memory;
}

/** All of it, as a member asks for all. */
function written(memory: VersionedMemory, round: number): Uint8Array {
  const picker = new PartsPicker();
  for (const each of memory.cells()) {
    picker.account(each);
    each.slots?.values().forEach((part, index) => picker.slot(each, each.slots!.keyAt(index), part));
  }
  const writer = new ByteWriter(1);
  writeCells(writer, picker.all(), round, 0);
  return writer.finish();
}

/** As a member that owns nothing reads it, or one that does. */
function readBack(message: Uint8Array, member = members): VersionedMemory {
  const memory = new VersionedMemory(new Owners(members));
  const reader = new ByteReader(message);
  readCells(reader, 0, member, memory, new ByteMap<Uint8Array>(32, 4), { account() {}, slot() {} });
  reader.end();
  return memory;
}

/** What others may know of it: `goes` says of which rounds. */
function shown({ address: who, base, codes, nonces, credits, slots }: AccountCell, goes: (round: number) => boolean) {
  const only = <V extends { round: number }>(list: readonly V[]) =>
    list.filter(({ round }) => goes(round)).map((each) => ({ ...each, round: 0 }));
  const parts =
    slots?.values().map((part, index) => [slots.keyAt(index).slice(), part.base, only(part.versions)]) ?? [];
  return [who, base, only(codes), only(nonces), only(credits.list()), parts];
}

/** Encodings of everything, with their decoders. */
const messages = fc.oneof(
  envelope.map((each) => ['envelope', encodeEnvelope(each), decodeEnvelope] as const),
  placing.map((each) => ['place', encodePlace(each), (from: Uint8Array) => decodePlace(from, members)] as const),
  plan.map((each) => ['plan', encodePlan(each), (from: Uint8Array) => decodePlan(from, members, end)] as const),
  finals.map((each) => ['finals', encodeFinals(each), decodeFinals] as const),
  outcomes.map((each) => ['outcomes', encodeOutcomes(each), (from: Uint8Array) => decodeOutcomes(from, end)] as const),
  results.map((each) => ['results', encodeResults(each), (from: Uint8Array) => decodeResults(from, end)] as const),
  fc
    .tuple(touches, fc.array(outcome, { minLength: 1, maxLength: 4 }))
    .map(
      ([list, all]) =>
        ['report', encodeReport(runsOf(list, all), 5), (from: Uint8Array) => decodeReport(from, end)] as const,
    ),
  fc.array(cell, { maxLength: 3 }).map((each) => ['cells', written(cellsOf(each), 3), readBack] as const),
);

test('there and back', () => {
  fc.assert(fc.property(envelope, (each) => expect(decodeEnvelope(encodeEnvelope(each))).toEqual(each)));
  fc.assert(fc.property(placing, (each) => expect(decodePlace(encodePlace(each), members)).toEqual(each)));
  fc.assert(fc.property(plan, (each) => expect(decodePlan(encodePlan(each), members, end)).toEqual(each)));
  fc.assert(fc.property(finals, (each) => expect(decodeFinals(encodeFinals(each))).toEqual(each)));
  fc.assert(fc.property(results, (each) => expect(decodeResults(encodeResults(each), end)).toEqual(each)));
  fc.assert(fc.property(outcomes, (each) => expect(decodeOutcomes(encodeOutcomes(each), end)).toEqual(each)));
});

test('a report says what each run saw of each key', () => {
  fc.assert(
    fc.property(touches, fc.array(outcome, { minLength: 1, maxLength: 4 }), fc.nat(), (list, outcomes, salt) => {
      const runs = runsOf(list, outcomes);
      const report = decodeReport(encodeReport(runs, salt), end);
      expect(report.positions).toEqual(
        runs.map(({ position: at, outcome: came, gas }) => ({
          position: at,
          included: came.kind === 'included',
          gasLimit: came.kind === 'included' ? came.transaction.gasLimit : undefined,
          gasUsed: came.kind === 'included' ? gas : 0n,
          blobGasUsed: came.kind === 'included' ? came.applied.blobGasUsed : 0n,
        })),
      );
      const said = report.keys.flatMap(({ id, isSlot, accesses }) => accesses.map((each) => ({ id, isSlot, ...each })));
      const wanted = list.flatMap(({ position: at, account, slot, mask: all, seen = -1, credits }) => {
        const mask = slot === undefined ? all : all & 3;
        if (mask === 0) return [];
        const id = accountKeyId(addressOf(account), salt);
        const sees = (bit: number, what: number, none: number) => ((mask & bit) !== 0 ? what : none);
        if (slot !== undefined) {
          const slotSeen = sees(SLOT_READ, seen, -1);
          return [
            {
              id: slotKeyId(id, slotOf(slot)),
              isSlot: true,
              position: at,
              mask,
              seen: slotSeen,
              seenNonce: -1,
              seenCredits: 0,
            },
          ];
        }
        const [code, nonce] = [sees(CODE_READ, seen, -1), sees(NONCE_READ, seen, -1)];
        return [
          {
            id,
            isSlot: false,
            position: at,
            mask,
            seen: code,
            seenNonce: nonce,
            seenCredits: sees(BALANCE_READ, credits, 0),
          },
        ];
      });
      expect(new Set(said.map((each) => JSON.stringify(each)))).toEqual(
        new Set(wanted.map((each) => JSON.stringify(each))),
      );
      expect(said.length).toBe(wanted.length);
      for (const { accesses } of report.keys) {
        expect(accesses.map((each) => each.position)).toEqual(
          accesses.map((each) => each.position).sort((a, b) => a - b),
        );
      }
    }),
  );
});

test('cells arrive with the versions of earlier rounds of the sender, and no others', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 3 }), fc.constantFrom(1, 2, 3), (shapes, round) => {
      const sender = cellsOf(shapes);
      const receiver = readBack(written(sender, round));
      expect(receiver.cells().map((each) => shown(each, () => true))).toEqual(
        sender.cells().map((each) => shown(each, (made) => made > 0 && made < round)),
      );
      receiver.forgetForeign();
      for (const each of receiver.cells()) {
        expect([each.codes, each.nonces, each.credits.list()].every((list) => list.length === 0)).toBe(true);
      }
    }),
  );
});

test('damaged bytes', () => {
  const damage = fc.oneof(
    fc.tuple(fc.constant('changed' as const), fc.nat(), fc.nat({ max: 255 })),
    fc.tuple(fc.constant('cut' as const), fc.nat(), fc.constant(0)),
    fc.tuple(fc.constant('longer' as const), fc.nat({ max: 20 }), fc.nat({ max: 255 })),
    fc.tuple(fc.constant('random' as const), fc.nat({ max: 80 }), fc.nat()),
  );
  fc.assert(
    fc.property(
      messages,
      damage,
      fc.uint8Array({ maxLength: 80 }),
      ([name, message, decode], [how, at, byte], random) => {
        let damaged = message.slice();
        if (how === 'changed') damaged[at % message.length] = byte;
        if (how === 'cut') damaged = message.slice(0, at % message.length);
        if (how === 'longer') damaged = Uint8Array.from([...message, ...new Uint8Array(at + 1).fill(byte)]);
        if (how === 'random') damaged = random;
        let error: unknown;
        try {
          decode(damaged);
        } catch (thrown) {
          error = thrown;
        }
        if (error !== undefined) expect([name, error]).toEqual([name, expect.any(ChainError)]);
        // The body of an envelope is whatever follows.
        if (how === 'cut' || how === 'longer') expect(error !== undefined || name === 'envelope').toBe(true);
      },
    ),
    { numRuns: 3_000 },
  );
});

test('numbers', () => {
  fc.assert(
    fc.property(count, integer, natural, fc.string(), fc.double({ noNaN: true }), (a, b, c, text, double) => {
      const writer = new ByteWriter(1);
      writer.number(a);
      writer.integer(b);
      writer.natural(c);
      writer.text(text);
      writer.double(double);
      const reader = new ByteReader(writer.finish());
      expect([reader.number(), reader.integer(), reader.natural()]).toEqual([a, b, c]);
      expect([reader.text(), reader.double()]).toEqual([
        new TextDecoder().decode(new TextEncoder().encode(text)),
        double,
      ]);
      reader.end();
    }),
  );
});

test('what was before the block with the own accounts is nobody else to tell', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 5 }), fc.nat({ max: members - 1 }), (shapes, member) => {
      const sent = cellsOf(shapes);
      const read = readBack(written(sent, 2), member);
      for (const each of sent.cells()) {
        const here = read.cell(each.address);
        const own = each.owner === member;
        expect(here.base).toEqual(own ? undefined : each.base);
        for (const part of each.slots?.values() ?? []) {
          expect(slotCell(here, part.slot).base).toEqual(own ? undefined : part.base);
        }
      }
    }),
  );
});
