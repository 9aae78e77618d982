// Owns: tfjs networks (LayersModel, GraphModel) from their two parts in memory. Computes on the run's own tfjs backend
// when it has one. Imports layers and converter when they are needed; reads no files.

import * as tf from "@tensorflow/tfjs-core";
import { Failure, fail } from "../../compiler/diagnostics/report.js";
import type { PlanModel } from "../../compiler/plan/schema.js";
import type { HostTensor } from "../backend.js";
import { openBackend } from "../backends/open.js";
import type { Model, ModelCall } from "../model.js";
import { capabilitiesOf, resolveFeeding, type FilePorts, type Port } from "./convention.js";
import { buildFeeds, readResults, type Feed } from "./feeds.js";

/** The parsed model.json and the bytes of its weight files, joined in the manifest's order. */
export interface TfFiles {
  /** For messages. */
  readonly file: string;
  readonly json: unknown;
  readonly weights: ArrayBuffer;
}

/** The part of model.json that is read here. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly tf.io.WeightsManifestEntry[];
  }[];
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
}

const isModelJson = (value: unknown): value is ModelJson =>
  typeof value === "object" &&
  value !== null &&
  "modelTopology" in value &&
  typeof value.modelTopology === "object" &&
  value.modelTopology !== null &&
  "weightsManifest" in value &&
  Array.isArray(value.weightsManifest);

/** Names of the weight files in order. Throws D0602 when `json` is not a tfjs model. */
export function weightPaths(json: unknown, file: string): string[] {
  if (!isModelJson(json)) {
    return fail("D0602", `${file} is not a tfjs model: it needs modelTopology and weightsManifest`);
  }
  return json.weightsManifest.flatMap((group) => group.paths);
}

/** What both kinds of network share. */
interface Network {
  readonly inputs: readonly TfPort[];
  readonly outputs: readonly TfPort[];
  predict(inputs: tf.NamedTensorMap, outputs: readonly string[]): tf.Tensor[];
  dispose(): void;
}
interface TfPort {
  readonly name: string;
  readonly shape?: readonly (number | null)[] | undefined;
  readonly dtype?: string;
}

const portOf = ({ name, shape, dtype }: TfPort): Port => ({
  name: name.replace(/:0$/, ""),
  shape: shape === undefined ? null : shape.map((extent) => (extent === -1 ? null : extent)),
  type: dtype === undefined ? "unknown" : dtype === "float32" ? "float" : "integer",
});

async function loadNetwork({ json, weights, file }: TfFiles): Promise<Network> {
  if (!isModelJson(json)) return fail("D0602", `${file} is not a tfjs model`);
  const specs = json.weightsManifest.flatMap((group) => group.weights);
  const artifacts = { ...json, weightSpecs: [...specs], weightData: weights };
  const handler = tf.io.fromMemory(artifacts as tf.io.ModelArtifacts);
  if (json.format === "graph-model" || "node" in json.modelTopology) {
    const { loadGraphModel } = await import("@tensorflow/tfjs-converter");
    const graph = await loadGraphModel(handler);
    return {
      inputs: graph.inputs,
      outputs: graph.outputs,
      predict: (inputs, outputs) => [graph.execute(inputs, [...outputs])].flat(),
      dispose: () => graph.dispose(),
    };
  }
  const { loadLayersModel } = await import("@tensorflow/tfjs-layers");
  const layers = await loadLayersModel(handler);
  const outputs = layers.outputNames.map((name, i) => ({ name, shape: layers.outputs[i]!.shape }));
  return {
    inputs: layers.inputs.map((input, i) => ({
      name: layers.inputNames[i] ?? input.name,
      shape: input.shape,
      dtype: input.dtype,
    })),
    outputs,
    predict(inputs, wanted) {
      const ordered = layers.inputNames.map((name) => inputs[name]!);
      const results = [layers.predict(ordered)].flat();
      return wanted.map((name) => results[layers.outputNames.indexOf(name)]!);
    },
    dispose: () => layers.dispose(),
  };
}

/** Makes a registered tfjs backend the active one; everything until the next await runs there. */
function activate(name: string): void {
  if (tf.getBackend() !== name) void tf.setBackend(name);
}

/** The tfjs backend a network is loaded on: wasm, or cpu where wasm cannot start. */
async function hostBackend(): Promise<string> {
  try {
    return (await openBackend("wasm")).name;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return (await openBackend("cpu")).name;
  }
}

/** A name of tfjs for a name of ours; what is registered already is used as it is. */
async function readyBackend(name: string): Promise<string> {
  if (tf.findBackend(name) !== null) return name;
  const { name: own, tf: interop } = await openBackend(name);
  return interop?.backend ?? own;
}

const toTensor = ({ data, shape }: Feed): tf.Tensor =>
  tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");

/**
 * A network from memory. Without `backend` it computes on the run's tfjs backend, or on wasm when the run has another
 * kind. Throws D0602 for files tfjs cannot read, D0603 when they do not fit the declaration.
 */
export async function tfjsModel(files: TfFiles, declared: PlanModel, backend?: string): Promise<Model> {
  const home = backend === undefined ? await hostBackend() : await readyBackend(backend);
  activate(home);
  const network = await loadNetwork(files).catch((error: unknown) => {
    if (error instanceof Failure) throw error;
    return fail("D0602", `${files.file}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const ports: FilePorts = {
    file: files.file,
    inputs: network.inputs.map(portOf),
    outputs: network.outputs.map(portOf),
  };
  const feeding = resolveFeeding(declared, ports, "NHWC");
  const fileNames = new Map(network.inputs.map((input) => [portOf(input).name, input.name]));
  const outputNames = new Map(network.outputs.map((output) => [portOf(output).name, output.name]));

  /** Runs the network; results belong to the caller. */
  const run = (feeds: readonly Feed[], wanted: readonly Port[]): tf.Tensor[] =>
    tf.tidy(() => {
      const inputs = Object.fromEntries(
        feeds.map((feed) => [fileNames.get(feed.port.name) ?? feed.port.name, toTensor(feed)]),
      );
      return network.predict(
        inputs,
        wanted.map((port) => outputNames.get(port.name) ?? port.name),
      );
    });

  return {
    capabilities: capabilitiesOf(files.file, feeding),
    async evaluate(call: ModelCall) {
      const feeds = await buildFeeds(call, feeding, files.file);
      const wanted = [feeding.raw, ...call.outputs.flatMap((output) => feeding.extras.get(output) ?? [])];
      activate(backend ?? call.state.backend.tf?.backend ?? home);
      const tensors = run(feeds, wanted);
      try {
        const results = new Map<string, HostTensor>();
        for (const [i, port] of wanted.entries()) {
          const tensor = tensors[i]!;
          results.set(port.name, { data: await tensor.data<"float32">(), shape: tensor.shape });
        }
        return readResults(call, feeding, results, files.file);
      } finally {
        tf.dispose(tensors);
      }
    },
    dispose: () => network.dispose(),
  };
}
