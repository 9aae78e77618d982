// Owns: trees as canonical text: two spaces, one statement per line, documentation kept, other comments left out. What
// it prints parses to the same tree; the formatter, which keeps comments and alignment, is another tool.

import type {
  Block,
  Definition,
  Item,
  Name,
  Param,
  Statement,
  SyntaxTree,
  TableauClause,
  UseItem,
} from "./ast.js";
import { printArgument, printExpression, printFamily, printList, printTail } from "./printExpression.js";

/** The text of a file. */
export const print = (tree: SyntaxTree): string =>
  tree.items.map((item) => `${documented(item.doc, printItem(item), "")}\n`).join("\n");

const documented = (doc: readonly string[] | undefined, text: string, indent: string): string =>
  [...(doc ?? []).map((line) => `${indent}${line === "" ? "///" : `/// ${line}`}`), `${indent}${text}`].join(
    "\n",
  );

const names = (list: readonly Name[]): string => list.map((name) => name.raw).join(", ");

function printItem(item: Item): string {
  switch (item.kind) {
    case "Use":
      return printUse(item);
    case "Definition":
      return printDefinition(item);
    case "Expect": {
      const sort = item.sort === undefined ? "" : `${item.sort} `;
      return `expect ${sort}${printExpression(item.subject)} ${printBlock(item.body, "")}`;
    }
    default:
      return printStatement(item, "");
  }
}

function printUse({ from, names: list }: UseItem): string {
  const source = "kind" in from ? printExpression(from) : from.map((name) => name.raw).join(".");
  return `use ${source}${list === undefined ? "" : ` { ${names(list)} }`}`;
}

function printDefinition({ sort, name, params, body }: Definition): string {
  const list = params === undefined ? "" : `(${params.map(printParam).join(", ")})`;
  const rest = body.kind === "Block" ? printBlock(body, "") : `= ${printExpression(body)}`;
  return `${sort} ${name.raw}${list} ${rest}`;
}

function printParam({ name, type, default: value }: Param): string {
  const kind = type === undefined ? "" : `: ${type.raw}`;
  return `${name.raw}${kind}${value === undefined ? "" : ` = ${printExpression(value)}`}`;
}

function printBlock(block: Block, indent: string): string {
  if (block.statements.length === 0) return "{ }";
  if (block.inline) return `{ ${block.statements.map((item) => printStatement(item, indent)).join("; ")} }`;
  const inner = `${indent}  `;
  const lines = block.statements.map((item) => documented(item.doc, printStatement(item, inner), inner));
  return ["{", ...lines, `${indent}}`].join("\n");
}

function printTableau(node: TableauClause, indent: string): string {
  const sweeps = node.sweeps === undefined ? "" : ` sweeps ${printExpression(node.sweeps)}`;
  const inner = `${indent}  `;
  const parts = [...node.lets, ...node.rows].sort((a, b) => a.span.start - b.span.start);
  const lines = parts.map((part) => {
    if (part.kind === "Let") return documented(part.doc, printStatement(part, inner), inner);
    // A row whose node begins with a sign would go on from the line before.
    const node = part.node === undefined ? "" : `${printExpression(part.node)} `;
    return `${inner}${`${node}| ${printList(part.entries)}`.trimEnd()}`;
  });
  const head = `tableau ${node.prediction.raw} over ${printExpression(node.over)}${sweeps}`;
  return [`${head} {`, ...lines, `${indent}}`].join("\n");
}

/** One statement without its documentation and indentation; blocks in it are indented further than `indent`. */
export function printStatement(node: Statement, indent: string): string {
  const on = (value: Parameters<typeof printExpression>[0] | undefined, word: string): string =>
    value === undefined ? "" : ` ${word} ${printExpression(value)}`;
  switch (node.kind) {
    case "Let": {
      const params = node.params === undefined ? "" : `(${names(node.params)})`;
      const index = node.index === undefined ? "" : `[${printList(node.index)}]`;
      return `let ${node.name.raw}${params}${index} = ${printExpression(node.value)}${printTail(node.family)}`;
    }
    case "Equation": {
      const sides = `${printExpression(node.left)} ${node.op} ${printExpression(node.right)}`;
      return `${node.then ? "then " : ""}${sides}${printTail(node.family)}`;
    }
    case "When":
    case "If": {
      const head = `${node.kind === "When" ? "when" : "if"} ${printExpression(node.condition)}`;
      const other = node.otherwise;
      const rest =
        other === undefined
          ? ""
          : other.kind === "Block"
            ? printBlock(other, indent)
            : printStatement(other, indent);
      return `${head} ${printBlock(node.body, indent)}${rest === "" ? "" : ` else ${rest}`}`;
    }
    case "For":
      return `${printFamily(node.family).trimStart()} ${printBlock(node.body, indent)}`;
    case "Domain":
      return `${node.coordinate} ${node.variable.raw} from ${printExpression(node.from)} to ${printExpression(node.to)}`;
    case "Between":
      return `between ${node.method.raw} in ${printList(node.quantities)}`;
    case "Point":
      return `point ${names(node.names)} at ${printExpression(node.place)}${on(node.value, "=")}`;
    case "Noise":
      return `noise ${names(node.names)}${node.fixed ? " fixed" : ""}${on(node.value, "=")}`;
    case "Brownian":
      return `brownian ${node.name.raw} over ${printExpression(node.over)}`;
    case "CallClause":
      return `call ${node.name.raw} = ${printExpression(node.value)}`;
    case "Carry": {
      const value = `carry ${printExpression(node.target)} = ${printExpression(node.value)}`;
      return `${value}${node.session ? " session" : ""}`;
    }
    case "State": {
      const block = node.block === undefined ? "" : ` ${printBlock(node.block, indent)}`;
      return `state ${printList(node.targets)}${on(node.value, "=")}${block}`;
    }
    case "Input":
      return `input ${names(node.names)}: ${printExpression(node.type)}`;
    case "Step":
      return `step ${printBlock(node.body, indent)}`;
    case "Repeat":
      return `repeat ${printExpression(node.count)} ${printBlock(node.body, indent)}`;
    case "Accept":
      return `accept ${printExpression(node.condition)} else ${printBlock(node.otherwise, indent)}`;
    case "Tableau":
      return printTableau(node, indent);
    case "Init":
      return `init ${node.body.kind === "Block" ? printBlock(node.body, indent) : printStatement(node.body, indent)}`;
    case "Order": {
      const words = `${node.run ? "run " : ""}${node.weak ? "weak " : ""}order`;
      return `${words} ${printExpression(node.value)}${on(node.on, "on")}`;
    }
    case "Quantity":
      return `quantity ${node.name.raw} = ${printExpression(node.value)}`;
    case "Requires":
      return `requires ${node.unit ? `unit ${node.unit.raw}` : node.condition ? printExpression(node.condition) : ""}`;
    case "Start":
    case "Final":
      return `${node.kind === "Start" ? "start" : "final"} ${node.rules.map(printExpression).join(" then ")}`;
    case "Model": {
      const own = node.name === undefined ? "" : `${node.name.raw} `;
      const args = node.args.length === 0 ? "" : ` with ${node.args.map(printArgument).join(", ")}`;
      return `model ${own}predicts ${printExpression(node.predicts)}${args}`;
    }
    case "SolverClause": {
      const switches = node.switches.map(({ condition, then, fresh }) => {
        return ` while ${printExpression(condition)} then ${printExpression(then)}${fresh ? " fresh" : ""}`;
      });
      return `solver ${printExpression(node.rule)}${switches.join("")}`;
    }
    case "Parts":
      return `${node.part} ${printList(node.values)}`;
    case "Value":
      return `${node.what} ${printExpression(node.value)}`;
    case "Equals":
      return `equals ${printExpression(node.other)}${on(node.on, "on")}`;
    case "Is":
      return `is ${node.negated ? "not " : ""}${node.property.raw}${on(node.on, "on")}`;
    case "Fails":
      return `fails ${printExpression(node.code)}${on(node.on, "on")}`;
    case "Table": {
      const source = node.from
        ? `from ${printExpression(node.from)}`
        : `= ${node.value ? printExpression(node.value) : ""}`;
      return `table ${node.name.raw} ${source}`;
    }
    default:
      return node satisfies never;
  }
}
