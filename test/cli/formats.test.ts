// `dsamp check --format` and `--watch`.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dsamp, inFolder } from "./terminal.js";

const bad = `sampler plain {
  schedule vp_linear
  model    predicts eps
  grid     uniform_time
  steps    4
  solver   dimm
}
`;

test("SARIF names the rule, the place from 1 and the help", async () => {
  const { code, stdout, stderr } = await dsamp(["check", "-", "--format", "sarif"], { stdin: bad });
  expect([code, stderr]).toEqual([1, ""]);
  const log = JSON.parse(stdout) as Record<string, unknown>;
  expect(log).toMatchObject({
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "dsamp", rules: [{ id: "D0201" }] } },
        results: [
          {
            ruleId: "D0201",
            ruleIndex: 0,
            level: "error",
            message: { text: "there is no solver `dimm`\nhelp: did you mean `ddim`?" },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "%3Cstdin%3E" },
                  region: { startLine: 6, startColumn: 12, endLine: 6, endColumn: 16 },
                },
              },
            ],
          },
        ],
      },
    ],
  });
  const clean = await dsamp(["check", "-", "--format", "sarif"], { stdin: bad.replace("dimm", "ddim") });
  expect(JSON.parse(clean.stdout)).toMatchObject({ runs: [{ results: [] }] });
});

test("annotations of a workflow are one line each, with line ends escaped", async () => {
  const { code, stdout } = await dsamp(["check", "-", "--format", "github"], { stdin: bad });
  expect(code).toBe(1);
  expect(stdout).toMatchInlineSnapshot(`
    "::error file=<stdin>,line=6,endLine=6,col=12,endColumn=16,title=D0201::there is no solver \`dimm\`%0Ahelp: did you mean \`ddim\`?
    "
  `);
});

test("forms that contradict each other, or do not exist", async () => {
  expect((await dsamp(["check", "-", "--json", "--format", "sarif"], { stdin: bad })).code).toBe(2);
  expect((await dsamp(["check", "-", "--format", "xml"], { stdin: bad })).code).toBe(2);
  expect((await dsamp(["check", "-", "--watch"], { stdin: bad })).code).toBe(2);
});

/** `check --watch` in a folder; `work` changes files and waits for what is printed since it last waited. */
async function watched(
  folder: string,
  named: string,
  work: (seen: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  let output = "";
  let stop = (): void => undefined;
  const seen = async (text: string): Promise<void> => {
    for (let i = 0; i < 400 && !(output.includes(text) && output.includes("watching")); i += 1)
      await new Promise((done) => setTimeout(done, 25));
    expect(output).toContain(text);
    output = "";
  };
  const running = dsamp(["check", named, "--watch"], {
    cwd: folder,
    onListening: (interrupt) => {
      stop = interrupt;
    },
    onOutput: (text) => {
      output += text;
    },
  });
  await work(seen);
  stop();
  expect((await running).code).toBe(0);
}

test("--watch checks again when a file or one it uses is saved, and ends at an interrupt", async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "part.dsamp"), "solver mine { step { x[t] = ddim(s -> t) } }\n");
    const main = join(folder, "a.dsamp");
    writeFileSync(main, `use "./part.dsamp" { mine }\n${bad.replace("dimm", "mine")}`);
    await watched(folder, "a.dsamp", async (seen) => {
      await seen("plain: 4 steps, mine");
      writeFileSync(main, `use "./part.dsamp" { mine }\n${bad.replace("dimm", "mine").replace("4", "9")}`);
      await seen("plain: 9 steps");
      writeFileSync(join(folder, "part.dsamp"), "solver mine { step { x[t] = dimm(s -> t) } }\n");
      await seen("did you mean `ddim`?");
    });
  });
});

test("--watch sees a file come back that was away, and one in a folder that did not exist", async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, "package.json"), "{}");
    const part = "solver mine { step { x[t] = ddim(s -> t) } }\n";
    writeFileSync(join(folder, "a.dsamp"), `use "lib/part.dsamp" { mine }\n${bad.replace("dimm", "mine")}`);
    await watched(folder, "a.dsamp", async (seen) => {
      await seen("D0205");
      mkdirSync(join(folder, "lib"));
      await seen("D0205");
      writeFileSync(join(folder, "lib/part.dsamp"), part);
      await seen("plain: 4 steps, mine");
      renameSync(join(folder, "lib/part.dsamp"), join(folder, "lib/away.dsamp"));
      await seen("D0205");
      renameSync(join(folder, "lib/away.dsamp"), join(folder, "lib/part.dsamp"));
      await seen("plain: 4 steps, mine");
    });
  });
});

test("--watch of a folder sees new files, also in new folders", async () => {
  await inFolder(async (folder) => {
    const good = bad.replace("dimm", "ddim");
    mkdirSync(join(folder, "specs"));
    writeFileSync(join(folder, "specs/a.dsamp"), good);
    await watched(folder, "specs", async (seen) => {
      await seen("watching 1 file;");
      writeFileSync(join(folder, "specs/b.dsamp"), good);
      await seen("watching 2 files");
      mkdirSync(join(folder, "specs/deep"));
      await seen("watching 2 files");
      writeFileSync(join(folder, "specs/deep/c.dsamp"), good);
      await seen("watching 3 files");
      rmSync(join(folder, "specs/b.dsamp"));
      await seen("watching 2 files");
    });
  });
});
