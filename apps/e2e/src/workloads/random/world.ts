import { contractAddress } from '@sheaf/ethereum';
import { hexToBytes, zeroAddress, type Address, type Hash32 } from '@sheaf/primitives';
import type { ChainSpec, GenesisAccount } from '@sheaf/protocol';
import { assemble, initCode } from '../assembler.ts';
import { createSigner, privateKeyOf } from '../keys.ts';
import { addressOfName, word } from '../slots.ts';
import { workloadSpec } from '../workload.ts';
import { create2Address } from './create2-address.ts';
import { proxyOf, puppetCode } from './puppet.ts';

/** An account with its key. */
export interface Actor {
  address: Address;
  privateKey: Uint8Array;
}

/** The few accounts and contracts that random blocks are about, at a genesis of their own. */
export interface RandomWorld {
  spec: ChainSpec;
  /** Funded; delegated by none at first. */
  actors: Actor[];
  /** Has a contract's code, funds and a key: no sender (EIP-3607). */
  walled: Actor;
  /** Puppets, first with the code itself, then as proxies. Slots 0 to 6 are set; 7 is another contract's address. */
  contracts: Address[];
  /** In `contracts` as well. The pool's reserves are its slots 0 and 1. */
  counter: Address;
  pool: Address;
  /** Without an account at first. */
  strangers: Address[];
  /** Init codes: a proxy's, those that do something before, and those that fail. */
  inits: Record<InitName, Uint8Array>;
}

export type InitName = 'child' | 'storing' | 'seeing' | 'empty' | 'reverting' | 'destroying' | 'invalid';

/** Salts of `contracts[0]` with the init code `child`, whose addresses are taken. */
export const takenSalts = { nonce: 250, storage: 251 } as const;

const counts = { actors: 12, puppets: 6, proxies: 3, strangers: 9 };
const actorWei = 10n ** 21n;
const poolReserve = 10n ** 6n;
const slotsSet = 7;
/** Every eighth creation of an actor finds an account. */
const takenNonces = { first: 6, step: 8, end: 64 };

/** Whether the creation transaction of an actor with this nonce collides. */
export function isTakenNonce(nonce: bigint): boolean {
  return nonce < BigInt(takenNonces.end) && nonce % BigInt(takenNonces.step) === BigInt(takenNonces.first);
}

/** The same at every call. */
export function randomWorld(): RandomWorld {
  const signer = createSigner();
  const actorOf = (number: number): Actor => ({ address: signer.address(number), privateKey: privateKeyOf(number) });
  const actors = Array.from({ length: counts.actors }, (_, i) => actorOf(i));
  const walled = actorOf(counts.actors);
  const contracts = Array.from({ length: counts.puppets + counts.proxies }, (_, i) => addressOfName(`contract ${i}`));
  const first = contracts[0]!;
  const inits = makeInits(first);

  const alloc = new Map<Address, GenesisAccount>();
  for (const { address } of actors) alloc.set(address, account({ balance: actorWei }));
  alloc.set(walled.address, account({ balance: actorWei, nonce: 1n, code: puppetCode }));
  for (const [i, address] of contracts.entries()) {
    const code = i < counts.puppets ? puppetCode : proxyOf(first);
    const storage = storageOf(contracts[(i + 4) % contracts.length]!);
    alloc.set(address, account({ balance: BigInt(i % 3) * 10n ** 9n, nonce: 1n, code, storage }));
  }
  const [counter, pool] = [contracts[1]!, contracts[2]!];
  for (const slot of [0n, 1n]) alloc.get(pool)!.storage.set(word(slot), word(poolReserve));
  for (const { address } of actors) {
    for (let nonce = takenNonces.first; nonce < takenNonces.end; nonce += takenNonces.step)
      alloc.set(contractAddress(address, BigInt(nonce)), account({ nonce: 1n }));
  }
  alloc.set(create2Address(first, takenSalts.nonce, inits.child), account({ nonce: 1n }));
  // EIP-7610: storage alone is a collision too.
  const storage = new Map([[word(0n), word(1n)]]);
  alloc.set(create2Address(first, takenSalts.storage, inits.child), account({ balance: 1n, storage }));
  return {
    spec: workloadSpec(alloc, 30_000_000n, addressOfName('fee recipient')),
    actors,
    walled,
    contracts,
    counter,
    pool,
    strangers: Array.from({ length: counts.strangers }, (_, i) => addressOfName(`stranger ${i}`)),
    inits,
  };
}

function makeInits(delegate: Address): RandomWorld['inits'] {
  const runtime = proxyOf(delegate);
  const before = (source: string) => initCode(runtime, assemble(source).code);
  return {
    child: initCode(runtime),
    storing: before('7 0 SSTORE 0 1 SSTORE CALLER 2 SSTORE'),
    seeing: before('SELFBALANCE 0 SSTORE COINBASE BALANCE 1 SSTORE CALLER EXTCODEHASH 2 SSTORE'),
    // An account with nonce 1 and nothing else.
    empty: new Uint8Array(0),
    reverting: assemble('1 0 SSTORE 0 0 REVERT').code,
    destroying: assemble('1 0 SSTORE CALLER SELFDESTRUCT').code,
    // EIP-3541.
    invalid: initCode(hexToBytes('0xef00')),
  };
}

function storageOf(other: Address): Map<Hash32, Hash32> {
  const slots = Array.from({ length: slotsSet }, (_, i) => [word(BigInt(i)), word(BigInt(100 + i))] as const);
  return new Map([...slots, [word(BigInt(slotsSet)), word(BigInt(other))]]);
}

function account(fields: Partial<GenesisAccount>): GenesisAccount {
  return { balance: 0n, nonce: 0n, code: new Uint8Array(0), storage: new Map(), ...fields };
}

/** The first precompiles: calls of them are cheap. */
export const precompiles: readonly Address[] = [1, 2, 3, 4, 6].map((n) => `${zeroAddress.slice(0, -1)}${n}` as Address);
