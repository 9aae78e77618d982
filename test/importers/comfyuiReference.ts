// Owns: ComfyUI's samplers a second time, as loops over sigmas on plain arrays, from the formulas of its functions in
// comfy/k_diffusion/sampling.py (and sa_solver.py, deis.py, uni_pc.py). Nothing here knows of dsamp.

export type Vector = readonly number[];

export interface World {
  /** Denoised states under the condition and without, at a level. */
  readonly denoised: (x: Vector, sigma: number) => { readonly c: Vector; readonly u: Vector };
  readonly scale: number;
  /** The k-th draw. */
  readonly noise: (k: number) => Vector;
  /** `percent_to_sigma`. */
  readonly percent: (share: number) => number;
}

type Reference = (x: Vector, sigmas: readonly number[], world: World) => Vector;

const sum = (...terms: readonly (readonly [number, Vector])[]): Vector =>
  (terms[0]?.[1] ?? []).map((_, i) => terms.reduce((total, [a, v]) => total + a * (v[i] as number), 0));

const guided = (x: Vector, sigma: number, { denoised, scale }: World): Vector => {
  const { c, u } = denoised(x, sigma);
  return sum([1 - scale, u], [scale, c]);
};

const { exp, expm1, log, sqrt, min, max } = Math;
const at = <T>(list: readonly T[], i: number): T => list[i] as T;

/** Integral by Gauss's rule of five points on 40 panels. */
export function integral(f: (u: number) => number, a: number, b: number): number {
  const nodes = [0, sqrt(5 - 2 * sqrt(10 / 7)) / 3, sqrt(5 + 2 * sqrt(10 / 7)) / 3];
  const weights = [128 / 225, (322 + 13 * sqrt(70)) / 900, (322 - 13 * sqrt(70)) / 900];
  const panels = 40;
  let total = 0;
  for (let p = 0; p < panels; p += 1) {
    const middle = a + ((b - a) * (p + 0.5)) / panels;
    const half = (b - a) / panels / 2;
    nodes.forEach((node, k) => {
      const w = at(weights, k);
      total += w * half * (k === 0 ? f(middle) : f(middle - half * node) + f(middle + half * node));
    });
  }
  return total;
}

const lagrange = (points: readonly number[], j: number, u: number): number =>
  points.reduce((product, p, k) => (k === j ? product : (product * (u - p)) / (at(points, j) - p)), 1);

