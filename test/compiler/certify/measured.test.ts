// Owns: that the slopes measured on the published implementations (test/conformance/cases/orders.json) lie where the
// certificates put them: between the order of the run, which the order of start and end steps may limit, and the order
// of the rule. The rest is listed with the reason.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { orderCertificate, runOrder } from "../../../compiler/certify/order.js";
import type { GridKind } from "../../../compiler/certify/gridSeries.js";
import { settingOf } from "./subject.js";

interface Row {
  readonly source: string;
  readonly solver: string;
  readonly grid: string;
  readonly empirical_order: number;
}

const cases = new URL("../../conformance/cases/orders.json", import.meta.url);
const { rows } = JSON.parse(readFileSync(cases, "utf8")) as { readonly rows: readonly Row[] };

interface Match {
  readonly subject: string;
  readonly grid?: GridKind;
  /** Orders of the steps at the end of the run, where they are lower. */
  readonly ends?: readonly number[];
}

/** Rules by the names of the tools; `$1` and so on are groups of the pattern. */
const rules: readonly (readonly [pattern: RegExp, match: Match])[] = [
  [/^k-diffusion sample_euler /, { subject: "euler" }],
  [/^k-diffusion sample_heun /, { subject: "heun" }],
  [/^k-diffusion sample_dpm_2 /, { subject: "dpm_2" }],
  [/^k-diffusion sample_dpmpp_2m /, { subject: "dpmpp_2m" }],
  [/^k-diffusion sample_lms order=(\d)/, { subject: "lms(k: $1)" }],
  [/^k-diffusion sample_dpmpp_2s_ancestral/, { subject: "dpmpp_2s_ancestral(eta: 0)" }],
  [/^k-diffusion sample_dpmpp_sde/, { subject: "dpmpp_2s" }],
  [/^k-diffusion sample_dpmpp_2m_sde (\w+)/, { subject: 'sde_dpmpp_2m(flavour: "$1", eta: 0)' }],
  [/^k-diffusion sample_dpmpp_3m_sde/, { subject: "sde_dpmpp_3m(eta: 0)" }],
  [/^k-diffusion sample_dpm_fast .*n%3==0/, { subject: "dpm_solver_3", ends: [2, 1] }],
  [/^k-diffusion sample_dpm_fast .*n%3==1/, { subject: "dpm_solver_3", ends: [1] }],
  [/^k-diffusion sample_dpm_fast .*n%3==2/, { subject: "dpm_solver_3", ends: [2] }],
  [/^dpm-solver dpmsolver\S* \w+ order=1 /, { subject: "dpm_solver_1" }],
  [/^dpm-solver dpmsolver multistep order=2 (\w+)/, { subject: 'dpm_solver_2m(flavour: "$1")' }],
  [/^dpm-solver dpmsolver multistep order=3 /, { subject: "dpm_solver_3m" }],
  [/^dpm-solver dpmsolver singlestep order=2 (\w+)/, { subject: 'dpm_solver_2(flavour: "$1")' }],
  [/^dpm-solver dpmsolver singlestep order=3 \w+ /, { subject: "dpm_solver_3", ends: [2, 1] }],
  [/^dpm-solver dpmsolver singlestep_fixed order=3/, { subject: "dpm_solver_3" }],
  [/^dpm-solver dpmsolver\+\+ multistep order=2 dpmsolver/, { subject: "dpmpp_2m" }],
  [/^dpm-solver dpmsolver\+\+ multistep order=2 taylor/, { subject: "dpmpp_2m_phi" }],
  [/^dpm-solver dpmsolver\+\+ multistep order=3 /, { subject: "dpmpp_3m" }],
  [/^dpm-solver dpmsolver\+\+ singlestep order=2 (\w+)/, { subject: 'dpmpp_2s(flavour: "$1")' }],
  [/^dpm-solver dpmsolver\+\+ singlestep order=3 \w+ /, { subject: "dpmpp_3s", ends: [2, 1] }],
  [/^dpm-solver dpmsolver\+\+ singlestep_fixed order=3/, { subject: "dpmpp_3s" }],
  [/^UniPC (bh\d) data_prediction order=(\d) .*=False/, { subject: 'unipc(p: $2, variant: "$1")' }],
  [/^UniPC (bh\d) noise_prediction order=(\d) .*=False/, { subject: 'unipc_eps(p: $2, variant: "$1")' }],
  [/^UniPC bh2 data_prediction order=3 .*=True/, { subject: "unipc(p: 3)", ends: [3, 1] }],
  [/^SA-Solver few_steps tau=0 predictor=(\d) corrector=0/, { subject: "abnorsett(k: $1)" }],
  [
    /^SA-Solver few_steps tau=0 predictor=(\d) corrector=([1-9])/,
    { subject: "sa_solver(tau: 0, kp: $1, kc: $2)", ends: [1] },
  ],
  [
    /^diffusers SASolver tau=0 predictor=(\d) corrector=(\d)/,
    { subject: "sa_solver(tau: 0, kp: $1, kc: $2)" },
  ],
  [/^diff-sampler deis tab max_order=(\d)/, { subject: "deis_tab(k: $1)" }],
  [/^diff-sampler deis rhoab max_order=(\d) \(/, { subject: "deis_rhoab(k: $1)" }],
  [/^diff-sampler ipndm max_order=(\d)/, { subject: "ipndm(k: $1)", grid: "smooth" }],
  [/^NVlabs\/edm (edm_sampler|ablation heun (edm|vp|ve))/, { subject: "heun" }],
  [/^NVlabs\/edm ablation euler/, { subject: "euler" }],
  [/^NVlabs\/edm ablation heun alpha=0.5/, { subject: "second_order(c: 1/2)" }],
  [/^diffusers (EulerDiscrete|EDMEuler|FlowMatchEulerDiscrete)/, { subject: "euler" }],
  [/^diffusers HeunDiscrete/, { subject: "heun" }],
  [/^diffusers KDPM2Discrete/, { subject: "dpm_2" }],
  [/^diffusers LMSDiscrete/, { subject: "lms(k: 4)" }],
  [/^diffusers DDIM /, { subject: "ddim" }],
  [/^diffusers (EDM)?DPMSolver\w+ .*order=1/, { subject: "ddim" }],
  [/^diffusers DPMSolverMultistep dpmsolver\+\+ midpoint order=2/, { subject: "dpmpp_2m" }],
  [/^diffusers DPMSolverMultistep dpmsolver\+\+ heun order=2/, { subject: "dpmpp_2m_phi" }],
  [/^diffusers DPMSolverMultistep dpmsolver midpoint order=2/, { subject: "dpm_solver_2m" }],
  [/^diffusers DPMSolverMultistep dpmsolver heun order=2/, { subject: 'dpm_solver_2m(flavour: "taylor")' }],
  [/^diffusers DPMSolverMultistep dpmsolver\+\+ \w+ order=3/, { subject: "dpmpp_3m" }],
  [/^diffusers DPMSolverMultistep dpmsolver \w+ order=3/, { subject: "dpm_solver_3m" }],
  [/^diffusers EDMDPMSolverMultistep order=2/, { subject: "dpmpp_2m" }],
  [/^diffusers EDMDPMSolverMultistep order=3/, { subject: "dpmpp_3m" }],
  [/^diffusers DPMSolverSinglestep order=2/, { subject: "dpmpp_2s" }],
  [/^diffusers DPMSolverSinglestep order=3/, { subject: "dpmpp_3s" }],
  [/^diffusers UniPCMultistep (bh\d) order=(\d)/, { subject: 'unipc(p: $2, variant: "$1")' }],
  [/^diffusers DEISMultistep order=(\d)/, { subject: "deis_log_rho(k: $1)" }],
];

/** Rows that no range explains, and why. */
const explained: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /singlestep order=3 dpmsolver, time_uniform|dpmsolver\+\+ (singlestep order=2|\w+ order=3) dpmsolver, time_uniform/,
    "near t = 0 the steps in lambda are of order one on this grid: 320 calls are before the asymptotic range",
  ],
  [
    /diffusers (DEISMultistep order=3|SASolver tau=0 predictor=3)/,
    "before the asymptotic range: our run of the rule has 3.7 from 80 to 160 steps, and 2.9 from 1280 to 2560",
  ],
  [/PNDM/, "steps of order one in lambda near the end, whose error is of first order in the number of steps"],
  [/adaptive/, "the slope is in the tolerance, not in the step"],
  [/vary_coeff/, "the published rule of this variant is not in the library"],
  [
    /as shipped \(stale coefficients\)/,
    "the shipped code reuses coefficients of another grid: no rule of any order",
  ],
];

