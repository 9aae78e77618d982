// Owns: `dsamp import`: reads another tool's options and writes a formatted spec. What the options mean is importers/.

import { fail } from "../compiler/diagnostics/report.js";
import { limits } from "../compiler/limits.js";
import { format } from "../editor/fmt/format.js";
import {
  importComfyUi,
  importDiffusers,
  importKDiffusion,
  parsePythonJson,
  readLine,
  tools,
  valueOf,
  type Imported,
  type Value,
} from "../importers/index.js";
import { exit } from "./exit.js";
import { readText } from "./host.js";
import type { Io } from "./io.js";
import { printDiagnostics } from "./print.js";
import { writeOutput } from "./output.js";
import { assignment, oneOf, wrongUse } from "./usage.js";

interface Flags {
  readonly steps?: number;
  readonly set?: readonly string[];
  readonly cfg?: string;
  readonly latents?: boolean;
  readonly out?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, Value>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function configuration(io: Io, file: string): Promise<Readonly<Record<string, Value>>> {
  const text = await readText(io, file, limits.sourceBytes);
  let parsed: unknown;
  try {
    parsed = parsePythonJson(text);
  } catch (error) {
    return fail("D0602", `${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(parsed))
    return fail("D0602", `${file} is not the configuration of a scheduler`, {
      help: "give scheduler/scheduler_config.json of a diffusers model",
    });
  return parsed;
}

const assignments = (texts: readonly string[]): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    texts.map((text) => {
      const [name, value] = assignment("--set", text, "eta=0.5");
      return [name, valueOf(value)];
    }),
  );

/** Throws what the importers throw (D0710 to D0712), and D0602 and D0706. */
export async function importSampler(tool: string, source: string, flags: Flags, io: Io): Promise<number> {
  const cfg = flags.cfg === undefined ? undefined : Number(flags.cfg);
  if (cfg !== undefined && !Number.isFinite(cfg))
    wrongUse(`--cfg takes a number, not \`${flags.cfg ?? ""}\``);
  const request = { cfg, latents: flags.latents };
  const set = assignments(flags.set ?? []);
  let made: Imported;
  const known = oneOf("dsamp import", tool, tools);
  if (known === "diffusers")
    made = importDiffusers(await configuration(io, source), { ...request, steps: flags.steps, args: set });
  else {
    const line = readLine(source);
    const both = Object.keys(set).find((name) => Object.hasOwn(line.options, name));
    if (both !== undefined) wrongUse(`\`${both}\` is given in the line and by --set`);
    if (line.steps !== undefined && flags.steps !== undefined)
      wrongUse("the number of steps is given in the line and by --steps");
    const whole = { ...line, steps: line.steps ?? flags.steps, options: { ...line.options, ...set } };
    made = known === "comfyui" ? importComfyUi(whole, request) : importKDiffusion(whole, request);
  }
  printDiagnostics(io, made.warnings ?? []);
  const { text = made.text } = format(made.text, `${made.sampler}.dsamp`);
  if (flags.out === undefined) io.stdout.write(text);
  else {
    await writeOutput(io.cwd, flags.out, text);
    io.stdout.write(`wrote ${flags.out}\n`);
  }
  return exit.ok;
}
