// Names, placement, arguments and cycles: what is reported, and under which text.

import { describe, expect, test } from "vitest";
import { checkText } from "./support.js";

const solver = (step: string, around = ""): string =>
  `solver mine {\n  ${around}\n  step {\n    ${step}\n  }\n}\n`;
const euler = "x[t] = x[s] + (time[t] - time[s])*flow[s]";

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ["a slip of a quantity", solver("x[t] = sigmma[t]*x[s]"), ["D0201 sigmma"]],
  ["a slip of a view", solver("x[t] = x[s] + ep[s]"), ["D0201 ep"]],
  ["a slip of a function", solver("x[t] = exmp1(lambda[t] - lambda[s])*x[s]"), ["D0201 exmp1"]],
  ["a slip of a solver", solver("x[t] = dddim(s -> t)"), ["D0201 dddim"]],
  ["a slip of a result", solver("call c = model()\n    x[t] = c.x00"), ["D0201 x00"]],
  [
    "several at once",
    solver("x[t] = sigmma[t]*x[s] + alfa[t]*x0[s] + hh"),
    ["D0201 sigmma", "D0201 alfa", "D0201 hh"],
  ],
  ["each unknown name once", solver("x[t] = hh*x[s] + hh*x0[s]"), ["D0201 hh"]],
  ["an unknown kind", "solver mine(base: solvr) { step { x[t] = base(s -> t) } }", ["D0201 solvr"]],
  ["an unknown definition", "grid mine = karas", ["D0201 karas"]],
  ["another kind of definition", "grid mine = dpmpp_2m", ["D0307 dpmpp_2m"]],
  ["an unknown claim", "expect ddim { is stable }", ["D0201 stable"]],
  ["a view of a guidance rule at a point", "guidance g { x0 = 2*x0[s] }", ["D0304 s"]],
  ["a quantity without a point", solver("x[t] = sigma*x[s]"), ["D0304 sigma"]],
  ["a quantity at a number", solver("x[t] = sigma[0]*x[s]"), ["D0304 0"]],
  ["a derivative without a point", solver("x[t] = sigma'*x[s]"), ["D0304 sigma"]],
  ["a quantity where there is none", "let a = sigma", ["D0304 sigma"]],
  ["a point in a schedule", "schedule a { time u from 1 to 0; alpha = 1 - s; sigma = u }", ["D0304 s"]],
  ["hiding a quantity", solver("let sigma = 2\n    x[t] = sigma*ddim(s -> t)"), ["D0202 sigma"]],
  ["hiding a point", solver("let s = 2\n    x[t] = s*x[t]"), ["D0202 s"]],
  [
    "hiding a parameter",
    "solver mine(r = 1) {\n  step {\n    when first { let r = 2; x[t] = r*ddim(s -> t) } else { x[t] = r*ddim(s -> t) }\n  }\n}",
    ["D0202 r"],
  ],
  ["hiding a library solver", `solver ddim { step { ${euler} } }`, ["D0202 ddim"]],
  [
    "a parameter that hides a called function",
    "solver mine(floor = 1) { step { x[t] = floor(2)*ddim(s -> t) } }",
    ["D0202 floor"],
  ],
  [
    "unused",
    solver(euler, "noise z, w\n  input mask_: mask\n  let a = 2"),
    ["D0203 z", "D0203 w", "D0203 mask_", "D0203 a"],
  ],
  ["an unused parameter", `solver mine(r = 1) { step { ${euler} } }`, ["D0203 r"]],
  ["stored and never read", solver(`point e at t\n    x[e] = ddim(s -> t)\n    ${euler}`), ["D0203 e"]],
  ["not unused: an underscore", `solver mine(_r = 1) { step { ${euler} } }`, []],
  ["not unused: a condition", solver(euler, "input prompt: condition"), []],
  ["twice", solver("let h = 1\n    let h = 2\n    x[t] = h*x[s]"), ["D0204 h"]],
  ["twice in the step and around it", solver("let h = 2\n    x[t] = h*x[s]", "let h = 1"), ["D0204 h"]],
  [
    "not twice: two branches",
    solver("when first { let h = 1; x[t] = h*ddim(s -> t) } else { let h = 2; x[t] = h*ddim(s -> t) }"),
    [],
  ],
  ["two steps", "solver mine { step { x[t] = x[s] }\n step { x[t] = x[s] } }", ["D0204 step"]],
  ["a point in a grid", "grid g { point m at lambda = 2; rho[i] = i for i in 0 .. steps }", ["D0210 point"]],
  ["an equation outside the step", "solver mine { x[t] = x[s] }", ["D0210 x[t]", "D0211 mine"]],
  ["a claim in a guidance rule", "guidance g { order 2; x0 = 2*x0 }", ["D0210 order"]],
  ["a sampler of nothing", "sampler q { steps 3 }", ["D0211 q", "D0211 q", "D0211 q", "D0211 q"]],
  ["a schedule without a variable", "schedule a { alpha = 1; sigma = 2 }", ["D0211 a"]],
  ["too few arguments", solver("x[t] = lerp(1, 2)*x[s]"), ["D0220 lerp(1, 2)"]],
  ["too many arguments of a let", solver("let f2(p) = x0[p]\n    x[t] = f2(s, t)"), ["D0220 f2(s, t)"]],
  ["an unknown argument of a verb", solver("x[t] = jump(s -> t, ete: 1)"), ["D0220 ete"]],
  ["a verb without points", solver("x[t] = jump(s)"), ["D0220 jump(s)"]],
  ["an unknown parameter", "grid mine = karras(powr: 3)", ["D0220 powr"]],
  [
    "a missing parameter",
    solver("x[t] = ancestral(s -> t, base: between)") +
      "solver between(base: solver) { step { x[t] = base(s -> t) } }",
    ["D0220 between"],
  ],
  ["a let of itself", solver("let a = a + 1\n    x[t] = a*x[s]"), ["D0305 a"]],
  ["two lets of each other", solver("let a = b\n    let b = 2*a\n    x[t] = a*x[s]"), ["D0305 b"]],
  ["a cycle of the file", "let a = 2*b\nlet b = a", ["D0305 b"]],
];

