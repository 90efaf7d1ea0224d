// @ethereumjs/evm, step by step. Its own `step` event copies the whole memory and the stack before every instruction, and its
// message events leave out calls that fail before they begin. So the table of instructions is wrapped instead: every instruction
// asks for its gas, there it is seen with the machine as it is.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, EVMError, type EVM, type EVMResult, type ExecResult, type Message } from '@ethereumjs/evm';
import { bigIntToBytes, setLengthLeft, type Account, type Address as EthereumAddress } from '@ethereumjs/util';
import { keccak256 } from '@sheaf/crypto';
import { createPrecompiles, type Fork } from '@sheaf/evm';
import { bytesToBigint, bytesToHex, type Address, type Hash32 } from '@sheaf/primitives';
import { instructionName, isCall, isCreation, op, stackFault } from './instructions.ts';
import { OverlayState, type TraceState } from './overlay-state.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { MessageKind, MessageStart, RunTracer } from './tracer.ts';

/** What of @ethereumjs's machine is looked at. */
interface Machine {
  programCounter: number;
  opCode: number;
  gasLeft: bigint;
  gasRefund: bigint;
  stack: { length: number; getStack(): bigint[]; peek(count: number): bigint[] };
  memory: { _store: Uint8Array };
  memoryWordCount: bigint;
  returnBytes: Uint8Array;
  env: { address: EthereumAddress; depth: number; contract: Account; callValue: bigint };
}

type GasHandler = (machine: Machine, gas: bigint, common: Common) => Promise<bigint> | bigint;

interface Instruction {
  opcodeInfo: { code: number; name: string; fullName: string; dynamicGas: boolean; feeBigInt: bigint };
  opHandler: (machine: Machine, common: Common) => unknown;
  gasHandler: GasHandler | undefined;
}

/** What of @ethereumjs/evm is used beside its interface; its version is pinned. */
interface Internals {
  _opcodeMap: Instruction[];
  runInterpreter(message: Message, options?: object): Promise<ExecResult & { runState: Machine }>;
}

/** A call, creation or self-destruction that a message is about to make. */
interface Pending {
  code: number;
  machine: Machine;
  /** What it would give. */
  gas: bigint;
  /** Of the stack, its top first. */
  operands: bigint[];
}

/** A message that runs. */
interface OpenMessage {
  /** Which has called it. */
  parent: OpenMessage | undefined;
  /** Shows only with what comes next: whether it was made. */
  pending: Pending | undefined;
  lastCode: number;
  /** Why its last instruction could not run. */
  fault: string | undefined;
  /** The machine failed, not what comes after it (the deposit of a creation's code). */
  machineFailed: boolean;
}

const forks: Record<Fork, Hardfork> = { cancun: Hardfork.Cancun, prague: Hardfork.Prague, osaka: Hardfork.Osaka };
const depthMax = 1_024;
const sentryGas = 2_300n;
const sentryFault = 'out of gas: not enough gas for reentrancy sentry';
/** EIP-2929: the least that a call costs. */
const warmCallGas = 100n;
const noBytes = new Uint8Array(0);
const kinds: Record<number, MessageKind> = {
  [op.call]: 'CALL',
  [op.callcode]: 'CALLCODE',
  [op.delegatecall]: 'DELEGATECALL',
  [op.staticcall]: 'STATICCALL',
  [op.create]: 'CREATE',
  [op.create2]: 'CREATE2',
};

/** geth's words. */
const words: Record<string, string> = {
  [EVMError.errorMessages.OUT_OF_GAS]: 'out of gas',
  [EVMError.errorMessages.REVERT]: 'execution reverted',
  [EVMError.errorMessages.STATIC_STATE_CHANGE]: 'write protection',
  [EVMError.errorMessages.OUT_OF_RANGE]: 'return data out of bounds',
  [EVMError.errorMessages.CODESIZE_EXCEEDS_MAXIMUM]: 'max code size exceeded',
  [EVMError.errorMessages.INVALID_BYTECODE_RESULT]: 'invalid code: must not begin with 0xef',
  [EVMError.errorMessages.CREATE_COLLISION]: 'contract address collision',
  [EVMError.errorMessages.INITCODE_SIZE_VIOLATION]: 'max initcode size exceeded',
  [EVMError.errorMessages.INSUFFICIENT_BALANCE]: 'insufficient balance for transfer',
};

/** An instruction that asks for its gas. */
interface Asking {
  gasHandler: GasHandler;
  gas: bigint;
  common: Common;
  code: number;
  name: string;
  /** Of the memory before it. */
  words: bigint;
  /** What gas there is. */
  left: bigint;
}

