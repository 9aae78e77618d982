// Owns: `dsamp run`: compile or read a plan, open backend and networks, sample, write. What is finished is written
// however the run ends.

import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { Failure } from "../compiler/diagnostics/report.js";
import { compensate } from "../compiler/link/compensate.js";
import type { Plan } from "../compiler/plan/schema.js";
import {
  findShape,
  openBackend,
  RunAborted,
  RunFailure,
  sample,
  type Backend,
  type SampleOptions,
  type SampleResult,
} from "../runtime/node.js";
import { exit, exitFor } from "./exit.js";
import type { Io } from "./io.js";
import { jsonOf, printDiagnostics, printJson, printNote } from "./print.js";
import { checkFiles, checkPictures, writeFiles, type Wanted, type Written } from "./run/files.js";
import { bindRun, readInputs, type InputFlags } from "./run/inputs.js";
import { openModels } from "./run/models.js";
import { progressBar } from "./run/progress.js";
import { readRunnable, type Runnable } from "./run/source.js";
import { describeResult, statistics } from "./run/summary.js";
import { describeVerification, verify, type Verification } from "./run/verify.js";
import type { SpecFlags } from "./spec.js";
import { oneOf } from "./usage.js";

export interface RunFlags extends SpecFlags, InputFlags {
  readonly model?: readonly string[];
  readonly backend?: string;
  readonly seed?: bigint;
  readonly count?: number;
  readonly batch?: number;
  readonly shape?: readonly number[];
  readonly out?: readonly string[];
  readonly trajectory?: string;
  readonly verify?: boolean;
  readonly precision?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** How a run ended: with everything, or with what was finished and why. */
interface Ending {
  readonly result: SampleResult;
  readonly failure: Diagnostic | undefined;
  readonly interrupted: boolean;
  readonly seconds: number;
}

export async function run(file: string, flags: RunFlags, io: Io): Promise<number> {
  const precision = oneOf("--precision", flags.precision ?? "plain", ["plain", "compensated"]);
  const wanted: Wanted = { out: flags.out ?? [], trajectory: flags.trajectory };
  await checkFiles(io, wanted);
  const runnable = await readRunnable(io, file, flags);
  const { plan, diagnostics, sources } = runnable;
  if (flags.json !== true) printDiagnostics(io, diagnostics, sources);
  if (plan === undefined) {
    if (flags.json === true) printJson(io, { ok: false, diagnostics: jsonOf(diagnostics, sources) });
    return exitFor(diagnostics);
  }
  const own = precision === "compensated" ? compensate(plan) : plan;
  return runPlan({ ...runnable, plan: own }, wanted, flags, io);
}

async function runPlan(
  runnable: Runnable & { readonly plan: Plan },
  wanted: Wanted,
  flags: RunFlags,
  io: Io,
): Promise<number> {
  const { plan } = runnable;
  const seed = flags.seed ?? 0n;
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    if (flags.json !== true && flags.quiet !== true) printNote(io, text);
  };
  const given = await readInputs(plan, flags, io.cwd);
  const backend = await startBackend(flags.backend, note);
  const models = await openModels(runnable, flags.model ?? [], io.cwd, tfjsFor(backend));
  const shape = findShape(plan, [...models.values()], flags.shape);
  checkPictures(wanted, plan, shape);
  const bound = bindRun(plan, given, models, shape, flags.count);
  const batch = Math.min(bound.count, flags.batch ?? usualBatch(plan, shape));

  const options = {
    backend,
    models: Object.fromEntries(models),
    seed,
    count: bound.count,
    batch,
    shape,
    inputs: bound.inputs,
    trajectory: wanted.trajectory !== undefined,
  };
  const ending = await execute(plan, io, { ...options, isQuiet: flags.quiet === true });

