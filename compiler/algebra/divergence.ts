// Owns: whether an integral that quadrature cannot do fails to converge, and where. Near a singular place p the integrals
// over the shells 2^-k-1 < |x - p| < 2^-k of an integrand like |x - p|^a shrink when a > -1; when they do not, over many
// shells, the integral does not converge.

/** Shells that are compared: near enough that other terms are small, and far enough that distances keep their digits. */
const [nearest, farthest] = [38, 26];

/** What a smooth factor may still change from one of these shells to the next. */
const tolerance = 1e-5;

/** Do the shells on one side of p keep their size? `reach` is the signed distance of the outermost. */
function growsAt(f: (x: number) => number, p: number, reach: number): boolean {
  let before = NaN;
  for (let k = farthest; k <= nearest; k += 1) {
    const d = reach * 2 ** -k;
    if (p + d === p) return false;
    // The distance as it is after rounding, or the shells of 1/(x - 1) would seem to flicker.
    const shell = Math.abs(f(p + d) * (p + d - p));
    if (shell === Infinity) return true;
    if (!(shell > 0)) return false;
    if (shell < before * (1 - tolerance)) return false;
    before = shell;
  }
  return true;
}

/** The place inside where |f| is largest, found by looking closer and closer. */
function peak(f: (x: number) => number, a: number, b: number): number | undefined {
  let [low, high] = [a, b];
  let best = NaN;
  for (let pass = 0, count = 512; pass < 14; pass += 1, count = 32) {
    let largest = -1;
    const step = (high - low) / count;
    for (let i = 1; i < count; i += 1) {
      const x = low + i * step;
      const size = Math.abs(f(x));
      if (!Number.isFinite(size)) return x;
      if (size > largest) [largest, best] = [size, x];
    }
    [low, high] = [best - step, best + step];
    if (!(high - low > 4 * Number.EPSILON * Math.abs(best))) break;
  }
  const edge = 1e-9 * (b - a);
  return best - a < edge || b - best < edge ? undefined : best;
}

/**
 * A place between a and b, both finite, where the integral of f does not converge; undefined when none is found. A sure
 * answer only for singularities like powers: one like 1/(x log x) counts as open.
 */
export function divergence(f: (x: number) => number, a: number, b: number): number | undefined {
  if (!Number.isFinite(a) || !Number.isFinite(b) || a === b) return undefined;
  const width = b - a;
  if (growsAt(f, a, width)) return a;
  if (growsAt(f, b, -width)) return b;
  const [low, high] = a < b ? [a, b] : [b, a];
  const inner = peak(f, low, high);
  if (inner === undefined) return undefined;
  return growsAt(f, inner, high - inner) || growsAt(f, inner, low - inner) ? inner : undefined;
}
