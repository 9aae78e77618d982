// Owns: schema.ts as JSON Schema (draft 2020-12), strict: nothing extra, every index an integer. plan.schema.json is this
// value as text and is what is published, and what scripts/generateValidator.mjs makes a function of; a test keeps the two
// equal. What a schema cannot say is in verify.ts.

import { arity } from "./arity.js";
import { hostOps } from "./schema.js";

type Json = Readonly<Record<string, unknown>>;

/** An object with exactly these properties; those named in `optional` may be left out. */
const object = (properties: Json, optional: readonly string[] = []): Json => ({
  type: "object",
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});
const array = (items: Json, limits: Json = {}): Json => ({ type: "array", items, ...limits });
const literal = (value: string | number): Json => ({ const: value });
const ref = (name: string): Json => ({ $ref: `#/$defs/${name}` });
const nullable = (schema: Json): Json => ({ anyOf: [{ type: "null" }, schema] });
const either = (...schemas: readonly Json[]): Json => ({ anyOf: schemas });
/** One of several objects told apart by `op`; the keyword is ajv's and OpenAPI's, others may ignore it. */
const byOp = (schemas: readonly Json[]): Json => ({
  type: "object",
  required: ["op"],
  discriminator: { propertyName: "op" },
  oneOf: schemas,
});
const integer = (maximum: number): Json => ({ type: "integer", minimum: 0, maximum });

const text: Json = { type: "string", maxLength: 4096 };
const name: Json = { type: "string", minLength: 1, maxLength: 256 };
const number: Json = { type: "number" };

const operations = (count: number): Json => {
  const ops = [...arity].filter(([, own]) => own === count).map(([op]) => op);
  const args = array(ref("node"), { minItems: count, maxItems: count });
  return object({ op: { enum: ops }, args });
};

const call = object({
  op: literal("call"),
  model: ref("index"),
  state: ref("register"),
  inputs: array(ref("register"), { minItems: 1, maxItems: 64 }),
  scale: nullable(ref("slot")),
  time: nullable(ref("slot")),
  alpha: ref("slot"),
  sigma: ref("slot"),
  form: nullable(object({ x: ref("slot"), x0: ref("slot") })),
  conditions: array(ref("index"), { maxItems: 64 }),
  variant: nullable(text),
  extras: {
    type: "object",
    maxProperties: 64,
    propertyNames: name,
    additionalProperties: ref("slot"),
  },
  raw: ref("register"),
  outputs: array(object({ name, out: ref("register") }), { maxItems: 64 }),
});

const kernelOp = object({
  op: literal("kernel"),
  kernel: ref("index"),
  inputs: array(ref("register")),
  scalars: array(ref("slot")),
  outputs: array(ref("register"), { minItems: 1 }),
});

const reduceOp = object({
  op: literal("reduce"),
  fn: { enum: ["sum", "mean", "std", "norm", "dot", "max", "min", "quantile"] },
  per: { enum: ["sample", "channel", "position", "frame", "batch"] },
  inputs: array(ref("register"), { minItems: 1, maxItems: 2 }),
  parameter: nullable(ref("slot")),
  out: ref("register"),
});

const planModel = object({
  name,
  predicts: text,
  file: nullable(text),
  time: { type: "boolean" },
  outputs: array(name, { maxItems: 64 }),
  convention: {
    type: "object",
    maxProperties: 64,
    propertyNames: name,
    additionalProperties: either(text, number, array(either(text, number), { maxItems: 4096 })),
  },
});

