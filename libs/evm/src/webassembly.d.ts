// The part of the WebAssembly JavaScript interface (W3C) that is used here: TypeScript has it only among the DOM's types.
export {};

declare global {
  namespace WebAssembly {
    type ImportValue = ((...args: never[]) => unknown) | Memory | Table | Global | number | bigint;
    type ModuleImports = Record<string, ImportValue>;
    type Imports = Record<string, ModuleImports>;
    type Exports = Record<string, ImportValue>;

    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
    }
    class Instance {
      readonly exports: Exports;
      constructor(module: Module, imports?: Imports);
    }
    class Memory {
      readonly buffer: ArrayBuffer;
      constructor(descriptor: { initial: number; maximum?: number });
      grow(pages: number): number;
    }
    class Table {
      readonly length: number;
      get(index: number): unknown;
      set(index: number, value: unknown): void;
      grow(by: number): number;
    }
    class Global {
      value: number | bigint;
    }
  }
}
