// Paths: packed keys, and the one path along which the machine walks, a nibble a byte.

/** The nibbles from the root to where the walk is; those behind are of no meaning. */
export const PATH = memory.data(80, 16);

export function nibbleAt(key: usize, index: i32): i32 {
  return ((<i32>load<u8>(key + (index >> 1))) >> ((~index & 1) << 2)) & 15;
}

/** Nibbles that two keys have in common: up to 64. */
export function sharedNibbles(a: usize, b: usize): i32 {
  for (let i: usize = 0; i < 32; i += 8) {
    const difference = load<u64>(a + i) ^ load<u64>(b + i);
    if (difference != 0) return <i32>(((<u64>i) << 1) + (clz(bswap(difference)) >> 2));
  }
  return 64;
}

/** Below 0: `a` is before `b`; 0: they are the same. */
export function compareKeys(a: usize, b: usize): i32 {
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return bswap(x) < bswap(y) ? -1 : 1;
  }
  return 0;
}

/** The `count` nibbles of a record's extension at `packed` go into the path behind the first `depth`. */
export function followExtension(packed: usize, count: i32, depth: i32): void {
  for (let i = 0; i < count; i++) store<u8>(PATH + depth + i, <u8>nibbleAt(packed, i));
}

/** The 32 bytes at `out` become the first `depth` nibbles of the path, and zeros. */
export function packPath(out: usize, depth: i32): void {
  const zero = i64x2.splat(0);
  v128.store(out, zero);
  v128.store(out, zero, 16);
  for (let i = 0; i < depth; i++) {
    const byte = out + (i >> 1);
    const nibble = <u32>load<u8>(PATH + i);
    store<u8>(byte, (i & 1) == 0 ? nibble << 4 : load<u8>(byte) | nibble);
  }
}

/** Copies by 16 bytes: reads and writes up to 15 bytes beyond. */
export function copyBytes(to: usize, from: usize, size: usize): void {
  for (let i: usize = 0; i < size; i += 16) v128.store(to + i, v128.load(from + i));
}

export function copyHash(to: usize, from: usize): void {
  const low = v128.load(from);
  const high = v128.load(from, 16);
  v128.store(to, low);
  v128.store(to, high, 16);
}
