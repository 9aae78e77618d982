// Owns: the words for the order of a solver next to its claim, and numbers that are no order.

import { expect, test } from "vitest";
import { describeOrder } from "../../../compiler/certify/describe.js";
import { checked } from "./subject.js";

const adams = (claim: string, back: number): string =>
  `solver a { ${claim}; start ddim; step { x[t] = integrate(s -> t, x0, over: lambda, through: s-${back} .. s) } }\n`;

const line = (text: string): string => checked(text).solvers.map(describeOrder).join("\n");

test.each([
  [adams("order 2", 1), "order 2 as claimed, in x0 over lambda, error 5/12 h^3 x0'',"],
  [adams("order 2", 2), "order 3 (2 claimed), in x0 over lambda, error 3/8 h^4 x0''',"],
  // Longer series are not looked at: neither is the order known, nor the error.
  [adams("order 2", 9), "order 7 or more (2 claimed), in x0 over lambda, 1 call a step,"],
  [adams("order 7", 6), "order 7 or more (7 claimed), in x0 over lambda, 1 call a step,"],
  [
    "solver a { order 1 on smooth; step { x[t] = ddim(s -> t) } }\n",
    "order 1 on smooth grids as claimed, in",
  ],
  [
    "solver a { order 1 on uniform(rho); step { x[t] = heun(s -> t) } }\n",
    "order 2 on uniform rho (1 claimed), in",
  ],
  ["solver a { weak order 1; step { x[t] = sde_dpmpp_2m(s -> t) } }\n", "weak order 2 (1 claimed), 1 call"],
])("%s", (text, expected) => expect(line(text)).toContain(`a: ${expected}`));

test("an order that only some schedules have is not said of all", () =>
  expect(
    line("solver a { order 1 on flow; step { x[t] = x[s] + (time[t] - time[s])*(eps[s] - x0[s]) } }\n"),
  ).toContain("a: order 1 on flow schedules as claimed, 0 on any"));

test.each([
  ["order 0", "0"],
  ["order -1", "-1"],
  ["order 3/2", "1.5"],
  ["weak order 0", "0"],
  ["run order 0", "0"],
])("%s is no order", (claim, value) => {
  const { said } = checked(`solver a { ${claim}; step { x[t] = ddim(s -> t) } }\n`);
  expect(said).toContain(`error[D0307]: an order that is claimed is a whole number from 1, this is ${value}`);
});

test("nor is it one of samplers", () => {
  const { said } = checked(`sampler a {
  schedule ve
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
expect sampler a { order 0 }
`);
  expect(said).toContain("D0307");
});
