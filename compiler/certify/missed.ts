// Owns: the words for claims of order that are not reached (D0411, D0412) or not decided (D0413): where the rule differs from
// the exact flow, the orders it has on other grids, and the way out.

import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { Span } from "../source/span.js";
import { callsPerStep } from "./calls.js";
import { explain, fraction, type Explanation } from "./explain.js";
import type { GridKind } from "./gridSeries.js";
import {
  certifyOrder,
  highestOrder,
  orderCertificate,
  runFault,
  runOrder,
  type OrderQuestion,
  type Verdict,
} from "./order.js";
import type { Claim } from "./orderClaims.js";
import { repair, type Repair } from "./repair.js";
import { branches, type Setting } from "./setting.js";
import { convergence, stabler } from "./warnings.js";
import { missedWeak } from "./weakClaims.js";

/** The finding when a claim is not reached, else nothing. */
export function missed(rule: Setting, claim: Claim, at: Span): Diagnostic | undefined {
  const { order, grid, family, limits = false } = claim;
  const setting = family === undefined ? rule : { ...rule, family };
  if (claim.weak === true) return missedWeak(setting, claim, at);
  const question = { setting, grid, limit: Math.min(highestOrder, order), limits };
  const verdict = certifyOrder(question);
  if (verdict.kind === "order" && verdict.order >= order) return undefined;
  if (verdict.kind !== "order") return undecided(verdict, order, at);
  if (verdict.order >= highestOrder)
    return diagnostic("D0413", `declared order ${order}; this rule has order ${highestOrder} or more`, {
      at,
      why: `orders above ${highestOrder} are not decided: their series are too long`,
      help: `declare \`order ${highestOrder}\``,
    });
  const code = verdict.order <= 0 ? "D0411" : "D0412";
  const where = placeName(grid);
  const title =
    verdict.order <= 0
      ? `declared order ${order}, but this rule is inconsistent: its local error is O(${verdict.order === 0 ? "h" : "1"})${where}`
      : `declared order ${order}, but this rule has order ${verdict.order}${where}`;
  if (branches(setting).every((branch) => callsPerStep(branch) === 0))
    return diagnostic(code, title, {
      at,
      label: shownOrder(verdict.order),
      why: "its step never calls the model, so the result does not depend on it",
      help: "read a prediction, such as `x0[s]` or `eps[s]`, with a weight that is not zero",
    });
  const reason = explain(verdict.branch, setting.family, grid, verdict.order);
  const elsewhere = moreOnOtherGrids(question, verdict);
  const [best] = elsewhere;
  // A rule that is inconsistent by one number may lack more than that number for the order claimed.
  const change = repaired(question, verdict.order <= 0 && !best ? [order, 1] : [order]);
  const ways = [
    ...(change ? [`with ${change.change} the rule has order ${change.order}`] : []),
    ...(best
      ? [`declare \`order ${best.order} on ${placeText(best.grid)}\``]
      : verdict.order > 0
        ? [`declare ${declaration(verdict.order, grid)}`]
        : change
          ? []
          : ["check signs, points and levels of the terms"]),
  ];
  const mismatch = describeMismatch(reason);
  const why = [...(best ? [mismatch] : []), ...legend(reason)].join("; ");
  return diagnostic(code, title, {
    at,
    label: best ? listed([...elsewhere, { grid, order: verdict.order }]) : mismatch,
    ...(why === "" ? {} : { why }),
    help: ways.join("; or "),
    ...(change?.edit
      ? { fix: { title: `write ${change.change}`, edits: [change.edit], applicability: "unsafe" as const } }
      : {}),
  });
}

/** The repair that gives the first of these orders that one can give. */
function repaired(
  { setting, grid }: OrderQuestion,
  wanted: readonly number[],
): (Repair & { readonly order: number }) | undefined {
  for (const order of new Set(wanted)) {
    const found = repair({ setting, grid, limit: order }, order);
    if (found) return { ...found, order };
  }
  return undefined;
}

interface Answer {
  readonly grid: GridKind;
  readonly order: number;
}

/** Kinds of grids on which a rule with history has a higher order, best first (mathematics.md, section 4). */
function moreOnOtherGrids(question: OrderQuestion, found: { readonly order: number }): readonly Answer[] {
  const { setting, grid } = question;
  if (grid !== "ratios" && grid !== "smooth") return [];
  if (branches(setting).every(({ depth, graph }) => depth === 0 && graph.carries.size === 0)) return [];
  const orderOn = (kind: GridKind): number => {
    const verdict = certifyOrder({ ...question, grid: kind });
    return verdict.kind === "order" ? verdict.order : 0;
  };
  // Uniform grids are smooth, and smooth ones have arbitrary ratios in the limit.
  const smooth = grid === "smooth" ? found.order : orderOn("smooth");
  const uniform = (["rho", "lambda", "time"] as const)
    .map((kind): Answer => ({ grid: kind, order: orderOn(kind) }))
    .filter(({ order }) => order > smooth)
    .sort((a, b) => b.order - a.order);
  return smooth > found.order ? [...uniform, { grid: "smooth", order: smooth }] : uniform;
}

