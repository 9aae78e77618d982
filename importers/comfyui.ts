// Owns: `dsamp import comfyui`: a sampler and a scheduler of ComfyUI's KSampler, on the table of Stable Diffusion.

import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { comfySamplers, discards } from "./comfyuiSamplers.js";
import { high, low, schedulers } from "./comfyuiSchedulers.js";
import { everyCall, type Imported, type Request } from "./imported.js";
import type { SamplerLine } from "./line.js";
import { contradiction, Options } from "./options.js";
import { call, line, literal, samplerText } from "./text.js";

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
  const discard = discards.has(name);
  const made = scheduler({ total: discard ? steps + 1 : steps, discard });
  const rule = reader(options, { steps: made.count, toZero: true });
  options.finish();
  if (rule.adaptive)
    contradiction(
      `${name} tells the network the nearest training step, which a run that places its own points cannot do yet`,
      `import it from k-diffusion, where the time is interpolated: \`dsamp import k-diffusion "${name}"\``,
    );
  const own = rule.budget === true;
  if (own && made.count < 2)
    contradiction(`${name} runs between the scheduler's first and last level, and there is one`);
  const guided = rule.guidance ?? rule.guided;
  if (guided && cfg === undefined)
    contradiction(`${name}: it is a rule of guided runs, and there is no cfg`, `"${name} normal 20 cfg=1"`);
  const scale = literal(cfg ?? 1);
  const grid = own
    ? {
        definitions: [],
        grid: line("log_snr", "Equal steps in log sigma."),
      }
    : made.written(rule.end);
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
    definitions: [...(rule.definitions ?? []), ...grid.definitions],
    schedule: line(
      call("edm", {
        sigma_min: rule.end ?? (own ? made.last : low),
        sigma_max: own ? made.first : high,
      }),
      "The state is x0 + sigma*noise; sigma in float32 there.",
      ...(own ? [`From the first level of ${given.schedule} to its last before zero.`] : []),
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
    init: made.full
      ? line(
          "x[start] = sqrt(sigma[start]^2 + 1)*z",
          "A run from the noisiest level starts from sqrt(1 + sigma^2) times noise.",
        )
      : line(
          "x[start] = sigma[start]*z",
          "A run that does not begin at the noisiest level starts from sigma times noise.",
        ),
    latents: request.latents === true,
    grid: grid.grid,
    steps: own || made.count !== steps ? undefined : steps,
    solver: rule.guided ? { ...rule.solver, text: rule.guided(scale) } : rule.solver,
    final: rule.final,
  });
  return { text, sampler: name, states: everyCall, draw: rule.draw };
}
