// Owns: that the certificate rejects wrong rules. Every coefficient of every scheme below is changed by a thousandth and
// has its sign turned, every prediction is read one step too early, and every prediction of an inner stage is made at a
// point a thousandth off: none of these keeps the order, but for those that are listed with the reason.

import { describe, expect, test } from "vitest";
import { agreement, localError } from "../../../compiler/certify/exactAlgebra.js";
import type { GridKind } from "../../../compiler/certify/gridSeries.js";
import { decided, isVerdict } from "../../../compiler/certify/order.js";
import { makeProblem, settled } from "../../../compiler/certify/problem.js";
import { branches, type Branch } from "../../../compiler/certify/setting.js";
import { mutants } from "./mutate.js";
import { settingOf } from "./subject.js";

/** The order of one step in the middle of a run; -1 for a rule that breaks. */
function orderOf(branch: Branch, grid: GridKind, limit: number): number {
  const found = decided(() => {
    const problem = makeProblem({ branch, family: "generic", grid, seed: 1, order: limit });
    const { rule, exact } = localError(settled(problem, limit));
    return agreement(problem.ring, rule, exact).order;
  });
  return isVerdict(found) ? -1 : found;
}

/** An evaluation that has a weight O(h^p) in a rule of order p may be read anywhere O(h) away. */
const weak = "its weight is O(h^p), and the prediction one step before differs by O(h)";
const sweeps = "where the sweeps begin; they make up for it";

type Free = Readonly<Record<string, string>>;
const first: Free = { "x[t]: call 1": weak };
const stage: Free = { "call 1: call 2": weak };
const second: Free = { "call 2: call 3": weak };

const all = (reason: string, ...where: readonly string[]): Free =>
  Object.fromEntries(where.map((at) => [at, reason]));
const gauss = all(sweeps, "x[t]: call 7", ...[1, 2, 3, 4, 5, 6].map((n) => `call ${n}: call 7`));
const radau = all(
  sweeps,
  "x[t]: call 5",
  "x[t]: call 3",
  ...[1, 2, 3, 4].map((n) => `call ${n}: call 5`),
  "coefficient of call 3: call 5",
  "sign of call 3: call 5",
);
const lobatto = all(
  sweeps,
  ...[3, 4, 5].map((n) => `call ${n}: call 7`),
  ...["call 5: call 3", "call 5: call 4", "call 6: call 4", "place of call 5: call 3"],
);

type Scheme = readonly [subject: string, order: number, free?: Free, grid?: GridKind];