/** How far a slope over 20 to 320 steps may be from its limit. */
const slack = 0.16;

function matchOf(row: Row): Match | undefined {
  const name = `${row.source} ${row.solver} ${row.grid}`;
  for (const [pattern, match] of rules) {
    const groups = pattern.exec(name);
    if (groups)
      return {
        ...match,
        subject: match.subject.replace(/\$(\d)/g, (_, n: string) => groups[Number(n)] ?? ""),
      };
  }
  return undefined;
}

const nameOf = (row: Row): string => `${row.source} ${row.solver}, ${row.grid}`;
const reasonOf = (row: Row): string | undefined =>
  explained.find(([pattern]) => pattern.test(nameOf(row)))?.[1];

const ranges = new Map<string, readonly [number, number]>();
/** The orders between which a slope may lie. */
function rangeOf({ subject, grid = "ratios", ends = [] }: Match): readonly [number, number] {
  const key = `${subject} ${grid} ${ends.join()}`;
  let known = ranges.get(key);
  if (!known) {
    const setting = settingOf(subject);
    const certificate = orderCertificate(setting, { limit: 5 });
    const top = certificate.orders[grid] ?? certificate.orders.ratios ?? -1;
    const low = Math.min(runOrder(certificate, setting, grid) ?? -1, ...ends.map((order) => order + 1));
    ranges.set(key, (known = [low, top]));
  }
  return known;
}

describe("measured slopes", () => {
  test.each(rows.map((row) => [nameOf(row), row] as const))("%s", (_, row) => {
    const match = matchOf(row);
    const agrees = (): boolean => {
      if (!match) return false;
      const [low, top] = rangeOf(match);
      return row.empirical_order >= low - slack && row.empirical_order <= top + slack;
    };
    if (reasonOf(row) !== undefined) expect(agrees(), "explained without need").toBe(false);
    else {
      expect(match, "no rule for this row").toBeDefined();
      const [low, top] = rangeOf(match as Match);
      expect(row.empirical_order).toBeGreaterThanOrEqual(low - slack);
      expect(row.empirical_order).toBeLessThanOrEqual(top + slack);
    }
  });
});
