// What random blocks are made of: each scenario adds one or some transactions to a block.
import { contractAddress } from '@sheaf/ethereum';
import { concatBytes, toAddress, zeroAddress } from '@sheaf/primitives';
import { create2Address } from './create2-address.ts';
import type { Actor } from './world.ts';
import { isTakenNonce, takenSalts } from './world.ts';
import type { Draft } from './draft.ts';
import type { Feature } from './features.ts';
import { ProgramWriter } from './program.ts';
import { puppet } from './puppet.ts';

export type Scenario = (draft: Draft) => void;

const transferGas = 21_000n;
/** For a call of what may be a contract. */
const wideTransferGas = 60_000n;
/** EIP-7002's contract. */
const withdrawalRequests = toAddress('0x00000961ef480eb55e80d19ad83579a64c007002');

export function transfer(draft: Draft): void {
  const { random } = draft;
  const value = random.oneIn(4) ? 0n : BigInt(random.below(2 ** 32));
  draft.send(draft.actor(), { to: draft.anyAddress(), value, gasLimit: wideTransferGas }, ['transfer']);
}

/** Money goes from one new account to the next: each can only pay when the one before has. */
export function transferChain(draft: Draft): void {
  const { random } = draft;
  const length = 2 + random.below(7);
  const gasPrice = draft.baseFee + BigInt(random.below(1_000));
  const step = transferGas * gasPrice;
  let value = BigInt(length) * step + BigInt(random.below(1_000));
  let from = draft.actor();
  const features: Feature[] = ['transfer-chain'];
  for (let i = 0; i < length; i++) {
    const to = draft.newcomer();
    draft.send(from, { type: 0, gasPrice, to: to.address, value, gasLimit: transferGas }, features);
    if (i === 0) features.push('funded-in-block');
    from = to;
    value -= step;
  }
  // The last sends on all that it has, to the wei, or one more than that.
  const tooMuch = random.oneIn(4);
  const rest = value + (tooMuch ? 1n : 0n);
  const to = draft.anyAddress();
  draft.send(from, { type: 0, gasPrice, to, value: rest, gasLimit: transferGas }, [
    tooMuch ? 'no-funds' : 'funded-in-block',
  ]);
}

export function burst(draft: Draft): void {
  const actor = draft.actor();
  const count = 3 + draft.random.below(8);
  for (let i = 0; i < count; i++) {
    if (draft.random.oneIn(2)) sendProgram(draft, actor, ['burst']);
    else draft.send(actor, { to: draft.anyAddress(), value: 1n, gasLimit: wideTransferGas }, ['burst', 'transfer']);
  }
}

export function hotCounter(draft: Draft): void {
  const add = puppet.add(0, 1 + draft.random.below(9));
  const data = draft.random.oneIn(3) ? concatBytes(puppet.sload(0), puppet.log(1), add) : add;
  draft.send(draft.actor(), { to: draft.world.counter, data, gasLimit: 200_000n }, ['hot-counter']);
}

export function hotPool(draft: Draft): void {
  const { random } = draft;
  const [paid, bought] = random.oneIn(2) ? ([0, 1] as const) : ([1, 0] as const);
  const data = concatBytes(puppet.swap(paid, bought, 1 + random.below(999)), puppet.sload(bought), puppet.log(2));
  draft.send(draft.actor(), { to: draft.world.pool, data, gasLimit: 200_000n }, ['hot-pool']);
}

export function program(draft: Draft): void {
  sendProgram(draft, draft.actor(), []);
}

export function deepCall(draft: Draft): void {
  const writer = new ProgramWriter(draft);
  const data = writer.deep(3 + draft.random.below(5));
  draft.send(draft.actor(), { to: draft.pick(draft.world.contracts), data, value: 5_000n }, writer.features);
}

export function outOfGas(draft: Draft): void {
  const writer = new ProgramWriter(draft);
  const program = writer.program();
  const to = draft.pick(draft.world.contracts);
  const burns = draft.random.oneIn(2);
  const data = burns ? concatBytes(program, puppet.burn()) : program;
  const gasLimit = burns ? 300_000n : draft.scarceGas({ to, data });
  draft.send(draft.actor(), { type: 2, accessList: [], to, data, gasLimit }, [...writer.features, 'out-of-gas']);
}

