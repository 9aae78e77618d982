// Owns: derived inverses: the way back of two-step rules, and the reasons why other rules have none.

import { describe, expect, test } from "vitest";
import { gridLevel } from "../../../compiler/graph/level.js";
import { quantity } from "../../../compiler/graph/quantity.js";
import type { RunStep } from "../../../compiler/sampler/run.js";
import { findings, lowered, mixture, runScalar, samplerText } from "./scalarRun.js";

const grids = `grid down_grid { lambda[i] = lerp(-1, 2, (i/steps)^1.3)  for i in 0 .. steps }
`;
const runOf = (solver: string, grid: string): ReturnType<typeof lowered> =>
  lowered(samplerText(solver, { definitions: grids, grid, steps: 6 }));

/** Weights of x[s], x[s-1] and the call at s. */
function weights(step: RunStep): { x: number; older: number; call: number } {
  const found = { x: 0, older: 0, call: 0 };
  for (const [node, coefficient] of step.graph.next?.terms ?? []) {
    const value = step.numbers.value(coefficient);
    if (node.kind === "call") found.call = value;
    else if (node.kind === "leaf" && node.leaf.kind === "state")
      found[node.leaf.offset === 0 ? "x" : "older"] = value;
  }
  return found;
}

describe("two-step rules", () => {
  test.each(["bdia", "bdia(gamma: 0.9)", "o_belm"])("%s and its inverse undo each other", (solver) => {
    const there = runOf(solver, "down_grid");
    const back = runOf(`inverse(${solver})`, "reverse(down_grid)");
    // Points 1, 2, 3 forward are the points 5, 4, 3 of the way back.
    const forward = there.steps[2] as RunStep;
    const backward = back.steps[4] as RunStep;
    expect(backward.numbers.value(quantity("lambda", gridLevel(0)))).toBeCloseTo(
      forward.numbers.value(quantity("lambda", gridLevel(0))),
      13,
    );
    const [f, b] = [weights(forward), weights(backward)];
    expect(b.older).toBeCloseTo(1 / f.older, 11);
    expect(b.x).toBeCloseTo(-f.x / f.older, 11);
    expect(b.call).toBeCloseTo(-f.call / f.older, 11);
    expect(runScalar(back, mixture).calls).toBe(6);
  });

  test("the inverse of the inverse is the rule", () => {
    const once = runScalar(runOf("bdia", "down_grid"), mixture).value;
    expect(runScalar(runOf("inverse(inverse(bdia))", "down_grid"), mixture).value).toBe(once);
  });

  test("a run there and back along the same states", () => {
    const there = runScalar(runOf("o_belm", "down_grid"), mixture).states;
    // The way back from the two last states, in the rule's own arithmetic.
    const back = runOf("inverse(o_belm)", "reverse(down_grid)");
    let [older, x] = [there[5] as number, there[4] as number];
    for (let i = 1; i <= 4; i += 1) {
      const step = back.steps[i] as RunStep;
      const w = weights(step);
      const next = w.x * x + w.older * older + w.call * mixture(x, step.numbers.point(gridLevel(0)));
      [older, x] = [x, next];
    }
    expect(x).toBeCloseTo(there[0] as number, 10);
  });
});

describe("refused, with the reason", () => {
  test.each([
    ["ddim", "through the call"],
    ["dpmpp_2m", "x0[s-1]"],
    ["euler_ancestral", "noise"],
    ["heun", "another point"],
    ["ghvb", "D0430"],
  ])("%s: %s", (solver, reason) => {
    const text = findings(
      samplerText(`inverse(${solver})`, { definitions: grids, grid: "reverse(down_grid)" }),
    ).join("\n");
    expect(text).toContain("D0430");
    expect(text).toContain(reason);
  });
});
