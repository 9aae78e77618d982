// Guided predictions in one call: what the model is given, that results are those of single calls to the last bit, and
// how many calls there are.

import { describe, expect, test } from "vitest";
import type { Plan } from "../../compiler/plan/schema.js";
import {
  functionModel,
  openBackend,
  sample,
  type Capabilities,
  type ModelCall,
  type SampleOptions,
} from "../../runtime/index.js";
import { callsTogether } from "../../runtime/branches.js";
import { compiled } from "../stdlib/harness.js";

function planOf(solver: string, more = ""): Plan {
  const { plan, reports } = compiled(`sampler s {
  schedule cosine
  model    predicts eps
  guidance cfg(scale: 3)
  grid     log_snr
  steps    5
  solver   ${solver}
  ${more}
}
schedule cosine {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`);
  if (plan === undefined) throw new Error(reports.join("\n"));
  return plan;
}

/** Row-wise: each sample by itself, with its label; no label counts as 7. */
function rowWise(options: Partial<Capabilities>, seen: ModelCall[] = []): SampleOptions["models"] {
  return functionModel((x, _, call) => {
    seen.push(call);
    const branches = call.branches ?? [call.conditions];
    const each = call.shape[0]! / branches.length;
    const labels = branches.flatMap(([condition]) =>
      condition?.kind === "labels" ? condition.values.map(Number) : Array<number>(each).fill(7),
    );
    const size = x.length / labels.length;
    return x.map((value, i) => Math.tanh(value * (1 + labels[Math.floor(i / size)]! / 8)));
  }, options);
}

const inputs = { prompt: [1, 2, 3] };

describe.each(["reference", "cpu", "wasm"])("%s", (name) => {
  test.each(["dpmpp_2m", "heun", "euler_ancestral"])(
    "%s: the same bits in half the calls",
    async (solver) => {
      const plan = planOf(solver);
      const backend = await openBackend(name);
      const run = (batched: boolean) =>
        sample(plan, { models: rowWise({ batched }), backend, shape: [2, 5], count: 3, inputs, seed: 4 });
      const single = await run(false);
      const together = await run(true);
      expect(together.results).toEqual(single.results);
      expect([single.calls, together.calls]).toEqual([plan.report.calls, plan.report.calls / 2]);
      expect(backend.liveTensors()).toBe(0);
    },
  );

  test("a model that computes on the tensors gets them repeated, and gives one back", async () => {
    const plan = planOf("ddim");
    const backend = await openBackend(name);
    const run = (batched: boolean) =>
      sample(plan, {
        models: functionModel(
          async (_, __, call) => {
            const data = await backend.download(call.state.tensor);
            expect(call.state.tensor.shape).toEqual(call.shape);
            return { raw: backend.upload(data.map(Math.sin), call.shape) };
          },
          { batched },
        ),
        backend,
        shape: [2, 5],
        count: 3,
        inputs,
      });
    expect((await run(true)).results).toEqual((await run(false)).results);
    expect(backend.liveTensors()).toBe(0);
    expect(backend.meter.liveBytes).toBe(0);
  });

  test.each([
    [
      "a result of one branch",
      (size: number) => new Float32Array(size / 2),
      /D0603.*step 0.*call 0.*15 numbers|D0603.*call 0.*numbers/,
    ],
    [
      "NaN in the second",
      (size: number) => new Float32Array(size).fill(NaN, size - 1),
      /D0701.*branch 1 of the result of call 0/,
    ],
  ])("%s: nothing is left", async (_, answer, message) => {
    const backend = await openBackend(name);
    const models = functionModel((x) => answer(x.length), { batched: true });
    await expect(sample(planOf("ddim"), { models, backend, shape: [5], count: 3, inputs })).rejects.toThrow(
      message,
    );
    expect(backend.liveTensors()).toBe(0);
  });
});

test("the null backend counts one call a guided prediction", async () => {
  const plan = planOf("dpmpp_2m");
  const count = async (batched: boolean): Promise<number> => {
    const backend = await openBackend("null");
    const models = functionModel((x) => new Float32Array(x.length), { batched });
    await sample(plan, { models, backend, shape: [4], count: 2, inputs: { prompt: [0, 1] } });
    return backend.meter.calls;
  };
  expect([await count(false), await count(true)]).toEqual([10, 5]);
});

test("the model is told the branches, in the order of the plan", async () => {
  const seen: ModelCall[] = [];
  const backend = await openBackend("reference");
  await sample(planOf("ddim"), {
    models: rowWise({ batched: true }, seen),
    backend,
    shape: [2],
    count: 3,
    inputs,
  });
  const [first] = seen;
  expect(first!.shape).toEqual([6, 2]);
  expect(first!.conditions).toEqual([]);
  expect(first!.branches!.map((conditions) => conditions.map(({ name }) => name))).toEqual(
    expect.arrayContaining([[], ["prompt"]]),
  );
  const data = await first!.state.read();
  expect(data.slice(0, 6)).toEqual(data.slice(6));
});

test("calls of other states or other numbers are not put together", () => {
  const plan = planOf("heun");
  for (const step of plan.steps) {
    const { ops } = plan.programs[step.program]!;
    const groups = ops.flatMap((op, i) =>
      op.op === "call" && ops[i - 1]?.op !== "call" ? [callsTogether(ops, i, step).length] : [],
    );
    expect(groups).toEqual(groups.map(() => 2));
    const index = ops.findIndex(({ op }) => op === "call");
    const [one, other] = ops.slice(index) as [never, never];
    const later = { ...step, scalars: [...step.scalars, 0.123] };
    const moved = { ...(other as object), alpha: step.scalars.length } as never;
    expect(callsTogether([one, moved], 0, later)).toHaveLength(1);
    expect(
      callsTogether([one, { ...(other as object), state: 999, inputs: [999] } as never], 0, step),
    ).toHaveLength(1);
  }
});
