// `dsamp plot`, and what its panels are made of.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { slopeOf } from "../../cli/plot/convergence.js";
import { drawDocument } from "../../cli/plot/panel.js";
import { orderCertificate } from "../../compiler/certify/order.js";
import type { Amplification } from "../../compiler/certify/stability.js";
import { boundaryLocus, boxOf, isStableAt } from "../../compiler/certify/stabilityRegion.js";
import { settingOf } from "../compiler/certify/subject.js";
import { dsamp, inFolder } from "./terminal.js";

const spec = (solver: string): string => `sampler small {
  schedule vp_linear
  model    predicts eps
  grid     log_snr
  steps    6
  solver   ${solver}
}
`;

const draw = (
  solver: string,
  ...flags: readonly string[]
): Promise<{ code: number; svg: string; stderr: string }> =>
  inFolder(async (folder) => {
    const { code, stderr } = await dsamp(["plot", "-", "--out", "a.svg", ...flags], {
      cwd: folder,
      stdin: spec(solver),
    });
    const file = join(folder, "a.svg");
    return { code, stderr, svg: existsSync(file) ? readFileSync(file, "utf8") : "" };
  });

const titles = (svg: string): readonly string[] =>
  [...svg.matchAll(/font-size="14"[^>]*>([^<]*)</g)].map((match) => match[1] ?? "");

test("draws every panel, the same bytes every time", async () => {
  const [first, second] = [await draw("dpmpp_2m"), await draw("dpmpp_2m")];
  expect([first.code, first.stderr]).toEqual([0, ""]);
  expect(first.svg).toBe(second.svg);
  expect(titles(first.svg)).toEqual([
    "Schedule vp_linear",
    "Half log-SNR and the points of the grid",
    "Grid of 6 steps",
    "Lengths of the steps",
    "Weights in x[t]",
    "Stability of dpmpp_2m",
    "Convergence on a mixture of Gaussians",
  ]);
  expect(first.svg).not.toMatch(/NaN|Infinity|undefined/);
  const slope = Number(/last slope ([\d.]+), certified order 2/.exec(first.svg)?.[1]);
  expect(Math.abs(slope - 2)).toBeLessThan(0.35);
});

test("noise is measured in law, in closed form", async () => {
  const { svg } = await draw("ddim(eta: 1)", "--what", "convergence");
  expect(titles(svg)).toEqual(["Convergence in law on N(0.5, 0.25)"]);
  expect(svg).toContain("error of the mean: none");
  expect(Math.abs(Number(/error of the std: last slope ([\d.]+)/.exec(svg)?.[1]) - 1)).toBeLessThan(0.15);
});

test("a panel that cannot be drawn is a note, a kind that does not exist an error", async () => {
  const lml = await draw("lml", "--what", "grid,stability");
  expect(lml.stderr).toContain("no stability panel");
  expect(titles(lml.svg)).toHaveLength(2);
  expect((await draw("ddim", "--what", "grd")).stderr).toContain("did you mean `grid`?");
  expect((await draw("dimm")).code).toBe(1);
  const { code } = await dsamp(["plot", "-", "--out", "/nowhere/a.svg"], { stdin: spec("ddim") });
  expect(code).toBe(3);
});

test("text is escaped", () => {
  expect(drawDocument("a < b & c", [])).toContain("a &lt; b &amp; c");
});

test("a slope is that of a power law", () =>
  expect(slopeOf([4, 8, 16, 32].map((n) => [n, 3 * n ** -2.5]))).toBeCloseTo(2.5, 10));

describe("regions of stability", () => {
  const amplificationOf = (subject: string): Amplification => {
    const { stability } = orderCertificate(settingOf(subject), { brief: true });
    if (!stability) throw new Error("no linear recurrence");
    return stability.amplification;
  };

  test("Euler's is the unit disc around -1", () => {
    const a = amplificationOf("euler");
    for (const z of boundaryLocus(a, 64)) expect(Math.hypot(z.re + 1, z.im)).toBeCloseTo(1, 9);
    expect(isStableAt(a, { re: -1, im: 0.99 })).toBe(true);
    expect(isStableAt(a, { re: -1, im: 1.01 })).toBe(false);
  });

  test.each([
    ["heun", [1, 1, 1 / 2]],
    ["rk4", [1, 1, 1 / 2, 1 / 6, 1 / 24]],
  ])("%s's is where its polynomial is at most 1", (subject, coefficients) => {
    const a = amplificationOf(subject);
    for (let i = 0; i < 200; i += 1) {
      const z = { re: -4 + ((i * 37) % 50) / 10, im: -3.5 + ((i * 53) % 70) / 10 };
      let [re, im] = [0, 0];
      for (const c of [...coefficients].reverse())
        [re, im] = [re * z.re - im * z.im + c, re * z.im + im * z.re];
      const size = Math.hypot(re, im);
      if (Math.abs(size - 1) > 1e-3) expect(isStableAt(a, z)).toBe(size < 1);
    }
  });

  test("of a two-step rule the real end lies on the locus and in the box", () => {
    const a = amplificationOf("dpmpp_2m");
    expect(boundaryLocus(a, 4).some((z) => Math.hypot(z.re + 1, z.im) < 1e-9)).toBe(true);
    const box = boxOf(a);
    expect(box.left).toBeLessThan(-1);
    expect(box.top).toBe(-box.bottom);
  });
});
