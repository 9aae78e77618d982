// Owns: the networks of a run: from --model or from the file the sampler names. Programs are started only when the user
// named them.

import { resolve } from "node:path";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { didYouMean } from "../../compiler/resolve/suggest.js";
import { openModel, type Model } from "../../runtime/node.js";
import { wrongUse } from "../usage.js";
import { findModelFile, type Runnable } from "./source.js";

/** Paths by model name, from `PATH` and `name=PATH`. Throws D0706. */
function namedPaths(plan: Plan, given: readonly string[]): ReadonlyMap<string, string> {
  const names = plan.models.map((model) => model.name);
  const paths = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    const name = text.slice(0, Math.max(0, at));
    const [only] = names;
    if (names.includes(name)) paths.set(name, text.slice(at + 1));
    else if (names.length === 1 && only !== undefined && !/^\w+$/.test(name)) paths.set(only, text);
    else
      wrongUse(
        at > 0
          ? `--model: \`${plan.sampler}\` has no model \`${name}\``
          : `--model: say which network: \`${plan.sampler}\` has ${names.length}`,
        didYouMean(name, names) ?? `write ${names.map((other) => `\`--model ${other}=PATH\``).join(" ")}`,
      );
  }
  return paths;
}

/** All networks, opened. Throws D0601, D0602, D0603, D0604, D0703 (no file is known). */
export async function openModels(
  runnable: Runnable & { readonly plan: Plan },
  given: readonly string[],
  cwd: string,
  tfBackend: string | undefined,
): Promise<ReadonlyMap<string, Model>> {
  const { plan } = runnable;
  const paths = namedPaths(plan, given);
  const models = new Map<string, Model>();
  for (const declared of plan.models) {
    const { name, file } = declared;
    const typed = paths.get(name);
    if (typed === undefined && file === null)
      fail("D0703", `\`${plan.sampler}\` names no file for its model '${name}'`, {
        help:
          plan.models.length === 1
            ? "pass it: `--model PATH` (a tfjs folder, .onnx, a mixture .json, data .npy or a .js module)"
            : `pass it: \`--model ${name}=PATH\``,
      });
    const path =
      typed === undefined ? findModelFile(runnable, name, file as string, cwd) : resolve(cwd, typed);
    models.set(name, await openModel(path, declared, { code: typed !== undefined, tfBackend }));
  }
  return models;
}