export function createTransaction(draft: Draft): void {
  const { random, world } = draft;
  const colliding = world.actors.filter(({ address }) => isTakenNonce(draft.nonce(address)));
  const actor = colliding.length > 0 && !random.oneIn(3) ? draft.pick(colliding) : draft.actor();
  const writer = new ProgramWriter(draft);
  const init = world.inits[writer.init()];
  const features: Feature[] = ['create-transaction', ...writer.features];
  if (random.oneIn(2)) {
    // The money comes before the contract.
    const other = draft.pick(world.actors.filter(({ address }) => address !== actor.address));
    const to = contractAddress(actor.address, draft.nonce(actor.address));
    draft.send(other, { to, value: 9n, gasLimit: wideTransferGas }, ['transfer']);
    features.push('create-prefunded');
  }
  if (isTakenNonce(draft.nonce(actor.address))) features.push('create-collision');
  draft.send(actor, { data: init, value: BigInt(random.below(3)), gasLimit: 400_000n }, features);
}

/** The same place twice or more: in one transaction, in two, or where the genesis has something. */
export function create2Collision(draft: Draft): void {
  const { random, world } = draft;
  const init = world.inits.child;
  const features: Feature[] = ['create2'];
  const kind = random.below(4);
  const to = kind === 0 ? world.contracts[0]! : draft.pick(world.contracts);
  const salt = kind === 0 ? draft.pick(Object.values(takenSalts)) : draft.salt(8);
  if (kind === 1) {
    const place = create2Address(to, salt, init);
    draft.send(draft.actor(), { to: place, value: 77n, gasLimit: wideTransferGas }, ['transfer']);
    features.push('create-prefunded');
  }
  const create = concatBytes(puppet.create2(init, salt, BigInt(random.below(2))), puppet.keepIt(random.below(8)));
  const times = 1 + random.below(3);
  for (let i = 0; i < times; i++) {
    const twice = random.oneIn(3);
    const collides = kind === 0 || twice || i > 0;
    const marks: Feature[] = collides ? [...features, 'create2-collision'] : features;
    draft.send(draft.actor(), { to, data: twice ? concatBytes(create, create) : create }, marks);
  }
}

/**
 * Made and destroyed in one transaction, and then made again: within it that fails, after it that works. Some of the
 * places get money in a block before: an account then goes that was there.
 */
export function selfDestructNew(draft: Draft): void {
  const { random, world } = draft;
  const writer = new ProgramWriter(draft);
  const features: Feature[] = ['create2', 'selfdestruct-new'];
  const choose = () => {
    const to = draft.pick(world.contracts.slice(0, 2));
    const salt = draft.salt(2);
    const init = world.inits[draft.pick(['storing', 'seeing'] as const)];
    return { to, salt, init, place: create2Address(to, salt, init) };
  };
  const choices = Array.from({ length: 8 }, choose);
  const isFunded = ({ place }: (typeof choices)[number]) => {
    const { balance, nonce } = draft.head.account(place);
    return balance > 0n && nonce === 0n;
  };
  const { to, salt, init, place } = choices.find(isFunded) ?? choices[0]!;
  draft.send(draft.actor(), { to: choices[1]!.place, value: 11n, gasLimit: wideTransferGas }, ['transfer']);

  const create = puppet.create2(init, salt, 50n);
  if (isFunded({ to, salt, init, place })) features.push('selfdestruct-prefunded');
  const destroy = puppet.call(place, concatBytes(puppet.sstore(1, 9), puppet.selfDestruct(writer.heir())));
  features.push(...writer.features);
  const twice = random.oneIn(2);
  const more = twice ? concatBytes(create, puppet.balance(place), puppet.codeSize(place)) : new Uint8Array(0);
  const data = concatBytes(create, destroy, puppet.codeHash(place), more, puppet.keep(random.below(8)));
  draft.send(draft.actor(), { to, data, value: 100n }, twice ? [...features, 'create2-collision'] : features);
  if (random.oneIn(2)) return;
  const again = concatBytes(create, puppet.call(place, puppet.add(1, 1)), puppet.log(3));
  draft.send(draft.actor(), { to, data: again, value: 50n }, ['create2', 'create2-again']);
}

