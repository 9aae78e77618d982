// Owns: tableaux: against rules written by hand, orders on a mixture of Gaussians, sharing of calls, wrong shapes.

import { describe, expect, test } from "vitest";
import { certifyOrder } from "../../../compiler/certify/order.js";
import { tryText } from "../check/support.js";
import { settingOf } from "../certify/subject.js";
import {
  convergence,
  findings,
  lowered,
  mixture,
  resultOf,
  runScalar,
  samplerText,
  smoothGrid,
} from "./scalarRun.js";

const run = (solver: string, definitions: string, steps = 6): number =>
  resultOf(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps });
const tableau = (head: string, rows: string, name = "tried"): string =>
  `solver ${name} { tableau ${head} {\n${rows}\n} }\n`;
const step = (body: string, name = "typed"): string => `solver ${name} { step {\n${body}\n} }\n`;

describe("explicit", () => {
  test("Heun's tableau has the fused coefficients of Heun's rule", () => {
    const text = (solver: string): string =>
      samplerText(solver, {
        definitions: smoothGrid + tableau("flow over time", "0 |\n 1 | 1\n | 1/2, 1/2"),
        grid: "smooth_grid",
      });
    const [a, b] = ["heun", "tried"].map((solver) => lowered(text(solver))) as [
      ReturnType<typeof lowered>,
      ReturnType<typeof lowered>,
    ];
    a.steps.forEach((first, i) => {
      const second = b.steps[i];
      const values = (one: typeof first | undefined): number[] =>
        [...(one?.graph.next?.terms.values() ?? [])].map((e) => one?.numbers.value(e) ?? NaN);
      const [left, right] = [values(first), values(second)];
      expect(left.length).toBe(right.length);
      left.forEach((value, k) =>
        expect(Math.abs((right[k] as number) - value)).toBeLessThan(1e-14 * Math.max(1, Math.abs(value))),
      );
    });
  });

  test("one stage with phi1 is DDIM, on every semilinear form", () => {
    const ddim = run("ddim", "");
    for (const [head, entry] of [
      ["x0 over lambda", "phi1"],
      ["eps over lambda", "phi1"],
      ["eps over rho", "1"],
    ])
      expect(run("tried", tableau(head as string, `0 |\n | ${entry as string}`))).toBeCloseTo(ddim, 14);
  });

  test("the tableau of DPM-Solver-2 is DPM-Solver-2", () => {
    const rows = "0 |\n 1/2 | phi1(1/2)/2\n | 0, phi1";
    expect(run("tried", tableau("eps over lambda", rows))).toBeCloseTo(run("dpm_solver_2", ""), 13);
  });

  test("forms over time", () => {
    for (const view of ["x0", "eps"]) {
      const weight = view === "x0" ? "sigma" : "alpha";
      const slope = (p: string): string =>
        view === "x0" ? `(-rho'[${p}]/rho[${p}]^2)*x0[${p}]` : `rho'[${p}]*eps[${p}]`;
      const typed = step(`let h = time[t] - time[s]
        point m at time = (time[s] + time[t])/2
        x[m] = ${weight}[m]*(x[s]/${weight}[s] + h/2*${slope("s")})
        x[t] = ${weight}[t]*(x[s]/${weight}[s] + h*${slope("m")})`);
      expect(run("tried", tableau(`${view} over time`, "0 |\n 1/2 | 1/2\n | 0, 1"))).toBeCloseTo(
        run("typed", typed),
        14,
      );
    }
  });

  test("lets, parameters and rationals in entries", () => {
    const ralston = `solver tried(c = 2/3) { tableau flow over time {
      let b = 1/(2*c)
      0 |
      c | c
        | 1 - b, b
    } }\n`;
    const typed = step(`let h = time[t] - time[s]
      point m at time = time[s] + 2/3*h
      x[m] = x[s] + 2/3*h*flow[s]
      x[t] = x[s] + h*(flow[s]/4 + 3/4*flow[m])`);
    expect(run("tried", ralston)).toBeCloseTo(run("typed", typed), 14);
  });
});

