// The library as files: each parses, is listed with exactly the names it defines, says what it is and where it comes
// from, and compiles. What a solver computes is the business of order.test.ts and of the recorded runs.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { SourceFile } from "../../compiler/source/file.js";
import { parse } from "../../compiler/syntax/parse.js";
import { library, libraryPrefix } from "../../stdlib/index.js";
import { compiled, distance, run, runInPieces } from "./harness.js";

const files = Object.entries(library);
const named = (kind: string): string[] =>
  files.flatMap(([, { names }]) =>
    names.filter((name) => name.startsWith(`${kind} `)).map((name) => name.slice(kind.length + 1)),
  );

describe("files", () => {
  test("the list holds every file of the folder and no other", () => {
    const root = fileURLToPath(new URL("../../stdlib", import.meta.url));
    const found = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.endsWith(".dsamp"))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(root.length + 1)
          .replaceAll("\\", "/"),
      );
    expect(files.map(([file]) => file.slice(libraryPrefix.length)).sort()).toEqual(found.sort());
  });

  test.each(files)("%s parses and defines what the list says", (file, { names, text }) => {
    const { tree, diagnostics } = parse(new SourceFile(file, text));
    expect(diagnostics).toEqual([]);
    const defined = tree.items.flatMap((item) =>
      item.kind === "Definition"
        ? [`${item.sort} ${item.name.text}`]
        : item.kind === "Let" || item.kind === "Table"
          ? [`let ${item.name.text}`]
          : [],
    );
    expect(defined).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
  });

  test.each(files)("%s is named after what it defines, in a folder of its kind", (file, { names }) => {
    const [folder, ...rest] = file.slice(libraryPrefix.length).split("/");
    const name = (rest.at(-1) ?? "").replace(".dsamp", "");
    const kind = folder === "common" ? "let" : (folder ?? "").replace(/s$/, "");
    expect(names).toContain(`${kind} ${name}`);
  });

  test.each(files)("%s opens with a comment", (_, { text }) => {
    expect(text.startsWith("/// ")).toBe(true);
  });

  test("no name stands twice in one kind", () => {
    const all = files.flatMap(([, { names }]) => names);
    expect(new Set(all).size).toBe(all.length);
  });
});

/** Grids that stop above zero, so that rules without a `final` line can take them. */
const paths = {
  vp: { schedule: "vp_linear", grid: "log_snr" },
  ve: { schedule: "edm", grid: "inner" },
  flow: { schedule: "flow", grid: "given_times(times: [0.97, 0.8, 0.65, 0.45, 0.3, 0.1])" },
};
const inner = "grid inner { rho[i] = lerp(40^0.25, 0.05^0.25, i/steps)^4  for i in 0 .. steps }";

/** What a solver needs beside a schedule: a network with more inputs or outputs, or a place inside another solver. */
const special: Readonly<Record<string, string>> = {
  ddpm_variance: 'ddpm_variance(kind: "large")',
  langevin_corrector: "predictor_corrector",
  up_or: "up_or(base: ddim)",
};

/** Rules for time that runs towards the data, and for reversed grids. */
const elsewhere = new Set(["interpolant_em", "fixed_point_inversion"]);

/** Rules that place their own points. */
const adaptive = new Set(["dpm_adaptive", "dpm_adaptive_pid", "adaptive_rk"]);

