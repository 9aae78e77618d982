// Owns: that the certificate rejects wrong rules with noise. Every coefficient of every scheme below is changed by a
// thousandth and has its sign turned, every prediction is read one step too early, and every prediction of an inner stage
// is made at a point a thousandth off: none of these keeps the weak order, but for those that are listed with the reason.

import { expect, test } from "vitest";
import { branches, type Branch, type Setting } from "../../../compiler/certify/setting.js";
import { weakOrderOfBranch } from "../../../compiler/certify/weak.js";
import { mutants } from "./mutate.js";
import { settingOf } from "./subject.js";

/** The weak order of a branch; -1 for a rule that breaks. */
function weakOrder(setting: Setting, branch: Branch, limit: number): number {
  const verdict = weakOrderOfBranch(branch, { setting, grid: "ratios", limit });
  return verdict.kind === "order" ? verdict.order : -1;
}

type Free = Readonly<Record<string, string>>;
const symmetric: Free = { "sign of x[t]: draw z normal #0": "a normal draw has the law of its negative" };
const stage =
  "the stage feeds a prediction with a weight of O(h), and the change moves that prediction by O(h) in the mean";

type Scheme = readonly [subject: string, order: number, free?: Free];

const schemes: readonly Scheme[] = [
  ["euler_maruyama", 1, symmetric],
  ["reverse_diffusion", 1, symmetric],
  ["ddpm", 1, symmetric],
  ["ddim(eta: 1)", 1, symmetric],
  ["euler_ancestral", 1, symmetric],
  ["sde_dpmpp_1", 1, symmetric],
  ["sde_dpmpp_1(eta: 0.5)", 1, symmetric],
  [
    "dpmpp_2s_ancestral",
    1,
    {
      "sign of x[t]: draw ancestral/z normal #0": "a normal draw has the law of its negative",
      "coefficient of call 1: call 2": stage,
      "sign of call 1: call 2": stage,
      "node of x[t]: call 1": stage,
      "place of x[t]: call 1": stage,
    },
  ],
  [
    "sa_solver(kp: 1, kc: 1)",
    1,
    {
      ...symmetric,
      "coefficient of call 1: :x0@0": stage,
      "sign of call 1: :x0@0": stage,
      "coefficient of call 1: draw z normal #0":
        "the variance of the stage changes by O(h), and counts with a weight of O(h)",
      "sign of call 1: draw z normal #0": "it correlates with the noise of x[t], which counts from order 2",
      "node of x[t]: call 1": stage,
    },
  ],
  ["er_sde(k: 1)", 1, symmetric],
  ["sde_dpmpp_2m", 2, symmetric],
  ['sde_dpmpp_2m(flavour: "heun")', 2, symmetric],
  ["dpmpp_sde", 2],
  ["dpmpp_sde(r: 1/3)", 2],
  [
    "sa_solver(kp: 2, kc: 2)",
    2,
    {
      "node of call 1: :x0@0":
        "in the predictor, where its weight is O(h) and the prediction differs by O(h)",
    },
  ],
  ["er_sde(k: 2)", 2, symmetric],
];

test.each(schemes.map((scheme) => [scheme[0], scheme] as const))("%s", (_, [subject, order, free = {}]) => {
  const setting = settingOf(subject);
  for (const branch of branches(setting)) {
    expect(weakOrder(setting, branch, order)).toBe(order);
    const made = [...mutants(branch)];
    const alive = made.filter((mutant) => weakOrder(setting, mutant.branch, order) >= order);
    expect(new Set(made.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(3);
    expect(alive.map(({ kind, where }) => `${kind} of ${where}`).sort()).toEqual(Object.keys(free).sort());
  }
});
