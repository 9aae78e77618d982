// Owns: the children of every node, the only switch over the shape of the whole tree, and the walk built on it.

import type { Node } from "./ast.js";

const some = (...nodes: readonly (Node | undefined)[]): readonly Node[] =>
  nodes.filter((node): node is Node => node !== undefined);

/** The direct children, in source order. */
export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "File":
      return node.items;
    case "Name":
    case "Number":
    case "String":
    case "ErrorExpr":
      return [];
    case "Paren":
      return [node.inner];
    case "List":
      return some(...node.items, node.family);
    case "Argument":
      return some(node.name, node.value, node.to);
    case "Call":
      return [node.callee, ...node.args];
    case "Index":
      return [node.object, ...node.indices];
    case "Member":
      return [node.object, node.name];
    case "Prime":
      return [node.object];
    case "Unary":
      return [node.operand];
    case "Binary":
      return [node.left, node.right];
    case "Compare":
      return [node.first, ...node.rest.map((part) => part.right)];
    case "Range":
      return [node.from, node.to];
    case "Family":
      return [node.variable, node.domain];
    case "Block":
      return node.statements;
    case "Let":
      return some(node.name, ...(node.params ?? []), ...(node.index ?? []), node.value, node.family);
    case "Equation":
      return some(node.left, node.right, node.family);
    case "When":
    case "If":
      return some(node.condition, node.body, node.otherwise);
    case "For":
      return [node.family, node.body];
    case "Domain":
      return [node.variable, node.from, node.to];
    case "Between":
      return [node.method, ...node.quantities];
    case "Point":
      return some(...node.names, node.place, node.value);
    case "Noise":
      return some(...node.names, node.value);
    case "Brownian":
      return [node.name, node.over];
    case "CallClause":
    case "Quantity":
      return [node.name, node.value];
    case "Carry":
      return [node.target, node.value];
    case "State":
      return some(...node.targets, node.value, node.block);
    case "Input":
      return [...node.names, node.type];
    case "Step":
    case "Init":
      return [node.body];
    case "Repeat":
      return [node.count, node.body];
    case "Accept":
      return [node.condition, node.otherwise];
    case "Tableau": {
      const inside = [...node.lets, ...node.rows].sort((a, b) => a.span.start - b.span.start);
      return some(node.prediction, node.over, node.sweeps, ...inside);
    }
    case "TableauRow":
      return some(node.node, ...node.entries);
    case "Order":
      return some(node.value, node.on);
    case "Requires":
      return some(node.condition, node.unit);
    case "Start":
    case "Final":
      return node.rules;
    case "Model":
      return some(node.name, node.predicts, ...node.args);
    case "SolverClause":
      return [node.rule, ...node.switches.flatMap((item) => [item.condition, item.then])];
    case "Parts":
      return node.values;
    case "Value":
      return [node.value];
    case "Equals":
      return some(node.other, node.on);
    case "Is":
      return some(node.property, node.on);
    case "Fails":
      return some(node.code, node.on);
    case "Table":
      return some(node.name, node.from, node.value);
    case "Param":
      return some(node.name, node.type, node.default);
    case "Definition":
      return [node.name, ...(node.params ?? []), node.body];
    case "Expect":
      return [node.subject, node.body];
    case "Use":
      return some(...("kind" in node.from ? [node.from] : node.from), ...(node.names ?? []));
    default:
      return node satisfies never;
  }
}

/** What to do at nodes of each kind; returning `false` leaves out what is below the node. */
export type Visitor = {
  readonly [K in Node["kind"]]?: (node: Extract<Node, { readonly kind: K }>) => unknown;
};

/** Visits a node and everything below it, parents first, in source order. */
export function walk(node: Node, visitor: Visitor): void {
  const visit = visitor[node.kind] as ((node: Node) => unknown) | undefined;
  if (visit?.(node) === false) return;
  for (const child of children(node)) walk(child, visitor);
}
