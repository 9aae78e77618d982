// Owns: the training table of a diffusers scheduler: its betas as a schedule of the library or a written one, and the
// same numbers for what has to be decided while the text is written.

import { contradiction, type Options } from "../options.js";
import { call, list, literal } from "../text.js";

export interface Table {
  /** Definitions; the schedule itself is called `trained`. */
  readonly definitions: readonly string[];
  /** Number of training steps. */
  readonly N: number;
  /** Cumulative product of 1 - beta at a training step. */
  readonly abar: readonly number[];
}

type Kind = "linear" | "scaled_linear" | "squaredcos_cap_v2" | "sigmoid" | "exp" | "laplace";

interface Defaults {
  readonly start?: number;
  readonly end?: number;
  readonly kind?: Kind;
  /** Beta schedules of this class besides the three of all classes. */
  readonly more?: readonly Kind[];
  /** The class has `rescale_betas_zero_snr`: its last alpha becomes 0, or 2^-12 where sigma/alpha must stay finite. */
  readonly zero?: "exact" | "finite" | undefined;
  /** The class has `snr_shift_scale`: (sigma/alpha)^2 is multiplied by it, before any rescaling. Its value by default. */
  readonly snrShift?: number | undefined;
}

/** The betas of the alpha-bar kinds are capped like this in diffusers. */
const cap = 0.999;

function numericBetas(kind: Kind, N: number, start: number, end: number): readonly number[] {
  const at = (f: (u: number, i: number) => number): readonly number[] =>
    Array.from({ length: N }, (_, i) => f(N === 1 ? 0 : i / (N - 1), i));
  const capped = (bar: (u: number) => number): readonly number[] =>
    at((_, i) => Math.min(1 - bar((i + 1) / N) / bar(i / N), cap));
  switch (kind) {
    case "linear":
      return at((u) => start + u * (end - start));
    case "scaled_linear":
      return at((u) => (Math.sqrt(start) + u * (Math.sqrt(end) - Math.sqrt(start))) ** 2);
    case "sigmoid":
      return at((u) => start + (end - start) / (1 + Math.exp(6 - 12 * u)));
    case "squaredcos_cap_v2":
      return capped((u) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2);
    case "exp":
      return capped((u) => Math.exp(-12 * u));
    case "laplace":
      return capped((u) => {
        const logSnr = -0.5 * (u <= 0.5 ? 1 : -1) * Math.log(1 - 2 * Math.abs(0.5 - u) + 1e-6);
        return Math.sqrt(Math.exp(logSnr) / (1 + Math.exp(logSnr)));
      });
  }
}

const tableBody = (lines: readonly string[], beta: string): string =>
  [
    "schedule NAME {",
    "  index i from LAST to 0",
    ...lines.map((item) => `  ${item}`),
    `  let beta[i] = ${beta}`,
    "  alpha[i] = sqrt(prod(1 - beta[k], k in 0 .. i))",
    "  sigma[i] = sqrt(1 - alpha[i]^2)",
    "  between linear in log(alpha)",
    "}",
  ].join("\n");

function written(kind: Kind, name: string, N: number, start: number, end: number): string {
  const ends = { beta_start: start, beta_end: end, N };
  const fill = (text: string): string => text.replace("NAME", name).replace("LAST", String(N - 1));
  const ratio = `min(1 - bar((i + 1)/${N})/bar(i/${N}), ${cap})`;
  switch (kind) {
    case "linear":
      return `schedule ${name} = ${call("ddpm", ends)}`;
    case "scaled_linear":
      return `schedule ${name} = ${call("stable_diffusion", ends)}`;
    case "squaredcos_cap_v2":
      return `schedule ${name} = ${call("vp_cosine_discrete", { N })}`;
    case "sigmoid":
      return fill(
        tableBody([], `lerp(${literal(start)}, ${literal(end)}, logistic(lerp(-6, 6, i/${N - 1})))`),
      );
    case "exp":
      return fill(tableBody(["let bar(u) = exp(-12*u)"], ratio));
    case "laplace":
      return fill(
        tableBody(
          [
            "let snr(u) = exp(where(u <= 1/2, -1/2, 1/2)*log(1 - 2*abs(1/2 - u) + 1e-6))",
            "let bar(u) = sqrt(snr(u)/(1 + snr(u)))",
          ],
          ratio,
        ),
      );
  }
}

