// Owns: diagnostics for other programs: SARIF 2.1.0 (OASIS, 2020) and GitHub's workflow commands.

import { codes } from "../compiler/diagnostics/codes.js";
import type { JsonDiagnostic, JsonRange } from "../compiler/diagnostics/json.js";
import { VERSION } from "../compiler/version.js";

const levels = { error: "error", warning: "warning", note: "note" } as const;

/** What a finding says beyond its message, in one text. */
const details = ({ why, help }: JsonDiagnostic): string =>
  [why, help === undefined ? undefined : `help: ${help}`].filter((part) => part !== undefined).join("\n");

/** SARIF counts lines and columns from 1, ends not included. Without a source, positions are offsets. */
function region({ start, end }: JsonRange): object {
  return start.line === undefined
    ? { charOffset: start.offset, charLength: end.offset - start.offset }
    : { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}

const location = (range: JsonRange): object => ({
  physicalLocation: {
    artifactLocation: { uri: encodeURI(range.file.replaceAll("\\", "/")) },
    region: region(range),
  },
});

/** One run of dsamp as a SARIF log. */
export function sarif(diagnostics: readonly JsonDiagnostic[]): object {
  const used = [...new Set(diagnostics.map((item) => item.code))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "dsamp",
            version: VERSION,
            rules: used.map((code) => ({
              id: code,
              shortDescription: { text: codes[code].title },
              help: { text: `dsamp explain ${code}` },
              defaultConfiguration: { level: levels[codes[code].severity] },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: diagnostics.map((item) => {
          const more = details(item);
          return {
            ruleId: item.code,
            ruleIndex: used.indexOf(item.code),
            level: levels[item.severity],
            message: { text: more === "" ? item.message : `${item.message}\n${more}` },
            locations: item.primary === undefined ? [] : [location(item.primary)],
            ...(item.secondary.length === 0
              ? {}
              : {
                  relatedLocations: item.secondary.map((label) => ({
                    ...location(label),
                    message: { text: label.text },
                  })),
                }),
          };
        }),
      },
    ],
  };
}

/** Percent signs and line ends have a meaning in a workflow command; colons and commas in its properties too. */
const escaped = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** `::error file=a.dsamp,line=6,col=12,title=D0201::there is no solver` */
export function githubLine(item: JsonDiagnostic): string {
  const command = item.severity === "note" ? "notice" : item.severity;
  const { primary } = item;
  const sameLine = primary?.start.line === primary?.end.line;
  const properties: readonly (readonly [string, string | number | undefined])[] = [
    ["file", primary?.file],
    ["line", primary?.start.line],
    ["endLine", primary?.end.line],
    ["col", primary?.start.column],
    ["endColumn", sameLine ? primary?.end.column : undefined],
    ["title", item.code],
  ];
  const stated = properties
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${property(String(value))}`)
    .join(",");
  const more = details(item);
  return `::${command} ${stated}::${escaped(more === "" ? item.message : `${item.message}\n${more}`)}`;
}
