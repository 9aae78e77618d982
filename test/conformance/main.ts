// Owns: `npm run conform -- FILE... [--json] [--backend NAME]`: arguments, files, printing and the exit code. 0: nothing
// failed; 1: a case failed; 2: a file or an argument could not be used (the other files still run).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openBackend, type Backend, type backendNames } from "../../runtime/index.js";
import { FormatError } from "./format.js";
import { runFile, summarise, type CaseReport } from "./run.js";

const usage = "usage: npm run conform -- [FILE...] [--json] [--backend NAME]";

/** The recorded files of this repository, found from the source or the compiled runner. */
function recordedFiles(): string[] {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const cases = join(folder, "test", "conformance", "cases");
  return readdirSync(cases)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(cases, name))
    .filter((path) => /"cases"\s*:/.test(readFileSync(path, "utf8")))
    .map((path) => relative(process.cwd(), path));
}

const show = ({ id, status, maxRelError, reason }: CaseReport): string => {
  const worst = maxRelError === null ? "" : `  worst relative error ${maxRelError.toExponential(2)}`;
  return `${status.padEnd(11)}  ${id}${worst}${reason === null ? "" : `  (${reason})`}`;
};

async function main(): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        backend: { type: "string", default: "reference" },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const { json, backend: name } = parsed.values;
  let backend: Backend;
  try {
    backend = await openBackend(name as (typeof backendNames)[number]);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const files = parsed.positionals.length > 0 ? parsed.positionals : recordedFiles();
  const cases: CaseReport[] = [];
  let broken = false;
  for (const path of files) {
    try {
      const text = readFileSync(path, "utf8");
      if (!json) console.log(`${basename(path)}`);
      cases.push(
        ...(await runFile(path, text, backend, (report) => json || console.log(`  ${show(report)}`))),
      );
    } catch (error) {
      if (!(error instanceof FormatError) && !isFileError(error)) throw error;
      broken = true;
      console.error(
        `error: ${isFileError(error) ? `${path} cannot be read: ${error.message}` : error.message}`,
      );
    }
  }
  const report = summarise(cases);
  if (json) console.log(JSON.stringify(report));
  else console.log(`${report.passed} passed, ${report.failed} failed, ${report.unsupported} unsupported`);
  return broken ? 2 : report.failed > 0 ? 1 : 0;
}

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && "syscall" in error;

process.exitCode = await main();
