// Owns: units of the expressions of a step (language reference, section 15.2). What has no unit of its own - times,
// velocities, inputs, carries - fits everything, so that a finding is a finding.

import { diagnostic } from "../diagnostics/report.js";
import type { Module, Program } from "../resolve/module.js";
import type { Argument, CallExpr, CompareExpr, Expression, IndexExpr } from "../syntax/ast.js";
import {
  any,
  elementOf,
  factorLogs,
  isLiteral,
  isPlain,
  levelText,
  literal,
  number,
  of,
  UnitScope,
  viewUnit,
  zero,
  type Measure,
} from "./measure.js";
import { binders } from "./arguments.js";
import { verbNames } from "./place.js";
import { data, missingFactor, plain, power, same, stateAt, times, unitName, type Unit } from "./unit.js";

const gridPoints: ReadonlySet<string> = new Set(["s", "t", "start", "end", "clean"]);
const pure: ReadonlySet<string> = new Set([
  ...["exp", "expm1", "sin", "cos", "tan", "logistic", "factorial", "floor", "round", "phi", "sign"],
]);
const keeping: ReadonlySet<string> = new Set(["abs", "mean", "std", "norm", "quantile", "stop"]);
const matching: ReadonlySet<string> = new Set(["min", "max", "hypot", "clamp"]);
const deepest = 40;

export class UnitCheck {
  #depth = 0;

  constructor(
    readonly module: Module,
    readonly program: Program,
    /** `requires unit data`: literal bounds have the unit of data. */
    readonly unitData: boolean,
  ) {}

  // ---- findings --------------------------------------------------------------------------------------------------

