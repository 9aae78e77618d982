// Owns: the few words of the WebAssembly interface that are used here, since the project compiles without the types of
// browsers, and making a module of bytes. Knows no kernels.

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

type WasmFunction = (...args: number[]) => number | undefined;

interface Platform {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, WasmFunction>> };
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

const platform = (): Platform | undefined => (globalThis as { readonly WebAssembly?: Platform }).WebAssembly;

/** Whether this machine takes the module. */
export const isValid = (bytes: Uint8Array<ArrayBuffer>): boolean => platform()?.validate(bytes) === true;

/** The exports of a module that imports the memory. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WasmMemory,
): Readonly<Record<string, WasmFunction>> {
  const wasm = platform();
  if (wasm === undefined) throw new Error("WebAssembly is not available");
  return new wasm.Instance(new wasm.Module(bytes), { m: { memory } }).exports;
}

/** Largest number of pages of a shared memory, or null for one that is not shared. */
export function sharedPages(memory: WasmMemory): number | null {
  const Shared = (globalThis as { readonly SharedArrayBuffer?: new () => object }).SharedArrayBuffer;
  return Shared !== undefined && (memory.buffer as object) instanceof Shared ? 65536 : null;
}
