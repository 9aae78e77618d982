// Pages as a whole: relative links lead to files, numbers quoted in docs/mathematics.md are the ones the code gives.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hashPath } from "../../compiler/plan/keys.js";
import { makeNoise } from "../../runtime/noise/noise.js";
import { philox } from "../../runtime/noise/philox.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

test.each(pages)("links of %s lead somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const targets = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)(#[^)]*)?\)/g)].map(
    (match) => match[1] ?? "",
  );
  const missing = targets.filter((target) => !existsSync(join(root, dirname(page), target)));
  expect(missing).toEqual([]);
});

test("docs/mathematics.md quotes the noise it defines", () => {
  const text = readFileSync(join(root, "docs/mathematics.md"), "utf8");
  const hex = (words: Iterable<number>): string =>
    [...words].map((word) => word.toString(16).padStart(8, "0")).join(" ");
  expect(text).toContain(`${hashPath("initial")} (0x${hashPath("initial").toString(16)})`);
  const out = new Uint32Array(4);
  philox(0, 0, 0, 0, 0, 0, out);
  expect(text).toContain(hex(out));
  const normals = makeNoise({
    distribution: "normal",
    seed: { low: 20261122, high: 0 },
    key: hashPath("initial"),
    step: 0,
    pass: 0,
    firstSample: 0,
    shape: [1, 6],
  });
  expect(text).toContain(hex(new Uint32Array(normals.buffer)));
});
