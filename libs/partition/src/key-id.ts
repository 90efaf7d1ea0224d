// Keys by 52 bits, for the coordinator: two keys with the same id look like a conflict where there is none, and nothing worse.
// The salt is the attempt's, so that nobody can prepare such keys.

const { imul } = Math;

export function accountKeyId(address: Uint8Array, salt: number): number {
  return fold(address, salt ^ 0x5bd1e995, salt);
}

/** `account`: the id of its account. */
export function slotKeyId(account: number, slot: Uint8Array): number {
  return fold(slot, (account % 2 ** 32) | 0, (account / 2 ** 32) | 0);
}

function fold(bytes: Uint8Array, first: number, second: number): number {
  let a = first | 0;
  let b = second | 0;
  for (let i = 0; i < bytes.length; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    a = imul(a ^ word, 0x9e3779b1);
    a ^= a >>> 15;
    b = imul(b + word, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a = imul(a ^ (b >>> 7), 0xc2b2ae35);
  b = imul(b ^ (a >>> 11), 0x27d4eb2f);
  return ((b ^ (b >>> 16)) & 0xfffff) * 2 ** 32 + ((a ^ (a >>> 15)) >>> 0);
}
