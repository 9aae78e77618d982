// Owns: claims about solvers.

import type { Code } from "../../diagnostics/codes.js";
import { Failure } from "../../diagnostics/report.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { definitionOf } from "../../lower/parameters.js";
import type { DefinitionValue } from "../../lower/value.js";
import { buildPlan } from "../../link/plan.js";
import { lowerRun, type LoweredRun } from "../../sampler/run.js";
import type { Statement } from "../../syntax/ast.js";
import { equalSolvers } from "../equivalence.js";
import { isLinearRun } from "../equivalenceRuns.js";
import { randomGrounds, samplerOf, type Ground } from "../equivalenceSettings.js";
import { missed, missedRun } from "../missed.js";
import { callsOf, stabilityOf } from "../order.js";
import { decideClaims, readClaim, settingOf } from "../orderClaims.js";
import { branches } from "../setting.js";
import {
  equality,
  foreign,
  met,
  property,
  textOf,
  unmet,
  whereOf,
  type Outcome,
  type Subject,
  type Where,
} from "./claim.js";
import { groundsOn, holds } from "./places.js";
import { marginalMismatch } from "./marginal.js";

export function solverClaim(statement: Statement, subject: Subject): Outcome {
  const { value: solver, program, scope, file, cx } = subject;
  const setting = settingOf(program, solver);
  const name = `\`${solver.def.name}\``;
  switch (statement.kind) {
    case "Order": {
      const claim = readClaim(statement, scope, cx);
      if (!claim) return met("nothing is claimed for these parameters");
      const found = (statement.run ? missedRun : missed)(setting, claim, statement.span);
      return found ? { kind: "finding", finding: found } : met();
    }
    case "Equals": {
      const other = definitionOf(statement.other, "solver", file, 0, cx);
      return sameRule(solver, other, whereOf(statement.on, subject), subject);
    }
    case "Value": {
      if (statement.what === "holds") return holds(statement.value, subject, []);
      if (statement.what === "inverse")
        return inverseOf(solver, definitionOf(statement.value, "solver", file, 0, cx), subject);
      if (statement.what !== "calls")
        return foreign(statement, "solver", "claim its order, calls or properties");
      const wanted = staticNumber(evaluate(statement.value, scope, 0, cx), statement.span, cx);
      const calls = callsOf(setting);
      return calls === wanted
        ? met()
        : unmet(
            `${name} makes ${calls} call${calls === 1 ? "" : "s"} a step, not ${wanted}`,
            `expect \`calls ${calls}\``,
          );
    }
    case "Is":
      return solverProperty(statement, subject);
    case "Fails":
      return failsWith(statement.code.value, whereOf(statement.on, subject), subject);
    default:
      return foreign(
        statement,
        "solver",
        "claim `order`, `calls`, `equals`, `inverse`, `is`, `holds` or `fails`",
      );
  }
}

/** Where a claim about a rule is looked at: what it names, else random schedules and grids. */
function grounds(where: Where, subject: Subject): readonly Ground[] | undefined {
  return where.schedule === undefined && where.grid === undefined ? undefined : groundsOn(where, subject);
}

function sameRule(a: DefinitionValue, b: DefinitionValue, where: Where, subject: Subject): Outcome {
  if (!where.applies) return met("nothing is claimed for these parameters");
  const { program } = subject;
  const found = equalSolvers({ program, a, b, grounds: grounds(where, subject) });
  return equality(found, a.def.name, b.def.name);
}

function inverseOf(solver: DefinitionValue, other: DefinitionValue, subject: Subject): Outcome {
  const reason = notInvertible(solver, subject);
  if (reason) return unmet(reason);
  const inverse: DefinitionValue = { ...solver, inverted: !solver.inverted };
  const found = equalSolvers({ program: subject.program, a: inverse, b: other });
  return equality(found, `inverse(${solver.def.name})`, other.def.name);
}

/** The message of D0430, or undefined when an inverse is derived. */
function notInvertible(solver: DefinitionValue, { program }: Subject): string | undefined {
  const inverse: DefinitionValue = { ...solver, inverted: !solver.inverted };
  const found = attempt(() => branches(settingOf(program, inverse)));
  return found instanceof Failure ? found.diagnostic.message : undefined;
}

