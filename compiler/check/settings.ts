// Owns: the neutral settings in which a definition is tried alone: a sampler made around it, with the library's
// schedule, grid and rules, and the networks and results it asks for.

import type { Code } from "../diagnostics/codes.js";
import { namedQuantities } from "../graph/quantity.js";
import { lowerRun } from "../sampler/run.js";
import { readSampler } from "../sampler/sampler.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { SourceFile } from "../source/file.js";
import type { Definition, Param } from "../syntax/ast.js";
import { parse } from "../syntax/parse.js";
import { walk } from "../syntax/walk.js";
import { headName } from "./bodies.js";

/** Name of the text that holds a setting; no finding is shown in it. */
export const settingFile = "(check)";
export const settingSteps = 12;

/** Arguments for the parameters without defaults; undefined when there is no neutral choice. */
export function neutralArguments(node: Definition): readonly string[] | undefined {
  const parts: string[] = [];
  for (const param of node.params ?? []) {
    if (param.default) continue;
    const value = neutral(param);
    if (value === undefined) return undefined;
    parts.push(`${param.name.text}: ${value}`);
  }
  return parts;
}

function neutral(param: Param): string | undefined {
  switch (param.type?.text) {
    case "solver":
      return "ddim";
    case "schedule":
      return "stable_diffusion";
    case "grid":
      return "log_snr";
    default:
      return undefined;
  }
}

export const applied = (name: string, args: readonly string[]): string =>
  args.length > 0 ? `${name}(${args.join(", ")})` : name;

/** A file that sees the library and the definition only. */
export function setting(text: string, def: Def): Module {
  const source = new SourceFile(settingFile, text);
  const { tree } = parse(source);
  const definitions = new Map<string, Def>([[`${def.sort} ${def.name}`, def]]);
  const module: Module = {
    id: settingFile,
    source,
    tree,
    definitions,
    values: new Map(),
    used: { definitions: new Map(), values: new Map() },
  };
  for (const item of tree.items) {
    if (item.kind !== "Definition") continue;
    const name = item.name.text;
    definitions.set(`${item.sort} ${name}`, { sort: item.sort, name, node: item, module });
  }
  return module;
}

/** How a rule may be meant to be used. */
export interface Use {
  readonly lines: (name: string, args: readonly string[]) => readonly string[];
  /** Only for rules that a `final` line names. */
  readonly last?: boolean;
  /** A further definition of the setting. */
  readonly helper?: (name: string, args: readonly string[]) => string;
  /** Findings after which the next way is tried. */
  readonly retry: readonly Code[];
}

export const uses: readonly Use[] = [
  { lines: (name, args) => [`solver ${applied(name, args)}`], retry: ["D0301", "D0305"] },
  // A rule for the last steps: others have made its history.
  {
    lines: (name, args) => [`solver ${applied(name, args)}`, "start ddim"],
    last: true,
    retry: ["D0301"],
  },
  // A corrector, which stays at its level.
  {
    lines: () => ["solver corrected__"],
    helper: (name, args) =>
      `solver corrected__ { step { point c at s; x[c] = ${applied(name, ["s -> c", ...args])}; x[t] = ddim(c -> t) } }`,
    retry: [],
  },
];

/** Lowers a short run: its first step, its middle and its end. */
export function lowerAlone(def: Def, args: readonly string[], use: Use, program: Program): void {
  const it = applied(def.name, args);
  const { networks, outputs } = asked(def.node, program, def.module);
  const results = outputs.length > 0 ? ` with outputs: [${outputs.join(", ")}]` : "";
  const lines = [
    `schedule ${hasRequirement(def.node) ? "edm" : "vp_linear"}`,
    `model predicts ${def.sort === "parameterization" ? it : `x0${results}`}`,
    ...networks.map((name) => `model ${name} predicts x0`),
    ...(def.sort === "guidance" ? [`guidance ${it}`] : []),
    "grid log_snr",
    `steps ${settingSteps}`,
    ...(def.sort === "solver" ? use.lines(def.name, args) : ["solver ddim"]),
  ];
  const helper = use.helper?.(def.name, args) ?? "";
  const module = setting(`sampler check__ {\n${lines.join("\n")}\n}\n${helper}\n`, def);
  const sampler = module.definitions.get("sampler check__");
  if (sampler) lowerRun(readSampler(sampler, program, {}));
}

/** What a rule requires of its schedule, `alpha == 1`, holds on `edm`. */
export function hasRequirement(node: Definition): boolean {
  let found = false;
  walk(node, {
    Requires: (statement) => {
      found ||= statement.condition !== undefined;
    },
  });
  return found;
}

/** Networks that a definition calls by name and results it reads that only a sampler could declare. */
function asked(
  node: Definition,
  program: Program,
  module: Module,
): { readonly networks: readonly string[]; readonly outputs: readonly string[] } {
  const known = declaredNames(node);
  const isKnown = (name: string): boolean =>
    known.has(name) || program.definitionsNamed(module, name).length > 0;
  const networks = new Set<string>();
  const outputs = new Set<string>();
  const calls = new Set<string>();
  walk(node, {
    CallClause: (statement) => {
      calls.add(statement.name.text);
      const callee = statement.value.kind === "Call" ? statement.value.callee : undefined;
      if (callee?.kind === "Name" && !isKnown(callee.text)) networks.add(callee.text);
    },
    Member: (e) => {
      if (e.object.kind === "Name" && calls.has(e.object.text) && !isKnown(e.name.text))
        outputs.add(e.name.text);
    },
    Index: (e) => {
      const [index] = e.indices;
      if (e.object.kind === "Name" && index?.kind === "Name" && index.text === "s" && !isKnown(e.object.text))
        outputs.add(e.object.text);
    },
  });
  return { networks: [...networks], outputs: [...outputs] };
}

/** Names that the definition itself or the language gives a meaning. */
function declaredNames(node: Definition): ReadonlySet<string> {
  const known = new Set(["x", "x0", "eps", "raw", "model", "network", ...namedQuantities]);
  const add = (name: { readonly text: string } | undefined): void => {
    if (name) known.add(name.text);
  };
  node.params?.forEach((param) => add(param.name));
  walk(node, {
    Let: (statement) => {
      add(statement.name);
      statement.params?.forEach(add);
    },
    Carry: (statement) => add(headName(statement.target)),
    State: (statement) => statement.targets.forEach((target) => add(headName(target))),
    Input: (statement) => statement.names.forEach(add),
    Noise: (statement) => statement.names.forEach(add),
    Quantity: (statement) => add(statement.name),
  });
  return known;
}
