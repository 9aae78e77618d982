// Owns: what a wrapper keeps of the solver it applies.

import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";

const calls = (solver: string): number | undefined => {
  const text = `
use std.solvers { unipc }
solver wrapped { step { x[t] = unipc(s -> t, p: 2) } }
sampler a { schedule vp_linear; model predicts eps; grid log_snr; steps 8; solver ${solver} }
`;
  return compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" }).plan?.report.calls;
};

test("a prediction that a solver puts at t is there for the next step, also through a wrapper", () => {
  expect(calls("unipc(p: 2)")).toBe(9);
  expect(calls("wrapped")).toBe(9);
  // PECE calls again after correcting.
  expect(calls("unipc(p: 2, again: 1)")).toBe(16);
});

test("what is wrong in an applied rule of the library is shown at the call", () => {
  const text = `
solver mine {
  start ddim
  step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[m] = ddim(s -> m)
    x[t] = dpmpp_2m(m -> t)
  }
}
sampler a { schedule vp_linear; model predicts eps; grid log_snr; steps 8; solver mine }
`;
  const { diagnostics } = compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" });
  expect(diagnostics.map(({ code }) => code)).toEqual(["D0304"]);
  const [{ primary, secondary } = { primary: undefined, secondary: [] }] = diagnostics;
  expect(text.slice(primary?.span.start, primary?.span.end)).toBe("dpmpp_2m(m -> t)");
  expect(primary?.span.file).toBe("a.dsamp");
  expect(secondary[0]?.span.file).toMatch(/^std:.*dpmpp_2m/);
});
