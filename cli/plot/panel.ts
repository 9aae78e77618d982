// Owns: one panel of a plot as SVG: axes, lines, points, filled regions, a legend. Scales, ticks, shapes and formats
// are d3's, without a document; numbers are rounded, so that the same spec gives the same bytes everywhere.

import { format } from "d3-format";
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly color: string;
  /** Default: a line. */
  readonly marks?: "line" | "points" | "both";
  readonly dashed?: boolean;
  readonly width?: number;
}

/** Closed rings in data coordinates, filled by the even-odd rule. */
export interface Region {
  readonly rings: readonly (readonly Point[])[];
  readonly color: string;
}

export interface Axis {
  readonly label: string;
  readonly log?: boolean;
  readonly domain?: readonly [number, number];
  /** From the large to the small value, as sampling goes. */
  readonly reversed?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly subtitle?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly regions?: readonly Region[];
  /** Lines through zero, for planes. */
  readonly zeroLines?: boolean;
}

export const panelSize = { width: 460, height: 340 } as const;
const margin = { left: 62, right: 16, top: 52, bottom: 44 } as const;

/** Colours that people with colour blindness tell apart (Okabe and Ito). */
export const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"] as const;
export const colorOf = (i: number): string => colors[i % colors.length] as string;

export const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const round = (value: number): number => Number(value.toFixed(2));

