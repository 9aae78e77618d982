// Wrong use: every message names what was wrong and what is right; exit code 2, nothing on stdout. Also help, version
// and what an exception of dsamp's own looks like.

import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { main } from "../../cli/dsamp.js";
import { exit } from "../../cli/exit.js";
import { VERSION } from "../../compiler/version.js";
import { backendNames } from "../../runtime/index.js";
import { dsamp, repository } from "./terminal.js";

test.each([
  [["chek"], "unknown command `chek`", "did you mean `check`?"],
  [["run", "a.dsamp", "--cuont", "3"], "unknown option `--cuont`", "did you mean `--count`?"],
  [["run", "a.dsamp", "--count", "many"], "--count takes a whole number from 1, not `many`", ""],
  [["run", "a.dsamp", "--count", "0"], "--count takes a whole number from 1, not `0`", ""],
  [["run", "a.dsamp", "--steps", "2.5"], "--steps takes a whole number from 1", ""],
  [["run", "a.dsamp", "--seed", "-1"], "--seed takes a whole number from 0 to 2^64-1", ""],
  [["run", "a.dsamp", "--seed", "18446744073709551616"], "--seed takes", ""],
  [["run", "a.dsamp", "--shape", "3x32x32"], "--shape takes whole numbers with commas", "--shape 1,28,28"],
  [["run", "a.dsamp", "--out", "a.gif"], "--out a.gif: the name must end in .npy, .npz, .json or .png", ""],
  [["run", "a.dsamp", "--trajectory", "a.png"], "--trajectory a.png: the name must end in .npz or .npy", ""],
  [["run"], "missing required argument `file`", ""],
  [["check"], "missing required argument `file`", ""],
  [["check", "-", "-"], "standard input (`-`) can be read once only", ""],
  [["compile", "examples/toy.dsamp", "--emit", "garph"], "--emit takes ast,", "did you mean `graph`?"],
  [["check", "examples/toy.dsamp", "--set", "n"], "--set takes name=value, not `n`", "--set scale=3"],
  [["explain", "D9999"], "there is no code `D9999`", ""],
  [
    ["init", "x", "--template", "tyo"],
    "--template takes toy, digits or stable-diffusion, not `tyo`",
    "did you mean `toy`?",
  ],
])("%j", async (argv, message, help) => {
  const { code, stdout, stderr } = await dsamp(argv);
  expect(stderr).toContain("error[D0706]: ");
  expect(stderr).toContain(message);
  expect(stderr).toContain(help);
  expect([code, stdout]).toEqual([2, ""]);
});

test("with --json the message is a document", async () => {
  const { code, stdout, stderr } = await dsamp(["run", "a.dsamp", "--count", "x", "--json"]);
  expect([code, stderr]).toEqual([2, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, diagnostics: [{ code: "D0706" }] });
});

test("version and help", async () => {
  expect(await dsamp(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  const { code, stdout } = await dsamp(["--help"]);
  expect(code).toBe(0);
  for (const verb of ["check", "compile", "run", "explain", "init"]) expect(stdout).toContain(`  ${verb}`);
  for (const number of Object.values(exit)) expect(stdout).toMatch(new RegExp(`^  ${number} `, "m"));
  for (const verb of ["check", "compile", "run", "explain", "init"]) {
    const help = await dsamp([verb, "--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Examples:\n  ");
  }
  const bare = await dsamp([]);
  expect([bare.code, bare.stdout]).toEqual([2, ""]);
  expect(bare.stderr).toContain("Usage: dsamp");
});

test("help, completion and the manual name every backend that can be asked for", async () => {
  const flag = /^\| `--backend NAME` .*$/m.exec(readFileSync(`${repository}docs/cli.md`, "utf8"))![0];
  const { stdout: help } = await dsamp(["run", "--help"]);
  const { stdout: words } = await dsamp(["completion", "bash"]);
  for (const name of backendNames.filter((each) => each !== "null")) {
    expect(flag).toContain(`\`${name}\``);
    expect(help.replace(/\s+/g, " ")).toMatch(new RegExp(`--backend <name> [^(]*\\b${name}\\b`));
    expect(words).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test("a mistake of dsamp's own is one line, and a trace on request", async () => {
  const broken = new Writable({ write: (_part, _encoding, done) => done() });
  broken.write = () => {
    throw new Error("no ink");
  };
  const run = async (env: Record<string, string>): Promise<readonly [number, string]> => {
    let text = "";
    const stderr = new Writable({ write: (part, _encoding, done) => ((text += String(part)), done()) });
    const rest = { stdin: process.stdin, cwd: ".", onInterrupt: () => () => undefined };
    return [await main(["explain"], { ...rest, stdout: broken, stderr, env }), text];
  };
  const [code, line] = await run({});
  expect(code).toBe(70);
  expect(line).toMatch(/^internal error: no ink \(.*report it.*\)\n$/);
  expect((await run({ DSAMP_DEBUG: "1" }))[1]).toContain("at ");
});
