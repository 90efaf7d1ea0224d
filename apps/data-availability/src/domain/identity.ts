import { blsPublicKey } from '@sheaf/crypto';
import { ChainError, equalBytes, hexToBytes } from '@sheaf/primitives';
import { custodyColumns, type ChainSpec } from '@sheaf/protocol';

/** Who this node is in the committee. */
export interface NodeIdentity {
  nodeIndex: number;
  publicKey: Uint8Array;
  secretKey: Uint8Array;
  /** Columns in its custody, rising. */
  columns: number[];
}

/**
 * The node whose key the text holds (32 bytes of hex, with or without 0x).
 * @throws ChainError `INVALID_ARGUMENT` with one sentence when the committee has no such node, or another key for it
 */
export function findIdentity(spec: ChainSpec, nodeIndex: number, keyText: string): NodeIdentity {
  const member = spec.da.nodes[nodeIndex];
  if (!member)
    throw invalid('SHEAF_NODE_INDEX', `must be below ${spec.da.nodes.length}, the size of the chain spec's committee`);
  const text = keyText.trim();
  const digits = text.startsWith('0x') ? text : `0x${text}`;
  if (!/^0x[0-9a-fA-F]{64}$/.test(digits)) throw invalid('SHEAF_BLS_KEY_FILE', 'must hold 32 bytes of hex');
  const secretKey = hexToBytes(digits);
  const publicKey = blsPublicKey(secretKey);
  if (!equalBytes(publicKey, member.publicKey)) {
    throw invalid(
      'SHEAF_BLS_KEY_FILE',
      `holds another key than the chain spec has for data-availability node ${nodeIndex}`,
    );
  }
  return { nodeIndex, publicKey, secretKey, columns: custodyColumns(spec.da, nodeIndex) };
}

function invalid(field: string, rule: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
