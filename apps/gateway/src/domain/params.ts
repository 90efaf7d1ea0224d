// The one place where parameters of JSON-RPC methods are parsed: positional, with limits, refused by name.
import { hexToBytes, limits, toAddress, toHash32, type Address, type Hash32, type Height } from '@sheaf/primitives';
import { invalidParams } from '../errors.ts';
import type { CallMessage, LogCriteria, StateOverride } from '../ports.ts';

/** Turns JSON into a value, or throws `invalidParams` with `path` as the name. Never sees `undefined` or null. */
export type Parse<T> = (value: unknown, path: string) => T;

/** One positional parameter. */
export interface Parameter<T> {
  name: string;
  parse: Parse<T>;
  /** What an absent or null one means; a parameter without it is required. */
  fallback?: { value: T };
}

type Values<P extends readonly Parameter<unknown>[]> = {
  [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

export function required<T>(name: string, parse: Parse<T>): Parameter<T> {
  return { name, parse };
}

export function optional<T, F>(name: string, parse: Parse<T>, value: F): Parameter<T | F> {
  return { name, parse, fallback: { value } };
}

/** Parses positional parameters. @throws RpcError -32602 naming what is missing, malformed or too many */
export function parseParams<const P extends readonly Parameter<unknown>[]>(
  parameters: P,
  params: readonly unknown[],
): Values<P> {
  if (params.length > parameters.length) {
    throw invalidParams(`[${parameters.length}]`, `is one too many: at most ${parameters.length}`);
  }
  return parameters.map(({ name, parse, fallback }, position) => {
    const value = params[position];
    if (value !== undefined && value !== null) return parse(value, name);
    if (fallback === undefined) throw invalidParams(name, 'is missing');
    return fallback.value;
  }) as Values<P>;
}

/** Which block: by tag, height or hash. */
export type BlockRef =
  { tag: 'latest' | 'earliest' | 'safe' | 'finalized' | 'pending' } | { height: Height } | { hash: Hash32 };

const tags = ['latest', 'earliest', 'safe', 'finalized', 'pending'] as const;
const quantityPattern = /^0x(?:0|[1-9a-fA-F][0-9a-fA-F]*)$/;

/** A quantity: minimal hex of at most `bits` bits. */
export function quantityOf(bits: number): Parse<bigint> {
  const digitsMax = bits / 4;
  return (value, path) => {
    if (typeof value !== 'string' || !quantityPattern.test(value)) {
      throw invalidParams(path, 'must be a quantity: 0x and hex digits without leading zeros');
    }
    if (value.length - 2 > digitsMax) throw invalidParams(path, `must be below 2^${bits}`);
    return BigInt(value);
  };
}

export const uint64 = quantityOf(64);
export const uint256 = quantityOf(256);

/** A count: a quantity or a plain JSON integer. */
export const count: Parse<bigint> = (value, path) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : uint64(value, path);

export const boolean: Parse<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw invalidParams(path, 'must be true or false');
  return value;
};

/** Hex bytes, at most `bytesMax`. */
export function bytes(bytesMax: number): Parse<Uint8Array> {
  return (value, path) => {
    if (typeof value !== 'string') throw invalidParams(path, 'must be a string of hex bytes');
    if (value.length > 2 + 2 * bytesMax) throw invalidParams(path, `must be at most ${bytesMax} bytes`);
    return refuseAs(path, () => hexToBytes(value, path));
  };
}

export const address: Parse<Address> = (value, path) => {
  if (typeof value !== 'string') throw invalidParams(path, 'must be a string: an address of 20 bytes');
  return refuseAs(path, () => toAddress(value, path));
};

export const hash: Parse<Hash32> = (value, path) => {
  if (typeof value !== 'string') throw invalidParams(path, 'must be a string: a hash of 32 bytes');
  return refuseAs(path, () => toHash32(value, path));
};

/** A storage key: a quantity or up to 32 bytes, padded on the left. */
export const slot: Parse<Hash32> = (value, path) => {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalidParams(path, 'must be 0x and 1 to 64 hex digits');
  }
  return `0x${value.slice(2).toLowerCase().padStart(64, '0')}` as Hash32;
};

/** A slot that keeps the caller's spelling: `eth_getProof` answers with the key as asked. */
export const namedSlot: Parse<{ key: string; slot: Hash32 }> = (value, path) => ({
  slot: slot(value, path),
  key: value as string,
});

