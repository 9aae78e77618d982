// Diagnostics in the user's terms: D04: grids and coefficients. Every snapshot was read: narrow span, one sentence, a
// way out.

import { expect, test } from "vitest";
import { compiled } from "../compiler/check/support.js";

test("D0401 outside the path", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid mine
  steps 4
  solver ddim
}
grid mine { rho[i] = 2000/(i + 1)  for i in 0 .. steps }
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0401]: point 0 of the grid \`mine\` lies outside the schedule \`vp_linear\`, whose rho goes from 152.167 to 0.010486
      --> a.dsamp:8:13
       8 | grid mine { rho[i] = 2000/(i + 1)  for i in 0 .. steps }
         |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ rho 2000, time 1.23104
         = help: the model was not trained there; keep the grid between the ends of the path
    "
  `);
});

test("D0401 no training steps", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid leading
  steps 4
  solver ddim
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0401]: the schedule \`vp_linear\` has no training steps, so a point cannot be placed by \`index\`
      --> a.dsamp:4:8
       4 |   grid leading
         |        ^^^^^^^
      --> std:grids/leading.dsamp:6:3
       6 |   index[i] = floor(N/steps)*(steps - 1 - i) + offset  for i in 0 .. steps-1
         |   -------- placed here
         = help: use a grid in \`time\`, \`lambda\` or \`rho\`
    "
  `);
});

test("D0401 a move up", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid mine
  steps 4
  solver ddim
}
grid mine {
  time = 1
  time = 0.5
  time = 0.8
  time = 0.2
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0401]: step 1 goes up to a noisier level, and \`ddim\` has no \`when up\` branch
      --> a.dsamp:6:10
       6 |   solver ddim
         |          ^^^^
         = help: wrap it: \`when up { x[t] = renoise(s -> t, noise: z) } else { x[t] = base(s -> t) }\`
    "
  `);
});

test("D0401 one point", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid mine
  steps 4
  solver ddim
}
grid mine { time = 1 }
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0401]: the grid \`mine\` has 1 point; a run needs at least two
      --> a.dsamp:4:8
       4 |   grid mine
         |        ^^^^
    "
  `);
});

test("D0402 the same point twice", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid mine
  steps 4
  solver ddim
}
grid mine {
  time = 1
  time = 0.5
  then time = 0.5
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0402]: points 1 and 2 of the grid \`mine\` are the same
      --> a.dsamp:11:3
      11 |   then time = 0.5
         |   ^^^^^^^^^^^^^^^ rho 3.41292, time 0.5
         = help: a step of length zero has no coefficients: drop one of the points, or use fewer steps
    "
  `);
});

test("D0402 the same node twice", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = integrate(s -> t, x0, over: lambda, through: [s, s])
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0402]: two nodes of \`through:\` lie at s
      --> a.dsamp:10:57
      10 |     x[t] = integrate(s -> t, x0, over: lambda, through: [s, s])
         |                                                         ^^^^^^
         = help: each node must lie at its own level
    "
  `);
});

test("D0420 an infinite last step", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps with time: time
  grid karras
  steps 4
  solver dpmpp_2m
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0420]: a coefficient of \`dpmpp_2m\` is infinite at step 3, which ends at sigma = 0
      --> a.dsamp:6:10
       6 |   solver dpmpp_2m
         |          ^^^^^^^^
         = why: the rule divides by the length of the step in lambda or forecasts along it, and lambda is infinite at sigma = 0
         = help: add \`final ddim\` to the sampler, or end the grid above sigma = 0
    "
  `);
});

test("D0421 a call at sigma = 0", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts x0
  grid karras
  steps 4
  solver mine
}
solver mine {
  step {
    point e at t
    x[e] = ddim(s -> t)
    x[t] = alpha[t]*x0[e] + sigma[t]*eps[s]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0421]: \`mine\` calls the model at sigma = 0
      --> a.dsamp:6:10
       6 |   solver mine
         |          ^^^^
         = why: at sigma = 0 there is no noise left to predict, and no network was trained there
         = help: add \`final ddim\` (or another rule of one call) to the sampler, or end the grid above sigma = 0
    "
  `);
});
