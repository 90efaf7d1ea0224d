import { setFlagsFromString } from 'node:v8';

/** Nested EVM calls nest JavaScript frames: four times Node's default. */
export const stackSizeMb = 16;

const flags = [
  // Half of V8's young generation, from the start. A block of 5,000 transfers makes some 20 MiB of short-lived objects: with
  // V8's own size, 1 to 16 MiB, a collection falls into it and copies what the block still uses (61 ms for its state root, 51 with
  // this). `resourceLimits` cannot raise it.
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  // V8 compiles hot contracts anew on up to four threads, which take the cores from the one that executes: the mainnet mix took 2.5 s with
  // four on two cores, 2.0 s with one.
  '--wasm-num-compilation-tasks=1',
];

/** How V8 is to treat threads that begin from now on. */
export function setEngineFlags(): void {
  for (const flag of flags) setFlagsFromString(flag);
}
