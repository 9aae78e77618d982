// Owns: the samplers that ComfyUI has beside k-diffusion's, as solvers of the library, with what each does that its
// paper does not. Read from ComfyUI's comfy/k_diffusion/sampling.py, deis.py, sa_solver.py and extra_samplers/uni_pc.py.

import { drawEachStep, noDraw, type Imported } from "./imported.js";
import { samplers as shared, twoM, type Rule, type Run } from "./karras.js";
import { contradiction, type Options } from "./options.js";
import { call, line, literal, quoted } from "./text.js";

export interface ComfyRule extends Rule {
  /** Definitions of the file that the rule needs. */
  readonly definitions?: readonly string[];
  /** The guidance in place of `cfg`, of a scale; without guidance the sampler makes no sense. */
  readonly guidance?: (scale: string) => string;
  /** Why that guidance. */
  readonly guidanceWhy?: string;
  /** The rule asks the network itself, with this solver of a scale. */
  readonly guided?: (scale: string) => string;
  /** The last level, where it is not zero. */
  readonly end?: number;
}

type Reader = (options: Options, run: Run) => ComfyRule;

const unless = (value: number, usual: number): number | undefined => (value === usual ? undefined : value);

const rho = (index: string): string => `stable_diffusion.rho(index: ${index})`;

/** Levels of the table of Stable Diffusion, data end first; in double precision. */
const sigmas: readonly number[] = (() => {
  const [low, high] = [Math.sqrt(0.00085), Math.sqrt(0.012)];
  let bar = 1;
  return Array.from({ length: 1000 }, (_, i) => {
    bar *= 1 - (low + (i / 999) * (high - low)) ** 2;
    return Math.sqrt((1 - bar) / bar);
  });
})();

/**
 * `percent_to_sigma` between its ends, as text and as a number: log sigma is interpolated. `wider` moves it by a little,
 * for levels that lie on it must count in spite of rounding.
 */
function percent(share: number, wider: number): readonly [text: string, value: number] {
  const index = (1 - share) * 999;
  const low = Math.floor(index);
  const part = Number((index - low).toFixed(12));
  const [a, b] = [sigmas[low] as number, sigmas[low + 1] as number];
  return [
    `${literal(wider)}*exp(lerp(log(${rho(String(low))}), log(${rho(String(low + 1))}), ${literal(part)}))`,
    wider * Math.exp((1 - part) * Math.log(a) + part * Math.log(b)),
  ];
}

const toZero = line("ddim", "The step to zero returns the denoised state.");

function noiseOf(options: Options, eta = 1): { readonly eta: number; readonly s_noise: number } {
  const noise = { eta: options.number("eta", eta), s_noise: options.number("s_noise", 1) };
  if (noise.eta < 0) contradiction(`${options.who}: eta ${noise.eta} is negative`);
  return noise;
}

/** Several draws a step, in the order in which the rule names them. */
const drawsOf =
  (...names: readonly string[]): Imported["draw"] =>
  (path, step) =>
    names.length * step + names.indexOf(path);

const cfgPp = (scale: string): string => `cfg_pp(scale: ${scale})`;
const cfgPpWhy =
  "CFG++: the data prediction is guided, the noise unconditional, and so is what later steps see of both. cfg is the interpolation " +
  "between the two data predictions, so 1 is the conditional one.";

/** The plain sampler under CFG++. */
const underCfgPp =
  (reader: Reader): Reader =>
  (options, run) => ({ ...reader(options, run), guidance: cfgPp, guidanceWhy: cfgPpWhy });

/** ComfyUI's multistep CFG++ of RES moves the state by the guidance and goes on unconditionally. */
const resCfgPp = `guidance res_cfg_pp(scale = 1) {
  input prompt: condition
  call c = model(cond: prompt)
  call u = model(cond: none)
  let g = lerp(u.x0, c.x0, scale)
  // The first and the last step are those of CFG++; in between the guidance moves the state, and the step that follows
  // shrinks the move with the state.
  when first or last {
    x0  = g
    eps = u.eps
  }
  else {
    x0  = u.x0
    eps = u.eps + alpha/sigma*(g - u.x0)
  }
  x0[past] = u.x0
}`;

const multistepRes =
  (ancestral: boolean, guided: boolean): Reader =>
  (options) => {
    const eta = ancestral ? options.number("eta", 1) : 0;
    const s_noise = options.number("s_noise", 1);
    if (eta < 0 || eta > 1) contradiction(`${options.who}: eta ${eta}; between 0 and 1 it has a lower level`);
    return {
      solver: line(
        call("res_multistep", { eta: unless(eta, 0), s_noise: ancestral ? unless(s_noise, 1) : undefined }),
        ...(eta === 0
          ? ["The integral of the linear interpolant: DPM-Solver++(2M) with exact weights."]
          : []),
        ...(eta > 0
          ? ["The distance of the two predictions is taken from the lower level of the step before."]
          : []),
      ),
      final: toZero,
      draw: eta === 0 ? noDraw : drawEachStep,
      ...(guided
        ? { definitions: [resCfgPp], guidance: (scale: string) => `res_cfg_pp(scale: ${scale})` }
        : {}),
    };
  };

