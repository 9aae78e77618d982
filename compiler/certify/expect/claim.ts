// Owns: what every kind of claim needs: the subject, where it is claimed, and what was found.

import { fail } from "../../diagnostics/report.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { definitionOf } from "../../lower/parameters.js";
import type { Scope } from "../../lower/scope.js";
import type { DefinitionValue } from "../../lower/value.js";
import type { Program } from "../../resolve/module.js";
import type { StaticLowering } from "../../sampler/sampler.js";
import type { Span } from "../../source/span.js";
import type { Expression, Statement } from "../../syntax/ast.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Equivalence } from "../equivalence.js";
import { tolerance, dataTolerance } from "../equivalenceRuns.js";
import { conjuncts } from "../orderClaims.js";

/** What a claim is made of. */
export interface Subject {
  readonly program: Program;
  readonly value: DefinitionValue;
  /** The file's scope, in which other definitions are named. */
  readonly file: Scope;
  /** With the subject's parameters. */
  readonly scope: Scope;
  readonly cx: StaticLowering;
}

export type Outcome =
  /** `how` says how it was decided, when that is not the only way. */
  | { readonly kind: "met"; readonly how?: string }
  | { readonly kind: "unmet"; readonly message: string; readonly help?: string }
  /** A finding of another stage that is the reason. */
  | { readonly kind: "finding"; readonly finding: Diagnostic }
  | { readonly kind: "undecided"; readonly why: string };

export const met = (how?: string): Outcome => (how === undefined ? { kind: "met" } : { kind: "met", how });
export const unmet = (message: string, help?: string): Outcome => ({
  kind: "unmet",
  message,
  ...(help === undefined ? {} : { help }),
});

/** A claim `is not p` from the answer to `is p`. */
export function property(
  name: string,
  negated: boolean,
  holds: boolean,
  reason: string,
  how?: string,
): Outcome {
  if (holds !== negated) return met(how);
  return unmet(
    `${name} is ${negated ? "" : "not "}so: ${reason}`,
    `expect \`is ${negated ? "" : "not "}...\` the other way round`,
  );
}

/** Claims that a kind of definition cannot make. */
export function foreign(statement: Statement, sort: string, help: string): never {
  return fail("D0210", `this claim cannot be made of a ${sort}`, { at: statement.span, help });
}

/** Definitions and conditions after `on`. */
export interface Where {
  readonly schedule?: DefinitionValue;
  readonly grid?: DefinitionValue;
  /** False when a condition on parameters is not met: nothing is claimed then. */
  readonly applies: boolean;
}

export function whereOf(on: Expression | undefined, { program, scope, file, cx }: Subject): Where {
  let where: Where = { applies: true };
  for (const part of conjuncts(on)) {
    if (part.kind === "Compare") {
      if (staticNumber(evaluate(part, scope, 0, cx), part.span, cx) === 0)
        where = { ...where, applies: false };
      continue;
    }
    const head = part.kind === "Call" ? part.callee : part;
    if (head.kind === "Name" && ["generic", "ratios"].includes(head.text)) continue;
    const isGrid = head.kind === "Name" && program.definition(file.module, "grid", head.text) !== undefined;
    const isSchedule =
      head.kind === "Name" && program.definition(file.module, "schedule", head.text) !== undefined;
    if (isGrid && !isSchedule) where = { ...where, grid: definitionOf(part, "grid", file, 0, cx) };
    else where = { ...where, schedule: definitionOf(part, "schedule", file, 0, cx) };
  }
  return where;
}

const number = (x: number): string => String(Number(x.toPrecision(6)));

/** The outcome of `equals`, in words. */
export function equality(found: Equivalence, a: string, b: string): Outcome {
  switch (found.kind) {
    case "symbolic":
      return met("symbolically, on every schedule and grid");
    case "numeric":
      return met(
        found.data
          ? `numerically, to ${dataTolerance} on random data, on ${found.places} schedules and grids`
          : `numerically, to ${tolerance} on ${found.places} schedules and grids`,
      );
    case "fails":
      return unmet(
        `\`${found.which === "first" ? a : b}\` does not compile on \`${found.schedule}\`, where the other does: ${found.why}`,
      );
    case "different": {
      const [weight] = found.first.weights;
      const detail = weight
        ? `; at step ${found.first.step} of a run on \`${found.schedule}\` the weight of ${weight.of} is ${number(weight.a)} and ${number(weight.b)}`
        : "";
      return unmet(
        `\`${a}\` and \`${b}\` are not the same map${detail}`,
        "`dsamp diff` compares two samplers step by step",
      );
    }
  }
}

/** A statement without its span, as the author wrote it. */
export const textOf = (span: Span, program: Program): string =>
  program.source(span.file)?.text.slice(span.start, span.end).replace(/\s+/g, " ") ?? "";
