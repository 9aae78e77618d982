// Owns: opening tfjs' WebAssembly backend, and taking back what loading it does to the process. Imported only when it is
// asked for.

import * as tf from "@tensorflow/tfjs-core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { TfBackend } from "./tfjs.js";

/** The part of Node's `process` that matters here. */
interface Listening {
  listeners(event: string): readonly unknown[];
  removeListener(event: string, listener: unknown): unknown;
}

const crashEvents = ["uncaughtException", "unhandledRejection"];

/**
 * Runs `load` and removes the crash listeners it installed: emscripten's rethrow, so an application's own come too
 * late (tensorflow/tfjs#5852).
 */
async function withoutListeners<T>(load: () => Promise<T>): Promise<T> {
  const { process } = globalThis as { readonly process?: Partial<Listening> };
  if (process?.listeners === undefined || process.removeListener === undefined) return load();
  const node = process as Listening;
  const before = new Map(crashEvents.map((event) => [event, new Set(node.listeners(event))]));
  try {
    return await load();
  } finally {
    for (const [event, known] of before) {
      for (const listener of node.listeners(event)) {
        if (!known.has(listener)) node.removeListener(event, listener);
      }
    }
  }
}

/** `path`: folder or URL of the .wasm files; default beside the tfjs package. Throws D0702 when it cannot start. */
export async function openWasm(path?: string): Promise<Backend> {
  if (path !== undefined && tf.findBackend("wasm") === null) setWasmPaths(path);
  const ready = await withoutListeners(() => tf.setBackend("wasm").catch(() => false));
  if (!ready) {
    fail("D0702", "the backend 'wasm' could not start", {
      help: "its .wasm files must be readable: pass their folder as wasmPath, or use the backend 'cpu'",
    });
  }
  return new TfBackend(tf, "wasm");
}