interface Scale {
  (value: number): number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

function extent(values: readonly number[], axis: Axis): readonly [number, number] {
  if (axis.domain) return axis.domain;
  const usable = values.filter((v) => Number.isFinite(v) && (!axis.log || v > 0));
  if (usable.length === 0) return axis.log ? [1, 10] : [0, 1];
  const [low, high] = usable.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (axis.log) return [low / 1.15, high * 1.15];
  const room = high > low ? (high - low) * 0.05 : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

function scaleOf(axis: Axis, values: readonly number[], range: readonly [number, number]): Scale {
  const domain = extent(values, axis);
  const [from, to] = axis.reversed === true ? [range[1], range[0]] : range;
  if (axis.log) {
    const scale = scaleLog([...domain], [from, to]);
    const all = scale.ticks(6);
    const powers = all.filter((v) => Number.isInteger(round(Math.log10(v) * 1000) / 1000));
    const kept = powers.length >= 2 ? powers : all.length > 7 ? all.filter((_, i) => i % 2 === 0) : all;
    return Object.assign((v: number) => (v > 0 ? scale(v) : NaN), {
      ticks: kept.map((v) => ({ at: scale(v), text: format(v >= 0.01 && v < 1e4 ? "~g" : "~e")(v) })),
    });
  }
  const scale = scaleLinear([...domain], [from, to]);
  const text = scale.tickFormat(6);
  return Object.assign((v: number) => scale(v), {
    ticks: scale.ticks(6).map((v) => ({ at: scale(v), text: text(v) })),
  });
}

const label = (x: number, y: number, text: string, more: string): string =>
  `<text x="${round(x)}" y="${round(y)}" ${more}>${escapeXml(text)}</text>`;

/** The panel as a group with its corner at (left, top). `id` is unique in the document. */
export function drawPanel(panel: Panel, left: number, top: number, id: string): string {
  const { width, height } = panelSize;
  const [x0, x1] = [margin.left, width - margin.right];
  const [y0, y1] = [height - margin.bottom, margin.top];
  const all = [
    ...panel.series.flatMap((s) => s.points),
    ...(panel.regions ?? []).flatMap((r) => r.rings.flat()),
  ];
  const x = scaleOf(
    panel.x,
    all.map(([v]) => v),
    [x0, x1],
  );
  const y = scaleOf(
    panel.y,
    all.map(([, v]) => v),
    [y0, y1],
  );
  const parts: string[] = [
    label(x0, 20, panel.title, 'font-size="14" font-weight="bold"'),
    ...(panel.subtitle === undefined ? [] : [label(x0, 37, panel.subtitle, 'font-size="11" fill="#555"')]),
    `<clipPath id="${id}"><rect x="${x0}" y="${y1}" width="${x1 - x0}" height="${y0 - y1}"/></clipPath>`,
  ];
  for (const tick of x.ticks)
    parts.push(
      `<path d="M${round(tick.at)},${y0}V${y1}" stroke="#e5e5e5"/>`,
      label(tick.at, y0 + 15, tick.text, 'text-anchor="middle"'),
    );
  for (const tick of y.ticks)
    parts.push(
      `<path d="M${x0},${round(tick.at)}H${x1}" stroke="#e5e5e5"/>`,
      label(x0 - 6, tick.at + 3.5, tick.text, 'text-anchor="end"'),
    );
  const inside: string[] = [];
  const shape = line<Point>()
    .defined(([a, b]) => Number.isFinite(x(a)) && Number.isFinite(y(b)))
    .x(([a]) => round(x(a)))
    .y(([, b]) => round(y(b)));
  for (const { rings, color } of panel.regions ?? [])
    inside.push(
      `<path d="${rings.map((ring) => `${shape(ring) ?? ""}Z`).join("")}" fill="${color}" fill-opacity="0.18" fill-rule="evenodd" stroke="${color}"/>`,
    );
  if (panel.zeroLines === true)
    inside.push(`<path d="M${round(x(0))},${y0}V${y1}M${x0},${round(y(0))}H${x1}" stroke="#888"/>`);
  for (const series of panel.series) inside.push(...drawSeries(series, shape, x, y));
  parts.push(`<g clip-path="url(#${id})">${inside.join("")}</g>`);
  parts.push(`<rect x="${x0}" y="${y1}" width="${x1 - x0}" height="${y0 - y1}" fill="none" stroke="#888"/>`);
  parts.push(label((x0 + x1) / 2, height - 10, panel.x.label, 'text-anchor="middle"'));
  const middle = (y0 + y1) / 2;
  parts.push(
    label(14, middle, panel.y.label, `text-anchor="middle" transform="rotate(-90 14 ${round(middle)})"`),
  );
  parts.push(...legend(panel.series, x1));
  return `<g transform="translate(${left} ${top})" font-size="11">${parts.join("\n")}</g>`;
}

type Shape = (points: readonly Point[]) => string | null;

function drawSeries(series: Series, shape: Shape, x: Scale, y: Scale): readonly string[] {
  const { points, color, marks = "line", dashed, width = 1.8 } = series;
  const parts: string[] = [];
  if (marks !== "points") {
    const dash = dashed === true ? ' stroke-dasharray="5 4"' : "";
    parts.push(
      `<path d="${shape(points) ?? ""}" fill="none" stroke="${color}" stroke-width="${width}"${dash}/>`,
    );
  }
  if (marks !== "line")
    for (const [a, b] of points) {
      const [cx, cy] = [x(a), y(b)];
      if (Number.isFinite(cx) && Number.isFinite(cy))
        parts.push(`<circle cx="${round(cx)}" cy="${round(cy)}" r="2.6" fill="${color}"/>`);
    }
  return parts;
}

function legend(series: readonly Series[], right: number): readonly string[] {
  const named = series.filter(({ name }) => name !== "");
  if (named.length < 2) return [];
  const longest = Math.max(...named.map(({ name }) => [...name].length));
  const left = right - 34 - longest * 6.4;
  const box = `<rect x="${round(left - 6)}" y="${margin.top + 4}" width="${round(right - left + 2)}" height="${named.length * 15 + 6}" fill="#fff" fill-opacity="0.8"/>`;
  return [
    box,
    ...named.flatMap(({ name, color, dashed }, i) => {
      const at = margin.top + 18 + i * 15;
      const dash = dashed === true ? ' stroke-dasharray="5 4"' : "";
      return [
        `<path d="M${round(left)},${at - 4}h20" stroke="${color}" stroke-width="2.5"${dash}/>`,
        label(left + 25, at, name, ""),
      ];
    }),
  ];
}

/** Panels two in a row, as one document. */
export function drawDocument(title: string, panels: readonly Panel[]): string {
  const columns = Math.min(2, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const [width, height] = [columns * panelSize.width, rows * panelSize.height + 34];
  const groups = panels.map((panel, i) =>
    drawPanel(
      panel,
      (i % columns) * panelSize.width,
      34 + Math.floor(i / columns) * panelSize.height,
      `panel${i}`,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif">
<title>${escapeXml(title)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="14" y="24" font-size="16" font-weight="bold">${escapeXml(title)}</text>
${groups.join("\n")}
</svg>
`;
}
