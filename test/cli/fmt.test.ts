// Owns: `dsamp fmt`: in place, checked, standard input, files with syntax errors.

import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
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

test("a file keeps its mode and its line ends", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "a.dsamp");
    writeFileSync(file, "let a=1\r\nlet b =2 // two\r\n");
    chmodSync(file, 0o755);
    expect(await dsamp(["fmt", file])).toMatchObject({ code: 0 });
    expect(readFileSync(file, "utf8")).toBe("let a = 1\r\nlet b = 2  // two\r\n");
    expect(statSync(file).mode & 0o777).toBe(0o755);
    expect(await dsamp(["fmt", "--check", file])).toMatchObject({ code: 0, stdout: "" });
  });
});

test("a folder stands for the files below it, for fmt and check", async () => {
  await inFolder(async (folder) => {
    for (const path of ["b", "a/deep", "node_modules/p", ".hidden"])
      mkdirSync(join(folder, path), { recursive: true });
    const files = [
      "z.dsamp",
      "b/b.dsamp",
      "a/deep/a.dsamp",
      "node_modules/p/n.dsamp",
      ".hidden/h.dsamp",
      "b/other.txt",
    ];
    for (const file of files) writeFileSync(join(folder, file), messy);
    symlinkSync(folder, join(folder, "b/loop"));
    const unformatted = ["a/deep/a.dsamp", "b/b.dsamp", "z.dsamp"].map(
      (file) => `${file} is not formatted\n`,
    );
    expect(await dsamp(["fmt", "--check", "."], { cwd: folder })).toMatchObject({
      code: 1,
      stdout: unformatted.join(""),
    });
    expect(await dsamp(["fmt", "b", "b/b.dsamp"], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: `formatted b/b.dsamp\n`,
    });
    expect(readFileSync(join(folder, "z.dsamp"), "utf8")).toBe(messy);
    expect(await dsamp(["fmt", folder])).toMatchObject({ code: 0 });
    expect(files.filter((file) => readFileSync(join(folder, file), "utf8") === messy)).toEqual(
      files.slice(3),
    );
    const checked = await dsamp(["check", "."], { cwd: folder });
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout.match(/[a-z/]+\.dsamp/g)).toEqual(["a/deep/a.dsamp", "b/b.dsamp", "z.dsamp"]);
    mkdirSync(join(folder, "empty"));
    const none = await dsamp(["fmt", "empty"], { cwd: folder });
    expect(none).toMatchObject({ code: 3, stdout: "" });
    expect(none.stderr).toContain("there is no .dsamp file in the folder empty");
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
