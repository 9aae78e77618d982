// `dsamp check`: what it prints on which stream, exit codes, JSON, standard input, colour.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dsamp, inFolder } from "./terminal.js";

const good = `sampler plain(n = 4) {
  schedule vp_linear
  model    predicts eps
  grid     uniform_time
  steps    n
  solver   ddim
}
`;
const bad = good.replace("ddim", "dimm");

test("a good sampler is one line on stdout", async () => {
  const { code, stdout, stderr } = await dsamp(["check", "-"], { stdin: good });
  expect(stdout).toMatchInlineSnapshot(`
    "ok  plain: 4 steps, ddim, 4 NFE, peak 2 tensors, grid rho 152.2 .. 0.01049, run order 1
    "
  `);
  expect([code, stderr]).toEqual([0, ""]);
});

test("a mistake is a frame on stderr, exit code 1", async () => {
  const { code, stdout, stderr } = await dsamp(["check", "-"], { stdin: bad });
  expect(stderr).toMatchInlineSnapshot(`
    "error[D0201]: there is no solver \`dimm\`
      --> <stdin>:6:12
       6 |   solver   dimm
         |            ^^^^
         = help: did you mean \`ddim\`?

    "
  `);
  expect([code, stdout]).toEqual([1, ""]);
});

test("JSON is one document, with positions, and nothing else is printed", async () => {
  const { code, stdout, stderr } = await dsamp(["check", "-", "--json"], { stdin: bad });
  expect([code, stderr]).toEqual([1, ""]);
  const { ok, files } = JSON.parse(stdout);
  expect(ok).toBe(false);
  expect(files).toHaveLength(1);
  expect(files[0].diagnostics[0]).toMatchObject({
    code: "D0201",
    primary: { start: { line: 6, column: 12 } },
  });
  const fine = JSON.parse((await dsamp(["check", "-", "--json"], { stdin: good })).stdout);
  expect(fine).toMatchObject({
    ok: true,
    files: [{ samplers: [{ name: "plain", steps: 4, calls: 4, nfe: 4, runOrder: 1 }] }],
  });
});

