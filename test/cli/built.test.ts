// Owns: the command as it is installed: the files of `npm run build`, in a process of its own. What it prints is tested on
// the sources; here is only what joining its modules could break: files found beside it, lazy parts, the worker.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VERSION } from "../../compiler/version.js";
import { inFolder, repository, type Outcome } from "./terminal.js";

const command = `${repository}dist/cli/main.js`;

interface Setting {
  readonly stdin?: string;
  readonly cwd?: string;
  /** Told all of stdout so far; what it returns is written to stdin, which stays open. */
  readonly answer?: (seen: string) => string;
}

/** Runs `dsamp argv...` of dist/. */
function built(
  argv: readonly string[],
  { stdin = "", cwd = repository, answer }: Setting = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...argv], {
      cwd,
      env: { ...process.env, NO_COLOR: "1" },
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (part: Buffer) => {
      out.stdout += part.toString();
      if (answer) child.stdin.write(answer(out.stdout));
    });
    child.stderr.on("data", (part: Buffer) => (out.stderr += part.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, ...out }));
    child.stdin.write(stdin);
    if (!answer) child.stdin.end();
  });
}

const message = (content: object): string => {
  const text = JSON.stringify({ jsonrpc: "2.0", ...content });
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};

describe.skipIf(!existsSync(command))("the built command", () => {
  test("is a few files", () => {
    expect(readdirSync(`${repository}dist/cli`).length).toBeLessThan(80);
  });

  test("says its version", async () => {
    expect(await built(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  test.skipIf(!existsSync("/dev/full"))("output that cannot be written is an error", async () => {
    const full = (argv: string): Promise<Outcome> =>
      new Promise((resolve, reject) => {
        const child = spawn("sh", ["-c", `"${process.execPath}" "${command}" ${argv} > /dev/full`], {
          cwd: repository,
        });
        let stderr = "";
        child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
        child.on("error", reject);
        child.on("close", (code) => resolve({ code: code ?? -1, stdout: "", stderr }));
      });
    for (const argv of ["list", "compile examples/digits.dsamp"])
      expect(await full(argv)).toMatchObject({
        code: 3,
        stderr: "error[D0704]: the output cannot be written: there is no space left\n",
      });
  });

  test("checks a spec, and a mistake is a message without a stack", async () => {
    const good = await built(["check", "examples/toy.dsamp"]);
    expect(good).toMatchObject({ code: 0, stderr: "" });
    const bad = await built(["check", "-"], { stdin: "sampler a { steps }" });
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/^error\[D\d{4}\]/m);
    expect(bad.stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
  });

  test("finds the pages of codes and the examples, and runs one", async () => {
    expect((await built(["explain", "D0401"])).stdout).toContain("D0401");
    await inFolder(async (folder) => {
      expect(await built(["init", "hello"], { cwd: folder })).toMatchObject({ code: 0 });
      const hello = `${folder}/hello`;
      const ran = await built(["run", "toy.dsamp", "--out", "toy.png", "--count", "8"], { cwd: hello });
      expect(ran).toMatchObject({ code: 0 });
      expect(existsSync(`${hello}/toy.png`)).toBe(true);
    });
  }, 60_000);

  test("serves an editor, with its worker", async () => {
    const textDocument = {
      uri: "file:///a.dsamp",
      languageId: "dsamp",
      version: 1,
      text: `sampler s { schedule edm; model predicts x0; grid karras; steps 2; solver mine }
solver mine { order 3; step { x[t] = x[s] + (time[t] - time[s])*flow[s] } }
`,
    };
    const stdin = [
      message({ id: 1, method: "initialize", params: { processId: null, rootUri: null, capabilities: {} } }),
      message({ method: "initialized", params: {} }),
      message({ method: "textDocument/didOpen", params: { textDocument } }),
    ].join("");
    let told = false;
    const { code, stderr } = await built(["lsp", "--stdio"], {
      stdin,
      // A false claim of order: claims are decided in the worker.
      answer: (seen) => {
        if (told || !seen.includes("D0412")) return "";
        told = true;
        return message({ id: 2, method: "shutdown" }) + message({ method: "exit" });
      },
    });
    expect({ told, code, stderr }).toEqual({ told: true, code: 0, stderr: "" });
  }, 60_000);
});
