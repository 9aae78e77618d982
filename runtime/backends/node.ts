// Owns: the backends on TensorFlow's C library through @tensorflow/tfjs-node and -gpu, optional packages that are
// imported when they are asked for. Kernels run as stock operations. Knows no kernels.

import type * as tfjs from "@tensorflow/tfjs-core";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { TfBackend } from "./tfjs.js";

type Tf = typeof tfjs;
/** Exports of the package: all of tfjs, with its backend registered as `tensorflow`. */
type NodePackage = Partial<Tf> & { readonly default?: Tf };

const packages = { node: "@tensorflow/tfjs-node", "node-gpu": "@tensorflow/tfjs-node-gpu" } as const;

/** What is asked of the machine; tests put in others. */
export interface NodeHost {
  load(name: string): Promise<unknown>;
  /** Version of Node, undefined elsewhere. */
  readonly version: string | undefined;
}

interface Process {
  readonly versions?: { readonly node?: string };
  readonly env?: Record<string, string | undefined>;
}

const { process } = globalThis as { readonly process?: Process };
const thisHost: NodeHost = { load: (name) => import(name), version: process?.versions?.node };

/** tfjs-node 4.22, its last release, calls util.isNullOrUndefined, which Node 23 removed (tensorflow/tfjs#8609). */
const LAST_NODE = 22;

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split("\n")[0]!;

/** Throws D0702 where the package, its native part, a fitting Node or, for `node-gpu`, a GPU is missing. */
export async function openNode(name: keyof typeof packages, host: NodeHost = thisHost): Promise<Backend> {
  const wanted = packages[name];
  const other = "use the backend 'wasm', which needs nothing";
  if (host.version === undefined) fail("D0702", `the backend '${name}' needs Node`, { help: other });
  if (Number.parseInt(host.version, 10) > LAST_NODE) {
    fail("D0702", `the backend '${name}' does not start on Node ${host.version}`, {
      why: `${wanted} 4.22, its last release, calls a function that Node ${LAST_NODE + 1} removed`,
      help: `run it with Node 20 or ${LAST_NODE}, or ${other}`,
    });
  }
  // TensorFlow greets on standard error, in several lines; warnings and errors stay.
  if (process?.env !== undefined) process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
  const module = (await host.load(wanted).catch((error: unknown) => {
    const absent = error instanceof Error && "code" in error && /MODULE_NOT_FOUND/.test(String(error.code));
    return absent
      ? fail("D0702", `the backend '${name}' needs the package ${wanted}, which is not installed`, {
          help: `npm install ${wanted}@4.22.0, or ${other}`,
        })
      : fail("D0702", `the backend '${name}' could not start: ${wanted} is installed but does not load`, {
          why: firstLine(error),
          help: `its installer may have failed to download TensorFlow: npm rebuild ${wanted} shows; or ${other}`,
        });
  })) as NodePackage;
  const tf = module.default ?? (module as Tf);
  if (!(await tf.setBackend("tensorflow").catch(() => false))) {
    fail("D0702", `the backend '${name}' could not start: TensorFlow refuses`, { help: other });
  }
  const native = tf.backend() as { readonly isUsingGpuDevice?: boolean };
  if (name === "node-gpu" && native.isUsingGpuDevice !== true) {
    fail("D0702", "the backend 'node-gpu' finds no GPU that TensorFlow can use", {
      help: "it needs an NVIDIA GPU with CUDA and cuDNN; the backend 'node' runs TensorFlow on the CPU",
    });
  }
  return new TfBackend(tf, name, { tfName: "tensorflow", folds: true });
}
