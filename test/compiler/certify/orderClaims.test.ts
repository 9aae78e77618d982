// Owns: the table of orders that the certificate must find, by algebra; the claims of the library; mutants of them; and
// what a missed claim says.

import { describe, expect, test } from "vitest";
import { checkClaims } from "../../../compiler/certify/claims.js";
import { certifyOrder, orderCertificate, type Verdict } from "../../../compiler/certify/order.js";
import type { GridKind } from "../../../compiler/certify/gridSeries.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { renderText } from "../../../compiler/diagnostics/text.js";
import { memoryHost } from "../../../compiler/host.js";
import { Program } from "../../../compiler/resolve/module.js";
import { library } from "../../../stdlib/index.js";
import { settingOf } from "./subject.js";

function load(text: string): { program: Program; diagnostics: Diagnostics } {
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost({ "a.dsamp": text }), diagnostics);
  program.load("a.dsamp");
  return { program, diagnostics };
}

/** The verdict for a solver written as in an `expect` line. */
const verdict = (subject: string, grid: GridKind = "ratios", more = ""): Verdict =>
  certifyOrder({ setting: settingOf(subject, more), grid });

const order = (subject: string, grid?: GridKind, more?: string): number | string => {
  const found = verdict(subject, grid, more);
  return found.kind === "order" ? found.order : found.kind;
};

const table: readonly (readonly [string, number])[] = [
  ["ddim", 1],
  ["euler", 1],
  ["euler_rho", 1],
  ["dpm_solver_1", 1],
  ["dpm_solver_2(r1: 0.3)", 2],
  ["dpm_solver_2(r1: 1/2)", 2],
  ["dpm_solver_2(r1: 1)", 2],
  ["dpm_solver_3", 3],
  ["dpm_solver_3(r2: 1/2)", 2],
  ["dpm_solver_2m", 2],
  ["dpm_solver_3m", 2],
  ["dpm_solver_3m_exact", 3],
  ["dpmpp_2s", 2],
  ["dpmpp_2m", 2],
  ["dpmpp_3m", 2],
  ["dpmpp_3m_exact", 3],
  ["heun", 2],
  ["edm", 2],
  ["dpm_2", 2],
  ["abnorsett(k: 1)", 1],
  ["abnorsett(k: 2)", 2],
  ["abnorsett(k: 3)", 3],
  ["abnorsett(k: 4)", 4],
  ["deis_rhoab(k: 1)", 1],
  ["deis_rhoab(k: 2)", 2],
  ["deis_rhoab(k: 3)", 3],
  ["deis_rhoab(k: 4)", 4],
  ["deis_tab(k: 1)", 1],
  ["deis_tab(k: 2)", 2],
  ["deis_tab(k: 3)", 3],
  ["deis_tab(k: 4)", 4],
  ["lms(k: 1)", 1],
  ["lms(k: 2)", 2],
  ["lms(k: 3)", 3],
  ["lms(k: 4)", 4],
  ["unipc_p(p: 1)", 1],
  ["unipc_p(p: 2)", 2],
  ["unipc_p(p: 3)", 3],
  ["unipc(p: 1)", 2],
  ["unipc(p: 2)", 3],
  ["unipc(p: 3)", 4],
  ['unipc_p(p: 1, variant: "bh1")', 1],
  ['unipc_p(p: 2, variant: "bh1")', 2],
  ['unipc_p(p: 3, variant: "bh1")', 3],
  ['unipc(p: 1, variant: "bh1")', 2],
  ['unipc(p: 2, variant: "bh1")', 3],
  ['unipc(p: 3, variant: "bh1")', 4],
  ["exp_adams(k: 2)", 3],
  ["rk4", 4],
  ["rho_kutta3", 3],
  ["dormand_prince", 5],
  ["krogstad", 4],
  ["etdrk4", 4],
  ["strehmel_weiner", 4],
  ["hochbruck_ostermann", 4],
  ["o_belm", 2],
  ["heavy_ball", 1],
  ["heavy_ball(base: dpmpp_2m)", 1],
  ["nesterov", 1],
];

describe("on arbitrary step ratios and every schedule", () => {
  test.each(table)("%s has order %i", (subject, expected) => expect(order(subject)).toBe(expected));
});

test("the embedded result of Dormand and Prince has order 4", () =>
  expect(order("low", "ratios", "solver low { step { x[t] = dormand_prince(s -> t).low } }")).toBe(4));

const fixed: readonly (readonly [string, GridKind, number])[] = [
  ["ipndm(k: 2)", "ratios", 1],
  ["ipndm(k: 2)", "smooth", 2],
  ["ipndm(k: 2)", "rho", 2],
  ["ipndm(k: 3)", "ratios", 1],
  ["ipndm(k: 3)", "smooth", 2],
  ["ipndm(k: 4)", "ratios", 1],
  ["ipndm(k: 4)", "smooth", 2],
  ["ipndm(k: 4)", "rho", 4],
  ["ipndm(k: 3)", "rho", 3],
  ["plms", "ratios", 1],
  ["plms", "smooth", 2],
  ["plms", "rho", 4],
  ["ghvb(k: 1)", "rho", 1],
  ["ghvb(k: 2)", "rho", 2],
  ["ghvb(k: 3)", "rho", 3],
  ["ghvb(k: 4)", "rho", 4],
  ["bdia(gamma: 1)", "ratios", 1],
  ["bdia(gamma: 1)", "smooth", 2],
];

