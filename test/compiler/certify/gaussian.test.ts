// Moments on Gaussian data: exact one-step formulas, convergence, runs of the reference runtime, full covariances.

import { describe, expect, test } from "vitest";
import { NotDecidable } from "../../../compiler/certify/evaluateStep.js";
import {
  gaussianReport,
  propagateGaussian,
  type GaussianTarget,
} from "../../../compiler/certify/gaussian.js";
import { propagateCovariance, symmetricEigen } from "../../../compiler/certify/gaussianCovariance.js";
import { compile, type Compilation } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import type { Plan } from "../../../compiler/plan/schema.js";
import type { LoweredRun } from "../../../compiler/sampler/run.js";
import { gmmModel, openBackend, sample } from "../../../runtime/index.js";
import { dsamp } from "../../cli/terminal.js";
import { samplerOf, type SamplerParts } from "../lower/runs.js";

const compiled = (solver: string, parts: SamplerParts = {}): { run: LoweredRun; plan: Plan } => {
  const text = samplerOf(solver, parts);
  const { run, plan, diagnostics }: Compilation = compile({ host: memoryHost({}), file: "a.dsamp", text });
  if (!run || !plan) throw new Error(diagnostics.map((item) => item.message).join("\n"));
  return { run, plan };
};
const target: GaussianTarget = { mean: 0.5, variance: 0.25 };

test("one DDIM step is the formula of the paper, whatever the network predicts", () => {
  for (const predicts of ["eps", "x0", "v", "score"]) {
    const { run } = compiled("ddim", { predicts, steps: 1 });
    const [s, t] = run.sampler.grid;
    if (!s || !t) throw new Error("no grid");
    // x_t = alpha_t E[x0|x_s] + sigma_t (x_s - alpha_s E[x0|x_s])/sigma_s with x_s = sigma_s z.
    const gain = (s.alpha * target.variance) / (s.alpha ** 2 * target.variance + s.sigma ** 2);
    const ofX0 = t.alpha - (t.sigma * s.alpha) / s.sigma;
    const slope = t.sigma / s.sigma + ofX0 * gain;
    const mean = ofX0 * (target.mean - gain * s.alpha * target.mean);
    const end = propagateGaussian(run, target)[1];
    expect(end?.mean).toBeCloseTo(mean, 12);
    expect(end?.std).toBeCloseTo(slope * s.sigma, 12);
  }
});

test("data of one point are reached exactly by DDIM, and the start is what the sampler makes", () => {
  const { run } = compiled("ddim", { steps: 7 });
  const moments = propagateGaussian(run, { mean: 2, variance: 0 }, { start: "marginal" });
  run.sampler.grid.forEach((point, i) => {
    expect(moments[i]?.mean).toBeCloseTo(2 * point.alpha, 10);
    expect(moments[i]?.std).toBeCloseTo(point.sigma, 10);
  });
  const [start] = propagateGaussian(run, target);
  expect(start).toEqual({ mean: 0, std: run.sampler.grid[0]?.sigma });
});

describe("the error of the steps falls with the order of the rule", () => {
  const slopeOf = (solver: string): number => {
    const error = (steps: number): number =>
      Math.abs(gaussianReport(compiled(solver, { steps }).run, target).steps.std);
    return Math.log2(error(160) / error(320));
  };
  test.each([
    ["ddim", 1],
    ["dpmpp_2m", 2],
    ["dpm_solver_3", 3],
    ["sde_dpmpp_1", 1],
    ["sde_dpmpp_2m", 2],
  ])("%s: %i", (solver, order) => {
    expect(Math.abs(slopeOf(solver) - order)).toBeLessThan(0.15);
  });
});

