// Owns: tables of schedules, however their entries are written: one formula for all entries, or entry by entry.

import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";

/** alpha at every entry of a table of eight. */
function alphas(lines: string): number[] {
  const text = `sampler s {\n  schedule own\n  model predicts eps\n  grid log_snr\n  steps 2\n  solver ddim\n}
schedule own {\n  index i from 7 to 0\n${lines}\n  sigma[i] = sqrt(1 - alpha[i]^2)\n}\n`;
  const { run, diagnostics } = compile({ host: memoryHost({}), file: "own.dsamp", text });
  if (!run) throw new Error(diagnostics.map((item) => item.message).join("; "));
  return Array.from({ length: 8 }, (_, i) => run.sampler.path.numbers.at("index", i).alpha);
}

function product(factor: (k: number) => number): (i: number) => number {
  return (i) => Array.from({ length: i + 1 }, (_, k) => factor(k)).reduce((a, b) => a * b, 1);
}

const cases: readonly (readonly [string, string, (i: number) => number])[] = [
  ["a formula", "  alpha[i] = 0.99 - 0.1*i", (i) => 0.99 - 0.1 * i],
  [
    "a running product",
    "  let beta[i] = 0.01 + i/100\n  alpha[i] = sqrt(prod(1 - beta[k], k in 0 .. i))",
    (i) => Math.sqrt(product((k) => 1 - (0.01 + k / 100))(i)),
  ],
  [
    "a running sum",
    "  let beta[i] = 0.01*(i + 1)\n  alpha[i] = exp(-sum(beta[k], k in 0 .. i))",
    (i) => Math.exp(-0.005 * (i + 1) * (i + 2)),
  ],
  // A float64 formula could land below the step: 0.1*i*10 is exact in the language.
  ["steps", "  alpha[i] = 0.99 - 0.1*floor(0.1*i*10 + i*0)", (i) => 0.99 - 0.1 * i],
  ["a list", "  alpha[i] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2][i]", (i) => 0.9 - 0.1 * i],
  [
    "an entry of the entry before",
    "  alpha[i] = where(i == 0, 0.9, 0.8*alpha[max(0, i - 1)])",
    (i) => 0.9 * 0.8 ** i,
  ],
  [
    "a function of the file's, shifted",
    "  let own(j) = 1.9 - 0.2*j\n  alpha[i] = 0.5*own(i + 1)",
    (i) => 0.85 - 0.1 * i,
  ],
];

test.each(cases)("%s", (_, lines, expected) => {
  alphas(lines).forEach((alpha, i) => expect(alpha).toBeCloseTo(expected(i), 13));
});

test("a mistake in an entry is reported in its own words, not those of the formula", () => {
  expect(() => alphas("  alpha[i] = 0.9 - 0.1*bta[i]")).toThrow("`bta`");
});
