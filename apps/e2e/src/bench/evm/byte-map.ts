import { equalBytes } from '@sheaf/primitives';

/** A map by bytes: half of a short call would go into making text of its keys. */
export class ByteMap<T> {
  readonly #buckets = new Map<number, { key: Uint8Array; value: T }[]>();

  set(key: Uint8Array, value: T): void {
    const hash = hashOf(key);
    const bucket = this.#buckets.get(hash) ?? [];
    this.#buckets.set(hash, [
      ...bucket.filter((entry) => !equalBytes(entry.key, key)),
      { key: Uint8Array.from(key), value },
    ]);
  }

  get(key: Uint8Array): T | undefined {
    const bucket = this.#buckets.get(hashOf(key));
    if (bucket === undefined) return undefined;
    for (const entry of bucket) if (equalBytes(entry.key, key)) return entry.value;
    return undefined;
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < bytes.length; i += 1) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}