const seeds2 =
  (given?: { readonly eta?: number; readonly r: number; readonly type: "phi_1" | "phi_2" }): Reader =>
  (options) => {
    const { eta, s_noise } = given?.eta === 0 ? { eta: 0, s_noise: 1 } : noiseOf(options);
    const r = given?.r ?? options.number("r", 0.5);
    const type = options.word("solver_type", given?.type ?? "phi_1", ["phi_1", "phi_2"]);
    const flavour = type === "phi_1" ? undefined : quoted(type);
    if (eta === 0)
      return {
        solver: line(
          type === "phi_2" ? call("etdrk2", { c: unless(r, 1) }) : call("dpmpp_2s", { r: unless(r, 0.5) }),
        ),
        draw: noDraw,
      };
    return {
      solver: line(
        call("seeds_2", {
          eta: unless(eta, 1),
          s_noise: unless(s_noise, 1),
          r: unless(r, 0.5),
          flavour,
        }),
        "Two independent draws a step.",
      ),
      draw: drawsOf("z", "w"),
    };
  };

const adams =
  (pece: boolean): Reader =>
  (options, { steps }) => {
    const kp = options.whole("predictor_order", 3);
    const kc = options.whole("corrector_order", 4);
    const s_noise = options.number("s_noise", 1);
    const [hi, high] = percent(0.2, 1.000001);
    const [lo, low] = percent(0.8, 0.999999);
    const rule = (p: number, c: number): string =>
      call("sa_solver_window", {
        lo,
        hi,
        kp: unless(p, 3),
        kc: unless(c, 4),
        again: pece ? 1 : undefined,
        level: quoted("end"),
        s_noise: unless(s_noise, 1),
      });
    const falling: string[] = [];
    for (let left = Math.min(Math.max(kp, kc), steps) - 1; left >= 1; left -= 1)
      falling.push(rule(Math.min(kp, left), left === 1 && !pece ? 0 : Math.min(kc, left)));
    return {
      solver: line(
        rule(kp, kc),
        "Noise only where the step ends between 20 and 80 percent of the training steps, counted from the noise, both included.",
      ),
      final: line(
        [...falling, "ddim"].join(" then "),
        "Towards the end the orders fall, and the step to zero returns the denoised state.",
        ...(pece ? [] : ["The last correction is left out."]),
      ),
      draw: (_, step, levels) => {
        const draws = (j: number): boolean => low <= (levels[j + 1] ?? 0) && (levels[j + 1] ?? 0) <= high;
        return draws(step) ? Array.from({ length: step }, (_unused, j) => j).filter(draws).length : undefined;
      },
    };
  };

/** Levels are VP there; the rule is the same with alpha = 1. */
const unipc =
  (variant: "bh1" | "bh2"): Reader =>
  (options, { steps }) => {
    if (steps < 2)
      contradiction(`${options.who}: with one step it returns the noise it is given`, "take two steps");
    const order = Math.min(3, steps - 1);
    const rule = (p: number): string =>
      call("unipc", { p: unless(p, 3), variant: variant === "bh2" ? undefined : quoted(variant) });
    return {
      solver: line(rule(order)),
      final: line(
        [...(order > 1 ? [rule(2)] : []), "ddim"].join(" then "),
        "The orders fall at the end, and the last step is not corrected.",
      ),
      end: 0.001,
      draw: noDraw,
    };
  };

/** DEIS in the time of a variance-preserving path between sigma = 0.002 and 80, whatever the model. */
const deis = `solver deis_of_edm(k = 3) {
  let a  = log(0.002^2 + 1)
  let b  = log(80^2 + 1)
  let bd = 2*(a/0.001 - b)/(0.001 - 1)
  let b0 = b - bd/2
  step {
    x[t] = integrate(s -> t, eps, over: (sqrt(b0^2 + 2*bd*log(rho^2 + 1)) - b0)/bd, through: s-k+1 .. s)
  }
}`;

const twoStagesCfgPp = `use std.common { down }

// The whole step is unconditional; the guidance is added at the end, as it is and not scaled by the step.
solver dpmpp_2s_cfg_pp(scale = 1, eta = 1, s_noise = 1) {
  input prompt: condition
  noise z
  step {
    call c = network(x[s], at: s, cond: prompt)
    call u = network(x[s], at: s, cond: none)
    let low = down(rho[s], rho[t], eta)
    when low == 0 { x[t] = jump(s -> t, x0: lerp(u.x0, c.x0, scale), eps: u.eps) }
    else {
      point d at rho = low
      point m at lambda = (lambda[s] + lambda[d])/2
      x[m] = sigma[m]/sigma[s]*x[s] - alpha[m]*expm1(lambda[s] - lambda[m])*u.x0
      call v = network(x[m], at: m, cond: none)
      x[d] = sigma[d]/sigma[s]*x[s] - alpha[d]*expm1(lambda[s] - lambda[d])*v.x0
      x[t] = relabel(renoise(d -> t, noise: s_noise*z) + alpha[t]*scale*(c.x0 - u.x0))
    }
  }
}`;

