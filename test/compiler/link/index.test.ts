// Owns: training steps that a run needs and its schedule lacks.

import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";

const sampler = (schedule: string): string => `sampler a {
  schedule ${schedule}
  model    predicts eps with time: index
  grid     log_snr
  noise    z
  init     x[start] = z
  steps    4
  solver   ddim
}
`;
const found = (schedule: string) =>
  compile({ host: memoryHost({}), file: "a.dsamp", text: sampler(schedule) }).diagnostics.filter(
    ({ severity }) => severity === "error",
  );

test("a network told `index` on a schedule without training steps", () => {
  const [only, ...more] = found("vp_linear");
  expect(more).toEqual([]);
  expect([only?.code, only?.message]).toEqual([
    "D0420",
    "the schedule `vp_linear` has no training steps, and so no `index`",
  ]);
  expect(only?.help).toContain("time");
  expect(found("stable_diffusion")).toEqual([]);
});
