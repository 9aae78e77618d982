// Owns: the prettier plugin gives what the formatter gives, and syntax errors with their place.

import { format as prettier } from "prettier";
import { expect, test } from "vitest";
import * as plugin from "../../editor/fmt/plugin.js";
import { format } from "../../editor/fmt/format.js";

const messy = "solver a{ // kept\n step{\nlet h=lambda[t]\nlet ratio=h\nx[t]=x[s] } }";

test("prettier gives the formatter's text", async () => {
  const text = await prettier(messy, { parser: "dsamp", plugins: [plugin] });
  expect(text).toBe(format(messy).text);
});

test("a syntax error has a line", async () => {
  await expect(
    prettier("solver a {\n  step { x[t] = }\n}", { parser: "dsamp", plugins: [plugin] }),
  ).rejects.toThrow(/D0101[^]*> 2 \|/);
});
