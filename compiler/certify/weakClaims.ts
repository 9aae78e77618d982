// Owns: claims of weak order against what is certified, and the words for a claim that is missed.

import { diagnostic } from "../diagnostics/report.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../source/span.js";
import { callsPerStep } from "./calls.js";
import type { GridKind } from "./gridSeries.js";
import { drawsOf } from "./order.js";
import { branches, type Setting } from "./setting.js";
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
  const all = branches(setting);
  if (all.every((branch) => callsPerStep(branch) === 0))
    return diagnostic("D0411", `declared weak order ${order}, but this rule never calls the model`, {
      at,
      label: "weak order 0",
      why: "what it draws does not depend on the model, so it samples no distribution that the model knows",
      help: "read a prediction, such as `x0[s]` or `eps[s]`, with a weight that is not zero",
    });
  const verdict = certifyWeakOrder({ setting, grid, limit: order });
  if (verdict.kind !== "order")
    return diagnostic(
      "D0413",
      `the weak order of this rule cannot be decided${verdict.kind === "undecided" ? `: ${verdict.why}` : ""}`,
      { at, help: "leave the claim out, or claim it for parameters for which it can be decided" },
    );
  if (verdict.order >= order) return undefined;
  const noisy = all.some((branch) => drawsOf(branch.graph).length > 0);
  const label = verdict.mismatch && describe(verdict.mismatch, noisy);
  if (verdict.order <= 0)
    return diagnostic("D0411", `declared weak order ${order}, but this rule is inconsistent`, {
      at,
      label: label ?? "weak order 0",
      ...inconsistency(verdict.mismatch, noisy),
    });
  // Increments of one path are not independent draws.
  const several = all.some(({ graph }) => drawsOf(graph).filter(({ kind }) => kind === "draw").length > 1);
  return diagnostic("D0412", `declared weak order ${order}, but this rule has weak order ${verdict.order}`, {
    at,
    label: label ?? `weak order ${verdict.order}`,
    help: `declare \`weak order ${verdict.order}\`${
      several ? "; overlapping noise of one step must come from one `brownian` path" : ""
    }`,
  });
}

const ordinals = ["", "mean", "second moment", "third moment", "fourth moment"] as const;

function inconsistency(
  mismatch: WeakMismatch | undefined,
  noisy: boolean,
): { readonly why?: string; readonly help: string } {
  if (!noisy) return { help: "claim `order 1`: it names the term that is wrong, and a repair" };
  if (mismatch && mismatch.power <= 0)
    return {
      help: "a step of no length leaves `x[s]` as it is: check the factors of the state and the predictions",
    };
  return {
    why: "with the noise level tau the drift is 1 + tau^2 times that of the flow",
    help: wayOut(mismatch?.noise),
  };
}

function wayOut(noise: number | undefined): string {
  if (noise === undefined)
    return "check the noise's scale against the drift: more noise needs a stronger pull towards the data";
  if (noise === Infinity) return "leave the noise out, or pull more strongly towards the data";
  return `divide the noise by ${shown(noise)}, or pull ${noise > 1 ? "more strongly" : "less"} towards the data`;
}

const shown = (x: number): string => String(Number(x.toPrecision(6)));

function describe({ moment, power, noise }: WeakMismatch, noisy: boolean): string {
  if (power <= 0) return "`x[t]` does not go to `x[s]` as the step shrinks";
  if (noise === Infinity) return "first mismatch at h: the drift is that of the flow, and noise is added";
  if (noise !== undefined)
    return `first mismatch at h, in the variance: the noise is ${shown(noise)} times what fits the drift`;
  const at = power === 2 ? "h" : power % 2 === 0 ? `h^${power / 2}` : `h^(${power}/2)`;
  const which = ordinals[moment] ?? `moment of order ${moment}`;
  return `first mismatch at ${at}, in the ${which} of a step of ${noisy ? "the reverse SDE with this noise" : "the flow: this rule draws no noise"}`;
}
