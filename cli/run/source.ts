// Owns: what `dsamp run` runs: a sampler that is compiled now, or a plan that was compiled before; and the folders its
// model files may lie in.

import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Sources } from "../../compiler/diagnostics/text.js";
import { checkPlan, planLimits, readPlan } from "../../compiler/plan/validate.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { isInside, projectRoot, readText, STANDARD_INPUT } from "../host.js";
import type { Io } from "../io.js";
import { noSources } from "../print.js";
import { checkSettings, compileSampler, readSpec, type SpecFlags } from "../spec.js";
import { wrongUse } from "../usage.js";

export interface Runnable {
  /** Undefined when the spec has errors. */
  readonly plan: Plan | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Folders that file names in the plan are relative to, tried in order. */
  readonly folders: readonly string[];
}

/** Throws D0601 and what a plan is refused for (D05, D08). */
export async function readRunnable(io: Io, file: string, flags: SpecFlags): Promise<Runnable> {
  if (/\.json$/i.test(file)) return readPlanFile(io, file, flags);
  const spec = await readSpec(io, file);
  const { module, plan, diagnostics, source } = compileSampler(io, spec, flags.sampler, flags);
  if (plan !== undefined) checkSettings([module], [plan.sampler], flags);
  return {
    plan: plan && checkPlan(plan),
    diagnostics,
    sources: source,
    folders: [file === STANDARD_INPUT ? io.cwd : dirname(resolve(io.cwd, file))],
  };
}

async function readPlanFile(io: Io, file: string, flags: SpecFlags): Promise<Runnable> {
  for (const name of ["steps", "set", "sampler"] as const)
    if (flags[name] !== undefined)
      wrongUse(
        `--${name} has no effect on a plan: its numbers are settled`,
        "compile the spec again with it",
      );
  const plan = readPlan(await readText(io, file, planLimits.bytes));
  const folders = [dirname(resolve(io.cwd, file))];
  // A plan written away from its spec: the spec's folder as it was seen from here.
  if (!isAbsolute(plan.source.name)) folders.push(dirname(resolve(io.cwd, plan.source.name)));
  return { plan, diagnostics: [], sources: noSources, folders };
}

/** Where a model file that a sampler names lies. Throws D0601 when it is missing or outside the project. */
export function findModelFile({ folders }: Runnable, name: string, file: string, cwd: string): string {
  const outside = (): never =>
    fail("D0601", `the file \`${file}\` of model '${name}' lies outside the project`, {
      why: "a spec or plan may only read files of its own project, so that running a stranger's is safe",
      help: `say so yourself: \`--model ${name}=PATH\``,
    });
  if (isAbsolute(file)) return outside();
  const allowed = folders
    .filter((folder, i) => i === 0 || isInside(projectRoot(cwd), folder))
    .map((folder) => ({ path: join(folder, file), root: projectRoot(folder) }))
    .filter(({ path, root }) => isInside(root, path));
  const [first] = allowed;
  if (first === undefined) return outside();
  const found = allowed.find(({ path }) => existsSync(path));
  if (found !== undefined) return found.path;
  return fail("D0601", `the file \`${file}\` of model '${name}' does not exist`, {
    why: `looked for ${allowed.map(({ path }) => path).join(" and ")}`,
    help: `name another: \`--model ${name}=PATH\``,
  });
}
