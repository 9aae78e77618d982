// Owns: the formal solution of a rule's carries. On a periodic grid a carry that has settled is a series in h whose
// coefficient of h^n is, for every phase of the period, a polynomial of degree n in the number of the period; the
// recurrence of the rule gives these polynomials order by order (mathematics.md, section 4).

import type { Linear, Node } from "../graph/node.js";
import type { CarryExport, StepGraph } from "../lower/template.js";
import { ExactAlgebra, type Carries, type Exact, type Problem, type Vector } from "./exactAlgebra.js";
import { NotDecidable } from "./evaluateStep.js";
import { fixedField } from "./fixed.js";
import type { Laurent } from "./laurent.js";
import { LinearTest } from "./linearTest.js";
import type { Branch } from "./setting.js";

const { one, mul, div } = fixedField;

interface Unknown {
  readonly name: string;
  /** Value at s (0) or at t (1) of the step that assigns it. */
  readonly at: 0 | 1;
  readonly value: Linear;
}

const read = new WeakMap<StepGraph, ReadonlyMap<string, CarryExport>>();

/** The carries that the state, a given prediction or another such carry reads; those kept for step control alone are not. */
export function carriesRead({ graph, given }: Branch): ReadonlyMap<string, CarryExport> {
  const known = read.get(graph);
  if (known) return known;
  const found = new Map<string, CarryExport>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "linear") open.push(node.value);
    else if (node.kind === "call") open.push(node.site.state, ...node.site.inputs);
    else if (node.kind === "output") visit(node.call);
    else if (node.kind === "map")
      node.args.forEach((arg) => (arg.kind === "number" ? undefined : visit(arg)));
    else if (node.kind === "reduce") node.args.forEach(visit);
    else if (node.leaf.kind === "view" && node.leaf.place !== "")
      open.push(graph.view(node.leaf.place, node.leaf.view));
    else if (node.leaf.kind === "carry" && !found.has(node.leaf.name)) {
      const carry = graph.carries.get(node.leaf.name);
      if (!carry) return;
      found.set(node.leaf.name, carry);
      for (const value of [carry.atS?.(), carry.atT?.()]) if (value) open.push(value);
    }
  };
  const open: Linear[] = [...(graph.next ? [graph.next] : []), ...(given?.endpoints.values() ?? [])];
  for (let value = open.pop(); value; value = open.pop()) [...value.terms.keys()].forEach(visit);
  read.set(graph, found);
  return found;
}

/** A carry and the way a step assigns it. */
export function carryRules(problem: Problem): readonly Unknown[] {
  return [...carriesRead(problem.branch)].map(([name, carry]) => {
    if (carry.atT) return { name, at: 1 as const, value: carry.atT() };
    if (carry.atS) return { name, at: 0 as const, value: carry.atS() };
    throw new NotDecidable(`the carry \`${name}\` is never assigned`);
  });
}

const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** Coefficients of the polynomial through (x_k, y_k), x_k = 0, -1, -2, ... */
function interpolate(values: readonly bigint[]): bigint[] {
  let result: bigint[] = [];
  let basis: bigint[] = [one];
  const differences = [...values];
  for (let k = 0; k < values.length; k += 1) {
    const top = differences[0] as bigint;
    result = Array.from(
      { length: Math.max(result.length, basis.length) },
      (_, i) => (result[i] ?? 0n) + mul(top, basis[i] ?? 0n),
    );
    // Newton's form with nodes -k: divided differences over spacing -1.
    for (let i = 0; i + 1 < differences.length - k; i += 1)
      differences[i] = ((differences[i] as bigint) - (differences[i + 1] as bigint)) / BigInt(k + 1);
    const next = new Array<bigint>(basis.length + 1).fill(0n);
    basis.forEach((c, i) => {
      next[i + 1] = (next[i + 1] as bigint) + c;
      next[i] = (next[i] as bigint) + c * BigInt(k);
    });
    basis = next;
  }
  return result;
}

/** binomial(a, b) x^(a-b), the coefficient of m^b in (m + x)^a. */
function shiftCoefficient(a: number, b: number, x: number): bigint {
  let value = 1n;
  for (let i = 0; i < b; i += 1) value = (value * BigInt(a - i)) / BigInt(i + 1);
  return value * BigInt(x) ** BigInt(a - b);
}

/** Solves a dense system; undefined when it is singular. */
function solve(matrix: bigint[][], right: bigint[]): bigint[] | undefined {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] as bigint]);
  const size = (x: bigint | undefined): bigint => (x === undefined ? 0n : x < 0n ? -x : x);
  for (let column = 0; column < n; column += 1) {
    let pivot = column;
    for (let r = column + 1; r < n; r += 1)
      if (size(rows[r]?.[column]) > size(rows[pivot]?.[column])) pivot = r;
    const top = rows[pivot] as bigint[];
    if (size(top[column]) < one >> 100n) return undefined;
    rows[pivot] = rows[column] as bigint[];
    rows[column] = top;
    for (let r = 0; r < n; r += 1) {
      const row = rows[r] as bigint[];
      if (r === column || row[column] === 0n) continue;
      const factor = div(row[column] as bigint, top[column] as bigint);
      for (let k = column; k <= n; k += 1) row[k] = (row[k] as bigint) - mul(factor, top[k] as bigint);
    }
  }
  return rows.map((row, i) => div(row[n] as bigint, row[i] as bigint));
}

