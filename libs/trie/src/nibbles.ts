/** The nibbles of a key, one a byte, the high one first. */
export function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (let i = 0; i < key.length; i++) {
    nibbles[2 * i] = key[i]! >> 4;
    nibbles[2 * i + 1] = key[i]! & 15;
  }
  return nibbles;
}

/** The nibble of a key at a depth. */
export function nibbleAt(key: Uint8Array, depth: number): number {
  const byte = key[depth >> 1]!;
  return depth % 2 === 0 ? byte >> 4 : byte & 15;
}

/** How many of the path's nibbles the key has in their order from the depth on. */
export function sharedLength(key: Uint8Array, depth: number, path: Uint8Array): number {
  let shared = 0;
  while (shared < path.length && depth + shared < 2 * key.length && nibbleAt(key, depth + shared) === path[shared]) {
    shared += 1;
  }
  return shared;
}

/** Whether the key begins with the nibbles. */
export function beginsWith(key: Uint8Array, position: Uint8Array): boolean {
  return sharedLength(key, 0, position) === position.length;
}

/** The position below another: its nibbles, then those of the path, then one more. */
export function childPosition(position: Uint8Array, path: Uint8Array, nibble: number): Uint8Array {
  const child = new Uint8Array(position.length + path.length + 1);
  child.set(position);
  child.set(path, position.length);
  child[child.length - 1] = nibble;
  return child;
}

/** Hex-prefix encoding of a node's path (yellow paper, appendix C). */
export function packPath(path: Uint8Array, leaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const packed = new Uint8Array(1 + (path.length - odd) / 2);
  packed[0] = ((leaf ? 2 : 0) + odd) * 16 + (odd === 1 ? path[0]! : 0);
  for (let i = odd, at = 1; i < path.length; i += 2, at += 1) packed[at] = path[i]! * 16 + path[i + 1]!;
  return packed;
}

/** The path of a hex-prefix encoding and whether it is a leaf's; `undefined` unless it is the canonical one. */
export function unpackPath(packed: Uint8Array): { path: Uint8Array; leaf: boolean } | undefined {
  const nibbles = toNibbles(packed);
  const flag = nibbles[0] ?? 4;
  const odd = flag % 2 === 1;
  if (flag > 3 || (!odd && nibbles[1] !== 0)) return undefined;
  return { path: nibbles.subarray(odd ? 1 : 2), leaf: flag >= 2 };
}

/** The 32-byte key of 64 nibbles. */
export function packKey(nibbles: Uint8Array): Uint8Array {
  const key = new Uint8Array(32);
  for (let i = 0; i < 32; i++) key[i] = (nibbles[2 * i]! << 4) | nibbles[2 * i + 1]!;
  return key;
}
