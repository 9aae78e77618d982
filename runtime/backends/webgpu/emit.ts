// Owns: WGSL of a pointwise kernel: some outputs of one shape, in one dispatch. The text depends on the kernel and on how
// its inputs lie, not on sizes or numbers, which are uniform words. Knows no device.

import type { Distribution, Kernel, KernelNode, KernelOp } from "../../../compiler/plan/schema.js";
import { isOperation } from "../scalarOps.js";
import { FunctionText, floatType } from "./functions.js";
import { noiseValue, noiseWords } from "./noise.js";

/**
 * How an input is read for an element of the outputs: element by element, from a buffer of its own or from that of the
 * output that is written over it; one element for all; by `terms` sums of (i / divisor % extent) * stride; or made on the
 * way. `packed`: it lies in the common buffer of inputs that have none of their own.
 */
export type Access =
  | { readonly kind: "whole" | "single"; readonly packed: boolean }
  | { readonly kind: "over"; readonly output: number }
  | { readonly kind: "gathered"; readonly terms: number; readonly packed: boolean }
  | { readonly kind: "noise"; readonly distribution: Distribution };

/** What a text is made for. */
export interface Form {
  /** Inputs that are read, by number, and how. */
  readonly inputs: readonly { readonly input: number; readonly access: Access }[];
  /** Nodes that are results. */
  readonly outputs: readonly number[];
  readonly width: 1 | 4;
}

/** A text and where its uniform words are. */
export interface Emitted {
  readonly code: string;
  readonly words: number;
  /** Nodes that are plain numbers, with their words. */
  readonly numbers: readonly { readonly node: number; readonly word: number }[];
  /** By position in `Form.inputs`: first word of its offset in the common buffer and of its terms, or of its noise. */
  readonly placed: readonly number[];
}

/** Invocations of a workgroup. */
export const GROUP = 64;
/** Words of every kernel: infinity, NaN, invocations, stamp, slot. */
export const words = { infinity: 0, nan: 1, count: 2, stamp: 3, slot: 4, first: 5 } as const;

const uniform = (word: number): string => `words[${word >> 2}].${"xyzw"[word & 3]!}`;

/** The values a stage of `nodes` needs, from its outputs down. */
export function neededNodes(
  kernel: Kernel,
  isScalar: readonly boolean[],
  outputs: readonly number[],
): boolean[] {
  const needed = kernel.nodes.map(() => false);
  for (const output of outputs) needed[output] = true;
  for (let i = kernel.nodes.length - 1; i >= 0; i--) {
    const node = kernel.nodes[i]!;
    if (needed[i] && isOperation(node) && !isScalar[i]) for (const arg of node.args) needed[arg] = true;
  }
  return needed;
}

const infix: Partial<Readonly<Record<KernelOp, string>>> = { add: "+", sub: "-", mul: "*", div: "/" };
const compare: Partial<Readonly<Record<KernelOp, string>>> = { lt: "<", le: "<=", eq: "==" };

class Emitter {
  readonly functions = new FunctionText();
  readonly lines: string[] = [];
  readonly numbers: { node: number; word: number }[] = [];
  readonly type: string;
  #next: number = words.first;

  constructor(readonly width: 1 | 4) {
    this.type = floatType(width);
  }

  /** The first of `count` new words; `aligned`: at the beginning of a vector. */
  claim(count: number, aligned = false): number {
    if (aligned) this.#next = Math.ceil(this.#next / 4) * 4;
    const first = this.#next;
    this.#next += count;
    return first;
  }
  get claimed(): number {
    return this.#next;
  }

  number(node: number): string {
    const word = this.claim(1);
    this.numbers.push({ node, word });
    return `${this.type}(bitcast<f32>(${uniform(word)}))`;
  }

  operation(op: KernelOp, a: string, b: string, c: string): string {
    const { type, width } = this;
    const symbol = infix[op];
    if (symbol !== undefined) return `${a} ${symbol} ${b}`;
    const zero = `${type}(0.0)`;
    const truth = (condition: string): string => `select(${zero}, ${type}(1.0), ${condition})`;
    const relation = compare[op];
    if (relation !== undefined) return truth(`${a} ${relation} ${b}`);
    // Not `!=`, which drivers may take for "less or greater": false of NaN.
    const isNot = (x: string, y: string): string => `!(${x} == ${y})`;
    switch (op) {
      case "neg":
        return `-${a}`;
      case "abs":
      case "sqrt":
      case "floor":
      case "round":
        return `${op}(${a})`;
      case "ne":
        return truth(isNot(a, b));
      case "and":
        return truth(`${isNot(a, zero)} & ${isNot(b, zero)}`);
      case "or":
        return truth(`${isNot(a, zero)} | ${isNot(b, zero)}`);
      case "not":
        return truth(`${a} == ${zero}`);
      case "where":
        return `select(${c}, ${b}, ${isNot(a, zero)})`;
      default: {
        const name = this.functions.use(op === "min" ? "least" : op === "max" ? "greatest" : op, width);
        return `${name}(${["atan2", "pow", "min", "max"].includes(op) ? `${a}, ${b}` : a})`;
      }
    }
  }

