// Owns: what a plan is. A plan is the only thing that passes from compiler to runtime: immutable, versioned data
// without a string of code in it. The runtime executes it with no knowledge of schedules, grids or solvers.
// plan.schema.json is this file as JSON Schema; verify.ts checks what a schema cannot say.

export const PLAN_FORMAT = "dsamp-plan";
export const PLAN_VERSION = 1;

/** Index of a register of the run. A register holds one tensor; a tensor may be smaller than the state (see `Shape`). */
export type Register = number;
/** Index into the row `PlanStep.scalars`. */
export type Slot = number;

/** One grid point. `index` only on tabulated schedules. Infinite coordinates are the strings "inf" and "-inf". */
export interface PlanPoint {
  readonly time: PlanNumber;
  readonly index?: PlanNumber;
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: PlanNumber;
}
/** A float64; JSON has no infinities, so they are spelled. */
export type PlanNumber = number | "inf" | "-inf" | "nan";

/** `tensor` and `mask` have the shape of the state (or broadcast to it); `condition` is opaque and handed to the model; `trajectory` is one tensor per grid point. */
export interface PlanInput {
  readonly name: string;
  readonly kind: "tensor" | "mask" | "condition" | "trajectory";
}

/** A network as the sampler declares it. Checked against the model file when it is bound. */
export interface PlanModel {
  readonly name: string;
  /** Name of the view it predicts, for reports: `eps`, `v`, `edm`, ... */
  readonly predicts: string;
  /** File named in the sampler, relative to its source, or null: given at run time. */
  readonly file: string | null;
  /** Does the network take a time argument. */
  readonly time: boolean;
  /** Names of the extra results it returns beside the prediction. */
  readonly outputs: readonly string[];
  /** Everything else stated after `with`: input names, layout, null label, number of classes, ... */
  readonly convention: Readonly<Record<string, string | number | readonly (string | number)[]>>;
}

export type Distribution = "normal" | "rademacher" | "gumbel";

/** A named source of random numbers. `key` is the 32-bit hash of `path`, unique in the plan; see runtime/noise. */
export interface PlanDraw {
  /** Path of names, for example `initial`, `z`, `corrector/z`. */
  readonly path: string;
  readonly key: number;
  readonly distribution: Distribution;
  /** One draw for the whole run instead of one per step and pass. */
  readonly fixed: boolean;
}

export type KernelOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "neg"
  | "abs"
  | "min"
  | "max"
  | "sqrt"
  | "pow"
  | "exp"
  | "expm1"
  | "log"
  | "sin"
  | "cos"
  | "tan"
  | "atan"
  | "atan2"
  | "floor"
  | "round"
  | "logistic"
  | "lt"
  | "le"
  | "eq"
  | "ne"
  | "and"
  | "or"
  | "not"
  | "where";

/** A node of a kernel; `args` are indices of earlier nodes. Comparisons give 0 or 1. `where(c, a, b)`: a where c != 0. */
export type KernelNode =
  | { readonly op: "input"; readonly index: number }
  | { readonly op: "scalar"; readonly index: number }
  | { readonly op: "const"; readonly value: number }
  | { readonly op: KernelOp; readonly args: readonly number[] };

/**
 * A pointwise function of several tensors, as a typed expression DAG in topological order. Inputs broadcast against
 * each other; an output has the broadcast shape of the inputs that reach it. Kernels are shared by steps.
 */
export interface Kernel {
  /** Canonical text of the structure; equal kernels have equal keys. */
  readonly key: string;
  readonly inputs: number;
  readonly scalars: number;
  readonly nodes: readonly KernelNode[];
  readonly outputs: readonly number[];
  /**
   * Present: sums and products are computed in float64, with float64 numbers. Outputs `of` and `rest` are the same node;
   * `of` holds it rounded to the backend's floats, `rest` what the rounding took, so that the two together are exact to
   * twice the bits (link/compensate.ts).
   */
  readonly wide?: { readonly of: number; readonly rest: number };
}

export type ReduceFn = "sum" | "mean" | "std" | "norm" | "dot" | "max" | "min" | "quantile";
/** What a reduction keeps. Axis 0 is the sample, axis 1 the channel, the last axis the position, axis 1 of a sequence the frame. */
export type Per = "sample" | "channel" | "position" | "frame" | "batch";

/** Calls a network. `raw` and `outputs` receive fresh tensors. */
export interface CallOp {
  readonly op: "call";
  readonly model: number;
  /** The state at the level of the call, unscaled. */
  readonly state: Register;
  /** What the network is fed; usually one tensor, `scale * state`. */
  readonly inputs: readonly Register[];
  /** Factor between state and input when there is one input and it is a multiple of the state; lets analytic models undo it. */
  readonly scale: Slot | null;
  /** The time argument; null when the network takes none. */
  readonly time: Slot | null;
  /** Level of the state. */
  readonly alpha: Slot;
  readonly sigma: Slot;
  /** raw = x * state + x0 * (data prediction): how an analytic model forms what the network would return. Null when it cannot. */
  readonly form: { readonly x: Slot; readonly x0: Slot } | null;
  /** Indices of condition inputs; none: the unconditional call (null label). */
  readonly conditions: readonly number[];
  readonly variant: string | null;
  /** Further scalar inputs by name, for example a guidance strength or a second time. */
  readonly extras: Readonly<Record<string, Slot>>;
  readonly raw: Register;
  readonly outputs: readonly { readonly name: string; readonly out: Register }[];
}

