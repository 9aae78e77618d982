// Owns: how many arguments the built-in functions take, and whether the arguments of an applied definition have
// parameters (D0220). What depends on the values is left to lowering.

import { diagnostic, type Diagnostics } from "../diagnostics/report.js";
import type { Def } from "../resolve/module.js";
import { didYouMean } from "../resolve/suggest.js";
import type { Span } from "../source/span.js";
import type { Argument, CallExpr } from "../syntax/ast.js";

const many = 64;
const exactly = (count: number, ...names: readonly string[]): [string, readonly [number, number]][] =>
  names.map((name) => [name, [count, count] as const]);

/** Least and most unnamed arguments. */
const arities: ReadonlyMap<string, readonly [number, number]> = new Map([
  ...exactly(1, "sqrt", "exp", "log", "log2", "expm1", "sin", "cos", "tan", "atan", "abs", "floor", "round"),
  ...exactly(1, "logistic", "factorial", "length", "mean", "std", "norm", "stop", "relabel", "dim", "ess"),
  ...exactly(1, "argmax", "symmetric", "categorical", "rank", "is_mask", "cumulative", "sample", "inverse"),
  ...exactly(2, "atan2", "hypot", "mod", "phi", "dot", "quantile", "unit", "solve", "outer", "grad"),
  ...exactly(2, "sum", "prod", "integral", "root", "exp_staggered", "transition"),
  ...exactly(3, "lerp", "clamp", "where", "beta_quantile", "vjp"),
  ["sum", [1, 2] as const],
  ["min", [1, many] as const],
  ["max", [1, many] as const],
  ["roll", [2, 2] as const],
  ["divergence", [2, 2] as const],
  ["resample", [1, 2] as const],
  ["tabular_integral", [1, 2] as const],
]);

/** Names of `for`-like functions, whose second argument binds a variable. */
export const binders: ReadonlySet<string> = new Set(["sum", "prod", "integral", "root"]);

const verbArguments: Readonly<Record<string, readonly string[]>> = {
  jump: ["x0", "eps", "eta", "noise"],
  renoise: ["noise"],
  integrate: ["over", "through", "tau", "noise"],
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Built-in functions: the number of arguments. */
export function checkArity(name: string, node: CallExpr, diagnostics: Diagnostics): void {
  const range = arities.get(name);
  if (!range) return;
  const given = node.args.filter((arg) => !arg.name).length;
  const [least, most] = range;
  if (given >= least && given <= most) return;
  const wants =
    most === many
      ? "at least one argument"
      : least === most
        ? counted(most, "argument")
        : `${least} or ${counted(most, "argument")}`;
  diagnostics.add(
    diagnostic("D0220", `\`${name}\` takes ${wants}, here ${given === 1 ? "is" : "are"} ${given}`, {
      at: node.span,
      help: binders.has(name) ? `write it as \`${name}(expression, k in a .. b)\`` : undefined,
    }),
  );
}

/** Verbs: where from, where to, and the names of their arguments. */
export function checkVerb(name: string, node: CallExpr, diagnostics: Diagnostics): void {
  const names = verbArguments[name] ?? [];
  if (!node.args.some((arg) => arg.to))
    diagnostics.add(
      diagnostic("D0220", `\`${name}\` needs to know from which point to which`, {
        at: node.span,
        help: `write \`${name}(s -> t${node.args.length > 0 ? ", ..." : ""})\``,
      }),
    );
  unknownNames(name, node.args, names, diagnostics);
}

function unknownNames(
  callee: string,
  args: readonly Argument[],
  names: readonly string[],
  diagnostics: Diagnostics,
): void {
  for (const arg of args) {
    if (!arg.name || names.includes(arg.name.text)) continue;
    diagnostics.add(
      diagnostic("D0220", `\`${callee}\` has no argument \`${arg.name.text}\``, {
        at: arg.name.span,
        help:
          didYouMean(arg.name.text, names) ??
          `its arguments are ${names.map((name) => `\`${name}:\``).join(", ")}`,
      }),
    );
  }
}

/** Of several kinds with one name, the first that has all the parameters named (as lowering chooses). */
export function chooseOverload(defs: readonly Def[], args: readonly Argument[]): Def | undefined {
  const named = args.flatMap((arg) => arg.name?.text ?? []);
  return (
    defs.find((def) => named.every((name) => def.node.params?.some((param) => param.name.text === name))) ??
    defs[0]
  );
}

/** Arguments of an applied definition against its parameters. */
export function checkParameters(
  def: Def,
  args: readonly Argument[],
  at: Span,
  options: { readonly applied: boolean; readonly partial?: boolean },
  diagnostics: Diagnostics,
): void {
  const params = def.node.params ?? [];
  const names = params.map((param) => param.name.text);
  const list =
    names.length > 0
      ? `its parameters are ${names.map((name) => `\`${name}\``).join(", ")}`
      : "it takes none";
  const given = new Set<string>();
  let position = 0;
  for (const arg of args) {
    if (arg.to) continue;
    if (options.applied && arg.name?.text === "slope") continue;
    const name = arg.name?.text ?? names[position];
    if (!arg.name) position += 1;
    if (name !== undefined && names.includes(name)) {
      given.add(name);
      continue;
    }
    diagnostics.add(
      arg.name
        ? diagnostic("D0220", `\`${def.name}\` has no parameter \`${arg.name.text}\``, {
            at: arg.name.span,
            help: didYouMean(arg.name.text, names) ?? list,
          })
        : diagnostic("D0220", `\`${def.name}\` takes ${counted(names.length, "parameter")}`, {
            at: arg.span,
            label: "one too many",
            help: list,
          }),
    );
  }
  if (options.partial) return;
  for (const param of params) {
    if (param.default || given.has(param.name.text)) continue;
    diagnostics.add(
      diagnostic("D0220", `\`${def.name}\` needs a value for \`${param.name.text}\``, {
        at,
        secondary: [{ span: param.name.span, text: "declared without a default" }],
        help: `write \`${def.name}(${param.name.text}: ...)\``,
      }),
    );
  }
}
