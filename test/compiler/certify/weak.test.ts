// Owns: the table of weak orders, mutants of rules with noise, and what a missed claim says. Weak orders are of the
// reverse SDE whose noise level the rule has.

import { describe, expect, test } from "vitest";
import { checkOrderClaims } from "../../../compiler/certify/orderClaims.js";
import { certifyWeakOrder } from "../../../compiler/certify/weak.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { renderText } from "../../../compiler/diagnostics/text.js";
import { memoryHost } from "../../../compiler/host.js";
import { Program } from "../../../compiler/resolve/module.js";
import { checked, settingOf } from "./subject.js";

function weakOrder(subject: string, more = ""): number | string {
  const verdict = certifyWeakOrder({ setting: settingOf(subject, more), grid: "ratios" });
  return verdict.kind === "order" ? verdict.order : verdict.kind;
}

test.each([
  ["euler_maruyama", 1],
  ["reverse_diffusion", 1],
  ["interpolant_em", 1],
  ["ddpm", 1],
  ["ddim(eta: 1)", 1],
  ["ddim(eta: 0.5)", 1],
  ["euler_ancestral", 1],
  ["sde_dpmpp_1", 1],
  ["sde_dpmpp_1(eta: 0.5)", 1],
  ["sde_dpmpp_2m", 2],
  ['sde_dpmpp_2m(flavour: "heun")', 2],
  ["sde_dpmpp_3m", 2],
  ["dpmpp_sde", 2],
  ["dpmpp_sde(r: 1/3)", 2],
  ["dpmpp_sde_independent", 1],
  ["dpmpp_2s_ancestral", 1],
  ["dpm_2_ancestral", 1],
  ["sa_solver(kp: 1, kc: 1)", 1],
  ["sa_solver(kp: 2, kc: 2)", 2],
  ["sa_solver", 2],
  ["sa_solver(tau: 0.5)", 2],
  ["er_sde(k: 1)", 1],
  ["er_sde(k: 2)", 2],
  ["mrs", 2],
])("%s has weak order %i", (subject, order) => expect(weakOrder(subject)).toBe(order));

test("without noise the weak order is that of the flow", () => {
  expect(weakOrder("ddim")).toBe(1);
  expect(weakOrder("dpmpp_2m")).toBe(2);
  expect(weakOrder("dpmpp_3m_exact")).toBe(3);
});

test("noise that does not shrink with the step has no order", () =>
  expect(weakOrder("churned(base: ddim)")).toBe("undecided"));

const twoM = (weight: string, sign: string, node: string, noise: string): string => `
solver mutant {
  noise z
  start sde_dpmpp_1
  step {
    let h = lambda[t] - lambda[s]
    let r = (lambda[s] - lambda[s-1])/h
    let D = x0[s] ${sign} (x0[s] - ${node})/(${weight}*r)
    x[t] = sigma[t]/sigma[s]*exp(-h)*x[s] - alpha[t]*expm1(-2*h)*D + ${noise}*sigma[t]*sqrt(-expm1(-2*h))*z
  }
}`;

describe("mutants of SDE-DPM-Solver++(2M)", () => {
  test.each([
    ["as published", twoM("2", "+", "x0[s-1]", "1"), 2],
    ["one coefficient changed by a thousandth", twoM("2.002", "+", "x0[s-1]", "1"), 1],
    ["one sign", twoM("2", "-", "x0[s-1]", "1"), 1],
    ["one node", twoM("2", "+", "x0[s-2]", "1"), 1],
    ["noise scaled by a thousandth", twoM("2", "+", "x0[s-1]", "1.001"), 0],
  ])("%s", (_, text, order) => expect(weakOrder("mutant", text)).toBe(order));
});

const stochastic = (noise: string, first: string, second: string, more = "1"): string => `
use std.common { down }
solver mutant {
  ${noise}
  step {
    point m at lambda = lerp(lambda[s], lambda[t], 1/2)
    point dm at rho = down(rho[s], rho[m], 1)
    point dt at rho = down(rho[s], rho[t], 1)
    x[dm] = jump(s -> dm)
    x[m]  = renoise(dm -> m, noise: ${first})
    x[dt] = sigma[dt]/sigma[s]*x[s] - ${more}*alpha[dt]*expm1(lambda[s] - lambda[dt])*x0[m]
    x[t]  = renoise(dt -> t, noise: ${second})
  }
}`;

