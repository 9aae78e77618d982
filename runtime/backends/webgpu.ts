// Owns: opening the backend on WebGPU: the browser's, or in Node that of the package webgpu, through
// @tensorflow/tfjs-backend-webgpu; both packages are optional and imported when they are asked for. Knows no kernels.

import type * as tfjs from "@tensorflow/tfjs-core";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { WebGpuBackend } from "./webgpu/backend.js";
import type { Gpu, GpuAdapter, GpuDevice } from "./webgpu/platform.js";

type Tf = typeof tfjs;

/** The versions that the tests run with. */
const DAWN = "webgpu@0.6.2";
const TFJS = "@tensorflow/tfjs-backend-webgpu@4.22.0";

/** Dawn for Node. */
interface DawnPackage {
  create(options: readonly string[]): Gpu;
  readonly globals: Readonly<Record<string, unknown>>;
}
interface TfjsPackage {
  readonly WebGPUBackend: new (device: GpuDevice, info: unknown) => tfjs.KernelBackend;
}

/** What is asked of the machine; tests put in others. */
export interface WebGpuHost {
  load(name: string): Promise<unknown>;
  /** The browser's WebGPU; undefined elsewhere. */
  readonly gpu: Gpu | undefined;
  readonly isNode: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const scope = globalThis as {
  readonly process?: {
    readonly versions?: { readonly node?: string };
    readonly env?: Record<string, string | undefined>;
  };
  readonly navigator?: { readonly gpu?: Gpu };
};

const thisHost: WebGpuHost = {
  // The name is not a literal: the packages are optional, and a bundler must not look for them.
  load: (name) => import(/* @vite-ignore */ name),
  get gpu() {
    return scope.navigator?.gpu;
  },
  isNode: scope.process?.versions?.node !== undefined,
  env: scope.process?.env ?? {},
};

const other = "or use the backend 'wasm', which needs nothing";

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split("\n")[0]!;

/** Imports an optional package. Throws D0702. */
async function load(host: WebGpuHost, name: string, install: string): Promise<unknown> {
  try {
    return await host.load(name);
  } catch (error) {
    const absent = error instanceof Error && "code" in error && /MODULE_NOT_FOUND/.test(String(error.code));
    if (absent || !host.isNode) {
      fail("D0702", `the backend 'webgpu' needs the package ${name}, which is not installed`, {
        help: `npm install ${install}, ${other}`,
      });
    }
    return fail("D0702", `the backend 'webgpu' could not start: ${name} is installed but does not load`, {
      why: firstLine(error),
      help: `npm rebuild ${name} may show more, ${other}`,
    });
  }
}

/** Dawn's, kept for the process: what it has given out is gone with it, devices in use too. */
let dawn: Gpu | undefined;

/** WebGPU of this machine. Throws D0702 where there is none. */
async function findGpu(host: WebGpuHost): Promise<Gpu> {
  if (host.gpu !== undefined) return host.gpu;
  if (dawn !== undefined && host === thisHost) return dawn;
  if (!host.isNode)
    fail("D0702", "the backend 'webgpu' needs WebGPU, which this browser does not have or has switched off", {
      why: "navigator.gpu is not there; pages that are not served over HTTPS or from localhost have none",
      help: `use a current browser, ${other}`,
    });
  const { create, globals } = (await load(host, "webgpu", `${DAWN} ${TFJS}`)) as DawnPackage;
  // tfjs reads GPUBufferUsage and its like as globals, as in a browser.
  for (const [name, value] of Object.entries(globals))
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const gpu = create([]);
  if (host === thisHost) dawn = gpu;
  return gpu;
}

/** Throws D0702 when the machine has no device that WebGPU can use. */
async function findAdapter(gpu: Gpu, host: WebGpuHost): Promise<GpuAdapter> {
  let why = "requestAdapter gives none";
  const adapter = await gpu
    .requestAdapter({ powerPreference: "high-performance" })
    .catch((error: unknown) => {
      why = firstLine(error);
      return null;
    });
  if (adapter !== null) return adapter;
  const drivers = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].flatMap((name) =>
    host.env[name] === undefined ? [] : [`${name}=${host.env[name]}`],
  );
  return fail("D0702", "the backend 'webgpu' finds no adapter, that is no GPU with a driver", {
    why: host.isNode ? `${why}; ${drivers.join(", ") || "VK_DRIVER_FILES is not set"}` : why,
    help: host.isNode
      ? `on Linux it needs libvulkan.so.1 and a Vulkan driver; docs/backends.md says how to get one in software; ${other}`
      : other,
  });
}

const wantedLimits = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;
const wantedFeatures = ["timestamp-query", "bgra8unorm-storage"];

/** Runs `work` while `navigator.gpu` is there, which tfjs looks for when it starts. */
async function withNavigator<T>(gpu: Gpu, work: () => Promise<T>): Promise<T> {
  if (scope.navigator?.gpu !== undefined) return work();
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  try {
    return await work();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "navigator");
    else Object.defineProperty(globalThis, "navigator", before);
  }
}

/** Whether a promise is settled already. */
const isSettled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), Promise.resolve().then(() => false)]);

const deviceOf = (backend: tfjs.KernelBackend): GpuDevice =>
  (backend as unknown as { readonly device: GpuDevice }).device;

/** Registers tfjs' backend on a device with all that the adapter allows. */
async function register(tf: Tf, gpu: Gpu, host: WebGpuHost): Promise<void> {
  const module = (await load(host, "@tensorflow/tfjs-backend-webgpu", TFJS)) as TfjsPackage;
  const adapter = await findAdapter(gpu, host);
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]!])),
    requiredFeatures: wantedFeatures.filter((name) => adapter.features.has(name)),
  });
  const backend = new module.WebGPUBackend(device, adapter.info);
  // The package registers a device of the least limits when it is imported.
  if (tf.engine().registryFactory["webgpu"] !== undefined) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend, 3);
}

/**
 * The backend on the device of tfjs' backend `webgpu`: that of the application where it has one, else one of its own,
 * which then stays for the process. Throws D0702 where a package, a driver or a GPU is missing.
 */
export async function openWebGpu(host: WebGpuHost = thisHost): Promise<Backend> {
  const tf = await import("@tensorflow/tfjs-core");
  const known = tf.findBackend("webgpu") as tfjs.KernelBackend | null;
  const usable = known !== null && !(await isSettled(deviceOf(known).lost));
  if (!usable) {
    if (known !== null) tf.removeBackend("webgpu");
    const gpu = await findGpu(host);
    await withNavigator(gpu, () => register(tf, gpu, host));
  }
  if (!(await tf.setBackend("webgpu"))) {
    fail("D0702", "the backend 'webgpu' could not start: tfjs refuses the device", {
      help: `restart, ${other}`,
    });
  }
  return new WebGpuBackend(tf);
}
