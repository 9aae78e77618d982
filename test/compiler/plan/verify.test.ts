// Every inconsistency the verifier finds, one broken plan each.

import { describe, expect, test } from "vitest";
import type { Kernel, Op, Plan, PlanStep } from "../../../compiler/plan/schema.js";
import { verifyPlan } from "../../../compiler/plan/verify.js";
import { call, draw, eulerPlan, model, plan, scaled, type PlanParts } from "../../support/plans.js";

const empty: PlanStep = { program: 0, scalars: [], step: 0, state: null };
const start: Op = { op: "draw", draw: 0, pass: 0, out: 0 };

/** A plan whose init runs `ops`; it draws register 0 first. */
const withOps = (ops: readonly Op[], parts: Partial<PlanParts> = {}): Plan =>
  plan({
    draws: [draw("initial")],
    kernels: [scaled],
    models: [model()],
    inputs: [
      { name: "y", kind: "tensor" },
      { name: "c", kind: "condition" },
      { name: "path", kind: "trajectory" },
    ],
    programs: [[start, ...ops], []],
    init: { ...empty, scalars: [1, 1, 1, 1, 1] },
    steps: [],
    output: { ...empty, program: 1 },
    ...parts,
  });

const kernelOp = (parts: Partial<Extract<Op, { op: "kernel" }>>): Op => ({
  op: "kernel",
  kernel: 0,
  inputs: [0],
  scalars: [0],
  outputs: [1],
  ...parts,
});

const withKernel = (kernel: Partial<Kernel>): Plan => withOps([], { kernels: [{ ...scaled, ...kernel }] });

const good = eulerPlan([2, 1, 0]);

describe("good plans pass", () => {
  test.each([
    ["Euler", good],
    ["Euler with noise", eulerPlan([3, 2, 1, 0], 0.2)],
    ["writing over a register", withOps([kernelOp({ outputs: [0] })])],
    ["writing over another register", withOps([start, kernelOp({})])],
    ["moving", withOps([{ op: "move", from: 0, to: 1 }], { results: [1] })],
    [
      "a point of a trajectory",
      withOps([{ op: "input", input: 2, point: 0, out: 1 }], { steps: [{ ...empty, program: 1 }] }),
    ],
  ])("%s", (_, value) => {
    expect(() => verifyPlan(value)).not.toThrow();
  });
});

