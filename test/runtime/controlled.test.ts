// Error-controlled runs: they keep their tolerance on every kind of path, can be stopped anywhere, and end with a message
// when they do not get on. What the compiler refuses is refused by code.

import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { tabulate } from "../../compiler/link/tabulate.js";
import { tableValue } from "../../compiler/plan/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { verifyPlan } from "../../compiler/plan/verify.js";
import { gmmModel, openBackend, RunFailure, sample, type SampleResult } from "../../runtime/index.js";
import { mixture } from "../stdlib/harness.js";

const paths: Readonly<
  Record<string, { readonly schedule: string; readonly ends: readonly [number, number] }>
> = {
  vp_linear: { schedule: "vp_linear", ends: [1, 0.001] },
  edm: { schedule: "edm(sigma_min: 0.05, sigma_max: 40)", ends: [40, 0.05] },
  flow: { schedule: "flow", ends: [0.97, 0.02] },
  cosine: { schedule: "cosine_path", ends: [0.99, 0.01] },
  table: { schedule: "stable_diffusion", ends: [999, 0] },
};
const definitions = `schedule cosine_path {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)^1.5
}
grid two(first = 1, last = 0) { time = first; time = last }
grid indices(first = 1, last = 0) { index = first; index = last }
`;

const textOf = (path: string, solver: string, rest = ""): string => {
  const { schedule, ends } = paths[path]!;
  const grid = path === "table" ? "indices" : "two";
  return `${definitions}${rest}
sampler s {
  schedule ${schedule}
  model predicts eps
  grid ${grid}(first: ${ends[0]}, last: ${ends[1]})
  ${solver}
}`;
};

const planOf = (text: string): Plan => {
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "c.dsamp", text });
  if (!plan) throw new Error(diagnostics.map((item) => `${item.code} ${item.message}`).join("\n"));
  return plan;
};
const run = async (plan: Plan, count = 3): Promise<SampleResult> =>
  sample(plan, {
    models: gmmModel(mixture),
    backend: await openBackend("reference"),
    shape: [4],
    count,
    seed: 3,
  });
const distance = (a: SampleResult, b: SampleResult): number =>
  Math.max(...Array.from(a.results[0]!.data, (x, i) => Math.abs(x - b.results[0]!.data[i]!)));

