// Owns: `dsamp diff`: whether two specs are the same sampler, and where they part.

import { diffDefinitions, type DefinitionDiff } from "../compiler/certify/equivalenceDefinitions.js";
import {
  diffSamplers,
  type GridPointDifference,
  type SamplerDiff,
} from "../compiler/certify/equivalenceDiff.js";
import { shownApart } from "../compiler/certify/equivalencePaths.js";
import { dataTolerance, tolerance, type StepDifference } from "../compiler/certify/equivalenceRuns.js";
import type { Compilation } from "../compiler/compile.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { diagnostic, Failure } from "../compiler/diagnostics/report.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import type { Plan } from "../compiler/plan/schema.js";
import { exit } from "./exit.js";
import { shown, STANDARD_INPUT } from "./host.js";
import type { Io } from "./io.js";
import { jsonOf, printDiagnostics, printJson } from "./print.js";
import { compileSampler, inspect, readSpec, type Inspection, type Spec, type SpecFlags } from "./spec.js";
import { wrongUse } from "./usage.js";

export interface DiffFlags extends SpecFlags {
  readonly json?: boolean;
}

/** Exit codes of diff, as those of diff(1): two is trouble. */
const codes = { equal: exit.ok, differ: 1, trouble: 2 } as const;

export async function diff(files: readonly [string, string], flags: DiffFlags, io: Io): Promise<number> {
  if (files.every((file) => file === STANDARD_INPUT)) wrongUse("standard input (`-`) can be read once only");
  try {
    const [a, b] = [await readSpec(io, files[0]), await readSpec(io, files[1])] as const;
    const [inA, inB] = [inspect(io, a), inspect(io, b)] as const;
    return inA.samplers.length > 0 && inB.samplers.length > 0
      ? samplers([a, b], [inA, inB], flags, io)
      : definitions([a, b], [inA, inB], flags, io);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return trouble([error.diagnostic], () => undefined, flags, io);
  }
}

function trouble(found: readonly Diagnostic[], sources: Sources, flags: DiffFlags, io: Io): number {
  if (flags.json === true) printJson(io, { ok: false, diagnostics: jsonOf(found, sources) });
  else printDiagnostics(io, found, sources);
  return codes.trouble;
}

const errors = (found: readonly Diagnostic[]): readonly Diagnostic[] =>
  found.filter((item) => item.severity === "error");

// ---- samplers --------------------------------------------------------------------------------------------------

function samplers(
  specs: readonly [Spec, Spec],
  inspections: readonly [Inspection, Inspection],
  flags: DiffFlags,
  io: Io,
): number {
  const compiled = specs.map((spec, i) => {
    const { samplers: names } = inspections[i] as Inspection;
    return compileSampler(io, spec, flags.sampler ?? (names.length === 1 ? names[0] : undefined), flags);
  }) as [Compilation, Compilation];
  for (const { diagnostics, source } of compiled)
    if (errors(diagnostics).length > 0) return trouble(errors(diagnostics), source, flags, io);
  const [a, b] = compiled;
  if (!a.run || !b.run || !a.plan || !b.plan) throw new Error("a compilation without a plan or a finding");
  const found = diffSamplers(a.run, b.run);
  const names = specs.map(({ file }, i) => `${shown(file)} ${compiled[i]?.plan?.sampler ?? ""}`) as [
    string,
    string,
  ];
  const same = found.equal;
  if (flags.json === true)
    printJson(io, { ok: true, equal: same, a: side(a.plan), b: side(b.plan), ...documentOf(found) });
  else io.stdout.write(`${report(found, names, [a.plan, b.plan]).join("\n")}\n`);
  return same ? codes.equal : codes.differ;
}

const side = ({ sampler, report: { calls, nfe, rules }, draws }: Plan): object => ({
  sampler,
  nfe,
  calls,
  rules,
  draws: draws.map(({ path }) => path),
});

const documentOf = ({ equal, ...rest }: SamplerDiff): object => ({ sameMap: equal, ...rest });

