// A contract that does what its call data says, so that a random program is a random byte string.
//
// A program is a row of operations. The first two bytes of each are where its code is: the interpreter jumps there, and
// to an invalid place with garbage. What an operation sees is mixed into an accumulator, which programs store, log and
// return: a wrong value anywhere shows in the state or in a receipt.
import { bigintToFixedBytes, concatBytes, hexToBytes, type Address } from '@sheaf/primitives';
import { assemble } from '../assembler.ts';

// The stack between operations: the place in the program. Memory: 0 the accumulator, 32 the last value seen ("it"), from
// 64 on scratch.
const next = '@next JUMP';
/** value → ; it = value, accumulator = 31 * accumulator + value. */
const see = '@see JUMP';
/** place value → place+n value */
const pass = (bytes: number) => `SWAP1 ${bytes} ADD SWAP1`;
/** place → place, the number of `bytes` bytes at place+offset; the place is `depth` deep. */
const read = (bytes: number, offset = 0, depth = 1) =>
  `DUP${depth} ${offset === 0 ? '' : `${offset} ADD`} CALLDATALOAD ${256 - 8 * bytes} SHR`;
/** address → the same, or it when zero. */
const orIt = 'DUP1 ISZERO 32 MLOAD MUL ADD';

/** to 20, value 8, gas 4 (0: all), length 2, data. Sees whether it succeeded and the first word that came back. */
function callCode(name: string, withValue: boolean): string {
  const depth = withValue ? 1 : 0;
  return `
    :${name} ${read(2, 32)} DUP1 DUP3 34 ADD 64 CALLDATACOPY
    0 0 DUP3 64 ${withValue ? read(8, 20, 6) : ''} ${read(20, 0, 6 + depth)} ${orIt}
    ${read(4, 28, 7 + depth)} DUP1 ISZERO GAS MUL ADD ${name.toUpperCase()}
    0 64 MSTORE 31 RETURNDATASIZE GT 5 SHL 0 64 RETURNDATACOPY 64 MLOAD 1 SHL ADD
    SWAP2 ADD 34 ADD SWAP1 ${see}`;
}

const { code, labels } = assemble(`
  0
  :next CALLDATASIZE DUP2 LT ISZERO @end JUMPI ${read(2)} SWAP1 2 ADD SWAP1 JUMP
  :end 32 0 RETURN
  :see DUP1 32 MSTORE 0 MLOAD 31 MUL ADD 0 MSTORE ${next}

  :sload ${read(1)} SLOAD ${pass(1)} ${see}
  :sloadIt 32 MLOAD 7 AND SLOAD ${see}
  :sstore ${read(1, 1)} ${read(1, 0, 2)} SSTORE 2 ADD ${next}
  :keep 0 MLOAD ${read(1, 0, 2)} SSTORE 1 ADD ${next}
  :keepIt 32 MLOAD ${read(1, 0, 2)} SSTORE 1 ADD ${next}
  :point ${read(20, 1)} ${read(1, 0, 2)} SSTORE 21 ADD ${next}
  :add ${read(1, 1)} ${read(1, 0, 2)} DUP1 SLOAD SWAP1 SWAP2 ADD SWAP1 SSTORE 2 ADD ${next}
  :swap ${read(2, 2)} ${read(1, 0, 2)} DUP1 SLOAD DUP3 ADD DUP1 DUP3 SSTORE ${read(1, 1, 4)}
    DUP1 SLOAD DUP1 DUP6 MUL DUP4 SWAP1 DIV SWAP1 SUB SWAP1 SSTORE POP POP POP 4 ADD ${next}
  :tload ${read(1)} TLOAD ${pass(1)} ${see}
  :tstore ${read(1, 1)} ${read(1, 0, 2)} TSTORE 2 ADD ${next}

  :balance ${read(20)} BALANCE ${pass(20)} ${see}
  :extcodehash ${read(20)} EXTCODEHASH ${pass(20)} ${see}
  :extcodesize ${read(20)} EXTCODESIZE ${pass(20)} ${see}
  :extcodecopy 0 64 MSTORE 32 0 64 ${read(20, 0, 4)} EXTCODECOPY 64 MLOAD ${pass(20)} ${see}
  :selfbalance SELFBALANCE ${see}
  :coinbase COINBASE BALANCE ${see}
  :blockhash ${read(1)} NUMBER SUB BLOCKHASH ${pass(1)} ${see}
  :environment TIMESTAMP NUMBER ADD PREVRANDAO XOR GASLIMIT ADD BASEFEE ADD ORIGIN XOR GASPRICE ADD CALLER ADD
    CALLVALUE ADD ADDRESS ADD CHAINID ADD ${see}
  :gas GAS ${see}

  ${callCode('call', true)}
  ${callCode('callcode', true)}
  ${callCode('delegatecall', false)}
  ${callCode('staticcall', false)}
  :forward 0 0 0 0 2 SELFBALANCE DIV ${read(20, 0, 6)} ${orIt} GAS CALL ${pass(20)} ${see}
  :create ${read(2, 8)} DUP1 DUP3 10 ADD 64 CALLDATACOPY DUP1 64 ${read(8, 0, 4)} CREATE SWAP2 ADD 10 ADD SWAP1 ${see}
  :create2 ${read(2, 12)} DUP1 DUP3 14 ADD 64 CALLDATACOPY ${read(4, 8, 2)} DUP2 64 ${read(8, 0, 5)} CREATE2
    SWAP2 ADD 14 ADD SWAP1 ${see}

  :log ${read(1)} 32 0 LOG1 1 ADD ${next}
  :skip ${read(2)} 1 32 MLOAD AND ISZERO MUL ADD 2 ADD ${next}
  :stop STOP
  :revert 32 0 REVERT
  :invalid INVALID
  :burn @burn JUMP
  :selfdestruct CALLDATALOAD 96 SHR DUP1 ISZERO ADDRESS MUL ADD SELFDESTRUCT
`);

