// Owns: zju-pi/diff-sampler: its solvers with alpha = 1. DEIS runs with the weights the reference computed (a rectangle
// rule, and in one mode weights left over from an earlier step), which are recorded with the case.

import { FormatError, toNumber, type Case, type Json } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  literal,
  noNoise,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { byOrder } from "./dpmsolver.js";
import { exploding } from "./paths.js";

/** "Analytic first step": the first evaluation, not those of later stages of the step, is that of unit data. */
const firstStep = (top: number): string =>
  `guidance first_without_call { when first and rho > ${literal(top * (1 - 1e-9))} { eps = x/sqrt(1 + rho^2) } }`;

/** What the data forms of DPM-Solver and UniPC work on, with fixed numbers; the closing denoising is left alone. */
const thresholdInSteps = `guidance threshold_in_steps {
  let k = max(1, quantile(abs(x0), 0.995))
  when step < steps { x0 = clamp(x0, -k, k)/k }
}`;

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

/** A multistep rule on eps and x/alpha whose weights are given, step by step; a step without weights is Euler's. */
export function weighted(rows: readonly (readonly number[])[]): string {
  const longest = Math.max(...rows.map((row) => row.length));
  const branches = Array.from({ length: longest }, (_, i) => longest - i)
    .filter((count) => rows.some((row) => row.length === count))
    .map(
      (count) =>
        `when count[step] == ${count} { x[t]/alpha[t] = x[s]/alpha[s] + sum(weights[step][j]*eps[s-j], j in 0 .. ${count - 1}) }`,
    );
  const table = rows.map((row) => list(row.length === 0 ? [0] : row)).join(", ");
  return `solver weighted(weights = [${table}], count = ${list(rows.map((row) => row.length))}) {
  step {
    ${[...branches, "{ x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])*eps[s] }"].join("\n    else ")}
  }
}`;
}

/** What a solver's name and options make of the sampler. */
interface Rule {
  readonly solver: string;
  readonly definitions?: readonly string[];
  /** The data predictions of its steps are thresholded. */
  readonly thresholded?: boolean;
}

type Reader = (entry: Case, steps: number) => Rule;

const common = [
  "num_steps",
  "sigma_min",
  "sigma_max",
  "schedule_type",
  "schedule_rho",
  "afs",
  "denoise_to_zero",
];

const orderOf = ({ options }: Case, highest: number): number => {
  const order = options.number("max_order");
  return Number.isInteger(order) && order >= 1 && order <= highest
    ? order
    : unsupported(`max_order ${order}, which is refused there`);
};

/** `planned` chooses among rules by step: each distinct rule has a number. */
function planned(rules: readonly string[]): Rule {
  const distinct = [...new Set(rules)];
  return {
    solver: "planned",
    definitions: [
      byOrder(
        rules.map((rule) => distinct.indexOf(rule)),
        Object.fromEntries(distinct.map((rule, i) => [i, rule])),
      ),
    ],
  };
}

/** Multistep DPM-Solver(++): the order rises at the start and, on request, falls at the end. */
const dpmPp: Reader = (entry, steps) => {
  const { options } = entry;
  const top = orderOf(entry, 3);
  const data = options.flag("predict_x0", true);
  const falls = options.flag("lower_order_final", true);
  const rules = data
    ? ["ddim(s -> t)", "dpmpp_2m(s -> t)", "dpmpp_3m(s -> t)"]
    : ["dpm_solver_1(s -> t)", "dpm_solver_2m(s -> t)", "dpm_solver_3m(s -> t)"];
  const order = (k: number): number => (k + 1 < top ? k + 1 : Math.min(top, falls ? steps - k : top));
  return {
    ...planned(Array.from({ length: steps }, (_, k) => rules[order(k) - 1] as string)),
    thresholded: data,
  };
};

/** UniPC: no corrector in the last step, unless the history is still being filled there. */
const uniPc: Reader = (entry, steps) => {
  const { options } = entry;
  const top = orderOf(entry, 3);
  const data = options.flag("predict_x0", true);
  const falls = options.flag("lower_order_final", true);
  const variant = quoted(oneOf("variant", options.text("variant", "bh2"), ["bh1", "bh2"]));
  const name = data ? "unipc" : "unipc_eps";
  const rule = (k: number): string => {
    const filling = k + 1 < top;
    const p = filling ? k + 1 : Math.min(top, falls ? steps - k : top);
    if (filling || k < steps - 1) return `${name}(s -> t, p: ${p}, variant: ${variant})`;
    return `${name}_p(s -> t, p: ${p}, variant: ${variant})`;
  };
  return { ...planned(Array.from({ length: steps }, (_, k) => rule(k))), thresholded: data };
};

/** With one point of history none is kept, and the release stops at its second step. */
const withHistory =
  (name: string): Reader =>
  (entry) => {
    const k = orderOf(entry, 4);
    return k === 1
      ? unsupported("max_order 1, which stops with an error there")
      : { solver: call(name, { k }) };
  };

const deis: Reader = (entry) => ({ solver: "weighted", definitions: [weighted(weightsOf(entry))] });

/** Each solver, and the options it has beside the common ones. */
const solvers: Readonly<Record<string, readonly [read: Reader, ...options: string[]]>> = {
  euler_sampler: [() => ({ solver: "euler" })],
  heun_sampler: [() => ({ solver: "heun" })],
  dpm_2_sampler: [({ options }) => ({ solver: call("dpm_2", { r: options.number("r", 0.5) }) }), "r"],
  ipndm_sampler: [withHistory("ipndm"), "max_order"],
  ipndm_v_sampler: [withHistory("ipndm_v"), "max_order"],
  deis_sampler_tab: [deis, "max_order", "deis_mode"],
  deis_sampler_rhoab: [deis, "max_order", "deis_mode"],
  dpm_pp_sampler: [dpmPp, "max_order", "predict_x0", "lower_order_final"],
  unipc_sampler: [uniPc, "max_order", "predict_x0", "lower_order_final", "variant"],
};

export function diffSampler(entry: Case): Replay {
  const { options } = entry;
  const [read, ...own] =
    solvers[entry.solver] ?? unsupported(`the sampler '${entry.solver}' is not mapped to a solver`);
  checkNames(options, [...common, ...own]);
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  const sigmas = entry.grid.numbers("sigma");
  const steps = sigmas.length - 1;
  const analytic = options.flag("afs");
  const toZero = options.flag("denoise_to_zero");
  const { solver, definitions = [], thresholded = false } = read(entry, steps);
  const { guidance, ...models } = guided(entry);
  const trajectory = Array.from({ length: entry.trajectory?.length ?? 0 }, (_, k): Recorded =>
    k === steps ? "result" : k + 1,
  );
  return {
    text: samplerText({
      definitions: [
        ...definitions,
        ...(analytic ? [firstStep(sigmas[0] as number)] : []),
        ...(thresholded ? [thresholdInSteps] : []),
      ],
      schedule: exploding(sigmas),
      predicts: "x0",
      guidance: [
        ...guidance,
        ...(analytic ? ["first_without_call"] : []),
        ...(thresholded ? ["threshold_in_steps"] : []),
      ],
      grid: `given(rhos: ${list(sigmas)})`,
      solver,
      output: toZero ? "x0[end]" : undefined,
    }),
    ...models,
    noise: noNoise,
    trajectory,
  };
}
