// Owns: one fused pointwise kernel: the expressions of several outputs over registers, with the step's coefficients as
// parameters. The structure is numbered in the order of first use, so equal computations give equal kernels.

import { one, type Expr } from "../algebra/expr.js";
import type { Linear, Node } from "../graph/node.js";
import type { Kernel, KernelNode, KernelOp } from "../plan/schema.js";
import type { RunStep } from "../sampler/run.js";
import { pruned } from "./prune.js";

/** What a kernel computes: a combination, a pointwise node, or (for copies) a register as it is. */
export type Target =
  | { readonly kind: "linear"; readonly value: Linear }
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "copy"; readonly node: Node };

export class KernelBuilder {
  readonly nodes: KernelNode[] = [];
  readonly inputs: number[] = [];
  readonly scalars: number[] = [];
  readonly outputs: number[] = [];
  readonly #byKey = new Map<string, number>();

  constructor(
    readonly step: RunStep,
    /** The register of a node that is already a tensor, or undefined when it is to be computed here. */
    readonly register: (node: Node) => number | undefined,
    /** The slot of a scalar in the step's row. */
    readonly slot: (expr: Expr) => number,
    /** A register whose shape combinations take that are only a number. */
    readonly shape: number | undefined,
  ) {}

  #add(node: KernelNode): number {
    const key = JSON.stringify(node);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.nodes.push(node);
    this.#byKey.set(key, this.nodes.length - 1);
    return this.nodes.length - 1;
  }

  #op(op: KernelOp, ...args: number[]): number {
    return this.#add({ op, args });
  }

  #input(register: number): number {
    let index = this.inputs.indexOf(register);
    if (index < 0) index = this.inputs.push(register) - 1;
    return this.#add({ op: "input", index });
  }

  #scalar(expr: Expr): number {
    const slot = this.slot(expr);
    let index = this.scalars.indexOf(slot);
    if (index < 0) index = this.scalars.push(slot) - 1;
    return this.#add({ op: "scalar", index });
  }

  output(target: Target): void {
    if (target.kind === "linear") this.outputs.push(this.#linear(target.value));
    else if (target.kind === "node") this.outputs.push(this.#compute(target.node));
    else this.outputs.push(this.#op("mul", this.#node(target.node), this.#add({ op: "const", value: 1 })));
  }

  #linear(value: Linear): number {
    const { terms, constant } = pruned(value, this.step);
    let sum: number | undefined;
    for (const { node, coefficient } of terms) {
      const factor =
        coefficient === one ? this.#node(node) : this.#op("mul", this.#scalar(coefficient), this.#node(node));
      sum = sum === undefined ? factor : this.#op("add", sum, factor);
    }
    if (sum === undefined) {
      if (this.shape === undefined) throw new Error("a constant without a tensor to take its shape from");
      sum = this.#op("mul", this.#input(this.shape), this.#add({ op: "const", value: 0 }));
    }
    const isZero = constant.kind === "num" && constant.value.n === 0n;
    return isZero ? sum : this.#op("add", sum, this.#scalar(constant));
  }

  #node(node: Node): number {
    const register = this.register(node);
    return register === undefined ? this.#compute(node) : this.#input(register);
  }

  #compute(node: Node): number {
    if (node.kind === "linear") return this.#linear(node.value);
    if (node.kind !== "map") throw new Error(`a ${node.kind} is not pointwise`);
    const args = node.args.map((arg) => (arg.kind === "number" ? this.#scalar(arg.value) : this.#node(arg)));
    return this.#op(node.fn, ...args);
  }

  kernel(): Kernel {
    const body = {
      inputs: this.inputs.length,
      scalars: this.scalars.length,
      nodes: this.nodes,
      outputs: this.outputs,
    };
    return { key: kernelKey(body.nodes, body.outputs), ...body };
  }
}

/** Canonical text of a kernel's structure. */
function kernelKey(nodes: readonly KernelNode[], outputs: readonly number[]): string {
  const text = nodes.map((node) => {
    if (node.op === "input") return `i${node.index}`;
    if (node.op === "scalar") return `k${node.index}`;
    if (node.op === "const") return `c${node.value}`;
    return `${node.op}(${node.args.join(",")})`;
  });
  return `${text.join(";")}>${outputs.join(",")}`;
}
