import { signDigest } from '@sheaf/crypto';
import { authorizationDigest, type Authorization } from '@sheaf/ethereum';
import { bytesToBigint, zeroAddress, type Address } from '@sheaf/primitives';
import type { Draft } from './draft.ts';
import type { Feature } from './features.ts';
import { ProgramWriter } from './program.ts';
import type { Actor } from './world.ts';
import { precompiles } from './world.ts';

const setCodeGas = 2_500_000n;

/** EIP-7702: a transaction with one to four authorizations, which are as they should be, clear, or have no effect. */
export function setCode(draft: Draft): void {
  const { random, world } = draft;
  const features = new Set<Feature>(['set-code']);
  const sender = draft.actor();
  // The sender's own nonce is raised before its authorization is looked at.
  const nonce = draft.nonce(sender.address);
  draft.setNonce(sender.address, nonce + 1n);
  const wasDelegated = draft.isDelegated(sender.address);
  let last: Actor | undefined;
  const authorizationList = Array.from({ length: 1 + random.below(4) }, () => {
    const authority = random.oneIn(4) ? sender : random.oneIn(6) ? draft.newcomer() : draft.pick(world.actors);
    last = authority;
    return authorize(draft, authority, features);
  });
  const to = random.oneIn(2) ? last!.address : draft.anyAddress();
  const writer = new ProgramWriter(draft);
  const data = writer.program();
  for (const feature of writer.features) features.add(feature);
  if (draft.isDelegated(to)) features.add('delegated-call');
  if (wasDelegated) features.add('delegated-sender');
  draft.send(sender, { type: 4, nonce, to, data, authorizationList, gasLimit: setCodeGas }, features);
}

function authorize(draft: Draft, authority: Actor, features: Set<Feature>): Authorization {
  const { random, world } = draft;
  const nonce = draft.nonce(authority.address);
  const { chainId } = world.spec;
  const kind = random.below(10);
  if (kind === 0) {
    features.add('set-code-invalid');
    return sign(authority, { chainId: chainId + 1n, nonce, address: world.contracts[0]! });
  }
  if (kind === 1) {
    features.add('set-code-invalid');
    return sign(authority, { chainId, nonce: nonce + 1n, address: world.contracts[0]! });
  }
  if (kind === 2) {
    features.add('set-code-invalid');
    return { ...sign(authority, { chainId, nonce, address: world.contracts[0]! }), yParity: 2 };
  }
  if (kind === 3) {
    // Of what has a contract's code.
    features.add('set-code-invalid');
    return sign(world.walled, { chainId, nonce: draft.nonce(world.walled.address), address: world.contracts[0]! });
  }
  draft.setNonce(authority.address, nonce + 1n);
  const clears = kind < 7 && draft.isDelegated(authority.address);
  if (clears) features.add('set-code-cleared');
  draft.setDelegated(authority.address, !clears);
  const address = clears ? zeroAddress : delegateOf(draft);
  return sign(authority, { chainId: random.oneIn(4) ? 0n : chainId, nonce, address });
}

/** Mostly a puppet; also what has no code, what is delegated itself, a precompile. */
function delegateOf(draft: Draft): Address {
  const { random, world } = draft;
  const kind = random.below(8);
  if (kind === 0) return draft.pick(world.actors).address;
  if (kind === 1) return draft.pick(random.oneIn(2) ? world.strangers : precompiles);
  return draft.pick(world.contracts);
}

function sign(authority: Actor, fields: Pick<Authorization, 'chainId' | 'address' | 'nonce'>): Authorization {
  const { r, s, yParity } = signDigest(authorizationDigest(fields), authority.privateKey);
  return { ...fields, yParity, r: bytesToBigint(r), s: bytesToBigint(s) };
}
