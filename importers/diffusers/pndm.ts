// Owns: diffusers' PNDM: Runge-Kutta steps at the start (skip_prk_steps false) or a doubled first call (true), then
// Adams-Bashforth with the weights of equal steps.

import type { State } from "../imported.js";
import { contradiction } from "../options.js";
import { line } from "../text.js";
import { type Importer, predicts, stepsOf, unitNoise, written } from "./context.js";
import { outerSpacing, spacings } from "./spacing.js";
import { tableOf } from "./table.js";

/** eps from the combined outputs D, by the state at b. */
const noise = (v: boolean): string => (v ? "(alpha[b]*D + sigma[b]*x[b])" : "D");

/** From the state at b to the level of q, when the outputs combine to D. */
const transfer = (v: boolean, b: string): string =>
  `let transfer(q, D) = alpha[q]*(x[${b}]/alpha[${b}] + (rho[q] - rho[${b}])*${noise(v).replaceAll("[b]", `[${b}]`)})`;

const adams = (view: string): string => {
  const e = (k: number): string => (k === 0 ? `${view}[s]` : `${view}[s-${k}]`);
  return `(55*${e(0)} - 59*${e(1)} + 37*${e(2)} - 9*${e(3)})/24`;
};

export const pndm: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const table = tableOf(config);
  const prediction = config.word("prediction_type", "epsilon", ["epsilon", "v_prediction"]);
  const n = stepsOf(context);
  const spacing = config.word("timestep_spacing", "leading", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const skip = config.flag("skip_prk_steps", false);
  const toOne = config.flag("set_alpha_to_one", false);
  const spaced = outerSpacing(who, spacing, table, n, offset, true);
  const stride = Math.floor(table.N / n);
  const half = Math.floor(stride / 2);
  if (n < (skip ? 2 : 4))
    contradiction(
      `${who}: ${n} steps, and ${skip ? "the doubled first call needs 2" : "the Runge-Kutta start needs 4"}`,
    );
  const v = prediction === "v_prediction";
  const view = v ? "v" : "eps";
  const below = spaced.at(n - 1) - stride;
  const still = below < 0 && !toOne && spaced.at(n - 1) === 0;
  const last = below >= 0 ? `index = ${below}` : toOne ? "then sigma = 0" : still ? "" : "index = 0";
  const matched = Array.from({ length: n - 1 }, (_, i) => i).every(
    (i) => spaced.at(i + 1) === spaced.at(i) - stride,
  );
  // The end of a step: with unequal strides the state is one stride down, and is taken to be at the next timestep.
  const arrive = (D: string, indent: string): string =>
    matched
      ? `${indent}x[t] = transfer(t, ${D})`
      : still
        ? [
            `${indent}point d at index = index[s] - ${stride}`,
            `${indent}x[d] = transfer(d, ${D})`,
            `${indent}x[t] = relabel(x[d])`,
          ].join("\n")
        : [
            `${indent}when last { x[t] = transfer(t, ${D}) }`,
            `${indent}else {`,
            `${indent}  point d at index = index[s] - ${stride}`,
            `${indent}  x[d] = transfer(d, ${D})`,
            `${indent}  x[t] = relabel(x[d])`,
            `${indent}}`,
          ].join("\n");
  const prk = [
    "    when step < 3 {",
    "      // Runge-Kutta of order 4 with calls at half a stride, in whole training steps: the first half is cut off, the",
    "      // second rounded up, so with an odd stride a stage is at one level and its call at another.",
    `      point a at index = index[s] - ${half}`,
    `      point b at index = index[t] + ${half}`,
    `      x[a] = transfer(a, ${view}[s])`,
    "      x[b] = relabel(x[a])",
    "      point g at index = index[t] + " + String(half),
    `      x[g] = transfer(g, ${view}[b])`,
    `      point k at index = index[t] + ${half} - ${half}`,
    `      x[k] = transfer(k, ${view}[g])`,
    `      x[t] = transfer(t, (${view}[s] + 2*${view}[b] + 2*${view}[g] + ${view}[k])/6)`,
    "    }",
  ].join("\n");
  // With skip_prk_steps the second timestep is called twice: Euler to it, and once more from the first state with the
  // mean of both calls.
  const doubled = matched
    ? [
        "    when step == 0 {",
        "      point p at t",
        `      x[p] = transfer(p, ${view}[s])`,
        `      x[t] = transfer(t, (${view}[s] + ${view}[p])/2)`,
        "    }",
      ]
    : [
        "    when step == 0 {",
        `      point d at index = index[s] - ${stride}`,
        "      point p at t",
        `      point b at index = index[t] + ${stride}`,
        `      x[d] = transfer(d, ${view}[s])`,
        "      x[p] = relabel(x[d])",
        "      // The first state again, taken to be one stride above the second timestep.",
        "      x[b] = relabel(x[s])",
        `      let D = (${view}[s] + ${view}[p])/2`,
        `      x[t] = alpha[t]*(x[b]/alpha[b] + (rho[t] - rho[b])*${noise(v)})`,
        "    }",
      ];
  const rising = [
    `    else when step == 1 {\n${arrive(`(3*${view}[s] - ${view}[s-1])/2`, "      ")}\n    }`,
    `    else when step == 2 {\n${arrive(`(23*${view}[s] - 16*${view}[s-1] + 5*${view}[s-2])/12`, "      ")}\n    }`,
  ];
  const custom = !skip || v || !matched;
  const solver = [
    v
      ? "// PNDM combines the outputs of the network as they are, v here, and converts the combination with the newest state."
      : "// PNDM.",
    ...(matched
      ? []
      : [
          `// It steps down by floor(${table.N}/steps) training steps; the next call is made at the next timestep, and with this`,
          "// spacing the two differ.",
        ]),
    "solver pndm_steps {",
    "  step {",
    `    ${transfer(v, "s")}`,
    ...(skip ? [...doubled, ...rising] : [prk]),
    `    else {\n${arrive(adams(view), "      ")}\n    }`,
    "  }",
    "}",
  ].join("\n");
  const steps = still ? n - 1 : n;
  const state = (k: number, calls: number): State => {
    if (skip) return k === 0 ? null : Math.min(k, steps);
    if (k < 12) return k % 4 === 3 ? (k + 1) / 4 : null;
    return Math.min(k - 8, steps, calls);
  };
  return written(context, {
    definitions: [
      ...table.definitions,
      ...spaced.tables,
      [
        ...spaced.why.map((item) => `// ${item}`),
        ...(below >= 0
          ? [`// The last step goes one stride of ${stride} down, and ends there.`]
          : toOne
            ? []
            : ["// set_alpha_to_one false: the last step ends at the level of training step 0."]),
        "grid levels {",
        `  index[i] = ${spaced.index("i")}  for i in 0 .. steps - 1`,
        ...(last === "" ? [] : [`  ${last}`]),
        "}",
      ].join("\n"),
      ...(custom ? [solver] : []),
    ],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: [],
    grid: line("levels"),
    steps: n,
    solver: line(
      custom ? "pndm_steps" : "plms",
      skip
        ? "skip_prk_steps: the first step makes two network calls."
        : "Three Runge-Kutta steps of four calls, then one call a step.",
    ),
    states: (calls) => Array.from({ length: calls }, (_, k) => state(k, calls)),
  });
};
