// `dsamp init`, `dsamp explain`, the examples, and the command as a process: pipes that close, interrupts, what is loaded.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { codes } from "../../compiler/diagnostics/codes.js";
import { dsamp, inFolder, repository } from "./terminal.js";

describe("init", () => {
  test("the toy project runs at once", async () => {
    await inFolder(async (cwd) => {
      const made = await dsamp(["init", "hello"], { cwd });
      expect(made).toMatchObject({ code: 0, stderr: "" });
      expect(made.stdout).toContain("npx dsamp run toy.dsamp --out toy.png");
      const inside = join(cwd, "hello");
      expect(readdirSync(inside).sort()).toEqual(["README.md", "models", "toy.dsamp"]);
      const run = await dsamp(["run", "toy.dsamp", "--backend", "reference", "--out", "toy.png"], {
        cwd: inside,
      });
      expect([run.code, run.stderr]).toEqual([0, ""]);
    });
  });

  test("the digits project checks, and its network is there", async () => {
    await inFolder(async (cwd) => {
      expect((await dsamp(["init", "--template", "digits"], { cwd })).code).toBe(0);
      expect((await dsamp(["check", "digits.dsamp"], { cwd })).code).toBe(0);
      expect(readdirSync(join(cwd, "models/digits/tfjs")).sort()).toEqual(["model.json", "weights.bin"]);
    });
  });

  test.each(["toy", "digits", "stable-diffusion"])(
    "the commands in the comments of %s name its files, and the first works",
    async (template) => {
      await inFolder(async (cwd) => {
        expect((await dsamp(["init", "--template", template], { cwd })).code).toBe(0);
        const specs = readdirSync(cwd).filter((name) => name.endsWith(".dsamp"));
        const commands = specs.flatMap((name) => [
          ...readFileSync(join(cwd, name), "utf8").matchAll(/^\/\/\/ {3}dsamp (\w+ \S+.*)$/gm),
        ]);
        const argvs = commands.map(([, words = ""]) => words.split(" "));
        expect(argvs.length).toBeGreaterThan(0);
        for (const [, file = ""] of argvs) expect(specs).toContain(file);
        expect(await dsamp(argvs[0] ?? [], { cwd })).toMatchObject({ code: 0, stderr: "" });
      });
    },
  );

  test("a file is no folder for a project", async () => {
    await inFolder(async (cwd) => {
      writeFileSync(join(cwd, "f"), "");
      const { code, stderr } = await dsamp(["init", "f"], { cwd });
      expect([code, stderr]).toEqual([3, expect.stringContaining("f is a file, and a project is a folder")]);
    });
  });

  test("nothing is overwritten", async () => {
    await inFolder(async (cwd) => {
      mkdirSync(join(cwd, "mine"));
      writeFileSync(join(cwd, "mine/README.md"), "my words");
      const { code, stderr } = await dsamp(["init", "mine"], { cwd });
      expect(code).toBe(3);
      expect(stderr).toContain("mine/README.md exists already, and `dsamp init` never overwrites");
      expect(readdirSync(join(cwd, "mine"))).toEqual(["README.md"]);
    });
  });
});

