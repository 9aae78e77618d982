// Fused kernels: cpu and wasm give the same bits, and every operation is the float64 operation rounded once.

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scalarOps } from "../../../runtime/backends/scalarOps.js";
import { openBackend, type Backend, type HostArray, type Shape } from "../../../runtime/index.js";
import { broadcastIndices } from "../../../runtime/shapes.js";
import { kernel } from "../../support/plans.js";
import { allOps, arities, bitsOf, caseOf, runCase, type Case } from "./support.js";

let cpu: Backend;
let wasm: Backend;
beforeAll(async () => {
  cpu = await openBackend("cpu");
  wasm = await openBackend("wasm");
});
afterAll(() => {
  cpu.dispose();
  wasm.dispose();
});

async function expectSame(given: Case): Promise<{ shape: Shape; data: HostArray }[]> {
  const one = await runCase(cpu, given);
  const other = await runCase(wasm, given);
  expect(other.map(({ shape }) => shape)).toEqual(one.map(({ shape }) => shape));
  one.forEach(({ data }, i) => expect(bitsOf(other[i]!.data)).toEqual(bitsOf(data)));
  expect([cpu.liveTensors(), wasm.liveTensors()]).toEqual([0, 0]);
  return one;
}

test("random kernels give the same bits on cpu and wasm, whatever is donated", async () => {
  await fc.assert(
    fc.asyncProperty(caseOf(false), async (given) => {
      await expectSame(given);
    }),
    { numRuns: 400 },
  );
});

const scratch = new Float32Array(1);
const word = new Int32Array(scratch.buffer);
/** The float32 after `x`, away from zero. */
function next(x: number): number {
  scratch[0] = x;
  word[0] = word[0]! + 1;
  return scratch[0];
}

/** Whether `value` is the float32 nearest to `exact`, or, for functions, one of the two around it. */
function isRounded(value: number, exact: number, isFunction: boolean): boolean {
  const nearest = Math.fround(exact);
  if (Object.is(value, nearest) || value === nearest) return true;
  if (!isFunction || Number.isNaN(value) || Number.isNaN(nearest))
    return Number.isNaN(value) && Number.isNaN(nearest);
  return next(value) === nearest || next(nearest) === value || Math.abs(value - nearest) <= 2 ** -149;
}

const functions = new Set(["exp", "expm1", "log", "sin", "cos", "tan", "atan", "atan2", "pow", "logistic"]);
const periodic = new Set(["sin", "cos", "tan"]);

test("every node of a random kernel is its operation on its arguments, rounded once", async () => {
  await fc.assert(
    fc.asyncProperty(caseOf(true), async (given) => {
      const results = await expectSame(given);
      const { nodes } = given.kernel;
      nodes.forEach((node, i) => {
        if (!("args" in node) || node.args.every((arg) => results[arg]!.shape.length === 0)) return;
        const { shape, data } = results[i]!;
        const args = node.args.map((arg) => {
          const { shape: own, data: values } = results[arg]!;
          const indices = broadcastIndices(own, shape);
          return (k: number): number => values[indices[k]!]!;
        });
        data.forEach((value, k) => {
          const [a = 0, b = 0, c = 0] = args.map((arg) => arg(k));
          // Beyond 2^20 a rounding of the argument's reduction shows near the zeros.
          if (periodic.has(node.op) && Math.abs(a) > 2 ** 20) return;
          const exact = scalarOps[node.op](a, b, c);
          if (!isRounded(value, exact, functions.has(node.op))) {
            expect.fail(`${node.op}(${a}, ${b}, ${c}) = ${exact}, not ${value}`);
          }
        });
      });
    }),
    { numRuns: 300 },
  );
});

const edges = [
  0,
  -0,
  1,
  -1,
  2,
  -2,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3,
  NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-45,
  1.2e-38,
  3.4e38,
  -3.4e38,
  8388607.5,
  8388608,
  -8388609,
  88.7,
  88.73,
  -87.4,
  -103.9,
  -104,
  1e-8,
  -1e-8,
  Math.PI,
  Math.PI / 2,
  Math.PI / 4,
  100.5,
  1e5,
  0.41421357,
  2.4142137,
  16777216,
].map(Math.fround);

test.each(allOps)("%s on all pairs of edge values", async (op) => {
  const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
  const args = [0, 1, 1].slice(0, arities[op]);
  const given: Case = {
    kernel: kernel(["x0", "x1", [op, ...args]]),
    shapes: [[pairs.length], [pairs.length]],
    data: [Float32Array.from(pairs, ([a]) => a), Float32Array.from(pairs, ([, b]) => b)],
    scalars: [],
    donated: [false, false],
  };
  const [result] = await expectSame(given);
  pairs.forEach(([a, b], i) => {
    const exact = scalarOps[op](a, b, b);
    const value = result!.data[i]!;
    if (periodic.has(op) && Math.abs(a) > 2 ** 30) return;
    if (!isRounded(value, exact, functions.has(op)))
      expect.fail(`${op}(${a}, ${b}) = ${exact}, not ${value}`);
  });
});

test.each([
  ["exp", -104, 89],
  ["expm1", -20, 89],
  ["log", 1e-45, 3e38],
  ["sin", -40000, 40000],
  ["cos", -100, 100],
  ["tan", -100, 100],
  ["atan", -50, 50],
  ["logistic", -100, 100],
] as const)("%s is the nearest float32 on all but one argument in a thousand", async (op, low, high) => {
  const count = 100_003;
  const x = Float32Array.from({ length: count }, (_, i) =>
    op === "log" ? 2 ** (-149 + (277 * i) / count) * 1.3 : low + ((high - low) * i) / count,
  );
  const [result] = await expectSame({
    kernel: kernel(["x0", [op, 0]]),
    shapes: [[count]],
    data: [x],
    scalars: [],
    donated: [true],
  });
  const wrong = x.filter((value, i) => Math.fround(scalarOps[op](value, 0, 0)) !== result!.data[i]);
  expect(wrong.length).toBeLessThan(count / 1000);
});

test("pow is the nearest float32 on all but one pair in a thousand", async () => {
  const count = 300;
  const base = Float32Array.from({ length: count }, (_, i) => 0.01 + i * 0.07);
  const exponent = Float32Array.from({ length: count }, (_, i) => -8 + i * 0.0531);
  const [result] = await expectSame({
    kernel: kernel(["x0", "x1", ["pow", 0, 1]]),
    shapes: [
      [count, 1],
      [1, count],
    ],
    data: [base, exponent],
    scalars: [],
    donated: [false, false],
  });
  let wrong = 0;
  result!.data.forEach((value, i) => {
    const exact = Math.pow(base[Math.floor(i / count)]!, exponent[i % count]!);
    if (Math.fround(exact) !== value) wrong += 1;
  });
  expect(wrong).toBeLessThan(90);
});
