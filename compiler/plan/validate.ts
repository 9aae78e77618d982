// Owns: from text or an unknown value to a Plan that can be run. Cheap limits come first, then the version, the schema
// and the meaning (verify.ts), so that nothing a stranger sends reaches a recursive check unbounded.

import { fail } from "../diagnostics/report.js";
import { limits } from "../limits.js";
import { validatePlan, type SchemaError } from "./planValidator.js";
import { PLAN_FORMAT, PLAN_VERSION, type Plan } from "./schema.js";
import { verifyPlan } from "./verify.js";

/** Limits of a plan. Bytes are those of its UTF-8 text. */
export const planLimits = {
  bytes: limits.planBytes,
  depth: 32,
  values: 8_000_000,
  steps: limits.steps,
} as const;

const tooDeep = (): never => fail("D0802", `the plan nests deeper than ${planLimits.depth} levels`);

/** Brackets nested in JSON text, strings left out; counts without parsing. */
function checkTextDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (quoted) {
      if (unit === 0x5c) i += 1;
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x5b || unit === 0x7b) {
      depth += 1;
      if (depth > planLimits.depth) tooDeep();
    } else if (unit === 0x5d || unit === 0x7d) depth -= 1;
  }
}

/** Depth and number of values, without recursion; a cycle is found as depth. */
function checkExtent(value: unknown): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    values += 1;
    if (values > planLimits.values) fail("D0805", `the plan has more than ${planLimits.values} values`);
    if (typeof item.value !== "object" || item.value === null) continue;
    if (item.depth >= planLimits.depth) tooDeep();
    for (const inner of Object.values(item.value)) open.push({ value: inner, depth: item.depth + 1 });
  }
}

/** The deepest errors say most: the others only report that one of several forms did not fit. */
function words(errors: readonly SchemaError[]): string {
  const depth = (error: SchemaError): number => error.instancePath.split("/").length;
  const deepest = Math.max(...errors.map(depth));
  const best = errors.filter((error) => depth(error) === deepest && error.keyword !== "anyOf");
  const chosen = best.length > 0 ? best : errors;
  const messages = chosen.map((error) => {
    const { additionalProperty } = error.params as { readonly additionalProperty?: string };
    return `${error.message ?? error.keyword}${additionalProperty === undefined ? "" : ` ('${additionalProperty}')`}`;
  });
  return `${chosen[0]?.instancePath || "/"} ${[...new Set(messages)].join(" or ")}`;
}

/**
 * Checks a value and returns it as a plan. Throws D0805 (too large), D0804 (too many steps), D0802 (too deep), D0502
 * (another version), D0501 (not of the schema; the message begins with the JSON path), D0503 (inconsistent).
 */
export function checkPlan(value: unknown): Plan {
  checkExtent(value);
  if (typeof value !== "object" || value === null || !("format" in value) || value.format !== PLAN_FORMAT) {
    return fail("D0501", `/format is not "${PLAN_FORMAT}": this is not a plan`);
  }
  const version = "version" in value ? value.version : undefined;
  if (version !== PLAN_VERSION) {
    fail(
      "D0502",
      `the plan has version ${JSON.stringify(version)}; this runtime reads version ${PLAN_VERSION}`,
      {
        help: "compile the sampler again with the dsamp that runs it",
      },
    );
  }
  if ("steps" in value && Array.isArray(value.steps) && value.steps.length > planLimits.steps) {
    fail("D0804", `the plan has ${value.steps.length} steps; the limit is ${planLimits.steps}`);
  }
  if (!validatePlan(value)) fail("D0501", words(validatePlan.errors ?? []));
  const plan = value as Plan;
  verifyPlan(plan);
  return plan;
}

/** Parses and checks the text of a plan. Throws what `checkPlan` throws, and D0501 on text that is not JSON. */
export function readPlan(text: string): Plan {
  const large = text.length > planLimits.bytes || new TextEncoder().encode(text).length > planLimits.bytes;
  if (large) fail("D0805", `the plan is larger than ${planLimits.bytes / 1024 / 1024} MiB`);
  checkTextDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail("D0501", `the plan is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return checkPlan(value);
}