/** A list of at most `max`. */
export function list<T>(parse: Parse<T>, max: number): Parse<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw invalidParams(path, 'must be a list');
    if (value.length > max) throw invalidParams(path, `has ${value.length} entries, at most ${max}`);
    return value.map((entry, index) => {
      if (entry === undefined || entry === null) throw invalidParams(`${path}[${index}]`, 'is missing');
      return parse(entry, `${path}[${index}]`);
    });
  };
}

/** A tag, a height, or EIP-1898's object. */
export const block: Parse<BlockRef> = (value, path) => {
  if (typeof value === 'string') return blockName(value, path);
  const fields = object(value, path, ['blockNumber', 'blockHash', 'requireCanonical']);
  const byNumber = present(fields['blockNumber']);
  const byHash = present(fields['blockHash']);
  if (byNumber === byHash) throw invalidParams(path, 'must have either blockNumber or blockHash');
  if (present(fields['requireCanonical'])) boolean(fields['requireCanonical'], `${path}.requireCanonical`);
  return byHash
    ? { hash: hash(fields['blockHash'], `${path}.blockHash`) }
    : blockName(fields['blockNumber'], `${path}.blockNumber`);
};

/** A tag or a height. */
export const blockName: Parse<BlockRef> = (value, path) => {
  const tag = tags.find((name) => name === value);
  if (tag !== undefined) return { tag };
  if (typeof value === 'string' && value.startsWith('0x')) {
    if (value.length === 66) return { hash: hash(value, path) };
    return { height: uint64(value, path) as Height };
  }
  throw invalidParams(path, `must be a block number or one of ${tags.join(', ')}`);
};

const accessList = list<{ address: Address; storageKeys: Hash32[] }>((value, path) => {
  const fields = object(value, path, ['address', 'storageKeys']);
  return {
    address: need(fields, 'address', address, path),
    storageKeys: maybe(fields, 'storageKeys', list(hash, 1_000), path) ?? [],
  };
}, 1_000);

/** Fields of a call that would change its outcome and that execution cannot take: refused rather than ignored. */
const unsupportedCallFields = ['authorizationList', 'blobVersionedHashes', 'blobs'];

/** A transaction object for `eth_call` and `eth_estimateGas`, without overrides. */
export const call: Parse<Omit<CallMessage, 'overrides'>> = (value, path) => {
  // Unknown fields are ignored, as geth does: wallets add their own.
  const fields = object(value, path);
  for (const unsupported of unsupportedCallFields) {
    const entries = fields[unsupported];
    if (present(entries) && !(Array.isArray(entries) && entries.length === 0)) {
      throw invalidParams(`${path}.${unsupported}`, 'is not supported in calls');
    }
  }
  const data = maybe(fields, 'data', bytes(limits.transactionBytesMax), path);
  const input = maybe(fields, 'input', bytes(limits.transactionBytesMax), path);
  if (data && input && Buffer.compare(data, input) !== 0) {
    throw invalidParams(`${path}.input`, 'and data are both set and differ');
  }
  const gasPrice = maybe(fields, 'gasPrice', uint256, path);
  const maxFeePerGas = maybe(fields, 'maxFeePerGas', uint256, path);
  if (gasPrice !== undefined && maxFeePerGas !== undefined) {
    throw invalidParams(`${path}.gasPrice`, 'and maxFeePerGas are both set');
  }
  const gas = maybe(fields, 'gas', uint64, path);
  return {
    from: maybe(fields, 'from', address, path),
    to: maybe(fields, 'to', address, path),
    data: input ?? data ?? new Uint8Array(0),
    value: maybe(fields, 'value', uint256, path) ?? 0n,
    // geth clamps to its own maximum too, rather than refusing.
    gasLimit: gas === undefined || gas === 0n ? undefined : gas < limits.callGasMax ? gas : limits.callGasMax,
    gasPrice: gasPrice ?? maxFeePerGas ?? 0n,
    accessList: maybe(fields, 'accessList', accessList, path) ?? [],
  };
};

/** State overrides of `eth_call`: balance, nonce, code, stateDiff. */
export const stateOverrides: Parse<StateOverride[]> = (value, path) => {
  const entries = Object.entries(object(value, path));
  if (entries.length > 100) throw invalidParams(path, `has ${entries.length} accounts, at most 100`);
  return entries.map(([key, entry]) => {
    const at = `${path}.${key}`;
    const fields = object(entry, at);
    for (const unsupported of ['state', 'movePrecompileToAddress']) {
      if (present(fields[unsupported])) throw invalidParams(`${at}.${unsupported}`, 'is not supported; stateDiff is');
    }
    refuseUnknown(fields, at, ['balance', 'nonce', 'code', 'stateDiff', 'state', 'movePrecompileToAddress']);
    return {
      address: address(key, at),
      balance: maybe(fields, 'balance', uint256, at),
      nonce: maybe(fields, 'nonce', uint64, at),
      code: maybe(fields, 'code', bytes(24_576), at),
      slots: maybe(fields, 'stateDiff', slotValues, at) ?? [],
    };
  });
};

