// Owns: `dsamp explain SPEC`: the rules of a sampler, or solvers by themselves, as the mathematics they were compiled to.

import { diagnostic, Diagnostics } from "../compiler/diagnostics/report.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import { checkProgram } from "../compiler/check/check.js";
import { solverSections } from "../compiler/explain.js";
import { layOut, Writer, type Notation } from "../compiler/emit/mathematicsPrint.js";
import { explainSampler, type Section } from "../compiler/emit/mathematicsSampler.js";
import { definitionOf, moduleScope } from "../compiler/lower/parameters.js";
import { Program } from "../compiler/resolve/module.js";
import { StaticLowering } from "../compiler/sampler/sampler.js";
import { exitFor } from "./exit.js";
import { fileHost, shown } from "./host.js";
import type { Io } from "./io.js";
import { jsonOf, printDiagnostics, printJson } from "./print.js";
import { checkSettings, compileSampler, inspect, readSpec, type Spec, type SpecFlags } from "./spec.js";

export interface ExplainFlags extends SpecFlags {
  /** A solver, with arguments if need be: `dpm_solver_2(r1: 0.3)`. */
  readonly solver?: string;
  readonly latex?: boolean;
  readonly json?: boolean;
}

interface Explanation {
  readonly name: string;
  readonly sections: readonly Section[];
}

interface Explained {
  readonly explanations: readonly Explanation[];
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/** Explains a file; with `--solver` and no file, a solver of the library. */
export async function explainSpec(file: string | undefined, flags: ExplainFlags, io: Io): Promise<number> {
  const writer = new Writer(flags.latex === true ? "latex" : "unicode");
  const spec = file === undefined ? { file: "--solver", text: "" } : await readSpec(io, file);
  const explained =
    flags.solver === undefined
      ? explainSamplers(io, spec, flags, writer)
      : explainNamed(io, spec, flags.solver, writer);
  const { explanations, diagnostics, sources } = explained;
  if (flags.json === true)
    printJson(io, {
      ok: exitFor(diagnostics) === 0,
      diagnostics: jsonOf(diagnostics, sources),
      notation: writer.notation,
      explanations,
    });
  else {
    printDiagnostics(io, diagnostics, sources);
    const texts = explanations.map((explanation) => textOf(explanation, writer.notation));
    if (texts.length > 0) io.stdout.write(`${texts.join("\n\n")}\n`);
  }
  return exitFor(diagnostics);
}

function textOf({ name, sections }: Explanation, notation: Notation): string {
  const latex = notation === "latex";
  const paragraphs = sections.map(({ title, notes, equations }) => {
    const formulas = equations.length === 0 ? [] : [layOut(equations, notation)];
    if (latex)
      return [
        `\\paragraph{${latexText(title)}}`,
        ...notes.map((note) => `${latexText(note)}.`),
        ...formulas.map((text) => `\\[\n${text}\n\\]`),
      ].join("\n");
    return [title, ...notes.map((note) => `  ${note}`), ...formulas].join("\n");
  });
  return [latex ? `\\section*{${latexText(name)}}` : name, ...paragraphs].join("\n\n");
}

/** Text outside of `$...$` with its special characters escaped. */
const latexText = (text: string): string =>
  text
    .split(/(\$[^$]*\$)/)
    .map((part) =>
      part.startsWith("$")
        ? part
        : part
            .replace(/[#%&_{}]/g, "\\$&")
            .replaceAll("λ", "$\\lambda$")
            .replaceAll("∞", "$\\infty$")
            .replaceAll("α", "$\\alpha$")
            .replaceAll("σ", "$\\sigma$"),
    )
    .join("");

/** The samplers of a file; where there is none, its solvers. */
function explainSamplers(io: Io, spec: Spec, flags: ExplainFlags, writer: Writer): Explained {
  const { module, samplers, diagnostics, sources } = inspect(io, spec);
  if (exitFor(diagnostics) !== 0) return { explanations: [], diagnostics, sources };
  if (samplers.length === 0 && flags.sampler === undefined) {
    const names = [...(module?.definitions.values() ?? [])]
      .filter((def) => def.sort === "solver")
      .map((def) => def.name);
    const found = names.map((name) => explainNamed(io, spec, name, writer));
    const nothing = diagnostic("D0211", `${spec.file} has no sampler and no solver to explain`);
    return {
      explanations: found.flatMap(({ explanations }) => explanations),
      diagnostics: names.length === 0 ? [nothing] : found.flatMap((one) => one.diagnostics),
      sources,
    };
  }
  checkSettings([module], flags.sampler === undefined ? samplers : [flags.sampler], flags);
  const all = new Diagnostics();
  const explanations = (flags.sampler === undefined ? samplers : [flags.sampler]).flatMap(
    (name): Explanation[] => {
      const { run, plan, diagnostics: found } = compileSampler(io, spec, name, flags);
      for (const item of found) all.add(item);
      return run && plan ? [{ name, sections: explainSampler(run, writer) }] : [];
    },
  );
  return { explanations, diagnostics: all.all, sources };
}

/** A solver by itself, on a generic schedule, by an expression such as `dpm_solver_2(r1: 0.3)`. */
function explainNamed(io: Io, { file, text }: Spec, solver: string, writer: Writer): Explained {
  const diagnostics = new Diagnostics();
  const program = new Program(fileHost(io.cwd, file), diagnostics);
  // The expression is read as the subject of a claim after the file's own text, in which its names are in sight.
  const module = program.load(shown(file), `${text}\nexpect solver ${solver} {\n}\n`);
  const sources: Sources = (id) => program.source(id);
  if (module) checkProgram(program);
  const item = module?.tree.items.at(-1);
  if (!module || item?.kind !== "Expect" || diagnostics.hasErrors)
    return { explanations: [], diagnostics: diagnostics.all, sources };
  const explanation = diagnostics.attempt((): Explanation => {
    const cx = new StaticLowering(program);
    const value = definitionOf(item.subject, "solver", moduleScope(module, cx), 0, cx);
    return { name: solver, sections: solverSections(program, value, writer) };
  });
  return { explanations: explanation ? [explanation] : [], diagnostics: diagnostics.all, sources };
}
