// Owns: the weights of a step graph as people write them: quantities by their names at levels, h and r_k recovered from
// differences, phi functions for interpolants, names for integrals without a closed form and for small linear systems.
// `restore` undoes all of it, so what is shown can be checked against what is run.

import {
  add,
  binder,
  children,
  div,
  fn,
  isZero,
  mul,
  neg,
  num,
  one,
  pow,
  rationalValue,
  rebuild,
  sub,
  substitute,
  symbols,
  zero,
  type Expr,
  type Fn,
  type Sym,
} from "../algebra/expr.js";
import { signed } from "../algebra/layout.js";
import { normalForm, simplify } from "../algebra/simplify.js";
import { gridLevel, type Level } from "../graph/level.js";
import { quantity, quantityData, type Counter, type Quantity } from "../graph/quantity.js";
import type { Relation } from "../path/path.js";
import { forecastKernel, NOW, parameter } from "../lower/forecast.js";
import {
  counterName,
  indexed,
  named,
  quantityFunction,
  quantityName,
  ratioName,
  stepName,
  steppedCoordinates,
  type SteppedCoordinate,
} from "./mathematicsNames.js";
import { displayed, unicodeFactor } from "./mathematicsText.js";

/** What a name stands for. */
export type Definition =
  /** `name = shown`. */
  | { readonly kind: "value"; readonly name: Sym; readonly value: Expr; readonly shown: Expr }
  /** The names are the solution of rows * names = right. */
  | {
      readonly kind: "system";
      readonly names: readonly Sym[];
      readonly values: readonly Expr[];
      readonly rows: readonly (readonly Expr[])[];
      readonly right: readonly Expr[];
    };

const symbolOf = (q: Quantity, level: Level): Sym => quantity(q, level);

/** Turns weights of one step into formulas and remembers what their names mean. */
export class Coefficients {
  readonly #definitions = new Map<Sym, Definition>();
  readonly #levels = new Map<string, string>();
  readonly #folded = new Map<Expr, Expr>();
  readonly #shown = new Map<Expr, Expr>();
  readonly #systems = new Map<string, readonly Sym[]>();
  readonly #integrals = new Map<Fn, Sym>();
  /** Original symbols behind the names of quantities and counters. */
  readonly #originals = new Map<Sym, Expr>();

  /** `relation` is how alpha and sigma hang together on the path, where one is known. */
  constructor(readonly relation: Relation = undefined) {}

  /** Levels that stand at places of their own, in order of appearance: index and level. */
  readonly places: { readonly index: string; readonly level: Level }[] = [];

  /** The index of a level: s, t, s-1, or m, m', ... for places between. */
  index(level: Level): string {
    if (level.kind === "grid") {
      const { offset } = level;
      return offset === 0 ? "s" : offset === 1 ? "t" : offset > 0 ? `s+${offset}` : `s${offset}`;
    }
    if (level.kind !== "located") return level.kind;
    const known = this.#levels.get(level.key);
    if (known !== undefined) return known;
    const index = `m${"′".repeat(this.places.length)}`;
    this.#levels.set(level.key, index);
    this.places.push({ index, level });
    return index;
  }

  name(q: Quantity, level: Level): Sym {
    const name = quantityName(q, level, this.index(level));
    this.#originals.set(name, symbolOf(q, level));
    return name;
  }

  /** A weight as a formula in names. */
  show(e: Expr): Expr {
    const known = this.#shown.get(e);
    if (known !== undefined) return known;
    const shown = this.#best(this.#fold(e));
    this.#shown.set(e, shown);
    return shown;
  }

  /** Where a place lies: from s where that is shorter, `lambda_s + h/2`. */
  showPlace(level: Extract<Level, { kind: "located" }>): Expr {
    const start = quantity(level.coordinate, gridLevel(0));
    const fromS = add(this.name(level.coordinate, gridLevel(0)), this.show(sub(level.value, start)));
    const plain = this.show(level.value);
    return costOf(fromS) < costOf(plain) ? fromS : plain;
  }

  /** Names replaced by what they stand for, until only the graph's own symbols are left. */
  restore(e: Expr): Expr {
    return substitute(e, (s) => {
      const original = this.#originals.get(s);
      if (original !== undefined) return original;
      const definition = this.#definitions.get(s);
      if (definition === undefined) return undefined;
      if (definition.kind === "value") return definition.value;
      return definition.values[definition.names.indexOf(s)];
    });
  }

