// Owns: symbolic derivatives. Piecewise functions differentiate branch by branch (the derivative at the seam is that of
// one side), integrals by Leibniz' rule, roots by the implicit function theorem. A function without a rule gets the
// opaque partial derivative `name'i` (i counts arguments from 0), which evaluation asks the environment for.

import {
  add,
  binder,
  div,
  fn,
  isZero,
  mul,
  neg,
  num,
  one,
  pow,
  sub,
  substitute,
  sym,
  symbols,
  zero,
  type Binder,
  type Expr,
  type Fn,
  type Sym,
} from "./expr.js";

type Known = (x: Sym) => Expr | undefined;

/** d e/d s. `known` gives the derivatives of other symbols that depend on `s`; the rest are constants. */
export function diff(e: Expr, s: Sym, known: Known = () => undefined): Expr {
  return new Differentiation(s, known).of(e);
}

class Differentiation {
  private readonly done = new Map<Expr, Expr>();

  constructor(
    private readonly s: Sym,
    private readonly known: Known,
  ) {}

  of(e: Expr): Expr {
    let result = this.done.get(e);
    if (result === undefined) this.done.set(e, (result = this.derive(e)));
    return result;
  }

  private derive(e: Expr): Expr {
    switch (e.kind) {
      case "num":
      case "real":
        return zero;
      case "sym":
        return e === this.s ? one : (this.known(e) ?? zero);
      case "sum":
        return add(...e.terms.map((t) => this.of(t)));
      case "product":
        return add(
          ...e.factors.map((f, i) => {
            const d = this.of(f);
            return isZero(d) ? zero : mul(d, ...e.factors.filter((_, j) => j !== i));
          }),
        );
      case "power": {
        const dBase = this.of(e.base);
        const dExponent = this.of(e.exponent);
        const viaBase = isZero(dBase) ? zero : mul(e.exponent, pow(e.base, sub(e.exponent, one)), dBase);
        return isZero(dExponent) ? viaBase : add(viaBase, mul(e, fn("log", e.base), dExponent));
      }
      case "fn":
        return this.deriveFn(e);
      case "binder":
        return this.deriveBinder(e);
      default:
        return e satisfies never;
    }
  }

  private deriveFn(e: Fn): Expr {
    const inner = e.args.map((a) => this.of(a));
    if (inner.every(isZero)) return zero;
    const whole = piecewise.get(e.name)?.(e.args, inner);
    if (whole !== undefined) return whole;
    const rule = partials.get(e.name);
    return add(
      ...inner.map((d, i) => {
        if (isZero(d)) return zero;
        return mul(rule?.(e.args, i, e) ?? fn(`${e.name}'${i}`, ...e.args), d);
      }),
    );
  }

  private deriveBinder(written: Binder): Expr {
    const e = written.variable === this.s ? renameBound(written) : written;
    // Inside the body the bound variable is a constant.
    const inBody = diff(e.body, this.s, (x) => (x === e.variable ? undefined : this.known(x)));
    const at = (body: Expr, x: Expr): Expr => substitute(body, (y) => (y === e.variable ? x : undefined));
    if (e.name === "root") return neg(div(at(inBody, written), at(diff(e.body, e.variable), written)));
    const end = (x: Expr): Expr => {
      const d = this.of(x);
      return isZero(d) ? zero : mul(at(e.body, x), d);
    };
    return add(end(e.to), neg(end(e.from)), binder("integral", e.variable, inBody, e.from, e.to));
  }
}

/** The same binder with another bound variable, for a bound variable that is spelled like an outer symbol. */
function renameBound(e: Binder): Binder {
  let variable = e.variable;
  do variable = sym(`${variable.key}'`, variable.data);
  while (symbols(e.body).has(variable));
  const body = substitute(e.body, (x) => (x === e.variable ? variable : undefined));
  return { ...e, variable, body };
}

type Partial = (args: readonly Expr[], i: number, e: Expr) => Expr | undefined;

const square = (x: Expr): Expr => pow(x, num(2));

/** Partial derivatives by the i-th argument, for smooth functions. */
const partials: ReadonlyMap<string, Partial> = new Map<string, Partial>([
  ["exp", (_args, _i, e) => e],
  ["expm1", ([x]) => fn("exp", x!)],
  ["log", ([x]) => div(one, x!)],
  ["log1p", ([x]) => div(one, add(one, x!))],
  ["log2", ([x]) => div(one, mul(x!, fn("log", num(2))))],
  ["sin", ([x]) => fn("cos", x!)],
  ["cos", ([x]) => neg(fn("sin", x!))],
  ["tan", (_args, _i, e) => add(one, square(e))],
  ["atan", ([x]) => div(one, add(one, square(x!)))],
  [
    "atan2",
    ([y, x], i) => {
      const size = add(square(x!), square(y!));
      return i === 0 ? div(x!, size) : neg(div(y!, size));
    },
  ],
  ["hypot", (args, i, e) => div(args[i]!, e)],
  ["abs", ([x]) => fn("where", fn("lt", x!, zero), num(-1), one)],
  ["logistic", (_args, _i, e) => mul(e, sub(one, e))],
  // phi_k(z) = int_0^1 e^((1-u)z) u^(k-1)/(k-1)! du gives phi_k' = phi_k - k phi_{k+1}.
  ["phi", ([k, z], i, e) => (i === 1 ? sub(e, mul(k!, fn("phi", add(k!, one), z!))) : undefined)],
]);

type Piecewise = (args: readonly Expr[], inner: readonly Expr[]) => Expr;

const flat: Piecewise = () => zero;

function extreme(relation: (a: Expr, b: Expr) => Expr, name: string): Piecewise {
  return (args, inner) => {
    let value = args[0]!;
    let derivative = inner[0]!;
    for (let i = 1; i < args.length; i++) {
      derivative = fn("where", relation(value, args[i]!), derivative, inner[i]!);
      value = fn(name, value, args[i]!);
    }
    return derivative;
  };
}

/** Functions that are differentiated branch by branch, given the derivatives of all arguments. */
const piecewise: ReadonlyMap<string, Piecewise> = new Map<string, Piecewise>([
  ["where", ([c], [, a, b]) => fn("where", c!, a!, b!)],
  ["min", extreme((a, b) => fn("le", a, b), "min")],
  ["max", extreme((a, b) => fn("le", b, a), "max")],
  [
    "clamp",
    ([x, low, high], [dx, dLow, dHigh]) =>
      fn("where", fn("lt", high!, x!), dHigh!, fn("where", fn("lt", x!, low!), dLow!, dx!)),
  ],
  ["mod", ([a, b], [da, db]) => sub(da!, mul(db!, fn("floor", div(a!, b!))))],
  ...["floor", "round", "lt", "le", "eq", "ne", "and", "or", "not"].map((name): [string, Piecewise] => [
    name,
    flat,
  ]),
]);
