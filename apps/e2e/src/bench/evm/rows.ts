import { keccak256 } from '@sheaf/crypto';
import {
  bigintToFixedBytes,
  concatBytes,
  hexToBytes,
  toHash32,
  type Address,
  type Hash32,
  type Hex,
} from '@sheaf/primitives';
import { addLoop } from '../generated/add-loop.ts';
import { keccakLoop } from '../generated/keccak-loop.ts';
import { memoryCopyLoop } from '../generated/memory-copy-loop.ts';
import { mulmodLoop } from '../generated/mulmod-loop.ts';
import { pair } from '../generated/pair.ts';
import { sha256Loop } from '../generated/sha256-loop.ts';
import { storageLoop } from '../generated/storage-loop.ts';
import { swapLoop } from '../generated/swap-loop.ts';
import { token } from '../generated/token.ts';
import { transferLoop } from '../generated/transfer-loop.ts';
import { blockOfCalls, sender, type Call, type World, type WorldAccount } from './contender.ts';

/** One line of the table. */
export interface Row {
  name: string;
  world: World;
  /**
   * `loop`: `call(n)` does n rounds inside the EVM, and a round is measured by the slope between two n: what a call costs around it falls out.
   * `message`: `call()` is one whole message, a transaction's work but for signature and fees.
   */
  kind: 'loop' | 'message';
  call(rounds: number): Call;
}

/** `run(uint256)` of every loop contract. */
const runSelector = hexToBytes('0xa444f5e9');
const transferSelector = hexToBytes('0xa9059cbb');

const loopAt = `0x${'10'.repeat(20)}` as Address;
const tokenAt = `0x${'70'.repeat(20)}` as Address;
const otherTokenAt = `0x${'71'.repeat(20)}` as Address;
const pairAt = `0x${'9a'.repeat(20)}` as Address;
export const receiver = '0x000000000000000000000000000000000000beef' as Address;
const plenty = 10n ** 24n;

export const rows: readonly Row[] = [
  loop('add', [[loopAt, contract(addLoop)]]),
  loop('mulmod', [[loopAt, contract(mulmodLoop)]]),
  loop('keccak', [[loopAt, contract(keccakLoop)]]),
  loop('memory-copy', [[loopAt, contract(memoryCopyLoop)]]),
  loop('storage', [[loopAt, contract(storageLoop, storedValues())]]),
  loop('sha256', [[loopAt, contract(sha256Loop)]]),
  loop('erc20', erc20()),
  {
    name: 'erc20-message',
    kind: 'message',
    world: world(erc20().filter(([address]) => address === tokenAt)),
    call: () => ({ to: tokenAt, data: transferData(), takesEffects: true }),
  },
  loop('swap', market()),
  { name: 'swap-message', kind: 'message', world: world(market()), call: () => runCall(1, true) },
];

/** What a large token's holders look like in storage, for the contract of the first calls. */
export function tokenStorage(holders: readonly Address[]): [Hash32, Hash32][] {
  // Slot 0 is OpenZeppelin's mapping of balances, slot 2 the supply.
  return [
    ...holders.map((holder): [Hash32, Hash32] => [balanceSlot(holder), word(plenty)]),
    [word(2n), word(plenty * 10n)],
  ];
}

/** `transfer(receiver, 1)`. */
export function transferData(): Uint8Array {
  return concatBytes(transferSelector, padded(receiver), bigintToFixedBytes(1n, 32));
}

export function world(accounts: readonly (readonly [Address, WorldAccount])[]): World {
  return new Map([[sender, { balance: plenty, nonce: 0n, code: new Uint8Array(0), storage: new Map() }], ...accounts]);
}

export function contract(
  { deployedBytecode }: { deployedBytecode: Hex },
  storage: readonly [Hash32, Hash32][] = [],
): WorldAccount {
  return { balance: 0n, nonce: 1n, code: hexToBytes(deployedBytecode), storage: new Map(storage) };
}

function loop(name: string, accounts: readonly (readonly [Address, WorldAccount])[]): Row {
  return { name, kind: 'loop', world: world(accounts), call: runCall };
}

function runCall(rounds: number, takesEffects = false): Call {
  return { to: loopAt, takesEffects, data: concatBytes(runSelector, bigintToFixedBytes(BigInt(rounds), 32)) };
}

function erc20(): [Address, WorldAccount][] {
  return [
    [loopAt, contract(transferLoop, [[word(0n), addressWord(tokenAt)]])],
    [tokenAt, contract(token, tokenStorage([sender, receiver, loopAt]))],
  ];
}

function market(): [Address, WorldAccount][] {
  // reserve0 and reserve1 of 112 bits and the time of the last change in one slot.
  const reserves = plenty | (plenty << 112n) | ((blockOfCalls.timestamp - 12n) << 224n);
  return [
    [
      loopAt,
      contract(swapLoop, [
        [word(0n), addressWord(pairAt)],
        [word(1n), addressWord(tokenAt)],
        [word(2n), addressWord(otherTokenAt)],
      ]),
    ],
    [
      pairAt,
      contract(pair, [
        [word(0n), addressWord(tokenAt)],
        [word(1n), addressWord(otherTokenAt)],
        [word(2n), word(reserves)],
        [word(3n), word(plenty)],
        [word(4n), word(plenty)],
        [word(5n), word(1n)],
      ]),
    ],
    [tokenAt, contract(token, tokenStorage([loopAt, pairAt]))],
    [otherTokenAt, contract(token, tokenStorage([loopAt, pairAt]))],
  ];
}

function storedValues(): [Hash32, Hash32][] {
  return Array.from({ length: 64 }, (_, i) => [word(BigInt(i)), word(BigInt(i + 1))]);
}

function balanceSlot(holder: Address): Hash32 {
  return toHash32(keccak256(concatBytes(padded(holder), new Uint8Array(32))));
}

function padded(address: Address): Uint8Array {
  return concatBytes(new Uint8Array(12), hexToBytes(address));
}

function addressWord(address: Address): Hash32 {
  return toHash32(padded(address));
}

function word(value: bigint): Hash32 {
  return toHash32(bigintToFixedBytes(value, 32));
}