const schemes: readonly Scheme[] = [
  ["ddim", 1, first],
  ["euler", 1, first],
  ["euler_rho", 1, first],
  ["dpm_solver_1", 1, first],
  ["dpm_solver_2(r1: 0.3)", 2, stage],
  ["dpm_solver_2(r1: 1/2)", 2, { "x[t]: call 2": weak, ...stage }],
  ["dpm_solver_2(r1: 1)", 2, stage],
  ["dpm_solver_3", 3, { "call 1: call 3": weak, "call 2: call 3": weak }],
  ["dpm_solver_2m", 2],
  ["dpm_solver_3m", 2],
  ["dpm_solver_3m_exact", 3],
  ["dpmpp_2s", 2, stage],
  ["dpmpp_2m", 2],
  ["dpmpp_2m_phi", 2],
  ["dpmpp_3m", 2],
  ["dpmpp_3m_exact", 3],
  ["dpmpp_3s", 3, { "call 1: call 3": weak, "call 2: call 3": weak }],
  ["heun", 2, stage],
  ["heun_rho", 2, stage],
  ["dpm_2", 2, { "x[t]: call 2": weak, "call 1: call 2": weak }],
  ["second_order", 2, { "x[t]: call 2": weak, "call 1: call 2": weak }],
  ["abnorsett(k: 1)", 1, first],
  ["abnorsett(k: 2)", 2],
  ["abnorsett(k: 3)", 3],
  ["abnorsett(k: 4)", 4],
  ["deis_rhoab(k: 1)", 1, first],
  ["deis_rhoab(k: 2)", 2],
  ["deis_rhoab(k: 3)", 3],
  ["deis_rhoab(k: 4)", 4],
  ["deis_tab(k: 1)", 1, first],
  ["deis_tab(k: 2)", 2],
  ["deis_tab(k: 3)", 3],
  ["deis_tab(k: 4)", 4],
  ["deis_log_rho(k: 3)", 3],
  ["lms(k: 1)", 1, first],
  ["lms(k: 2)", 2],
  ["lms(k: 3)", 3],
  ["lms(k: 4)", 4],
  ["unipc_p(p: 1)", 1, first],
  ["unipc_p(p: 2)", 2],
  ["unipc_p(p: 3)", 3],
  ["unipc(p: 1)", 2, { "call 1: :x0@0": weak }],
  ["unipc(p: 2)", 3],
  ["unipc(p: 3)", 4],
  ['unipc(p: 2, variant: "bh1")', 3],
  ["unipc_eps(p: 2)", 3],
  ["exp_adams(k: 2)", 3],
  ["rk4", 4, { "call 3: call 4": weak }],
  ["rho_kutta3", 3],
  ["dormand_prince", 5, { "call 2: :flow@0": weak }],
  ["etdrk2", 2, stage],
  ["etdrk4", 4],
  ["krogstad", 4],
  ["strehmel_weiner", 4, { "call 2: call 4": weak }],
  ["hochbruck_ostermann", 4, { "call 3: call 5": weak }],
  ["gauss4", 4, gauss],
  ["ralston", 2, stage],
  ["ralston3", 3, second],
  ["ssprk3", 3],
  ["houwen3", 3, second],
  ["bogacki_shampine", 3, { "call 2: :flow@0": weak }],
  ["butcher5", 5, { "call 2: call 6": weak }],
  ["etdrk3", 3],
  ["friedli", 4, { "call 2: call 4": weak }],
  ["lawson4", 4],
  ["radau3", 3, radau],
  ["lobatto4", 4, lobatto],
  ["gradient_estimation", 1, { ...first, "x[t]: :eps@1": weak }],
  ["heun_tableau", 2, stage],
  ["o_belm", 2],
  ["bdia", 2, {}, "smooth"],
  ["ipndm(k: 2)", 2, {}, "rho"],
  ["ipndm(k: 3)", 3, {}, "rho"],
  ["ipndm(k: 4)", 4, {}, "rho"],
  ["plms", 4, {}, "rho"],
  ["ghvb(k: 1)", 1, { ...first, "carry w: call 1": weak }, "rho"],
  ["ghvb(k: 2)", 2, {}, "rho"],
  ["ghvb(k: 3)", 3, {}, "rho"],
  ["ghvb(k: 4)", 4, {}, "rho"],
  ["heavy_ball", 1, { ...first, "carry v: call 1": weak }],
  ["nesterov", 1, { ...first, "carry v: call 1": weak }],
];

describe("the order survives no change of a coefficient, a sign or a node", () => {
  test.each(schemes.map((scheme) => [scheme[0], scheme] as const))("%s", (_, scheme) => {
    const [subject, order, free = {}, grid = "ratios"] = scheme;
    for (const branch of branches(settingOf(subject))) {
      expect(orderOf(branch, grid, order)).toBe(order);
      const made = [...mutants(branch)];
      expect(new Set(made.map((mutant) => mutant.kind)).size).toBeGreaterThanOrEqual(3);
      const alive = made.filter((mutant) => orderOf(mutant.branch, grid, order) >= order);
      expect(alive.map(({ kind, where }) => `${kind} of ${where}`).sort()).toEqual(
        Object.keys(free)
          .map((where) => (where.includes(" of ") ? where : `node of ${where}`))
          .sort(),
      );
    }
  });
});
