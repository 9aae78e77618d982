// Owns: docs/samplers.md, written from the doc comments of the library and from certificates. `npm run docs` writes it; a
// test compares.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import { orderCertificate, type OrderCertificate } from "../compiler/certify/order.js";
import type { Setting } from "../compiler/certify/setting.js";
import { certifyWeakOrder } from "../compiler/certify/weak.js";
import { Diagnostics, Failure } from "../compiler/diagnostics/report.js";
import { memoryHost } from "../compiler/host.js";
import { libraryEntries, type LibraryEntry } from "../compiler/resolve/documentation.js";
import { Program } from "../compiler/resolve/module.js";
import { printStatement } from "../compiler/syntax/print.js";

const program = new Program(memoryHost({}), new Diagnostics());

function settingOf(entry: LibraryEntry): Setting {
  const def = program.load(entry.file)?.definitions.get(`solver ${entry.name}`);
  if (!def) throw new Error(`${entry.file} does not define ${entry.name}`);
  return { program, solver: { kind: "definition", def, args: new Map() }, family: "generic" };
}

/** The `order` lines as they are written. */
function claims({ solver }: Setting): string {
  const { body } = solver.def.node;
  if (body.kind !== "Block") return "";
  return body.statements
    .filter((statement) => statement.kind === "Order")
    .map((statement) => `\`${printStatement(statement, "").replace(/^order /, "")}\``)
    .join(", ");
}

/** `2`, `1; 2 smooth; 4 uniform in rho`, `weak 1`. */
function certified(setting: Setting, certificate: OrderCertificate | undefined): string {
  if (!certificate || certificate.kind === "undecided") return "not decidable";
  if (certificate.kind === "noise") {
    const verdict = certifyWeakOrder({ setting, grid: "ratios" });
    return verdict.kind === "order" ? `weak ${verdict.order}` : "not decidable";
  }
  const { ratios = 0, smooth = ratios, ...uniform } = certificate.orders;
  const better = Object.entries(uniform).filter(([, order]) => order > smooth);
  return [
    String(ratios),
    ...(smooth > ratios ? [`${smooth} smooth`] : []),
    ...better.map(([variable, order]) => `${order} uniform in ${variable}`),
  ].join("; ");
}

function stableOn({ stability }: OrderCertificate): string {
  if (!stability) return "";
  if (stability.zero !== "stable") return stability.zero;
  return Number.isFinite(stability.interval) ? `[-${Number(stability.interval.toPrecision(3))}, 0]` : "all";
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function solverRow(entry: LibraryEntry): readonly string[] {
  const setting = settingOf(entry);
  const certificate = attempt(() => orderCertificate(setting, { brief: true }));
  const noise = certificate?.kind === "noise";
  return [
    `\`${entry.name}\``,
    attempt(() => claims(setting)) ?? "",
    attempt(() => certified(setting, certificate)) ?? "not decidable",
    certificate ? String(certificate.calls) : "",
    certificate ? String(certificate.history) : "",
    noise ? "yes" : "",
    certificate ? stableOn(certificate) : "",
  ];
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function item({ name, doc }: LibraryEntry): string {
  const more = [doc.source && `Source: ${doc.source}.`, doc.elsewhere && `Elsewhere: ${doc.elsewhere}.`];
  return `- **\`${name}\`**: ${[`${doc.text}.`, ...more].filter(Boolean).join(" ")}`;
}

const titles: Readonly<Record<string, string>> = {
  "solvers/basic": "One-step rules",
  "solvers/exponential": "Exponential integrators",
  "solvers/multistep": "Adams-type rules",
  "solvers/runge_kutta": "Runge-Kutta tableaux",
  "solvers/momentum": "Momentum",
  "solvers/stochastic": "With noise",
  "solvers/inversion": "Invertible rules",
  "solvers/adaptive": "Error-controlled steps",
  "solvers/consistency": "Consistency and flow-map models",
  schedules: "Schedules",
  grids: "Grids",
  guidance: "Guidance",
  parameterizations: "Parameterizations",
};

/** The page, formatted. */
export async function samplersPage(): Promise<string> {
  const all = libraryEntries();
  const folders = [...Object.keys(titles), ...new Set(all.map((entry) => entry.folder))].filter(
    (folder, i, list) => list.indexOf(folder) === i && all.some((entry) => entry.folder === folder),
  );
  const sections = folders.map((folder) => {
    const members = all.filter((entry) => entry.folder === folder);
    const solvers = members.filter((entry) => entry.kind === "solver");
    const head = ["solver", "claimed", "certified", "NFE a step", "history", "noise", "stable on"];
    const figures = solvers.length > 0 ? `${table(head, solvers.map(solverRow))}\n\n` : "";
    return `## ${titles[folder] ?? folder}\n\n${figures}${members.map(item).join("\n")}\n`;
  });
  const text = `# The library

<!-- Written by \`npm run docs\` from the library's comments and from certificates; do not edit. -->

Everything here can be named in a sampler without an import. \`dsamp show NAME\` prints a definition.

The tables of solvers give the order that the rule claims and what the certificate finds with default parameters, on every
schedule and on grids of arbitrary step ratios (and on smooth or uniform grids where that is more; see
[certificates.md](certificates.md)); network evaluations of a step in the middle of a run; earlier points that are read;
and the interval of the real axis on which the rule is stable for dy = mu y in the variable it integrates.

${sections.join("\n")}`;
  return format(text, { parser: "markdown" });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  writeFileSync(new URL("../docs/samplers.md", import.meta.url), await samplersPage());
