// Owns: a backend made of stock tfjs operations, for tfjs backends whose memory cannot be shared, and what the fused
// backends are measured against. Temporaries are disposed at their last use, not at the end of a kernel. Must not import
// tfjs: it is handed in by the file that opens it.

import type * as tfjs from "@tensorflow/tfjs-core";
import type { Kernel, KernelOp, Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { Backend, Executable, HostArray, Rows, Shape, Tensor, TfInterop } from "../backend.js";
import { Meter } from "../meter.js";
import { makeNoise, type NoiseRequest } from "../noise/noise.js";
import { nodeShapes, reducedShape, sameShape, sizeOf } from "../shapes.js";
import { checkFill, checkIntact, checkReduction } from "./checks.js";
import { hostReduce } from "./hostReduce.js";
import { everyOperation, fewestOperations, type Arrangement, type Combination } from "./combine.js";
import { isOperation, kernelStructure, scalarNodes, scalarValues } from "./scalarOps.js";
import { SharedTensors } from "./shared.js";

type Tf = typeof tfjs;
type TfTensor = tfjs.Tensor;
type Operand = TfTensor | number;

class TfStorage implements Tensor {
  constructor(
    readonly shape: Shape,
    public value: TfTensor | null,
  ) {}
}

interface TfExecutable extends Executable {
  readonly isScalar: readonly boolean[];
  readonly arrangement: Arrangement;
  /** Node after which a node's value is not needed; Infinity for outputs. */
  readonly lastUse: readonly number[];
}

function lastUses(kernel: Kernel, { needed, inputsOf }: Arrangement): number[] {
  const last = kernel.nodes.map(() => -1);
  kernel.nodes.forEach((_, i) => {
    if (needed[i]) for (const arg of inputsOf(i)) last[arg] = i;
  });
  for (const output of kernel.outputs) last[output] = Infinity;
  return last;
}

/** The operations as stock tfjs calls; truth values are float32 0 and 1. Every result is a fresh tensor. */
function operations(tf: Tf): Readonly<Record<KernelOp, (a: Operand, b: Operand, c: Operand) => TfTensor>> {
  const t = (value: Operand): TfTensor => (typeof value === "number" ? tf.scalar(value) : value);
  const float = (value: TfTensor): TfTensor => tf.cast(value, "float32");
  const truth = (value: Operand): TfTensor => tf.notEqual(t(value), 0);
  return {
    add: (a, b) => tf.add(t(a), t(b)),
    sub: (a, b) => tf.sub(t(a), t(b)),
    mul: (a, b) => tf.mul(t(a), t(b)),
    div: (a, b) => tf.div(t(a), t(b)),
    neg: (a) => tf.neg(t(a)),
    abs: (a) => tf.abs(t(a)),
    min: (a, b) => tf.minimum(t(a), t(b)),
    max: (a, b) => tf.maximum(t(a), t(b)),
    sqrt: (a) => tf.sqrt(t(a)),
    pow: (a, b) => tf.pow(t(a), t(b)),
    exp: (a) => tf.exp(t(a)),
    expm1: (a) => tf.expm1(t(a)),
    log: (a) => tf.log(t(a)),
    sin: (a) => tf.sin(t(a)),
    cos: (a) => tf.cos(t(a)),
    tan: (a) => tf.tan(t(a)),
    atan: (a) => tf.atan(t(a)),
    atan2: (a, b) => tf.atan2(t(a), t(b)),
    floor: (a) => tf.floor(t(a)),
    round: (a) => tf.round(t(a)),
    logistic: (a) => tf.sigmoid(t(a)),
    lt: (a, b) => float(tf.less(t(a), t(b))),
    le: (a, b) => float(tf.lessEqual(t(a), t(b))),
    eq: (a, b) => float(tf.equal(t(a), t(b))),
    ne: (a, b) => float(tf.notEqual(t(a), t(b))),
    and: (a, b) => float(tf.logicalAnd(truth(a), truth(b))),
    or: (a, b) => float(tf.logicalOr(truth(a), truth(b))),
    not: (a) => float(tf.equal(t(a), 0)),
    where: (a, b, c) =>
      typeof a === "number" && typeof b !== "number" && typeof c !== "number"
        ? tf.broadcastTo(a !== 0 ? b : c, tf.backend_util.assertAndGetBroadcastShape(b.shape, c.shape))
        : tf.where(truth(a), t(b), t(c)),
  };
}

/** What may differ between tfjs backends. */
export interface TfOptions {
  /** Name of the tfjs backend; default: that of ours. */
  readonly tfName?: string;
  /** Weighted sums as few operations, their weights folded in float64; default: every operation as it stands. */
  readonly folds?: boolean;
}

export class TfBackend implements Backend {
  readonly floatBits = 32;
  readonly meter = new Meter(4);
  readonly tf: TfInterop;
  readonly rows: Rows = {
    repeat: (tensor, times) => {
      this.#activate();
      const value = this.#core.concat(Array<TfTensor>(times).fill(this.#value(tensor)), 0);
      return this.#make(value, value.shape);
    },
    split: (tensor, parts) => {
      this.#activate();
      const values = this.#core.split(this.#value(tensor), parts, 0);
      this.free(tensor);
      return values.map((value) => this.#make(value, value.shape));
    },
  };
  readonly #core: Tf;
  readonly #tfName: string;
  readonly #arrange: typeof everyOperation;
  readonly #operations: ReturnType<typeof operations>;
  readonly #shared: SharedTensors;
  readonly #live = new Set<TfStorage>();
  readonly #cache = new Map<string, TfExecutable>();

  /** The tfjs backend must be registered and ready. */
  constructor(
    core: Tf,
    readonly name: string,
    { tfName = name, folds = false }: TfOptions = {},
  ) {
    this.#core = core;
    this.#shared = new SharedTensors(core);
    this.#tfName = tfName;
    this.#arrange = folds ? fewestOperations : everyOperation;
    this.#operations = operations(core);
    this.tf = {
      backend: tfName,
      unwrap: (tensor) => this.#shared.mark(this.#value(tensor)),
      adopt: (value) => {
        const taken = this.#shared.take(value);
        return this.#make(taken, taken.shape);
      },
      intact: (tensor) => !this.#inside(tensor).isDisposed,
    };
  }

  upload(data: HostArray, shape: Shape): Tensor {
    checkFill(data, shape);
    this.#activate();
    this.meter.uploads += 1;
    // tfjs keeps the array it is given: hand it a copy.
    return this.#make(this.#core.tensor(Float32Array.from(data), [...shape], "float32"), shape);
  }

  async download(tensor: Tensor): Promise<HostArray> {
    const data = await this.#value(tensor).data<"float32">();
    this.meter.downloads += 1;
    this.meter.move(data.length);
    // On tfjs' cpu backend this is the tensor's own memory.
    return Float32Array.from(data);
  }

  prepare(kernel: Kernel): Executable {
    const structure = kernelStructure(kernel);
    let executable = this.#cache.get(structure);
    if (executable === undefined) {
      const isScalar = scalarNodes(kernel);
      const arrangement = this.#arrange(kernel, isScalar);
      executable = { kernel, isScalar, arrangement, lastUse: lastUses(kernel, arrangement) };
      this.#cache.set(structure, executable);
    }
    return executable;
  }

  dispatch(
    executable: Executable,
    inputs: readonly Tensor[],
    scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[] {
    this.#activate();
    const { kernel, isScalar, arrangement, lastUse } = executable as TfExecutable;
    const given = inputs.map((tensor) => this.#value(tensor));
    const shapes = nodeShapes(
      kernel,
      inputs.map((tensor) => tensor.shape),
    );
    const numbers = scalarValues(kernel, scalars, isScalar);
    const values: (Operand | undefined)[] = [...numbers];
    const own = new Set<TfTensor>();
    for (const tensor of inputs) this.meter.move(sizeOf(tensor.shape));
    try {
      kernel.nodes.forEach((node, i) => {
        if (node.op === "input") values[i] = given[node.index];
        else if (isOperation(node) && isScalar[i] !== true && lastUse[i]! > i) {
          const sum = arrangement.sums.get(i);
          const [a = 0, b = 0, c = 0] = node.args.map((arg) => values[arg]);
          const value = this.#core.tidy(() =>
            sum === undefined ? this.#operation(node.op, a, b, c) : this.#sum(sum, values, numbers),
          );
          values[i] = value;
          own.add(value);
          for (const arg of new Set(arrangement.inputsOf(i))) {
            const used = values[arg];
            if (lastUse[arg] === i && typeof used === "object" && own.delete(used)) used.dispose();
          }
        }
      });
      const results = kernel.outputs.map((node) => this.#output(values[node]!, shapes[node] ?? [], own));
      donated.forEach((gone, i) => {
        if (gone) this.free(inputs[i]!);
      });
      return results;
    } finally {
      for (const value of own) value.dispose();
    }
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], parameter: number | null): Tensor {
    checkReduction(fn, inputs);
    this.#activate();
    const tf = this.#core;
    const [a, b] = inputs.map((tensor) => this.#value(tensor));
    const { shape } = inputs[0]!;
    const target = reducedShape(shape, per);
    const axes = shape.flatMap((extent, axis) => (extent !== target[axis] ? [axis] : []));
    this.meter.reductions += 1;
    for (const tensor of inputs) this.meter.move(sizeOf(tensor.shape));
    if (fn === "quantile") {
      const data = hostReduce(fn, per, [a!.dataSync<"float32">()], shape, parameter);
      return this.#make(tf.tensor(Float32Array.from(data), [...target]), target);
    }
    const value = tf.tidy((): TfTensor => {
      const sum = (x: TfTensor): TfTensor => tf.sum(x, axes, true);
      const count = sizeOf(shape) / sizeOf(target);
      switch (fn) {
        case "sum":
          return sum(a!);
        case "mean":
          return tf.div(sum(a!), count);
        case "std": {
          const centred = tf.sub(a!, tf.div(sum(a!), count));
          return tf.sqrt(tf.div(sum(tf.mul(centred, centred)), count));
        }
        case "norm":
          return tf.sqrt(sum(tf.mul(a!, a!)));
        case "dot":
          return sum(tf.mul(a!, b!));
        case "max":
          return tf.max(a!, axes, true);
        case "min":
          return tf.min(a!, axes, true);
        default:
          return fn satisfies never;
      }
    });
    // With nothing to reduce tfjs may hand back the input itself.
    return this.#make(value === a ? tf.clone(value) : value, target);
  }

  draw(request: NoiseRequest): Tensor {
    this.#activate();
    this.meter.draws += 1;
    return this.#make(this.#core.tensor(makeNoise(request), [...request.shape], "float32"), request.shape);
  }

  async finite(tensor: Tensor): Promise<boolean> {
    this.#activate();
    const value = this.#value(tensor);
    const answer = this.#core.tidy(() => this.#core.all(this.#core.isFinite(value)));
    this.meter.move(value.size);
    try {
      return (await answer.data())[0] !== 0;
    } finally {
      answer.dispose();
    }
  }

  free(tensor: Tensor): void {
    const value = this.#inside(tensor);
    if (!value.isDisposed) value.dispose();
    const storage = tensor as TfStorage;
    storage.value = null;
    this.#live.delete(storage);
    this.meter.release(sizeOf(storage.shape));
  }

  liveTensors(): number {
    return this.#live.size;
  }

  dispose(): void {
    for (const storage of [...this.#live]) this.free(storage);
    this.#cache.clear();
  }

  /** tfjs has one active backend for the whole process; others may have changed it. */
  #activate(): void {
    if (this.#core.getBackend() !== this.#tfName) void this.#core.setBackend(this.#tfName);
  }

  #operation(op: KernelOp, a: Operand, b: Operand, c: Operand): TfTensor {
    this.meter.dispatches += 1;
    return this.#operations[op](a, b, c);
  }

  /**
   * A product for each weight that is not 1, then one sum for each shape: k + 1 operations for k terms. Shorter with
   * stock operations are only stack and matMul, which copy every term first and are slower (docs/backends.md).
   */
  #sum(
    { terms, weigh }: Combination,
    values: readonly (Operand | undefined)[],
    numbers: readonly (number | undefined)[],
  ): TfTensor {
    const tf = this.#core;
    const weights = weigh(numbers);
    const constant = weights[terms.length]!;
    const parts = terms.map((term) => values[term] as TfTensor);
    const [first, second] = parts;
    if (parts.length === 2 && constant === 0 && weights[0] === 1 && weights[1] === -1)
      return this.#operation("sub", first!, second!, 0);
    const shapes = new Map<string, TfTensor[]>();
    parts.forEach((part, i) => {
      const scaled = weights[i] === 1 ? part : this.#operation("mul", part, weights[i]!, 0);
      const key = part.shape.join();
      shapes.set(key, [...(shapes.get(key) ?? []), scaled]);
    });
    const sums = [...shapes.values()].map((same): TfTensor => {
      if (same.length === 1) return same[0]!;
      this.meter.dispatches += 1;
      return tf.addN(same);
    });
    if (constant !== 0) sums[0] = this.#operation("add", sums[0]!, constant, 0);
    const total = sums.reduce((a, b) => this.#operation("add", a, b, 0));
    // A sum of one term with weight 1 is that term: the caller owns what it gets.
    return parts.includes(total) ? tf.clone(total) : total;
  }

  /** A kernel's result as a tensor of its own, of exactly the shape the plan's rules give. */
  #output(value: Operand, shape: Shape, own: Set<TfTensor>): Tensor {
    const tf = this.#core;
    if (typeof value === "number") return this.#make(tf.fill([...shape], value, "float32"), shape);
    if (own.delete(value)) {
      if (sameShape(value.shape, shape)) return this.#make(value, shape);
      const full = tf.broadcastTo(value, [...shape]);
      value.dispose();
      return this.#make(full, shape);
    }
    // An input handed on, or a node that is an output twice.
    return this.#make(tf.clone(value), shape);
  }

  #make(value: TfTensor, shape: Shape): Tensor {
    const storage = new TfStorage([...shape], value);
    this.#live.add(storage);
    this.meter.allocate(sizeOf(shape));
    this.meter.move(sizeOf(shape));
    return storage;
  }

  /** Throws D0705 when the model disposed the tensor. */
  #value(tensor: Tensor): TfTensor {
    const value = this.#inside(tensor);
    checkIntact(value);
    return value;
  }

  #inside(tensor: Tensor): TfTensor {
    if (!(tensor instanceof TfStorage) || tensor.value === null || !this.#live.has(tensor)) {
      throw new Error("this tensor was freed, or belongs to another backend");
    }
    return tensor.value;
  }
}
