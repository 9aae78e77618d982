// Measured orders of the library's deterministic rules, on VP, VE and flow alike: the distance from the exact flow of a
// mixture falls like steps^-order. The exact flow was integrated by another program, to 2e-13, in z = x/alpha over
// rho = sigma/alpha, where it is the same for every path (cases/README.md). Rules with history are started by a rule of
// high order, so that the slope is theirs.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { gmmModel, openBackend, sample } from "../../runtime/index.js";
import { compiled, distance } from "./harness.js";

interface Flow {
  readonly model: string;
  readonly points: readonly { readonly s: number; readonly z: readonly (readonly number[])[] }[];
}
interface Exact {
  readonly models: Readonly<Record<string, Parameters<typeof gmmModel>[0]>>;
  readonly flows: readonly Flow[];
}

const file = fileURLToPath(new URL("../conformance/cases/exact.json", import.meta.url));
const exact = JSON.parse(readFileSync(file, "utf8")) as Exact;
const [flow] = exact.flows as [Flow];
const at = (s: number): Float64Array =>
  Float64Array.from(flow.points.find((point) => point.s === s)!.z.flat());
const ends = { lambda: [5, 0.5], rho: [2, 0.5] } as const;
const model = gmmModel(exact.models[flow.model]!);

const paths = { vp: "vp_linear", ve: "edm", flow: "flow" };

/** Steps equal in lambda or in rho, well inside the interval of training. */
const grids = {
  lambda: "grid part { lambda[i] = lerp(-log(5), -log(0.5), i/steps)  for i in 0 .. steps }",
  rho: "grid part { rho[i] = lerp(2, 0.5, i/steps)  for i in 0 .. steps }",
};

type GridName = keyof typeof grids;
type PathName = keyof typeof paths;

/** How far the run ends from the exact flow. */
async function errorOf(path: PathName, solver: string, steps: number, grid: GridName): Promise<number> {
  const [from, to] = ends[grid];
  const { plan, reports } = compiled(`${grids[grid]}
let linear(r) = r
sampler measured {
  schedule ${paths[path]}
  model    predicts eps
  input    z: tensor
  init     x[start] = alpha[start]*z
  grid     part
  steps    ${steps}
  solver   ${solver}
  output   x[end]/alpha[end]
}`);
  if (!plan) throw new Error(reports.join("\n"));
  const { results } = await sample(plan, {
    models: model,
    backend: await openBackend("reference"),
    shape: [4],
    count: 3,
    inputs: { z: at(from) },
    noise: () => new Float64Array(12),
  });
  return distance(at(to), Float64Array.from(results[0]!.data));
}

interface Claim {
  readonly solver: string;
  readonly order: number;
  readonly grid?: GridName;
  /** Steps taken by a rule of order 4 while the history fills. */
  readonly ramp?: number;
  readonly paths?: readonly PathName[];
  /** Of the coarse run, where the slope sets in late. */
  readonly steps?: number;
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
  { solver: "dpmpp_3m", order: 2, ramp: 2, steps: 64 },
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
  { solver: "plms", order: 4, ramp: 3, grid: "rho", steps: 128 },
  { solver: "ghvb(k: 2)", order: 2, grid: "rho" },
  { solver: "bdia", order: 2, ramp: 1, grid: "rho" },
  { solver: "o_belm", order: 2 },
  { solver: "sde_dpmpp_1(eta: 0)", order: 1 },
  { solver: "sde_dpmpp_2m(eta: 0)", order: 2 },
  { solver: "sde_dpmpp_3m(eta: 0)", order: 2, ramp: 2, steps: 64 },
  { solver: "sa_solver(tau: 0, kp: 2, kc: 3)", order: 3, ramp: 2 },
  { solver: "dpmpp_2s_ancestral(eta: 0)", order: 2 },
  { solver: "dpmpp_sde(eta: 0)", order: 2 },
  { solver: "euler_ancestral(eta: 0)", order: 1 },
  { solver: "edm", order: 2 },
  { solver: "churned(base: dpm_2, S_churn: 0)", order: 2 },
  { solver: "dpm_2(r: 0.3)", order: 2 },
  { solver: "res_2s", order: 2 },
  { solver: "res_3s", order: 3 },
  { solver: "etdrk3", order: 3 },
  { solver: "etdrk4", order: 4 },
  { solver: "krogstad", order: 4 },
  { solver: "strehmel_weiner", order: 4 },
  { solver: "hochbruck_ostermann", order: 4 },
  { solver: "friedli", order: 4 },
  { solver: "minchev", order: 4 },
  { solver: "lawson4", order: 4 },
  { solver: "ralston", order: 2 },
  { solver: "bogacki_shampine", order: 3 },
  { solver: "ssprk3", order: 3 },
  { solver: "houwen3", order: 3 },
  { solver: "rho_kutta3", order: 3 },
  { solver: "dormand_prince", order: 5 },
  { solver: "butcher5", order: 5 },
  { solver: "gauss4", order: 4 },
  { solver: "radau3", order: 3 },
  { solver: "lobatto4", order: 4 },
  // Half-way in time is half-way in rho on VE.
  { solver: "prk", order: 2, paths: ["vp", "flow"] },
  { solver: "prk", order: 4, paths: ["ve"] },
  { solver: "pndm", order: 4, ramp: 3, grid: "rho", steps: 128 },
  { solver: "ipndm_v(k: 3)", order: 3, ramp: 2, grid: "rho" },
  { solver: "gradient_estimation", order: 1, ramp: 1 },
  { solver: "heunpp2", order: 1 },
  { solver: "res_multistep", order: 2, ramp: 1 },
  { solver: "seeds_2(eta: 0)", order: 2 },
  { solver: 'seeds_2(eta: 0, r: 1, flavour: "phi_2")', order: 2 },
  { solver: "seeds_3(eta: 0)", order: 3 },
  { solver: "sde_dpmpp_3m_exact(eta: 0)", order: 3, ramp: 2 },
  // Without noise of its own the law F(rho) = rho leaves the flow.
  { solver: "er_sde(k: 1, F: linear)", order: 1 },
  { solver: "er_sde(k: 2, F: linear)", order: 2, ramp: 1 },
  // The first difference belongs half-way between two points and is used as if it belonged to s.
  { solver: "er_sde(k: 3, F: linear)", order: 2, ramp: 2 },
  { solver: "dpm_2_ancestral(eta: 0)", order: 2 },
  { solver: "mrs(k: 3)", order: 3, ramp: 2 },
];

/** Steps of the coarse run; the fine one has twice as many. */
const coarse: Readonly<Record<number, number>> = { 1: 24, 2: 32, 3: 32, 4: 24, 5: 16 };

describe.each(Object.keys(paths) as PathName[])("measured orders on %s", (path) => {
  const here = claims.filter((claim) => claim.paths?.includes(path) !== false);
  test.each(here)(
    "$solver has order $order",
    async ({ solver, order, grid = "lambda", ramp, steps = coarse[order]! }) => {
      const rule = ramp === undefined ? solver : `rk4 while step < ${ramp} then ${solver}`;
      const [first, second] = [
        await errorOf(path, rule, steps, grid),
        await errorOf(path, rule, 2 * steps, grid),
      ];
      expect(second).toBeLessThan(order === 1 ? 0.05 : 5e-3);
      const slope = Math.log2(first / second);
      // With order 5 the fine error is 1e-10, and its leading term does not stand alone before.
      expect(Math.abs(slope - order)).toBeLessThan(order === 5 ? 0.6 : 0.25);
    },
  );
});
