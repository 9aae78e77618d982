// Timesteps of diffusers are whole because numpy rounded them: all of them, for every number of steps, against numpy.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { Failure } from "../../compiler/diagnostics/report.js";
import { innerSpacing, outerSpacing, type Spaced } from "../../importers/diffusers/spacing.js";
import { importDiffusers } from "../../importers/index.js";

type Exceptions = Readonly<Record<string, readonly (readonly [entry: number, value: number])[]>>;

/** Where numpy differs from exact arithmetic. */
const recorded = JSON.parse(
  readFileSync(new URL("recorded/numpy-rounding.json", import.meta.url), "utf8"),
) as {
  readonly outer: Exceptions;
  readonly inner: Exceptions;
  readonly trailing: Exceptions;
  refused: number[];
};

/** p/q rounded half to even, in whole numbers. */
function half(p: number, q: number): number {
  const low = Math.floor(p / q);
  const rest = 2 * (p - low * q);
  return rest > q || (rest === q && low % 2 === 1) ? low + 1 : low;
}

const table = { definitions: [], N: 1000, abar: [] };

interface Kind {
  readonly name: "outer" | "inner" | "trailing";
  readonly spaced: (n: number) => Spaced;
  readonly exact: (n: number, i: number) => number;
}

const kinds: readonly Kind[] = [
  {
    name: "outer",
    spaced: (n) => outerSpacing("it", "linspace", table, n, 0, true),
    exact: (n, i) => half(999 * (n - 1 - i), Math.max(1, n - 1)),
  },
  {
    name: "inner",
    spaced: (n) => innerSpacing("it", "linspace", table, n, 0, 1000),
    exact: (n, i) => half(999 * (n - i), n),
  },
  {
    name: "trailing",
    spaced: (n) => outerSpacing("it", "trailing", table, n, 0, true),
    exact: (n, i) => half(1000 * (n - i), n) - 1,
  },
];

describe.each(kinds)("$name", ({ name, spaced, exact }) => {
  test("1 to 1000 steps", () => {
    const refused: number[] = [];
    for (let n = 1; n <= 1000; n += 1) {
      let made: Spaced;
      try {
        made = spaced(n);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refused.push(n);
        continue;
      }
      const other = new Map(recorded[name][n] ?? []);
      const wanted = Array.from({ length: n }, (_, i) => other.get(i) ?? exact(n, i));
      expect(
        wanted.map((_, i) => made.at(i)),
        `${n} steps`,
      ).toEqual(wanted);
    }
    expect(refused).toEqual(name === "trailing" ? recorded.refused : []);
  });
});

describe("what is written has the same steps", () => {
  // Half-way cases to the even side, down, up, and some down and some up.
  test.each([
    ["DPMSolverMultistepScheduler", "linspace", "inner", [20, 30, 46, 102]],
    ["DDIMScheduler", "linspace", "outer", [21, 31, 47, 103]],
    ["DDIMScheduler", "trailing", "trailing", [20, 48, 112, 176]],
  ] as const)("%s %s", (name, timestep_spacing, kind, counts) => {
    const { spaced } = kinds.find((item) => item.name === kind) as Kind;
    for (const n of counts) {
      const { text } = importDiffusers({ _class_name: name, timestep_spacing }, { steps: n });
      const { plan } = compile({ host: memoryHost({}), file: "levels.dsamp", text });
      const made = spaced(n);
      expect((plan?.grid ?? []).slice(0, n).map(({ index }) => index)).toEqual(
        Array.from({ length: n }, (_, i) => made.at(i)),
      );
    }
  });
});