export function formalCarries(problem: Problem, exact: Exact, order: number): Carries {
  const { ring, grid, model } = problem;
  const unknowns = carryRules(problem);
  const { period } = grid;
  const index = new Map(unknowns.map((unknown, i) => [unknown.name, i]));
  // polynomials[carry][phase][dimension][n]: coefficients in the number of the period.
  const polynomials: bigint[][][][][] = unknowns.map(() =>
    Array.from({ length: period }, () => Array.from({ length: model.dimension }, () => [])),
  );
  const valueAt: Carries = (name, at) => {
    const i = index.get(name);
    if (i === undefined) throw new NotDecidable(`the carry \`${name}\` is not assigned by this rule`);
    const phase = modulo(at, period);
    const m = BigInt((at - phase) / period);
    return (polynomials[i]?.[phase] as bigint[][][]).map((orders): Laurent => {
      const c = orders.map((polynomial) => polynomial.reduceRight((sum, x) => sum * m + x, 0n));
      return ring.of(ring.series.from(c));
    });
  };
  const evaluate = (unknown: Unknown, at: number): Vector =>
    new ExactAlgebra(problem, exact, valueAt).step(at - unknown.at).value(unknown.value);
  const links = recurrence(problem, unknowns);

  for (let n = 0; n <= order; n += 1) {
    const samples = Array.from({ length: n + 1 }, (_, k) => -k);
    const width = period * (n + 1);
    const size = unknowns.length * width;
    const place = (carry: number, phase: number, power: number): number =>
      carry * width + phase * (n + 1) + power;
    // (q - M q shifted) = what the known orders give.
    const matrix = Array.from({ length: size }, () => new Array<bigint>(size).fill(0n));
    for (let carry = 0; carry < unknowns.length; carry += 1)
      for (let phase = 0; phase < period; phase += 1)
        for (let power = 0; power <= n; power += 1) {
          const row = matrix[place(carry, phase, power)] as bigint[];
          const own = place(carry, phase, power);
          row[own] = (row[own] as bigint) + one;
          for (const link of links(carry, phase)) {
            const other = modulo(phase - link.offset, period);
            const by = (phase - link.offset - other) / period;
            for (let from = power; from <= n; from += 1) {
              const column = place(link.carry, other, from);
              row[column] = (row[column] as bigint) - link.factor * shiftCoefficient(from, power, by);
            }
          }
        }
    const rights = Array.from({ length: model.dimension }, () => new Array<bigint>(size).fill(0n));
    for (const [carry, unknown] of unknowns.entries())
      for (let phase = 0; phase < period; phase += 1) {
        const values = samples.map((m) => evaluate(unknown, phase + m * period));
        for (let d = 0; d < model.dimension; d += 1) {
          const known = values.map((value) => {
            const v = value[d] as Laurent;
            if (v.shift < 0 && n === 0) ring.power(v);
            return ring.coefficient(v, n) ?? 0n;
          });
          interpolate(known).forEach((c, power) => {
            (rights[d] as bigint[])[place(carry, phase, power)] = c;
          });
        }
      }
    for (let d = 0; d < model.dimension; d += 1) {
      const solution = solve(matrix, rights[d] as bigint[]);
      if (!solution)
        throw new NotDecidable("the carried value does not settle: its recurrence keeps its initial value");
      for (let carry = 0; carry < unknowns.length; carry += 1)
        for (let phase = 0; phase < period; phase += 1)
          (polynomials[carry]?.[phase]?.[d] as bigint[][])[n] = solution.slice(
            place(carry, phase, 0),
            place(carry, phase, 0) + n + 1,
          );
    }
  }
  for (const unknown of unknowns)
    check(unknown, evaluate(unknown, 1), valueAt(unknown.name, 1), problem, order);
  return valueAt;
}

/** The recurrence at h = 0, by carry and phase. */
function recurrence(
  problem: Problem,
  unknowns: readonly Unknown[],
): (carry: number, phase: number) => { carry: number; offset: number; factor: bigint }[] {
  const { ring } = problem;
  const test = new LinearTest(problem);
  const memo = new Map<string, { carry: number; offset: number; factor: bigint }[]>();
  return (carry, phase) => {
    const key = `${carry} ${phase}`;
    const known = memo.get(key);
    if (known) return known;
    const unknown = unknowns[carry] as Unknown;
    const made: { carry: number; offset: number; factor: bigint }[] = [];
    for (const [symbol, byPower] of test.of(unknown.value, phase - unknown.at)) {
      const other = unknowns.findIndex((candidate) => symbol.startsWith(`carry ${candidate.name}@`));
      const value = byPower[0];
      if (other < 0 || !value) continue;
      const factor = ring.coefficient(value, 0) ?? 0n;
      // Symbols count back from the grid point 0; the assigned value lies at `phase`.
      const at = -Number(symbol.slice(symbol.lastIndexOf("@") + 1));
      if (!fixedField.isZero(factor)) made.push({ carry: other, offset: phase - at, factor });
    }
    memo.set(key, made);
    return made;
  };
}

const tolerance = one >> 110n;

function check(unknown: Unknown, again: Vector, value: Vector, problem: Problem, order: number): void {
  const { ring } = problem;
  value.forEach((v, d) => {
    for (let n = 0; n <= order; n += 1) {
      const known = ring.coefficient(v, n) ?? 0n;
      const miss = (ring.coefficient(again[d] as Laurent, n) ?? 0n) - known;
      const allowed = mul(tolerance, one + (known < 0n ? -known : known));
      if (miss > allowed || miss < -allowed)
        throw new NotDecidable(`the carry \`${unknown.name}\` enters its own recurrence through the network`);
    }
  });
}
