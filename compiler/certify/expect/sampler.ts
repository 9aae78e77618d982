// Owns: claims about samplers: the order of their runs, their calls, and whether two of them are the same map.

import { evaluate as number } from "../../algebra/evaluate.js";
import { Failure } from "../../diagnostics/report.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { definitionOf } from "../../lower/parameters.js";
import { buildPlan } from "../../link/plan.js";
import { lowerRun, type LoweredRun } from "../../sampler/run.js";
import { readSampler } from "../../sampler/sampler.js";

import type { Statement } from "../../syntax/ast.js";
import { compareRuns, isLinearRun, tolerance } from "../equivalenceRuns.js";
import { gridDifference } from "../equivalencePaths.js";
import { claimedOrder } from "../orderClaims.js";
import { samplerOrder } from "../samplerOrder.js";
import { foreign, met, property, unmet, whereOf, type Outcome, type Subject } from "./claim.js";
import { holds } from "./places.js";
import { marginalMismatch } from "./marginal.js";

const claims = "samplers claim `order`, `run order`, `calls`, `equals`, `is`, `holds` and `fails`";

const lowered = ({ program }: Subject, { def, args }: Subject["value"]): LoweredRun =>
  lowerRun(readSampler(def, program, { set: numbersOf(args) }));

const noSymbols = { symbol: (): number => NaN };

/** Arguments as a caller of the compiler gives them. */
function numbersOf(args: Subject["value"]["args"]): Readonly<Record<string, number | string>> {
  const set: Record<string, number | string> = {};
  for (const [name, value] of args)
    if (value.kind === "string") set[name] = value.text;
    else if (value.kind === "number") set[name] = number(value.expr, noSymbols);
  return set;
}

const planOf = (run: LoweredRun): ReturnType<typeof buildPlan> =>
  buildPlan(run, { compiler: "", source: { name: "", sha256: "" } });

export function samplerClaim(statement: Statement, subject: Subject): Outcome {
  const { value, file, scope, cx } = subject;
  const name = `\`${value.def.name}\``;
  if (statement.kind === "Fails") return failsWith(statement.code.value, subject);
  const run = lowered(subject, value);
  switch (statement.kind) {
    case "Order": {
      const wanted = claimedOrder(statement, scope, cx);
      const found = samplerOrder(run);
      if (found.order === undefined) return { kind: "undecided", why: found.why };
      if (found.order >= wanted) return met();
      return found.order < 1
        ? unmet(`the run of ${name} does not converge: ${found.why}`)
        : unmet(
            `the run of ${name} has order ${found.order}, not ${wanted}: ${found.why}`,
            `expect \`order ${found.order}\``,
          );
    }
    case "Equals": {
      const other = definitionOf(statement.other, "sampler", file, 0, cx);
      const second = lowered(subject, other);
      const grids = gridDifference(run.sampler.grid, second.sampler.grid);
      if (grids) return unmet(`the grids of ${name} and \`${other.def.name}\` differ: ${grids}`);
      const compared = compareRuns(run, second);
      const [step] = compared.steps;
      if (compared.equal) return met(`numerically, to ${tolerance} on its own grid`);
      return unmet(
        `${name} and \`${other.def.name}\` differ at ${compared.steps.length} steps, first at step ${step?.step}`,
        "`dsamp diff` shows the weights that differ",
      );
    }
    case "Value": {
      if (statement.what === "holds")
        return holds(statement.value, subject, [{ path: run.sampler.path, grid: run.sampler.grid }]);
      if (statement.what !== "calls") return foreign(statement, "sampler", claims);
      const wanted = staticNumber(evaluate(statement.value, scope, 0, cx), statement.span, cx);
      const { calls } = planOf(run).report;
      return calls === wanted
        ? met()
        : unmet(`${name} makes ${calls} network calls in all, not ${wanted}`, `expect \`calls ${calls}\``);
    }
    case "Is":
      return samplerProperty(statement, run, subject);
    default:
      return foreign(statement, "sampler", claims);
  }
}

function samplerProperty(
  statement: Extract<Statement, { kind: "Is" }>,
  run: LoweredRun,
  subject: Subject,
): Outcome {
  const name = `\`${subject.value.def.name}\` ${statement.property.text}`;
  if (!whereOf(statement.on, subject).applies) return met("nothing is claimed for these parameters");
  const { grid } = run.sampler;
  switch (statement.property.text) {
    case "linear":
      return property(
        name,
        statement.negated,
        isLinearRun(run),
        "its weights do or do not depend on the data",
      );
    case "monotone": {
      const turn = grid.findIndex(
        (point, i) => i > 0 && !(point.lambda > (grid[i - 1]?.lambda ?? -Infinity)),
      );
      return property(
        name,
        statement.negated,
        turn < 0,
        turn < 0 ? "every point is less noisy" : `point ${turn} is not less noisy than the one before`,
      );
    }
    case "marginal_preserving": {
      const found = marginalMismatch(run);
      if (typeof found === "string") return { kind: "undecided", why: found };
      return property(
        name,
        statement.negated,
        found === undefined,
        found ? `at point ${found.point}, ${found.what}` : "every state has the law of the path",
        "numerically, to 1e-11 on its own grid",
      );
    }
    default:
      return foreign(
        statement,
        "sampler",
        "samplers are linear, monotone or marginal_preserving; the others are properties of a solver",
      );
  }
}

function failsWith(code: string, subject: Subject): Outcome {
  const name = `\`${subject.value.def.name}\``;
  try {
    planOf(lowered(subject, subject.value));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const found = error.diagnostic.code;
    return found === code
      ? met()
      : unmet(`${name} is rejected with ${found}, not ${code}`, `expect \`fails "${found}"\``);
  }
  return unmet(`${name} is not rejected with ${code}: it compiles`, "remove this line");
}
