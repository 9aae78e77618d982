// The clean end: steps to sigma = 0, where coefficients are limits, and rules that have none.

import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import { dataPrediction, difference, run, samplerOf } from "./runs.js";

const toClean = { grid: "karras", steps: 5 };

describe("a step to sigma = 0", () => {
  test("ends at the data prediction", async () => {
    const { value, plan } = await run(samplerOf("ddim", toClean));
    const before = await run(
      samplerOf("ddim", {
        ...toClean,
        definitions: "grid early { rho[i] = lerp(rho[start]^(1/7), rho[end]^(1/7), i/4)^7  for i in 0 .. 4 }",
        grid: "early",
      }),
    );
    const last = plan.grid[4] as { alpha: number; sigma: number };
    expect(plan.grid[5]?.sigma).toBe(0);
    expect(value).toBeCloseTo(dataPrediction(before.value, last.alpha, last.sigma, false), 9);
  });

  test.each(["dpm_solver_1", "euler_rho", "sde_dpmpp_1(eta: 0)", "ddim_spelled_out"])(
    "%s has DDIM's limit",
    async (solver) => {
      expect(await difference(samplerOf(solver, toClean), samplerOf("ddim", toClean))).toBeLessThan(1e-9);
    },
  );

  test.each(["ddim(eta: 1)", "euler_ancestral", "ddpm"])(
    "%s adds no noise in the last step",
    async (solver) => {
      const draw =
        (last: number) =>
        ({ path, step }: { path: string; step: number }): number =>
          path === "initial" ? 0.5 : step === 4 ? last : 0.2;
      const [a, b] = [
        await run(samplerOf(solver, toClean), { draw: draw(0) }),
        await run(samplerOf(solver, toClean), { draw: draw(5) }),
      ];
      expect(Number.isFinite(a.value)).toBe(true);
      expect(a.value).toBe(b.value);
    },
  );

  test("renoise and jump between points at sigma = 0 and above", async () => {
    const mine = "solver mine { noise z\n step { x[t] = renoise(clean -> t, x0[s], noise: z) } }";
    const draw = ({ path }: { path: string }): number => (path === "initial" ? 0.5 : 3);
    const a = await run(samplerOf("mine", { ...toClean, definitions: mine }), { draw });
    const b = await run(samplerOf("consistency", toClean), {
      draw: ({ path }) => (path === "initial" ? 0.5 : 3),
    });
    expect(Number.isFinite(a.value)).toBe(true);
    expect(a.value).toBeCloseTo(b.value, 12);
  });
});

describe("rules without a limit", () => {
  const codes = (text: string): readonly string[] =>
    compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" }).diagnostics.map((item) => item.code);

  test("D0420 asks for a final rule", () => {
    expect(codes(samplerOf("dpmpp_2m", toClean))).toEqual(["D0420"]);
    expect(codes(samplerOf("dpmpp_2m", { ...toClean, more: "final ddim" }))).toEqual([]);
    expect(codes(samplerOf("dpmpp_2m"))).toEqual([]);
  });

  test("D0421: the network is not called at sigma = 0", () => {
    const mine =
      "solver mine { step { point e at t\n x[e] = ddim(s -> t)\n x[t] = alpha[t]*x0[e] + sigma[t]*eps[s] } }";
    expect(codes(samplerOf("mine", { ...toClean, predicts: "x0", definitions: mine }))).toEqual(["D0421"]);
  });
});
