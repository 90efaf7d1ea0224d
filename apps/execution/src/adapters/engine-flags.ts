import { setFlagsFromString } from 'node:v8';

/** Nested EVM calls nest JavaScript frames: four times Node's default. */
export const stackSizeMb = 16;

const flags = [
  // Half of V8's young generation, from the start. A block of 5,000 transfers makes 50 to 75 MB of objects: with V8's own size, 1 to 16 MiB,
  // collections fall into it and copy what the block still uses; with 64 MiB, emptied between blocks (`youngCollector`),
  // at most one does. `resourceLimits` cannot raise it.
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  // V8 makes objects old from the start whose like have lived long before. What a block makes lives as long as the block; made old it is
  // collected long after that, and until then it keeps alive what it points to: 6 MB of every block of 5,000 transfers were copied twice
  // when all of them were garbage. A collection between blocks took 25 ms with it, 2 ms without.
  '--no-allocation-site-pretenuring',
  // V8 compiles hot contracts anew on up to four threads, which take the cores from the one that executes: the mainnet mix took 2.5 s with
  // four on two cores, 2.0 s with one.
  '--wasm-num-compilation-tasks=1',
];

/** How V8 is to treat threads that begin from now on. */
export function setEngineFlags(): void {
  for (const flag of flags) setFlagsFromString(flag);
}
