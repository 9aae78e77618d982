// Owns: `noise` of a step and `repeat`, whose passes have draws of their own.

import { fail } from "../diagnostics/report.js";
import { limits } from "../limits.js";
import type { Expression, Statement } from "../syntax/ast.js";
import { evaluate, integer, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import { Scope } from "./scope.js";
import { tensorValue, type Value } from "./value.js";

const distributions: readonly string[] = ["normal", "rademacher", "gumbel"];

export class Noises {
  /** The pass of the `repeat`s around the statement being lowered; 0 outside them. */
  #pass = 0;

  constructor(readonly frame: Frame) {}

  declare(statement: Extract<Statement, { kind: "Noise" }>, scope: Scope): void {
    const { step, path: outer } = this.frame;
    for (const name of statement.names) {
      const path = `${outer}${name.text}`;
      const draw = (distribution: string): Value =>
        tensorValue(
          step.graph.leaf({
            kind: "draw",
            path,
            distribution,
            fixed: statement.fixed,
            pass: statement.fixed ? 0 : this.#pass,
          }),
          "noise",
        );
      const pass = this.#pass;
      scope.declare(name.text, {
        seq: -1,
        at: name.span,
        used: false,
        read: (seq) => {
          const before = this.#pass;
          this.#pass = pass;
          try {
            return statement.value ? this.#shaped(statement.value, draw, scope, seq) : draw("normal");
          } finally {
            this.#pass = before;
          }
        },
      });
    }
  }

  /** `normal*mask`, `rademacher`, ...: a function of one draw. */
  #shaped(value: Expression, draw: (distribution: string) => Value, scope: Scope, seq: number): Value {
    const inner = new Scope(scope, {
      name: (name) => (distributions.includes(name) ? draw(name) : undefined),
      names: () => distributions,
    });
    const result = toTensor(evaluate(value, inner, seq, this.frame.step), value.span);
    return tensorValue(result.value, "noise");
  }

  /** Lowers every pass of a `repeat` in a scope of its own. */
  repeat(
    statement: Extract<Statement, { kind: "Repeat" }>,
    scope: Scope,
    seq: number,
    lower: (inner: Scope) => void,
  ): void {
    const { step, body } = this.frame;
    const count = integer(evaluate(statement.count, scope, seq, step), statement.count.span, step);
    if (count > limits.passes)
      fail("D0806", `a \`repeat\` of more than ${limits.passes} passes is too long to unroll`, {
        at: statement.count.span,
      });
    const outer = this.#pass;
    for (let i = 0; i < count; i += 1) {
      this.#pass = outer * count + i;
      const inner = new Scope(scope);
      // Every pass has its own draws.
      for (const candidate of body.around) if (candidate.kind === "Noise") this.declare(candidate, inner);
      lower(inner);
    }
    this.#pass = outer;
  }
}
