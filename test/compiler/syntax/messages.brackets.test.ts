// Rendered messages for mistakes: brackets. Source and message are read together; a change here is a change of what
// authors read.

import { expect, test } from "vitest";
import { annotated } from "../../support/syntax.js";

test("unclosed parenthesis", () => {
  expect(
    annotated(`solver a {
  step {
    x[t] = exp(lambda[t] - lambda[s]
    let y = 3
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t] = exp(lambda[t] - lambda[s]
        let y = 3
      }
    }

    error[D0101]: \`(\` is never closed
      --> a.dsamp:3:37
       3 |     x[t] = exp(lambda[t] - lambda[s]
         |                                     ^ \`)\` is missing here
         |               - opened here
    "
  `);
});

test("unclosed parenthesis before an equation", () => {
  expect(
    annotated(`solver a {
  step {
    x[a] = (x[s] + 1
    x[t] = x[a]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[a] = (x[s] + 1
        x[t] = x[a]
      }
    }

    error[D0101]: \`(\` is never closed
      --> a.dsamp:3:21
       3 |     x[a] = (x[s] + 1
         |                     ^ \`)\` is missing here
         |            - opened here
    "
  `);
});

test("unclosed index", () => {
  expect(
    annotated(`solver a {
  step {
    x[t = x[s]
    y[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t = x[s]
        y[t] = x[s]
      }
    }

    error[D0101]: \`[\` is never closed
      --> a.dsamp:3:15
       3 |     x[t = x[s]
         |               ^ \`]\` is missing here
         |      - opened here
    "
  `);
});

test("wrong closer", () => {
  expect(
    annotated(`solver a {
  step {
    x[t) = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t) = x[s]
      }
    }

    error[D0101]: \`)\` cannot close \`[\`
      --> a.dsamp:3:8
       3 |     x[t) = x[s]
         |        ^ \`]\` belongs here
         |      - opened here
    "
  `);
});

test("stray parenthesis", () => {
  expect(
    annotated(`solver a {
  step {
    x[t] = x[s])
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t] = x[s])
      }
    }

    error[D0101]: this \`)\` closes nothing
      --> a.dsamp:3:16
       3 |     x[t] = x[s])
         |                ^
         = help: remove it, or open the bracket it should close
    "
  `);
});

test("two unclosed brackets", () => {
  expect(
    annotated(`solver a {
  step {
    x[t] = f(g(x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t] = f(g(x[s]
      }
    }

    error[D0101]: 2 brackets are never closed
      --> a.dsamp:3:20
       3 |     x[t] = f(g(x[s]
         |                    ^ \`))\` is missing here
         |               - opened here
         |             - opened here
    "
  `);
});

test("missing brace of a step", () => {
  expect(
    annotated(`solver a {
  order 1
  step {
    x[t] = x[s]
}

solver b {
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      order 1
      step {
        x[t] = x[s]
    }

    solver b {
      order 1
    }

    error[D0101]: \`{\` is never closed
      --> a.dsamp:4:16
       3 |   step {
         |        - opened here
       4 |     x[t] = x[s]
         |                ^ \`}\` is missing here
    "
  `);
});

test("missing brace at the end", () => {
  expect(
    annotated(`solver a {
  order 1
  step {
    x[t] = x[s]
  }
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      order 1
      step {
        x[t] = x[s]
      }

    error[D0101]: \`{\` is never closed
      --> a.dsamp:5:4
       1 | solver a {
         |          - opened here
       ...
       5 |   }
         |    ^ \`}\` is missing here
    "
  `);
});

test("missing opening brace", () => {
  expect(
    annotated(`solver a {
  order 1
  step
    x[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      order 1
      step
        x[t] = x[s]
      }
    }

    error[D0101]: \`{\` is missing: \`step\` needs a block
      --> a.dsamp:3:7
       3 |   step
         |       ^ \`{\` belongs here
    "
  `);
});

test("missing opening brace of a condition", () => {
  expect(
    annotated(`solver a {
  step {
    when last
      x[t] = x[s]
    }
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        when last
          x[t] = x[s]
        }
      }
    }

    error[D0101]: \`{\` is missing: \`when\` needs a block
      --> a.dsamp:3:14
       3 |     when last
         |              ^ \`{\` belongs here
    "
  `);
});

test("missing opening brace of a definition", () => {
  expect(
    annotated(`solver a
  order 1
}
solver b { order 1 }
`),
  ).toMatchInlineSnapshot(`
    "solver a
      order 1
    }
    solver b { order 1 }

    error[D0101]: \`{\` is missing: \`solver\` needs a block
      --> a.dsamp:1:9
       1 | solver a
         |         ^ \`{\` belongs here
    "
  `);
});

test("brace on the next line", () => {
  expect(
    annotated(`solver a
{
  order 1
}
`),
  ).toMatchInlineSnapshot(`
    "solver a
    {
      order 1
    }

    error[D0101]: the \`{\` of a block stands on the line of its statement
      --> a.dsamp:2:1
       1 | solver a
         |         - \`{\` belongs here
       2 | {
         | ^
    "
  `);
});

test("stray brace", () => {
  expect(
    annotated(`solver a {
  order 1
}
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      order 1
    }
    }

    error[D0101]: this \`}\` closes nothing
      --> a.dsamp:4:1
       4 | }
         | ^
         = help: remove it, or open the bracket it should close
    "
  `);
});

test("unclosed string", () => {
  expect(
    annotated(`use "./a.dsamp
let a = 2
`),
  ).toMatchInlineSnapshot(`
    "use "./a.dsamp
    let a = 2

    error[D0101]: this string has no closing quote
      --> a.dsamp:1:5
       1 | use "./a.dsamp
         |     ^
         = help: a string ends on its line and has no escapes
    "
  `);
});

test("semicolon inside brackets", () => {
  expect(
    annotated(`let a = f(1; 2)
`),
  ).toMatchInlineSnapshot(`
    "let a = f(1; 2)

    error[D0101]: \`;\` separates statements and cannot stand inside brackets
      --> a.dsamp:1:12
       1 | let a = f(1; 2)
         |            ^
         = help: write \`,\`
    "
  `);
});

test("missing brace of a one-line block", () => {
  expect(
    annotated(`solver a {
  step x[t] = x[s] }
}
expect a order 1; calls 1 }
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step x[t] = x[s] }
    }
    expect a order 1; calls 1 }

    error[D0101]: \`{\` is missing: \`step\` needs a block
      --> a.dsamp:2:7
       2 |   step x[t] = x[s] }
         |       ^ \`{\` belongs here

    error[D0101]: \`{\` is missing: \`expect\` needs a block
      --> a.dsamp:4:9
       4 | expect a order 1; calls 1 }
         |         ^ \`{\` belongs here
    "
  `);
});

test("missing closing brace before else", () => {
  expect(
    annotated(`solver a {
  step {
    when last {
      x[t] = x[s]
    else {
      x[t] = 2*x[s]
    }
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        when last {
          x[t] = x[s]
        else {
          x[t] = 2*x[s]
        }
      }
    }

    error[D0101]: \`{\` is never closed
      --> a.dsamp:4:18
       3 |     when last {
         |               - opened here
       4 |       x[t] = x[s]
         |                  ^ \`}\` is missing here
    "
  `);
});

test("stray bracket inside parentheses", () => {
  expect(
    annotated(`let a = (b c])*2
`),
  ).toMatchInlineSnapshot(`
    "let a = (b c])*2

    error[D0101]: this \`]\` closes nothing
      --> a.dsamp:1:13
       1 | let a = (b c])*2
         |             ^
         = help: remove it, or open the bracket it should close
    "
  `);
});

test("call without else branch braces", () => {
  expect(
    annotated(`solver a {
  step {
    when last { x[t] = x[s] } else x[t] = 2*x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        when last { x[t] = x[s] } else x[t] = 2*x[s]
      }
    }

    error[D0101]: \`else\` needs a block \`{ ... }\`
      --> a.dsamp:3:36
       3 |     when last { x[t] = x[s] } else x[t] = 2*x[s]
         |                                    ^
    "
  `);
});