const cases: readonly (readonly [string, Plan])[] = [
  ["grid: 2 points for 2 steps", { ...good, grid: good.grid.slice(1) }],
  ["report: 0 rules for 2 steps", { ...good, report: { ...good.report, rules: [] } }],
  ["report: it counts 7 calls, the run makes 2", { ...good, report: { ...good.report, calls: 7 } }],
  ["models: 'model' stands there twice", { ...good, models: [model(), model()] }],
  [
    "inputs: 'a' stands there twice",
    {
      ...good,
      inputs: [
        { name: "a", kind: "mask" },
        { name: "a", kind: "mask" },
      ],
    },
  ],
  ["stands there twice", { ...good, draws: [draw("z"), draw("z")] }],
  ["draw 0: its key is not the hash of 'z'", { ...good, draws: [{ ...draw("z"), key: 1 }, draw("initial")] }],
  ["step 0: program 9 of 4", { ...good, steps: [{ ...good.steps[0]!, program: 9 }, good.steps[1]!] }],
  [
    "step 1: the number in slot 2 is NaN",
    { ...good, steps: [good.steps[0]!, { ...good.steps[1]!, scalars: [1, 1, NaN, 1, 1, 1, 1] }] },
  ],
  [
    "step 1: the number in slot 0 is Infinity",
    { ...good, steps: [good.steps[0]!, { ...good.steps[1]!, scalars: [Infinity] }] },
  ],
  [
    "step 1, operation 0 (call): slot 2 of 2",
    { ...good, steps: [good.steps[0]!, { ...good.steps[1]!, scalars: [1, 1] }] },
  ],
  [
    "step 0, state: register 3 is empty",
    { ...good, steps: [{ ...good.steps[0]!, state: 3 }, good.steps[1]!] },
  ],
  ["results: register 1 is empty", { ...good, results: [1] }],
  ["kernel 0, node 0: input 1 of 1", withKernel({ nodes: [{ op: "input", index: 1 }], outputs: [0] })],
  ["kernel 0, node 0: scalar 5 of 1", withKernel({ nodes: [{ op: "scalar", index: 5 }], outputs: [0] })],
  [
    "kernel 0, node 0: the constant is not finite",
    withKernel({ nodes: [{ op: "const", value: NaN }], outputs: [0] }),
  ],
  [
    "kernel 0, node 2: argument 2 does not come before it",
    withKernel({ nodes: [...scaled.nodes.slice(0, 2), { op: "mul", args: [0, 2] }] }),
  ],
  [
    "kernel 0, node 2: 'mul' takes 2 arguments, not 1",
    withKernel({ nodes: [...scaled.nodes.slice(0, 2), { op: "mul", args: [0] }] }),
  ],
  ["kernel 0: output 3 of 3 nodes", withKernel({ outputs: [3] })],
  ["operation 1 (kernel): kernel 1 of 1", withOps([kernelOp({ kernel: 1 })])],
  ["2 inputs for a kernel with 1", withOps([kernelOp({ inputs: [0, 0] })])],
  ["0 scalars for a kernel with 1", withOps([kernelOp({ scalars: [] })])],
  ["2 outputs for a kernel with 1", withOps([kernelOp({ outputs: [1, 2] })])],
  [
    "outputs: '1' stands there twice",
    withOps([kernelOp({ outputs: [1, 1] })], { kernels: [{ ...scaled, outputs: [0, 2] }] }),
  ],
  ["slot 9 of 5", withOps([kernelOp({ scalars: [9] })])],
  ["register 5 is empty", withOps([kernelOp({ inputs: [5] })])],
  ["register 99 of 8", withOps([kernelOp({ outputs: [99] })])],
  ["operation 2 (kernel): register 0 is empty", withOps([{ op: "free", registers: [0] }, kernelOp({})])],
  ["operation 1 (free): register 0 is freed twice", withOps([{ op: "free", registers: [0, 0] }])],
  [
    "operation 2 (free): register 0 is empty",
    withOps([
      { op: "free", registers: [0] },
      { op: "free", registers: [0] },
    ]),
  ],
  [
    "operation 2 (move): register 0 is empty",
    withOps([
      { op: "move", from: 0, to: 1 },
      { op: "move", from: 0, to: 1 },
    ]),
  ],
  ["draw 4 of 1", withOps([{ op: "draw", draw: 4, pass: 0, out: 1 }])],
  ["input 3 of 3", withOps([{ op: "input", input: 3, point: null, out: 1 }])],
  ["'c' is a condition; only calls take it", withOps([{ op: "input", input: 1, point: null, out: 1 }])],
  ["'y' has no points", withOps([{ op: "input", input: 0, point: 0, out: 1 }])],
  ["'path' needs a point", withOps([{ op: "input", input: 2, point: null, out: 1 }])],
  ["1 is not a point of the grid", withOps([{ op: "input", input: 2, point: 0, out: 1 }])],
  [
    "'dot' takes 2 tensors, not 1",
    withOps([{ op: "reduce", fn: "dot", per: "sample", inputs: [0], parameter: null, out: 1 }]),
  ],
  [
    "'sum' takes 1 tensors, not 2",
    withOps([{ op: "reduce", fn: "sum", per: "sample", inputs: [0, 0], parameter: null, out: 1 }]),
  ],
  [
    "a quantile needs its p",
    withOps([{ op: "reduce", fn: "quantile", per: "sample", inputs: [0], parameter: null, out: 1 }]),
  ],
  [
    "'max' takes no parameter",
    withOps([{ op: "reduce", fn: "max", per: "sample", inputs: [0], parameter: 0, out: 1 }]),
  ],
  ["model 1 of 1", withOps([call(0, 1, { model: 1 })])],
  ["model 'model' takes a time argument", withOps([call(0, 1, { time: null })])],
  ["takes no time argument", withOps([call(0, 1)], { models: [{ ...model(), time: false }] })],
  ["a scale goes with exactly one input", withOps([call(0, 1, { inputs: [0, 0], scale: 0 })])],
  ["input 7 of 3", withOps([call(0, 1, { conditions: [7] })])],
  ["'y' is a tensor, not a condition", withOps([call(0, 1, { conditions: [0] })])],
  ["model 'model' has no output 'logvar'", withOps([call(0, 1, { outputs: [{ name: "logvar", out: 2 }] })])],
  [
    "results: '1' stands there twice",
    withOps([call(0, 1, { outputs: [{ name: "a", out: 1 }] })], { models: [model("model", ["a"])] }),
  ],
  ["slot 8 of 5", withOps([call(0, 1, { extras: { guidance: 8 } })])],
  ["slot 9 of 5", withOps([call(0, 1, { form: { x: 9, x0: 0 } })])],
];

describe("broken plans are refused", () => {
  test.each(cases)("%s", (message, value) => {
    expect(() => verifyPlan(value)).toThrow(message);
    expect(() => verifyPlan(value)).toThrow("D0503");
  });

  test("more operations than any run needs", () => {
    const ops = Array.from({ length: 2000 }, () => start);
    const step: PlanStep = { ...empty, program: 0 };
    const large = withOps(ops, { steps: Array.from({ length: 6000 }, () => step) });
    expect(() => verifyPlan(large)).toThrow("D0805");
  });
});
