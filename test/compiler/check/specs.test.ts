// No worked file crashes any stage, and the checks that need no sampler find no mistakes in them but those listed.

import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import { specs } from "../../support/syntax.js";
import { check } from "./support.js";

const files = Object.fromEntries(specs);

/** The worked files are written against a library that holds all of them. */
const defined = new Set(
  specs.flatMap(([, text]) =>
    [...text.matchAll(/^(?:schedule|parameterization|guidance|grid|solver|sampler) (\w+)/gm)].map(
      (m) => m[1],
    ),
  ),
);

/** Names that are really undefined, by file. */
const undefinedNames: Readonly<Record<string, readonly string[]>> = {
  // `constant(1)` is meant as the function that is 1 everywhere; the language has none.
  "schedules/kinetic_optimal.dsamp": ["constant"],
  // The input of `mean_reverting`: known as soon as that schedule is in the library or in the same program.
  "parameterizations/special.dsamp": ["mu"],
  "solvers/stochastic/mrs.dsamp": ["mu"],
};

/** Rules that are really incomplete, by file. */
const incomplete: Readonly<Record<string, readonly string[]>> = {
  // Reads d[s-1] also in the first step, and has no `start`; the library's has one.
  "solvers/momentum/lml.dsamp": ["D0305"],
};

describe.each(specs)("%s", (path, text) => {
  test("names, placement and arguments", () => {
    const { diagnostics } = check(files, path);
    const errors = diagnostics.filter((item) => item.severity === "error");
    const open = errors.flatMap((item) => {
      const name = /`(\w+)`/.exec(item.message)?.[1] ?? "";
      const excused = item.code === "D0201" && (defined.has(name) || undefinedNames[path]?.includes(name));
      return excused ? [] : [`${item.code} ${item.message}`];
    });
    expect(open).toEqual([]);
  });

  test("what no sampler uses lowers, and compiling never throws", () => {
    const { diagnostics } = check(files, path, { definitions: true });
    const known = ["D0201", ...(incomplete[path] ?? [])];
    const errors = diagnostics.filter((item) => item.severity === "error" && !known.includes(item.code));
    expect(errors.map((item) => `${item.code} ${item.message}`)).toEqual([]);
    for (const [, name] of text.matchAll(/^sampler (\w+)/gm))
      expect(() => compile({ host: memoryHost(files), file: path, sampler: name, steps: 3 })).not.toThrow();
  });
});
