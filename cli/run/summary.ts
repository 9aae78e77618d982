// Owns: a result in a few numbers, for people and for JSON.

import type { Plan } from "../../compiler/plan/schema.js";
import type { HostTensor, SampleResult } from "../../runtime/node.js";

export interface Statistics {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

export function statistics({ data }: HostTensor): Statistics {
  let [sum, min, max] = [0, Infinity, -Infinity];
  for (const value of data) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  return { mean, std: Math.sqrt(squares / data.length), min, max };
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** `20 steps`; `14 steps of 17 attempts`, batch by batch when they differ. */
function describeSteps(plan: Plan, { control }: SampleResult): string {
  if (!plan.control) return `${plan.steps.length} steps`;
  const parts = control.map(({ attempts, lambdas }) => `${lambdas.length - 1} steps of ${attempts} attempts`);
  return [...new Set(parts)].slice(0, 4).join(", ") || "no steps";
}

/** Two or three lines: how it went, the samples, where they are. */
export function describeResult(
  plan: Plan,
  result: SampleResult,
  backend: string,
  seconds: number,
  files: readonly string[],
): string {
  const samples = `${result.count} ${result.count === 1 ? "sample" : "samples"}`;
  const lines = [
    `${plan.sampler}: ${samples}, ${describeSteps(plan, result)}, ${result.calls} calls, ${seconds.toFixed(1)} s on ${backend}`,
  ];
  for (const tensor of result.results) {
    const { mean, std, min, max } = statistics(tensor);
    lines.push(
      `  shape [${tensor.shape.join(", ")}]  mean ${short(mean)}  std ${short(std)}  min ${short(min)}  max ${short(max)}`,
    );
  }
  if (files.length > 0) lines.push(`  written: ${files.join(", ")}`);
  return `${lines.join("\n")}\n`;
}