const inherited = shared as Readonly<Record<string, Reader>>;
const from = (name: string): Reader => inherited[name] as Reader;

const gradient: Reader = (options) => ({
  solver: line(call("gradient_estimation", { gamma: unless(options.number("ge_gamma", 2), 2) })),
  final: toZero,
  draw: noDraw,
});

const own: Readonly<Record<string, Reader>> = {
  ddim: () => ({
    solver: line(
      "euler",
      "ComfyUI's ddim is Euler on these levels; without noise the two are the same rule.",
    ),
    draw: noDraw,
  }),
  ddpm: () => ({ solver: line("ddpm"), draw: drawEachStep }),
  lcm: () => ({ solver: line("consistency"), draw: drawEachStep }),
  heunpp2: (options) => {
    if (options.number("s_churn", 0) !== 0)
      contradiction(`${options.who}: s_churn`, "noise is imported for euler, heun and dpm_2");
    return {
      solver: line("heunpp2", "Of order 1. Three calls a step, two in the last but one, one in the last."),
      draw: noDraw,
    };
  },
  ipndm: (options) => ({
    solver: line(call("ipndm", { k: unless(options.whole("max_order", 4), 4) })),
    final: toZero,
    draw: noDraw,
  }),
  ipndm_v: (options) => ({
    solver: line(
      call("ipndm_v", { k: unless(options.whole("max_order", 4), 4) }),
      "The weights of orders 3 and 4 have slips; `lms` is the rule that is meant.",
    ),
    final: toZero,
    draw: noDraw,
  }),
  deis: (options) => {
    options.word("deis_mode", "tab", ["tab"]);
    return {
      solver: line(
        call("deis_of_edm", { k: unless(options.whole("max_order", 3), 3) }),
        "Polynomials in the time of a VP path from sigma 0.002 to 80. The weights come from a rectangle rule with 10,000 points there, and",
        "are exact here.",
      ),
      final: toZero,
      definitions: [deis],
      draw: noDraw,
    };
  },
  dpmpp_2m_sde: twoM("midpoint"),
  dpmpp_2m_sde_heun: twoM("heun"),
  euler_cfg_pp: underCfgPp(() => ({ solver: line("euler_rho"), draw: noDraw })),
  euler_ancestral_cfg_pp: underCfgPp(from("euler_ancestral")),
  dpmpp_2m_cfg_pp: underCfgPp(from("dpmpp_2m")),
  dpmpp_2s_ancestral_cfg_pp: (options) => {
    const { eta, s_noise } = noiseOf(options);
    return {
      solver: line("dpmpp_2s_cfg_pp"),
      guided: (scale) => call("dpmpp_2s_cfg_pp", { scale, eta: unless(eta, 1), s_noise: unless(s_noise, 1) }),
      definitions: [twoStagesCfgPp],
      draw: drawEachStep,
    };
  },
  gradient_estimation: gradient,
  gradient_estimation_cfg_pp: underCfgPp(gradient),
  res_multistep: multistepRes(false, false),
  res_multistep_cfg_pp: multistepRes(false, true),
  res_multistep_ancestral: multistepRes(true, false),
  res_multistep_ancestral_cfg_pp: multistepRes(true, true),
  er_sde: (options) => ({
    solver: line(
      call("er_sde", {
        k: unless(options.whole("max_stage", 3), 3),
        s_noise: unless(options.number("s_noise", 1), 1),
      }),
      "The integrals are sums over 200 points there, and exact here.",
    ),
    draw: drawEachStep,
  }),
  seeds_2: seeds2(),
  exp_heun_2_x0: seeds2({ eta: 0, r: 1, type: "phi_2" }),
  exp_heun_2_x0_sde: seeds2({ r: 1, type: "phi_2" }),
  seeds_3: (options) => {
    const { eta, s_noise } = noiseOf(options);
    const [r1, r2] = [options.number("r_1", 1 / 3), options.number("r_2", 2 / 3)];
    return {
      solver: line(
        call("seeds_3", {
          eta: unless(eta, 1),
          s_noise: unless(s_noise, 1),
          r1: unless(r1, 1 / 3),
          r2: unless(r2, 2 / 3),
        }),
        ...(eta > 0 ? ["Three independent draws a step."] : []),
      ),
      draw: drawsOf("z", "w", "v"),
    };
  },
  sa_solver: adams(false),
  sa_solver_pece: adams(true),
  uni_pc: unipc("bh1"),
  uni_pc_bh2: unipc("bh2"),
};

/** Those that draw their noise on the device; the rule is the same. */
const onDevice = ["dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde"];

const named: Readonly<Record<string, Reader>> = { ...inherited, ...own };

/** Every sampler of ComfyUI's KSampler that is imported, by its name there. */
export const comfySamplers: Readonly<Record<string, Reader>> = {
  ...named,
  ...Object.fromEntries(onDevice.map((name) => [`${name}_gpu`, named[name] as Reader])),
};

/** For these ComfyUI makes one level more and leaves the last before zero out. */
export const discards: ReadonlySet<string> = new Set(["dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"]);
