// Which rule each step uses: the solver's, its `start` and `final`, a sampler's, `while ... then`, `fresh`.

import { describe, expect, test } from "vitest";
import type { PlanPoint } from "../../../compiler/plan/schema.js";
import { dataPrediction, difference, planOf, run, samplerOf, type SamplerParts } from "./runs.js";

const rules = (solver: string, parts: SamplerParts = {}): string =>
  planOf(samplerOf(solver, { steps: 5, ...parts })).report.rules.join(" ");

describe("start", () => {
  test("while history is missing, entry i for step i", () => {
    expect(rules("dpmpp_3m")).toBe("ddim dpmpp_2m dpmpp_3m dpmpp_3m dpmpp_3m");
  });

  test("the last entry repeats", () => {
    const mine =
      "solver mine { start ddim\n step { x[t] = alpha[t]*(x0[s] + 0.1*(x0[s-2] - x0[s-1])) + sigma[t]*eps[s] } }";
    expect(rules("mine", { definitions: mine })).toBe("ddim ddim mine mine mine");
  });

  test("a sampler's own comes first", () => {
    expect(rules("dpmpp_2m", { more: "start heun" })).toBe("heun dpmpp_2m dpmpp_2m dpmpp_2m dpmpp_2m");
  });

  test("a rule without history never uses it", () => {
    expect(rules("ddim", { more: "start heun" })).toBe("ddim ddim ddim ddim ddim");
  });

  test("makes the steps for which `through:` would leave points out", () => {
    const mine = (start: string): string =>
      `solver mine { ${start}\n step { x[t] = integrate(s -> t, x0, over: lambda, through: s-2 .. s) } }`;
    expect(rules("mine", { definitions: mine("") })).toBe("mine mine mine mine mine");
    expect(rules("mine", { definitions: mine("start heun then dpmpp_2m") })).toBe(
      "heun dpmpp_2m mine mine mine",
    );
    expect(rules("mine", { definitions: mine(""), more: "start heun" })).toBe("heun heun mine mine mine");
  });

  test("an entry that lacks history itself uses its own", () => {
    const mine =
      "solver mine { start dpmpp_2m\n step { x[t] = alpha[t]*(x0[s] + 0.1*(x0[s-2] - x0[s-1])) + sigma[t]*eps[s] } }";
    expect(rules("mine", { definitions: mine })).toBe("ddim dpmpp_2m mine mine mine");
  });
});

describe("final", () => {
  test("a solver's own at sigma = 0 only", () => {
    expect(rules("heun", { grid: "karras" })).toBe("heun heun heun heun euler");
    expect(rules("heun")).toBe("heun heun heun heun heun");
  });

  test("a sampler's always, the last entry last", () => {
    expect(rules("dpmpp_2m", { more: "final heun then ddim" })).toBe("ddim dpmpp_2m dpmpp_2m heun ddim");
  });
});

describe("while ... then", () => {
  test("switches at the first step where the condition fails, and shares the history", () => {
    expect(rules("ddim while step < 2 then dpmpp_2m")).toBe("ddim ddim dpmpp_2m dpmpp_2m dpmpp_2m");
  });

  test("fresh begins with none", () => {
    expect(rules("heun while step < 2 then dpmpp_2m fresh")).toBe("heun heun ddim dpmpp_2m dpmpp_2m");
  });

  test("does not switch back", () => {
    expect(rules("ddim while step != 1 then heun")).toBe("ddim heun heun heun heun");
  });

  test("several in a row", () => {
    expect(rules("ddim while step < 1 then heun while step < 3 then euler")).toBe(
      "ddim heun heun euler euler",
    );
  });
});

