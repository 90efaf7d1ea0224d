// What a stack must have for each instruction, and what it is called, in geth's words.

export const op = {
  stop: 0x00,
  sload: 0x54,
  sstore: 0x55,
  create: 0xf0,
  call: 0xf1,
  callcode: 0xf2,
  return: 0xf3,
  delegatecall: 0xf4,
  create2: 0xf5,
  staticcall: 0xfa,
  revert: 0xfd,
  invalid: 0xfe,
  selfdestruct: 0xff,
} as const;

const stackMax = 1_024;

/** Opcode ranges: from, to, what they take, what they leave. */
const ranges: [number, number, number, number][] = [
  [0x01, 0x07, 2, 1],
  [0x08, 0x09, 3, 1],
  [0x0a, 0x0b, 2, 1],
  [0x10, 0x14, 2, 1],
  [0x15, 0x15, 1, 1],
  [0x16, 0x18, 2, 1],
  [0x19, 0x19, 1, 1],
  [0x1a, 0x1d, 2, 1],
  [0x1e, 0x1e, 1, 1],
  [0x20, 0x20, 2, 1],
  [0x30, 0x30, 0, 1],
  [0x31, 0x31, 1, 1],
  [0x32, 0x34, 0, 1],
  [0x35, 0x35, 1, 1],
  [0x36, 0x36, 0, 1],
  [0x37, 0x37, 3, 0],
  [0x38, 0x38, 0, 1],
  [0x39, 0x39, 3, 0],
  [0x3a, 0x3a, 0, 1],
  [0x3b, 0x3b, 1, 1],
  [0x3c, 0x3c, 4, 0],
  [0x3d, 0x3d, 0, 1],
  [0x3e, 0x3e, 3, 0],
  [0x3f, 0x40, 1, 1],
  [0x41, 0x48, 0, 1],
  [0x49, 0x49, 1, 1],
  [0x4a, 0x4a, 0, 1],
  [0x50, 0x50, 1, 0],
  [0x51, 0x51, 1, 1],
  [0x52, 0x53, 2, 0],
  [0x54, 0x54, 1, 1],
  [0x55, 0x55, 2, 0],
  [0x56, 0x56, 1, 0],
  [0x57, 0x57, 2, 0],
  [0x58, 0x5a, 0, 1],
  [0x5c, 0x5c, 1, 1],
  [0x5d, 0x5d, 2, 0],
  [0x5e, 0x5e, 3, 0],
  [0x5f, 0x7f, 0, 1],
  [0xf0, 0xf0, 3, 1],
  [0xf1, 0xf2, 7, 1],
  [0xf3, 0xf3, 2, 0],
  [0xf4, 0xf4, 6, 1],
  [0xf5, 0xf5, 4, 1],
  [0xfa, 0xfa, 6, 1],
  [0xfd, 0xfd, 2, 0],
  [0xff, 0xff, 1, 0],
];

const taken = new Uint16Array(256);
const heightMax = new Uint16Array(256).fill(stackMax);
for (const [from, to, pops, pushes] of ranges) {
  for (let code = from; code <= to; code++) setArity(code, pops, pushes);
}
for (let n = 1; n <= 16; n++) {
  setArity(0x7f + n, n, n + 1);
  setArity(0x8f + n, n + 1, n + 1);
}
for (let topics = 0; topics <= 4; topics++) setArity(0xa0 + topics, 2 + topics, 0);

function setArity(code: number, pops: number, pushes: number): void {
  taken[code] = pops;
  heightMax[code] = stackMax + pops - pushes;
}

/** What is wrong with a stack of so many words for the instruction, if anything is. */
export function stackFault(code: number, height: number): string | undefined {
  if (height < taken[code]!) return `stack underflow (${height} <=> ${taken[code]!})`;
  if (height > heightMax[code]!) return `stack limit reached ${height} (${heightMax[code]!})`;
  return undefined;
}

/** `name`: as @ethereumjs calls a defined instruction. */
export function instructionName(code: number, name: string): string {
  if (code === 0x44) return 'DIFFICULTY';
  if (name !== 'INVALID' || code === op.invalid) return name;
  return `opcode 0x${code.toString(16)} not defined`;
}

/** CALL, CALLCODE, DELEGATECALL, STATICCALL. */
export function isCall(code: number): boolean {
  return code === op.call || code === op.callcode || code === op.delegatecall || code === op.staticcall;
}

export function isCreation(code: number): boolean {
  return code === op.create || code === op.create2;
}
