import type { Clock } from '../clock.ts';

/** Time that V8 spent on making modules and instances of WebAssembly, whoever asked for them. */
export interface WebAssemblyWatch {
  spent(): { moduleNs: number; instantiateNs: number };
  /** Takes the watch away. */
  stop(): void;
}

interface Namespace {
  Module: new (...args: never[]) => object;
  Instance: new (...args: never[]) => object;
}

/** Puts a clock around the constructors, so that an engine need not measure itself. */
export function watchWebAssembly(clock: Clock): WebAssemblyWatch {
  const namespace = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;
  const { Module, Instance } = namespace;
  const spent = { moduleNs: 0, instantiateNs: 0 };
  const timed = (constructor: Namespace['Module'], key: keyof typeof spent): Namespace['Module'] =>
    new Proxy(constructor, {
      construct(target, args: never[], newTarget) {
        const startedNs = clock();
        try {
          return Reflect.construct(target, args, newTarget) as object;
        } finally {
          spent[key] += clock() - startedNs;
        }
      },
    });
  namespace.Module = timed(Module, 'moduleNs');
  namespace.Instance = timed(Instance, 'instantiateNs');
  return {
    spent: () => ({ ...spent }),
    stop() {
      namespace.Module = Module;
      namespace.Instance = Instance;
    },
  };
}
