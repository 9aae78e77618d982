// Owns: the samplers of k-diffusion as solvers of the library, with their options. ComfyUI runs the same code.

import { drawEachStep, noDraw, type Imported } from "./imported.js";
import { contradiction, type Options } from "./options.js";
import { call, line, quoted, type Line } from "./text.js";

export interface Rule {
  readonly solver: Line;
  readonly final?: Line;
  readonly draw: Imported["draw"];
  /** The solver makes its own number of steps from a budget of calls. */
  readonly budget?: boolean;
  /** The solver chooses its steps during the run. */
  readonly adaptive?: boolean;
}

/** What the rule has to know about the run. */
export interface Run {
  readonly steps: number;
  readonly toZero: boolean;
}

type Reader = (options: Options, run: Run) => Rule;

/** An argument only where it differs from the solver's own default. */
const unless = (value: number, usual: number): number | undefined => (value === usual ? undefined : value);

const eulerLast = "The last step, to zero, is Euler.";

const churned =
  (base: string, ...why: readonly string[]): Reader =>
  (options) => {
    const amount = options.number("s_churn", 0);
    const low = options.number("s_tmin", 0);
    const high = options.number("s_tmax", Infinity);
    const noise = options.number("s_noise", 1);
    if (amount === 0) return { solver: line(base, ...why), draw: noDraw };
    return {
      solver: line(
        call("churned", { base, S_churn: amount, S_min: low, S_max: high, S_noise: noise }),
        "The network is called after the noise is added. A tensor is drawn on every step, used or not.",
      ),
      draw: drawEachStep,
    };
  };

function noiseOf(options: Options, etaDefault = 1): { readonly eta: number; readonly s_noise: number } {
  const eta = options.number("eta", etaDefault);
  const s_noise = options.number("s_noise", 1);
  if (eta < 0) contradiction(`${options.who}: eta ${eta} is negative`);
  return { eta, s_noise };
}

const stochastic =
  (solver: string, ...why: readonly string[]): Reader =>
  (options) => {
    const { eta, s_noise } = noiseOf(options);
    return {
      solver: line(call(solver, { eta: unless(eta, 1), s_noise: unless(s_noise, 1) }), ...why),
      draw: drawEachStep,
    };
  };

/** Steps whose lower point is the clean end are Euler to it and draw nothing, so later draws move up. */
const dpm2Ancestral: Reader = (options, run) => {
  const made = stochastic("dpm_2_ancestral", eulerLast)(options, run);
  const { eta } = noiseOf(options);
  const draws = (from: number, to: number): boolean =>
    eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2) < to;
  return {
    ...made,
    draw: (_, step, levels) =>
      Array.from({ length: step }, (_unused, j) => draws(levels[j] ?? 0, levels[j + 1] ?? 0)).filter(Boolean)
        .length,
  };
};

const needsTwo = (options: Options, { steps, toZero }: Run): void => {
  if (steps === 1 && toZero)
    contradiction(`${options.who}: one step to zero stops with UnboundLocalError there`, "take two steps");
};

export const twoM =
  (flavour?: "midpoint" | "heun"): Reader =>
  (options, run) => {
    const type = flavour ?? options.word("solver_type", "midpoint", ["midpoint", "heun"]);
    const { eta, s_noise } = noiseOf(options);
    needsTwo(options, run);
    return {
      solver: line(
        call("sde_dpmpp_2m", {
          flavour: quoted(type),
          eta: unless(eta, 1),
          s_noise: unless(s_noise, 1),
        }),
        "The Brownian path's increments over the steps are independent: one draw a step.",
      ),
      draw: drawEachStep,
    };
  };

/** Samplers of k-diffusion, without `sample_`. */
export const samplers: Readonly<Record<string, Reader>> = {
  euler: churned("euler"),
  heun: churned("heun", eulerLast),
  dpm_2: churned("dpm_2", "The middle is the geometric mean of the two sigmas.", eulerLast),
  lms: (options) => ({
    solver: line(
      call("lms", { k: options.whole("order", 4) }),
      "The weights are integrated numerically there and exact here; the last interval, to zero, has full order.",
    ),
    draw: noDraw,
  }),
  dpmpp_2m: (_, { toZero }) => ({
    solver: line("dpmpp_2m"),
    ...(toZero
      ? { final: line("ddim", "A step to zero is first order and returns the denoised state.") }
      : {}),
    draw: noDraw,
  }),
  euler_ancestral: stochastic("euler_ancestral"),
  dpm_2_ancestral: dpm2Ancestral,
  dpmpp_2s_ancestral: stochastic("dpmpp_2s_ancestral", eulerLast),
  dpmpp_sde: (options) => {
    const r = options.number("r", 0.5);
    const { eta, s_noise } = noiseOf(options);
    const source = options.word("noise_sampler", "brownian", ["brownian", "independent"]);
    const independent = source === "independent";
    return {
      solver: line(
        call(independent ? "dpmpp_sde_independent" : "dpmpp_sde", {
          eta: unless(eta, 1),
          s_noise: unless(s_noise, 1),
          r: unless(r, 0.5),
        }),
        independent
          ? "noise_sampler=independent: two independent draws a step."
          : "The default noise sampler: both draws of a step come from one Brownian path over sigma.",
        eulerLast,
      ),
      draw: (path, step) => 2 * step + (path === "z" ? 0 : 1),
    };
  },
  dpmpp_2m_sde: twoM(),
  dpmpp_3m_sde: (options, run) => {
    const { eta, s_noise } = noiseOf(options);
    needsTwo(options, run);
    return {
      solver: line(
        call("sde_dpmpp_3m", { eta: unless(eta, 1), s_noise: unless(s_noise, 1) }),
        "Second order, not third: the weight of the second difference lacks a factor 2, as published.",
      ),
      draw: drawEachStep,
    };
  },
  dpm_adaptive: (options) => {
    const { eta, s_noise } = noiseOf(options, 0);
    const order = options.whole("order", 3);
    if (order !== 2 && order !== 3) contradiction(`${options.who}: order ${order}; it has 2 and 3`);
    const number = (name: string, usual: number): number | undefined =>
      unless(options.number(name, usual), usual);
    return {
      solver: line(
        call("dpm_adaptive_pid", {
          k: unless(order, 3),
          rtol: number("rtol", 0.05),
          atol: number("atol", 0.0078),
          h0: number("h_init", 0.05),
          P: number("pcoeff", 0),
          I: number("icoeff", 1),
          D: number("dcoeff", 0),
          accept_safety: number("accept_safety", 0.81),
          eta: unless(eta, 0),
          s_noise: unless(s_noise, 1),
        }),
        "The steps are chosen during the run, for the whole batch at once. The run ends at sigma_min, not at zero.",
      ),
      draw: drawEachStep,
      adaptive: true,
    };
  },
  dpm_fast: (options, { steps }) => {
    const { eta, s_noise } = noiseOf(options, 0);
    return {
      solver: line(
        call("dpm_fast", { budget: steps, eta: unless(eta, 0), s_noise: unless(s_noise, 1) }),
        "The number of steps is a budget of network calls. The run ends at sigma_min, not at zero.",
      ),
      draw: drawEachStep,
      budget: true,
    };
  },
};
