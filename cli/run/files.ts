// Owns: results of a run as files, by extension; and keeping results when a file cannot be written after all.

import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Failure, fail } from "../../compiler/diagnostics/report.js";
import type { Plan } from "../../compiler/plan/schema.js";
import {
  imageGrid,
  nested,
  scatterPlot,
  writeNpy,
  writeNpz,
  type HostTensor,
  type SampleResult,
} from "../../runtime/node.js";
import type { Io } from "../io.js";
import { checkWritable, writeOutput } from "../output.js";
import { wrongUse } from "../usage.js";

export interface Wanted {
  readonly out: readonly string[];
  readonly trajectory: string | undefined;
}

/** What goes into files beside the samples. */
export interface Facts {
  readonly plan: Plan;
  readonly seed: bigint;
  readonly columns: number | undefined;
  readonly labels: readonly (number | string)[] | undefined;
}

const sampleKinds = [".npy", ".npz", ".json", ".png"];
const trajectoryKinds = [".npz", ".npy"];
const kindOf = (path: string): string => extname(path).toLowerCase();
const isPicture = (shape: readonly number[]): boolean =>
  (shape.length === 3 && (shape[0] === 1 || shape[0] === 3)) || shape.length === 2;

/** Before the run: throws D0706 for extensions nobody writes, D0704 for places nobody can write to. */
export async function checkFiles(io: Io, { out, trajectory }: Wanted): Promise<void> {
  const check = async (flag: string, path: string, kinds: readonly string[]): Promise<void> => {
    if (!kinds.includes(kindOf(path)))
      wrongUse(`${flag} ${path}: the name must end in ${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}`);
    await checkWritable(io.cwd, path);
  };
  for (const path of out) await check("--out", path, sampleKinds);
  if (trajectory !== undefined) await check("--trajectory", trajectory, trajectoryKinds);
}

/** Before the run: throws D0703 when samples of this shape make no picture. */
export function checkPictures({ out }: Wanted, plan: Plan, shape: readonly number[]): void {
  const path = out.find((name) => kindOf(name) === ".png");
  if (path === undefined || isPicture(shape) || (shape.length === 1 && shape[0] === 2)) return;
  fail("D0703", `--out ${path}: samples of \`${plan.sampler}\` have the shape [${shape.join(", ")}]`, {
    why: "pictures are made of images [1 or 3, height, width] and of points in the plane [2]",
    help: "write .npy, .npz or .json instead",
  });
}

function samplesFile(kind: string, results: readonly HostTensor[], facts: Facts): Uint8Array | string {
  const [first] = results;
  if (first === undefined) return fail("D0704", "there are no samples to write");
  switch (kind) {
    case ".npz":
      return npzOf(results, facts);
    case ".json":
      return `${JSON.stringify({
        sampler: facts.plan.sampler,
        seed: String(facts.seed),
        shape: first.shape,
        ...(facts.labels === undefined ? {} : { labels: facts.labels }),
        samples: results.length === 1 ? nested(first) : results.map(nested),
      })}\n`;
    case ".png":
      return first.shape.length === 2
        ? scatterPlot(first)
        : imageGrid(enlarged(first), { columns: facts.columns ?? columnsFor(first.shape[0] ?? 1), gap: 4 });
    default:
      return writeNpy(first);
  }
}

/** Columns of a picture near the square, without a ragged last row where that can be had. */
function columnsFor(count: number): number {
  const square = Math.ceil(Math.sqrt(count));
  for (let columns = square; columns <= 2 * square; columns++) if (count % columns === 0) return columns;
  return square;
}

/** Images smaller than 64 pixels are shown larger, every pixel as a square. */
function enlarged(images: HostTensor): HostTensor {
  const { data, shape } = images;
  const [height = 1, width = 1] = shape.slice(-2);
  const factor = Math.floor(64 / Math.max(height, width));
  if (factor < 2 || shape.length < 3) return images;
  const [rows, columns] = [height * factor, width * factor];
  const planes = data.length / (height * width);
  const large = new Float64Array(planes * rows * columns);
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        large[(plane * rows + y) * columns + x] =
          data[(plane * height + Math.floor(y / factor)) * width + Math.floor(x / factor)] ?? 0;
  return { data: large, shape: [...shape.slice(0, -2), rows, columns] };
}

