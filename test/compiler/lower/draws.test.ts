// Draws: which there are, which are the same, and what Brownian increments weigh.

import { describe, expect, test } from "vitest";
import type { PlanPoint } from "../../../compiler/plan/schema.js";
import { run, samplerOf, type Draw } from "./runs.js";

const keys = (draws: readonly Draw[], path: string): readonly string[] =>
  draws.filter((draw) => draw.path === path).map(({ step, pass }) => `${step}.${pass}`);

describe("repeat", () => {
  const jitter = `solver mine(k = 3) {
    noise z
    step {
      point c at s
      x[c] = x[s]
      repeat k { x[c] := x[c] + 0.1*sigma[s]*z }
      x[t] = alpha[t]/alpha[s]*x[c]
    }
  }`;

  test("each pass has its own draw", async () => {
    const { draws } = await run(samplerOf("mine", { definitions: jitter, steps: 2 }));
    expect(keys(draws, "z")).toEqual(["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"]);
  });

  test(":= is read by what stands below it, and by the next pass", async () => {
    const { value, plan } = await run(samplerOf("mine", { definitions: jitter, steps: 1 }), {
      draw: ({ path, pass }) => (path === "z" ? 10 ** pass : 0.5),
    });
    const [s, t] = plan.grid as [PlanPoint, PlanPoint];
    expect(value).toBeCloseTo((t.alpha / s.alpha) * (s.sigma * 0.5 + 0.1 * s.sigma * 111), 10);
  });

  test("a `let` below := reads the new value, one above the old", async () => {
    const order = `solver mine {
      step {
        let y = x[s]
        let before = 2*y
        y := y + 3*sigma[s]
        x[t] = alpha[t]/alpha[s]*(y + 0*before)
      }
    }`;
    const { value, plan } = await run(samplerOf("mine", { definitions: order, steps: 1 }), {
      draw: () => 0.5,
    });
    const [s, t] = plan.grid as [PlanPoint, PlanPoint];
    expect(value).toBeCloseTo((t.alpha / s.alpha) * s.sigma * 3.5, 12);
  });
});

describe("names of draws", () => {
  test("one name is one draw wherever it is read, and fixed draws are drawn once", async () => {
    const mine =
      "solver mine { noise z\n noise w fixed\n step { x[t] = jump(s -> t, eta: 1, noise: z) + 0.1*sigma[t]*(z + w) } }";
    const { draws, plan } = await run(samplerOf("mine", { definitions: mine, steps: 3 }));
    expect(keys(draws, "z")).toEqual(["0.0", "1.0", "2.0"]);
    expect(plan.draws.map(({ path, fixed }) => `${path} ${fixed}`).sort()).toEqual([
      "initial true",
      "w true",
      "z false",
    ]);
  });

  test("an applied solver has its own draws, each application others", async () => {
    const mine =
      "solver mine { noise z\n step { x[t] = (ddim(s -> t, eta: 1) + ddim(s -> t, eta: 1))/2 + 0.1*sigma[t]*z } }";
    const { draws } = await run(samplerOf("mine", { definitions: mine, steps: 1 }));
    const paths = new Set(draws.map((draw) => draw.path));
    expect([...paths].filter((path) => path !== "initial").sort()).toEqual(["ddim.2/z", "ddim/z", "z"]);
  });

  test("a distribution other than normal, and a map of a draw", async () => {
    const mine =
      "solver mine { input known: mask\n noise r = rademacher\n noise m = normal*known\n step { x[t] = ddim(s -> t) + 0.1*sigma[t]*(r + m) } }";
    const { plan } = await run(samplerOf("mine", { definitions: mine, steps: 1 }), {
      inputs: { known: 0.5 },
    });
    expect(plan.draws.map(({ path, distribution }) => `${path} ${distribution}`).sort()).toEqual(
      ["initial normal", "m normal", "r rademacher"].sort(),
    );
  });
});

describe("Brownian increments", () => {
  const mine = `solver mine {
    brownian W over rho
    carry whole[start] = 0
    carry first[start] = 0
    carry second[start] = 0
    step {
      point m at rho = lerp(rho[s], rho[t], 1/3)
      whole[t] = W(s -> t)
      first[t] = W(s -> m)
      second[t] = W(m -> t)
      x[t] = ddim(s -> t)
    }
  }`;
  const text = samplerOf("mine", {
    definitions: mine,
    steps: 1,
    more: "output whole[end], first[end], second[end]",
  });

  /** Weights of the independent draws behind each increment. */
  async function weights(): Promise<{
    readonly rows: readonly (readonly number[])[];
    readonly rho: readonly number[];
  }> {
    const { draws, plan } = await run(text);
    const names = [...new Set(draws.map(({ path, pass }) => `${path}.${pass}`))].filter(
      (name) => !name.startsWith("initial"),
    );
    const columns = await Promise.all(
      names.map((name) =>
        run(text, { draw: ({ path, pass }) => (`${path}.${pass}` === name ? 1 : 0) }).then(
          ({ values }) => values,
        ),
      ),
    );
    const rows = [0, 1, 2].map((row) => columns.map((column) => column[row] as number));
    return { rows, rho: plan.grid.map(({ alpha, sigma }) => sigma / alpha) };
  }

  test("variances are the lengths in the clock, covariances the overlaps", async () => {
    const { rows, rho } = await weights();
    const [whole, first, second] = rows as [readonly number[], readonly number[], readonly number[]];
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
    const length = Math.abs((rho[1] as number) - (rho[0] as number));
    const near = (value: number, expected: number): void => {
      expect(Math.abs(value - expected)).toBeLessThan(1e-10 * length);
    };
    near(dot(whole, whole), length);
    near(dot(first, first), length / 3);
    near(dot(second, second), (2 * length) / 3);
    near(dot(whole, first), length / 3);
    near(dot(first, second), 0);
  });

  test("increments add up", async () => {
    const { values } = await run(text);
    const [whole, first, second] = values as [number, number, number];
    expect(first + second).toBeCloseTo(whole, 10);
  });
});