/** Block overrides are refused unless empty: execution runs a call in the block's own environment. */
export const noBlockOverrides: Parse<undefined> = (value, path) => {
  const [first] = Object.keys(object(value, path));
  if (first !== undefined) throw invalidParams(`${path}.${first}`, 'is not supported');
  return undefined;
};

const slotValues: Parse<{ slot: Hash32; value: Hash32 }[]> = (value, path) => {
  const entries = Object.entries(object(value, path));
  if (entries.length > 1_000) throw invalidParams(path, `has ${entries.length} slots, at most 1000`);
  return entries.map(([key, entry]) => ({ slot: slot(key, `${path}.${key}`), value: slot(entry, `${path}.${key}`) }));
};

/** A log filter: criteria and either a range or one block. */
export interface LogFilter {
  criteria: LogCriteria;
  blockHash: Hash32 | undefined;
  from: BlockRef | undefined;
  to: BlockRef | undefined;
}

export const logFilter: Parse<LogFilter> = (value, path) => {
  const fields = object(value, path, ['address', 'topics', 'fromBlock', 'toBlock', 'blockHash']);
  const blockHash = maybe(fields, 'blockHash', hash, path);
  const from = maybe(fields, 'fromBlock', blockName, path);
  const to = maybe(fields, 'toBlock', blockName, path);
  if (blockHash !== undefined && (from !== undefined || to !== undefined)) {
    throw invalidParams(`${path}.blockHash`, 'excludes fromBlock and toBlock');
  }
  return { criteria: criteria(fields, path), blockHash, from, to };
};

/** A log filter of a subscription: only its criteria count, as in geth. */
export const logCriteria: Parse<LogCriteria> = (value, path) => logFilter(value, path).criteria;

function criteria(fields: Record<string, unknown>, path: string): LogCriteria {
  const oneOrMore: Parse<Address[]> = (value, at) =>
    Array.isArray(value) ? list(address, 1_000)(value, at) : [address(value, at)];
  return {
    addresses: maybe(fields, 'address', oneOrMore, path) ?? [],
    topics: maybe(fields, 'topics', topics, path) ?? [],
  };
}

const topics: Parse<(Hash32[] | undefined)[]> = (value, path) => {
  if (!Array.isArray(value)) throw invalidParams(path, 'must be a list');
  if (value.length > 4) throw invalidParams(path, `has ${value.length} positions, at most 4`);
  return value.map((entry: unknown, index) => {
    const at = `${path}[${index}]`;
    if (!present(entry)) return undefined;
    const alternatives = Array.isArray(entry) ? entry : [entry];
    // An empty list of alternatives, or one with null in it, takes anything: geth's reading.
    if (alternatives.length === 0 || alternatives.some((one) => !present(one))) return undefined;
    return list(hash, 1_000)(alternatives, at);
  });
};

/** The fields of a JSON object; unknown ones are refused when `known` is given. */
export function object(value: unknown, path: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidParams(path, 'must be an object');
  const fields = value as Record<string, unknown>;
  if (known) refuseUnknown(fields, path, known);
  return fields;
}

function refuseUnknown(fields: Record<string, unknown>, path: string, known: readonly string[]): void {
  const stranger = Object.keys(fields).find((key) => !known.includes(key));
  if (stranger !== undefined) throw invalidParams(`${path}.${stranger.slice(0, 64)}`, 'is unknown');
}

function need<T>(fields: Record<string, unknown>, key: string, parse: Parse<T>, path: string): T {
  if (!present(fields[key])) throw invalidParams(`${path}.${key}`, 'is missing');
  return parse(fields[key], `${path}.${key}`);
}

/** The field when it is there and not null. */
export function maybe<T>(fields: Record<string, unknown>, key: string, parse: Parse<T>, path: string): T | undefined {
  return present(fields[key]) ? parse(fields[key], `${path}.${key}`) : undefined;
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The primitives name the field in their message already; here the message becomes -32602. */
function refuseAs<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalidParams(path, message.startsWith(path) ? message.slice(path.length + 1) : message);
  }
}
