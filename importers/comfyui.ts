// Owns: `dsamp import comfyui`: a sampler and a scheduler of ComfyUI's KSampler, on the table of Stable Diffusion.

import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { drawEachStep, everyCall, noDraw, type Imported, type Request } from "./imported.js";
import { samplers as shared, twoM, type Rule, type Run } from "./karras.js";
import type { SamplerLine } from "./line.js";
import { contradiction, Options } from "./options.js";
import { call, line, literal, samplerText, type Line } from "./text.js";

type Reader = (options: Options, run: Run) => Rule;

const own: Readonly<Record<string, Reader>> = {
  ddim: () => ({
    solver: line(
      "euler",
      "ComfyUI's ddim is Euler on these levels; without noise the two are the same rule.",
    ),
    draw: noDraw,
  }),
  lcm: () => ({ solver: line("consistency"), draw: drawEachStep }),
  dpmpp_2m_sde_heun: twoM("heun"),
  dpmpp_2m_sde: twoM("midpoint"),
};

const readers: Readonly<Record<string, Reader>> = { ...shared, ...own };

/** For these ComfyUI makes one level more and leaves the last before zero out. */
const discards: ReadonlySet<string> = new Set(["dpm_2", "dpm_2_ancestral"]);

interface Levels {
  readonly definitions: readonly string[];
  readonly grid: Line;
  /** The scheduler makes a number of levels that is not `steps`. */
  readonly count?: number;
}

const N = 1000;
const rho = (index: string): string => `stable_diffusion.rho(index: ${index})`;

/** A level between two training steps: ComfyUI interpolates log sigma. */
const between =
  "  // Between training steps, log sigma is interpolated.\n" +
  `  let level(k) = exp(lerp(log(${rho("floor(k)")}), log(${rho("min(999, floor(k) + 1)")}), k - floor(k)))`;

