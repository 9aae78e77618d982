// What is refused before a plan is believed: size, depth, version, schema. The published schema file is kept equal to
// the one in use.

import { format } from "prettier";
import { expect, test } from "vitest";
import { planSchema } from "../../../compiler/plan/planSchema.js";
import { checkPlan, readPlan } from "../../../compiler/plan/validate.js";
import { eulerPlan } from "../../support/plans.js";

const good = eulerPlan([2, 1, 0], 0.5);

/** The plan with the value at `path` replaced; undefined deletes it. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(good) as unknown as Record<string, unknown>;
  const keys = path.split("/");
  const last = keys.pop()!;
  const target = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, copy);
  if (value === undefined) delete target[last];
  else target[last] = value;
  return copy;
}

const refusal = (value: unknown): string => {
  try {
    checkPlan(value);
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

test("the published schema is the one in use", async () => {
  const text = await format(JSON.stringify(planSchema), { parser: "json", printWidth: 110 });
  await expect(text).toMatchFileSnapshot("../../../compiler/plan/plan.schema.json");
});

test("a good plan passes, as value and as text", () => {
  expect(checkPlan(good)).toBe(good);
  expect(readPlan(JSON.stringify(good))).toEqual(good);
});

test.each([
  ["not an object", 3, "D0501: /format is not"],
  ["another format", changed("format", "onnx"), "D0501: /format is not"],
  ["another version", changed("version", 2), "D0502: the plan has version 2"],
  ["no version", changed("version", undefined), "D0502: the plan has version undefined"],
  ["a missing part", changed("kernels", undefined), "D0501: / must have required property 'kernels'"],
  ["an extra part", changed("code", "x"), "D0501: / must NOT have additional properties ('code')"],
  ["an extra part of a step", changed("steps/1/code", "x"), "D0501: /steps/1 must NOT have additional"],
  ["a negative index", changed("steps/0/program", -1), "D0501: /steps/0/program must be >= 0"],
  ["a fraction as index", changed("init/program", 0.5), "D0501: /init/program must be integer"],
  ["text among numbers", changed("init/scalars/0", "4"), "D0501: /init/scalars/0 must be number"],
  [
    "an unknown operation",
    changed("programs/1/ops/0/op", "eval"),
    'D0501: /programs/1/ops/0 value of tag "op" must be in oneOf',
  ],
  [
    "an unknown kernel operation",
    changed("kernels/0/nodes/2/op", "system"),
    'D0501: /kernels/0/nodes/2 value of tag "op" must be in oneOf',
  ],
  [
    "too many arguments",
    changed("kernels/0/nodes/2/args", [0, 1, 1]),
    "D0501: /kernels/0/nodes/2/args must NOT have more than 2 items",
  ],
  ["a slot that is text", changed("programs/1/ops/0/scale", "0"), "D0501: /programs/1/ops/0/scale must be"],
  [
    "a pass out of range",
    changed("programs/0/ops/0/pass", 65536),
    "D0501: /programs/0/ops/0/pass must be <= 65535",
  ],
  ["a wrong hash", changed("source/sha256", "abc"), "D0501: /source/sha256 must match pattern"],
  ["inconsistency", changed("registers", 1), "D0503: init, operation 0 (draw): register 1 of 1"],
  [
    "too many steps",
    changed("steps", Array(10001).fill(good.steps[0])),
    "D0804: the plan has 10001 steps; the limit is 10000",
  ],
])("%s is refused", (_, value, message) => {
  expect(refusal(value)).toContain(message);
});

test("depth is checked before anything recursive", () => {
  expect(() => readPlan("[".repeat(100_000))).toThrow("D0802");
  let nested: unknown = 1;
  for (let i = 0; i < 5000; i++) nested = [nested];
  expect(refusal(changed("models/0/convention", { a: nested }))).toContain("D0802");
  const loop: Record<string, unknown> = { format: "dsamp-plan" };
  loop["self"] = loop;
  expect(refusal(loop)).toContain("D0802");
});

test("brackets in strings do not count as depth", () => {
  const plan = { ...good, sampler: '\\"' + "[".repeat(200) };
  expect(readPlan(JSON.stringify(plan)).sampler).toBe(plan.sampler);
});

test("size is checked before the text is parsed", () => {
  expect(() => readPlan(" ".repeat(16 * 1024 * 1024 + 1))).toThrow("D0805");
  expect(() => readPlan("{")).toThrow("D0501: the plan is not JSON");
});
