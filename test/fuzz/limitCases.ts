// Owns: for every limit the inputs that are just within it and just beyond it. As a thread it says what is found in all.

import { parentPort } from "node:worker_threads";
import { checkDefinitions } from "../../compiler/check/definitions.js";
import { checkProgram } from "../../compiler/check/check.js";
import { compile } from "../../compiler/compile.js";
import type { Code } from "../../compiler/diagnostics/codes.js";
import { Diagnostics, Failure } from "../../compiler/diagnostics/report.js";
import { memoryHost } from "../../compiler/host.js";
import { limits } from "../../compiler/limits.js";
import { readPlan } from "../../compiler/plan/validate.js";
import { Program } from "../../compiler/resolve/module.js";
import { format } from "../../editor/fmt/format.js";

export interface LimitCase {
  readonly limit: keyof typeof limits;
  /** What is counted. */
  readonly what: string;
  readonly code: Code;
  /** The codes found for that many. */
  readonly codes: (count: number) => readonly string[];
}

type Files = Readonly<Record<string, string>>;

/** Codes of a file that is read, checked and whose definitions are tried. */
function checked(text: string, others: Files = {}): readonly string[] {
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost(others), diagnostics);
  const module = program.load("a.dsamp", text);
  if (module) {
    checkProgram(program);
    checkDefinitions(module, program);
  }
  return codesOf(diagnostics);
}

const codesOf = ({ all }: Pick<Diagnostics, "all">): readonly string[] => [
  ...new Set(all.map(({ code }) => code)),
];

const compiled = (text: string): readonly string[] =>
  codesOf({ all: compile({ host: memoryHost({}), file: "a.dsamp", text }).diagnostics });

const nest = (open: string, close: string) => (depth: number) =>
  checked(`let a = ${open.repeat(depth)}1${close.repeat(depth)}\n`);
const chain = (part: string) => (count: number) => checked(`let b = 1\nlet a = b${part.repeat(count)}\n`);
/** Inside of a solver's block, which is the first level. */
const inSolver = (body: (depth: number) => string) => (depth: number) =>
  checked(`solver a {\n${body(depth - 1)}\n}\n`);

const sampler = (parts: string): string =>
  `sampler a {\n  schedule flow\n  model predicts flow\n  ${parts}\n}\n`;
const ranges = (count: number, most: number): string => {
  const whole = Array.from({ length: Math.floor(count / most) }, () => most);
  return [...whole, count % most].map((size) => `sum(1, k in 1 .. ${size})`).join(" + ");
};

export const cases: readonly LimitCase[] = [
  {
    limit: "sourceBytes",
    what: "bytes",
    code: "D0801",
    codes: (count) => checked(`//${"a".repeat(count - 3)}\n`),
  },
  {
    limit: "sourceBytes",
    what: "bytes of letters of two",
    code: "D0801",
    codes: (count) => checked(`//${count % 2 === 0 ? "" : "a"}${"σ".repeat(Math.floor(count / 2) - 1)}`),
  },
  ...(
    [
      ["parentheses", nest("(", ")")],
      ["lists", nest("[", "]")],
      ["calls", nest("abs(", ")")],
      ["named arguments", nest("f(x: ", ")")],
      ["indices", nest("a[", "]")],
      ["signs", nest("-", "")],
      ["powers", nest("2^", "")],
      ["`not`", (count) => nest("not ", "")(count)],
      ["blocks", inSolver((depth) => `${"when b {\n".repeat(depth)}${"}\n".repeat(depth)}`)],
      ["blocks on one line", inSolver((depth) => `${"when b { ".repeat(depth)}${"} ".repeat(depth)}`)],
      ["`else when`", inSolver((depth) => `when b { }${" else when b { }".repeat(depth - 1)}`)],
      [
        "brackets in blocks",
        inSolver(
          (depth) =>
            `${"when b {\n".repeat(9)}let a = ${"(".repeat(depth - 9)}1${")".repeat(depth - 9)}${"}\n".repeat(9)}`,
        ),
      ],
    ] satisfies readonly (readonly [string, LimitCase["codes"]])[]
  ).map(([what, codes]) => ({ limit: "nesting", what, code: "D0802", codes }) as const),
  ...[" + 1", " - 1", "*1", "/1", " and 1", " or 1", " < 1", ".x", "[1]", "(1)", "'"].map(
    (part) => ({ limit: "operators", what: part, code: "D0802", codes: chain(part) }) as const,
  ),
  {
    limit: "imports",
    what: "files",
    code: "D0803",
    codes: (count) => {
      const names = Array.from({ length: count - 1 }, (_, i) => `f${i}.dsamp`);
      const uses = names.map((name, i) => `use "${name}" { v${i} }\nlet w${i} = v${i}`).join("\n");
      return checked(uses, Object.fromEntries(names.map((name, i) => [name, `let v${i} = 1\n`])));
    },
  },
  {
    limit: "errorsShown",
    what: "mistakes",
    code: "D0807",
    codes: (count) => checked(Array.from({ length: count }, (_, i) => `let a${i} = 1 1\n`).join("")),
  },
  {
    limit: "steps",
    what: "steps of a sampler",
    code: "D0804",
    codes: (count) => compiled(sampler(`grid uniform_time\n  steps ${count}\n  solver ddim`)),
  },
  {
    limit: "steps",
    what: "steps of a grid",
    code: "D0804",
    codes: (count) =>
      compiled(
        `${sampler("grid own\n  solver euler")}grid own { time[i] = 1 - i/20000  for i in 0 .. ${count} }\n`,
      ),
  },
  {
    limit: "range",
    what: "elements of a range",
    code: "D0806",
    codes: (count) =>
      compiled(
        `${sampler(`grid uniform_time\n  steps sum(1, k in 1 .. ${count})/${count}\n  solver euler`)}`,
      ),
  },
  {
    limit: "passes",
    what: "passes of a repeat",
    code: "D0806",
    codes: (count) =>
      checked(
        `solver a {\n  step {\n    let b = 1\n    repeat ${count} { b := b + 1 }\n    x[t] = ddim(s -> t)\n  }\n}\n`,
      ),
  },
  {
    limit: "elements",
    what: "elements of all ranges",
    code: "D0806",
    codes: (count) =>
      compiled(
        `${sampler("grid own\n  solver ddim")}grid own { time = (${ranges(count, limits.range)})/${count}; time = 0.01 }\n`,
      ),
  },
  {
    limit: "planBytes",
    what: "bytes of a plan",
    code: "D0805",
    codes: (count) => planCodes(`{}${" ".repeat(count - 2)}`),
  },
];

