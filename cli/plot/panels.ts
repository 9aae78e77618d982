// Owns: what the panels of a plot show of a compiled sampler: its schedule, its grid, the weights of its steps, the
// region of stability of its rule.

import { contours } from "d3-contour";
import type { OrderCertificate } from "../../compiler/certify/order.js";
import { boundaryLocus, boxOf, isStableAt, stabilityRegion } from "../../compiler/certify/stabilityRegion.js";
import { stretchesOf } from "../../compiler/emit/stretches.js";
import type { LoweredRun } from "../../compiler/sampler/run.js";
import { colorOf, type Panel, type Point, type Series } from "./panel.js";

const samples = 200;

/** alpha and sigma over time, and lambda beside them. */
export function schedulePanels({ sampler }: LoweredRun): readonly Panel[] {
  const { path, grid } = sampler;
  const { from, to } = path.time;
  const points = Array.from({ length: samples + 1 }, (_, i) =>
    path.numbers.at("time", from + ((to - from) * i) / samples),
  );
  const along = (value: (point: (typeof points)[number]) => number): readonly Point[] =>
    points.map((point) => [point.time, value(point)]);
  const reversed = from > to;
  const marks = grid
    .filter((point) => Number.isFinite(point.lambda))
    .map((point): Point => [point.time, point.lambda]);
  return [
    {
      title: `Schedule ${path.name}`,
      subtitle: "x = alpha x0 + sigma eps",
      x: { label: "time", reversed },
      y: { label: "alpha, sigma", log: points.some((point) => point.sigma > 5) },
      series: [
        { name: "alpha", color: colorOf(0), points: along((point) => point.alpha) },
        { name: "sigma", color: colorOf(1), points: along((point) => point.sigma) },
      ],
    },
    {
      title: "Half log-SNR and the points of the grid",
      subtitle: "lambda = log(alpha/sigma)",
      x: { label: "time", reversed },
      y: { label: "lambda" },
      series: [
        { name: "", color: colorOf(0), points: along((point) => point.lambda) },
        { name: "", color: colorOf(1), marks: "points", points: marks },
      ],
    },
  ];
}

/** rho = sigma/alpha at every point of the grid, and the lengths of the steps in lambda. */
export function gridPanels({ sampler }: LoweredRun): readonly Panel[] {
  const { grid, steps } = sampler;
  const rho = grid.map((point, i): Point => [i, point.sigma / point.alpha]);
  const lengths = grid
    .slice(1)
    .map((point, i): Point => [i, point.lambda - (grid[i]?.lambda ?? NaN)])
    .filter(([, h]) => Number.isFinite(h));
  const clean = grid.at(-1)?.sigma === 0 ? "; the last point, at 0, is not shown" : "";
  return [
    {
      title: `Grid of ${steps} steps`,
      subtitle: `rho = sigma/alpha${clean}`,
      x: { label: "point" },
      y: { label: "rho", log: true },
      series: [{ name: "", color: colorOf(0), marks: "both", points: rho }],
    },
    {
      title: "Lengths of the steps",
      subtitle: "lambda[t] - lambda[s]",
      x: { label: "step" },
      y: { label: "h" },
      series: [{ name: "", color: colorOf(0), marks: "both", points: lengths }],
    },
  ];
}

/** `x@s` as it is written in a spec; calls have numbers in the graph. */
const nameOf = (of: string): string =>
  /^c\d+$/.test(of) ? `call ${of.slice(1)}` : of.replace(/^(\w+)@(.+)$/, "$1[$2]");

/** More curves than this cannot be told apart. */
const mostCurves = 7;

/** The weights with which a step makes x[t], over the steps. */
export function coefficientPanels(run: LoweredRun): readonly Panel[] {
  const curves = new Map<string, Point[]>();
  for (const { first, last, text } of stretchesOf(run)) {
    if (first < 0 || first >= run.steps.length) continue;
    for (const { of, target, value } of text.weights) {
      if (target !== "x@t") continue;
      const points = curves.get(of) ?? [];
      curves.set(of, points);
      for (let i = first; i <= last; i += 1) {
        const step = run.steps[i];
        if (step) points.push([i, step.numbers.value(value)]);
      }
    }
  }
  const series = [...curves]
    .filter(([, points]) => points.some(([, value]) => Number.isFinite(value)))
    .slice(0, mostCurves)
    .map(([name, points], i): Series => ({ name: nameOf(name), color: colorOf(i), marks: "both", points }));
  const more = curves.size > mostCurves ? `; ${curves.size - mostCurves} more are not shown` : "";
  return [
    {
      title: "Weights in x[t]",
      subtitle: `of every term, step by step${more}`,
      x: { label: "step" },
      y: { label: "weight" },
      series,
    },
  ];
}

/** Points of the plane at which the spectral radius is taken, a side. */
const resolution = 161;

/** Where errors of dy/du = mu y die out, for z = mu (u[t] - u[s]) in the variable the rule integrates. */
export function stabilityPanels(rule: string, certificate: OrderCertificate): readonly Panel[] {
  const { stability } = certificate;
  if (!stability) return [];
  const { amplification: a, interval, zero } = stability;
  const box = boxOf(a);
  const radii = stabilityRegion(a, box, resolution, resolution);
  const at = ([column, row]: readonly [number, number]): Point => [
    box.left + ((box.right - box.left) * (column - 0.5)) / (resolution - 1),
    box.bottom + ((box.top - box.bottom) * (row - 0.5)) / (resolution - 1),
  ];
  // Contours are those of the values above a level: 1 - radius is above 0 inside.
  const [inside] = contours().size([resolution, resolution]).thresholds([0])(
    radii.flatMap((row) => row.map((radius) => Math.max(-1, 1 + 1e-9 - radius))),
  );
  const rings = (inside?.coordinates ?? []).flatMap((polygon) =>
    polygon.map((ring) => ring.map((corner) => at(corner as [number, number]))),
  );
  const locus = boundaryLocus(a, 720)
    .filter((z) => isStableAt(a, { re: z.re * (1 - 1e-6), im: z.im }))
    .map((z): Point => [z.re, z.im]);
  const real: readonly Point[] =
    zero === "stable" && Number.isFinite(interval)
      ? [
          [-interval, 0],
          [0, 0],
        ]
      : [];
  const words = real.length > 0 ? `real axis: [-${Number(interval.toPrecision(3))}, 0]` : zero;
  return [
    {
      title: `Stability of ${rule}`,
      subtitle: `dy/du = mu y, z = mu (u[t] - u[s]); ${words}`,
      x: { label: "Re z", domain: [box.left, box.right] },
      y: { label: "Im z", domain: [box.bottom, box.top] },
      regions: [{ rings, color: colorOf(0) }],
      zeroLines: true,
      series: [
        ...(real.length > 0 ? [{ name: "", color: colorOf(1), width: 3, points: real }] : []),
        ...(rings.length === 0
          ? [{ name: "", color: colorOf(0), marks: "points" as const, points: locus }]
          : []),
      ],
    },
  ];
}
