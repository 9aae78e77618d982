// README.md against the program: the commands of the tour print what it shows, the JavaScript runs, and the two lines
// that CI runs are there.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";
import { main } from "../../cli/dsamp.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    (match) => match[1] ?? "",
  );

/** What a command prints, both streams together. */
async function output(argv: readonly string[], cwd: string): Promise<string> {
  let text = "";
  const sink = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  const onInterrupt = (): (() => void) => () => undefined;
  await main(argv, { stdin: Readable.from([]), stdout: sink, stderr: sink, env: {}, cwd, onInterrupt });
  return text;
}

const wrong = mkdtempSync(join(tmpdir(), "dsamp-readme-"));
writeFileSync(
  join(wrong, "wrong.dsamp"),
  "sampler wrong {\n  schedule vp_linear\n  model predicts eps\n  grid karas\n  steps 5\n  solver ddim\n}\n",
);

test.each(blocks("console").map((block) => [block.split("\n")[0] ?? "", block] as const))(
  "%s",
  async (line, block) => {
    const argv = line.replace("$ dsamp ", "").split(" ");
    const printed = await output(argv, line.includes("wrong.dsamp") ? wrong : root);
    const shown = block.slice(line.length + 1).split(/^\.\.\.\n/m);
    let at = 0;
    for (const part of shown) {
      const found = printed.indexOf(part.trimEnd(), at);
      expect(found, `${part}\nis not in\n${printed}`).toBeGreaterThanOrEqual(0);
      at = found + part.length;
    }
  },
);

test("the JavaScript of the page runs", async () => {
  const [code = ""] = blocks("js");
  const source = (entry: string): string => JSON.stringify(join(root, entry));
  const file = join(wrong, "snippet.mjs");
  writeFileSync(
    file,
    code
      .replace('"dsamp"', source("compiler/index.ts"))
      .replace('"dsamp/runtime"', source("runtime/index.ts")),
  );
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await import(/* @vite-ignore */ pathToFileURL(file).href);
  const [values] = log.mock.calls[0] as [number[]];
  log.mockRestore();
  expect(values).toHaveLength(4);
  expect(values.every((value) => Math.abs(value) === 1)).toBe(true);
});

test("the page has the two lines that .ci/run runs", () => {
  const script = readFileSync(join(root, ".ci/run"), "utf8");
  const lines = [...script.matchAll(/^(?:first|second)='(.*)'$/gm)].map((match) => match[1] ?? "");
  expect(lines).toHaveLength(2);
  expect(blocks("sh").map((block) => block.trim())).toEqual(lines);
});
