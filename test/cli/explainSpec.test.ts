// `dsamp explain SPEC`: samplers and solvers as mathematics, in text, LaTeX and JSON, and what can go wrong.

import katex from "katex";
import { expect, test } from "vitest";
import { dsamp } from "./terminal.js";

test("a sampler in sections", async () => {
  const { code, stdout, stderr } = await dsamp(["explain", "examples/toy.dsamp", "--steps", "3"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatchInlineSnapshot(`
    "toy

    heun, steps 0 .. 1
      v(x) is the predicted velocity dx/dt at x
         Δ = t_t - t_s
       v_s = v(x_s)    (a prediction at s, the start of the step)
      x̂_t = x_s + Δ v_s
       v_t = v(x̂_t)    (a prediction at t, the end of the step)
       x_t = x_s + (Δ/2) v_s + (Δ/2) v_t

    euler, step 2
      v(x) is the predicted velocity dx/dt at x
        Δ = t_t - t_s
      v_s = v(x_s)    (a prediction at s, the start of the step)
      x_t = x_s + Δ v_s

    network: x0
      the network returns x0
       v_s = (σ′_s/σ_s) x_s - (σ′_s/σ_s) D_s
      time = t_s    (the level, as the network is told it)

    schedule: edm
      from time 80 (λ = -4.382) to time 0.002 (λ = 6.215)
      α(t) = 1
      σ(t) = t
      λ(t) = -log(t)

    grid: karras
      3 steps
      λ = -4.382, -0.9224, 6.215, ∞
    "
  `);
});

test("LaTeX that KaTeX reads", async () => {
  const { code, stdout } = await dsamp(["explain", "examples/digits.dsamp", "--latex"]);
  expect(code).toBe(0);
  expect(stdout).toContain("\\section*{digits}");
  const blocks = [...stdout.matchAll(/\\\[\n([^]*?)\n\\\]/g)].map((match) => match[1] ?? "");
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  for (const block of blocks) katex.renderToString(block, { strict: "error", throwOnError: true });
  // Outside of formulas nothing is left that LaTeX would stumble over.
  const prose = stdout.replace(/\\\[[^]*?\\\]/g, "").replace(/\$[^$\n]*\$/g, "");
  expect(prose).not.toMatch(/[^\x20-\x7e\n]|(^|[^\\])[#%&_]/);
});

test("a solver of the library by itself, with arguments", async () => {
  const { code, stdout } = await dsamp(["explain", "--solver", "dpm_solver_2(r1: 1/3)"]);
  expect(code).toBe(0);
  expect(stdout).toContain("λ_m = λ_s + h/3");
});

test("a file without samplers explains its solvers, and --solver finds them", async () => {
  const stdin = "solver mine {\n  step {\n    x[t] = alpha[t]*x0[s] + sigma[t]*eps[s]\n  }\n}\n";
  const whole = await dsamp(["explain", "-"], { stdin });
  expect(whole.stdout).toContain("x_t = (σ_t/σ_s) x_s + α_t (1 - e^{-h}) D_s");
  const named = await dsamp(["explain", "-", "--solver", "mine", "--json"], { stdin });
  const document = JSON.parse(named.stdout);
  expect(document).toMatchObject({ ok: true, notation: "unicode", explanations: [{ name: "mine" }] });
  expect(document.explanations[0].sections[0].equations.at(-1).left).toBe("x_t");
});

test("a solver that is not there, a file that is not there, a file with nothing to explain", async () => {
  const wrong = await dsamp(["explain", "--solver", "ddmi"]);
  expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
  expect(wrong.stderr).toContain("D0201");
  expect((await dsamp(["explain", "nowhere.dsamp"])).stderr).toContain("D0601");
  const empty = await dsamp(["explain", "-"], { stdin: "let a = 1\n" });
  expect(empty.stderr).toContain("has no sampler and no solver to explain");
  expect(empty.code).toBe(1);
});

test("a mistake in the spec is reported as by check", async () => {
  const { code, stderr } = await dsamp(["explain", "-"], { stdin: "sampler a {\n  solver ddmi\n}\n" });
  expect(code).toBe(1);
  expect(stderr).toContain("error[");
});
