// Owns: the float64 value of an expression. The walk is iterative, so depth costs heap and not stack; shared
// subexpressions are computed once; `where` computes only the branch it takes.

import type { Expr, Sym } from "./node.js";
import { children, symbols } from "./node.js";
import { operation } from "./operation.js";
import { builtin } from "./builtins.js";

export { compileExprs } from "./operation.js";

/** What an expression is evaluated in. `call` is asked for functions that are not built in. */
export interface Environment {
  symbol(s: Sym): number;
  call?(name: string, args: readonly number[]): number | undefined;
}

/**
 * The value of `e`. A memo that is passed in keeps values between calls and is valid for one environment only.
 * Throws an Error when a function has no value in the environment.
 */
export function evaluate(
  e: Expr,
  env: Environment,
  memo: Map<Expr, number> = new Map<Expr, number>(),
): number {
  const call =
    env.call === undefined ? undefined : (name: string, args: readonly number[]) => env.call?.(name, args);
  const stack: Expr[] = [e];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (memo.has(node)) {
      stack.pop();
      continue;
    }
    if (node.kind === "sym") {
      memo.set(node, env.symbol(node));
      stack.pop();
      continue;
    }
    const inputs = neededInputs(node, memo);
    const missing = inputs.filter((input) => !memo.has(input));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    const op = operation(node);
    const lazy = inputs.length !== op.inputs.length;
    const values = inputs.map((input) => memo.get(input)!);
    memo.set(node, lazy ? values.at(-1)! : op.apply(values, call));
    stack.pop();
  }
  return memo.get(e)!;
}

/** All inputs, but of `where` only the condition until it is known, and then only the branch it selects. */
function neededInputs(node: Expr, memo: Map<Expr, number>): readonly Expr[] {
  if (node.kind !== "fn" || node.name !== "where" || node.args.length !== 3) return operation(node).inputs;
  const condition = memo.get(node.args[0]!);
  if (condition === undefined) return [node.args[0]!];
  return [node.args[0]!, condition !== 0 ? node.args[1]! : node.args[2]!];
}

const nowhere: Environment = {
  symbol: (s) => {
    throw new Error(`the symbol '${s.key}' has no value here`);
  },
};

const constants = new WeakMap<Expr, number | null>();

/** The value of an expression without free symbols and without unknown functions, else undefined. */
export function constant(e: Expr): number | undefined {
  if (symbols(e).size > 0) return undefined;
  let known = constants.get(e);
  if (known === undefined) constants.set(e, (known = onlyBuiltins(e) ? evaluate(e, nowhere) : null));
  return known ?? undefined;
}

function onlyBuiltins(e: Expr): boolean {
  const seen = new Set<Expr>();
  const stack = [e];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "fn" && builtin(node.name) === undefined) return false;
    stack.push(...children(node));
  }
  return true;
}
