// Rendered messages for mistakes: expressions. Source and message are read together; a change here is a change of what
// authors read.

import { expect, test } from "vitest";
import { annotated } from "../../support/syntax.js";

test("equals sign in a condition", () => {
  expect(
    annotated(`solver a {
  step {
    when step = 0 {
      x[t] = x[s]
    }
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        when step = 0 {
          x[t] = x[s]
        }
      }
    }

    error[D0101]: a comparison is written \`==\`
      --> a.dsamp:3:15
       3 |     when step = 0 {
         |               ^
         = fix: write \`==\`
    "
  `);
});

test("double equals in an equation", () => {
  expect(
    annotated(`solver a {
  step {
    x[t] == x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        x[t] == x[s]
      }
    }

    error[D0101]: \`==\` compares; an equation is written with one \`=\`
      --> a.dsamp:3:10
       3 |     x[t] == x[s]
         |          ^^
         = fix: write \`=\`
    "
  `);
});

test("arrow for assignment", () => {
  expect(
    annotated(`solver a {
  step {
    let y = x[s]
    y <- y + 1
    x[t] = y
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        let y = x[s]
        y <- y + 1
        x[t] = y
      }
    }

    error[D0101]: a value is replaced by \`:=\`, not by \`<-\`
      --> a.dsamp:4:7
       4 |     y <- y + 1
         |       ^^
         = fix: write \`:=\`
    "
  `);
});

test("compound assignment", () => {
  expect(
    annotated(`solver a {
  step {
    let y = x[s]
    y += 1
    x[t] = y
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        let y = x[s]
        y += 1
        x[t] = y
      }
    }

    error[D0101]: there is no \`+=\`
      --> a.dsamp:4:7
       4 |     y += 1
         |       ^^
         = help: write the whole right side, for example \`y := y + ...\`
    "
  `);
});

test("let with :=", () => {
  expect(
    annotated(`solver a {
  step {
    let y := x[s]
    x[t] = y
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        let y := x[s]
        x[t] = y
      }
    }

    error[D0101]: \`:=\` replaces a value that exists; a definition is written with \`=\`
      --> a.dsamp:3:11
       3 |     let y := x[s]
         |           ^^
         = fix: write \`=\`
    "
  `);
});

test("implicit product", () => {
  expect(
    annotated(`let a = 2x
`),
  ).toMatchInlineSnapshot(`
    "let a = 2x

    error[D0101]: an operator is missing between \`2\` and \`x\`
      --> a.dsamp:1:10
       1 | let a = 2x
         |          ^
         = help: a product is written with \`*\`
         = fix: write \`*\`
    "
  `);
});

test("two operands", () => {
  expect(
    annotated(`let a = 2 b
`),
  ).toMatchInlineSnapshot(`
    "let a = 2 b

    error[D0101]: an operator is missing between \`2\` and \`b\`
      --> a.dsamp:1:11
       1 | let a = 2 b
         |           ^
         = help: a product is written with \`*\`; two statements on one line are separated by \`;\`
    "
  `);
});

test("operand after a parenthesis", () => {
  expect(
    annotated(`let a = (1 + 2)(3 + 4) b
`),
  ).toMatchInlineSnapshot(`
    "let a = (1 + 2)(3 + 4) b

    error[D0101]: an operator is missing between \`)\` and \`b\`
      --> a.dsamp:1:24
       1 | let a = (1 + 2)(3 + 4) b
         |                        ^
         = help: a product is written with \`*\`; two statements on one line are separated by \`;\`
    "
  `);
});

test("missing right side", () => {
  expect(
    annotated(`solver a {
  step {
    let a =
    let b = 3
    x[t] = x[s]
  }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step {
        let a =
        let b = 3
        x[t] = x[s]
      }
    }

    error[D0101]: a value is missing after \`=\`
      --> a.dsamp:3:12
       3 |     let a =
         |            ^
    "
  `);
});

test("missing operand", () => {
  expect(
    annotated(`solver a {
  step { x[t] = x[s] + }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step { x[t] = x[s] + }
    }

    error[D0101]: a value is missing after \`+\`
      --> a.dsamp:2:23
       2 |   step { x[t] = x[s] + }
         |                       ^
    "
  `);
});

test("missing operand in brackets", () => {
  expect(
    annotated(`let a = (1 + )*2
`),
  ).toMatchInlineSnapshot(`
    "let a = (1 + )*2

    error[D0101]: a value is missing after \`+\`
      --> a.dsamp:1:13
       1 | let a = (1 + )*2
         |             ^
    "
  `);
});

test("empty parentheses", () => {
  expect(
    annotated(`let a = ()
`),
  ).toMatchInlineSnapshot(`
    "let a = ()

    error[D0101]: the brackets \`()\` are empty
      --> a.dsamp:1:10
       1 | let a = ()
         |          ^
    "
  `);
});

test("plus sign", () => {
  expect(
    annotated(`let a = 2*(+3)
`),
  ).toMatchInlineSnapshot(`
    "let a = 2*(+3)

    error[D0101]: a value has no sign \`+\`
      --> a.dsamp:1:12
       1 | let a = 2*(+3)
         |            ^
         = help: leave the \`+\` out
    "
  `);
});

test("reserved word as a name", () => {
  expect(
    annotated(`let for = 3
let b = for + 1
`),
  ).toMatchInlineSnapshot(`
    "let for = 3
    let b = for + 1

    error[D0101]: \`for\` is a reserved word and cannot be a name
      --> a.dsamp:1:5
       1 | let for = 3
         |     ^^^
         = help: choose another name

    error[D0101]: \`for\` is a reserved word and cannot be a name
      --> a.dsamp:2:9
       2 | let b = for + 1
         |         ^^^
         = help: choose another name
    "
  `);
});

test("reserved word as a parameter", () => {
  expect(
    annotated(`solver a(in = 2) { order 1 }
`),
  ).toMatchInlineSnapshot(`
    "solver a(in = 2) { order 1 }

    error[D0101]: \`in\` is a reserved word and cannot be a name
      --> a.dsamp:1:10
       1 | solver a(in = 2) { order 1 }
         |          ^^
         = help: choose another name
    "
  `);
});

test("argument with =", () => {
  expect(
    annotated(`solver a {
  start ddim(eta = 0)
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      start ddim(eta = 0)
    }

    error[D0101]: an argument is named with \`:\`
      --> a.dsamp:2:18
       2 |   start ddim(eta = 0)
         |                  ^
         = help: write \`eta: ...\`
         = fix: write \`:\`
    "
  `);
});

test("missing comma in arguments", () => {
  expect(
    annotated(`solver a {
  start ddim(eta: 0 tau: 1)
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      start ddim(eta: 0 tau: 1)
    }

    error[D0101]: a comma or an operator is missing before \`tau\`
      --> a.dsamp:2:21
       2 |   start ddim(eta: 0 tau: 1)
         |                     ^^^
    "
  `);
});

test("missing comma in parameters", () => {
  expect(
    annotated(`solver a(eta = 0 tau = 1) { order 1 }
`),
  ).toMatchInlineSnapshot(`
    "solver a(eta = 0 tau = 1) { order 1 }

    error[D0101]: a comma is missing before \`tau\`
      --> a.dsamp:1:18
       1 | solver a(eta = 0 tau = 1) { order 1 }
         |                  ^^^
    "
  `);
});

test("colon range", () => {
  expect(
    annotated(`let a = sum(k, k in 0:3)
`),
  ).toMatchInlineSnapshot(`
    "let a = sum(k, k in 0:3)

    error[D0101]: \`:\` names an argument and stands only between a name and its value
      --> a.dsamp:1:22
       1 | let a = sum(k, k in 0:3)
         |                      ^
         = help: ranges are written \`a .. b\`
    "
  `);
});

test("slice", () => {
  expect(
    annotated(`let a = b[0:3]
`),
  ).toMatchInlineSnapshot(`
    "let a = b[0:3]

    error[D0101]: \`:\` names an argument and stands only between a name and its value
      --> a.dsamp:1:12
       1 | let a = b[0:3]
         |            ^
         = help: ranges are written \`a .. b\`
    "
  `);
});

test("two equations on one line", () => {
  expect(
    annotated(`solver a {
  step { a = 1 b = 2 }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step { a = 1 b = 2 }
    }

    error[D0101]: an operator is missing between \`1\` and \`b\`
      --> a.dsamp:2:16
       2 |   step { a = 1 b = 2 }
         |                ^
         = help: a product is written with \`*\`; two statements on one line are separated by \`;\`
    "
  `);
});

test("second equals sign", () => {
  expect(
    annotated(`let a = b = 2
`),
  ).toMatchInlineSnapshot(`
    "let a = b = 2

    error[D0101]: a statement has one \`=\`
      --> a.dsamp:1:11
       1 | let a = b = 2
         |           ^
         = help: write a second equation on the next line; a comparison is written \`==\`
    "
  `);
});

test("not twice", () => {
  expect(
    annotated(`let a = where(not not b, 1, 2)
`),
  ).toMatchInlineSnapshot(`
    "let a = where(not not b, 1, 2)

    error[D0101]: \`not\` binds weaker than what stands before it
      --> a.dsamp:1:19
       1 | let a = where(not not b, 1, 2)
         |                   ^^^
         = help: put parentheses around \`not ...\`
    "
  `);
});

test("member without name", () => {
  expect(
    annotated(`let a = b.
let c = 2
`),
  ).toMatchInlineSnapshot(`
    "let a = b.
    let c = 2

    error[D0101]: a name is missing after \`.\`
      --> a.dsamp:1:11
       1 | let a = b.
         |           ^
    "
  `);
});

test("chained arrow in an equation", () => {
  expect(
    annotated(`solver a {
  step { s -> t }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step { s -> t }
    }

    error[D0101]: \`->\` goes from a point to a point and stands only in arguments
      --> a.dsamp:2:12
       2 |   step { s -> t }
         |            ^^
         = help: an equation is written with \`=\`
    "
  `);
});

test("keyword arguments on lines", () => {
  expect(
    annotated(`solver a {
  start ddim(
    eta = 0,
    tau = 1
  )
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      start ddim(
        eta = 0,
        tau = 1
      )
    }

    error[D0101]: an argument is named with \`:\`
      --> a.dsamp:3:9
       3 |     eta = 0,
         |         ^
         = help: write \`eta: ...\`
         = fix: write \`:\`
    "
  `);
});

test("number as a name", () => {
  expect(
    annotated(`let 2a = 3
`),
  ).toMatchInlineSnapshot(`
    "let 2a = 3

    error[D0101]: a name is needed after \`let\`; names begin with a letter
      --> a.dsamp:1:5
       1 | let 2a = 3
         |     ^
         = help: write \`let name = value\` or \`let f(a) = value\`
    "
  `);
});

test("function with a bad parameter", () => {
  expect(
    annotated(`let f(2) = 3
`),
  ).toMatchInlineSnapshot(`
    "let f(2) = 3

    error[D0101]: a name is needed after \`(\`; names begin with a letter
      --> a.dsamp:1:7
       1 | let f(2) = 3
         |       ^
         = help: write \`let name = value\` or \`let f(a) = value\`
    "
  `);
});

test("line that ends with an operator", () => {
  expect(
    annotated(`let a = 1 +
let b = 2
schedule c {
  alpha = 1 -
  sigma = 2
}
`),
  ).toMatchInlineSnapshot(`
    "let a = 1 +
    let b = 2
    schedule c {
      alpha = 1 -
      sigma = 2
    }

    error[D0101]: a value is missing after \`+\`
      --> a.dsamp:1:12
       1 | let a = 1 +
         |            ^

    error[D0101]: a value is missing after \`-\`
      --> a.dsamp:4:13
       4 |   alpha = 1 -
         |             ^
         = help: a line that ends with an operator goes on in the next line
    "
  `);
});

test("tuple", () => {
  expect(
    annotated(`let a = (1, 2)
`),
  ).toMatchInlineSnapshot(`
    "let a = (1, 2)

    error[D0101]: parentheses hold one value; \`,\` separates arguments and the entries of a list
      --> a.dsamp:1:11
       1 | let a = (1, 2)
         |           ^
    "
  `);
});
