import { floorDataGas, intrinsicGas, nextBaseFee, signTransaction, type UnsignedTransaction } from '@sheaf/ethereum';
import { toAddress, type Address } from '@sheaf/primitives';
import { privateKeyToAddress } from '@sheaf/crypto';
import type { Random } from '../../random.ts';
import type { Feature } from './features.ts';
import type { Head } from './head.ts';
import type { Actor, RandomWorld } from './world.ts';

/** What a caller leaves out of a transaction is made up. */
export type Message = Partial<UnsignedTransaction>;

const usualGas = 1_500_000n;
const saltsEach = 8;

/** The transactions of a random block in the making, with the nonces that they will probably find. */
export class Draft {
  readonly random: Random;
  readonly world: RandomWorld;
  readonly head: Head;
  readonly coinbase: Address;
  /** Of the block. */
  readonly baseFee: bigint;
  readonly transactions: Uint8Array[] = [];
  readonly senders: (Address | undefined)[] = [];
  readonly features: ReadonlySet<Feature>[] = [];
  readonly #nonces = new Map<Address, bigint>();
  readonly #delegated = new Map<Address, boolean>();

  constructor(random: Random, world: RandomWorld, head: Head, coinbase: Address) {
    this.random = random;
    this.world = world;
    this.head = head;
    this.coinbase = coinbase;
    this.baseFee = nextBaseFee(head.parent);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)]!;
  }

  actor(): Actor {
    const { actors } = this.world;
    // Some send often.
    return this.random.oneIn(3) ? actors[this.random.below(3)]! : this.pick(actors);
  }

  /** A key that nobody has had. */
  newcomer(): Actor {
    const privateKey = this.random.bytes(32);
    // Below the order of the curve whatever follows.
    privateKey[0]! &= 0x7f;
    privateKey[31]! |= 1;
    return { address: privateKeyToAddress(privateKey), privateKey };
  }

  /** One of `count` salts, at most 8, that no blocks but four have. Those below 1,000 are the same in all blocks. */
  salt(count: number): number {
    const epoch = Number(this.head.parent.number) >> 2;
    return 1_000 + saltsEach * epoch + this.random.below(count);
  }

  /** Never in the genesis, probably without an account. */
  freshAddress(): Address {
    return toAddress(this.random.bytes(20));
  }

  /** Any kind of account. */
  anyAddress(): Address {
    const { actors, contracts, strangers } = this.world;
    const kind = this.random.below(8);
    if (kind < 3) return this.pick(actors).address;
    if (kind < 5) return this.pick(contracts);
    if (kind < 7) return this.pick(strangers);
    return this.random.oneIn(2) ? this.coinbase : this.freshAddress();
  }

  /** The nonce that the account has when all before went as it should. */
  nonce(address: Address): bigint {
    return this.#nonces.get(address) ?? this.head.account(address).nonce;
  }

  setNonce(address: Address, nonce: bigint): void {
    this.#nonces.set(address, nonce);
  }

  /** EIP-7702, as `setDelegated` said last. */
  isDelegated(address: Address): boolean {
    return this.#delegated.get(address) ?? this.head.account(address).hasCode;
  }

  setDelegated(address: Address, delegated: boolean): void {
    this.#delegated.set(address, delegated);
  }

  delegatedActors(): Actor[] {
    return this.world.actors.filter(({ address }) => this.isDelegated(address));
  }

  /** The transaction is in the block; its nonce is the sender's next unless the message has one. */
  send(actor: Actor, message: Message, features: Iterable<Feature>): void {
    const marks = new Set(features);
    const nonce = this.nonce(actor.address);
    const unsigned = this.#complete(message, nonce, marks);
    if (unsigned.nonce === nonce) this.setNonce(actor.address, nonce + 1n);
    if (actor.address === this.coinbase) marks.add('from-coinbase');
    if (message.to === this.coinbase) marks.add('to-coinbase');
    if (this.isDelegated(actor.address)) marks.add('delegated-sender');
    this.add(signTransaction(unsigned, actor.privateKey), actor.address, marks);
  }

  /** Bytes as they are; `sender`: whom they recover to. */
  add(raw: Uint8Array, sender: Address | undefined, features: Iterable<Feature>): void {
    this.transactions.push(raw);
    this.senders.push(sender);
    this.features.push(new Set(features));
  }

  /** A gas limit that pays for little more than the start. */
  scarceGas(message: Message): bigint {
    const fields = { to: undefined, data: new Uint8Array(0), accessList: [], authorizationList: [], ...message };
    const [least, floor] = [intrinsicGas(fields), floorDataGas(fields)];
    return (least > floor ? least : floor) + BigInt(this.random.below(9_000));
  }

  #complete(message: Message, nonce: bigint, marks: Set<Feature>): UnsignedTransaction {
    const { random, world } = this;
    const type = message.type ?? this.pick([0, 1, 2, 2, 2] as const);
    const tip = random.oneIn(6) ? 0n : BigInt(random.below(2_000_000_000));
    const accessList =
      (type === 1 || type === 2) && random.oneIn(4) ? [{ address: this.pick(world.contracts), storageKeys: [] }] : [];
    if (accessList.length > 0) marks.add('access-list');
    if (tip === 0n) marks.add('zero-tip');
    const price = this.baseFee + tip;
    const fees = type < 2 ? { gasPrice: price } : { maxFeePerGas: 2n * price, maxPriorityFeePerGas: tip };
    const chainId = type === 0 && random.oneIn(8) ? undefined : world.spec.chainId;
    return { type, chainId, nonce, gasLimit: usualGas, accessList, ...fees, ...message };
  }
}
