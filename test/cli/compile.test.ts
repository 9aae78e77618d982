// `dsamp compile`: plans and the stages before them, on stdout or in a file; what happens when there is nothing to write.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPlan } from "../../compiler/plan/validate.js";
import { dsamp, inFolder } from "./terminal.js";

const spec = `sampler plain(n = 3) {
  schedule straight
  model    predicts flow
  grid     uniform_time
  steps    n
  solver   two_steps
}
schedule straight {
  time t from 0.9 to 0.1
  alpha = 1 - t
  sigma = t
}
solver two_steps {
  start ddim
  step { x[t] = alpha[t]*(2*x0[s] - x0[s-1]) + sigma[t]*eps[s] }
}
`;
const compile = (...argv: string[]): ReturnType<typeof dsamp> =>
  dsamp(["compile", "-", ...argv], { stdin: spec });

test("a plan on stdout, a plan in a file, and they are the same", async () => {
  const { code, stdout, stderr } = await compile();
  expect([code, stderr]).toEqual([0, ""]);
  expect(readPlan(stdout)).toMatchObject({ sampler: "plain", source: { name: "<stdin>" } });
  await inFolder(async (cwd) => {
    const filed = await dsamp(["compile", "-", "-o", "p.json"], { stdin: spec, cwd });
    expect(filed).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(cwd, "p.json"), "utf8")).toBe(stdout);
  });
});

test("the graph: calls, the next state, every weight as an expression", async () => {
  expect((await compile("--emit", "graph")).stdout).toMatchInlineSnapshot(`
    "start
      x@t = k1*initial
        k1 = sigma[start]

    ddim, step 0
      c1 = model(x@s, at: s, time: time[s])
      x@t = k1*x@s + k2*c1
      x0@s = k3*x@s + k4*c1
        k1 = (alpha'[s]*sigma[t] - alpha[t]*sigma'[s])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k2 = (alpha[t]*sigma[s] - alpha[s]*sigma[t])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k3 = sigma'[s]/(alpha[s]*sigma'[s] - alpha'[s]*sigma[s])
        k4 = sigma[s]/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])

    two_steps, step 1
      c1 = model(x@s, at: s, time: time[s])
      x@t = k1*x@s + k2*c1 + k3*x0@(s-1)
      x0@s = k4*x@s + k5*c1
        k1 = (alpha'[s]*sigma[t] - 2*alpha[t]*sigma'[s])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k2 = (2*alpha[t]*sigma[s] - alpha[s]*sigma[t])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k3 = -alpha[t]
        k4 = sigma'[s]/(alpha[s]*sigma'[s] - alpha'[s]*sigma[s])
        k5 = sigma[s]/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])

    two_steps, step 2
      c1 = model(x@s, at: s, time: time[s])
      x@t = k1*x@s + k2*c1 + k3*x0@(s-1)
        k1 = (alpha'[s]*sigma[t] - 2*alpha[t]*sigma'[s])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k2 = (2*alpha[t]*sigma[s] - alpha[s]*sigma[t])/(alpha'[s]*sigma[s] - alpha[s]*sigma'[s])
        k3 = -alpha[t]

    output
      result = x@s
    "
  `);
});

test("coefficients: the weights as numbers", async () => {
  expect((await compile("--emit", "coefficients")).stdout).toMatchInlineSnapshot(`
    "start
      k1: initial in x@t
       step  time  alpha  sigma       lambda   k1
      start   0.9    0.1    0.9  -2.19722458  0.9

    ddim, step 0
      k1: x@s in x@t; k2: c1 in x@t; k3: x@s in x0@s; k4: c1 in x0@s
      step  time  alpha  sigma       lambda  k1            k2  k3    k4
         0   0.9    0.1    0.9  -2.19722458   1  -0.266666667   1  -0.9

    two_steps, step 1
      k1: x@s in x@t; k2: c1 in x@t; k3: x0@(s-1) in x@t; k4: x@s in x0@s; k5: c1 in x0@s
      step         time        alpha        sigma        lambda          k1            k2            k3  k4            k5
         1  0.633333333  0.366666667  0.633333333  -0.546543706  1.63333333  -0.667777778  -0.633333333   1  -0.633333333

    two_steps, step 2
      k1: x@s in x@t; k2: c1 in x@t; k3: x0@(s-1) in x@t
      step         time        alpha        sigma       lambda   k1            k2    k3
         2  0.366666667  0.633333333  0.366666667  0.546543706  1.9  -0.596666667  -0.9

    output
      step  time  alpha  sigma      lambda
       end   0.1    0.9    0.1  2.19722458
    "
  `);
});

