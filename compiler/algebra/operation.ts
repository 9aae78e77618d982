// Owns: how one node is computed from the values of others (the operation and its inputs), and the compiled form of
// many expressions: a flat list of operations over numbered slots. evaluate.ts reads the same operations, so both ways
// give the same bits. No source text is generated, so nothing in a file can become code.

import { builtin } from "./builtins.js";
import {
  makeNum,
  makePower,
  one,
  smallInteger,
  symbols,
  type Binder,
  type Expr,
  type Power,
  type Sym,
} from "./node.js";
import { findRoot, integrate } from "./numeric.js";
import * as Q from "./rational.js";
import { stableForm } from "./stable.js";

/** Values of functions the algebra does not know. */
export type Call = (name: string, args: readonly number[]) => number | undefined;

export interface Operation {
  readonly inputs: readonly Expr[];
  apply(values: readonly number[], call: Call | undefined): number;
}

const cache = new WeakMap<Expr, Operation>();

/** The operation of a node that is not a symbol. */
export function operation(e: Expr): Operation {
  let found = cache.get(e);
  if (found === undefined) cache.set(e, (found = makeOperation(e)));
  return found;
}

function makeOperation(e: Expr): Operation {
  const stable = stableForm(e);
  if (stable !== e) return { inputs: [stable], apply: (values) => values[0]! };
  switch (e.kind) {
    case "num": {
      const value = Q.toNumber(e.value);
      return { inputs: [], apply: () => value };
    }
    case "real":
      return { inputs: [], apply: () => e.value };
    case "sym":
      throw new Error(`the symbol '${e.key}' has a value, not an operation`);
    case "sum":
      return { inputs: e.terms, apply: accurateSum };
    case "product":
      return productOperation(e.factors);
    case "power":
      return powerOperation(e);
    case "fn": {
      const known = builtin(e.name);
      if (known !== undefined) return { inputs: e.args, apply: (values) => known(...values) };
      return { inputs: e.args, apply: (values, call) => callUnknown(e.name, values, call) };
    }
    case "binder":
      return binderOperation(e);
    default:
      return e satisfies never;
  }
}

function callUnknown(name: string, values: readonly number[], call: Call | undefined): number {
  const value = call?.(name, values);
  if (value === undefined) throw new Error(`the function '${name}' has no value in this environment`);
  return value;
}

/** Neumaier's compensated sum (Z. Angew. Math. Mech. 54, 1974), in the order of the terms. */
export function accurateSum(values: readonly number[]): number {
  let sum = values[0]!;
  let lost = 0;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  // With infinities the compensation is NaN while the plain sum is right.
  return Number.isFinite(sum) ? sum + lost : sum;
}

const exactLimit = 1n << 53n;

/** Factors with negative exponents form one divisor: a/b then rounds once, and 1/0 and 1/inf arise only by division. */
function productOperation(factors: readonly Expr[]): Operation {
  const above: Expr[] = [];
  const below: Expr[] = [];
  let multiply = 1;
  let divide = 1;
  for (const f of factors) {
    if (f.kind === "num") {
      const { n, d } = f.value;
      const small = n < exactLimit && -n < exactLimit && d < exactLimit;
      multiply = small ? Number(n) : Q.toNumber(f.value);
      divide = small ? Number(d) : 1;
    } else if (f.kind === "power" && f.exponent.kind === "num" && f.exponent.value.n < 0n) {
      const exponent = makeNum(Q.neg(f.exponent.value));
      below.push(exponent === one ? f.base : makePower(f.base, exponent));
    } else above.push(f);
  }
  const split = above.length;
  const apply = (values: readonly number[]): number => {
    let top = multiply;
    for (let i = 0; i < split; i++) top *= values[i]!;
    if (divide === 1 && values.length === split) return top;
    let bottom = divide;
    for (let i = split; i < values.length; i++) bottom *= values[i]!;
    return top / bottom;
  };
  return { inputs: [...above, ...below], apply };
}

