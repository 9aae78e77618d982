// Owns: what takes longer than a keystroke: compiling every sampler of a file, the definitions that none uses, and the
// certificates, one part after another, so that whoever runs it can stop in between. A further stage is one more generator in `stages`.

import { checkDefinitions } from "../../compiler/check/definitions.js";
import { compile } from "../../compiler/compile.js";
import type { Diagnostic, Edit } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import type { Host } from "../../compiler/host.js";
import { isLibrary, Program } from "../../compiler/resolve/module.js";
import type { FileId, Span } from "../../compiler/source/span.js";
import type { Definition, SyntaxTree } from "../../compiler/syntax/ast.js";
import { certificates } from "./certificates.js";
import { samplerFacts, valuesOf } from "./samplerFacts.js";

/** Something found out about a stretch of the text, as a rule the name of a definition. */
export interface Fact {
  readonly at: Span;
  /** Shown behind it; empty: nothing is. */
  readonly text: string;
  /** Markdown, shown over it and over the names that stand for it. */
  readonly tooltip: string;
  /** A change that states it. */
  readonly action?: { readonly title: string; readonly edits: readonly Edit[] };
}

/** Values of path quantities at both ends of a sampler's run. */
export interface Values {
  readonly sampler: string;
  readonly ends: Readonly<Record<string, readonly [number, number]>>;
}

export interface Part {
  readonly diagnostics: readonly Diagnostic[];
  readonly facts: readonly Fact[];
  readonly values?: readonly Values[];
}

export interface LaterRequest {
  readonly host: Host;
  readonly file: FileId;
  readonly text: string;
  readonly tree: SyntaxTree;
}

type Stage = (request: LaterRequest) => Generator<Part>;

const stages: readonly Stage[] = [samplers, definitions, certificates];

/** The parts of all stages, in the order in which they are worth having. */
export function* later(request: LaterRequest): Generator<Part> {
  for (const stage of stages) yield* stage(request);
}

function* samplers({ host, file, text, tree }: LaterRequest): Generator<Part> {
  const own = tree.items.filter(
    (item): item is Definition => item.kind === "Definition" && item.sort === "sampler",
  );
  for (const { name } of own) {
    const { diagnostics, plan, run } = compile({ host, file, text, sampler: name.text });
    yield {
      diagnostics: diagnostics.filter((item) => (item.primary?.span.file ?? file) === file),
      facts: plan && run ? samplerFacts(run, plan) : [],
      values: run ? [valuesOf(run)] : [],
    };
  }
}

function* definitions({ host, file, text }: LaterRequest): Generator<Part> {
  const diagnostics = new Diagnostics();
  const program = new Program(host, diagnostics);
  const module = program.load(file, text);
  if (!module || isLibrary(file)) return;
  checkDefinitions(module, program);
  yield { diagnostics: diagnostics.all.filter((item) => item.primary?.span.file === file), facts: [] };
}
