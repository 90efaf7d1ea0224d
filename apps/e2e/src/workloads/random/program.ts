import { concatBytes, zeroAddress, type Address } from '@sheaf/primitives';
import type { Draft } from './draft.ts';
import type { Feature } from './features.ts';
import { puppet } from './puppet.ts';
import { precompiles, type InitName } from './world.ts';

/** Deepest nesting of calls that one program holds. */
const depthMax = 6;
const slots = 8;
/** A longer program is not put into another: its bytes would take the gas. */
const nestedBytesMax = 3_000;

/** Writes random programs, and notes what they do. */
export class ProgramWriter {
  readonly features = new Set<Feature>();
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Some operations; what it saw is stored, logged or lost in the end. */
  program(depth = 0): Uint8Array {
    const { random } = this.#draft;
    const count = 1 + random.below(depth === 0 ? 7 : 4);
    const operations = Array.from({ length: count }, () => this.#operation(depth));
    return concatBytes(...operations, this.#end(depth));
  }

  /** Calls through as many contracts as asked for, each of which writes before and after; one of them may revert. */
  deep(depth: number): Uint8Array {
    const { random } = this.#draft;
    this.features.add('deep-call');
    const failing = random.oneIn(2) ? 1 + random.below(depth) : undefined;
    let program = concatBytes(this.#read(), puppet.keep(this.#slot()));
    for (let level = depth; level >= 1; level--) {
      // The innermost is the program of the call at `depth`.
      if (level === failing) {
        this.features.add('revert-at-depth');
        program = concatBytes(program, puppet.revert());
      }
      const call = this.#call(this.#contract(), program);
      program = concatBytes(puppet.add(this.#slot(), 1 + random.below(9)), call, puppet.keep(this.#slot()));
    }
    return concatBytes(program, puppet.log(depth));
  }

  /** The heir of a self-destruct. */
  heir(): Address {
    const { random } = this.#draft;
    const kind = random.below(4);
    if (kind === 0) {
      this.features.add('heir-self');
      return zeroAddress;
    }
    if (kind === 1) {
      this.features.add('heir-coinbase');
      return this.#draft.coinbase;
    }
    if (kind === 2) {
      this.features.add('heir-fresh');
      return this.#draft.freshAddress();
    }
    return this.#draft.anyAddress();
  }

  #operation(depth: number): Uint8Array {
    const { random } = this.#draft;
    const kind = random.below(20);
    if (kind < 4) return this.#write();
    if (kind < 9) return this.#read();
    if (kind < 14) return depth < depthMax ? this.#nested(depth) : this.#read();
    if (kind === 14) return this.#create(depth);
    if (kind === 15) return concatBytes(this.#read(), puppet.keep(this.#slot()));
    if (kind === 16) {
      this.features.add('data-dependent');
      return concatBytes(this.#read(), puppet.unlessEven(this.#write(), this.#read()));
    }
    if (kind === 17) return puppet.log(random.below(4));
    if (kind === 18) {
      this.features.add('call-value');
      return puppet.forward(this.#draft.anyAddress());
    }
    return this.#transient();
  }

  #end(depth: number): Uint8Array {
    const { random } = this.#draft;
    const kind = random.below(depth === 0 ? 16 : 10);
    if (kind === 0) {
      this.features.add(depth === 0 ? 'revert' : 'revert-at-depth');
      return puppet.revert();
    }
    if (kind === 1) {
      this.features.add('revert-at-depth');
      return depth === 0 ? puppet.stop() : puppet.invalid();
    }
    if (kind === 2 && depth > 0) {
      this.features.add('selfdestruct-old');
      return puppet.selfDestruct(this.heir());
    }
    return kind < 7 ? concatBytes(puppet.keep(this.#slot()), puppet.log(kind)) : new Uint8Array(0);
  }

  #write(): Uint8Array {
    const { random } = this.#draft;
    const slot = this.#slot();
    const kind = random.below(6);
    if (kind === 0) {
      this.features.add('refund');
      return puppet.sstore(slot, 0);
    }
    if (kind === 1) return puppet.point(slot, this.#contract());
    if (kind < 4) return puppet.add(slot, random.below(256));
    return puppet.sstore(slot, random.below(256));
  }

  #read(): Uint8Array {
    const { random } = this.#draft;
    const kind = random.below(14);
    if (kind < 5) return puppet.sload(this.#slot());
    if (kind === 5) {
      this.features.add('data-dependent');
      return concatBytes(puppet.sload(this.#slot()), puppet.sloadIt());
    }
    if (kind === 6) return puppet.selfBalance();
    if (kind === 7) {
      this.features.add('coinbase-balance');
      return puppet.coinbaseBalance();
    }
    if (kind === 8) {
      this.features.add('balance');
      return puppet.balance(this.#draft.anyAddress());
    }
    if (kind === 9) {
      this.features.add('code-hash');
      return puppet.codeHash(this.#draft.anyAddress());
    }
    if (kind === 10) return puppet.codeSize(this.#draft.anyAddress());
    if (kind === 11) return puppet.codeCopy(this.#draft.anyAddress());
    if (kind === 12) {
      this.features.add('block-hash');
      return puppet.blockHash(random.below(5));
    }
    return random.oneIn(2) ? puppet.environment() : puppet.gas();
  }

  #nested(depth: number): Uint8Array {
    const { random } = this.#draft;
    if (depth >= 2) this.features.add('deep-call');
    const kind = random.below(12);
    const program = this.program(depth + 1);
    if (program.length > nestedBytesMax) return this.#read();
    if (kind === 0) {
      this.features.add('data-dependent');
      return concatBytes(puppet.sload(7), puppet.call(zeroAddress, program));
    }
    if (kind === 1) {
      this.features.add('static-call');
      return puppet.staticCall(this.#contract(), program);
    }
    if (kind === 2) {
      this.features.add('delegate-call');
      const call = random.oneIn(3) ? puppet.callCode : puppet.delegateCall;
      return call(this.#contract(), program);
    }
    if (kind === 3) {
      this.features.add('precompile');
      return puppet.call(this.#draft.pick(precompiles), random.bytes(random.below(64)));
    }
    if (kind === 4) {
      this.features.add('out-of-gas-at-depth');
      return puppet.call(this.#contract(), concatBytes(program, puppet.burn()), { gas: 5_000 + random.below(60_000) });
    }
    return this.#call(kind < 7 ? this.#draft.anyAddress() : this.#contract(), program);
  }

  #call(to: Address, program: Uint8Array): Uint8Array {
    const { random } = this.#draft;
    const value = random.oneIn(3) ? BigInt(random.below(3_000)) : 0n;
    if (value > 0n) this.features.add('call-value');
    return puppet.call(to, program, { value });
  }

  #create(depth: number): Uint8Array {
    const { random } = this.#draft;
    const name = this.init();
    const init = this.#draft.world.inits[name];
    const value = random.oneIn(3) ? BigInt(random.below(100)) : 0n;
    let create: Uint8Array;
    if (random.oneIn(2)) {
      this.features.add('create');
      create = puppet.create(init, value);
    } else {
      this.features.add('create2');
      // Few salts: other transactions, and some blocks, make the same.
      create = puppet.create2(init, random.oneIn(3) ? random.below(6) : this.#draft.salt(2), value);
    }
    if (depth >= depthMax || random.oneIn(2)) return concatBytes(create, puppet.keepIt(this.#slot()));
    const program = random.oneIn(3) ? this.#destroy() : this.program(depthMax);
    return concatBytes(create, puppet.call(zeroAddress, program), puppet.keep(this.#slot()));
  }

  /** An init code's name; that it fails is noted. */
  init(): InitName {
    const { random } = this.#draft;
    const name = random.oneIn(2)
      ? 'child'
      : this.#draft.pick(['storing', 'seeing', 'empty', 'reverting', 'destroying', 'invalid'] as const);
    if (name === 'reverting' || name === 'invalid') this.features.add('create-fails');
    if (name === 'destroying') this.features.add('selfdestruct-new');
    return name;
  }

  #destroy(): Uint8Array {
    this.features.add('selfdestruct-new');
    return concatBytes(puppet.sstore(0, 1), puppet.selfDestruct(this.heir()));
  }

  #transient(): Uint8Array {
    const { random } = this.#draft;
    this.features.add('transient');
    const slot = random.below(3);
    return random.oneIn(2)
      ? puppet.tstore(slot, random.below(256))
      : concatBytes(puppet.tload(slot), puppet.keep(this.#slot()));
  }

  #slot(): number {
    return this.#draft.random.below(slots);
  }

  #contract(): Address {
    const { random, world } = this.#draft;
    return random.oneIn(4) ? world.counter : this.#draft.pick(world.contracts);
  }
}
