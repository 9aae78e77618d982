// Owns: running the command in this process over streams in memory, in a folder of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { main } from "../../cli/dsamp.js";
import type { Sink } from "../../cli/io.js";

export const repository = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  /** Handed the way to interrupt, once the command listens. */
  readonly onListening?: (interrupt: () => void) => void;
  /** Told what is written to either stream, as it is written. */
  readonly onOutput?: (text: string) => void;
}

/** Runs `dsamp argv...`. */
export async function dsamp(argv: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const sink = (): { stream: Sink; text: () => string } => {
    const stream = new PassThrough();
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => {
      parts.push(part);
      setting.onOutput?.(part.toString());
    });
    return {
      stream: Object.assign(stream, { isTTY: setting.isTTY ?? false }),
      text: () => Buffer.concat(parts).toString(),
    };
  };
  const [stdout, stderr] = [sink(), sink()];
  const code = await main(argv, {
    stdin: Readable.from(setting.stdin === undefined ? [] : [setting.stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: setting.env ?? {},
    cwd: setting.cwd ?? repository,
    onInterrupt: (listener) => {
      setting.onListening?.(listener);
      return () => undefined;
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** A folder that is gone after `work`. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "dsamp-test-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
