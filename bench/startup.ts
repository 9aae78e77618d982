// Owns: how long `dsamp check` takes in a fresh process: the built command, on a spec of a hundred lines with solvers and
// claims of its own. Wall time, since that is what a user waits for; other Node versions by DSAMP_BENCH_NODES.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { median } from "./measure.js";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const command = path("../dist/cli/main.js");
const spec = path("startup.dsamp");

export interface Startup {
  /** Of Node. */
  readonly version: string;
  /** Milliseconds of an empty program. */
  readonly empty: number;
  /** Of `dsamp check`, with nothing kept from another run. */
  readonly first: number;
  /** The same when Node has kept compiled code (22 and later). */
  readonly later: number;
}

function run(node: string, argv: readonly string[], env: Readonly<Record<string, string>>): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(node, argv, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (status !== 0) throw new Error(`${node} ${argv.join(" ")}: ${stderr}`);
  return performance.now() - start;
}

/** Medians of `rounds` runs, interleaved, for this Node and those listed (with `:` between) in DSAMP_BENCH_NODES. */
export function startupTimes(rounds: number): readonly Startup[] {
  if (!existsSync(command)) throw new Error("run `npm run build` first: the built command is measured");
  const nodes = [process.execPath, ...(process.env["DSAMP_BENCH_NODES"] ?? "").split(":").filter(Boolean)];
  return nodes.map((node) => {
    const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    const times = { empty: [] as number[], first: [] as number[], later: [] as number[] };
    run(node, [command, "check", spec], {});
    for (let round = 0; round < rounds; round++) {
      times.empty.push(run(node, ["-e", "0"], {}));
      times.first.push(run(node, [command, "check", spec], { NODE_DISABLE_COMPILE_CACHE: "1" }));
      times.later.push(run(node, [command, "check", spec], {}));
    }
    const { empty, first, later } = times;
    return { version: stdout.trim(), empty: median(empty), first: median(first), later: median(later) };
  });
}
