// Owns: what several sources share: schedules in spec text, networks and their guidance, thresholds, prediction types.

import type { Case, Fields } from "../format.js";
import { call, guided, list, literal, unsupported, type Guided } from "../spec.js";

/** alpha = 1, wide enough for every level a rule may visit around the given ones. */
export function exploding(sigmas: readonly number[]): string {
  const positive = sigmas.filter((sigma) => sigma > 0);
  return call("edm", { sigma_min: Math.min(...positive) / 1024, sigma_max: 2 * Math.max(...positive) });
}

/** A variance-preserving path on which the source places points by its own t. */
export interface TimePath {
  readonly definitions: readonly string[];
  readonly schedule: string;
  readonly grid: (times: readonly number[]) => string;
  /** lambda at the fraction u of a step, by the grid's rule `skip`. */
  readonly between: (skip: string) => string;
}

const betas: Readonly<Record<string, (schedule: Fields) => string>> = {
  linear: (schedule) => `lerp(${ends(schedule)}, i/(${schedule.number("N")}-1))`,
  scaled_linear: (schedule) =>
    `lerp(sqrt(${literal(schedule.number("beta_start"))}), sqrt(${literal(schedule.number("beta_end"))}), i/(${schedule.number("N")}-1))^2`,
  cosine: (schedule) =>
    `min(1 - bar((i+1)/${schedule.number("N")})/bar(i/${schedule.number("N")}), ${literal(schedule.number("max_beta"))})`,
};

const ends = (schedule: Fields): string =>
  `${literal(schedule.number("beta_start"))}, ${literal(schedule.number("beta_end"))}`;

/** A table of training steps; `kept` entries of it, counted from the data end. */
export function trainingTable(name: string, kind: string, schedule: Fields, kept: number): string {
  const beta = betas[kind];
  if (!beta) return unsupported(`betas '${kind}' are not implemented`);
  const offset = kind === "cosine" ? literal(schedule.number("s")) : "0";
  const bar = kind === "cosine" ? [`  let bar(u) = cos(pi/2*(u + ${offset})/(1 + ${offset}))^2`] : [];
  return [
    `schedule ${name} {`,
    `  index i from ${kept - 1} to 0`,
    ...bar,
    `  let beta[i] = ${beta(schedule)}`,
    "  alpha[i] = sqrt(prod(1 - beta[k], k in 0 .. i))",
    "  sigma[i] = sqrt(1 - alpha[i]^2)",
    "  between linear in log(alpha)",
    "}",
  ].join("\n");
}

export function variancePreserving(schedule: Fields, times: readonly number[]): TimePath {
  const kind = schedule.text("kind");
  // A run may stop beyond the interval of training; the path's formula goes on there.
  const [first, last] = [Math.max(1, ...times), Math.min(0.001, ...times)];
  if (kind === "vp-linear-continuous") {
    const [b0, b1] = [schedule.number("beta_0"), schedule.number("beta_1")].map(literal);
    return continuous(
      "path",
      `schedule path {\n  time t from ${literal(first)} to ${literal(last)}\n  log(alpha) = -(${b1} - ${b0})/4*t^2 - ${b0}/2*t\n  sigma = sqrt(1 - alpha^2)\n}`,
    );
  }
  if (kind === "vp-cosine-continuous") {
    const s = literal(schedule.number("s", 0.008));
    const end = literal(Math.max(schedule.number("T", 0.9946), ...times));
    return continuous(
      "path",
      `schedule path {\n  time t from ${end} to ${literal(last)}\n  alpha = cos(pi/2*(t + ${s})/(1 + ${s}))/cos(pi/2*${s}/(1 + ${s}))\n  sigma = sqrt(1 - alpha^2)\n}`,
    );
  }
  if (kind !== "vp-discrete") return unsupported(`the schedule '${kind}' is not implemented`);
  const total = schedule.number("total_N_after_clip", schedule.number("N"));
  const index = (t: number): number => t * total - 1;
  return {
    definitions: [trainingTable("path", schedule.text("betas"), schedule, total)],
    schedule: "path",
    grid: (points) => `at_indices(points: ${list(points.map(index))})`,
    between: (skip) => between(skip, "lambda(index: ", `(index[s] + 1)`, `(index[t] + 1)`, " - 1)"),
  };
}

