// Owns: WGSL of reductions, quantiles and the search for values that are not finite. A group's elements are folded by
// workgroups, each a part of it, in a fixed order; parts are folded in a second dispatch. Knows no device.

import type { ReduceFn } from "../../../compiler/plan/schema.js";

/** Invocations of a workgroup. */
export const LANES = 256;
/** Elements of a group that one workgroup folds: 64 an invocation. */
export const PART = LANES * 64;

/** Words of a fold: workgroups, elements of a group, groups side by side, parts of a group, elements of a part. */
export const foldWords = { workgroups: 0, size: 1, inner: 2, parts: 3, part: 4, divisor: 5 } as const;

/** What is carried through a fold; texts over `a`, `b`. */
interface Carry {
  readonly type: string;
  readonly identity: string;
  readonly merge: string;
  /** How parts are stored. */
  readonly stored: "f32" | "u32";
  readonly width: number;
}

const total: Carry = { type: "f32", identity: "0.0", merge: "return a + b;", stored: "f32", width: 1 };
const largest: Carry = { type: "u32", identity: "0u", merge: "return max(a, b);", stored: "u32", width: 1 };
const smallest: Carry = {
  type: "u32",
  identity: "0xffffffffu",
  merge: "return min(a, b);",
  stored: "u32",
  width: 1,
};
/** Count, mean, sum of squared differences (Chan, Golub, LeVeque, "Updating formulae ...", COMPSTAT 1982). */
const moments: Carry = {
  type: "vec3<f32>",
  identity: "vec3<f32>(0.0)",
  merge: `
  if (b.x == 0.0) { return a; }
  if (a.x == 0.0) { return b; }
  let n = a.x + b.x;
  let d = b.y - a.y;
  return vec3<f32>(n, a.y + d * (b.x / n), a.z + b.z + d * d * (a.x * (b.x / n)));`,
  stored: "f32",
  width: 3,
};

type FoldFn = Exclude<ReduceFn, "quantile">;
/** What is folded, what an element `x` (and `y`) becomes, and what the result is made of `r`. */
const folds: Readonly<
  Record<FoldFn, { readonly carry: Carry; readonly load: string; readonly finish: string }>
> = {
  sum: { carry: total, load: "x", finish: "r" },
  mean: { carry: total, load: "x", finish: "r / divisor" },
  norm: { carry: total, load: "x * x", finish: "sqrt(r)" },
  dot: { carry: total, load: "x * y", finish: "r" },
  std: { carry: moments, load: "vec3<f32>(1.0, x, 0.0)", finish: "sqrt(r.z / divisor)" },
  max: { carry: largest, load: "keyOf(x, 0xffffffffu)", finish: "valueOf(r)" },
  min: { carry: smallest, load: "keyOf(x, 0u)", finish: "valueOf(r)" },
};

/** Numbers as integers of the same order, compared as such: drivers may ignore NaN among floats. */
const keyText = `
fn keyOf(x: f32, nan: u32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return nan; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn valueOf(key: u32) -> u32 { return select(~key, key & 0x7fffffffu, (key >> 31u) == 1u); }`;

const header = (lanes: number, body: string): string => `
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let w = group.y * groups.x + group.x;
${body}
}`;

/** Elements that a group's part is stored in. */
export const storedWidth = (fn: FoldFn): number => folds[fn].carry.width;

/**
 * A fold: `first`: of elements, else of parts; `last`: one part a group, so results are made. Buffers: input, for `dot`
 * the second, result.
 */
export function foldText(fn: FoldFn, first: boolean, last: boolean): string {
  const { carry, load, finish } = folds[fn];
  const { type, stored, width } = carry;
  const pair = first && fn === "dot";
  const isKey = stored === "u32";
  const part = width === 1 ? "xs[e]" : "vec3<f32>(xs[3u * e], xs[3u * e + 1u], xs[3u * e + 2u])";
  const element = first ? load.replaceAll(/\bx\b/g, "xs[e]").replaceAll(/\by\b/g, "ys[e]") : part;
  const store = last
    ? `result[w] = ${finish};`
    : width === 1
      ? "result[w] = r;"
      : "result[3u * w] = r.x; result[3u * w + 1u] = r.y; result[3u * w + 2u] = r.z;";
  return `
@group(0) @binding(0) var<uniform> words: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> xs: array<${first ? "f32" : stored}>;
${pair ? "@group(0) @binding(2) var<storage, read> ys: array<f32>;" : ""}
@group(0) @binding(${pair ? 3 : 2}) var<storage, read_write> result: array<${stored}>;
var<workgroup> lanes: array<${type}, ${LANES}>;
${isKey ? keyText : ""}
fn merge(a: ${type}, b: ${type}) -> ${type} {${carry.merge}}
${header(
  LANES,
  `  if (w >= words[0].x) { return; }
  let g = w / words[0].w;
  let start = (w - g * words[0].w) * words[1].x;
  let end = min(words[0].y, start + words[1].x);
  let base = (g / words[0].z) * words[0].y * words[0].z + g % words[0].z;
  var mine: ${type} = ${carry.identity};
  for (var k = start + local; k < end; k += ${LANES}u) {
    let e = base + k * words[0].z;
    mine = merge(mine, ${element});
  }
  lanes[local] = mine;
  for (var half = ${LANES / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) { lanes[local] = merge(lanes[local], lanes[local + half]); }
  }
  if (local == 0u) {
    let r = lanes[0];
    let divisor = bitcast<f32>(words[1].y);
    ${store}
  }`,
)}
`;
}

