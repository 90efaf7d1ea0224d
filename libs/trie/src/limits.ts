/** Every maximum of the library. Units are last in the names. */
export const limits = {
  /** A leaf's value. Accounts and slots have about a hundred at most. */
  valueBytesMax: 65_536,
  /** Memory of one commit: all that WebAssembly can have but its last page. A change takes about a kilobyte. */
  memoryBytesMax: 65_535 * 65_536,
  /** What an engine keeps between commits: a larger memory is given up. */
  memoryBytesKept: 268_435_456,
  /** Owners are below it. */
  ownersMax: 2 ** 48,
  /** Nibbles of a batch's position. */
  positionNibblesMax: 63,
} as const;
