// Owns: the command in a real terminal, of tmux: progress bar and colours are there, and neither when the output goes into
// a pipe or a file. Skipped where there is no tmux (Debian's package of that name); CI installs it.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "./terminal.js";

const there = spawnSync("tmux", ["-V"]).status === 0;
const escape = "\u001b[";
const socket = `dsamp-test-${process.pid}`;

const tmux = (...args: readonly string[]): string =>
  execFileSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });

/** What the terminal shows, colours as escape sequences. */
const screen = (): string => tmux("capture-pane", "-e", "-p", "-t", "main");

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let waited = 0; waited < 30_000; waited += 25) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`waited for ${what}; the terminal shows:\n${screen()}`);
}

describe.skipIf(!there)("in a terminal of tmux", () => {
  let folder: string;
  let typed = 0;
  const dsamp = `node --import tsx ${join(repository, "cli/main.ts")}`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dsamp-tmux-"));
    writeFileSync(join(folder, "wrong.dsamp"), "solver a {\n  step { x[t] = nothing }\n}\n");
    tmux(
      "new-session",
      "-d",
      "-s",
      "main",
      "-x",
      "110",
      "-y",
      "40",
      "-c",
      repository,
      "env -u NO_COLOR -u FORCE_COLOR -u CI bash --norc",
    );
  });
  afterAll(() => {
    tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  });

  /** Types a command on an empty screen; the file that is there once it has ended holds its exit code. */
  function type(command: string): string {
    typed += 1;
    const done = join(folder, `done${typed}`);
    tmux(
      "send-keys",
      "-t",
      "main",
      `clear; ${command}; echo $? > ${done}.part; mv ${done}.part ${done}`,
      "Enter",
    );
    return done;
  }
  const ended = (done: string): Promise<number> =>
    until("the end of the command", () =>
      existsSync(done) ? Number(readFileSync(done, "utf8")) : undefined,
    );

  /** Long enough to be looked at. */
  const long = "run examples/toy.dsamp --steps 400 --count 2000 --backend cpu";

  test("a run shows a bar that moves and is gone in the end, then its summary", async () => {
    const done = type(`${dsamp} ${long}`);
    const bar = /\S+ (=*>? *)(\d+)\/400 steps, \d+\/2000 samples, (?:\S+) left/;
    const first = await until("the bar", () => bar.exec(screen()) ?? undefined);
    await until("a longer bar", () => {
      const now = bar.exec(screen());
      return now && Number(now[2]) > Number(first[2]) && (now[1] ?? "").includes("=") ? now : undefined;
    });
    expect(await ended(done)).toBe(0);
    const shown = await until("the summary", () =>
      /toy: 2000 samples/.test(screen()) ? screen() : undefined,
    );
    expect(shown).not.toMatch(/steps, \d+\/2000 samples/);
  });

  test("findings and good news have colours", async () => {
    expect(await ended(type(`${dsamp} check examples/toy.dsamp; ${dsamp} check ${folder}/wrong.dsamp`))).toBe(
      1,
    );
    const shown = await until("the finding", () => (/D02\d\d/.test(screen()) ? screen() : undefined));
    expect(shown).toMatch(/\u001b\[32mok/);
    expect(shown).toMatch(/\u001b\[[0-9;]*31m\S*error/);
  });

  test("NO_COLOR leaves the bar and takes the colours", async () => {
    expect(await ended(type(`NO_COLOR=1 ${dsamp} check ${folder}/wrong.dsamp`))).toBe(1);
    expect(screen()).toContain("error[D02");
    expect(screen()).not.toContain(escape);
  });

  test("a pipe and a file get neither bar nor colours", async () => {
    const [pipe, out, err] = ["pipe", "out", "err"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    expect(await ended(type(`${dsamp} ${long} 2>&1 | cat > ${pipe}`))).toBe(0);
    expect(
      await ended(type(`${dsamp} check examples/toy.dsamp ${folder}/wrong.dsamp > ${out} 2> ${err}`)),
    ).toBe(1);
    for (const file of [pipe, out, err]) {
      const text = readFileSync(file, "utf8");
      expect(text).not.toBe("");
      expect(text).not.toContain("\u001b");
      expect(text).not.toContain("\r");
      expect(text).not.toMatch(/steps, \d+\/2000 samples/);
    }
  });
});