describe("two stages with noise", () => {
  test.each([
    ["one path", stochastic("brownian W over rho", "W(s -> m)", "W(s -> t)"), 2],
    [
      "multiples of increments count by their deviation",
      stochastic("brownian W over rho", "1*W(s -> m)", "W(s -> t)/1"),
      2,
    ],
    ["independent draws", stochastic("noise z, w", "z", "w"), 1],
    ["one draw for both", stochastic("noise z", "z", "z"), 1],
    [
      "the other half of the path in the stage",
      stochastic("brownian W over rho", "W(m -> t)", "W(s -> t)"),
      2,
    ],
    ["a turned sign", stochastic("brownian W over rho", "-W(s -> m)", "W(s -> t)"), 1],
    ["a wrong weight", stochastic("brownian W over rho", "W(s -> m)", "W(s -> t)", "1.001"), 0],
  ])("%s", (_, text, order) => expect(weakOrder("mutant", text)).toBe(order));
});

test("a missed claim names the moment and the power of h", () => {
  const text = `solver mine {
  weak order 2
  noise z
  step { x[t] = jump(s -> t, eta: 1, noise: z) }
}
solver loud {
  weak order 1
  noise z
  step { x[t] = jump(s -> t, eta: 1, noise: 2*z) }
}
`;
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost({ "a.dsamp": text }), diagnostics);
  const module = program.load("a.dsamp");
  if (module) checkOrderClaims(module, program);
  expect(`\n${renderText(diagnostics.all, (id) => program.source(id), { color: false })}`)
    .toMatchInlineSnapshot(`
      "
      error[D0412]: declared weak order 2, but this rule has weak order 1
        --> a.dsamp:2:3
         2 |   weak order 2
           |   ^^^^^^^^^^^^ first mismatch at h^2, in the mean of a step of the reverse SDE with this noise
           = help: declare \`weak order 1\`

      error[D0411]: declared weak order 1, but this rule is inconsistent
        --> a.dsamp:7:3
         7 |   weak order 1
           |   ^^^^^^^^^^^^ first mismatch at h, in the variance: the noise is 2 times what fits the drift
           = why: with the noise level tau the drift is 1 + tau^2 times that of the flow
           = help: divide the noise by 2, or pull more strongly towards the data
      "
    `);
});

const rule = (claim: string, step: string): string =>
  checked(`solver mine {\n  weak order ${claim}\n  noise z, w\n  step { ${step} }\n}\n`).said;

test.each([
  // No reverse SDE where there is no noise, and no path to share.
  [
    "2",
    "x[t] = ddim(s -> t)",
    "in the mean of a step of the flow: this rule draws no noise",
    "declare `weak order 1`\n",
  ],
  [
    "1",
    "x[t] = ddim(s -> t) - alpha[t]*(lambda[t] - lambda[s])*x0[s]",
    "this rule draws no noise",
    "claim `order 1`",
  ],
  ["1", "x[t] = renoise(s -> t, noise: z)", "never calls the model", "read a prediction"],
  [
    "1",
    "x[t] = jump(s -> t, eta: 1, noise: 1.001*z)",
    "in the variance: the noise is 1.001 times what fits the drift",
    "divide the noise by 1.001",
  ],
  [
    "1",
    "x[t] = ddim(s -> t) + sigma[t]*sqrt(2*(lambda[t] - lambda[s]))*z",
    "the drift is that of the flow, and noise is added",
    "leave the noise out",
  ],
  ["1", "x[t] = 0.99*jump(s -> t, eta: 1, noise: z)", "`x[t]` does not go to `x[s]`", "a step of no length"],
  [
    "2",
    "x[t] = jump(s -> t, eta: 1, noise: z)",
    "of the reverse SDE with this noise",
    "declare `weak order 1`\n",
  ],
  [
    "2",
    "x[t] = jump(s -> t, eta: 1, noise: (3*z + 4*w)/5)",
    "of the reverse SDE with this noise",
    "must come from one `brownian` path",
  ],
])("weak order %s of %s: %s", (claim, step, label, help) => {
  const said = rule(claim, step);
  expect(said).toContain(label);
  expect(said).toContain(help);
});
