// Driving a run from outside, and stopping, saving, moving and resuming it: the bytes must be those of the whole run.

import { describe, expect, test } from "vitest";
import type { Plan } from "../../compiler/plan/schema.js";
import {
  decodeState,
  encodeState,
  functionModel,
  gmmModel,
  openBackend,
  Run,
  sample,
  type Backend,
  type HostArray,
  type Model,
  type RunOptions,
  type RunState,
} from "../../runtime/index.js";
import { eulerPlan } from "../support/plans.js";

const plan = eulerPlan([4, 3, 2, 1, 0.5, 0], 0.3);
const model = gmmModel({
  weights: [1, 1],
  means: [
    [1, 1],
    [-1, 0],
  ],
  stds: [0.3, 0.2],
});

const options = (backend: Backend): RunOptions => ({
  backend,
  shape: [2],
  count: 3,
  seed: 9,
  firstSample: 4,
});

/** Runs on; stops after the step that reaches `until`. */
async function drive(run: Run, on: Model, until = Infinity): Promise<HostArray | RunState> {
  let event = await run.next();
  for (;;) {
    if (event.kind === "done") return event.results[0]!.read();
    if (event.kind === "step" && event.point === until) return run.saveState();
    event = await run.next(event.kind === "call" ? await on.evaluate(event.call) : undefined);
  }
}

describe.each(["reference", "cpu", "wasm"])("on %s", (name) => {
  test.each([0, 1, 3, 5])("a run saved after %d steps goes on to the same bytes", async (until) => {
    const backend = await openBackend(name);
    const run = new Run(plan, options(backend));
    const whole = (await drive(run, model)) as HostArray;
    run.dispose();

    const first = new Run(plan, options(backend));
    const state = (await drive(first, model, until)) as RunState;
    first.dispose();
    expect(backend.liveTensors()).toBe(0);

    const bytes = encodeState(state);
    expect(decodeState(bytes)).toEqual(state);
    const other = await openBackend(name);
    const second = new Run(plan, options(other), decodeState(bytes));
    expect(await drive(second, model)).toEqual(whole);
    expect(second.calls).toBe(5);
    second.dispose();
    expect(other.liveTensors()).toBe(0);
  });

  test("host-driven gives what sample gives", async () => {
    const backend = await openBackend(name);
    const run = new Run(plan, options(backend));
    const driven = await drive(run, model);
    run.dispose();
    const result = await sample(plan, {
      models: model,
      backend,
      shape: [2],
      count: 3,
      seed: 9,
      firstSample: 4,
    });
    expect(result.results[0]!.data).toEqual(driven);
    expect(backend.liveTensors()).toBe(0);
  });
});

describe("a saved state is refused", () => {
  const saved = async (): Promise<RunState> => {
    const run = new Run(plan, options(await openBackend("reference")));
    return (await drive(run, model, 2)) as RunState;
  };
  const other: Plan = eulerPlan([4, 3, 2, 1, 0.4, 0], 0.3);

  test.each<[string, Plan, Partial<RunOptions>]>([
    ["belongs to another plan", other, {}],
    ["its seed is 9", plan, { seed: 8 }],
    ["its shape is [3, 2]", plan, { count: 2 }],
    ["its first sample is 4", plan, { firstSample: 0 }],
  ])("where it %s", async (message, resumed, rest) => {
    const backend = await openBackend("reference");
    const state = await saved();
    expect(() => new Run(resumed, { ...options(backend), ...rest }, state)).toThrow(message);
    expect(backend.liveTensors()).toBe(0);
  });

  test.each([
    [(bytes: Uint8Array) => bytes.subarray(0, 5)],
    [(bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1)],
    [(bytes: Uint8Array) => bytes.map((byte, i) => (i === 20 ? byte ^ 0xff : byte))],
    [() => new TextEncoder().encode("dsamp-run-1\n\u0002\0\0\0{}")],
  ])("when its bytes are damaged %#", async (damage) => {
    const bytes = encodeState(await saved());
    expect(() => decodeState(damage(bytes))).toThrow("D0602");
  });
});

test("only between steps can a run be saved", async () => {
  const run = new Run(plan, options(await openBackend("reference")));
  await expect(run.saveState()).rejects.toThrow("after a 'step' event only");
  await run.next();
  await run.next();
  await expect(run.saveState()).rejects.toThrow("after a 'step' event only");
  run.dispose();
});

test("a run given up at a call frees everything", async () => {
  const backend = await openBackend("reference");
  const run = new Run(plan, options(backend));
  await run.next();
  expect((await run.next()).kind).toBe("call");
  expect(backend.liveTensors()).toBeGreaterThan(0);
  run.dispose();
  run.dispose();
  expect(backend.liveTensors()).toBe(0);
});

test("a call must be answered", async () => {
  const backend = await openBackend("reference");
  const run = new Run(plan, options(backend));
  await run.next();
  await run.next();
  await expect(run.next()).rejects.toThrow("D0603: step 0 of 5 (euler), call 0 of model 'model'");
  expect(backend.liveTensors()).toBe(0);
});

test("a model may answer with tensors of the backend, which change hands", async () => {
  const backend = await openBackend("reference");
  const resident = functionModel((_, __, call) => ({
    raw: call.state.backend.upload(new Float64Array(6), call.shape),
  }));
  const run = new Run(plan, options(backend));
  await drive(run, resident);
  run.dispose();
  expect(backend.liveTensors()).toBe(0);
});

test.each([
  ["its own input", "is a tensor of the run", (state: unknown) => ({ raw: state })],
  [
    "a tensor of another shape",
    "has shape [1, 2], the state has [3, 2]",
    (_: unknown, backend: Backend) => ({ raw: backend.upload(new Float64Array(2), [1, 2]) }),
  ],
])("%s is refused, and nothing is lost", async (_, message, answer) => {
  const backend = await openBackend("reference");
  const wrong = functionModel((__, ___, call) => answer(call.state.tensor, backend) as never);
  const run = new Run(plan, options(backend));
  await expect(drive(run, wrong)).rejects.toThrow(message);
  expect(backend.liveTensors()).toBe(0);
});
