import { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { hexToBytes } from '@sheaf/primitives';
import type { Common } from '@ethereumjs/common';

let context: DasContextJs | undefined;

type Kzg = NonNullable<Common['customCrypto']['kzg']>;

/** Point evaluation for the oracle; it knows a bad argument by this word in the message. */
export const kzg = {
  verifyProof(commitment: string, z: string, y: string, proof: string): boolean {
    context ??= DasContextJs.create({ usePrecomp: false });
    const [c, at, value, p] = [commitment, z, y, proof].map((part) => hexToBytes(part)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    try {
      return context.verifyKzgProof(c, at, value, p);
    } catch (cause) {
      throw new Error('C_KZG_BADARGS', { cause });
    }
  },
} as unknown as Kzg;