/** What a run needs. */
export interface SteppingRun {
  state: TraceState;
  tracer: RunTracer;
  /** Of one of the 256 blocks before. */
  blockHash(number: bigint): Uint8Array | undefined;
  /** What is refunded already when the first message begins. */
  refund: bigint;
}

/** One machine for all runs of a trace, one after the other. */
export class SteppingEvm {
  readonly common: Common;
  readonly state: OverlayState;
  readonly evm: EVM;
  readonly #budget: TraceBudget;
  #run: SteppingRun;
  /** The innermost that runs. */
  #message: OpenMessage | undefined;

  private constructor(evm: EVM, state: OverlayState, budget: TraceBudget, run: SteppingRun) {
    this.evm = evm;
    this.common = evm.common;
    this.state = state;
    this.#budget = budget;
    this.#run = run;
  }

  static async open(chain: { fork: Fork; chainId: bigint }, budget: TraceBudget): Promise<SteppingEvm> {
    const common = new Common({
      chain: { ...Mainnet, chainId: Number(chain.chainId) },
      hardfork: forks[chain.fork],
      customCrypto: { keccak256 },
    });
    const state = new OverlayState(noState);
    const stepping: { evm?: SteppingEvm } = {};
    const blockchain = {
      getBlock: async (number: number) => {
        const hash = stepping.evm!.#run.blockHash(BigInt(number)) ?? new Uint8Array(32);
        return { hash: () => hash };
      },
      putBlock: async () => undefined,
      shallowCopy: () => blockchain,
    };
    const evm = await createEVM({
      common,
      stateManager: state,
      blockchain,
      customPrecompiles: ownPrecompiles(chain.fork),
    });
    stepping.evm = new SteppingEvm(evm, state, budget, {
      state: noState,
      tracer: idle,
      blockHash: () => undefined,
      refund: 0n,
    });
    stepping.evm.#watch();
    return stepping.evm;
  }

  /** The next run: whatever an earlier one wrote is gone. */
  begin(run: SteppingRun): void {
    this.#run = run;
    this.#message = undefined;
    this.state.begin(run.state);
    this.evm.transientStorage.clear();
  }

  #watch(): void {
    const internals = this.evm as unknown as Internals;
    internals._opcodeMap = internals._opcodeMap.map((instruction, code) => this.#wrap(instruction, code));
    const run = internals.runInterpreter.bind(this.evm);
    internals.runInterpreter = async (message, options) => {
      const result = await run(message, options);
      this.#machineEnded(result);
      return result;
    };
    this.evm.events.on('beforeMessage', (message) => this.#messageBegins(message));
    this.evm.events.on('afterMessage', (result) => this.#messageEnds(result));
  }

  /**
   * The instruction as it is, but seen whenever it asks for its gas. Hot: what is seen goes on as arguments, because objects for it took
   * as long as all that @ethereumjs does for an instruction.
   */
  #wrap({ opcodeInfo, opHandler, gasHandler }: Instruction, code: number): Instruction {
    const info = Object.assign(Object.create(Object.getPrototypeOf(opcodeInfo) as object) as object, opcodeInfo, {
      code,
      dynamicGas: true,
    });
    const name = instructionName(code, opcodeInfo.fullName);
    return {
      opcodeInfo: info,
      opHandler,
      gasHandler: (machine, gas, common) => {
        this.#budget.step();
        const message = this.#message!;
        if (message.pending !== undefined) this.#settle(machine);
        message.lastCode = code;
        message.fault = stackFault(code, machine.stack.length);
        const words = machine.memoryWordCount;
        if (gasHandler !== undefined && message.fault === undefined) {
          return this.#price(machine, { gasHandler, gas, common, code, name, words, left: machine.gasLeft });
        }
        if (message.fault === undefined && gas > machine.gasLeft) message.fault = 'out of gas';
        if (this.#run.tracer.step !== undefined) this.#tell(machine, code, name, machine.gasLeft, gas, words);
        return gas;
      },
    };
  }

  /** Of an instruction whose price depends on what it is to do. */
  async #price(machine: Machine, asking: Asking): Promise<bigint> {
    const { gasHandler, gas, common, code, name, words, left } = asking;
    const message = this.#message!;
    let cost: bigint;
    try {
      cost = await gasHandler(machine, gas, common);
    } catch (error) {
      if (!(error instanceof EVMError)) throw error;
      const isGas = error.error === EVMError.errorMessages.OUT_OF_GAS;
      if (isGas) message.fault = code === op.sstore && left <= sentryGas ? sentryFault : 'out of gas';
      // A call that has too little gas is refused before its price is known: it is said to want all that there is.
      this.#tell(machine, code, name, left, isGas && isCall(code) ? bigger(left, warmCallGas) : gas, words);
      throw error;
    }
    const given = isCall(code) || isCreation(code) ? gasGiven(machine, code, left - cost) : 0n;
    // What a creation gives is not in its price.
    const price = isCall(code) ? cost + given : cost;
    if (price > left) message.fault = 'out of gas';
    else this.#note(machine, code, given);
    this.#tell(machine, code, name, left, price, words, code === op.sload ? await this.#slotOf(machine) : undefined);
    return cost;
  }

  /** What the instruction does beside its own frame. */
  #note(machine: Machine, code: number, gas: bigint): void {
    if (code >= 0xa0 && code <= 0xa4) this.#log(machine, code - 0xa0);
    const operands = operandsOf(code);
    if (operands === 0) return;
    this.#message!.pending = { code, machine, gas, operands: machine.stack.peek(operands) };
  }

