// Owns: a solver written as in an `expect` line, ready to be certified; a file with its claims checked.

import { checkClaims, type Claims } from "../../../compiler/certify/claims.js";
import type { Setting } from "../../../compiler/certify/setting.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { renderText } from "../../../compiler/diagnostics/text.js";
import { memoryHost } from "../../../compiler/host.js";
import { definitionOf, moduleScope } from "../../../compiler/lower/parameters.js";
import { Program } from "../../../compiler/resolve/module.js";
import { StaticLowering } from "../../../compiler/sampler/sampler.js";

/** `unipc(p: 2)` on generic schedules; `more` holds definitions it may use. */
export function settingOf(subject: string, more = ""): Setting {
  const text = `${more}\nexpect ${subject} { order 1 }\n`;
  const program = new Program(memoryHost({ "a.dsamp": text }), new Diagnostics());
  const module = program.load("a.dsamp");
  const item = module?.tree.items.find((candidate) => candidate.kind === "Expect");
  if (!module || item?.kind !== "Expect") throw new Error(`not a solver: ${subject}`);
  const cx = new StaticLowering(program);
  const solver = definitionOf(item.subject, "solver", moduleScope(module, cx), 0, cx);
  return { program, solver, family: "generic" };
}

/** What is certified of a file, and what is said about it. */
export function checked(text: string): Claims & { readonly said: string } {
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost({ "a.dsamp": text }), diagnostics);
  const module = program.load("a.dsamp");
  if (!module) throw new Error("no module");
  const claims = checkClaims(module, program);
  return {
    ...claims,
    said: `\n${renderText(diagnostics.all, (id) => program.source(id), { color: false })}`,
  };
}
