// Owns: diffusers' IPNDMScheduler: Adams-Bashforth on the quarter circle, whose first level has no data.

import { notImportable } from "../options.js";
import { line } from "../text.js";
import { type Importer, predicts, stepsOf, unitNoise, written } from "./context.js";

const definitions = [
  `schedule circle {
  time t from 1 to 0
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`,
  `// sigma = sin(pi/2*u)^2 with u uniform.
grid levels {
  sigma[i] = sin(pi/2*(1 - i/steps))^2  for i in 0 .. steps - 1
  then sigma = 0
}`,
  `// Adams-Bashforth on eps with the weights of equal steps, each followed by a DDIM step. At the first level alpha is 0: eps is
// the state whatever the network says, and the data that diffusers finds there, 0/1e-8, are 0.
solver ipndm_published(k = 4) {
  let AB = [[1], [3/2, -1/2], [23/12, -16/12, 5/12], [55/24, -59/24, 37/24, -9/24]]
  start ipndm_published(k: k - 1)
  step {
    let D = sum(AB[k-1][j]*eps[s-j], j in 0 .. k-1)
    when first { x[t] = sigma[t]*D }
    else { x[t] = jump(s -> t, x0: (x[s] - sigma[s]*D)/alpha[s], eps: D) }
  }
}`,
];

export const ipndm: Importer = (context) => {
  const { config } = context;
  // Only the length of the scheduler.
  config.whole("num_train_timesteps", 1000, 1);
  if (config.numbers("trained_betas"))
    notImportable(
      `${config.who}: \`trained_betas\`, which are levels of the steps there, one more than steps`,
    );
  const n = stepsOf(context);
  return written(context, {
    definitions,
    schedule: line("circle"),
    init: unitNoise,
    predicts: predicts("v_prediction", "time"),
    guidance: [],
    grid: line("levels"),
    steps: n,
    solver: line("ipndm_published"),
  });
};
