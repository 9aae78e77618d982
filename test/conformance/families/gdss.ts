// Owns: harryjo97/GDSS: node features and edges of a graph, each on its own path, moved together. One tensor holds both,
// edges once (above the diagonal), and two masks say which is which: so symmetric noise is plain noise, and the ratio of
// two norms over the full matrix is that over its upper half. The numbers of every step follow from the options.

import type { Model } from "../../../runtime/index.js";
import type { Case, Fields, Tensor } from "../format.js";
import { checkNames, list, literal, oneOf, samplerText, unsupported, type Replay } from "../spec.js";

/** The shape of a graph, and where its numbers lie in a sample. */
interface Graph {
  readonly nodes: number;
  readonly features: number;
  readonly pairs: readonly (readonly [number, number])[];
  readonly size: number;
}

function graphOf({ init }: Case): Graph {
  const [, nodes = 0, features = 0] = init.shape;
  const pairs = Array.from({ length: nodes }, (_, i) => i).flatMap((i) =>
    Array.from({ length: nodes - i - 1 }, (_, j): readonly [number, number] => [i, i + 1 + j]),
  );
  return { nodes, features, pairs, size: nodes * features + pairs.length };
}

/** [batch][nodes][features] and [batch][nodes][nodes] as [batch][size]. */
function pack({ nodes, features, pairs, size }: Graph, x: Tensor, adj: Tensor): Tensor {
  const count = x.shape[0] as number;
  const data = new Float64Array(count * size);
  for (let b = 0; b < count; b++) {
    const wide = nodes * features;
    data.set(x.data.subarray(b * wide, (b + 1) * wide), b * size);
    pairs.forEach(([i, j], k) => {
      data[b * size + wide + k] = adj.data[(b * nodes + i) * nodes + j] as number;
    });
  }
  return { data, shape: [count, size] };
}

/** 1 at the features of real nodes, or at the edges between them. */
function mask({ nodes, features, pairs, size }: Graph, flags: Tensor, edges: boolean): Tensor {
  const count = flags.shape[0] as number;
  const flag = (b: number, i: number): number => flags.data[b * nodes + i] as number;
  const data = Array.from({ length: count }, (_, b) =>
    Array.from({ length: size }, (_, k) => {
      const pair = pairs[k - nodes * features];
      if (pair) return edges ? flag(b, pair[0]) * flag(b, pair[1]) : 0;
      return edges ? 0 : flag(b, Math.floor(k / features));
    }),
  ).flat();
  return { data: Float64Array.from(data), shape: [count, size] };
}

/** The two networks of the recordings, smooth fields that see the whole graph and take no time. */
function toyNetwork(graph: Graph, model: Fields, flags: Tensor, signs: readonly [number, number]): Model {
  oneOf("model", model.text("kind"), ["gdss-toy"]);
  checkNames(model, ["kind", "mean_x", "mean_adj", "c1", "c2", "out_x", "out_adj", "time_input"]);
  if (model.flag("time_input")) unsupported("a network that is told the time");
  const { nodes, features, pairs, size } = graph;
  const wide = nodes * features;
  const [meanX, meanAdj] = [model.tensor("mean_x").data, model.tensor("mean_adj").data];
  const [c1, c2] = [model.number("c1"), model.number("c2")];
  const each = (n: number, term: (i: number) => number): number =>
    Array.from({ length: n }, (_, i) => term(i)).reduce((a, b) => a + b, 0);
  const sample = (state: ArrayLike<number>, b: number, start: number, out: Float64Array): void => {
    const x = (i: number, f: number): number => state[start + i * features + f] as number;
    const flag = (i: number): number => flags.data[b * nodes + i] as number;
    const adj = Array.from({ length: nodes }, () => Array<number>(nodes).fill(0));
    pairs.forEach(([i, j], k) => {
      const value = state[start + wide + k] as number;
      (adj[i] as number[])[j] = value;
      (adj[j] as number[])[i] = value;
    });
    for (let i = 0; i < nodes; i++)
      for (let f = 0; f < features; f++) {
        const near = each(nodes, (j) => (adj[i]?.[j] as number) * x(j, f));
        const value = 0.7 * (x(i, f) - (meanX[i * features + f] as number)) - c1 * Math.tanh(near);
        out[start + i * features + f] = signs[0] * flag(i) * value;
      }
    pairs.forEach(([i, j], k) => {
      const alike = each(features, (f) => x(i, f) * x(j, f));
      const value =
        0.6 * ((adj[i]?.[j] as number) - (meanAdj[i * nodes + j] as number)) - c2 * Math.tanh(alike);
      out[start + wide + k] = signs[1] * flag(i) * flag(j) * value;
    });
  };
  return {
    capabilities: { name: "gdss-toy", sampleShape: [size], conditions: "none", outputs: [], time: null },
    async evaluate(call) {
      const state = await call.state.read();
      const data = new Float64Array(state.length);
      for (let b = 0; b * size < state.length; b++) sample(state, call.firstSample + b, b * size, data);
      return { raw: { data, shape: call.shape } };
    },
  };
}

