// Owns: zju-pi/diff-sampler: iPNDM and DEIS with alpha = 1. DEIS runs with the weights the reference computed (a
// rectangle rule, and in one mode weights left over from an earlier step), which are recorded with the case.

import { FormatError, toNumber, type Case, type Json } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  noNoise,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

/** "Analytic first step": the first evaluation is that of unit data. */
const firstStep = "guidance first_without_call { when first { eps = x/sqrt(1 + rho^2) } }";

/** Weights of one step; none: Euler. */
function weightsOf(entry: Case): readonly (readonly number[])[] {
  const wrong = (): never => {
    throw new FormatError(`${entry.fields.where}: 'deis_coefficients' is not a list of lists of numbers`);
  };
  const rows = entry.fields.get("deis_coefficients");
  if (!Array.isArray(rows)) return wrong();
  return (rows as readonly Json[]).map((row) =>
    Array.isArray(row) ? (row as readonly Json[]).map((value) => toNumber(value) ?? wrong()) : wrong(),
  );
}

function weighted(rows: readonly (readonly number[])[]): string {
  const longest = Math.max(...rows.map((row) => row.length));
  const branches = Array.from({ length: longest }, (_, i) => longest - i)
    .filter((count) => rows.some((row) => row.length === count))
    .map(
      (count) =>
        `when count[step] == ${count} { x[t] = x[s] + sum(weights[step][j]*eps[s-j], j in 0 .. ${count - 1}) }`,
    );
  const table = rows.map((row) => list(row.length === 0 ? [0] : row)).join(", ");
  return `solver weighted(weights = [${table}], count = ${list(rows.map((row) => row.length))}) {
  step {
    ${[...branches, "{ x[t] = x[s] + (rho[t] - rho[s])*eps[s] }"].join("\n    else ")}
  }
}`;
}

export function diffSampler(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, [
    "num_steps",
    "sigma_min",
    "sigma_max",
    "schedule_type",
    "schedule_rho",
    "afs",
    "denoise_to_zero",
    "max_order",
    "deis_mode",
  ]);
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  const sigmas = entry.grid.numbers("sigma");
  const steps = sigmas.length - 1;
  const analytic = options.flag("afs");
  const toZero = options.flag("denoise_to_zero");
  const definitions: string[] = [];
  let solver: string;
  if (entry.solver === "ipndm_sampler") solver = call("ipndm", { k: options.number("max_order") });
  else if (entry.solver === "deis_sampler_tab" || entry.solver === "deis_sampler_rhoab") {
    definitions.push(weighted(weightsOf(entry)));
    solver = "weighted";
  } else return unsupported(`the sampler '${entry.solver}' is not mapped to a solver`);
  if (analytic) definitions.push(firstStep);
  const { guidance, ...models } = guided(entry);
  const trajectory = Array.from({ length: entry.trajectory?.length ?? 0 }, (_, k): Recorded =>
    k === steps ? "result" : k + 1,
  );
  return {
    text: samplerText({
      definitions,
      schedule: exploding(sigmas),
      predicts: "x0",
      guidance: [...guidance, ...(analytic ? ["first_without_call"] : [])],
      grid: `given(rhos: ${list(sigmas)})`,
      solver,
      output: toZero ? "x0[end]" : undefined,
    }),
    ...models,
    noise: noNoise,
    trajectory,
  };
}