const definitions: Json = {
  register: integer(65535),
  slot: integer(1048575),
  index: integer(1048575),
  node: integer(1048575),
  number: either(number, { enum: ["inf", "-inf", "nan"] }),
  point: object(
    {
      time: ref("number"),
      index: ref("number"),
      alpha: number,
      sigma: number,
      lambda: ref("number"),
    },
    ["index"],
  ),
  input: object({ name, kind: { enum: ["tensor", "mask", "condition", "trajectory"] } }),
  model: planModel,
  draw: object({
    path: name,
    key: integer(0xffffffff),
    distribution: { enum: ["normal", "rademacher", "gumbel"] },
    fixed: { type: "boolean" },
  }),
  kernelNode: byOp([
    object({ op: literal("input"), index: ref("index") }),
    object({ op: literal("scalar"), index: ref("index") }),
    object({ op: literal("const"), value: number }),
    operations(1),
    operations(2),
    operations(3),
  ]),
  kernel: object(
    {
      key: { type: "string" },
      inputs: ref("index"),
      scalars: ref("index"),
      nodes: array(ref("kernelNode"), { minItems: 1 }),
      outputs: array(ref("node"), { minItems: 1 }),
      wide: object({ of: ref("node"), rest: ref("node") }),
    },
    ["wide"],
  ),
  call,
  kernelOp,
  reduceOp,
  drawOp: object({
    op: literal("draw"),
    draw: ref("index"),
    pass: integer(65535),
    out: ref("register"),
  }),
  inputOp: object({
    op: literal("input"),
    input: ref("index"),
    point: nullable(ref("slot")),
    out: ref("register"),
  }),
  moveOp: object({ op: literal("move"), from: ref("register"), to: ref("register") }),
  freeOp: object({ op: literal("free"), registers: array(ref("register")) }),
  step: object({
    program: ref("index"),
    scalars: array(number),
    step: integer(65534),
    state: nullable(ref("register")),
  }),
};

const control = object({
  variables: array(object({ name, initial: number }), { minItems: 2, maxItems: 64 }),
  tables: array(
    object({
      ends: array(number, { minItems: 2 }),
      pieces: array(array(number, { minItems: 1 }), { minItems: 1 }),
    }),
    {
      maxItems: 64,
    },
  ),
  nodes: array(ref("hostNode"), { minItems: 1 }),
  scalars: array(ref("node")),
  next: ref("node"),
  enter: ref("step"),
  reads: array(ref("register"), { maxItems: 64 }),
  accept: nullable(ref("node")),
  accepted: array(ref("node")),
  refused: array(ref("node")),
  keep: ref("index"),
  undo: ref("index"),
  attempts: integer(10000),
});

const hostNode = byOp([
  object({ op: literal("const"), value: number }),
  object({ op: literal("variable"), index: ref("index") }),
  object({ op: literal("read"), index: ref("index") }),
  object({
    op: literal("table"),
    table: ref("index"),
    args: array(ref("node"), { minItems: 1, maxItems: 1 }),
  }),
  object({ op: { enum: [...hostOps] }, args: array(ref("node"), { minItems: 1, maxItems: 256 }) }),
]);

const opNames = ["call", "drawOp", "inputOp", "kernelOp", "reduceOp", "moveOp", "freeOp"];

/** The JSON Schema of a plan. */
export const planSchema: Json = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:dsamp:plan:1",
  title: "dsamp plan, version 1",
  ...object(
    {
      format: literal("dsamp-plan"),
      version: literal(1),
      compiler: text,
      source: object({ name: text, sha256: { type: "string", pattern: "^[0-9a-f]{64}$" } }),
      sampler: text,
      grid: array(ref("point"), { minItems: 1, maxItems: 10001 }),
      inputs: array(ref("input"), { maxItems: 256 }),
      models: array(ref("model"), { maxItems: 64 }),
      draws: array(ref("draw"), { maxItems: 65536 }),
      kernels: array(ref("kernel")),
      programs: array(object({ ops: array(byOp(opNames.map(ref))) }), { minItems: 1 }),
      registers: integer(65536),
      init: ref("step"),
      steps: array(ref("step"), { maxItems: 10000 }),
      control,
      output: ref("step"),
      results: array(ref("register"), { minItems: 1, maxItems: 64 }),
      report: object({
        calls: integer(Number.MAX_SAFE_INTEGER),
        nfe: integer(Number.MAX_SAFE_INTEGER),
        peakTensors: integer(Number.MAX_SAFE_INTEGER),
        rules: array(text, { maxItems: 10000 }),
        notes: array(text, { maxItems: 10000 }),
      }),
    },
    ["control"],
  ),
  $defs: { ...definitions, hostNode },
};
