// Measured orders of the library's deterministic rules: the error against a fine solution falls like steps^-order, and
// every rule converges to the same solution. Rules with history are started by a rule of high order, so that the slope
// is theirs.

import { describe, expect, test } from "vitest";
import { distance, run } from "./harness.js";

/** Steps equal in lambda or in rho, well inside the interval of training. */
const grids = {
  lambda: "grid part { lambda[i] = lerp(-2, 2, i/steps)  for i in 0 .. steps }",
  rho: "grid part { rho[i] = lerp(4, 0.3, i/steps)  for i in 0 .. steps }",
};

type GridName = keyof typeof grids;

const text = (solver: string, steps: number, grid: GridName): string => `${grids[grid]}
sampler measured {
  schedule vp_linear
  model    predicts eps
  grid     part
  steps    ${steps}
  solver   ${solver}
}`;

interface Claim {
  readonly solver: string;
  readonly order: number;
  readonly grid?: GridName;
  /** Steps taken by a rule of order 4 while the history fills. */
  readonly ramp?: number;
}

const claims: readonly Claim[] = [
  { solver: "ddim", order: 1 },
  { solver: "ddim_spelled_out", order: 1 },
  { solver: "euler", order: 1 },
  { solver: "euler_rho", order: 1 },
  { solver: "dpm_solver_1", order: 1 },
  { solver: "heun", order: 2 },
  { solver: "heun_rho", order: 2 },
  { solver: "second_order", order: 2 },
  { solver: "second_order(c: 2/3)", order: 2 },
  { solver: "rk4", order: 4 },
  { solver: "dpm_2", order: 2 },
  { solver: "dpm_solver_2", order: 2 },
  { solver: 'dpm_solver_2(r1: 0.4, flavour: "taylor")', order: 2 },
  { solver: "dpm_solver_3", order: 3 },
  { solver: 'dpm_solver_3(r1: 0.4, flavour: "taylor")', order: 3 },
  { solver: 'dpm_solver_3(r2: 0.8, flavour: "taylor")', order: 2 },
  { solver: "dpm_solver_3(r2: 1/2)", order: 2 },
  { solver: "dpm_solver_2m", order: 2, ramp: 1 },
  { solver: 'dpm_solver_2m(flavour: "taylor")', order: 2, ramp: 1 },
  { solver: "dpm_solver_3m", order: 2, ramp: 2 },
  { solver: "dpm_solver_3m_exact", order: 3, ramp: 2 },
  { solver: "dpmpp_2s", order: 2 },
  { solver: 'dpmpp_2s(r: 0.3, flavour: "taylor")', order: 2 },
  { solver: "dpmpp_3s", order: 3 },
  { solver: 'dpmpp_3s(r1: 0.2, flavour: "taylor")', order: 3 },
  { solver: "dpmpp_2m", order: 2 },
  { solver: "dpmpp_2m_phi", order: 2 },
  { solver: "dpmpp_3m", order: 2, ramp: 2 },
  { solver: "dpmpp_3m_exact", order: 3, ramp: 2 },
  { solver: "abnorsett(k: 4)", order: 4, ramp: 3 },
  { solver: "exp_adams(k: 2)", order: 3, ramp: 2 },
  { solver: "exp_adams(k: 2, again: 1)", order: 3, ramp: 2 },
  { solver: "unipc(p: 1)", order: 2 },
  { solver: "unipc(p: 2)", order: 3, ramp: 2 },
  { solver: 'unipc(p: 2, variant: "bh1")', order: 3, ramp: 2 },
  { solver: "unipc(p: 3, again: 1)", order: 4, ramp: 3 },
  { solver: "unipc_p(p: 2)", order: 2, ramp: 1 },
  { solver: "unipc_p(p: 3)", order: 3, ramp: 2 },
  { solver: "unipc_eps(p: 2)", order: 3, ramp: 2 },
  { solver: "unipc_eps_p(p: 2)", order: 2, ramp: 1 },
  { solver: "lms(k: 3)", order: 3, ramp: 2 },
  { solver: "lms", order: 4, ramp: 3 },
  { solver: "deis_tab(k: 3)", order: 3, ramp: 2 },
  { solver: "deis_rhoab(k: 2)", order: 2, ramp: 1 },
  { solver: "deis_log_rho", order: 3, ramp: 2 },
  { solver: "ipndm(k: 3)", order: 3, ramp: 2, grid: "rho" },
  { solver: "ipndm(k: 3)", order: 2, ramp: 2, grid: "lambda" },
  { solver: "plms", order: 4, ramp: 3, grid: "rho" },
  { solver: "ghvb(k: 2)", order: 2, grid: "rho" },
  { solver: "bdia", order: 2, ramp: 1, grid: "rho" },
  { solver: "o_belm", order: 2 },
  { solver: "sde_dpmpp_1(eta: 0)", order: 1 },
  { solver: "sde_dpmpp_2m(eta: 0)", order: 2 },
  { solver: "sde_dpmpp_3m(eta: 0)", order: 2, ramp: 2 },
  { solver: "sa_solver(tau: 0, kp: 2, kc: 3)", order: 3, ramp: 2 },
  { solver: "dpmpp_2s_ancestral(eta: 0)", order: 2 },
  { solver: "dpmpp_sde(eta: 0)", order: 2 },
  { solver: "euler_ancestral(eta: 0)", order: 1 },
  { solver: "edm", order: 2 },
  { solver: "churned(base: dpm_2, S_churn: 0)", order: 2 },
];

const solutions = new Map<GridName, Promise<Float64Array>>();
const solution = (grid: GridName): Promise<Float64Array> => {
  const known = solutions.get(grid) ?? run(text("rk4", 400, grid), { count: 2 });
  solutions.set(grid, known);
  return known;
};

describe("measured orders", () => {
  test("the reference solution is that of an unrelated rule", async () => {
    const other = await run(text("dpmpp_3s", 500, "lambda"), { count: 2 });
    expect(distance(await solution("lambda"), other)).toBeLessThan(1e-7);
  });

  test.each(claims)("$solver has order $order", async ({ solver, order, grid = "lambda", ramp }) => {
    const exact = await solution(grid);
    const rule = ramp === undefined ? solver : `rk4 while step < ${ramp} then ${solver}`;
    const sizes = order === 4 ? [64, 128] : order === 3 ? [32, 64] : [48, 96];
    const errors: number[] = [];
    for (const steps of sizes) errors.push(distance(exact, await run(text(rule, steps, grid), { count: 2 })));
    const [coarse, fine] = errors as [number, number];
    expect(fine).toBeLessThan(order === 1 ? 0.05 : 5e-3);
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.25);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.25);
  });
});
