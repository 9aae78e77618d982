// Diagnostics in the user's terms: D01 and D02: syntax, names, placement, arguments, files. Every snapshot was read: narrow span, one sentence, a
// way out.

import { expect, test } from "vitest";
import { compiled } from "../compiler/check/support.js";

/** Other files of the project. */
const files = {
  "b.dsamp": 'use "a.dsamp"\n',
};

test("D0101 a broken expression", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = alpha[t]*x0[s] + sigma[t]*
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0101]: a value is missing after \`*\`
      --> a.dsamp:10:38
      10 |     x[t] = alpha[t]*x0[s] + sigma[t]*
         |                                      ^
    "
  `);
});

test("D0102 a character of no meaning", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = ddim(s -> t) ? 1
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0102]: the character \`?\` is not part of the language
      --> a.dsamp:10:25
      10 |     x[t] = ddim(s -> t) ? 1
         |                         ^
         = help: a value is chosen by \`where(condition, a, b)\`
    "
  `);
});

test("D0201 a quantity", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = alpha[t]*x0[s] + simga[t]*eps[s]
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0201]: \`simga\` is not known in a solver
      --> a.dsamp:10:29
      10 |     x[t] = alpha[t]*x0[s] + simga[t]*eps[s]
         |                             ^^^^^
         = help: did you mean \`sigma\`?
    "
  `);
});

test("D0201 a part of a sampler", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid karass
  steps 4
  solver dpmpp2m
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0201]: there is no grid \`karass\`
      --> a.dsamp:4:8
       4 |   grid karass
         |        ^^^^^^
         = help: did you mean \`karras\`?

    error[D0201]: there is no solver \`dpmpp2m\`
      --> a.dsamp:6:10
       6 |   solver dpmpp2m
         |          ^^^^^^^
         = help: did you mean \`dpmpp_2m\`?
    "
  `);
});

test("D0201 a name a used file does not have", () => {
  const text = `use std.solvers { dpmpp_4m }
sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0201]: the library part \`std.solvers\` has no \`dpmpp_4m\`
      --> a.dsamp:1:19
       1 | use std.solvers { dpmpp_4m }
         |                   ^^^^^^^^
         = help: did you mean \`dpmpp_2m\`?
    "
  `);
});

test("D0202 a name that hides a quantity", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    let rho = 2
    x[t] = alpha[t]*x0[s] + sigma[t]*eps[s]*rho/2
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    warning[D0202]: \`rho\` hides the path quantity of that name
      --> a.dsamp:10:9
      10 |     let rho = 2
         |         ^^^
         = help: rename it, so that both can be read
    "
  `);
});

test("D0203 a draw that nothing reads", () => {
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
    x[t] = ddim(s -> t)
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    warning[D0203]: the noise \`z\` is never used
      --> a.dsamp:9:9
       9 |   noise z
         |         ^
         = fix: remove \`z\`
    "
  `);
});

test("D0204 one name twice", () => {
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
    let h = rho[t] - rho[s]
    x[t] = ddim(s -> t)*h/h
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0204]: \`h\` is defined twice here
      --> a.dsamp:11:9
      10 |     let h = lambda[t] - lambda[s]
         |         - first definition (value)
      11 |     let h = rho[t] - rho[s]
         |         ^ second definition (value)
         = help: rename one of them, or write \`h := ...\` to give it a new value from there on
    "
  `);
});

test("D0205 a file outside the project", () => {
  const text = `use "../secret.dsamp"
sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0205]: \`../secret.dsamp\` lies outside the project
      --> a.dsamp:1:5
       1 | use "../secret.dsamp"
         |     ^^^^^^^^^^^^^^^^^
         = why: a spec may only read files below the folder it belongs to, so that running a stranger's spec is safe
         = help: copy the file into the project
    "
  `);
});

test("D0205 a file that is not there", () => {
  const text = `use "mine.dsamp" { mine }
sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0205]: the file \`mine.dsamp\` cannot be read
      --> a.dsamp:1:5
       1 | use "mine.dsamp" { mine }
         |     ^^^^^^^^^^^^
         = help: check the name; paths are relative to the file they are written in
    "
  `);
});

test("D0206 files in a circle", () => {
  const text = `use "b.dsamp"
sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0206]: these files use each other in a cycle: a.dsamp -> b.dsamp -> a.dsamp
      --> b.dsamp:1:5
       1 | use "a.dsamp"
         |     ^^^^^^^^^ closes the cycle
         = help: move what both files need into a third file
    "
  `);
});

test("D0207 a solver of itself", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = mine(s -> t)
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0207]: \`mine\` is applied inside itself without end
      --> a.dsamp:10:12
      10 |     x[t] = mine(s -> t)
         |            ^^^^
         = help: end the recursion with a \`when\` on a parameter that changes, or apply another solver
    "
  `);
});

test("D0210 a point in a grid", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid mine
  steps 4
  solver ddim
}
grid mine {
  point m at lambda = 0
  lambda[i] = lerp(lambda[start], lambda[end], i/steps)  for i in 0 .. steps
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0210]: \`point\` does not belong in a grid
      --> a.dsamp:9:3
       9 |   point m at lambda = 0
         |   ^^^^^
         = help: it belongs in the \`step\` of a solver
    "
  `);
});

test("D0210 an equation beside the step", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  x[t] = ddim(s -> t)
  step { x[t] = ddim(s -> t) }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0210]: an equation does not belong in a solver
      --> a.dsamp:9:3
       9 |   x[t] = ddim(s -> t)
         |   ^^^^
         = help: it belongs in the \`step\` of a solver
    "
  `);
});

test("D0211 a sampler without a grid", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0211]: the sampler \`q\` names no grid
      --> a.dsamp:1:9
       1 | sampler q {
         |         ^
         = help: add a line such as \`grid karras\`
    "
  `);
});

test("D0211 a solver without a step", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine { order 2 }
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0211]: the solver \`mine\` has no \`step\`
      --> a.dsamp:8:8
       8 | solver mine { order 2 }
         |        ^^^^
         = help: add \`step { x[t] = ... }\`, or a \`tableau\`
    "
  `);
});

test("D0220 a parameter that is not there", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  guidance cfg(scail: 2)
  grid log_snr
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0220]: \`cfg\` has no parameter \`scail\`
      --> a.dsamp:4:16
       4 |   guidance cfg(scail: 2)
         |                ^^^^^
         = help: did you mean \`scale\`?
    "
  `);
});

test("D0220 a parameter that is missing", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine(base: solver) { step { x[t] = base(s -> t) } }
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0220]: \`mine\` needs a value for \`base\`
      --> a.dsamp:6:10
       6 |   solver mine
         |          ^^^^
       7 | }
       8 | solver mine(base: solver) { step { x[t] = base(s -> t) } }
         |             ---- declared without a default
         = help: write \`mine(base: ...)\`
    "
  `);
});

test("D0220 too few arguments", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = ddim(s -> t)*lerp(1, 2)
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0220]: \`lerp\` takes 3 arguments, here are 2
      --> a.dsamp:10:25
      10 |     x[t] = ddim(s -> t)*lerp(1, 2)
         |                         ^^^^^^^^^^
    "
  `);
});
