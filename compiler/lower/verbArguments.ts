// Owns: reading the named arguments of the verbs.

import { fail } from "../diagnostics/report.js";
import type { Linear } from "../graph/node.js";
import type { CallExpr, Expression } from "../syntax/ast.js";
import { evaluate, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import type { Scope } from "./scope.js";

export function argument(node: CallExpr, name: string): Expression | undefined {
  return node.args.find((arg) => arg.name?.text === name)?.value;
}

export function checkNames(node: CallExpr, allowed: readonly string[]): void {
  for (const arg of node.args)
    if (arg.name && !allowed.includes(arg.name.text))
      fail("D0220", `\`${calleeName(node)}\` has no argument \`${arg.name.text}\``, {
        at: arg.name.span,
        help: `its arguments are ${allowed.map((name) => `\`${name}:\``).join(", ")}`,
      });
}

const calleeName = (node: CallExpr): string => (node.callee.kind === "Name" ? node.callee.text : "this verb");

/** A draw to be added with a given standard deviation; Brownian increments are divided by their own. */
export function noiseOf(node: CallExpr, scope: Scope, seq: number, frame: Frame): Linear | undefined {
  const e = argument(node, "noise");
  if (!e) return undefined;
  const value = evaluate(e, scope, seq, frame.step);
  return value.kind === "increment" ? value.standard : toTensor(value, e.span).value;
}
