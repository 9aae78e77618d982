// Owns: a kernel made ready for WebGPU: for the shapes it meets, the dispatches it takes, their text and their words.
// Knows no tensors and no memory.

import type { Kernel } from "../../../compiler/plan/schema.js";
import type { Executable, Shape } from "../../backend.js";
import type { NoiseRequest } from "../../noise/noise.js";
import { sampleSize } from "../../noise/noise.js";
import { nodeShapes, sameShape, sizeOf } from "../../shapes.js";
import { planReuse } from "../reuse.js";
import { scalarNodes, scalarValues } from "../scalarOps.js";
import type { Device, Shader, Stamp } from "./device.js";
import { emit, GROUP, neededNodes, words as fixed, type Access, type Emitted } from "./emit.js";
import { writeNoise } from "./noise.js";

/** A term of a place: (i / divisor % extent) * stride. */
type Term = readonly [divisor: number, extent: number, stride: number];

interface PassInput {
  readonly input: number;
  readonly size: number;
  readonly terms: readonly Term[];
  readonly whole: boolean;
}

/**
 * A pass as it is run: which inputs share the common buffer, and where; all others have their own, are noise, or lie where
 * a result goes.
 */
export interface Variant {
  readonly shader: Shader;
  readonly emitted: Emitted;
  /** Inputs with a buffer of their own, in the order of their bindings. */
  readonly own: readonly number[];
  /** Inputs of the common buffer, with the element at which each begins. */
  readonly packed: readonly { readonly input: number; readonly at: number }[];
  readonly packedSize: number;
  /** Inputs made on the way, with their words. */
  readonly noise: readonly { readonly input: number; readonly at: number }[];
  readonly grid: readonly [number, number];
  /** Filled for every run. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly floats: Float32Array;
}

/** The outputs of one shape that are computed together. */
export interface Pass {
  /** Positions among the kernel's outputs. */
  readonly outputs: readonly number[];
  readonly total: number;
  readonly inputs: readonly PassInput[];
  readonly variants: Map<string, Variant>;
}

export interface Binding {
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
  readonly passes: readonly Pass[];
  /** All outputs at once where `passes` are several of one shape: for outputs that need no buffers of their own. */
  readonly joined: Pass | null;
  /** Outputs that are plain numbers. */
  readonly numbers: readonly number[];
  /** Whether an input is read in full by one pass at most, so that it need not exist as a tensor. */
  readonly once: readonly boolean[];
}

/** How a binding is run. */
export interface Choice {
  readonly passes: readonly Pass[];
  readonly over: readonly number[];
}

const INFINITY_BITS = 0x7f800000;
const NAN_BITS = 0x7fc00000;

/** Where an input that broadcasts to `output` stands: terms, axes that lie side by side joined. */
function termsOf(input: Shape, output: Shape): Term[] {
  const axes: { extent: number; stride: number }[] = [];
  let stride = 1;
  for (let axis = output.length - 1; axis >= 0; axis--) {
    const extent = output[axis]!;
    const own = input[axis - output.length + input.length] ?? 1;
    const step = own === 1 ? 0 : stride;
    stride *= own;
    const inner = axes.at(-1);
    if (extent === 1) continue;
    if (inner !== undefined && step === inner.stride * inner.extent) inner.extent *= extent;
    else axes.push({ extent, stride: step });
  }
  let divisor = 1;
  return axes.flatMap(({ extent, stride: step }): Term[] => {
    const term: Term = [divisor, extent, step];
    divisor *= extent;
    return step === 0 ? [] : [term];
  });
}

/** A grid of at least `groups` workgroups, at most `most` along an axis. */
export function gridOf(groups: number, most: number): [number, number] {
  const y = Math.ceil(groups / most);
  return [Math.ceil(groups / Math.max(y, 1)), Math.max(y, 1)];
}

export class GpuExecutable implements Executable {
  readonly isScalar: readonly boolean[];
  #last: Binding | undefined;

