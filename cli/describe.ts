// Owns: a compiled sampler in one line, for people: rules, calls, memory, grid.

import type { GaussianError, GaussianReport } from "../compiler/certify/gaussian.js";
import type { ClaimReport } from "../compiler/certify/expect/check.js";
import type { SamplerOrder } from "../compiler/certify/samplerOrder.js";
import type { SolverReport } from "../compiler/certify/orderClaims.js";
import type { Plan, PlanNumber } from "../compiler/plan/schema.js";

/** `my_2m: order 2 as claimed, 1 call a step, history 1, stable on [-1, 0]` */
export function describeOrder({ name, claimed, certificate, weak }: SolverReport): string {
  const { orders, calls, history, stability } = certificate;
  const parts: string[] = [];
  if (certificate.kind === "order") {
    const { ratios = 0, smooth = ratios } = orders;
    const more = smooth > ratios ? ` (${smooth} on smooth grids)` : "";
    const claim =
      claimed === undefined ? "" : claimed <= ratios ? " (claimed and certified)" : ` (claimed ${claimed})`;
    parts.push(`order ${ratios}${claim}${more}`);
  } else if (weak) parts.push(describeWeak(weak));
  else parts.push("order not decided");
  parts.push(`${calls} ${calls === 1 ? "call" : "calls"} a step`);
  if (history > 0) parts.push(`history ${history}`);
  if (stability && stability.zero !== "stable") parts.push(stability.zero);
  else if (stability && Number.isFinite(stability.interval))
    parts.push(`stable on [-${Number(stability.interval.toPrecision(3))}, 0]`);
  return `${name}: ${parts.join(", ")}`;
}

/** `expected: ddim equals dpm_solver_1 (symbolically, on every schedule and grid)` */
export const describeClaim = ({ subject, claim, how }: ClaimReport): string =>
  `expected: ${subject} ${claim}${how === undefined ? "" : ` (${how})`}`;

/** `weak order 2 (claimed and certified)` */
function describeWeak({ claimed, verdict }: NonNullable<SolverReport["weak"]>): string {
  if (verdict.kind !== "order") return "draws noise, weak order not decided";
  const { order } = verdict;
  const certified = claimed !== undefined && claimed <= order;
  return `weak order ${order}${certified ? " (claimed and certified)" : ""}`;
}

/** `, run order 2`; nothing for runs with noise or data-dependent weights, which have no deterministic order. */
export const describeRun = (run: SamplerOrder | undefined): string =>
  run?.order === undefined ? "" : `, run order ${run.order}`;

/** `20 steps, dpmpp_2m (ddim last), 20 NFE (40 calls), peak 4 tensors, grid rho 14.61 .. 0` */
export function describePlan(plan: Plan): string {
  const { report, steps } = plan;
  const count = steps.length;
  return [
    `${count} ${count === 1 ? "step" : "steps"}`,
    describeRules(report.rules),
    report.calls === report.nfe ? `${report.nfe} NFE` : `${report.nfe} NFE (${report.calls} calls)`,
    `peak ${report.peakTensors} tensors`,
    describeGrid(plan),
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
