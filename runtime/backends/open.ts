// Owns: names of backends. Heavy ones are imported when they are asked for. Knows nothing of what they do.

import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { backendNames } from "./names.js";
import { openNull } from "./null.js";
import { openReference } from "./reference.js";

export interface BackendOptions {
  /** Where tfjs finds its .wasm files: a folder or URL ending in "/". Default: beside the tfjs package. */
  readonly wasmPath?: string | undefined;
}

const openers: Readonly<
  Record<(typeof backendNames)[number], (options: BackendOptions) => Promise<Backend>>
> = {
  reference: () => Promise.resolve(openReference()),
  null: () => Promise.resolve(openNull()),
  cpu: async () => (await import("./cpu.js")).openCpu(),
  wasm: async (options) => (await import("./wasm.js")).openWasm(options.wasmPath),
  node: async () => (await import("./node.js")).openNode("node"),
  "node-gpu": async () => (await import("./node.js")).openNode("node-gpu"),
  webgpu: async () => (await import("./webgpu.js")).openWebGpu(),
};

/** Opens a backend by name. Throws D0702 for names that do not exist, and for devices that are not there. */
export async function openBackend(name: string, options: BackendOptions = {}): Promise<Backend> {
  const help = `available: ${backendNames.join(", ")}`;
  const known = backendNames.find((each) => each === name);
  if (known !== undefined) return openers[known](options);
  return fail("D0702", `there is no backend '${name}'`, { help });
}