/** Parameters other than the defaults: orders, stages, noise, flavours, bases. */
const variants = [
  "ddim(eta: 0.4, s_noise: 1.1)",
  'ddpm_variance(kind: "small")',
  "second_order(c: 0.8)",
  "dpm_2(r: 0.3)",
  'dpm_solver_2(r1: 0.4, flavour: "taylor")',
  "dpm_solver_3(r1: 0.25, r2: 0.7)",
  'dpmpp_3s(r1: 0.2, flavour: "taylor")',
  "abnorsett(k: 4)",
  "exp_adams(k: 3, again: 1)",
  'unipc(p: 2, variant: "bh1", again: 1)',
  "unipc_eps(p: 4)",
  "er_sde(k: 2, s_noise: 0.9)",
  "lms(k: 3)",
  "ipndm_v(k: 3)",
  "deis_tab(k: 2)",
  "gradient_estimation(gamma: 1.5)",
  "ancestral(base: dpmpp_2s, eta: 0.7)",
  "churned(base: dpm_2, S_churn: 3, S_min: 0.1, S_noise: 1.01)",
  "dpm_2_ancestral(eta: 1.4)",
  "dpmpp_sde(eta: 0.6, r: 0.4)",
  "res_multistep(eta: 0.5)",
  "sa_solver(tau: 0.6, kp: 2, kc: 3, again: 1)",
  'sa_solver_window(lo: 0.3, hi: 5, level: "end")',
  'sde_dpmpp_2m(flavour: "heun", eta: 0.5)',
  "sde_dpmpp_3m_exact(eta: 0.7)",
  'seeds_2(r: 0.7, flavour: "phi_2", eta: 0.5)',
  "ghvb(k: 3, b: 0.6)",
  "edict(p: 0.9)",
];

const textOf = (solver: string, path: keyof typeof paths): string => {
  const { schedule, grid } = paths[path];
  const places = path === "flow" ? "grid given_times(times: [0.97, 0.1])" : "";
  return `${inner}
sampler small {
  schedule ${schedule}
  model    predicts x0
  ${adaptive.has(solver) ? places : `grid ${grid}\n  steps 5`}
  solver   ${special[solver] ?? solver}
}`;
};

describe("solvers", () => {
  const solvers = named("solver").filter((name) => !elsewhere.has(name));

  test.each(solvers)("%s runs on VP, VE and flow", async (solver) => {
    for (const path of ["vp", "ve", "flow"] as const) {
      const states = await run(textOf(solver, path));
      expect(states).toHaveLength(12);
      expect(states.every((value) => Number.isFinite(value) && Math.abs(value) < 100)).toBe(true);
    }
  });

  /** A batch-wide step length is part of these rules. */
  const coupled = new Set(["langevin_corrector", "predictor_corrector", ...adaptive]);

  /** Each solver on one path with its defaults, in turn, and the variants on all. */
  const names = Object.keys(paths) as (keyof typeof paths)[];
  const turns = solvers.map((solver, i) => [solver, names[i % 3]!] as const);
  const varied = variants.flatMap((solver) => names.map((path) => [solver, path] as const));
  const independent = [...turns.filter(([solver]) => !coupled.has(solver)), ...varied];

  test.each(independent)("%s on %s does not depend on the batch", async (solver, path) => {
    const text = textOf(solver, path);
    expect(distance(await run(text, { count: 5 }), await run(text, { count: 5, batch: 2 }))).toBe(0);
  });

  test.each([...turns, ...varied])(
    "%s on %s can be stopped and resumed after every step",
    async (solver, path) => {
      const text = textOf(solver, path);
      expect(distance(await run(text), await runInPieces(text))).toBe(0);
    },
  );

  test("the coupled rules say so", () => {
    expect(compiled(textOf("predictor_corrector", "vp")).reports.join()).toContain("D0303");
  });

  test("a rule whose time runs towards the data", async () => {
    const text = `schedule one_sided { time t from 0.02 to 0.98; alpha = t; sigma = 1 - t }
sampler small {
  schedule one_sided
  model    predicts flow
  grid     uniform_time
  steps    8
  solver   interpolant_em(e: 0.2)
}`;
    expect((await run(text)).every((value) => Math.abs(value) < 10)).toBe(true);
  });
});