const short = (x: number): string => String(Number(x.toPrecision(8)));

function report(
  found: SamplerDiff,
  [nameA, nameB]: readonly [string, string],
  plans: readonly [Plan, Plan],
): readonly string[] {
  const lines: string[] = [];
  const add = (what: string, difference: string): void =>
    void lines.push(`${`${what}:`.padEnd(10)} ${difference}`);
  if (found.equal) lines.push(`the same sampler: ${equalWords(found)}`);
  else lines.push(`different samplers`, `a = ${nameA}`, `b = ${nameB}`);
  if (found.schedule.kind === "different") add("schedule", scheduleWords(found, found.schedule.what));
  if (found.grid.differing.length > 0) lines.push(...gridLines(found));
  else if (found.schedule.kind === "different") add("grid", "the same levels rho = sigma/alpha");
  if (found.network)
    add("network", `a: ${found.network.a}; b: ${found.network.b}; both are compared on the same x0`);
  if (found.guidance) {
    const { a, b, same } = found.guidance;
    add("guidance", `a: ${a}; b: ${b}; ${same ? "the same predictions" : "other predictions"}`);
  }
  const [nfeA, nfeB] = plans.map((plan) => plan.report.nfe) as [number, number];
  if (nfeA !== nfeB) add("NFE", `a: ${nfeA}; b: ${nfeB}`);
  const [drawsA, drawsB] = plans.map((plan) => plan.draws.map(({ path }) => path).join(", ") || "none") as [
    string,
    string,
  ];
  if (drawsA !== drawsB)
    add(
      "noise",
      `a draws ${drawsA}; b draws ${drawsB}${found.renamed ? "; of the same law under other names, so one seed gives other samples" : ""}`,
    );
  if (!found.equal) lines.push(...stepLines(found));
  return lines;
}

const scheduleWords = ({ scales }: SamplerDiff, what: string): string =>
  scales
    ? `a's states have ${scales.a}, b's ${scales.b}; at one level they differ by a factor only, and x/alpha is compared`
    : what;

function equalWords({ how, distance }: SamplerDiff): string {
  if (how === "data") return `weights that depend on data agree to ${dataTolerance} on random data`;
  const place = how === "runs" ? "every result of the whole run has" : "every step has";
  return `${place} the same weights for every network (numerically, largest relative difference ${distance === 0 ? "0" : distance.toExponential(1)}, limit ${tolerance})`;
}

/** Rows of a table that are shown; the rest is counted. */
const rows = 8;

function gridLines({ grid: { points, differing, formulas } }: SamplerDiff): readonly string[] {
  const cells = ({ point, a, b }: GridPointDifference): readonly string[] => {
    const [one, two] = shownApart(a?.rho ?? NaN, b?.rho ?? NaN);
    return [String(point), a ? `rho ${one}` : "none", b ? `rho ${two}` : "none"];
  };
  const head = `grid:      ${points.a === points.b ? `${differing.length} of ${points.a} points differ` : `a has ${points.a} points, b has ${points.b}; ${differing.length} differ`}`;
  const words = formulas && formulas.a !== formulas.b ? `; a: ${formulas.a}; b: ${formulas.b}` : "";
  return [
    `${head}${words}`,
    ...table(["point", "a", "b"], differing.slice(0, rows).map(cells)),
    ...more(differing.length),
    ...endWords(differing),
  ];
}

/** The step to zero is what tools do most differently. */
function endWords(differing: readonly GridPointDifference[]): readonly string[] {
  const last = differing.at(-1);
  if (!last?.a || !last.b || (last.a.rho === 0) === (last.b.rho === 0)) return [];
  const [zero, other, rho] = last.a.rho === 0 ? ["a", "b", last.b.rho] : ["b", "a", last.a.rho];
  return [`  ${zero} ends at zero noise, ${other} at rho ${short(rho)}`];
}

const more = (count: number): readonly string[] => (count > rows ? [`  and ${count - rows} more`] : []);