  /** Reports `e`, whose unit differs from what stands beside it. */
  #mismatch(e: Expression, found: Unit, wanted: Unit, beside: string): void {
    if (e.span.file !== this.module.id) return;
    this.program.diagnostics.add(
      diagnostic(
        "D0308",
        `this is measured in ${unitName(found)}, and ${beside.replace("%", unitName(wanted))}`,
        {
          at: e.span,
          why: "a state at another level, data and noise have different scales: a sum of them cannot be right on every schedule",
          help:
            missingFactor(found, wanted) ??
            "if the formula is meant for one schedule, say so: `requires alpha == 1`",
        },
      ),
    );
  }

  /** Terms of a sum must agree with each other and with what the sum is stored as. */
  agree(
    terms: readonly (readonly [Expression, Measure])[],
    wanted: Unit | undefined,
    beside: string,
  ): Measure {
    const typed = terms.flatMap(([e, m]) => (m.kind === "unit" && !m.free ? [[e, m.unit] as const] : []));
    // A velocity form such as `x[s] + dt*flow[s]`: the levels meet in the limit of small steps only.
    const open = terms.some(([, m]) => m.kind !== "unit" && !(m.kind === "any" && m.zero));
    if (open) return any;
    if (typed.length === 0) return terms.find(([, m]) => m.kind === "unit")?.[1] ?? any;
    const votes = (unit: Unit): number => typed.filter(([, other]) => same(unit, other)).length;
    const best = wanted ?? typed.reduce((a, b) => (votes(b[1]) > votes(a[1]) ? b : a))[1];
    for (const [e, unit] of typed) {
      if (same(unit, best)) continue;
      this.#mismatch(e, unit, best, beside);
      return any;
    }
    return of(best);
  }

  // ---- expressions -----------------------------------------------------------------------------------------------

  measure(e: Expression, scope: UnitScope): Measure {
    switch (e.kind) {
      case "Paren":
        return this.measure(e.inner, scope);
      case "Number":
        return Number(e.text) === 0 ? zero : number;
      case "Name":
        return this.#name(e.text, scope);
      case "Unary":
        return this.#negated(this.measure(e.operand, scope));
      case "Binary":
        if (e.op === "+" || e.op === "-") return this.#sum(e, scope);
        return this.#product(e, scope);
      case "Compare":
        this.#compare(e, scope);
        return number;
      case "Index":
        return this.#index(e, scope);
      case "Member":
        return viewUnit(e.name.text, undefined);
      case "Call":
        return this.#call(e, scope);
      case "List": {
        const inner = new UnitScope(scope);
        if (e.family) inner.add(e.family.variable.text, () => number);
        const items = e.items.map((item) => this.measure(item, inner));
        return { kind: "list", items: e.family ? [] : items, each: items[0] ?? any };
      }
      default:
        return any;
    }
  }

  #name(name: string, scope: UnitScope): Measure {
    const known = scope.find(name);
    if (known) return known;
    if (gridPoints.has(name)) return { kind: "point", level: name };
    const value = this.program.value(this.module, name)?.node;
    if (value?.kind === "Let" && value.params)
      return { kind: "function", params: value.params, body: value.value, scope: new UnitScope() };
    if (value?.kind === "Let") return this.measure(value.value, new UnitScope());
    if (name === "pi" || ["step", "steps", "progress"].includes(name)) return number;
    return any;
  }

  #negated(m: Measure): Measure {
    return m.kind === "unit" ? of(m.unit, m.free, -m.logs) : m;
  }

  /** `a + b - c`: one sum, whose terms must agree. */
  #sum(e: Expression, scope: UnitScope): Measure {
    const terms: [Expression, Measure, number][] = [];
    const collect = (part: Expression, sign: number): void => {
      if (part.kind === "Binary" && (part.op === "+" || part.op === "-")) {
        collect(part.left, sign);
        collect(part.right, part.op === "-" ? -sign : sign);
      } else terms.push([part, this.measure(part, scope), sign]);
    };
    collect(e, 1);
    const [first] = terms;
    if (first?.[1].kind === "point") return { kind: "point", level: levelText(e, first[1].level) };
    const sum = this.agree(
      terms.map(([part, m]) => [part, m]),
      undefined,
      "the rest of the sum in %",
    );
    const logs = terms.reduce((total, [, m, sign]) => total + (m.kind === "unit" ? sign * m.logs : 0), 0);
    return sum.kind === "unit"
      ? of(
          sum.unit,
          sum.free && terms.every(([, m]) => m.kind === "any" || (m.kind === "unit" && m.free)),
          logs,
        )
      : sum;
  }

  #product(e: Extract<Expression, { kind: "Binary" }>, scope: UnitScope): Measure {
    const left = this.measure(e.left, scope);
    if (e.op === "^") return this.#power(left, e.right);
    const right = this.measure(e.right, scope);
    if (left.kind !== "unit" || right.kind !== "unit") return any;
    if (e.op !== "*" && e.op !== "/") return number;
    const unit = times(left.unit, right.unit, e.op === "*" ? 1 : -1);
    const logs = factorLogs(left.logs, e.right, right.logs, e.left, e.op);
    if (logs === undefined) return any;
    return of(
      unit,
      (left.free || isPlain(left)) && (right.free || isPlain(right)) && (left.free || right.free),
      logs,
    );
  }

  #power(base: Measure, exponent: Expression): Measure {
    if (base.kind !== "unit") return any;
    if (base.unit.size === 0) return of(plain, base.free);
    const value = literal(exponent);
    return value === undefined ? any : of(power(base.unit, value));
  }

  #compare(e: CompareExpr, scope: UnitScope): void {
    const parts = [e.first, ...e.rest.map(({ right }) => right)];
    this.agree(
      // A literal bound has the unit of what it bounds.
      parts.filter((part) => !isLiteral(part)).map((part) => [part, this.measure(part, scope)]),
      undefined,
      "what it is compared with in %",
    );
  }

  // ---- quantities at points ----------------------------------------------------------------------------------------

  level(e: Expression, scope: UnitScope): string | undefined {
    const m = this.measure(e, scope);
    return m.kind === "point" ? m.level : undefined;
  }

  #index(e: IndexExpr, scope: UnitScope): Measure {
    const [index] = e.indices;
    if (!index) return any;
    if (e.object.kind === "Member") return viewUnit(e.object.name.text, this.level(index, scope));
    if (e.object.kind !== "Name") return elementOf(this.measure(e.object, scope), index);
    const own = scope.find(e.object.text);
    if (own?.kind === "function") return this.#apply(own, [index], scope);
    if (own) return elementOf(own, index);
    return viewUnit(e.object.text, this.level(index, scope));
  }

  // ---- calls -----------------------------------------------------------------------------------------------------

  #call(e: CallExpr, scope: UnitScope): Measure {
    const { callee, args } = e;
    const arrow = args.find((arg) => arg.to);
    const name = callee.kind === "Name" ? callee.text : "";
    const target = arrow?.to && this.level(arrow.to, scope);
    if (arrow && (callee.kind !== "Member" || callee.name.text === "jump")) {
      if (verbNames.has(name)) this.#verb(name, args, scope);
      if (scope.find(name)?.kind === "any" && name.length > 0 && !target) return any;
      return target === undefined ? any : of(stateAt(target));
    }
    if (callee.kind !== "Name") return any;
    const own = this.#name(name, scope);
    if (own.kind === "function")
      return this.#apply(
        own,
        args.map((arg) => arg.value),
        scope,
      );
    if (scope.find(name)) return any;
    return this.#builtin(name, e, scope);
  }

  #apply(
    target: Extract<Measure, { kind: "function" }>,
    args: readonly Expression[],
    scope: UnitScope,
  ): Measure {
    if (this.#depth >= deepest) return any;
    const inner = new UnitScope(target.scope);
    target.params.forEach((param, i) => {
      const arg = args[i];
      inner.add(param.text, () => (arg ? this.measure(arg, scope) : any));
    });
    this.#depth += 1;
    try {
      return this.measure(target.body, inner);
    } finally {
      this.#depth -= 1;
    }
  }

  /** Slots of verbs have units of their own. */
  #verb(name: string, args: readonly Argument[], scope: UnitScope): void {
    for (const arg of args) {
      const slot =
        name === "jump" && (arg.name?.text === "x0" || arg.name?.text === "eps") ? arg.name.text : undefined;
      if (!slot) continue;
      this.agree(
        [[arg.value, this.measure(arg.value, scope)]],
        slot === "x0" ? data : plain,
        `the slot \`${slot}\` in %`,
      );
    }
  }

  #builtin(name: string, e: CallExpr, scope: UnitScope): Measure {
    const args = e.args.filter((arg) => !arg.name).map((arg) => arg.value);
    if (binders.has(name)) return this.#binder(name, args, scope);
    const measures = args.map((arg) => this.measure(arg, scope));
    const [a, b, c] = measures;
    const pairs = args.map((arg, i) => [arg, measures[i] ?? any] as const);
    const bound = (
      pair: readonly [Expression, Measure] | undefined,
    ): readonly (readonly [Expression, Measure])[] =>
      pair && !(this.unitData && isLiteral(pair[0])) ? [pair] : [];
    if (pure.has(name)) {
      if (name === "exp" && a?.kind === "unit" && a.logs !== 0) return of(power(data, -a.logs));
      this.agree(pairs, plain, `\`${name}\` takes a plain number`);
      return number;
    }
    if (name === "log" || name === "log2" || name === "atan") return number;
    if (name === "atan2") return number;
    if (name === "sqrt") return a?.kind === "unit" ? of(power(a.unit, 0.5), a.free) : any;
    if (keeping.has(name)) return a ?? any;
    if (matching.has(name))
      return this.agree(
        pairs.flatMap((pair) => bound(pair)),
        undefined,
        "the other argument in %",
      );
    if (name === "where") return this.agree(pairs.slice(1), undefined, "the other value in %");
    if (name === "lerp") {
      const ends = this.agree(pairs.slice(0, 2), undefined, "the other end in %");
      const logs = a?.kind === "unit" && b?.kind === "unit" && a.logs === b.logs ? a.logs : 0;
      return ends.kind === "unit" && c ? of(ends.unit, false, logs) : ends;
    }
    if (name === "dot" && a?.kind === "unit" && b?.kind === "unit") return of(times(a.unit, b.unit));
    return any;
  }

  /** `sum(e, k in r)` and `integral(e, u in a .. b)`, whose variable is measured like its ends. */
  #binder(name: string, args: readonly Expression[], scope: UnitScope): Measure {
    const [body, range] = args;
    if (!body || range?.kind !== "Compare" || range.first.kind !== "Name") return any;
    const domain = range.rest[0]?.right;
    const from = domain?.kind === "Range" ? this.measure(domain.from, scope) : any;
    const inner = new UnitScope(scope);
    inner.add(range.first.text, () => (name === "integral" || name === "root" ? from : number));
    const value = this.measure(body, inner);
    if (name === "sum") return value;
    if (name === "integral" && value.kind === "unit" && from.kind === "unit")
      return of(times(value.unit, from.unit));
    return name === "root" ? from : any;
  }
}
