// Owns: kernels and programs of a plan as text: each kernel as formulas over its inputs (a, b, ...) and scalars (s0,
// s1, ...), each program as the operations a backend carries out.

import { peakTensors } from "../plan/lifetimes.js";
import type { Kernel, Op, Plan, PlanControl } from "../plan/schema.js";

export function emitKernels(plan: Plan): string {
  const kernels = plan.kernels.map((kernel, i) => [`kernel ${i}`, ...kernelLines(kernel)].join("\n  "));
  const programs = plan.programs.map(({ ops }, i) =>
    [`program ${i} (${usersOf(plan, i)})`, ...ops.map((op) => opLine(op, plan))].join("\n  "),
  );
  const host = plan.control ? [hostLines(plan, plan.control).join("\n  ")] : [];
  return `${[...kernels, ...programs, ...host, memoryLine(plan)].join("\n\n")}\n`;
}

function memoryLine(plan: Plan): string {
  const { report } = plan;
  const line = `memory: at most ${report.peakTensors} tensors of the size of the state`;
  if (report.calls === report.nfe) return line;
  return `${line}, ${peakTensors(plan, { batched: true })} where a network takes guided predictions in one call`;
}

/** The numbers of an attempt, as the host computes them. */
function hostLines({ steps }: Plan, control: PlanControl): readonly string[] {
  const n = (index: number): string => `n${index}`;
  const lines = control.nodes.map((node, i) => {
    if (node.op === "const") return `${n(i)} = ${node.value}`;
    if (node.op === "variable") return `${n(i)} = ${control.variables[node.index]?.name ?? "?"} at s`;
    if (node.op === "read") return `${n(i)} = r${control.reads[node.index]}`;
    const name = node.op === "table" ? `table ${node.table}` : node.op;
    return `${n(i)} = ${name}(${node.args.map(n).join(", ")})`;
  });
  const slots = (steps[0]?.scalars ?? []).map((_, i) => `${slot(i)} = ${n(control.scalars[i] ?? 0)}`);
  const next = (nodes: readonly number[]): string =>
    nodes.map((node, i) => `${control.variables[i + 2]?.name ?? "?"} = ${n(node)}`).join(", ");
  return [
    "numbers of an attempt",
    ...lines,
    ...slots,
    `lambda at t = ${n(control.next)}`,
    ...(control.accept === null ? [] : [`counts if ${n(control.accept)}`]),
    `after a step that counts: ${next(control.accepted)}`,
    `after one that does not: ${next(control.refused)}`,
  ];
}

const inputName = (index: number): string => (index < 26 ? String.fromCharCode(97 + index) : `in${index}`);
const infix: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  lt: "<",
  le: "<=",
  eq: "==",
  ne: "!=",
};

/** Nodes used once stand where they are used; others get a line of their own. */
function kernelLines({ nodes, outputs }: Kernel): readonly string[] {
  const uses = nodes.map(() => 0);
  for (const node of nodes) if ("args" in node) for (const arg of node.args) uses[arg] = (uses[arg] ?? 0) + 1;
  const lines: string[] = [];
  const texts: { readonly text: string; readonly isSimple: boolean }[] = [];
  const inner = (arg: number): string => {
    const { text, isSimple } = texts[arg] ?? { text: "?", isSimple: true };
    return isSimple ? text : `(${text})`;
  };
  nodes.forEach((node, i) => {
    if (node.op === "input") texts.push({ text: inputName(node.index), isSimple: true });
    else if (node.op === "scalar") texts.push({ text: `s${node.index}`, isSimple: true });
    else if (node.op === "const") texts.push({ text: String(node.value), isSimple: node.value >= 0 });
    else {
      const sign = infix[node.op];
      const text =
        sign === undefined
          ? `${node.op}(${node.args.map((arg) => texts[arg]?.text ?? "?").join(", ")})`
          : node.args.map(inner).join(` ${sign} `);
      if ((uses[i] ?? 0) > 1) {
        lines.push(`v${i} = ${text}`);
        texts.push({ text: `v${i}`, isSimple: true });
      } else texts.push({ text, isSimple: sign === undefined });
    }
  });
  outputs.forEach((output, i) =>
    lines.push(`out${outputs.length === 1 ? "" : i} = ${texts[output]?.text ?? "?"}`),
  );
  return lines;
}

/** `start`, `steps 1 .. 18`, `output` */
function usersOf(plan: Plan, program: number): string {
  const users: string[] = [];
  if (plan.init.program === program) users.push("start");
  const steps = plan.steps.flatMap((step, i) => (step.program === program ? [i] : []));
  for (let from = 0; from < steps.length;) {
    let to = from;
    while (steps[to + 1] === (steps[to] ?? NaN) + 1) to += 1;
    users.push(
      plan.control
        ? "an attempt"
        : from === to
          ? `step ${steps[from]}`
          : `steps ${steps[from]} .. ${steps[to]}`,
    );
    from = to + 1;
  }
  const { control } = plan;
  if (control?.enter.program === program) users.push("first values");
  if (control?.keep === program) users.push("a step that counts");
  if (control?.undo === program) users.push("a step that does not");
  if (plan.output.program === program) users.push("output");
  return users.join(", ");
}

const registers = (list: readonly number[]): string => list.map((r) => `r${r}`).join(", ");
const slot = (index: number): string => `[${index}]`;

function opLine(op: Op, plan: Plan): string {
  switch (op.op) {
    case "call": {
      const { name } = plan.models[op.model] ?? { name: "?" };
      const args = [registers(op.inputs), `state r${op.state}`];
      if (op.time !== null) args.push(`time ${slot(op.time)}`);
      if (op.conditions.length > 0)
        args.push(`cond ${op.conditions.map((i) => plan.inputs[i]?.name ?? "?").join(" and ")}`);
      const outs = [op.raw, ...op.outputs.map(({ out }) => out)];
      return `${registers(outs)} = call ${name}(${args.join(", ")})`;
    }
    case "draw":
      return `r${op.out} = draw ${plan.draws[op.draw]?.path ?? "?"}${op.pass === 0 ? "" : ` pass ${op.pass}`}`;
    case "input":
      return `r${op.out} = input ${plan.inputs[op.input]?.name ?? "?"}${op.point === null ? "" : slot(op.point)}`;
    case "kernel": {
      const scalars = op.scalars.length === 0 ? "" : `; ${op.scalars.map(slot).join(" ")}`;
      return `${registers(op.outputs)} = kernel ${op.kernel}(${registers(op.inputs)}${scalars})`;
    }
    case "reduce":
      return `r${op.out} = ${op.fn}(${registers(op.inputs)}) per ${op.per}`;
    case "move":
      return `r${op.to} = move r${op.from}`;
    case "free":
      return `free ${registers(op.registers)}`;
    default:
      return op satisfies never;
  }
}
