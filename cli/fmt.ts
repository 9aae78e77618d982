// Owns: `dsamp fmt`: formats files in place, or checks that they are formatted. Files with syntax errors are left alone.

import { limits } from "../compiler/limits.js";
import { SourceFile } from "../compiler/source/file.js";
import { format } from "../editor/fmt/format.js";
import { exit } from "./exit.js";
import { namedFiles } from "./folders.js";
import { readText, shown, STANDARD_INPUT } from "./host.js";
import type { Io } from "./io.js";
import { writeOutput } from "./output.js";
import { printDiagnostics } from "./print.js";

/** `files` may be folders. */
export async function fmt(
  files: readonly string[],
  flags: { readonly check?: boolean },
  io: Io,
): Promise<number> {
  let code: number = exit.ok;
  for (const file of namedFiles(io.cwd, files)) {
    const name = shown(file);
    const text = await readText(io, file, limits.sourceBytes);
    const { text: formatted, diagnostics } = format(text, name);
    if (formatted === undefined) {
      printDiagnostics(io, diagnostics, (id) => (id === name ? new SourceFile(name, text) : undefined));
      code = exit.spec;
    } else if (flags.check === true) {
      if (formatted === text) continue;
      io.stdout.write(`${name} is not formatted\n`);
      code = exit.spec;
    } else if (file === STANDARD_INPUT) io.stdout.write(formatted);
    else if (formatted !== text) {
      await writeOutput(io.cwd, file, formatted);
      io.stdout.write(`formatted ${name}\n`);
    }
  }
  return code;
}
