// Owns: turning the graph of one step into straight-line operations over virtual registers: calls and reductions in
// the order of need, everything pointwise between two of them in one kernel.

import { isZero, num, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { singleAtom, type Binding, type Leaf, type Linear, type Node } from "../graph/node.js";
import { quantity } from "../graph/quantity.js";
import type { Kernel, Op, Slot } from "../plan/schema.js";
import type { RunStep } from "../sampler/run.js";
import { KernelBuilder, type Target } from "./kernel.js";
import { children, numberAt, pruned } from "./prune.js";

/** Numbers that belong to the whole plan. */
export interface PlanNames {
  readonly model: (name: string) => number;
  readonly condition: (name: string) => number;
  readonly input: (name: string) => number;
  readonly draw: (leaf: Extract<Leaf, { kind: "draw" }>) => number;
  readonly kernel: (kernel: Kernel) => number;
}

export interface EmittedStep {
  readonly ops: readonly Op[];
  readonly scalars: readonly number[];
  /** The numbers behind the scalars, for steps whose place is not known yet. */
  readonly exprs: readonly Expr[];
  /** Virtual register of each root, in the order given. */
  readonly roots: readonly number[];
  /** Virtual registers that hold full tensors. */
  readonly binding: ReadonlyMap<number, Binding>;
  readonly groups: number;
  readonly calls: number;
}

export class StepEmitter {
  readonly #ops: Op[] = [];
  readonly #scalars: number[] = [];
  readonly #exprs: Expr[] = [];
  readonly #slots = new Map<Expr, Slot>();
  readonly #registers = new Map<Node, number>();
  readonly #binding = new Map<number, Binding>();
  readonly #stages = new Map<Node, number>();
  readonly #groups = new Set<string>();
  #calls = 0;
  #next: number;
  /** Nodes that get a register in the kernel of their stage, and combinations that calls and roots need. */
  readonly #targets: { target: Target; register: number }[][] = [];
  readonly #linears = new Map<Linear, number>();

  constructor(
    readonly step: RunStep,
    readonly names: PlanNames,
    /** Registers of values from earlier steps. */
    readonly incoming: (leaf: Leaf) => number | undefined,
    firstRegister: number,
  ) {
    this.#next = firstRegister;
  }

  #fresh(binding: Binding): number {
    this.#binding.set(this.#next, binding);
    this.#next += 1;
    return this.#next - 1;
  }

  #slot(expr: Expr): Slot {
    const known = this.#slots.get(expr);
    if (known !== undefined) return known;
    const slot = this.#row(numberAt(expr, this.step), expr);
    this.#slots.set(expr, slot);
    return slot;
  }

  #row(value: number, expr: Expr): Slot {
    this.#exprs.push(expr);
    return this.#scalars.push(value) - 1;
  }

  /** How many calls and reductions lie before a node, one after the other. */
  #stage(node: Node): number {
    const known = this.#stages.get(node);
    if (known !== undefined) return known;
    const inner = Math.max(0, ...children(node, this.step).map((child) => this.#stage(child)));
    const stage = node.kind === "call" || node.kind === "reduce" ? inner + 1 : inner;
    this.#stages.set(node, stage);
    return stage;
  }

  #reach(roots: readonly Linear[]): Node[] {
    const order: Node[] = [];
    const seen = new Set<Node>();
    const visit = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      for (const child of children(node, this.step)) visit(child);
      order.push(node);
    };
    for (const root of roots) for (const { node } of pruned(root, this.step).terms) visit(node);
    return order;
  }

  emit(roots: readonly Linear[], keepApart: (root: number, node: Node) => boolean): EmittedStep {
    const order = this.#reach(roots);
    const last = Math.max(0, ...order.map((node) => this.#stage(node)));
    for (let stage = 0; stage <= last; stage += 1) this.#targets.push([]);
    const rootRegisters = this.#plan(order, roots, last, keepApart);
    for (let stage = 0; stage <= last; stage += 1) {
      if (stage > 0)
        for (const node of order)
          if (this.#stage(node) === stage && (node.kind === "call" || node.kind === "reduce"))
            this.#emitNode(node, order);
      this.#emitKernel(stage);
    }
    return {
      ops: this.#ops,
      scalars: this.#scalars,
      exprs: this.#exprs,
      roots: rootRegisters.map((root) => (typeof root === "number" ? root : this.#load(root))),
      binding: this.#binding,
      groups: this.#groups.size,
      calls: this.#calls,
    };
  }

  /** Decides, from the last stage to the first, what each kernel must put into registers. */
  #plan(
    order: readonly Node[],
    roots: readonly Linear[],
    last: number,
    keepApart: (root: number, node: Node) => boolean,
  ): (number | Node)[] {
    const claimed = new Set<Node>();
    const result = roots.map((root, position): number | Node => {
      const atom = this.#bareAtom(root);
      if (atom && !claimed.has(atom) && !keepApart(position, atom)) {
        claimed.add(atom);
        this.#needNode(atom, last);
        return atom;
      }
      const register = this.#fresh(atom?.binding ?? "tensor");
      const target: Target = atom ? { kind: "copy", node: atom } : { kind: "linear", value: root };
      this.#targets[last]?.push({ target, register });
      return register;
    });
    for (let stage = last; stage >= 0; stage -= 1) {
      for (const node of order) {
        if (this.#stage(node) !== stage + 1) continue;
        if (node.kind === "call")
          for (const value of [node.site.state, ...node.site.inputs]) this.#needLinear(value, stage);
        if (node.kind === "reduce") for (const arg of node.args) this.#needNode(arg, stage);
      }
      for (const { target } of this.#targets[stage] ?? []) this.#markEarlier(target, stage);
    }
    return result;
  }

  /** The node a combination is, at this step: weight exactly one and nothing else. */
  #bareAtom(value: Linear): Node | undefined {
    const { terms, constant } = pruned(value, this.step);
    const [only] = terms;
    if (terms.length !== 1 || !only || !isZero(constant)) return undefined;
    return singleAtom({ terms: new Map([[only.node, only.coefficient]]), constant }) ?? undefined;
  }

  #needLinear(value: Linear, stage: number): void {
    const atom = this.#bareAtom(value);
    if (atom) return this.#needNode(atom, stage);
    if (this.#linears.has(value)) return;
    const register = this.#fresh("tensor");
    this.#linears.set(value, register);
    this.#targets[stage]?.push({ target: { kind: "linear", value }, register });
  }

  /** A pointwise node that somebody needs as a tensor at a stage is computed at its own stage. */
  #needNode(node: Node, stage: number): void {
    if (node.kind !== "map" && node.kind !== "linear") return;
    if (this.#registers.has(node)) return;
    const own = Math.min(stage, this.#stage(node));
    const register = this.#fresh(node.binding);
    this.#registers.set(node, register);
    this.#targets[own]?.push({ target: { kind: "node", node }, register });
  }

  /** Pointwise nodes of earlier stages that a kernel reads are kept from there. */
  #markEarlier(target: Target, stage: number): void {
    const seen = new Set<Node>();
    const visit = (node: Node, top: boolean): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (node.kind !== "map" && node.kind !== "linear") return;
      if (!top && node.kind === "map" && this.#stage(node) < stage)
        return this.#needNode(node, this.#stage(node));
      if (!top && this.#registers.has(node) && this.#stage(node) < stage) return;
      for (const child of children(node, this.step)) visit(child, false);
    };
    if (target.kind === "linear")
      for (const { node } of pruned(target.value, this.step).terms) visit(node, false);
    else visit(target.node, true);
  }

  #emitKernel(stage: number): void {
    const targets = this.#targets[stage] ?? [];
    if (targets.length === 0) return;
    const own = new Set(targets.flatMap(({ target }) => (target.kind === "node" ? [target.node] : [])));
    const builder = new KernelBuilder(
      this.step,
      (node) => {
        if (node.kind === "map" || node.kind === "linear")
          return own.has(node) ? undefined : this.#registers.get(node);
        return this.#load(node);
      },
      (expr) => this.#slot(expr),
      this.#shapeRegister(),
    );
    for (const { target } of targets) builder.output(target);
    this.#ops.push({
      op: "kernel",
      kernel: this.names.kernel(builder.kernel()),
      inputs: builder.inputs,
      scalars: builder.scalars,
      outputs: targets.map(({ register }) => register),
    });
  }

  /** Some tensor of the state's shape, for values that are plain numbers. */
  #shapeRegister(): number | undefined {
    return this.incoming({ kind: "state", offset: 0 });
  }

  /** The register of a leaf, call or reduction; draws and inputs are fetched when first needed. */
  #load(node: Node): number {
    const known = this.#registers.get(node);
    if (known !== undefined) return known;
    if (node.kind !== "leaf") throw new Error(`${node.kind} ${node.key} is used before it is made`);
    const { leaf } = node;
    const incoming = this.incoming(leaf);
    if (incoming !== undefined) {
      this.#registers.set(node, incoming);
      return incoming;
    }
    const out = this.#fresh("tensor");
    this.#registers.set(node, out);
    if (leaf.kind === "draw")
      this.#ops.push({ op: "draw", draw: this.names.draw(leaf), pass: leaf.pass, out });
    else if (leaf.kind === "input") {
      const point = leaf.trajectory ? this.#pointSlot(leaf.trajectory) : null;
      this.#ops.push({ op: "input", input: this.names.input(leaf.name), point, out });
    } else throw new Error(`leaf ${node.key} has no source`);
    return out;
  }

  #pointSlot(level: Extract<Leaf, { kind: "input" }>["trajectory"]): Slot {
    const offset = level?.kind === "grid" ? level.offset : 0;
    const point = this.step.numbers.index + offset;
    return this.#row(point, num(point));
  }

  #registerOf(value: Linear): number {
    const atom = this.#bareAtom(value);
    if (!atom) return this.#linears.get(value) as number;
    return this.#registers.get(atom) ?? this.#load(atom);
  }

  #emitNode(node: Node, order: readonly Node[]): void {
    if (node.kind === "reduce") {
      const out = this.#fresh(node.binding);
      this.#registers.set(node, out);
      this.#ops.push({
        op: "reduce",
        fn: node.fn,
        per: node.per,
        inputs: node.args.map((arg) => this.#registers.get(arg) ?? this.#load(arg)),
        parameter: node.parameter ? this.#slot(node.parameter) : null,
        out,
      });
      return;
    }
    if (node.kind !== "call") return;
    const { site } = node;
    const level = this.step.numbers.point(site.level);
    if (level.sigma === 0)
      fail("D0421", `\`${this.step.rule}\` calls the model at sigma = 0`, {
        at: this.step.at,
        why: "at sigma = 0 there is no noise left to predict, and no network was trained there",
        help: "add `final ddim` (or another rule of one call) to the sampler, or end the grid above sigma = 0",
      });
    const raw = this.#fresh("tensor");
    this.#registers.set(node, raw);
    const outputs = order.filter((other) => other.kind === "output" && other.call === node);
    const named = outputs.map((other) => {
      const out = this.#fresh("tensor");
      this.#registers.set(other, out);
      return { name: other.kind === "output" ? other.output : "", out };
    });
    this.#calls += 1;
    this.#groups.add(site.group);
    const extras: Record<string, Slot> = {};
    for (const [name, value] of Object.entries(site.extras)) extras[name] = this.#slot(value);
    const numbers = this.step.numbers;
    const own = (name: "alpha" | "sigma"): Slot =>
      this.#row(numbers.point(site.level)[name], quantity(name, site.level));
    this.#ops.push({
      op: "call",
      model: this.names.model(site.model),
      state: this.#registerOf(site.state),
      inputs: site.inputs.map((value) => this.#registerOf(value)),
      scale: site.scale ? this.#slot(site.scale) : null,
      time: site.time ? this.#slot(site.time) : null,
      alpha: own("alpha"),
      sigma: own("sigma"),
      form: site.form ? { x: this.#slot(site.form.x), x0: this.#slot(site.form.x0) } : null,
      conditions: site.conditions.map(this.names.condition),
      variant: site.variant,
      extras,
      raw,
      outputs: named,
    });
  }
}
