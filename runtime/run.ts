// Owns: one run of a plan over one batch, driven from outside: it hands out model calls and takes their results, and can
// be saved between steps. Must not know schedules or solvers, nor who evaluates the models.

import { fail } from "../compiler/diagnostics/report.js";
import { callsTogether } from "../compiler/plan/branches.js";
import type { CallOp, Op, Plan, PlanStep, Register } from "../compiler/plan/schema.js";
import type { Backend, HostArray, HostTensor, Shape, Tensor } from "./backend.js";
import { cutUp, repeatedView } from "./branches.js";
import { ControlledHost, type ControlProgress } from "./control.js";
import { located, outputIndex, place } from "./failure.js";
import { FiniteChecks } from "./finite.js";
import { bindInputs, type BoundInputs, type RunInputs } from "./inputs.js";
import type { Condition, ModelCall, ModelResult, ModelTensor, TensorView } from "./model.js";
import { FIXED_STEP, makeSeed, type Seed } from "./noise/noise.js";
import { preparePlan, type PreparedPlan, type PreparedOp } from "./program.js";
import { handlesOf, isHostTensor, readResult } from "./results.js";
import { sameShape, showShape, sizeOf } from "./shapes.js";
import { fingerprint, type RunState } from "./state.js";
import { spread, viewOf } from "./view.js";
import { warm } from "./warm.js";

/** Which samples a recorded noise tensor is for: [count, ...sample shape]. */
export interface NoisePlace {
  readonly firstSample: number;
  readonly shape: Shape;
}
/** Recorded noise in place of a draw; undefined: draw it. The array has one number per element of `place.shape`. */
export type NoiseSource = (
  path: string,
  step: number,
  pass: number,
  place: NoisePlace,
) => HostArray | undefined;

export interface RunOptions {
  readonly backend: Backend;
  /** 0 .. 2^64-1; default 0. */
  readonly seed?: number | bigint | undefined;
  /** Shape of one sample, without the batch axis, channels first. */
  readonly shape: Shape;
  /** Samples in this run. */
  readonly count: number;
  /** Absolute index of the first one; noise depends on it. Default 0. */
  readonly firstSample?: number | undefined;
  readonly inputs?: RunInputs | BoundInputs | undefined;
  readonly noise?: NoiseSource | undefined;
  /** Check states and results of calls for non-finite values; default true. */
  readonly check?: boolean | undefined;
  /** By model: whether it takes several branches in one call; default: none does. */
  readonly batched?: readonly boolean[] | undefined;
}

/**
 * `point` is the index of the grid point the state is at: 0 after init. Views are valid until the next event. A state or
 * result that is the same for all samples may be smaller than [count, ...shape]; it broadcasts.
 */
export type RunEvent =
  | { readonly kind: "call"; readonly model: number; readonly call: ModelCall }
  | { readonly kind: "step"; readonly point: number; readonly state: TensorView | null }
  | { readonly kind: "done"; readonly results: readonly TensorView[] };

const isBound = (inputs: RunInputs | BoundInputs): inputs is BoundInputs =>
  "tensors" in inputs && inputs.tensors instanceof Map;

/**
 * One batch of a plan. `next()` gives the next event; after a `call` event it must be given the result of that call.
 * After an error, after `done` or to stop early, call `dispose()`: it frees every tensor of the run.
 */
export class Run {
  readonly #plan: Plan;
  readonly #backend: Backend;
  readonly #prepared: PreparedPlan;
  readonly #inputs: BoundInputs;
  readonly #options: RunOptions;
  readonly #seed: Seed;
  readonly #shape: Shape;
  readonly #registers: (Tensor | null)[];
  readonly #events: AsyncGenerator<RunEvent, void, ModelResult | undefined>;
  readonly #checks: FiniteChecks;
  /** Tensors made for the call that is under way. */
  readonly #temporary = new Set<Tensor>();
  #position = 0;
  /** Of an error-controlled run. */
  readonly #host: ControlledHost | undefined;
  #calls = 0;
  /** Of the step under way, as `#apply` takes it. */
  #index = -1;
  #saveable = false;

