// Owns: what a command sees of the process: streams, environment, working folder, interrupts. Tests pass one over
// memory; main.ts passes the real one. Files are reached through node:fs, relative to `cwd`.

import type { Readable, Writable } from "node:stream";

/** An output stream; `isTTY` and `columns` as on process.stdout. */
export type Sink = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Io {
  readonly stdin: Readable;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Calls `listener` on an interrupt (Ctrl-C); returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
}

/** All of standard input, at most `limit` bytes; undefined when it is longer. */
export async function readStandardInput(io: Io, limit: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of io.stdin) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : (part as Uint8Array);
    length += bytes.length;
    if (length > limit) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** Whether to write colour to a stream: NO_COLOR and FORCE_COLOR decide first, then whether it is a terminal. */
export function wantsColor(stream: Sink, env: Io["env"]): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force } = env;
  if (no !== undefined && no !== "") return false;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
