// Owns: how a network file wants to be fed: which of its inputs is the state, the time, the condition; layout, labels.
// From what the sampler states after `with`, completed from the file, checked against it. Knows no file format.

import { fail } from "../../compiler/diagnostics/report.js";
import type { PlanModel } from "../../compiler/plan/schema.js";
import type { Shape } from "../backend.js";
import type { Capabilities, Condition, ModelCall } from "../model.js";

/** An input or output of a file; null extents are free. */
export interface Port {
  readonly name: string;
  /** With the batch axis; null: the file does not say. */
  readonly shape: readonly (number | null)[] | null;
  readonly type: "float" | "integer" | "unknown";
}

export interface FilePorts {
  /** The file's name, for messages. */
  readonly file: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export type Layout = "NCHW" | "NHWC";

/** Every input of the file with its part. */
export interface Feeding {
  readonly state: Port;
  readonly time: Port | null;
  readonly condition: Port | null;
  /** Inputs fed by further scalars and tensors of the call, by name. */
  readonly others: readonly Port[];
  readonly raw: Port;
  /** Extra results by the name the sampler uses. */
  readonly extras: ReadonlyMap<string, Port>;
  readonly layout: Layout;
  readonly nullLabel: number | null;
  readonly classes: number | null;
  /** Shape of one sample, channels first, when the file says it. */
  readonly sampleShape: Shape | null;
}

const list = (ports: readonly Port[]): string => ports.map(({ name }) => `'${name}'`).join(", ") || "none";

function integer(declared: PlanModel, key: string): number | null {
  const value = declared.convention[key];
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    return fail(
      "D0603",
      `model '${declared.name}': '${key}' must be an integer, not ${JSON.stringify(value)}`,
    );
  }
  return value;
}

function statedNames(declared: PlanModel): readonly string[] | null {
  const value = declared.convention["names"];
  if (value === undefined) return null;
  const names = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (!names.every((name) => typeof name === "string")) {
    return fail("D0603", `model '${declared.name}': 'names' must be names of the file's inputs`);
  }
  return names as readonly string[];
}

/** Free extents per sample: a port of one number per sample has none beyond 1. */
const isPerSample = ({ shape }: Port): boolean =>
  shape !== null && shape.slice(1).every((extent) => extent === 1);

interface Parts {
  readonly state: Port;
  readonly time: Port | null;
  readonly condition: Port | null;
}

/** Parts from stated names, in the order state, time (if the sampler passes one), condition. */
function partsFromNames(declared: PlanModel, ports: FilePorts, names: readonly string[]): Parts {
  const found = names.map(
    (name) =>
      ports.inputs.find((port) => port.name === name) ??
      fail(
        "D0603",
        `model '${declared.name}' names the input '${name}', the file ${ports.file} has ${list(ports.inputs)}`,
      ),
  );
  const [state, ...rest] = found;
  if (state === undefined) {
    return fail("D0603", `model '${declared.name}': 'names' is empty, the file has ${list(ports.inputs)}`);
  }
  if (declared.time && rest.length === 0) {
    fail("D0603", `model '${declared.name}' takes a time argument, but 'names' has only '${state.name}'`, {
      help: `the file ${ports.file} has ${list(ports.inputs)}; write 'time: none' when the network takes none`,
    });
  }
  const time = declared.time ? (rest[0] ?? null) : null;
  return { state, time, condition: rest[declared.time ? 1 : 0] ?? null };
}

/** Parts from the file: the state has the highest rank, time and condition one number each; integers are labels. */
function partsFromFile(declared: PlanModel, ports: FilePorts, extras: readonly string[]): Parts {
  const { inputs, file } = ports;
  const rank = (port: Port): number => port.shape?.length ?? 0;
  const state = [...inputs].sort((a, b) => rank(b) - rank(a))[0];
  if (state === undefined) return fail("D0603", `the file ${file} has no inputs`);
  const rest = inputs.filter((port) => port !== state && !extras.includes(port.name));
  const numbers = rest.filter((port) => isPerSample(port) || port.shape === null);
  const time = declared.time ? (numbers.find((port) => port.type !== "integer") ?? numbers[0] ?? null) : null;
  if (declared.time && time === null) {
    fail(
      "D0603",
      `model '${declared.name}' passes a time argument, the file ${file} has only ${list(inputs)}`,
      {
        help: "write 'time: none' when the network takes none",
      },
    );
  }
  return { state, time, condition: rest.find((port) => port !== time) ?? null };
}

function layoutOf(declared: PlanModel, usual: Layout): Layout {
  const value = declared.convention["layout"];
  if (value === undefined) return usual;
  if (value === "NCHW" || value === "NHWC") return value;
  return fail("D0603", `model '${declared.name}': the layout is NCHW or NHWC, not ${JSON.stringify(value)}`);
}

function sampleShapeOf({ shape }: Port, layout: Layout): Shape | null {
  if (shape === null) return null;
  const extents = shape.slice(1);
  if (!extents.every((extent): extent is number => extent !== null)) return null;
  return layout === "NHWC" && extents.length > 1 ? [extents.at(-1)!, ...extents.slice(0, -1)] : extents;
}

