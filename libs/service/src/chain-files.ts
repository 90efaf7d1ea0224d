import { readFileSync } from 'node:fs';
import { blsPublicKey } from '@sheaf/crypto';
import { ChainError, equalBytes, hexToBytes, isChainError } from '@sheaf/primitives';
import { parseChainSpec, verifyChainSpecKeys, type ChainSpec } from '@sheaf/protocol';

/**
 * The chain's specification. Its keys are proven in every service, also in one that relies on none of them: a file that
 * one service refuses is refused by all. About 1 ms a key.
 * @throws ChainError `INVALID_ARGUMENT` with one sentence when the file is missing or wrong
 */
export function readChainSpec(file: string): ChainSpec {
  const text = readText(file, 'SHEAF_CHAIN_SPEC');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid('SHEAF_CHAIN_SPEC', `${file} is not JSON`, cause);
  }
  try {
    const spec = parseChainSpec(json);
    verifyChainSpecKeys(spec);
    return spec;
  } catch (cause) {
    if (!isChainError(cause)) throw cause;
    throw invalid('SHEAF_CHAIN_SPEC', `${file} is not usable: ${cause.message.replaceAll('\n', '; ')}`, cause);
  }
}

/** A file's text. @throws ChainError `INVALID_ARGUMENT` naming the setting and the file */
export function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(setting, `${file} cannot be read`, cause);
  }
}

/** Which of the specification's members a process is, and where its key is. */
export interface MemberOptions {
  index: number;
  /** The setting that the index comes from. */
  indexSetting: string;
  /** What the members are, in the singular, as errors say it. */
  kind: string;
  keyFile: string;
}

/** The BLS keys of one member. */
export interface MemberKeys {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/**
 * The keys of the member at `index`, whose secret the file holds: 32 bytes of hex, with or without 0x.
 * @throws ChainError `INVALID_ARGUMENT` with one sentence when there is no such member, or it has another key
 */
export function readMemberKeys(
  { index, indexSetting, kind, keyFile }: MemberOptions,
  members: readonly { publicKey: Uint8Array }[],
): MemberKeys {
  const member = members[index];
  if (!member) throw invalid(indexSetting, `must be below ${members.length}, for the chain spec has so many ${kind}s`);
  const text = readText(keyFile, 'SHEAF_BLS_KEY_FILE').trim();
  const digits = text.startsWith('0x') ? text : `0x${text}`;
  if (!/^0x[0-9a-fA-F]{64}$/.test(digits)) {
    throw invalid('SHEAF_BLS_KEY_FILE', `${keyFile} must hold 32 bytes of hex`);
  }
  const secretKey = hexToBytes(digits);
  const publicKey = blsPublicKey(secretKey);
  if (!equalBytes(publicKey, member.publicKey)) {
    throw invalid('SHEAF_BLS_KEY_FILE', `${keyFile} holds another key than the chain spec has for ${kind} ${index}`);
  }
  return { publicKey, secretKey };
}

/** @throws ChainError `INVALID_ARGUMENT` unless there is one address for every data-availability node of the chain */
export function requireCommitteeAddresses(spec: ChainSpec, addresses: readonly string[]): void {
  const wanted = spec.da.nodes.length;
  if (addresses.length === wanted) return;
  throw invalid('SHEAF_DA_ADDRESSES', `must name ${wanted} nodes, as the chain spec does, got ${addresses.length}`);
}

function invalid(setting: string, fault: string, cause?: unknown): ChainError {
  const detail = { code: 'INVALID_ARGUMENT', field: setting, message: `${setting} ${fault}` } as const;
  return new ChainError(detail, { cause });
}
