// Owns: `dsamp plot`: pictures of a sampler as one SVG.

import { orderCertificate, runFault, type OrderCertificate } from "../compiler/certify/order.js";
import type { Setting } from "../compiler/certify/setting.js";
import { Failure } from "../compiler/diagnostics/report.js";
import { definitionOf } from "../compiler/lower/parameters.js";
import { StaticLowering } from "../compiler/sampler/sampler.js";
import type { LoweredRun } from "../compiler/sampler/run.js";
import { exit, exitFor } from "./exit.js";
import type { Io } from "./io.js";
import { checkWritable, writeOutput } from "./output.js";
import { convergencePanel, type Made } from "./plot/convergence.js";
import { drawDocument, type Panel } from "./plot/panel.js";
import { coefficientPanels, gridPanels, schedulePanels, stabilityPanels } from "./plot/panels.js";
import { printDiagnostics, printNote } from "./print.js";
import { checkSettings, compileSampler, inspect, readSpec, type SpecFlags } from "./spec.js";
import { oneOf } from "./usage.js";

export interface PlotFlags extends SpecFlags {
  readonly out: string;
  /** Kinds of panels, with commas between them; all of them without. */
  readonly what?: string;
}

const kinds = ["schedule", "grid", "coefficients", "stability", "convergence"] as const;

/** Draws a sampler. Throws D0704 when the file cannot be written, D0706 for a kind that does not exist. */
export async function plot(file: string, flags: PlotFlags, io: Io): Promise<number> {
  const wanted =
    flags.what === undefined
      ? kinds
      : flags.what.split(",").map((kind) => oneOf("--what", kind.trim(), kinds));
  await checkWritable(io.cwd, flags.out);
  const spec = await readSpec(io, file);
  const { module, diagnostics, sources, samplers } = inspect(io, spec);
  printDiagnostics(io, diagnostics, sources);
  if (exitFor(diagnostics) !== exit.ok) return exitFor(diagnostics);
  checkSettings([module], flags.sampler === undefined ? samplers : [flags.sampler], flags);
  const compiled = compileSampler(io, spec, flags.sampler, flags);
  const { plan, run } = compiled;
  if (!plan || !run) {
    printDiagnostics(io, compiled.diagnostics, (id) => compiled.source(id) ?? sources(id));
    return exitFor(compiled.diagnostics);
  }
  const rule = ruleOf(run);
  const panels: Panel[] = [];
  for (const kind of wanted) {
    const made = await panelsOf(kind);
    if (typeof made === "string") printNote(io, `no ${kind} panel: ${made}`);
    else panels.push(...made);
  }
  await writeOutput(
    io.cwd,
    flags.out,
    drawDocument(`${plan.sampler}: ${[...new Set(plan.report.rules)].join(", ")}`, panels),
  );
  io.stdout.write(`wrote ${flags.out}: ${panels.length} ${panels.length === 1 ? "panel" : "panels"}\n`);
  return exit.ok;

  async function panelsOf(kind: (typeof kinds)[number]): Promise<readonly Panel[] | string> {
    if (!run) return [];
    switch (kind) {
      case "schedule":
        return schedulePanels(run);
      case "grid":
        return gridPanels(run);
      case "coefficients":
        return coefficientPanels(run);
      case "stability":
        return rule && rule.certificate.stability
          ? stabilityPanels(rule.name, rule.certificate)
          : "the rule is no linear recurrence";
      case "convergence": {
        const panel = await convergencePanel(withSteps, rule && orderOf(rule));
        return typeof panel === "string" ? panel : [panel];
      }
    }
  }

  function withSteps(steps: number): Made | undefined {
    const found = compileSampler(io, spec, flags.sampler, { ...flags, steps });
    return found.plan && found.run && { plan: found.plan, run: found.run };
  }
}

interface Rule {
  readonly name: string;
  readonly certificate: OrderCertificate;
}

/** The sampler's main rule and what is certified of it; undefined when nothing can be. */
function ruleOf(run: LoweredRun): Rule | undefined {
  const { sampler } = run;
  const { program } = sampler.context;
  try {
    const cx = new StaticLowering(program);
    const solver = definitionOf(sampler.rule.rule, "solver", sampler.scope, 0, cx);
    const setting: Setting = { program, solver, family: "generic" };
    return { name: solver.def.name, certificate: orderCertificate(setting) };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** On a grid with more and more steps neighbours are alike, so the order on smooth grids counts. */
function orderOf({ certificate }: Rule): number | undefined {
  if (certificate.kind !== "order" || runFault(certificate)) return undefined;
  return certificate.orders.smooth ?? certificate.orders.ratios;
}
