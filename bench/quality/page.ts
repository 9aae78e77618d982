// Owns: docs/results.md and docs/results.svg, from the saved figures alone.

import { writeFileSync } from "node:fs";
import { format } from "prettier";
import { chart, type Series } from "./chart.js";
import { budgets, contestants, scales, type Results, type Row } from "./solvers.js";

type Figure = "rms" | "frechet" | "frechetRaw" | "agreement";

const show: Readonly<Record<Figure, (value: number) => string>> = {
  rms: (value) => value.toPrecision(3),
  frechet: (value) => value.toFixed(1),
  frechetRaw: (value) => (value >= 1e4 ? value.toExponential(1) : value.toFixed(1)),
  agreement: (value) => `${(100 * value).toFixed(1)} %`,
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function figures({ rows, references }: Results, scale: number, figure: Figure): string {
  const cell = (name: string, budget: number): string => {
    const row = rows.find((item) => item.name === name && item.scale === scale && item.budget === budget);
    if (!row) return "";
    const exact = row.nfe === row.budget ? "" : ` (${row.nfe})`;
    return `${show[figure](row[figure])}${exact}`;
  };
  const body = contestants.map(({ name, noise }) => [
    noise === true ? `${name} *` : name,
    ...budgets.map((budget) => cell(name, budget)),
  ]);
  const reference = references.find((row) => row.scale === scale);
  const last =
    reference && figure !== "rms"
      ? [["reference, 400 steps", "", "", "", show[figure](reference[figure])]]
      : [];
  return table(["solver", ...budgets.map((budget) => `${budget} NFE`)], [...body, ...last]);
}

const seriesOf = (rows: readonly Row[], scale: number, figure: Figure): readonly Series[] =>
  contestants
    .filter(({ noise }) => figure !== "rms" || noise !== true)
    .map(({ name, noise }) => ({
      name,
      dashed: noise === true,
      points: rows
        .filter((row) => row.name === name && row.scale === scale)
        .sort((a, b) => a.nfe - b.nfe)
        .map((row) => [row.nfe, row[figure]] as const),
    }));

const title = (scale: number): string =>
  scale === 1 ? "Without guidance (scale 1)" : `With guidance (scale ${scale})`;

/** Writes the page and its plot into the folder of the documentation. */
export async function writePage(results: Results, docs: URL): Promise<void> {
  const { rows, count, reference, date } = results;
  const panels = scales.flatMap((scale) => [
    {
      title: `${title(scale)}: distance to the reference`,
      y: "rms",
      series: seriesOf(rows, scale, "rms"),
    },
    {
      title: `${title(scale)}: Frechet distance`,
      y: "Frechet distance",
      series: seriesOf(rows, scale, "frechet"),
    },
  ]);
  writeFileSync(new URL("results.svg", docs), chart(panels));
  const sections = scales.map(
    (scale) => `## ${title(scale)}

Root mean square distance to the reference, per pixel:

${figures(results, scale, "rms")}

Frechet distance of features, samples clipped to [-1, 1]:

${figures(results, scale, "frechet")}

The same without clipping:

${figures(results, scale, "frechetRaw")}

Samples that the classifier gives the label they were asked for:

${figures(results, scale, "agreement")}
`,
  );
  const text = `# Results on a real network

<!-- Written by \`npm run results\`; do not edit. -->

The digits network of \`examples/models/digits\` (a class-conditional network on MNIST, 628 thousand parameters), ${count} samples
with labels 0 to 9 in turn, the same initial noise for every solver, grid \`log_snr\` from lambda = -5 to 5. Measured on ${date}:

\`\`\`sh
npm install --no-save --ignore-scripts onnxruntime-node
npm run results             # what bench/quality/results.json lacks is run; half an hour on two cores for all of it
npm run results -- --page   # only this page, from the saved figures
\`\`\`

The reference is \`${reference.solver}\` with ${reference.steps} steps from the same noise. NFE counts network evaluations a sample;
a guided prediction (two calls) counts once. A number in parentheses is the NFE where the budget is not met exactly. Solvers with * draw noise:
they do not follow the trajectory of the reference, and their distance to it says nothing of their quality.

![distance and Frechet distance against NFE](results.svg)

${sections.join("\n")}
## What the figures show, and what not

- The distance to the reference is the error of the solver: it falls with the number of evaluations, and faster for higher
  orders. That is what certificates speak of.
- The Frechet distance and the classifier's agreement speak of the pictures. Their floor is that of the network and of ${count}
  samples (3.41 for held-out real digits), which good solvers reach within 10 to 20 evaluations; differences below about 1 are noise.
  A solver can be nearer to the reference and no better in this figure, and the other way round.
- Guidance trades variety for agreement with the label: the Frechet distance of the reference itself rises, and nearly every
  sample is given its label. With few evaluations the larger prediction hurts solvers of order three most: they extrapolate
  from it over steps too long for their order. Below 10 evaluations an order two rule is the better choice here.
- One network, one data set, one grid, one seed: a ranking for other networks does not follow.
`;
  writeFileSync(new URL("results.md", docs), await format(text, { parser: "markdown" }));
}
