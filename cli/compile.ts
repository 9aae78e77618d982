// Owns: `dsamp compile`: one sampler to a plan, or a stage on the way as text.

import { emitAst } from "../compiler/emit/ast.js";
import { emitCoefficients } from "../compiler/emit/coefficients.js";
import { emitGraph } from "../compiler/emit/graph.js";
import { emitKernels } from "../compiler/emit/kernels.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import type { Plan } from "../compiler/plan/schema.js";
import { exit, exitFor } from "./exit.js";
import type { Io } from "./io.js";
import { checkWritable, writeOutput } from "./output.js";
import { jsonOf, printDiagnostics, printJson } from "./print.js";
import { checkSettings, compileSampler, inspect, readSpec, type Spec, type SpecFlags } from "./spec.js";
import { oneOf } from "./usage.js";

const stages = ["ast", "graph", "coefficients", "kernels", "plan"] as const;
type Stage = (typeof stages)[number];

export interface CompileFlags extends SpecFlags {
  readonly emit: string;
  readonly output?: string;
  readonly json?: boolean;
}

export async function compileFile(file: string, flags: CompileFlags, io: Io): Promise<number> {
  const stage = oneOf("--emit", flags.emit, stages);
  const spec = await readSpec(io, file);
  const { text, plan, diagnostics, sources } =
    stage === "ast" ? outline(io, spec) : compiled(io, spec, stage, flags);
  if (flags.output !== undefined) {
    await checkWritable(io.cwd, flags.output);
    if (text !== undefined) await writeOutput(io.cwd, flags.output, text);
  }
  const code = exitFor(diagnostics);
  if (flags.json === true)
    printJson(io, {
      ok: code === exit.ok,
      diagnostics: jsonOf(diagnostics, sources),
      emit: stage,
      ...(flags.output === undefined ? { output: plan ?? text ?? null } : { file: flags.output }),
    });
  else {
    printDiagnostics(io, diagnostics, sources);
    if (text !== undefined && flags.output === undefined) io.stdout.write(text);
  }
  return code;
}

interface Product {
  readonly text: string | undefined;
  /** When the plan itself was asked for. */
  readonly plan?: Plan | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/** The tree needs no sampler. */
function outline(io: Io, spec: Spec): Product {
  const { module, diagnostics, sources } = inspect(io, spec);
  return { text: module && emitAst(module.tree, module.source), diagnostics, sources };
}

function compiled(io: Io, spec: Spec, stage: Exclude<Stage, "ast">, flags: CompileFlags): Product {
  const compilation = compileSampler(io, spec, flags.sampler, flags);
  const { module, run, plan, diagnostics, source } = compilation;
  if (plan === undefined || run === undefined) return { text: undefined, diagnostics, sources: source };
  checkSettings([module], [plan.sampler], flags);
  const printers: Readonly<Record<typeof stage, () => string>> = {
    graph: () => emitGraph(run),
    coefficients: () => emitCoefficients(run),
    kernels: () => emitKernels(plan),
    plan: () => `${JSON.stringify(plan)}\n`,
  };
  const isPlan = stage === "plan";
  return { text: printers[stage](), plan: isPlan ? plan : undefined, diagnostics, sources: source };
}
