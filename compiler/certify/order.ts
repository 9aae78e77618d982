// Owns: the deterministic order certificate of a solver: the order on generic schedules and on every kind of grid, of its
// start rules and of a whole run, with zero-stability, error constant and counts. The worst branch counts.

import type { Leaf } from "../graph/node.js";
import type { DefinitionValue } from "../lower/value.js";
import type { StepGraph } from "../lower/template.js";
import { errorConstant, type ErrorConstant } from "./constant.js";
import { callsPerStep } from "./calls.js";
import { agreement, localError, NotDeterministic, type ExactAlgebra } from "./exactAlgebra.js";
import { NotDecidable } from "./evaluateStep.js";
import type { FamilyName } from "./family.js";
import { carriesRead, formalCarries } from "./carry.js";
import type { GridKind } from "./gridSeries.js";
import { NoSeries } from "./laurent.js";
import { makeProblem, settled } from "./problem.js";
import { branches, countersAt, type Branch, type Setting } from "./setting.js";
import { stability, type Stability } from "./stability.js";

/** The order, or why there is none. */
export type Verdict =
  | { readonly kind: "order"; readonly order: number; readonly branch: Branch }
  | { readonly kind: "noise" }
  | { readonly kind: "undecided"; readonly why: string };

export interface OrderQuestion {
  readonly setting: Setting;
  readonly grid: GridKind;
  /** Orders above this one are not told apart. */
  readonly limit?: number;
  /** An order that the rule is known to have here. */
  readonly floor?: number | undefined;
  /** Numbers per sample stand for their limits as the step goes to 0, see exactAlgebra.ts. */
  readonly limits?: boolean;
}

const firstSeed = 1;
const otherSeeds = [2] as const;
export const highestOrder = 7;
/** Powers of h that a rule's quotients may lose beyond those that are always spared. */
const mostSpare = 16;

/** Runs a piece of a certificate; what the algebra cannot decide becomes a verdict. */
export function decided<T>(work: () => T): T | Exclude<Verdict, { kind: "order" }> {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotDeterministic) return { kind: "noise" };
    if (error instanceof NotDecidable || error instanceof NoSeries || error instanceof RangeError)
      return { kind: "undecided", why: error.message };
    throw error;
  }
}

export const isVerdict = (value: unknown): value is Verdict =>
  typeof value === "object" && value !== null && "kind" in value;

function branchOrder(branch: Branch, question: OrderQuestion): Verdict {
  const { setting, grid, limit = highestOrder, limits = false, floor } = question;
  const counters = setting.history === undefined ? undefined : countersAt(setting.history, 0);
  const verdict = decided(() => {
    /** The order seen with series long enough to show it through `order`. */
    const seen = (seed: number, order: number): number => {
      for (let spare = 0; ; spare += 4) {
        const problem = makeProblem({
          branch,
          family: setting.family,
          grid,
          seed,
          order,
          counters,
          limits,
          spare,
        });
        const { rule, exact } = localError(settled(problem, order));
        const found = agreement(problem.ring, rule, exact);
        // Where the known powers end too early nothing has been seen to differ.
        if (!found.limited || found.order >= order || spare >= mostSpare) return found.order;
      }
    };
    // Most rules are of low order: long series only when short ones do not tell.
    const first = floor === undefined ? 3 : floor + 1;
    let lowest = Infinity;
    for (const order of [...[first, 5].filter((stage) => stage >= first && stage < limit), limit]) {
      lowest = seen(firstSeed, order);
      if (lowest < order) break;
    }
    // One problem shows that an order is not reached; two that it is.
    for (const seed of otherSeeds)
      if (lowest > (floor ?? -1)) lowest = Math.min(lowest, seen(seed, Math.min(lowest, limit)));
    return lowest;
  });
  if (isVerdict(verdict)) return drawsNoise(branch.graph) ? { kind: "noise" } : verdict;
  return { kind: "order", order: Math.min(verdict, limit), branch };
}

/** A root of h is the mark of noise; a rule that has both draws and such roots is not deterministic. */
const drawsNoise = (graph: StepGraph): boolean => drawsOf(graph).length > 0;