test("colour: off when piped, on terminals, as NO_COLOR and FORCE_COLOR say", async () => {
  const colored = async (isTTY: boolean, env: Record<string, string>): Promise<boolean> =>
    (await dsamp(["check", "-"], { stdin: bad, isTTY, env })).stderr.includes("\u001b[");
  expect(await colored(false, {})).toBe(false);
  expect(await colored(true, {})).toBe(true);
  expect(await colored(true, { NO_COLOR: "1" })).toBe(false);
  expect(await colored(true, { TERM: "dumb" })).toBe(false);
  expect(await colored(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(await colored(true, { FORCE_COLOR: "0" })).toBe(false);
});

test("--steps and --set reach the sampler", async () => {
  expect((await dsamp(["check", "-", "--steps", "9"], { stdin: good })).stdout).toContain("9 steps");
  expect((await dsamp(["check", "-", "--set", "n=7"], { stdin: good })).stdout).toContain("7 steps");
  const unknown = await dsamp(["check", "-", "--set", "m=7"], { stdin: good });
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("--set: there is no parameter `m`");
});

test("several samplers, one of them chosen; a name that is not there", async () => {
  const two = good + good.replace("plain", "other").replace("ddim", "euler");
  expect((await dsamp(["check", "-"], { stdin: two })).stdout.split("\n")).toHaveLength(3);
  const chosen = await dsamp(["check", "-", "--sampler", "other"], { stdin: two });
  expect(chosen.stdout).toMatch(/^ok {2}other: /);
  const missing = await dsamp(["check", "-", "--sampler", "othr"], { stdin: two });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("did you mean `other`?");
});

test("files without samplers are checked, and several files are told apart", async () => {
  await inFolder(async (cwd) => {
    writeFileSync(join(cwd, "a.dsamp"), good);
    writeFileSync(join(cwd, "b.dsamp"), "solver mine {\n  step { x[t] = ddim(s -> t) }\n}\n");
    writeFileSync(join(cwd, "c.dsamp"), "solver mine {\n  step { x[t] = ddmi(s -> t) }\n}\n");
    const both = await dsamp(["check", "a.dsamp", "b.dsamp"], { cwd });
    expect(both.stdout).toMatch(
      /^ok {2}a\.dsamp plain: .*\nok {2}b\.dsamp mine: order 1, in x0 or eps, error 1\/2 h\^2 x0', 1 call a step, stable on \[-2, 0\], exact\n$/,
    );
    const wrong = await dsamp(["check", "a.dsamp", "c.dsamp"], { cwd });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/^ok {2}a\.dsamp/);
    expect(wrong.stderr).toContain("c.dsamp:2:17");
  });
});

test("imports work, and stay inside the project", async () => {
  await inFolder(async (cwd) => {
    writeFileSync(join(cwd, "lib.dsamp"), "solver mine {\n  step { x[t] = ddim(s -> t) }\n}\n");
    writeFileSync(join(cwd, "a.dsamp"), `use "lib.dsamp" { mine }\n${good.replace("ddim", "mine")}`);
    expect((await dsamp(["check", "a.dsamp"], { cwd })).stdout).toContain("mine");
    writeFileSync(join(cwd, "b.dsamp"), `use "../lib.dsamp"\n${good}`);
    const outside = await dsamp(["check", "b.dsamp"], { cwd });
    expect([outside.code, outside.stderr.includes("D0205")]).toEqual([1, true]);
  });
});

test("files that cannot be read: exit code 3, the others are still checked", async () => {
  await inFolder(async (cwd) => {
    writeFileSync(join(cwd, "a.dsamp"), good);
    writeFileSync(join(cwd, "latin1.dsamp"), Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
    const missing = await dsamp(["check", "nowhere.dsamp", "a.dsamp"], { cwd });
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain("nowhere.dsamp cannot be read: there is no such file");
    expect(missing.stdout).toContain("ok  a.dsamp plain");
    expect((await dsamp(["check", "latin1.dsamp"], { cwd })).stderr).toContain("is not text in UTF-8");
    const endless = await dsamp(["check", "/dev/zero"], { cwd });
    expect(endless.stderr).toContain("D0801");
  });
});

test("a claim of order is certified, and a false one stops every verb", async () => {
  const rule = (order: number): string =>
    `solver mine {\n  order ${order}\n  step { x[t] = ddim(s -> t) }\n}\n${good.replace("ddim", "mine")}`;
  const held = await dsamp(["check", "-"], { stdin: rule(1) });
  expect(held.stdout).toContain("ok  mine: order 1 as claimed, in x0 or eps, ");
  for (const verb of ["check", "compile", "run"]) {
    const missed = await dsamp([verb, "-"], { stdin: rule(2) });
    expect([
      missed.code,
      missed.stderr.includes("error[D0412]: declared order 2, but this rule has order 1"),
    ]).toEqual([1, true]);
  }
});

test("the order of the run: limited by its first steps, as the flags make it, none with noise", async () => {
  const with_ = (solver: string): string => good.replace("(n = 4)", "(n = 9, k = 3)").replace("ddim", solver);
  const runOf = async (
    spec: string,
    ...flags: string[]
  ): Promise<{ runOrder: number | null; why: string }> => {
    const { stdout } = await dsamp(["check", "-", "--json", ...flags], { stdin: spec });
    const { runOrder, runOrderWhy } = JSON.parse(stdout).files[0].samplers[0];
    return { runOrder, why: runOrderWhy };
  };
  const lms = with_("lms(k: k)");
  expect(await runOf(lms)).toEqual({ runOrder: 2, why: "step 0 is made by `lms`, of order 1" });
  expect((await runOf(lms, "--set", "k=1")).runOrder).toBe(1);
  expect((await runOf(lms, "--steps", "5")).runOrder).toBe(2);
  expect((await dsamp(["check", "-", "--set", "k=1"], { stdin: lms })).stdout).toMatch(/, run order 1\n$/);
  const noisy = with_("ancestral");
  expect((await runOf(noisy)).runOrder).toBeNull();
  expect((await dsamp(["check", "-"], { stdin: noisy })).stdout).not.toContain("run order");
});

test("a solver's line and its fields: order and where, prediction and coordinate, error, calls, history, stability", async () => {
  const rule = `solver mine(k = 2) {
  order k on uniform(rho)
  let AB = [[1], [3/2, -1/2]]
  start ddim
  step {
    let D = sum(AB[k-1][j]*eps[s-j], j in 0 .. k-1)
    x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])*D
  }
}
solver tab {
  order 2
  step { x[t] = integrate(s -> t, eps, over: time, through: s-1 .. s) }
}
`;
  const { stdout } = await dsamp(["check", "-"], { stdin: rule });
  expect(stdout).toMatchInlineSnapshot(`
    "ok  mine: order 2 on uniform rho as claimed, 2 on smooth grids, 1 on any, in eps over rho, error 5/12 h^3 x0'' + ..., 1 call a step, history 1, stable on [-1, 0], exact
    ok  tab: order 2 as claimed, in eps over time, 1 call a step, history 1, stable on [-1, 0], weights by quadrature
    "
  `);
  const { solvers } = JSON.parse((await dsamp(["check", "-", "--json"], { stdin: rule })).stdout).files[0];
  expect(solvers[0]).toMatchObject({
    claimed: 2,
    claimedOn: "rho",
    held: true,
    certified: "order",
    orders: { ratios: 1, smooth: 2, rho: 2 },
    integrates: { predictions: ["eps"], over: "rho", degree: 1, equalSteps: true },
    error: { over: "lambda", view: "x0", power: 3, leading: 5 / 12 },
    calls: 1,
    history: 1,
    stability: { zero: "stable" },
    weights: "exact",
  });
  expect(solvers[0].stability.interval).toBeCloseTo(1, 4);
  expect(solvers[1]).toMatchObject({
    integrates: { over: "time", equalSteps: false },
    weights: "quadrature",
  });
});
