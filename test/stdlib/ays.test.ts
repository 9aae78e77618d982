// The levels of Align Your Steps as published: at ten steps the tables themselves, on the path each was made for.

import { expect, test } from "vitest";
import { compiled } from "./harness.js";

const levels = (schedule: string, grid: string): readonly number[] => {
  const { plan, reports } = compiled(`use std.grids { ays_sdxl_10, ays_sd15_10, ays_svd_10 }
sampler s {
  schedule ${schedule}
  model    predicts eps
  grid     ${grid}
  steps    10
  solver   ddim
}`);
  if (!plan) throw new Error(reports.join("\n"));
  return plan.grid.map(({ alpha, sigma }) => Number((Number(sigma) / Number(alpha)).toPrecision(5)));
};

test.each([
  ["stable_diffusion", "ays_sdxl_10", [6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113]],
  ["stable_diffusion", "ays_sd15_10", [6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152]],
  ["edm(sigma_max: 700)", "ays_svd_10", [54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034]],
])("on %s, %s is the published table", (schedule, table, inner) => {
  const [first, ...rest] = levels(schedule, `ays(points: ${table}, zero: "replaced")`);
  expect(first).toBeCloseTo(schedule === "stable_diffusion" ? 14.6146 : 700, 3);
  expect(rest).toEqual([...inner, 0]);
});

test("a zero that is appended leaves the last level in", () => {
  expect(levels("stable_diffusion", "ays").slice(-2)).toEqual([0.029167, 0]);
});
