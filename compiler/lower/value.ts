// Owns: what an expression of the language can mean while a step is lowered. Numbers are expressions of the algebra,
// tensors are linear forms over graph nodes with the level they live at; everything else is a static thing.

import type { Expr } from "../algebra/expr.js";
import type { Level, Point } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import { counter, counters, type Counter } from "../graph/quantity.js";
import type { Path } from "../path/path.js";
import type { Def } from "../resolve/module.js";
import type { Expression, Name } from "../syntax/ast.js";
import type { Scope } from "./scope.js";
import type { Prediction } from "./prediction.js";

/** Level of a tensor: a place on the path, data (x0, inputs), noise (eps, draws), or free (results of arithmetic). */
export type TensorLevel = Level | "data" | "noise" | "free";

export type Value =
  | { readonly kind: "number"; readonly expr: Expr }
  | { readonly kind: "tensor"; readonly value: Linear; readonly level: TensorLevel }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "point"; readonly point: Point }
  | {
      readonly kind: "function";
      readonly name: string;
      readonly params: readonly Name[];
      readonly body: Expression;
      readonly scope: Scope;
    }
  /** A function that the compiler provides to the spec, such as a path's quantity as a function of a coordinate. */
  | {
      readonly kind: "native";
      readonly name: string;
      readonly apply: (args: readonly NamedValue[], at: Expression) => Value;
    }
  | DefinitionValue
  /** The effective prediction of a solver, to be applied between two points. */
  | { readonly kind: "slope"; readonly solver: DefinitionValue }
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "prediction"; readonly prediction: Prediction }
  | { readonly kind: "input"; readonly name: string; readonly type: string }
  | { readonly kind: "brownian"; readonly path: string; readonly over: Expression; readonly scope: Scope }
  | { readonly kind: "increment"; readonly standard: Linear; readonly deviation: Expr }
  | { readonly kind: "none" };

/** A definition with the arguments given so far; applying it again adds arguments. */
export interface DefinitionValue {
  readonly kind: "definition";
  readonly def: Def;
  /** Definitions of other kinds with the same name; the place decides which is meant. */
  readonly others?: readonly Def[];
  readonly args: ReadonlyMap<string, Value>;
  /** The rule solved for its older state: `inverse(solver)`. */
  readonly inverted?: boolean;
  /** Do not turn to the solver's own `start` rules: the sampler states others. */
  readonly noStart?: boolean;
}

export interface NamedValue {
  readonly name: string | undefined;
  readonly value: Value;
  /** `p -> q` arguments. */
  readonly to: Value | undefined;
  readonly at: Expression;
}

/** How a kind of value is called in messages. */
export function describe(value: Value): string {
  switch (value.kind) {
    case "number":
      return "a number";
    case "tensor":
      return "a tensor";
    case "string":
      return "a string";
    case "list":
      return "a list";
    case "point":
      return "a point";
    case "function":
    case "native":
      return "a function";
    case "definition":
      return `a ${value.def.sort}`;
    case "slope":
      return "the slope of a solver";
    case "path":
      return "a schedule";
    case "prediction":
      return "the result of a call";
    case "input":
      return `an input (${value.type})`;
    case "brownian":
      return "a Brownian path";
    case "increment":
      return "a Brownian increment";
    case "none":
      return "`none`";
  }
}

export const numberValue = (expr: Expr): Value => ({ kind: "number", expr });
export const tensorValue = (value: Linear, level: TensorLevel): Value => ({ kind: "tensor", value, level });
export const pointValue = (point: Point): Value => ({ kind: "point", point });

/** The value of a counter of the run, such as `i`; undefined for other names. */
export const counterValue = (name: string): Value | undefined =>
  (counters as readonly string[]).includes(name) ? numberValue(counter(name as Counter)) : undefined;
