// Owns: diffusers' UnCLIPScheduler: DDPM on the cosine table, at the timesteps of the pipelines of unCLIP and Kandinsky.

import { drawEachStep } from "../imported.js";
import { contradiction } from "../options.js";
import { call, line } from "../text.js";
import { predictsVariance, stepsOf, unitNoise, written, type Importer } from "./context.js";
import { boundOf, indexGrid } from "./ddim.js";
import { outerSpacing } from "./spacing.js";

export const unclip: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const N = config.whole("num_train_timesteps", 1000, 2);
  config.word("beta_schedule", "squaredcos_cap_v2", ["squaredcos_cap_v2"]);
  const prediction = config.word("prediction_type", "epsilon", ["epsilon", "sample"]);
  const learned =
    config.word("variance_type", "fixed_small_log", ["fixed_small_log", "learned_range"]) === "learned_range";
  const bound = boundOf(config, false, true, false);
  const n = stepsOf(context);
  if (n < 2 || n > N)
    contradiction(
      `${who}: ${n} steps of ${N} training steps`,
      `take 2 to ${N} steps: the class divides by steps - 1`,
    );
  const spaced = {
    ...outerSpacing(who, "linspace", { definitions: [], N, abar: [] }, n, 0, true),
    why: [`From training step ${N - 1} to 0, rounded.`],
  };
  const { definitions, grid } = indexGrid(spaced, "then sigma = 0");
  return written(context, {
    definitions: [`schedule trained = ${call("vp_cosine_discrete", { N })}`, ...definitions],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predictsVariance(prediction, learned),
    guidance: bound.guidance,
    grid,
    steps: n,
    solver: line(
      learned ? 'ddpm_variance(kind: "learned")' : "ddpm",
      "Each step goes to the next timestep, which the pipelines hand over as prev_timestep, and the last to alpha = 1.",
    ),
    draw: drawEachStep,
  });
};
