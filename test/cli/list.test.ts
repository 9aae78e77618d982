// `dsamp list`, `dsamp show`, `dsamp completion`.

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { library } from "../../stdlib/index.js";
import { dsamp, inFolder } from "./terminal.js";

describe("list", () => {
  test("has every definition of the library, one line each", async () => {
    const { code, stdout } = await dsamp(["list"]);
    expect(code).toBe(0);
    const listed = stdout.split("\n").flatMap((line) => /^ {2}(\w+) /.exec(line)?.[1] ?? []);
    const defined = Object.values(library).flatMap(({ names }) =>
      names.filter((name) => !name.startsWith("let ")).map((name) => name.split(" ")[1] as string),
    );
    expect(listed.sort()).toEqual(defined.sort());
    expect(stdout).not.toContain("...\n");
  });

  test("a terminal gets lines that end between words", async () => {
    const { stdout } = await dsamp(["list"], { isTTY: true, env: { NO_COLOR: "1" } });
    const whole = (await dsamp(["list"])).stdout.split("\n");
    stdout.split("\n").forEach((line, i) => {
      expect(line.length).toBeLessThanOrEqual(100);
      if (line !== whole[i]) expect(whole[i]?.startsWith(`${line.slice(0, -3)} `), line).toBe(true);
    });
  });

  test("several words are all looked for", async () => {
    const { code, stdout } = await dsamp(["list", "solver++", "noise"]);
    expect(code).toBe(0);
    const { stdout: one } = await dsamp(["list", "solver++"]);
    const count = (text: string): number => text.split("\n").filter((line) => line.startsWith("  ")).length;
    expect(count(stdout)).toBeGreaterThan(0);
    expect(count(stdout)).toBeLessThan(count(one));
  });

  test("by kind and by words, also those of other tools", async () => {
    const { stdout } = await dsamp(["list", "DEISMultistep", "--kind", "solver", "--json"]);
    const { library: found } = JSON.parse(stdout) as { library: { name: string; elsewhere: string }[] };
    expect(found.map((entry) => entry.name)).toEqual(["deis_log_rho"]);
    expect(found[0]?.elsewhere).toContain("diffusers");
  });

  test("nothing found, a kind that is none", async () => {
    expect(await dsamp(["list", "zzz"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("D0706") as string,
    });
    expect((await dsamp(["list", "--kind", "solvr"])).stderr).toContain("did you mean `solver`?");
  });
});

describe("show", () => {
  test("prints text that compiles, and the certificate", async () => {
    const { code, stdout } = await dsamp(["show", "dpmpp_2m"]);
    expect(code).toBe(0);
    expect(stdout).toContain("solver dpmpp_2m {");
    expect(stdout).toContain("ok  dpmpp_2m: order 2 as claimed");
  });

  test("a name of several kinds shows all, or the kind asked for", async () => {
    expect((await dsamp(["show", "edm"])).stdout.match(/^\/\/ std:/gm)?.length).toBeGreaterThan(1);
    const one = await dsamp(["show", "edm", "--kind", "schedule", "--json"]);
    expect(JSON.parse(one.stdout)).toMatchObject({ definitions: [{ kind: "schedule", name: "edm" }] });
  });

  test("an unknown name", async () => {
    const { code, stderr } = await dsamp(["show", "dpmpp_2"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("did you mean")]);
  });
});

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

describe("completion", () => {
  test.runIf(has("bash"))("bash completes verbs, flags, words and values", async () => {
    const { stdout } = await dsamp(["completion", "bash"]);
    await inFolder(async (folder) => {
      const file = join(folder, "dsamp.bash");
      writeFileSync(file, stdout);
      const complete = (...words: readonly string[]): readonly string[] =>
        execFileSync(
          "bash",
          [
            "-c",
            `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dsamp; printf '%s\\n' "\${COMPREPLY[@]}"`,
            file,
            ...words,
          ],
          { cwd: folder, encoding: "utf8" },
        )
          .split("\n")
          .filter((word) => word !== "");
      expect(complete("dsamp", "ch")).toEqual(["check"]);
      expect(complete("dsamp", "check", "--wa")).toEqual(["--watch"]);
      expect(complete("dsamp", "check", "--format", "s")).toEqual(["sarif"]);
      expect(complete("dsamp", "show", "dpmpp_2m")).toEqual(["dpmpp_2m", "dpmpp_2m_phi"]);
      expect(complete("dsamp", "explain", "D0412")).toEqual(["D0412"]);
      expect(complete("dsamp", "check", "dsamp.b")).toEqual(["dsamp.bash"]);
      await Promise.resolve();
    });
  });

  test.each([
    ["zsh", "-n"],
    ["fish", "--no-execute"],
  ])("%s reads its script", async (shell, flag) => {
    const { code, stdout } = await dsamp(["completion", shell]);
    expect(code).toBe(0);
    for (const verb of ["check", "run", "diff", "show"]) expect(stdout).toContain(verb);
    if (has(shell))
      await inFolder(async (folder) => {
        const file = join(folder, "script");
        writeFileSync(file, stdout);
        expect(() => execFileSync(shell, [flag, file])).not.toThrow();
        await Promise.resolve();
      });
  });

  test("another shell", async () => expect((await dsamp(["completion", "tcsh"])).code).toBe(2));
});
