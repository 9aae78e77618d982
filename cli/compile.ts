// Owns: `dsamp compile`: one sampler to a plan, or a stage on the way as text.

import { emitAst } from "../compiler/emit/ast.js";
import { emitCoefficients } from "../compiler/emit/coefficients.js";
import { emitGraph } from "../compiler/emit/graph.js";
import { emitKernels } from "../compiler/emit/kernels.js";
import type { Compilation } from "../compiler/compile.js";
import { exit, exitFor } from "./exit.js";
import type { Io } from "./io.js";
import { checkWritable, writeOutput } from "./output.js";
import { jsonOf, printDiagnostics, printJson } from "./print.js";
import { checkSettings, compileSampler, readSpec, type SpecFlags } from "./spec.js";
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
  const compilation = compileSampler(io, spec, flags.sampler, flags);
  const { plan, diagnostics, source } = compilation;
  if (plan !== undefined) checkSettings([spec.module], [plan.sampler], flags);
  if (flags.output !== undefined) await checkWritable(io.cwd, flags.output);
  const text = emit(stage, compilation);
  if (text !== undefined && flags.output !== undefined) await writeOutput(io.cwd, flags.output, text);
  if (flags.json === true)
    printJson(io, {
      ok: text !== undefined,
      diagnostics: jsonOf(diagnostics, source),
      emit: stage,
      ...(flags.output === undefined
        ? { output: stage === "plan" ? (plan ?? null) : (text ?? null) }
        : { file: flags.output }),
    });
  else {
    printDiagnostics(io, diagnostics, source);
    if (text !== undefined && flags.output === undefined) io.stdout.write(text);
  }
  return text === undefined ? exitFor(diagnostics) : exit.ok;
}

/** The text of a stage; undefined when the compilation did not get there. */
function emit(stage: Stage, { module, run, plan }: Compilation): string | undefined {
  switch (stage) {
    case "ast":
      return module && emitAst(module.tree, module.source);
    case "graph":
      return plan && run && emitGraph(run);
    case "coefficients":
      return plan && run && emitCoefficients(run);
    case "kernels":
      return plan && emitKernels(plan);
    case "plan":
      return plan && `${JSON.stringify(plan)}\n`;
  }
}
