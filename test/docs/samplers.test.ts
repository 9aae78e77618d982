// Owns: that docs/samplers.md is what the library and its certificates say.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { samplersPage } from "../../scripts/samplers.js";

test("docs/samplers.md is up to date (`npm run docs` writes it)", { timeout: 120_000 }, async () => {
  const written = readFileSync(new URL("../../docs/samplers.md", import.meta.url), "utf8");
  expect(written).toBe(await samplersPage());
});