test("kernels and programs", async () => {
  expect((await compile("--emit", "kernels")).stdout).toMatchInlineSnapshot(`
    "kernel 0
      out = s0 * a

    kernel 1
      out0 = (s0 * a) + (s1 * b)
      out1 = (s2 * a) + (s3 * b)

    kernel 2
      out0 = ((s0 * a) + (s1 * b)) + (s2 * c)
      out1 = (s3 * a) + (s4 * b)

    kernel 3
      out = ((s0 * a) + (s1 * b)) + (s2 * c)

    program 0 (start)
      r0 = draw initial
      r1 = kernel 0(r0; [0])
      free r0
      r0 = move r1

    program 1 (step 0)
      r1 = call model(r0, state r0, time [1])
      r2, r3 = kernel 1(r0, r1; [6] [7] [8] [9])
      free r0, r1
      r0 = move r2
      r1 = move r3

    program 2 (step 1)
      r2 = call model(r0, state r0, time [1])
      r3, r4 = kernel 2(r0, r2, r1; [6] [7] [8] [9] [10])
      free r0, r1, r2
      r0 = move r3
      r1 = move r4

    program 3 (step 2)
      r2 = call model(r0, state r0, time [1])
      r3 = kernel 3(r0, r2, r1; [6] [7] [8])
      free r0, r1, r2
      r0 = move r3

    program 4 (output)

    memory: at most 3 tensors of the size of the state
    "
  `);
});

test("kernels of a guided sampler: the peak also for branches in one call", async () => {
  const guided = spec
    .replace("  grid", "  guidance cfg(scale: 2)\n  grid")
    .replace("two_steps\n}", "exp_adams\n}");
  const { stdout } = await dsamp(["compile", "-", "--emit", "kernels"], {
    stdin: guided.replace("(n = 3)", "(n = 7)"),
  });
  expect(stdout).toMatch(
    /^memory: at most 6 tensors of the size of the state, 7 where a network takes guided predictions in one call$/m,
  );
});

test("the tree needs no sampler, and is printed despite mistakes in names", async () => {
  const tree = await dsamp(["compile", "-", "--emit", "ast"], { stdin: "let half = 1/2\n" });
  expect(tree.stdout).toMatchInlineSnapshot(`
    "File  1:1
      Let  1:1
        Name "half"  1:5
        Binary "/"  1:12
          Number "1"  1:12
          Number "2"  1:14
    "
  `);
  const wrong = await dsamp(["compile", "-", "--emit", "ast"], { stdin: spec.replace("ddim", "dimm") });
  expect(wrong.code).toBe(1);
  expect(wrong.stdout).toContain('Definition "sampler"');
  expect(wrong.stderr).toContain("D0201");
});

test("JSON holds the product and the diagnostics", async () => {
  const plan = JSON.parse((await compile("--json")).stdout);
  expect(plan).toMatchObject({ ok: true, diagnostics: [], emit: "plan", output: { format: "dsamp-plan" } });
  const graph = JSON.parse((await compile("--json", "--emit", "graph")).stdout);
  expect(graph.output).toContain("x@t = ");
  const wrong = await dsamp(["compile", "-", "--json"], { stdin: spec.replace("ddim", "dimm") });
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    ok: false,
    output: null,
    diagnostics: [{ code: "D0201" }],
  });
});

test("a spec with mistakes writes nothing", async () => {
  await inFolder(async (cwd) => {
    const stdin = spec.replace("ddim", "dimm");
    const { code, stdout } = await dsamp(["compile", "-", "-o", "p.json"], { stdin, cwd });
    expect([code, stdout, existsSync(join(cwd, "p.json"))]).toEqual([1, "", false]);
  });
});

test("places that cannot be written to: exit code 3", async () => {
  await inFolder(async (cwd) => {
    mkdirSync(join(cwd, "folder"));
    symlinkSync("/dev/full", join(cwd, "full"));
    const outcome = (file: string): ReturnType<typeof dsamp> =>
      dsamp(["compile", "-", "-o", file], { stdin: spec, cwd });
    expect(await outcome("folder")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("it is a folder"),
    });
    expect(await outcome("none/p.json")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("there is no folder none"),
    });
    expect(await outcome("full")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("the disk is full"),
    });
  });
});

test("a link to a file stays a link, and a device stays a device", async () => {
  await inFolder(async (cwd) => {
    writeFileSync(join(cwd, "real.json"), "");
    symlinkSync("real.json", join(cwd, "link.json"));
    symlinkSync("/dev/null", join(cwd, "nothing"));
    await dsamp(["compile", "-", "-o", "link.json"], { stdin: spec, cwd });
    expect(readFileSync(join(cwd, "real.json"), "utf8")).toContain("dsamp-plan");
    expect((await dsamp(["compile", "-", "-o", "nothing"], { stdin: spec, cwd })).code).toBe(0);
    expect(readFileSync("/dev/null", "utf8")).toBe("");
  });
});