  /** An expression for the input at this invocation; `at`: its words. */
  load(name: string, access: Access, at: number): string {
    const { width, type } = this;
    if (access.kind === "noise") return noiseValue(this.functions, access.distribution, width, at >> 2);
    // Its invocation alone reads the element, before it writes there.
    if (access.kind === "over") return `y${access.output}[i]`;
    const buffer = access.packed ? "packed" : name;
    const offset = access.packed ? `${uniform(at)} + ` : "";
    if (access.kind === "single") return `${type}(${buffer}[${offset}0u])`;
    const first = access.packed ? at + 1 : at;
    const index = (element: string): string =>
      access.kind !== "gathered"
        ? element
        : Array.from({ length: access.terms }, (_, k) => {
            const [divisor, extent, stride] = [0, 1, 2].map((part) => uniform(first + 3 * k + part));
            return `(((${element}) / ${divisor!}) % ${extent!}) * ${stride!}`;
          }).join(" + ");
    if (access.kind === "whole" && (!access.packed || width === 1)) return `${buffer}[${offset}i]`;
    if (width === 1) return `${buffer}[${offset}${index("i")}]`;
    return `${type}(${[0, 1, 2, 3].map((k) => `${buffer}[${offset}${index(`4u * i + ${k}u`)}]`).join(", ")})`;
  }
}

/** How many words the place of an input takes. */
const placeWords = (access: Access): number => {
  if (access.kind === "noise") return noiseWords;
  if (access.kind === "over") return 0;
  return (access.packed ? 1 : 0) + (access.kind === "gathered" ? 3 * access.terms : 0);
};

/** Whether an input lies in the common buffer; null: it has no buffer that is not an output's. */
const isPacked = (access: Access): boolean | null => ("packed" in access ? access.packed : null);

/** The WGSL of a form. Buffers: flags, inputs with one of their own, the common one if there is one, outputs. */
export function emit(
  kernel: Kernel,
  isScalar: readonly boolean[],
  { inputs, outputs, width }: Form,
): Emitted {
  const emitter = new Emitter(width);
  const { type } = emitter;
  const needed = neededNodes(kernel, isScalar, outputs);
  const placed = inputs.map(({ access }) => emitter.claim(placeWords(access), access.kind === "noise"));
  const declarations: string[] = [];
  const declare = (mode: string, name: string, of: string): void => {
    declarations.push(
      `@group(0) @binding(${declarations.length + 1}) var<storage, ${mode}> ${name}: array<${of}>;`,
    );
  };
  declare("read_write", "flags", "atomic<u32>");
  for (const { input, access } of inputs)
    if (isPacked(access) === false) declare("read", `x${input}`, access.kind === "whole" ? type : "f32");
  if (inputs.some(({ access }) => isPacked(access) === true)) declare("read", "packed", "f32");
  outputs.forEach((_, k) => declare("read_write", `y${k}`, type));

  const value = (node: KernelNode, i: number): string => {
    if (isScalar[i]) return emitter.number(i);
    if (node.op === "input") {
      const position = inputs.findIndex(({ input }) => input === node.index);
      return emitter.load(`x${node.index}`, inputs[position]!.access, placed[position]!);
    }
    const { op, args } = node as Extract<KernelNode, { args: readonly number[] }>;
    const [a = "", b = "", c = ""] = args.map((arg) => `v${arg}`);
    return emitter.operation(op, a, b, c);
  };
  const lines = kernel.nodes.flatMap((node, i) => (needed[i] ? [`  let v${i} = ${value(node, i)};`] : []));
  const bits = type.replace("f32", "u32");
  const odd = outputs.map((node) => `any((bitcast<${bits}>(v${node}) & mask) == mask)`);
  const code = `
@group(0) @binding(0) var<uniform> words: array<vec4<u32>, ${Math.ceil(emitter.claimed / 4)}>;
${declarations.join("\n")}
${emitter.functions.text}
@compute @workgroup_size(${GROUP})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * ${GROUP}u + local;
  if (i >= ${uniform(words.count)}) { return; }
${lines.join("\n")}
${outputs.map((node, k) => `  y${k}[i] = v${node};`).join("\n")}
  let mask = ${bits}(0x7f800000u);
  if (${odd.join(" || ")}) { atomicMax(&flags[${uniform(words.slot)}], ${uniform(words.stamp)}); }
}
`;
  return { code, words: Math.ceil(emitter.claimed / 4) * 4, numbers: emitter.numbers, placed };
}
