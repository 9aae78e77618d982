// Owns: that examples/truth_table.dsamp holds as it stands, and that no rule in it has a higher order than is claimed.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkClaims } from "../../../compiler/certify/claims.js";
import { certifyOrder } from "../../../compiler/certify/order.js";
import { readClaim } from "../../../compiler/certify/orderClaims.js";
import { certifyWeakOrder } from "../../../compiler/certify/weak.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { memoryHost } from "../../../compiler/host.js";
import { definitionOf, moduleScope } from "../../../compiler/lower/parameters.js";
import { Program } from "../../../compiler/resolve/module.js";
import { StaticLowering } from "../../../compiler/sampler/sampler.js";
import type { OrderClause } from "../../../compiler/syntax/ast.js";

const text = readFileSync(new URL("../../../examples/truth_table.dsamp", import.meta.url), "utf8");
const diagnostics = new Diagnostics();
const program = new Program(memoryHost({ "truth_table.dsamp": text }), diagnostics);
const loaded = program.load("truth_table.dsamp");
if (!loaded) throw new Error("the file does not parse");
const file = loaded;

test("every claim holds", () => {
  const { expected } = checkClaims(file, program);
  expect(diagnostics.all.map((item) => item.message)).toEqual([]);
  const made = file.tree.items.flatMap((item) => (item.kind === "Expect" ? item.body.statements : []));
  expect(expected).toHaveLength(made.length);
  expect(new Set(expected.map(({ subject }) => subject)).size).toBeGreaterThanOrEqual(60);
});

const cx = new StaticLowering(program);
const scope = moduleScope(file, cx);
const claims = file.tree.items.flatMap((item) => {
  if (item.kind !== "Expect") return [];
  const { start, end } = item.subject.span;
  const orders = item.body.statements.filter((one): one is OrderClause => one.kind === "Order");
  return orders.map(
    (clause) =>
      [text.slice(start, end), text.slice(clause.span.start, clause.span.end), item.subject, clause] as const,
  );
});

test.each(claims)("%s has %s and no higher", (_, _claim, subject, clause) => {
  const solver = definitionOf(subject, "solver", scope, 0, cx);
  const setting = { program, solver, family: "generic" as const };
  const claim = readClaim(clause, scope, cx);
  if (!claim) throw new Error("nothing is claimed");
  const { grid, weak } = claim;
  const verdict = weak ? certifyWeakOrder({ setting, grid }) : certifyOrder({ setting, grid });
  expect(verdict).toMatchObject({ kind: "order", order: claim.order });
});
