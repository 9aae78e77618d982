// Owns: random edits against the model of the server: nothing throws, and what is known at the end is what a fresh
// server would know. Features are asked along the way, at random places.

import fc from "fast-check";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { actions } from "../../../editor/lsp/features/actions.js";
import { completion } from "../../../editor/lsp/features/completion.js";
import { diagnosticsOf } from "../../../editor/lsp/features/diagnostics.js";
import { hover } from "../../../editor/lsp/features/hover.js";
import { inlayHints } from "../../../editor/lsp/features/inlay.js";
import { definition, highlights } from "../../../editor/lsp/features/navigate.js";
import { prepareRename } from "../../../editor/lsp/features/rename.js";
import { signature } from "../../../editor/lsp/features/signature.js";
import { folds, formatting, selection } from "../../../editor/lsp/features/structure.js";
import { documentSymbols } from "../../../editor/lsp/features/symbols.js";
import { semanticTokens } from "../../../editor/lsp/features/tokens.js";
import { Workspace } from "../../../editor/lsp/workspace.js";
import { editPieces, memoryFiles } from "./support.js";

const spec = (path: string): string => readFileSync(new URL(`../../specs/${path}`, import.meta.url), "utf8");
const starts = [
  readFileSync(new URL("../../../examples/digits.dsamp", import.meta.url), "utf8"),
  "use std.common { down }\nsolver a(k = 2) {\n  step {\n    point m at rho = down(rho[s], rho[t], k)\n    x[m] = ddim(s -> m)\n    x[t] = renoise(m -> t, noise: z)\n  }\n  noise z\n}\n",
];
/** An edit: where (a share of the length), how much goes, what comes. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat({ max: 12 }),
  insert: fc.oneof(fc.constantFrom(...editPieces), fc.constant(""), fc.string({ maxLength: 3 })),
});

/** The heap in use, with what nobody holds taken away. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

test("5,000 random edits: no exception, the findings of a fresh start, and no growth of memory", () => {
  let edits = 0;
  let heapAfterSome = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...starts, spec("solvers/basic/heun.dsamp")),
      fc.array(edit, { minLength: 40, maxLength: 40 }),
      (start, changes) => {
        const files = memoryFiles({ "b.dsamp": "solver other { step { x[t] = x[s] } }\n" });
        const workspace = new Workspace(files);
        let text = start;
        workspace.set("a.dsamp", text);
        for (const { at, remove, insert } of changes) {
          const offset = Math.floor(at * text.length);
          text = text.slice(0, offset) + insert + text.slice(offset + remove);
          workspace.set("a.dsamp", text);
          ask(workspace, offset);
          edits += 1;
          if (edits === 1000) heapAfterSome = heapInUse();
        }
        const fresh = new Workspace(files);
        fresh.set("a.dsamp", text);
        const [a, b] = [workspace.analysis("a.dsamp"), fresh.analysis("a.dsamp")];
        if (!a || !b) throw new Error("no analysis");
        expect(diagnosticsOf(a)).toEqual(diagnosticsOf(b));
        expect(a.model.occurrences.map(({ span }) => span)).toEqual(
          b.model.occurrences.map(({ span }) => span),
        );
      },
    ),
    { numRuns: 125, seed: 20240607 },
  );
  expect(edits).toBeGreaterThanOrEqual(5000);
  expect(heapInUse() - heapAfterSome).toBeLessThan(50 * 2 ** 20);
}, 240_000);

function ask(workspace: Workspace, offset: number): void {
  const analysis = workspace.analysis("a.dsamp");
  if (!analysis) throw new Error("no analysis");
  const { length } = analysis.module.source.text;
  const all = { start: 0, end: length };
  hover(analysis, offset);
  completion(workspace, analysis, offset);
  signature(analysis, offset);
  definition(analysis, offset);
  highlights(analysis, offset);
  prepareRename(analysis, offset);
  selection(analysis, offset);
  folds(analysis);
  documentSymbols(analysis);
  inlayHints(analysis, [], all);
  formatting(analysis);
  actions(workspace, analysis, diagnosticsOf(analysis), all);
  const tokens = semanticTokens(analysis);
  for (let i = 1; i < tokens.length; i += 1) {
    const [before, token] = [tokens[i - 1], tokens[i]];
    if (before && token && before.start + before.length > token.start) throw new Error("tokens overlap");
  }
}
