// Owns: `dsamp import comfyui`: a sampler and a scheduler of ComfyUI's KSampler, on the table of Stable Diffusion.

import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { comfySamplers, discards } from "./comfyuiSamplers.js";
import { everyCall, type Imported, type Request } from "./imported.js";
import type { SamplerLine } from "./line.js";
import { contradiction, Options } from "./options.js";
import { call, line, literal, samplerText, type Line } from "./text.js";

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

function written(
  why: readonly string[],
  lets: readonly string[],
  value: string,
  count: string,
  end?: number,
): Levels {
  return {
    definitions: [
      [
        ...why.map((item) => `// ${item}`),
        "grid levels {",
        ...lets,
        `  rho[i] = ${value}  for i in 0 .. ${count} - 1`,
        `  then sigma = ${end === undefined ? "0" : literal(end)}`,
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
  };
}

/** How many levels the scheduler is asked for, as an expression and a number; the last level, if it is not zero. */
interface Asked {
  readonly made: string;
  readonly total: number;
  readonly discard: boolean;
  readonly end: number | undefined;
}

type Scheduler = (asked: Asked) => Levels;

const low = rho("0");
const high = rho(String(N - 1));

const schedulers: Readonly<Record<string, Scheduler>> = {
  karras: ({ discard, end }) => {
    const why = "Karras levels of power 7 over the range of the table.";
    return discard
      ? written([why], [], `lerp(${high}^(1/7), ${low}^(1/7), i/steps)^7`, "steps", end)
      : { definitions: [], grid: line("karras", why) };
  },
  exponential: ({ discard, end }) => {
    const why = "Equal steps in log sigma over the range of the table.";
    return discard
      ? written([why], [], `exp(lerp(log(${high}), log(${low}), i/steps))`, "steps", end)
      : { definitions: [], grid: line("exponential", why) };
  },
  normal: ({ made, end }) =>
    written(
      ["normal: equal distances in the training index, both ends included."],
      [between],
      `level(${N - 1}*(1 - i/${made === "steps" ? "max(1, steps - 1)" : "steps"}))`,
      "steps",
      end,
    ),
  sgm_uniform: ({ made, end }) =>
    written(
      ["sgm_uniform: equal distances in the training index, the end left out."],
      [between],
      `level(${N - 1}*(1 - i/${made}))`,
      "steps",
      end,
    ),
  simple: ({ made, end }) =>
    written(
      ["simple: whole training steps, counted from the noisiest one and cut off."],
      [],
      rho(`${N - 1} - floor(i*${N}/${made})`),
      "steps",
      end,
    ),
  ddim_uniform: ({ total, end }) => {
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
        end,
      ),
      count,
    };
  },
  beta: ({ made, end }) =>
    written(
      ["beta: quantiles of Beta(0.6, 0.6), rounded to training steps."],
      [],
      rho(`round(${N - 1}*beta_quantile(1 - i/${made}, 0.6, 0.6))`),
      "steps",
      end,
    ),
  linear_quadratic: ({ made, total, end }) => {
    const linear = Math.floor(total / 2);
    return written(
      [
        "linear_quadratic: the levels of Mochi's flow, times the largest sigma of the table: sigma falls by a 40th over the first half.",
      ],
      total === 1
        ? []
        : [
            `  let n = ${made}`,
            `  let d = ${linear} - 0.025*n`,
            `  let q = n - ${linear}`,
            `  let fall(k) = where(k < ${linear}, 0.025*k/${linear}, d/(${linear}*q^2)*k^2 + (0.025/${linear} - 2*d/q^2)*k + d/(${linear}*q^2)*${linear}^2)`,
          ],
      total === 1 ? high : `${high}*(1 - fall(i))`,
      "steps",
      end,
    );
  },
  kl_optimal: ({ total, discard, end }) => {
    if (total === 1) contradiction("kl_optimal: its only level is 0/0", "take two steps");
    const why = "kl_optimal: equal steps in the angle whose tangent is sigma, over the range of the table.";
    return discard
      ? written([why], [], `tan(lerp(atan(${high}), atan(${low}), i/steps))`, "steps", end)
      : { definitions: [], grid: line("kl_optimal", why) };
  },
};

/** The sampler that a line describes. Throws D0710, D0711, D0712. */
export function importComfyUi(given: SamplerLine, request: Request): Imported {
  const name = given.sampler;
  const reader = Object.hasOwn(comfySamplers, name) ? comfySamplers[name] : undefined;
  const known = Object.keys(comfySamplers);
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
  const guided = rule.guidance ?? rule.guided;
  if (guided && cfg === undefined)
    contradiction(`${name}: it is a rule of guided runs, and there is no cfg`, `"${name} normal 20 cfg=1"`);
  const scale = literal(cfg ?? 1);
  const made = scheduler({
    made: discard ? "(steps + 1)" : "steps",
    total: discard ? steps + 1 : steps,
    discard,
    end: rule.end,
  });
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
    definitions: [...(rule.definitions ?? []), ...made.definitions],
    schedule: line(
      call("edm", { sigma_min: rule.end ?? low, sigma_max: high }),
      "The state is x0 + sigma*noise; sigma in float32 there.",
      ...(rule.end === undefined
        ? []
        : [`The last level is ${literal(rule.end)} in place of zero, and the state there is the result.`]),
    ),
    predicts: line(
      call(model === "eps" ? "eps_on_ve" : "v_on_ve", { quantize: 1 }),
      "The table of Stable Diffusion. The network is told the training step whose log sigma is nearest.",
    ),
    guidance:
      cfg === undefined || rule.guided ? [] : [rule.guidance ? rule.guidance(scale) : call("cfg", { scale })],
    guidanceWhy: [
      rule.guidance
        ? (rule.guidanceWhy ?? "See above; cfg=1 is the conditional prediction.")
        : "On the denoised states: unconditional + cfg*(conditional - unconditional). cfg=1 makes the conditional call only.",
    ],
    init: line(
      "x[start] = sqrt(sigma[start]^2 + 1)*z",
      "A run from the noisiest level starts from sqrt(1 + sigma^2) times noise.",
    ),
    latents: request.latents === true,
    grid: made.grid,
    steps: made.count === undefined ? steps : undefined,
    solver: rule.guided ? { ...rule.solver, text: rule.guided(scale) } : rule.solver,
    final: rule.final,
  });
  return { text, sampler: name, states: everyCall, draw: rule.draw };
}