/** What one of the source's SDEs says at a time, and over the exact transition back by d < 0. */
interface Sde {
  readonly N: number;
  /** score = factor * output. */
  readonly factor: (t: number) => number;
  /** The linear drift, and the square of the diffusion. */
  readonly drift: (t: number) => number;
  readonly square: (t: number) => number;
  /** Scale of the state and square of the noise of "reverse diffusion". */
  readonly reverse: (t: number) => readonly [scale: number, square: number];
  readonly transition: ((t: number, d: number) => readonly [scale: number, std: number]) | undefined;
  /** The corrector's factor at an entry of the table, for the S4 solver and for the corrector class. */
  readonly s4: (entry: number) => number;
  readonly langevin: (entry: number) => number;
  /** Sign of the recordings' network. */
  readonly sign: number;
}

const floorEntry = (t: number, N: number): number => Math.floor(t * (N - 1));

function sdeOf(schedule: Fields): Sde {
  const kind = oneOf("schedule", schedule.text("kind"), ["vp", "subvp", "ve"]);
  const N = schedule.number("N");
  if (kind === "ve") {
    checkNames(schedule, ["kind", "sigma_min", "sigma_max", "N"]);
    const [low, high] = [schedule.number("sigma_min"), schedule.number("sigma_max")];
    const sigma = (t: number): number => low * (high / low) ** t;
    const level = (entry: number): number => (entry < 0 ? 0 : sigma(entry / (N - 1)));
    return {
      N,
      factor: () => 1,
      drift: () => 0,
      square: (t) => sigma(t) ** 2 * 2 * Math.log(high / low),
      reverse: (t) => {
        const entry = floorEntry(t, N);
        return [1, level(entry) ** 2 - level(entry - 1) ** 2];
      },
      transition: (t, d) => [1, Math.sqrt(sigma(t) ** 2 - sigma(t + d) ** 2)],
      s4: () => 1,
      langevin: () => 1,
      sign: -1,
    };
  }
  checkNames(schedule, ["kind", "beta_min", "beta_max", "N"]);
  const [b0, b1] = [schedule.number("beta_min"), schedule.number("beta_max")];
  const beta = (t: number): number => b0 + t * (b1 - b0);
  const entryBeta = (entry: number): number => (b0 + ((b1 - b0) * entry) / (N - 1)) / N;
  const kept = (entry: number): number => 1 - entryBeta(entry);
  const square = (t: number): number => -Math.expm1(-0.5 * t ** 2 * (b1 - b0) - t * b0);
  const common = { N, drift: (t: number) => -beta(t) / 2, langevin: kept, sign: 1 };
  if (kind === "subvp") {
    const diffusion = (t: number): number => beta(t) * -Math.expm1(-2 * b0 * t - (b1 - b0) * t ** 2);
    return {
      ...common,
      factor: (t) => -1 / square(t),
      square: diffusion,
      reverse: (t) => [1 + beta(t) / (2 * N), diffusion(t) / N],
      transition: undefined,
      s4: () => 1,
    };
  }
  return {
    ...common,
    factor: (t) => -1 / Math.sqrt(square(t)),
    square: beta,
    reverse: (t) => {
      const b = entryBeta(floorEntry(t, N));
      return [2 - Math.sqrt(1 - b), b];
    },
    transition: (t, d) => {
      const c = (d / 4) * (2 * b0 + (2 * t + d) * (b1 - b0));
      return [Math.exp(-c), Math.sqrt(-Math.expm1(2 * c))];
    },
    s4: kept,
  };
}

/** Numbers of each step by name, for the nodes and for the edges. */
type Tables = Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;

/** A number of the step for each part of the graph, as a tensor. */
const mix = (name: string): string => `(${name}X[step]*nodes + ${name}A[step]*edges)`;

const solverText = (tables: Tables, body: readonly string[]): string => {
  const parameters = Object.entries(tables).flatMap(([name, [x, adj]]) => [
    `${name}X = ${list(x)}`,
    `${name}A = ${list(adj)}`,
  ]);
  return [
    `solver graphs(${parameters.join(", ")}) {`,
    "  input nodes: tensor",
    "  input edges: tensor",
    "  noise w, u, v",
    "  step {",
    ...body.map((line) => `    ${line}`),
    "  }",
    "}",
  ].join("\n");
};