function stepLines({ steps, count, grid, schedule }: SamplerDiff): readonly string[] {
  const ground =
    grid.differing.length > 0 || schedule.kind === "different" ? " on a's schedule and grid" : "";
  if (typeof steps === "string") return [`rule:      b's rule does not compile${ground}: ${steps}`];
  if (steps.length === 0) return [`rule:      the same at every step${ground}`];
  const inRun = steps.filter(({ step }) => step >= 0 && step < count);
  const [first] = steps;
  const last = inRun.at(-1);
  const outside = steps.filter((step) => !inRun.includes(step)).map(({ step }) => nameOf(step, count));
  const summary =
    inRun.length === 0
      ? "the same at every step"
      : inRun.length === 1 && last?.step === count - 1
        ? "only the last step differs"
        : `${inRun.length} of ${count} steps differ`;
  return [
    `rule:      ${summary}${ground}${outside.length > 0 ? `; ${outside.join(" and ")} ${outside.length === 1 ? "differs" : "differ"}` : ""}`,
    ...(first ? weightLines(first, count) : []),
    ...otherSteps(steps.slice(1), count),
  ];
}

const nameOf = (step: number, count: number): string =>
  step < 0 ? "the initial state" : step >= count ? "the output" : `step ${step}`;

function weightLines(difference: StepDifference, count: number): readonly string[] {
  const { step, ruleA, ruleB, weights } = difference;
  const rules =
    step < 0 || step >= count ? "" : ruleA === ruleB ? ` (${ruleA})` : ` (a: ${ruleA}, b: ${ruleB})`;
  return [
    `  ${nameOf(step, count)}${rules}, weights of`,
    ...table(
      ["", "a", "b"],
      weights.slice(0, rows).map(({ of, a, b }) => [of, ...shownApart(a, b)]),
    ),
    ...more(weights.length),
  ];
}

function otherSteps(steps: readonly StepDifference[], count: number): readonly string[] {
  if (steps.length === 0) return [];
  return [
    "  further, by the largest relative difference of a weight",
    ...table(
      ["", "a", "b", "difference"],
      steps
        .slice(0, rows)
        .map(({ step, ruleA, ruleB, distance }) => [
          nameOf(step, count),
          ruleA,
          ruleB,
          distance.toExponential(2),
        ]),
    ),
    ...more(steps.length),
  ];
}

function table(head: readonly string[], body: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((cell, i) => Math.max(cell.length, ...body.map((row) => (row[i] ?? "").length)));
  return [head, ...body].map((row) =>
    `    ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd(),
  );
}

// ---- definitions -----------------------------------------------------------------------------------------------

function definitions(
  specs: readonly [Spec, Spec],
  inspections: readonly [Inspection, Inspection],
  flags: DiffFlags,
  io: Io,
): number {
  for (const { diagnostics, sources } of inspections)
    if (errors(diagnostics).length > 0) return trouble(errors(diagnostics), sources, flags, io);
  const [a, b] = inspections;
  const found =
    a.module && b.module && a.program && b.program
      ? diffDefinitions({ module: a.module, program: a.program }, { module: b.module, program: b.program })
      : [];
  if (found.length === 0)
    return trouble(
      [
        diagnostic(
          "D0211",
          `${specs.map(({ file }) => shown(file)).join(" and ")} define nothing of one kind`,
          {
            help: "samplers are compared with samplers, solvers with solvers: by name, or the only ones of their kind",
          },
        ),
      ],
      () => undefined,
      flags,
      io,
    );
  const equal = found.every((pair) => pair.equal);
  if (flags.json === true) printJson(io, { ok: true, equal, definitions: found });
  else io.stdout.write(`${found.flatMap(pairLines).join("\n")}\n`);
  return equal ? codes.equal : codes.differ;
}

function pairLines({ sort, a, b, equal, how, step }: DefinitionDiff): readonly string[] {
  const names = a === b ? `${sort} ${a}` : `${sort} ${a} and ${b}`;
  return [
    `${names}: ${equal ? "the same" : "different"}: ${how}`,
    ...(step ? weightLines(step, Infinity) : []),
  ];
}