/** `order 4 on grids uniform in rho, 2 on smooth grids, 1 on arbitrary step ratios` */
const listed = (answers: readonly Answer[]): string =>
  `order ${answers
    .map(
      ({ grid, order }) =>
        `${Math.max(0, order)}${grid === "ratios" ? " on arbitrary step ratios" : placeName(grid)}`,
    )
    .join(", ")}`;

const placeName = (grid: GridKind): string =>
  grid === "ratios" ? "" : grid === "smooth" ? " on smooth grids" : ` on grids uniform in ${grid}`;

/** As in the language: `smooth`, `uniform(rho)`. */
const placeText = (grid: GridKind): string => (grid === "smooth" ? grid : `uniform(${grid})`);

const declaration = (order: number, grid: GridKind): string =>
  `\`order ${order}${grid === "ratios" ? "" : ` on ${placeText(grid)}`}\``;

const shownOrder = (order: number): string => `order ${Math.max(0, order)}`;

/** The finding when a whole run with the rule's own start does not have the order claimed. */
export function missedRun(setting: Setting, { order, grid }: Claim, at: Span): Diagnostic | undefined {
  const certificate = orderCertificate(setting);
  if (certificate.kind === "noise") return undecided({ kind: "noise" }, order, at);
  const fault = runFault(certificate);
  if (fault?.kind === "diverges")
    return diagnostic("D0412", `declared run order ${order}, but no run with this rule converges`, {
      at,
      label: fault.why,
      why: convergence,
      help: stabler,
    });
  const found = certificate.kind === "order" ? runOrder(certificate, setting, grid) : undefined;
  if (found === undefined)
    return undecided({ kind: "undecided", why: certificate.why ?? `it is ${fault?.why}` }, order, at);
  if (found >= order) return undefined;
  if (found < 1)
    return diagnostic(
      "D0411",
      `declared run order ${order}, but runs with this rule do not converge${placeName(grid)}`,
      {
        at,
        label: `the rule has order ${found}`,
        why: convergence,
        help: "`order 1` in the rule says what its step lacks",
      },
    );
  const low = certificate.start.find((step) => step.order !== undefined && step.order + 1 === found);
  return diagnostic(
    "D0412",
    `declared run order ${order}, but a run with this rule has order ${found}${placeName(grid)}`,
    {
      at,
      label: low ? `step ${low.history} is made by \`${low.rule}\`, of order ${low.order}` : `order ${found}`,
      help: `${low ? "a `start` rule of higher order, or " : ""}declare \`run order ${found}\``,
    },
  );
}

/** `h`, `h^3`; below that the state itself is wrong. */
function describeMismatch({ power, differential, exact, rule, where, varies }: Explanation): string {
  if (power < 1) return "`x[t]` does not go to `x[s]` as the step shrinks";
  const first = `first mismatch at ${power === 1 ? "h" : `h^${power}`}`;
  if (varies === true) return `${first}, in a term that depends on the schedule or the grid`;
  if (differential === undefined || exact === undefined || rule === undefined) return first;
  const place = where === undefined ? "" : ` ${where},`;
  return `${first}, in ${differential}:${place} the exact flow has ${fraction(exact)}, this rule has ${fraction(rule)}`;
}

/** What the letters of a differential with a linear part mean. */
const legend = ({ differential = "" }: Explanation): readonly string[] =>
  /L[ ^]/.test(differential)
    ? ["L is the linear part of dy/dlambda = L y + f, with y = x/alpha, f = x0 and L = -1"]
    : [];

function undecided(verdict: Exclude<Verdict, { kind: "order" }>, order: number, at: Span): Diagnostic {
  if (verdict.kind === "noise")
    return diagnostic("D0412", `declared order ${order}, but this rule draws noise`, {
      at,
      label: "a deterministic order",
      help: "claim `weak order k` for rules with noise, or name the case without: `order 1 on eta == 0`",
    });
  return diagnostic("D0413", `the order of this rule cannot be decided: ${verdict.why}`, {
    at,
    help: "claim the order of the limits of its coefficients, or leave the claim out",
  });
}