/** sigma_down and sigma_up. */
function ancestral(from: number, to: number, eta: number): readonly [number, number] {
  const up = min(to, eta * sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
  return [sqrt(to ** 2 - up ** 2), up];
}

/** A loop whose last step, to zero, returns the denoised state. */
const overSteps =
  (
    step: (given: {
      readonly x: Vector;
      readonly i: number;
      readonly d: Vector;
      readonly denoised: Vector;
      readonly s: number;
      readonly t: number;
      readonly sigmas: readonly number[];
      readonly slopes: readonly Vector[];
      readonly past: readonly Vector[];
      readonly world: World;
    }) => Vector,
  ): Reference =>
  (start, sigmas, world) => {
    let x = start;
    const slopes: Vector[] = [];
    const past: Vector[] = [];
    for (let i = 0; i + 1 < sigmas.length; i += 1) {
      const [s, t] = [at(sigmas, i), at(sigmas, i + 1)];
      const denoised = guided(x, s, world);
      const d = sum([1 / s, x], [-1 / s, denoised]);
      slopes.unshift(d);
      past.unshift(denoised);
      x = t === 0 ? denoised : step({ x, i, d, denoised, s, t, sigmas, slopes, past, world });
    }
    return x;
  };

const multistep = (weights: (sigmas: readonly number[], i: number, order: number) => Vector, most: number) =>
  overSteps(({ x, i, sigmas, slopes }) =>
    weights(sigmas, i, min(most, i + 1)).reduce<Vector>(
      (total, w, j) => sum([1, total], [w, at(slopes, j)]),
      x,
    ),
  );

const equalSteps = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

function variableSteps(sigmas: readonly number[], i: number, order: number): Vector {
  const step = (k: number): number => at(sigmas, i - k + 1) - at(sigmas, i - k);
  const [h, h1, h2, h3] = [step(0), step(1), step(2), step(3)];
  const scaled = (weights: Vector): Vector => weights.map((w) => w * h);
  if (order === 1) return [h];
  const half = h / h1 / 2;
  if (order === 2) return scaled([1 + half, -half]);
  const third = h / (3 * (h + h1));
  const temp1 = (1 - third * ((h * (h + h1)) / (h1 * (h1 + h2)))) / 2;
  const q = h1 / h2;
  if (order === 3) return scaled([1 + half + temp1, -half - (1 + q) * temp1, temp1 * q]);
  const temp2 =
    (((1 - third) / 2 + ((1 - h / (2 * (h + h1))) * h) / (6 * (h + h1 + h2))) *
      (h * (h + h1) * (h + h1 + h2))) /
    (h1 * (h1 + h2) * (h1 + h2 + h3));
  const p = (h1 * (h1 + h2)) / (h2 * (h2 + h3));
  return scaled([
    1 + half + temp1 + temp2,
    -half - (1 + q) * temp1 - (1 + q + p) * temp2,
    temp1 * q + (q + p * (1 + h2 / h3)) * temp2,
    -temp2 * p * q,
  ]);
}

/** The time of a VP path with sigma = 0.002 at 0.001 and 80 at 1. */
function vpTime(sigma: number): number {
  const [low, high] = [log(0.002 ** 2 + 1), log(80 ** 2 + 1)];
  const slope = (2 * (low / 0.001 - high)) / (0.001 - 1);
  const least = high - slope / 2;
  return (sqrt(least ** 2 + 2 * slope * log(sigma ** 2 + 1)) - least) / slope;
}

const deis = multistep((sigmas, i, order) => {
  const points = Array.from({ length: order }, (_, k) => vpTime(at(sigmas, i - k)));
  return points.map((_, j) =>
    integral((sigma) => lagrange(points, j, vpTime(sigma)), at(sigmas, i), at(sigmas, i + 1)),
  );
}, 3);

const heunpp2: Reference = (start, sigmas, world) => {
  let x = start;
  const slope = (state: Vector, sigma: number): Vector =>
    sum([1 / sigma, state], [-1 / sigma, guided(state, sigma, world)]);
  const first = at(sigmas, 0);
  for (let i = 0; i + 1 < sigmas.length; i += 1) {
    const [s, t] = [at(sigmas, i), at(sigmas, i + 1)];
    const d = slope(x, s);
    const two = sum([1, x], [t - s, d]);
    if (t === 0) return two;
    const d2 = slope(two, t);
    const next = at(sigmas, i + 2);
    if (next === 0) x = sum([1, x], [(t - s) * (1 - t / (2 * first)), d], [((t - s) * t) / (2 * first), d2]);
    else {
      const d3 = slope(sum([1, two], [next - t, d2]), next);
      const [w2, w3] = [t / (3 * first), next / (3 * first)];
      x = sum([1, x], [(t - s) * (1 - w2 - w3), d], [(t - s) * w2, d2], [(t - s) * w3, d3]);
    }
  }
  return x;
};

/** h phi_1 and h phi_2 at h. */
const one = expm1;
const two = (h: number): number => (expm1(h) - h) / h;

const seeds2 = (eta: number, r: number, type: string): Reference =>
  overSteps(({ x, i, denoised, s, t, world }) => {
    const h = log(s / t);
    const k = h * (1 + eta);
    const middle = s * exp(-r * h);
    let wind = sum([sqrt(-expm1(-2 * r * h * eta)), world.noise(2 * i)]);
    const state = sum(
      [(middle / s) * exp(-r * h * eta), x],
      [-one(-r * k), denoised],
      [eta > 0 ? middle : 0, wind],
    );
    const second = guided(state, middle, world);
    const b = type === "phi_1" ? one(-k) / (2 * r) : two(-k) / r;
    wind = sum([exp((r - 1) * h * eta), wind], [sqrt(-expm1(2 * (r - 1) * h * eta)), world.noise(2 * i + 1)]);
    return sum(
      [(t / s) * exp(-h * eta), x],
      [-(one(-k) - b), denoised],
      [-b, second],
      [eta > 0 ? t : 0, wind],
    );
  });

const seeds3: Reference = overSteps(({ x, i, denoised, s, t, world }) => {
  const [r1, r2, eta] = [1 / 3, 2 / 3, 1];
  const h = log(s / t);
  const k = h * (1 + eta);
  const [a, b] = [s * exp(-r1 * h), s * exp(-r2 * h)];
  let wind = sum([sqrt(-expm1(-2 * r1 * h * eta)), world.noise(3 * i)]);
  const blow = (from: number, to: number, draw: number): Vector =>
    sum(
      [exp((from - to) * h * eta), wind],
      [sqrt(-expm1(2 * (from - to) * h * eta)), world.noise(3 * i + draw)],
    );
  const x2 = sum([(a / s) * exp(-r1 * h * eta), x], [-one(-r1 * k), denoised], [a, wind]);
  const second = guided(x2, a, world);
  const a32 = (r2 / r1) * two(-r2 * k);
  wind = blow(r1, r2, 1);
  const x3 = sum(
    [(b / s) * exp(-r2 * h * eta), x],
    [-(one(-r2 * k) - a32), denoised],
    [-a32, second],
    [b, wind],
  );
  const third = guided(x3, b, world);
  const b3 = two(-k) / r2;
  wind = blow(r2, 1, 2);
  return sum([(t / s) * exp(-h * eta), x], [-(one(-k) - b3), denoised], [-b3, third], [t, wind]);
});

const erSde: Reference = (() => {
  const F = (u: number): number => u * (exp(u ** 0.3) + 10);
  let before: Vector = [];
  return overSteps(({ x, i, denoised, s, t, sigmas, past, world }) => {
    const q = F(t) / F(s);
    let result = sum([q, x], [1 - q, denoised]);
    if (i >= 1) {
      const s1 = at(sigmas, i - 1);
      const slope = sum([1 / (s - s1), denoised], [-1 / (s - s1), at(past, 1)]);
      const first = integral((u) => 1 / F(u), t, s);
      result = sum([1, result], [t - s + first * F(t), slope]);
      if (i >= 2) {
        const wide = (s - at(sigmas, i - 2)) / 2;
        const bend = sum([1 / wide, slope], [-1 / wide, before]);
        const second = integral((u) => (u - s) / F(u), t, s);
        result = sum([1, result], [(t - s) ** 2 / 2 + second * F(t), bend]);
      }
      before = slope;
    }
    return sum([1, result], [sqrt(max(0, t ** 2 - s ** 2 * q ** 2)), world.noise(i)]);
  });
})();

const ddpm: Reference = overSteps(({ x, i, d, s, t, world }) => {
  const bar = (sigma: number): number => 1 / (sigma ** 2 + 1);
  const a = bar(s) / bar(t);
  const mean = sum([1 / sqrt(1 + s ** 2), x], [-(1 - a) / sqrt(1 - bar(s)), d]);
  const spread = sqrt(((1 - a) * (1 - bar(t))) / (1 - bar(s)));
  return sum([sqrt(1 + t ** 2) / sqrt(a), mean], [sqrt(1 + t ** 2) * spread, world.noise(i)]);
});

function resMultistep(eta: number, cfgpp: boolean): Reference {
  return (start, sigmas, world) => {
    let x = start;
    let old: Vector | undefined;
    let oldDown = 0;
    for (let i = 0; i + 1 < sigmas.length; i += 1) {
      const [s, t] = [at(sigmas, i), at(sigmas, i + 1)];
      const g = guided(x, s, world);
      const { u } = world.denoised(x, s);
      const used = cfgpp ? u : g;
      const [down, up] = ancestral(s, t, eta);
      if (down === 0 || old === undefined) x = sum([1, g], [down / s, x], [-down / s, used]);
      else {
        const h = log(s / down);
        const c2 = log(oldDown / at(sigmas, i - 1)) / h;
        const phi1 = expm1(-h) / -h;
        const phi2 = (phi1 - 1) / -h;
        if (cfgpp) x = sum([1, x], [1, g], [-1, u]);
        x = sum([exp(-h), x], [h * (phi1 - phi2 / c2), used], [(h * phi2) / c2, old]);
      }
      if (t > 0) x = sum([1, x], [up, world.noise(i)]);
      old = used;
      oldDown = down;
    }
    return x;
  };
}

/** The loop over guided and unconditional predictions. */
const plusPlus =
  (
    step: (given: {
      readonly x: Vector;
      readonly g: Vector;
      readonly u: Vector;
      readonly i: number;
      readonly s: number;
      readonly t: number;
      readonly sigmas: readonly number[];
      readonly past: readonly Vector[];
      readonly world: World;
    }) => Vector,
  ): Reference =>
  (start, sigmas, world) => {
    let x = start;
    /** What the rule keeps of its steps: slopes from unconditional predictions, or those themselves. */
    const past: Vector[] = [];
    for (let i = 0; i + 1 < sigmas.length; i += 1) {
      const [s, t] = [at(sigmas, i), at(sigmas, i + 1)];
      const g = guided(x, s, world);
      const { u } = world.denoised(x, s);
      const next = t === 0 ? g : step({ x, g, u, i, s, t, sigmas, past, world });
      past.unshift(u, sum([1 / s, x], [-1 / s, u]));
      x = next;
    }
    return x;
  };

const eulerCfgPp = (eta: number): Reference =>
  plusPlus(({ x, g, u, i, s, t, world }) => {
    const [down, up] = ancestral(s, t, eta);
    return sum([1, g], [down / s, x], [-down / s, u], [up, world.noise(i)]);
  });

const twoMCfgPp = plusPlus(({ x, g, u, i, s, t, sigmas, past }) => {
  const h = log(s / t);
  const plain = sum([1, g], [-exp(-h), u], [exp(-h), x]);
  if (i === 0) return plain;
  const r = log(at(sigmas, i - 1) / s) / h;
  return sum([1, plain], [-expm1(-h) / (2 * r), g], [expm1(-h) / (2 * r), at(past, 0)]);
});

const twoSCfgPp = plusPlus(({ x, g, u, i, s, t, world }) => {
  const [down, up] = ancestral(s, t, 1);
  const h = log(s / down);
  const middle = s * exp(-h / 2);
  const state = sum([exp(-h / 2), x], [-expm1(-h / 2), u]);
  const { u: second } = world.denoised(state, middle);
  return sum([exp(-h), x], [-expm1(-h), second], [up, world.noise(i)], [1, g], [-1, u]);
});

const gradientCfgPp = plusPlus(({ x, g, u, i, s, t, past }) => {
  const d = sum([1 / s, x], [-1 / s, u]);
  const euler = sum([1, g], [t, d]);
  return i === 0 ? euler : sum([1, euler], [t - s, d], [s - t, at(past, 1)]);
});

const gradient = overSteps(({ x, i, d, s, t, slopes }) =>
  sum(
    [1, x],
    [t - s, d],
    ...(i === 0
      ? []
      : ([
          [t - s, d],
          [s - t, at(slopes, 1)],
        ] as const)),
  ),
);

function adams(pece: boolean, kp = 3, kc = 4): Reference {
  return (start, sigmas, world) => {
    const steps = sigmas.length - 1;
    const lambdas = sigmas.map((sigma) => -log(sigma));
    let x = start;
    let guess = start;
    let [tau, wind] = [0, sum([0, start])];
    let draws = 0;
    const past: Vector[] = [];
    /** The exact step from a to b with the polynomial through `order` predictions from `newest` back. */
    const through = (from: Vector, a: number, b: number, newest: number, order: number): Vector => {
      const k = 1 + tau ** 2;
      const nodes = Array.from({ length: order }, (_, j) => newest - j);
      const points = nodes.map((j) => at(lambdas, j));
      const end = at(lambdas, b);
      return nodes.reduce<Vector>(
        (total, node, j) => {
          const weight = integral(
            (u) => k * exp(k * (u - end)) * lagrange(points, j, u),
            at(lambdas, a),
            end,
          );
          return sum([1, total], [weight, at(past, node)]);
        },
        sum([(at(sigmas, b) / at(sigmas, a)) * exp(-(tau ** 2) * (end - at(lambdas, a))), from]),
      );
    };
    for (let i = 0; i < steps; i += 1) {
      past[i] = guided(guess, at(sigmas, i), world);
      const p = min(kp, i + 1, steps - 1 - i);
      const c = i === 0 || (i === steps - 1 && !pece) ? 0 : min(kc, i + 1, steps - i);
      if (c === 0) x = guess;
      else {
        x = sum([1, through(x, i - 1, i, i, c)], [1, wind]);
        if (pece) past[i] = guided(x, at(sigmas, i), world);
      }
      const t = at(sigmas, i + 1);
      if (t === 0) return at(past, i);
      // Both ends count; a level on one differs from it by rounding.
      tau = world.percent(0.2) * 1.0000001 >= t && t >= world.percent(0.8) * 0.9999999 ? 1 : 0;
      guess = through(x, i, i + 1, i, p);
      const spread = t * sqrt(-expm1(-2 * tau ** 2 * (at(lambdas, i + 1) - at(lambdas, i))));
      wind = sum([spread, world.noise(tau > 0 ? draws++ : 0)]);
      guess = sum([1, guess], [1, wind]);
    }
    return guess;
  };
}

/** Solves A w = b by elimination. */
function solved(A: readonly Vector[], b: Vector): Vector {
  const rows = A.map((row, i) => [...row, at(b, i)]);
  const n = rows.length;
  for (let k = 0; k < n; k += 1) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, j) => (Math.abs(at(row, k)) > Math.abs(at(at(rows, best), k)) ? k + j : best), k);
    [rows[k], rows[pivot]] = [at(rows, pivot), at(rows, k)];
    for (let i = 0; i < n; i += 1) {
      if (i === k) continue;
      const factor = at(at(rows, i), k) / at(at(rows, k), k);
      rows[i] = at(rows, i).map((value, j) => value - factor * at(at(rows, k), j));
    }
  }
  return rows.map((row, i) => at(row, n) / at(row, i));
}