describe("inversion", () => {
  const text = (
    solver: string,
    grid: string,
  ): string => `grid part { lambda[i] = lerp(-1, 1.5, i/steps)  for i in 0 .. steps }
sampler there_or_back {
  schedule vp_linear
  model    predicts eps
  input    given: tensor
  init     x[start] = given
  grid     ${grid}
  steps    20
  solver   ${solver}
}`;
  const given = Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i));
  const there = (): Promise<Float64Array> => run(text("ddim", "part"), { inputs: { given } });

  test("the fixed point of DDIM undoes DDIM", async () => {
    const back = await run(text("fixed_point_inversion(sweeps: 12)", "reverse(part)"), {
      inputs: { given: await there() },
    });
    expect(distance(back, given)).toBeLessThan(1e-6);
  });

  test("DDIM on the reversed grid does so up to its error", async () => {
    const back = await run(text("ddim", "reverse(part)"), { inputs: { given: await there() } });
    expect(distance(back, given)).toBeGreaterThan(1e-3);
    expect(distance(back, given)).toBeLessThan(0.5);
  });
});

describe("schedules", () => {
  const arguments_: Readonly<Record<string, string>> = {
    zero_terminal_snr: "(base: ddpm)",
    from_alphas_cumprod: "(abar: [0.99, 0.9, 0.5, 0.1, 0.01])",
    linear_sde: "(f_of: drift, g_of: spread)",
  };
  const inputs: Readonly<Record<string, Readonly<Record<string, Float64Array>>>> = {
    mean_reverting: { mu: new Float64Array(12).fill(0.2) },
  };
  test.each(named("schedule"))("%s carries a run", async (schedule) => {
    const text = `let drift(t)  = -(0.1 + 19.9*t)/2
let spread(t) = sqrt(0.1 + 19.9*t)
sampler small {
  schedule ${schedule}${arguments_[schedule] ?? ""}
  model    predicts ${schedule === "mean_reverting" ? "x0" : "v"}
  grid     uniform_time
  steps    5
  solver   ddim
}`;
    const states = await run(text, { inputs: inputs[schedule] ?? {} });
    expect(states.every((value) => Math.abs(value) < 50)).toBe(true);
  });
});

describe("grids", () => {
  const arguments_: Readonly<Record<string, string>> = {
    given: "(rhos: [3, 1, 0])",
    given_times: "(times: [0.9, 0.3])",
    given_lambdas: "(lambdas: [-1, 0, 1])",
    labels: "(list: [900, 400])",
    repaint_walk: "(T: 20, length: 5, times: 2)",
  };
  const walks = new Set(["restart", "repaint_walk"]);
  /** Grids with other numbers of steps than asked for. */
  const counts: Readonly<Record<string, (steps: number) => number>> = {
    ddim_uniform: (steps) => Math.floor(998 / Math.floor(1000 / steps)) + 1,
  };
  test.each(named("grid").flatMap((grid) => [1, 7].map((steps) => [grid, steps] as const)))(
    "%s with %i steps",
    async (grid, steps) => {
      const { plan, reports } = compiled(`sampler small {
  schedule stable_diffusion
  model    predicts eps with time: index
  grid     ${grid}${arguments_[grid] ?? ""}
  steps    ${steps}
  solver   ${walks.has(grid) ? "up_or(base: ddim)" : "ddim"}
}`);
      expect(reports).toEqual([]);
      const sigmas = plan?.grid.map((point) => point.sigma) ?? [];
      if (!(grid in arguments_) && !walks.has(grid))
        expect(sigmas).toHaveLength((counts[grid]?.(steps) ?? steps) + 1);
      if (!walks.has(grid)) expect([...sigmas].sort((a, b) => b - a)).toEqual(sigmas);
    },
  );
});

