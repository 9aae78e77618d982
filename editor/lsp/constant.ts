// Owns: the value of a `let` or of a parameter's default when the text alone gives it: numbers, pi and elementary
// functions. Anything else has no value here.

import type { CallExpr, Expression, Node } from "../../compiler/syntax/ast.js";

const functions: Readonly<Record<string, (...x: readonly number[]) => number>> = {
  sqrt: (x = NaN) => Math.sqrt(x),
  exp: (x = NaN) => Math.exp(x),
  log: (x = NaN) => Math.log(x),
  expm1: (x = NaN) => Math.expm1(x),
  sin: (x = NaN) => Math.sin(x),
  cos: (x = NaN) => Math.cos(x),
  tan: (x = NaN) => Math.tan(x),
  atan: (x = NaN) => Math.atan(x),
  abs: (x = NaN) => Math.abs(x),
  min: (...x) => Math.min(...x),
  max: (...x) => Math.max(...x),
};

/** The decimal value of what a node declares, when it is worth saying: not for a plain number. */
export function constantValue(node: Node): string | undefined {
  const e = node.kind === "Let" && !node.params && !node.index ? node.value : undefined;
  if (!e || e.kind === "Number" || (e.kind === "Unary" && e.operand.kind === "Number")) return undefined;
  const value = fold(e);
  return value === undefined || !Number.isFinite(value) ? undefined : String(Number(value.toPrecision(12)));
}

function fold(e: Expression): number | undefined {
  switch (e.kind) {
    case "Number":
      return Number(e.text);
    case "Name":
      return e.text === "pi" ? Math.PI : undefined;
    case "Paren":
      return fold(e.inner);
    case "Unary": {
      const value = e.op === "-" ? fold(e.operand) : undefined;
      return value === undefined ? undefined : -value;
    }
    case "Binary": {
      const [a, b] = [fold(e.left), fold(e.right)];
      return a === undefined || b === undefined ? undefined : combine(e.op, a, b);
    }
    case "Call":
      return call(e);
    default:
      return undefined;
  }
}

function combine(op: string, a: number, b: number): number | undefined {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "^":
      return a ** b;
    default:
      return undefined;
  }
}

function call(e: CallExpr): number | undefined {
  const apply =
    e.callee.kind === "Name" && Object.hasOwn(functions, e.callee.text)
      ? functions[e.callee.text]
      : undefined;
  const values = e.args.map((arg) => (arg.name || arg.to ? undefined : fold(arg.value)));
  if (!apply || values.length === 0 || values.includes(undefined)) return undefined;
  return apply(...(values as number[]));
}
