// Owns: ONNX networks through onnxruntime-node, an optional package that is imported when it is asked for. Knows ONNX
// types and sessions; how a network is fed is convention.ts' and feeds.ts' business.

import { Failure, fail } from "../../compiler/diagnostics/report.js";
import type { PlanModel } from "../../compiler/plan/schema.js";
import type { HostTensor } from "../backend.js";
import type { Model } from "../model.js";
import { capabilitiesOf, resolveFeeding, type FilePorts, type Port } from "./convention.js";
import { buildFeeds, readResults, type Feed } from "./feeds.js";

/** The part of onnxruntime's API that is used. */
export interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}
interface OrtMetadata {
  readonly name: string;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}
interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata?: readonly OrtMetadata[];
  readonly outputMetadata?: readonly OrtMetadata[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release?(): Promise<void>;
}
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array): Promise<OrtSession> };
  readonly Tensor: new (
    type: string,
    data: Float32Array | Int32Array | BigInt64Array,
    dims: readonly number[],
  ) => OrtTensor;
}

/** Imports onnxruntime-node. Throws D0604 with the install line when it is not there. */
export async function loadOrt(name = "onnxruntime-node"): Promise<Ort> {
  try {
    const module = (await import(name)) as Partial<Ort> & { readonly default?: Ort };
    return module.InferenceSession === undefined ? module.default! : (module as Ort);
  } catch (error) {
    return fail("D0604", "ONNX networks need the package onnxruntime-node, which is not installed", {
      why: error instanceof Error ? error.message.split("\n")[0]! : String(error),
      help: "npm install onnxruntime-node, or use a tfjs network (a folder with model.json)",
    });
  }
}

const isInteger = (type: string): boolean => /^u?int/.test(type);

const portsOf = (
  names: readonly string[],
  metadata: readonly OrtMetadata[] | undefined,
): { readonly port: Port; readonly type: string }[] =>
  names.map((name) => {
    const found = metadata?.find((item) => item.name === name);
    const type = found?.type ?? "unknown";
    const shape = found?.shape?.map((extent) => (typeof extent === "number" && extent >= 0 ? extent : null));
    const kind = type === "unknown" ? "unknown" : isInteger(type) ? "integer" : "float";
    return { port: { name, shape: shape ?? null, type: kind }, type };
  });

function makeTensor(ort: Ort, { port, data, shape }: Feed, types: ReadonlyMap<string, string>): OrtTensor {
  const type = types.get(port.name) ?? "unknown";
  if (data instanceof Int32Array) {
    return type === "int32"
      ? new ort.Tensor("int32", data, shape)
      : new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape);
  }
  return new ort.Tensor("float32", data, shape);
}

/**
 * A network from the bytes of an .onnx file. Throws D0604 without onnxruntime, D0602 for bytes it cannot read, D0603
 * when the network does not fit the declaration.
 */
export async function onnxModel(
  bytes: Uint8Array,
  file: string,
  declared: PlanModel,
  ort?: Ort,
): Promise<Model> {
  const runtime = ort ?? (await loadOrt());
  const session = await runtime.InferenceSession.create(bytes).catch((error: unknown) => {
    if (error instanceof Failure) throw error;
    return fail("D0602", `${file}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const inputs = portsOf(session.inputNames, session.inputMetadata);
  const ports: FilePorts = {
    file,
    inputs: inputs.map(({ port }) => port),
    outputs: portsOf(session.outputNames, session.outputMetadata).map(({ port }) => port),
  };
  const types = new Map(inputs.map(({ port, type }) => [port.name, type]));
  const feeding = resolveFeeding(declared, ports, "NCHW");
  return {
    capabilities: capabilitiesOf(file, feeding),
    async evaluate(call) {
      const feeds = await buildFeeds(call, feeding, file);
      const outputs = await session.run(
        Object.fromEntries(feeds.map((feed) => [feed.port.name, makeTensor(runtime, feed, types)])),
      );
      const results = new Map<string, HostTensor>();
      for (const [name, { data, dims }] of Object.entries(outputs)) {
        if (data instanceof Float32Array || data instanceof Float64Array) {
          results.set(name, { data, shape: dims });
        }
      }
      return readResults(call, feeding, results, file);
    },
    dispose: () => void session.release?.(),
  };
}