  /** Definitions that formulas need, each after those it needs itself. */
  definitionsOf(formulas: readonly Expr[]): readonly Definition[] {
    const done = new Set<Definition>();
    const visit = (e: Expr): void => {
      for (const s of symbols(e)) {
        const definition = this.#definitions.get(s);
        if (definition === undefined || done.has(definition)) continue;
        const parts =
          definition.kind === "value" ? [definition.shown] : [...definition.rows.flat(), ...definition.right];
        parts.forEach(visit);
        done.add(definition);
      }
    };
    formulas.forEach(visit);
    return [...done];
  }

  // ---- names for parts -------------------------------------------------------------------------------------------

  #fold(e: Expr): Expr {
    const known = this.#folded.get(e);
    if (known !== undefined) return known;
    const folded = this.#foldNew(e);
    this.#folded.set(e, folded);
    return folded;
  }

  #foldNew(e: Expr): Expr {
    if (e.kind === "sym") {
      const data = quantityData(e);
      if (data && this.relation === "ve" && data.quantity === "alpha") return one;
      if (data && this.relation === "ve" && data.quantity === "alphaDot") return zero;
      if (data) return this.name(data.quantity, data.level);
      if (!("counter" in e.data)) return e;
      const name = counterName(e.data["counter"] as Counter);
      this.#originals.set(name, e);
      return name;
    }
    const parts = children(e);
    if (parts.length === 0) return e;
    if (e.kind === "fn" && e.name === "forecast exp") return this.#interpolant(e);
    if (e.kind === "fn" && e.name.startsWith("forecast ")) return this.#integral(e);
    if (e.kind === "fn" && e.name === "solve") return this.#system(e);
    const inner = parts.map((part, i) => (e.kind === "binder" && i === 0 ? part : this.#fold(part)));
    return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
  }

  /**
   * Int e^(-rate (to - u)) l_j(u) du = H/prod(theta_j - theta_k) * sum_i i! e_i phi_{i+1}(-rate H), where e_i are the
   * coefficients of prod(theta - theta_k) and theta = (u - from)/H.
   */
  #interpolant(e: Fn): Expr {
    const [j, rate, from, to, ...nodes] = e.args.map((arg) => this.#stepped(this.#fold(arg))) as [
      Expr,
      Expr,
      Expr,
      Expr,
      ...Expr[],
    ];
    const own = Number(rationalValue(j)?.n ?? 0n);
    const H = simplify(sub(to, from));
    const thetas = nodes.map((node) => simplify(div(sub(node, from), H)));
    let polynomial: readonly Expr[] = [num(1)];
    const below: Expr[] = [];
    thetas.forEach((theta, k) => {
      if (k === own) return;
      const before = polynomial;
      polynomial = Array.from({ length: before.length + 1 }, (_, i) =>
        simplify(sub(before[i - 1] ?? num(0), mul(theta, before[i] ?? num(0)))),
      );
      below.push(simplify(sub(thetas[own] as Expr, theta)));
    });
    const z = simplify(neg(mul(rate, H)));
    if (polynomial.length === 1) return isZero(rate) ? H : neg(div(fn("expm1", z), rate));
    let factorial = 1;
    const sum = add(
      ...polynomial.map((a, i) => {
        factorial *= Math.max(1, i);
        return mul(a, num(factorial), fn("phi", num(i + 1), z));
      }),
    );
    return div(mul(H, isZero(rate) ? simplify(sum) : sum), below.length === 0 ? num(1) : mul(...below));
  }

  /** A kernel without a closed form: a name, with its integral as the definition. */
  #integral(e: Fn): Expr {
    const known = this.#integrals.get(e);
    if (known !== undefined) return known;
    const kernel = forecastKernel(e.name);
    if (kernel === undefined) return e;
    const isGrowth = e.name.startsWith("forecast growth ");
    const args = isGrowth ? e.args : e.args.slice(1);
    const count = Number(rationalValue(args[0] as Expr)?.n ?? 0n);
    const parameters = args.slice(1, 1 + count);
    const [from, to, ...nodes] = args.slice(1 + count) as [Expr, Expr, ...Expr[]];
    const variable =
      kernel.base === "time" ? named("variable", "τ", "\\tau") : named("variable", "ℓ", "\\ell");
    const inner = named("inner variable", "ϑ", "\\vartheta");
    const along = (body: Expr, at: Sym): Expr =>
      this.#fold(
        substitute(body, (s) => {
          const data = quantityData(s);
          if (data?.level === NOW)
            return data.quantity === kernel.base ? at : quantityFunction(data.quantity, at);
          const n = parameters.findIndex((_, i) => parameter(i) === s);
          return n < 0 ? undefined : parameters[n];
        }),
      );
    const [a, b] = [this.#fold(from), this.#fold(to)];
    const name = named(
      `integral ${this.#integrals.size}`,
      ...indexed(isGrowth ? ["g", "g"] : ["w", "w"], String(this.#integrals.size + 1)),
    );
    this.#integrals.set(e, name);
    let body = along(kernel.B, variable);
    if (isGrowth) body = along(kernel.A, variable);
    else {
      const own = Number(rationalValue(e.args[0] as Expr)?.n ?? 0n);
      const place = along(kernel.u, variable);
      const at = nodes.map((node) => this.#nodeValue(kernel.u, node));
      at.forEach((value, k) => {
        if (k !== own) body = mul(body, div(sub(place, value), sub(at[own] as Expr, value)));
      });
      if (!isZero(kernel.A))
        body = mul(body, fn("exp", binder("integral", inner, along(kernel.A, inner), variable, b)));
    }
    const shown = binder("integral", variable, body, a, b);
    this.#definitions.set(name, { kind: "value", name, value: e, shown });
    return name;
  }

  /** The interpolation variable at a node, which is given by its value of the base. */
  #nodeValue(u: Expr, node: Expr): Expr {
    const level = node.kind === "sym" ? quantityData(node)?.level : undefined;
    return this.#fold(
      substitute(u, (s) => {
        const data = quantityData(s);
        return data?.level === NOW && level ? quantity(data.quantity, level) : undefined;
      }),
    );
  }

  /** A component of the solution of a linear system: a name, with the equations as the definition. */
  #system(e: Fn): Expr {
    const [size, component, ...entries] = e.args;
    const n = Number(rationalValue(size as Expr)?.n ?? 0n);
    const i = Number(rationalValue(component as Expr)?.n ?? 0n);
    const key = entries.map((entry) => entry.id).join();
    let names = this.#systems.get(key);
    if (names === undefined) {
      const letter = ["b", "c", "d", "e"][this.#systems.size] ?? `b${this.#systems.size}`;
      names = Array.from({ length: n }, (_, k) =>
        named(`system ${this.#systems.size}`, ...indexed([letter, letter], String(k + 1))),
      );
      this.#systems.set(key, names);
      const shown = entries.map((entry) => this.show(entry));
      const definition: Definition = {
        kind: "system",
        names,
        values: names.map((_, k) => fn("solve", num(n), num(k), ...entries)),
        rows: Array.from({ length: n }, (_, r) => shown.slice(r * n, r * n + n)),
        right: shown.slice(n * n),
      };
      for (const name of names) this.#definitions.set(name, definition);
    }
    return names[i] as Sym;
  }

  // ---- steps and ratios ------------------------------------------------------------------------------------------

  #best(folded: Expr): Expr {
    const plain = this.#forms(folded);
    const names = symbols(plain[0] as Expr).size;
    const tied = this.#withRatioOfLevels(folded)
      .flatMap((e) => this.#forms(e))
      .filter((e) => symbols(e).size < names);
    return [...plain, ...tied].reduce((best, e) => (costOf(e) < costOf(best) ? e : best));
  }

  /** Ways to write the same. */
  #forms(e: Expr): readonly Expr[] {
    const stepped = this.#stepped(e);
    const simple = simplify(stepped);
    const forms = [simple, stepped, normalForm(withExpm1(simple), "expm1") ?? simple];
    if (this.relation === "vp") forms.push(this.#onSphere(simple));
    return forms.flatMap((form) => [form, factored(form)]);
  }

  /** alpha_l/sigma_l = e^lambda_l ties levels together: all alphas, or all sigmas, written through those at t. */
  #withRatioOfLevels(e: Expr): readonly Expr[] {
    const t = gridLevel(1);
    const levels = this.#levelsIn(e).filter((level) => level.key !== t.key);
    if (levels.length === 0) return [];
    const [alpha, sigma, lambda] = (["alpha", "sigma", "lambda"] as const).map((q) => this.name(q, t)) as [
      Sym,
      Sym,
      Sym,
    ];
    const rewritten = (from: "alpha" | "sigma"): Expr =>
      substitute(e, (s) => {
        const level = levels.find((candidate) => this.name(from, candidate) === s);
        if (level === undefined) return undefined;
        const rise = sub(this.name("lambda", level), lambda);
        return from === "alpha"
          ? mul(div(alpha, sigma), this.name("sigma", level), fn("exp", rise))
          : mul(div(sigma, alpha), this.name("alpha", level), fn("exp", neg(rise)));
      });
    return [rewritten("alpha"), rewritten("sigma")];
  }

  /** alpha^2 + sigma^2 = 1: simplified with sigma as a root in alpha, and the roots written as sigma again. */
  #onSphere(e: Expr): Expr {
    const roots = new Map<Expr, Sym>();
    const levels = this.#levelsIn(e);
    const replaced = substitute(e, (s) => {
      const level = levels.find((candidate) => this.name("sigma", candidate) === s);
      if (level === undefined) return undefined;
      const square = sub(one, pow(this.name("alpha", level), num(2)));
      roots.set(square, s as Sym);
      return pow(square, div(one, num(2)));
    });
    return withRootsNamed(simplify(replaced), roots);
  }

  #levelsIn(e: Expr): readonly Level[] {
    const levels = new Map<string, Level>();
    for (const s of symbols(e)) {
      const original = this.#originals.get(s);
      const data = original?.kind === "sym" ? quantityData(original) : undefined;
      if (data && (data.level.kind === "grid" || data.level.kind === "located"))
        levels.set(data.level.key, data.level);
    }
    return [...levels.values()];
  }

  /** Differences of a coordinate as steps and ratios, where the coordinate itself then disappears. */
  #stepped(e: Expr): Expr {
    let current = e;
    for (const u of steppedCoordinates) {
      const next = this.#steppedIn(current, u);
      if (next !== undefined) current = next;
    }
    return current;
  }

  #steppedIn(e: Expr, u: SteppedCoordinate): Expr | undefined {
    const s = this.name(u, gridLevel(0));
    const place = (name: Sym): Expr | undefined => {
      const original = this.#originals.get(name);
      const data = original?.kind === "sym" ? quantityData(original) : undefined;
      if (data?.quantity !== u) return undefined;
      const { level } = data;
      if (level.kind === "located" && level.coordinate === u)
        return substitute(this.#fold(level.value), place);
      if (level.kind !== "grid" || level.offset === 0 || level.offset > 1) return undefined;
      if (level.offset === 1) return add(s, this.#step(u));
      return sub(s, mul(this.#ratio(u, -level.offset), this.#step(u)));
    };
    const replaced = substitute(e, place);
    if (replaced === e) return undefined;
    if (!symbols(replaced).has(s)) return replaced;
    const simple = simplify(replaced);
    return symbols(simple).has(s) ? undefined : simple;
  }

  #step(u: SteppedCoordinate): Sym {
    const name = stepName(u);
    if (!this.#definitions.has(name)) {
      const [s, t] = [gridLevel(0), gridLevel(1)];
      const value = sub(quantity(u, t), quantity(u, s));
      this.#definitions.set(name, {
        kind: "value",
        name,
        value,
        shown: sub(this.name(u, t), this.name(u, s)),
      });
    }
    return name;
  }

  #ratio(u: SteppedCoordinate, k: number): Sym {
    const name = ratioName(u, k);
    if (!this.#definitions.has(name)) {
      const [s, t, back] = [gridLevel(0), gridLevel(1), gridLevel(-k)];
      const value = div(sub(quantity(u, s), quantity(u, back)), sub(quantity(u, t), quantity(u, s)));
      const shown = div(sub(this.name(u, s), this.name(u, back)), this.#step(u));
      this.#definitions.set(name, { kind: "value", name, value, shown });
    }
    return name;
  }
}

