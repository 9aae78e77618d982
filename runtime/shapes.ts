// Owns: arithmetic of shapes: sizes, broadcasting, what a reduction keeps, what shape each node of a kernel has.
// No data, no backend.

import { fail } from "../compiler/diagnostics/report.js";
import type { Kernel, Per } from "../compiler/plan/schema.js";
import type { Shape } from "./backend.js";

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** The shape two tensors broadcast to, aligned at the last axis. Throws D0703 when they do not. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      fail("D0703", `tensors of shapes ${showShape(a)} and ${showShape(b)} do not fit each other`, {
        help: "extents must be equal, or 1 where one value serves all",
      });
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** Shape after a reduction: same rank, extent 1 on every axis that is not kept. */
export function reducedShape(shape: Shape, per: Per): Shape {
  const last = shape.length - 1;
  const keeps: Readonly<Record<Per, (axis: number) => boolean>> = {
    sample: (axis) => axis === 0,
    channel: (axis) => axis <= 1,
    frame: (axis) => axis <= 1,
    position: (axis) => axis === 0 || axis === last,
    batch: () => false,
  };
  return shape.map((extent, axis) => (keeps[per](axis) ? extent : 1));
}

/** Shape of every node given the shapes of the inputs; null for nodes no tensor reaches (plain numbers). */
export function nodeShapes(kernel: Kernel, inputs: readonly Shape[]): (Shape | null)[] {
  const shapes: (Shape | null)[] = [];
  for (const node of kernel.nodes) {
    if (node.op === "input") shapes.push(inputs[node.index] ?? []);
    else if (node.op === "scalar" || node.op === "const") shapes.push(null);
    else {
      let shape: Shape | null = null;
      for (const arg of node.args) {
        const other = shapes[arg] ?? null;
        if (other !== null) shape = shape === null ? other : broadcastShape(shape, other);
      }
      shapes.push(shape);
    }
  }
  return shapes;
}

/**
 * For each element of `target`, in C order, the index of the element of `source` that broadcasts to it. `source`
 * must broadcast to `target`.
 */
export function broadcastIndices(source: Shape, target: Shape): Int32Array {
  const indices = new Int32Array(sizeOf(target));
  const offset = target.length - source.length;
  let repeat = 1;
  let stride = 1;
  for (let axis = target.length - 1; axis >= 0; axis--) {
    const extent = target[axis]!;
    const own = source[axis - offset] ?? 1;
    if (own !== 1) {
      for (let i = 0; i < indices.length; i++) {
        indices[i] = indices[i]! + (Math.floor(i / repeat) % extent) * stride;
      }
      stride *= own;
    }
    repeat *= extent;
  }
  return indices;
}
