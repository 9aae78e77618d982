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

/** What the certificate finds, or why it finds nothing. */
type Finding = { readonly found: string } | { readonly why: string };

/** `2`, `1; 2 smooth; 4 uniform in rho`, `weak 1`. */
function finding(setting: Setting, certificate: OrderCertificate): Finding {
  if (certificate.kind === "undecided") return { why: certificate.why ?? "" };
  if (certificate.kind === "noise") {
    const verdict = certifyWeakOrder({ setting, grid: "ratios" });
    return verdict.kind === "order"
      ? { found: `weak ${verdict.order}` }
      : { why: verdict.kind === "undecided" ? verdict.why : "" };
  }
  const { ratios = 0, smooth = ratios, ...uniform } = certificate.orders;
  const better = Object.entries(uniform).filter(([, order]) => order > smooth);
  const found = [
    String(ratios),
    ...(smooth > ratios ? [`${smooth} smooth`] : []),
    ...better.map(([variable, order]) => `${order} uniform in ${variable}`),
  ].join("; ");
  return { found };
}

function stableOn({ stability }: OrderCertificate): string {
  if (!stability) return "";
  if (stability.zero !== "stable") return stability.zero;
  return Number.isFinite(stability.interval) ? `[-${Number(stability.interval.toPrecision(3))}, 0]` : "all";
}

interface Solver {
  readonly entry: LibraryEntry;
  readonly row: readonly string[];
  /** Why no order is found. */
  readonly why: string | undefined;
}

/** What the compiler says of a rule for which there is no certificate is the reason. */
function orFailure<T>(work: () => T): T | { readonly why: string } {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return { why: error.diagnostic.message };
    throw error;
  }
}

function solverOf(entry: LibraryEntry): Solver {
  const setting = settingOf(entry);
  const made = orFailure(() => orderCertificate(setting, { brief: true }));
  const certificate = "kind" in made ? made : undefined;
  const found = "kind" in made ? orFailure(() => finding(setting, made)) : made;
  const claimed = orFailure(() => claims(setting));
  const row = [
    `\`${entry.name}\``,
    typeof claimed === "string" ? claimed : "",
    "found" in found ? found.found : "not decided",
    certificate ? String(certificate.calls) : "",
    certificate ? String(certificate.history) : "",
    certificate?.kind === "noise" ? "yes" : "",
    certificate ? stableOn(certificate) : "",
  ];
  return { entry, row, why: "why" in found ? found.why : undefined };
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function item({ name, doc }: LibraryEntry, why?: string): string {
  const more = [
    doc.source && `Source: ${doc.source}.`,
    doc.elsewhere && `Elsewhere: ${doc.elsewhere}.`,
    why && `No order is decided: ${why}.`,
  ];
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
    const solvers = members.filter((entry) => entry.kind === "solver").map(solverOf);
    const reasons = new Map(solvers.map(({ entry, why }) => [entry, why]));
    const head = ["solver", "claimed", "certified", "NFE a step", "history", "noise", "stable on"];
    const figures =
      solvers.length > 0
        ? `${table(
            head,
            solvers.map(({ row }) => row),
          )}\n\n`
        : "";
    return `## ${titles[folder] ?? folder}\n\n${figures}${members.map((entry) => item(entry, reasons.get(entry))).join("\n")}\n`;
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