  async #slotOf(machine: Machine): Promise<bigint | undefined> {
    if (this.#run.tracer.step === undefined) return undefined;
    const slot = setLengthLeft(bigIntToBytes(machine.stack.peek(1)[0]!), 32);
    return bytesToBigint(await this.state.getStorage(machine.env.address, slot));
  }

  #tell(machine: Machine, code: number, name: string, gas: bigint, cost: bigint, words: bigint, loaded?: bigint): void {
    const { tracer, refund } = this.#run;
    if (tracer.step === undefined) return;
    tracer.step({
      pc: machine.programCounter,
      code,
      name,
      gas,
      cost,
      depth: machine.env.depth + 1,
      refund: refund + (machine.gasRefund ?? 0n),
      address: machine.env.address.toString() as Address,
      stack: machine.stack.getStack(),
      memory: machine.memory._store.subarray(0, Number(words) * 32),
      returnData: machine.returnBytes,
      loaded,
      fault: this.#message!.fault,
    });
  }

  #log(machine: Machine, topics: number): void {
    const { tracer } = this.#run;
    if (tracer.log === undefined) return;
    const [offset, size, ...rest] = machine.stack.peek(2 + topics);
    tracer.log({
      address: machine.env.address.toString() as Address,
      topics: rest.map((topic) => `0x${topic.toString(16).padStart(64, '0')}` as Hash32),
      data: bytesToHex(readMemory(machine, offset!, size!)),
    });
  }

  /** A call that was about to be made and was not, since something else comes: it failed before it began. */
  #settle(machine: Machine): void {
    const pending = this.#message?.pending;
    if (pending === undefined) return;
    this.#message!.pending = undefined;
    const { tracer } = this.#run;
    tracer.enter?.(startOf(pending));
    const error = machine.env.depth >= depthMax ? 'max call depth exceeded' : 'insufficient balance for transfer';
    tracer.exit?.({ gasUsed: 0n, output: noBytes, error, created: undefined });
  }

  #messageBegins(message: Message): void {
    const parent = this.#message;
    const pending = parent?.pending;
    if (parent !== undefined) parent.pending = undefined;
    this.#message = { parent, pending: undefined, lastCode: -1, fault: undefined, machineFailed: false };
    const { tracer } = this.#run;
    if (tracer.enter === undefined) return;
    const first = message.to === undefined ? 'CREATE' : 'CALL';
    const kind = pending === undefined ? first : kinds[pending.code]!;
    tracer.enter({
      kind,
      from: (kind === 'DELEGATECALL' ? pending!.machine.env.address : message.caller).toString() as Address,
      to: message.to && (message.codeAddress.toString() as Address),
      input: message.data,
      gas: message.gasLimit,
      value: kind === 'STATICCALL' ? undefined : message.value,
    });
  }

  /** The code of a message has run to its end. */
  #machineEnded(result: ExecResult & { runState: Machine }): void {
    const open = this.#message!;
    const machine = result.runState;
    open.machineFailed = result.exceptionError !== undefined;
    if (open.machineFailed) {
      // The call that it was about to make has not been made.
      open.pending = undefined;
      return;
    }
    if (open.pending?.code === op.selfdestruct) {
      this.#run.tracer.enter?.(startOf(open.pending));
      this.#run.tracer.exit?.({ gasUsed: 0n, output: noBytes, error: undefined, created: undefined });
      return;
    }
    if (open.lastCode === op.stop || open.lastCode === op.return) return;
    this.#settle(machine);
    machine.gasRefund = result.gasRefund ?? 0n;
    // Behind the end of the code is a STOP.
    this.#tell(machine, op.stop, 'STOP', machine.gasLeft, 0n, machine.memoryWordCount);
  }

  #messageEnds({ execResult, createdAddress }: EVMResult): void {
    const open = this.#message!;
    this.#message = open.parent;
    this.#run.tracer.exit?.({
      gasUsed: execResult.executionGasUsed,
      output: execResult.returnValue,
      error: errorOf(execResult, open),
      created: createdAddress?.toString() as Address | undefined,
    });
  }
}

