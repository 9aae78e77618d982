// Owns: what the importers of all diffusers schedulers share: their input, and the frame of the text they write.

import { diagnostic } from "../../compiler/diagnostics/report.js";
import { everyCall, noDraw, type Imported, type Request } from "../imported.js";
import { contradiction, notImportable, type Options } from "../options.js";
import { call, line, samplerText, type Line, type Parts } from "../text.js";

export interface Context {
  /** `_class_name` without "Scheduler". */
  readonly name: string;
  /** The configuration. */
  readonly config: Options;
  /** Arguments of `set_timesteps` and `step`. */
  readonly args: Options;
  /** `num_inference_steps`; undefined where the arguments list timesteps or sigmas. */
  readonly steps: number | undefined;
  readonly request: Request;
  /** Options that some class of diffusers has. */
  readonly elsewhere: ReadonlySet<string>;
}

export type Importer = (context: Context) => Imported;

/** The number of steps, or as many as `given` lists. Throws D0711. */
export function stepsOf({ config, steps }: Context, given?: readonly unknown[]): number {
  if (given && steps !== undefined && steps !== given.length)
    contradiction(`${config.who}: ${given.length} levels are given, and ${steps} steps`, "leave one of them");
  const n = given?.length ?? steps;
  if (n === undefined)
    return contradiction(`${config.who}: the number of steps is missing`, "say it: `--steps 20`");
  if (n < 1) contradiction(`${config.who}: no steps`);
  return n;
}

/** Lists of levels belong to a grid without a conversion. Throws D0711. */
export const listExcludes = (who: string, what: string, conversion: string | undefined): void => {
  if (conversion !== undefined)
    contradiction(`${who}: \`${what}\` cannot be given together with ${conversion} levels`);
};

interface Written extends Omit<Parts, "head" | "name" | "latents" | "guidanceWhy"> {
  readonly steps: number | undefined;
  /** Comments at the top, after the class and the defaults. */
  readonly notes?: readonly string[];
  readonly states?: Imported["states"];
  readonly draw?: Imported["draw"];
}

/** `EulerDiscrete` as `euler_discrete`; CogVideoX and UnCLIP are one word. */
const snake = (name: string): string =>
  name
    .replace("CogVideoX", "Cogvideox")
    .replace("UnCLIP", "Unclip")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();

/** The finished import; checks that every option was read. Throws D0710. */
export function written(context: Context, parts: Written): Imported {
  const { config, args, request, name } = context;
  const unread = config.finish(context.elsewhere);
  args.finish();
  const defaults = [...config.defaults];
  const sampler = snake(name);
  const steps = parts.steps ?? context.steps;
  const head = [
    `diffusers ${name}Scheduler${steps === undefined ? "" : `, ${steps} steps`}; written by \`dsamp import diffusers\`.`,
    ...(defaults.length === 0
      ? []
      : [`Not in the configuration, so as the class has it: ${defaults.join(", ")}.`]),
    ...(unread.length === 0
      ? []
      : [`Options of other classes, which this one leaves unread: ${unread.join(", ")}.`]),
    ...(parts.notes ?? []),
    "diffusers keeps its levels and, in part, its states in float32; the numbers of this file are float64.",
  ];
  return {
    sampler,
    warnings:
      unread.length === 0
        ? []
        : [
            diagnostic(
              "D0713",
              `${config.who} has no ${unread.length === 1 ? "option" : "options"} ${unread.map((item) => `\`${item}\``).join(", ")}`,
              {
                why: "other classes have them; diffusers leaves them unread here, and so does the import",
                help: "if one of them was meant to act, `_class_name` is not the class it was meant for",
              },
            ),
          ],
    text: samplerText({
      ...parts,
      name: sampler,
      head,
      latents: request.latents === true,
      guidance: [
        ...(request.cfg === undefined ? [] : [call("cfg", { scale: request.cfg })]),
        ...parts.guidance,
      ],
      guidanceWhy:
        request.cfg === undefined
          ? []
          : ["The pipelines' guidance_scale: unconditional + scale*(conditional - unconditional)."],
    }),
    states: parts.states ?? everyCall,
    draw: parts.draw ?? noDraw,
  };
}

/** `init_noise_sigma` of the classes whose state is not scaled. */
export const unitNoise: Line = line(
  "x[start] = z",
  "init_noise_sigma is 1: the run starts from unit noise, whatever sigma is at its first level.",
);

export type Prediction = "epsilon" | "sample" | "v_prediction" | "flow_prediction";

const views: Readonly<Record<Prediction, string>> = {
  epsilon: "eps",
  sample: "x0",
  v_prediction: "v",
  flow_prediction: "flow",
};

/** The view a network on the path itself returns, called with `time`. */
export const predicts = (prediction: Prediction, time: string, ...why: readonly string[]): Line =>
  line(`${views[prediction]} with time: ${time}`, ...why);

/** The same told the training step, with a second output for the variance where it is learned. */
export const predictsVariance = (prediction: Prediction, learned: boolean): Line =>
  learned
    ? line(
        `${predicts(prediction, "index").text}, outputs: [logvar]`,
        "The second half of the network's channels, as a further output `logvar` in [-1, 1].",
      )
    : predicts(prediction, "index");

/** A network with a second output for the variance has no counterpart in an import. */
export const noVariance = (config: Options): void =>
  config.off("variance_type", "networks that also return a variance are not imported");

/** `thresholding` with its two numbers, as a guidance rule. */
export function thresholdOf(config: Options): readonly string[] {
  const on = config.flag("thresholding", false);
  const p = config.number("dynamic_thresholding_ratio", 0.995);
  const ceiling = config.number("sample_max_value", 1);
  if (!on) return [];
  if (ceiling < 1)
    notImportable(`${config.who}: \`sample_max_value\` below 1 makes torch.clamp take it as the bound`);
  return [call("dynamic_threshold", { p, floor: 1, ceiling })];
}