describe("orders on a mixture of Gaussians", () => {
  const orders: readonly (readonly [string, number, string])[] = [
    ["rk4", 4, ""],
    ["rho_kutta3", 3, ""],
    ["heun_tableau", 2, ""],
    ["ralston", 2, ""],
    ["dormand_prince", 5, ""],
    ["etdrk2", 2, ""],
    ["etdrk4", 4, ""],
    ["krogstad", 4, ""],
    ["strehmel_weiner", 4, ""],
    ["hochbruck_ostermann", 4, ""],
    ["gauss4", 4, ""],
    ["gauss4(sweeps: 2)", 3, ""],
  ];
  test.each(orders)("%s has order %d", (solver, order, definitions) => {
    const slope = convergence(
      solver,
      order >= 5 ? [20, 40] : order >= 3 ? [24, 48] : [100, 200],
      definitions,
    );
    expect(slope).toBeGreaterThan(order - 0.35);
    expect(slope).toBeLessThan(order + 0.9);
  });
});

describe("any prediction over any variable", () => {
  const runge = (head: string): string =>
    `solver tried { quantity half = x0 - eps/2
      tableau ${head} {
        0   |
        1/2 | 1/2
        1/2 | 0, 1/2
        1   | 0, 0, 1
            | 1/6, 1/3, 1/3, 1/6
      } }\n`;
  const heads = [
    ...["v over time", "v over lambda", "x0 over rho", "eps over sigma", "flow over rho", "score over rho"],
    ...[
      "half over time",
      "half over lambda",
      "eps over atan(rho)",
      "x0 over log(sigma)",
      "eps over sqrt(rho)",
    ],
  ];

  test.each(heads)("the classical rule of %s is certified and measured at order 4", (head) => {
    const definitions = runge(head);
    const setting = settingOf("tried", definitions);
    expect(certifyOrder({ setting, grid: "ratios", limit: 6 })).toMatchObject({ kind: "order", order: 4 });
    const slope = convergence("tried", [48, 96], definitions);
    expect(slope).toBeGreaterThan(3.65);
    expect(slope).toBeLessThan(4.9);
  });

  test("variation of constants: over rho, x0 gives sigma times Int x0 d(alpha/sigma)", () => {
    const typed = step(`let h = rho[t] - rho[s]
      point m at rho = (rho[s] + rho[t])/2
      x[m] = sigma[m]*(x[s]/sigma[s] - h/2*x0[s]/rho[s]^2)
      x[t] = sigma[t]*(x[s]/sigma[s] - h*x0[m]/rho[m]^2)`);
    expect(run("tried", tableau("x0 over rho", "0 |\n 1/2 | 1/2\n | 0, 1"))).toBeCloseTo(
      run("typed", typed),
      13,
    );
  });

  test("v over the angle is plain quadrature on a variance preserving path", () => {
    const typed = step(`let h = atan(rho[t]) - atan(rho[s])
      point m at rho = tan(atan(rho[s]) + h/2)
      x[m] = x[s] + h/2*v[s]
      x[t] = x[s] + h*v[m]`);
    expect(run("tried", tableau("v over atan(rho)", "0 |\n 1/2 | 1/2\n | 0, 1"))).toBeCloseTo(
      run("typed", typed),
      13,
    );
  });
});

describe("calls", () => {
  const callsOf = (solver: string, definitions: string, steps = 5): number =>
    runScalar(
      lowered(samplerText(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps })),
      mixture,
    ).calls;

  test("one for each stage, and one at s for the sweeps of an implicit rule", () => {
    expect(callsOf("rk4", "")).toBe(20);
    expect(callsOf("gauss4(sweeps: 3)", "")).toBe(5 * 7);
  });

  test("a last stage equal to the result is the next step's call", () => {
    const both = `solver controlled { carry error[start] = 0*x[s]
  step {
    x[t] = dormand_prince(s -> t)
    error[t] = x[t] - dormand_prince(s -> t).low
  } }\n`;
    const run_ = lowered(
      samplerText("controlled", {
        definitions: smoothGrid + both,
        grid: "smooth_grid",
        steps: 5,
        lines: "output x[end], error[end]",
      }),
    );
    // Only the last step's estimate is read: six stages a step, and there a seventh.
    expect(runScalar(run_, mixture).calls).toBe(6 * 5 + 1);
    expect(run_.steps[2]?.graph.atT()).toBeDefined();
  });

  test("the embedded result is the second row", () => {
    const pair = tableau("flow over time", "0 |\n 1 | 1\n | 1/2, 1/2\n | 1, 0", "pair");
    const low = step("x[t] = pair(s -> t).low", "low");
    expect(run("low", pair + low)).toBeCloseTo(run("euler", ""), 14);
    expect(callsOf("low", pair + low)).toBe(5);
  });
});

