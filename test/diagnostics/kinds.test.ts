// Diagnostics in the user's terms: D03: kinds, levels, binding times, units, paths. Every snapshot was read: narrow span, one sentence, a
// way out.

import { expect, test } from "vitest";
import { compiled } from "../compiler/check/support.js";

test("D0301 a state stored at another level", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[m] = ddim(s -> t)
    x[t] = ddim(m -> t)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0301]: a tensor at the level of t is stored as the state at the level where lambda = (lambda[s] + lambda[t])/2
      --> a.dsamp:11:12
      11 |     x[m] = ddim(s -> t)
         |            ^^^^^^^^^^^^
         = help: bring it to that level with \`renoise\`, \`jump\` or a solver, or write \`relabel(...)\` if it is meant
    "
  `);
});

test("D0301 data noised from the wrong end", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  noise z
  step {
    x[t] = renoise(s -> t, x0[s], noise: z)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0301]: \`renoise\` starts at the level of s, but this tensor is at data (like x0)
      --> a.dsamp:11:28
      11 |     x[t] = renoise(s -> t, x0[s], noise: z)
         |                            ^^^^^
         = help: data is noised from the clean end: \`renoise(clean -> t, ...)\`
    "
  `);
});

test("D0301 a mask over two levels", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  input known: mask
  input image: tensor
  step {
    x[t] = where(known, image, x[s])
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0301]: \`where\` mixes two levels: data (like x0) and the level of s
      --> a.dsamp:12:12
      12 |     x[t] = where(known, image, x[s])
         |            ^^^^^^^^^^^^^^^^^^^^^^^^^
         = why: tensors of different noise levels have different signal and noise content, so an element of one cannot stand for an element of the other
         = help: bring one to the level of the other with \`renoise\` or \`jump\`, or write \`relabel(...)\` if it is meant
    "
  `);
});

test("D0302 a point placed by a tensor", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    point m at rho = rho[s]*norm(x0[s])
    x[m] = ddim(s -> m)
    x[t] = ddim(m -> t)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    warning[D0308]: this is measured in \`x0^2\`, and the coordinate in \`x0\`
      --> a.dsamp:10:22
      10 |     point m at rho = rho[s]*norm(x0[s])
         |                      ^^^^^^^^^^^^^^^^^^
         = why: a state at another level, data and noise have different scales: a sum of them cannot be right on every schedule
         = help: if the formula is meant for one schedule, say so: \`requires alpha == 1\`

    error[D0302]: a point is placed before the run, by a number
      --> a.dsamp:10:22
      10 |     point m at rho = rho[s]*norm(x0[s])
         |                      ^^^^^^^^^^^^^^^^^^ known only during the run
    "
  `);
});

test("D0302 a branch on a tensor", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    when norm(x0[s]) > 1 { x[t] = ddim(s -> t) } else { x[t] = ddim(s -> t) }
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0302]: a number known before the run is needed here, but this value is only known during the run
      --> a.dsamp:10:10
      10 |     when norm(x0[s]) > 1 { x[t] = ddim(s -> t) } else { x[t] = ddim(s -> t) }
         |          ^^^^^^^^^^^^^^^ depends on a tensor
    "
  `);
});

test("D0303 a reduction that couples samples", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = ddim(s -> t)*mean(x0[s], per: batch)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    warning[D0308]: this is measured in \`x[t]*x0\`, and the left side in \`x[t]\`
      --> a.dsamp:10:12
      10 |     x[t] = ddim(s -> t)*mean(x0[s], per: batch)
         |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
         = why: a state at another level, data and noise have different scales: a sum of them cannot be right on every schedule
         = help: if the formula is meant for one schedule, say so: \`requires alpha == 1\`

    warning[D0303]: \`mean\` over the whole batch couples its samples
      --> a.dsamp:10:25
      10 |     x[t] = ddim(s -> t)*mean(x0[s], per: batch)
         |                         ^^^^^^^^^^^^^^^^^^^^^^^
         = why: a sample's result then depends on the other samples it happens to share a batch with
         = help: keep one number per sample: leave out \`per: batch\`
    "
  `);
});

test("D0304 a quantity without a point", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = alpha*x0[s] + sigma[t]*eps[s]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0304]: the path quantity \`alpha\` is read at a point in a solver
      --> a.dsamp:10:12
      10 |     x[t] = alpha*x0[s] + sigma[t]*eps[s]
         |            ^^^^^
         = help: write \`alpha[s]\` or \`alpha[t]\`
    "
  `);
});

test("D0304 a point in a guidance rule", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  guidance mine
  grid log_snr
  steps 4
  solver ddim
}
guidance mine { x0 = x0[s]/2 }
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0304]: there is no point \`s\` in a guidance rule
      --> a.dsamp:9:25
       9 | guidance mine { x0 = x0[s]/2 }
         |                         ^
         = help: there is only one point here, so quantities and views stand without one: \`sigma\`, \`x0\`
    "
  `);
});

test("D0305 a state defined twice", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = ddim(s -> t)
    x[t] = alpha[t]*x0[s] + sigma[t]*eps[s]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0305]: \`x\` at this point is defined twice
      --> a.dsamp:11:5
      10 |     x[t] = ddim(s -> t)
         |     ---- first definition
      11 |     x[t] = alpha[t]*x0[s] + sigma[t]*eps[s]
         |     ^^^^
         = help: a state is defined once; for a second state at the same level declare \`point e at t\`
    "
  `);
});

