import { ChainError, decodeRlp, encodeRlpBytes } from '@sheaf/primitives';

/** A slot's value as the tables have it: without leading zeros, `undefined` for zero. A view. */
export function trimSlot(word: Uint8Array): Uint8Array | undefined {
  let zeros = 0;
  while (zeros < word.length && word[zeros] === 0) zeros += 1;
  return zeros === word.length ? undefined : word.subarray(zeros);
}

/** The 32 bytes of a slot's value without leading zeros. */
export function padSlot(value: Uint8Array): Uint8Array {
  const word = new Uint8Array(32);
  word.set(value, 32 - value.length);
  return word;
}

/** What the trie has for a slot's value without leading zeros. */
export function leafOfSlot(value: Uint8Array): Uint8Array {
  return encodeRlpBytes(value);
}

/** @throws ChainError `DATA_LOSS` unless it is the leaf of a slot. Without leading zeros */
export function slotOfLeaf(leaf: Uint8Array): Uint8Array {
  let value;
  try {
    value = decodeRlp(leaf, 'slot');
  } catch (cause) {
    throw noValue(cause);
  }
  if (!(value instanceof Uint8Array) || value.length > 32 || value.length === 0 || value[0] === 0) throw noValue();
  return value;
}

function noValue(cause?: unknown): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: 'a storage leaf is not a value' }, { cause });
}
