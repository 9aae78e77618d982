// Owns: a compiled sampler in one line, for people: rules, calls, memory, grid.

import type { GaussianError, GaussianReport } from "../compiler/certify/gaussian.js";
import type { ErrorConstant } from "../compiler/certify/constant.js";
import type { ClaimReport } from "../compiler/certify/expect/check.js";
import { fraction } from "../compiler/certify/explain.js";
import type { Integrated } from "../compiler/certify/integrated.js";
import type { SamplerOrder } from "../compiler/certify/samplerOrder.js";
import type { SolverReport } from "../compiler/certify/orderClaims.js";
import type { Plan, PlanControl, PlanNumber } from "../compiler/plan/schema.js";

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
  held,
  certificate,
}: SolverReport): readonly string[] {
  const { ratios = 0, smooth = ratios } = certificate.orders;
  if (ratios < 1 && smooth < 1 && claimed === undefined) return ["no order"];
  const more = smooth > ratios ? [`${smooth} on smooth grids`] : [];
  if (claimed === undefined) return [`order ${ratios}`, ...more];
  if (held !== true) return [`order ${ratios} (claimed ${claimed})`, ...more];
  if (claimedOn === "ratios") return [`order ${ratios} as claimed`, ...more];
  const found = certificate.orders[claimedOn] ?? claimed;
  const any = ratios < found ? [`${ratios} on any`] : [];
  if (claimedOn === "smooth") return [`order ${found} on smooth grids as claimed`, ...any];
  return [`order ${found} on uniform ${claimedOn} as claimed`, ...more, ...any];
}

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

/** `expected: ddim equals dpm_solver_1 (symbolically, on every schedule and grid)` */
export const describeClaim = ({ subject, claim, how }: ClaimReport): string =>
  `expected: ${subject} ${claim}${how === undefined ? "" : ` (${how})`}`;

/** `weak order 2 as claimed` */
function describeWeak({ claimed, verdict }: NonNullable<SolverReport["weak"]>): string {
  if (verdict.kind !== "order") return "draws noise, weak order not decided";
  const { order } = verdict;
  return `weak order ${order}${claimed !== undefined && claimed <= order ? " as claimed" : ""}`;
}

/** `, run order 2`; nothing for runs with noise or data-dependent weights, which have no deterministic order. */
export const describeRun = (run: SamplerOrder | undefined): string =>
  run?.order === undefined ? "" : `, run order ${run.order}`;

/** `20 steps, dpmpp_2m (ddim last), 20 NFE (40 calls), peak 4 tensors, grid rho 14.61 .. 0` */
export function describePlan(plan: Plan): string {
  const { report, steps } = plan;
  const count = steps.length;
  if (plan.control) return describeControlled(plan, plan.control);
  return [
    `${count} ${count === 1 ? "step" : "steps"}`,
    describeRules(report.rules),
    report.calls === report.nfe ? `${report.nfe} NFE` : `${report.nfe} NFE (${report.calls} calls)`,
    `peak ${report.peakTensors} tensors`,
    describeGrid(plan),
  ].join(", ");
}

/** `steps chosen by dpm_adaptive, 3 NFE an attempt, at most 10000 attempts, peak 5 tensors, from rho 80 to 0.002` */
function describeControlled({ report, grid }: Plan, { attempts }: PlanControl): string {
  const rho = grid.map((point) => short(point.sigma / point.alpha));
  return [
    `steps chosen by ${describeRules(report.rules)}`,
    `${report.nfe} NFE an attempt${report.calls === report.nfe ? "" : ` (${report.calls} calls)`}`,
    `at most ${attempts} attempts`,
    `peak ${report.peakTensors} tensors`,
    `from rho ${rho.join(" to ")}`,
  ].join(", ");
}

/** `dpmpp_2m (ddim first and last)`, or every stretch when there are more. */
export function describeRules(rules: readonly string[]): string {
  const runs: { rule: string; count: number }[] = [];
  for (const rule of rules) {
    const last = runs.at(-1);
    if (last?.rule === rule) last.count += 1;
    else runs.push({ rule, count: 1 });
  }
  const [first, second, third] = runs;
  if (first === undefined) return "no rule";
  if (second === undefined) return first.rule;
  if (runs.length === 3 && third !== undefined && second.count > 1 && first.count + third.count === 2)
    return first.rule === third.rule
      ? `${second.rule} (${first.rule} first and last)`
      : `${second.rule} (${first.rule} first, ${third.rule} last)`;
  if (runs.length === 2 && first.count === 1 && second.count > 1)
    return `${second.rule} (${first.rule} first)`;
  if (runs.length === 2 && second.count === 1) return `${first.rule} (${second.rule} last)`;
  const shown = runs.slice(0, 6).map(({ rule, count }) => `${rule} x${count}`);
  return `${shown.join(" then ")}${runs.length > 6 ? " ..." : ""}`;
}

const short = (value: PlanNumber): string =>
  typeof value === "number" ? String(Number(value.toPrecision(4))) : value;

function describeGrid({ grid }: Plan): string {
  const [start, end] = [grid[0], grid.at(-1)];
  if (start === undefined || end === undefined) return "no grid";
  const rho = [start, end].map((point) => point.sigma / point.alpha);
  if (rho.every(Number.isFinite)) return `grid rho ${rho.map(short).join(" .. ")}`;
  return `grid time ${short(start.time)} .. ${short(end.time)}`;
}

/** `on N(0.5, 0.25): mean error -1.6e-3, std error 0.00651; of the steps alone: 0 and 0.00651` */
export function describeGaussian(report: GaussianReport | string): string {
  if (typeof report === "string") return `on Gaussian data: not decidable, because ${report}`;
  const { target, exact, total, steps } = report;
  // What is lost in the last digits of float64 says nothing of the sampler.
  const error = (value: number): string =>
    Math.abs(value) <= 1e-13 * (Math.abs(exact.mean) + exact.std)
      ? "0"
      : String(Number(value.toPrecision(3)));
  const both = ({ mean, std }: GaussianError): readonly string[] => [error(mean), error(std)];
  const [mean, std] = both(total);
  return `on N(${target.mean}, ${target.variance}): mean error ${mean}, std error ${std}; of the steps alone: ${both(steps).join(" and ")}`;
}
