// Rendered messages for mistakes: statements. Source and message are read together; a change here is a change of what
// authors read.

import { expect, test } from "vitest";
import { annotated } from "../../support/syntax.js";

test("missing value", () => {
  expect(
    annotated(`solver a {
  order
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      order
      step { x[t] = x[s] }
    }

    error[D0101]: a value is missing after \`order\`
      --> a.dsamp:2:8
       2 |   order
         |        ^
         = help: write \`order 2\`, or \`order 2 on condition\`
    "
  `);
});

test("misspelled statement", () => {
  expect(
    annotated(`solver a {
  oder 2
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      oder 2
      step { x[t] = x[s] }
    }

    error[D0101]: \`oder\` is not a statement
      --> a.dsamp:2:3
       2 |   oder 2
         |   ^^^^
         = help: did you mean \`order\`?
         = fix: write \`order\`
    "
  `);
});

test("misspelled definition", () => {
  expect(
    annotated(`slover a {
  order 2
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "slover a {
      order 2
      step { x[t] = x[s] }
    }

    error[D0101]: \`slover\` does not begin a definition
      --> a.dsamp:1:1
       1 | slover a {
         | ^^^^^^
         = help: did you mean \`solver\`?
         = fix: write \`solver\`
    "
  `);
});

test("unknown statement", () => {
  expect(
    annotated(`solver a {
  print x
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      print x
      step { x[t] = x[s] }
    }

    error[D0101]: \`print\` is not a statement
      --> a.dsamp:2:3
       2 |   print x
         |   ^^^^^
         = help: did you mean \`point\`?
         = fix: write \`point\`
    "
  `);
});

test("expression as a statement", () => {
  expect(
    annotated(`solver a {
  step {
    x[s]
    x[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[s]
        x[t] = x[s]
      }
    }

    error[D0101]: this line is not complete: an equation has \`=\` and a right side
      --> a.dsamp:3:9
       3 |     x[s]
         |         ^
         = help: a line is an equation such as \`x[t] = ...\`, or begins with a word such as \`let\`, \`when\`, \`order\`
    "
  `);
});

test("equation outside of a definition", () => {
  expect(
    annotated(`x = 3
solver a { order 1 }
`),
  ).toMatchInlineSnapshot(`
    "x = 3
    solver a { order 1 }

    error[D0101]: this statement stands outside of any definition
      --> a.dsamp:1:1
       1 | x = 3
         | ^
         = help: a file holds \`schedule\`, \`parameterization\`, \`guidance\`, \`grid\`, \`solver\`, \`sampler\`, \`expect\`, \`let\`, \`table\` and \`use\`
    "
  `);
});

test("clause outside of a definition", () => {
  expect(
    annotated(`order 2
solver a { order 1 }
`),
  ).toMatchInlineSnapshot(`
    "order 2
    solver a { order 1 }

    error[D0101]: a file holds definitions; \`order\` begins none
      --> a.dsamp:1:1
       1 | order 2
         | ^^^^^
         = help: a file holds \`schedule\`, \`parameterization\`, \`guidance\`, \`grid\`, \`solver\`, \`sampler\`, \`expect\`, \`let\`, \`table\` and \`use\`
    "
  `);
});

test("time without from", () => {
  expect(
    annotated(`schedule a {
  time t
  alpha = 1 - t
}
`),
  ).toMatchInlineSnapshot(`
    "schedule a {
      time t
      alpha = 1 - t
    }

    error[D0101]: \`time\` needs \`from\`
      --> a.dsamp:2:9
       2 |   time t
         |         ^
         = help: write \`time t from 1 to 0\`
    "
  `);
});

test("time without to", () => {
  expect(
    annotated(`schedule a {
  time t from 1
  alpha = 1 - t
}
`),
  ).toMatchInlineSnapshot(`
    "schedule a {
      time t from 1
      alpha = 1 - t
    }

    error[D0101]: \`time\` needs \`to\`
      --> a.dsamp:2:16
       2 |   time t from 1
         |                ^
         = help: write \`time t from 1 to 0\`
    "
  `);
});

test("point without place", () => {
  expect(
    annotated(`solver a {
  step {
    point m
    x[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        point m
        x[t] = x[s]
      }
    }

    error[D0101]: \`point\` needs \`at\`
      --> a.dsamp:3:12
       3 |     point m
         |            ^
         = help: write \`point m at lambda = value\`, or \`point m at t\`
    "
  `);
});

test("input without kind", () => {
  expect(
    annotated(`solver a {
  input y
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      input y
      order 1
    }

    error[D0101]: an input needs a kind
      --> a.dsamp:2:10
       2 |   input y
         |          ^
         = help: write \`input y: tensor\`
    "
  `);
});

test("carry without value", () => {
  expect(
    annotated(`solver a {
  carry v[start]
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      carry v[start]
      order 1
    }

    error[D0101]: \`carry\` needs \`=\` and a value
      --> a.dsamp:2:17
       2 |   carry v[start]
         |                 ^
         = help: write \`carry v[start] = value\`
    "
  `);
});

test("brownian without over", () => {
  expect(
    annotated(`solver a {
  brownian W
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      brownian W
      order 1
    }

    error[D0101]: \`brownian\` needs \`over\`
      --> a.dsamp:2:13
       2 |   brownian W
         |             ^
         = help: write \`brownian W over lambda\`
    "
  `);
});

test("model without predicts", () => {
  expect(
    annotated(`sampler a {
  model eps
  steps 3
}
`),
  ).toMatchInlineSnapshot(`
    "sampler a {
      model eps
      steps 3
    }

    error[D0101]: \`model\` needs \`predicts\`
      --> a.dsamp:2:12
       2 |   model eps
         |            ^
         = help: write \`model predicts eps\`, or \`model predicts eps with time: index\`
    "
  `);
});

test("while without then", () => {
  expect(
    annotated(`sampler a {
  solver a while first
  steps 3
}
`),
  ).toMatchInlineSnapshot(`
    "sampler a {
      solver a while first
      steps 3
    }

    error[D0101]: \`while\` needs \`then\` and a solver
      --> a.dsamp:2:23
       2 |   solver a while first
         |                       ^
         = help: write \`solver ddim\`, or \`solver a while condition then b\`
    "
  `);
});

test("accept without else", () => {
  expect(
    annotated(`solver a {
  step {
    accept e < 1
    x[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        accept e < 1
        x[t] = x[s]
      }
    }

    error[D0101]: \`accept\` needs \`else\`
      --> a.dsamp:3:17
       3 |     accept e < 1
         |                 ^
         = help: write \`accept condition else { ... }\`
    "
  `);
});

test("else without when", () => {
  expect(
    annotated(`solver a {
  step {
    else { x[t] = x[s] }
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        else { x[t] = x[s] }
      }
    }

    error[D0101]: this \`else\` has no \`when\` or \`if\` before it
      --> a.dsamp:3:5
       3 |     else { x[t] = x[s] }
         |     ^^^^
         = help: it follows the \`}\` of a \`when\` or \`if\`
    "
  `);
});

test("tableau row without bar", () => {
  expect(
    annotated(`solver a {
  tableau x0 over lambda {
    0
    1/2 | 1/2
    | 0, 1
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      tableau x0 over lambda {
        0
        1/2 | 1/2
        | 0, 1
      }
    }

    error[D0101]: a row of a tableau has a \`|\` between its node and its entries
      --> a.dsamp:3:6
       3 |     0
         |      ^
         = help: write \`c | a1, a2\`, or \`| b1, b2\` for a result
    "
  `);
});

test("tableau without over", () => {
  expect(
    annotated(`solver a {
  tableau x0 {
    0 |
    | 1
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      tableau x0 {
        0 |
        | 1
      }
    }

    error[D0101]: \`tableau\` needs \`over\`
      --> a.dsamp:2:13
       2 |   tableau x0 {
         |             ^
         = help: write \`tableau x0 over lambda { c | a; | b }\`
    "
  `);
});

test("definition without a name", () => {
  expect(
    annotated(`solver {
  order 1
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver {
      order 1
      step { x[t] = x[s] }
    }

    error[D0101]: a name is missing after \`solver\`
      --> a.dsamp:1:7
       1 | solver {
         |       ^
         = help: write \`solver NAME { ... }\`
    "
  `);
});

test("reserved word as a definition's name", () => {
  expect(
    annotated(`solver for {
  order 1
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver for {
      order 1
      step { x[t] = x[s] }
    }

    error[D0101]: \`for\` is a reserved word and cannot be a name
      --> a.dsamp:1:8
       1 | solver for {
         |        ^^^
         = help: choose another name
    "
  `);
});

test("words between a head and its block", () => {
  expect(
    annotated(`solver a {
  step now {
    x[t] = x[s]
  }
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step now {
        x[t] = x[s]
      }
      order 1
    }

    error[D0101]: \`now\` cannot stand between \`step\` and its block
      --> a.dsamp:2:8
       2 |   step now {
         |        ^^^
         = help: write \`step { x[t] = ... }\`
    "
  `);
});

test("junk in a definition's head", () => {
  expect(
    annotated(`solver a extends b {
  order 1
  step { x[t] = x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a extends b {
      order 1
      step { x[t] = x[s] }
    }

    error[D0101]: \`extends\` cannot stand between \`solver\` and its block
      --> a.dsamp:1:10
       1 | solver a extends b {
         |          ^^^^^^^
         = help: write \`solver NAME { ... }\`
    "
  `);
});

test("several mistakes", () => {
  expect(
    annotated(`solver a {
  oder 2
  start
  step {
    let h = lambda[t] lambda[s]
    x[t] = (x[s]
    y[t] == 3
  }
}
let a = 2x
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      oder 2
      start
      step {
        let h = lambda[t] lambda[s]
        x[t] = (x[s]
        y[t] == 3
      }
    }
    let a = 2x

    error[D0101]: \`oder\` is not a statement
      --> a.dsamp:2:3
       2 |   oder 2
         |   ^^^^
         = help: did you mean \`order\`?
         = fix: write \`order\`

    error[D0101]: a value is missing after \`start\`
      --> a.dsamp:3:8
       3 |   start
         |        ^
         = help: write \`start ddim\`, or \`start a then b\`

    error[D0101]: an operator is missing between \`]\` and \`lambda\`
      --> a.dsamp:5:23
       5 |     let h = lambda[t] lambda[s]
         |                       ^^^^^^
         = help: a product is written with \`*\`; two statements on one line are separated by \`;\`

    error[D0101]: \`(\` is never closed
      --> a.dsamp:7:14
       6 |     x[t] = (x[s]
         |            - opened here
       7 |     y[t] == 3
         |              ^ \`)\` is missing here

    error[D0101]: an operator is missing between \`2\` and \`x\`
      --> a.dsamp:10:10
      10 | let a = 2x
         |          ^
         = help: a product is written with \`*\`
         = fix: write \`*\`
    "
  `);
});

test("use without names", () => {
  expect(
    annotated(`use
let a = 1
`),
  ).toMatchInlineSnapshot(`
    "use
    let a = 1

    error[D0101]: this \`use\` is not complete
      --> a.dsamp:1:4
       1 | use
         |    ^
         = help: write \`use "./file.dsamp" { a, b }\` or \`use std.solvers\`
    "
  `);
});

test("use with an empty list", () => {
  expect(
    annotated(`use std.solvers { }
let a = 1
`),
  ).toMatchInlineSnapshot(`
    "use std.solvers { }
    let a = 1

    error[D0101]: a name is missing after \`{\`
      --> a.dsamp:1:18
       1 | use std.solvers { }
         |                  ^
         = help: write \`use "./file.dsamp" { a, b }\` or \`use std.solvers\`
    "
  `);
});

test("for loop without in", () => {
  expect(
    annotated(`solver a {
  step {
    for i = 0 .. 3 { x[t] = x[s] }
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        for i = 0 .. 3 { x[t] = x[s] }
      }
    }

    error[D0101]: \`for\` needs a name and \`in\`
      --> a.dsamp:3:11
       3 |     for i = 0 .. 3 { x[t] = x[s] }
         |           ^
         = help: write \`for i in a .. b\`
    "
  `);
});

test("table without source", () => {
  expect(
    annotated(`table a
let b = 1
`),
  ).toMatchInlineSnapshot(`
    "table a
    let b = 1

    error[D0101]: this \`table\` is not complete
      --> a.dsamp:1:8
       1 | table a
         |        ^
         = help: write \`table NAME from "file"\` or \`table NAME = [...]\`
    "
  `);
});

test("fails without quotes", () => {
  expect(
    annotated(`expect a { fails D0412 }
`),
  ).toMatchInlineSnapshot(`
    "expect a { fails D0412 }

    error[D0101]: \`D0412\` must stand in double quotes
      --> a.dsamp:1:18
       1 | expect a { fails D0412 }
         |                  ^^^^^
         = help: write \`fails "D0412"\`
    "
  `);
});

test("is without property", () => {
  expect(
    annotated(`expect a { is }
`),
  ).toMatchInlineSnapshot(`
    "expect a { is }

    error[D0101]: a name is missing after \`is\`
      --> a.dsamp:1:14
       1 | expect a { is }
         |              ^
         = help: write \`is linear\`, or \`is not linear\`
    "
  `);
});