/** The draws and Brownian increments that the new state reads. */
export function drawsOf(graph: StepGraph): readonly Leaf[] {
  const found: Leaf[] = [];
  const seen = new Set<unknown>();
  const inLinear = (linear: { readonly terms: ReadonlyMap<GraphNode, unknown> }): void =>
    [...linear.terms.keys()].forEach(inNode);
  const inNode = (node: GraphNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    switch (node.kind) {
      case "leaf":
        if (node.leaf.kind === "draw" || node.leaf.kind === "brownian") found.push(node.leaf);
        return;
      case "linear":
        return inLinear(node.value);
      case "call":
        return inLinear(node.site.state);
      case "map":
        return node.args.forEach((arg) => arg.kind !== "number" && inNode(arg));
      case "reduce":
        return node.args.forEach(inNode);
      case "output":
        return inNode(node.call);
    }
  };
  if (graph.next !== undefined) inLinear(graph.next);
  return found;
}
type GraphNode = NonNullable<StepGraph["next"]>["terms"] extends ReadonlyMap<infer N, unknown> ? N : never;

/** The lowest verdict of several: noise before undecided before an order. */
function worst(verdicts: readonly Verdict[]): Verdict {
  const noise = verdicts.find((verdict) => verdict.kind === "noise");
  if (noise) return noise;
  const open = verdicts.find((verdict) => verdict.kind === "undecided");
  if (open) return open;
  return verdicts.reduce((a, b) => (a.kind === "order" && b.kind === "order" && b.order < a.order ? b : a));
}

/** Verdicts by rule: its claims, its report and its runs ask the same. */
const known = new WeakMap<
  DefinitionValue,
  Map<string, { readonly verdict: Verdict; readonly limit: number }>
>();

/** The order of a rule on generic schedules of a family and on one kind of grid. */
export function certifyOrder(question: OrderQuestion): Verdict {
  const { setting, grid, limit = highestOrder, limits = false } = question;
  const { solver, family, history } = setting;
  const own = known.get(solver) ?? new Map<string, { verdict: Verdict; limit: number }>();
  known.set(solver, own);
  const key = `${family} ${grid} ${history ?? "middle"} ${limits}`;
  const before = own.get(key);
  if (before) {
    const { verdict } = before;
    if (verdict.kind !== "order" || verdict.order < before.limit || before.limit >= limit)
      return verdict.kind === "order" ? { ...verdict, order: Math.min(verdict.order, limit) } : verdict;
  }
  const verdict = worst(branches(setting).map((branch) => branchOrder(branch, question)));
  own.set(key, { verdict, limit });
  return verdict;
}

/** Kinds of grids that are told apart. */
export const reportedGrids = ["ratios", "smooth", "lambda", "rho", "time"] as const;

export interface StartStep {
  /** Number of steps made before. */
  readonly history: number;
  readonly rule: string;
  readonly order: number | undefined;
}

export interface OrderCertificate {
  readonly kind: "order" | "noise" | "undecided";
  readonly why?: string;
  readonly family: FamilyName;
  /** On generic schedules, by kind of grid; rules without history have one answer for all. `highestOrder` is that or more. */
  readonly orders: Readonly<Partial<Record<GridKind, number>>>;
  readonly start: readonly StartStep[];
  /** Steps of history the rule reads; states, predictions and carries together. */
  readonly history: number;
  readonly calls: number;
  readonly carries: readonly string[];
  readonly stability: Stability | undefined;
  readonly constant: ErrorConstant | undefined;
  readonly branches: number;
}

export interface CertifyOptions {
  readonly limit?: number;
  /** Without start rules, stability and constants: the order alone. */
  readonly brief?: boolean;
  /** Kinds of grids to tell apart, beside arbitrary ones; default: all that are reported. */
  readonly grids?: readonly GridKind[];
}

const severity = { stable: 0, "weakly stable": 1, unstable: 2 } as const;

/** The stability of a rule's recurrence, of several branches the worst; undefined when it is not linear with known coefficients. */
export function stabilityOf(setting: Setting, all = branches(setting)): Stability | undefined {
  let worst: Stability | undefined;
  for (const branch of all) {
    const found = decided(() =>
      stability(makeProblem({ branch, family: setting.family, grid: "lambda", seed: 1, order: 1 })),
    );
    if (isVerdict(found)) return undefined;
    if (!worst || severity[found.zero] > severity[worst.zero]) worst = found;
  }
  return worst;
}

/** Network calls of a step in the middle of a run. */
export const callsOf = (setting: Setting): number => Math.max(...branches(setting).map(callsPerStep));

