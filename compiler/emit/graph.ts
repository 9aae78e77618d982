// Owns: the step graphs of a run as text: what each step calls, how the next state is made, what every weight is.

import type { Expr } from "../algebra/expr.js";
import { print } from "../algebra/print.js";
import { simplify } from "../algebra/simplify.js";
import type { LoweredRun } from "../sampler/run.js";
import { stretchesOf, titleOf } from "./stretches.js";

/** Simplified, and in the language's own notation: `sigma'[s]` is the derivative by time. */
const formula = (value: Expr): string => print(simplify(value)).replace(/\b([a-z]+)Dot\[/g, "$1'[");

/** One paragraph for each stretch of steps with the same graph. */
export function emitGraph(run: LoweredRun): string {
  const paragraphs = stretchesOf(run).map((stretch) => {
    const { lines, weights } = stretch.text;
    return [
      titleOf(stretch, run.steps.length),
      ...lines.map((line) => `  ${line}`),
      ...weights.map(({ name, value }) => `    ${name} = ${formula(value)}`),
    ].join("\n");
  });
  return `${paragraphs.join("\n\n")}\n`;
}
