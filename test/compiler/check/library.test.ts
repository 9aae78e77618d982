// The library passes every check without a word, but for units that are right for a reason.

import { describe, expect, test } from "vitest";
import { library } from "../../../stdlib/index.js";
import { check } from "./support.js";

/** Rules that are right although their terms mix levels. */
const mixedUnits: ReadonlySet<string> = new Set([
  // A leap over the state: x[s-1] is carried on as it is; only the certificate can tell that the rest makes up for it.
  "bdia",
  // Posterior variances of variance preserving paths: 1 - (alpha[s]/alpha[t])^2.
  "ddpm_variance",
  "reverse_diffusion",
  // A step ratio measured in sigma, and bounds of a clamp.
  "evodiff",
]);

describe.each(Object.keys(library))("%s", (file) => {
  test("no errors, no warnings", () => {
    const { diagnostics, text } = check({}, file);
    const name = /(\w+)\.dsamp$/.exec(file)?.[1] ?? "";
    const found = diagnostics.filter((item) => !(item.code === "D0308" && mixedUnits.has(name)));
    expect(found.length === 0 ? "" : text).toBe("");
  });

  test("lowers alone", () => {
    const { diagnostics } = check({}, file, { definitions: true });
    const errors = diagnostics.filter((item) => item.severity === "error");
    expect(errors.map((item) => `${item.code} ${item.message}`)).toEqual([]);
  });
});