/** `arr_0`, `arr_1`, ... as NumPy names them, and the labels where they are numbers. */
function npzOf(results: readonly HostTensor[], { labels }: Facts): Uint8Array {
  const arrays: Record<string, HostTensor> = {};
  results.forEach((result, i) => (arrays[`arr_${i}`] = result));
  const [first] = results;
  if (labels?.every((label) => typeof label === "number") === true && first !== undefined) {
    const count = first.shape[0] ?? 0;
    arrays["labels"] = { data: Float64Array.from(labels.slice(0, count) as number[]), shape: [count] };
  }
  return writeNpz(arrays);
}

/** The states of finished samples at each grid point, stacked: [points, count, ...shape]. */
function trajectoryFile(
  kind: string,
  { trajectory, count, control }: SampleResult,
  { plan }: Facts,
): Uint8Array {
  const states = trajectory.map((state, i) => {
    if (state === null)
      return fail("D0703", `\`${plan.sampler}\` has no state at grid point ${i}, so there is no trajectory`);
    const size = state.data.length / (state.shape[0] ?? 1);
    return { data: state.data.subarray(0, count * size), shape: [count, ...state.shape.slice(1)] };
  });
  const [first] = states;
  if (first === undefined) return fail("D0704", "there is no trajectory to write");
  const data = new Float64Array(states.length * first.data.length);
  states.forEach((state, i) => data.set(state.data, i * first.data.length));
  const stacked: HostTensor = {
    data: first.data instanceof Float32Array ? Float32Array.from(data) : data,
    shape: [states.length, ...first.shape],
  };
  if (kind === ".npy") return writeNpy(stacked);
  const [visited] = control;
  if (visited) {
    const { lambdas } = visited;
    return writeNpz({ x: stacked, lambda: { data: Float64Array.from(lambdas), shape: [lambdas.length] } });
  }
  const column = (pick: (point: Plan["grid"][number]) => number | string): HostTensor => ({
    data: Float64Array.from(plan.grid, (point) => {
      const value = pick(point);
      return typeof value === "number" ? value : Number(value.replace("inf", "Infinity"));
    }),
    shape: [plan.grid.length],
  });
  return writeNpz({
    x: stacked,
    time: column((point) => point.time),
    alpha: column((point) => point.alpha),
    sigma: column((point) => point.sigma),
    lambda: column((point) => point.lambda),
  });
}

export interface Written {
  readonly files: readonly string[];
  /** Why some were not written. */
  readonly failures: readonly Diagnostic[];
  /** Where the samples were kept instead. */
  readonly rescued: string | undefined;
}

/** Writes everything that was asked for. Samples that find no place are kept in the system's temporary folder. */
export async function writeFiles(
  io: Io,
  wanted: Wanted,
  result: SampleResult,
  facts: Facts,
): Promise<Written> {
  const files: string[] = [];
  const failures: Diagnostic[] = [];
  const attempt = async (path: string, make: () => Uint8Array | string): Promise<void> => {
    try {
      await writeOutput(io.cwd, path, make());
      files.push(path);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error.diagnostic);
    }
  };
  for (const path of wanted.out) await attempt(path, () => samplesFile(kindOf(path), result.results, facts));
  const samplesAreSafe = files.length > 0 || wanted.out.length === 0;
  const { trajectory } = wanted;
  if (trajectory !== undefined)
    await attempt(trajectory, () => trajectoryFile(kindOf(trajectory), result, facts));
  return { files, failures, rescued: samplesAreSafe ? undefined : await rescue(result, facts) };
}

async function rescue(result: SampleResult, facts: Facts): Promise<string | undefined> {
  const name = `dsamp-${facts.plan.sampler}-${randomBytes(4).toString("hex")}.npz`;
  const path = join(tmpdir(), name);
  try {
    await writeOutput(tmpdir(), path, npzOf(result.results, facts));
    return path;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}
