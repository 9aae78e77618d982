// Diagnostics in the user's terms: D06, D08, D09: files, limits, reports, what is not supported. Every snapshot was read: narrow span, one sentence, a
// way out.

import { expect, test } from "vitest";
import { compiled } from "../compiler/check/support.js";

/** Other files of the project. */
const files = {
  "words.json": '[1, 2, "three"]',
};

test("D0601 a table that is not there", () => {
  const text = `table mine from "mine.json"
sampler q {
  schedule vp_linear
  model predicts eps
  grid given(rhos: mine)
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0601]: the file \`mine.json\` cannot be read
      --> a.dsamp:1:17
       1 | table mine from "mine.json"
         |                 ^^^^^^^^^^^
         = help: check the name; paths are relative to the file they are written in
    "
  `);
});

test("D0602 a table that is no table", () => {
  const text = `table mine from "words.json"
sampler q {
  schedule vp_linear
  model predicts eps
  grid given(rhos: mine)
  steps 4
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0602]: \`words.json\` is not a table: it holds something that is neither a number nor a list
      --> a.dsamp:1:17
       1 | table mine from "words.json"
         |                 ^^^^^^^^^^^^
         = help: a JSON table is a list of numbers, or a list of lists; a CSV table has one row a line
    "
  `);
});

test("D0804 too many steps", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 100000000
  solver ddim
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0804]: a run may have at most 10000 steps, this asks for 100000000
      --> a.dsamp:5:3
       5 |   steps 100000000
         |   ^^^^^^^^^^^^^^^
    "
  `);
});

test("D0806 too many passes", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    point c at s
    x[c] = x[s]
    repeat 5000 { x[c] := ddim(s -> c) }
    x[t] = ddim(c -> t)
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0806]: a \`repeat\` of more than 1000 passes is too long to unroll
      --> a.dsamp:12:12
      12 |     repeat 5000 { x[c] := ddim(s -> c) }
         |            ^^^^
    "
  `);
});

test("D0901 a model told another time", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    call e = model(x[s], at: s, time: time[t])
    x[t] = alpha[t]*e.x0 + sigma[t]*e.eps
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    warning[D0901]: the model is told a time other than that of its input's level
      --> a.dsamp:10:33
      10 |     call e = model(x[s], at: s, time: time[t])
         |                                 ^^^^^^^^^^^^^
    "
  `);
});

test("D0902 a level taken away", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  step {
    x[t] = relabel(x[s])
  }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    note[D0902]: \`relabel\` takes this tensor's level away; nothing checks where it is used
      --> a.dsamp:10:12
      10 |     x[t] = relabel(x[s])
         |            ^^^^^^^^^^^^^
    "
  `);
});

test("D0990 something for later", () => {
  const text = `sampler q {
  schedule vp_linear
  model predicts eps
  grid log_snr
  steps 4
  solver mine
}
solver mine {
  population 64
  step { x[t] = ddim(s -> t) }
}
`;
  expect(compiled(text, files)).toMatchInlineSnapshot(`
    "
    error[D0990]: \`population\` is part of the language but not yet supported
      --> a.dsamp:9:3
       9 |   population 64
         |   ^^^^^^^^^^^^^
    "
  `);
});
