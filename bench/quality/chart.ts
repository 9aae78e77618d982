// Owns: panels of curves with logarithmic axes, as one SVG.

import { scaleLog } from "d3-scale";
import { line } from "d3-shape";

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  readonly dashed: boolean;
}

export interface Panel {
  readonly title: string;
  readonly y: string;
  readonly series: readonly Series[];
}

const [width, height, left, top] = [420, 300, 52, 30] as const;
const [inner, tall] = [width - left - 16, height - top - 40] as const;
/** Okabe and Ito's palette, with two greys; told apart by the colour-blind. */
const colours = [
  "#000000",
  "#e69f00",
  "#56b4e9",
  "#d55e00",
  "#009e73",
  "#0072b2",
  "#cc79a7",
  "#7f7f7f",
  "#b8860b",
  "#4b0082",
];

const text = (x: number, y: number, body: string, more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${body.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;

function panelSvg(
  { title, y: label, series }: Panel,
  x0: number,
  y0: number,
  colourOf: (name: string) => string,
): string {
  const points = series.flatMap((item) => item.points).filter(([, value]) => value > 0);
  if (points.length === 0) return "";
  const range = (axis: 0 | 1): [number, number] => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const x = scaleLog(range(0), [0, inner]);
  const y = scaleLog(range(1), [tall, 0]).nice();
  const curve = line<readonly [number, number]>(
    ([nfe]) => x(nfe),
    ([, value]) => y(value),
  );
  const powers = y.ticks().filter((value) => Math.abs(Math.log10(value) % 1) < 1e-9);
  const yTicks = (powers.length >= 2 ? powers : y.ticks(4)).map(
    (value) =>
      `<line x1="0" x2="${inner}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/>` +
      text(-6, y(value) + 4, String(Number(value.toPrecision(3))), 'text-anchor="end"'),
  );
  const xTicks = [5, 10, 20, 50]
    .filter((value) => value >= (x.domain()[0] as number) && value <= (x.domain()[1] as number))
    .map((value) => text(x(value), tall + 16, String(value), 'text-anchor="middle"'));
  const curves = series.map((item) => {
    const path = curve(item.points.filter(([, value]) => value > 0)) ?? "";
    return `<path d="${path}" fill="none" stroke="${colourOf(item.name)}" stroke-width="1.6"${item.dashed ? ' stroke-dasharray="5 3"' : ""}/>`;
  });
  return [
    `<g transform="translate(${x0 + left},${y0 + top})">`,
    text(0, -10, title, 'font-weight="bold"'),
    ...yTicks,
    ...xTicks,
    text(inner / 2, tall + 32, "NFE", 'text-anchor="middle"'),
    text(
      -left + 12,
      tall / 2,
      label,
      `transform="rotate(-90 ${-left + 12} ${tall / 2})" text-anchor="middle"`,
    ),
    ...curves,
    "</g>",
  ].join("\n");
}

/** Panels two by two, with one legend below. */
export function chart(panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap((panel) => panel.series.map((item) => item.name)))];
  const dashed = new Set(
    panels.flatMap((panel) => panel.series.filter((item) => item.dashed).map((item) => item.name)),
  );
  const colourOf = (name: string): string => colours[names.indexOf(name) % colours.length] as string;
  const rows = Math.ceil(panels.length / 2);
  const legendTop = rows * height + 16;
  const legend = names.map((name, i) => {
    const [lx, ly] = [left + (i % 3) * 270, legendTop + Math.floor(i / 3) * 20];
    const dash = dashed.has(name) ? ' stroke-dasharray="5 3"' : "";
    return `<line x1="${lx}" x2="${lx + 24}" y1="${ly}" y2="${ly}" stroke="${colourOf(name)}" stroke-width="2"${dash}/>${text(lx + 30, ly + 4, name)}`;
  });
  const total = legendTop + Math.ceil(names.length / 3) * 20 + 8;
  const body = panels.map((panel, i) =>
    panelSvg(panel, (i % 2) * width, Math.floor(i / 2) * height, colourOf),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * width}" height="${total}" viewBox="0 0 ${2 * width} ${total}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${body.join("\n")}
${legend.join("\n")}
</svg>
`;
}
