// Owns: float64 values of the weights that forecast.ts describes. The closed form is summed in double-double numbers, so
// that neither short steps nor nodes inside the step cost digits; the other kernels go through Gauss-Kronrod quadrature.

import {
  ddAdd,
  ddDifference,
  ddDiv,
  ddMul,
  ddNeg,
  ddOf,
  ddPhis,
  ddSub,
  ddValue,
  type DoubleDouble,
} from "../algebra/doubleDouble.js";
import { factorial } from "../algebra/phi.js";
import type { Path } from "../path/path.js";
import { kernelNumbers, type KernelNumbers } from "./kernelNumbers.js";
import { forecastKernel } from "./forecast.js";

/** The value of a `forecast ...` function on a path; undefined for other names. */
export function forecastValue(name: string, args: readonly number[], path: Path): number | undefined {
  if (!name.startsWith("forecast ")) return undefined;
  if (name === "forecast exp") {
    const [j, rate, from, to, ...nodes] = args as [number, number, number, number, ...number[]];
    return exponentialWeight(j, rate, from, to, nodes);
  }
  const kernel = forecastKernel(name);
  if (!kernel) return undefined;
  if (name.startsWith("forecast growth ")) {
    const count = args[0] as number;
    const [from, to] = args.slice(1 + count) as [number, number];
    const numbers = kernelNumbers(kernel, args.slice(1, 1 + count), path, from, to);
    return numbers.growth(from - numbers.anchor, to - numbers.anchor);
  }
  const [j, count] = args as [number, number];
  const [from, to, ...nodes] = args.slice(2 + count) as [number, number, ...number[]];
  const numbers = sharedNumbers(path, `${name} ${args.slice(1).join(" ")}`, () =>
    kernelNumbers(kernel, args.slice(2, 2 + count), path, from, to, nodes),
  );
  return alongWeight(numbers, j, from, to, nodes);
}

/** The kernel of the step looked at last: its weights have all but the index of the node in common. */
const shared = new WeakMap<Path, { readonly key: string; readonly numbers: KernelNumbers }>();

function sharedNumbers(path: Path, key: string, make: () => KernelNumbers): KernelNumbers {
  const last = shared.get(path);
  if (last?.key !== key) {
    const numbers = make();
    shared.set(path, { key, numbers });
    return numbers;
  }
  last.numbers.renew();
  return last.numbers;
}

/** Int_from^to e^(-rate (to - u)) l_j(u) du. The levels count as exact; the result is right to a few units of 2^-53. */
export function exponentialWeight(
  j: number,
  rate: number,
  from: number,
  to: number,
  nodes: readonly number[],
): number {
  const h = ddDifference(to, from);
  if (h.high === 0) return 0;
  const own = nodes[j] as number;
  let coefficients: DoubleDouble[] = [ddOf(1)];
  let scale = ddOf(1);
  nodes.forEach((node, k) => {
    if (k === j) return;
    const c = ddDiv(ddDifference(node, from), h);
    const before = coefficients;
    coefficients = Array.from({ length: before.length + 1 }, (_, i) =>
      ddSub(before[i - 1] ?? ddOf(0), ddMul(c, before[i] ?? ddOf(0))),
    );
    scale = ddMul(scale, ddDiv(ddDifference(own, node), h));
  });
  const phis = ddPhis(coefficients.length, ddNeg(ddMul(ddOf(rate), h)));
  const sum = coefficients.reduce(
    (total, a, i) => ddAdd(total, ddMul(ddMul(a, ddOf(factorial(i))), phis[i + 1] as DoubleDouble)),
    ddOf(0),
  );
  return ddValue(ddMul(h, ddDiv(sum, scale)));
}

function alongWeight(
  kernel: KernelNumbers,
  j: number,
  from: number,
  to: number,
  nodes: readonly number[],
): number {
  if (from === to) return 0;
  const [start, end] = [from - kernel.anchor, to - kernel.anchor];
  const offsets = nodes.map((node) => kernel.rise(node - kernel.anchor));
  const own = offsets[j] as number;
  const basis = (d: number): number => {
    const place = nodes.length > 1 ? kernel.rise(d) : 0;
    let product = 1;
    for (let k = 0; k < offsets.length; k += 1)
      if (k !== j) product *= (place - (offsets[k] as number)) / (own - (offsets[k] as number));
    return product;
  };
  return kernel.integral((d) => kernel.B(d) * basis(d) * Math.exp(kernel.growth(d, end)), start, end);
}
