// Owns: what is certified, in a line for people. The command line and the editor print the same words.

import type { ErrorConstant } from "./constant.js";
import { fraction } from "./explain.js";
import type { Integrated } from "./integrated.js";
import type { GridKind } from "./gridSeries.js";
import { highestOrder } from "./order.js";
import type { SolverReport } from "./orderClaims.js";
import type { SamplerOrder } from "./samplerOrder.js";
import { highestWeakOrder } from "./weak.js";

/** `my_2m: order 2 as claimed, in x0 over lambda, error 5/12 h^3 x0'', 1 call a step, history 1, stable on [-1, 0], exact` */
export function describeOrder(report: SolverReport): string {
  const { name, certificate, weak, integrates, weights } = report;
  const { calls, history, stability, constant } = certificate;
  const parts: string[] = [];
  if (certificate.kind === "order") {
    parts.push(...describeOrders(report));
    if (integrates && integrates.predictions.length > 0) parts.push(describeIntegrated(integrates));
    if (constant) parts.push(`error ${describeConstant(constant)}`);
  } else if (weak) parts.push(describeWeak(weak));
  else parts.push("order not decided");
  parts.push(`${calls} ${calls === 1 ? "call" : "calls"} a step`);
  if (history > 0) parts.push(`history ${history}`);
  if (stability && stability.zero !== "stable") parts.push(stability.zero);
  else if (stability && Number.isFinite(stability.interval))
    parts.push(`stable on [-${Number(stability.interval.toPrecision(3))}, 0]`);
  parts.push(weights === "exact" ? "exact" : "weights by quadrature");
  return `${name}: ${parts.join(", ")}`;
}

/** `order 2 as claimed`, then the other orders of rules whose order depends on the kind of grid. */
function describeOrders({
  claimed,
  claimedOn = "ratios",
  claimedFor,
  held,
  certificate,
}: SolverReport): readonly string[] {
  const { ratios = 0, smooth = ratios } = certificate.orders;
  if (ratios < 1 && smooth < 1 && claimed === undefined) return ["no order"];
  const more = smooth > ratios ? [`${shownOrder(smooth)} on smooth grids`] : [];
  if (claimed === undefined) return [`order ${shownOrder(ratios)}`, ...more];
  if (held !== true) return [`order ${shownOrder(ratios)} (${claimed} claimed)`, ...more];
  // A claim about some schedules or about a grid that the certificate does not list was decided by itself.
  if (claimedFor !== undefined && claimedFor !== "generic")
    return [
      `order ${claimed} on ${claimedFor} schedules${placeOf(claimedOn)} as claimed`,
      `${shownOrder(ratios)} on any`,
    ];
  const found = certificate.orders[claimedOn] ?? (certificate.orders.smooth === undefined ? ratios : claimed);
  const shown = shownOrder(found);
  const against = shown === String(claimed) ? "as claimed" : `(${claimed} claimed)`;
  const main = `order ${shown}${placeOf(claimedOn)} ${against}`;
  const any = ratios < found ? [`${shownOrder(ratios)} on any`] : [];
  return [main, ...(claimedOn === "smooth" ? [] : more), ...any];
}

const placeOf = (grid: GridKind): string =>
  grid === "ratios" ? "" : grid === "smooth" ? " on smooth grids" : ` on uniform ${grid}`;

/** Longer series are not looked at. */
export const shownOrder = (order: number): string =>
  order >= highestOrder ? `${order} or more` : String(order);

/** `in x0 over lambda`: see Integrated. */
const describeIntegrated = ({ predictions, over }: Integrated): string =>
  `in ${predictions.join(" or ")}${over === undefined ? "" : ` over ${over}`}`;

/** `5/12 h^3 x0''`, h a step in lambda; `...` stands for lower derivatives. */
function describeConstant({ values, leading }: ErrorConstant): string {
  const order = values.length - 1;
  const derivative = order <= 3 ? "'".repeat(order) : `^(${order})`;
  const lower = values.slice(0, -1).some((value) => value !== 0);
  return `${fraction(leading)} h^${order + 1} x0${derivative}${lower ? " + ..." : ""}`;
}

/** `weak order 2 as claimed` */
function describeWeak({ claimed, verdict }: NonNullable<SolverReport["weak"]>): string {
  if (verdict.kind !== "order") return "draws noise, weak order not decided";
  const { order } = verdict;
  const found = `weak order ${order}${order >= highestWeakOrder ? " or more" : ""}`;
  if (claimed === undefined) return found;
  return claimed === order ? `${found} as claimed` : `${found} (${claimed} claimed)`;
}

/** `, run order 2`; nothing for runs with noise or data-dependent weights, which have no deterministic order. */
export function describeRun(run: SamplerOrder | undefined): string {
  if (run?.order === undefined) return "";
  return run.order < 1 ? `, no run order: ${run.why}` : `, run order ${shownOrder(run.order)}`;
}