/** Everything the deterministic certificate says of a solver. */
export function orderCertificate(setting: Setting, options: CertifyOptions = {}): OrderCertificate {
  const all = branches(setting);
  const [main] = all as [Branch, ...Branch[]];
  const depth = Math.max(...all.map((branch) => branch.depth));
  const carries = [...carriesRead(main).keys()];
  const multistep = depth > 0 || carries.length > 0;
  const orders: Partial<Record<GridKind, number>> = {};
  let kind: OrderCertificate["kind"] = "order";
  let why: string | undefined;
  const limit = options.limit ?? highestOrder;
  const question = { setting, limit } as const;
  const wanted: readonly GridKind[] = options.grids ?? reportedGrids;
  for (const grid of reportedGrids) {
    if (grid !== "ratios" && !(multistep && wanted.includes(grid))) continue;
    // Smooth grids have arbitrary ratios in the limit, and uniform grids are smooth.
    const floor = grid === "ratios" ? undefined : grid === "smooth" ? orders.ratios : orders.smooth;
    const verdict = certifyOrder({ ...question, grid, floor });
    if (verdict.kind === "order") orders[grid] = verdict.order;
    else {
      kind = verdict.kind;
      why = verdict.kind === "undecided" ? verdict.why : undefined;
      break;
    }
  }
  const brief = options.brief === true || kind !== "order";
  const order = Math.max(...Object.values(orders), 0);
  return {
    kind,
    ...(why === undefined ? {} : { why }),
    family: setting.family,
    orders,
    start: brief || !multistep ? [] : startSteps(setting, depth),
    history: depth,
    calls: Math.max(...all.map(callsPerStep)),
    carries,
    stability: stabilityOf(setting, all),
    // Of an order that may be higher than was looked for, the error is not known.
    constant: brief || order === 0 || order >= limit ? undefined : errorConstant(main, setting.family, order),
    branches: all.length,
  };
}

/** The order of each step made while the history is missing. */
function startSteps(setting: Setting, depth: number): readonly StartStep[] {
  return Array.from({ length: Math.max(depth, 1) }, (_, history): StartStep => {
    const early: Setting = { ...setting, history };
    const all = branches(early);
    const verdict = certifyOrder({ setting: early, grid: "ratios" });
    return {
      history,
      rule: all[0]?.graph.label ?? "",
      order: verdict.kind === "order" ? verdict.order : undefined,
    };
  });
}

/** The power of h in the error of the carries' initial values, or undefined without carries. */
export function carryStart(setting: Setting, grid: GridKind): number | undefined {
  const [first] = branches({ ...setting, history: 0 });
  const [main] = branches(setting);
  if (!first || !main || carriesRead(main).size === 0) return undefined;
  const result = decided(() => {
    const order = 4;
    const problem = makeProblem({ branch: main, family: setting.family, grid, seed: 1, order });
    const initial = settled({ ...problem, branch: first }, order) as ExactAlgebra;
    const carried = formalCarries(problem, initial.exact, order);
    let lowest = Infinity;
    for (const [name, carry] of first.graph.carries) {
      if (!carriesRead(main).has(name)) continue;
      const value = carry.atS?.();
      if (!value) continue;
      const found = agreement(problem.ring, initial.step(0).value(value), carried(name, 0));
      lowest = Math.min(lowest, found.order + 1);
    }
    return lowest;
  });
  return typeof result === "number" && Number.isFinite(result) ? result : undefined;
}

/** Why a consistent rule has no run order: Dahlquist, Math. Scand. 4 (1956): convergence is consistency and zero-stability. */
export function runFault({
  stability: found,
  history,
  carries,
}: OrderCertificate): { readonly kind: "diverges" | "undecided"; readonly why: string } | undefined {
  if (found?.fault !== undefined)
    return { kind: "diverges", why: `not zero-stable: its recurrence has ${found.fault}` };
  // The recurrence of a one-step rule has no root but 1.
  if (found || (history === 0 && carries.length === 0)) return undefined;
  return {
    kind: "undecided",
    why: "not known to be zero-stable: its recurrence has coefficients that are not numbers",
  };
}

/**
 * The order of a run: a step of order q that is made a fixed number of times costs h^(q+1). It is 0 or less where runs do
 * not converge.
 */
export function runOrder(
  certificate: OrderCertificate,
  setting: Setting,
  grid: GridKind,
): number | undefined {
  const fault = runFault(certificate);
  if (fault) return fault.kind === "diverges" ? 0 : undefined;
  const main = certificate.orders[grid] ?? certificate.orders.ratios;
  if (main === undefined) return undefined;
  const starts = certificate.start.flatMap((step) => (step.order === undefined ? [] : [step.order + 1]));
  const carried = certificate.carries.length > 0 ? carryStart(setting, grid) : undefined;
  return Math.min(main, ...starts, ...(carried === undefined ? [] : [carried + 1]));
}