function planCodes(text: string): readonly string[] {
  try {
    readPlan(text);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error.diagnostic.code];
  }
}

const million = 1_000_000;

/** Texts far beyond every limit, and the codes that are among those found. */
export const absurd: readonly (readonly [what: string, text: string, code: Code])[] = [
  ["parentheses", `let a = ${"(".repeat(million)}1${")".repeat(million)}\n`, "D0801"],
  // Looking for what may follow a mistake took the more stack the deeper it stood.
  [
    "mistakes, each deeper than the one before, to the end of a MiB",
    `solver a {\n  step { 1\n${"  step 1\n".repeat(100_000)}}\n`,
    "D0807",
  ],
  ...[
    ["parentheses", "("],
    ["brackets", "["],
    ["braces", "{"],
    ["mixed brackets", "[({"],
    ["signs", "-"],
    ["signs apart", "- "],
    ["`not`", "not "],
    ["powers", "2^"],
    ["calls", "f("],
    ["sums", "1+"],
    ["products", "a*"],
    ["members", "a."],
    ["blocks", "when a {\n"],
    ["steps", "step {"],
    ["`else`", "{} else when a "],
  ].map(([what, part]) => {
    const text = `solver a { let b = ${part}`;
    return [
      `${what} to the end of a MiB`,
      text +
        (part as string).repeat(Math.floor((limits.sourceBytes - text.length) / (part as string).length)),
      "D0802",
    ] as const;
  }),
];

const links = (count: number, link: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => link(i)).join("\n");

/** Chains of names, each short. They are D0802 when the stack ends, D0207 when calls do. */
export const chains: readonly (readonly [what: string, text: string])[] = [
  ["lets", links(5000, (i) => `let a${i} = ${i === 0 ? 1 : `a${i - 1} + 1`}`)],
  ["functions", links(5000, (i) => `let f${i}(u) = ${i === 0 ? "u" : `f${i - 1}(u) + 1`}`)],
  [
    "solvers",
    `${links(5000, (i) => `solver g${i} = ${i === 0 ? "ddim" : `g${i - 1}`}`)}\n${sampler("grid uniform_time\n  steps 2\n  solver g4999")}`,
  ],
  [
    "lets of a step",
    `solver a { step {\n${links(3000, (i) => `let a${i} = ${i === 0 ? "lambda[s]" : `a${i - 1} + exp(a${i - 1})`}`)}\nx[t] = a2999*x[s] } }`,
  ],
];

/** Texts that are long and not deep: nothing overflows, whatever is found. */
const long: readonly string[] = [
  ...[
    "//\n",
    "/// d\n",
    ")",
    "}",
    "]",
    ";",
    "\n",
    "let ",
    '"',
    "σ",
    "x'",
    "a ",
    "1 ",
    "| ",
    ", ",
    "= ",
    ":= ",
    "use ",
    "..",
    "/* ",
  ],
].map((part) => part.repeat(Math.floor(100_000 / part.length)));

export interface Answer {
  readonly what: string;
  readonly codes: readonly string[] | string;
}

const answer = (what: string, codes: () => readonly string[]): Answer => {
  try {
    return { what, codes: codes() };
  } catch (error) {
    return { what, codes: String(error) };
  }
};

/** Everything, in order. */
export interface Answers {
  readonly within: readonly Answer[];
  readonly beyond: readonly Answer[];
  readonly absurd: readonly Answer[];
  readonly chains: readonly Answer[];
  readonly long: readonly Answer[];
}

const read = (text: string): readonly string[] => {
  format(text);
  return checked(text);
};

parentPort?.postMessage({
  within: cases.map(({ what, limit, codes }) => answer(what, () => codes(limits[limit]))),
  beyond: cases.map(({ what, limit, codes }) => answer(what, () => codes(limits[limit] + 1))),
  absurd: absurd.map(([what, text]) => answer(what, () => read(text))),
  chains: chains.map(([what, text]) => answer(what, () => read(text))),
  long: long.map((text) => answer(text.slice(0, 8), () => read(text))),
} satisfies Answers);
