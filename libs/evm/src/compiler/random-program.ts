// For tests only: random programs that look like code rather than noise.

/** A source of random integers below a bound. */
export type Random = (bound: number) => number;

/** A small generator of pseudo-random numbers (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % bound;
  };
}

const BINARY = [1, 2, 3, 4, 5, 6, 7, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d];
const TERNARY = [8, 9];
const UNARY = [0x15, 0x15, 0x19, 0x1e, 0x35];
const NULLARY = [
  0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x48, 0x4a, 0x58, 0x59, 0x5a,
];

/** Code whose jumps mostly go to its own JUMPDESTs; `size`: how many parts it has. */
export function randomProgram(random: Random, size: number): Uint8Array {
  const code: number[] = [];
  /** Places of two bytes that become the offset of a label. */
  const holes: { at: number; label: number }[] = [];
  const labels: number[] = [];
  const labelCount = 1 + random(6);
  const pick = (from: readonly number[]): number => from[random(from.length)] ?? 0;
  const push = (value: bigint): void => {
    const digits = value.toString(16);
    const bytes =
      value === 0n ? [] : [...Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')];
    while (bytes.length < 32 && random(8) === 0) bytes.unshift(0);
    code.push(0x5f + bytes.length, ...bytes);
  };
  const pushLabel = (): void => {
    holes.push({ at: code.length + 1, label: random(labelCount) });
    code.push(0x61, 0, 0);
  };
  const pushWord = (): void => {
    const kind = random(7);
    if (kind < 3) push(BigInt(random(70)));
    else if (kind === 3) push((1n << BigInt(random(257))) - 1n);
    else if (kind === 4) push(1n << BigInt(random(256)));
    else if (kind === 5) push((1n << 256n) - 1n - BigInt(random(20)));
    else
      push(Array.from({ length: 8 }, () => BigInt(random(0x100000000))).reduce((sum, part) => (sum << 32n) | part, 0n));
  };
  const part = (): void => {
    // Most instructions take more than they give.
    if (random(3) > 0) {
      if (random(2) === 0) pushWord();
      else code.push(0x80 + random(5));
    }
    const kind = random(40);
    if (kind < 8) pushWord();
    else if (kind < 10) code.push(pick(NULLARY));
    else if (kind < 13) code.push(0x80 + random(4));
    else if (kind < 16) code.push(0x90 + random(3));
    else if (kind < 22) code.push(pick(BINARY));
    else if (kind === 22) code.push(pick(TERNARY));
    else if (kind < 25) code.push(pick(UNARY));
    else if (kind === 25) code.push(0x50);
    else if (kind < 28) {
      push(BigInt(random(200)));
      code.push(pick([0x51, 0x52, 0x52, 0x53]));
    } else if (kind < 30) {
      // Something known to be small, as masks make it.
      push(pick([1, 0xff, 0xffff]) === 1 ? (1n << 160n) - 1n : BigInt(pick([0xff, 0xffff, 0x7fffffff])));
      code.push(0x16);
    } else if (kind === 30) code.push(0x60, 1 + random(3), 0x0a);
    else if (kind === 31) code.push(0x60, random(64), 0x60, random(64), pick([0x20]));
    else if (kind === 32) code.push(0x60, random(40), 0x60, random(64), 0x60, random(90), pick([0x37, 0x39, 0x5e]));
    else if (kind === 33) code.push(pick([0x5c, 0x5d]));
    else if (kind === 34) {
      pushLabel();
      code.push(0x57);
    } else if (kind === 35) {
      pushLabel();
      if (random(2) === 0) code.push(0x56);
    } else if (kind === 36 && labels.length < labelCount) {
      labels.push(code.length);
      code.push(0x5b);
    } else if (kind === 37 && random(3) === 0) {
      for (let count = 0; count < 7; count++) code.push(0x60, random(9));
      code.push(0xf1);
    } else if (kind === 38 && random(4) === 0)
      code.push(pick([0x56, 0x57, 0xf3, 0xfd, 0xfe, 0x0c, 0x00, 0x51, 0x52, 0x0a]));
    else if (kind === 39) {
      // A branch on a comparison, as compilers write it.
      code.push(0x81, 0x81, pick([0x10, 0x11, 0x14]), 0x15);
      pushLabel();
      code.push(0x57);
    }
  };
  // Something to work on.
  for (let count = 4 + random(12); count > 0; count--) pushWord();
  for (let count = 0; count < size; count++) part();
  while (labels.length < labelCount) {
    labels.push(code.length);
    code.push(0x5b);
    for (let count = 0; count < size / 6; count++) part();
  }
  for (const { at, label } of holes) {
    const to = labels[label] ?? 0;
    code[at] = to >> 8;
    code[at + 1] = to & 0xff;
  }
  return Uint8Array.from(code);
}