/** In the variance-preserving coordinates of the original; the last level is not zero but 0.001. */
function unipc(variant: "bh1" | "bh2"): Reference {
  return (start, given, world) => {
    const sigmas = given.map((sigma) => (sigma === 0 ? 0.001 : sigma));
    const steps = sigmas.length - 1;
    const order = min(3, steps - 1);
    const alpha = (i: number): number => 1 / sqrt(1 + at(sigmas, i) ** 2);
    const spread = (i: number): number => at(sigmas, i) * alpha(i);
    const lambda = (i: number): number => -log(at(sigmas, i));
    const model = (x: Vector, i: number): Vector => guided(sum([1 / alpha(i), x]), at(sigmas, i), world);
    let x = sum([alpha(0), start]);
    const past: Vector[] = [model(x, 0)];
    for (let i = 1; i <= steps; i += 1) {
      const p = i < order ? i : min(order, steps + 1 - i);
      const h = lambda(i) - lambda(i - 1);
      const B = variant === "bh1" ? -h : expm1(-h);
      const r = [...Array.from({ length: p - 1 }, (_, k) => (lambda(i - 2 - k) - lambda(i - 1)) / h), 1];
      const newest = at(past, i - 1);
      const D = Array.from({ length: p - 1 }, (_, k) =>
        sum([1 / at(r, k), at(past, i - 2 - k)], [-1 / at(r, k), newest]),
      );
      const R: Vector[] = [];
      const b: number[] = [];
      let phi = expm1(-h) / -h - 1;
      let factorial = 1;
      for (let k = 1; k <= p; k += 1) {
        R.push(r.map((value) => value ** (k - 1)));
        b.push((phi * factorial) / B);
        factorial *= k + 1;
        phi = phi / -h - 1 / factorial;
      }
      const base = sum([spread(i) / spread(i - 1), x], [-alpha(i) * expm1(-h), newest]);
      const wp =
        p === 2
          ? [0.5]
          : p > 2
            ? solved(
                R.slice(0, -1).map((row) => row.slice(0, -1)),
                b.slice(0, -1),
              )
            : [];
      const predicted = D.reduce<Vector>(
        (total, d, k) => sum([1, total], [-alpha(i) * B * at(wp, k), d]),
        base,
      );
      if (i === steps) return sum([1 / alpha(i), predicted]);
      const wc = p === 1 ? [0.5] : solved(R, b);
      past[i] = model(predicted, i);
      x = D.reduce<Vector>((total, d, k) => sum([1, total], [-alpha(i) * B * at(wc, k), d]), base);
      const last = -alpha(i) * B * at(wc, p - 1);
      x = sum([1, x], [last, at(past, i)], [-last, newest]);
    }
    return x;
  };
}

