// `dsamp diff`: what it says of equal and of different specs, exit codes, JSON.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dsamp, inFolder, type Outcome } from "./terminal.js";

const base = `sampler plain {
  schedule vp_linear
  model predicts eps
  grid uniform_time
  steps 6
  solver dpmpp_2m
}
`;
const by_hand = `solver two_m {
  start ddim
  step {
    let h = lambda[t] - lambda[s]
    let r = (lambda[s] - lambda[s-1])/h
    x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*((1 + 1/(2*r))*x0[s] - 1/(2*r)*x0[s-1])
  }
}
`;

const diff = (a: string, b: string, ...flags: readonly string[]): Promise<Outcome> =>
  inFolder((cwd) => {
    writeFileSync(join(cwd, "a.dsamp"), a);
    writeFileSync(join(cwd, "b.dsamp"), b);
    return dsamp(["diff", "a.dsamp", "b.dsamp", ...flags], { cwd });
  });

test("another text of the same rule is the same sampler", async () => {
  const { code, stdout, stderr } = await diff(base, by_hand + base.replace("dpmpp_2m", "two_m"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^the same sampler: every step has the same weights for every network \(numerically, /,
  );
});

test("a network that predicts something else is compared on the same x0", async () => {
  const { code, stdout } = await diff(base, base.replace("predicts eps", "predicts x0"));
  expect(code).toBe(0);
  expect(stdout).toContain("a: model predicts eps; b: model predicts x0; both are compared on the same x0");
});

test("another weight is shown at the first step that has it", async () => {
  const other = by_hand.replaceAll("2*r", "3*r") + base.replace("dpmpp_2m", "two_m");
  const { code, stdout, stderr } = await diff(base, other);
  expect([code, stderr]).toEqual([1, ""]);
  expect(stdout).toMatchInlineSnapshot(`
    "different samplers
    a = a.dsamp plain
    b = b.dsamp plain
    rule:      5 of 6 steps differ
      step 1 (a: dpmpp_2m, b: two_m), weights of
               a             b
        x0[0]  -0.031110109  -0.020740072
        x0[1]  0.10675618    0.096386146
      further, by the largest relative difference of a weight
                a         b      difference
        step 2  dpmpp_2m  two_m  2.48e-2
        step 3  dpmpp_2m  two_m  5.27e-2
        step 4  dpmpp_2m  two_m  1.16e-1
        step 5  dpmpp_2m  two_m  2.29e-1
    "
  `);
});

test("only the last step", async () => {
  const { code, stdout } = await diff(base, base.replace("dpmpp_2m", "dpmpp_2m\n  final ddim"));
  expect(code).toBe(1);
  expect(stdout).toContain(
    "rule:      only the last step differs\n  step 5 (a: dpmpp_2m, b: ddim), weights of",
  );
});

test("another grid: its points, and the rules on one grid", async () => {
  const { code, stdout } = await diff(base, base.replace("uniform_time", "log_snr"));
  expect(code).toBe(1);
  expect(stdout).toContain(
    "grid:      5 of 7 points differ; a: uniform_time; b: log_snr\n    point  a               b\n    1      rho 33.03145 ",
  );
  expect(stdout).toContain("rule:      the same at every step on a's schedule and grid");
});

test("one scheduler in two tools: the same levels in another scale, and another start", async () => {
  const tool = (schedule: string, predicts: string, init: string): string => `sampler tool {
  schedule ${schedule}
  model predicts ${predicts}
  noise z
  init x[start] = ${init}
  grid karras
  steps 20
  solver dpmpp_2m
  final ddim
}
`;
  const ends = "sigma_min: stable_diffusion.rho(index: 0), sigma_max: stable_diffusion.rho(index: 999)";
  const vp = tool("stable_diffusion", "eps", "z");
  const { code, stdout } = await diff(vp, tool(`edm(${ends})`, "eps_on_ve", "sigma[start]*z"));
  expect(code).toBe(1);
  expect(stdout).toContain("schedule:  a's states have alpha^2 + sigma^2 = 1, b's alpha = 1; at one level");
  expect(stdout).toContain("grid:      the same levels rho = sigma/alpha\n");
  expect(stdout).not.toContain("points differ");
  expect(stdout).toMatch(
    /rule: +the same at every step on a's schedule and grid; the initial state differs\n/,
  );
  expect(stdout).toMatch(/initial noise +1 +0\.99766723\n/);
});

const onLevels = (rhos: string): string => `sampler levels {
  schedule edm
  model predicts x0
  grid given(rhos: ${rhos})
  solver ddim
}
`;

test("numbers that differ are shown to differ", async () => {
  const given = (rho: number): string => onLevels(`[10, ${rho}, 0]`);
  const { stdout } = await diff(given(2), given(2.00000001));
  expect(stdout).toContain(
    "grid:      1 of 3 points differ; a: given(rhos: [10, 2, 0]); b: given(rhos: [10, 2.00000001, 0])",
  );
  expect(stdout).toMatch(/rho 2 +rho 2\.00000001\n/);
});

test("a grid that ends at zero noise, and one that does not", async () => {
  const given = (rho: number): string => onLevels(`[10, 2, ${rho}]`);
  const { stdout } = await diff(given(0.1), given(0));
  expect(stdout).toContain("  b ends at zero noise, a at rho 0.1\n");
});

test("another number of steps", async () => {
  const { code, stdout } = await diff(base, base.replace("steps 6", "steps 7"));
  expect(code).toBe(1);
  expect(stdout).toContain("grid:      a has 7 points, b has 8");
  expect(stdout).toContain("NFE:       a: 6; b: 7");
});

test("another schedule", async () => {
  const { code, stdout } = await diff(base, base.replace("vp_linear", "vp_linear(beta_max: 19)"));
  expect(code).toBe(1);
  expect(stdout).toMatch(/^schedule: {2}at time \S+ alpha is \S+ and \S+$/m);
  expect(stdout).toContain("rule:      the same at every step on a's schedule and grid");
});

test("another guidance is not a difference of the rule", async () => {
  const guided = base.replace("  grid", "  guidance cfg(scale: 2)\n  grid");
  const { code, stdout } = await diff(guided, guided.replace("2)", "3)"));
  expect(code).toBe(1);
  expect(stdout).toContain("guidance:  a: cfg(scale: 2); b: cfg(scale: 3); other predictions");
  expect(stdout).toContain("rule:      the same at every step");
  const same = await diff(guided, guided.replace("cfg(scale: 2)", "cfg_rescale(scale: 2, phi: 0)"));
  expect([same.code, same.stdout]).toEqual([0, expect.stringContaining("the same predictions")]);
});

test("noise", async () => {
  const { code, stdout } = await diff(base, base.replace("dpmpp_2m", "ddpm"));
  expect(code).toBe(1);
  expect(stdout).toContain("noise:     a draws initial; b draws initial, z");
  expect(stdout).toMatch(/noise 1 +0 +0\.9757/);
});

test("draws of other names are the same law and other samples", async () => {
  const renamed = `solver ancestral { noise w; step { x[t] = jump(s -> t, eta: 1, noise: w) } }\n`;
  const { code, stdout } = await diff(
    base.replace("dpmpp_2m", "ddpm"),
    renamed + base.replace("dpmpp_2m", "ancestral"),
  );
  expect(code).toBe(0);
  expect(stdout).toContain("under other names, so one seed gives other samples");
});

test("files without samplers: their solvers, schedules, grids", async () => {
  const same = await diff(by_hand, by_hand.replace("two_m", "tm"));
  expect([same.code, same.stdout]).toEqual([
    0,
    "solver two_m and tm: the same: symbolically, on every schedule and grid\n",
  ]);
  const other = await diff(by_hand, by_hand.replaceAll("2*r", "3*r"));
  expect(other.code).toBe(1);
  expect(other.stdout).toMatch(/^solver two_m: different: 5 steps of a run on vp_linear differ\n {2}step 1/);
  const grid = "grid even { lambda[i] = lerp(-2, 2, i/steps)  for i in 0 .. steps }\n";
  expect((await diff(grid, grid)).code).toBe(0);
  const moved = await diff(grid, grid.replace("2, i", "1, i"));
  expect([moved.code, moved.stdout]).toEqual([
    1,
    expect.stringMatching(/^grid even: different: on edm, point 1 lies at/),
  ]);
  const path = "schedule line {\n  time t from 1 to 0\n  alpha = 1 - t\n  sigma = t\n}\n";
  expect((await diff(path, path.replace("alpha = 1 - t", "alpha = (1 - t)*1"))).stdout).toBe(
    "schedule line: the same: symbolically\n",
  );
});

test("bad input is exit code 2, with the finding", async () => {
  const wrong = await diff(base, base.replace("dpmpp_2m", "dpmpp_2n"));
  expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toContain("error[D0201]: there is no solver `dpmpp_2n`");
  const nothing = await diff(base, by_hand);
  expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining("error[D0211]")]);
  const missing = await dsamp(["diff", "no.dsamp", "nor.dsamp"]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("error[D0601]")]);
});

test("JSON is one document", async () => {
  const { code, stdout } = await diff(base, base.replace("dpmpp_2m", "ddim"), "--json");
  expect(code).toBe(1);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ ok: true, equal: false, a: { nfe: 6 }, schedule: { kind: "equal" } });
  expect(document.steps[0]).toMatchObject({ step: 1, ruleA: "dpmpp_2m", ruleB: "ddim" });
  const same = JSON.parse((await diff(base, base, "--json")).stdout);
  expect(same).toMatchObject({ ok: true, equal: true, how: "steps", steps: [] });
});
