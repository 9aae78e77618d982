// Owns: the order of runs, what certificates warn of, and what is said of rules that are no rules.

import { describe, expect, test } from "vitest";
import { checkClaims } from "../../../compiler/certify/claims.js";
import { checkProgram } from "../../../compiler/check/check.js";
import { compile } from "../../../compiler/compile.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { memoryHost } from "../../../compiler/host.js";
import { Program } from "../../../compiler/resolve/module.js";

function check(text: string): { found: readonly string[]; order: number | undefined } {
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost({ "a.dsamp": text }), diagnostics);
  const module = program.load("a.dsamp");
  if (!module) throw new Error("no module");
  checkProgram(program);
  const { runs } = checkClaims(module, program);
  return {
    // Units are another matter: two-step rules mix levels by nature.
    found: diagnostics.all
      .filter(({ code }) => code !== "D0308")
      .map((item) => `${item.code} ${item.message}`),
    order: runs.get("p")?.order.order,
  };
}

const sampler = (solver: string, more = ""): string => `sampler p {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 8
  solver ${solver}
  ${more}
}
`;

describe("the order of a run", () => {
  test.each([
    ["ddim", "", 1],
    ["dpmpp_2m", "", 2],
    ["dpmpp_2m", "final ddim", 2],
    ["heun", "", 2],
    ["abnorsett(k: 3)", "", 2],
    ["dpm_solver_3", "final ddim", 2],
    ["dpm_solver_3", "final dpm_solver_2", 3],
    ["dpm_solver_3 while step < 4 then ddim", "", 1],
  ])("%s %s: %i", (solver, more, order) => expect(check(sampler(solver, more)).order).toBe(order));

  test("a last step to sigma = 0 does not count", () => {
    const text = sampler("dpm_solver_3", "final ddim").replace("log_snr", "karras");
    expect(check(text).order).toBe(3);
  });

  test("a final rule above sigma = 0 that lowers it is D0414 at that rule", () => {
    expect(check(sampler("dpm_solver_3", "final ddim")).found).toEqual([
      "D0414 the run of `p` has order 2, its rule has 3",
    ]);
    expect(check(sampler("dpm_solver_3", "final dpm_solver_2")).found).toEqual([]);
  });
});

describe("recurrences", () => {
  const leapfrog = (weight: string): string =>
    `solver leapfrog { start ddim; step { x[t] = ${weight}*x[s-1] + ddim(s -> t) - ${weight}*ddim(s -> s - 1) } }\n`;
  test.each([
    ["1", ["D0416 `leapfrog` is weakly stable: errors of its recurrence do not die out"]],
    [
      "1.2",
      ["D0416 `leapfrog` is unstable: a run with it does not converge, whatever the order of its step"],
    ],
    ["0.9", []],
  ])("with the weight %s", (weight, found) => expect(check(leapfrog(weight)).found).toEqual(found));

  test("weak stability that is claimed is meant", () =>
    expect(check(`${leapfrog("1")}expect leapfrog { is weakly_stable }\n`).found).toEqual([]));

  test("instability is not", () =>
    expect(check(`${leapfrog("1.2")}expect leapfrog { is weakly_stable }\n`).found[0]).toMatch(/^D0910/));
});

describe("what is no rule", () => {
  const found = (rule: string): readonly string[] => {
    const text = `solver r { ${rule} }\n${sampler("r")}`;
    const { diagnostics } = compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" });
    return diagnostics.map((item) => `${item.code} ${item.message} ${item.why ?? ""}`);
  };
  test.each([
    [
      "an order of a rule that never calls the model",
      "order 1; step { x[t] = alpha[t]/alpha[s]*x[s] }",
      /^D0411 .*never calls the model/,
    ],
    [
      "a deterministic order with noise",
      "order 1; noise z; step { x[t] = jump(s -> t, eta: 1, noise: z) }",
      /^D0412 .*draws noise/,
    ],
    ["equal nodes", "step { x[t] = integrate(s -> t, x0, over: lambda, through: [s, s]) }", /^D0402/],
    [
      "a singular system",
      "step { let w = solve([[1, 1], [1, 1]], [1, 2]); x[t] = w[0]*ddim(s -> t) }",
      /^D0423 .*`solve` is singular/,
    ],
    [
      "a system that is singular at every step",
      "step { let a = lambda[t]; let w = solve([[a, 1], [2*a, 2]], [1, 2]); x[t] = w[0]*ddim(s -> t) }",
      /^D0420 .*`solve\(\.\.\.\)` is singular/,
    ],
    [
      "an integral that does not converge",
      "step { let w = integral(1/(u - lambda[s])^2, u in lambda[s] .. lambda[t]); x[t] = w*ddim(s -> t) }",
      /^D0420 .*the integral does not converge/,
    ],
    [
      "a tableau with too many entries",
      "tableau x0 over lambda { 0 | ; 1/2 | 1/2, 1/3, 1 ; | 0, 1 }",
      /^D0220 row 2 has 3 entries/,
    ],
    [
      "a tableau with too few weights",
      "tableau x0 over lambda { 0 | ; 1/2 | 1/2 ; | 1 }",
      /^D0220 .*result row has 1 entry/,
    ],
    [
      "more cases than are looked at",
      "order 1; step { let b = sum(where(step < 150*i, 1, 0), i in 1 .. 5); x[t] = ddim(s -> t) + 0*b*x0[s] }",
      /^D0413 .*more than 16 cases by the place/,
    ],
    ["a tableau without a result", "tableau x0 over lambda { 0 | ; 1/2 | 1/2 }", /^D0211 .*no result row/],
  ])("%s", (_, rule, message) => expect(found(rule)[0]).toMatch(message));

  test("an order beyond those that are decided is open, not rejected", () => {
    expect(check("expect abnorsett(k: 8) { order 8 }").found).toEqual([
      "D0413 declared order 8; this rule has order 7 or more",
    ]);
    expect(check("expect abnorsett(k: 3) { order 8 }").found[0]).toMatch(/^D0910 .*has order 3/);
  });

  test("a system that is regular, an integral that converges", () => {
    expect(found("step { let w = solve([[1, 1], [1, 2]], [1, 1]); x[t] = w[0]*ddim(s -> t) }")).toEqual([]);
    expect(
      found(
        "step { let w = integral(1/(u - lambda[s] + 1)^2, u in lambda[s] .. lambda[t]); x[t] = ddim(s -> t) + 0*w*x0[s] }",
      ),
    ).toEqual([]);
  });

  test("a schedule whose drift cannot be integrated from time 0", () => {
    const text = `schedule d { time t from 1 to 0.001; f = -1/t^2; g = sqrt(2)/t }\n${sampler("ddim").replace("vp_linear", "d")}`;
    const { diagnostics } = compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" });
    expect(diagnostics.map((item) => item.code)).toEqual(["D0311"]);
  });
});
