// Where the runtime may reach: index.ts must load in a browser, and nothing but plan and diagnostics of the compiler is
// known to it.

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Reach {
  /** Files of the repository, relative to its root. */
  readonly files: Set<string>;
  readonly packages: Set<string>;
}

/** Follows imports from a file; type imports are left out, dynamic ones on request. */
function reach(entry: string, dynamic: boolean): Reach {
  const found: Reach = { files: new Set(), packages: new Set() };
  const visit = (file: string): void => {
    const name = relative(root, file);
    if (found.files.has(name)) return;
    found.files.add(name);
    const text = readFileSync(file, "utf8");
    const pattern = dynamic
      ? /(?:^(?:import|export)(?! type)[^;]*?from |^import |import\()"([^"]+)"/gm
      : /(?:^(?:import|export)(?! type)[^;]*?from |^import )"([^"]+)"/gm;
    for (const [, target = ""] of text.matchAll(pattern)) {
      if (target.startsWith(".")) visit(join(dirname(file), target.replace(/\.js$/, ".ts")));
      else found.packages.add(target);
    }
  };
  visit(join(root, entry));
  return found;
}

test("index.ts reaches no module of Node, not even lazily", () => {
  const { packages, files } = reach("runtime/index.ts", true);
  expect([...packages].filter((name) => name.startsWith("node:"))).toEqual([]);
  expect(files).toContain("runtime/backends/wasm.ts");
});

test("index.ts loads no tfjs before it is asked to", () => {
  const { packages } = reach("runtime/index.ts", false);
  expect([...packages].sort()).toEqual(["fast-png", "fflate"]);
});

/** Functions of numbers, which the host of an error-controlled run computes as the compiler does. */
const functions = ["beta", "builtins", "phi"].map((name) => `compiler/algebra/${name}.ts`);

test("of the compiler the runtime knows plan and diagnostics only", () => {
  const { files } = reach("runtime/node.ts", true);
  const compiler = [...files].filter((name) => name.startsWith("compiler/"));
  // Limits are plain numbers, open to every stage.
  const others = compiler.filter((name) => !/^compiler\/(plan\/|diagnostics\/|limits\.ts$)/.test(name));
  expect(others.filter((name) => !functions.includes(name))).toEqual([]);
});