  constructor(
    readonly kernel: Kernel,
    readonly device: Device,
  ) {
    this.isScalar = scalarNodes(kernel);
  }

  /** Throws D0703 when the shapes do not broadcast. */
  bind(shapes: readonly Shape[]): Binding {
    const last = this.#last;
    if (last !== undefined && shapes.every((shape, i) => sameShape(shape, last.inputs[i]!))) return last;
    const nodes = nodeShapes(this.kernel, shapes);
    const [first = null, ...rest] = this.kernel.outputs.map((node) => nodes[node] ?? null);
    const isOne = first !== null && rest.every((shape) => shape !== null && sameShape(shape, first));
    const found = this.kernel.outputs.map((node) => nodes[node] ?? null);
    const passes: Pass[] = [];
    found.forEach((shape, position) => {
      if (shape === null || passes.some(({ outputs }) => outputs.includes(position))) return;
      const group = found.flatMap((other, i) => (other !== null && sameShape(other, shape) ? [i] : []));
      passes.push(...this.#passes(group, shape, shapes));
    });
    this.#last = {
      inputs: shapes.map((shape) => [...shape]),
      outputs: found.map((shape) => shape ?? []),
      passes,
      joined: isOne && passes.length > 1 ? this.#pass([...found.keys()], first, shapes) : null,
      numbers: found.flatMap((shape, i) => (shape === null ? [i] : [])),
      once: shapes.map((shape, input) => {
        const users = passes.filter(({ inputs }) => inputs.some((each) => each.input === input));
        return users.length <= 1 && users.every(({ total }) => total === sizeOf(shape));
      }),
    };
    return this.#last;
  }

  /** One pass for all outputs, or several where the device cannot take so many buffers at once. */
  #passes(group: readonly number[], shape: Shape, shapes: readonly Shape[]): Pass[] {
    const whole = this.#pass(group, shape, shapes);
    if (group.length === 1 || whole.inputs.length + group.length <= this.device.bindings) return [whole];
    const half = group.length >> 1;
    return [group.slice(0, half), group.slice(half)].flatMap((part) => this.#passes(part, shape, shapes));
  }

  #pass(group: readonly number[], shape: Shape, shapes: readonly Shape[]): Pass {
    const { kernel } = this;
    const total = sizeOf(shape);
    const outputs = group.map((position) => kernel.outputs[position]!);
    const needed = neededNodes(kernel, this.isScalar, outputs);
    const read = new Set(
      kernel.nodes.flatMap((node, i) => (needed[i] && node.op === "input" ? [node.index] : [])),
    );
    const inputs = [...read].map((input): PassInput => {
      const size = sizeOf(shapes[input]!);
      return { input, size, terms: termsOf(shapes[input]!, shape), whole: size === total };
    });
    return { outputs: group, total, inputs, variants: new Map() };
  }

  /** Values of the kernel's nodes no tensor reaches, in float64, by node. */
  numbers(scalars: readonly number[]): (number | undefined)[] {
    return scalarValues(this.kernel, scalars, this.isScalar);
  }

  /**
   * The passes of a run, and for each output the input that it is written over, or -1; `candidates` as in `planReuse`.
   * Nothing is written over where there are several: another one might read it, or fail when one is done.
   */
  choose(binding: Binding, candidates: readonly (number | null)[]): Choice {
    const { outputs, passes, joined, numbers } = binding;
    const [single = null] = passes.length === 1 && numbers.length === 0 ? passes : [joined];
    if (single !== null) {
      const over = planReuse(outputs, candidates);
      const buffers = single.inputs.length + over.filter((input) => input < 0).length;
      if (single !== joined || buffers <= this.device.bindings) return { passes: [single], over };
    }
    return { passes, over: outputs.map(() => -1) };
  }

