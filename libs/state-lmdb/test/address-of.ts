/** 20 bytes of the number. */
export const addressOf = (n: number): Uint8Array => Uint8Array.of(...new Uint8Array(16), n >> 24, n >> 16, n >> 8, n);