  /** Starts a run, or resumes one from `state`. Throws D0703 on wrong inputs and on a state of another plan or shape. */
  constructor(plan: Plan, options: RunOptions, state?: RunState) {
    const { backend, shape, count, inputs = {} } = options;
    this.#plan = plan;
    this.#backend = backend;
    this.#options = options;
    this.#seed = makeSeed(options.seed ?? 0);
    this.#shape = [count, ...shape];
    this.#inputs = isBound(inputs) ? inputs : bindInputs(plan, inputs, shape, count);
    this.#prepared = preparePlan(plan, backend);
    const batched = plan.models.map((_, model) => this.#isBatched(model));
    const recorded = options.noise !== undefined;
    warm(plan, this.#prepared, backend, { inputs: this.#inputs, shape: this.#shape, batched, recorded });
    this.#registers = Array<Tensor | null>(plan.registers).fill(null);
    this.#host = plan.control && new ControlledHost(plan, plan.control, state?.control);
    if (state !== undefined) this.#restore(state);
    this.#checks = new FiniteChecks(plan, backend, options.firstSample ?? 0, options.check !== false);
    this.#events = this.#execute(state !== undefined);
  }

  /** Model calls made so far. */
  get calls(): number {
    return this.#calls;
  }

  /** How far an error-controlled run has come; undefined for runs on a grid. */
  get control(): ControlProgress | undefined {
    return this.#host?.progress;
  }

  /** The next event; `result` answers the last `call` event. Throws Failures of the D07 family. */
  async next(result?: ModelResult): Promise<RunEvent> {
    this.#saveable = false;
    try {
      const { value, done } = await this.#events.next(result);
      if (done === true) throw new Error("the run is over: 'done' was its last event");
      this.#saveable = value.kind === "step";
      return value;
    } catch (error) {
      const first = await this.cause(error);
      this.dispose();
      throw located(first, this.#plan, this.#index, this.#calls);
    }
  }

  /** What to report when `error` ends the run: values that were not finite before it, if there were some, or `error`. */
  cause(error: unknown): Promise<unknown> {
    return this.#checks.cause(error);
  }

  /** The state after the last `step` event. Only there can a run be saved. */
  async saveState(): Promise<RunState> {
    if (!this.#saveable) throw new Error("a run can be saved after a 'step' event only");
    const registers = await Promise.all(
      this.#registers.flatMap((tensor, register) =>
        tensor === null
          ? []
          : [this.#backend.download(tensor).then((data) => ({ register, shape: tensor.shape, data }))],
      ),
    );
    return {
      plan: fingerprint(this.#plan),
      sampler: this.#plan.sampler,
      position: this.#position,
      seed: String(this.#options.seed ?? 0),
      firstSample: this.#options.firstSample ?? 0,
      shape: this.#shape,
      calls: this.#calls,
      registers,
      ...(this.#host && { control: this.#host.saved }),
    };
  }

  /** Frees the tensors of the run. May be called twice. */
  dispose(): void {
    this.#saveable = false;
    this.#checks.drop();
    this.#freeTemporary();
    this.#registers.forEach((_, register) => this.#put(register, null));
  }

  #freeTemporary(): void {
    for (const tensor of this.#temporary) this.#backend.free(tensor);
    this.#temporary.clear();
  }

  #restore(state: RunState): void {
    const mismatch = (what: string): never =>
      fail("D0703", `the saved run cannot be resumed here: ${what}`, {
        help: "resume with the plan, seed, shape and samples it was started with",
      });
    if (state.plan !== fingerprint(this.#plan)) mismatch("it belongs to another plan");
    if (state.seed !== String(this.#options.seed ?? 0)) mismatch(`its seed is ${state.seed}`);
    if (!sameShape(state.shape, this.#shape)) mismatch(`its shape is ${showShape(state.shape)}`);
    if (state.firstSample !== (this.#options.firstSample ?? 0)) {
      mismatch(`its first sample is ${state.firstSample}`);
    }
    if (state.position > outputIndex(this.#plan)) mismatch("its position is beyond the last step");
    const beyond = state.registers.find(({ register }) => register >= this.#registers.length);
    if (beyond !== undefined) mismatch(`it has a register ${beyond.register}`);
    for (const { register, shape, data } of state.registers) {
      this.#put(register, this.#backend.upload(data, shape));
    }
    this.#position = state.position;
    this.#calls = state.calls;
  }

  async *#execute(resumed: boolean): AsyncGenerator<RunEvent, void, ModelResult | undefined> {
    const plan = this.#plan;
    if (!resumed) {
      yield* this.#apply(plan.init, -1);
      yield this.#stepEvent(plan.init);
    }
    if (this.#host) yield* this.#attempts(this.#host);
    while (!this.#host && this.#position < plan.steps.length) {
      const step = plan.steps[this.#position]!;
      yield* this.#apply(step, this.#position);
      this.#position += 1;
      yield this.#stepEvent(step);
    }
    yield* this.#apply(plan.output, outputIndex(plan));
    const keep = new Set(plan.results);
    this.#registers.forEach((_, register) => {
      if (!keep.has(register)) this.#put(register, null);
    });
    yield {
      kind: "done",
      results: plan.results.map((register) => viewOf(this.#backend, this.#get(register))),
    };
  }

  /** Error-controlled steps: attempts until the end is reached. Throws D0708. */
  async *#attempts(host: ControlledHost): AsyncGenerator<RunEvent, void, ModelResult | undefined> {
    const { enter, reads, keep, undo } = host.control;
    const attempt = this.#plan.steps[0]!;
    // Also where a run is resumed from its start: the event before this line is the first at which it can be saved.
    if (host.progress.attempts === 0) yield* this.#apply(enter, 0);
    while (!host.done) {
      const index = host.progress.attempts;
      yield* this.#apply({ ...attempt, scalars: host.begin(), step: host.progress.steps }, index);
      const values = await Promise.all(
        reads.map((register) => this.#backend.download(this.#get(register)).then((data) => data[0]!)),
      );
      const counts = host.end(values);
      for (const { op } of this.#prepared.programs[counts ? keep : undo]!) {
        if (op.op === "move") {
          const tensor = this.#get(op.from);
          this.#registers[op.from] = null;
          this.#put(op.to, tensor);
        } else if (op.op === "free") for (const register of op.registers) this.#put(register, null);
      }
      if (!counts) continue;
      this.#position += 1;
      yield this.#stepEvent(enter);
    }
  }

  #stepEvent(step: PlanStep): RunEvent {
    const state = step.state === null ? null : viewOf(this.#backend, this.#get(step.state));
    return { kind: "step", point: this.#position, state };
  }

  /** Runs one step; `index` is -1 for init, the number of steps for the output. */
  async *#apply(step: PlanStep, index: number): AsyncGenerator<RunEvent, void, ModelResult | undefined> {
    this.#index = index;
    const program = this.#prepared.programs[step.program]!;
    const { ops } = this.#plan.programs[step.program]!;
    for (let i = 0; i < program.length; i++) {
      const { op } = program[i]!;
      if (op.op !== "call") this.#operate(program[i]!, op, step);
      else {
        const calls = this.#isBatched(op.model) ? callsTogether(ops, i, step) : [op];
        yield* this.#call(op, calls, step, index);
        i += calls.length - 1;
      }
    }
    if (step.state !== null) await this.#checks.check(this.#get(step.state), index, "the state");
    if (index === outputIndex(this.#plan)) {
      for (const [i, register] of this.#plan.results.entries()) {
        await this.#checks.check(this.#get(register), index, `result ${i}`);
      }
    }
    if (this.#checks.pending) await this.#checks.settle();
  }

  /** Whether calls of a model that differ in their conditions only are made as one. */
  #isBatched(model: number): boolean {
    return this.#options.batched?.[model] === true && this.#backend.rows !== undefined;
  }

  #operate({ donated, registers }: PreparedOp, op: Exclude<Op, CallOp>, step: PlanStep): void {
    switch (op.op) {
      case "draw":
        return this.#put(op.out, this.#draw(op.draw, step.step, op.pass));
      case "input":
        return this.#put(op.out, this.#input(op.input, op.point === null ? null : step.scalars[op.point]!));
      case "kernel": {
        const outputs = this.#backend.dispatch(
          this.#prepared.executables[op.kernel]!,
          op.inputs.map((register) => this.#get(register)),
          op.scalars.map((slot) => step.scalars[slot]!),
          donated,
        );
        op.inputs.forEach((register, i) => {
          if (donated[i] === true) this.#registers[register] = null;
        });
        op.outputs.forEach((register, i) => this.#put(register, outputs[i]!));
        return;
      }
      case "reduce": {
        const inputs = op.inputs.map((register) => this.#get(register));
        const parameter = op.parameter === null ? null : step.scalars[op.parameter]!;
        return this.#put(op.out, this.#backend.reduce(op.fn, op.per, inputs, parameter));
      }
      case "move": {
        if (op.from === op.to) return;
        const tensor = this.#get(op.from);
        this.#registers[op.from] = null;
        return this.#put(op.to, tensor);
      }
      case "free":
        for (const register of registers) this.#put(register, null);
        return;
      default:
        op satisfies never;
    }
  }

  #draw(index: number, step: number, pass: number): Tensor {
    const draw = this.#plan.draws[index]!;
    const firstSample = this.#options.firstSample ?? 0;
    // A fixed draw is one for the whole run, so it is asked for and keyed by one step, whichever reads it first.
    const at = draw.fixed ? FIXED_STEP : step;
    const recorded = this.#options.noise?.(draw.path, at, pass, { firstSample, shape: this.#shape });
    if (recorded !== undefined) {
      if (recorded.length !== sizeOf(this.#shape)) {
        fail(
          "D0703",
          `the recorded noise of '${draw.path}' has ${recorded.length} numbers, not ${sizeOf(this.#shape)}`,
          {
            help: `it stands for a tensor of shape ${showShape(this.#shape)} at step ${step}, pass ${pass}`,
          },
        );
      }
      return this.#backend.upload(recorded, this.#shape);
    }
    return this.#backend.draw({
      distribution: draw.distribution,
      seed: this.#seed,
      key: draw.key,
      step: at,
      pass,
      firstSample,
      shape: this.#shape,
    });
  }

  #input(index: number, point: number | null): Tensor {
    const { name } = this.#plan.inputs[index]!;
    const tensor: HostTensor | undefined =
      point === null ? this.#inputs.tensors.get(name) : this.#inputs.trajectories.get(name)?.[point];
    if (tensor === undefined) fail("D0703", `input '${name}' is missing`);
    return this.#backend.upload(tensor.data, tensor.shape);
  }

  /** One call for all of `calls`, which differ from the first, `op`, in their conditions only. */
  async *#call(
    op: CallOp,
    calls: readonly CallOp[],
    step: PlanStep,
    index: number,
  ): AsyncGenerator<RunEvent, void, ModelResult | undefined> {
    const number = this.#calls;
    const declared = this.#plan.models[op.model]!;
    const where = `${place(this.#plan, index)}, call ${number} of model '${declared.name}'`;
    const branches = calls.length;
    const shape = [this.#shape[0]! * branches, ...this.#shape.slice(1)];
    const view = (register: Register): TensorView => {
      let tensor = this.#get(register);
      if (!sameShape(tensor.shape, this.#shape)) {
        tensor = spread(this.#backend, tensor, this.#shape);
        this.#temporary.add(tensor);
      }
      const one = viewOf(this.#backend, tensor);
      return branches === 1 ? one : repeatedView(one, branches, (made) => this.#temporary.add(made));
    };
    const scalar = (slot: number | null): number | null => (slot === null ? null : step.scalars[slot]!);
    const state = view(op.state);
    const call: ModelCall = {
      shape,
      inputs: op.inputs.map((register) => (register === op.state ? state : view(register))),
      state,
      scale: scalar(op.scale),
      time: scalar(op.time),
      alpha: step.scalars[op.alpha]!,
      sigma: step.scalars[op.sigma]!,
      form: op.form === null ? null : { x: step.scalars[op.form.x]!, x0: step.scalars[op.form.x0]! },
      conditions: branches === 1 ? this.#conditions(op) : [],
      ...(branches > 1 && { branches: calls.map((each) => this.#conditions(each)) }),
      variant: op.variant,
      extras: Object.fromEntries(
        Object.entries(op.extras).map(([name, slot]) => [name, step.scalars[slot]!]),
      ),
      outputs: op.outputs.map((output) => output.name),
      firstSample: this.#options.firstSample ?? 0,
      step: index,
      call: number,
    };
    const result = yield { kind: "call", model: op.model, call };
    this.#freeTemporary();
    this.#calls += 1;
    this.#backend.meter.calls += 1;
    if (typeof result !== "object" || result === null || !("raw" in result)) {
      fail("D0603", `${where}: the model returned no result`, { help: "return {raw} or {raw, outputs}" });
    }
    const pending = handlesOf(result);
    try {
      for (const tensor of this.#registers) {
        if (tensor !== null && this.#backend.tf?.intact(tensor) === false) {
          fail("D0705", `${where}: the model disposed a tensor of the run`, {
            help: "what `unwrap` gives belongs to the run: use tf.clone where the model needs its own",
          });
        }
      }
      const registers = calls.map((each) => each.raw);
      this.#accept(registers, result.raw, shape, pending, `${where}: its result`, true);
      op.outputs.forEach(({ name }, k) => {
        const value = result.outputs?.[name];
        if (value === undefined) fail("D0603", `${where}: the model returned no '${name}'`);
        const outs = calls.map((each) => each.outputs[k]!.out);
        this.#accept(outs, value, shape, pending, `${where}: its result '${name}'`, false);
      });
    } finally {
      for (const tensor of pending) if (!this.#registers.includes(tensor)) this.#backend.free(tensor);
    }
    const what = `the result of call ${number} of model '${declared.name}'`;
    for (const [branch, each] of calls.entries()) {
      const which = branches === 1 ? what : `branch ${branch} of ${what}`;
      await this.#checks.check(this.#get(each.raw), index, which);
      for (const { name, out } of each.outputs) {
        await this.#checks.check(this.#get(out), index, `'${name}' in ${which}`);
      }
    }
  }

  #conditions(op: CallOp): Condition[] {
    return op.conditions.flatMap((index) => {
      const condition = this.#inputs.conditions.get(this.#plan.inputs[index]!.name);
      return condition === undefined || condition === null ? [] : [condition];
    });
  }

  /** Takes what a model returned into `registers`, a part for each; handles it takes leave `pending`. */
  #accept(
    registers: readonly Register[],
    value: ModelTensor,
    shape: Shape,
    pending: Set<Tensor>,
    what: string,
    exact: boolean,
  ): void {
    const result = readResult(value, shape, exact, what);
    if (!isHostTensor(result) && (this.#registers.includes(result) || !pending.has(result))) {
      fail("D0705", `${what} is a tensor of the run, or the same tensor twice`, { help: "return a copy" });
    }
    const parts = registers.length === 1 ? [result] : cutUp(this.#backend, result, registers.length, what);
    if (!isHostTensor(result)) pending.delete(result);
    parts.forEach((part, i) => {
      const tensor = isHostTensor(part) ? this.#backend.upload(part.data, part.shape) : part;
      this.#put(registers[i]!, tensor);
    });
  }

  #get(register: Register): Tensor {
    const tensor = this.#registers[register] ?? null;
    if (tensor === null) fail("D0503", `register ${register} is read while it is empty`);
    return tensor;
  }

  /** Stores a tensor; what the register held before is freed. */
  #put(register: Register, tensor: Tensor | null): void {
    const old = this.#registers[register] ?? null;
    if (old === tensor) return;
    this.#registers[register] = tensor;
    if (old !== null) this.#backend.free(old);
  }
}
