// Owns: how an unknown name, a quantity without its point or a slip is said: the messages of the name check, with what
// was probably meant.

import { diagnostic } from "../diagnostics/report.js";
import { builtins, specialForms } from "../lower/builtins.js";
import type { Module, Program } from "../resolve/module.js";
import { didYouMean, suggest } from "../resolve/suggest.js";
import type { Name } from "../syntax/ast.js";
import type { Local, Names } from "./locals.js";
import { allPoints, baseViews, isQuantity, verbNames, wordsOf, type Place } from "./place.js";

const constants: ReadonlySet<string> = new Set(["pi", "infinity", "none"]);
export const isFunction = (name: string): boolean => builtins.has(name) || specialForms.has(name);
export const isBuiltin = (name: string): boolean => isFunction(name) || constants.has(name);

export class Unknowns {
  /** Unknown names already reported in this definition: one message each. */
  protected readonly reported = new Set<string>();

  /** Names that a failed `use` should have brought: they have their message already. */
  protected readonly unresolved: ReadonlySet<string>;

  constructor(
    readonly module: Module,
    readonly program: Program,
    /** Inputs and endpoints of the schedules in sight: a solver may read them. */
    readonly scheduleInputs: () => ReadonlySet<string>,
    /** Networks and their further results that samplers of the file declare. */
    readonly networks: ReadonlySet<string>,
  ) {
    const brought = [...module.used.definitions.values(), ...module.used.values.values()];
    this.unresolved = new Set(
      module.tree.items
        .flatMap((item) => (item.kind === "Use" ? (item.names ?? []) : []))
        .map((name) => name.text)
        .filter((name) => brought.every((def) => def.name !== name)),
    );
  }

  isView(name: string): boolean {
    return (
      baseViews.includes(name) || this.program.definition(this.module, "parameterization", name) !== undefined
    );
  }

  protected isOuter(name: string): boolean {
    return (
      this.program.value(this.module, name) !== undefined ||
      this.program.definitionsNamed(this.module, name).length > 0
    );
  }

  protected needsPoint(e: Name, place: Place, what: string): void {
    const at = place.points.has("s") ? ["s", "t"] : ["start", "end"];
    this.program.diagnostics.add(
      diagnostic("D0304", `the ${what} \`${e.text}\` is read at a point ${place.where}`, {
        at: e.span,
        help: `write \`${e.raw}[${at[0]}]\` or \`${e.raw}[${at[1]}]\``,
      }),
    );
  }

  protected unknown(e: Name, names: Names, place: Place, more: readonly string[] = []): void {
    if (allPoints.has(e.text)) {
      const only = place.quantities === "bare" || place.quantities === "either";
      this.program.diagnostics.add(
        diagnostic("D0304", `there is no point \`${e.text}\` ${place.where}`, {
          at: e.span,
          help: only
            ? "there is only one point here, so quantities and views stand without one: `sigma`, `x0`"
            : place.points.size > 0
              ? `the points here are ${[...place.points].map((name) => `\`${name}\``).join(", ")}`
              : undefined,
        }),
      );
      return;
    }
    if (isQuantity(e.text) || baseViews.includes(e.text)) {
      this.program.diagnostics.add(
        diagnostic("D0304", `\`${e.text}\` belongs to a point, and there is none ${place.where}`, {
          at: e.span,
          help: isQuantity(e.text)
            ? `a schedule by name has it as a function: \`vp_linear.${e.text}(0.5)\``
            : undefined,
        }),
      );
      return;
    }
    if (place.acts || place.quantities === "bare" || place.quantities === "either")
      if (this.scheduleInputs().has(e.text)) return;
    if (this.reported.has(e.text) || this.unresolved.has(e.text)) return;
    this.reported.add(e.text);
    this.program.diagnostics.add(
      diagnostic("D0201", `\`${e.raw}\` is not known ${place.where}`, {
        at: e.span,
        help: this.suggestion(e.text, names, place, more),
      }),
    );
  }

  protected suggestion(
    name: string,
    names: Names,
    place: Place,
    more: readonly string[],
  ): string | undefined {
    if (this.program.diagnostics.isFull(this.module.id)) return undefined;
    const near = [
      ...names.all(),
      ...wordsOf(place),
      ...more,
      ...this.module.values.keys(),
      ...this.module.used.values.keys(),
    ];
    return (
      didYouMean(name, near) ??
      didYouMean(name, [...builtins.keys(), ...specialForms.keys(), ...constants]) ??
      didYouMean(name, this.program.definitionNames(this.module))
    );
  }

  /** An unknown name at a point may be a further result of the network, unless it is close to a name that exists. */
  protected looksLikeSlip(name: string, names: Names, place: Place): boolean {
    if (this.networks.has(name)) return false;
    return suggest(name, [...names.all(), ...wordsOf(place).filter((word) => word.length > 1)]) !== undefined;
  }

  /** Further results of a network are not known here; a slip of a view is. */
  protected resultOf(local: Local, name: Name): void {
    if (this.isView(name.text) || this.networks.has(name.text)) return;
    const near = suggest(name.text, ["x0", "eps", "raw", "score", "flow"]);
    if (near !== undefined)
      this.program.diagnostics.add(
        diagnostic("D0201", `the call \`${local.name}\` has no result \`${name.raw}\``, {
          at: name.span,
          help: `did you mean \`${near}\`?`,
        }),
      );
  }

  protected pathMember(name: Name): void {
    if (isQuantity(name.text) || name.text === "start" || name.text === "end") return;
    const known = ["time", "index", "sigma", "alpha", "lambda", "rho", "start", "end"];
    this.program.diagnostics.add(
      diagnostic("D0201", `a schedule has no \`${name.raw}\``, {
        at: name.span,
        help: didYouMean(name.text, known) ?? `it has ${known.join(", ")}`,
      }),
    );
  }

  protected unknownSolver(callee: Name, names: Names): void {
    if (this.unresolved.has(callee.text)) return;
    const known = this.program.diagnostics.isFull(this.module.id)
      ? []
      : [...this.program.definitionNames(this.module, "solver"), ...verbNames, ...names.all()];
    this.program.diagnostics.add(
      diagnostic("D0201", `there is no solver \`${callee.raw}\``, {
        at: callee.span,
        help:
          didYouMean(callee.text, known) ??
          "what is applied from point to point is a solver or a verb: jump, renoise, integrate",
      }),
    );
  }
}
