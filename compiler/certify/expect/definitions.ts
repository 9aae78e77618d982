// Owns: claims about schedules, grids, guidance and parameterizations.

import { Failure } from "../../diagnostics/report.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { definitionOf } from "../../lower/parameters.js";
import { buildPlan } from "../../link/plan.js";
import type { DefinitionValue } from "../../lower/value.js";
import { lowerRun, type LoweredRun } from "../../sampler/run.js";
import type { Statement } from "../../syntax/ast.js";
import { equalGuidance, equalNetworks } from "../equivalence.js";
import { isLinearRun } from "../equivalenceRuns.js";
import { pathOf, randomGrounds, samplerOf, type Ground } from "../equivalenceSettings.js";
import { gridDifference, pathDifference } from "../equivalencePaths.js";
import { equality, foreign, met, property, unmet, whereOf, type Outcome, type Subject } from "./claim.js";
import { groundsOfGrid, holds } from "./places.js";

const scheduleClaims = "schedules claim `equals`, `holds`, `is monotone` and `fails`";
const gridClaims = "grids claim `equals`, `holds`, `is monotone` and `fails`";
const guidanceClaims = "guidance claims `equals`, `calls`, `is linear` and `fails`";

export function scheduleClaim(statement: Statement, subject: Subject): Outcome {
  const { program, value, file, cx } = subject;
  if (statement.kind === "Fails") return failsWith(statement.code.value, () => pathOf(value, program), value);
  const path = pathOf(value, program);
  switch (statement.kind) {
    case "Equals": {
      const other = pathOf(definitionOf(statement.other, "schedule", file, 0, cx), program);
      const found = pathDifference(path, other);
      return found.kind === "equal"
        ? met(found.how)
        : unmet(`\`${path.name}\` and \`${other.name}\` are not the same path: ${found.what}`);
    }
    case "Value": {
      if (statement.what !== "holds") return foreign(statement, "schedule", scheduleClaims);
      const at = value.def.node.name.span;
      const grid = [path.start, path.end].map((point) => ({ ...point, at }));
      return holds(statement.value, subject, [{ path, grid }]);
    }
    case "Is": {
      if (statement.property.text !== "monotone") return foreign(statement, "schedule", scheduleClaims);
      const { from, to } = path.time;
      const lambdas = Array.from(
        { length: 257 },
        (_, i) => path.numbers.at("time", from + ((to - from) * i) / 256).lambda,
      );
      const turn = lambdas.findIndex((lambda, i) => i > 0 && !(lambda > (lambdas[i - 1] as number)));
      const reason =
        turn < 0
          ? "lambda rises from start to end"
          : `lambda does not rise at time ${from + ((to - from) * turn) / 256}`;
      return property(`\`${path.name}\` monotone`, statement.negated, turn < 0, reason, "at 257 times");
    }
    default:
      return foreign(statement, "schedule", scheduleClaims);
  }
}