const continuous = (name: string, definition: string): TimePath => ({
  definitions: [definition],
  schedule: name,
  grid: (points) => `given_times(times: ${list(points)})`,
  between: (skip) => between(skip, "lambda(", "time[s]", "time[t]", ")"),
});

function between(skip: string, open: string, s: string, t: string, close: string): string {
  switch (skip) {
    case "logSNR":
      return "lerp(lambda[s], lambda[t], u)";
    case "time_uniform":
      return `${open}lerp(${s}, ${t}, u)${close}`;
    case "time_quadratic":
      return `${open}lerp(sqrt(${s}), sqrt(${t}), u)^2${close}`;
    default:
      return unsupported(`skip_type '${skip}' is not implemented`);
  }
}

/** Real indices, each verbatim: points of a table between and beyond its entries. */
export const atIndices =
  "grid at_indices(points: table) { index[i] = points[i]  for i in 0 .. length(points)-1 }";

export interface Threshold {
  /** The guidance rule. */
  readonly rule: string;
  /** The same rule on an expression. */
  readonly apply: (x0: string) => string;
}

export interface Networks extends Guided {
  readonly definitions: readonly string[];
  readonly threshold: Threshold | undefined;
}

/** The networks of a case with all the guidance the source may put in front of them. */
export function networks(entry: Case): Networks {
  const threshold = entry.thresholding ? thresholdOf(entry.thresholding) : undefined;
  const { guidance } = entry;
  if (guidance?.kind.startsWith("classifier guidance")) {
    // The classifier of the recordings is a ratio of two mixtures, whose gradient is the difference of their scores.
    return {
      definitions: [
        [
          "guidance ratio_guidance(scale) {",
          "  input likely, unlikely: condition",
          "  call m = model(cond: none)",
          "  call a = model(cond: likely)",
          "  call b = model(cond: unlikely)",
          "  eps = m.eps + scale*(a.eps - b.eps)",
          "}",
        ].join("\n"),
      ],
      model: entry.model,
      conditions: { a: guidance.cond, b: guidance.uncond },
      labels: { likely: "a", unlikely: "b" },
      guidance: [call("ratio_guidance", { scale: guidance.scale })],
      threshold,
    };
  }
  return { definitions: [], ...guided(entry), threshold };
}

function thresholdOf(fields: Fields): Threshold {
  const kind = fields.text("kind");
  if (kind === "clamp") {
    const [low, high] = [fields.number("min"), fields.number("max")];
    if (low !== -high) return unsupported(`clamping to ${low} .. ${high}`);
    return {
      rule: call("clip", { bound: high }),
      apply: (x0) => `clamp(${x0}, -${literal(high)}, ${literal(high)})`,
    };
  }
  if (kind !== "dynamic") return unsupported(`thresholding '${kind}' is not implemented`);
  return thresholdRule(fields.number("ratio"), fields.number("max_val"));
}

/** Dynamic thresholding with the quantile p and the least bound `floor`. */
export function thresholdRule(p: number, floor: number): Threshold {
  return {
    rule: call("dynamic_threshold", { p, floor }),
    apply: (x0) => {
      const k = `max(${literal(floor)}, quantile(abs(${x0}), ${literal(p)}))`;
      return `clamp(${x0}, -${k}, ${k})/${k}`;
    },
  };
}

/** One more call at the end of the run: its data prediction, thresholded if the guidance has not done it. */
export const denoised = (threshold: Threshold | undefined): string =>
  threshold?.apply("x0[end]") ?? "x0[end]";

/** What the network of a variance-preserving path returns. */
export function predicts(prediction: string): string {
  const views: Readonly<Record<string, string>> = {
    noise: "eps",
    epsilon: "eps",
    x_start: "x0",
    sample: "x0",
    v: "v",
    v_prediction: "v",
    score: "score",
  };
  return views[prediction] ?? unsupported(`a model that predicts '${prediction}'`);
}
