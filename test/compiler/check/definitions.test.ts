// Definitions that no sampler uses, lowered in a neutral setting.

import { describe, expect, test } from "vitest";
import { tryText } from "./support.js";

describe("found without a sampler", () => {
  test.each([
    [
      "a state at another level",
      "solver a { step { point e at s\n x[e] = ddim(s -> t)\n x[t] = ddim(e -> t) } }",
      ["D0301 ddim(s -> t)"],
    ],
    [
      "a tensor where a number is needed",
      "solver a { step { point m at rho = norm(x0[s]) \n x[m] = ddim(s -> m)\n x[t] = ddim(m -> t) } }",
      ["D0302 norm(x0[s])"],
    ],
    ["no start rule", "solver a { step { x[t] = alpha[t]*x0[s-1] + sigma[t]*eps[s] } }", ["D0305 x0[s-1]"]],
    ["a rule of a guidance", "guidance a { x0 = x0\n  eps = 2*eps\n  score = score }", ["D0310 eps = 2*eps"]],
    [
      "a schedule that goes backwards",
      "schedule a { time u from 0 to 1; alpha = 1 - u; sigma = u }",
      ["D0311 time u from 0 to 1"],
    ],
    [
      "a grid with a repeated point",
      "grid a { lambda[i] = lerp(lambda[start], lambda[end], 1/2)  for i in 0 .. steps }",
      ["D0402 lambda[i] = lerp(lambda[start], lambda[end], 1/2)  for i in 0 .. steps"],
    ],
    ["itself, without end", "solver a { step { x[t] = a(s -> t) } }", ["D0207 a"]],
    [
      "a function of itself, without end",
      "let f2(n) = f2(n - 1)\nsolver a { step { x[t] = f2(3)*ddim(s -> t) } }",
      ["D0207 f2(n - 1)"],
    ],
    ["a grid of itself", "grid a = a", ["D0207 a"]],
    ["a schedule of itself", "schedule a = a", ["D0207 a"]],
  ])("%s", (_title, text, marks) => {
    expect(tryText(text).marks).toEqual(marks);
  });
});

describe("right", () => {
  test.each([
    ["a corrector that stays at its level", "solver a { step { x[t] = x[s] } }"],
    [
      "a corrector that says so",
      "solver a {\n  step {\n    point c at s\n    x[c] = x[s] + 0.1*sigma[s]^2*score[s]\n    x[t] = x[c]\n  }\n}",
    ],
    [
      "a rule for the last step",
      "solver a {\n  start ddim\n  final b\n  step { x[t] = alpha[t]*x0[s-1] + sigma[t]*eps[s] }\n}\nsolver b { step { x[t] = alpha[t]*x0[s-1] + sigma[t]*eps[s] } }",
    ],
    [
      "parameters without a neutral value are left alone",
      "grid a(list: table) { rho[i] = list[i]  for i in 0 .. length(list)-1 }",
    ],
    ["a grid of another interval", "grid a { rho[i] = 1000 - i  for i in 0 .. steps }"],
    [
      "further networks and results",
      "guidance a {\n  call w = weak(cond: none)\n  x0 = w.x0 + w.bias\n}\nsolver b { step { x[t] = exp(logvar[s])*ddim(s -> t) } }",
    ],
    [
      "a rule that requires a schedule",
      "solver a {\n  requires alpha == 1\n  step { x[t] = x[s] + (sigma[t] - sigma[s])*eps[s] }\n}",
    ],
  ])("%s", (_title, text) => {
    expect(tryText(text).text).toBe("");
  });
});

test("what is reserved is a warning until it is compiled, once for each construct", () => {
  const { diagnostics, marks } = tryText(
    "solver a {\n  population 64\n  step { x[t] = ddim(s -> t) + vjp(x0[s], x[s], x0[s]) + vjp(x0[s], x[s], eps[s]) }\n}",
  );
  expect(marks.filter((mark) => mark.startsWith("D0990"))).toEqual(["D0990 population 64", "D0990 vjp"]);
  expect(diagnostics.every((item) => item.severity === "warning")).toBe(true);
});