describe("explain", () => {
  test("prints the page of a code, in any case", async () => {
    const { code, stdout } = await dsamp(["explain", "d0301"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# D0301: level mismatch\n/);
    expect(JSON.parse((await dsamp(["explain", "D0301", "--json"])).stdout).page).toBe(stdout);
  });

  test("lists all codes", async () => {
    const { stdout } = await dsamp(["explain"]);
    expect(stdout.trim().split("\n")).toHaveLength(Object.keys(codes).length);
    expect(stdout).toMatch(/^D0101 {2}error {4}syntax$/m);
  });
});

describe("examples", () => {
  const examples = readdirSync(join(repository, "examples")).filter((name) => name.endsWith(".dsamp"));

  test("are found", () => expect(examples).toContain("digits.dsamp"));

  test.each(examples)("%s compiles without a finding", async (name) => {
    const { code, stdout, stderr } = await dsamp(["check", join("examples", name)]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^ok /);
  });
});

/** The command in a process of its own, from the sources. */
function start(argv: readonly string[], cwd: string): ReturnType<typeof spawn> {
  const loader = join(repository, "node_modules/tsx/dist/loader.mjs");
  return spawn(process.execPath, ["--import", loader, join(repository, "cli/main.ts"), ...argv], { cwd });
}

const ended = (child: ReturnType<typeof spawn>): Promise<{ code: number | null; stderr: string }> =>
  new Promise((settle) => {
    let stderr = "";
    child.stderr?.on("data", (part: Buffer) => (stderr += String(part)));
    child.on("close", (code) => settle({ code, stderr }));
  });

describe("as a process", { timeout: 60_000 }, () => {
  test("a reader that goes away is no failure", async () => {
    const child = start(["compile", "examples/digits.dsamp"], repository);
    child.stdout?.destroy();
    expect(await ended(child)).toEqual({ code: 0, stderr: "" });
  });

  test("the exit code arrives", async () => {
    const child = start(["check", "nowhere.dsamp"], repository);
    expect(await ended(child)).toMatchObject({ code: 3, stderr: expect.stringContaining("D0601") });
  });

  test("an interrupt ends a run, and what is finished is written", async () => {
    await inFolder(async (cwd) => {
      const slow = `import { writeFileSync } from "node:fs";
let calls = 0;
export default async (x) => {
  if (++calls === 7) writeFileSync("second-batch", "");
  if (calls > 6) await new Promise((proceed) => setTimeout(proceed, 300));
  return x.map((v) => v / 2);
};
`;
      writeFileSync(join(cwd, "slow.mjs"), slow);
      writeFileSync(
        join(cwd, "s.dsamp"),
        "sampler s {\n  schedule edm\n  model predicts x0\n  grid karras\n  steps 6\n  solver euler\n}\n",
      );
      const argv =
        "run s.dsamp --backend reference --model slow.mjs --shape 2 --count 4 --batch 2 --out a.npy";
      const child = start(argv.split(" "), cwd);
      const outcome = ended(child);
      while (!readdirSync(cwd).includes("second-batch") && child.exitCode === null)
        await new Promise((proceed) => setTimeout(proceed, 20));
      child.kill("SIGINT");
      expect(await outcome).toEqual({
        code: 130,
        stderr: "note: interrupted: 2 of 4 samples were finished and written to a.npy\n",
      });
      expect(readFileSync(join(cwd, "a.npy")).length).toBeGreaterThan(100);
    });
  });
});

/** Files and packages that loading a source file loads, types and lazy imports left out. */
function loadedBy(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(repository, file), "utf8");
  for (const [, clause = "", target = ""] of text.matchAll(
    /^(?:import|export)\s([\w\s{},*$]*?)(?:\sfrom\s)?"([^"\n]+)"/gm,
  )) {
    if (clause.startsWith("type ")) continue;
    if (target.startsWith(".")) loadedBy(join(dirname(file), target).replace(/\.js$/, ".ts"), seen);
    else seen.add(target);
  }
  return seen;
}

describe("what is loaded", () => {
  test("the command itself: the parser of flags and little else", () => {
    const packages = [...loadedBy("cli/dsamp.ts")].filter((name) => !name.includes("/"));
    expect(packages).toEqual(["commander"]);
  });

  test("check and compile: no tensors", () => {
    const heavy = ["cli/check.ts", "cli/compile.ts"].flatMap((file) => [...loadedBy(file)]);
    expect(
      heavy.filter((name) => /tensorflow|^runtime\/(?!io\/files|failure|backends\/names)/.test(name)),
    ).toEqual([]);
    expect(heavy).toContain("compiler/compile.ts");
  });
});
