// Owns: a kernel made ready for a fused backend: for the shapes it meets, the passes it takes and their code. Knows no
// tensors and no memory.

import type { Kernel } from "../../compiler/plan/schema.js";
import type { Executable, Shape } from "../backend.js";
import type { Code, Engine } from "../kernels/engine.js";
import { layOut, type Layout } from "../kernels/layout.js";
import { lower } from "../kernels/lower.js";
import type { Tape } from "../kernels/tape.js";
import { nodeShapes, sameShape, sizeOf } from "../shapes.js";
import { isOperation, scalarNodes, scalarOps } from "./scalarOps.js";

/** The outputs of one shape, computed in one walk. */
export interface Pass<Memory> {
  /** Positions among the kernel's outputs. */
  readonly outputs: readonly number[];
  readonly tape: Tape;
  readonly layout: Layout;
  readonly code: Code<Memory>;
  /** Arguments of `code`, filled for every run: a dispatch takes microseconds, so it allocates little. */
  readonly memories: Memory[];
  readonly offsets: number[];
  readonly uniforms: Float32Array;
}

/** A kernel at given shapes. */
export interface Binding<Memory> {
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
  /** Elements of the outputs. */
  readonly sizes: readonly number[];
  readonly passes: readonly Pass<Memory>[];
  /** Outputs that are plain numbers. */
  readonly numbers: readonly number[];
  /** Whether an input is walked in full by one pass at most, so that it need not exist as a tensor. */
  readonly once: readonly boolean[];
}

function isBound(
  { inputs }: { readonly inputs: readonly Shape[] },
  tensors: readonly { readonly shape: Shape }[],
): boolean {
  for (let i = 0; i < inputs.length; i++) if (!sameShape(inputs[i]!, tensors[i]!.shape)) return false;
  return true;
}

export class FusedExecutable<Memory> implements Executable {
  readonly #isScalar: readonly boolean[];
  /** Nodes no tensor reaches, in order, and their values in the dispatch under way. */
  readonly #numbers: readonly number[];
  readonly #values: Float64Array;
  readonly #tapes = new Map<string, Tape>();
  readonly #codes = new Map<string, Code<Memory>>();
  #last: Binding<Memory> | undefined;

  constructor(
    readonly kernel: Kernel,
    readonly engine: Engine<Memory>,
  ) {
    this.#isScalar = scalarNodes(kernel);
    this.#numbers = kernel.nodes.flatMap((_, i) => (this.#isScalar[i] ? [i] : []));
    this.#values = new Float64Array(kernel.nodes.length);
  }

  /** Throws D0703 when the shapes do not broadcast. */
  bind(tensors: readonly { readonly shape: Shape }[]): Binding<Memory> {
    if (this.#last !== undefined && isBound(this.#last, tensors)) return this.#last;
    const shapes = tensors.map(({ shape }) => shape);
    const nodes = nodeShapes(this.kernel, shapes);
    const found = this.kernel.outputs.map((node) => nodes[node] ?? null);
    const outputs = found.map((shape) => shape ?? []);
    const passes: Pass<Memory>[] = [];
    found.forEach((shape, position) => {
      if (shape === null || passes.some((pass) => pass.outputs.includes(position))) return;
      const group = found.flatMap((other, i) => (other !== null && sameShape(other, shape) ? [i] : []));
      passes.push(this.#pass(group, shape, shapes));
    });
    this.#last = {
      inputs: shapes.map((shape) => [...shape]),
      outputs,
      sizes: outputs.map(sizeOf),
      passes,
      numbers: found.flatMap((shape, i) => (shape === null ? [i] : [])),
      once: shapes.map((shape, input) => {
        const users = passes.filter(({ tape }) => tape.inputs.includes(input));
        return users.every(({ layout }) => layout.total === sizeOf(shape)) && users.length <= 1;
      }),
    };
    return this.#last;
  }

  /** Values of the kernel's nodes no tensor reaches, in float64, by node. Good until the next call. */
  numbers(scalars: readonly number[]): Float64Array {
    const { nodes } = this.kernel;
    const values = this.#values;
    for (const i of this.#numbers) {
      const node = nodes[i]!;
      if (node.op === "scalar") values[i] = scalars[node.index]!;
      else if (node.op === "const") values[i] = node.value;
      else if (isOperation(node)) {
        const { op, args } = node;
        values[i] = scalarOps[op](values[args[0] ?? 0]!, values[args[1] ?? 0]!, values[args[2] ?? 0]!);
      }
    }
    return values;
  }

  #pass(group: readonly number[], shape: Shape, inputs: readonly Shape[]): Pass<Memory> {
    const key = group.join();
    let tape = this.#tapes.get(key);
    if (tape === undefined) {
      tape = lower(
        this.kernel,
        this.#isScalar,
        group.map((position) => this.kernel.outputs[position]!),
        this.kernel.wide && { rest: group.indexOf(this.kernel.wide.rest) },
      );
      this.#tapes.set(key, tape);
    }
    const layout = layOut(
      tape.inputs.map((input) => inputs[input]!),
      shape,
    );
    const invariant = layout.inputs.map(({ single, gathered }) => single && !gathered);
    const codeKey = `${key}|${invariant.map(Number).join("")}`;
    let code = this.#codes.get(codeKey);
    if (code === undefined) {
      code = this.engine.compile(tape, invariant);
      this.#codes.set(codeKey, code);
    }
    const offsets = Array<number>(tape.inputs.length + group.length).fill(0);
    const uniforms = new Float32Array(tape.uniforms.length);
    return { outputs: group, tape, layout, code, memories: [], offsets, uniforms };
  }
}
