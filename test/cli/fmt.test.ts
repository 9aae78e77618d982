// Owns: `dsamp fmt`: in place, checked, standard input, files with syntax errors.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dsamp, inFolder } from "./terminal.js";

const messy = "schedule s{time t from 1 to 0;alpha=1-t;sigma=t}";
const tidy = "schedule s { time t from 1 to 0; alpha = 1 - t; sigma = t }\n";

test("standard input is formatted to standard output", async () => {
  expect(await dsamp(["fmt", "-"], { stdin: messy })).toMatchObject({ code: 0, stdout: tidy, stderr: "" });
});

test("a file is formatted in place, --check only says so", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "a.dsamp");
    writeFileSync(file, messy);
    expect(await dsamp(["fmt", "--check", file])).toMatchObject({ code: 1 });
    expect(readFileSync(file, "utf8")).toBe(messy);
    expect(await dsamp(["fmt", file])).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toBe(tidy);
    expect(await dsamp(["fmt", "--check", file])).toMatchObject({ code: 0, stdout: "" });
  });
});

test("a file with syntax errors is left as it is", async () => {
  const { code, stderr } = await dsamp(["fmt", "-"], { stdin: "schedule s { time t from }" });
  expect(code).toBe(1);
  expect(stderr).toContain("D0101");
});

test("the library and the examples are formatted", async () => {
  const files = ["stdlib", "examples"].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".dsamp"))
      .map((file) => join(root, file)),
  );
  expect(await dsamp(["fmt", "--check", ...files])).toMatchObject({ code: 0, stdout: "" });
});
