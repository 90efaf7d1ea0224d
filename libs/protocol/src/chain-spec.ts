import { blsVerifyPossession } from '@sheaf/crypto';
import {
  bytesToHex,
  ChainError,
  hexToBytes,
  limits,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { z } from 'zod';
import { availableAfterLoss, columnsToRecover, columnsTotal, lostNodesBound, type DaCommittee } from './custody.ts';

/** Ethereum rules that the chain starts with and keeps. */
export type Fork = 'cancun' | 'prague' | 'osaka';

/** An account at genesis. */
export interface GenesisAccount {
  /** Wei. */
  balance: bigint;
  nonce: bigint;
  /** Runtime code; empty for none. */
  code: Uint8Array;
  /** No zero values. */
  storage: Map<Hash32, Hash32>;
}

/** All that makes one chain different from another. Everyone who runs a part of it has the same. */
export interface ChainSpec {
  /** EIP-155. */
  chainId: bigint;
  fork: Fork;
  genesis: {
    /** Unix seconds. */
    timestamp: bigint;
    /** 5,000 to 2^63-1; every block's. */
    gasLimit: bigint;
    /** Wei. */
    baseFeePerGas: bigint;
    /** At most 32 bytes. */
    extraData: Uint8Array;
    alloc: Map<Address, GenesisAccount>;
  };
  /** Receiver of priority fees. */
  feeRecipient: Address;
  /** 1 to 1,024, by index. */
  validators: { publicKey: Uint8Array; proofOfPossession: Uint8Array; stakeGwei: bigint }[];
  da: DaCommittee;
}

const uint64Max = 2n ** 64n - 1n;
const uint256Max = 2n ** 256n - 1n;

/** A whole number: decimal or 0x text, or a JSON number that is exact. */
const integer = (max: bigint, min = 0n) =>
  z
    .union([z.int().nonnegative(), z.string().regex(/^(0|[1-9][0-9]{0,77}|0x[0-9a-fA-F]{1,64})$/)], {
      error: 'must be a whole number, decimal or 0x',
    })
    .transform((value) => BigInt(value))
    .refine((value) => value >= min && value <= max, { error: `must be between ${min} and ${max}` });

const bytes = (bound: { length: number } | { max: number }) =>
  z
    .string()
    .regex(/^0x(?:[0-9a-fA-F]{2})*$/, { error: 'must be 0x and an even number of hex digits' })
    .transform((text) => hexToBytes(text))
    .refine((value) => ('length' in bound ? value.length === bound.length : value.length <= bound.max), {
      error: 'length' in bound ? `must be ${bound.length} bytes` : `must be at most ${bound.max} bytes`,
    });

const address = bytes({ length: 20 }).transform((value) => toAddress(value));
const word = bytes({ length: 32 }).transform((value) => toHash32(value));

const storageSchema = z
  .array(
    z.strictObject({ slot: word, value: word.refine((value) => BigInt(value) !== 0n, { error: 'must not be zero' }) }),
  )
  .refine((slots) => unique(slots.map(({ slot }) => slot)), { error: 'must name no slot twice' })
  .transform((slots) => new Map(slots.map(({ slot, value }) => [slot, value])));

const accountSchema = z.strictObject({
  address,
  balance: integer(uint256Max),
  nonce: integer(uint64Max - 1n).default(0n),
  code: bytes({ max: 24_576 }).default(() => new Uint8Array(0)),
  storage: storageSchema.default(() => new Map<Hash32, Hash32>()),
});

const keyFields = { publicKey: bytes({ length: 48 }), proofOfPossession: bytes({ length: 96 }) };
const distinctKeys = (members: { publicKey: Uint8Array }[]) =>
  unique(members.map((member) => bytesToHex(member.publicKey)));

const tolerates = (committee: DaCommittee) =>
  availableAfterLoss(committee, [...committee.nodes.keys()]) >= columnsToRecover;

const committeeSchema = z
  .strictObject({
    nodes: z
      .array(z.strictObject(keyFields))
      .min(1)
      .max(limits.daNodesMax)
      .refine(distinctKeys, { error: 'must name no key twice' }),
    lostNodesMax: z.int().min(0).max(lostNodesBound),
    columnsPerNode: z.int().min(1).max(columnsTotal),
  })
  .refine((committee) => committee.lostNodesMax > lostNodesBound || tolerates(committee), {
    error: `must hold ${columnsToRecover} columns after losing lostNodesMax nodes, even when all sign`,
  });

const specSchema = z.strictObject({
  chainId: integer(uint64Max, 1n),
  fork: z.enum(['cancun', 'prague', 'osaka']),
  genesis: z.strictObject({
    timestamp: integer(uint64Max),
    gasLimit: integer(2n ** 63n - 1n, 5_000n),
    baseFeePerGas: integer(uint256Max),
    extraData: bytes({ max: 32 }),
    alloc: z
      .array(accountSchema)
      .refine((accounts) => unique(accounts.map((account) => account.address)), { error: 'must name no address twice' })
      .transform((accounts) => new Map(accounts.map(({ address: key, ...account }) => [key, account]))),
  }),
  feeRecipient: address,
  validators: z
    .array(z.strictObject({ ...keyFields, stakeGwei: integer(uint64Max, 1n) }))
    .min(1)
    .max(limits.validatorsMax)
    .refine(distinctKeys, { error: 'must name no key twice' })
    .refine((validators) => validators.reduce((sum, { stakeGwei }) => sum + stakeGwei, 0n) <= uint64Max, {
      error: 'must have less than 2^64 Gwei of stake in all',
    }),
  da: committeeSchema,
});

/**
 * The specification from its JSON. Integers are decimal or 0x text (or exact numbers), bytes 0x text. The keys' proofs
 * of possession are not verified here: `verifyChainSpecKeys`.
 * @throws ChainError `INVALID_ARGUMENT` whose message has every fault, one a line; `field` is the first one's
 */
export function parseChainSpec(json: unknown): ChainSpec {
  const result = specSchema.safeParse(json);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => ({
    field: ['chainSpec', ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  throw faultsError(faults);
}

/** The JSON form: what `parseChainSpec` reads back as the same specification. */
export function formatChainSpec(spec: ChainSpec): unknown {
  const formatKeys = (member: { publicKey: Uint8Array; proofOfPossession: Uint8Array }) => ({
    publicKey: bytesToHex(member.publicKey),
    proofOfPossession: bytesToHex(member.proofOfPossession),
  });
  return {
    chainId: spec.chainId.toString(),
    fork: spec.fork,
    genesis: {
      timestamp: spec.genesis.timestamp.toString(),
      gasLimit: spec.genesis.gasLimit.toString(),
      baseFeePerGas: spec.genesis.baseFeePerGas.toString(),
      extraData: bytesToHex(spec.genesis.extraData),
      alloc: [...spec.genesis.alloc].map(([key, account]) => ({
        address: key,
        balance: account.balance.toString(),
        nonce: account.nonce.toString(),
        code: bytesToHex(account.code),
        storage: [...account.storage].map(([slot, value]) => ({ slot, value })),
      })),
    },
    feeRecipient: spec.feeRecipient,
    validators: spec.validators.map((validator) => ({
      ...formatKeys(validator),
      stakeGwei: validator.stakeGwei.toString(),
    })),
    da: {
      nodes: spec.da.nodes.map(formatKeys),
      lostNodesMax: spec.da.lostNodesMax,
      columnsPerNode: spec.da.columnsPerNode,
    },
  };
}

/**
 * Returns when every validator and node has proven that it knows its key's secret; without that aggregate signatures
 * prove nothing. A few ms a key: run it once, at start.
 * @throws ChainError `INVALID_ARGUMENT` naming every key that fails, as `parseChainSpec` does
 */
export function verifyChainSpecKeys(spec: ChainSpec): void {
  const unproven = (members: { publicKey: Uint8Array; proofOfPossession: Uint8Array }[], field: string) =>
    members.flatMap((member, index) =>
      blsVerifyPossession(member.publicKey, member.proofOfPossession)
        ? []
        : [{ field: `chainSpec.${field}.${index}.proofOfPossession`, message: 'does not prove the key' }],
    );
  const faults = [...unproven(spec.validators, 'validators'), ...unproven(spec.da.nodes, 'da.nodes')];
  if (faults.length > 0) throw faultsError(faults);
}

function faultsError(faults: { field: string; message: string }[]): ChainError {
  return new ChainError({
    code: 'INVALID_ARGUMENT',
    field: faults[0]!.field,
    message: faults.map((fault) => `${fault.field}: ${fault.message}`).join('\n'),
  });
}

function unique(values: string[]): boolean {
  return new Set(values).size === values.length;
}