describe("runs of the reference runtime have these moments", () => {
  const count = 20_000;
  test.each([
    ["dpmpp_2m", { steps: 5 }],
    ["sde_dpmpp_2m", { steps: 5 }],
    ["dpmpp_sde", { steps: 4 }],
    ["unipc", { steps: 6, predicts: "v" }],
    ["heun", { steps: 4, schedule: "edm", grid: "karras", predicts: "x0" }],
    ["euler_ancestral", { steps: 6, schedule: "flow", grid: "uniform_time", predicts: "flow" }],
    ["heavy_ball", { steps: 6 }],
  ])("%s", async (solver, parts: SamplerParts) => {
    const { run, plan } = compiled(solver, parts);
    const model = gmmModel({ weights: [1], means: [[target.mean]], stds: [Math.sqrt(target.variance)] });
    const { results } = await sample(plan, {
      models: model,
      backend: await openBackend("reference"),
      seed: 5,
      count,
    });
    const data = Float64Array.from(results[0]?.data ?? []);
    const mean = data.reduce((sum, x) => sum + x, 0) / count;
    const std = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count);
    const end = propagateGaussian(run, target).at(-1) ?? { mean: NaN, std: NaN };
    // Four standard errors of a mean and of a standard deviation; the seed is fixed.
    expect(Math.abs(mean - end.mean)).toBeLessThan((4 * end.std) / Math.sqrt(count));
    expect(Math.abs(std - end.std)).toBeLessThan((4 * end.std) / Math.sqrt(2 * count));
  });
});

describe("covariances", () => {
  test("eigenvectors put a symmetric matrix together again", () => {
    const matrix = [
      [4, 1, -2],
      [1, 3, 0.5],
      [-2, 0.5, 1],
    ];
    const { values, vectors } = symmetricEigen(matrix);
    matrix.forEach((row, i) =>
      row.forEach((entry, j) => {
        const sum = values.reduce(
          (s, v, k) => s + v * (vectors[k]?.[i] ?? NaN) * (vectors[k]?.[j] ?? NaN),
          0,
        );
        expect(sum).toBeCloseTo(entry, 12);
      }),
    );
  });

  test("a turned covariance gives the turned moments", () => {
    const { run } = compiled("dpmpp_2m");
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const [a, b] = [0.3, 0.02];
    const plain = [
      propagateGaussian(run, { mean: c * 1 + s * 2, variance: a }).at(-1),
      propagateGaussian(run, { mean: -s * 1 + c * 2, variance: b }).at(-1),
    ] as const;
    const end = propagateCovariance(run, {
      mean: [1, 2],
      covariance: [
        [c * c * a + s * s * b, c * s * (a - b)],
        [c * s * (a - b), s * s * a + c * c * b],
      ],
    });
    const [p, q] = plain;
    if (!p || !q) throw new Error("no moments");
    expect(end.mean[0]).toBeCloseTo(c * p.mean - s * q.mean, 10);
    expect(end.mean[1]).toBeCloseTo(s * p.mean + c * q.mean, 10);
    expect(end.covariance[0]?.[1]).toBeCloseTo(c * s * (p.std ** 2 - q.std ** 2), 10);
    expect(end.covariance[1]?.[1]).toBeCloseTo(s * s * p.std ** 2 + c * c * q.std ** 2, 10);
  });

  test("what is no covariance is refused", () => {
    const { run } = compiled("ddim");
    const covariance = [
      [1, 2],
      [2, 1],
    ];
    expect(() => propagateCovariance(run, { mean: [0, 0], covariance })).toThrow(RangeError);
    expect(() => propagateCovariance(run, { mean: [0], covariance })).toThrow(RangeError);
  });
});

test("rules whose weights depend on the sample are not decidable", () => {
  const { run } = compiled("ddim", { more: "guidance clip(1)" });
  expect(() => propagateGaussian(run, target)).toThrow(NotDecidable);
});

describe("dsamp check --gaussian", () => {
  const file = "examples/toy.dsamp";
  test("says the error in one line", async () => {
    const { stdout, code } = await dsamp(["check", file, "--gaussian", "0.5,1/4"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "    on N(0.5, 0.25): mean error -0.00356, std error 0.0703; of the steps alone: 0 and 0.0703\n",
    );
  });

  test("the same as numbers with --json", async () => {
    const { stdout } = await dsamp(["check", file, "--json", "--gaussian"]);
    const { gaussian } = JSON.parse(stdout).files[0].samplers[0];
    expect(gaussian.exact).toEqual({ mean: 0.5, std: 0.5 });
    expect(gaussian.total.std).toBeCloseTo(0.0703, 4);
  });

  test("a target that is none is wrong use", async () => {
    for (const value of ["1", "1,-1", "a,b", "1,2,3"]) {
      const { code, stderr } = await dsamp(["check", file, `--gaussian=${value}`]);
      expect([value, code]).toEqual([value, 2]);
      expect(stderr).toContain("--gaussian takes a mean and a variance");
    }
  });
});
