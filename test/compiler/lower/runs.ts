// Owns: compiling a text to a plan and running it on single numbers, for tests of what lowering means: a model with and
// without condition that is nonlinear in its state, and draws that are known.

import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import type { Plan } from "../../../compiler/plan/schema.js";
import { functionModel, openBackend, sample, type Model } from "../../../runtime/index.js";

export interface SamplerParts {
  readonly definitions?: string;
  readonly schedule?: string;
  readonly predicts?: string;
  readonly grid?: string;
  readonly steps?: number;
  /** Further lines of the sampler. */
  readonly more?: string;
}

/** Solvers of the library that place their own points. */
const adaptive = new Set(["dpm_adaptive", "dpm_adaptive_pid", "adaptive_rk"]);

/** A file with one sampler. */
export const samplerOf = (solver: string, parts: SamplerParts = {}): string => `
sampler test {
  schedule ${parts.schedule ?? "vp_linear"}
  model predicts ${parts.predicts ?? "eps"}
  ${adaptive.has(solver) ? "" : `grid ${parts.grid ?? "log_snr"}\n  steps ${parts.steps ?? 6}`}
  solver ${solver}
  ${parts.more ?? ""}
}
${parts.definitions ?? ""}
`;

/** The plan of a text; throws what the compiler says when there is none. */
export function planOf(text: string): Plan {
  const { plan, diagnostics } = compile({ host: memoryHost({ "a.dsamp": text }), file: "a.dsamp" });
  if (!plan) throw new Error(diagnostics.map((item) => `${item.code} ${item.message}`).join("\n"));
  return plan;
}

/** E[x0 | x] of two narrow modes: nonlinear in the state. */
export function dataPrediction(x: number, alpha: number, sigma: number, conditional: boolean): number {
  const [low, high] = conditional ? [-0.4, 1.1] : [-1, 0.6];
  const spread = 0.2;
  const variance = (alpha * spread) ** 2 + sigma ** 2;
  const weight = 1 / (1 + Math.exp((-alpha * (high - low) * (x - (alpha * (high + low)) / 2)) / variance));
  const mean = low + (high - low) * weight;
  return mean + ((alpha * spread ** 2) / variance) * (x - alpha * mean);
}

export const model: Model = functionModel(async (_input, _time, call) => {
  const state = await call.state.read();
  const form = call.form ?? { x: 0, x0: 1 };
  return Float64Array.from(state, (x) => {
    const x0 = dataPrediction(x, call.alpha, call.sigma, call.conditions.length > 0);
    return form.x * x + form.x0 * x0;
  });
});

export interface Draw {
  readonly path: string;
  readonly step: number;
  readonly pass: number;
}

export interface Outcome {
  readonly plan: Plan;
  readonly values: readonly number[];
  readonly value: number;
  readonly calls: number;
  readonly draws: readonly Draw[];
}

/** A number in [-1, 1] that depends on every part of a draw's key. */
export function knownDraw({ path, step, pass }: Draw): number {
  let hash = 17 + 31 * step + 101 * pass;
  for (const letter of path) hash = (hash * 33 + letter.charCodeAt(0)) % 100_003;
  return Math.sin(hash);
}

/** Runs the sampler of a text on one sample of one number. */
export async function run(
  text: string,
  options: {
    readonly draw?: (draw: Draw) => number;
    readonly inputs?: Readonly<Record<string, number>>;
  } = {},
): Promise<Outcome> {
  const plan = planOf(text);
  const draws: Draw[] = [];
  const pick = options.draw ?? knownDraw;
  const { results, calls } = await sample(plan, {
    models: Object.fromEntries(plan.models.map((declared) => [declared.name, model])),
    backend: await openBackend("reference"),
    shape: [1],
    inputs: {
      ...Object.fromEntries(
        plan.inputs.filter(({ kind }) => kind === "condition").map(({ name }) => [name, 1]),
      ),
      ...options.inputs,
    },
    noise: (path, step, pass, place) => {
      draws.push({ path, step, pass });
      const count = place.shape.reduce((product, extent) => product * extent, 1);
      return new Float64Array(count).fill(pick({ path, step, pass }));
    },
  });
  const values = results.map((result) => result.data[0] ?? NaN);
  return { plan, values, value: values[0] ?? NaN, calls, draws };
}

/** Two texts that mean the same give the same numbers from the same draws. */
export async function difference(a: string, b: string): Promise<number> {
  const draw = ({ step, pass }: Draw): number => Math.sin(1 + 7 * step + 3 * pass);
  const [first, second] = [await run(a, { draw }), await run(b, { draw })];
  return Math.abs(first.value - second.value);
}