describe("wrong tableaux", () => {
  const wrong = (head: string, rows: string): string =>
    findings(samplerText("tried", { definitions: tableau(head, rows) })).join("\n");

  test("shapes", () => {
    expect(wrong("flow over time", "0 |\n 1 | 1\n | 1/2, 1/2, 1")).toMatch(/D0220.*2 stages.*3 entries/);
    expect(wrong("flow over time", "0 |\n 1 | 1\n | 1")).toMatch(/D0220.*1 entry/);
    expect(wrong("flow over time", "0 |\n 1 | 1, 2, 3\n | 1/2, 1/2")).toMatch(/D0220.*row 2 has 3/);
    expect(wrong("flow over time", "0 |\n 1 | 1")).toMatch(/D0211.*no result row/);
    expect(wrong("flow over time", "| 1")).toMatch(/D0211.*no stages/);
    expect(wrong("flow over time", "0 |\n | 1\n | 1\n | 1")).toMatch(/D0220.*two/);
    expect(wrong("flow over time", "0 |\n | 1, 0\n 1 | 1")).toMatch(/D0220/);
  });

  test("implicit without sweeps, a pair without a form, an embedded result that is not there", () => {
    expect(wrong("flow over time", "1/2 | 1/2\n | 1")).toMatch(/D0220.*not known yet/);
    expect(wrong("eps over sigma + rho", "0 |\n 1/2 | 1/2\n | 0, 1")).toMatch(/D0307.*stages have no place/);
    expect(wrong("eps over 3", "0 |\n | 1")).toMatch(/D0220.*same number at every point/);
    expect(wrong("eps over exp(alpha^2 + sigma^2)", "0 |\n | 1")).toMatch(/D0403.*all along `vp_linear`/);
    expect(wrong("noise over rho", "0 |\n | 1")).toContain("D0201");
    const low = step("x[t] = ddim(s -> t).low", "tried");
    expect(findings(samplerText("tried", { definitions: low })).join()).toMatch(/D0307.*no embedded result/);
  });

  test("an entry that is no number says which, and what makes it so", () => {
    const rule = (c: string): string => `solver tried(c = ${c}) { order 2
  tableau flow over time {
    0 |
    c | c
      | 1 - 1/(2*c), 1/(2*c)
  } }
`;
    const { marks, text } = tryText(rule("0"));
    expect(marks).toEqual(["D0423 1 - 1/(2*c)"]);
    expect(text).toContain("entry 1 of the result row of this tableau, `1 - 1/(2*c)`, is minus infinity");
    expect(text).toContain("`c` is 0 here");
    expect(tryText(rule("2/3")).marks).toEqual([]);
    expect(tryText(tableau("flow over time", "0 |\n 1/2 | 1/0\n | 0, 1")).text).toContain(
      "entry 1 of row 2 of this tableau, `1/0`, is infinite",
    );
    expect(findings(samplerText("tried(c: 0)", { definitions: rule("2/3") })).join()).toMatch(
      /D0423 .*entry 1/,
    );
  });

  test("rows that do not sum to c are reported, not refused", () => {
    const run_ = lowered(
      samplerText("lawson", {
        definitions:
          smoothGrid + tableau("x0 over lambda", "0 |\n 1/2 | phi0(1/2)/2\n | 0, phi0(1/2)", "lawson"),
        grid: "smooth_grid",
      }),
    );
    expect(run_.steps[0]?.graph.notes.join()).toContain("row 2");
    expect(
      lowered(samplerText("krogstad", { definitions: smoothGrid, grid: "smooth_grid" })).steps[0]?.graph
        .notes,
    ).toEqual([]);
  });

  test("the note stands at the row", () => {
    const rule = (row: string): string => tableau("eps over rho", `0 |\n 1/2 | ${row}\n | 0, 1`);
    expect(tryText(rule("1/3")).marks).toEqual(["D0417 1/2 | 1/3"]);
    expect(tryText(rule("1/3")).text).toContain(
      "row 2 of the tableau of `tried` does not sum to c = 1/2, but to 1/3",
    );
    expect(tryText(rule("1/2")).marks).toEqual([]);
    expect(findings(samplerText("tried", { definitions: rule("1/3") })).join()).toContain("D0417");
  });
});