/** The runtime code. */
export const puppetCode = code;

const uint = (value: number | bigint, bytes: number) => bigintToFixedBytes(BigInt(value), bytes);
const operation =
  <Operands extends unknown[]>(name: string, encode: (...operands: Operands) => Uint8Array[]) =>
  (...operands: Operands): Uint8Array =>
    concatBytes(uint(labels.get(name)!, 2), ...encode(...operands));
const bare = (name: string) => operation(name, () => []);
const ofSlot = (name: string) => operation(name, (slot: number) => [uint(slot, 1)]);
const ofAddress = (name: string) => operation(name, (address: Address) => [hexToBytes(address)]);
const ofSlotAndByte = (name: string) =>
  operation(name, (slot: number, value: number) => [uint(slot, 1), uint(value, 1)]);
const ofCall = (name: string) =>
  operation(name, (to: Address, data: Uint8Array, options?: CallOptions) => [
    hexToBytes(to),
    uint(options?.value ?? 0n, 8),
    uint(options?.gas ?? 0, 4),
    uint(data.length, 2),
    data,
  ]);

/** `value` in wei, below 2^64; `gas` 0: all that may be given. */
export interface CallOptions {
  value?: bigint;
  gas?: number;
}

/** Operations of a program. Slots and values are bytes; where an address is taken, the zero address means "it" in calls. */
export const puppet = {
  sload: ofSlot('sload'),
  /** Of the slot that the last value's three lowest bits say. */
  sloadIt: bare('sloadIt'),
  sstore: ofSlotAndByte('sstore'),
  /** Stores the accumulator. */
  keep: ofSlot('keep'),
  /** Stores the last value seen. */
  keepIt: ofSlot('keepIt'),
  /** Stores an address. */
  point: operation('point', (slot: number, address: Address) => [uint(slot, 1), hexToBytes(address)]),
  /** Adds to a slot, without seeing it. */
  add: ofSlotAndByte('add'),
  /** Slot `paid` grows by the amount (below 2^16), slot `bought` falls so that the product stays. */
  swap: operation('swap', (paid: number, bought: number, amount: number) => [
    uint(paid, 1),
    uint(bought, 1),
    uint(amount, 2),
  ]),
  tload: ofSlot('tload'),
  tstore: ofSlotAndByte('tstore'),
  balance: ofAddress('balance'),
  codeHash: ofAddress('extcodehash'),
  codeSize: ofAddress('extcodesize'),
  codeCopy: ofAddress('extcodecopy'),
  selfBalance: bare('selfbalance'),
  coinbaseBalance: bare('coinbase'),
  /** Of so many blocks before the block's own number. */
  blockHash: operation('blockhash', (back: number) => [uint(back, 1)]),
  environment: bare('environment'),
  gas: bare('gas'),
  call: ofCall('call'),
  callCode: ofCall('callcode'),
  delegateCall: ofCall('delegatecall'),
  staticCall: ofCall('staticcall'),
  /** Sends half of its balance. */
  forward: ofAddress('forward'),
  create: operation('create', (init: Uint8Array, value?: bigint) => [uint(value ?? 0n, 8), uint(init.length, 2), init]),
  /** `salt`: below 2^32. */
  create2: operation('create2', (init: Uint8Array, salt: number, value?: bigint) => [
    uint(value ?? 0n, 8),
    uint(salt, 4),
    uint(init.length, 2),
    init,
  ]),
  log: operation('log', (topic: number) => [uint(topic, 1)]),
  /** Leaves out what is given when the last value is even. */
  unlessEven: (...program: Uint8Array[]) => {
    const skipped = concatBytes(...program);
    return concatBytes(uint(labels.get('skip')!, 2), uint(skipped.length, 2), skipped);
  },
  stop: bare('stop'),
  /** With the accumulator. */
  revert: bare('revert'),
  invalid: bare('invalid'),
  /** Until the gas is gone. */
  burn: bare('burn'),
  /** The zero address: to itself. */
  selfDestruct: ofAddress('selfdestruct'),
};

/** EIP-1167: runs the puppet's code as its own. */
export function proxyOf(address: Address): Uint8Array {
  return hexToBytes(`0x363d3d373d3d3d363d73${address.slice(2)}5af43d82803e903d91602b57fd5bf3`);
}