describe("history through applied solvers", () => {
  test("from another state the history is kept by place: pasting nothing changes nothing", async () => {
    const pasted = "solver mine(base: solver) { step { point c at s\n x[c] = x[s]\n x[t] = base(c -> t) } }";
    expect(
      await difference(samplerOf("mine(base: dpmpp_2m)", { definitions: pasted }), samplerOf("dpmpp_2m")),
    ).toBeLessThan(1e-12);
  });

  test("inpaint keeps the history of what it pasted", async () => {
    const byHand = `solver mine {
      input image: tensor
      input known: mask
      noise w fixed
      carry old[start] = 0
      step {
        point c at s
        x[c] = where(known, alpha[s]*image + sigma[s]*w, x[s])
        let h = lambda[t] - lambda[s]
        old[t] = x0[c]
        when first { x[t] = alpha[t]*x0[c] + sigma[t]*eps[c] }
        else {
          let r = (lambda[s] - lambda[s-1])/h
          x[t] = sigma[t]/sigma[s]*x[c] - alpha[t]*expm1(-h)*(x0[c] + (x0[c] - old[s])/(2*r))
        }
      }
      start ddim
    }`;
    const inputs = { image: 0.3, known: 1 };
    const base = `solver paste(base: solver) {
      input image: tensor
      input known: mask
      noise w fixed
      step {
        point c at s
        x[c] = where(known, renoise(clean -> s, image, noise: w), x[s])
        x[t] = base(c -> t)
      }
    }`;
    const draw = ({ step }: { step: number }): number => Math.sin(step + 1);
    const [a, b] = [
      await run(samplerOf("paste(base: dpmpp_2m)", { definitions: base }), { inputs, draw }),
      await run(samplerOf("mine", { definitions: byHand }), { inputs, draw }),
    ];
    expect(a.value).toBeCloseTo(b.value, 11);
    expect(a.calls).toBe(6);
  });

  test("at the same point it is the caller's: two rules share the grid's history", async () => {
    const half =
      "solver mine { start ddim\n step { x[t] = (dpmpp_2m(s -> t) + ddim(s -> t))/2 + 0*x0[s-1] } }";
    const { calls } = await run(samplerOf("mine", { definitions: half }));
    expect(calls).toBe(6);
  });
});

test("carries: an exponential average of predictions, by hand", async () => {
  const mine = `solver mine(beta = 0.7) {
    carry v[start] = eps[start]
    step {
      v[s] = (1 - beta)*v[s-1] + beta*eps[s]
      x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])*v[s]
    }
  }`;
  const { value, plan, calls } = await run(samplerOf("mine", { definitions: mine, steps: 4 }), {
    draw: () => 0.5,
  });
  let x = (plan.grid[0]?.sigma ?? NaN) * 0.5;
  let v = 0;
  for (let i = 0; i < 4; i += 1) {
    const [s, t] = [plan.grid[i], plan.grid[i + 1]] as [PlanPoint, PlanPoint];
    const eps = (x - s.alpha * dataPrediction(x, s.alpha, s.sigma, false)) / s.sigma;
    v = i === 0 ? eps : 0.3 * v + 0.7 * eps;
    x = t.alpha * (x / s.alpha + (t.sigma / t.alpha - s.sigma / s.alpha) * v);
  }
  expect(value).toBeCloseTo(x, 11);
  expect(calls).toBe(4);
});

test("a carry that a branch does not assign holds", async () => {
  const mine = `solver mine {
    carry n[start] = 0
    step {
      when step < 3 { n[t] = n[s] + 1 }
      x[t] = ddim(s -> t)
    }
  }`;
  const { value } = await run(samplerOf("mine", { definitions: mine, more: "output n[end]" }));
  expect(value).toBe(3);
});

test("numbers that only a carry reads differ from step to step", async () => {
  const mine = `solver mine(w = [0, 1, 0, 2, 0, 3]) {
    carry n[start] = 0
    step {
      n[t] = n[s] + where(n[s] >= 0, w[step], 100*w[step])
      x[t] = ddim(s -> t)
    }
  }`;
  const { value } = await run(samplerOf("mine", { definitions: mine, more: "output n[end]" }));
  expect(value).toBe(6);
});

test("so do numbers that only the prediction given at t reads", async () => {
  const mine = `solver mine(w = [1, 2, 3, 4, 5, 6]) {
    step {
      x[t]  = ddim(s -> t)
      x0[t] = where(abs(x[t]) >= 0, w[step], 0)
    }
  }`;
  const { value } = await run(samplerOf("mine", { definitions: mine, more: "output x0[end]" }));
  expect(value).toBeCloseTo(6, 12);
});

describe("guidance whose prediction only the next step reads differs from step to step", () => {
  const definitions = (last: string): string => `guidance early {
    input prompt: condition
    call c = model(cond: prompt)
    call u = model(cond: none)
    when progress < ${last} { x0 = u.x0 + 3*(c.x0 - u.x0) }
    else { x0 = c.x0 }
  }
  solver late {
    start ddim
    step { x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(lambda[s] - lambda[t])*x0[s-1] }
  }
  solver still { step { x[t] = alpha[t]/alpha[s]*x[s] } }`;
  const calls = (solver: string, last: string): number =>
    planOf(samplerOf(solver, { definitions: definitions(last), steps: 8, more: "guidance early" })).report
      .calls;

  test("in a rule that reads history", () => {
    // Two calls in each of steps 0 to 3, one in 4 to 6; nobody reads that of step 7.
    expect(calls("late", "1/2")).toBe(11);
  });

  test("in a rule without history, before one that reads it", () => {
    // One call in step 3, which the step after it reads, one in each of 4 to 6.
    expect(calls("still while step < 4 then late", "1/4")).toBe(4);
  });
});