function solverProperty(statement: Extract<Statement, { kind: "Is" }>, subject: Subject): Outcome {
  const { value: solver, program } = subject;
  const { negated } = statement;
  const what = statement.property.text;
  const claim = textOf(statement.span, program);
  const answer = (yes: boolean, reason: string, how?: string): Outcome =>
    property(`\`${solver.def.name}\` \`${claim}\``, negated, yes, reason, how);
  const where = whereOf(statement.on, subject);
  if (!where.applies) return met("nothing is claimed for these parameters");
  switch (what) {
    case "invertible": {
      const reason = notInvertible(solver, subject);
      return answer(reason === undefined, reason ?? "the rule solved for the older state is `inverse(...)`");
    }
    case "zero_stable":
    case "weakly_stable": {
      const stability = stabilityOf(settingOf(program, solver));
      if (!stability)
        return { kind: "undecided", why: "the rule is no linear recurrence with known coefficients" };
      const yes = what === "zero_stable" ? stability.zero !== "unstable" : stability.zero === "weakly stable";
      const roots = stability.parasitic.map((root) => Number(root.toPrecision(4))).join(", ");
      return answer(
        yes,
        roots === ""
          ? "its recurrence has no root but 1"
          : stability.fault !== undefined
            ? `its recurrence has ${stability.fault}`
            : `the other roots of its recurrence have moduli ${roots}`,
      );
    }
    case "linear": {
      const [run] = runs(subject, where);
      return run ? answer(isLinearRun(run), "weights of the step do or do not depend on the data") : nowhere;
    }
    case "marginal_preserving": {
      const all = runs(subject, where);
      if (all.length === 0) return nowhere;
      for (const run of all) {
        const found = marginalMismatch(run);
        if (typeof found === "string") return { kind: "undecided", why: found };
        if (found)
          return answer(
            false,
            `at point ${found.point} of a run on \`${run.sampler.path.name}\`, ${found.what}`,
          );
      }
      return answer(
        true,
        `it holds on ${all.length} schedules and grids`,
        `numerically, to 1e-11 on ${all.length} schedules and grids`,
      );
    }
    default:
      return foreign(
        statement,
        "solver",
        "solvers are linear, invertible, zero_stable, weakly_stable or marginal_preserving",
      );
  }
}

const nowhere: Outcome = {
  kind: "undecided",
  why: "the rule compiles on none of the schedules that were tried",
};

function runs(subject: Subject, where: Where): readonly LoweredRun[] {
  const { program, value } = subject;
  const places = grounds(where, subject) ?? randomGrounds(program, value);
  return places.flatMap((ground) => {
    const run = attempt(() => lowerRun(samplerOf(value, program, ground)));
    return run instanceof Failure ? [] : [run];
  });
}

/** The codes a rule is rejected with: by its own claims and, on a schedule or grid, when it is compiled there. */
function failsWith(code: string, where: Where, subject: Subject): Outcome {
  const { program, value: solver } = subject;
  const found = new Set<Code>();
  const tried: string[] = [];
  if (!where.schedule && !where.grid) {
    const own = attempt(() => decideClaims(solver, program));
    if (own instanceof Failure) found.add(own.diagnostic.code);
    else for (const { code: each } of own.findings) found.add(each);
    tried.push("by its own claims");
  }
  const places =
    where.schedule || where.grid ? groundsOn(where, subject) : randomGrounds(program, solver).slice(0, 1);
  for (const ground of places) {
    const failure = compiles(ground, subject);
    if (failure) found.add(failure.diagnostic.code);
    tried.push(`on \`${ground.path.name}\``);
  }
  if (found.has(code as Code)) return met();
  const instead = found.size > 0 ? `it is rejected with ${[...found].join(", ")}` : "it holds as it stands";
  return unmet(
    `\`${solver.def.name}\` is not rejected with ${code} ${tried.join(" or ")}: ${instead}`,
    "remove this line, or name where it fails: `on`",
  );
}

function compiles(ground: Ground, { program, value }: Subject): Failure | undefined {
  const plan = attempt(() =>
    buildPlan(lowerRun(samplerOf(value, program, ground)), {
      compiler: "",
      source: { name: "", sha256: "" },
    }),
  );
  return plan instanceof Failure ? plan : undefined;
}

function attempt<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
