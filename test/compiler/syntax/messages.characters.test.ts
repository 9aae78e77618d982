// Rendered messages for mistakes: characters. Source and message are read together; a change here is a change of what
// authors read.

import { expect, test } from "vitest";
import { annotated } from "../../support/syntax.js";

test("power with two stars", () => {
  expect(
    annotated(`solver a {
  step { x[t] = sigma[t]**2*x[s] }
}
`),
  ).toMatchInlineSnapshot(`
    "solver a {
      step { x[t] = sigma[t]**2*x[s] }
    }

    error[D0101]: powers are written \`^\`, not \`**\`
      --> a.dsamp:2:25
       2 |   step { x[t] = sigma[t]**2*x[s] }
         |                         ^^
         = fix: write \`^\`
    "
  `);
});

test("number without leading digit", () => {
  expect(
    annotated(`let a = .5
`),
  ).toMatchInlineSnapshot(`
    "let a = .5

    error[D0101]: a number begins with a digit, not with a dot
      --> a.dsamp:1:9
       1 | let a = .5
         |         ^^
         = fix: write \`0.5\`
    "
  `);
});

test("number without trailing digit", () => {
  expect(
    annotated(`let a = 1.*2
`),
  ).toMatchInlineSnapshot(`
    "let a = 1.*2

    error[D0101]: a number has digits after its dot, or no dot
      --> a.dsamp:1:9
       1 | let a = 1.*2
         |         ^^
         = fix: write \`1\`
    "
  `);
});

test("and, or, not of other languages", () => {
  expect(
    annotated(`let a = where(b && !c || d, 1, 2)
`),
  ).toMatchInlineSnapshot(`
    "let a = where(b && !c || d, 1, 2)

    error[D0101]: \`&&\` is written \`and\` here
      --> a.dsamp:1:17
       1 | let a = where(b && !c || d, 1, 2)
         |                 ^^
         = fix: write \`and\`

    error[D0101]: \`!\` is written \`not\` here
      --> a.dsamp:1:20
       1 | let a = where(b && !c || d, 1, 2)
         |                    ^
         = fix: write \`not\`

    error[D0101]: \`||\` is written \`or\` here
      --> a.dsamp:1:23
       1 | let a = where(b && !c || d, 1, 2)
         |                       ^^
         = fix: write \`or\`
    "
  `);
});

test("unicode operators", () => {
  expect(
    annotated(`let a = 2×b − c·d
`),
  ).toMatchInlineSnapshot(`
    "let a = 2×b − c·d

    error[D0101]: \`×\` is written \`*\` here
      --> a.dsamp:1:10
       1 | let a = 2×b − c·d
         |          ^
         = fix: write \`*\`

    error[D0101]: \`−\` is written \`-\` here
      --> a.dsamp:1:13
       1 | let a = 2×b − c·d
         |             ^
         = fix: write \`-\`

    error[D0101]: \`·\` is written \`*\` here
      --> a.dsamp:1:16
       1 | let a = 2×b − c·d
         |                ^
         = fix: write \`*\`
    "
  `);
});

test("unreadable character", () => {
  expect(
    annotated(`let a = 2 % 3
let b = 2 @ 3
`),
  ).toMatchInlineSnapshot(`
    "let a = 2 % 3
    let b = 2 @ 3

    error[D0102]: the character \`%\` is not part of the language
      --> a.dsamp:1:11
       1 | let a = 2 % 3
         |           ^
         = help: a remainder is written \`mod(a, b)\`

    error[D0102]: the character \`@\` is not part of the language
      --> a.dsamp:2:11
       2 | let b = 2 @ 3
         |           ^
    "
  `);
});

test("no-break space", () => {
  expect(
    annotated(`let a\u00a0= 2
`),
  ).toMatchInlineSnapshot(`
    "let a = 2

    error[D0102]: this is not an ordinary space but the character U+00A0
      --> a.dsamp:1:6
       1 | let a = 2
         |      ^
         = help: replace it by an ordinary space
    "
  `);
});

test("letter of another script", () => {
  expect(
    annotated(`let é = 2
`),
  ).toMatchInlineSnapshot(`
    "let é = 2

    error[D0102]: the character \`é\` is not part of the language
      --> a.dsamp:1:5
       1 | let é = 2
         |     ^
         = help: names are made of the letters a to z, Greek letters, digits and \`_\`
    "
  `);
});

test("hash comment", () => {
  expect(
    annotated(`# a comment
let a = 2
`),
  ).toMatchInlineSnapshot(`
    "# a comment
    let a = 2

    error[D0101]: comments begin with \`//\`, not with \`#\`
      --> a.dsamp:1:1
       1 | # a comment
         | ^
         = fix: write \`//\`
    "
  `);
});

test("block comment", () => {
  expect(
    annotated(`/* a
 comment */
let a = 2
`),
  ).toMatchInlineSnapshot(`
    "/* a
     comment */
    let a = 2

    error[D0101]: comments begin with \`//\`; there is no \`/* ... */\`
      --> a.dsamp:1:1
       1 | /* a
         | ^^
         = fix: write \`//\`
    "
  `);
});

test("curly quotes", () => {
  expect(
    annotated(`use “./a.dsamp” { a }
`),
  ).toMatchInlineSnapshot(`
    "use “./a.dsamp” { a }

    error[D0101]: strings stand in straight quotes \`"\`
      --> a.dsamp:1:5
       1 | use “./a.dsamp” { a }
         |     ^^^^^^^^^^^
         = fix: use straight quotes
    "
  `);
});

test("range with three dots", () => {
  expect(
    annotated(`let a = sum(k, k in 0 … 3)
`),
  ).toMatchInlineSnapshot(`
    "let a = sum(k, k in 0 … 3)

    error[D0101]: \`…\` is written \`..\` here
      --> a.dsamp:1:23
       1 | let a = sum(k, k in 0 … 3)
         |                       ^
         = fix: write \`..\`
    "
  `);
});

test("ternary", () => {
  expect(
    annotated(`let a = b ? 1 : 2
`),
  ).toMatchInlineSnapshot(`
    "let a = b ? 1 : 2

    error[D0102]: the character \`?\` is not part of the language
      --> a.dsamp:1:11
       1 | let a = b ? 1 : 2
         |           ^
         = help: a value is chosen by \`where(condition, a, b)\`
    "
  `);
});
