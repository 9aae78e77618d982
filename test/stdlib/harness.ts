// Owns: what the library's tests share: the mixture, compiling a sampler's text, running it on `reference`.

import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import {
  decodeState,
  encodeState,
  gmmModel,
  openBackend,
  Run,
  sample,
  type Backend,
  type GaussianMixtures,
  type RunOptions,
} from "../../runtime/index.js";

/** A smooth mixture in four dimensions, with one condition. */
export const mixture: GaussianMixtures = {
  weights: [0.5, 0.3, 0.2],
  means: [
    [0.8, -0.4, 0.3, 0.1],
    [-0.7, 0.5, -0.2, 0.6],
    [0.1, 0.9, 0.6, -0.8],
  ],
  stds: [0.7, 0.6, 0.65],
  conditions: {
    a: { weights: [1], means: [[0.5, 0.2, -0.3, 0.4]], stds: [0.6] },
    b: {
      weights: [0.5, 0.5],
      means: [
        [-0.5, 0.1, 0.3, 0.2],
        [0.4, 0.4, 0, -0.6],
      ],
      stds: [0.5, 0.4],
    },
  },
};

export interface Compiled {
  readonly plan: Plan | undefined;
  /** Codes and messages of everything reported. */
  readonly reports: readonly string[];
}

export function compiled(text: string): Compiled {
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "test.dsamp", text });
  return {
    plan,
    reports: diagnostics.map(({ severity, code, message }) => `${severity} ${code} ${message}`),
  };
}

/** A plan on the cosine path, for tests of what runs do. `more`: further lines of the sampler. */
export function cosinePlan(
  solver: string,
  { steps = 5, more = "" }: { readonly steps?: number; readonly more?: string } = {},
): Plan {
  const { plan, reports } = compiled(`sampler s {
  schedule cosine
  model    predicts eps
  grid     log_snr
  steps    ${steps}
  solver   ${solver}
  ${more}
}
schedule cosine {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`);
  if (plan === undefined) throw new Error(reports.join("\n"));
  return plan;
}

let shared: Promise<Backend> | undefined;
const reference = (): Promise<Backend> => (shared ??= openBackend("reference"));

export interface RunSettings {
  readonly count?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly inputs?: Readonly<Record<string, string | Float64Array>>;
}

/** Compiles and runs; the final states, all samples in a row. Throws what the compiler reported. */
export async function run(text: string, settings: RunSettings = {}): Promise<Float64Array> {
  const { plan, reports } = compiled(text);
  if (!plan) throw new Error(reports.join("\n"));
  const { count = 3, ...rest } = settings;
  const model = gmmModel(mixture);
  const result = await sample(plan, {
    models: Object.fromEntries(plan.models.map(({ name }) => [name, model])),
    backend: await reference(),
    shape: [4],
    count,
    seed: 7,
    ...rest,
  });
  return Float64Array.from(result.results[0]?.data ?? []);
}

export const distance = (a: Float64Array, b: Float64Array): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));

/** Final states of a run that is saved, forgotten and resumed after every step. */
export async function runInPieces(text: string, settings: RunSettings = {}): Promise<Float64Array> {
  const { plan, reports } = compiled(text);
  if (!plan) throw new Error(reports.join("\n"));
  const { count = 3, seed = 7, inputs = {} } = settings;
  const options: RunOptions = { backend: await reference(), shape: [4], count, seed, inputs };
  const model = gmmModel(mixture);
  let current = new Run(plan, options);
  let event = await current.next();
  while (event.kind !== "done") {
    if (event.kind === "step") {
      const bytes = encodeState(await current.saveState());
      current.dispose();
      current = new Run(plan, options, decodeState(bytes));
    }
    event = await current.next(event.kind === "call" ? await model.evaluate(event.call) : undefined);
  }
  const data = await event.results[0]?.read();
  current.dispose();
  return Float64Array.from(data ?? []);
}
