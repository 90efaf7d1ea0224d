import { blsPublicKey } from '@sheaf/crypto';
import { ChainError, equalBytes, hexToBytes } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';

/** Who this validator is. */
export interface ValidatorIdentity {
  validatorIndex: number;
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/**
 * The validator whose key the text holds (32 bytes of hex, with or without 0x).
 * @throws ChainError `INVALID_ARGUMENT` with one sentence when the set has no such validator, or another key for it
 */
export function findIdentity(spec: ChainSpec, validatorIndex: number, keyText: string): ValidatorIdentity {
  const member = spec.validators[validatorIndex];
  if (!member)
    throw invalid(
      'SHEAF_VALIDATOR_INDEX',
      `must be below ${spec.validators.length}, the size of the chain spec's validator set`,
    );
  const text = keyText.trim();
  const digits = text.startsWith('0x') ? text : `0x${text}`;
  if (!/^0x[0-9a-fA-F]{64}$/.test(digits)) throw invalid('SHEAF_BLS_KEY_FILE', 'must hold 32 bytes of hex');
  const secretKey = hexToBytes(digits);
  const publicKey = blsPublicKey(secretKey);
  if (!equalBytes(publicKey, member.publicKey)) {
    throw invalid('SHEAF_BLS_KEY_FILE', `holds another key than the chain spec has for validator ${validatorIndex}`);
  }
  return { validatorIndex, publicKey, secretKey };
}

function invalid(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
