// EDICT and its derived inverse against the recorded runs of the published code, both states of both directions.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { gmmModel, openBackend, sample } from "../../runtime/index.js";

interface Recorded {
  readonly id: string;
  readonly x_init: readonly (readonly number[])[];
  readonly x_final: readonly (readonly number[])[];
  readonly y_final: readonly (readonly number[])[];
  readonly grid: { readonly t: readonly (number | null)[] };
  readonly inversion: Readonly<Record<"start" | "x_T" | "y_T", readonly (readonly number[])[]>>;
  readonly nfe: number;
}
const file = JSON.parse(
  readFileSync(new URL("../conformance/cases/seeds-inversion.json", import.meta.url), "utf8"),
) as { models: { A: Parameters<typeof gmmModel>[0] }; cases: readonly Recorded[] };
const recorded = file.cases.find(({ id }) => id.startsWith("edict/")) as Recorded;

async function run(
  solver: string,
  grid: string,
  x: readonly (readonly number[])[],
): Promise<readonly number[][]> {
  const text = `sampler s {
  schedule stable_diffusion
  model    predicts eps
  input    x_init: tensor
  init     x[start] = x_init
  grid     ${grid}
  solver   ${solver}
  output   x[end], y[end]
}`;
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "e.dsamp", text });
  if (!plan) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\\n"));
  expect(plan.report.nfe).toBe(recorded.nfe);
  const { results } = await sample(plan, {
    models: gmmModel(file.models.A),
    backend: await openBackend("reference"),
    shape: [4],
    count: x.length,
    inputs: { x_init: { data: Float64Array.from(x.flat()), shape: [x.length, 4] } },
  });
  return results.map(({ data }) => [...data]);
}

const labels = `labels([${recorded.grid.t.filter((t) => t !== null).join(", ")}])`;
const near = (actual: readonly number[] | undefined, wanted: readonly (readonly number[])[]): void =>
  wanted.flat().forEach((value, i) => expect(actual?.[i]).toBeCloseTo(value, 9));

test("there: both states", async () => {
  const [x, y] = await run("edict", labels, recorded.x_init);
  near(x, recorded.x_final);
  near(y, recorded.y_final);
});

test("back, by the inverse that is derived: both states", async () => {
  const [x, y] = await run("inverse(edict)", `reverse(${labels})`, recorded.inversion.start);
  near(x, recorded.inversion.x_T);
  near(y, recorded.inversion.y_T);
});

test("the inverse of the inverse is the rule", async () => {
  const [x, y] = await run("inverse(inverse(edict))", labels, recorded.x_init);
  near(x, recorded.x_final);
  near(y, recorded.y_final);
});
