// Guided predictions in one call, for models that take several branches: the same numbers, half the calls.

import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { functionModel, openBackend, sample, type HostArray, type Model } from "../../runtime/index.js";
import type { Condition, ModelCall } from "../../runtime/model.js";

const text = (guidance: string, solver: string): string => `sampler small {
  schedule vp_linear
  model    predicts eps with classes: 3, null: 3
  input    prompt: condition
  guidance ${guidance}
  grid     log_snr
  steps    4
  solver   ${solver}
}`;

function planOf(guidance: string, solver = "dpmpp_2m"): Plan {
  const { plan, diagnostics } = compile({
    host: memoryHost({}),
    file: "a.dsamp",
    text: text(guidance, solver),
  });
  if (!plan) throw new Error(diagnostics.map((item) => item.message).join("\n"));
  return plan;
}

const sampleShape = [5];

/** A function of every sample by itself: its values, the time, its label. */
function rowwise(batched: boolean, seen: ModelCall[]): Model {
  const labels = (conditions: readonly Condition[], samples: number): readonly number[] => {
    const [condition] = conditions;
    return condition?.kind === "labels"
      ? condition.values.map(Number)
      : Array.from({ length: samples }, () => 3);
  };
  return functionModel(
    (input: HostArray, time: number, call) => {
      seen.push(call);
      const branches = call.branches ?? [call.conditions];
      const samples = (call.shape[0] ?? 1) / branches.length;
      const all = branches.flatMap((conditions) => labels(conditions, samples));
      return Float64Array.from(input, (x, i) => Math.sin(x + time) / (2 + (all[Math.floor(i / 5)] ?? 0)));
    },
    { sampleShape, classes: 3, nullLabel: 3, ...(batched ? { batched } : {}) },
  );
}

describe.each(["reference", "cpu", "wasm"])("on %s", (name) => {
  const run = async (
    plan: Plan,
    batched: boolean,
  ): Promise<{ data: HostArray | undefined; calls: readonly ModelCall[]; counted: number }> => {
    const backend = await openBackend(name);
    const calls: ModelCall[] = [];
    const result = await sample(plan, {
      models: rowwise(batched, calls),
      backend,
      count: 4,
      seed: 2,
      inputs: { prompt: [0, 1, 2, 0] },
    });
    expect(backend.liveTensors()).toBe(0);
    return { data: result.results[0]?.data, calls, counted: result.calls };
  };

  test.each(["cfg(scale: 3)", "apg(scale: 3)"])("%s: the same bytes in half the calls", async (guidance) => {
    const plan = planOf(guidance);
    const [apart, together] = [await run(plan, false), await run(plan, true)];
    expect(together.data).toEqual(apart.data);
    expect(apart.calls).toHaveLength(8);
    expect(together.calls).toHaveLength(4);
    expect(together.calls.every((call) => call.branches?.length === 2 && call.shape[0] === 8)).toBe(true);
    expect([apart.counted, together.counted]).toEqual([8, 4]);
  });

  test("without guidance there is nothing to put together", async () => {
    const { calls } = await run(planOf("cfg(scale: 1)"), true);
    expect(calls.map((call) => call.branches)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

test("a batched model that returns too few rows is told so, with step and call, and nothing stays behind", async () => {
  const backend = await openBackend("wasm");
  const model = functionModel((input) => input.slice(0, input.length / 2), {
    sampleShape,
    classes: 3,
    nullLabel: 3,
    batched: true,
  });
  await expect(
    sample(planOf("cfg(scale: 3)"), { models: model, backend, count: 2, inputs: { prompt: 1 } }),
  ).rejects.toThrow(/step 0.*call 0/s);
  expect(backend.liveTensors()).toBe(0);
});
