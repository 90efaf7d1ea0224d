/** Every maximum of the engine but the sizes of the machine's regions, which are in layout.ts. Units are last in the names. */
export const limits = {
  /** Code that is compiled at most: EIP-3860's initcode. */
  compiledCodeBytesMax: 49_152,
  /** JUMPDESTs, call continuations and cuts of a compiled contract. */
  labelsMax: 4_096,
  /** Generated WebAssembly: so many bytes for each byte of code, and so many for any, but never more than the last. */
  wasmBytesPerByte: 40,
  wasmBytesLeast: 32_768,
  wasmBytesMax: 2_097_152,
  /** Compiled contracts that are kept, and their generated WebAssembly. */
  compiledContractsMax: 4_096,
  compiledBytesMax: 67_108_864,
  /** Hot codes that wait to be compiled. Whatever is beyond is told again when it runs again. */
  pendingCodesMax: 256,
} as const;
