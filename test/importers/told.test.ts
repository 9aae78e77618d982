// What an import tells the network is what diffusers told it: the timesteps of recorded runs, call by call.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { importDiffusers, type Value } from "../../importers/index.js";
import { functionModel, openBackend, sample } from "../../runtime/index.js";

type Config = Readonly<Record<string, Value>>;

interface Recorded {
  readonly id: string;
  readonly solver: string;
  readonly options: {
    readonly config: Config;
    readonly set_timesteps: Config;
    readonly num_inference_steps?: number;
  };
  readonly grid: { readonly t: readonly number[] };
}

const recorded = (name: string): readonly Recorded[] =>
  (
    JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8")) as {
      readonly cases: readonly Recorded[];
    }
  ).cases;

async function told({ solver, options }: Recorded): Promise<readonly number[]> {
  const { text } = importDiffusers(
    { _class_name: `${solver}Scheduler`, ...options.config },
    { steps: options.num_inference_steps, args: options.set_timesteps },
  );
  const { plan } = compile({ host: memoryHost({}), file: "imported.dsamp", text });
  if (!plan) throw new Error(text);
  const times: number[] = [];
  await sample(plan, {
    models: functionModel((input, time) => {
      times.push(time);
      return Float64Array.from(input, (x) => x / 2);
    }),
    backend: await openBackend("reference"),
    shape: [2],
    count: 1,
    seed: 1,
  });
  return times;
}

describe.each(["inverse", "consistency", "classes", "further", "diffusers"])("%s", (name) => {
  test.each(recorded(name).map((entry) => [entry.id, entry] as const))("%s", async (_, entry) => {
    const times = await told(entry);
    const { t } = entry.grid;
    // A last call that makes no step is not made.
    expect([t.length, t.length - 1]).toContain(times.length);
    times.forEach((time, i) => expect(time).toBeCloseTo(t[i] as number, 8));
  });
});