describe.each(Object.keys(paths))("on %s", (path) => {
  const exactly = async (): Promise<SampleResult> => {
    const { schedule, ends } = paths[path]!;
    const grid = path === "table" ? "indices" : "two";
    // The same start, and 400 steps of a fourth-order rule.
    return run(
      planOf(`${definitions}
grid fine { lambda[i] = lerp(first_lambda, last_lambda, i/steps) for i in 0 .. steps }
let first_lambda = ${schedule.replace(/\(.*/, "")}${/\(.*\)/.exec(schedule)?.[0] ?? ""}.lambda(${grid === "indices" ? "index: " : ""}${ends[0]})
let last_lambda = ${schedule}.lambda(${grid === "indices" ? "index: " : ""}${ends[1]})
sampler s { schedule ${schedule}; model predicts eps; grid fine; steps 400; solver krogstad }`),
    );
  };

  test.each(["dpm_adaptive", "dpm_adaptive_pid", 'dpm_adaptive(prediction: "x0")', "adaptive_rk"])(
    "%s keeps its tolerance",
    async (rule) => {
      const exact = await exactly();
      const solver = (rtol: number): string =>
        `solver ${rule.includes("(") ? rule.replace(")", ", ") : `${rule}(`}rtol: ${rtol}, atol: ${rtol / 10})`;
      const errors: number[] = [];
      for (const rtol of [1e-2, 1e-4, 1e-6]) {
        const result = await run(planOf(textOf(path, solver(rtol))));
        errors.push(distance(result, exact));
        const [batch] = result.control;
        expect(batch!.lambdas.every((value, i, all) => i === 0 || value > all[i - 1]!)).toBe(true);
      }
      // The local error is controlled; over a run it adds up.
      expect(errors[0]).toBeLessThan(0.3);
      expect(errors[1]).toBeLessThan(3e-3);
      expect(errors[2]).toBeLessThan(3e-4);
      // The classical pair runs over the training index, and there a table has a kink at every entry: a smaller
      // tolerance gains little. The others integrate over lambda, in which the exact flow has none.
      if (path !== "table" || rule !== "adaptive_rk") expect(errors[2]).toBeLessThan(errors[0]! / 100);
    },
  );
});

test("a result may call the network once more, at the end", async () => {
  const result = await run(
    planOf(
      textOf("vp_linear", "solver dpm_adaptive\n  output x[end], alpha[end]*x0[end] + sigma[end]*eps[end]"),
    ),
  );
  const [x, again] = result.results;
  expect(again!.data.every((value, i) => Math.abs(value - x!.data[i]!) < 1e-12)).toBe(true);
});

test("steps that are refused leave no trace: a run in which many are is the run without them", async () => {
  const plan = planOf(textOf("vp_linear", "solver dpm_adaptive(h0: 3)"));
  const result = await run(plan);
  const [batch] = result.control;
  expect(batch!.attempts).toBeGreaterThan(batch!.lambdas.length);
  const grid = `grid visited { lambda[i] = points[i] for i in 0 .. ${batch!.lambdas.length - 1} }
let points = [${batch!.lambdas.join(", ")}]`;
  const replayed = await run(
    planOf(`${grid}
sampler s { schedule vp_linear; model predicts eps; grid visited; solver dpm_solver_3; final dpm_solver_3 }`),
  );
  expect(distance(result, replayed)).toBeLessThan(1e-11);
});

const own = (step: string, head = "carry h[start] = 0.5"): string =>
  textOf("vp_linear", "steps 50\n  solver mine", `solver mine {\n  ${head}\n  step {\n${step}\n  }\n}`);
const ddimTo = "point t at lambda = min(lambda[s] + h[s], lambda[end])\nx[t] = ddim(s -> t)\n";

test("without `accept` every step counts; a carried number may follow the step counter and the sample's own numbers", async () => {
  const plan = planOf(own(`${ddimTo}h[t] = where(step < 3, h[s]*2, h[s])`));
  const [batch] = (await run(plan)).control;
  const lengths = batch!.lambdas.slice(1).map((value, i) => value - batch!.lambdas[i]!);
  expect(lengths.slice(0, 4).map((x) => Number(x.toFixed(9)))).toEqual([0.5, 1, 2, 4]);
  expect(batch!.attempts).toBe(lengths.length);
});

describe("runs that do not get on", () => {
  const failure = async (step: string): Promise<string> => {
    const plan = planOf(own(step));
    const backend = await openBackend("reference");
    const error: unknown = await sample(plan, {
      models: gmmModel(mixture),
      backend,
      shape: [4],
      count: 2,
    }).catch((caught: unknown) => caught);
    expect(backend.meter.live).toBe(0);
    return error instanceof RunFailure ? `${error.diagnostic.code} ${error.diagnostic.message}` : "";
  };

  test("the largest number of attempts", async () => {
    expect(await failure(`${ddimTo}h[t] = 0.01`)).toMatch(
      /^D0708 attempt 49 \(mine\): the end is not reached/,
    );
  });
  test("a step backwards", async () => {
    expect(await failure(`${ddimTo}h[t] = h[s] - 1`)).toMatch(/^D0708 attempt 1 .*not be nearer/);
  });
  test("a step too far", async () => {
    expect(
      await failure("point t at lambda = lambda[s] + h[s]\nx[t] = ddim(s -> t)\nh[t] = 100*h[s]"),
    ).toMatch(/^D0708 attempt 1 .*beyond the end/);
  });
  test("a number that becomes NaN", async () => {
    expect(await failure(`${ddimTo}h[t] = sqrt(h[s] - 1)`)).toMatch(
      /^D0708 attempt 0 .*`h` would become NaN/,
    );
  });
});

describe("refused by the compiler", () => {
  test.each([
    ["accept without a point of its own", "x[t] = ddim(s -> t)\naccept 1 < 2 else { }", "D0210"],
    ["a number that differs from sample to sample", `${ddimTo}h[t] = norm(eps[s])`, "D0302"],
    ["history", "point t at lambda = lambda[s] + h[s]\nx[t] = x[s] + 0*x0[s-1]", "D0990"],
    ["a state in `else`", `${ddimTo}accept norm(x[t], per: batch) < 1 else { x[t] = x[s] }`, "D0305"],
    [
      "a place that needs a call",
      "point t at lambda = lambda[s] + norm(eps[s], per: batch)\nx[t] = ddim(s -> t)",
      "D0302",
    ],
    [
      "a branch on what only the run knows",
      `${ddimTo}when lambda[s] > 0 { h[t] = 1 } else { h[t] = 2 }`,
      "D0302",
    ],
    ["a first step beyond the end", "point t at lambda = lambda[s] + 100*h[s]\nx[t] = ddim(s -> t)", "D0401"],
    ["another name for s", "point s at lambda = 1\nx[t] = ddim(s -> t)", "D0305"],
  ])("%s", (_, step, code) => {
    const { diagnostics } = compile({ host: memoryHost({}), file: "c.dsamp", text: own(step) });
    expect(diagnostics.filter((item) => item.severity === "error").map((item) => item.code)).toContain(code);
  });

  test.each([
    [
      "an end at sigma = 0",
      "schedule edm; model predicts eps; grid karras; steps 1; solver dpm_adaptive",
      "D0422",
    ],
    [
      "a grid with points of its own",
      "schedule vp_linear; model predicts eps; grid log_snr; steps 9; solver dpm_adaptive",
      "D0401",
    ],
    ["a final rule", "schedule vp_linear; model predicts eps; solver dpm_adaptive; final ddim", "D0990"],
    [
      "as a start rule",
      "schedule vp_linear; model predicts eps; grid log_snr; steps 9; solver dpmpp_2m; start dpm_adaptive",
      "D0210",
    ],
    [
      "inside another rule",
      "schedule vp_linear; model predicts eps; grid log_snr; steps 9; solver churned(base: dpm_adaptive)",
      "D0305",
    ],
  ])("%s", (_, body, code) => {
    const { diagnostics } = compile({ host: memoryHost({}), file: "c.dsamp", text: `sampler s { ${body} }` });
    expect(diagnostics.filter((item) => item.severity === "error").map((item) => item.code)).toContain(code);
  });
});

describe("plans", () => {
  const plan = planOf(textOf("table", "solver dpm_adaptive"));
  const broken = (change: (control: Record<string, unknown>) => void): Plan => {
    const copy = structuredClone(plan) as unknown as { control: Record<string, unknown> };
    change(copy.control);
    return copy as unknown as Plan;
  };

  test("pass the verifier as the compiler makes them", () => {
    expect(() => verifyPlan(plan)).not.toThrow();
  });

  test.each<[string, (control: Record<string, unknown>) => void]>([
    ["a node out of range", (c) => (c["next"] = 1e6)],
    ["a number needed too early", (c) => (c["next"] = c["accept"])],
    ["values for variables that are not there", (c) => (c["accepted"] = [])],
    ["an attempt that is not undone", (c) => (c["undo"] = plan.init.program)],
    ["a table that does not rise", (c) => ((c["tables"] as { ends: number[] }[])[0]!.ends[1] = -1e9)],
    ["a row of another length", (c) => (c["scalars"] = [])],
  ])("%s: D0503", (_, change) => {
    expect(() => verifyPlan(broken(change))).toThrow(/D0503/);
  });
});

test("tables are as exact as float64 allows, with and without kinks", () => {
  const kinked = (x: number): number => Math.abs(x - 0.3) + Math.exp(x);
  const cases = [
    { f: (x: number) => Math.exp(-3 * x) * (2 + Math.sin(5 * x)), kinks: [] },
    { f: kinked, kinks: [0.3] },
  ];
  for (const { f, kinks } of cases) {
    const table = tabulate(f, -2, 3, kinks);
    for (let i = 0; i <= 1000; i += 1) {
      const x = -2 + i / 200;
      expect(Math.abs(tableValue(table, x) / f(x) - 1)).toBeLessThan(2e-14);
    }
    expect(tableValue(table, 3.1)).toBeNaN();
  }
});
