// Imports of ComfyUI run on a mixture, and its samplers written out a second time run on the same mixture, levels and
// draws: the results agree. The levels are computed a second time as well.

import { describe, expect, test } from "vitest";
import { betaQuantile } from "../../compiler/algebra/beta.js";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { comfySamplers } from "../../importers/comfyuiSamplers.js";
import { importComfyUi, readLine, type Imported } from "../../importers/index.js";
import { functionModel, gmmModel, openBackend, sample } from "../../runtime/index.js";
import { mixture } from "../stdlib/harness.js";
import { references, type Vector, type World } from "./comfyuiReference.js";

// ---- Stable Diffusion's table and the schedulers -------------------------------------------------------------------

const table: readonly number[] = (() => {
  let bar = 1;
  return Array.from({ length: 1000 }, (_, i) => {
    const root = Math.sqrt(0.00085) + (i / 999) * (Math.sqrt(0.012) - Math.sqrt(0.00085));
    bar *= 1 - root * root;
    return Math.sqrt((1 - bar) / bar);
  });
})();
const low = table[0] as number;
const high = table[999] as number;

/** A level between two training steps. */
function level(index: number): number {
  const [a, b] = [table[Math.floor(index)] as number, table[Math.ceil(index)] as number];
  const w = index - Math.floor(index);
  return Math.exp((1 - w) * Math.log(a) + w * Math.log(b));
}

const line = (a: number, b: number, i: number, n: number): number =>
  n === 1 ? a : a + ((b - a) * i) / (n - 1);
const count = (n: number, f: (i: number) => number): readonly number[] => [...Array(n).keys()].map(f);

const schedulers: Readonly<Record<string, (n: number) => readonly number[]>> = {
  karras: (n) => count(n, (i) => line(high ** (1 / 7), low ** (1 / 7), i, n) ** 7),
  exponential: (n) => count(n, (i) => Math.exp(line(Math.log(high), Math.log(low), i, n))),
  normal: (n) => count(n, (i) => level(line(999, 0, i, n))),
  sgm_uniform: (n) => count(n, (i) => level(line(999, 0, i, n + 1))),
  simple: (n) => count(n, (i) => table[999 - Math.trunc(i * (1000 / n))] as number),
  ddim_uniform: (n) => {
    const found: number[] = [];
    for (let k = 1; k < 1000; k += Math.floor(1000 / n)) found.unshift(table[k] as number);
    return found;
  },
  beta: (n) => {
    const rounded = count(n, (i) => Math.round(999 * betaQuantile(1 - i / n, 0.6, 0.6)));
    return rounded.filter((index, i) => index !== rounded[i - 1]).map((index) => table[index] as number);
  },
  linear_quadratic: (n) => {
    const half = Math.floor(n / 2);
    const rest = n - half;
    const gap = half - 0.025 * n;
    const a = gap / (half * rest ** 2);
    const b = 0.025 / half - (2 * gap) / rest ** 2;
    return count(n, (i) => high * (1 - (i < half ? (i * 0.025) / half : a * i * i + b * i + a * half ** 2)));
  },
  kl_optimal: (n) =>
    count(n, (i) => Math.tan((i / (n - 1)) * Math.atan(low) + (1 - i / (n - 1)) * Math.atan(high))),
};

/** With one level more, of which the last before zero is dropped, for some samplers. */
function levels(scheduler: string, sampler: string, steps: number): readonly number[] {
  const drops = ["dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"].includes(sampler);
  const made = (schedulers[scheduler] as (n: number) => readonly number[])(drops ? steps + 1 : steps);
  return [...(drops ? made.slice(0, -1) : made), 0];
}

// ---- the mixture, and both runs ------------------------------------------------------------------------------------

interface Parts {
  readonly weights: readonly number[];
  readonly means: readonly Vector[];
  readonly stds: readonly number[];
}

/** The mean of the data given the noised state. */
function mean({ weights, means, stds }: Parts, x: Vector, sigma: number): Vector {
  const parts = weights.map((weight, k) => {
    const variance = (stds[k] as number) ** 2 + sigma ** 2;
    const centre = means[k] as Vector;
    const distance = x.reduce((total, value, d) => total + (value - (centre[d] as number)) ** 2, 0);
    return {
      log: Math.log(weight) - distance / (2 * variance) - (x.length / 2) * Math.log(variance),
      value: x.map(
        (v, d) => (centre[d] as number) + ((stds[k] as number) ** 2 / variance) * (v - (centre[d] as number)),
      ),
    };
  });
  const most = Math.max(...parts.map((part) => part.log));
  const shares = parts.map((part) => Math.exp(part.log - most));
  const total = shares.reduce((a, b) => a + b, 0);
  return x.map((_, d) =>
    parts.reduce((value, part, k) => value + ((shares[k] as number) / total) * (part.value[d] as number), 0),
  );
}

const size = 8;
const draw = (k: number): Vector =>
  count(size, (i) => 1.4 * Math.sin(12.9898 * (k + 1) + 78.233 * (i + 1) + k * i));