describe("grids of training steps", () => {
  const indices = (grid: string, steps: number): readonly number[] => {
    const { plan } = compiled(`sampler small {
  schedule stable_diffusion
  model    predicts eps with time: index
  grid     ${grid}
  steps    ${steps}
  solver   ddim
}`);
    return plan?.grid.slice(0, -1).map((point) => Math.round(Number(point.index) * 1e6) / 1e6) ?? [];
  };
  test.each([
    ["simple", 3, [999, 666, 333]],
    ["sgm_uniform", 4, [999, 749.25, 499.5, 249.75]],
    ["ddim_uniform", 3, [667, 334, 1]],
    ["trailing", 4, [999, 749, 499, 249]],
    ["leading", 4, [751, 501, 251, 1]],
  ])("%s with %i steps", (grid, steps, expected) => expect(indices(grid, steps)).toEqual(expected));

  test("linear_quadratic falls by the threshold in half of the steps", () => {
    const { plan } = compiled(`sampler small {
  schedule flow
  model    predicts flow
  grid     linear_quadratic
  steps    10
  solver   euler
}`);
    const times = plan?.grid.map((point) => Number(point.time)) ?? [];
    expect(times.slice(0, 6)).toEqual(
      [1, 0.995, 0.99, 0.985, 0.98, 0.975].map((t) => expect.closeTo(t, 12) as number),
    );
    expect(times[10]).toBe(0);
    // The quadratic part continues the linear one without a kink and ends at zero.
    const second = times.slice(5, 10).map((t, i) => t - 2 * (times[i + 6] as number) + (times[i + 7] ?? NaN));
    for (const value of second.slice(0, 4)) expect(value).toBeCloseTo(second[0] as number, 12);
  });
});

describe("guidance", () => {
  /** perturbed asks the network for a variant, boundary for training steps. */
  const others = new Set(["perturbed", "boundary"]);
  const arguments_: Readonly<Record<string, string>> = { cfg_curve: "(scale: curve)" };
  const guidedText = (guidance: string, more = ""): string => `let curve(u) = 2 + u
sampler small {
  schedule vp_linear
  model    predicts v
  ${more}
  guidance ${guidance}
  grid     log_snr
  steps    4
  solver   dpmpp_2m
}`;
  const conditions = (text: string): Record<string, string> =>
    Object.fromEntries(
      (compiled(text).plan?.inputs ?? []).map(({ name }, i) => [name, i % 2 === 0 ? "a" : "b"]),
    );

  test.each(named("guidance").filter((name) => !others.has(name)))("%s changes a run", async (guidance) => {
    const more = guidance === "autoguidance" ? "model    weak predicts x0" : "";
    if (guidance === "dual_cfg") return;
    const text = guidedText(`${guidance}${arguments_[guidance] ?? ""}`, more);
    const plain = await run(guidedText("clip(bound: 1e6)"));
    const states = await run(text, { inputs: conditions(text) });
    expect(states.every((value) => Number.isFinite(value))).toBe(true);
    expect(distance(states, plain)).toBeGreaterThan(1e-3);
  });

  test("cfg with scale 1 makes one call a step and is the conditional run", async () => {
    const text = guidedText("cfg(scale: 1)");
    expect(compiled(text).plan?.report.calls).toBe(4);
    expect(compiled(guidedText("cfg(scale: 2)")).plan?.report.calls).toBe(8);
    expect(
      distance(await run(text, { inputs: { prompt: "a" } }), await run(guidedText("cfg(scale: 1)"))),
    ).toBeGreaterThan(1e-2);
  });

  test.each(["dual_cfg", "perturbed", "boundary"])("%s compiles", (guidance) => {
    const text = guidedText(guidance).replace("vp_linear", "ddpm");
    expect(compiled(text).reports).toEqual([]);
  });
});

describe("parameterizations", () => {
  const places: Readonly<Record<string, string>> = {
    edm: "edm",
    eps_on_ve: "edm(sigma_min: 0.03, sigma_max: 14)",
    v_on_ve: "edm(sigma_min: 0.03, sigma_max: 14)",
    trigflow_net: "trigflow",
  };
  test.each(named("parameterization"))("what %s predicts does not change the result", async (name) => {
    const text = (predicts: string): string => `sampler small {
  schedule ${places[name] ?? "vp_linear"}
  model    predicts ${predicts}
  grid     given(rhos: [10, 3, 1, 0.3, 0.1])
  solver   dpmpp_2m
}`;
    expect(distance(await run(text(name)), await run(text("x0")))).toBeLessThan(1e-11);
  });
});