export function gridClaim(statement: Statement, subject: Subject): Outcome {
  const { value, file, cx } = subject;
  const scheduleOf = (on: Parameters<typeof whereOf>[0]): DefinitionValue | undefined =>
    whereOf(on, subject).schedule;
  switch (statement.kind) {
    case "Fails":
      return failsWith(
        statement.code.value,
        () => groundsOfGrid(value, scheduleOf(statement.on), subject),
        value,
      );
    case "Equals": {
      const other = definitionOf(statement.other, "grid", file, 0, cx);
      const schedule = scheduleOf(statement.on);
      const [mine, theirs] = [value, other].map((grid) => groundsOfGrid(grid, schedule, subject)) as [
        readonly Ground[],
        readonly Ground[],
      ];
      for (const { path, grid } of mine) {
        const same = theirs.find((ground) => ground.path.name === path.name);
        if (!same)
          return unmet(
            `\`${other.def.name}\` cannot be laid on \`${path.name}\`, where \`${value.def.name}\` can`,
          );
        const found = gridDifference(grid, same.grid);
        if (found) return unmet(`the grids differ on \`${path.name}\`: ${found}`);
      }
      return met(`numerically, to 1e-12, 10 steps on ${mine.map(({ path }) => path.name).join(", ")}`);
    }
    case "Value":
      if (statement.what !== "holds") return foreign(statement, "grid", gridClaims);
      return holds(statement.value, subject, groundsOfGrid(value, undefined, subject));
    case "Is": {
      if (statement.property.text !== "monotone") return foreign(statement, "grid", gridClaims);
      const grounds = groundsOfGrid(value, scheduleOf(statement.on), subject);
      for (const { path, grid } of grounds) {
        const turn = grid.findIndex(
          (point, i) => i > 0 && !(point.lambda > (grid[i - 1]?.lambda ?? -Infinity)),
        );
        if (turn >= 0)
          return property(
            `\`${value.def.name}\` monotone`,
            statement.negated,
            false,
            `point ${turn} on \`${path.name}\` is not less noisy than the one before`,
          );
      }
      return property(
        `\`${value.def.name}\` monotone`,
        statement.negated,
        true,
        "every point is less noisy than the one before",
        `10 steps on ${grounds.map(({ path }) => path.name).join(", ")}`,
      );
    }
    default:
      return foreign(statement, "grid", gridClaims);
  }
}

export function guidanceClaim(statement: Statement, subject: Subject): Outcome {
  const { program, value, file, cx, scope } = subject;
  switch (statement.kind) {
    case "Equals": {
      const other = definitionOf(statement.other, "guidance", file, 0, cx);
      return equality(equalGuidance({ program, a: value, b: other }), value.def.name, other.def.name);
    }
    case "Fails":
      return failsWith(statement.code.value, () => guidedRun(subject), value);
    case "Is":
      if (statement.property.text !== "linear") return foreign(statement, "guidance", guidanceClaims);
      return property(
        `\`${value.def.name}\` linear`,
        statement.negated,
        isLinearRun(guidedRun(subject)),
        "its weights do or do not depend on the data",
      );
    case "Value": {
      if (statement.what === "holds") return holds(statement.value, subject, []);
      if (statement.what !== "calls") return foreign(statement, "guidance", guidanceClaims);
      const wanted = staticNumber(evaluate(statement.value, scope, 0, cx), statement.span, cx);
      const { report, steps } = buildPlan(guidedRun(subject), unnamed);
      const calls = report.calls / steps.length;
      return calls === wanted
        ? met()
        : unmet(
            `\`${value.def.name}\` makes ${Number(calls.toPrecision(4))} network calls a prediction, not ${wanted}`,
          );
    }
    default:
      return foreign(statement, "guidance", guidanceClaims);
  }
}

export function parameterizationClaim(statement: Statement, subject: Subject): Outcome {
  const { program, value, file, cx } = subject;
  const claims = "parameterizations claim `equals` and `holds`";
  if (statement.kind === "Equals") {
    const other = definitionOf(statement.other, "parameterization", file, 0, cx);
    return equality(equalNetworks({ program, a: value, b: other }), value.def.name, other.def.name);
  }
  if (statement.kind === "Value" && statement.what === "holds") return holds(statement.value, subject, []);
  return foreign(statement, "parameterization", claims);
}

const unnamed = { compiler: "", source: { name: "", sha256: "" } };

/** Six DDIM steps under the guidance: one prediction a step. */
function guidedRun({ program, value }: Subject): LoweredRun {
  const def = program.definition(value.def.module, "solver", "ddim");
  const [ground] = randomGrounds(program, value);
  if (!def || !ground) throw new Error("the library has no ddim");
  return lowerRun(samplerOf({ kind: "definition", def, args: new Map() }, program, ground, [value]));
}

function failsWith(code: string, work: () => unknown, { def }: DefinitionValue): Outcome {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const found = error.diagnostic.code;
    return found === code
      ? met()
      : unmet(`\`${def.name}\` is rejected with ${found}, not ${code}`, `expect \`fails "${found}"\``);
  }
  return unmet(`\`${def.name}\` is not rejected with ${code}: it holds as it stands`, "remove this line");
}