/** Langevin's step length for a part of the graph. */
const stepLength = (snr: number, part: string, factor: string, score: string): string =>
  `2*${factor}[step]*(${literal(snr)}*mean(norm(${part}*w), per: batch)/mean(norm(${part}*${score}), per: batch))^2`;

interface Settings {
  readonly snr: number;
  readonly scale: number;
  readonly denoise: boolean;
}

/** One call a step: correction, then the linear part in two exact halves about the pull of the score. */
const s4Body = ({ snr, scale, denoise }: Settings): readonly string[] => [
  `let g  = ${mix("k")}*eps[s]`,
  `let eX = ${stepLength(snr, "nodes", "aX", "g")}`,
  `let eA = ${stepLength(snr, "edges", "aA", "g")}`,
  `let y  = x[s] + (eX*nodes + eA*edges)*g + ${literal(scale)}*(sqrt(2*eX)*nodes + sqrt(2*eA)*edges)*w`,
  `let h  = ${mix("m")}*y + ${mix("d")}*u + ${mix("p")}*g`,
  denoise
    ? `when last { x[t] = ${mix("n")}*h } else { x[t] = ${mix("n")}*h + ${mix("r")}*v }`
    : `x[t] = ${mix("n")}*h + ${mix("r")}*v`,
];

function s4Tables(x: Sde, adj: Sde, times: readonly number[], dt: number): Tables {
  const each = (of: (sde: Sde, t: number) => number): Tables[string] => [
    times.map((t) => of(x, t)),
    times.map((t) => of(adj, t)),
  ];
  const move = (sde: Sde, t: number): readonly [number, number] =>
    sde.transition?.(t, dt / 2) ?? unsupported("the S4 solver on a path without an exact transition");
  return {
    k: each((sde, t) => sde.factor(t)),
    // The table of the node features counts for both.
    a: each((sde, t) => sde.s4(floorEntry(t, x.N))),
    m: each((sde, t) => move(sde, t)[0]),
    d: each((sde, t) => move(sde, t)[1]),
    p: each((sde, t) => -dt * sde.square(t)),
    n: each((sde, t) => move(sde, t + dt / 2)[0]),
    r: each((sde, t) => move(sde, t + dt / 2)[1]),
  };
}

/** Corrector and predictor. Nodes and edges are corrected apart, each with the other as it was. */
function pcBody(settings: Settings, corrections: number): readonly string[] {
  const { snr, scale, denoise } = settings;
  const move = (part: string, factor: string, g: string): string => {
    const e = stepLength(snr, part, factor, g);
    return `${part}*((${e})*${g} + ${literal(scale)}*sqrt(2*(${e}))*w)`;
  };
  const [g, ga, gb] = ["s", "a", "b"].map((point) => `(${mix("k")}*eps[${point}])`) as [
    string,
    string,
    string,
  ];
  const corrected: Readonly<Record<number, readonly string[]>> = {
    0: ["x[c] = x[s]"],
    1: [`x[c] = x[s] + ${move("nodes", "aX", g)} + ${move("edges", "aA", g)}`],
  };
  const chains = [
    "point a, b at s",
    "x[a] = x[s]",
    "x[b] = x[s]",
    `repeat ${corrections} {`,
    `  x[a] := x[a] + ${move("nodes", "aX", ga)}`,
    `  x[b] := x[b] + ${move("edges", "aA", gb)}`,
    "}",
    "x[c] = nodes*x[a] + edges*x[b]",
  ];
  const mean = `x[t] = ${mix("m")}*x[c] + ${mix("p")}*eps[c]`;
  const noisy = `${mean} + ${mix("d")}*u`;
  return [
    "point c at s",
    ...(corrected[corrections] ?? chains),
    denoise ? `when last { ${mean} } else { ${noisy} }` : noisy,
  ];
}

function pcTables(
  x: Sde,
  adj: Sde,
  times: readonly number[],
  predictor: "Euler" | "Reverse",
  flow: boolean,
): Tables {
  if (flow && predictor === "Euler") unsupported("probability flow with 'Euler', which stops there");
  const each = (of: (sde: Sde, t: number) => number): Tables[string] => [
    times.map((t) => of(x, t)),
    times.map((t) => of(adj, t)),
  ];
  const update = (sde: Sde, t: number): readonly [scale: number, square: number] =>
    predictor === "Reverse" ? sde.reverse(t) : [1 - sde.drift(t) / sde.N, sde.square(t) / sde.N];
  return {
    k: each((sde, t) => sde.factor(t)),
    a: each((sde, t) => sde.langevin(floorEntry(t, sde.N))),
    m: each((sde, t) => update(sde, t)[0]),
    p: each((sde, t) => update(sde, t)[1] * sde.factor(t) * (flow ? 0.5 : 1)),
    d: each((sde, t) => (flow ? 0 : Math.sqrt(update(sde, t)[1]))),
  };
}