/** Largest exponent that repeated squaring serves; the error grows with it, and Math.pow is better beyond. */
const maxRepeated = 16;

export function integerPower(x: number, n: number): number {
  if (n < 0) return 1 / integerPower(x, -n);
  let result = 1;
  let square = x;
  for (let k = n; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result *= square;
    if (k > 1) square *= square;
  }
  return result;
}

/** x^p for a constant p. */
export function constantPower(exponent: Expr): (x: number) => number {
  const n = smallInteger(exponent);
  if (n !== undefined && Math.abs(n) <= maxRepeated) return (x) => integerPower(x, n);
  const p = exponent.kind === "num" ? Q.toNumber(exponent.value) : NaN;
  if (p === 0.5) return Math.sqrt;
  if (p === -0.5) return (x) => 1 / Math.sqrt(x);
  if (exponent.kind === "num" && exponent.value.n === 1n && exponent.value.d === 3n) {
    return (x) => (x < 0 ? NaN : Math.cbrt(x));
  }
  return (x) => Math.pow(x, p);
}

function powerOperation(e: Power): Operation {
  if (e.exponent.kind !== "num") return { inputs: [e.base, e.exponent], apply: ([x, p]) => Math.pow(x!, p!) };
  const power = constantPower(e.exponent);
  return { inputs: [e.base], apply: (values) => power(values[0]!) };
}

/** Integrals and roots; NaN when the quadrature does not converge or no root lies between the ends. */
function binderOperation(e: Binder): Operation {
  const outer = [...symbols(e.body)].filter((s) => s !== e.variable);
  const solve = e.name === "integral" ? integrate : findRoot;
  const apply = (values: readonly number[], call: Call | undefined): number => {
    const body = compileExprs([e.body], [e.variable, ...outer], call);
    const inputs = Float64Array.from([0, ...values.slice(2)]);
    const f = (x: number): number => {
      inputs[0] = x;
      return body(inputs)[0]!;
    };
    return solve(f, values[0]!, values[1]!) ?? NaN;
  };
  return { inputs: [e.from, e.to, ...outer], apply };
}

interface Instruction {
  readonly target: number;
  readonly inputs: readonly number[];
  readonly operation: Operation;
}

/**
 * A function from the values of `inputs`, in order, to the values of the expressions. The result array is fresh at
 * every call. Throws when an expression has a symbol that is not listed.
 */
export function compileExprs(
  exprs: readonly Expr[],
  inputs: readonly Sym[],
  call?: Call,
): (values: Float64Array) => Float64Array {
  const slots = new Map<Expr, number>(inputs.map((s, i) => [s, i]));
  for (const e of exprs) {
    for (const s of symbols(e)) {
      if (!slots.has(s))
        throw new Error(`the symbol '${s.key}' is not among the inputs of the compiled expressions`);
    }
  }
  const program: Instruction[] = [];
  let size = inputs.length;
  for (const e of exprs) {
    const stack: Expr[] = [e];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (slots.has(node)) {
        stack.pop();
        continue;
      }
      const op = operation(node);
      const missing = op.inputs.filter((input) => !slots.has(input));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      slots.set(node, size);
      program.push({ target: size, inputs: op.inputs.map((input) => slots.get(input)!), operation: op });
      size++;
      stack.pop();
    }
  }
  const results = exprs.map((e) => slots.get(e)!);
  const work = new Float64Array(size);
  return (values) => {
    work.set(values.length === inputs.length ? values : values.subarray(0, inputs.length));
    for (const step of program) {
      const args: number[] = new Array<number>(step.inputs.length);
      for (let i = 0; i < args.length; i++) args[i] = work[step.inputs[i]!]!;
      work[step.target] = step.operation.apply(args, call);
    }
    return Float64Array.from(results, (slot) => work[slot]!);
  };
}