export function selfDestructOld(draft: Draft): void {
  const writer = new ProgramWriter(draft);
  const to = draft.pick(draft.world.contracts);
  const data = concatBytes(puppet.add(2, 1), puppet.selfDestruct(writer.heir()));
  draft.send(draft.actor(), { to, data, value: 40n }, ['selfdestruct-old', ...writer.features]);
}

/** Pays it, is paid by it, looks at it, and leaves it alone. */
export function coinbaseGame(draft: Draft): void {
  const { random, coinbase, world } = draft;
  const actor = world.actors.find(({ address }) => address === coinbase);
  const kind = random.below(4);
  if (kind === 0)
    draft.send(draft.actor(), { to: coinbase, value: BigInt(random.below(2)), gasLimit: wideTransferGas }, [
      'transfer',
    ]);
  else if (kind === 1 && actor)
    draft.send(actor, { to: draft.anyAddress(), value: 3n, gasLimit: wideTransferGas }, ['transfer']);
  else {
    const look =
      kind === 2 ? puppet.coinbaseBalance() : concatBytes(puppet.balance(coinbase), puppet.codeHash(coinbase));
    const pay = random.oneIn(2) ? puppet.call(coinbase, new Uint8Array(0), { value: 7n }) : new Uint8Array(0);
    const data = concatBytes(look, pay, look, puppet.keep(3), puppet.log(1));
    draft.send(draft.actor(), { to: draft.pick(world.contracts), data, value: 7n }, [
      'coinbase-balance',
      'balance',
      'code-hash',
    ]);
  }
}

/** To an account that has or may have a delegation, which is the puppet in an account with a key. */
export function delegatedCall(draft: Draft): void {
  const delegated = draft.delegatedActors();
  if (delegated.length === 0) return program(draft);
  const writer = new ProgramWriter(draft);
  const to = draft.pick(delegated);
  const data = writer.program();
  const sender = draft.random.oneIn(2) ? to : draft.actor();
  draft.send(sender, { to: to.address, data }, [...writer.features, 'delegated-call']);
}

export function refund(draft: Draft): void {
  const cleared = Array.from({ length: 1 + draft.random.below(6) }, (_, slot) => puppet.sstore(slot, 0));
  const set = draft.random.oneIn(3) ? puppet.sstore(0, 5) : new Uint8Array(0);
  const to = draft.pick(draft.world.contracts);
  draft.send(draft.actor(), { to, data: concatBytes(...cleared, set) }, ['refund']);
}

/** Set in one frame, seen in another one of the same contract, gone in the next transaction. */
export function transient(draft: Draft): void {
  const { random, world } = draft;
  const [to, other] = [draft.pick(world.contracts), draft.pick(world.contracts)];
  const look = concatBytes(puppet.tload(0), puppet.keep(4));
  const back = puppet.call(
    other,
    puppet.call(to, random.oneIn(3) ? concatBytes(puppet.tstore(0, 3), puppet.revert()) : look),
  );
  const data = concatBytes(puppet.tload(0), puppet.tstore(0, 1 + random.below(200)), back, look);
  draft.send(draft.actor(), { to, data }, ['transient', 'deep-call']);
}

/** EIP-7002: the end of the block reads what this queues. */
export function request(draft: Draft): void {
  const data = draft.random.bytes(56);
  draft.send(draft.actor(), { to: withdrawalRequests, data, value: 1_000n, gasLimit: 300_000n }, ['request']);
}

/** A contract's code and a key, EIP-3607: as a sender it is refused; as a contract it is one. */
export function notAnEoa(draft: Draft): void {
  const { walled } = draft.world;
  const data = puppet.selfDestruct(zeroAddress);
  if (draft.random.oneIn(2)) draft.send(draft.actor(), { to: walled.address, data }, ['selfdestruct-old', 'heir-self']);
  else draft.send(walled, { to: draft.anyAddress(), gasLimit: wideTransferGas }, ['not-an-eoa']);
}

function sendProgram(draft: Draft, actor: Actor, features: readonly Feature[]): void {
  const { random, world } = draft;
  const writer = new ProgramWriter(draft);
  const data = writer.program();
  const value = random.oneIn(2) ? BigInt(random.below(10_000)) : 0n;
  draft.send(actor, { to: draft.pick(world.contracts), data, value }, [...features, ...writer.features]);
}