describe("rules with weights of a uniform grid", () => {
  test.each(fixed)("%s on %s has order %i", (subject, grid, expected) =>
    expect(order(subject, grid)).toBe(expected),
  );
});

test.each(["bdia(gamma: 1)", "o_belm"])("%s is weakly stable", (subject) =>
  expect(orderCertificate(settingOf(subject)).stability?.zero).toBe("weakly stable"),
);

test("what is carried for other purposes than the state does not count", () => {
  const keeps = (state: string): string =>
    `solver keeps { carry m[start] = x[start]; step { x[t] = ${state}; m[t] = m[s] + x[t] } }`;
  expect(order("keeps", "ratios", keeps("ddim(s -> t)"))).toBe(1);
  expect(orderCertificate(settingOf("keeps", keeps("ddim(s -> t)"))).stability?.zero).toBe("stable");
  expect(order("keeps", "ratios", keeps("ddim(s -> t) + (lambda[t] - lambda[s])^3*m[s]"))).toBe("undecided");
});

test("noise is no deterministic order", () => expect(order("euler_ancestral")).toBe("noise"));

test("every order that the library claims is certified", () => {
  const { program, diagnostics } = load("");
  for (const id of Object.keys(library)) {
    const module = program.load(id);
    if (module) checkClaims(module, program);
  }
  const wrong = diagnostics.all.filter((item) => ["D0411", "D0412", "D0910"].includes(item.code));
  expect(wrong.map((item) => `${item.primary?.span.file}: ${item.message}`)).toEqual([]);
});

const twoM = (weight: string, sign: string, node: string): string => `
solver mutant {
  start ddim
  step {
    let h = lambda[t] - lambda[s]
    let r = (lambda[s] - lambda[s-1])/h
    let D = x0[s] ${sign} (x0[s] - x0[s-1])/(${weight}*r)
    x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*${node}
  }
}`;

test.each([
  ["as published", twoM("2", "+", "D"), 2],
  ["one coefficient changed by a thousandth", twoM("2.002", "+", "D"), 1],
  ["one sign", twoM("2", "-", "D"), 1],
  ["one node", twoM("2", "+", "x0[s-1]"), 1],
])("2M, %s", (_, text, expected) =>
  expect(order("mutant", "ratios", text)).toBeLessThanOrEqual(expected as number),
);

test.each([
  ["one coefficient changed by a thousandth", twoM("2.002", "+", "D")],
  ["one sign", twoM("2", "-", "D")],
])("the mutant of 2M with %s is rejected", (_, text) => expect(order("mutant", "ratios", text)).toBe(1));

test("a missed claim names the power of h, the differential and a certified repair", () => {
  const text = `solver third {
  order 3
  start ddim then dpmpp_2m
  step {
    let h  = lambda[t] - lambda[s]
    let r0 = (lambda[s] - lambda[s-1])/h
    let r1 = (lambda[s-1] - lambda[s-2])/h
    let d0 = (x0[s] - x0[s-1])/r0
    let d1 = (x0[s-1] - x0[s-2])/r1
    let D1 = d0 + (d0 - d1)*r0/(r0 + r1)
    let D2 = (d0 - d1)/(r0 + r1)
    let q1 = expm1(-h)
    let q2 = q1/h + 1
    let q3 = q2/h - 1/2
    x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*(q1*x0[s] - q2*D1 + q3*D2)
  }
}
expect dpm_solver_3(r2: 1/2) { fails "D0412" }
expect dpm_solver_3 { order 3; calls 2 }
`;
  const { program, diagnostics } = load(text);
  const module = program.load("a.dsamp");
  if (module) checkClaims(module, program);
  expect(`\n${renderText(diagnostics.all, (id) => program.source(id), { color: false })}`)
    .toMatchInlineSnapshot(`
      "
      error[D0412]: declared order 3, but this rule has order 2
        --> a.dsamp:2:3
         2 |   order 3
           |   ^^^^^^^ first mismatch at h^3, in the second derivative of the prediction along the solution: with equal steps in lambda, the exact flow has 1/6, this rule has 1/12
           = help: with D2 = 2*(d0 - d1)/(r0 + r1) the rule has order 3; or declare \`order 2\`
           = fix: write D2 = 2*(d0 - d1)/(r0 + r1)

      error[D0910]: \`dpm_solver_3\` makes 3 calls a step, not 2
        --> a.dsamp:19:32
        19 | expect dpm_solver_3 { order 3; calls 2 }
           |                                ^^^^^^^
           = help: expect \`calls 3\`
      "
    `);
});