/** Nothing is there. */
const noState: TraceState = {
  account: async () => undefined,
  storage: async () => undefined,
  code: async () => noBytes,
};
const idle: RunTracer = { finish: () => '' };

/** The precompiled contracts that blocks are executed with. */
function ownPrecompiles(fork: Fork) {
  const precompiles = createPrecompiles(fork);
  return precompiles.addresses.map((at) => ({
    address: `0x${at.toString(16).padStart(40, '0')}` as const,
    function: ({ data, gasLimit }: { data: Uint8Array; gasLimit: bigint }): ExecResult => {
      const result = precompiles.run(at, data, gasLimit);
      if (result !== undefined) return { executionGasUsed: result.gasUsed, returnValue: result.output };
      // Those up to MODEXP fail for want of gas alone; the curves also for what they are given, in no words that are shared.
      const error = at <= 5 ? EVMError.errorMessages.OUT_OF_GAS : ('precompile failed' as never);
      return { executionGasUsed: gasLimit, returnValue: noBytes, exceptionError: new EVMError(error) };
    },
  }));
}

/** EIP-150. */
function gasGiven(machine: Machine, code: number, left: bigint): bigint {
  if (left < 0n) return 0n;
  const most = left - left / 64n;
  const wanted = isCreation(code) ? most : machine.stack.peek(1)[0]!;
  return wanted < most ? wanted : most;
}

function bigger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function operandsOf(code: number): number {
  switch (code) {
    case op.call:
    case op.callcode:
      return 7;
    case op.delegatecall:
    case op.staticcall:
      return 6;
    case op.create:
    case op.create2:
      return 3;
    case op.selfdestruct:
      return 1;
    default:
      return 0;
  }
}

/** A message that the machine has not begun as one. */
function startOf({ code, machine, gas, operands }: Pending): MessageStart {
  const from = machine.env.address.toString() as Address;
  if (code === op.selfdestruct) {
    const value = machine.env.contract.balance;
    return { kind: 'SELFDESTRUCT', from, to: addressOf(operands[0]!), input: noBytes, gas: 0n, value };
  }
  const kind = kinds[code]!;
  if (isCreation(code)) {
    const [value, offset, size] = operands;
    return { kind, from, to: undefined, input: readMemory(machine, offset!, size!), gas, value };
  }
  const withValue = code === op.call || code === op.callcode;
  const [offset, size] = operands.slice(withValue ? 3 : 2);
  const value = withValue ? operands[2]! : code === op.delegatecall ? machine.env.callValue : undefined;
  // EIP-150: who sends a value gives 2,300 more for nothing.
  const stipend = withValue && value !== 0n ? 2_300n : 0n;
  const input = readMemory(machine, offset!, size!);
  return { kind, from, to: addressOf(operands[1]!), input, gas: gas + stipend, value };
}

function addressOf(word: bigint): Address {
  return `0x${BigInt.asUintN(160, word).toString(16).padStart(40, '0')}` as Address;
}

/** Lent; zero behind the end of what there is. */
function readMemory(machine: Machine, offset: bigint, size: bigint): Uint8Array {
  if (size === 0n) return noBytes;
  const [from, length] = [Number(offset), Number(size)];
  const there = machine.memory._store.subarray(from, from + length);
  if (there.length === length) return there;
  const padded = new Uint8Array(length);
  padded.set(there);
  return padded;
}

function errorOf({ exceptionError }: ExecResult, open: OpenMessage): string | undefined {
  if (exceptionError === undefined) return undefined;
  const { error } = exceptionError;
  if (open.machineFailed) {
    if (open.fault !== undefined) return open.fault;
    if (error === EVMError.errorMessages.INVALID_OPCODE) {
      return `invalid opcode: ${instructionName(open.lastCode, 'INVALID')}`;
    }
  } else if (open.lastCode >= 0 && error === EVMError.errorMessages.OUT_OF_GAS) {
    return 'contract creation code storage out of gas';
  }
  // @ethereumjs says where the jump was.
  if (error.startsWith(EVMError.errorMessages.INVALID_JUMP)) return 'invalid jump destination';
  return words[error] ?? error;
}
