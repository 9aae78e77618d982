// Owns: `quantity g = e` of a solver: a linear form in the state, the views and the path at one point (language reference,
// section 15.1). It is read at points like a view, and integrated through its form.

import { fail } from "../diagnostics/report.js";
import type { Point } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import type { Span } from "../source/span.js";
import type { Expression } from "../syntax/ast.js";
import { evaluate } from "./expression.js";
import { NOW } from "./forecast.js";
import type { Frame } from "./frame.js";
import { quantityPlace } from "./prediction.js";
import { Scope, type Place } from "./scope.js";
import { linearForm, type LinearForm } from "./semilinear.js";
import { tensorValue, type Value } from "./value.js";

interface Declared {
  readonly value: Expression;
  readonly scope: Scope;
}

export class DeclaredQuantities {
  readonly #declared = new Map<string, Declared>();
  /** Those being evaluated, to find cycles. */
  readonly #open = new Set<Expression>();

  constructor(readonly frame: Frame) {}

  declare(name: string, value: Expression, scope: Scope): void {
    this.#declared.set(name, { value, scope });
  }

  has(name: string): boolean {
    return this.#declared.has(name);
  }

  #names(): readonly string[] {
    return ["x", "x0", "eps", ...this.#declared.keys()];
  }

  #value(own: Declared, place: Place, seq: number): Value {
    if (this.#open.has(own.value))
      return fail("D0305", "this quantity depends on itself", { at: own.value.span });
    this.#open.add(own.value);
    try {
      return evaluate(own.value, new Scope(own.scope, place), seq, this.frame.step);
    } finally {
      this.#open.delete(own.value);
    }
  }

  /** The quantity at a point: its names mean the state, the views and the path there. */
  at(name: string, point: Point, at: Span, seq: number): Value | undefined {
    const own = this.#declared.get(name);
    if (!own) return undefined;
    const { frame } = this;
    const place = quantityPlace(point.level, {
      name: (inner) => {
        if (inner === "x") return tensorValue(frame.xAt(point, at, seq).value, "free");
        return frame.isPrediction(inner) ? frame.viewAt(inner, point, at, seq) : undefined;
      },
      names: () => this.#names(),
    });
    return this.#value(own, place, seq);
  }

  /** A view or quantity as a linear form in the state and the data prediction, at NOW. */
  form(name: string, at: Span): LinearForm | undefined {
    const { step } = this.frame;
    const { conversions } = step;
    const own = this.#declared.get(name);
    const unknown = (of: string): Linear => conversions.unknown(of);
    const endpoints = new Map(conversions.endpointNames.map((of) => [of, unknown(of)]));
    if (!own) {
      const view = name === "raw" ? step.cx.model.networks[0]?.view : conversions.viewNamed(name);
      return view && linearForm(conversions.viewFrom(view, endpoints, unknown("x"), NOW, at), conversions);
    }
    const place = quantityPlace(NOW, {
      name: (of) => {
        if (of === "x" || endpoints.has(of)) return tensorValue(unknown(of), "free");
        const inner = this.#declared.get(of);
        if (inner) return this.#value(inner, place, 0);
        const view = conversions.viewNamed(of);
        return view && tensorValue(conversions.viewFrom(view, endpoints, unknown("x"), NOW, at), "free");
      },
      names: () => this.#names(),
    });
    const value = this.#value(own, place, 0);
    return value.kind === "tensor" ? linearForm(value.value, conversions) : undefined;
  }
}
