// What a rule integrates and its error constant, against the textbook: the constants of Adams formulas, and the
// prediction and coordinate each rule of the library is written in.

import { expect, test } from "vitest";
import { integratedBy, readsQuadrature } from "../../../compiler/certify/integrated.js";
import { orderCertificate } from "../../../compiler/certify/order.js";
import { branches } from "../../../compiler/certify/setting.js";
import { settingOf } from "./subject.js";

const facts = (subject: string, more = ""): string => {
  const setting = settingOf(subject, more);
  const { orders } = orderCertificate(setting, { brief: true });
  const found = integratedBy(branches(setting), "generic", Math.max(...Object.values(orders)));
  const { predictions, over = "?", degree, equalSteps } = found;
  return `${predictions.join(" ")} / ${over}^${degree}${equalSteps ? ", equal steps" : ""}`;
};

test.each([
  ["ddim", "x0 eps / ?^0"],
  ["euler", "flow / time^0"],
  ["euler_rho", "x0 eps / rho^0"],
  ["heun", "flow / time^1"],
  ["rk4", "flow / time^3"],
  ["heun_rho", "eps / rho^1"],
  ["abnorsett(k: 3)", "x0 / lambda^2"],
  ["exp_adams(k: 2)", "x0 / lambda^2"],
  ["deis_rhoab(k: 3)", "eps / rho^2"],
  ["deis_tab(k: 2)", "eps / time^1"],
  ["deis_log_rho(k: 2)", "eps / lambda^1"],
  ["dpmpp_2m", "x0 eps / lambda^0"],
  ["dpmpp_3m", "x0 / lambda^1"],
  ["dpmpp_3m_exact", "x0 / lambda^2"],
  ["ipndm(k: 3)", "eps / rho^2, equal steps"],
  // An integrating factor alone is exact for no prediction.
  ["lawson4", " / lambda^-1"],
])("%s integrates %s", (subject, expected) => expect(facts(subject)).toBe(expected));

test.each([
  ["x0, over: rho, through: s-2 .. s", "x0 / rho^2"],
  ["x0, over: time, through: s-2 .. s", "x0 / time^2"],
  ["x0, over: atan(rho), through: s-1 .. s", "x0 / atan(rho)^1"],
  ["eps, over: lambda^2, through: s-1 .. s", "eps / lambda^2^1"],
  ["score, over: sigma, through: s-1 .. s", "score / sigma^1"],
  ["v, over: time, through: s-2 .. s", "v / time^2"],
  ["v[s]", "v / ?^0"],
  ["half, over: lambda, through: s-1 .. s", "half / lambda^1"],
  // Measured from a point of the step it is no coordinate of the place alone, and the powers of rho tell.
  ["x0, over: rho - rho[s], through: s-1 .. s", "x0 / rho^1"],
])("integrate(s -> t, %s) integrates %s", (what, expected) =>
  expect(
    facts(
      "mine",
      `solver mine { start ddim; quantity half = x0 - eps/2; step { x[t] = integrate(s -> t, ${what}) } }`,
    ),
  ).toBe(expected),
);

test("a weight that is a little off is exact for constants only", () => {
  const rule = (weight: string): string => `solver mine {
  start ddim
  step {
    let h = rho[t] - rho[s]
    let r = (rho[s] - rho[s-1])/h
    x[t]/alpha[t] = x[s]/alpha[s] + h*(eps[s] + ${weight}*(eps[s] - eps[s-1])/r)
  }
}`;
  expect(facts("mine", rule("1/2"))).toBe("eps / rho^1");
  expect(facts("mine", rule("0.50001"))).toBe("x0 eps / rho^0");
});

const constant = (subject: string): readonly number[] | undefined =>
  orderCertificate(settingOf(subject)).constant?.values;

test.each([
  ["ddim", [0, 1 / 2]],
  ["abnorsett(k: 2)", [0, 0, 5 / 12]],
  ["abnorsett(k: 3)", [0, 0, 0, 3 / 8]],
  ["abnorsett(k: 4)", [0, 0, 0, 0, 251 / 720]],
  ["exp_adams(k: 2)", [0, 0, 0, -1 / 24]],
  ["dpmpp_2m", [0, 1 / 12, 5 / 12]],
  ["dpmpp_3m", [0, 0, 1 / 12]],
])("the error constants of %s are %j", (subject, expected) => {
  const found = constant(subject);
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, k) => expect(found?.[k]).toBeCloseTo(value, 13));
});

test("no error constant where the error depends on the schedule, the state or nested calls", () => {
  for (const subject of ["euler", "deis_tab(k: 2)", "bdia", "dpm_solver_2"])
    expect(constant(subject)).toBeUndefined();
});

test("weights by quadrature are told from closed forms", () => {
  const reads = (subject: string): boolean => readsQuadrature(branches(settingOf(subject)));
  expect([reads("deis_tab(k: 2)"), reads("deis_rhoab(k: 2)"), reads("abnorsett(k: 2)")]).toEqual([
    true,
    false,
    false,
  ]);
});
