// Owns: what a rule's certificate warns of though every claim holds: runs of lower order than the rule (D0414), and
// recurrences whose errors do not die out (D0416).

import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { DefinitionValue } from "../lower/value.js";
import type { StartClause } from "../syntax/ast.js";
import { runFault, runOrder, type OrderCertificate } from "./order.js";
import type { SamplerOrder } from "./samplerOrder.js";
import type { Setting } from "./setting.js";

/** Warnings about a rule whose order is claimed. */
export function ruleWarnings(
  solver: DefinitionValue,
  claimed: number | undefined,
  certificate: OrderCertificate,
  setting: Setting,
): readonly Diagnostic[] {
  const found = [unstable(solver, certificate)];
  if (claimed !== undefined) found.push(lowStart(solver, claimed, certificate, setting));
  return found.filter((item) => item !== undefined);
}

function lowStart(
  solver: DefinitionValue,
  claimed: number,
  certificate: OrderCertificate,
  setting: Setting,
): Diagnostic | undefined {
  if (certificate.kind !== "order" || runFault(certificate)) return undefined;
  const reached = Math.min(claimed, certificate.orders.smooth ?? certificate.orders.ratios ?? 0);
  const order = runOrder(certificate, setting, "smooth");
  if (order === undefined || order >= reached) return undefined;
  const low = certificate.start.find((step) => step.order !== undefined && step.order + 1 === order);
  const { body } = solver.def.node;
  const clause =
    body.kind === "Block"
      ? body.statements.find((statement): statement is StartClause => statement.kind === "Start")
      : undefined;
  return diagnostic(
    "D0414",
    `a run with \`${solver.def.name}\` has order ${order}, the rule has ${reached}`,
    {
      at: clause?.span ?? solver.def.node.name.span,
      label: low
        ? `step ${low.history} is made by \`${low.rule}\`, of order ${low.order}`
        : "its carried values start inexactly",
      why: `a step of order q that is made a fixed number of times leaves an error of h^(q+1)`,
      help: `start with a rule of order ${reached - 1} or more; many published samplers accept the loss`,
    },
  );
}

/** Why an order of the step is not enough (Dahlquist, Math. Scand. 4 (1956)). */
export const convergence = "a run converges when the rule is consistent (order 1 or more) and zero-stable";
export const stabler = "take the older states with smaller weights, or use a rule of the Adams family";

function unstable(solver: DefinitionValue, { stability }: OrderCertificate): Diagnostic | undefined {
  if (!stability || stability.zero === "stable" || saysSo(solver)) return undefined;
  const at = solver.def.node.name.span;
  const { name } = solver.def;
  if (stability.fault !== undefined)
    return diagnostic(
      "D0416",
      `\`${name}\` is unstable: a run with it does not converge, whatever the order of its step`,
      {
        at,
        label: `its recurrence has ${stability.fault}`,
        why: "what a step does wrong grows with the number of steps after it, however small they are",
        help: stabler,
      },
    );
  const roots = stability.parasitic.map((root) => String(Number(root.toPrecision(4)))).join(", ");
  return diagnostic("D0416", `\`${name}\` is weakly stable: errors of its recurrence do not die out`, {
    at,
    label: `moduli of its other roots: ${roots}`,
    why: "a root on the unit circle keeps what a step does wrong for the whole run",
    help: `where it is meant, say so: \`expect ${name} { is weakly_stable }\``,
  });
}

/** An `expect` block of its own file claims weak stability. */
const saysSo = ({ def }: DefinitionValue): boolean =>
  def.module.tree.items.some(
    (item) =>
      item.kind === "Expect" &&
      item.subject.kind === "Name" &&
      item.subject.text === def.name &&
      item.body.statements.some(
        (statement) =>
          statement.kind === "Is" && !statement.negated && statement.property.text === "weakly_stable",
      ),
  );

/** The warning about a sampler whose own `start` or `final` rules lower the order of its run. */
export function samplerWarning(name: string, found: SamplerOrder): Diagnostic | undefined {
  const { order, lowered, why } = found;
  if (order === undefined || !lowered) return undefined;
  return diagnostic("D0414", `the run of \`${name}\` has order ${order}, its rule has ${lowered.from}`, {
    at: lowered.at,
    label: why,
    help: "choose `start` and `final` rules of an order at most one lower; many published samplers accept the loss",
  });
}
