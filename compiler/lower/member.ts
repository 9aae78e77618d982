// Owns: `a.b` and `a.b[p]`: members of predictions, paths and lists.

import { fail } from "../diagnostics/report.js";
import { pathMember } from "../path/schedule.js";
import { didYouMean } from "../resolve/suggest.js";
import type { IndexExpr, MemberExpr } from "../syntax/ast.js";
import { elementOf, evaluate, type Lowering } from "./expression.js";
import { viewOf } from "./prediction.js";
import type { Scope } from "./scope.js";
import { describe, type Value } from "./value.js";

export function memberOf(object: Value, e: MemberExpr, cx: Lowering): Value {
  const name = e.name.text;
  switch (object.kind) {
    case "prediction": {
      const value = viewOf(object.prediction, name, e.span);
      if (value) return value;
      return fail("D0201", `this call has no result \`${name}\``, {
        at: e.name.span,
        help:
          didYouMean(name, object.prediction.names()) ??
          "extra results of a network are declared with `outputs: [...]`",
      });
    }
    case "path":
      return pathMember(object.path, name, e.name.span);
    case "input":
      return fail("D0990", `operators and functions given at run time (\`${name}\`) are not yet supported`, {
        at: e.span,
      });
    case "definition":
      if (name === "slope") return { kind: "slope", solver: object };
      if (name === "low")
        return fail("D0307", "`.low` is the embedded result of an applied rule", {
          at: e.span,
          help: "write `rule(s -> t).low`",
        });
      if (object.def.sort === "schedule") return memberOf(cx.path(object, e.span), e, cx);
      break;
    default:
      break;
  }
  return fail("D0307", `${describe(object)} has no member \`${name}\``, { at: e.name.span });
}

export function indexMember(
  object: MemberExpr,
  indices: readonly Value[],
  e: IndexExpr,
  scope: Scope,
  seq: number,
  cx: Lowering,
): Value {
  const base = evaluate(object.object, scope, seq, cx);
  if (base.kind === "none") return fail("D0307", "`none` has no members", { at: object.span });
  return elementOf(memberOf(base, object, cx), indices, e, cx);
}