/** What the sampler passes beside state, time and condition: names of scalars are known at the call only. */
const knownKeys = new Set(["names", "layout", "null", "classes", "labels"]);

/**
 * Works out how to feed a file. `usual` is the layout of its format. Convention keys read: names (state, time,
 * condition), layout, null (label of "no condition"), classes. Throws D0603, naming the sampler's side and the file's.
 */
export function resolveFeeding(declared: PlanModel, ports: FilePorts, usual: Layout): Feeding {
  const names = statedNames(declared);
  const further = Object.keys(declared.convention).filter((key) => !knownKeys.has(key));
  const parts =
    names === null ? partsFromFile(declared, ports, further) : partsFromNames(declared, ports, names);
  const used = [parts.state, parts.time, parts.condition];
  const others = ports.inputs.filter((port) => !used.includes(port));
  const layout = layoutOf(declared, usual);
  const extras = new Map<string, Port>();
  const rest = ports.outputs.filter((port) => !declared.outputs.includes(port.name));
  const raw = rest[0];
  if (raw === undefined) {
    return fail("D0603", `the file ${ports.file} has no result beside ${declared.outputs.join(", ")}`);
  }
  declared.outputs.forEach((name, i) => {
    const port = ports.outputs.find((output) => output.name === name) ?? ports.outputs[i + 1];
    if (port === undefined || port === raw) {
      return fail(
        "D0603",
        `model '${declared.name}' wants the result '${name}', the file ${ports.file} has ${list(ports.outputs)}`,
      );
    }
    extras.set(name, port);
  });
  return {
    ...parts,
    others,
    raw,
    extras,
    layout,
    nullLabel: integer(declared, "null"),
    classes: integer(declared, "classes"),
    sampleShape: sampleShapeOf(parts.state, layout),
  };
}

/** What the executor may know of a model that is fed so. */
export const capabilitiesOf = (name: string, feeding: Feeding): Capabilities => ({
  name,
  sampleShape: feeding.sampleShape,
  conditions: feeding.condition === null ? "none" : "any",
  ...(feeding.classes === null ? {} : { classes: feeding.classes }),
  ...(feeding.nullLabel === null ? {} : { nullLabel: feeding.nullLabel }),
  // A free batch axis takes any number of samples, each by itself, so it takes branches too.
  batched: feeding.state.shape?.[0] === null,
  outputs: [...feeding.extras.keys()],
  time: feeding.time !== null,
});

/** Labels of the call, one per sample, the null label where there is no condition. Throws D0603, D0703. */
export function labelsOf(
  call: Pick<ModelCall, "shape" | "conditions">,
  feeding: Feeding,
  name: string,
): number[] {
  const samples = call.shape[0] ?? 1;
  const [condition] = call.conditions;
  const port = feeding.condition?.name ?? "condition";
  if (condition === undefined) {
    if (feeding.nullLabel === null) {
      return fail("D0603", `an unconditional call, but the network '${name}' wants '${port}'`, {
        help: "state its null label after the model, for example `null: 10`, or pass the condition",
      });
    }
    return Array<number>(samples).fill(feeding.nullLabel);
  }
  if (condition.kind !== "labels") {
    return fail(
      "D0603",
      `the network '${name}' wants integer labels in '${port}', '${condition.name}' has vectors`,
    );
  }
  return condition.values.map((value) => {
    const label = typeof value === "number" ? value : Number(value);
    const inRange = feeding.classes === null || label < feeding.classes || label === feeding.nullLabel;
    if (!Number.isInteger(label) || label < 0 || !inRange) {
      return fail("D0703", `'${value}' is not a label of the network '${name}'`, {
        help:
          feeding.classes === null ? "labels are integers from 0" : `labels are 0 .. ${feeding.classes - 1}`,
      });
    }
    return label;
  });
}

/** Shape of a port that takes one number per sample: [n], [n, 1], ... or [] and [1] when it has no batch axis. */
export function numberShape({ shape }: Port, samples: number): number[] {
  if (shape === null) return [samples];
  if (shape.length === 0) return [];
  return shape.map((_, axis) => (axis === 0 && shape[0] !== 1 ? samples : 1));
}

/** The conditions of each branch of a call; most calls have one. */
export const branchesOf = (call: ModelCall): readonly (readonly Condition[])[] =>
  call.branches ?? [call.conditions];

/** Throws D0603 for a call this file cannot serve. */
export function checkCall(call: ModelCall, feeding: Feeding, name: string): void {
  if (call.variant !== null) fail("D0603", `the network '${name}' has no variant '${call.variant}'`);
  for (const conditions of branchesOf(call)) {
    if (conditions.length > 1) {
      fail("D0603", `the network '${name}' takes one condition, the call has ${conditions.length}`);
    }
    if (feeding.condition === null && conditions.length > 0) {
      fail("D0603", `the call has the condition '${conditions[0]!.name}', the network '${name}' takes none`);
    }
  }
  const known = feeding.others.map((port) => port.name);
  for (const extra of Object.keys(call.extras)) {
    if (!known.includes(extra)) {
      fail("D0603", `the sampler passes '${extra}', the network '${name}' has no such input`, {
        help: `inputs left: ${known.join(", ") || "none"}`,
      });
    }
  }
}
