import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, concatBytes, decodeRlp, encodeRlp, equalBytes, toAddress, type Address } from '@sheaf/primitives';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchDefaults, benchWorkload, type BenchName, type BenchOptions } from './bench-workload.ts';
import { createSigner, type Signer } from './keys.ts';
import type { Workload } from './workload.ts';

/** Raise it when files of before are of no use. */
const version = 1;
/** What took less to sign is signed again. */
const keptFromMs = 2_000;
const fingerprintBytes = 8;

/**
 * `benchWorkload`, whose keys and signatures are kept in a file of the system's temporary folder when they took over
 * two seconds. The file decides nothing but the time: what it does not have for exactly this transaction is signed.
 */
export function keptBenchWorkload(
  name: BenchName,
  options: Partial<BenchOptions> = {},
  folder = join(tmpdir(), 'sheaf-workloads'),
  keptFrom = keptFromMs,
): Workload {
  const all = { ...benchDefaults, ...options };
  const parts = [name, all.seed, all.blocks, all.transactions, all.warmUpTransactions, all.accounts ?? 'usual'];
  const file = join(folder, `${version}-${parts.join('-')}.rlp`);
  const tape = new SignatureTape(read(file));
  const startedMs = performance.now();
  const workload = benchWorkload(name, options, tape);
  if (tape.missed > 0 && performance.now() - startedMs >= keptFrom) write(folder, file, tape.encode());
  return workload;
}

/** Answers from what it was given as long as the same is asked in the same order, and signs otherwise. */
export class SignatureTape implements Signer {
  /** Answers that were not on the tape. */
  missed = 0;
  readonly #signer = createSigner();
  readonly #addresses = new Map<number, Address>();
  readonly #signed: { fingerprint: Uint8Array; raw: Uint8Array }[];
  #next = 0;

  /** `bytes`: what `encode` gave; anything else is an empty tape. */
  constructor(bytes?: Uint8Array) {
    const kept = bytes && decode(bytes);
    this.#signed = kept?.signed ?? [];
    kept?.addresses.forEach((address, account) => this.#addresses.set(account, address));
  }

  address(account: number): Address {
    let address = this.#addresses.get(account);
    if (address === undefined) {
      this.missed += 1;
      address = this.#signer.address(account);
      this.#addresses.set(account, address);
    }
    return address;
  }

  sign(account: number, transaction: Parameters<Signer['sign']>[1]): Uint8Array {
    const fingerprint = fingerprintOf(account, transaction);
    const place = this.#next++;
    const kept = this.#signed[place];
    if (kept && equalBytes(kept.fingerprint, fingerprint)) return kept.raw;
    this.missed += 1;
    const raw = this.#signer.sign(account, transaction);
    this.#signed[place] = { fingerprint, raw };
    return raw;
  }

  /** Accounts must have been asked for from 0 on. */
  encode(): Uint8Array {
    const addresses = Array.from({ length: this.#addresses.size }, (_, i) => {
      const address = this.#addresses.get(i);
      if (address === undefined) throw new Error(`account ${i} was never asked for`);
      return Buffer.from(address.slice(2), 'hex');
    });
    const body = encodeRlp([addresses, this.#signed.map(({ fingerprint, raw }) => [fingerprint, raw])]);
    return concatBytes(keccak256(body), body);
  }
}

function fingerprintOf(account: number, transaction: object): Uint8Array {
  const text = JSON.stringify([account, transaction], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? bytesToHex(value) : value,
  );
  return keccak256(new TextEncoder().encode(text)).subarray(0, fingerprintBytes);
}

/** `undefined` for bytes that were cut or changed. */
function decode(bytes: Uint8Array) {
  const body = bytes.subarray(32);
  if (!equalBytes(bytes.subarray(0, 32), keccak256(body))) return undefined;
  const [addresses, signed] = decodeRlp(body, 'tape') as [Uint8Array[], [Uint8Array, Uint8Array][]];
  return {
    addresses: addresses.map((address) => toAddress(address)),
    signed: signed.map(([fingerprint, raw]) => ({ fingerprint, raw })),
  };
}

function read(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Whole or not at all, since others may read at the same time. A full disk costs time, nothing else. */
function write(folder: string, file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, bytes, { mode: 0o600 });
    renameSync(draft, file);
  } catch {
    return;
  }
}
