// Owns: what the server asks of whoever runs later.ts (cli/lspRunner.ts, in a worker), and running it one part at a
// time, with pauses for messages.

import type { Host } from "../../compiler/host.js";
import { SourceFile } from "../../compiler/source/file.js";
import type { FileId } from "../../compiler/source/span.js";
import { parse } from "../../compiler/syntax/parse.js";
import { later, type Part } from "./later.js";

/** Plain data, so that it can be sent to a worker. */
export interface LaterTask {
  readonly file: FileId;
  /** Open documents, the file among them. */
  readonly texts: Readonly<Record<FileId, string>>;
}

export interface LaterRunner {
  /** Begins; the function returned stops it, after which no part comes any more. */
  run(task: LaterTask, onPart: (part: Part) => void): () => void;
  dispose(): void;
}

/** The parts of a task. `host` reads what is not open. */
export function parts({ file, texts }: LaterTask, host: Host): Generator<Part> {
  const text = texts[file] ?? "";
  const opened: Host = { ...host, readText: (id) => texts[id] ?? host.readText(id) };
  return later({ host: opened, file, text, tree: parse(new SourceFile(file, text)).tree });
}

/** Takes one part after another until told to stop, with a pause after each. */
export function takeParts(
  work: Generator<Part>,
  onPart: (part: Part) => void,
  onEnd: () => void = () => undefined,
): () => void {
  let stopped = false;
  const next = (): void => {
    if (stopped) return;
    const result = work.next();
    if (result.done) return onEnd();
    onPart(result.value);
    setTimeout(next, 0);
  };
  setTimeout(next, 0);
  return () => {
    stopped = true;
  };
}