/** The draws of a step, node and edge noise together: of n corrections, first all for the nodes. */
function packedNoise(
  graph: Graph,
  noise: readonly Tensor[],
  each: number,
  corrections: number,
): readonly Tensor[] {
  return Array.from({ length: Math.floor(noise.length / 2) }, (_, k) => {
    const [step, draw] = [Math.floor(k / each), k % each];
    const base = 2 * each * step;
    const [x, adj] =
      draw < corrections ? [base + draw, base + corrections + draw] : [base + 2 * draw, base + 2 * draw + 1];
    return pack(graph, noise[x] as Tensor, noise[adj] as Tensor);
  });
}

/** Nothing but what the packed form keeps. */
function checkSymmetric(adj: Tensor): void {
  const [count = 0, n = 0] = adj.shape;
  const value = (b: number, i: number, j: number): number => adj.data[(b * n + i) * n + j] as number;
  for (let b = 0; b < count; b++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++)
        if (i === j ? value(b, i, i) !== 0 : value(b, i, j) !== value(b, j, i))
          unsupported("a matrix of edges that is not symmetric with a zero diagonal");
}

export function gdss(entry: Case): Replay {
  const { options, schedule, fields } = entry;
  checkNames(options, [
    "snr",
    "scale_eps",
    "n_steps",
    "denoise",
    "eps",
    "predictor",
    "corrector",
    "probability_flow",
  ]);
  checkNames(schedule, ["x", "adj"]);
  const solver = oneOf("solver", entry.solver, ["gdss-S4", "gdss-PC"]);
  const [x, adj] = [sdeOf(schedule.object("x")), sdeOf(schedule.object("adj"))];
  const steps = adj.N;
  // As recorded: at the last time, rounding decides which entry of a table is meant.
  const times = entry.grid.numbers("t");
  const last = times[steps - 1] as number;
  if (times.length !== steps) unsupported("a grid of another number of steps");
  if (steps > 1 && Math.abs(last - options.number("eps")) > 1e-6) unsupported("a grid that ends elsewhere");
  const settings = {
    snr: options.number("snr"),
    scale: options.number("scale_eps"),
    denoise: options.flag("denoise", true),
  };
  const s4 = solver === "gdss-S4";
  const corrector = oneOf("corrector", options.text("corrector", s4 ? "None" : "Langevin"), [
    "Langevin",
    "None",
  ]);
  const predictor = oneOf("predictor", options.text("predictor", s4 ? "None" : "Euler"), [
    "Euler",
    "Reverse",
    "None",
  ]);
  // Both solvers take every name but "Reverse" for Euler; S4 looks at none of these options.
  const corrections = s4 ? 1 : corrector === "Langevin" ? options.number("n_steps", 1) : 0;
  const tables = s4
    ? s4Tables(x, adj, times, -1 / steps)
    : pcTables(
        x,
        adj,
        times,
        predictor === "Reverse" ? "Reverse" : "Euler",
        options.flag("probability_flow"),
      );
  if (Object.values(tables).flat(2).some(Number.isNaN)) unsupported("a step that leaves the path's time");
  const graph = graphOf(entry);
  const flags = fields.tensor("flags");
  const [adjInit, adjFinal] = [fields.tensor("adj_init"), fields.tensor("adj_final")];
  checkSymmetric(adjInit);
  const each = s4 ? 3 : corrections + 1;
  const draws: Readonly<Record<string, number>> = s4 ? { w: 0, u: 1, v: 2 } : { u: corrections };
  return {
    text: samplerText({
      // The networks take no time and the solver has its own numbers, so the path only orders the points.
      definitions: [
        "schedule path {\n  time t from 1 to 0\n  alpha = 1\n  sigma = t\n}",
        solverText(tables, s4 ? s4Body(settings) : pcBody(settings, corrections)),
      ],
      schedule: "path",
      predicts: "eps with time: none",
      grid: `given_times(times: ${list([...times, last / 2])})`,
      solver: "graphs",
    }),
    model: "",
    conditions: {},
    labels: {},
    network: toyNetwork(graph, fields.object("model"), flags, [x.sign, adj.sign]),
    inputs: { nodes: mask(graph, flags, false), edges: mask(graph, flags, true) },
    noise: (name, step, pass) => step * each + (draws[name] ?? pass),
    trajectory: [],
    packed: {
      ...entry,
      init: pack(graph, entry.init, adjInit),
      final: pack(graph, entry.final, adjFinal),
      noise: packedNoise(graph, entry.noise, each, corrections),
      trajectory: null,
    },
    // Two networks there are one here.
    ...(corrections > 1 ? {} : { calls: { count: fields.number("nfe") / 2 } }),
  };
}
