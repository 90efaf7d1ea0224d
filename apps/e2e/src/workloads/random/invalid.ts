import { decodeTransaction, recoverSender, signTransaction } from '@sheaf/ethereum';
import {
  bigintToBytes,
  concatBytes,
  decodeRlp,
  encodeRlp,
  isChainError,
  limits,
  toHash32,
  type Address,
} from '@sheaf/primitives';
import type { Draft, Message } from './draft.ts';
import type { Feature } from './features.ts';

/** EIP-3860. */
const initCodeBytesMax = 49_152;
const blobHash = toHash32(`0x01${'77'.repeat(31)}`);

/** A transaction that is dropped, but for a nonce too high, whose gap may have come to be filled. */
export function invalid(draft: Draft): void {
  const { random } = draft;
  const kinds: readonly [Feature, () => Message][] = [
    ['nonce-low', () => ({ nonce: draft.nonce(actor.address) - 1n })],
    ['nonce-high', () => ({ nonce: draft.nonce(actor.address) + 1n + BigInt(random.below(3)) })],
    ['no-funds', () => ({ value: 10n ** 26n })],
    ['fee-cap', () => ({ type: 2, maxFeePerGas: draft.baseFee - 1n, maxPriorityFeePerGas: 0n })],
    ['wrong-chain', () => ({ type: 2, chainId: draft.world.spec.chainId + 1n })],
    ['little-gas', () => ({ gasLimit: 20_999n })],
    ['too-much-gas', () => ({ gasLimit: limits.transactionGasMax + BigInt(random.below(2) * 20_000_000 + 1) })],
    ['large-init-code', () => ({ to: undefined, data: new Uint8Array(initCodeBytesMax + 1), gasLimit: 5_000_000n })],
    ['blob', () => ({ type: 3, blobVersionedHashes: [blobHash], maxFeePerBlobGas: 1n, accessList: [] })],
  ];
  const actor = draft.pick(draft.world.actors);
  const kind = random.below(kinds.length + 2);
  if (kind === kinds.length) return garbage(draft);
  if (kind === kinds.length + 1) return badSignature(draft);
  const [feature, change] = kinds[kind]!;
  if (feature === 'nonce-low' && draft.nonce(actor.address) === 0n) return garbage(draft);
  const nonce = draft.nonce(actor.address);
  draft.send(actor, { to: draft.anyAddress(), gasLimit: 100_000n, nonce, ...change() }, [feature]);
  // It will not be used up.
  draft.setNonce(actor.address, nonce);
}

/** Random bytes, or a transaction that was cut. */
function garbage(draft: Draft): void {
  const { random } = draft;
  const raw = signed(draft);
  const bytes = random.oneIn(2)
    ? random.bytes(1 + random.below(200))
    : raw.subarray(0, 1 + random.below(raw.length - 1));
  draft.add(bytes, undefined, ['garbage']);
}

/** Recovers to nobody, or to somebody who has nothing. */
function badSignature(draft: Draft): void {
  const { random } = draft;
  const raw = signed(draft);
  const fields = decodeRlp(raw.subarray(1), 'transaction');
  const r = bigintToBytes(BigInt(random.below(2 ** 32)) + 1n);
  const changed = concatBytes(raw.subarray(0, 1), encodeRlp((fields as Uint8Array[]).with(-2, r)));
  draft.add(changed, senderOf(changed), ['bad-signature']);
}

function signed(draft: Draft): Uint8Array {
  const { world, head } = draft;
  const { address, privateKey } = draft.pick(world.actors);
  const { nonce } = head.account(address);
  const fields = { type: 2, chainId: world.spec.chainId, nonce, to: address, gasLimit: 21_000n } as const;
  return signTransaction({ ...fields, maxFeePerGas: 10n ** 12n }, privateKey);
}

function senderOf(raw: Uint8Array): Address | undefined {
  try {
    return recoverSender(decodeTransaction(raw));
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}