/** Words of a quantile: groups, elements of a group, groups side by side, rank below, the fraction above it, NaN. */
export const quantileWords = { groups: 0, size: 1, inner: 2, rank: 3, fraction: 4, nan: 5 } as const;

/**
 * The quantile of each group by one workgroup: the element of a rank, eight bits of its key at a time, and the next
 * larger one. Buffers: input, result.
 */
export const quantileText = `
@group(0) @binding(0) var<uniform> words: array<vec4<u32>, 2>;
@group(0) @binding(1) var<storage, read> xs: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;
var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> found: vec3<u32>;
var<workgroup> above: atomic<u32>;
var<workgroup> odd: atomic<u32>;
${keyText}
${header(
  LANES,
  `  let size = words[0].y;
  let base = (w / words[0].z) * size * words[0].z + w % words[0].z;
  let inside = w < words[0].x;
  // Key so far, the rank among those that have it, and how many these are.
  if (local == 0u) { found = vec3<u32>(0u, words[0].w, 0u); atomicStore(&above, 0xffffffffu); atomicStore(&odd, 0u); }
  var mask = 0u;
  for (var shift = 24u; shift < 32u; shift -= 8u) {
    atomicStore(&counts[local], 0u);
    let so = workgroupUniformLoad(&found);
    for (var k = local; inside && k < size; k += ${LANES}u) {
      let key = keyOf(xs[base + k * words[0].z], 0xffffffffu);
      if (key == 0xffffffffu) { atomicStore(&odd, 1u); }
      if ((key & mask) == so.x) { atomicAdd(&counts[(key >> shift) & 255u], 1u); }
    }
    workgroupBarrier();
    if (local == 0u) {
      var rank = so.y;
      var digit = 0u;
      while (digit < 255u && rank >= atomicLoad(&counts[digit])) { rank -= atomicLoad(&counts[digit]); digit++; }
      found = vec3<u32>(so.x | (digit << shift), rank, atomicLoad(&counts[digit]));
    }
    workgroupBarrier();
    mask |= 255u << shift;
  }
  let low = workgroupUniformLoad(&found);
  for (var k = local; inside && k < size; k += ${LANES}u) {
    let key = keyOf(xs[base + k * words[0].z], 0xffffffffu);
    if (key > low.x) { atomicMin(&above, key); }
  }
  workgroupBarrier();
  if (local == 0u && inside) {
    let a = bitcast<f32>(valueOf(low.x));
    let next = select(atomicLoad(&above), low.x, low.y + 1u < low.z || atomicLoad(&above) == 0xffffffffu);
    let b = bitcast<f32>(valueOf(next));
    result[w] = select(a + (b - a) * bitcast<f32>(words[1].x), bitcast<f32>(words[1].y), atomicLoad(&odd) == 1u);
  }`,
)}
`;

/** Words of the search and of the record: elements, stamp, slot. Buffers of the search: flags, input. */
export const finiteWords = { count: 0, stamp: 1, slot: 2 } as const;

/** Leaves the stamp in the slot when an element is not finite. */
export const finiteText = `
@group(0) @binding(0) var<uniform> words: array<vec4<u32>, 1>;
@group(0) @binding(1) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read> xs: array<u32>;
${header(
  LANES,
  `  let i = w * ${LANES}u + local;
  if (i >= words[0].x) { return; }
  if ((xs[i] & 0x7f800000u) == 0x7f800000u) { atomicMax(&flags[words[0].z], words[0].y); }`,
)}
`;

/** Numbers of a record: elements that are not finite, the key of the first, the bits of the largest finite magnitude. */
export const RECORD = 4;

/**
 * Fills a record by one workgroup, which reads the elements only if the slot does not say that they are finite: it has a
 * smaller stamp then. A key is the complement of 4 times the index, and 0 for NaN, 1 and 2 for the infinities, so that 0 is
 * none. Buffers: flags, input, record.
 */
export const recordText = `
@group(0) @binding(0) var<uniform> words: array<vec4<u32>, 1>;
@group(0) @binding(1) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read> xs: array<u32>;
@group(0) @binding(3) var<storage, read_write> record: array<u32>;
var<workgroup> odd: atomic<u32>;
var<workgroup> first: atomic<u32>;
var<workgroup> largest: atomic<u32>;
@compute @workgroup_size(${LANES})
fn main(@builtin(local_invocation_index) local: u32) {
  let size = select(0u, words[0].x, atomicLoad(&flags[words[0].z]) >= words[0].y);
  var mine = vec3<u32>(0u);
  for (var i = local; i < size; i += ${LANES}u) {
    let bits = xs[i];
    let magnitude = bits & 0x7fffffffu;
    if (magnitude < 0x7f800000u) { mine.z = max(mine.z, magnitude); continue; }
    mine.x += 1u;
    let kind = select(1u + (bits >> 31u), 0u, magnitude > 0x7f800000u);
    mine.y = max(mine.y, ~(4u * i + kind));
  }
  atomicAdd(&odd, mine.x);
  atomicMax(&first, mine.y);
  atomicMax(&largest, mine.z);
  workgroupBarrier();
  if (local == 0u) {
    record[0] = atomicLoad(&odd);
    record[1] = atomicLoad(&first);
    record[2] = atomicLoad(&largest);
  }
}
`;