describe("findings", () => {
  test.each(cases)("%s", (_title, text, marks) => {
    expect(checkText(text).marks).toEqual(marks);
  });
});

describe("what only a sampler could say is left to it", () => {
  test.each([
    ["a further result of the network", solver("x[t] = exp(logvar[s])*ddim(s -> t)")],
    ["a further network", "guidance g {\n  call w = weak(cond: none)\n  x0 = w.x0\n}"],
    [
      "an input of the schedule",
      "schedule a {\n  input mean_image: tensor\n  time u from 1 to 0\n  alpha = 1 - u\n  sigma = u\n  x = alpha*x0 + sigma*eps + u*mean_image\n}\nsolver b { step { x[t] = mean_image + ddim(s -> t) } }",
    ],
  ])("%s", (_title, text) => {
    expect(checkText(text).text).toBe("");
  });
});

test("a file with syntax errors is not searched for more", () => {
  expect(
    checkText("solver mine { step { x[t] = sigmma[t]* } }").marks.every((mark) => mark.startsWith("D01")),
  ).toBe(true);
});

describe("fixes", () => {
  const apply = (text: string): string => {
    const [edit] = checkText(text).diagnostics[0]?.fix?.edits ?? [];
    return edit ? text.slice(0, edit.span.start) + edit.text + text.slice(edit.span.end) : "no fix";
  };
  test("a line of its own is removed", () => {
    expect(apply("solver a {\n  noise z // not needed\n  step { x[t] = ddim(s -> t) }\n}\n")).toBe(
      "solver a {\n  step { x[t] = ddim(s -> t) }\n}\n",
    );
  });
  test("one of several names is removed", () => {
    expect(
      apply("solver a {\n  noise z, w\n  step { x[t] = jump(s -> t, eta: 1, noise: w) }\n}\n"),
    ).toContain("noise w\n");
    expect(
      apply("solver a {\n  noise z, w\n  step { x[t] = jump(s -> t, eta: 1, noise: z) }\n}\n"),
    ).toContain("noise z\n");
  });
  test("nothing is removed from a line shared with others", () => {
    expect(apply("solver a { noise z; step { x[t] = ddim(s -> t) } }")).toBe("no fix");
  });
});
