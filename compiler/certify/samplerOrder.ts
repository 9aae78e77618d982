// Owns: the order of the run of a sampler as it is written: its rules with full history, the steps made while history
// is missing, its final rules, on the grid it has.

import { definitionOf } from "../lower/parameters.js";
import type { DefinitionValue } from "../lower/value.js";
import type { LoweredRun } from "../sampler/run.js";
import { StaticLowering } from "../sampler/sampler.js";
import type { PathPoint } from "../path/path.js";
import type { Expression } from "../syntax/ast.js";
import type { Span } from "../source/span.js";
import type { GridKind } from "./gridSeries.js";
import { certifyOrder, orderCertificate, runFault, runOrder, type OrderCertificate } from "./order.js";
import type { Setting } from "./setting.js";

/** The order of a run. `why` names what limits it, or why there is none. */
export interface SamplerOrder {
  /** 0 or less where runs do not converge; undefined with noise and where it is not decidable. */
  readonly order: number | undefined;
  readonly why: string;
  /** The order of the main rule, when a start or final step lowers it; where that step's rule is named. */
  readonly lowered?: { readonly from: number; readonly at: Span };
}

/** Coordinates in which the points are evenly spaced, a last step to sigma = 0 left out. */
function evenIn(grid: readonly PathPoint[]): readonly GridKind[] {
  const points = grid.at(-1)?.sigma === 0 ? grid.slice(0, -1) : grid;
  if (points.length < 4) return [];
  return (["lambda", "rho", "time"] as const).filter((name) => {
    const step = ((points.at(-1)?.[name] ?? NaN) - (points[0]?.[name] ?? NaN)) / (points.length - 1);
    return points.every(
      (point, i) =>
        Math.abs(point[name] - (points[0] as PathPoint)[name] - i * step) <= 1e-9 * Math.abs(step),
    );
  });
}

export function samplerOrder(run: LoweredRun): SamplerOrder {
  const { sampler } = run;
  const cx = new StaticLowering(sampler.context.program);
  const named = (e: Expression): DefinitionValue => definitionOf(e, "solver", sampler.scope, 0, cx);
  const settingOf = (solver: DefinitionValue): Setting => ({
    program: sampler.context.program,
    solver: sampler.start ? { ...solver, noStart: true } : solver,
    family: sampler.path.numbers.relation ?? "generic",
  });
  const kinds: readonly GridKind[] = ["smooth", ...evenIn(sampler.grid)];
  const rules = [sampler.rule.rule, ...sampler.rule.switches.map((entry) => entry.then)];
  let result: SamplerOrder = { order: Infinity, why: "" };
  const take = (order: number, why: string, at: Span, from: number): void => {
    if (order < (result.order ?? 0))
      result = { order, why, ...(order < from ? { lowered: { from, at } } : {}) };
  };
  for (const e of rules) {
    const solver = named(e);
    const setting = settingOf(solver);
    // Steps without history are the rule's own unless the sampler says how it starts.
    const certificate = orderCertificate(setting, { brief: sampler.start !== undefined, grids: kinds });
    if (certificate.kind !== "order")
      return {
        order: undefined,
        why:
          certificate.kind === "noise"
            ? `\`${solver.def.name}\` draws noise, so its order is a weak one`
            : (certificate.why ?? "its rule is not decidable"),
      };
    const fault = runFault(certificate);
    if (fault) {
      const why = `\`${solver.def.name}\` is ${fault.why}`;
      return { order: fault.kind === "diverges" ? 0 : undefined, why };
    }
    const main = Math.max(...kinds.map((kind) => certificate.orders[kind] ?? certificate.orders.ratios ?? 0));
    take(main, `\`${solver.def.name}\` has order ${main}`, e.span, main);
    const limited = startLimit(setting, certificate, kinds, sampler.start, named);
    if (limited) take(limited.order, limited.why, limited.at ?? e.span, main);
  }
  const main = result.order ?? 0;
  for (const { e, last } of finals(run)) {
    if (last && sampler.grid.at(-1)?.sigma === 0) continue;
    const solver = named(e);
    const verdict = certifyOrder({ setting: settingOf(solver), grid: "smooth" });
    if (verdict.kind === "order")
      take(
        verdict.order + 1,
        `the final rule \`${solver.def.name}\` has order ${verdict.order}`,
        e.span,
        main,
      );
  }
  return result;
}

const finals = ({ sampler }: LoweredRun): readonly { e: Expression; last: boolean }[] =>
  (sampler.final ?? []).map((e, i, all) => ({ e, last: i === all.length - 1 }));

/** What the first steps allow: a step of order q that is made a fixed number of times costs h^(q+1). */
function startLimit(
  setting: Setting,
  certificate: OrderCertificate,
  kinds: readonly GridKind[],
  start: readonly Expression[] | undefined,
  named: (e: Expression) => DefinitionValue,
): { order: number; why: string; at?: Span } | undefined {
  if (!start) {
    const order = Math.max(...kinds.map((kind) => runOrder(certificate, setting, kind) ?? Infinity));
    const low = certificate.start.find((step) => step.order !== undefined && step.order + 1 === order);
    return Number.isFinite(order)
      ? {
          order,
          why: low
            ? `step ${low.history} is made by \`${low.rule}\`, of order ${low.order}`
            : "the first value of what it carries",
        }
      : undefined;
  }
  let found: { order: number; why: string; at: Span } | undefined;
  for (let history = 0; history < Math.max(certificate.history, 0); history += 1) {
    const e = start[Math.min(history, start.length - 1)];
    if (!e) continue;
    const solver = named(e);
    const verdict = certifyOrder({ setting: { ...setting, solver, history }, grid: "ratios" });
    if (verdict.kind === "order" && verdict.order + 1 < (found?.order ?? Infinity))
      found = {
        order: verdict.order + 1,
        why: `step ${history} is made by \`${solver.def.name}\`, of order ${verdict.order}`,
        at: e.span,
      };
  }
  return found;
}