export type Op =
  | CallOp
  | { readonly op: "draw"; readonly draw: number; readonly pass: number; readonly out: Register }
  | {
      readonly op: "input";
      readonly input: number;
      /** Grid point for trajectories. */ readonly point: Slot | null;
      readonly out: Register;
    }
  | {
      readonly op: "kernel";
      readonly kernel: number;
      readonly inputs: readonly Register[];
      readonly scalars: readonly Slot[];
      readonly outputs: readonly Register[];
    }
  | {
      readonly op: "reduce";
      readonly fn: ReduceFn;
      readonly per: Per;
      readonly inputs: readonly Register[];
      /** The quantile's p. */
      readonly parameter: Slot | null;
      /** Keeps its rank, with reduced axes of size 1, so that kernels broadcast it. */
      readonly out: Register;
    }
  /** Register `to` now holds what `from` held; `from` becomes empty. */
  | { readonly op: "move"; readonly from: Register; readonly to: Register }
  | { readonly op: "free"; readonly registers: readonly Register[] };

/** Straight-line code, shared by all steps of the same structure. */
export interface Program {
  readonly ops: readonly Op[];
}

/** One application of a program with its numbers. */
export interface PlanStep {
  readonly program: number;
  /** All numbers of the step (coefficients, times, levels), float64, computed by the compiler on the grid of the plan. */
  readonly scalars: readonly number[];
  /** Number that keys the draws: the step's index; 0 for init. */
  readonly step: number;
  /** Register that holds the state after the step; null when the rule has none. */
  readonly state: Register | null;
}

/**
 * A function of one number in pieces: on piece i, from `ends[i]` to `ends[i + 1]`, the Chebyshev series with coefficients
 * `pieces[i]` in the piece's own variable from -1 to 1. Without a value outside.
 */
export interface PlanTable {
  readonly ends: readonly number[];
  readonly pieces: readonly (readonly number[])[];
}

/** Functions of host numbers; those of `builtin` in algebra/builtins.ts, and sums and products of any length. */
export type HostOp = (typeof hostOps)[number];
export const hostOps = [
  "add",
  "mul",
  "div",
  "pow",
  "neg",
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "sqrt",
  "sin",
  "cos",
  "tan",
  "atan",
  "atan2",
  "hypot",
  "abs",
  "min",
  "max",
  "floor",
  "round",
  "mod",
  "clamp",
  "where",
  "factorial",
  "phi",
  "logistic",
  "lt",
  "le",
  "eq",
  "ne",
  "and",
  "or",
  "not",
  "exp_difference",
  "log1mexp",
] as const;

/** A node of the host's numbers; `args` are indices of earlier nodes. */
export type HostNode =
  | { readonly op: "const"; readonly value: number }
  /** A variable before the attempt. */
  | { readonly op: "variable"; readonly index: number }
  /** What the attempt left in register `reads[index]`: one number for the whole batch. */
  | { readonly op: "read"; readonly index: number }
  | { readonly op: "table"; readonly table: number; readonly args: readonly [number] }
  | { readonly op: HostOp; readonly args: readonly number[] };

/**
 * Error-controlled steps. `grid` is the start and the end, `steps` one attempt; its row of scalars has the numbers of the
 * first attempt, and `scalars` says how they are computed for any. The run repeats: numbers, the operations of the
 * attempt, `reads`, then `keep` if it counts and `undo` if not, and the variables' next values; until lambda is at the end.
 */
export interface PlanControl {
  /** Numbers kept between attempts. 0 is lambda at s, 1 the count of steps that counted; then what the rule carries. */
  readonly variables: readonly { readonly name: string; readonly initial: number }[];
  readonly tables: readonly PlanTable[];
  readonly nodes: readonly HostNode[];
  /** Node of every slot of the attempt. */
  readonly scalars: readonly number[];
  /** Node of lambda at t. */
  readonly next: number;
  /** Makes the first values of the tensors that the rule carries. */
  readonly enter: PlanStep;
  /** Registers whose single number is read after the operations. */
  readonly reads: readonly Register[];
  /** Node: the attempt counts unless it is 0; null: it always counts. */
  readonly accept: number | null;
  /** Nodes of the variables' values from index 2 on, after an attempt that counts and after one that does not. */
  readonly accepted: readonly number[];
  readonly refused: readonly number[];
  /** Programs without scalars. */
  readonly keep: number;
  readonly undo: number;
  /** Most attempts of one run. */
  readonly attempts: number;
}

export interface PlanReport {
  /** Network calls in the whole run: a call counts once however many samples it serves. With `control`, one attempt is counted. */
  readonly calls: number;
  /** Network evaluations per sample as the field counts them: a guided prediction (several branches at one point) counts once. */
  readonly nfe: number;
  /** Largest number of live tensors of the size of the state, results of calls included. */
  readonly peakTensors: number;
  /** Name of the rule used by each step. */
  readonly rules: readonly string[];
  readonly notes: readonly string[];
}

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly version: typeof PLAN_VERSION;
  readonly compiler: string;
  readonly source: { readonly name: string; readonly sha256: string };
  readonly sampler: string;
  /** Points in the order they are visited; `steps.length + 1` of them. With `control` the two ends. */
  readonly grid: readonly PlanPoint[];
  readonly inputs: readonly PlanInput[];
  readonly models: readonly PlanModel[];
  readonly draws: readonly PlanDraw[];
  readonly kernels: readonly Kernel[];
  readonly programs: readonly Program[];
  readonly registers: number;
  readonly init: PlanStep;
  readonly steps: readonly PlanStep[];
  /** Present when the solver places its own points. */
  readonly control?: PlanControl;
  readonly output: PlanStep;
  /** Registers that hold the results after `output`. */
  readonly results: readonly Register[];
  readonly report: PlanReport;
}
