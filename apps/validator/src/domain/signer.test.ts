// Goal: no height is ever signed for two blocks, whatever happens between two starts.
// Method: a journal in memory that outlives signers; random heights, restarts, lost journals and floors by fast-check.
import { blsPublicKey, blsVerify } from '@sheaf/crypto';
import type { Header } from '@sheaf/ethereum';
import { toHash32, toHeight } from '@sheaf/primitives';
import { attestationDigest, type Attestation } from '@sheaf/protocol';
import fc from 'fast-check';
import type { Journal, JournalState } from '../ports.ts';
import { createSigner } from './signer.ts';

const secretKey = new Uint8Array(32).fill(3);
const options = { chainId: 7n, validatorIndex: 0, secretKey };

function memoryJournal(): Journal {
  let state: JournalState = { signed: undefined, head: undefined };
  return {
    state: () => state,
    write(next) {
      state = next;
      return Promise.resolve();
    },
  };
}

function blockAt(height: number, variant: number) {
  const blockHash = toHash32(new Uint8Array(32).fill(variant));
  const opinion = { height: toHeight(height), blockHash, payloadHash: blockHash, commitmentsHash: blockHash };
  return {
    opinion,
    block: { header: { number: toHeight(height) } as Header, hash: blockHash, payloadHash: blockHash },
  };
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('attest' as const),
    height: fc.integer({ min: 1, max: 8 }),
    variant: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('restart' as const) }),
  fc.record({ kind: fc.constant('restore' as const) }),
);

test('one block a height over restarts and restored directories', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const signatures = new Map<bigint, string>();
      let journal = memoryJournal();
      let signer = createSigner(options, { journal });
      let highest = 0;
      const note = (attestation: Attestation | undefined) => {
        if (!attestation) return;
        const before = signatures.get(attestation.height);
        if (before !== undefined) expect(attestation.blockHash).toBe(before);
        signatures.set(attestation.height, attestation.blockHash);
        highest = Math.max(highest, Number(attestation.height));
      };
      for (const each of steps) {
        if (each.kind === 'attest') {
          const { opinion, block } = blockAt(each.height, each.variant);
          note(await signer.attest(opinion, block));
          continue;
        }
        // A restored directory is older than what was signed; settlement tells.
        if (each.kind === 'restore') journal = memoryJournal();
        signer = createSigner(options, { journal });
        signer.raiseFloor(toHeight(highest));
        note(signer.last());
      }
    }),
    { numRuns: 60 },
  );
});

test('signs what others can verify, after the journal has it', async () => {
  const journal = memoryJournal();
  const { opinion, block } = blockAt(4, 1);
  const attestation = await createSigner(options, { journal }).attest(opinion, block);
  expect(journal.state()).toEqual({ signed: opinion, head: block });
  expect(blsVerify(blsPublicKey(secretKey), attestationDigest(attestation!), attestation!.signature)).toBe(true);
  await expect(
    createSigner(options, { journal }).attest({ ...opinion, height: toHeight(5) }, block),
  ).rejects.toMatchObject({ code: 'INTERNAL' });
});