/** By the name that ComfyUI gives. */
export const references: Readonly<Record<string, Reference>> = {
  ddpm,
  heunpp2,
  ipndm: multistep(
    (sigmas, i, order) => at(equalSteps, order - 1).map((w) => w * (at(sigmas, i + 1) - at(sigmas, i))),
    4,
  ),
  ipndm_v: multistep(variableSteps, 4),
  deis,
  euler_cfg_pp: eulerCfgPp(0),
  euler_ancestral_cfg_pp: eulerCfgPp(1),
  dpmpp_2m_cfg_pp: twoMCfgPp,
  dpmpp_2s_ancestral_cfg_pp: twoSCfgPp,
  gradient_estimation: gradient,
  gradient_estimation_cfg_pp: gradientCfgPp,
  res_multistep: resMultistep(0, false),
  res_multistep_cfg_pp: resMultistep(0, true),
  res_multistep_ancestral: resMultistep(1, false),
  res_multistep_ancestral_cfg_pp: resMultistep(1, true),
  er_sde: erSde,
  seeds_2: seeds2(1, 0.5, "phi_1"),
  "seeds_2 eta=0.6 r=0.7 solver_type=phi_2": seeds2(0.6, 0.7, "phi_2"),
  "seeds_2 eta=0": seeds2(0, 0.5, "phi_1"),
  exp_heun_2_x0: seeds2(0, 1, "phi_2"),
  exp_heun_2_x0_sde: seeds2(1, 1, "phi_2"),
  seeds_3: seeds3,
  sa_solver: adams(false),
  sa_solver_pece: adams(true),
  "sa_solver predictor_order=2 corrector_order=2": adams(false, 2, 2),
  uni_pc: unipc("bh1"),
  uni_pc_bh2: unipc("bh2"),
};
