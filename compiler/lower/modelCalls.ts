// Owns: what `name(...)` means in a step: a verb, a call of the model or of one of its networks, a quantity of the path
// as a function, or another solver applied.

import { diagnostic, fail } from "../diagnostics/report.js";
import type { Level } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import { namedQuantities } from "../graph/quantity.js";
import { pathFunction } from "../path/schedule.js";
import type { CallExpr } from "../syntax/ast.js";
import { evaluate, levelKey, levelName, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import type { Scope } from "./scope.js";
import type { Value } from "./value.js";
import { verbs } from "./verbs.js";

/** The value of a call by name; undefined when the name is not the step's own. */
export function callInStep(
  frame: Frame,
  name: string,
  node: CallExpr,
  scope: Scope,
  seq: number,
): Value | undefined {
  const { step } = frame;
  const verb = verbs[name];
  if (verb) return verb(frame, node, scope, seq);
  if (step.predictor.isModelName(name)) return modelCall(frame, name, node, scope, seq);
  if (namedQuantities.has(name))
    return pathFunction(
      step.pathOf,
      name,
      node.args.map((arg) => ({
        name: arg.name?.text,
        value: evaluate(arg.value, scope, seq, step),
        to: undefined,
        at: arg.value,
      })),
      node,
    );
  const def = step.program.definition(scope.module, "solver", name);
  if (def && node.args.some((arg) => arg.to))
    return step.applySolver({ kind: "definition", def, args: new Map() }, node, scope, seq);
  return undefined;
}

function modelCall(frame: Frame, name: string, node: CallExpr, scope: Scope, seq: number): Value {
  const { step, source } = frame;
  const first = node.args.find((arg) => !arg.name);
  const atArg = node.args.find((arg) => arg.name?.text === "at");
  const place = atArg ? evaluate(atArg.value, scope, seq, step) : undefined;
  if (place && place.kind !== "point")
    return fail("D0304", "`at:` names a point", { at: atArg?.value.span ?? node.span });
  if (!first) {
    const point = place?.point ?? source.point;
    const form = point.id === source.point.id ? source.x() : frame.xAt(point, node.span, seq);
    return explicit(frame, name, node, form.value, point.level, scope, seq);
  }
  const form = toTensor(evaluate(first.value, scope, seq, step), first.value.span);
  const level = place?.point.level ?? (typeof form.level === "string" ? undefined : form.level);
  if (!level)
    return fail("D0301", "it is not known at which level this tensor is fed to the model", {
      at: first.value.span,
      help: "say it: `model(e, at: m)`",
    });
  if (form.level !== "free" && levelKey(form.level) !== level.key)
    return fail("D0301", `a tensor at ${levelName(form.level)} is fed to the model at ${levelName(level)}`, {
      at: first.value.span,
    });
  const timeArg = node.args.find((arg) => arg.name?.text === "time");
  if (timeArg)
    step.program.diagnostics.add(
      diagnostic("D0901", "the model is told a time other than that of its input's level", {
        at: timeArg.span,
      }),
    );
  return explicit(frame, name, node, form.value, level, scope, seq);
}

/** An explicit call. The network sees the state itself, also where the rule's predictions stand for themselves. */
function explicit(
  { step }: Frame,
  name: string,
  node: CallExpr,
  x: Linear,
  level: Level,
  scope: Scope,
  seq: number,
): Value {
  const real = step.resolver()(x);
  const prediction = step.predictor.explicit(name, node, { x: real, level }, scope, seq);
  return { kind: "prediction", prediction: step.opaquely(prediction, x) };
}