const shiftedSnr = (name: string, base: string, by: number, N: number): string =>
  [
    `// snr_shift_scale: (sigma/alpha)^2 is ${literal(by)} times that of the betas.`,
    `schedule ${name} {`,
    `  index i from ${N - 1} to 0`,
    `  let total[i] = sqrt(${base}.alpha(index: i)^2 + ${literal(by)}*${base}.sigma(index: i)^2)`,
    `  alpha[i] = ${base}.alpha(index: i)/total[i]`,
    `  sigma[i] = sqrt(${literal(by)})*${base}.sigma(index: i)/total[i]`,
    "  between linear in log(alpha)",
    "}",
  ].join("\n");

/** Reads the options of the table. Throws D0711. */
export function tableOf(config: Options, defaults: Defaults = {}): Table {
  const N = config.whole("num_train_timesteps", 1000, 2);
  const kinds: readonly Kind[] = ["linear", "scaled_linear", "squaredcos_cap_v2", ...(defaults.more ?? [])];
  const given = config.numbers("trained_betas");
  const start = config.number("beta_start", defaults.start ?? 0.0001);
  const end = config.number("beta_end", defaults.end ?? 0.02);
  const kind = config.word("beta_schedule", defaults.kind ?? "linear", kinds);
  const zero = defaults.zero !== undefined && config.flag("rescale_betas_zero_snr", false);
  if (given && given.length !== N)
    contradiction(
      `${config.who}: \`trained_betas\` has ${given.length} entries, and \`num_train_timesteps\` is ${N}`,
      "give as many betas as training steps",
    );
  const shift = defaults.snrShift === undefined ? 1 : config.number("snr_shift_scale", defaults.snrShift);
  if (!(shift > 0))
    contradiction(`${config.who}: \`snr_shift_scale\` is ${shift}, and levels are multiplied by it`);
  const betas = given ?? numericBetas(kind, N, start, end);
  const wrong = betas.findIndex((beta) => !(beta > 0 && beta < 1));
  if (wrong >= 0)
    contradiction(`${config.who}: beta ${wrong} is ${betas[wrong]}, and betas lie between 0 and 1`);
  let product = 1;
  const plain = betas
    .map((beta) => (product *= 1 - beta))
    .map((a) => (shift === 1 ? a : a / (shift + (1 - shift) * a)));
  const base = zero ? "before_rescaling" : "trained";
  const first = shift === 1 ? base : "before_shift";
  const text = given
    ? `// \`trained_betas\` of the configuration.\ntable betas = ${list(given)}\n\n${tableBody([], "betas[i]")
        .replace("NAME", first)
        .replace("LAST", String(N - 1))}`
    : written(kind, first, N, start, end);
  const texts = [text, ...(shift === 1 ? [] : [shiftedSnr(base, first, shift, N)])];
  if (!zero) return { definitions: texts, N, abar: plain };
  const [top, bottom] = [Math.sqrt(plain[0] as number), Math.sqrt(plain[N - 1] as number)];
  const rescaled = plain.map((a) => (((Math.sqrt(a) - bottom) * top) / (top - bottom)) ** 2);
  if (defaults.zero === "exact")
    return {
      definitions: [
        ...texts,
        `// rescale_betas_zero_snr: the last training step is pure noise.\nschedule trained = zero_terminal_snr(base: ${base})`,
      ],
      N,
      abar: rescaled,
    };
  return {
    definitions: [
      ...texts,
      `schedule exactly_zero = zero_terminal_snr(base: ${base})`,
      [
        "// rescale_betas_zero_snr: diffusers then puts alpha^2 = 2^-24 at the last training step, so that sigma/alpha is",
        "// 4096 there and not infinite.",
        "schedule trained {",
        `  index i from ${N - 1} to 0`,
        `  alpha[i] = where(i == ${N - 1}, 2^-12, exactly_zero.alpha(index: i))`,
        "  sigma[i] = sqrt(1 - alpha[i]^2)",
        "  between linear in log(alpha)",
        "}",
      ].join("\n"),
    ],
    N,
    abar: [...rescaled.slice(0, -1), 2 ** -24],
  };
}