  const { result } = ending;
  const written: Written =
    result.count > 0
      ? await writeFiles(io, wanted, result, { plan, seed, columns: bound.columns, labels: bound.labels })
      : { files: [], failures: [], rescued: undefined };
  // After writing: what is interrupted here loses nothing.
  const { verified, unverified } = await compare(plan, options, ending, flags);
  for (const model of models.values()) model.dispose?.();
  backend.dispose();
  if (written.rescued !== undefined) note(`the samples are kept in ${written.rescued}`);
  if (ending.interrupted || (ending.failure !== undefined && exitFor([ending.failure]) === exit.run))
    note(
      `${ending.interrupted ? "interrupted: " : ""}${describePartial(result, bound.count, written.files)}`,
    );
  const errors = [
    ...(ending.failure ? [ending.failure] : []),
    ...(unverified ? [unverified] : []),
    ...written.failures,
  ];
  if (flags.json === true)
    printJson(io, {
      ok: errors.length === 0 && !ending.interrupted,
      diagnostics: jsonOf([...runnable.diagnostics, ...errors], runnable.sources),
      notes,
      interrupted: ending.interrupted,
      sampler: plan.sampler,
      backend: backend.name,
      seed: String(seed),
      count: result.count,
      calls: result.calls,
      seconds: ending.seconds,
      results: result.results.map((tensor) => ({ shape: tensor.shape, ...statistics(tensor) })),
      ...(verified && { verified }),
      files: written.files,
    });
  else {
    printDiagnostics(io, errors, runnable.sources);
    if (flags.quiet !== true && result.count > 0)
      io.stdout.write(describeResult(plan, result, backend.name, ending.seconds, written.files));
    if (verified) io.stdout.write(describeVerification(verified));
  }
  if (ending.interrupted) return exit.interrupted;
  return exitFor(errors);
}

/** With --verify, for a run that ended well: how far it is from `reference`, or why that is not known. */
async function compare(
  plan: Plan,
  options: SampleOptions,
  { result, failure, interrupted }: Ending,
  flags: RunFlags,
): Promise<{ readonly verified?: Verification; readonly unverified?: Diagnostic }> {
  if (flags.verify !== true || failure !== undefined || interrupted) return {};
  try {
    return { verified: await verify(plan, options, result) };
  } catch (error) {
    if (error instanceof Failure) return { unverified: error.diagnostic };
    throw error;
  }
}

function describePartial({ count }: SampleResult, asked: number, files: readonly string[]): string {
  if (count === 0) return "no batch was finished, so there are no samples";
  const where = files.length > 0 ? ` and written to ${files.join(", ")}` : "";
  return `${count} of ${asked} samples were finished${where}`;
}

/** The backend asked for; without one wasm, or cpu where wasm cannot start. Throws D0702. */
async function startBackend(name: string | undefined, note: (text: string) => void): Promise<Backend> {
  if (name !== undefined) return openBackend(name);
  try {
    return await openBackend("wasm");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    note(`${error.diagnostic.message}; running on cpu, which is slower`);
    return openBackend("cpu");
  }
}

/** Where tfjs networks compute: on the run's own backend when that is one of tfjs'. */
const tfjsFor = ({ tf }: Backend): string | undefined => tf?.backend;

/** Numbers per batch that keep memory small and interrupts cheap; all samples at once where a reduction couples them. */
function usualBatch(plan: Plan, shape: readonly number[]): number {
  const couples = plan.programs.some(({ ops }) => ops.some((op) => op.op === "reduce" && op.per === "batch"));
  if (couples) return Infinity;
  return Math.max(1, Math.floor(16_384 / shape.reduce((product, extent) => product * extent, 1)));
}

interface Execution extends Pick<
  Parameters<typeof sample>[1],
  "backend" | "models" | "seed" | "shape" | "inputs" | "trajectory"
> {
  readonly count: number;
  readonly batch: number;
  readonly isQuiet: boolean;
}

async function execute(plan: Plan, io: Io, { isQuiet, ...options }: Execution): Promise<Ending> {
  const { count, batch } = options;
  const controller = new AbortController();
  const stopListening = io.onInterrupt(() => controller.abort());
  const bar = isQuiet ? undefined : progressBar(io.stderr, plan, count, Math.ceil(count / batch));
  const begin = performance.now();
  const ended = (result: SampleResult, failure?: Diagnostic, interrupted = false): Ending => ({
    result,
    failure,
    interrupted,
    seconds: Math.round(performance.now() - begin) / 1000,
  });
  try {
    const result = await sample(plan, {
      ...options,
      signal: controller.signal,
      onProgress: (progress) => bar?.update(progress),
      // Interrupts and the bar's timer are heard only between turns of the event loop.
      onStep: () => new Promise((proceed) => setImmediate(proceed)),
    });
    return ended(result);
  } catch (error) {
    if (error instanceof RunAborted) return ended(error.partial, undefined, true);
    if (error instanceof RunFailure) return ended(error.partial, error.diagnostic);
    throw error;
  } finally {
    bar?.stop();
    stopListening();
  }
}