test("D0305 a state nothing defines", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[t] = alpha[t]*x0[m] + sigma[t]*eps[m]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0305]: there is no state at this point
      --> a.dsamp:11:21
      11 |     x[t] = alpha[t]*x0[m] + sigma[t]*eps[m]
         |                     ^^^^^
         = help: give it one with \`x[...] = ...\`
    "
  `);
});

test("D0305 a circle", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    let a = b
    let b = a
    x[t] = a*ddim(s -> t)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0305]: \`a\` needs \`b\` needs \`a\`, so none of them has a value
      --> a.dsamp:10:13
      10 |     let a = b
         |             ^ closes the circle
      11 |     let b = a
         |         - part of it
         = help: break the circle: give one of them a value from parameters or from another point
    "
  `);
});

test("D0305 a history without a start", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = alpha[t]*(2*x0[s] - x0[s-1]) + sigma[t]*eps[s]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0305]: \`mine\` reads an earlier point, and at the first step there is none
      --> a.dsamp:10:32
       8 | solver mine {
         |        ---- this solver has no \`start\` rule
       9 |   step {
      10 |     x[t] = alpha[t]*(2*x0[s] - x0[s-1]) + sigma[t]*eps[s]
         |                                ^^^^^^^
         = help: add a line such as \`start ddim\`: the rule used while the history is missing
    "
  `);
});

test("D0306 no one view to integrate", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = integrate(s -> t, x0[s] + eps[s])
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0306]: \`integrate\` needs one view, this combines x0 and eps
      --> a.dsamp:10:30
      10 |     x[t] = integrate(s -> t, x0[s] + eps[s])
         |                              ^^^^^^^^^^^^^^
    "
  `);
});

test("D0307 a grid where a solver is needed", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver karras
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0307]: a solver is needed here, and \`karras\` is a grid
      --> a.dsamp:6:10
       6 |   solver karras
         |          ^^^^^^
    "
  `);
});

test("D0307 a range of a tensor", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = ddim(s -> t)*sum(k, k in ddim)
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0307]: \`for k in\` needs a range or a list, this is a solver
      --> a.dsamp:10:37
      10 |     x[t] = ddim(s -> t)*sum(k, k in ddim)
         |                                     ^^^^
         = help: write a range such as \`0 .. steps-1\`; both ends are included
    "
  `);
});

test("D0308 a forgotten alpha", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    let h = lambda[t] - lambda[s]
    x[t] = sigma[t]/sigma[s]*x[s] - expm1(-h)*x0[s]
  }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    warning[D0308]: this is measured in \`x0\`, and the left side in \`x[t]\`
      --> a.dsamp:11:37
      11 |     x[t] = sigma[t]/sigma[s]*x[s] - expm1(-h)*x0[s]
         |                                     ^^^^^^^^^^^^^^^
         = why: a state at another level, data and noise have different scales: a sum of them cannot be right on every schedule
         = help: a factor \`alpha[t]\` is missing
    "
  `);
});

test("D0310 a path that is not determined", () => {
  const text = `sampler q {
  schedule mine
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
schedule mine {
  time u from 1 to 0
  alpha = 1 - u
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0310]: the path of \`mine\` is not determined: sigma does not follow from its equations
      --> a.dsamp:8:10
       8 | schedule mine {
         |          ^^^^
         = help: give two independent quantities, for example \`alpha\` and \`sigma\`, or \`log(alpha)\` and \`sigma\`
    "
  `);
});

test("D0310 a rule for other schedules", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  requires alpha == 1
  step { x[t] = x[s] + (sigma[t] - sigma[s])*eps[s] }
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0310]: this rule requires something that does not hold on the schedule in use
      --> a.dsamp:9:12
       9 |   requires alpha == 1
         |            ^^^^^^^^^^
         = help: use another schedule, or a rule that holds on this one
    "
  `);
});

test("D0310 a parameterization of nothing", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts mine
  grid log_snr
  steps 4
  solver ddim
}
parameterization mine = x/sigma
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0310]: \`mine\` does not determine the prediction
      --> a.dsamp:8:18
       8 | parameterization mine = x/sigma
         |                  ^^^^
         = why: together with the path's equation it must give every endpoint, but the two say the same thing
         = help: check the formula: it must contain the network's output
    "
  `);
});

test("D0311 a path that goes backwards", () => {
  const text = `sampler q {
  schedule mine
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
schedule mine {
  time u from 0 to 1
  alpha = 1 - u
  sigma = u
}
`;
  expect(compiled(text)).toMatchInlineSnapshot(`
    "
    error[D0311]: the log-SNR of \`mine\` does not rise from noise to data: near time 0.005, lambda goes from Infinity to 5.2933
      --> a.dsamp:9:3
       9 |   time u from 0 to 1
         |   ^^^^^^^^^^^^^^^^^^
         = why: lambda = log(alpha/sigma) must rise all the way, or levels are not distinct
         = help: the first end of the interval is the noise end; exchange the ends if it is the other way round
    "
  `);
});