const costs = new WeakMap<Expr, number>();

/** How long a weight is on paper; its sign goes to the sum it stands in. */
export function costOf(e: Expr): number {
  let cost = costs.get(e);
  if (cost === undefined) costs.set(e, (cost = unicodeFactor(signed(displayed(e)).magnitude).length));
  return cost;
}

/** Powers of the keys as twice the power of their names. */
function withRootsNamed(e: Expr, roots: ReadonlyMap<Expr, Sym>): Expr {
  if (e.kind === "power") {
    const name = roots.get(e.base);
    if (name) return pow(name, mul(num(2), e.exponent));
  }
  const name = roots.get(e);
  if (name) return pow(name, num(2));
  const parts = children(e);
  if (parts.length === 0 || e.kind === "binder") return e;
  return rebuild(
    e,
    parts.map((part) => withRootsNamed(part, roots)),
  );
}

/** e^u as 1 + expm1(u), so that 1 - e^u is one factor. */
function withExpm1(e: Expr): Expr {
  const parts = children(e);
  if (parts.length === 0 || e.kind === "binder") return e;
  const inner = parts.map(withExpm1);
  if (e.kind === "fn" && e.name === "exp") return add(num(1), fn("expm1", inner[0] as Expr));
  return rebuild(e, inner);
}

/** A sum with what all its terms share in front. */
function factored(e: Expr): Expr {
  if (e.kind !== "sum") return e;
  const factorsOf = (term: Expr): readonly Expr[] =>
    (term.kind === "product" ? term.factors : [term]).filter((f) => f.kind !== "num");
  const [first = [], ...others] = e.terms.map(factorsOf);
  const common = first.filter((f) => others.every((factors) => factors.includes(f)));
  if (common.length === 0) return e;
  const shared = mul(...common);
  return mul(shared, add(...e.terms.map((term) => div(term, shared))));
}
