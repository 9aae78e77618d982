// Runs of the tools themselves, recorded for imports that once differed from them; the replay is that of test/conformance.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openBackend } from "../../runtime/index.js";
import { runFile } from "../conformance/run.js";

test.each(["diffusers", "further", "inverse", "consistency", "classes"])("%s", async (name) => {
  const text = readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8");
  const reports = await runFile(name, text, await openBackend("reference"));
  expect(reports.filter(({ status }) => status !== "pass")).toEqual([]);
});
