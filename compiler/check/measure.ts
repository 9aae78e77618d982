// Owns: what an expression is as far as units go, the names it may use, and the units of quantities and views.

import type { Expression, LetStmt, Name } from "../syntax/ast.js";
import { data, plain, power, stateAt, times, type Unit } from "./unit.js";

/** What an expression is, as far as units go. `any` fits everything: 0, times, velocities, what is not known. */
export type Measure =
  | { readonly kind: "any"; readonly zero?: boolean }
  | {
      readonly kind: "unit";
      readonly unit: Unit;
      /** Made of parameters and literals only: its unit is what it is compared with. */
      readonly free: boolean;
      /** How often a lambda is added in: exp(lambda) is measured in 1/x0. */
      readonly logs: number;
    }
  | { readonly kind: "point"; readonly level: string }
  | { readonly kind: "list"; readonly items: readonly Measure[]; readonly each: Measure }
  | {
      readonly kind: "function";
      readonly params: readonly Name[];
      readonly body: Expression;
      readonly scope: UnitScope;
    };

export const any: Measure = { kind: "any" };
export const zero: Measure = { kind: "any", zero: true };
export const of = (unit: Unit, free = false, logs = 0): Measure => ({ kind: "unit", unit, free, logs });
export const number: Measure = of(plain);

export class UnitScope {
  readonly #names = new Map<string, () => Measure>();
  constructor(readonly parent?: UnitScope) {}

  add(name: string, read: () => Measure): void {
    let known: Measure | undefined;
    let reading = false;
    this.#names.set(name, () => {
      if (known) return known;
      if (reading) return any;
      reading = true;
      known = read();
      return known;
    });
  }

  find(name: string): Measure | undefined {
    return this.#names.get(name)?.() ?? this.parent?.find(name);
  }
}

/** Unit of a quantity or view at a level. */
export function viewUnit(name: string, level: string | undefined): Measure {
  switch (name) {
    case "x0":
    case "rho":
      return of(data);
    case "eps":
      return number;
    case "lambda":
      return of(plain, false, 1);
    default:
      break;
  }
  if (level === undefined) return any;
  switch (name) {
    case "x":
    case "sigma":
      return of(stateAt(level));
    case "alpha":
      return of(times(stateAt(level), data, -1));
    case "score":
      return of(power(stateAt(level), -1));
    default:
      return any;
  }
}

export function elementOf(m: Measure, index: Expression): Measure {
  if (m.kind !== "list") return any;
  const at = literal(index);
  return (at === undefined ? undefined : m.items[at]) ?? m.each;
}

export const isPlain = (m: Measure): boolean => m.kind === "unit" && m.unit.size === 0;
export const isLiteral = (e: Expression): boolean => literal(e) !== undefined;

/** The value of a literal number, also with a sign or as a fraction. */
export function literal(e: Expression): number | undefined {
  switch (e.kind) {
    case "Paren":
      return literal(e.inner);
    case "Number":
      return Number(e.text);
    case "Unary": {
      const inner = literal(e.operand);
      return inner === undefined || e.op !== "-" ? undefined : -inner;
    }
    case "Binary": {
      const [a, b] = [literal(e.left), literal(e.right)];
      if (a === undefined || b === undefined) return undefined;
      return e.op === "/" ? a / b : e.op === "*" ? a * b : undefined;
    }
    default:
      return undefined;
  }
}

/** Lambdas in a product: scaled by a literal; with anything else the result says nothing. */
export function factorLogs(
  left: number,
  right: Expression,
  rightLogs: number,
  leftOf: Expression,
  op: "*" | "/",
): number | undefined {
  if (left === 0 && rightLogs === 0) return 0;
  if (rightLogs === 0) {
    const factor = literal(right);
    return factor === undefined ? undefined : op === "*" ? left * factor : left / factor;
  }
  const factor = literal(leftOf);
  return factor === undefined || op === "/" || left !== 0 ? undefined : rightLogs * factor;
}

/** `s-1`, `s-k`: a level by its text. */
export function levelText(e: Expression, base: string): string {
  if (e.kind !== "Binary") return base;
  const by = e.right.kind === "Number" || e.right.kind === "Name" ? e.right.text : "...";
  return `${levelText(e.left, base)}${e.op}${by}`;
}

export const functionOf = (node: LetStmt, scope: UnitScope): Measure => ({
  kind: "function",
  params: node.params ?? [],
  body: node.value,
  scope,
});