  /**
   * A pass with the inputs of which `requests` has one made on the way, its outputs written `over` inputs. Compiles each
   * variant once.
   */
  variant(pass: Pass, requests: readonly (NoiseRequest | null)[], over: readonly number[]): Variant {
    const noise = pass.inputs.map(({ input }) => requests[input] ?? null);
    const even =
      pass.total % 4 === 0 && noise.every((request) => request === null || sampleSize(request) % 4 === 0);
    const width = even ? 4 : 1;
    const key = [width, ...noise.map((request) => request?.distribution ?? ""), ...over].join();
    let variant = pass.variants.get(key);
    if (variant === undefined) {
      variant = this.#variant(pass, noise, width, over);
      pass.variants.set(key, variant);
    }
    return variant;
  }

  #variant(
    pass: Pass,
    noise: readonly (NoiseRequest | null)[],
    width: 1 | 4,
    over: readonly number[],
  ): Variant {
    const { kernel, device } = this;
    const stored = pass.inputs.filter(({ input }, i) => noise[i] === null && !over.includes(input));
    const tooMany = stored.length + pass.outputs.length - device.bindings;
    // The smallest ones share a buffer, which is one binding itself.
    const sharing = tooMany <= 0 ? [] : stored.toSorted((a, b) => a.size - b.size).slice(0, tooMany + 1);
    const inputs = pass.inputs.map((each, i) => {
      const request = noise[i] ?? null;
      if (request !== null)
        return {
          input: each.input,
          access: { kind: "noise", distribution: request.distribution } satisfies Access,
        };
      const output = over.indexOf(each.input);
      if (output >= 0) return { input: each.input, access: { kind: "over", output } satisfies Access };
      const packed = sharing.includes(each);
      const access: Access = each.whole
        ? { kind: "whole", packed }
        : each.terms.length === 0
          ? { kind: "single", packed }
          : { kind: "gathered", terms: each.terms.length, packed };
      return { input: each.input, access };
    });
    const outputs = pass.outputs.map((position) => kernel.outputs[position]!);
    const emitted = emit(kernel, this.isScalar, { inputs, outputs, width });
    const words = new Uint32Array(emitted.words);
    const count = pass.total / width;
    words.set([INFINITY_BITS, NAN_BITS, count], fixed.infinity);
    const packed: { input: number; at: number }[] = [];
    let packedSize = 0;
    pass.inputs.forEach((each, i) => {
      if (!stored.includes(each)) return;
      const first = emitted.placed[i]!;
      const shares = sharing.includes(each);
      if (shares) {
        packed.push({ input: each.input, at: packedSize });
        words[first] = packedSize;
        packedSize += each.size;
      }
      if (!each.whole) words.set(each.terms.flat(), first + (shares ? 1 : 0));
    });
    return {
      shader: device.compile(emitted.code, `dsamp ${outputs.length} of ${inputs.length}`),
      emitted,
      own: stored.filter((each) => !sharing.includes(each)).map(({ input }) => input),
      packed,
      packedSize,
      noise: pass.inputs.flatMap(({ input }, i) =>
        noise[i] === null ? [] : [{ input, at: emitted.placed[i]! }],
      ),
      grid: gridOf(Math.ceil(count / GROUP), device.tfjs.device.limits.maxComputeWorkgroupsPerDimension),
      words,
      floats: new Float32Array(words.buffer),
    };
  }
}

/** The words of a run: the numbers of the step, the noise, and where to tell of results that are not finite. */
export function fillWords(
  { emitted, noise, words, floats }: Variant,
  numbers: readonly (number | undefined)[],
  requests: readonly (NoiseRequest | null)[],
  { stamp, slot }: Stamp,
): ArrayBuffer {
  words[fixed.stamp] = stamp;
  words[fixed.slot] = slot;
  for (const { node, word } of emitted.numbers) floats[word] = numbers[node]!;
  for (const { input, at } of noise) writeNoise(requests[input]!, words, at);
  return words.buffer;
}