const world = (scale: number): World => ({
  scale,
  denoised: (x, sigma) => {
    const both = (parts: Parts): Vector => [
      ...mean(parts, x.slice(0, 4), sigma),
      ...mean(parts, x.slice(4), sigma),
    ];
    return { c: both(mixture.conditions?.["a"] as Parts), u: both(mixture) };
  },
  noise: draw,
  percent: (share) => level((1 - share) * 999),
});

function compiled(made: Imported): Plan {
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "imported.dsamp", text: made.text });
  if (!plan) throw new Error(diagnostics.map((item) => item.message).join("\n"));
  return plan;
}

async function imported(text: string, start: Vector, sigmas: readonly number[]): Promise<Vector> {
  const made = importComfyUi(readLine(text), { latents: true });
  const plan = compiled(made);
  const { results } = await sample(plan, {
    models: Object.fromEntries(plan.models.map(({ name }) => [name, gmmModel(mixture)])),
    backend: await openBackend("reference"),
    shape: [4],
    count: 2,
    inputs: { prompt: "a", x_init: Float64Array.from(start) },
    noise: (path, step, pass) => Float64Array.from(draw(made.draw(path, step, sigmas, pass) ?? 0)),
  });
  return [...(results[0]?.data ?? [])];
}

describe.each(Object.entries(references))("%s", (name, reference) => {
  const [sampler = "", ...options] = name.split(" ");
  test.each([
    ["karras", 9, 1.7],
    ["normal", 6, 0.8],
    ["simple", 3, 1],
  ] as const)("%s, %i steps, cfg %d", async (scheduler, steps, scale) => {
    const sigmas = levels(scheduler, sampler, steps);
    const start = draw(99).map((value) => value * Math.sqrt((sigmas[0] as number) ** 2 + 1));
    const text = [sampler, scheduler, steps, `cfg=${scale}`, ...options].join(" ");
    const expected = reference(start, sigmas, world(scale));
    const found = await imported(text, start, sigmas);
    expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 8));
    expect(found).toHaveLength(size);
  });
});

test.each(
  Object.keys(schedulers).flatMap((name) => ["euler", "dpm_2"].map((sampler) => [name, sampler] as const)),
)("levels of %s for %s", (scheduler, sampler) => {
  // 38 steps round a level of `simple` down, 150 have some of `beta` twice.
  for (const steps of [7, 38, 150]) {
    const { grid } = compiled(importComfyUi(readLine(`${sampler} ${scheduler} ${steps}`), {}));
    const wanted = levels(scheduler, sampler, steps);
    expect(grid).toHaveLength(wanted.length);
    wanted.forEach((value, i) => expect(Number(grid[i]?.sigma)).toBeCloseTo(value, 9));
  }
});

test.each(Object.keys(schedulers))("dpm_fast runs between the ends of %s", (scheduler) => {
  const sigmas = levels(scheduler, "dpm_fast", 9);
  const { grid } = compiled(importComfyUi(readLine(`dpm_fast ${scheduler} 9`), {}));
  expect(Number(grid[0]?.sigma)).toBeCloseTo(sigmas[0] as number, 9);
  expect(Number(grid.at(-1)?.sigma)).toBeCloseTo(sigmas.at(-2) as number, 9);
});

test("dpm_adaptive is refused, with the way out", () => {
  expect(() => importComfyUi(readLine("dpm_adaptive karras 9"), {})).toThrow(/nearest training step/);
});

test("the first state: sqrt(1 + sigma^2) times noise from the noisiest level, sigma times noise from a lower one", () => {
  const { text } = importComfyUi(readLine("euler ddim_uniform 20"), {});
  expect(text).toContain("init x[start] = sigma[start]*z");
  expect(importComfyUi(readLine("euler beta 20"), {}).text).toContain(
    "init x[start] = sqrt(sigma[start]^2 + 1)*z",
  );
});

test("the network is told the nearest training step", async () => {
  const plan = compiled(importComfyUi(readLine("dpm_2 normal 7"), {}));
  const told: number[] = [];
  const levelsTold: number[] = [];
  const model = functionModel((input, time, call) => {
    told.push(time);
    levelsTold.push(call.sigma / call.alpha);
    return new Float64Array(input.length);
  });
  await sample(plan, {
    models: model,
    backend: await openBackend("reference"),
    shape: [4],
    count: 1,
    seed: 1,
  });
  const nearest = levelsTold.map((sigma) => {
    const distances = table.map((entry) => Math.abs(Math.log(sigma / entry)));
    return distances.indexOf(Math.min(...distances));
  });
  expect(told).toEqual(nearest);
  expect(told).toHaveLength(13);
});

test("every sampler is tested, or is k-diffusion's", () => {
  const known =
    "euler heun dpm_2 lms dpmpp_2m euler_ancestral dpm_2_ancestral dpmpp_2s_ancestral dpmpp_sde dpmpp_2m_sde dpmpp_3m_sde dpm_fast dpm_adaptive ddim lcm dpmpp_2m_sde_heun".split(
      " ",
    );
  const tested = new Set([...Object.keys(references).map((name) => name.split(" ")[0]), ...known]);
  expect(Object.keys(comfySamplers).filter((name) => !tested.has(name.replace(/_gpu$/, "")))).toEqual([]);
});
