// Owns: writing the text of an imported sampler: numbers, calls, lists, the lines of a sampler with their comments.
// The layout is the formatter's business; this text only has to be readable to it.

/** A number as the language writes it; there is no infinity, so a bound that never binds stands for it. */
export function literal(x: number): string {
  if (!Number.isFinite(x)) return x > 0 ? "1e30" : "-1e30";
  return String(x).replace("e+", "e");
}

export const list = (xs: readonly number[]): string => `[${xs.map(literal).join(", ")}]`;

/** `name(a: 1, b: 2)`; arguments that are undefined are left out. */
export function call(name: string, args: Readonly<Record<string, number | string | undefined>> = {}): string {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  if (given.length === 0) return name;
  const text = given.map(([key, value]) => `${key}: ${typeof value === "number" ? literal(value) : value}`);
  return `${name}(${text.join(", ")})`;
}

export const quoted = (text: string): string => JSON.stringify(text);

/** A line of a sampler with the comments above it. */
export interface Line {
  readonly text: string;
  readonly why?: readonly string[] | undefined;
}

export const line = (text: string, ...why: readonly string[]): Line => ({ text, why });

export interface Parts {
  readonly name: string;
  /** First lines of the file. */
  readonly head: readonly string[];
  /** Definitions before the sampler, each with its own comments. */
  readonly definitions: readonly string[];
  readonly schedule: Line;
  readonly predicts: Line;
  readonly guidance: readonly string[];
  readonly guidanceWhy?: readonly string[];
  /** The state at the start; undefined: `sigma[start]` times noise. */
  readonly init?: Line | undefined;
  /** Start from a tensor `x_init` that the run is given, as it is. */
  readonly latents: boolean;
  /** None for a solver that places its own points. */
  readonly grid: Line | undefined;
  readonly steps?: number | undefined;
  readonly solver: Line;
  readonly final?: Line | undefined;
  readonly output?: Line | undefined;
}

const width = 116;

/** Comments broken at spaces. */
export function comment(text: string, indent = ""): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/\s+/)) {
    if (current !== "" && indent.length + 3 + current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  lines.push(current);
  return lines.map((item) => `${indent}// ${item}`).join("\n");
}

const written = (keyword: string, { text, why = [] }: Line): readonly string[] => [
  ...why.map((item) => comment(item, "  ")),
  `  ${keyword} ${text}`,
];

/** The text of the file. */
export function samplerText(parts: Parts): string {
  const init = parts.latents
    ? ["  input x_init: tensor", "  init x[start] = x_init"]
    : parts.init
      ? ["  noise z", ...written("init", parts.init)]
      : [];
  const body = [
    ...written("schedule", parts.schedule),
    ...written("model", { ...parts.predicts, text: `predicts ${parts.predicts.text}` }),
    ...(parts.guidance.length === 0
      ? []
      : written("guidance", { text: parts.guidance.join(", "), why: parts.guidanceWhy })),
    ...init,
    ...(parts.grid ? written("grid", parts.grid) : []),
    ...(parts.steps === undefined ? [] : [`  steps ${parts.steps}`]),
    ...written("solver", parts.solver),
    ...(parts.final ? written("final", parts.final) : []),
    ...(parts.output ? written("output", parts.output) : []),
  ];
  return `${[
    parts.head.map((item) => comment(item)).join("\n"),
    ...parts.definitions,
    `sampler ${parts.name} {\n${body.join("\n")}\n}`,
  ].join("\n\n")}\n`;
}
