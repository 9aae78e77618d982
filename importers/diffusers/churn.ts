// Owns: churn as diffusers' Euler schedulers have it, where noise is added between the network's call and the step.

import type { Imported, State } from "../imported.js";
import type { Options } from "../options.js";
import { call, line, literal, type Line } from "../text.js";

/** The state at `to` after the Euler step from `hat`, the state with the noise; the network was called at `from`. */
type Mean = (from: string, hat: string, to: string) => string;

export interface Churn {
  /** Comments above the solver. */
  readonly why: string;
  /** `let` lines of the solver. */
  readonly lets?: readonly string[];
  readonly mean: Mean;
  /** Entries of the list of sigmas, less one: `s_churn` is divided by it. */
  readonly intervals: number;
  /** The list repeats its last level, and the call there adds noise too. */
  readonly repeats: boolean;
}

/** States where the last of `n` calls is at a level that is there twice; with churn it is the end of the step before. */
export const repeatedStates =
  (n: number, churns: boolean): Imported["states"] =>
  (calls): readonly State[] =>
    Array.from({ length: calls }, (_, k) => (churns && k === n - 2 ? null : Math.min(k + 1, n - 1)));

/** The rule, when `s_churn` is on. */
export function lateChurn(
  args: Options,
  make: () => Churn,
):
  | { readonly definitions: readonly string[]; readonly solver: Line; readonly draw: Imported["draw"] }
  | undefined {
  const amount = args.number("s_churn", 0);
  const low = args.number("s_tmin", 0);
  const high = args.number("s_tmax", Infinity);
  const noise = args.number("s_noise", 1);
  if (amount === 0) return undefined;
  const { why, lets = [], mean, intervals, repeats } = make();
  const step = `x[t] = ${mean("s", "hat", "t")}`;
  const twice = [
    "    when last {",
    "      // The list repeats its last level: one more call there, whose noise the step takes out again.",
    "      point e at t",
    `      x[e] = ${mean("s", "hat", "e")}`,
    "      point up at rho = (1 + gamma(e))*rho[e]",
    "      x[up] = renoise(e -> up, noise: S_noise*w)",
    `      x[t] = ${mean("e", "up", "t")}`,
    "    }",
    `    else { ${step} }`,
  ];
  const solver = [
    why,
    "solver late_churn(S_churn, S_min, S_max, S_noise) {",
    `  noise z${repeats ? ", w" : ""}`,
    ...lets.map((item) => `  ${item}`),
    "  step {",
    "    let gamma(q) = where(S_min <= rho[q] <= S_max, min(S_churn, sqrt(2) - 1), 0)",
    "    point hat at rho = (1 + gamma(s))*rho[s]",
    "    x[hat] = renoise(s -> hat, noise: S_noise*z)",
    ...(repeats ? twice : [`    ${step}`]),
    "  }",
    "}",
  ].join("\n");
  // A tensor is drawn only where noise is added.
  const drawn = (sigmas: readonly number[]): number =>
    sigmas.filter((sigma) => low <= sigma && sigma <= high).length;
  return {
    definitions: [solver],
    solver: line(
      call("late_churn", {
        S_churn: `${literal(amount)}/${intervals}`,
        S_min: low,
        S_max: high,
        S_noise: noise,
      }),
      `s_churn is divided by the length of the list of sigmas less one, ${intervals}.`,
    ),
    draw: (path, index, sigmas) => drawn(sigmas.slice(0, path === "w" ? index + 1 : index)),
  };
}
