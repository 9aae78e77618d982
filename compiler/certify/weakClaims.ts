// Owns: claims of weak order against what is certified, and the words for a claim that is missed.

import { diagnostic } from "../diagnostics/report.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../source/span.js";
import type { GridKind } from "./gridSeries.js";
import type { Setting } from "./setting.js";
import { certifyWeakOrder, highestWeakOrder, type WeakMismatch } from "./weak.js";

/** The finding when a claim of weak order is not reached (D0411, D0412, D0413), else nothing. */
export function missedWeak(
  setting: Setting,
  { order, grid }: { readonly order: number; readonly grid: GridKind },
  at: Span,
): Diagnostic | undefined {
  if (order > highestWeakOrder)
    return diagnostic("D0413", `weak orders above ${highestWeakOrder} are not decided`, {
      at,
      help: `claim \`weak order ${highestWeakOrder}\` or less`,
    });
  const verdict = certifyWeakOrder({ setting, grid, limit: order });
  if (verdict.kind !== "order")
    return diagnostic(
      "D0413",
      `the weak order of this rule cannot be decided${verdict.kind === "undecided" ? `: ${verdict.why}` : ""}`,
      { at, help: "leave the claim out, or claim it for parameters for which it can be decided" },
    );
  if (verdict.order >= order) return undefined;
  const label = verdict.mismatch && describe(verdict.mismatch);
  if (verdict.order <= 0)
    return diagnostic("D0411", `declared weak order ${order}, but this rule is inconsistent`, {
      at,
      label: label ?? "weak order 0",
      why: "the mean or the variance of a step does not fit the noise that is added",
      help: "check the noise's scale against the drift: more noise needs a stronger pull towards the data",
    });
  return diagnostic("D0412", `declared weak order ${order}, but this rule has weak order ${verdict.order}`, {
    at,
    label: label ?? `weak order ${verdict.order}`,
    help: `declare \`weak order ${verdict.order}\`; overlapping noise of one step must come from one \`brownian\` path`,
  });
}

const ordinals = ["", "mean", "second moment", "third moment", "fourth moment"] as const;

function describe({ moment, power }: WeakMismatch): string {
  const at = power === 2 ? "h" : power % 2 === 0 ? `h^${power / 2}` : `h^(${power}/2)`;
  const which = ordinals[moment] ?? `moment of order ${moment}`;
  return `first mismatch at ${at}, in the ${which} of a step of the reverse SDE with this noise`;
}
