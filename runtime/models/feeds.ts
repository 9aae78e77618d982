// Owns: the host arrays a network file is fed at one call, and its results in the order of the run. Shared by tfjs and
// onnx; knows neither.

import { fail } from "../../compiler/diagnostics/report.js";
import type { HostTensor } from "../backend.js";
import type { Condition, ModelCall, ModelResult, TensorView } from "../model.js";
import { sameShape, sizeOf } from "../shapes.js";
import { branchesOf, checkCall, labelsOf, numberShape, type Feeding, type Port } from "./convention.js";
import { channelsFirst, channelsLast, lastShape } from "./layout.js";

/** A port with what goes into it. Integer ports get integers. */
export interface Feed {
  readonly port: Port;
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

async function tensorFeed(port: Port, view: TensorView, feeding: Feeding): Promise<Feed> {
  const data = await view.read();
  return feeding.layout === "NHWC"
    ? { port, data: channelsLast(data, view.shape), shape: lastShape(view.shape) }
    : { port, data: Float32Array.from(data), shape: view.shape };
}

function numberFeed(port: Port, value: number, samples: number): Feed {
  const shape = numberShape(port, samples);
  const size = sizeOf(shape);
  return port.type === "integer"
    ? { port, data: new Int32Array(size).fill(Math.round(value)), shape }
    : { port, data: new Float32Array(size).fill(value), shape };
}

/** Vectors of all branches, one behind the other. Throws D0603 when a branch has none, or others. */
function vectorsFeed(
  port: Port,
  branches: readonly (readonly Condition[])[],
  first: Extract<Condition, { kind: "vectors" }>,
  name: string,
): Feed {
  const parts = branches.map(([condition]) => {
    if (condition?.kind === "vectors" && sameShape(condition.shape, first.shape)) return condition.data;
    return fail(
      "D0603",
      `the network '${name}' is given vectors by one branch, and no such vectors by another`,
      {
        help: `give '${first.name}' and the other branch vectors of one shape`,
      },
    );
  });
  const data = new Float32Array(first.data.length * parts.length);
  parts.forEach((part, k) => data.set(part, k * first.data.length));
  const [rows = 1, ...rest] = first.shape;
  return { port, data, shape: [rows * parts.length, ...rest] };
}

function conditionFeed(port: Port, call: ModelCall, feeding: Feeding, name: string): Feed {
  const branches = branchesOf(call);
  const [samples = 1, ...rest] = call.shape;
  const first = branches[0]?.[0];
  if (first?.kind === "vectors") return vectorsFeed(port, branches, first, name);
  const labels = branches.flatMap((conditions) =>
    labelsOf({ conditions, shape: [samples / branches.length, ...rest] }, feeding, name),
  );
  const shape = numberShape(port, labels.length);
  return port.type === "float"
    ? { port, data: Float32Array.from(labels), shape }
    : { port, data: Int32Array.from(labels), shape };
}

/**
 * Everything the file is fed at `call`, in the file's own layout. Throws D0603 for calls it cannot serve and inputs
 * nobody feeds, D0703 for labels out of range.
 */
export async function buildFeeds(call: ModelCall, feeding: Feeding, name: string): Promise<Feed[]> {
  checkCall(call, feeding, name);
  const [samples = 1] = call.shape;
  const [first, ...further] = call.inputs;
  const feeds = [await tensorFeed(feeding.state, first!, feeding)];
  if (feeding.time !== null) feeds.push(numberFeed(feeding.time, call.time ?? 0, samples));
  if (feeding.condition !== null) feeds.push(conditionFeed(feeding.condition, call, feeding, name));
  const tensors = [...further];
  for (const port of feeding.others) {
    const scalar = Object.hasOwn(call.extras, port.name) ? call.extras[port.name] : undefined;
    if (scalar !== undefined) feeds.push(numberFeed(port, scalar, samples));
    else {
      const view = tensors.shift();
      if (view === undefined) {
        fail("D0603", `the network '${name}' has an input '${port.name}' that the sampler does not feed`, {
          help: `name it after the model, for example \`${port.name}: value\`, or list it in \`inputs\``,
        });
      }
      feeds.push(await tensorFeed(port, view, feeding));
    }
  }
  if (tensors.length > 0) {
    fail("D0603", `the sampler feeds ${call.inputs.length} tensors, the network '${name}' has fewer inputs`);
  }
  return feeds;
}

/** Results by the file's names, channels first. */
export function readResults(
  call: ModelCall,
  feeding: Feeding,
  results: ReadonlyMap<string, HostTensor>,
  name: string,
): ModelResult {
  const take = (port: Port): HostTensor => {
    const result = results.get(port.name);
    if (result === undefined) return fail("D0603", `the network '${name}' returned no '${port.name}'`);
    if (feeding.layout === "NCHW" || result.shape.length < 3) return result;
    const [samples = 1, ...rest] = result.shape;
    const shape = [samples, rest.at(-1)!, ...rest.slice(0, -1)];
    return { data: channelsFirst(result.data, shape), shape };
  };
  const outputs = call.outputs.map((output): [string, HostTensor] => {
    const port = feeding.extras.get(output);
    if (port === undefined) return fail("D0603", `the network '${name}' has no result '${output}'`);
    return [output, take(port)];
  });
  return { raw: take(feeding.raw), outputs: Object.fromEntries(outputs) };
}
