// Owns: a plan in a line for people: rules, calls, memory, grid.

import type { Plan, PlanControl, PlanNumber } from "./schema.js";

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
