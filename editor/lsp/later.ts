// Owns: what takes longer than a keystroke: compiling every sampler of a file, and the definitions that none uses, one
// part after another, so that whoever runs it can stop in between. A further stage is one more generator in `stages`.

import { checkDefinitions } from "../../compiler/check/definitions.js";
import { compile } from "../../compiler/compile.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import type { Host } from "../../compiler/host.js";
import { isLibrary, Program } from "../../compiler/resolve/module.js";
import type { FileId, Span } from "../../compiler/source/span.js";
import type { Definition, SyntaxTree } from "../../compiler/syntax/ast.js";

/** Something found out about a definition, shown behind its name. */
export interface Fact {
  readonly at: Span;
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
}

export interface Part {
  readonly diagnostics: readonly Diagnostic[];
  readonly facts: readonly Fact[];
}

export interface LaterRequest {
  readonly host: Host;
  readonly file: FileId;
  readonly text: string;
  readonly tree: SyntaxTree;
}

type Stage = (request: LaterRequest) => Generator<Part>;

const stages: readonly Stage[] = [samplers, definitions];

/** The parts of all stages, in the order in which they are worth having. */
export function* later(request: LaterRequest): Generator<Part> {
  for (const stage of stages) yield* stage(request);
}

function* samplers({ host, file, text, tree }: LaterRequest): Generator<Part> {
  const own = tree.items.filter(
    (item): item is Definition => item.kind === "Definition" && item.sort === "sampler",
  );
  for (const { name } of own) {
    const { diagnostics, plan } = compile({ host, file, text, sampler: name.text });
    const report = plan?.report;
    const facts = report
      ? [
          {
            at: name.span,
            text: `${report.nfe} calls, ${report.peakTensors} tensors`,
            tooltip: `${report.nfe} evaluations of the network per sample; at most ${report.peakTensors} tensors alive at a time`,
          },
        ]
      : [];
    yield { diagnostics: diagnostics.filter((item) => (item.primary?.span.file ?? file) === file), facts };
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