function written(why: readonly string[], lets: readonly string[], value: string, count: string): Levels {
  return {
    definitions: [
      [
        ...why.map((item) => `// ${item}`),
        "grid levels {",
        ...lets,
        `  rho[i] = ${value}  for i in 0 .. ${count} - 1`,
        "  then sigma = 0",
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
  };
}

/** `made`: how many levels the scheduler is asked for, as an expression and a number. */
type Scheduler = (made: string, total: number, discard: boolean) => Levels;

const schedulers: Readonly<Record<string, Scheduler>> = {
  karras: (_made, _total, discard) =>
    discard
      ? written(
          ["Karras levels of power 7 over the range of the table."],
          [],
          "lerp(rho[start]^(1/7), rho[end]^(1/7), i/steps)^7",
          "steps",
        )
      : { definitions: [], grid: line("karras", "Karras levels of power 7 over the range of the table.") },
  exponential: (_made, _total, discard) =>
    discard
      ? written(
          ["Equal steps in log sigma over the range of the table."],
          [],
          "exp(lerp(log(rho[start]), log(rho[end]), i/steps))",
          "steps",
        )
      : {
          definitions: [],
          grid: line("exponential", "Equal steps in log sigma over the range of the table."),
        },
  normal: (made) =>
    written(
      ["normal: equal distances in the training index, both ends included."],
      [between],
      `level(${N - 1}*(1 - i/${made === "steps" ? "max(1, steps - 1)" : "steps"}))`,
      "steps",
    ),
  sgm_uniform: (made) =>
    written(
      ["sgm_uniform: equal distances in the training index, the end left out."],
      [between],
      `level(${N - 1}*(1 - i/${made}))`,
      "steps",
    ),
  simple: (made) =>
    written(
      ["simple: whole training steps, counted from the noisiest one and cut off."],
      [],
      rho(`${N - 1} - floor(i*${N}/${made})`),
      "steps",
    ),
  ddim_uniform: (_made, total) => {
    const stride = Math.floor(N / total);
    if (stride < 1) contradiction(`ddim_uniform: ${total} steps of ${N}`);
    const count = Math.floor((N - 2) / stride) + 1;
    return {
      ...written(
        [
          `ddim_uniform: training steps 1, ${1 + stride}, .. up to the end, so it does not begin at the noisiest one; the number of`,
          `levels follows from the stride of ${stride}.`,
        ],
        [],
        rho(`1 + ${stride}*(${count} - 1 - i)`),
        String(count),
      ),
      count,
    };
  },
  beta: (made) =>
    written(
      ["beta: quantiles of Beta(0.6, 0.6), rounded to training steps."],
      [],
      rho(`round(${N - 1}*beta_quantile(1 - i/${made}, 0.6, 0.6))`),
      "steps",
    ),
};

/** The sampler that a line describes. Throws D0710, D0711, D0712. */
export function importComfyUi(given: SamplerLine, request: Request): Imported {
  const name = given.sampler;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  const known = Object.keys(readers);
  if (!reader)
    return fail("D0712", `ComfyUI's sampler \`${name}\` is not imported`, {
      help: didYouMean(name, known) ?? `the samplers are ${known.join(", ")}`,
    });
  const scheduler =
    given.schedule !== undefined && Object.hasOwn(schedulers, given.schedule)
      ? schedulers[given.schedule]
      : undefined;
  const names = Object.keys(schedulers);
  if (given.schedule === undefined)
    contradiction(`${name}: the scheduler is missing`, `for example "${name} normal 20"`);
  if (!scheduler)
    return fail("D0710", `ComfyUI's scheduler \`${given.schedule ?? ""}\` is not known`, {
      help: didYouMean(given.schedule ?? "", names) ?? `the schedulers are ${names.join(", ")}`,
    });
  const steps =
    given.steps ?? contradiction(`${name}: the number of steps is missing`, '"dpmpp_2m karras 20"');
  if (steps < 1) contradiction(`${name}: no steps`);
  const options = new Options(given.options, name);
  const model = options.word("model", "eps", ["eps", "v"]);
  const cfg = options.optional("cfg") ?? request.cfg;
  const rule = reader(options, { steps, toZero: true });
  options.finish();
  const discard = discards.has(name);
  if (rule.budget || rule.adaptive)
    contradiction(
      `${name} makes its own levels between the ends of the scheduler's`,
      `import it from k-diffusion: \`dsamp import k-diffusion "${name}${rule.budget ? ` ${steps}` : ""}"\``,
    );
  const made = scheduler(discard ? "(steps + 1)" : "steps", discard ? steps + 1 : steps, discard);
  if (discard && made.count !== undefined)
    contradiction(`${name} with ${given.schedule ?? ""}, whose number of levels is not the number of steps`);
  const text = samplerText({
    name,
    head: [
      `ComfyUI KSampler, ${name}, ${given.schedule ?? ""}, ${steps} steps; written by \`dsamp import comfyui\`.`,
      ...(options.defaults.length === 0
        ? []
        : [`Not given, so as ComfyUI has it: ${options.defaults.join(", ")}.`]),
      ...(discard
        ? [
            `For ${name} ComfyUI makes one level more than asked for, and leaves the last one before zero out.`,
          ]
        : []),
    ],
    definitions: made.definitions,
    schedule: line(
      call("edm", { sigma_min: rho("0"), sigma_max: rho(String(N - 1)) }),
      "The state is x0 + sigma*noise; sigma in float32 there.",
    ),
    predicts: line(
      model === "eps" ? "eps_on_ve" : "v_on_ve",
      "The table of Stable Diffusion. A time between training steps is interpolated in log(alpha) here, in log(sigma) there.",
    ),
    guidance: cfg === undefined ? [] : [call("cfg", { scale: literal(cfg) })],
    guidanceWhy: [
      "On the denoised states: unconditional + cfg*(conditional - unconditional). cfg=1 makes the conditional call only.",
    ],
    init: line(
      "x[start] = sqrt(sigma[start]^2 + 1)*z",
      "A run from the noisiest level starts from sqrt(1 + sigma^2) times noise.",
    ),
    latents: request.latents === true,
    grid: made.grid,
    steps: made.count === undefined ? steps : undefined,
    solver: rule.solver,
    final: rule.final,
  });
  return { text, sampler: name, states: everyCall, draw: rule.draw };
}
