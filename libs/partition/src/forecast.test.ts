// Goal: after some calls of a function, the slots of the next call are known before it runs, whoever sends it to whomever.
// Method: runs as a token's transfer, an allowance and a router leave them, with the slots where Solidity puts them.
import { bytesToHex, concatBytes, hexToBytes, toAddress, type Address } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { callNames, Forecast, slotsOf as hashedSlots, wordsOf, type CallShape } from './forecast.ts';
import { SLOT_READ, SLOT_WRITE, type PositionRun } from './position-run.ts';

const token = toAddress(`0x${'aa'.repeat(20)}`);
const pool = toAddress(`0x${'bb'.repeat(20)}`);
const user = (n: number) => toAddress(`0x${n.toString(16).padStart(40, '1')}`);
const word = (address: Address) => concatBytes(new Uint8Array(12), hexToBytes(address));
const place = (n: number) => concatBytes(new Uint8Array(31), Uint8Array.of(n));
const entry = (key: Uint8Array, base: Uint8Array) => keccak256(concatBytes(key, base));

function runOf(slots: [Address, Uint8Array][]): PositionRun {
  const accounts = [...new Set(slots.map(([address]) => address))].map((address) => ({
    cell: { address: hexToBytes(address) },
  }));
  return {
    accounts,
    slots: slots.map(([address, slot]) => ({ account: { address: hexToBytes(address) }, slot })),
  } as unknown as PositionRun;
}

const transfer = (from: number, to: number): CallShape => ({
  to: token,
  sender: user(from),
  data: concatBytes(Uint8Array.of(0xa9, 0x05, 0x9c, 0xbb), word(user(to)), place(1)),
});
const slotsOf = (from: number, to: number): [Address, Uint8Array][] => [
  [token, entry(word(user(from)), place(3))],
  [token, entry(word(user(to)), place(3))],
  [token, place(7)],
  [token, entry(word(token), entry(word(user(from)), place(4)))],
];
const foreseen = (forecast: Forecast, call: CallShape) => forecast.of(callNames(call)!);
const hexes = (forecast: Forecast, call: CallShape) =>
  foreseen(forecast, call)
    .slots.map(({ account, place }) => {
      const [slot] = hashedSlots([{ place, words: wordsOf(call) }]);
      return `${bytesToHex(account)} ${bytesToHex(slot!)}`;
    })
    .sort();

test('entries of the sender and of arguments, nested ones, and fixed slots', () => {
  const forecast = new Forecast();
  for (let n = 0; n < 20; n++) forecast.learn(transfer(n, 100 + n), runOf(slotsOf(n, 100 + n)));
  const expected = slotsOf(50, 60).map(([address, slot]) => `${address} ${bytesToHex(slot)}`);
  expect(hexes(forecast, transfer(50, 60))).toEqual(expected.sort());
  expect(foreseen(forecast, transfer(50, 60)).accounts.map((address) => bytesToHex(address))).toEqual([token]);
});

test('the first call already tells the next one, and nothing of another function', () => {
  const forecast = new Forecast();
  expect(hexes(forecast, transfer(50, 60))).toEqual([]);
  forecast.learn(transfer(1, 101), runOf(slotsOf(1, 101)));
  expect(hexes(forecast, transfer(50, 60))).toHaveLength(4);
  expect(hexes(forecast, { ...transfer(50, 60), data: Uint8Array.of(1, 2, 3, 4) })).toEqual([]);
});

test('what one of many calls looked at is not expected of the next', () => {
  const forecast = new Forecast();
  for (let n = 0; n < 9; n++) {
    const odd: [Address, Uint8Array][] = n === 4 ? [[pool, entry(word(user(n)), place(1))]] : [];
    forecast.learn(transfer(n, 100), runOf([[token, place(7)], ...odd]));
  }
  expect(hexes(forecast, transfer(50, 60))).toEqual([`${token} ${bytesToHex(place(7))}`]);
});

test('calls that change the same slot meet, others do not', () => {
  const forecast = new Forecast();
  const slots = [{ account: { address: hexToBytes(token) }, slot: place(7), mask: SLOT_READ | SLOT_WRITE }];
  const entries = [{ account: { address: hexToBytes(token) }, slot: entry(word(user(1)), place(3)), mask: SLOT_WRITE }];
  const reads = [{ account: { address: hexToBytes(token) }, slot: place(8), mask: SLOT_READ }];
  const run = { accounts: [], slots: [...slots, ...entries, ...reads] } as unknown as PositionRun;
  forecast.learn(transfer(1, 100), run);
  expect(foreseen(forecast, transfer(2, 200)).meets).toEqual([`${token} ${bytesToHex(place(7))}`]);
});

test('a router needs what whom it is sent to needs', () => {
  const forecast = new Forecast();
  const call = (n: number, target: Address): CallShape => ({
    to: token,
    sender: user(n),
    data: concatBytes(Uint8Array.of(1, 2, 3, 4), word(target)),
  });
  for (let n = 0; n < 40; n++) {
    const target = n % 2 === 0 ? pool : user(900 + n);
    forecast.learn(call(n, target), runOf([[target, place(n % 2)]]));
  }
  expect(hexes(forecast, call(77, pool))).toEqual([`${pool} ${bytesToHex(place(0))}`]);
});
