// Owns: the numbers of an error-controlled run: evaluating the host nodes of a plan. Pure; knows no tensors. The compiler
// fills the first attempt's row with it and the runtime all others, so both agree.

import { builtin } from "../algebra/builtins.js";
import type { HostNode, PlanControl, PlanTable } from "./schema.js";

/** Value of a table at x; NaN outside of it (1e-9 of its length is forgiven at the ends). */
export function tableValue({ ends, pieces }: PlanTable, x: number): number {
  const [first, last] = [ends[0] as number, ends[ends.length - 1] as number];
  const slack = 1e-9 * (last - first);
  if (!(x >= first - slack && x <= last + slack)) return NaN;
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x >= (ends[middle] as number)) low = middle;
    else high = middle - 1;
  }
  const [a, b] = [ends[low] as number, ends[low + 1] as number];
  return clenshaw(pieces[low] as readonly number[], (2 * x - a - b) / (b - a));
}

/** sum c_k T_k(u) (Clenshaw, Mathematics of Computation 9, 1955). */
function clenshaw(coefficients: readonly number[], u: number): number {
  let next = 0;
  let after = 0;
  for (let k = coefficients.length - 1; k > 0; k -= 1)
    [next, after] = [2 * u * next - after + (coefficients[k] as number), next];
  return u * next - after + (coefficients[0] as number);
}

/** Neumaier's compensated sum, as the algebra adds: levels are large beside the steps between them. */
function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

const arithmetic: Readonly<Record<string, (args: readonly number[]) => number>> = {
  add: sum,
  mul: (args) => args.reduce((product, x) => product * x, 1),
  div: ([a, b]) => (a as number) / (b as number),
  pow: ([a, b]) => Math.pow(a as number, b as number),
  neg: ([a]) => -(a as number),
};

function apply(node: HostNode, args: readonly number[], control: Pick<PlanControl, "tables">): number {
  if (node.op === "table") {
    const table = control.tables[node.table];
    return table ? tableValue(table, args[0] as number) : NaN;
  }
  const own = arithmetic[node.op];
  return own ? own(args) : (builtin(node.op)?.(...args) ?? NaN);
}

/** The nodes' values that need no reads; undefined for those that do. Complete with `finishHost`. */
export function startHost(
  control: Pick<PlanControl, "nodes" | "tables">,
  variables: readonly number[],
): (number | undefined)[] {
  return evaluate(control, [], variables, undefined);
}

/** All values, with what the attempt left. `started` are the values of `startHost`. */
export function finishHost(
  control: Pick<PlanControl, "nodes" | "tables">,
  started: readonly (number | undefined)[],
  variables: readonly number[],
  reads: readonly number[],
): readonly number[] {
  return evaluate(control, started, variables, reads) as number[];
}

function evaluate(
  control: Pick<PlanControl, "nodes" | "tables">,
  known: readonly (number | undefined)[],
  variables: readonly number[],
  reads: readonly number[] | undefined,
): (number | undefined)[] {
  const values: (number | undefined)[] = [];
  control.nodes.forEach((node, i) => {
    const before = known[i];
    if (before !== undefined) values.push(before);
    else if (node.op === "const") values.push(node.value);
    else if (node.op === "variable") values.push(variables[node.index]);
    else if (node.op === "read") values.push(reads?.[node.index]);
    else {
      const args = node.args.map((arg) => values[arg]);
      values.push(args.every((arg) => arg !== undefined) ? apply(node, args, control) : undefined);
    }
  });
  return values;
}
