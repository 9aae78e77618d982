// Owns: tables: lists written in the spec, or columns of a JSON or CSV file inside the project.

import { num } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Module } from "../resolve/module.js";
import type { TableStmt } from "../syntax/ast.js";
import { evaluate, type Lowering } from "./expression.js";
import type { Scope } from "./scope.js";
import { numberValue, type Value } from "./value.js";

export function tableValue(node: TableStmt, scope: Scope, module: Module, cx: Lowering): Value {
  if (node.value) return evaluate(node.value, scope, 0, cx);
  if (!node.from) return fail("D0101", "this table has no data", { at: node.span });
  const { value: name, span } = node.from;
  const file = cx.program.host.resolve(module.id, name);
  if (file === undefined)
    return fail("D0205", `\`${name}\` lies outside the project`, {
      at: span,
      help: "copy the file into the project",
    });
  if (!/\.(json|csv)$/.test(name))
    return fail("D0990", `tables are read from .json and .csv files; \`${name}\` is not yet supported`, {
      at: span,
    });
  const text = cx.program.host.readText(file);
  if (text === undefined)
    return fail("D0601", `the file \`${name}\` cannot be read`, {
      at: span,
      help: "check the name; paths are relative to the file they are written in",
    });
  try {
    return name.endsWith(".json") ? fromJson(JSON.parse(text)) : fromCsv(text);
  } catch (error) {
    return fail(
      "D0602",
      `\`${name}\` is not a table: ${error instanceof Error ? error.message : String(error)}`,
      {
        at: span,
        help: "a JSON table is a list of numbers, or a list of lists; a CSV table has one row a line",
      },
    );
  }
}

function fromJson(data: unknown): Value {
  if (typeof data === "number") return numberValue(num(data));
  if (Array.isArray(data)) return { kind: "list", items: data.map(fromJson) };
  throw new Error("it holds something that is neither a number nor a list");
}

function fromCsv(text: string): Value {
  const rows = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) =>
      line.split(",").map((cell) => {
        const value = Number(cell);
        if (!Number.isFinite(value)) throw new Error(`\`${cell.trim()}\` is not a number`);
        return numberValue(num(value));
      }),
    );
  return {
    kind: "list",
    items: rows.map((row) => (row.length === 1 ? (row[0] as Value) : { kind: "list", items: row })),
  };
}
